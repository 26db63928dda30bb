"""Databases, sites, clients: what the tests stand on. Every test has its own database; time is fixed."""

import gc
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import Enum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import Flask, g, has_request_context
from hypothesis import HealthCheck, settings
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import URL, Engine
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from surveys.acts.site import Site
from surveys.office import passwords
from surveys.settings import database_url_of
from surveys.storage import database as storage_database
from surveys.storage.database import Database
from surveys.storage.schema import migrate
from surveys.storage.tables import Base
from tests import slow
from tests.browsers import browser as browser
from tests.browsers import page as page
from tests.browsers import server as server
from tests.browsers import session_browser as session_browser
from tests.kept_worlds import keeping
from tests.sites import NOW, app_with, lite_site_in, postgres_database, run_statement, settings_for
from tests.tools import THOROUGH, postgres_server

if TYPE_CHECKING:
    from tests.worlds import Shown


@pytest.fixture(scope="session")
def postgres() -> URL:
    return postgres_server()


@pytest.fixture(scope="session")
def postgres_admin(postgres: URL) -> Iterator[Engine]:
    """For creating and dropping databases."""
    engine = sa.create_engine(postgres, isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_template(postgres: URL, postgres_admin: Engine) -> Iterator[str]:
    """The name of a migrated database: copying it takes half the time of migrating."""
    name = f"ceping_template_{secrets.token_hex(6)}"
    run_statement(postgres_admin, f'CREATE DATABASE "{name}"')
    migrated(postgres.set(database=name))
    yield name
    run_statement(postgres_admin, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    migrated(database_url_of(f"sqlite:///{path}"))
    return path


def migrated(url: URL) -> None:
    database = Database(url)
    migrate(database)
    database.engine.dispose()


@pytest.fixture(scope="session")
def postgres_shared(postgres_admin: Engine, postgres_template: str) -> Iterator[Engine]:
    """One migrated database for all tests of this process, to be emptied after each: dropping one flushes the whole
    server's buffers, which takes longer than most tests."""
    with postgres_database(postgres_admin, f' TEMPLATE "{postgres_template}"') as url:
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        yield engine


# The same examples on every run. Many more, and others each time: scripts/test --thorough.
EXAMPLES: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck)}
settings.register_profile("short", max_examples=30, derandomize=True, **EXAMPLES)
settings.register_profile("thorough", max_examples=300, **EXAMPLES)
settings.load_profile("thorough" if THOROUGH else "short")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test runs on PostgreSQL too where its SQL or its locks differ there, which is what the mark `both` says; with
    `thorough` among the long proofs only."""
    if "database_url" in metafunc.fixturenames:
        both = metafunc.definition.get_closest_marker("both")
        marks = [pytest.mark.thorough] if both and both.kwargs.get("thorough") else []
        twin = [pytest.param("postgresql", marks=marks)] if both else []
        metafunc.parametrize("database_url", ["sqlite", *twin], indirect=True)


SHORT = re.compile(r"[A-Za-z0-9_.:@/-]{1,12}")
SHORT_ID = re.compile(r"[!-Z\\^-~]{1,40}")


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """What can be typed in a terminal; of other texts their number is enough."""
    if isinstance(val, Enum):
        return val.name
    if isinstance(val, str | bytes):
        return val if isinstance(val, str) and SHORT.fullmatch(val) else argname
    return None


def pytest_collection_finish() -> None:
    """What was imported and collected is nobody's garbage: looking through it again takes a tenth of a run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if "RECORD_SLOW" in os.environ:
        reports = [each for kind in ("passed", "") for each in terminalreporter.stats.get(kind, ())]
        lane = [each for each in reports if not {"browser", "postgresql"} & set(each.keywords)]
        slow.write((each.nodeid, each.duration) for each in lane)


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Two files that differ: where. pytest itself compares each byte with each: minutes for a page of PDF."""
    if op != "==" or not (isinstance(left, bytes) and isinstance(right, bytes)) or len(left) + len(right) < 2000:
        return None
    place = next((each for each, (one, other) in enumerate(zip(left, right, strict=False)) if one != other), None)
    return [f"{len(left)} bytes == {len(right)} bytes", f"first other byte: {place}"]


INTEGRATION = {"database_url", "sqlite_template", "postgres_admin", "lite_app", "shown"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What kind of test each is: `browser`, `integration` (a database) or `unit`; also if on `postgresql`, or slow."""
    left = [] if THOROUGH else [item for item in items if item.get_closest_marker("thorough")]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in set(left)]
    listed = slow.listed()
    for item in items:
        assert isinstance(item, pytest.Function)
        if hasattr(item, "callspec") and SHORT_ID.fullmatch(item.callspec.id) is None:
            raise pytest.UsageError(f"{item.nodeid}: at most 40 ASCII characters, without spaces or brackets")
        if slow.of(item.nodeid) in listed:
            item.add_marker("slow")
        names = set(item.fixturenames)
        if "browser" in names or item.path.stem.endswith("_browser"):
            item.add_marker("browser")
        else:
            item.add_marker("integration" if names & INTEGRATION else "unit")
        if "postgresql" in item.name or names & {"postgres", "postgres_admin"}:
            item.add_marker("postgresql")


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[URL]:
    """A database without rows on each system: migrated for a test that asks for `app` or `site`, else wholly empty.

    On PostgreSQL its rows lie where other tests' rows lay before, unless the test is marked `own_database`.
    """
    from_template = bool({"app", "site"} & set(request.fixturenames))
    if request.param == "sqlite":
        path = tmp_path / "test.db"
        if from_template:
            shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield database_url_of(f"sqlite:///{path}")
        return
    if from_template and request.node.get_closest_marker("own_database") is None:
        shared: Engine = request.getfixturevalue("postgres_shared")
        yield shared.url
        empty(shared)
        return
    template = f' TEMPLATE "{request.getfixturevalue("postgres_template")}"' if from_template else ""
    with postgres_database(request.getfixturevalue("postgres_admin"), template) as url:
        yield url


