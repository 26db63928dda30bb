"""Assessments taken to a state of their life, and who acts in it."""

from dataclasses import dataclass
from datetime import date, timedelta

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.site import Site
from surveys.marking.marks import MarkEntry
from surveys.office import accounts
from surveys.outcome import hindrances, life, replies, versions
from surveys.outcome.hindrances import Outlook
from surveys.outcome.score_record import ScoreRecord
from surveys.outcome.unit_record import UnitRecord
from surveys.outcome.versions import Version
from surveys.polling.seal import canonical_json, digest
from surveys.season import applicability, assessments
from surveys.storage.tables import Assessment, Document
from tests.builders import GROUP, build_unit, close_marking, confirm, fill_marks, sealed_poll
from tests.kept_worlds import kept
from tests.sites import NOW

DUE = NOW.date() + timedelta(days=7)
AFTER = NOW + timedelta(days=8)
"""When the time to reply is over."""


@dataclass(frozen=True)
class Season:
    """Two units whose every row is marked, with a reporter each, and two admins."""

    site: Site
    assessment_id: int
    first: int
    second: int
    reporter: Actor
    other: Actor
    admins: tuple[Actor, Actor]

    def close_marking(self) -> int:
        with self.site.database.writing() as session:
            return close_marking(session, self.assessment_id)

    def approve(self) -> None:
        """The matrix as it is now, by the first admin."""
        with self.site.database.writing() as session:
            fingerprint = applicability.matrix(session, self.assessment_id).fingerprint
            applicability.approve(session, NOW, self.admins[0], self.assessment_id, fingerprint)

    def open_appeal(self, due_on: date = DUE) -> None:
        with self.site.database.writing() as session:
            life.open_appeal(session, NOW, COMMAND_LINE, self.assessment_id, due_on)

    def appeal(self) -> "Season":
        self.close_marking()
        self.open_appeal()
        return self

    def back(self, reason: str = "补打分") -> None:
        with self.site.database.writing() as session:
            life.return_to_marking(session, NOW, COMMAND_LINE, self.assessment_id, reason)

    def object(self, row_key: str = "III-4", reason: str = "材料已按时报送", actor: Actor | None = None) -> int:
        who = actor or self.reporter
        with self.site.database.writing() as session:
            return replies.object_to(session, NOW, who, who.unit_id or 0, row_key, reason)

    def answer(self, objection_id: int, *, accepted: bool, words: str = "经复核属实") -> None:
        with self.site.database.writing() as session:
            replies.answer(session, NOW, COMMAND_LINE, self.first, objection_id, accepted=accepted, words=words)

    def agree(self, actor: Actor, number: int = 1) -> None:
        with self.site.database.writing() as session:
            replies.agree(session, NOW, actor, actor.unit_id or 0, number)

    def freeze(self, reason: str = "答复申诉") -> int:
        with self.site.database.writing() as session:
            return versions.freeze_after_appeal(session, NOW, COMMAND_LINE, self.assessment_id, reason)

    def certify(self, admin: Actor, shown: str | None = None) -> bool:
        with self.site.database.writing() as session:
            found = assessments.assessment_of(session, self.assessment_id)
            subject = life.certificate_digest(session, found) if shown is None else shown
            return life.certify(session, AFTER, admin, self.assessment_id, subject)

    def certified(self) -> "Season":
        self.appeal()
        self.certified_by_both()
        return self

    def certified_by_both(self) -> None:
        assert [self.certify(admin) for admin in self.admins] == [False, True]

    def archive(self) -> None:
        with self.site.database.writing() as session:
            life.archive(session, AFTER, COMMAND_LINE, self.assessment_id)

    @property
    def assessment(self) -> Assessment:
        with self.site.database.reading() as session:
            return assessments.assessment_of(session, self.assessment_id)

    @property
    def state(self) -> str:
        return self.assessment.state

    def outlook(self) -> Outlook:
        with self.site.database.reading() as session:
            found = assessments.assessment_of(session, self.assessment_id)
            return hindrances.outlook(session, AFTER, found)

    def version(self, number: int) -> Version:
        with self.site.database.reading() as session:
            return versions.version(session, self.assessment_id, number)

    def live(self) -> Document:
        with self.site.database.reading() as session:
            return versions.live_body(session, self.assessment_id)


def account(site: Site, name: str, role: Role, unit_id: int | None = None) -> Actor:
    with site.database.writing() as session:
        password = accounts.create_account(session, NOW, COMMAND_LINE, name, role, None, unit_id)
        return accounts.sign_in(session, NOW, name, password)


def build_season(site: Site, *, complete: bool = True, voted: bool = False) -> Season:
    """In the state marking. Not `complete`: the second unit's democratic row is pending; `voted`: the first's comes
    from a poll, and is not confirmed by the group."""
    return Season(site, *built_season(site, complete, voted))


@kept
def built_season(site: Site, complete: bool, voted: bool) -> tuple[int, int, int, Actor, Actor, tuple[Actor, Actor]]:
    """What a season has besides its site."""
    assessment_id, first = build_unit(site)
    _, second = build_unit(site, "另一局", assessment_id=assessment_id)
    admins = account(site, "管理一", Role.ADMIN), account(site, "管理二", Role.ADMIN)
    for unit_id in (first, second):
        fill_marks(site, unit_id)
        if voted and unit_id == first:
            sealed_poll(site, unit_id, "AABC-")
        elif complete or unit_id == first:
            confirm(site, unit_id, MarkEntry("III-36", GROUP, "9", "考核组确认"), admins)
    reporters = account(site, "报送一", Role.REPORTER, first), account(site, "报送二", Role.REPORTER, second)
    return assessment_id, first, second, *reporters, admins


def unit_in(body: Document, unit_id: int) -> Document:
    """A unit's record as it is kept, to be altered there."""
    found: Document
    (found,) = [unit for unit in body["units"] if unit["unit"] == unit_id]
    return found


def unit_record_in(body: Document, unit_id: int) -> UnitRecord:
    """As it is read."""
    return ScoreRecord.from_json(body).unit(unit_id)


def digest_of(body: Document) -> str:
    return digest(canonical_json(body))
