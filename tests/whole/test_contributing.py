"""CONTRIBUTING leads to files and names that are there; the checks say the same wherever they run."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.servers import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
LEADS = re.findall(r"^\| (.+?) \| `(.+?)` \| (?:`(.+?)`)? ?\|$", TEXT, re.MULTILINE)
NAMED = re.findall(r"`((?:surveys|tests|templates|static|scripts|docs|migrations)/[\w/.-]+)`", TEXT)


def test_the_table_is_read_whole() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ")]
    assert len(rows) == len(LEADS) + 1
    assert len(LEADS) >= 20
    assert len({change for change, _, _ in LEADS}) == len(LEADS)


@pytest.mark.parametrize(
    ("change", "file", "name"), LEADS, ids=[change.replace(" ", "-")[:40] for change, _, _ in LEADS]
)
def test_each_change_leads_to_what_is_there(change: str, file: str, name: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text), f"{change}: {name} is not in {file}"


def test_every_file_that_is_named_is_there() -> None:
    assert len(NAMED) > 30
    missing = [name for name in NAMED if not (ROOT / name).exists()]
    assert not missing


def test_before_a_commit_the_same_is_checked() -> None:
    told = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (repo,) = told["repos"]
    assert [hook["entry"] for hook in repo["hooks"]] == ["scripts/check"]
    assert repo["repo"] == "local"
    assert os.access(ROOT / "scripts" / "check", os.X_OK)


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)], ids=["here", "in-ci"])
def test_without_node_the_scripts_are_skipped_with_a_line_and_not_in_ci(tmp_path: Path, ci: str, code: int) -> None:
    for name in ("bash", "dirname", "env"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    ran = subprocess.run(
        [ROOT / "scripts" / "check_static"], env={"PATH": str(tmp_path), "CI": ci}, capture_output=True, text=True
    )
    assert ran.returncode == code
    assert "没有 node" in ran.stderr
    assert "scripts/check_static\n" in (ROOT / "scripts" / "check").read_text(encoding="utf-8")
