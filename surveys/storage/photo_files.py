"""Photographs of proceedings as files, each named by its SHA-256."""

import hashlib
import os
import secrets
from pathlib import Path

from surveys.storage.files import sync_folder

_FOLDER = "proceedings"


def keep_photo(data_dir: Path, data: bytes) -> str:
    """Writes the photograph durably, whole or not at all, and returns its digest. A damaged copy is mended."""
    digest = hashlib.sha256(data).hexdigest()
    if read_photo(data_dir, digest) is not None:
        return digest
    target = photo_path(data_dir, digest)
    if not target.parent.is_dir():
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_folder(target.parent.parent)
    part = target.with_name(f"{digest}.{secrets.token_hex(4)}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(target)
        sync_folder(target.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return digest


def read_photo(data_dir: Path, digest: str) -> bytes | None:
    """The photograph, or None when its file is missing or no longer what was kept."""
    try:
        data = photo_path(data_dir, digest).read_bytes()
    except FileNotFoundError:
        return None
    return data if hashlib.sha256(data).hexdigest() == digest else None


def photo_path(data_dir: Path, digest: str) -> Path:
    """Where a photograph lies, or would."""
    if len(digest) != 64 or not digest.isalnum():
        raise ValueError("not a digest")
    return data_dir / _FOLDER / digest
