"""A staff form whose session has ended keeps what was typed, for the account it was made for and nobody else."""

import io
import random
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.acts.site import Site
from surveys.office import accounts, sign_ins
from surveys.web import field_labels, kept_forms
from surveys.web.access import PUBLIC, declared
from tests import handed_in, seasons
from tests.builders import build_unit, dump
from tests.outcome.test_web_life import Walk
from tests.seasons import build_season
from tests.sites import NOW
from tests.strict_client import Page, StrictClient
from tests.whole.test_web_access import methods_of, rules
from tests.worlds import PASSWORD, Shown, addresses, build_accounts, client_of, client_with

ENDED = "登录已过期，您填的还在"
REASON = "网信办“核对”后改判 <b>\n第二行"


class Office:
    """A site with accounts, and one unit in its assessment."""

    def __init__(self, app: Flask, site: Site) -> None:
        self.app, self.site = app, site
        self.assessment_id, self.unit_id = build_unit(site)
        self.ids, self.passwords = build_accounts(site, self.unit_id)

    def client(self, role: Role | None = None) -> StrictClient:
        return client_of(self.app, None if role is None else self.ids[role])

    def sign_in(self, client: StrictClient, response: TestResponse, role: Role, password: str = "") -> TestResponse:
        """On the page that answered."""
        fields = Page(response).form("/login") | {"name": role.value, "password": password or self.passwords[role]}
        return client.post("/login", data=fields)


@pytest.fixture
def office(lite_app: Flask, lite_site: Site) -> Office:
    return Office(lite_app, lite_site)


@pytest.fixture
def walk(lite_app: Flask, lite_site: Site, monkeypatch: pytest.MonkeyPatch) -> Walk:
    monkeypatch.setattr(Site, "now", lambda _self: seasons.NOW)
    return Walk(lite_app, build_season(lite_site).appeal())


def typed_into(client: StrictClient, path: str, action: str | None = None, **fields: Any) -> dict[str, Any]:
    """What the form on this page would send with these fields filled in."""
    page, action = client.page(path), action or path
    assert set(fields) <= page.fields(action)
    return page.form(action) | fields


def kept_of(response: TestResponse) -> str:
    return str(Page(response).form("/login")[kept_forms.KEPT])


def ended(client: StrictClient, action: str, data: dict[str, Any]) -> TestResponse:
    """The form is sent after the browser has lost its session."""
    client.delete_cookie("ceping")
    response = client.post(action, data=data)
    assert response.status_code == 400
    assert Page(response).heading == ENDED
    return response


def marking_of(office: Office) -> tuple[str, str]:
    """The address of the sheet of a row that the assessor marks, and the field of its one unit."""
    index = office.client(Role.ASSESSOR).page(f"/assessments/{office.assessment_id}/marking")
    address = next(link for link in index.links() if "/marking/" in link and "III" in link)
    return address, f"u{office.unit_id}"


def test_every_form_of_the_staff_is_kept(shown: Shown) -> None:
    """Whatever can be posted to, so that a new address cannot be forgotten."""
    before = dump(shown.site.database)
    mark = Page(shown.client(Role.ADMIN).get("/assessments/new")).form("/assessments/new")[kept_forms.OWNER]
    seen = 0
    for rule in rules(shown.app):
        if declared(shown.app.view_functions[rule.endpoint]) == PUBLIC or "POST" not in methods_of(rule):
            continue
        address = next(addresses(shown.app, rule, shown.world))
        fields = {"csrf_token": "stale", kept_forms.OWNER: mark, "reason": REASON, "old": "secret", "password": "x"}
        client = shown.client() if seen % 2 else client_with(shown.app, "a session that was ended")
        response = client.post(address, data=fields)
        assert (response.status_code, Page(response).heading) == (400, ENDED), address
        assert "改判" not in response.text
        names = {"name": "admin", "password": shown.world.passwords[Role.ADMIN]}
        again = Page(client.post("/login", data=Page(response).form("/login") | names)).form(address)
        assert again["reason"] == REASON
        assert not {"old", "password"} & again.keys()
        assert again["csrf_token"] != "stale"
        seen += 1
    assert seen > 60
    signed_in = {"audit_log", "audit_head"}
    after = dump(shown.site.database)
    assert {name: after[name] for name in after.keys() - signed_in} == {
        name: before[name] for name in before.keys() - signed_in
    }


