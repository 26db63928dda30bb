"""Who may open what: every route declares it, every role gets what the one table says."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask import Flask
from werkzeug.routing import Rule

from surveys.acts.actors import WHO_MAY, Permission, Role
from surveys.acts.site import Site
from surveys.web.access import PUBLIC, SIGNED_IN, declared
from tests.builders import build_unit
from tests.sites import unguarded
from tests.worlds import PASSWORD, Shown, addresses, build_accounts, client_of, walker

pytestmark = pytest.mark.both

ELSEWHERE = [
    "//evil.example",
    "/\\evil.example",
    "https://evil.example/polls",
    "/\t/evil.example",
    "evil",
    "javascript:1",
]


def rules(app: Flask) -> list[Rule]:
    return list(app.url_map.iter_rules())


def access_of(app: Flask, rule: Rule) -> str | None:
    return declared(app.view_functions[rule.endpoint])


def staff_rules(app: Flask) -> list[Rule]:
    return [rule for rule in rules(app) if access_of(app, rule) != PUBLIC]


def methods_of(rule: Rule) -> set[str]:
    return (rule.methods or set()) - {"OPTIONS"}


def test_every_route_declares_who_may_call_it(shown: Shown) -> None:
    undeclared = [rule.rule for rule in rules(shown.app) if access_of(shown.app, rule) is None]
    assert not undeclared


def test_only_these_routes_are_public(shown: Shown) -> None:
    public = {rule.rule for rule in rules(shown.app) if access_of(shown.app, rule) == PUBLIC}
    doors = {"/door/<token>", "/door/<token>/state", "/d/<showing>"}
    screens = {"/screen/<prefix>", "/screen/<prefix>/live"}
    ballots = {"/", "/b/<code>", "/board/<prefix>", "/secrecy", "/help"}
    assert public == {*ballots, *doors, *screens, "/login", "/login/code", "/static/<path:filename>"}


def test_what_is_declared_is_a_permission(shown: Shown) -> None:
    for rule in staff_rules(shown.app):
        access = access_of(shown.app, rule)
        assert access == SIGNED_IN or access in set(Permission), rule.rule


@pytest.mark.parametrize("role", [None, *Role])
def test_a_view_without_a_declaration_is_refused_to_everybody(lite_site: Site, role: Role | None) -> None:
    app = unguarded(lite_site)
    app.add_url_rule("/throw-away", view_func=lambda: "open", methods=["GET", "POST"])
    build_unit(lite_site)
    ids, _ = build_accounts(lite_site)
    client = client_of(app, None if role is None else ids[role])
    for method in ("GET", "HEAD", "POST", "OPTIONS"):
        assert client.open("/throw-away", method=method).status_code == 403


def test_nobody_is_sent_to_sign_in(shown: Shown) -> None:
    client = shown.client()
    for rule in staff_rules(shown.app):
        if "GET" not in methods_of(rule):
            continue
        for address in addresses(shown.app, rule, shown.world):
            response = client.get(address + "?a=1")
            assert response.status_code == 302, address
            assert response.location is not None
            parts = urlsplit(response.location)
            assert (parts.path, parse_qs(parts.query)) == ("/login", {"next": [f"{address}?a=1"]})


def test_nobody_posts_anything(lite_site: Site) -> None:
    app = unguarded(lite_site)
    client = client_of(app)
    for rule in staff_rules(app):
        if "POST" not in methods_of(rule):
            continue
        address = app.url_map.bind("localhost").build(rule.endpoint, dict.fromkeys(rule.arguments, 1))
        response = client.post(address)
        assert (response.status_code, response.location) == (302, "/login"), address
    assert "登录已过期" in client.page("/login").text


@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_what_the_table_says(shown: Shown, role: Role) -> None:
    """With no form filled in: a refusal of the role is 403, anything else is another answer."""
    client = walker(shown.app, shown.world.by_role[role])
    for rule in staff_rules(shown.app):
        access = access_of(shown.app, rule)
        allowed = access == SIGNED_IN or role in WHO_MAY[Permission(str(access))]
        if "GET" not in methods_of(rule):
            continue
        for address in addresses(shown.app, rule, shown.world):
            refused = client.get(address).status_code == 403
            assert refused is not allowed, address


@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_post_what_the_table_says(lite_site: Site, role: Role) -> None:
    app = unguarded(lite_site)
    build_unit(lite_site)
    ids, _ = build_accounts(lite_site)
    for rule in staff_rules(app):
        if "POST" not in methods_of(rule):
            continue
        access = access_of(app, rule)
        allowed = access == SIGNED_IN or role in WHO_MAY[Permission(str(access))]
        address = app.url_map.bind("localhost").build(rule.endpoint, dict.fromkeys(rule.arguments, 999))
        status = client_of(app, ids[role]).post(address).status_code
        assert (status == 403) is not allowed, f"POST {address}: {status}"
        assert status < 500, f"POST {address}: {status}"


def test_signing_in_leads_to_the_page_that_was_asked_for(shown: Shown) -> None:
    client = shown.client()
    wanted = f"/polls/{shown.world.open.poll_id}"
    address = client.get(wanted).location
    assert address is not None
    fields = {"name": "organizer", "password": shown.world.passwords[Role.ORGANIZER]}
    response = client.post(address, data=client.page(address).form(address) | fields)
    assert (response.status_code, response.location) == (302, wanted)
    assert client.page(wanted).heading.startswith("样例审计局")


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_signing_in_leads_nowhere_else(shown: Shown, elsewhere: str) -> None:
    client = shown.client()
    address = "/login?" + urlencode({"next": elsewhere})
    fields = {"name": "admin", "password": shown.world.passwords[Role.ADMIN]}
    response = client.post(address, data=client.page(address).form(address) | fields)
    assert (response.status_code, response.location) == (302, "/home")


@pytest.mark.parametrize(
    ("role", "home"),
    [("admin", "/polls"), ("organizer", "/polls"), ("assessor", "/assessments"), ("reporter", "/materials")],
)
def test_home_is_the_page_a_role_works_on(shown: Shown, role: str, home: str) -> None:
    assert shown.client(Role(role)).get("/home").location == home


@pytest.mark.parametrize("fields", [{"password": "wrong"}, {"name": "nobody"}, {"name": ""}, {"password": ""}])
def test_wrong_credentials_are_refused_in_words(shown: Shown, fields: dict[str, str]) -> None:
    client = shown.client()
    right = {"name": "admin", "password": shown.world.passwords[Role.ADMIN]}
    response = client.submit("/login", **(right | fields))
    assert response.status_code == 400
    assert "账号" in response.text
    assert client.get("/polls").status_code == 302


@pytest.mark.parametrize("name", ["adm\0in", "x" * 101, "账号'\"--"])
def test_strange_names_are_wrong_credentials(app: Flask, name: str) -> None:
    response = client_of(app).submit("/login", name=name, password="wrong")
    assert response.status_code == 400


def test_who_is_signed_in_need_not_sign_in(shown: Shown) -> None:
    assert shown.client(Role.ADMIN).get("/login").location == "/home"


def test_signing_out_ends_the_session(shown: Shown) -> None:
    client = shown.client(Role.ADMIN)
    response = client.submit("/polls", "/logout")
    assert (response.status_code, response.location) == (302, "/login")
    assert client.get("/polls").status_code == 302


def test_a_new_password_ends_the_other_sessions(lite_app: Flask, lite_site: Site) -> None:
    ids, passwords = build_accounts(lite_site)
    other, client = client_of(lite_app, ids[Role.ADMIN]), client_of(lite_app, ids[Role.ADMIN])
    response = client.submit("/password", old=passwords[Role.ADMIN], new=PASSWORD, again=PASSWORD)
    assert (response.status_code, response.location) == (302, "/home")
    assert "密码已修改" in client.page("/polls").text
    assert other.get("/polls").status_code == 302
    fresh = client_of(lite_app)
    assert fresh.submit("/login", name="admin", password=PASSWORD).location == "/home"


@pytest.mark.parametrize(("fields", "words"), [({"old": "wrong"}, "原密码不对"), ({"new": "short"}, "至少 10 个字符")])
def test_a_password_is_changed_only_properly(
    lite_app: Flask, lite_site: Site, fields: dict[str, str], words: str
) -> None:
    ids, passwords = build_accounts(lite_site)
    client = client_of(lite_app, ids[Role.ADMIN])
    response = client.submit(
        "/password", **({"old": passwords[Role.ADMIN], "new": PASSWORD, "again": PASSWORD} | fields)
    )
    assert response.status_code == 400
    assert words in response.text


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(shown: Shown) -> None:
    client = shown.client()
    fields = {"name": "admin", "password": shown.world.passwords[Role.ADMIN]}
    cookie = client.submit("/login", **fields).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
