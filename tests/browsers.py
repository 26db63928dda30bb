"""A site for each module, a browser for each process, a phone for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from surveys.settings import database_url_of
from tests.phones import chromium, phone
from tests.servers import Server, running


@pytest.fixture(scope="module")
def server(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(sqlite_template, folder / "test.db")
    with running(database_url_of(f"sqlite:///{folder / 'test.db'}"), folder) as found:
        yield found


@pytest.fixture(scope="session")
def session_browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def browser(session_browser: Browser) -> Iterator[Browser]:
    """Without what the module before has left open."""
    yield session_browser
    for context in session_browser.contexts:
        context.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with phone(browser) as found:
        yield found
