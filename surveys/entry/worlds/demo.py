"""The demo: a worked assessment of invented units, voted through the same service as everybody's."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts import readings, sessions
from surveys.acts.actors import COMMAND_LINE, Actor, ReadingKind, Role
from surveys.acts.errors import WrongState
from surveys.acts.site import Site
from surveys.catalog.model import Method
from surveys.marking import ledger, marks, score_sheets
from surveys.office import accounts
from surveys.outcome import life
from surveys.polling import receipts
from surveys.polling.sheet import BLANK, Sheet
from surveys.polling.states import PollState
from surveys.reporting.stepwise import finished
from surveys.scoring.score_sheet import Kind, RowState
from surveys.season import applicability, assessments
from surveys.storage.tables import Account, Assessment, Poll, Unit
from surveys.vote import casting, polls, sealing
from surveys.vote.papers.slips import slips_pdf
from surveys.vote.ticketing import slip_printing, tickets
from surveys.vote.ticketing.ticket_limits import limit
from surveys.vote.ticketing.tickets import Issued

CONTENT = Path(__file__).with_name("demo.yaml")
LETTERS = "ABCD-"
TRIAL_TICKETS = 21


@dataclass(frozen=True)
class DemoLinks:
    """What somebody who tries the demo needs. `ballots` is empty once the open poll has been closed."""

    public_url: str
    accounts: tuple[tuple[str, str, str], ...]
    ballots: tuple[str, ...]
    open_poll: str
    slips: Path
    assessment_id: int

    def text(self) -> str:
        lines = ["", "演示考核已就绪（单位、人名都是虚构的样例）", "", f"工作人员登录  {self.public_url}/login"]
        lines += [f"  {role}  账号 {name}  密码 {password}" for role, name, password in self.accounts]
        if self.ballots:
            lines += ["", f"投票链接（{self.open_poll}，一条只能投一次）"]
            lines += [f"  {url}" for url in self.ballots]
            lines.append(f"  印好的纸条  {self.slips}")
        lines += [
            "",
            "去哪里看",
            f"  测评会        {self.public_url}/polls",
            f"  得分和名次    {self.public_url}/assessments/{self.assessment_id}/results",
            "  命令行        .venv/bin/flask --app app poll list --json",
            "",
        ]
        return "\n".join(lines)


def fill_demo(site: Site) -> DemoLinks:
    """Fills an empty database with the demo, or finds the demo in it; new passwords and ballot links each time.

    Raises WrongState when the database holds anything else.
    """
    content = yaml.safe_load(CONTENT.read_text(encoding="utf-8"))
    with site.database.reading() as session:
        titles = list(session.scalars(select(Assessment.title)))
    if not titles:
        _fill(site, content)
    elif titles != [content["title"]]:
        raise WrongState("这个数据库里已有别的考核，没有填入演示。请另设 DATABASE_URL 或 DATA_DIR 再试。")
    return _links(site)


def _fill(site: Site, content: Mapping[str, Any]) -> None:
    now = site.now() - timedelta(days=1)
    with site.database.writing() as session:
        assessment_id = assessments.create_assessment(
            session, now, COMMAND_LINE, content["title"], content["frameworks"]
        )
        added = [(_add_unit(session, now, assessment_id, entry), entry) for entry in content["units"]]
        for unit_id, entry in added:
            _exempt(session, now, unit_id, entry)
        _approve_rows(session, now, assessment_id)
        life.start_marking(session, now, COMMAND_LINE, assessment_id)
        for unit_id, entry in added:
            _mark(session, now, unit_id, entry)
    with site.database.reading() as session:
        units = {unit.name: unit.id for unit in session.scalars(select(Unit))}
    for entry in content["units"]:
        _hold_poll(site, units[entry["name"]], entry["poll"])


def _add_unit(session: Session, now: Any, assessment_id: int, entry: Mapping[str, Any]) -> int:  # noqa: ANN401
    return assessments.add_unit(
        session,
        now,
        COMMAND_LINE,
        assessment_id,
        assessments.UnitEntry(
            name=entry["name"],
            category=entry["category"],
            framework=entry["framework"],
            tags=tuple(entry.get("tags", ())),
            leaders=assessments.parse_leaders("\n".join(entry["leaders"])),
            department=entry.get("department"),
        ),
    )


def _approve_rows(session: Session, now: Any, assessment_id: int) -> None:  # noqa: ANN401
    """Chooses the first method where there are several, and approves the matrix as the demo's admin."""
    accounts.create_account(session, now, COMMAND_LINE, "admin", Role.ADMIN)
    account = session.scalars(select(Account).where(Account.name == "admin")).one()
    admin = Actor(account.id, account.name, Role.ADMIN)
    for unit, row in applicability.matrix(session, assessment_id).gaps:
        method = row.standard.alternatives[0]
        applicability.choose(session, now, admin, unit.id, row.standard.key, method)
    fingerprint = applicability.matrix(session, assessment_id).fingerprint
    applicability.approve(session, now, admin, assessment_id, fingerprint)


