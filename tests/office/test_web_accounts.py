"""The admin's account pages: one by one, many at once, and the first sign-in with a one-time password."""

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from surveys.acts import sessions
from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.site import Site
from surveys.office import accounts
from surveys.office.pages import known_browsers
from surveys.office.sign_ins import MOST_HERE
from surveys.season import assessments
from surveys.storage.tables import Account
from surveys.web import callers
from tests.builders import account, build_unit, dump
from tests.season.test_web_rosters import sent
from tests.sites import NOW
from tests.strict_client import Page, StrictClient
from tests.vote.desk.test_web_polls import assert_in_chinese
from tests.worlds import PASSWORD, build_accounts, client_of

ONE_TIME = re.compile(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}")
LIST = "账号名,角色,部门或单位\n网信甲,考评员,市委网信办\n组织一,组织员,\n"


@pytest.fixture
def assessment_id(lite_site: Site) -> int:
    found, _ = build_unit(lite_site)
    build_unit(lite_site, "样例档案局", assessment_id=found)
    return found


@pytest.fixture
def admin(lite_app: Flask, lite_site: Site, assessment_id: int) -> StrictClient:
    ids, _ = build_accounts(lite_site)
    return client_of(lite_app, ids[Role.SYSTEM])


def id_of(admin: StrictClient, name: str) -> int:
    links = admin.page(f"/accounts?q={name}").links()
    return next(int(link.rsplit("/", 1)[1]) for link in links if re.fullmatch(r"/accounts/\d+", link))


def signed_in(site: Site, name: str, password: str) -> Actor:
    with site.database.reading() as session:
        return accounts.sign_in(session, NOW, name, password)


def handed_out(response: TestResponse) -> dict[str, str]:
    """Passwords by name, from a CSV."""
    assert response.status_code == 200
    assert response.headers["Content-Disposition"].startswith("attachment")
    rows = list(csv.reader(io.StringIO(response.get_data().decode("utf-8-sig"))))[1:]
    return {row[0]: row[3] for row in rows}


def test_only_an_admin_has_the_page_in_the_menu(lite_app: Flask, lite_site: Site) -> None:
    ids, _ = build_accounts(lite_site)
    for role, key in ids.items():
        client = client_of(lite_app, key)
        home = client.get("/home").location
        assert ("/accounts" in client.page(str(home)).links()) is (role is Role.SYSTEM)


def test_an_account_is_made_and_its_password_shown_once(lite_site: Site, admin: StrictClient) -> None:
    response = admin.submit("/accounts/new", name="李 四", role="assessor", department="市纪委", unit_id="")
    assert response.status_code == 200
    assert_in_chinese(Page(response))
    (password,) = ONE_TIME.findall(Page(response).text)
    actor = signed_in(lite_site, "李四", password)
    assert actor is not None
    assert (actor.role, actor.department, actor.must_change) == (Role.ASSESSOR, "市纪委", True)
    page = admin.page(f"/accounts/{id_of(admin, '李四')}")
    assert "没改过一次性密码" in page.text
    assert password not in page.text
    # Sent again, as by a reload: no second account, no other password.
    again = admin.submit("/accounts/new", name="李四", role="assessor", department="市纪委")
    assert again.status_code == 400
    assert "已经存在" in again.text
    assert signed_in(lite_site, "李四", password) == actor


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": ""}, "请填写此项"),
        ({"role": ""}, "请选角色"),
        ({"role": "king"}, "角色"),
        ({"role": "reporter", "department": ""}, "报送员账号须写明所属单位"),
        ({"role": "organizer"}, "其他账号不写"),
        ({"department": "没有这个部门"}, "考核部门"),
        ({"name": "长" * 101}, "最多 100 个字"),
    ],
)
def test_what_cannot_be_an_account_is_refused_in_words(
    lite_site: Site, admin: StrictClient, fields: dict[str, str], words: str
) -> None:
    before = dump(lite_site.database)
    right = {"name": "李四", "role": "assessor", "department": "市纪委"}
    response = admin.submit("/accounts/new", **(right | fields))
    assert response.status_code == 400
    assert words in response.text
    assert_in_chinese(Page(response))
    assert dump(lite_site.database) == before


