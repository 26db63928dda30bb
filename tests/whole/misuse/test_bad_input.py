"""Bad input, to the pages and to the real server: a plain refusal, nothing spent, nothing in the logs."""

import gzip
import json
import re
import socket
import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from surveys.acts.site import Site
from surveys.polling.base32 import grouped
from surveys.polling.states import TicketState
from surveys.settings import database_url_of
from surveys.storage.tables import Ballot, Receipt, Ticket
from tests.builders import World, build_poll, filled, sheet_of
from tests.servers import FORM, Server, running
from tests.strict_client import check_headers, check_html
from tests.worlds import client_of

pytestmark = pytest.mark.both

URLENCODED = FORM["Content-Type"]
NONCE = b"&nonce=" + b"0123456789abcdef" * 2
HAN = re.compile(r"[\u4e00-\u9fff]{4}")
MEGABYTE = 1024 * 1024
QUICK = 5
TICKETS = 5

Change = Callable[[bytes], bytes]

BODIES: dict[str, Change] = {
    "10,000 fields": lambda body: body + b"".join(b"&x%d=A" % number for number in range(10_000)),
    "10,000 times the same field": lambda body: body + b"&o-1=A" * 10_000,
    "10,000 separators and a field": lambda body: body + b"&" * 10_000 + b"x=A",
    "a field name of 100 KB": lambda body: body + b"&" + b"x" * 100_000 + b"=A",
    "a value of 100 KB": lambda body: body.replace(b"o-1=A", b"o-1=" + b"A" * 100_000),
    "invalid UTF-8 in a name, escaped": lambda body: body + b"&%ff%fe=A",
    "invalid UTF-8 in a value, escaped": lambda body: body.replace(b"o-1=A", b"o-1=%ff"),
    "invalid UTF-8 in a name, raw": lambda body: body + b"&\xff\xfe=A",
    "invalid UTF-8 in a value, raw": lambda body: body.replace(b"o-1=A", b"o-1=\xc3\x28"),
    "an overlong encoding": lambda body: body.replace(b"o-1=A", b"o-1=%C1%81"),
    "half a surrogate pair": lambda body: body.replace(b"o-1=A", b"o-1=%ED%A0%80"),
    "NUL in a name": lambda body: body.replace(b"o-1=", b"o-1%00="),
    "NUL in a value": lambda body: body.replace(b"o-1=A", b"o-1=A%00"),
    "NUL, raw": lambda body: body.replace(b"o-1=A", b"o-1=A\0"),
    "nothing but NUL": lambda body: b"\0" * len(body),
    "NUL in the nonce": lambda body: body[:-1] + b"%00",
    "a repeated question": lambda body: body + b"&o-1=A",
    "a repeated question, answered otherwise": lambda body: body + b"&o-1=B",
    "a repeated nonce": lambda body: body + NONCE,
    "a repeated consent to blanks": lambda body: body + b"&blanks_meant=1&blanks_meant=1",
    "a consent to blanks that is none": lambda body: body + b"&blanks_meant=%00",
    "another poll's question": lambda body: body + b"&l4-1=A",
    "only another poll's question": lambda _body: b"l4-1=A&blanks_meant=1",
    "a letter of no grade": lambda body: body.replace(b"o-1=A", b"o-1=Z"),
    "a lower-case letter": lambda body: body.replace(b"o-1=A", b"o-1=a"),
    "a full-width letter": lambda body: body.replace(b"o-1=A", "o-1=Ａ".encode()),
    "an empty answer": lambda body: body.replace(b"o-1=A", b"o-1="),
    "malformed percent-encoding": lambda body: body.replace(b"o-1=A", b"o-1=%4"),
    "a byte order mark": lambda body: b"\xef\xbb\xbf" + body,
    "a line end": lambda body: body + b"\r\n",
    "UTF-16": lambda body: body.decode().encode("utf-16"),
    "JSON": lambda _body: json.dumps({"o-1": "A"}).encode(),
    "gzip": lambda body: gzip.compress(body, mtime=0),
    "nothing": lambda _body: b"",
}

KINDS = [
    "application/json",
    "text/plain",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "application/x-www-form-urlencoded+xml",
    "application/octet-stream",
    "x",
    "",
]

