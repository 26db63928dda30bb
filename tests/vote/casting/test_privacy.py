"""Three boxes that nothing joins: a property of the tables, and of what is left in them and in the files."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.site import Site
from surveys.polling import codes
from surveys.polling.base32 import grouped
from surveys.storage.tables import Base
from surveys.vote.ticketing import tickets
from tests.builders import build_poll, cast, close_and_seal, dump, filled, sheet_of
from tests.sites import NOW

pytestmark = [pytest.mark.own_database, pytest.mark.both]

BOXES = {
    "tickets": {"poll_id", "code_hash", "class_key", "batch", "state"},
    "ballots": {"poll_id", "id", "class_key", "answers"},
    "receipts": {"poll_id", "code"},
}
NONCE = "fedcba9876543210" * 2


def ballot_ids(site: Site) -> list[bytes]:
    with site.database.reading() as session:
        return [bytes(each) for each in session.scalars(sa.text("SELECT id FROM ballots"))]


def everything(site: Site) -> Iterator[tuple[str, bytes]]:
    """Every value of every table, and every byte of SQLite's files, with the name of the place."""
    for table, rows in dump(site.database).items():
        for row in rows:
            for value in row:
                yield table, bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
    if site.database.is_sqlite:
        for path in site.settings.data_dir.glob("test.db*"):
            yield path.name, path.read_bytes()


def places_of(site: Site, secrets: list[bytes]) -> set[str]:
    return {place for place, value in everything(site) for secret in secrets if secret.lower() in value.lower()}


def secrets_of(code: str, nonce: str) -> list[bytes]:
    return [code.encode(), grouped(code).encode(), code[4:].encode(), nonce.encode(), bytes.fromhex(nonce)]


def test_the_boxes_have_these_columns_and_no_other(database):
    inspector = sa.inspect(database.engine)
    for name, columns in BOXES.items():
        assert {column["name"] for column in inspector.get_columns(name)} == columns
        assert {column.name for column in Base.metadata.tables[name].columns} == columns


def test_the_boxes_have_no_time(database):
    inspector = sa.inspect(database.engine)
    times = (sa.Date, sa.DateTime, sa.Time, sa.Interval)
    for name in BOXES:
        assert not [column for column in inspector.get_columns(name) if isinstance(column["type"], times)]


def test_the_boxes_refer_to_a_class_and_a_poll_only_and_nothing_refers_to_them(database):
    inspector = sa.inspect(database.engine)
    referred = {
        (table, key["referred_table"])
        for table in inspector.get_table_names()
        for key in inspector.get_foreign_keys(table)
    }
    assert {pair for pair in referred if pair[0] in BOXES} == {
        ("tickets", "ballot_classes"),
        ("tickets", "batches"),
        ("ballots", "ballot_classes"),
        ("receipts", "polls"),
    }
    assert not {pair for pair in referred if pair[1] in BOXES}


def test_the_boxes_have_no_row_number(database):
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            query = "SELECT count(*) FROM information_schema.columns WHERE table_name = :name AND column_default <> ''"
            assert not any(connection.scalar(sa.text(query), {"name": name}) for name in BOXES)
            return
        for name in BOXES:
            query = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name"
            assert connection.scalar(sa.text(query), {"name": name}).strip().endswith("WITHOUT ROWID")
            with pytest.raises(sa.exc.OperationalError):
                connection.exec_driver_sql(f"SELECT rowid FROM {name}")


def test_after_a_vote_neither_code_nor_nonce_is_anywhere(site):
    world = build_poll(site, count=3, leaders=1)
    code = world.codes["A"][0]
    cast(site, code, filled(sheet_of(site, world.poll_id)), NONCE)
    assert places_of(site, secrets_of(code, NONCE)) == set()
    close_and_seal(site, world.poll_id)
    assert places_of(site, secrets_of(code, NONCE)) == set()


def test_the_search_finds_what_is_there(site):
    """Or else the test before this one would prove nothing."""
    world = build_poll(site, count=1, leaders=1)
    receipt = cast(site, world.codes["A"][0], filled(sheet_of(site, world.poll_id)))
    assert "receipts" in places_of(site, [receipt.encode()])
    assert "tickets" in places_of(site, [codes.hash_code(world.codes["A"][0])])


def test_voiding_leaves_no_code_behind(site):
    world = build_poll(site, count=1)
    code = world.codes["A"][0]
    with site.database.writing() as session:
        tickets.void(session, NOW, COMMAND_LINE, world.poll_id, grouped(code), "印坏了")
    assert places_of(site, secrets_of(code, NONCE)) == set()


def test_a_cast_changes_the_three_boxes_and_nothing_else(site):
    world = build_poll(site, count=2)
    submitted = filled(sheet_of(site, world.poll_id))
    before = dump(site.database)
    cast(site, world.codes["A"][0], submitted)
    after = dump(site.database)
    assert {table for table in after if after[table] != before[table]} == set(BOXES)


def test_ballot_ids_say_nothing_of_the_order_of_votes(site):
    world = build_poll(site, count=12, leaders=0)
    submitted = filled(sheet_of(site, world.poll_id))
    order: list[bytes] = []
    for code in world.codes["A"]:
        cast(site, code, submitted)
        order += [found for found in ballot_ids(site) if found not in order]
    assert len(order) == 12
    assert {len(found) for found in order} == {16}
    assert order not in (sorted(order), sorted(order, reverse=True))


def test_the_code_is_kept_as_its_hash_only(site):
    world = build_poll(site, count=5)
    with site.database.reading() as session:
        kept = {bytes(each) for each in session.scalars(sa.text("SELECT code_hash FROM tickets"))}
    assert kept == {codes.hash_code(code) for code in world.codes["A"]}
    assert {len(each) for each in kept} == {32}