def test_the_list_is_searched_and_filtered(admin: StrictClient) -> None:
    def names(query: str) -> list[str]:
        links = [link for link in admin.page(f"/accounts{query}").links() if re.fullmatch(r"/accounts/\d+", link)]
        return [admin.page(link).heading for link in links]

    assert names("") == ["system", "admin", "auditor", "organizer", "assessor", "scrutineer", "reporter", "reader"]
    assert names("?q=样例局") == ["reporter"]
    assert names("?role=scrutineer") == ["scrutineer"]
    assert names("?standing=new") == []
    assert names("?role=nothing&standing=nothing") == names("")
    assert "没有符合的账号" in admin.page("/accounts?q=nobody").text


def test_a_password_is_reset_with_a_reason_and_ends_the_sessions(
    lite_app: Flask, lite_site: Site, admin: StrictClient
) -> None:
    address = f"/accounts/{id_of(admin, 'organizer')}"
    other = client_of(lite_app, _id_in(lite_site, "organizer"))
    assert other.get("/polls").status_code == 200
    assert admin.submit(address, f"{address}/reset", reason="").status_code == 400
    response = admin.submit(address, f"{address}/reset", reason="忘了密码")
    (password,) = ONE_TIME.findall(Page(response).text)
    assert other.get("/polls").status_code == 302
    found = signed_in(lite_site, "organizer", password)
    assert found is not None
    assert found.must_change
    assert "忘了密码" in admin.page(address).text


def _id_in(site: Site, name: str) -> int:
    return next(int(str(row["id"])) for row in _rows(site) if row["name"] == name)


def _rows(site: Site) -> list[dict[str, object]]:
    with site.database.engine.connect() as connection:
        return [dict(row) for row in connection.exec_driver_sql("SELECT * FROM accounts").mappings()]


def test_an_account_is_switched_off_and_on(lite_app: Flask, lite_site: Site, admin: StrictClient) -> None:
    address = f"/accounts/{id_of(admin, 'organizer')}"
    other = client_of(lite_app, _id_in(lite_site, "organizer"))
    assert admin.submit(address, f"{address}/deactivate", reason="调离").location == address
    assert other.get("/polls").status_code == 302
    assert "已停用" in admin.page(address).text
    assert admin.submit(address, f"{address}/activate", reason="调回").location == address
    assert other.get("/polls").status_code == 302  # the old session stays ended
    token = admin.page(address).form(f"{address}/deactivate")
    assert admin.post(f"{address}/activate", data=token | {"reason": "再来"}).status_code == 409


def test_oneself_has_no_buttons_and_no_way(lite_site: Site, admin: StrictClient) -> None:
    account(lite_site, "副主任", Role.SYSTEM)
    own, other = f"/accounts/{id_of(admin, 'system')}", f"/accounts/{id_of(admin, '副主任')}"
    assert "这是您自己的账号" in admin.page(own).text
    fields = admin.page(other).form(f"{other}/deactivate") | {"reason": "试试"}
    for act in ("deactivate", "reset"):
        response = admin.post(f"{own}/{act}", data=fields)
        assert response.status_code == 409
    assert admin.get("/accounts").status_code == 200


def test_an_assessor_and_a_reporter_are_moved(lite_site: Site, admin: StrictClient, assessment_id: int) -> None:
    assessor, reporter = (f"/accounts/{id_of(admin, name)}" for name in ("assessor", "reporter"))
    assert admin.submit(assessor, f"{assessor}/move", place="市纪委", reason="换岗").location == assessor
    with lite_site.database.reading() as session:
        units = {unit.name: unit.id for unit in assessments.assessment_of(session, assessment_id).units}
    assert (
        admin.submit(reporter, f"{reporter}/move", place=str(units["样例档案局"]), reason="换岗").location == reporter
    )
    assert "样例局（样例考核） → 样例档案局（样例考核）：换岗" in admin.page(reporter).text
    found = {row["name"]: (row["department"], row["unit_id"]) for row in _rows(lite_site)}
    assert (found["assessor"], found["reporter"]) == (("市纪委", None), (None, units["样例档案局"]))
    for address, place in ((assessor, "1"), (reporter, "市纪委"), (reporter, "")):
        assert admin.submit(address, f"{address}/move", place=place, reason="换岗").status_code == 400
    organizer = f"/accounts/{id_of(admin, 'organizer')}"
    fields = admin.page(organizer).form(f"{organizer}/reset") | {"place": "市纪委", "reason": "换岗"}
    assert admin.post(f"{organizer}/move", data=fields).status_code == 400


