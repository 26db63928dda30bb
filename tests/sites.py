"""Sites to test on, and the time it is there."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask
from sqlalchemy import URL, Engine

from app import create_app
from surveys.settings import Settings, database_url_of

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def run_statement(engine: Engine, statement: str) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)


@contextmanager
def postgres_database(admin: Engine, template: str = "") -> Iterator[URL]:
    """A database of its own on the test server, dropped afterwards."""
    name = f"ceping_test_{secrets.token_hex(6)}"
    run_statement(admin, f'CREATE DATABASE "{name}"{template}')
    yield admin.url.set(database=name)
    run_statement(admin, f'DROP DATABASE "{name}" WITH (FORCE)')


def settings_for(url: URL, folder: Path) -> Settings:
    return Settings(url, "not-a-secret-" * 4, "http://127.0.0.1:8000", folder)


@contextmanager
def lite_site_in(folder: Path, template: Path) -> Iterator[Flask]:
    """A site on a copy of the migrated SQLite file."""
    path = folder / "lite.db"
    shutil.copy(template, path)
    app = create_app(settings_for(database_url_of(f"sqlite:///{path}"), folder))
    yield app
    app.extensions["site"].database.engine.dispose()
