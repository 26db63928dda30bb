"""Workbooks: text only, the same bytes for the same data."""

import io
import re
import zipfile

from surveys.intake.tables import read_tables
from surveys.reporting.workbooks import SheetPlan, workbook

ROWS = [["=cmd|' /C calc'!A0", "https://example.cn"], ["001", "+1"], ["-1", "@SUM(A1)"], ["", "䶮𬭎"]]


def made() -> bytes:
    return workbook([SheetPlan("甲", ["列一", "列二"], ROWS), SheetPlan("乙", ["列"], [])])


def test_cells_hold_text_and_nothing_else():
    with zipfile.ZipFile(io.BytesIO(made())) as archive:
        names = archive.namelist()
        sheets = [archive.read(name).decode() for name in names if "worksheets/sheet" in name]
    assert len(sheets) == 2
    for sheet in sheets:
        assert "<f>" not in sheet
        assert "hyperlink" not in sheet
        assert sheet.count("<v>") == sheet.count('t="s"')
        assert 'state="frozen"' in sheet
    assert not [name for name in names if "rels" in name and "sheet" in name]


def test_what_is_written_is_read_again():
    first, second = read_tables("a.xlsx", made())
    assert [list(row.texts) for row in first.rows] == [["列一", "列二"], *ROWS]
    assert [row.texts for row in second.rows] == [("列",)]


def test_a_row_is_as_tall_as_its_text():
    """LibreOffice shows the first line alone of a row without a height."""
    plan = SheetPlan("甲", ["列一", "列二"], [["一", "二"], ["一\n二\n三", "字" * 30]], [10, 22])
    with zipfile.ZipFile(io.BytesIO(workbook([plan]))) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert [row for row in re.findall(r'<row r="(\d)"[^>]* ht="(\d+)"', sheet)] == [("3", "51")]


def test_the_same_data_are_the_same_bytes():
    assert made() == made()
