"""Migrations are code: up, down, and up again, the same as the models, and nothing written is lost on the way."""

import re
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Table

from surveys.storage.database import Database
from surveys.storage.schema import MIGRATIONS, downgrade, migrate
from surveys.storage.tables import Base
from tests.sites import NOW

pytestmark = pytest.mark.both

VERSIONS = "alembic_version"
Rows = dict[str, dict[str, Any]]


def revisions() -> list[str]:
    """Every revision, the first one first."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]


@pytest.fixture
def empty(database_url: URL) -> Iterator[Database]:
    """A database without tables."""
    database = Database(database_url)
    yield database
    database.engine.dispose()


def tables_of(database: Database) -> list[Table]:
    """The tables as they are, those that others refer to first."""
    metadata = sa.MetaData()
    metadata.reflect(database.engine)
    return [table for table in metadata.sorted_tables if table.name != VERSIONS]


def schema_of(database: Database) -> list[str]:
    """The tables in words that can be compared."""
    inspector = sa.inspect(database.engine)
    lines = []
    for table in inspector.get_table_names():
        columns = sorted((each["name"], str(each["type"]), each["nullable"]) for each in inspector.get_columns(table))
        names = sorted(str(name) for name, _ in constraint_names(inspector, table))
        lines.append(f"{table} {columns} {names}")
    return sorted(lines)


def constraint_names(inspector: sa.Inspector, table: str) -> list[tuple[str | None, str | None]]:
    """(name as it is, name as the convention has it) of every constraint and index; a check's own part is free."""
    key = inspector.get_pk_constraint(table)
    own_number = inspector.bind.dialect.name == "sqlite" and table in numbered_once(inspector.bind)
    found = [(key["name"], None if own_number else f"pk_{table}")]  # AUTOINCREMENT is written in the column
    for foreign in inspector.get_foreign_keys(table):
        columns = "_".join(foreign["constrained_columns"])
        found.append((foreign["name"], f"fk_{table}_{columns}_{foreign['referred_table']}"))
    unique = {each["name"]: each["column_names"] for each in inspector.get_unique_constraints(table)}
    found += [(name, f"uq_{table}_{'_'.join(columns)}") for name, columns in unique.items()]
    for index in inspector.get_indexes(table):
        if index["name"] not in unique:
            found.append((index["name"], f"ix_{table}_{index['column_names'][0]}"))
    for check in inspector.get_check_constraints(table):
        name = check["name"]
        found.append((name, name if name and name.startswith(f"ck_{table}_") else f"ck_{table}_..."))
    return found


def sample(table: Table, there: Rows) -> dict[str, Any]:
    """A row for a table: what must not be empty filled in by type, references to the rows that are there."""
    row = {}
    for column in table.columns:
        if column.nullable:
            continue
        keys = sorted(column.foreign_keys, key=lambda key: key.column.table.name)
        row[column.name] = there[keys[0].column.table.name][keys[0].column.name] if keys else value_for(column.type)
    return row


def value_for(kind: sa.types.TypeEngine[Any]) -> Any:
    """A value a column of this type takes."""
    values: list[tuple[type, Any]] = [
        (sa.Boolean, True),
        (sa.DateTime, NOW),
        (sa.Date, date(2026, 3, 2)),
        (sa.JSON, {"某": ["样例", None]}),
        (sa.LargeBinary, b"\x00\xff"),
        (sa.Integer, 1),
        (sa.String, "样"),
    ]
    return next(value for each, value in values if isinstance(kind, each))


def fill(database: Database) -> Rows:
    """A row in every table, as the database gives it back."""
    there: Rows = {}
    for table in tables_of(database):
        with database.engine.begin() as connection:
            connection.execute(table.insert().values(sample(table, there)))
            there[table.name] = dict(connection.execute(table.select()).mappings().one())
    return there


def test_there_is_one_line_of_revisions_numbered_in_order():
    found = revisions()
    assert found == [f"{number:04}" for number in range(1, len(found) + 1)]


def test_the_migrated_schema_is_the_models(empty):
    migrate(empty)
    with empty.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []
    assert {table.name for table in tables_of(empty)} == set(Base.metadata.tables)


def test_the_migrated_schema_has_the_constraints_of_the_models(empty):
    """Checks too, and WITHOUT ROWID: what Alembic does not compare."""
    Base.metadata.create_all(empty.engine)
    created = schema_of(empty), without_rowid(empty)
    Base.metadata.drop_all(empty.engine)
    migrate(empty)
    migrated = [line for line in schema_of(empty) if VERSIONS not in line], without_rowid(empty)
    assert migrated == created


