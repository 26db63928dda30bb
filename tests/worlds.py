"""One world with everything the pages show: a poll in each state, marks, an event, an account of each role."""

import io
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from itertools import product
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import Flask, request
from flask.testing import FlaskClient
from flask_login import current_user
from PIL import Image
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import EnvironBuilder, TestResponse

from surveys.acts import readings, sessions
from surveys.acts.actors import COMMAND_LINE, WHO_MAY, Actor, Permission, ReadingKind, Role
from surveys.acts.identities import Identities
from surveys.acts.site import Site
from surveys.acts.table_files import tables_in
from surveys.catalog import loader
from surveys.evidence import materials, proceedings, reviews
from surveys.evidence.proceeding_records import ProceedingKind
from surveys.evidence.proceedings import ProceedingEntry
from surveys.intake.tables import read_tables
from surveys.marking import ledger, mark_workbooks, marks
from surveys.marking.ledger import EventEntry
from surveys.marking.marks import MarkEntry
from surveys.office import account_imports, accounts
from surveys.outcome import life, objection_files, replies, versions
from surveys.polling.states import PollState
from surveys.reporting.workbooks import SheetPlan, workbook
from surveys.season import assessments, framework_editing, framework_workbooks, rosters
from surveys.storage.database import Database
from surveys.storage.tables import Account, Approval, Base, Exemption, Material, ProposedChange, Unit
from surveys.vote import door_screens, hall, polls
from surveys.vote.ticketing import tickets
from surveys.web import opened_for
from surveys.web.access import PUBLIC, SIGNED_IN
from tests.builders import (
    SESSIONS,
    World,
    build_poll,
    build_unit,
    cast,
    close_and_seal,
    close_marking,
    filled,
    session_of,
    sheet_of,
)
from tests.kept_worlds import kept
from tests.sites import NOW
from tests.strict_client import StrictClient
from tests.tools import THOROUGH

DEPARTMENT = "市委网信办"
TALKED = "网评队伍人手偏紧，建议增加培训（谈话样例）"
PASSWORD = "not-a-secret-password"
UNIT_NAMES = {
    PollState.DRAFT: "样例林业局",
    PollState.OPEN: "样例审计局",
    PollState.PAUSED: "样例统计局",
    PollState.CLOSED: "样例教育局",
    PollState.SEALED: "样例档案局",
}


@dataclass(frozen=True)
class Everything:
    """`polls`: by state; in each but the draft seven ballots are in the box. `by_role`: an account of each role.
    `passwords`: their first passwords. `import_id` and its like: the admin's. `account_ids`: of every account.
    `proceedings`: one of each kind, of the first unit; the talk says TALKED. `objection_id`: the reporter's, accepted;
    the assessment has two versions and was returned to marking. `proposal_id`: the admin's.
    `material_ids`: of the reporter's unit, one of another
    unit, one withdrawn, one with the objection. `used` and `void`: codes of the open poll; `unused`: of each poll.
    `door`: the token of a door of the open poll that has shown nothing yet."""

    assessment_id: int
    polls: Mapping[PollState, World]
    event_id: int
    exemption_id: int
    import_id: int
    mark_import_id: int
    objection_id: int
    framework_import_id: int
    account_import_id: int
    account_ids: Sequence[int]
    proceedings: Mapping[ProceedingKind, int]
    by_role: Mapping[Role, int]
    passwords: Mapping[Role, str]
    material_ids: Sequence[int]
    proposal_id: int
    used: str
    void: str
    unused: Mapping[PollState, str]
    door: str = "f" * 32

    @property
    def sealed(self) -> World:
        return self.polls[PollState.SEALED]

    @property
    def open(self) -> World:
        return self.polls[PollState.OPEN]


