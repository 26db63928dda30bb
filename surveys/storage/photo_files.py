"""Photographs of proceedings as files, each named by its SHA-256."""

import hashlib
import os
import secrets
from pathlib import Path

_FOLDER = "proceedings"


def keep_photo(data_dir: Path, data: bytes) -> str:
    """Writes the photograph durably and returns its digest. One that is there already is left as it is."""
    digest = hashlib.sha256(data).hexdigest()
    target = _path(data_dir, digest)
    if target.exists():
        return digest
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = target.with_name(f"{digest}.{secrets.token_hex(4)}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(target)
    return digest


def read_photo(data_dir: Path, digest: str) -> bytes | None:
    """The photograph, or None when its file is missing or no longer what was kept."""
    try:
        data = _path(data_dir, digest).read_bytes()
    except FileNotFoundError:
        return None
    return data if hashlib.sha256(data).hexdigest() == digest else None


def _path(data_dir: Path, digest: str) -> Path:
    if len(digest) != 64 or not digest.isalnum():
        raise ValueError("not a digest")
    return data_dir / _FOLDER / digest