BAD_CODES: dict[str, Callable[[str], str]] = {
    "cut short": lambda code: code[:-1],
    "one too long": lambda code: code + "0",
    "another letter": lambda code: code[:-1] + ("0" if code[-1] != "0" else "2"),
    "a letter of no alphabet": lambda code: code[:-1] + "U",
    "percent-encoding cut short": lambda code: code + "%",
    "percent-encoding of no digit": lambda code: code + "%zz",
    "invalid UTF-8": lambda code: code + "%ff%fe",
    "NUL": lambda code: code + "%00",
    "a right-to-left mark": lambda code: "%E2%80%8F" + code,
    "a zero-width space": lambda code: code[:8] + "%E2%80%8B" + code[8:],
    "encoded twice": lambda code: grouped(code).replace("-", "%252D"),
    "an encoded slash": lambda code: f"{code[:4]}%2F{code[4:]}",
    "a slash at the end": lambda code: code + "/",
    "folders": lambda code: f"..%2fb%2f{code}",
    "3,000 characters": lambda code: code * 150,
}

GOOD_CODES: dict[str, Callable[[str], str]] = {
    "lower case": str.lower,
    "lower case, grouped": lambda code: grouped(code).lower(),
    "look-alikes": lambda code: code.replace("0", "O").replace("1", "I"),
    "look-alikes in lower case": lambda code: code.lower().replace("0", "o").replace("1", "l"),
    "spaces": lambda code: grouped(code).replace("-", "%20"),
    "full width": lambda code: "".join("%EF%BC%" + f"{ord(letter) + 0x60:02X}" for letter in code[:4]) + code[4:],
    "percent-encoded": lambda code: "".join(f"%{ord(letter):02x}" for letter in code),
    "with a query": lambda code: f"{code}?from=messenger&x=%ff",
}


@dataclass(frozen=True)
class Hall:
    """An open poll with a few tickets, and a whole lawful vote as a browser sends it."""

    site: Site
    world: World
    body: bytes

    @property
    def code(self) -> str:
        return self.world.codes["A"][0]

    def boxes(self) -> tuple[int, int, int, int]:
        """(tickets issued, tickets cast, ballots, receipts)."""
        poll_id = self.world.poll_id
        with self.site.database.reading() as session:

            def count(table: type, *conditions: sa.ColumnElement[bool]) -> int:
                query = sa.select(sa.func.count()).select_from(table).where(table.poll_id == poll_id, *conditions)
                return session.scalar(query) or 0

            issued = count(Ticket, Ticket.state == TicketState.ISSUED)
            return issued, count(Ticket, Ticket.state == TicketState.CAST), count(Ballot), count(Receipt)


NOTHING_SPENT = (TICKETS, 0, 0, 0)


def hall_of(site: Site) -> Hall:
    world = build_poll(site, count=TICKETS)
    answers = filled(sheet_of(site, world.poll_id), "A")
    return Hall(site, world, "&".join(f"{name}=A" for name in answers).encode() + NONCE)


@pytest.fixture
def hall(app: Flask, site: Site) -> Hall:
    """On both databases."""
    assert app.extensions["site"] is site
    return hall_of(site)


def page_in_chinese(status: int, html: str) -> None:
    assert 400 <= status < 500, f"{status}: {html[:300]}"
    check_html(html)
    assert HAN.search(html)
    assert "Traceback" not in html


