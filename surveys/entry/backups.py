"""A backup: the database, the files that people handed in, and a list of it all. No key is in it."""

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from surveys.acts.errors import Refusal
from surveys.acts.site import Site
from surveys.storage.backup import NoBackup, copy_database
from surveys.storage.files import CHUNK
from surveys.storage.schema import revision

MANIFEST = "manifest.json"
FOLDERS = ("materials", "proceedings")
"""Of DATA_DIR."""


class BackupFailed(Refusal):
    """Nothing was written."""


@dataclass(frozen=True)
class Backup:
    """`files`: how many besides the database; `size`: bytes before packing."""

    files: int
    size: int


def back_up(site: Site, now: datetime, target: BinaryIO) -> Backup:
    """Writes a zip: the database as of one moment, then the files, all that the database refers to among them.

    Raises BackupFailed.
    """
    with site.files.in_use(), tempfile.TemporaryDirectory(dir=site.settings.data_dir) as text:
        try:
            database = copy_database(site.settings.database_url, Path(text))
        except NoBackup as error:
            raise BackupFailed(f"没有备份：{error}") from None
        with zipfile.ZipFile(target, "w") as archive:
            entries = {database.name: _add(archive, database, database.name, zipfile.ZIP_DEFLATED)}
            for path, name in _files(site.settings.data_dir):
                entries[name] = _add(archive, path, name, zipfile.ZIP_STORED)
            archive.writestr(MANIFEST, _manifest(site, now, entries))
    return Backup(len(entries) - 1, sum(size for _, size in entries.values()))


def _files(data_dir: Path) -> Iterator[tuple[Path, str]]:
    """What is whole: not what is still arriving."""
    for folder in FOLDERS:
        for path in sorted((data_dir / folder).rglob("*")):
            name = path.relative_to(data_dir).as_posix()
            unfinished = path.name.startswith(".") or path.suffix == ".part" or name.startswith("materials/parts/")
            if path.is_file() and not unfinished:
                yield path, name


def _add(archive: zipfile.ZipFile, path: Path, name: str, packing: int) -> tuple[str, int]:
    """Its SHA-256 in hexadecimal, and its size in bytes."""
    digest, size = hashlib.sha256(), 0
    entry = zipfile.ZipInfo.from_file(path, name, strict_timestamps=False)
    entry.compress_type = packing
    with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as packed:
        while data := source.read(CHUNK):
            digest.update(data)
            size += packed.write(data)
    return digest.hexdigest(), size


def _manifest(site: Site, now: datetime, entries: dict[str, tuple[str, int]]) -> str:
    files = [{"name": name, "sha256": digest, "bytes": size} for name, (digest, size) in sorted(entries.items())]
    body = {"made_at": now.isoformat(), "schema": revision(site.database), "files": files}
    return json.dumps(body, ensure_ascii=False, indent=1)
