"""One-time passwords as files: every account once, nothing that a spreadsheet would run, no time."""

import csv
import io
import subprocess

import pytest
from python_calamine import CalamineWorkbook

from surveys.office.papers.password_strips import TITLES, Strip, StripFormat, strips_file
from tests.tools import require_tool

SITE = "https://ceping.example.cn/login"
STRIPS = [
    Strip(f"样例局{number}", "报送员", f"样例局{number}", f"K7QF-0000-1111-{number:04}", SITE) for number in range(20)
]


def text_of(pdf: bytes) -> str:
    command = [require_tool("pdftotext", "poppler-utils"), "-layout", "-", "-"]
    return subprocess.run(command, input=pdf, capture_output=True, check=True).stdout.decode()


def test_the_sheet_has_every_account_on_as_many_pages_as_it_takes():
    found = text_of(strips_file(STRIPS, StripFormat.PDF))
    for strip in STRIPS:
        assert found.count(strip.password) == 1
    assert found.count(SITE) == 20
    assert found.count("\f") == 2


def test_long_names_stay_on_their_strip():
    long = Strip("某市某某某某某某某某某某某某某某某某委员会办公室", "报送员", "某" * 60, "K7QF-0000-1111-2222", SITE)
    assert "K7QF-0000-1111-2222" in text_of(strips_file([long], StripFormat.PDF))


def test_the_same_strips_are_the_same_bytes():
    for kind in StripFormat:
        assert strips_file(STRIPS, kind) == strips_file(STRIPS, kind)


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "＝1+1", "+1", "-1", "@a"])
def test_no_name_becomes_a_formula(name):
    strips = [Strip(name, "组织员", "", "K7QF-0000-1111-2222", SITE)]
    book = CalamineWorkbook.from_filelike(io.BytesIO(strips_file(strips, StripFormat.WORKBOOK)))
    assert book.get_sheet_by_index(0).to_python() == [list(TITLES), [name, "组织员", "", "K7QF-0000-1111-2222", SITE]]
    table = strips_file(strips, StripFormat.CSV)
    assert table.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(table.decode("utf-8-sig"))))
    assert rows == [list(TITLES), [f"'{name}", "组织员", "", "K7QF-0000-1111-2222", SITE]]
