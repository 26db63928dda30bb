"""Nobody else on the machine reads the site's files."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from surveys import private_files
from surveys.private_files import OpenToOthers, keep_private
from surveys.settings import Settings, SettingsError


@pytest.fixture(autouse=True)
def loose_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def environment(folder: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": f"sqlite:///{folder / 'ceping.db'}",
        "SECRET_KEY": "x" * 32,
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "DATA_DIR": str(folder),
    }


def test_what_was_open_is_tightened_at_the_start_and_what_comes_is_private(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o755)
    names = ("ceping.db", "ceping.db-wal", "ceping.db-shm")
    for name in names:
        (data / name).touch()
        (data / name).chmod(0o644)
    Settings.from_environment(environment(data))
    assert mode(data) == 0o700
    assert {mode(data / name) for name in names} == {0o600}
    (data / "later").touch()
    assert mode(data / "later") == 0o600


def test_a_data_folder_that_is_made_is_private(tmp_path: Path) -> None:
    Settings.from_environment(environment(tmp_path / "made"))
    assert mode(tmp_path / "made") == 0o700


def test_what_belongs_to_another_user_is_refused_only_where_others_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private_files.os, "geteuid", lambda: os.getuid() + 1)
    tmp_path.chmod(0o750)
    with pytest.raises(SettingsError, match="属于另一个用户"):
        Settings.from_environment(environment(tmp_path))
    assert mode(tmp_path) == 0o750
    tmp_path.chmod(0o700)
    Settings.from_environment(environment(tmp_path))


def test_a_folder_that_all_share_is_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    with pytest.raises(OpenToOthers, match="共用"):
        keep_private([tmp_path])
    assert mode(tmp_path) == 0o1777