@kept
def build_everything(site: Site) -> Everything:
    assessment_id: int | None = None
    built: dict[PollState, World] = {}
    for state, name in UNIT_NAMES.items():
        assessment_id, unit_id = build_unit(site, name, assessment_id=assessment_id)
        built[state] = build_poll(site, unit_id=unit_id, opened=state is not PollState.DRAFT)
        if state is PollState.DRAFT:
            continue
        sheet = sheet_of(site, built[state].poll_id)
        for code, letters in zip(built[state].codes["A"], ["A", "AB", "ABC", "B", "ABCD", "AABA-", "BA"], strict=False):
            cast(site, code, filled(sheet, letters))
    assert assessment_id is not None
    with site.database.writing() as session:
        open_id = built[PollState.OPEN].poll_id
        tickets.void(session, NOW, COMMAND_LINE, open_id, built[PollState.OPEN].codes["A"][8], "丢")
        door_screens.set_planned(session, NOW, COMMAND_LINE, open_id, "A", 12)
        door = door_screens.add_door(session, NOW, COMMAND_LINE, open_id, "东门", "A")
        polls.close_poll(session, NOW, COMMAND_LINE, built[PollState.CLOSED].poll_id)
        hall.pause(session, NOW, COMMAND_LINE, built[PollState.PAUSED].poll_id, "停电")
    close_and_seal(site, built[PollState.SEALED].poll_id)
    sealed_unit = _unit_of(site, built[PollState.SEALED])
    ids, passwords = build_accounts(site, _unit_of(site, built[PollState.DRAFT]))
    framework_import_id = _read_framework(site)
    give_to_read(site, assessment_id, ids)
    with site.database.writing() as session:
        entry = MarkEntry("III-4", "考核组", "1.5", "样例说明")
        marks.enter_marks(session, NOW, COMMAND_LINE, sealed_unit, [entry])
        event = EventEntry("III-32", "2", NOW.date(), "示例发〔2026〕1号", "获表彰")
        event_id = ledger.record_event(session, NOW, COMMAND_LINE, sealed_unit, event)
        ledger.exempt(session, NOW, COMMAND_LINE, sealed_unit, "III-7", "机构调整", "示例函〔2026〕8号")
    return Everything(
        assessment_id,
        built,
        event_id,
        _exemption(site, sealed_unit),
        _read_roster(site, assessment_id),
        _read_marks(site, assessment_id),
        _appeal(site, assessment_id),
        framework_import_id,
        _read_accounts(site, assessment_id),
        _account_ids(site),
        build_proceedings(site, _unit_of(site, built[PollState.DRAFT])),
        ids,
        passwords,
        _hand_in_everything(site, ids),
        _propose(site, sealed_unit),
        used=built[PollState.OPEN].codes["A"][0],
        void=built[PollState.OPEN].codes["A"][8],
        unused={state: world.codes["A"][9] for state, world in built.items()},
        door=door.token,
    )


def give_to_read(site: Site, assessment_id: int, ids: Mapping[Role, int]) -> None:
    """Both kinds to the reader, as if the admin and another one had."""
    with site.database.writing() as session:
        for kind, role in product(ReadingKind, (Role.ADMIN, Role.SYSTEM)):
            subject = f"{ids[Role.READER]}:{kind}"
            approval = {"act": readings.ACT, "subject": subject, "account_id": ids[role], "reason": "分管领导要看"}
            session.add(Approval(assessment_id=assessment_id, made_at=NOW, **approval))
        session.commit()


def _appeal(site: Site, assessment_id: int) -> int:
    """A round of appeal in which the reporter's objection leads to a second version; then back to marking."""
    with site.database.writing() as session:
        account = session.scalars(sa.select(Account).where(Account.role == Role.REPORTER)).one()
        reporter = Actor(account.id, account.name, Role.REPORTER, unit_id=account.unit_id)
        unit_id = account.unit_id or 0
        close_marking(session, assessment_id)
        life.open_appeal(session, NOW, COMMAND_LINE, assessment_id, NOW.date())
    objection_id = objection_files.object_with_file(
        site, NOW, reporter, unit_id, "III-4", "材料已按时报送", "样例依据.pdf", BytesIO(b"%PDF-1.7\nproof\n%%EOF")
    )
    with site.database.writing() as session:
        replies.answer(session, NOW, COMMAND_LINE, unit_id, objection_id, accepted=True, words="经复核属实")
        marks.enter_marks(session, NOW, COMMAND_LINE, unit_id, [MarkEntry("III-4", "考核组", "1", "复核")])
        versions.freeze_after_appeal(session, NOW, COMMAND_LINE, assessment_id, "答复申诉")
        life.return_to_marking(session, NOW, COMMAND_LINE, assessment_id, "还有测评会没有开完")
    return objection_id