def numbered_once(bind: sa.Engine | sa.Connection) -> set[str]:
    """Tables of SQLite whose numbers are given once."""
    query = sa.text("SELECT name FROM sqlite_master WHERE sql LIKE '%PRIMARY KEY AUTOINCREMENT%'")
    with nullcontext(bind) if isinstance(bind, sa.Connection) else bind.connect() as connection:
        return set(connection.scalars(query))


def without_rowid(database: Database) -> set[str]:
    if not database.is_sqlite:
        return set()
    query = "SELECT name FROM sqlite_master WHERE sql LIKE '%WITHOUT ROWID%'"
    with database.engine.connect() as connection:
        return set(connection.exec_driver_sql(query).scalars())


def test_every_table_whose_rows_have_a_number_gives_it_once(empty):
    own = [table for table in Base.metadata.tables.values() if [each.name for each in table.primary_key] == ["id"]]
    wanted = {table.name for table in own if isinstance(table.primary_key.columns[0].type, sa.Integer)}
    assert {"polls", "units", "imports", "accounts", "materials"} < wanted
    assert not {"tickets", "ballots", "receipts", "keyings"} & wanted
    for create in (Base.metadata.create_all, lambda _: migrate(empty)):
        create(empty.engine)
        if empty.is_sqlite:
            assert numbered_once(empty.engine) == wanted
        Base.metadata.drop_all(empty.engine)


def test_a_number_that_was_there_is_not_given_again(empty):
    """Not that of a row from before the step, nor of one that came after it; going down keeps what is there."""
    before = revisions()[revisions().index("0008") - 1]
    migrate(empty, before)
    row = {name: value for name, value in fill(empty)["imports"].items() if name != "id"}
    imports = next(table for table in tables_of(empty) if table.name == "imports")
    with empty.engine.begin() as connection:
        connection.execute(imports.delete())
        first, second = (connection.execute(imports.insert().values(row)).inserted_primary_key[0] for _ in range(2))
    migrate(empty)
    with empty.engine.begin() as connection:
        connection.execute(imports.delete())
        third = connection.execute(imports.insert().values(row)).inserted_primary_key[0]
        connection.execute(imports.delete())
        fourth = connection.execute(imports.insert().values(row)).inserted_primary_key[0]
    assert first < second < third < fourth
    downgrade(empty, before)
    with empty.engine.connect() as connection:
        assert connection.scalars(sa.select(imports.c.id)).all() == [fourth]


def test_going_back_to_the_beginning_leaves_nothing(empty):
    migrate(empty)
    downgrade(empty, "base")
    assert tables_of(empty) == []


def test_each_step_goes_down_and_up_again(empty):
    schemas = []
    for revision in revisions():
        migrate(empty, revision)
        schemas.append(schema_of(empty))
    for before, revision in reversed(list(zip(schemas[:-1], revisions()[:-1], strict=True))):
        downgrade(empty, revision)
        assert schema_of(empty) == before
    downgrade(empty, "base")
    migrate(empty)
    assert schema_of(empty) == schemas[-1]


@pytest.mark.parametrize("revision", revisions())
def test_what_was_written_is_kept_by_all_later_steps(empty, revision):
    migrate(empty, revision)
    written = fill(empty)
    assert written
    migrate(empty)
    tables = tables_of(empty)
    with empty.engine.connect() as connection:
        for table in tables:
            kept = connection.execute(table.select()).mappings().all()
            before = {name: value for name, value in written.get(table.name, {}).items() if name in table.columns}
            assert not before or [{name: row[name] for name in before} for row in kept] == [before]
    assert set(written) <= {table.name for table in tables}


def test_a_full_database_goes_back_to_the_beginning(empty):
    migrate(empty)
    fill(empty)
    downgrade(empty, "base")
    assert tables_of(empty) == []


def test_a_step_that_fails_leaves_the_schema_as_it_was(empty):
    with empty.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE polls (id INTEGER)")
    with pytest.raises(sa.exc.DBAPIError):
        migrate(empty)
    assert [table.name for table in tables_of(empty)] == ["polls"]


def test_every_table_and_constraint_is_named_by_the_convention(empty):
    migrate(empty)
    inspector = sa.inspect(empty.engine)
    for table in tables_of(empty):
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", table.name)
        for name, expected in constraint_names(inspector, table.name):
            assert name == expected, table.name