def _exempt(session: Session, now: Any, unit_id: int, entry: Mapping[str, Any]) -> None:  # noqa: ANN401
    for exemption in entry.get("exemptions", ()):
        ledger.exempt(session, now, COMMAND_LINE, unit_id, exemption["row"], exemption["reason"], exemption["document"])


def _mark(session: Session, now: Any, unit_id: int, entry: Mapping[str, Any]) -> None:  # noqa: ANN401
    losses = {key: Decimal(loss) for key, loss in entry.get("losses", {}).items()}
    for line in score_sheets.unit_sheet(session, unit_id).lines:
        standard = line.row.standard
        if line.value.state is not RowState.PENDING or standard.key in entry.get("pending", ()):
            continue
        if Method.DEMOCRATIC in standard.methods or standard.kind is not Kind.STANDARD:
            continue
        points = str(standard.points - losses.get(standard.key, Decimal(0)))
        remark = "依据日常工作情况综合评定（样例）" if standard.asks_basis else ""
        entries = [marks.MarkEntry(standard.key, department, points, remark) for department in line.departments]
        marks.enter_marks(session, now, COMMAND_LINE, unit_id, entries)
    for event in entry.get("events", ()):
        ledger.record_event(
            session,
            now,
            COMMAND_LINE,
            unit_id,
            ledger.EventEntry(event["row"], event["points"], now.date(), event["document"], event["reason"]),
        )


def _hold_poll(site: Site, unit_id: int, entry: Mapping[str, Any]) -> None:
    """Creates the poll, issues its tickets, casts its ballots, and takes it to its state."""
    state = PollState(entry["state"])
    now = site.now() - timedelta(hours=3)
    classes = [polls.ClassEntry(each["key"], each["name"], Decimal(each["weight"])) for each in entry["classes"]]
    with site.database.writing() as session:
        poll_id = polls.create_poll(
            session,
            now,
            COMMAND_LINE,
            polls.PollEntry(
                unit_id,
                "年度民主测评",
                entry["entitled"],
                classes,
                present=entry.get("present"),
                held_on=now.date(),
                place="机关会议室",
                reserve=TRIAL_TICKETS if state is PollState.OPEN else 0,
            ),
        )
        issued = {
            each["key"]: tickets.issue(session, now, COMMAND_LINE, poll_id, each["key"], each["issued"]).codes
            for each in entry["classes"]
        }
        if state is PollState.DRAFT:
            return
        polls.open_poll(session, now, COMMAND_LINE, poll_id)
        sheet = Sheet.from_json(polls.poll_of(session, poll_id).sheet or {})
    for key, items in entry["organization"].items():
        for code, submitted in zip(issued[key], _submissions(sheet, items), strict=False):
            with site.database.casting() as connection:
                casting.cast(connection, now, site.open_polls, code, receipts.new_nonce(), submitted, blanks_meant=True)
    if state is PollState.OPEN:
        return
    with site.database.writing() as session:
        polls.close_poll(session, site.now(), COMMAND_LINE, poll_id)
    if state is PollState.SEALED:
        sealing.seal_poll(site, site.now(), COMMAND_LINE, poll_id)