def _read_roster(site: Site, assessment_id: int) -> int:
    """A file that adds a unit and changes the leaders of the one whose poll is open."""
    text = (
        "单位,类别,体系,姓名,职务\n样例新局,市直单位,municipal,样例甲,局长\n样例审计局,市直单位,municipal,样例2,局长\n"
    )
    with site.database.writing() as session:
        return rosters.read_roster(
            session, NOW, admin_of(session), assessment_id, "样例.csv", tables_in("样例.csv", text.encode())
        )


def _read_framework(site: Site) -> int:
    """A workbook that gives the county framework another lead, for an assessment that is still being prepared."""
    edited = loader.framework("county").model_copy(update={"lead_department": "样例办"})
    with site.database.writing() as session:
        data = framework_workbooks.framework_workbook(edited)
        actor = admin_of(session)
        assessment_id = assessments.create_assessment(session, NOW, COMMAND_LINE, "下一年度考核", ["county"])
        return framework_editing.read_file(
            session, NOW, actor, assessment_id, "county", "样例体系.xlsx", tables_in("a.xlsx", data)
        )


def _read_accounts(site: Site, assessment_id: int) -> int:
    text = "账号名,角色,部门或单位\n样例账号,报送员,样例审计局\n"
    with site.database.writing() as session:
        return account_imports.read_file(
            session,
            NOW,
            admin_of(session, Role.SYSTEM),
            assessment_id,
            "账号.csv",
            tables_in("账号.csv", text.encode()),
        )


def _account_ids(site: Site) -> list[int]:
    with site.database.reading() as session:
        return list(session.scalars(sa.select(Account.id).order_by(Account.id)))


def admin_of(session: Session, role: Role = Role.ADMIN) -> Actor:
    """The one admin's account, or the one in another role."""
    account = session.scalars(sa.select(Account).where(Account.role == role)).one()
    return Actor(account.id, account.name, role)


def _read_marks(site: Site, assessment_id: int) -> int:
    """A workbook as it was exported, but for one mark."""
    with site.database.writing() as session:
        account = session.scalars(sa.select(Account).where(Account.role == Role.ADMIN)).one()
        actor = Actor(account.id, account.name, Role.ADMIN)
        table = read_tables("a.xlsx", mark_workbooks.export_workbook(session, actor, assessment_id, DEPARTMENT))[0]
        rows = [list(row.texts) + [""] * (len(mark_workbooks.TITLES) - len(row.texts)) for row in table.rows]
        rows[1][5] = "1"
        data = workbook([SheetPlan("打分", rows[0], rows[1:])])
        return mark_workbooks.read_workbook(
            session, NOW, actor, assessment_id, "打分表.xlsx", tables_in("a.xlsx", data)
        )


def _hand_in_everything(site: Site, ids: Mapping[Role, int]) -> list[int]:
    with site.database.reading() as session:
        reporter = sessions.actor_of(session, NOW, session.get_one(Account, ids[Role.REPORTER]))
        own = session.get_one(Unit, reporter.unit_id)
        neighbour = next(unit.id for unit in own.assessment.units if unit.id != own.id)
    other = Actor(None, "别的报送员", Role.REPORTER, unit_id=neighbour)
    item = materials.Place("III-4", 1)
    pdf = materials.hand_in_file(site, NOW, reporter, item, "样例<b>.pdf", BytesIO(b"%PDF-1.7\n%%EOF"))
    theirs = materials.hand_in_file(site, NOW, other, item, "别人的.pdf", BytesIO(b"%PDF-1.7\nother"))
    with site.database.writing() as session:
        entries = (
            (item, materials.link("https://www.example.cn/a?b=1", "样例报道")),
            (materials.Place("", 0), materials.document("示例发〔2026〕3号", "")),
            (item, materials.document("示例函〔2026〕9号", "要撤回的")),
        )
        zone = site.settings.time_zone
        others = [materials.hand_in(session, NOW, reporter, zone, place, entry) for place, entry in entries]
        materials.withdraw(session, NOW, reporter, others[2])
        reviews.review(session, NOW, COMMAND_LINE, pdf, reviews.Verdict.MORE, "缺第二页", 0)
        proof = session.scalars(sa.select(Material.id).where(Material.objection_id.is_not(None))).one()
    return [pdf, *others, theirs, proof]


