"""Signed in, for how long, and until when: on the server, so that a copied cookie ends with the session."""

import re
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask

from surveys.acts import sessions
from surveys.acts.actors import Role
from surveys.acts.site import Site
from surveys.polling.states import PollState
from surveys.web.access import ASKED_BY_SCRIPT
from tests.builders import account, build_poll, close_and_seal, holder, session_of
from tests.sites import NOW
from tests.strict_client import StrictClient
from tests.tools import together
from tests.worlds import build_accounts, client_of, client_with

pytestmark = pytest.mark.both

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SCRIPT = {ASKED_BY_SCRIPT: "1"}


class Clock:
    """The site's, which a test sets forward."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = NOW
        patch.setattr(Site, "now", lambda _site: self.now)

    def after(self, time: timedelta) -> datetime:
        self.now += time
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def stored(site: Site) -> list[tuple[datetime, datetime]]:
    """(made, last seen) of every session."""
    with site.database.reading() as session:
        rows = session.query(sessions.StaffSession).order_by(sessions.StaffSession.made_at)
        return [(row.made_at, row.seen_at) for row in rows]


def test_whoever_signs_out_is_nobody_by_a_copied_cookie_too(app: Flask, site: Site) -> None:
    ids, passwords = build_accounts(site)
    client = client_of(app)
    client.submit("/login", name="organizer", password=passwords[Role.ORGANIZER])
    cookie = client.get_cookie("ceping")
    assert cookie is not None
    stolen = client_of(app)
    stolen.set_cookie("ceping", cookie.value)
    other = client_of(app, ids[Role.ORGANIZER])
    assert stolen.get("/polls").status_code == 200
    assert client.submit("/polls", "/logout").location == "/login"
    answer = stolen.get("/polls")
    assert (answer.status_code, urlsplit(str(answer.location)).path) == (302, "/login")
    assert other.get("/polls").status_code == 200, "signed in elsewhere, and still"


def test_the_table_holds_nothing_that_signs_in(site: Site) -> None:
    actor = account(site, "甲")
    token = session_of(site, actor.account_id, NOW)
    with site.database.engine.connect() as connection:
        (row,) = connection.exec_driver_sql("SELECT * FROM sessions").all()
    assert token not in repr(row)
    assert holder(site, token) == actor
    for made_up in ("", "0" * 64, next(bytes(each) for each in row if isinstance(each, bytes | memoryview)).hex()):
        assert holder(site, made_up) is None


def test_a_session_ends_when_it_is_left_alone_and_in_any_case(site: Site) -> None:
    token = session_of(site, account(site, "甲").account_id, NOW)
    assert holder(site, token, NOW + 30 * MINUTE - timedelta(seconds=1)) is not None
    assert holder(site, token, NOW + 30 * MINUTE) is None
    now = NOW
    while now < NOW + 12 * HOUR - 20 * MINUTE:
        now += 20 * MINUTE
        assert holder(site, token, now) is not None
        with site.database.writing() as session:
            sessions.seen(session, now, token)
    assert holder(site, token, NOW + 12 * HOUR - timedelta(seconds=1)) is not None
    assert holder(site, token, NOW + 12 * HOUR) is None


def test_being_there_is_written_once_a_minute_by_one_of_many(site: Site) -> None:
    token = session_of(site, account(site, "甲").account_id, NOW)

    def be_there(now: datetime) -> None:
        with site.database.writing() as session:
            sessions.seen(session, now, token)

    be_there(NOW + MINUTE - timedelta(seconds=1))
    assert stored(site) == [(NOW, NOW)]
    together(*[lambda: be_there(NOW + MINUTE)] * 4)
    be_there(NOW + 2 * MINUTE - timedelta(seconds=1))
    assert stored(site) == [(NOW, NOW + MINUTE)]


def test_a_host_whose_clock_is_behind_signs_nobody_out(lite_app: Flask, lite_site: Site, clock: Clock) -> None:
    """Nor does the cookie say when it was signed: here by another host, a second ahead."""
    ids, _ = build_accounts(lite_site)
    client = client_of(lite_app, ids[Role.ADMIN])
    client.page("/polls")
    clock.after(timedelta(seconds=-1))
    serializer = lite_app.session_interface.get_signing_serializer(lite_app)  # type: ignore[attr-defined]
    cookie = client.get_cookie("ceping")
    assert cookie is not None
    value = serializer.loads(cookie.value)
    for seconds in (-1, 1, 300):
        moment = int(time.time()) + seconds
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("itsdangerous.timed.TimestampSigner.get_timestamp", lambda _self, at=moment: at)
            client.set_cookie("ceping", serializer.dumps(value))
        answer = client.get("/polls")
        assert (answer.status_code, answer.headers.getlist("Set-Cookie")) == (200, []), "signed again by no answer"


def test_sessions_that_are_too_old_are_thrown_away(site: Site) -> None:
    first, second = (account(site, name).account_id for name in "甲乙")
    session_of(site, first, NOW)
    session_of(site, second, NOW + 12 * HOUR - MINUTE)
    session_of(site, first, NOW + 12 * HOUR)
    assert [made for made, _ in stored(site)] == [NOW + 12 * HOUR - MINUTE, NOW + 12 * HOUR]


def test_a_password_of_one_s_own_ends_all_but_this_one(lite_app: Flask, lite_site: Site) -> None:
    ids, passwords = build_accounts(lite_site)
    here, there = (client_of(lite_app, ids[Role.ORGANIZER]) for _ in range(2))
    form = {"old": passwords[Role.ORGANIZER], "new": "一个新的足够长的密码", "again": "一个新的足够长的密码"}
    assert here.submit("/password", **form).location == "/home"
    assert (here.get("/polls").status_code, there.get("/polls").status_code) == (200, 302)


def test_signing_in_once_more_ends_the_session_there_was(lite_app: Flask, lite_site: Site) -> None:
    ids, passwords = build_accounts(lite_site)
    token = session_of(lite_site, ids[Role.ADMIN])
    client = client_with(lite_app, token)
    form = client_of(lite_app).page("/login").form("/login")
    form |= {"csrf_token": client.page("/polls").form("/logout")["csrf_token"], "name": "organizer"}
    assert client.post("/login", data=form | {"password": passwords[Role.ORGANIZER]}).location == "/home"
    assert holder(lite_site, token, lite_site.now()) is None


def meeting(site: Site) -> str:
    return f"/polls/{build_poll(site).poll_id}"


def organizer(app: Flask, site: Site) -> StrictClient:
    ids, _ = build_accounts(site)
    return client_of(app, ids[Role.ORGANIZER])


@pytest.mark.parametrize("state", [PollState.OPEN, PollState.PAUSED])
def test_the_desk_of_a_meeting_stays_signed_in_till_the_end_of_the_day(
    lite_app: Flask, lite_site: Site, clock: Clock, state: PollState
) -> None:
    home = meeting(lite_site)
    desk = organizer(lite_app, lite_site)
    if state is PollState.PAUSED:
        desk.submit(home, f"{home}/pause", reason="停电")
    for _ in range(27):
        clock.after(25 * MINUTE)
        page = desk.get(home, headers=SCRIPT)
        assert page.status_code == 200
        assert "您的登录到" not in page.text
    clock.after(20 * MINUTE)
    ends_at = (NOW + 12 * HOUR).astimezone(lite_site.settings.time_zone)
    assert f"您的登录到 {ends_at:%Y-%m-%d %H:%M} 为止" in desk.page(home).text
    clock.after(25 * MINUTE)
    assert desk.get(home, headers=SCRIPT).location == f"/login?next={home}"


def test_a_page_that_asks_by_itself_is_no_activity(lite_app: Flask, lite_site: Site, clock: Clock) -> None:
    home = meeting(lite_site)
    desk = organizer(lite_app, lite_site)
    close_and_seal(lite_site, 1)
    for _ in range(2):
        clock.after(14 * MINUTE)
        assert desk.get(home, headers=SCRIPT).status_code == 200
    assert stored(lite_site) == [(NOW, NOW)]
    clock.after(MINUTE)
    assert desk.get(home).status_code == 200
    assert stored(lite_site) == [(NOW, clock.now)], "somebody opened it"
    desk.get("/help")
    for _ in range(29):
        clock.after(MINUTE)
        desk.get(home, headers=SCRIPT)
    clock.after(MINUTE)
    assert desk.get(home).status_code == 302


def test_every_script_that_asks_again_and_again_is_known(lite_app: Flask) -> None:
    """What it asks for is open to everybody, and no activity of anybody; or it says that nobody asked."""
    asking = {
        file.name: file.read_text(encoding="utf-8")
        for file in Path(str(lite_app.static_folder)).glob("*.js")
        if re.search(r"setTimeout\(look|setInterval\([^)]*(?:request|fetch)", file.read_text(encoding="utf-8"))
    }
    assert set(asking) == {"desk.js", "door.js", "screen.js"}
    assert f'setRequestHeader("{ASKED_BY_SCRIPT}"' in asking["desk.js"]


def test_a_page_is_shown_where_being_there_cannot_be_written(
    lite_app: Flask, lite_site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = organizer(lite_app, lite_site)
    clock.after(2 * MINUTE)
    monkeypatch.setattr("surveys.storage.database.BUSY_TIMEOUT_MS", 10)
    with lite_site.database.writing():
        assert desk.get("/polls").status_code == 200
    assert stored(lite_site) == [(NOW, NOW)]


def test_ones_own_sessions_are_listed_and_another_one_is_ended(lite_app: Flask, lite_site: Site) -> None:
    ids, passwords = build_accounts(lite_site)
    here, there = client_of(lite_app, ids[Role.ORGANIZER]), client_of(lite_app, ids[Role.ORGANIZER])
    other = client_of(lite_app, ids[Role.ADMIN])
    page = here.page("/password")
    assert page.html.count('name="key"') == 1
    assert "这里" in page.text
    form = page.form("/sessions/end")
    assert other.post("/sessions/end", data=other_form(other, form)).status_code == 404, "nobody else's"
    assert there.get("/polls").status_code == 200
    assert here.post("/sessions/end", data=form).status_code == 302
    assert "那处登录已结束" in here.page("/password").text
    assert (there.get("/polls").status_code, here.get("/polls").status_code) == (302, 200)
    assert here.post("/sessions/end", data=form).status_code == 404
    assert here.post("/sessions/end", data=form | {"key": "x"}).status_code == 404
    assert passwords[Role.ORGANIZER] not in page.html


def other_form(client: StrictClient, form: dict[str, Any]) -> dict[str, Any]:
    """The same fields with the other's own token."""
    return form | {"csrf_token": client.page("/password").form("/password")["csrf_token"]}


def test_ones_last_sign_ins_are_shown(lite_app: Flask, lite_site: Site) -> None:
    _, passwords = build_accounts(lite_site)
    client = client_of(lite_app)
    client.submit("/login", name="organizer", password="wrong wrong")
    client.submit("/login", name="organizer", password=passwords[Role.ORGANIZER])
    client_of(lite_app).submit("/login", name="admin", password="wrong wrong")
    shown = client.page("/password").text
    assert shown.count("密码不对") == 1
    assert shown.count("成功") == 1