def _submissions(sheet: Sheet, items: list[str]) -> Iterator[dict[str, list[str]]]:
    """As many submissions as the items' counts say; which grades meet on one ballot is drawn from a fixed seed."""
    draw = random.Random(str(items))  # noqa: S311 - sample data, the same each time
    columns = [_letters(counts) for counts in items]
    if len({len(column) for column in columns}) != 1:
        raise ValueError("the items of one class need the same number of ballots")
    for column in columns:
        draw.shuffle(column)
    for number in range(len(columns[0])):
        answers = iter(column[number] for column in columns)
        submitted = {}
        for form in sheet.forms():
            for question in form.questionnaire.questions:
                letter = next(answers) if form.leader is None else draw.choices(LETTERS, (62, 26, 8, 2, 2))[0]
                if letter != BLANK:
                    submitted[form.field(question)] = [letter]
        yield submitted


def _letters(counts: str) -> list[str]:
    """`26/12/3/1` -> 26 times A, 12 times B ...; a fifth number counts blanks."""
    return [letter for letter, count in zip(LETTERS, counts.split("/"), strict=False) for letter in letter * int(count)]


def _links(site: Site) -> DemoLinks:
    with site.database.writing() as session:
        first_unit = session.scalar(select(Unit.id).order_by(Unit.position))
        signed = tuple(
            (role.label, name, _fresh_password(session, site, name, role, department, unit_id))
            for name, role, department, unit_id in (
                ("system", Role.SYSTEM, None, None),
                ("admin", Role.ADMIN, None, None),
                ("admin2", Role.ADMIN, None, None),
                ("auditor", Role.AUDITOR, None, None),
                ("organizer", Role.ORGANIZER, None, None),
                ("assessor", Role.ASSESSOR, "市委网信办", None),
                ("scrutineer", Role.SCRUTINEER, None, None),
                ("reporter", Role.REPORTER, None, first_unit),
                ("reader", Role.READER, None, None),
            )
        )
        assessment_id = session.scalars(select(Assessment.id)).one()
        _give_to_read(session, site, assessment_id)
        poll = session.scalar(select(Poll).where(Poll.state == PollState.OPEN).order_by(Poll.id))
        if poll is None:
            return DemoLinks(site.settings.public_url, signed, (), "", Path(), assessment_id)
        issued = _trial(session, site, poll)
        sheet = slip_printing.slip_sheet(site, poll, poll.classes[0].key, issued)
    path = site.settings.data_dir / "demo-slips.pdf"
    path.touch(mode=0o600)
    path.write_bytes(finished(slips_pdf(sheet)))
    urls = tuple(slip.url for slip in sheet.slips[:3])
    return DemoLinks(site.settings.public_url, signed, urls, sheet.unit, path, assessment_id)


def _give_to_read(session: Session, site: Site, assessment_id: int) -> None:
    """What both admins gave the reader, unless they took it back."""
    reader, first, second = (
        session.scalars(select(Account).where(Account.name == name)).one() for name in ("reader", "admin", "admin2")
    )
    if any(each.proposal for each in readings.standings(session, COMMAND_LINE, assessment_id)):
        return
    actors = [sessions.actor_of(session, site.now(), account) for account in (first, second)]
    for kind in ReadingKind:
        readings.propose(session, site.now(), actors[0], assessment_id, reader.id, kind, "分管领导要看")
        readings.agree(session, site.now(), actors[1], assessment_id, reader.id, kind)


def _trial(session: Session, site: Site, poll: Poll) -> Issued:
    """Tickets to try it with; in the place of the last ones where there is no room for more."""
    room = limit(session, poll)
    if room is None or room.left >= TRIAL_TICKETS:
        return tickets.issue(session, site.now(), COMMAND_LINE, poll.id, poll.classes[0].key, TRIAL_TICKETS)
    last = next(each for each in tickets.list_batches(session, poll) if each.purpose in tickets.HANDED_OUT)
    return tickets.reissue(session, site.now(), COMMAND_LINE, poll.id, last.number, "演示重新开始")


def _fresh_password(
    session: Session, site: Site, name: str, role: Role, department: str | None, unit_id: int | None
) -> str:
    account = session.scalar(select(Account).where(Account.name == name))
    if account is not None:
        return accounts.reset_password(session, site.now(), COMMAND_LINE, name)
    return accounts.create_account(session, site.now(), COMMAND_LINE, name, role, department, unit_id)
