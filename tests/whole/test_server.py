"""The real server: it starts only when it can serve, counts each ticket once under load, and logs no code."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
import sqlalchemy as sa
from sqlalchemy import URL, Engine

from surveys.polling import receipts
from surveys.polling.base32 import grouped
from surveys.settings import database_url_of
from surveys.storage.tables import Ballot
from tests.builders import build_poll, close_and_seal, filled, sheet_of
from tests.servers import Answer, Server, environment, gunicorn, running
from tests.sites import postgres_database
from tests.strict_client import check_headers

pytestmark = pytest.mark.both

TIMEOUT = 30
RECEIPT = re.compile(r'class="receipt code">([0-9A-Z-]{14})<')


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    if request.param == "sqlite":
        with running(database_url_of(f"sqlite:///{folder / 'test.db'}"), folder) as found:
            yield found
        return
    admin: Engine = request.getfixturevalue("postgres_admin")
    with postgres_database(admin) as url, running(url, folder) as found:
        yield found


def at_once(count: int, ask: Callable[[int], Answer]) -> list[Answer]:
    """The answers to `count` questions asked at the same moment."""
    barrier = Barrier(count)

    def one(number: int) -> Answer:
        barrier.wait(TIMEOUT)
        return ask(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def ballots_of(server: Server, poll_id: int) -> int:
    with server.site.database.reading() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Ballot).where(Ballot.poll_id == poll_id)) or 0


def receipts_in(answers: list[Answer]) -> list[str]:
    return [receipt for answer in answers if answer.status == 200 for receipt in RECEIPT.findall(answer.text)]


@pytest.mark.slow
def test_fifty_posts_of_one_ticket_count_once(server: Server) -> None:
    world = build_poll(server.site)
    answers = filled(sheet_of(server.site, world.poll_id))
    address = f"/b/{world.codes['A'][0]}"
    found = at_once(50, lambda _: server.post(address, answers | {"nonce": receipts.new_nonce()}))
    assert len(receipts_in(found)) == 1
    refused = [answer for answer in found if answer.status == 409]
    assert len(refused) == 49
    assert all("此票已使用" in answer.text for answer in refused)
    assert ballots_of(server, world.poll_id) == 1


@pytest.mark.slow
def test_fifty_posts_of_one_submission_get_one_receipt(server: Server) -> None:
    world = build_poll(server.site)
    fields = filled(sheet_of(server.site, world.poll_id)) | {"nonce": receipts.new_nonce()}
    found = receipts_in(at_once(50, lambda _: server.post(f"/b/{world.codes['A'][0]}", fields)))
    assert len(found) == 50
    assert len(set(found)) == 1
    assert ballots_of(server, world.poll_id) == 1


@pytest.mark.slow
def test_two_hundred_tickets_make_two_hundred_ballots(server: Server) -> None:
    world = build_poll(server.site, count=200, entitled=200)
    fields = filled(sheet_of(server.site, world.poll_id), "ABCD")
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda code: server.post(f"/b/{code}", fields), world.codes["A"]))
    assert len(set(receipts_in(found))) == 200
    assert ballots_of(server, world.poll_id) == 200
    close_and_seal(server.site, world.poll_id)
    assert server.get(f"/b/{world.codes['A'][0]}").status == 409


def test_no_log_and_no_file_holds_a_code(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "test.db")
    with running(database_url_of(f"sqlite:///{tmp_path / 'test.db'}"), tmp_path) as server:
        world = build_poll(server.site, count=20)
        codes = list(world.codes["A"])
        fields = filled(sheet_of(server.site, world.poll_id))
        assert server.get(f"/b/{grouped(codes[0])}").status == 200
        assert server.get(f"/b/{codes[1].lower()}").status == 200
        assert server.get(f"/b/{grouped(codes[2])}?from=messenger").status == 200
        assert server.post(f"/b/{grouped(codes[3])}", fields).status == 200
        assert server.post(f"/b/{grouped(codes[3]).lower()}", fields).status == 409
        assert server.post(f"/b/{codes[4]}", {"o-1": "X"}).status == 400
        assert server.post("/", {"code": codes[5]}).status == 303
        assert server.post("/", {"code": codes[6] + "X"}).status == 400
        # Addresses typed wrongly, by hand or by a scanner: the code is in the log's line all the same.
        wrong = [
            f"/{codes[7]}",
            f"//b/{codes[8]}",
            f"/B/{grouped(codes[9])}",
            f"/?code={codes[10]}",
            f"/b/'{codes[11]}",
        ]
        for path in [*wrong, f"/b/?{codes[12]}", f"/b%2F{codes[13]}", f"/b/{codes[14]}/"]:
            assert server.get(path).status in (200, 404), path
        requests = [
            f"GET /b/{codes[15]}\r\n\r\n",
            f"GET  /b/{codes[16]}  HTTP/1.1\r\n\r\n",
            f"get /b/{codes[17]} HTTP/9.9\r\nHost: x\r\n\r\n",
            f"GET b/{codes[18]} HTTP/1.1\r\nHost: x\r\n\r\n",
            f"GET / HTTP/1.1\r\nHost: x\r\nReferer: http://x/b/{codes[19]}\r\nbad header {codes[19]}\r\n\r\n",
        ]
        for request in requests:
            server.send(request.encode())
        server.get("/login")
    everything = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {"access.log", "error.log", "test.db"} <= set(everything)
    pieces = {piece for code in codes for piece in grouped(code[4:]).split("-")}
    leaks = []
    for name, data in everything.items():
        text = data.upper().replace(b"-", b"")
        leaks += [f"{name} holds code {number}" for number, code in enumerate(codes) if code[4:].encode() in text]
        if name.endswith(".log") and pieces & set(re.split(r"[^0-9A-Z]+", data.decode().upper())):
            leaks.append(f"{name} holds pieces of codes")
    assert not leaks
    log = everything["access.log"].decode()
    assert '"GET /b/*** HTTP/1.1" 200\n' in log, "and no length"
    assert '"POST /b/*** HTTP/1.1" 409\n' in log
    assert "127.0.0.1" not in log, "no address of a voter"
    errors = everything["error.log"].decode()
    assert "Invalid request from ip=***" in errors
    assert "ip=127.0.0.1" not in errors


@pytest.mark.slow
def test_the_real_server_sends_the_same_headers(server: Server) -> None:
    for path in ("/", "/b/x", "/login", "/nothing", "/polls"):
        check_headers(server.get(path).headers, path)


def start(url: URL, folder: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """gunicorn that is expected to end by itself: one that goes on, or starts again and again, is a failure."""
    return subprocess.run(
        gunicorn("127.0.0.1:0"),
        cwd=folder,
        env=environment(url, folder, 1, **changes),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


def said(ended: subprocess.CompletedProcess[str]) -> list[str]:
    """What it printed, without gunicorn's own lines."""
    lines = (ended.stdout + ended.stderr).splitlines()
    return [line for line in lines if line.strip() and not re.match(r"\[\d{4}-.*\[INFO\]", line)]


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"SECRET_KEY": ""}, ["SECRET_KEY"]),
        ({"PUBLIC_URL": "", "DATA_DIR": "relative"}, ["PUBLIC_URL", "DATA_DIR"]),
    ],
)
def test_a_missing_setting_is_named_and_nothing_starts(
    sqlite_template: Path, tmp_path: Path, changes: dict[str, str], names: list[str]
) -> None:
    ended = start(database_url_of(f"sqlite:///{sqlite_template}"), tmp_path, **changes)
    assert ended.returncode != 0
    lines = said(ended)
    assert len(lines) == len(names), ended.stderr
    for name, line in zip(names, lines, strict=True):
        assert name in line
        assert "请设为" in line


def test_a_database_that_is_not_migrated_is_named_and_nothing_starts(tmp_path: Path) -> None:
    ended = start(database_url_of(f"sqlite:///{tmp_path / 'empty.db'}"), tmp_path)
    assert ended.returncode != 0
    lines = said(ended)
    assert len(lines) == 1, ended.stderr
    assert "flask --app app migrate" in lines[0]


@pytest.mark.parametrize(
    "address", ["postgresql://nobody@127.0.0.1:9/nothing", "sqlite:////nonexistent-folder/deeper/test.db"]
)
def test_a_database_that_is_not_there_is_named_and_nothing_starts(tmp_path: Path, address: str) -> None:
    ended = start(database_url_of(address), tmp_path)
    assert ended.returncode != 0
    output = ended.stdout + ended.stderr
    assert "Traceback" not in output
    assert "数据库" in output
