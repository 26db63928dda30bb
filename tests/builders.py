"""Small worlds to test in: an assessment, a unit with leaders, a poll with tickets, a vote."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from surveys.acts import audit_chain, sessions
from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.site import Site
from surveys.catalog.model import Method
from surveys.marking import democratic_row, ledger, marks, score_sheets
from surveys.marking.ledger import EventEntry
from surveys.marking.marks import MarkEntry
from surveys.marking.score_sheets import SheetLine, UnitSheet
from surveys.office import accounts
from surveys.outcome import life
from surveys.polling import envelopes, receipts
from surveys.polling.seal import Record
from surveys.polling.sheet import Sheet
from surveys.scoring.assessment_states import AssessmentState
from surveys.scoring.grades import BlankPolicy
from surveys.scoring.poll_rules import PollRules
from surveys.scoring.score_sheet import RowState
from surveys.season import applicability, assessments
from surveys.season.assessments import LeaderEntry, UnitEntry
from surveys.storage.database import Database
from surveys.storage.tables import Account, Approval, Ballot, Event, StaffSession
from surveys.vote import casting, poll_record, polls, sealing
from surveys.vote.polls import ClassEntry, PollEntry
from surveys.vote.ticketing import tickets
from tests.kept_worlds import kept
from tests.sites import NOW

GROUP = "考核组"
"""Marks what no department marks."""

LEAD = "市委网信办"
SESSIONS = StaffSession.__tablename__
ONE_CLASS = (ClassEntry("A", "参评人", Decimal(1)),)


@dataclass(frozen=True)
class World:
    """Ids of what `build_poll` made; `codes`: plain codes by ballot class."""

    assessment_id: int
    unit_id: int
    poll_id: int
    codes: Mapping[str, Sequence[str]]


@kept
def build_unit(
    site: Site,
    name: str = "样例局",
    *,
    framework: str = "municipal",
    category: str = "市直单位",
    tags: tuple[str, ...] = (),
    department: str | None = None,
    leaders: int = 2,
    assessment_id: int | None = None,
    marking: bool = True,
) -> tuple[int, int]:
    """(assessment id, unit id), in an assessment in which marking has started unless told otherwise."""
    people = tuple(LeaderEntry(f"样例{number}", f"职务{number}") for number in range(1, leaders + 1))
    with site.database.writing() as session:
        if assessment_id is None:
            assessment_id = assessments.create_assessment(
                session, NOW, COMMAND_LINE, "样例考核", ["municipal", "county"]
            )
        entry = UnitEntry(name, category, framework, tags, people, department)
        unit_id = assessments.add_unit(session, NOW, COMMAND_LINE, assessment_id, entry)
        if marking:
            start_marking(session, assessment_id)
        return assessment_id, unit_id


def start_marking(session: Session, assessment_id: int) -> None:
    """Unless marking has started."""
    if assessments.assessment_of(session, assessment_id).state == AssessmentState.PREPARING:
        with approved(session, assessment_id):
            life.start_marking(session, NOW, COMMAND_LINE, assessment_id)


def close_marking(session: Session, assessment_id: int) -> int:
    """The number of the version."""
    with approved(session, assessment_id):
        return life.close_marking(session, NOW, COMMAND_LINE, assessment_id)


@contextmanager
def approved(session: Session, assessment_id: int) -> Iterator[None]:
    """As if somebody had approved the matrix as it is now, who leaves no account behind."""
    approver = Account(name="核准人", role=Role.ADMIN, password_hash="-", active=False, created_at=NOW, given_at=NOW)
    session.add(approver)
    session.flush()
    fingerprint = applicability.matrix(session, assessment_id).fingerprint
    approval = Approval(
        assessment_id=assessment_id,
        act=applicability.ACT,
        subject=fingerprint,
        account_id=approver.id,
        made_at=NOW,
    )
    session.add(approval)
    yield
    session.delete(approval)
    session.flush()
    session.delete(approver)
    session.commit()


@kept
def build_poll(
    site: Site,
    *,
    count: int = 10,
    classes: Sequence[ClassEntry] = ONE_CLASS,
    leaders: int = 2,
    entitled: int = 10,
    present: int | None = None,
    rehearsal: bool = False,
    opened: bool = True,
    quorum: Fraction = Fraction(2, 3),
    unit_id: int | None = None,
    organization: str = "organization",
    leader: str = "leader",
    blank: BlankPolicy | None = None,
    blanks_allowed: bool | None = None,
    abstain: str | None = None,
    two_person: bool = False,
    team: str = "",
    team_weight: str = "1",
    rules: PollRules | None = None,
    reserve: int = 1000,
) -> World:
    """A poll with `count` tickets in each class, open unless told otherwise. `rules`: not the questionnaires'.
    `reserve`: so many that tests of other things issue what they like."""
    assessment_id = 0
    if unit_id is None:
        assessment_id, unit_id = build_unit(site, leaders=leaders)
    entry = PollEntry(
        unit_id,
        "年度民主测评",
        entitled,
        classes,
        present=present,
        organization=organization,
        leader=leader,
        blank=blank,
        blanks_allowed=blanks_allowed,
        abstain=abstain,
        quorum=quorum,
        rehearsal=rehearsal,
        two_person=two_person,
        team=team,
        team_weight=Decimal(team_weight),
        reserve=reserve,
    )
    with site.database.writing() as session:
        poll_id = polls.create_poll(session, NOW, COMMAND_LINE, entry)
        if rules is not None:
            polls.poll_of(session, poll_id).rules = replace(rules, reserve=reserve).to_json()
            session.commit()
        codes = {
            each.key: tickets.issue(session, NOW, COMMAND_LINE, poll_id, each.key, count).codes if count else []
            for each in classes
        }
        if opened:
            polls.open_poll(session, NOW, COMMAND_LINE, poll_id)
    return World(assessment_id, unit_id, poll_id, codes)


def sheet_of(site: Site, poll_id: int) -> Sheet:
    with site.database.reading() as session:
        return Sheet.from_json(polls.poll_of(session, poll_id).sheet or {})


def filled(sheet: Sheet, letters: str = "A") -> dict[str, list[str]]:
    """A submission: the letters in turn over all questions, `-` leaves a question out."""
    names = [name for name, _ in sheet.fields()]
    answers = {name: letters[number % len(letters)] for number, name in enumerate(names)}
    return {name: [letter] for name, letter in answers.items() if letter != "-"}


def cast(
    site: Site,
    code: str,
    submitted: Mapping[str, Sequence[str]],
    nonce: str | None = None,
    *,
    blanks_meant: bool = True,
) -> str:
    """One vote through the service; returns its receipt."""
    with site.database.casting() as connection:
        counted = casting.cast(
            connection, NOW, site.open_polls, code, nonce or receipts.new_nonce(), submitted, blanks_meant=blanks_meant
        )
    return counted.receipt


def set_rules(site: Site, poll_id: int, without: Sequence[str]) -> None:
    """A poll's rules without these keys, as an earlier program left them."""
    with site.database.writing() as session:
        poll = polls.poll_of(session, poll_id)
        poll.rules = {key: value for key, value in poll.rules.items() if key not in without}
        session.commit()


