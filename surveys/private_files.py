"""Files that hold votes, notes of talks and password hashes are for the account that runs the site alone."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO


class OpenToOthers(Exception):
    """Other accounts of the machine may read it, and that is not ours to change. The text says what to do."""


def keep_private(paths: Iterable[Path]) -> None:
    """From now on this process makes files that only their owner reads; of `paths`, those that are there become so.

    Raises OpenToOthers.
    """
    os.umask(OTHERS)
    for path in paths:
        if path.exists():
            _tighten(path)


def _tighten(path: Path) -> None:
    found = path.stat()
    if not found.st_mode & OTHERS:
        return
    if found.st_mode & stat.S_ISVTX:
        raise OpenToOthers(f"{path} 是大家共用的文件夹，不能放数据。请另建一个只给本网站用的文件夹。")
    if found.st_uid != os.geteuid():
        raise OpenToOthers(
            f"{path} 属于另一个用户，而且别的用户也能读。请用 chown 把它交给运行本网站的用户，"
            f"或由它的主人运行 chmod go-rwx {path}"
        )
    path.chmod(stat.S_IMODE(found.st_mode) & ~OTHERS)
