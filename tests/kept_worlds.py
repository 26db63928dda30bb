"""Worlds that were built before are copied as files: to make a unit takes a hundred times as long as to copy one."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from surveys.acts.site import Site

Parameters = ParamSpec("Parameters")
Built = TypeVar("Built")
Build = Callable[Concatenate[Site, Parameters], Built]

EMPTY = "SELECT " + " AND ".join(
    f"NOT EXISTS (SELECT 1 FROM {table})" for table in ("assessments", "accounts", "site_settings")
)


@dataclass
class Keeping:
    """`folder`: where the copies lie. `allowed`: not while a test has changed something by `monkeypatch`, which what it
    builds may rest on. `otherwise`: what a fixture has changed of building, so that its worlds are others. `served`:
    databases that another process was told of, and may have open: to copy over one would destroy it."""

    folder: Path = Path()
    allowed: bool = False
    otherwise: str = ""
    served: set[Path] = field(default_factory=set)


keeping = Keeping()


def kept(build: Build[Parameters, Built]) -> Build[Parameters, Built]:
    """As the first thing on an empty SQLite database it is done once for the same arguments."""
    copies: dict[str, tuple[Path, Any]] = {}

    @wraps(build)
    def built(site: Site, *args: Parameters.args, **named: Parameters.kwargs) -> Built:
        path = Path(str(site.settings.database_url.database))
        if not keeping.allowed or not site.database.is_sqlite or path in keeping.served or not _is_empty(path):
            return build(site, *args, **named)
        key = repr((keeping.otherwise, args, sorted(named.items())))
        if key in copies and _is_closed(site, path):
            copy, found = copies[key]
            _replace(copy / "world.db", path)
            _copy_files(copy / "files", site.settings.data_dir, path)
            return found
        found = build(site, *args, **named)
        if key not in copies and _is_closed(site, path):
            copy = keeping.folder / f"{build.__name__}-{len(copies)}"
            copy.mkdir()
            _replace(path, copy / "world.db")
            _copy_files(site.settings.data_dir, copy / "files", path)
            copies[key] = copy, found
        return found

    return built


def _is_empty(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        try:
            return bool(connection.execute(EMPTY).fetchone()[0])
        except sqlite3.OperationalError:
            return False  # not migrated, or of an earlier schema


def _is_closed(site: Site, path: Path) -> bool:
    """Whether nobody has it open: the last connection that closes leaves no log beside the file."""
    site.database.engine.dispose()
    return not Path(f"{path}-wal").exists()


def _copy_files(source: Path, target: Path, database: Path) -> None:
    """What was handed in lies beside the database."""
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns(f"{database.name}*"))


def _replace(source: Path, target: Path) -> None:
    for suffix in ("-wal", "-shm"):
        Path(f"{target}{suffix}").unlink(missing_ok=True)
    shutil.copyfile(source, target)
