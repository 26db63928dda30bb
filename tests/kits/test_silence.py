"""Phones that fall silent, in each place where they can: nobody else waits for them, and they are let go."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from silent_phones import SAYS, silent, stalled_upload
from surveys.acts.actors import COMMAND_LINE, Role
from surveys.office import accounts
from surveys.polling import receipts
from surveys.settings import database_url_of
from surveys.web.patient_worker import BODY_SECONDS, HEAD_SECONDS
from tests.builders import build_poll, filled, sheet_of
from tests.servers import Server, running

PATIENCE = 1.0
"""Seconds that somebody else waits at most."""
UPLOAD = "stalled-upload"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("silence")
    with running(database_url_of(f"sqlite:///{folder / 'test.db'}"), folder) as found:
        yield found


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*SAYS, UPLOAD])
def test_others_are_answered_while_sixty_are_silent(server: Server, kind: str) -> None:
    world = build_poll(server.site)
    answers = filled(sheet_of(server.site, world.poll_id))
    with silent(server.port, SAYS[kind] if kind in SAYS else upload_of(server)):
        time.sleep(0.3)
        for code in world.codes["A"][:3]:
            began = time.monotonic()
            assert server.get("/help").status == 200
            assert server.get(f"/b/{code}").status == 200
            assert server.post(f"/b/{code}", answers | {"nonce": receipts.new_nonce()}).status == 200
            assert time.monotonic() - began < 3 * PATIENCE


def upload_of(server: Server) -> bytes:
    with server.site.database.writing() as session:
        password = accounts.create_account(session, server.site.now(), COMMAND_LINE, "upload", Role.ADMIN)
    return stalled_upload(server.port, "upload", password, "/assessments/1/polls/import")


@pytest.mark.slow
def test_the_silent_are_let_go_when_their_time_is_up(server: Server) -> None:
    limits = {"nothing": HEAD_SECONDS, "half-a-head": HEAD_SECONDS, "half-a-body": BODY_SECONDS}
    with ExitStack() as stack:
        found = {kind: stack.enter_context(silent(server.port, SAYS[kind], 1))[0] for kind in limits}
        began = time.monotonic()
        for kind, seconds in limits.items():
            assert found[kind].recv(1) == b""
            assert seconds - 1 < time.monotonic() - began < seconds + 3


@pytest.mark.slow
def test_requests_one_behind_the_other_on_one_connection_are_each_answered(server: Server) -> None:
    ask = b"GET /help HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(ask + ask + ask[:20])
        time.sleep(0.3)
        connection.sendall(ask[20:].replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        received = b""
        while part := connection.recv(65536):
            received += part
    assert received.count(b"HTTP/1.1 200") == 3
