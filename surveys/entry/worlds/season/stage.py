"""What the steps of a season share: the site, the plan, who acts, and what the plan's units are called there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy.orm import Session

from surveys.acts import proposals
from surveys.acts.actors import Actor, Role
from surveys.acts.site import Site
from surveys.entry.worlds.season.plan import Season, Unit
from surveys.outcome import confirmations

FIRST_DAY = date(2025, 11, 3)


@dataclass(frozen=True)
class Staff:
    """`assessors` by department, `reporters` by unit. `passwords`: by account name, as they were first given."""

    admins: tuple[Actor, Actor]
    organizer: Actor
    scrutineer: Actor
    assessors: Mapping[str, Actor]
    reporters: Mapping[str, Actor]
    passwords: Mapping[str, str]


@dataclass(frozen=True)
class Stage:
    """`unit_ids`: by name, in the plan's order."""

    site: Site
    season: Season
    assessment_id: int
    unit_ids: Mapping[str, int]
    staff: Staff

    def units(self) -> list[tuple[Unit, int]]:
        return [(unit, self.unit_ids[unit.name]) for unit in self.season.units]

    def reporter(self, unit: Unit) -> Actor:
        """The unit's own; where it has none, the office enters what the unit sends."""
        return self.staff.reporters.get(unit.name, Actor(None, "代录", Role.REPORTER, unit_id=self.unit_ids[unit.name]))


def confirm_all(stage: Stage, session: Session, now: datetime, second: Actor) -> None:
    """The other admin's hand under what waits for one."""
    for each in proposals.waiting(session, stage.assessment_id):
        confirmations.confirm(session, now, second, stage.assessment_id, each.id)


def moment(site: Site, day: int, hour: int = 9) -> datetime:
    """The season has a calendar of its own: `day` days after its first, in the office's time zone."""
    return datetime.combine(FIRST_DAY + timedelta(days=day), time(hour), site.settings.time_zone)