def test_what_was_over_before_there_were_marks_is_to_be_cleaned(empty):
    """Nobody knows of it. What is not over, or was withdrawn before it opened, has nothing to be cleaned."""
    migrate(empty, "0008")
    row = fill(empty)["polls"]
    polls = next(table for table in tables_of(empty) if table.name == "polls")
    kinds = [
        ("SEAL", {"state": "sealed", "seal": "sha256:0"}),
        ("LATE", {"state": "withdrawn", "opened_at": NOW}),
        ("SOON", {"state": "withdrawn"}),
        ("OPEN", {"state": "open", "opened_at": NOW}),
    ]
    with empty.engine.begin() as connection:
        for number, (prefix, values) in enumerate(kinds, 100):
            connection.execute(polls.insert().values(row | {"id": number, "prefix": prefix} | values))
    migrate(empty, "0009")
    with empty.engine.connect() as connection:
        marked = connection.execute(sa.text("SELECT prefix, reason FROM leftovers ORDER BY prefix")).all()
    assert [tuple(each) for each in marked] == [("LATE", None), ("SEAL", None)]


def test_a_promise_closed_with_a_reason_is_one_again_one_step_back(empty):
    """What was answered before is closed by nobody; a step back forgets who closed it and keeps the answer."""
    migrate(empty, "0006")
    written = fill(empty)
    migrate(empty, "0007")
    reason = {"closed_reason": "核对后分数没有变", "closed_by": written["accounts"]["id"], "closed_at": NOW}
    for name in ("objections", "reviews"):
        table = next(table for table in tables_of(empty) if table.name == name)
        with empty.engine.begin() as connection:
            row = dict(connection.execute(table.select()).mappings().one())
            assert row == written[name] | dict.fromkeys(reason)
            connection.execute(table.update().values(reason))
    downgrade(empty, "0006")
    for table in tables_of(empty):
        with empty.engine.connect() as connection:
            assert dict(connection.execute(table.select()).mappings().one()) == written[table.name]


def test_a_step_back_from_sessions_gives_each_account_a_key_of_its_own(empty):
    """Which nobody holds: whoever was signed in is not, on either side."""
    migrate(empty)
    written = fill(empty)["accounts"]
    accounts = next(table for table in tables_of(empty) if table.name == "accounts")
    with empty.engine.begin() as connection:
        connection.execute(accounts.insert().values(written | {"id": written["id"] + 1, "name": "另一个"}))
    downgrade(empty, revisions()[revisions().index("0012") - 1])
    with empty.engine.connect() as connection:
        keys = connection.exec_driver_sql("SELECT session_key FROM accounts").scalars().all()
    assert len({len(key) for key in keys} | set(keys)) == 3
    migrate(empty)
    with empty.engine.connect() as connection:
        kept = connection.execute(accounts.select()).mappings().first()
        assert kept == written | {"person": "", "phone": "", "code_secret": None, "code_step": None}  # of 0017, 0019
        assert connection.exec_driver_sql("SELECT * FROM sessions").all() == []


def test_what_two_decided_stays_decided_one_step_back(empty):
    """What was there before is confirmed by nobody and counts; a step back forgets who confirmed and what still waits.
    Numbers of rows that are gone are not given again on the way."""
    before = revisions()[revisions().index("0011") - 1]
    migrate(empty, before)
    written = fill(empty)
    marks = next(table for table in tables_of(empty) if table.name == "marks")
    again = {name: value for name, value in written["marks"].items() if name != "id"} | {"version": 2}
    gone = written["marks"]["id"] + 5
    with empty.engine.begin() as connection:
        connection.execute(marks.insert().values(again | {"id": gone}))
        connection.execute(marks.delete().where(marks.c.id == gone))
    migrate(empty, "0011")
    by = {"confirmed_by": written["accounts"]["id"]}
    for name in ("marks", "events", "exemptions"):
        table = next(table for table in tables_of(empty) if table.name == name)
        with empty.engine.begin() as connection:
            row = dict(connection.execute(table.select()).mappings().one())
            assert row == written[name] | {"confirmed_by": None}
            connection.execute(table.update().values(by))
    proposed = next(table for table in tables_of(empty) if table.name == "proposed_changes")
    with empty.engine.begin() as connection:
        connection.execute(proposed.insert().values(sample(proposed, written)))
    if empty.is_sqlite:  # PostgreSQL's sequences stand beside the tables
        with empty.engine.begin() as connection:
            assert connection.execute(marks.insert().values(again)).inserted_primary_key[0] > gone
            connection.execute(marks.delete().where(marks.c.version == 2))
    downgrade(empty, before)
    for table in tables_of(empty):
        with empty.engine.connect() as connection:
            assert dict(connection.execute(table.select()).mappings().one()) == written[table.name]