def count_present(site: Site, poll_id: int, present: int) -> None:
    """On the command line, which needs no second person."""
    with site.database.writing() as session:
        polls.set_present(session, NOW, COMMAND_LINE, poll_id, present)


def close(site: Site, poll_id: int, paper_left: int = 0) -> None:
    with site.database.writing() as session:
        polls.close_poll(session, NOW, COMMAND_LINE, poll_id, paper_left)


def seal(site: Site, poll_id: int, paper_left: int = 0) -> str:
    return sealing.seal_poll(site, NOW, COMMAND_LINE, poll_id, paper_left)


def close_and_seal(site: Site, poll_id: int, paper_left: int = 0) -> str:
    close(site, poll_id, paper_left)
    return seal(site, poll_id, paper_left)


def sealed_head(site: Site, poll_id: int) -> audit_chain.Head | None:
    """The head of the log that the sealed poll's papers bear."""
    with site.database.reading() as session:
        return audit_chain.head_after(session, "poll.seal", polls.poll_of(session, poll_id).prefix)


def cast_each(site: Site, world: World, ballots: Mapping[str, Sequence[str]]) -> list[str]:
    """These answer sheets by ballot class, each on a ticket of its own; returns the receipts in the order of casting.

    The submissions' nonces are counted up, so that the receipts depend on the poll's prefix alone.
    """
    sheet = sheet_of(site, world.poll_id)
    votes = [
        (code, letters)
        for key, sheets in ballots.items()
        for code, letters in zip(world.codes[key][: len(sheets)], sheets, strict=True)
    ]
    return [cast(site, code, filled(sheet, letters), f"{number:032x}") for number, (code, letters) in enumerate(votes)]