def empty(engine: Engine) -> None:
    """Every table without rows and every sequence at its start, as after migrating; whoever is still in is put out."""
    tables = "; ".join(f'DELETE FROM "{name}"' for name in Base.metadata.tables)
    run_statement(
        engine,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid();"
        " BEGIN; SET LOCAL session_replication_role = replica;"  # in any order: no foreign key is looked at
        f" {tables}; SELECT setval(quote_ident(sequencename)::regclass, start_value, false) FROM pg_sequences; COMMIT",
    )


@pytest.fixture
def app(database_url: URL, tmp_path: Path) -> Iterator[Flask]:
    """The site on a migrated database."""
    found = Site.build(settings_for(database_url, tmp_path))
    app = app_with(found)
    if not found.is_current():
        found.migrate()
    yield app
    found.database.engine.dispose()


@pytest.fixture
def site(request: pytest.FixtureRequest, database_url: URL, tmp_path: Path) -> Iterator[Site]:
    """The use cases on a migrated database: the app's where the test asks for `app` too, else without the pages."""
    if "app" in request.fixturenames:
        app: Flask = request.getfixturevalue("app")
        yield app.extensions["site"]
        return
    site = Site.build(settings_for(database_url, tmp_path))
    yield site
    site.database.engine.dispose()


@pytest.fixture
def database(site: Site) -> Database:
    return site.database


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hashing a password properly takes longer than most tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="session", autouse=True)
def addresses_compiled_once() -> Iterator[None]:
    """werkzeug writes and compiles two functions for each address of each site: four fifths of what making one takes.
    They depend on the address alone."""
    compiled: dict[object, Callable[..., tuple[str, str]]] = {}
    compile_builder = Rule._compile_builder

    def once(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
        if key not in compiled:
            compiled[key] = compile_builder(rule, append_unknown)
        return compiled[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", once)
        yield


@pytest.fixture(scope="session", autouse=True)
def one_connection_a_request() -> Iterator[None]:
    """There are as many connections as threads: a request that waited for a second one while it held its first would
    wait for others that do the same, and all of them would be told that the site is busy."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("reading", "writing", "looking", "casting"):
            patch.setattr(Database, name, alone_in_its_request(getattr(Database, name)))
        yield


def alone_in_its_request(connect: Callable[[Database], Any]) -> Callable[[Database], Any]:
    @contextmanager
    def connected(database: Database) -> Iterator[Any]:
        if not has_request_context():
            with connect(database) as found:
                yield found
            return
        assert "connection" not in g, "this request holds a connection already"
        g.connection = connect
        try:
            with connect(database) as found:
                yield found
        finally:
            g.pop("connection")

    return connected


@pytest.fixture(scope="session", autouse=True)
def worlds_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    keeping.folder = tmp_path_factory.mktemp("worlds")


@pytest.fixture(autouse=True)
def worlds_built_once(request: pytest.FixtureRequest) -> Iterator[None]:
    keeping.allowed = "monkeypatch" not in request.fixturenames
    yield
    keeping.allowed = False


@pytest.fixture(scope="session", autouse=True)
def sqlite_without_waiting_for_the_disk() -> Iterator[None]:
    """In the tests' own process nothing is lost when it ends; what a crash may lose is tested with real servers."""
    set_up = storage_database._set_up_sqlite

    @wraps(set_up)
    def without(connection: Any, record: object) -> None:
        set_up(connection, record)
        connection.execute("PRAGMA synchronous=OFF")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storage_database, "_set_up_sqlite", without)
        yield


class KeptTemplates(BytecodeCache):
    """Compiled templates in memory. jinja2 looks whether the source is still the same."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()


@pytest.fixture(scope="session", autouse=True)
def templates_compiled_once() -> Iterator[None]:
    """Each site compiles the templates it shows: for most tests that takes longer than showing them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": KeptTemplates()})
        yield


@pytest.fixture
def lite_app(sqlite_template: Path, tmp_path: Path) -> Iterator[Flask]:
    """The site on SQLite alone: for tests in which the database does not matter."""
    with lite_site_in(tmp_path, sqlite_template) as app:
        yield app


@pytest.fixture
def lite_site(lite_app: Flask) -> Site:
    found = lite_app.extensions["site"]
    assert isinstance(found, Site)
    return found


@pytest.fixture(scope="module")
def shown(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Shown"]:
    """A site filled with everything, shared by the tests of a module: they only look at it."""
    from tests.worlds import Shown, build_everything

    with lite_site_in(tmp_path_factory.mktemp("shown"), sqlite_template) as app:
        yield Shown(app, build_everything(app.extensions["site"]))


@pytest.fixture
def decided_by_one() -> Iterator[None]:
    """Marking starts as it did before what an admin decides took two: for tests of the pages, not of that."""
    from tests import builders

    start = builders.start_marking

    def start_as_before(session: Session, assessment_id: int) -> None:
        start(session, assessment_id)
        builders.forget_two(session, assessment_id)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builders, "start_marking", start_as_before)
        patch.setattr(keeping, "otherwise", "decided by one")
        yield