def test_every_form_of_the_staff_says_whom_it_was_made_for(shown: Shown) -> None:
    """One macro writes the token and the mark; only signing out, where nothing is typed, goes without."""
    templates = Path(shown.app.root_path, "templates")
    forms = 0
    for path in templates.rglob("*.html"):
        text, name = path.read_text(encoding="utf-8"), path.relative_to(templates).as_posix()
        assert "csrf_token()" not in text or name in ("staff/fields.html", "staff/base.html"), name
        if not name.startswith(("vote/ballot/", "vote/board/", "vote/doors/door", "staff/base")):
            text = text.replace("{% macro token() %}{{ mark() }}", "")  # where the one is made of the other
            sent = len(re.findall(r'<form[^>]*method="post"', text))
            assert len(re.findall(r"(?<!csrf_)(?:token|mark)\(\) \}\}", text)) == sent, name
            forms += sent
    assert forms > 80
    page = shown.client(Role.ADMIN).page("/assessments/new").form("/assessments/new")
    assert {"csrf_token", kept_forms.OWNER} <= page.keys()


def test_no_password_is_ever_kept(shown: Shown) -> None:
    client = shown.client(Role.ADMIN)
    for page in (client.page("/password"), shown.client().page("/login")):
        secret = {field.get("name") for field in page.root.iter("input") if field.get("type") == "password"}
        assert secret
        assert secret <= field_labels.passwords()
    for path in Path(shown.app.root_path, "templates").rglob("*.html"):
        assert 'type="password"' not in path.read_text(encoding="utf-8"), path  # PasswordField alone


def test_a_mark_goes_all_the_way(office: Office) -> None:
    address, field = marking_of(office)
    client = office.client(Role.ASSESSOR)
    data = typed_into(client, address, **{field: "1", f"{field}:remark": REASON.replace("\n", " ")})
    response = ended(client, address, data)
    kept = office.sign_in(client, response, Role.ASSESSOR)
    page = Page(kept)
    assert (kept.status_code, page.heading) == (200, "您填的还在，还没有提交")
    assert "样例局 打分 1 样例局 说明 网信办“核对”后改判 <b> 第二行" in page.text
    sent = client.post(address, data=page.form(address))
    assert sent.status_code == 302
    after = client.page(address).form(address)
    assert (after[field], after[f"{field}:remark"]) == ("1", "网信办“核对”后改判 <b> 第二行")


def test_who_has_signed_in_again_elsewhere_sees_it_at_once(office: Office) -> None:
    """In another tab: the token of this one is of a session that is over."""
    address, field = marking_of(office)
    client = office.client(Role.ASSESSOR)
    data = typed_into(client, address, **{field: "1"})
    client.delete_cookie("ceping")
    client.submit("/login", name="assessor", password=office.passwords[Role.ASSESSOR])
    response = client.post(address, data=data)
    assert (response.status_code, Page(response).heading) == (400, "您填的还在，还没有提交")
    assert client.post(address, data=Page(response).form(address)).status_code == 302


def test_what_somebody_else_marked_meanwhile_is_told_as_ever(office: Office) -> None:
    address, field = marking_of(office)
    client = office.client(Role.ASSESSOR)
    data = typed_into(client, address, **{field: "1"})
    assert office.client(Role.ASSESSOR).submit(address, **{field: "0.5"}).status_code == 302
    page = Page(office.sign_in(client, ended(client, address, data), Role.ASSESSOR))
    answer = client.post(address, data=page.form(address))
    assert answer.status_code == 409
    assert "改过" in answer.text