def sealed_poll(site: Site, unit_id: int, letters: str = "A", *, count: int = 10, **options: Any) -> World:
    """A sealed poll of a unit: every ticket cast with the same letters, in turn over all questions."""
    world = build_poll(site, unit_id=unit_id, count=count, **options)
    submitted = filled(sheet_of(site, world.poll_id), letters)
    for code in world.codes["A"]:
        cast(site, code, submitted)
    close_and_seal(site, world.poll_id)
    return world


def record_of(site: Site, poll_id: int) -> Record:
    """The three boxes as they stand, with the envelopes of an open poll opened."""
    with site.database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        found = poll_record.read_record(session, poll)
        if poll.envelope_salt is None:
            return found
        key = envelopes.poll_key(site.settings.secret_key, poll.envelope_salt)
        rows = session.execute(sa.select(Ballot.class_key, Ballot.id, Ballot.answers).where(Ballot.poll_id == poll_id))
        ballots = [(row.class_key, envelopes.open_ballot(key, poll.prefix, *row)) for row in rows]
        return replace(found, ballots=ballots)


def box_counts(site: Site, poll_id: int) -> dict[str, int]:
    """Tickets by state, ballots and receipts of a poll; what is 0 is left out."""
    record = record_of(site, poll_id)
    found: Counter[str] = Counter(ballots=len(record.ballots), receipts=len(record.receipts))
    for entry in record.classes:
        found.update(unused=entry.unused, cast=entry.cast, void=entry.void)
    return dict(+found)


def assessor(department: str) -> Actor:
    return Actor(None, "考评员", Role.ASSESSOR, department)


def account(site: Site, name: str, role: Role = Role.ADMIN, unit_id: int | None = None) -> Actor:
    """An account of this name, new, and whoever acts with it."""
    with site.database.writing() as session:
        accounts.create_account(session, NOW, COMMAND_LINE, name, role, None, unit_id)
    with site.database.reading() as session:
        found = session.scalars(sa.select(Account).where(Account.name == name)).one()
        return Actor(found.id, name, role, None, unit_id)


def session_of(site: Site, account_id: int | None, now: datetime | None = None) -> str:
    """The token of a new session of this account."""
    assert account_id is not None
    with site.database.writing() as session:
        token = sessions.begin(session, site.settings, now or site.now(), account_id)
        session.commit()
    return token


def holder(site: Site, token: str, now: datetime = NOW) -> Actor | None:
    """Who is signed in by it."""
    with site.database.reading() as session:
        found = sessions.find(session, site.settings, now, token)
    return None if found is None else found.actor


def enter(site: Site, unit_id: int, *entries: MarkEntry, actor: Actor = COMMAND_LINE) -> None:
    with site.database.writing() as session:
        marks.enter_marks(session, NOW, actor, unit_id, entries)


