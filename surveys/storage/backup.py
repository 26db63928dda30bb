"""The database by its own means of copying: whole, and as of one moment, while people vote."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL


class NoBackup(Exception):
    """The text says why, in Chinese."""


def copy_database(url: URL, folder: Path) -> Path:
    """A copy in a folder: an SQLite file, or what `pg_restore` reads. Raises NoBackup.

    SQLite's own copying takes what lies in the write-ahead log; a copy of the file alone misses the last votes.
    """
    if url.get_backend_name() == "sqlite":
        target = folder / "database.sqlite"
        with closing(sqlite3.connect(str(url.database))) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
        return target
    target = folder / "database.pgdump"
    _pg_dump(url, target)
    return target


def _pg_dump(url: URL, target: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise NoBackup("这台机器上没有 pg_dump，不能备份 PostgreSQL：apt-get install postgresql-client")
    address = url.set(drivername="postgresql", password=None).render_as_string()
    password = (
        {} if url.password is None else {"PGPASSWORD": str(url.password)}
    )  # not among the arguments: all see those
    done = subprocess.run(  # noqa: S603  # the address is a setting
        [program, "--format=custom", "--no-owner", f"--file={target}", f"--dbname={address}"],
        env=os.environ | password,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise NoBackup(f"pg_dump 没有完成：{done.stderr.strip()}")