def test_a_unit_is_chosen_by_assessment_where_there_are_several(admin: StrictClient, lite_site: Site) -> None:
    with lite_site.database.writing() as session:
        year = assessments.create_assessment(session, NOW, COMMAND_LINE, "下年考核", ["county"])
    build_unit(lite_site, "样例县", framework="county", assessment_id=year, marking=False)
    html = admin.page("/accounts/new").html
    assert '<optgroup label="下年考核">' in html
    response = admin.submit("/accounts/new", name="李四", role="reporter", unit_id=_unit_id(lite_site, "样例县"))
    assert response.status_code == 200


def _unit_id(site: Site, name: str) -> str:
    with site.database.engine.connect() as connection:
        return str(connection.exec_driver_sql(f"SELECT id FROM units WHERE name = '{name}'").scalar_one())


def test_no_such_account_is_a_page_that_is_not_there(admin: StrictClient) -> None:
    fields = admin.page("/accounts/new").form("/accounts/new") | {"reason": "x", "place": "x"}
    assert admin.get("/accounts/999").status_code == 404
    for act in ("reset", "deactivate", "activate", "move"):
        assert admin.post(f"/accounts/999/{act}", data=fields).status_code == 404


def test_a_file_is_uploaded_seen_and_made(lite_site: Site, admin: StrictClient, assessment_id: int) -> None:
    upload = f"/assessments/{assessment_id}/accounts/import"
    assert upload in admin.page("/accounts").links()
    preview = str(sent(admin, upload, LIST.encode("gb18030"), "账号.csv").location)
    page = admin.page(preview)
    assert_in_chinese(page)
    for words in ("网信甲", "考评员", "市委网信办", "组织一"):
        assert words in page.text
    made = handed_out(admin.submit(preview, format="csv"))
    assert list(made) == ["网信甲", "组织一"]
    for name, password in made.items():
        assert signed_in(lite_site, name, password) is not None
        assert password not in admin.page("/accounts").text
    assert admin.get(preview).status_code == 404


def test_faults_of_a_file_are_shown_at_their_cells(lite_site: Site, admin: StrictClient, assessment_id: int) -> None:
    before = dump(lite_site.database)
    upload = f"/assessments/{assessment_id}/accounts/import"
    response = sent(admin, upload, LIST + "<b>丙</b>,考评员,没有的部门\n=1,大王,\n", "账号.csv")
    assert response.status_code == 400
    page = Page(response)
    for words in ("有 3 处要改", "第 4 行 C 列（部门或单位）", "第 5 行 B 列（角色）", "=1", "什么都没有导入"):
        assert words in page.text, words
    assert "<b>丙" not in page.html
    assert sent(admin, upload, b"%PDF-1.7", "账号.xlsx").status_code == 400
    assert dump(lite_site.database) == before


def test_a_preview_that_no_longer_holds_is_shown_anew(lite_site: Site, admin: StrictClient, assessment_id: int) -> None:
    preview = str(sent(admin, f"/assessments/{assessment_id}/accounts/import", LIST, "账号.csv").location)
    form = admin.page(preview).form(preview)
    admin.submit("/accounts/new", name="组织一", role="organizer")
    response = admin.post(preview, data=form)
    assert response.status_code == 409
    assert "“组织一”刚刚已经建了" in response.text


