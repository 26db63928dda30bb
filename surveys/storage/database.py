"""The connection to SQLite or PostgreSQL, and the three ways to use it: reading, writing, casting. No wait is without
an end: whoever stands in the hall hears after a second that the site is busy, and tries again."""

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session

BUSY_TIMEOUT_MS = 20_000
POOL_SECONDS = 2
CONNECTIONS = 5
"""Of a process that is no server."""

REACHING: Mapping[str, str] = {
    "connect_timeout": "2",
    "tcp_user_timeout": "3000",
    "keepalives": "1",
    "keepalives_idle": "2",
    "keepalives_interval": "1",
    "keepalives_count": "3",
}
"""What libpq is told, unless the address says otherwise: a host that falls silent is given up within seconds."""

WAITING: Mapping[str, str] = {
    "lock_timeout": "1s",
    "statement_timeout": "10s",
    "idle_in_transaction_session_timeout": "5min",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
"""What the server is told in each session, unless the address does in its `options`: the last four free the locks of a
client that fell silent. No time-out ends a commit that waits for a standby."""

WRITING: Mapping[str, str] = {"lock_timeout": "5s", "statement_timeout": "60s"}
"""For the staff's acts: sealing waits for the casts under way, and writes every ballot anew."""

ALTERING: Mapping[str, str] = {"lock_timeout": "20s", "statement_timeout": "0"}
"""For migrations. Whoever wants a table waits behind one that waits to alter it."""


class Database:
    """One engine. Callers commit; what is not committed is rolled back when the block ends.

    `connections`: how many at a time, at most; one for each thread that serves.
    """

    def __init__(self, url: URL, connections: int = CONNECTIONS) -> None:
        self.is_sqlite = url.get_backend_name() == "sqlite"
        # hide_parameters: an error's text must not carry a code's hash or an answer into a log.
        self.engine: Engine = create_engine(
            url if self.is_sqlite else _reaching(url),
            pool_pre_ping=not self.is_sqlite,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=POOL_SECONDS,
            hide_parameters=True,
        )
        event.listen(self.engine, "handle_error", _without_values)
        self._settled = frozenset(_named_in(url))
        if self.is_sqlite:
            event.listen(self.engine, "connect", _set_up_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            event.listen(self.engine, "connect", self._set_up_postgresql)
            event.listen(self.engine, "begin", self._begin_postgresql)
        self._writer = self.engine.execution_options(ceping_write=True)
        self._patient = self._writer.execution_options(ceping_patient=True)
        # SQLite's busy sleep makes the slow tail: one writer per process at a time queues without sleeping.
        self._turn = threading.Lock()

    @contextmanager
    def one_writer(self) -> Iterator[None]:
        """Of this process, on SQLite. Raises OperationalError when the turn does not come, as SQLite itself does."""
        if not self.is_sqlite:
            yield
            return
        if not self._turn.acquire(timeout=BUSY_TIMEOUT_MS / 1000):
            raise OperationalError(None, None, TimeoutError("another thread is writing"))
        try:
            yield
        finally:
            self._turn.release()

    def wait_for(self, connection: Connection, wanted: Mapping[str, str]) -> None:
        """Until its transaction ends the connection waits as long as this. SQLite waits as it always does."""
        if not self.is_sqlite:
            connection.exec_driver_sql(self._setting(wanted, "true"))

    def _setting(self, wanted: Mapping[str, str], local: str) -> str:
        """A statement that makes these settings, but for those that the address itself makes."""
        calls = (f"set_config('{name}', '{wanted[name]}', {local})" for name in wanted if name not in self._settled)
        return f"SELECT {', '.join(calls)}"

    def _set_up_postgresql(self, dbapi_connection: Any, _record: object) -> None:  # noqa: ANN401
        """By a statement, not at the start of the session: PgBouncer takes no `options`."""
        dbapi_connection.execute(self._setting(WAITING, "false"))
        dbapi_connection.commit()

    def _begin_postgresql(self, connection: Connection) -> None:
        if connection.get_execution_options().get("ceping_patient", False):
            self.wait_for(connection, WRITING)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with Session(self.engine, autoflush=False, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with self.one_writer(), Session(self._patient, expire_on_commit=False) as session:
            yield session

    def one_at_a_time(self, session: Session, table: type[DeclarativeBase]) -> None:
        """Until the transaction ends nobody else passes here with this table. SQLite has one writer anyway."""
        if not self.is_sqlite:
            session.execute(text(f'LOCK TABLE "{table.__tablename__}" IN SHARE ROW EXCLUSIVE MODE'))

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """A bare connection for the hot path's reads."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def casting(self) -> Iterator[Connection]:
        """A bare connection for the hot path's one write; an ORM session costs a third of the throughput."""
        with self.one_writer(), self._writer.connect() as connection:
            yield connection


def _named_in(url: URL) -> Iterator[str]:
    """The server's settings that the address makes: `?options=-c%20lock_timeout%3D800ms`."""
    options = url.normalized_query.get("options", ())
    yield from re.findall(r"(?:-c\s*|--)([A-Za-z_.]+)\s*=", " ".join(options))


def _reaching(url: URL) -> URL:
    missing = {name: value for name, value in REACHING.items() if name not in url.query}
    return url.update_query_dict(missing)


def _without_values(context: ExceptionContext) -> None:
    """Only the first line of the server's message: PostgreSQL's DETAIL line quotes the row, a receipt or a hash."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args:
            error.args = (str(error.args[0]).splitlines()[0], *error.args[1:])


def _set_up_sqlite(dbapi_connection: Any, _record: object) -> None:  # noqa: ANN401
    dbapi_connection.isolation_level = None  # BEGIN is ours (see _begin_sqlite), not the driver's guess
    cursor = dbapi_connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("ceping_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
