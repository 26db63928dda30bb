"""Chromium sends every form of the site with the least the server accepts: what is not needed holds nobody up."""

import re
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import unquote, urlsplit

import pyotp
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, Route
from werkzeug.exceptions import NotFound
from werkzeug.test import TestResponse

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.site import Site
from surveys.evidence import reviews
from surveys.evidence.reviews import Verdict
from surveys.intake.tables import read_tables
from surveys.marking.marks import MarkEntry
from surveys.office import codes
from surveys.office.accounts import reset_password
from surveys.polling.states import PollState
from surveys.reporting.workbooks import SheetPlan, workbook
from surveys.storage.tables import Account, Material, Receipt, Review, Unit
from surveys.vote import cleaning
from surveys.vote.scrutiny import people
from tests import papers, seasons
from tests.builders import GROUP, account, build_poll, build_unit, close, enter, event, record, sealed_poll
from tests.seasons import build_season
from tests.sites import NOW, lite_site_in
from tests.worlds import Everything, build_everything, client_of

pytestmark = pytest.mark.slow

HOST = "http://localhost"
ANSWERED = {"second_factor.enter"}  # its page answers a form, and is sent by test_second_factor
BY_SCRIPT = {"doors.opened", "materials.add_piece"}
"""What no form posts to: scripts do, on pages that work without."""

PDF = ("a.pdf", b"%PDF-1.7\n%%EOF")
ROSTER = ("a.csv", "单位,类别,体系\n样例新局,市直单位,municipal\n".encode())
ACCOUNTS = ("a.csv", "账号名,角色\n样例组织员,组织员\n".encode())
PLANS = ("a.csv", "单位,测评会名称,应到\n样例档案局,样例,5\n".encode())

Value = str | tuple[str, bytes]
"""What is typed or ticked; of a file its name and content."""

# Every form that posts, by the address it posts to.
ACTIONS = """() => Array.from(document.forms).map(f => f.getAttribute("method") !== "post" ? ""
    : new URL(f.getAttribute("action") || location.href, location.href).pathname)"""
# As people fill in and tick; what is not named stays as the page has it.
FILL = """([place, given]) => {
    const form = document.forms[place];
    for (const [name, value] of Object.entries(given)) {
        const found = Array.from(form.elements).filter(e => e.name === name);
        if (!found.length) { return "no field " + name; }
        for (const e of found) {
            if (e.type === "checkbox" || e.type === "radio") { e.checked = e.checked || e.value === value; }
            else { e.value = value; }
            e.dispatchEvent(new Event("input", { bubbles: true }));
            e.dispatchEvent(new Event("change", { bubbles: true }));
        }
    }
    return "";
}"""
# What is held up, in the browser's own words; what would be sent.
HELD_UP = """place => Array.from(document.forms[place].elements).filter(e => e.willValidate && !e.checkValidity())
    .map(e => e.name + ": " + e.validationMessage)"""
BUTTON = """form => Array.from(form.elements).find(e => e.type === "submit")"""
WOULD_SEND = f"""place => Array.from(new FormData(document.forms[place], ({BUTTON})(document.forms[place])).entries())
    .filter(([, value]) => typeof value === "string")"""
SEND = f"""place => document.forms[place].requestSubmit(({BUTTON})(document.forms[place]))"""


