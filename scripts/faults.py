"""What happens to votes when things break: real gunicorn, real HTTP, real kills. scripts/faults [--posts N]

For each fault a hall of people posts at once, the fault strikes, the site comes back, whoever saw no receipt posts
again, and the poll is sealed. Then: conservation holds, every receipt shown is on the board, nobody is counted twice.
Exit status 1 if a vote was lost or doubled.
"""

import argparse
import http.client
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

from local_server import free_port, running
from silent_phones import SAYS, silent, stalled_upload

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import sqlalchemy as sa  # noqa: E402

from surveys.acts.actors import COMMAND_LINE, Role  # noqa: E402
from surveys.acts.site import Site  # noqa: E402
from surveys.office import accounts  # noqa: E402
from surveys.polling import receipts  # noqa: E402
from surveys.polling.base32 import grouped  # noqa: E402
from surveys.season import assessments  # noqa: E402
from surveys.settings import Settings  # noqa: E402
from surveys.vote import poll_record, polls, public_board, sealing  # noqa: E402
from surveys.vote.ticketing import tickets  # noqa: E402

RECEIPT = re.compile(rb'class="receipt code">([0-9A-Z-]{14})<')
FIELDS = [f"o-{number}" for number in range(1, 10)]


@dataclass
class Voter:
    """Somebody with a slip. `seen`: the receipts the voter's phone has shown."""

    code: str
    nonce: str = field(default_factory=receipts.new_nonce)
    seen: set[str] = field(default_factory=set)
    closed: bool = False

    def post(self, port: int) -> None:
        body = urlencode([(name, "A") for name in FIELDS] + [("nonce", self.nonce)])
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=40)
        try:
            connection.request("POST", f"/b/{self.code}", body, headers)
            response = connection.getresponse()
            page = response.read()
        except (OSError, http.client.HTTPException):
            return  # the phone shows a network error
        finally:
            connection.close()
        found = RECEIPT.search(page)
        if response.status == 200 and found:
            self.seen.add(found[1].decode())
        self.closed = response.status == 410


class Hall:
    """A poll, its voters and its site."""

    def __init__(self, database_url: str, folder: Path, posts: int) -> None:
        self.port = free_port()
        self.environment = {
            "DATABASE_URL": database_url,
            "SECRET_KEY": "faults-" * 6,
            "PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "DATA_DIR": str(folder),
        }
        self.site = Site.build(Settings.from_environment(self.environment))
        self.site.migrate()
        self.poll_id, codes = self._poll(posts)
        self.site.database.engine.dispose()
        self.voters = [Voter(code) for code in codes]
        self._clients: list[threading.Thread] = []

    def _poll(self, posts: int) -> tuple[int, list[str]]:
        now = self.site.now()
        with self.site.database.writing() as session:
            assessment = assessments.create_assessment(session, now, COMMAND_LINE, "故障演练", ["municipal"])
            entry = assessments.UnitEntry("故障演练", "故障演练", "municipal")
            unit = assessments.add_unit(session, now, COMMAND_LINE, assessment, entry)
            classes = [polls.ClassEntry("A", "参评人", Decimal(1))]
            poll = polls.create_poll(session, now, COMMAND_LINE, polls.PollEntry(unit, "故障演练", posts, classes))
            codes = tickets.issue(session, now, COMMAND_LINE, poll, "A", posts).codes
            polls.open_poll(session, now, COMMAND_LINE, poll)
        return poll, codes

    def burst(self, clients: int) -> None:
        """Everybody without a receipt posts, `clients` at a time, in the background."""
        waiting = [voter for voter in self.voters if not voter.seen]

        def work() -> None:
            while waiting:
                try:
                    voter = waiting.pop()
                except IndexError:
                    return
                voter.post(self.port)

        self._clients = [threading.Thread(target=work) for _ in range(clients)]
        for client in self._clients:
            client.start()

    def wait_until_half_done(self) -> int:
        """Posts in flight when half have a receipt: the moment the fault strikes."""
        while any(client.is_alive() for client in self._clients):
            if 2 * sum(bool(voter.seen) for voter in self.voters) >= len(self.voters):
                break
            time.sleep(0.005)
        return sum(client.is_alive() for client in self._clients)

    def settle(self) -> None:
        for client in self._clients:
            client.join()

    def close_and_seal(self) -> None:
        with self.site.database.writing() as session:
            polls.close_poll(session, self.site.now(), COMMAND_LINE, self.poll_id)
        sealing.seal_poll(self.site, self.site.now(), COMMAND_LINE, self.poll_id)


@dataclass(frozen=True)
class Outcome:
    fault: str
    database: str
    posts: int
    in_flight: int
    interrupted: int
    receipts: int
    ballots: int
    lost: int
    doubled: int
    unserved: int

    @property
    def bad(self) -> bool:
        return bool(self.lost or self.doubled or self.unserved)


