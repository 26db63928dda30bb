"""Alarms: found once, sent once, over when what they told of is; seen by whom they are for."""

import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from flask import Flask

from surveys.acts import audit
from surveys.acts.actors import COMMAND_LINE, Role
from surveys.acts.audit import Outcome
from surveys.acts.site import Site
from surveys.entry.alarms import keeping, sending, watching
from surveys.entry.alarms.finding import A_SERIES, AlarmKind
from surveys.polling.disclosure import TURNOUT_STEP
from surveys.storage.tables import AlarmEntry, Leftover
from tests.builders import account, build_poll, cast_each, close, count_present, run_sql
from tests.sites import NOW
from tests.worlds import build_accounts, client_of


def watch(site: Site, later: timedelta = timedelta()) -> list[tuple[str, str]]:
    """What stands after it."""
    keeping.watch(site, NOW + later)
    with site.database.reading() as session:
        query = sa.select(AlarmEntry).where(AlarmEntry.over_at.is_(None)).order_by(AlarmEntry.id)
        return [(each.kind, each.subject) for each in session.scalars(query)]


def refuse(site: Site, times: int) -> None:
    with site.database.writing() as session:
        for _ in range(times):
            audit.record(session, NOW, COMMAND_LINE, "access.refused", "/accounts", result=Outcome.REFUSED)
        session.commit()


def test_a_lock_out_is_told_once_and_is_over_after_a_day(lite_site: Site) -> None:
    with lite_site.database.writing() as session:
        audit.record_stranger(session, NOW, None, "account.locked_out", "admin", Outcome.REFUSED)
        session.commit()
    assert keeping.watch(lite_site, NOW) == 1
    assert keeping.watch(lite_site, NOW + timedelta(minutes=1)) == 0
    assert watch(lite_site) == [("locked_out", "admin")]
    assert watch(lite_site, timedelta(hours=25)) == []


def test_a_series_of_refusals(lite_site: Site) -> None:
    refuse(lite_site, A_SERIES - 1)
    assert watch(lite_site) == []
    refuse(lite_site, 1)
    assert watch(lite_site) == [("refusals", "命令行")]


def test_more_ballots_than_people_in_steps_while_they_vote(lite_site: Site) -> None:
    """One ballot more than people tells of one voter; a whole step does not."""
    world = build_poll(lite_site, count=12)
    cast_each(lite_site, world, {"A": ["A"] * (TURNOUT_STEP + 1)})
    count_present(lite_site, world.poll_id, TURNOUT_STEP)
    assert watch(lite_site) == []
    count_present(lite_site, world.poll_id, TURNOUT_STEP - 1)
    assert [kind for kind, _ in watch(lite_site)] == ["above_present"]
    count_present(lite_site, world.poll_id, TURNOUT_STEP)
    assert watch(lite_site) == []
    close(lite_site, world.poll_id)
    assert [kind for kind, _ in watch(lite_site)] == ["above_present"]


def test_what_could_not_be_cleaned_and_not_what_waits(lite_site: Site) -> None:
    with lite_site.database.writing() as session:
        session.add_all([Leftover(prefix="AAAA", reason=None), Leftover(prefix="BBBB", reason="备份正在读")])
        session.commit()
    assert watch(lite_site) == [("cleaning", "BBBB")]
    run_sql(lite_site, "DELETE FROM leftovers")
    assert watch(lite_site) == []


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.mark.parametrize(("usage", "told"), [((100 << 30, 0, 20 << 30), False), ((100 << 30, 0, 4 << 30), True)])
def test_a_disk_that_is_nearly_full(
    lite_site: Site, monkeypatch: pytest.MonkeyPatch, usage: tuple[int, int, int], told: bool
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(*usage))
    assert watch(lite_site) == ([("disk", "")] if told else [])


def test_each_sees_what_is_theirs(lite_app: Flask, lite_site: Site) -> None:
    ids, _ = build_accounts(lite_site)
    refuse(lite_site, A_SERIES)
    with lite_site.database.writing() as session:
        session.add(Leftover(prefix="BBBB", reason="备份正在读"))
        session.commit()
    watch(lite_site)
    of_server, of_polls = AlarmKind.REFUSALS.label, AlarmKind.CLEANING.label
    for role, seen in (
        (Role.AUDITOR, (True, True)),
        (Role.SYSTEM, (True, False)),
        (Role.ADMIN, (False, True)),
    ):
        text = client_of(lite_app, ids[role]).page("/alarms").text
        assert (of_server in text, of_polls in text) == seen, role
    client_of(lite_app, ids[Role.ORGANIZER]).page("/alarms", 403)


@pytest.fixture
def received() -> Iterator[tuple[str, list[Any]]]:
    """The address of a receiver, and what it has got."""
    got: list[Any] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200 if self.path == "/in" else 500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()
    server.server_close()


def test_a_new_one_goes_out_once(lite_site: Site, received: tuple[str, list[Any]]) -> None:
    address, got = received
    site = replace(lite_site, settings=replace(lite_site.settings, alarm_webhook=f"{address}/in"))
    refuse(site, A_SERIES)
    for _ in range(2):
        watch(site)
    assert ["越权" in each["words"] or "拒绝" in each["words"] for each in got] == [True]
    assert got[0]["text"]["content"].startswith("测评网站报警：")


@pytest.mark.parametrize("path", ["/other", None])
def test_what_did_not_go_out_is_told_on_the_page(
    lite_app: Flask, lite_site: Site, received: tuple[str, list[Any]], path: str | None
) -> None:
    address = "http://127.0.0.1:1/" if path is None else received[0] + path
    site = replace(lite_site, settings=replace(lite_site.settings, alarm_webhook=address))
    refuse(site, A_SERIES)
    watch(site)
    auditor = account(site, "审计", Role.AUDITOR)
    assert "没有送到" in client_of(lite_app, auditor.account_id).page("/alarms").text


def test_by_mail(monkeypatch: pytest.MonkeyPatch, lite_site: Site) -> None:
    sent: list[tuple[Any, ...]] = []

    class Server:
        def __init__(self, host: str, port: int, timeout: int) -> None:
            sent.append((host, port))

        def __enter__(self) -> "Server":
            return self

        def __exit__(self, *_: object) -> None: ...

        def login(self, name: str, password: str) -> None:
            sent.append((name, password))

        def send_message(self, message: Any) -> None:
            sent.append((message["From"], message["To"], message.get_content().splitlines()[0]))

    monkeypatch.setattr("smtplib.SMTP", Server)
    mail = "smtp://u:p@mail.example.cn:25?from=a@example.cn&to=b@example.cn&to=c@example.cn"
    assert sending.send(replace(lite_site.settings, alarm_mail=mail), "样例") is None
    told = ("a@example.cn", "b@example.cn, c@example.cn", "样例")
    assert sent == [("mail.example.cn", 25), ("u", "p"), told]


def test_a_database_that_is_gone_ends_no_watching(lite_site: Site, caplog: pytest.LogCaptureFixture) -> None:
    run_sql(lite_site, "DROP TABLE alarms")
    watching.once(lite_site)
    assert "alarms: OperationalError" in caplog.text