def test_the_template_is_a_workbook(admin: StrictClient, assessment_id: int) -> None:
    upload = f"/assessments/{assessment_id}/accounts/import"
    template = next(link for link in admin.page(upload).links() if link.endswith("template.xlsx"))
    assert admin.get(template).get_data().startswith(b"PK")


@pytest.mark.parametrize(("kind", "start"), [("pdf", b"%PDF"), ("xlsx", b"PK"), ("csv", b"\xef\xbb\xbf")])
def test_every_unit_gets_a_reporter_in_one_answer(
    lite_site: Site, admin: StrictClient, assessment_id: int, kind: str, start: bytes
) -> None:
    address = f"/assessments/{assessment_id}/reporters"
    assert address in admin.page("/accounts").links()
    assert "样例档案局" in admin.page(address).text  # the first unit has a reporter
    form = admin.page(address).form(address) | {"format": kind}
    response = admin.post(address, data=form)
    assert response.get_data().startswith(start)
    assert response.headers["Cache-Control"] == "no-store"
    assert "每个单位都有报送员账号了" in admin.page(address).text
    assert admin.post(address, data=form).status_code == 409
    assert sum(row["role"] == "reporter" for row in _rows(lite_site)) == 2


def test_a_lost_file_is_issued_again_for_those_that_are_ticked(
    lite_site: Site, admin: StrictClient, assessment_id: int
) -> None:
    upload = f"/assessments/{assessment_id}/accounts/import"
    preview = str(sent(admin, upload, LIST, "账号.csv").location)
    first = handed_out(admin.submit(preview, format="csv"))
    address = "/accounts?standing=new"
    action = "/accounts/reissue?standing=new"
    ids = {name: id_of(admin, name) for name in first}
    fields = admin.page(address).form(action) | {"format": "csv", "reason": "没存好"}
    again = handed_out(admin.post("/accounts/reissue", data=fields | {"account": [str(ids["组织一"])]}))
    assert list(again) == ["组织一"]
    assert again["组织一"] != first["组织一"]
    assert signed_in(lite_site, "网信甲", first["网信甲"]) is not None
    own = str(id_of(admin, "system"))
    for data, status in (({"account": []}, 400), ({"account": ["x"]}, 400), ({"account": [own]}, 409)):
        refused = admin.post(action, data=fields | data)
        assert refused.status_code == status
        assert 'role="alert"' in refused.text
    assert admin.post(action, data=fields | {"account": [str(ids["组织一"])], "reason": ""}).status_code == 400


def test_a_one_time_password_leads_to_the_change_and_nowhere_else(
    lite_app: Flask, lite_site: Site, admin: StrictClient
) -> None:
    response = admin.submit("/accounts/new", name="新来的", role="organizer")
    (password,) = ONE_TIME.findall(Page(response).text)
    client = client_of(lite_app)
    client.submit("/login", name="新来的", password=password.lower().replace("-", ""))
    for address in ("/home", "/polls", "/assessments", "/accounts"):
        assert client.get(address).location == "/password"
    page = client.page("/password")
    assert page.heading == "请先设自己的密码"
    assert not {"/polls", "/assessments", "/accounts"} & set(page.links())
    fields = page.form("/password")
    for address in ("/accounts/new", "/accounts/1/deactivate", "/assessments/new"):
        assert client.post(address, data=fields).location == "/password"
    assert client.submit("/password", old=password, new=password, again=password).status_code == 400
    assert client.submit("/password", old=password, new=PASSWORD, again=PASSWORD).location == "/home"
    assert client.page("/polls").heading == "测评会"
    assert client.submit("/polls", "/logout").location == "/login"


def test_too_many_failures_are_told_with_the_wait(lite_app: Flask, lite_site: Site) -> None:
    _, passwords = build_accounts(lite_site)
    client = client_of(lite_app)
    for _ in range(MOST_HERE):
        assert client.submit("/login", name="organizer", password="x").status_code == 400
    response = client.submit("/login", name="organizer", password=passwords[Role.ORGANIZER])
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 300
    assert "密码错得太多，这次没有核对。请过" in Page(response).text
    # A minute of somebody else's, elsewhere: signs in.
    other = client.page("/login").form("/login") | {"name": "organizer", "password": passwords[Role.ORGANIZER]}
    elsewhere = client.post("/login", data=other, environ_overrides={"REMOTE_ADDR": "198.51.100.9"})
    assert elsewhere.location == "/home"


