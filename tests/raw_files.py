"""What lies in the database's files, for whoever reads them past the database."""

import time
from pathlib import Path

import sqlalchemy as sa

from surveys.acts.site import Site
from surveys.vote import cleaning
from tests.sites import NOW

# The boxes with their indexes and long values, and the samples that the server keeps of columns.
_FILES = """
    SELECT pg_read_binary_file(pg_relation_filepath(oid), 0, 1000000000, true) FROM pg_class
    WHERE relkind IN ('r', 'i', 't') AND oid IN (
        SELECT unnest(ARRAY[named.oid, reltoastrelid]) FROM pg_class AS named WHERE relname = ANY(:tables)
        UNION SELECT indexrelid FROM pg_index JOIN pg_class AS named ON indrelid = named.oid
        WHERE named.relname = ANY(:tables)
    )
"""
TABLES = ["tickets", "ballots", "receipts", "keyings", "polls", "pg_statistic"]


def raw(site: Site) -> bytes:
    """On PostgreSQL as a superuser; of SQLite the file and its log."""
    if site.database.is_sqlite:
        path = str(site.settings.database_url.database)
        return b"".join(Path(path + end).read_bytes() for end in ("", "-wal") if Path(path + end).exists())
    return _read(site, _FILES, tables=TABLES)


def heap(site: Site, table: str) -> bytes:
    """On PostgreSQL: the file of the rows alone."""
    return _read(site, "SELECT pg_read_binary_file(pg_relation_filepath(:table))", table=table)


def _read(site: Site, query: str, **values: object) -> bytes:
    with site.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("CHECKPOINT"))
        return b"".join(bytes(each) for each in connection.scalars(sa.text(query), values) if each)


def cleaned(site: Site, seconds: float = 60) -> None:
    """As it comes by itself, sooner or later: what else goes on on the server, other tests too, may hold it up."""
    end = time.monotonic() + seconds
    while (why := cleaning.clean(site, NOW)) is not None:
        assert time.monotonic() < end, why


def uncleaned(site: Site) -> dict[str, str | None]:
    with site.database.reading() as session:
        return dict(cleaning.leftovers(session))