@contextmanager
def served(hall: Hall, largest_file_kb: int = 0) -> Iterator["subprocess.Popen[bytes]"]:
    with running(hall.port, hall.environment, largest_file_kb=largest_file_kb) as server:
        yield server


def strike_worker(hall: Hall, clients: int, _again: Callable[[], None]) -> int:
    """kill -9 of one worker; gunicorn starts another."""
    with served(hall) as server:
        hall.burst(clients)
        in_flight = hall.wait_until_half_done()
        worker = subprocess.run(["pgrep", "-P", str(server.pid)], capture_output=True, text=True, check=True).stdout
        os.kill(int(worker.split()[0]), signal.SIGKILL)
        hall.settle()
    return in_flight


def strike_server(hall: Hall, clients: int, _again: Callable[[], None]) -> int:
    """kill -9 of the whole server."""
    with served(hall) as server:
        hall.burst(clients)
        in_flight = hall.wait_until_half_done()
        os.killpg(server.pid, signal.SIGKILL)
        hall.settle()
    return in_flight


def strike_database(hall: Hall, clients: int, again: Callable[[], None]) -> int:
    """kill -9 of PostgreSQL and all its processes, then its recovery, under the running site."""
    with served(hall):
        hall.burst(clients)
        in_flight = hall.wait_until_half_done()
        again()
        hall.settle()
    return in_flight


def strike_disk(hall: Hall, clients: int, _again: Callable[[], None]) -> int:
    """The disk is full after some votes (a limit on file size), and has room again after a restart."""
    with served(hall, largest_file_kb=640):
        hall.burst(clients)
        hall.settle()
    return clients


def strike_lock(hall: Hall, clients: int, _again: Callable[[], None]) -> int:
    """Somebody else locks the database for five seconds."""
    with served(hall):
        hall.burst(clients)
        in_flight = hall.wait_until_half_done()
        url = hall.site.settings.database_url
        if hall.site.database.is_sqlite:
            connection = sqlite3.connect(str(url.database), isolation_level=None)
            connection.execute("BEGIN EXCLUSIVE")
            time.sleep(5)
            connection.execute("ROLLBACK")
            connection.close()
        else:
            with sa.create_engine(url).begin() as other:
                other.exec_driver_sql("LOCK TABLE tickets IN ACCESS EXCLUSIVE MODE")
                time.sleep(5)
        hall.settle()
    return in_flight


def strike_seal(hall: Hall, clients: int, _again: Callable[[], None]) -> int:
    """The poll is closed and sealed while people post. Who comes too late is told so; nothing else is lost."""
    with served(hall):
        hall.burst(clients)
        in_flight = hall.wait_until_half_done()
        hall.close_and_seal()
        hall.settle()
    return in_flight


def strike_silence(hall: Hall, clients: int, _again: Callable[[], None]) -> int:
    """Sixty connections of each kind fall silent, and stay so until everybody has voted; half votes among them."""
    half = f"POST /b/{hall.voters[0].code} HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\no-1=A&o-2=".encode()
    with served(hall), ExitStack() as phones:
        for said in (*SAYS.values(), half):
            phones.enter_context(silent(hall.port, said))
        hall.burst(clients)
        hall.settle()
    return clients


def strike_uploads(hall: Hall, clients: int, _again: Callable[[], None]) -> int:
    """Sixty uploads by somebody who is signed in stop half-way."""
    with hall.site.database.writing() as session:
        password = accounts.create_account(session, hall.site.now(), COMMAND_LINE, "upload", Role.ADMIN)
    with served(hall):
        said = stalled_upload(hall.port, "upload", password, "/assessments/1/polls/import")
        with silent(hall.port, said):
            hall.burst(clients)
            hall.settle()
    return clients


FAULTS: dict[str, Callable[[Hall, int, Callable[[], None]], int]] = {
    "worker-killed": strike_worker,
    "server-killed": strike_server,
    "database-killed": strike_database,
    "disk-full": strike_disk,
    "database-locked": strike_lock,
    "sealed-meanwhile": strike_seal,
    "silent-phones": strike_silence,
    "stalled-uploads": strike_uploads,
}


def outcome(name: str, database: str, hall: Hall, clients: int, again: Callable[[], None]) -> Outcome:
    in_flight = FAULTS[name](hall, clients, again)
    interrupted = sum(not voter.seen for voter in hall.voters)
    with served(hall):  # the site is back: whoever saw no receipt posts the same again
        hall.burst(clients)
        hall.settle()
    if name != "sealed-meanwhile":
        hall.close_and_seal()
    return judge(name, database, hall, in_flight, interrupted)


