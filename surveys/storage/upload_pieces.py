"""Files that arrive in pieces: an unfinished file per account and key, until all is there."""

import fcntl
import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MOST_UNFINISHED = 5
"""Of one account: the oldest goes first."""

KEPT_SECONDS = 2 * 24 * 3600


@dataclass(frozen=True)
class UnfinishedFiles:
    folder: Path

    def append(self, account_id: int, key: str, offset: int, data: bytes, most: int) -> int:
        """Adds a piece where it belongs and returns how much is there now.

        A piece that begins elsewhere than where the file ends changes nothing: its sender goes on from there.
        """
        path = self._path(account_id, key)
        if not path.exists():
            self._make_room(path.parent)
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "ab") as target:
            fcntl.flock(target, fcntl.LOCK_EX)
            size = target.seek(0, 2)
            if offset != size or size + len(data) > most:
                return size
            target.write(data)
            target.flush()
            return size + len(data)

    def open(self, account_id: int, key: str) -> BinaryIO | None:
        try:
            return self._path(account_id, key).open("rb")
        except FileNotFoundError:
            return None

    def remove(self, account_id: int, key: str) -> None:
        self._path(account_id, key).unlink(missing_ok=True)

    def remove_old(self) -> None:
        """What nobody went on sending."""
        before = time.time() - KEPT_SECONDS
        for path in self.folder.glob("*/*"):
            if path.stat().st_mtime < before:
                path.unlink(missing_ok=True)

    def _path(self, account_id: int, key: str) -> Path:
        return self.folder / str(account_id) / hashlib.sha256(key.encode()).hexdigest()

    def _make_room(self, folder: Path) -> None:
        for each in (self.folder.parent, self.folder, folder):
            each.mkdir(mode=0o700, exist_ok=True)  # with `parents` they would not have this mode
        self.remove_old()
        own = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime)
        for path in own[: max(0, len(own) + 1 - MOST_UNFINISHED)]:
            path.unlink(missing_ok=True)
