"""Bringing a database to the current schema."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from surveys.storage.database import ALTERING, Database

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def migrate(database: Database, revision: str = "head") -> None:
    """Upgrades, in one transaction."""
    with _altering(database) as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def downgrade(database: Database, revision: str) -> None:
    with _altering(database) as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


@contextmanager
def _altering(database: Database) -> Iterator[Connection]:
    """A transaction in which tables may be altered.

    SQLite alters a table by writing it anew and dropping the old one, which its foreign keys would take for a deletion
    of every row. They are off meanwhile, which only works outside a transaction, and checked before the commit.
    """
    with database.engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        if not database.is_sqlite:
            with connection.begin():
                database.wait_for(connection, ALTERING)
                yield connection
            return
        raw.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                yield connection
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                if broken:
                    raise RuntimeError(f"foreign keys broken by a migration: {sorted({row[0] for row in broken})}")
        finally:
            raw.execute("PRAGMA foreign_keys=ON")


def revision(database: Database) -> str | None:
    """Of the schema that is there; None in an empty database."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_current(database: Database) -> bool:
    return revision(database) == ScriptDirectory.from_config(_config()).get_current_head()