def judge(name: str, database: str, hall: Hall, in_flight: int, interrupted: int) -> Outcome:
    with hall.site.database.reading() as session:
        poll = polls.poll_of(session, hall.poll_id)
        poll_record.verified(session, poll)  # conservation and the seal; raises
        board = public_board.board(session, poll.prefix)
        cast = sum(entry.cast for entry in board.counts)
    shown = [receipt for voter in hall.voters for receipt in voter.seen]
    own = {grouped(receipts.receipt_of(board.prefix, voter.nonce)) for voter in hall.voters}
    late = sum(voter.closed and not voter.seen for voter in hall.voters)
    return Outcome(
        fault=name,
        database=database,
        posts=len(hall.voters),
        in_flight=in_flight,
        interrupted=interrupted,
        receipts=len(shown),
        ballots=cast,
        lost=sum(receipt not in board.receipts for receipt in shown),
        # A voter has one nonce, so one receipt: a second ballot of one person would be a receipt nobody owns.
        doubled=cast - len(own & set(board.receipts)) + sum(len(voter.seen) > 1 for voter in hall.voters),
        unserved=sum(not voter.seen for voter in hall.voters) - (late if name == "sealed-meanwhile" else 0),
    )


class OwnPostgres:
    """A PostgreSQL of our own, to be killed."""

    def __init__(self, folder: Path) -> None:
        binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
        if not binaries:
            raise SystemExit("没有 PostgreSQL：apt-get install postgresql")
        self.bin, self.data, self.port = binaries[-1], folder / "pg", free_port()
        folder.chmod(0o755)
        self.data.mkdir()
        if os.geteuid() == 0:
            shutil.chown(self.data, "postgres")
        self._run(self.bin / "initdb", "-D", self.data, "-A", "trust", "-U", "postgres")
        self.start()

    def _run(self, *command: object) -> None:
        words = [str(word) for word in command]
        user = {"user": "postgres"} if os.geteuid() == 0 else {}
        subprocess.run(  # what it says is in its log
            words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **user
        )  # type: ignore[call-overload]

    def start(self) -> None:
        options = f"-p {self.port} -k {self.data} -c listen_addresses=127.0.0.1"
        self._run(self.bin / "pg_ctl", "-D", self.data, "-w", "-l", self.data / "log", "-o", options, "start")

    def kill_and_restart(self) -> None:
        head = int((self.data / "postmaster.pid").read_text().split()[0])
        children = subprocess.run(["pgrep", "-P", str(head)], capture_output=True, text=True, check=False).stdout
        for process in (head, *(int(child) for child in children.split())):
            with suppress(ProcessLookupError):  # a backend ended by itself
                os.kill(process, signal.SIGKILL)
        for _ in range(20):
            time.sleep(0.5)  # until the last backend has let go of the shared memory
            try:
                self.start()
            except subprocess.CalledProcessError:
                continue
            return
        raise SystemExit((self.data / "log").read_text()[-2000:])

    def stop(self) -> None:
        self._run(self.bin / "pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")

    def new_database(self, name: str) -> str:
        engine = sa.create_engine(f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres")
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
        engine.dispose()
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"


def rehearse(names: list[str], databases: list[str], posts: int, clients: int) -> Iterator[Outcome]:
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        postgres = OwnPostgres(folder) if "postgresql" in databases else None
        try:
            for database in databases:
                for name in names:
                    if (name, database) in {("database-killed", "sqlite"), ("disk-full", "postgresql")}:
                        continue
                    own = Path(tempfile.mkdtemp(dir=folder))
                    url = f"sqlite:///{own}/votes.db" if postgres is None or database == "sqlite" else ""
                    if not url and postgres is not None:
                        url = postgres.new_database(name)
                    hall = Hall(url, own, posts)
                    again = postgres.kill_and_restart if postgres is not None else lambda: None
                    yield outcome(name, database, hall, clients, again)
                    hall.site.database.engine.dispose()
        finally:
            if postgres is not None:
                postgres.stop()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--posts", type=int, default=300)
    parser.add_argument("--clients", type=int, default=24)
    parser.add_argument("--fault", choices=FAULTS, action="append")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    wanted = parser.parse_args()
    databases = wanted.database or ["sqlite", "postgresql"]
    row = "{:<17} {:<10} {:>5} {:>9} {:>11} {:>8} {:>7} {:>4} {:>7} {:>8}"
    print(row.format("fault", "database", "posts", "in flight", "interrupted", "receipts", "ballots", "lost", "doubled",
                     "unserved"))  # fmt: skip
    bad = False
    for result in rehearse(wanted.fault or list(FAULTS), databases, wanted.posts, wanted.clients):
        print(row.format(*vars(result).values()), flush=True)
        bad = bad or result.bad
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