def test_the_wizard_of_a_poll_is_kept(office: Office) -> None:
    address = f"/units/{office.unit_id}/polls/new"
    client = office.client(Role.ORGANIZER)
    data = typed_into(client, address, title="年终民主测评", place="三楼", entitled="48", team="党委班子") | {
        "do": "save"
    }
    page = Page(office.sign_in(client, ended(client, address, data), Role.ORGANIZER))
    assert "测评会名称 年终民主测评" in page.text
    assert "应到人数 48" in page.text
    assert "漏填 不计入" in page.text
    assert page.form(address).keys() - {"csrf_token", kept_forms.OWNER} == data.keys() - {
        "csrf_token",
        kept_forms.OWNER,
    }
    assert "/polls/" in str(client.post(address, data=page.form(address)).location)
    assert "年终民主测评" in client.page("/polls").text


@pytest.mark.usefixtures("decided_by_one")
def test_an_event_of_the_ledger_is_kept(office: Office) -> None:
    client = office.client(Role.ADMIN)
    path, action = _event_form(office, client)
    fields = {"points": "2", "happened_on": "2026-03-01", "document": "示例发〔2026〕1号", "reason": "获表彰"}
    data = typed_into(client, path, action, **fields)
    client.delete_cookie("ceping")
    response = client.post(action, data=data, headers={"Referer": f"http://localhost{path}?a=1"})
    page = Page(office.sign_in(client, response, Role.ADMIN))
    assert "依据文件 示例发〔2026〕1号" in page.text
    assert "III-32" not in page.text  # hidden, but sent
    assert f"{path}?a=1" in page.links()
    assert client.post(action, data=page.form(action)).status_code == 302
    assert "示例发〔2026〕1号" in client.page(f"/units/{office.unit_id}/ledger").text


def _event_form(office: Office, client: StrictClient) -> tuple[str, str]:
    return f"/units/{office.unit_id}/rows/III-32", f"/units/{office.unit_id}/events"


def _objection(walk: Walk, **more: Any) -> tuple[str, dict[str, Any]]:
    address = f"{walk.own}/rows/III-4"
    typed = {"reason": "材料已按时报送", "kind": "document", "reference": "示例〔1〕"}
    return address, walk.reporter.page(address).form(address) | typed | more


def _new_password(walk: Walk) -> str:
    """An admin's reset: it ends the reporter's session."""
    with walk.site.database.writing() as session:
        return accounts.reset_password(session, NOW, COMMAND_LINE, walk.season.reporter.name)


def _signed_in(walk: Walk, response: TestResponse, password: str) -> Page:
    fields = {"name": walk.season.reporter.name, "password": password}
    return Page(walk.reporter.post("/login", data=Page(response).form("/login") | fields))


def test_an_objection_is_kept_and_its_file_asked_for_again(walk: Walk) -> None:
    """The file is larger than any form without one may be, and is not kept."""
    file = io.BytesIO(handed_in.PDF + bytes(300 * 1024))
    address, data = _objection(walk, file=(file, "依据.pdf"))
    password = _new_password(walk)
    response = walk.reporter.post(address, data=data, content_type="multipart/form-data")
    assert Page(response).heading == ENDED
    page = _signed_in(walk, response, password)
    assert "申诉理由 材料已按时报送" in page.text
    assert "报送什么 文号" in page.text
    assert "文件“依据.pdf”要再选一次" in page.text
    form = page.form(address)
    assert form["file"] == ""
    again = form | {"file": (io.BytesIO(handed_in.PDF), "依据.pdf")}
    assert walk.reporter.post(address, data=again, content_type="multipart/form-data").location == address
    shown = walk.reporter.page(address)
    for words in ("材料已按时报送", "依据.pdf", "示例〔1〕"):
        assert words in shown.text


