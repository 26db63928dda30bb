"""The server is killed after a vote is committed and before its answer has left: a real process, a real kill."""

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from surveys.acts.site import Site
from surveys.settings import Settings, database_url_of
from tests.phones import CAST_ONCE, fill_at_once, phone, receipt, stored, submit
from tests.phones import ticket as fresh_ticket
from tests.servers import ROOT, Server, environment, gunicorn

pytestmark = pytest.mark.slow

# The site behind a layer that ends the whole server, the first time a vote has been committed and answered inside.
DYING = """
import os, signal
from app import create_app
from pathlib import Path

site, mark = create_app(), Path(os.environ["DIED"])

def app(environ, start_response):
    began = []
    body = site(environ, lambda *answer: began.append(answer) or (lambda data: None))
    if environ["REQUEST_METHOD"] == "POST" and began[0][0].startswith("200") and not mark.exists():
        mark.touch()
        os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
    start_response(*began[0])
    return body
"""


@contextmanager
def started(server: Server, folder: Path, app: str) -> Iterator[subprocess.Popen[bytes]]:
    """gunicorn with one worker on the server's port, with this application."""
    command = [*gunicorn(f"127.0.0.1:{server.port}")[:-1], app]
    changes = {"WEB_CONCURRENCY": "1", "DIED": str(folder / "died"), "PYTHONPATH": f"{folder}:{ROOT}"}
    with server.error_log.open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment(server.site.settings.database_url, folder, server.port, **changes),
            stdout=log,
            stderr=log,
        )
    try:
        wait_until(lambda: answers(server), server)
        yield process
    finally:
        process.terminate()
        process.wait(30)


def answers(server: Server) -> bool:
    try:
        return server.get("/").status == 200
    except OSError:
        return False


def wait_until(so: Callable[[], bool], server: Server) -> None:
    end = time.monotonic() + 60
    while not so():
        assert time.monotonic() < end, server.error_log.read_text(encoding="utf-8")
        time.sleep(0.1)


def voted(page: Page, server: Server) -> None:
    page.get_by_text("还没有收到回执，请勿关闭").wait_for(timeout=30_000)
    wait_until(lambda: not answers(server), server)


@pytest.mark.parametrize("reloaded", [False, True], ids=["waiting", "reloaded"])
def test_the_server_is_killed_between_commit_and_answer(browser: Browser, tmp_path: Path, reloaded: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "data").mkdir()
    (tmp_path / "dying.py").write_text(DYING, encoding="utf-8")
    url = database_url_of(f"sqlite:///{tmp_path / 'test.db'}")
    site = Site.build(Settings(url, "not-a-secret-" * 4, f"http://127.0.0.1:{port}", tmp_path / "data"))
    site.migrate()
    server = Server(port, site, tmp_path / "log", tmp_path / "log")
    found = fresh_ticket(server)
    with phone(browser) as page:
        page.set_default_timeout(120_000)
        with started(server, tmp_path, "dying:app") as process:
            page.goto(found.address)
            fill_at_once(page, found.names)
            submit(page)
            voted(page, server)
            assert process.wait(30) == -signal.SIGKILL
        assert (tmp_path / "died").exists()
        assert found.boxes() == CAST_ONCE, "the vote was counted, its answer never left"
        if reloaded:  # before the page has asked again by itself
            page.route("**/b/*", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
        with started(server, tmp_path, "app:create_app()"):
            if reloaded:
                page.reload()
                page.unroute_all(behavior="ignoreErrors")
            receipt(page)
            assert stored(page) == {}
        assert found.boxes() == CAST_ONCE
    site.database.engine.dispose()
