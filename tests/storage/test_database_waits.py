"""No wait without an end: what the database is told, and what people see while it is locked, used up or silent."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import URL, Engine
from sqlalchemy.exc import OperationalError

from app import create_app
from surveys.acts.site import Site
from surveys.settings import Settings, database_url_of
from surveys.storage import database, schema, scrubbing
from surveys.storage.database import Database
from tests.builders import box_counts, build_poll, cast, filled, sheet_of
from tests.servers import running
from tests.sites import postgres_database, settings_for
from tests.worlds import client_of

pytestmark = pytest.mark.both

PATIENCE = 4
"""Seconds within which an answer comes, on a machine that has other things to do."""


@pytest.fixture
def postgres_site(postgres_admin: Engine, postgres_template: str, tmp_path: Path) -> Iterator[Flask]:
    with postgres_database(postgres_admin, f' TEMPLATE "{postgres_template}"') as url:
        app = create_app(settings_for(url, tmp_path))
        yield app
        app.extensions["site"].database.engine.dispose()


@pytest.fixture
def url(postgres_site: Flask) -> URL:
    found: URL = postgres_site.extensions["site"].settings.database_url
    return found


@contextmanager
def locked(url: URL, table: str = "polls") -> Iterator[None]:
    """As somebody at a terminal might who goes for lunch."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


def told(found: Any, *names: str) -> list[str]:
    return [found.execute(sa.text(f"SHOW {name}")).scalar() for name in names]


TIMES = ("lock_timeout", "statement_timeout")