# The pages.


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_refused(app: Flask, hall: Hall, name: str) -> None:
    client = client_of(app)
    response = client.post(f"/b/{hall.code}", data=BODIES[name](hall.body), content_type=URLENCODED)
    assert hall.boxes() == NOTHING_SPENT
    page_in_chinese(response.status_code, response.text)
    again = client.post(f"/b/{hall.code}", data=hall.body, content_type=URLENCODED)
    assert again.status_code == 200
    assert hall.boxes() == (TICKETS - 1, 1, 1, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_another_kind_of_body_is_refused(app: Flask, hall: Hall, kind: str) -> None:
    response = client_of(app).post(f"/b/{hall.code}", data=hall.body, content_type=kind)
    page_in_chinese(response.status_code, response.text)
    assert response.status_code == 415
    assert hall.boxes() == NOTHING_SPENT


# The real server.


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with running(database_url_of(f"sqlite:///{folder / 'test.db'}"), folder) as found:
        yield found


@contextmanager
def nothing_leaks(server: Server) -> Iterator[Hall]:
    """A poll of one's own; afterwards the server still serves, and its logs hold no fault and none of the codes."""
    logs = (server.access_log, server.error_log)
    starts = [path.stat().st_size for path in logs]
    hall = hall_of(server.site)
    yield hall
    assert server.get("/").status == 200
    for path, start in zip(logs, starts, strict=True):
        log = path.read_bytes()[start:].decode("utf-8", "replace")
        assert "Traceback" not in log, log[-1500:]
        bare = re.sub("%2D|-", "", log.upper())
        for code in hall.world.codes["A"]:
            assert code[4:] not in bare, f"{path.name} holds a code"
            assert hall.body[-32:].decode().upper() not in bare, f"{path.name} holds a nonce"


@dataclass(frozen=True)
class Reply:
    """`status` is 0 where the server closed the connection without a word."""

    status: int
    headers: dict[str, str]
    text: str

    @classmethod
    def of(cls, received: bytes) -> "Reply":
        received = received.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not received:
            return cls(0, {}, "")
        head, _, rest = received.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        return cls(int(status.split(" ")[1]), headers, rest.decode("utf-8", "replace"))


def post_of(target: str, body: bytes, *, length: int | None = None, kind: str = URLENCODED, extra: str = "") -> bytes:
    head = f"POST {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    head += f"Content-Type: {kind}\r\n" if kind else ""
    head += f"Content-Length: {len(body) if length is None else length}\r\n{extra}\r\n"
    return head.encode("latin-1") + body


def chunked(target: str, *chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    head = f"POST {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: {URLENCODED}\r\n"
    sent = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return (head + "Transfer-Encoding: chunked\r\n\r\n").encode() + sent + end


def sent(server: Server, data: bytes) -> Reply:
    """Raw bytes, then the end; for a server that may answer, and close, before all is sent."""
    received = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        with suppress(OSError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while part := connection.recv(65536):
                received += part
    return Reply.of(received)


def refused(reply: Reply) -> None:
    page_in_chinese(reply.status, reply.text)
    check_headers(reply.headers, "/b/")


@pytest.mark.parametrize("name", BODIES)
def test_the_server_refuses_a_bad_body(server: Server, name: str) -> None:
    with nothing_leaks(server) as hall:
        started = time.monotonic()
        reply = sent(server, post_of(f"/b/{hall.code}", BODIES[name](hall.body)))
        assert time.monotonic() - started < QUICK
        assert hall.boxes() == NOTHING_SPENT
        refused(reply)


@pytest.mark.parametrize("kind", KINDS)
def test_the_server_refuses_another_kind_of_body(server: Server, kind: str) -> None:
    with nothing_leaks(server) as hall:
        reply = sent(server, post_of(f"/b/{hall.code}", hall.body, kind=kind))
        refused(reply)
        assert reply.status == 415
        assert hall.boxes() == NOTHING_SPENT


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", BAD_CODES)
def test_a_bad_code_is_no_ticket(server: Server, name: str, method: str) -> None:
    with nothing_leaks(server) as hall:
        target = f"/b/{BAD_CODES[name](hall.code)}"
        data = post_of(target, hall.body)
        if method == "GET":
            data = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
        reply = sent(server, data)
        refused(reply)
        assert hall.boxes() == NOTHING_SPENT


@pytest.mark.parametrize("name", GOOD_CODES)
def test_a_code_written_otherwise_is_the_same_ticket(server: Server, name: str) -> None:
    with nothing_leaks(server) as hall:
        target = f"/b/{GOOD_CODES[name](hall.code)}"
        assert server.get(target).status == 200
        assert hall.boxes() == NOTHING_SPENT
        assert sent(server, post_of(target, hall.body)).status == 200
        assert hall.boxes() == (TICKETS - 1, 1, 1, 1)
        other = hall.body.replace(b"nonce=0", b"nonce=f")
        assert sent(server, post_of(f"/b/{hall.code}", other)).status == 409
        assert hall.boxes() == (TICKETS - 1, 1, 1, 1)


def test_an_address_too_long_for_the_server_is_refused(server: Server) -> None:
    """gunicorn's own refusal, before there is a page: short, and not the address again."""
    with nothing_leaks(server) as hall:
        for length in (4_100, 9_000, 100_000):
            reply = sent(server, post_of(f"/b/{hall.code}?x={'x' * length}", hall.body))
            assert reply.status in (0, 400, 414)
            assert "xxx" not in reply.text
        assert hall.boxes() == NOTHING_SPENT


def pids_of(server: Server) -> list[int]:
    """The workers."""
    log = server.error_log.read_text(encoding="utf-8")
    return [int(pid) for pid in re.findall(r"Booting worker with pid: (\d+)", log)]


def memory_of(pid: int) -> int:
    """The most a process has ever held, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found.group(1)) * 1024


LARGE: dict[str, Callable[[str, bytes], bytes]] = {
    "with its length": post_of,
    "in chunks": lambda target, body: chunked(target, *(body[at : at + 65536] for at in range(0, len(body), 65536))),
    "in one chunk": lambda target, body: chunked(target, body),
    "waiting to be told": lambda target, body: post_of(target, body, extra="Expect: 100-continue\r\n"),
}


@pytest.mark.parametrize("how", LARGE)
@pytest.mark.parametrize("address", ["ballot", "/b/x", "/"])
def test_ten_megabytes_are_refused_quickly_and_not_kept(server: Server, address: str, how: str) -> None:
    with nothing_leaks(server) as hall:
        for _ in range(6):  # both workers have served
            server.get("/")
        before = {pid: memory_of(pid) for pid in pids_of(server)}
        assert len(before) == 2
        target = f"/b/{hall.code}" if address == "ballot" else address
        data = LARGE[how](target, hall.body + b"&x=" + b"A" * 10 * MEGABYTE)
        started = time.monotonic()
        with ThreadPoolExecutor(4) as pool:
            replies = list(pool.map(lambda _: sent(server, data), range(4)))
        assert time.monotonic() - started < QUICK
        # 0: the refusal came while the body was still being sent, and was lost on the way.
        assert {reply.status for reply in replies} <= {411, 413, 0}
        for reply in replies:
            if reply.status:
                page_in_chinese(reply.status, reply.text)
                assert ("太大" if reply.status == 413 else "格式不对") in reply.text
        for pid, held in before.items():
            assert memory_of(pid) - held < 30 * MEGABYTE
        assert pids_of(server) == list(before), "a worker was replaced"
        assert hall.boxes() == NOTHING_SPENT


@pytest.mark.parametrize("address", ["ballot", "/"])
def test_the_refusal_of_a_large_body_reaches_who_listens(server: Server, address: str) -> None:
    """A length of ten megabytes is enough to be refused: none of it need be sent."""
    with nothing_leaks(server) as hall:
        target = f"/b/{hall.code}" if address == "ballot" else address
        with socket.create_connection(("127.0.0.1", server.port), timeout=QUICK) as connection:
            connection.sendall(post_of(target, b"o-1=A", length=10 * MEGABYTE))
            received = b""
            while part := connection.recv(65536):
                received += part
        assert Reply.of(received).status == 413
        page_in_chinese(413, Reply.of(received).text)
        assert hall.boxes() == NOTHING_SPENT


def test_a_chunked_vote_is_refused(server: Server) -> None:
    """Without a length nobody can tell whether it is whole."""
    with nothing_leaks(server) as hall:
        refused(sent(server, chunked(f"/b/{hall.code}", hall.body[:20], hall.body[20:])))
        assert hall.boxes() == NOTHING_SPENT


def test_a_chunked_body_that_is_too_large_is_not_cut_and_counted(server: Server) -> None:
    """The first 256 KB are a lawful vote: what follows still makes it none."""
    with nothing_leaks(server) as hall:
        body = hall.body + b"&" * 300 * 1024
        reply = sent(server, chunked(f"/b/{hall.code}", body + b"o-1=B"))
        assert hall.boxes() == NOTHING_SPENT
        refused(reply)


def test_a_post_without_length_and_without_chunks_is_refused(server: Server) -> None:
    with nothing_leaks(server) as hall:
        head = f"POST /b/{hall.code} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        refused(sent(server, (head + f"Content-Type: {URLENCODED}\r\n\r\n").encode()))
        refused(sent(server, (head + f"Content-Type: {URLENCODED}\r\n\r\n").encode() + hall.body))
        assert hall.boxes() == NOTHING_SPENT


BROKEN_CHUNKS: dict[str, Callable[[str, bytes], bytes]] = {
    "no last chunk": lambda target, body: chunked(target, body, end=b""),
    "a chunk cut short": lambda target, body: chunked(target, body, end=b"ff\r\nabc"),
    "a size that is no number": lambda target, body: chunked(target, body, end=b"zz\r\nabc\r\n0\r\n\r\n"),
    "a negative size": lambda target, body: chunked(target, body, end=b"-1\r\nabc\r\n0\r\n\r\n"),
    "a chunk longer than its size": lambda target, body: chunked(target, body, end=b"1\r\nabc\r\n0\r\n\r\n"),
    "no chunks at all": lambda target, body: chunked(target, end=body),
    "no end of the trailers": lambda target, body: chunked(target, body, end=b"0\r\nA: b\r\n"),
}


@pytest.mark.parametrize("how", BROKEN_CHUNKS)
def test_broken_chunks_are_refused(server: Server, how: str) -> None:
    with nothing_leaks(server) as hall:
        reply = sent(server, BROKEN_CHUNKS[how](f"/b/{hall.code}", hall.body))
        assert hall.boxes() == NOTHING_SPENT
        if reply.status:
            page_in_chinese(reply.status, reply.text)


def test_a_body_cut_short_is_not_counted(server: Server) -> None:
    """Cut at any byte of its last hundred: not counted, so that the voter can send it again."""
    with nothing_leaks(server) as hall:
        counted: list[str] = []
        for cut in range(1, 101):
            before = hall.boxes()
            data = post_of(f"/b/{hall.world.codes['A'][len(counted)]}", hall.body)
            reply = sent(server, data[:-cut])
            if hall.boxes() != before:
                counted.append(f"{data[-cut - 10 : -cut]!r} | {data[-cut:]!r}: {reply.status}")
        assert not counted


@pytest.mark.parametrize("reset", [False, True])
def test_a_caller_who_hangs_up_spends_nothing(server: Server, reset: bool) -> None:
    with nothing_leaks(server) as hall:
        data = post_of(f"/b/{hall.code}", hall.body)
        for keep in (len(data) - len(hall.body), len(data) - 60, len(data) - 1):
            with socket.create_connection(("127.0.0.1", server.port), timeout=QUICK) as connection:
                connection.sendall(data[:keep])
                if reset:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        time.sleep(0.5)
        assert hall.boxes() == NOTHING_SPENT
        assert sent(server, data).status == 200


def test_slow_bodies_hold_nobody_up(server: Server) -> None:
    """Ten callers who send half a vote and wait: others vote meanwhile, and the slow ones' tickets stay good."""
    with nothing_leaks(server) as hall:
        data = post_of(f"/b/{hall.code}", hall.body)
        slow = [socket.create_connection(("127.0.0.1", server.port), timeout=20) for _ in range(10)]
        try:
            for connection in slow:
                connection.sendall(data[:-50])
            started = time.monotonic()
            other = hall.body.replace(b"nonce=0", b"nonce=f")
            assert sent(server, post_of(f"/b/{hall.world.codes['A'][1]}", other)).status == 200
            assert time.monotonic() - started < QUICK
            assert hall.boxes() == (TICKETS - 1, 1, 1, 1)
        finally:
            for connection in slow:
                connection.close()
        time.sleep(0.5)
        assert hall.boxes() == (TICKETS - 1, 1, 1, 1)


def test_a_body_that_trickles_in_is_counted(server: Server) -> None:
    with nothing_leaks(server) as hall:
        data = post_of(f"/b/{hall.code}", hall.body)
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            for at in range(0, len(data), 40):
                connection.sendall(data[at : at + 40])
                time.sleep(0.02)
            assert b" 200 " in connection.recv(65536).split(b"\r\n")[0]
        assert hall.boxes() == (TICKETS - 1, 1, 1, 1)


GARBAGE: dict[str, Callable[[str, bytes], bytes]] = {
    "two lengths": lambda target, body: post_of(target, body, extra="Content-Length: 5\r\n"),
    "a length and chunks": lambda target, body: post_of(target, body, extra="Transfer-Encoding: chunked\r\n"),
    "a length that is no number": lambda target, body: post_of(target, body).replace(b"Length: ", b"Length: x"),
    "a negative length": lambda target, body: post_of(target, body).replace(b"Length: ", b"Length: -"),
    "an unknown encoding": lambda target, body: post_of(target, body, extra="Transfer-Encoding: code\r\n"),
    "a header without a colon": lambda target, body: post_of(target, body, extra=f"{target}\r\n"),
    "a header of 100 KB": lambda target, body: post_of(target, body, extra=f"X: {'x' * 100_000}\r\n"),
    "1,000 headers": lambda target, body: post_of(
        target, body, extra="".join(f"X-{number}: x\r\n" for number in range(1000))
    ),
    "NUL in the address": lambda target, body: post_of(target + "\0", body),
    "a space in the address": lambda target, body: post_of(target[:-3] + " " + target[-3:], body),
    "no version": lambda target, _body: f"POST {target}\r\n\r\n".encode(),
    "no method": lambda target, _body: f"{target}\r\n\r\n".encode(),
    "a handshake": lambda _target, body: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + body,
}


@pytest.mark.parametrize("how", GARBAGE)
def test_what_is_no_http_is_refused(server: Server, how: str) -> None:
    """gunicorn's own refusal or none: there is no page yet."""
    with nothing_leaks(server) as hall:
        reply = sent(server, GARBAGE[how](f"/b/{hall.code}", hall.body))
        assert reply.status in (0, 501, 505) or 400 <= reply.status < 500, reply.status
        assert "Traceback" not in reply.text
        assert hall.boxes() == NOTHING_SPENT