def test_a_file_sent_in_pieces_says_that_the_session_has_ended(walk: Walk) -> None:
    """The script then sends the form without the file: its name is kept, and asked for."""
    address, data = _objection(walk)
    password = _new_password(walk)
    ours = {name: data[name] for name in ("csrf_token", kept_forms.OWNER)}
    piece = ours | {"key": "1", "offset": "0", "piece": (io.BytesIO(b"%PDF"), "piece")}
    answer = walk.reporter.post("/materials/pieces", data=piece, content_type="multipart/form-data")
    assert (answer.status_code, answer.headers["Session-Ended"]) == (400, "1")
    response = walk.reporter.post(address, data=data | {"part_name": "依据.pdf"}, content_type="multipart/form-data")
    page = _signed_in(walk, response, password)
    assert "文件“依据.pdf”要再选一次" in page.text
    assert not {"part", "part_name", "part_size"} & page.form(address).keys()


def test_of_nobody_s_form_with_a_file_no_more_is_read_than_it_takes_to_see_that(walk: Walk) -> None:
    address, _ = _objection(walk)
    _new_password(walk)
    for mark in ("", "1.made-up"):
        body = Unread(b'--b\r\nContent-Disposition: form-data; name="form_of"\r\n\r\n' + mark.encode() + b"\r\n")
        environ = {"wsgi.input": body, "CONTENT_LENGTH": str(20 * 1024 * 1024)}
        response = walk.reporter.post(
            address, content_type="multipart/form-data; boundary=b", environ_overrides=environ
        )
        assert (response.status_code, response.location) == (302, "/login")
        assert body.taken <= 64 * 1024


class Unread(io.RawIOBase):
    """A long body that says how much of it was asked for."""

    def __init__(self, begun: bytes) -> None:
        self.begun, self.taken = begun, 0

    def read(self, size: int = -1) -> bytes:
        self.taken += size
        part, self.begun = self.begun[:size], self.begun[size:]
        return part + b"x" * (size - len(part))


def test_another_account_neither_sees_nor_sends_it(office: Office) -> None:
    address, field = marking_of(office)
    client = office.client(Role.ASSESSOR)
    response = ended(client, address, typed_into(client, address, **{field: "1", f"{field}:remark": "保密的话"}))
    other = office.sign_in(client, response, Role.ADMIN)
    page = Page(other)
    assert page.heading == "填的内容属于另一个账号"
    assert "保密的话" not in other.text
    assert not [form for form in page.root.iter("form") if form.get("action") == address]
    assert client.page("/polls").heading  # signed in, and free to work
    back = Page(office.sign_in(client, other, Role.ASSESSOR))
    assert "保密的话" in back.text
    assert back.form(address)[field] == "1"


def test_a_page_left_open_by_another_account_sends_nothing(office: Office) -> None:
    """Somebody else has signed in meanwhile in another tab."""
    address, field = marking_of(office)
    client = office.client(Role.ASSESSOR)
    data = typed_into(client, address, **{field: "1", f"{field}:remark": "保密的话"})
    client.delete_cookie("ceping")
    client.submit("/login", name="admin", password=office.passwords[Role.ADMIN])
    response = client.post(address, data=data)
    assert (response.status_code, Page(response).heading) == (400, "填的内容属于另一个账号")
    assert "保密的话" not in response.text


def test_nothing_legible_is_in_the_answer(office: Office) -> None:
    address, field = marking_of(office)
    client = office.client(Role.ASSESSOR)
    response = ended(client, address, typed_into(client, address, **{f"{field}:remark": "保密的话", field: "1"}))
    assert "保密的话" not in response.text
    assert "remark" not in response.text
    assert re.fullmatch(r"[\w=-]+", kept_of(response))