def build_proceedings(site: Site, unit_id: int) -> dict[ProceedingKind, int]:
    """A record of each kind, by kind; the inspection has a photograph."""
    picture = io.BytesIO()
    Image.new("RGB", (8, 6), "teal").save(picture, "PNG")
    made = {}
    with site.database.writing() as session:
        for kind in ProceedingKind:
            photo = proceedings.cleaned(picture.getvalue()) if kind is ProceedingKind.INSPECTION else None
            body = TALKED if kind is ProceedingKind.TALK else f"样例{kind.label}情况"
            entry = ProceedingEntry(kind, NOW.date(), "样例考核组", body, photo=photo)
            made[kind] = proceedings.record_proceeding(session, NOW, COMMAND_LINE, site.photos, unit_id, entry)
    return made


def _exemption(site: Site, unit_id: int) -> int:
    with site.database.reading() as session:
        return session.scalars(sa.select(Exemption.id).where(Exemption.unit_id == unit_id)).one()


def _unit_of(site: Site, world: World) -> int:
    with site.database.reading() as session:
        return polls.poll_of(session, world.poll_id).unit_id


def _propose(site: Site, unit_id: int) -> int:
    """What the admin would mark in the assessor's place waits."""
    with site.database.writing() as session:
        found = session.scalars(sa.select(Account).where(Account.role == Role.ADMIN)).one()
        entry = MarkEntry("III-35", DEPARTMENT, "1", "核对平时的记录以后改判（样例）")
        marks.enter_marks(session, NOW, Actor(found.id, found.name, Role.ADMIN), unit_id, [entry])
        return session.scalars(sa.select(ProposedChange.id)).one()


def build_accounts(site: Site, unit_id: int | None = None) -> tuple[dict[Role, int], dict[Role, str]]:
    """(numbers, passwords) of one account of each role; the role's name is the account's.

    The reporter hands in for this unit, else for the first; and is missing where there is none.
    """
    passwords = {}
    with site.database.writing() as session:
        unit_id = unit_id or session.scalar(sa.select(Unit.id).order_by(Unit.id))
        for role in Role:
            if role is Role.REPORTER and unit_id is None:
                continue
            department = DEPARTMENT if role is Role.ASSESSOR else None
            own = unit_id if role is Role.REPORTER else None
            passwords[role] = accounts.create_account(session, NOW, COMMAND_LINE, role.value, role, department, own)
    with site.database.reading() as session:
        ids = {Role(account.role): account.id for account in session.scalars(sa.select(Account))}
    return ids, passwords


def role_for(access: str) -> Role:
    """Who may call a view that declares this: the admin, else the first role that may."""
    if access in (PUBLIC, SIGNED_IN):
        return Role.ADMIN
    roles = WHO_MAY[Permission(access)]
    return Role.ADMIN if Role.ADMIN in roles else next(role for role in Role if role in roles)


def required(client: StrictClient, address: str) -> Identities:
    """What a form must carry that this browser posts to this address."""
    environ = EnvironBuilder(address, method="POST").get_environ()
    client._add_cookies_to_wsgi(environ)
    with client.application.request_context(environ):
        assert current_user.is_authenticated  # who it is, as known before anything else is looked up
        return {} if request.endpoint is None else opened_for.required()


def client_of(app: Flask, account_id: int | None = None) -> StrictClient:
    """A browser, with a session begun now when an account is given."""
    return client_with(app, None if account_id is None else session_of(app.extensions["site"], account_id))


def client_with(app: Flask, token: str | None) -> StrictClient:
    return _signed_in(StrictClient(app, app.response_class, use_cookies=True), token)


