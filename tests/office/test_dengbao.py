"""docs/dengbao.md: what it says is seen by a test is seen by one that is there."""

import re

from tests.servers import ROOT

TEXT = (ROOT / "docs" / "dengbao.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if line.startswith("| ")][
    1:
]


def test_each_test_that_is_named_exists() -> None:
    there = {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
    named = set(re.findall(r"`(test_\w+)`", TEXT))
    assert len(named) > 20
    assert named <= there, sorted(named - there)


def test_what_is_met_names_a_test_and_what_is_not_says_so() -> None:
    assert len(ROWS) > 20
    for row in ROWS:
        assert len(row) == 5, row
        missing = row[2].startswith("**没有**") or "不联网扫描" in row[2]
        assert missing or "`test_" in row[3], row
