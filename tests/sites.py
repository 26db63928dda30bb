"""Sites to test on, and the time it is there."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from datetime import UTC, datetime
from pathlib import Path

from flask import Config, Flask
from sqlalchemy import URL, Engine

from app import create_app
from surveys.acts.site import Site
from surveys.settings import Settings, database_url_of
from surveys.vote.hall_screen import Screens
from surveys.vote.pages.prepared import PreparedPages

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
    app = app_with(Site.build(settings_for(database_url_of(f"sqlite:///{path}"), folder)))
    yield app
    app.extensions["site"].database.engine.dispose()


def app_with(site: Site) -> Flask:
    """As `create_app`, with the addresses and templates that were made once: making them takes longer than most tests.
    A test that adds an address makes an app of its own."""
    global _first
    if _first is None:
        _first = create_app(site.settings)
    app = copy(_first)
    app.config = Config(app.root_path, app.config)
    app.extensions = app.extensions | {"site": site, "prepared": PreparedPages(), "screens": Screens()}
    return app


_first: Flask | None = None


def unguarded(site: Site) -> Flask:
    """An app of its own whose forms need no token: to post to all addresses, or to one that a test adds."""
    app = create_app(site.settings)
    app.config["WTF_CSRF_ENABLED"] = False
    return app