def test_a_stranger_in_the_hall_keeps_nobody_of_the_staff_out(
    lite_app: Flask, lite_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """41 made-up names from the address of the hall, then the organizer with the right password, from there."""
    now = [NOW]
    monkeypatch.setattr(Site, "now", lambda _site: now[0])
    _, passwords = build_accounts(lite_site)
    right = {"name": "organizer", "password": passwords[Role.ORGANIZER]}
    known, unknown, stranger = (client_of(lite_app) for _ in range(3))
    for client in (known, unknown, stranger):
        client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert known.submit("/login", **right).location == "/home"
    known.submit("/polls", "/logout")
    form = stranger.page("/login").form("/login")
    statuses = [stranger.post("/login", data=form | {"name": f"某{n}", "password": "x"}).status_code for n in range(41)]
    assert statuses == [400] * 40 + [429]
    assert known.submit("/login", **right).location == "/home"
    refused = unknown.submit("/login", **right)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "5")
    assert "隔几秒才核对一次，这次没有核对。请过 5 秒再试" in Page(refused).text
    assert unknown.get("/polls").status_code == 302
    now[0] += timedelta(seconds=5)
    assert unknown.submit("/login", **right).location == "/home"


def test_the_mark_of_a_known_browser_is_for_the_sign_in_page_alone(lite_app: Flask, lite_site: Site) -> None:
    ids, passwords = build_accounts(lite_site)
    client = client_of(lite_app)
    answer = client.submit("/login", name="organizer", password=passwords[Role.ORGANIZER])
    name = f"{known_browsers.PREFIX}{ids[Role.ORGANIZER]}"
    (cookie,) = (each for each in answer.headers.getlist("Set-Cookie") if each.startswith(name))
    assert {"HttpOnly", "SameSite=Lax", "Path=/login"} <= set(cookie.split("; "))
    mark = client.get_cookie(name, path="/login")
    assert mark is not None
    stranger = client_of(lite_app)
    stranger.set_cookie(name, mark.value, path="/login")
    stranger.set_cookie("ceping", mark.value)
    assert stranger.get("/polls").status_code == 302, "it opens nothing"
    changed = client.submit("/password", old=passwords[Role.ORGANIZER], new=PASSWORD, again=PASSWORD)
    assert name in str(changed.headers.getlist("Set-Cookie")), "the old one is void with the old password"


def test_a_switched_off_account_in_the_very_moment_is_not_signed_in(
    lite_app: Flask, lite_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, passwords = build_accounts(lite_site)
    original = sessions.find

    def off(*arguments: Any) -> sessions.Found | None:
        with lite_site.database.engine.begin() as another:  # an admin's request, at the same moment
            another.execute(sa.update(Account).where(Account.name == "organizer").values(active=False))
        return original(*arguments)

    monkeypatch.setattr(sessions, "find", off)
    response = client_of(lite_app).submit("/login", name="organizer", password=passwords[Role.ORGANIZER])
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("192.0.2.7", None, "192.0.2.7"),
        ("192.0.2.7", "198.51.100.9", "192.0.2.7"),  # not from our proxy: anybody can write it
        ("127.0.0.1", "203.0.113.1, 198.51.100.9", "198.51.100.9"),
        ("127.0.0.1", None, ""),
        ("127.0.0.1", "unknown", ""),
        ("::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", None, "192.0.2.7"),
        ("10.0.0.5", "198.51.100.9", "10.0.0.5"),
        ("", None, ""),
    ],
)
def test_where_a_request_came_from(lite_app: Flask, peer: str, forwarded: str | None, found: str) -> None:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    with lite_app.test_request_context("/login", environ_base={"REMOTE_ADDR": peer}, headers=headers):
        settings = lite_app.extensions["site"].settings
        assert callers.address(settings) == found