class Sender:
    """A browser whose pages come from a site in this process. What it posts is caught, and then sent by the client."""

    def __init__(self, app: Flask, page: Page) -> None:
        self.app = app
        self.adapter = app.url_map.bind("localhost")
        self.page = page
        self.page.set_default_timeout(5_000)
        self.page.route("**/*", self._answer)
        self.client: FlaskClient = client_of(app)
        self.files: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.sent: set[str] = set()

    def _answer(self, route: Route) -> None:
        path = route.request.url.removeprefix(HOST)
        if route.request.method == "POST":
            route.fulfill(status=204)
            return
        if path in self.files:
            status, headers, body = self.files[path]
        else:
            response = FlaskClient.open(self.client, path, buffered=True)
            status, body = response.status_code, response.data
            headers = {name: value for name, value in response.headers if name not in ("Set-Cookie", "Content-Length")}
            if path.startswith("/static/"):
                self.files[path] = status, headers, body
        route.fulfill(status=status, headers=headers, body=body)

    def send(self, client: FlaskClient, address: str, endpoint: str, **least: Value) -> TestResponse:
        """Opens a page, fills in the least of its form for this endpoint and sends it. Without any one of the fields
        named the server refuses it: it is the least."""
        self.client = client
        self.page.goto(HOST + address)
        actions = self.page.evaluate(ACTIONS)
        places = [place for place, action in enumerate(actions) if action and self._endpoint(action) == endpoint]
        assert places, f"{address} has no form for {endpoint}: {actions}"
        place = places[0]
        files = {name: value for name, value in least.items() if isinstance(value, tuple)}
        typed = {name: value for name, value in least.items() if name not in files}
        assert not self.page.evaluate(FILL, [place, typed])
        for name, (file_name, data) in files.items():
            chosen = {"name": file_name, "mimeType": "application/octet-stream", "buffer": data}
            self.page.locator("form").nth(place).locator(f"input[type=file][name={name}]").set_input_files([chosen])
        assert not self.page.evaluate(HELD_UP, place), f"{endpoint} at {address}"
        body = fields(self.page.evaluate(WOULD_SEND, place))
        with self.page.expect_request(lambda request: request.method == "POST") as seen:
            self.page.evaluate(SEND, place)
        assert self._endpoint(urlsplit(seen.value.url).path) in {endpoint, *BY_SCRIPT}
        for name in least:
            without = self._post(
                actions[place],
                {key: value for key, value in body.items() if key != name},
                {key: value for key, value in files.items() if key != name},
            )
            assert self._refused(without), f"{endpoint} does not need {name}"
        response = self._post(actions[place], body, files)
        assert response.status_code < 400, f"{endpoint} at {address}: {said(response)}"
        self.sent.add(endpoint)
        return response

    def _endpoint(self, action: str) -> str:
        try:
            return str(self.adapter.match(unquote(action), method="POST")[0])
        except NotFound:  # a script fills in which
            return ""

    def _refused(self, response: TestResponse) -> bool:
        """Also with its own page and a fault on it, or by saying that nothing was changed."""
        if response.status_code == 302:
            return "没有改动。" in FlaskClient.get(self.client, response.location).text
        return response.status_code >= 400 or 'class="fault"' in response.text

    def _post(self, action: str, body: Mapping[str, list[str]], files: Mapping[str, tuple[str, bytes]]) -> TestResponse:
        data: dict[str, Any] = dict(body)
        data |= {name: (BytesIO(content), file_name) for name, (file_name, content) in files.items()}
        return FlaskClient.open(self.client, action, method="POST", data=data, buffered=True)


