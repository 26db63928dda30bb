"""What the machine must have for some tests: skipped with a line that says how to get it, but a failure in CI. And
calls at one moment."""

import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from surveys.settings import database_url_of

IN_CI = os.environ.get("CI") == "true"
THOROUGH = "THOROUGH" in os.environ
"""`scripts/test --thorough`: long proofs whole, and many more made-up examples."""


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


def pdf_words(data: bytes) -> str:
    """What is written in a PDF, as it was drawn, without white space."""
    tool = require_tool("pdftotext", "poppler-utils")
    return squeezed(
        subprocess.run([tool, "-raw", "-", "-"], input=data, capture_output=True, check=True).stdout.decode()
    )


def squeezed(text: str) -> str:
    """Without white space."""
    return "".join(text.split())


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


def together(*calls: Callable[[], Any]) -> list[Any]:
    """The calls at one moment, each in a thread; what each returned or raised."""
    barrier = threading.Barrier(len(calls))
    outcomes: list[Any] = [None] * len(calls)

    def run(number: int) -> None:
        barrier.wait(10)
        try:
            outcomes[number] = calls[number]()
        except Exception as error:
            outcomes[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    return outcomes
