"""Cleaning the database's files of what a sealing, a wiping or a withdrawal took out of its tables: old row versions
with their transaction numbers, freed pages, the write-ahead log that is SQLite's own. Done, or said why not."""

import fcntl
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, create_engine, delete, insert, text
from sqlalchemy.exc import DBAPIError

from surveys.storage.database import Database
from surveys.storage.tables import Leftover

BOXES = ("tickets", "ballots", "receipts", "keyings", "polls")

SHORT_MS = 200
"""How long it waits for a lock at a time: whoever votes meanwhile waits behind it."""
PAUSE = 0.3
"""Seconds between the tries, in which the others get their turn."""

AT_ONCE = 32 * 1024 * 1024
"""Bytes of the largest piece that is written anew while people vote. A small machine that is busy otherwise too writes
40 to 50 MB a second, and those who vote wait as long."""
AT_ONCE_MS = 1_500
"""Given up then, while people vote: the disk is slower than that."""

OLDER_SECONDS = 5
"""How long it waits for transactions that began before it."""

_LOCK = 5_170_020_260
"""PostgreSQL's advisory lock: one cleans at a time."""

TOO_SLOW = "磁盘太慢，清理会让正在投票的人久等；没有测评会在投票时再清理"


class NotScrubbed(Exception):
    """The text says why, in Chinese."""


class _Busy(NotScrubbed):
    """May pass within a second."""


class ScrubbedElsewhere(_Busy):
    """Another process is at it."""

    def __init__(self) -> None:
        super().__init__("正在清理")


def scrub(database: Database, *, voting: bool) -> None:
    """Raises NotScrubbed, OperationalError. `voting`: somebody is, and must not wait long."""
    if database.is_sqlite:
        _scrub_sqlite(database, voting)
        return
    try:
        _scrub_postgresql(database, voting)
    except DBAPIError as error:
        raise _why_not(error) from None


def _refuse_large(size: int, voting: bool) -> None:
    if voting and size > AT_ONCE:
        raise NotScrubbed("数据较多，清理会让正在投票的人久等；没有测评会在投票时再清理")


def _insist(step: Callable[[], None], seconds: float = 1) -> None:
    """Again and again while it is busy, so long."""
    end = time.monotonic() + seconds
    while True:
        try:
            return step()
        except _Busy:
            if time.monotonic() > end:
                raise
        time.sleep(PAUSE)


def _scrub_sqlite(database: Database, voting: bool) -> None:
    path = str(database.engine.url.database)
    with _told():
        connection = sqlite3.connect(path, timeout=SHORT_MS / 1000, isolation_level=None)
    with _alone_on_sqlite(path), closing(connection):
        # First, as there is no use in writing the file anew while somebody reads the old log.
        _insist(lambda: _empty_log(database, connection))
        _refuse_large(os.path.getsize(path), voting)
        _insist(lambda: _vacuum(database, connection, voting))
        _insist(lambda: _empty_log(database, connection))


@contextmanager
def _alone_on_sqlite(path: str) -> Iterator[None]:
    """By a file of its own: closing the database's would let go of the locks SQLite has on it."""
    descriptor = os.open(f"{path}-scrub", os.O_RDWR | os.O_CREAT, 0o600)

    def lock() -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ScrubbedElsewhere from None

    try:
        _insist(lock)
        yield
    finally:
        os.close(descriptor)


