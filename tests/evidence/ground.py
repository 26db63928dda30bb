"""A unit and its reporter, with what hands in, reviews and looks for them."""

import io
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.site import Site
from surveys.evidence import materials, reviews, upload_pieces
from surveys.evidence.checklists import Handed, Item, UnitChecklist
from surveys.evidence.materials import Entry, Place
from surveys.evidence.reviews import Verdict
from surveys.office import accounts
from surveys.scoring.assessment_states import AssessmentState
from surveys.storage.tables import Account
from tests import handed_in
from tests.builders import run_sql
from tests.sites import NOW

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = Place("III-4", 1)
REPORT = Place("", 0)


@dataclass(frozen=True)
class Ground:
    """A unit with its reporter, and another of the same assessment with its own."""

    site: Site
    assessment_id: int
    unit_id: int
    reporter: Actor
    other_id: int
    other: Actor

    def hand_in(self, entry: Entry, place: Place = FIRST, actor: Actor | None = None, now: datetime = NOW) -> int:
        with self.site.database.writing() as session:
            return materials.hand_in(session, now, actor or self.reporter, ZONE, place, entry)

    def upload(
        self, name: str = "报告.pdf", data: bytes = handed_in.PDF, place: Place = FIRST, actor: Actor | None = None
    ) -> int:
        return materials.hand_in_file(self.site, NOW, actor or self.reporter, place, name, io.BytesIO(data))

    def withdraw(self, material_id: int, actor: Actor | None = None) -> None:
        with self.site.database.writing() as session:
            materials.withdraw(session, NOW, actor or self.reporter, material_id)

    def review(
        self,
        material_id: int,
        verdict: Verdict = Verdict.ACCEPTED,
        reason: str = "理由",
        seen: int = 0,
        actor: Actor = COMMAND_LINE,
    ) -> None:
        with self.site.database.writing() as session:
            reviews.review(session, NOW, actor, material_id, verdict, reason, seen)

    def set_due(self, due_on: date | None, actor: Actor = COMMAND_LINE) -> None:
        with self.site.database.writing() as session:
            materials.set_due(session, NOW, actor, ZONE, self.assessment_id, due_on)

    def checklist(self) -> UnitChecklist:
        with self.site.database.reading() as session:
            return materials.own_checklist(session, self.reporter)

    def item(self, place: Place = FIRST) -> Item:
        return self.checklist().row(place.row_key).item(place.item)

    def handed(self, place: Place = FIRST) -> Handed:
        (found,) = self.item(place).handed
        return found

    def state(self, state: AssessmentState) -> None:
        run_sql(self.site, "UPDATE assessments SET state = :state", state=state.value)

    def stored(self) -> list[str]:
        return [str(path.relative_to(self.site.files.folder)) for path in self.site.files.folder.glob("??/*")]

    def left_behind(self) -> list[str]:
        return [path.name for path in self.site.files.folder.glob(".new-*")]


def new_reporter(site: Site, name: str, unit_id: int) -> Actor:
    with site.database.writing() as session:
        accounts.create_account(session, NOW, COMMAND_LINE, name, Role.REPORTER, unit_id=unit_id)
        account = session.scalars(sa.select(Account).where(Account.name == name)).one()
        return Actor(account.id, name, Role.REPORTER, unit_id=unit_id)


def piece(ground: Ground, key: str, offset: int, data: bytes, actor: Actor | None = None) -> int:
    with ground.site.database.reading() as session:
        return upload_pieces.add_piece(ground.site, session, actor or ground.reporter, key, offset, data)
