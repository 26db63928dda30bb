"""The connection: what SQLite is told, what an error's text may say, and what the column types keep."""

import traceback
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, StatementError

from surveys.storage import database as storage_database
from surveys.storage import scrubbing
from surveys.storage.database import BUSY_TIMEOUT_MS, Database
from surveys.storage.schema import downgrade, is_current, migrate
from surveys.storage.tables import AuditEntry, Receipt
from surveys.storage.types import DecimalText
from tests.builders import build_poll, build_unit, run_sql
from tests.sites import NOW

pytestmark = pytest.mark.both

SECRET = "SECRETSECRET"


def test_sqlite_is_told_to_be_durable(lite_site, monkeypatch):
    monkeypatch.setattr(storage_database, "_set_up_sqlite", storage_database._set_up_sqlite.__wrapped__)
    database = Database(lite_site.settings.database_url)
    expected = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "busy_timeout": BUSY_TIMEOUT_MS,
    }
    # Two connections at once: each is told.
    with database.engine.connect() as first, database.engine.connect() as second:
        for connection in (first, second):
            found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in expected}
            assert found == expected


def test_foreign_keys_hold(site):
    with pytest.raises(IntegrityError):
        run_sql(site, "INSERT INTO receipts (poll_id, code) VALUES (99, '000000000000')")


@pytest.mark.parametrize("way", ["writing", "casting"])
def test_an_errors_text_carries_no_value(site, way):
    world = build_poll(site, count=0)
    row = {"poll_id": world.poll_id, "code": SECRET}
    with getattr(site.database, way)() as connection:
        connection.execute(sa.insert(Receipt), [row])
        with pytest.raises(IntegrityError) as caught:
            connection.execute(sa.insert(Receipt), [row])
    assert SECRET not in str(caught.value)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_what_is_not_committed_is_rolled_back(site):
    world = build_poll(site, count=0)
    row = {"poll_id": world.poll_id, "code": SECRET}
    for way in (site.database.writing, site.database.casting):
        with way() as connection:
            connection.execute(sa.insert(Receipt), [row])
        with site.database.reading() as session:
            assert session.scalar(sa.select(sa.func.count()).select_from(Receipt)) == 0


def test_reading_goes_on_while_another_writes(site):
    world = build_poll(site, count=0)
    with site.database.writing() as session:
        session.execute(sa.insert(Receipt), [{"poll_id": world.poll_id, "code": SECRET}])
        with site.database.reading() as reader:
            assert reader.scalar(sa.select(sa.func.count()).select_from(Receipt)) == 0
        session.commit()


def test_scrubbing_can_be_done_at_any_time(site, monkeypatch):
    monkeypatch.setattr(scrubbing, "OLDER_SECONDS", 60)  # other tests' transactions
    build_unit(site)
    scrubbing.scrub(site.database, voting=False)
    scrubbing.scrub(site.database, voting=False)


def test_moments_are_kept_in_utc_and_need_a_zone(site):
    beijing = NOW.astimezone(timezone(timedelta(hours=8)))
    with site.database.writing() as session:
        session.add(AuditEntry(at=beijing, actor="某人", act="test", subject="", detail="", digest=b""))
        session.commit()
    with site.database.reading() as session:
        found = session.scalar(sa.select(AuditEntry.at))
    assert found == NOW
    assert found.tzinfo is UTC
    naive = datetime(2026, 1, 1, 12)  # noqa: DTZ001 - what is refused
    entry = {"at": naive, "actor": "", "act": "", "subject": "", "detail": "", "digest": b""}
    with site.database.writing() as session, pytest.raises(StatementError):
        session.execute(sa.insert(AuditEntry), entry)


@pytest.mark.parametrize("text", ["0.1", "100", "-0.05", "1E+2", "33.333333333333333333"])
def test_decimals_are_kept_exactly(database, text):
    number = Decimal(text)
    with database.engine.connect() as connection:
        found = connection.scalar(sa.select(sa.literal(number, DecimalText)))
    assert found == number
    assert isinstance(found, Decimal)


def test_whether_the_schema_is_current_is_known(database_url):
    database = Database(database_url)
    try:
        assert not is_current(database)
        migrate(database)
        assert is_current(database)
        migrate(database)
        assert is_current(database)
        downgrade(database, "base")
        assert not is_current(database)
    finally:
        database.engine.dispose()