@pytest.mark.parametrize("spoil", ["", "x", "é", "gAAAA", "cut", "flipped"])
def test_what_was_altered_is_not_shown(office: Office, spoil: str) -> None:
    address, field = marking_of(office)
    client = office.client(Role.ASSESSOR)
    response = ended(client, address, typed_into(client, address, **{field: "1"}))
    whole = kept_of(response)
    middle = len(whole) // 2
    flipped = whole[:middle] + ("A" if whole[middle] != "A" else "B") + whole[middle + 1 :]
    kept = {"cut": whole[:-8], "flipped": flipped}.get(spoil, spoil)
    fields = Page(response).form("/login") | {"name": "assessor", "password": office.passwords[Role.ASSESSOR]}
    answer = client.post("/login", data=fields | {kept_forms.KEPT: kept})
    assert (answer.status_code, answer.location) == (302, "/home")
    assert "没有保留下来" in client.page("/assessments").text


def test_no_form_can_be_made_up_for_somebody_else(office: Office) -> None:
    """Whose form it is, is signed: a page made for one's own account gives nothing for another's."""
    address, field = marking_of(office)
    mine = typed_into(office.client(Role.ADMIN), address, **{field: "1"})
    mark = mine[kept_forms.OWNER]
    number, _, signature = mark.partition(".")
    client = office.client()
    for forged in (f"{int(number) + 1}.{signature}", f"{number}.{signature[:-1]}", number, f"{number}.", "", "é.é"):
        response = client.post(address, data=mine | {kept_forms.OWNER: forged})
        assert response.status_code == 400
        assert Page(response).heading == "页面已过期", forged


def test_it_goes_to_the_address_it_was_sent_to_and_no_other(office: Office) -> None:
    address, field = marking_of(office)
    client = office.client(Role.ASSESSOR)
    response = ended(client, address, typed_into(client, address, **{field: "1"}))
    fields = Page(response).form("/login") | {"name": "assessor", "password": office.passwords[Role.ASSESSOR]}
    page = Page(client.post("/login?next=/password", data=fields | {"path": "/password", "action": "/password"}))
    actions = [form.get("action") for form in page.root.iter("form")]
    assert sorted(map(str, actions)) == sorted(["/logout", address])