def _empty_log(database: Database, connection: sqlite3.Connection) -> None:
    """The log's pages into the file, and the log to nothing; SQLite does not raise when it cannot, it returns a row."""
    with _told():
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()  # the most of it, in nobody's way
        with database.one_writer():
            (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise _Busy("有程序正在读数据库文件（如备份、导出），要等它读完")


def _vacuum(database: Database, connection: sqlite3.Connection, voting: bool) -> None:
    with _told(), database.one_writer():
        end = time.monotonic() + AT_ONCE_MS / 1000
        if voting:
            connection.set_progress_handler(lambda: time.monotonic() > end, 10_000)
        connection.execute("VACUUM")


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_BUSY:
            raise _Busy("有程序一直在写数据库，要等它写完") from None
        if code == sqlite3.SQLITE_INTERRUPT:
            raise NotScrubbed(TOO_SLOW) from None
        raise NotScrubbed(f"数据库报告：{error}") from None


# A box may lie in partitions, each with a key of its own. What lies on another server has none here.
_boxes = text("""
    SELECT leaf::regclass::text, pg_total_relation_size(leaf), indexrelid::regclass::text
    FROM unnest(CAST(:boxes AS text[])) WITH ORDINALITY AS box (name, place)
    CROSS JOIN LATERAL (SELECT name::regclass UNION SELECT relid FROM pg_partition_tree(name::regclass)) AS part (leaf)
    JOIN pg_class ON pg_class.oid = leaf AND relkind <> 'p'
    LEFT JOIN pg_index ON indrelid = leaf AND indisprimary
    ORDER BY place, leaf
""")


def _scrub_postgresql(database: Database, voting: bool) -> None:
    # Connections of its own: each of the pool's is some thread's.
    engine = create_engine(database.engine.url, poolclass=NullPool)
    with _alone_on_postgresql(engine):
        _remove_a_row(engine)
        _insist(partial(_refuse_older, engine), OLDER_SECONDS)
        with engine.connect() as connection:
            boxes = connection.execute(_boxes, {"boxes": list(BOXES)}).all()
        _refuse_large(max(size for _, size, _ in boxes), voting)
        for table, _, key in boxes:
            if key is None:
                raise NotScrubbed(f"表 {table} 不在这个数据库里，须在它所在的服务器上清理")
            _insist(partial(_rewrite, engine, table, key, voting))
        _refuse_older(engine)


@contextmanager
def _alone_on_postgresql(engine: Engine) -> Iterator[None]:
    def lock() -> None:
        # Without parameters: with them the server keeps the statement, and its look at the rows, until the next.
        if not connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({_LOCK})").scalar():
            raise ScrubbedElsewhere

    with engine.connect() as connection:
        _insist(lock)
        yield


def _remove_a_row(engine: Engine) -> None:
    """Later than all that is to be cleaned away."""
    with engine.begin() as connection:
        connection.execute(insert(Leftover).values(prefix=""))
        connection.execute(delete(Leftover).where(Leftover.prefix == ""))


def _refuse_older(engine: Engine) -> None:
    """Raises _Busy as long as that row would be taken along into a new file, and so would the others be.

    The server takes removed rows along while any transaction is open that might still look at them, whether or not it
    ever does. Only its notice, in whatever language, tells of it: `0 dead row versions cannot be removed yet`.
    """
    said: list[str] = []
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.add_notice_handler(lambda notice: said.append(notice.message_detail or ""))
        _run(connection, "CLUSTER (VERBOSE) leftovers USING pk_leftovers", 0)
    if [re.findall(r"\d+", detail)[:1] for detail in said if detail] != [["0"]]:
        raise _Busy("有程序长时间占着数据库服务器（如备份、没有结束的查询），要等它结束")


def _rewrite(engine: Engine, table: str, key: str, voting: bool) -> None:
    """The table and its indexes into new files, in the order of its key, which is random; the old files are dropped.

    A VACUUM leaves removed bytes in their pages.
    """
    with engine.connect() as connection:
        _run(connection, f"CLUSTER {table} USING {key}", AT_ONCE_MS if voting else 0)
        connection.commit()


def _run(connection: Connection, statement: str, most_ms: int) -> None:
    try:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {SHORT_MS}")
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {most_ms}")
        connection.exec_driver_sql(statement)
    except DBAPIError as error:
        raise _why_not(error) from None


def _why_not(error: DBAPIError) -> NotScrubbed:
    state = getattr(error.orig, "sqlstate", None)
    if state == "55P03":
        return _Busy("有程序一直占着选票的表，要等它结束")
    if state == "57014":
        return NotScrubbed(TOO_SLOW)
    if state == "42501":
        return NotScrubbed(
            "网站的数据库账号不是数据表的所有者，不能清理。请数据库管理员用所有者的账号运行 poll scrub，"
            "或把表的所有权交给网站的账号"
        )
    return NotScrubbed(f"数据库报告：{error.orig}")
