"""Databases as an earlier program left them, and a database copied to another engine."""

import gzip
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from surveys.acts.site import Site
from surveys.polling.seal import seal
from surveys.settings import database_url_of
from surveys.storage.tables import Base
from surveys.vote.poll_record import read_record
from surveys.vote.polls import poll_of
from tests.sites import settings_for

DATA = Path(__file__).parent / "data"
ASKED_SINCE = ("two_hands", "reserve", "issue_to")


def load(name: str, folder: Path) -> Site:
    """A site on a copy of `tests/data/<name>.sql.gz`, brought to the present schema."""
    path = folder / f"{name}.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(gzip.decompress((DATA / f"{name}.sql.gz").read_bytes()).decode())
    site = Site.build(settings_for(database_url_of(f"sqlite:///{path}"), folder))
    site.migrate()
    return site


def said(name: str) -> dict[str, Any]:
    """What the earlier program said of it."""
    found: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    return found


def copy(source: Site, target: Site) -> None:
    """Every row, table by table in the order of the keys, into a migrated database without rows."""
    with source.database.engine.connect() as reads, target.database.engine.connect() as writes:
        raw = writes.connection.dbapi_connection
        assert raw is not None
        if target.database.is_sqlite:
            raw.execute("PRAGMA foreign_keys=OFF")
        with writes.begin():
            if not target.database.is_sqlite:
                writes.exec_driver_sql("SET LOCAL session_replication_role = replica")
            for table in Base.metadata.sorted_tables:
                rows = reads.execute(sa.select(table).order_by(*table.primary_key)).mappings().all()
                if rows:
                    writes.execute(sa.insert(table), [dict(row) for row in rows])
            if not target.database.is_sqlite:
                _continue_numbers(writes)
        if target.database.is_sqlite:
            raw.execute("PRAGMA foreign_keys=ON")


def _continue_numbers(connection: Connection) -> None:
    for name, table in Base.metadata.tables.items():
        sequence = "id" in table.c and connection.scalar(sa.select(sa.func.pg_get_serial_sequence(name, "id")))
        if sequence:
            last = connection.scalar(sa.select(sa.func.max(table.c.id)))
            connection.execute(sa.select(sa.func.setval(sequence, last or 1, last is not None)))


def opened_before(site: Site, *poll_ids: int) -> None:
    """These sealed polls as a program left them that did not ask two people yet: the rules have no such keys, and the
    seal is over what they say."""
    with site.database.writing() as session:
        for poll_id in poll_ids:
            poll = poll_of(session, poll_id)
            poll.rules = {key: value for key, value in poll.rules.items() if key not in ASKED_SINCE}
            session.flush()
            poll.seal = seal(read_record(session, poll))
        session.commit()