def test_the_server_is_told_how_long_to_wait(url: URL, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(scrubbing, "OLDER_SECONDS", 60)  # other tests' transactions
    with opened(url) as here:
        for _ in range(8):  # as often as the driver needs to prepare a statement
            for way in (here.looking, here.casting, here.reading):
                with way() as found:
                    assert told(found, *TIMES) == ["1s", "10s"]
            with here.writing() as session:
                assert told(session, *TIMES) == ["5s", "1min"]
                session.commit()
                assert told(session, *TIMES) == ["5s", "1min"]
        with schema._altering(here) as connection:
            assert told(connection, *TIMES) == ["20s", "0"]
        scrubbing.scrub(here, voting=False)
        with here.looking() as found:
            assert told(found, *TIMES) == ["1s", "10s"]
            names = ("idle_in_transaction_session_timeout", "tcp_keepalives_idle")
            assert told(found, *names) == ["5min", "10"]
            raw: Any = found.connection.dbapi_connection
            assert database.REACHING.items() <= raw.info.get_parameters().items()


def test_the_address_may_say_otherwise(url: URL):
    options = "-c lock_timeout=300ms --statement_timeout=7s -ctcp_keepalives_idle=33"
    wanted = {"options": options, "tcp_user_timeout": "1234", "keepalives_idle": "9"}
    with opened(url.update_query_dict(wanted)) as here:
        for way in (here.looking, here.casting, here.reading, here.writing):
            with way() as found:
                assert told(found, *TIMES, "tcp_keepalives_idle") == ["300ms", "7s", "33"]
        with here.looking() as found:
            raw: Any = found.connection.dbapi_connection
            assert wanted.items() <= raw.info.get_parameters().items()
            assert raw.info.get_parameters()["keepalives_count"] == "3"


@contextmanager
def opened(url: URL) -> Iterator[Database]:
    found = Database(url)
    try:
        yield found
    finally:
        found.engine.dispose()


def test_a_host_that_says_nothing_is_given_up(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = database_url_of(f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/nothing")
        app = create_app(settings_for(url, tmp_path))
        began = time.monotonic()
        assert client_of(app).get("/b/AAAA-AAAA-AAAA-AAAA-AAAA").status_code == 503
        assert 1 < time.monotonic() - began < 2 * PATIENCE
        app.extensions["site"].database.engine.dispose()


def test_a_locked_table_is_told_as_busy(postgres_site: Flask, url: URL):
    site: Site = postgres_site.extensions["site"]
    world = build_poll(site)
    client, code = client_of(postgres_site), world.codes["A"][0]
    fields = filled(sheet_of(site, world.poll_id)) | {"nonce": "0" * 32}
    with locked(url):
        for ask in (lambda: client.get(f"/b/{code}"), lambda: client.post(f"/b/{code}", data=fields)):
            began = time.monotonic()
            answer = ask()
            assert answer.status_code == 503
            assert "您的票不受影响" in answer.text
            assert time.monotonic() - began < PATIENCE
        assert client.get("/help").status_code == 200
    assert client.post(f"/b/{code}", data=fields).status_code == 200
    assert box_counts(site, world.poll_id)["cast"] == 1


@pytest.mark.slow
def test_a_locked_table_stops_no_page_that_needs_none(postgres_admin: Engine, postgres_template: str, tmp_path: Path):
    """Forty phones that try again and again, more than there are threads."""
    with (
        postgres_database(postgres_admin, f' TEMPLATE "{postgres_template}"') as url,
        running(url, tmp_path) as server,
        ThreadPoolExecutor(40) as phones,
    ):
        codes = build_poll(server.site, count=40).codes["A"]
        over = threading.Event()

        def phone(code: str) -> list[int]:
            seen = []
            while not over.is_set():
                seen.append(server.get(f"/b/{code}").status)
                time.sleep(1)
            return seen

        with locked(url):
            asked = [phones.submit(phone, code) for code in codes]
            time.sleep(1)
            took = []
            for _ in range(4):
                began = time.monotonic()
                assert server.get("/help").status == 200
                took.append(time.monotonic() - began)
            time.sleep(1)
            over.set()
        seen = [status for each in asked for status in each.result()]
        assert 503 in seen
        assert set(seen) <= {200, 503}
        assert max(took) < PATIENCE, took
        log = server.error_log.read_text(encoding="utf-8")
        assert "Traceback" not in log
        assert "QueuePool" not in log


def test_no_connection_free_is_told_as_busy(database_url: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(database, "POOL_SECONDS", 0.2)
    app = create_app(Settings(database_url, "not-a-secret-" * 4, "http://127.0.0.1:8000", tmp_path, threads=1))
    site: Site = app.extensions["site"]
    site.migrate()
    code = build_poll(site).codes["A"][0]
    with site.database.looking():
        answer = client_of(app).get(f"/b/{code}")
        assert answer.status_code == 503
        assert "您的票不受影响" in answer.text
    assert client_of(app).get(f"/b/{code}").status_code == 200
    site.database.engine.dispose()


def test_a_thread_that_writes_for_ever_holds_nobody_up(lite_site: Site, monkeypatch: pytest.MonkeyPatch):
    """On SQLite they queue within the process, where its own time-out does not reach."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 200)
    world = build_poll(lite_site)
    ways: list[Callable[[], Any]] = [
        lambda: cast(lite_site, world.codes["A"][0], filled(sheet_of(lite_site, world.poll_id))),
        lambda: scrubbing.scrub(lite_site.database, voting=False),
    ]
    with lite_site.database.writing():
        for way in ways:
            with pytest.raises(OperationalError, match="another thread is writing"):
                way()
    ways[0]()
    assert box_counts(lite_site, world.poll_id)["cast"] == 1


@pytest.mark.parametrize(
    ("address", "hosts", "ports", "wanted"),
    [
        ("postgresql://u:p%40w@h1:5433,h2:5434/db", "h1,h2", "5433,5434", "read-write"),
        ("postgresql://h1,h2,h3/db?target_session_attrs=any", "h1,h2,h3", "5432,5432,5432", "any"),
        ("postgresql://u@h1,h2:6000/db?connect_timeout=5", "h1,h2", "5432,6000", "read-write"),
    ],
)
def test_several_hosts_may_be_written_as_in_libpqs_manual(address: str, hosts: str, ports: str, wanted: str):
    found = database_url_of(address)
    assert (found.query["host"], found.query["port"]) == (hosts, ports)
    assert found.query["target_session_attrs"] == wanted
    assert (found.host, found.database) == (None, "db")
    assert found.password == ("p@w" if ":p" in address else None)
    engine = sa.create_engine(found)
    arguments, options = engine.dialect.create_connect_args(found)
    assert (arguments, options["host"], options["port"]) == ([], hosts, ports)


def test_of_two_hosts_the_one_that_answers_is_used(url: URL):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        both = database_url_of(f"postgresql://{url.username}@127.0.0.1:{port},{url.host}:{url.port}/{url.database}")
        with opened(both.set(password=url.password)) as here, here.looking() as found:
            assert told(found, "lock_timeout") == ["1s"]
