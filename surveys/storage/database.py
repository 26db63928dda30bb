"""The connection to SQLite or PostgreSQL, and the three ways to use it: reading, writing, casting."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.orm import DeclarativeBase, Session

BUSY_TIMEOUT_MS = 20_000


class Database:
    """One engine. Callers commit; what is not committed is rolled back when the block ends."""

    def __init__(self, url: URL) -> None:
        self.is_sqlite = url.get_backend_name() == "sqlite"
        # hide_parameters: an error's text must not carry a code's hash or an answer into a log.
        self.engine: Engine = create_engine(url, pool_pre_ping=not self.is_sqlite, hide_parameters=True)
        event.listen(self.engine, "handle_error", _without_values)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _set_up_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        self._writer = self.engine.execution_options(ceping_write=True)
        # SQLite's busy sleep makes the slow tail: one writer per process at a time queues without sleeping.
        self._one_writer = threading.Lock() if self.is_sqlite else nullcontext()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with Session(self.engine, autoflush=False, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with self._one_writer, Session(self._writer, expire_on_commit=False) as session:
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
        with self._one_writer, self._writer.connect() as connection:
            yield connection

    def scrub(self) -> None:
        """Drops what a sealing's rewrite left behind in the files: old row versions, the write-ahead log.

        PostgreSQL's log is its server's, and keeps what it has until it is recycled.
        """
        if not self.is_sqlite:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ballots, receipts, tickets, keyings, polls")
                # A plain VACUUM leaves a removed row's bytes in its page: in polls the envelopes' salt. A full one
                # writes the file anew while nobody reads the table. Voters must not queue long behind it.
                connection.exec_driver_sql("SET lock_timeout = '1s'")
                try:
                    connection.exec_driver_sql("VACUUM (FULL, ANALYZE) polls")
                finally:
                    connection.exec_driver_sql("RESET lock_timeout")
            return
        with self._one_writer, closing(self.engine.raw_connection()) as raw:
            cursor = raw.cursor()
            for statement in ("PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                cursor.execute(statement)
            cursor.close()


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
