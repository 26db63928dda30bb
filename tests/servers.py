"""Real servers for tests: gunicorn on a free port with its own folder, always stopped by its own pid."""

import multiprocessing
import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from multiprocessing.process import BaseProcess
from pathlib import Path
from urllib.parse import urlencode

from gunicorn.app.wsgiapp import run
from sqlalchemy import URL

from surveys.acts.site import Site
from surveys.entry.written_late import WRITERS
from surveys.settings import Settings
from tests.kept_worlds import keeping

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "scripts" / "gunicorn.conf.py"
START_SECONDS = 40
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True)
class Server:
    """`site`: the same database, from the outside. `access_log`, `error_log`: the files of its two streams."""

    port: int
    site: Site
    access_log: Path
    error_log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> Answer:
        return self._ask("GET", path)

    def post(self, path: str, fields: Mapping[str, object]) -> Answer:
        return self._ask("POST", path, urlencode(fields, doseq=True), FORM)

    def _ask(self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, dict(response.headers), response.read())
        finally:
            connection.close()

    def send(self, data: bytes) -> bytes:
        """Raw bytes, as a broken client sends them."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            received = b""
            while part := connection.recv(65536):
                received += part
            return received


def environment(database_url: URL, folder: Path, port: int, **changes: str) -> dict[str, str]:
    """The four settings for a subprocess. Set to nothing, rather than left out, a setting is not taken from `.env`."""
    keeping.served.add(Path(str(database_url.database)))
    return {
        **os.environ,
        "DATABASE_URL": database_url.render_as_string(hide_password=False),
        "SECRET_KEY": "not-a-secret-" * 4,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "DATA_DIR": str(folder / "data"),
        "WEB_CONCURRENCY": "2",
        **changes,
    }


def gunicorn(bind: str) -> list[str]:
    """The command line of scripts/serve."""
    return [sys.executable, "-m", "gunicorn", "--config", str(CONFIG), "--bind", bind, "app:create_app()"]


@contextmanager
def running(database_url: URL, folder: Path) -> Iterator[Server]:
    """A migrated database behind gunicorn with two workers, until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    port = listener.getsockname()[1]
    data = folder / "data"
    data.mkdir()
    site = Site.build(Settings(database_url, "not-a-secret-" * 4, f"http://127.0.0.1:{port}", data))
    site.migrate()
    server = Server(port, site, folder / "access.log", folder / "error.log")
    surroundings = environment(database_url, folder, port)
    server.error_log.touch()
    with listener:
        process = _started.Process(
            target=_serve, args=(listener, folder, surroundings, server.access_log, server.error_log)
        )
        process.start()
    try:
        _wait(server, process)
        yield server
    finally:
        process.terminate()
        process.join(30)
        if process.is_alive():
            process.kill()
            process.join()
        site.database.engine.dispose()


# Copies of a process that has imported all there is: to import it anew takes gunicorn ten times as long as to start.
_started = multiprocessing.get_context("forkserver")
_started.set_forkserver_preload([__name__, "gunicorn.arbiter", "app", *WRITERS])


def _serve(
    listener: socket.socket, folder: Path, surroundings: Mapping[str, str], access_log: Path, error_log: Path
) -> None:
    """As the command line of scripts/serve, in a process of its own."""
    for stream, path in ((1, access_log), (2, error_log)):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(descriptor, stream)
        os.close(descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(surroundings)
    sys.argv = gunicorn(f"fd://{listener.fileno()}")[2:]
    run()


def _wait(server: Server, process: BaseProcess) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            if server.get("/").status == 200:
                return
        except (OSError, HTTPException):
            time.sleep(0.1)
        if not process.is_alive():
            break
    raise RuntimeError(f"gunicorn did not start: {server.error_log.read_text(encoding='utf-8')}")