def confirm(site: Site, unit_id: int, entry: MarkEntry, admins: tuple[Actor, Actor]) -> None:
    """Another value of the democratic row: the first admin proposes it, the second confirms it."""
    enter(site, unit_id, entry, actor=admins[0])
    version = line_for(site, unit_id, entry.row_key).marks[entry.department].version
    with site.database.writing() as session:
        democratic_row.approve(session, NOW, admins[1], unit_id, entry.row_key, version)


def event(
    row_key: str,
    points: str = "1",
    document: str = "示例发〔2026〕1号",
    reason: str = "事由",
    level: str = "",
    occasion: str = "",
) -> EventEntry:
    return EventEntry(row_key, points, date(2026, 1, 31), document, reason, level, occasion)


def record(site: Site, unit_id: int, entry: EventEntry, actor: Actor = COMMAND_LINE) -> int:
    with site.database.writing() as session:
        number = ledger.record_event(session, NOW, actor, unit_id, entry)
    assert number is not None, "it waits for a second hand"
    return number


def cancel(site: Site, event_id: int, reason: str = "登记有误", actor: Actor = COMMAND_LINE) -> None:
    with site.database.writing() as session:
        found = session.get(Event, event_id)
        ledger.cancel_event(session, NOW, actor, found.unit_id if found else 0, event_id, reason)


def exempt(
    site: Site,
    unit_id: int,
    row_key: str,
    reason: str = "机构调整",
    document: str = "示例函〔2026〕1号",
    actor: Actor = COMMAND_LINE,
) -> None:
    with site.database.writing() as session:
        ledger.exempt(session, NOW, actor, unit_id, row_key, reason, document)


def set_state(site: Site, assessment_id: int, state: AssessmentState) -> None:
    """As if the assessment had been taken there."""
    run_sql(site, "UPDATE assessments SET state = :state WHERE id = :id", state=state.value, id=assessment_id)


def decided_alone(site: Site, assessment_id: int) -> None:
    """The rules as an assessment has them in which marking started before what an admin decides took two."""
    with site.database.writing() as session:
        forget_two(session, assessment_id)


def forget_two(session: Session, assessment_id: int) -> None:
    assessment = assessments.assessment_of(session, assessment_id)
    assessment.rules = {key: value for key, value in assessment.rules.items() if key != "decided_by_two"}
    session.commit()


def fill_marks(site: Site, unit_id: int) -> None:
    """Full marks on every pending row but the democratic one."""
    with site.database.writing() as session:
        entries = [
            MarkEntry(line.row.standard.key, department, str(line.row.standard.points), "依据日常工作情况综合评定")
            for line in score_sheets.unit_sheet(session, unit_id).lines
            if line.value.state is RowState.PENDING and Method.DEMOCRATIC not in line.row.standard.methods
            for department in line.departments
        ]
        marks.enter_marks(session, NOW, COMMAND_LINE, unit_id, entries)


def sheet_for(site: Site, unit_id: int) -> UnitSheet:
    with site.database.reading() as session:
        return score_sheets.unit_sheet(session, unit_id)


def line_for(site: Site, unit_id: int, row_key: str) -> SheetLine:
    """One row of a unit's score sheet."""
    return next(line for line in sheet_for(site, unit_id).lines if line.row.standard.key == row_key)


def dump(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, as the database has it, but for the sessions: they change by being used."""
    with database.engine.connect() as connection:
        return {
            name: sorted((tuple(row) for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"')), key=repr)
            for name in sa.inspect(connection).get_table_names()
            if name != SESSIONS
        }


def unlogged(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """All rows but those of the audit log: who read what is sensitive, and was refused, is in it."""
    return {name: rows for name, rows in dump(database).items() if not name.startswith("audit_")}


def run_sql(site: Site, statement: str, **values: object) -> None:
    """Around the use cases, as somebody with the database's password could."""
    with site.database.writing() as session:
        session.execute(sa.text(statement), values)
        session.commit()