class Walker(FlaskClient):
    """A browser that takes what it gets, for a walk over all addresses that looks for something else: what is wrong
    with a page is found by the walk of test_web_purity, and reading pages takes longer than making them."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        return super().open(*args, **{"buffered": True, **kwargs})


def walker(app: Flask, account_id: int | None = None) -> Walker:
    return _signed_in(
        Walker(app, app.response_class, use_cookies=True),
        None if account_id is None else session_of(app.extensions["site"], account_id),
    )


Client = TypeVar("Client", bound=FlaskClient)


def _signed_in(client: Client, token: str | None) -> Client:
    if token is not None:
        with client.session_transaction() as session:
            session["_user_id"] = token
    return client


@dataclass(frozen=True)
class Shown:
    """A site with everything in it."""

    app: Flask
    world: Everything

    @property
    def site(self) -> Site:
        found = self.app.extensions["site"]
        assert isinstance(found, Site)
        return found

    def client(self, role: Role | None = None) -> StrictClient:
        """A browser, of somebody signed in with this role, or of nobody."""
        return client_of(self.app, None if role is None else self.world.by_role[role])


def addresses(app: Flask, rule: Rule, world: Everything, *, every: bool = THOROUGH) -> Iterator[str]:
    """The rule's addresses with each argument filled from the world, so that each poll, unit, code and kind of file
    occurs; `every`: in each combination."""
    choices: dict[str, list[Any]] = {
        "code": [world.used, world.void, *world.unused.values(), "0" * 20, "x"],
        "poll_id": [entry.poll_id for entry in world.polls.values()],
        "chosen": [entry.poll_id for entry in world.polls.values()],
        "doubted": [entry.poll_id for entry in world.polls.values()],
        "unit_id": [entry.unit_id for entry in world.polls.values()],
        "assessment_id": [world.assessment_id],
        "event_id": [world.event_id],
        "exemption_id": [world.exemption_id],
        "row_key": ["III-4", "III-7", "III-32", "III-36", "III-16", "nothing"],
        "prefix": [entry.codes["A"][0][:4] for entry in world.polls.values()],
        "number": [0, 1],
        "door_number": [1],
        "token": [world.door, "0" * 32, "x"],
        "showing": ["0" * 32, "x"],
        "extension": ["png", "svg", "gif", "pdf", "xlsx", "docx"],
        "filename": [*sorted(os.listdir(app.static_folder or "")), "nothing.css"],
        "import_id": [world.import_id, world.mark_import_id, world.framework_import_id, world.account_import_id],
        "batch": [1, 99],
        "class_key": ["A", "nothing"],
        "hand": [1, 2],
        "framework": ["municipal", "county", "nothing"],
        "version": [1, 2],
        "objection_id": [world.objection_id],
        "material_id": [*world.material_ids, 999],
        "framework_key": ["municipal", "county", "nothing"],
        "account_id": [*world.account_ids, 999],
        "kind": [*(kind.value for kind in ProceedingKind), "nothing"],
        "proceeding_id": list(world.proceedings.values()),
        "proposal_id": [world.proposal_id, 999],
    }
    unknown = rule.arguments - set(choices)
    assert not unknown, f"say here which values {unknown} of {rule.rule} may take"
    names = sorted(rule.arguments)
    lists = [choices[name] for name in names]
    longest = max(map(len, lists), default=1) if all(lists) else 0
    found = product(*lists) if every else ([each[place % len(each)] for each in lists] for place in range(longest))
    adapter = app.url_map.bind("localhost")
    for values in found:
        yield adapter.build(rule.endpoint, dict(zip(names, values, strict=True)))


def dump(database: Database) -> str:
    """All that the database holds, as text; on SQLite also what `.dump` prints. Without the sessions: it is written
    every minute that somebody is there."""
    lines = []
    with database.engine.connect() as connection:
        for name in sorted(set(sa.inspect(connection).get_table_names()) - {SESSIONS}):
            rows = connection.execute(sa.text(f'SELECT * FROM "{name}"')).all()
            lines += [f"{name} {row!r}" for row in sorted(map(tuple, rows), key=repr)]
    assert len(Base.metadata.tables) < len(lines)
    if database.is_sqlite:
        with closing(sqlite3.connect(str(database.engine.url.database))) as connection:
            lines += (line for line in connection.iterdump() if f'INTO "{SESSIONS}"' not in line)
    return "\n".join(lines)
