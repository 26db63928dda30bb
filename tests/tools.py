"""What the machine must have for some tests: skipped with a line that says how to get it, but a failure in CI."""

import os
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from surveys.settings import database_url_of

IN_CI = os.environ.get("CI") == "true"


def missing(what: str) -> None:
    """Skips the test, or fails it in CI."""
    if IN_CI:
        pytest.fail(what)
    pytest.skip(what)


def require_tool(name: str, package: str) -> Path:
    """The path of a program, or how to get it."""
    found = shutil.which(name)
    if found is None:
        missing(f"{name} 没有安装：apt-get install {package}")
    return Path(str(found))


def postgres_server() -> sa.URL:
    """The PostgreSQL to test on, or how to get one."""
    url = database_url_of(os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres"))
    engine = sa.create_engine(url, connect_args={"connect_timeout": 3})
    try:
        engine.connect().close()
    except sa.exc.OperationalError:
        missing("没有可用的 PostgreSQL：apt-get install postgresql，或设 TEST_POSTGRES_URL")
    finally:
        engine.dispose()
    return url