def test_it_expires(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    address, field = marking_of(office)
    client = office.client(Role.ASSESSOR)
    sent = office.site.now()
    response = ended(client, address, typed_into(client, address, **{field: "1"}))
    for late, status in ((timedelta(minutes=-1), 200), (timedelta(minutes=1), 302)):
        monkeypatch.setattr(Site, "now", lambda _self, late=late: sent + kept_forms.KEPT_FOR + late)
        assert office.sign_in(client, response, Role.ASSESSOR).status_code == status


def test_after_a_reset_only_the_new_password_leads_to_it(office: Office) -> None:
    """And the one-time password is changed first, with what was typed carried along."""
    address, field = marking_of(office)
    client = office.client(Role.ASSESSOR)
    response = ended(client, address, typed_into(client, address, **{field: "1"}))
    with office.site.database.writing() as session:
        once = accounts.reset_password(session, office.site.now(), COMMAND_LINE, "assessor", one_time=True)
    refused = office.sign_in(client, response, Role.ASSESSOR)
    assert refused.status_code == 400
    assert Page(refused).heading == ENDED
    first = office.sign_in(client, refused, Role.ASSESSOR, once)
    assert Page(first).heading == "请先设自己的密码"
    assert client.post(address, data=Page(first).form("/password") | {field: "1"}).status_code == 400  # not before
    wrong = client.post(
        "/password", data=Page(first).form("/password") | {"old": "no", "new": PASSWORD, "again": PASSWORD}
    )
    assert wrong.status_code == 400
    page = Page(
        client.post("/password", data=Page(wrong).form("/password") | {"old": once, "new": PASSWORD, "again": PASSWORD})
    )
    assert page.form(address)[field] == "1"
    assert client.post(address, data=page.form(address)).status_code == 302


def test_failed_tries_are_counted_and_limited_as_ever(office: Office) -> None:
    address, field = marking_of(office)
    client = office.client(Role.ASSESSOR)
    response = ended(client, address, typed_into(client, address, **{field: "1"}))
    for _ in range(sign_ins.MOST_HERE):
        response = office.sign_in(client, response, Role.ASSESSOR, "wrong")
        assert response.status_code == 400
    response = office.sign_in(client, response, Role.ASSESSOR)
    assert (response.status_code, "Retry-After" in response.headers) == (429, True)
    assert kept_of(response)


def test_a_sign_in_page_that_is_stale_itself_loses_nothing(office: Office) -> None:
    address, field = marking_of(office)
    client = office.client(Role.ASSESSOR)
    response = ended(client, address, typed_into(client, address, **{field: "1"}))
    client.delete_cookie("ceping")
    again = office.sign_in(client, response, Role.ASSESSOR)
    assert (again.status_code, kept_of(again)) == (400, kept_of(response))
    assert Page(office.sign_in(client, again, Role.ASSESSOR)).form(address)[field] == "1"


def test_a_button_alone_leads_back_to_be_pressed_again(office: Office) -> None:
    """Nothing was typed, and nobody confirms what they do not see."""
    page = f"/assessments/{office.assessment_id}/applicability"
    client = office.client(Role.ADMIN)
    data = client.page(page).form(f"{page}/approve")
    client.delete_cookie("ceping")
    response = client.post(f"{page}/approve", data=data, headers={"Referer": f"http://localhost{page}"})
    assert (response.status_code, Page(response).heading) == (400, "登录已过期")
    answer = office.sign_in(client, response, Role.ADMIN)
    assert (answer.status_code, answer.location) == (302, page)
    assert "请再点一次" in client.page(page).text


@pytest.mark.parametrize("elsewhere", ["https://evil.example/a", "//evil.example/a", "http://localhost//evil.example"])
def test_back_is_a_page_of_this_site(office: Office, elsewhere: str) -> None:
    page = f"/assessments/{office.assessment_id}/applicability"
    client = office.client(Role.ADMIN)
    data = client.page(page).form(f"{page}/approve")
    client.delete_cookie("ceping")
    response = client.post(f"{page}/approve", data=data, headers={"Referer": elsewhere})
    assert office.sign_in(client, response, Role.ADMIN).location == "/home"


def test_the_largest_form_there_may_be_is_kept(office: Office) -> None:
    """Of letters at random, which do not get shorter."""
    address = f"/assessments/{office.assessment_id}/units/new"
    client = office.client(Role.ADMIN)
    letters = "".join(map(chr, random.Random(1).choices(range(0x21, 0x7E), k=120_000)))
    data = typed_into(client, address, leaders=letters)
    kept = office.sign_in(client, ended(client, address, data), Role.ADMIN)
    assert Page(kept).form(address)["leaders"] == letters


def test_what_no_form_can_hold_is_not_kept(office: Office) -> None:
    address, field = marking_of(office)
    client = office.client(Role.ASSESSOR)
    data = typed_into(client, address, **{field: "1"})
    client.delete_cookie("ceping")
    response = client.post(address, data=data | {field: "1\0"})
    assert (response.status_code, Page(response).heading) == (400, "页面已过期")


def test_voters_addresses_keep_nothing(shown: Shown) -> None:
    """A voter has no session that could end."""
    mark = Page(shown.client(Role.ADMIN).get("/assessments/new")).form("/assessments/new")[kept_forms.OWNER]
    for rule in rules(shown.app):
        if declared(shown.app.view_functions[rule.endpoint]) != PUBLIC or rule.rule in ("/login", "/login/code"):
            continue
        if "POST" not in methods_of(rule):
            continue
        response = shown.client().post(next(addresses(shown.app, rule, shown.world)), data={kept_forms.OWNER: mark})
        assert f'name="{kept_forms.KEPT}"' not in response.text
