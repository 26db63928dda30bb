"""A batch's slips as files: the table, the pictures, and both together."""

import csv
import io
import re
import subprocess
import time
import zipfile

import pytest

from surveys.reporting.stepwise import finished
from surveys.vote.papers.slip_files import Format, file_name, slip_file, slips_csv
from tests.vote.paper.test_reporting_slips import a_sheet, read_qr, require_tool, some_slips


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        assert {entry.date_time for entry in bundle.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        return {name: bundle.read(name) for name in bundle.namelist()}


def test_csv_has_three_columns():
    slips = some_slips(2)
    rows = list(csv.reader(io.StringIO(slips_csv("A", slips).decode())))

    assert rows == [["class", "code", "url"], *(["A", slip.code, slip.url] for slip in slips)]


def test_csv_for_excel_begins_with_a_bom():
    assert slips_csv("甲", [], bom=True) == b"\xef\xbb\xbf" + slips_csv("甲", [])
    assert not slips_csv("甲", []).startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("key", ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "\t=1", "\r=1", "\n=1"])
def test_csv_cells_never_begin_like_a_formula(key):
    rows = list(csv.reader(io.StringIO(slips_csv(key, some_slips(1)).decode(), newline="")))

    assert rows[1][0] == f"'{key.strip()}"
    assert len(rows) == 2


def test_pictures_are_one_qr_each_in_the_order_given(tmp_path):
    sheet = a_sheet(23)
    pictures = members(finished(slip_file(sheet, Format.PICTURES)))
    assert list(pictures) == [f"{number:03}.png" for number in range(1, 24)]
    for picture, slip in zip(pictures.values(), sheet.slips, strict=True):
        (tmp_path / "qr.png").write_bytes(picture)
        assert read_qr(tmp_path / "qr.png") == slip.url


def test_paper_and_table_together_hold_the_same_codes(tmp_path):
    sheet = a_sheet(22)
    files = members(finished(slip_file(sheet, Format.BOTH)))
    assert [name.rsplit(".", 1)[1] for name in files] == ["pdf", "csv"]
    pdf, table = files.values()
    (tmp_path / "slips.pdf").write_bytes(pdf)
    tool = require_tool("pdftotext", "poppler-utils")
    text = subprocess.run([tool, tmp_path / "slips.pdf", "-"], check=True, capture_output=True, text=True).stdout
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))
    assert [row["code"] for row in rows] == [slip.code for slip in sheet.slips]
    printed = re.sub(r"[-\s]", "", text)
    assert [row["code"] for row in rows if row["code"].replace("-", "") not in printed] == []


@pytest.mark.parametrize(
    ("form", "name", "mimetype"),
    [
        (Format.PDF, "市教育局-A类票-第7批-3张.pdf", "application/pdf"),
        (Format.CSV, "市教育局-A类票-第7批-3张.csv", "text/csv"),
        (Format.BOTH, "市教育局-A类票-第7批-3张.zip", "application/zip"),
        (Format.PICTURES, "市教育局-A类二维码-第7批-3张.zip", "application/zip"),
    ],
)
def test_a_file_says_whose_it_is(form, name, mimetype):
    sheet = a_sheet(3)
    assert (file_name(sheet, form), form.mimetype) == (name, mimetype)
    assert finished(slip_file(sheet, form)) == finished(slip_file(sheet, form))


def test_a_rehearsals_file_is_not_taken_for_the_real_one():
    assert file_name(a_sheet(3, rehearsal=True), Format.PDF) == "演练-市教育局-A类票-第7批-3张.pdf"


@pytest.mark.thorough
def test_two_thousand_pictures_soon():
    start = time.process_time()
    finished(slip_file(a_sheet(2000), Format.PICTURES))
    # Of the processor: 5 on a quiet machine, twice as many where both cores are busy.
    assert time.process_time() - start < 25
