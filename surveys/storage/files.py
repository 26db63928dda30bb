"""Files by the SHA-256 of what is in them: materials/ab/cdef..., proceedings/abcdef...; each content once."""

import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

CHUNK = 1024 * 1024
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Stored:
    """`digest`: SHA-256 in hexadecimal; `size`: in bytes."""

    digest: str
    size: int


@dataclass(frozen=True)
class Files:
    """A folder of files, in folders of their own by the first two digits unless it is `flat`. Only digests address
    them, so no name that somebody made up becomes a path."""

    folder: Path
    flat: bool = False

    def keep(self, stream: BinaryIO) -> Stored:
        """Stores what the stream has from its start, whole or not at all. Raises OSError, on a full disk for one.

        Call it within `in_use`, until what refers to the file is committed.
        """
        stream.seek(0)
        self._make(self.folder)
        number, name = tempfile.mkstemp(dir=self.folder, prefix=".new-")  # mode 600
        path = Path(name)
        try:
            digest, size = hashlib.sha256(), 0
            with os.fdopen(number, "wb") as target:
                while data := stream.read(CHUNK):
                    digest.update(data)
                    size += target.write(data)
                target.flush()
                os.fsync(target.fileno())
            stored = Stored(digest.hexdigest(), size)
            place = self.path(stored.digest)
            self._make(place.parent)
            path.replace(place)  # over the same content, if it is there: a damaged copy is mended
            sync_folder(place.parent)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return stored

    def path(self, digest: str) -> Path:
        """Where a file lies, or would. Raises ValueError for what is no digest."""
        if not _DIGEST.fullmatch(digest):
            raise ValueError("not a digest")
        return self.folder / digest if self.flat else self.folder / digest[:2] / digest[2:]

    def open(self, digest: str) -> BinaryIO | None:
        """The file, or None when it is not there."""
        try:
            return self.path(digest).open("rb")
        except FileNotFoundError:
            return None

    def read(self, digest: str) -> bytes | None:
        """A small file; None when it is not there, or has not the content that its name says."""
        return self.path(digest).read_bytes() if self.is_whole(digest) else None

    def is_whole(self, digest: str) -> bool:
        """Whether the file is there and has the content that its name says."""
        try:
            with self.path(digest).open("rb") as found:
                return hashlib.file_digest(found, "sha256").hexdigest() == digest
        except FileNotFoundError:
            return False

    def digests(self) -> Iterator[str]:
        """Of every file in the folder."""
        for path in sorted(self.folder.glob("*" if self.flat else "??/*")):
            digest = path.name if self.flat else path.parent.name + path.name
            if _DIGEST.fullmatch(digest):
                yield digest

    def remove(self, digest: str) -> None:
        self.path(digest).unlink(missing_ok=True)

    def remove_unfinished(self) -> None:
        """What a killed process left of a file that it was storing. Call it within `alone`."""
        for path in self.folder.glob(".new-*"):
            path.unlink(missing_ok=True)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """While somebody is between storing a file and committing what refers to it."""
        with self._locked(fcntl.LOCK_SH):
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While nobody is: for taking away what nothing refers to."""
        with self._locked(fcntl.LOCK_EX):
            yield

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        self._make(self.folder)
        descriptor = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, how)
            yield
        finally:
            os.close(descriptor)

    @staticmethod
    def _make(folder: Path) -> None:
        if not folder.is_dir():
            folder.mkdir(mode=0o700, exist_ok=True)
            sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """A new name in a folder lasts only once the folder is on the disk too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
