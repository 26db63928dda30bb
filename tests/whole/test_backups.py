"""A backup taken while people vote has every vote that was answered, and no key; a site made from it verifies."""

import io
import json
import sqlite3
import subprocess
import zipfile
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import URL, Engine

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.site import Site
from surveys.entry import backups
from surveys.entry.backups import BackupFailed
from surveys.settings import Settings, database_url_of
from surveys.storage import backup as storage
from surveys.vote import poll_record, polls, sealing
from tests.builders import box_counts, build_poll, cast, filled, sheet_of
from tests.sites import NOW, postgres_database

pytestmark = pytest.mark.both

VOTES = 7


def voted(site: Site) -> int:
    world = build_poll(site, count=VOTES)
    for code in world.codes["A"]:
        cast(site, code, filled(sheet_of(site, world.poll_id)))
    return world.poll_id


def backed_up(site: Site) -> zipfile.ZipFile:
    target = io.BytesIO()
    backups.back_up(site, NOW, target)
    return zipfile.ZipFile(target)


def restored(site: Site, archive: zipfile.ZipFile, folder: Path, empty: URL | None) -> Site:
    """By the README's words: the database put in place, or read by pg_restore, and the folders beside it."""
    archive.extractall(folder)
    url = database_url_of(f"sqlite:///{folder / 'database.sqlite'}") if empty is None else empty
    if empty is not None:
        address = empty.set(drivername="postgresql").render_as_string(hide_password=False)
        subprocess.run(["pg_restore", "--no-owner", f"--dbname={address}", str(folder / "database.pgdump")], check=True)
    return Site.build(Settings(url, site.settings.secret_key, site.settings.public_url, folder))


def test_a_site_made_from_a_backup_seals_what_was_cast(
    site: Site, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    poll_id = voted(site)
    archive = backed_up(site)
    if site.database.is_sqlite:
        check(restored(site, archive, tmp_path / "again", None), poll_id)
        return
    admin: Engine = request.getfixturevalue("postgres_admin")
    with postgres_database(admin) as empty:
        check(restored(site, archive, tmp_path / "again", empty), poll_id)


def check(again: Site, poll_id: int) -> None:
    assert again.is_current()
    assert box_counts(again, poll_id) == {"cast": VOTES, "ballots": VOTES, "receipts": VOTES}
    with again.database.writing() as session:
        polls.close_poll(session, NOW, COMMAND_LINE, poll_id)
    sealing.seal_poll(again, NOW, COMMAND_LINE, poll_id)
    with again.database.reading() as session:
        poll_record.verified(session, polls.poll_of(session, poll_id))
    again.database.engine.dispose()


def test_votes_in_the_write_ahead_log_are_in_it_though_a_copy_of_the_file_misses_them(
    lite_site: Site, tmp_path: Path
) -> None:
    file = Path(str(lite_site.settings.database_url.database))
    with lite_site.database.reading() as reader:  # keeps the log from being written back
        reader.execute(sa.text("SELECT 1 FROM polls"))
        voted(lite_site)
        (tmp_path / "copied.db").write_bytes(file.read_bytes())
        backed_up(lite_site).extract("database.sqlite", tmp_path)
    assert ballots(tmp_path / "database.sqlite") == VOTES
    assert ballots(tmp_path / "copied.db") < VOTES


def ballots(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM ballots").fetchone()[0])


def test_the_list_names_every_file_with_its_digest_and_no_key_is_in_it(lite_site: Site) -> None:
    voted(lite_site)
    data = lite_site.settings.data_dir
    lite_site.photos.keep(io.BytesIO(b"a photograph"))
    with lite_site.files.in_use():
        stored = lite_site.files.keep(io.BytesIO(b"material"))
    (data / "materials" / "parts").mkdir(exist_ok=True)
    (data / "materials" / "parts" / "half").write_bytes(b"still arriving")
    (data / "keys").mkdir()
    (data / "keys" / "envelope-1").write_text("key")
    (data / ".env").write_text("SECRET_KEY")
    archive = backed_up(lite_site)
    manifest = json.loads(archive.read(backups.MANIFEST))
    names = {entry["name"] for entry in manifest["files"]}
    assert names == {
        "database.sqlite",
        f"materials/{stored.digest[:2]}/{stored.digest[2:]}",
        f"proceedings/{sha256(b'a photograph').hexdigest()}",
    }
    assert set(archive.namelist()) == names | {backups.MANIFEST}
    for entry in manifest["files"]:
        content = archive.read(entry["name"])
        assert (sha256(content).hexdigest(), len(content)) == (entry["sha256"], entry["bytes"])
        assert lite_site.settings.secret_key.encode() not in content


def test_without_pg_dump_it_is_told_what_to_install(
    lite_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage.shutil, "which", lambda _: None)
    with pytest.raises(storage.NoBackup, match="postgresql-client"):
        storage.copy_database(database_url_of("postgresql://u:p@127.0.0.1/x"), tmp_path)


def test_the_password_of_the_database_is_no_argument(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def run(command: list[str], env: dict[str, str], **_: object) -> subprocess.CompletedProcess[str]:
        seen.extend(command)
        assert env["PGPASSWORD"] == "secret"
        return subprocess.CompletedProcess(command, 1, "", "nobody there")

    monkeypatch.setattr(storage.shutil, "which", lambda _: "/usr/bin/pg_dump")
    monkeypatch.setattr(storage.subprocess, "run", run)
    with pytest.raises(storage.NoBackup, match="nobody there"):
        storage.copy_database(database_url_of("postgresql://u:secret@127.0.0.1/x"), tmp_path)
    assert "secret" not in " ".join(seen)


def test_the_command_writes_a_file_for_its_owner_and_overwrites_none(
    lite_app: Flask, lite_site: Site, tmp_path: Path
) -> None:
    out = tmp_path / "backup.zip"
    runner = lite_app.test_cli_runner()
    assert runner.invoke(args=["backup", "--out", str(out)]).exit_code == 0
    assert out.stat().st_mode & 0o777 == 0o600
    before = out.read_bytes()
    again = runner.invoke(args=["backup", "--out", str(out)])
    assert (again.exit_code, "已经有了" in again.stderr) == (1, True)
    assert out.read_bytes() == before


def test_a_failure_leaves_no_file(
    lite_app: Flask, lite_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Path:
        raise storage.NoBackup("坏了")

    monkeypatch.setattr(backups, "copy_database", fail)
    with pytest.raises(BackupFailed, match="没有备份：坏了"):
        backed_up(lite_site)
    out = tmp_path / "backup.zip"
    assert lite_app.test_cli_runner().invoke(args=["backup", "--out", str(out)]).exit_code == 1
    assert not out.exists()