def fields(pairs: list[list[str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def said(response: TestResponse) -> str:
    text = re.sub(r"<[^>]+>", " ", response.text if response.mimetype == "text/html" else "")
    return f"{response.status} {' '.join(text.split())[:600]}"


def newest_account(site: Site, name: str) -> int:
    with site.database.reading() as session:
        return session.scalars(sa.select(Account.id).where(Account.name == name)).one()


def site_of(sender: Sender) -> Site:
    found = sender.app.extensions["site"]
    assert isinstance(found, Site)
    return found


def browser_of(sender: Sender, actor: Actor) -> FlaskClient:
    return client_of(sender.app, actor.account_id)


class Office:
    """A site with everything in it, and a browser for each role."""

    def __init__(self, sender: Sender) -> None:
        self.sender, self.site = sender, site_of(sender)
        self.world: Everything = build_everything(self.site)
        self.nobody = client_of(sender.app)
        clients = {role: client_of(sender.app, number) for role, number in self.world.by_role.items()}
        self.admin, self.organizer = clients[Role.ADMIN], clients[Role.ORGANIZER]
        self.reporter, self.scrutineer = clients[Role.REPORTER], clients[Role.SCRUTINEER]
        self.assessor, self.system, self.auditor = (
            clients[role] for role in (Role.ASSESSOR, Role.SYSTEM, Role.AUDITOR)
        )
        self.second_admin = browser_of(sender, account(self.site, "乙"))
        self.assessment = f"/assessments/{self.world.assessment_id}"
        self.next_year = f"/assessments/{self.world.assessment_id + 1}"

    def poll(self, state: PollState) -> str:
        return f"/polls/{self.world.polls[state].poll_id}"

    def unit(self, state: PollState) -> str:
        return f"/units/{self.world.polls[state].unit_id}"


def voting(sender: Sender, office: Office) -> None:
    world, nobody = office.world, office.nobody
    sender.send(nobody, "/", "ballot.find", code=world.unused[PollState.OPEN])
    sender.send(nobody, f"/b/{world.unused[PollState.OPEN]}", "ballot.cast", blanks_meant="1")
    sender.send(nobody, f"/door/{world.door}", "doors.next_ticket")
    with office.site.database.reading() as session:
        receipt = session.scalars(sa.select(Receipt.code).where(Receipt.poll_id == world.sealed.poll_id)).first()
    sender.send(nobody, f"/board/{world.unused[PollState.SEALED][:4]}", "board.look_up", receipt=receipt or "")
    sender.send(nobody, "/login", "sign_in.sign_in", name="assessor", password=world.passwords[Role.ASSESSOR])
    new = {"old": world.passwords[Role.ASSESSOR], "new": "0123456789-zu-lang", "again": "0123456789-zu-lang"}
    sender.send(office.assessor, "/password", "sign_in.password", **new)
    once_more = client_of(sender.app, world.by_role[Role.SCRUTINEER])  # the session ends on the server too
    sender.send(once_more, "/polls", "sign_in.sign_out")


def accounts(sender: Sender, office: Office) -> None:
    admin = office.system
    sender.send(admin, "/accounts/new", "accounts.create", name="样例", role="organizer")
    number = newest_account(office.site, "样例")
    with office.site.database.writing() as session:
        session.execute(sa.update(Account).where(Account.id == number).values(one_time=False))
        session.commit()
    client_of(sender.app, office.world.by_role[Role.SYSTEM])
    sender.send(admin, "/password", "sign_in.end_session")
    sender.send(admin, f"/accounts/{number}", "accounts.describe")
    sender.send(office.auditor, "/confirmations", "log.confirm", sure="y")
    page = f"/accounts/{number}"
    for act in ("reset", "deactivate", "activate"):
        sender.send(admin, page, f"accounts.{act}", reason="样例")
    sender.send(
        admin, f"/accounts/{newest_account(office.site, 'assessor')}", "accounts.move", place="考核组", reason="样例"
    )
    import_page = sender.send(admin, f"{office.assessment}/accounts/import", "account_batches.upload", file=ACCOUNTS)
    sender.send(admin, import_page.location, "account_batches.take_over")
    sender.send(admin, f"{office.assessment}/reporters", "account_batches.make_reporters")
    sender.send(admin, "/accounts?standing=new", "account_batches.reissue", reason="样例")


def watching(sender: Sender, office: Office) -> None:
    """A poll with a scrutineer by name, from the remark to the reason why it is sealed without the tick."""
    world = build_poll(office.site, unit_id=office.world.polls[PollState.DRAFT].unit_id)
    page, scrutineer = (
        f"/polls/{world.poll_id}/scrutiny",
        browser_of(sender, account(office.site, "看票", Role.SCRUTINEER)),
    )
    with office.site.database.writing() as session:
        people.name_people(
            session, office.site.now(), COMMAND_LINE, world.poll_id, {newest_account(office.site, "看票")}
        )
    sender.send(office.admin, page, "scrutiny.name_people")
    sender.send(scrutineer, page, "scrutiny.remark", words="样例")
    close(office.site, world.poll_id)
    for answer in ("decline", "agree"):
        sender.send(office.admin, page, "scrutiny.propose", reason="样例")
        sender.send(office.second_admin, page, f"scrutiny.{answer}")
    sender.send(scrutineer, page, "scrutiny.tick", sure="y")


def the_site(sender: Sender, office: Office) -> None:
    """Its settings, who reads, and who stands in."""
    admin, second, readers = office.admin, office.second_admin, f"{office.assessment}/readers"
    sender.send(office.system, "/settings", "site_settings.show")
    sender.send(admin, readers, "readings.take_back", reason="样例")
    sender.send(admin, readers, "readings.propose", reason="样例")
    sender.send(second, readers, "readings.agree")
    away = account(office.site, "丙").account_id
    named = {"account": str(office.world.by_role[Role.ORGANIZER]), "absent": str(away), "reason": "样例"}
    today = office.site.now().astimezone(office.site.settings.time_zone).date().isoformat()
    sender.send(admin, "/stand-ins", "stand_ins.propose", **named, last_day=today)
    sender.send(second, "/stand-ins", "stand_ins.agree")
    sender.send(admin, "/stand-ins", "stand_ins.end")


def second_step(sender: Sender, office: Office) -> None:
    """Of a new account, its phone being ours: set up, given again, turned off; set up once more and cleared."""
    holder, phone = account(office.site, "两步", Role.ORGANIZER), pyotp.TOTP("A" * 32)
    with office.site.database.writing() as session:
        password = reset_password(session, NOW, COMMAND_LINE, "两步")
    client, page = browser_of(sender, holder), "/second-factor"
    with mock.patch.object(codes, "new_secret", return_value=phone.secret):
        sender.send(client, page, "second_factor.turn_on", code=phone.now(), password=password)
        for where, act, more in ((f"{page}/again", "again", {}), (page, "turn_off", {"password": password})):
            forget_step(office.site, holder)
            sender.send(client, where, f"second_factor.{act}", code=phone.now(), **more)
        sender.send(client, page, "second_factor.turn_on", code=phone.now(), password=password)
    sender.send(office.system, f"/accounts/{holder.account_id}", "accounts.clear_code", reason="样例")


def forget_step(site: Site, holder: Actor) -> None:
    """As if the phone already showed the next code."""
    with site.database.writing() as session:
        session.execute(sa.update(Account).where(Account.id == holder.account_id).values(code_step=None))
        session.commit()


def setting_up(sender: Sender, office: Office) -> None:
    admin = office.admin
    sender.send(admin, "/assessments/new", "setup.create", title="样例", frameworks="municipal")
    sender.send(admin, f"{office.next_year}/rules", "frameworks.rules")
    for where, act, least in ((office.next_year, "take_over", {}), (office.assessment, "revise", {"reason": "样例"})):
        changed = edited(admin.get(f"{where}/frameworks/county/framework.xlsx").data, "说明", "样例")
        upload = sender.send(admin, f"{where}/frameworks/county/import", "framework_imports.upload", file=changed)
        sender.send(admin, upload.location, f"framework_imports.{act}", **least)
    sender.send(admin, f"{office.next_year}/units/new", "setup.add_unit", name="新局", category="市直单位")
    with office.site.database.reading() as session:
        new = session.scalars(sa.select(Unit.id).where(Unit.name == "新局")).one()
    sender.send(admin, f"/units/{new}/correct", "setup.rename_unit", name="新二局", reason="样例")
    sender.send(admin, f"{office.next_year}/applicability", "applicability.approve")
    sender.send(admin, f"{office.next_year}/life", "life.start")
    sender.send(admin, f"/units/{new}/correct", "setup.remove_unit", reason="样例", sure="y")
    upload = sender.send(admin, f"{office.assessment}/roster", "rosters.upload", file=ROSTER)
    sender.send(admin, upload.location, "rosters.take_over")
    sender.send(admin, f"{office.unit(PollState.DRAFT)}/applicability", "applicability.set_tags")
    sender.send(admin, f"{office.assessment}/copy", "frameworks.copy", title="样例二")


def edited(data: bytes, title: str, value: str) -> tuple[str, bytes]:
    """A workbook of the site with one cell of its first sheet changed."""
    tables = read_tables("a.xlsx", data)
    widths = [max(len(row.texts) for row in table.rows) for table in tables]
    sheets = [
        [[*row.texts, *[""] * (width - len(row.texts))] for row in table.rows]
        for table, width in zip(tables, widths, strict=True)
    ]
    sheets[0][1][sheets[0][0].index(title)] = value
    plans = [SheetPlan(table.name, rows[0], rows[1:]) for table, rows in zip(tables, sheets, strict=True)]
    return "a.xlsx", workbook(plans)


def polling(sender: Sender, office: Office) -> None:
    organizer, admin = office.organizer, office.admin
    scrutineer = browser_of(sender, account(office.site, "监票", Role.SCRUTINEER))
    draft, opened, paused = (office.poll(each) for each in (PollState.DRAFT, PollState.OPEN, PollState.PAUSED))
    upload = sender.send(organizer, f"{office.assessment}/polls/import", "poll_imports.upload", file=PLANS)
    sender.send(organizer, upload.location, "poll_imports.take_over")
    sender.send(organizer, f"{office.unit(PollState.DRAFT)}/polls/new", "poll_setup.create", entitled="5")
    sender.send(organizer, f"{draft}/edit", "poll_setup.edit")
    rehearsal = sender.send(organizer, draft, "polls.rehearse")
    sender.send(organizer, rehearsal.location, "polls.wipe", sure="y")
    sender.send(organizer, draft, "polls.open_poll")
    sender.send(organizer, draft, "poll_withdrawals.withdraw", reason="样例", sure="y")
    sender.send(organizer, paused, "polls.resume")
    sender.send(organizer, opened, "polls.set_present", present="8")
    sender.send(scrutineer, opened, "polls.set_present", present="8")
    sender.send(organizer, opened, "polls.end_in")
    sender.send(organizer, opened, "polls.pause", reason="样例")
    sender.send(organizer, f"{opened}/tickets", "poll_tickets.issue", count="1")
    for act in ("ticket_requests.decline", "ticket_requests.agree"):
        sender.send(organizer, f"{opened}/tickets", "ticket_requests.ask", number="5000", reason="样例")
        sender.send(scrutineer, opened, act)
    sender.send(
        organizer,
        f"{opened}/tickets",
        "poll_tickets.void",
        code=office.world.polls[PollState.OPEN].codes["A"][7],
        reason="丢失",
    )
    sender.send(organizer, f"{paused}/batches/1", "poll_tickets.reissue", reason="印坏")
    sender.send(organizer, f"{paused}/batches/2", "poll_tickets.void_batch", reason="丢失", sure="y")
    sender.send(organizer, f"{opened}/doors", "poll_doors.set_planned", planned="20")
    sender.send(organizer, f"{opened}/doors", "poll_doors.add", name="西门")
    sender.send(organizer, f"{opened}/doors", "poll_doors.shut", sure="y")
    sender.send(organizer, opened, "polls.close", sure="y")
    sender.send(organizer, opened, "polls.seal", sure="y")
    two = sealed_poll(office.site, office.world.sealed.unit_id, two_person=True, team="班子")
    with office.site.database.writing() as session:
        cleaning.mark(session, two.codes["A"][0][:4])
        session.commit()
    sender.send(organizer, f"/polls/{two.poll_id}", "polls.scrub")
    sender.send(organizer, f"/polls/{two.poll_id}", "polls.unseal", sure="y")
    other, sealed = office.second_admin, office.poll(PollState.SEALED)
    sender.send(admin, sealed, "poll_withdrawals.propose", reason="样例")
    sender.send(other, sealed, "poll_withdrawals.decline")
    sender.send(admin, sealed, "poll_withdrawals.propose", reason="样例")
    sender.send(other, sealed, "poll_withdrawals.agree", sure="y")
    for _ in range(2):
        again = sealed_poll(office.site, office.world.sealed.unit_id, team="两次")
    row = admin.get(f"/polls/{again.poll_id}/row").location
    sender.send(admin, row, "poll_choices.propose", reason="样例")
    sender.send(other, row, "poll_choices.decline")
    sender.send(admin, row, "poll_choices.propose", reason="样例")
    sender.send(other, row, "poll_choices.agree")
    sealed_poll(office.site, office.world.sealed.unit_id, team="多人", entitled=9)
    sender.send(admin, row, "poll_choices.propose_count", reason="样例")
    sender.send(other, row, "poll_choices.decline_count")
    sender.send(admin, row, "poll_choices.propose_count", reason="样例")
    sender.send(other, row, "poll_choices.agree_count")


def paper_ballots(sender: Sender, office: Office) -> None:
    site = office.site
    world = papers.paper_poll(site, 3, count=1, leaders=0, unit_id=office.world.sealed.unit_id, team="另一班子")
    first, second = (browser_of(sender, papers.person(site, name)) for name in ("甲录入", "乙录入"))
    page = f"/polls/{world.poll_id}/paper"
    sender.send(first, page, "paper.print_ballots", count="1")
    cells = papers.typed(site, world.poll_id, "1")
    sender.send(first, f"{page}/A/1/1", "paper.key", **cells)
    sender.send(second, f"{page}/A/2/1", "paper.key", **(cells | {"o-2": "3"}))
    third = browser_of(sender, papers.person(site, "丙监票", Role.SCRUTINEER))
    sender.send(third, f"{page}/A/1/settle", "paper.send_back", reason="样例")
    sender.send(first, f"{page}/A/1/1", "paper.key", **cells)
    sender.send(second, f"{page}/A/2/1", "paper.key", **(cells | {"o-2": "3"}))
    sender.send(third, f"{page}/A/1/settle", "paper.settle", **{"o-2": "3"})
    sender.send(first, f"{page}/A/1/2", "paper.key", **cells)
    sender.send(first, page, "paper.remove", number="2", reason="样例")
    sender.send(first, page, "paper.cast", sure="y")
    desk = f"/polls/{world.poll_id}"
    for person in (first, second):
        sender.send(person, desk, "polls.set_present", present="1")
    sender.send(first, desk, "polls.close", sure="y", paper_left="3")
    sender.send(first, desk, "polls.seal", sure="y", paper_left="3")


def confirm_waiting(sender: Sender, second: FlaskClient, address: str) -> None:
    """All that waits for a second hand on this page."""
    while "/confirm" in second.get(address).text:
        sender.send(second, address, "proposals.confirm")


def marking(sender: Sender, office: Office) -> None:
    admin, unit = office.admin, office.unit(PollState.DRAFT)
    marks = edited(admin.get(f"{office.assessment}/marks.xlsx").data, "打分", "1")
    sender.send(admin, f"{office.assessment}/marking/municipal/III-1(1)", "marking.sheet")
    sender.send(admin, unit, "score_sheets.enter_marks")
    upload = sender.send(admin, f"{office.assessment}/marks", "mark_imports.upload", file=marks)
    sender.send(admin, upload.location, "mark_imports.take_over")
    waits, second = f"{office.assessment}/proposals", office.second_admin
    sender.send(admin, waits, "proposals.decline", reason="样例")
    sender.send(admin, f"{unit}/rows/III-1(1)", "score_sheets.exempt", document="样例", reason="样例")
    confirm_waiting(sender, second, waits)
    sender.send(admin, f"{unit}/ledger", "ledger.cancel_exemption", reason="样例")
    confirm_waiting(sender, second, waits)
    said_of = {"happened_on": "2026-03-02", "document": "样例", "reason": "样例"}
    sender.send(admin, f"{unit}/rows/III-34", "score_sheets.record_event", **said_of)
    confirm_waiting(sender, second, waits)
    sender.send(admin, f"{unit}/ledger", "ledger.contest", grounds="样例")
    sender.send(admin, f"{unit}/ledger", "ledger.answer", verdict="dismissed", answer="样例")
    sender.send(admin, f"{unit}/rows/III-34", "score_sheets.cancel_event", reason="样例")
    record(office.site, office.world.polls[PollState.DRAFT].unit_id, event("III-32", "1"))
    sender.send(office.reporter, "/ledger", "ledger.own_contest", grounds="样例")


def ask_for_more(office: Office) -> None:
    """Of the newest piece of material of the row that still stands."""
    admin = Actor(office.world.by_role[Role.ADMIN], "admin", Role.ADMIN)
    with office.site.database.writing() as session:
        query = sa.select(Material).where(Material.row_key == "III-4", Material.withdrawn_at.is_(None))
        material = session.scalars(query.order_by(Material.id.desc())).first()
        assert material is not None
        seen = session.scalar(sa.select(sa.func.max(Review.id)).where(Review.material_id == material.id)) or 0
        reviews.review(session, office.site.now(), admin, material.id, Verdict.MORE, "样例", seen)


def handing_in(sender: Sender, office: Office) -> None:
    reporter, admin, unit = office.reporter, office.admin, office.unit(PollState.DRAFT)
    sender.send(reporter, "/materials/rows/III-4", "materials.upload", file=PDF)
    sender.send(reporter, "/materials/report", "materials.refer", reference="样例〔2026〕1号", kind="document")
    sender.send(reporter, "/materials/report", "materials.withdraw")
    sender.send(admin, f"{unit}/materials/rows/III-4", "reviews.review")
    ask_for_more(office)
    sender.send(admin, f"{unit}/materials/rows/III-4", "reviews.close", reason="样例")
    sender.send(admin, f"{office.assessment}/materials", "reviews.set_due")
    texts = {"held_on": "2026-03-02", "people": "样例"}
    inspection = {"what": "样例", "where": "样例", "finding": "样例"}
    for kind, more in (("report", {"body": "样例"}), ("inspection", inspection)):
        sender.send(admin, f"{unit}/proceedings/new/{kind}", "proceedings.add", **texts, **more)
    sender.send(admin, f"{unit}/proceedings/1/withdraw", "proceedings.withdraw", reason="样例")
    sender.send(reporter, "/mine/feedback", "proceedings.acknowledge")


def decisions(sender: Sender, office: Office) -> None:
    site, first, second = office.site, office.admin, office.second_admin
    _, unit_id = build_unit(site, tags=("公安",), assessment_id=office.world.assessment_id)
    sender.send(first, f"/units/{unit_id}/applicability", "applicability.choose", method="hearing")
    sealed_poll(site, unit_id, "B")
    page = f"/units/{unit_id}/rows/III-36"
    value = {"III-36:考核组": "7.5", "III-36:考核组:remark": "样例"}
    sender.send(first, page, "score_sheets.enter_marks", **value)
    sender.send(second, page, "score_sheets.confirm")
    sender.send(first, page, "score_sheets.propose_withdrawal", reason="样例")
    sender.send(second, page, "score_sheets.decline_withdrawal")
    sender.send(first, page, "score_sheets.propose_withdrawal", reason="样例")
    sender.send(second, page, "score_sheets.agree_to_withdrawal")


def a_year(sender: Sender) -> None:
    with pytest.MonkeyPatch.context() as clock:
        clock.setattr(Site, "now", lambda _self: seasons.NOW)
        season = build_season(site_of(sender))
        first, second = (browser_of(sender, each) for each in season.admins)
        own, life = f"/own-unit/{season.first}", f"/assessments/{season.assessment_id}/life"
        rules = f"/assessments/{season.assessment_id}/rules/change"
        reporter = browser_of(sender, season.reporter)
        sender.send(first, rules, "life.rules", reason="样例", bonus_cap="6")
        confirm_waiting(sender, second, f"/assessments/{season.assessment_id}/proposals")
        season.approve()
        sender.send(first, life, "life.close_marking")
        sender.send(first, life, "life.return_to_marking", reason="样例")
        sender.send(first, life, "life.close_marking")
        sender.send(first, life, "life.open_appeal", due_on=str(seasons.DUE))
        row = f"{own}/rows/III-4"
        sender.send(reporter, row, "own_unit.object_to", reason="样例")
        sender.send(reporter, row, "own_unit.add_file", file=PDF)
        sender.send(reporter, row, "own_unit.add_reference", reference="https://www.example.cn/")
        sender.send(reporter, row, "own_unit.withdraw")
        (answer,) = set(re.findall(r"/units/\d+/objections/\d+", first.get(life).text))
        sender.send(first, answer, "life.answer", verdict="yes", words="样例")
        sender.send(reporter, f"{own}/rows/III-7", "own_unit.object_to", reason="样例")
        (promised,) = set(re.findall(r"/units/\d+/objections/\d+", first.get(life).text)) - {answer}
        sender.send(first, promised, "life.answer", verdict="yes", words="样例")
        sender.send(first, promised, "life.close_objection", reason="样例")
        enter(season.site, season.first, MarkEntry("III-4", GROUP, "0.5"))
        sender.send(first, life, "life.freeze", reason="样例")
        sender.send(reporter, own, "own_unit.agree", sure="y")
        sender.send(browser_of(sender, season.other), f"/own-unit/{season.second}", "own_unit.agree", sure="y")
        for client in (first, second):
            sender.send(client, life, "life.certify", sure="y")
        sender.send(first, life, "life.archive")


def test_every_form_is_sent_with_the_least(browser: Browser, sqlite_template: Path, tmp_path: Path) -> None:
    sent: set[str] = set()
    parts = (
        voting,
        setting_up,
        polling,
        paper_ballots,
        marking,
        handing_in,
        decisions,
        watching,
        second_step,
        the_site,
        accounts,
    )
    for name in ("office", "year"):
        (tmp_path / name).mkdir()
        with lite_site_in(tmp_path / name, sqlite_template) as app, browser.new_context(locale="zh-CN") as context:
            sender = Sender(app, context.new_page())
            if name == "year":
                a_year(sender)
            else:
                office = Office(sender)
                for part in parts:
                    part(sender, office)
            sent |= sender.sent
    posts = {rule.endpoint for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    assert sent == posts - BY_SCRIPT - ANSWERED
