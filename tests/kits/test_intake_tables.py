"""Files -> tables: encodings, merged cells, and a clear refusal of everything that is no table of ours."""

import io
import random
import subprocess
import sys
import time
import zipfile
from contextlib import suppress
from datetime import date, datetime
from datetime import time as clock
from pathlib import Path

import pytest
import xlsxwriter
import xlwt

from surveys.intake import tables
from surveys.intake.headers import column_letter, find_header, read_rows
from surveys.intake.tables import MOST_BYTES, MOST_COLUMNS, MOST_IN_CELL, MOST_ROWS, Table, UnreadableFile, read_tables

DATA = Path(__file__).parents[1] / "data"
TEXT = "单位,姓名\n样例局,李䶮\n"


def xlsx(fill) -> bytes:
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False})
    fill(book)
    book.close()
    return stream.getvalue()


def xls(fill) -> bytes:
    book = xlwt.Workbook()
    fill(book)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def texts(table: Table) -> list[tuple[int, tuple[str, ...]]]:
    return [(row.number, row.texts) for row in table.rows]


def refused(name: str, data: bytes) -> str:
    with pytest.raises(UnreadableFile) as caught:
        read_tables(name, data)
    return str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("gb18030"),
        TEXT.encode("utf-16"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.replace(",", "\t").encode("utf-16"),
        TEXT.replace(",", ";").encode(),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
    ],
)
def test_text_in_each_encoding(data):
    (table,) = read_tables("名单.csv", data)
    assert texts(table) == [(1, ("单位", "姓名")), (2, ("样例局", "李䶮"))]


def test_blank_lines_are_left_out_and_counted():
    (table,) = read_tables("a.csv", "单位,姓名\n\n , \n样例局,张三,,\n".encode())
    assert texts(table) == [(1, ("单位", "姓名")), (4, ("样例局", "张三"))]


def test_content_decides_and_not_the_name():
    book = xlsx(lambda book: book.add_worksheet("甲").write("A1", "单位"))
    assert [table.name for table in read_tables("名单.csv", book)] == ["甲"]
    assert texts(read_tables("名单.xls", TEXT.encode("gb18030"))[0])[1] == (2, ("样例局", "李䶮"))


def test_cells_become_text():
    def fill(book):
        sheet = book.add_worksheet()
        sheet.write_row("A1", [12, 12.5, 0.1 + 0.2, 1e14, True, "=1+1"])
        sheet.write_datetime("G1", datetime.fromisoformat("2026-03-01"), book.add_format({"num_format": "yyyy-mm-dd"}))
        sheet.write_datetime(
            "H1", datetime.fromisoformat("2026-03-01 09:30"), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        )
        sheet.write_datetime("I1", clock(9, 30), book.add_format({"num_format": "hh:mm"}))
        sheet.write_formula("J1", "=1+1", None, 2)
        sheet.write_string("K1", "0012")

    (table,) = read_tables("a.xlsx", xlsx(fill))
    assert texts(table) == [
        (
            1,
            (
                *("12", "12.5", "0.3", "100000000000000", "TRUE", "=1+1"),
                *("2026-03-01", "2026-03-01 09:30", "09:30", "2", "0012"),
            ),
        )
    ]


def _merged_xlsx(book):
    sheet = book.add_worksheet("甲")
    sheet.merge_range("A2:A4", "样例局")
    sheet.write_column("B2", ["张三", "李四", "王五"])
    sheet.merge_range("C2:D2", "宽")
    sheet.write("D4", "尾")
    book.add_worksheet("乙").hide()


def _merged_xls(book):
    sheet = book.add_sheet("甲")
    sheet.write_merge(1, 3, 0, 0, "样例局")
    for row, name in enumerate(["张三", "李四", "王五"], start=1):
        sheet.write(row, 1, name)
    sheet.write_merge(1, 1, 2, 3, "宽")
    sheet.write(3, 3, "尾")
    book.add_sheet("乙").visibility = 1


@pytest.mark.parametrize("data", [xlsx(_merged_xlsx), xls(_merged_xls)])
def test_a_merged_area_has_its_value_in_every_cell(data):
    first, hidden = read_tables("a.xls", data)
    assert [row.texts[:2] for row in first.rows] == [("样例局", "张三"), ("样例局", "李四"), ("样例局", "王五")]
    assert first.rows[2].merged == {1: (2, 1)}
    assert first.rows[0].texts[2:] == ("宽", "宽")
    assert (hidden.hidden, hidden.rows) == (True, ())


def test_dates_and_whole_numbers_of_an_old_workbook():
    def fill(book):
        sheet = book.add_sheet("甲")
        sheet.write(0, 0, 12)
        sheet.write(0, 1, date(2026, 1, 2), xlwt.easyxf(num_format_str="YYYY-MM-DD"))

    assert texts(read_tables("a.xls", xls(fill))[0]) == [(1, ("12", "2026-01-02"))]


def _zipped(**entries: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name.replace("__", "/"), data)
    return stream.getvalue()


def _ole(*streams: str) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + b"".join(name.encode("utf-16-le") for name in streams)


GOOD = xlsx(lambda book: book.add_worksheet().write("A1", "单位"))
FILES = {
    "empty": (b"", "空的"),
    "a PDF": (b"%PDF-1.7\n...", "PDF"),
    "a PNG": (b"\x89PNG\r\n\x1a\n....", "图片"),
    "a JPEG": (b"\xff\xd8\xff\xe0....", "图片"),
    "a password": (_ole("EncryptionInfo", "EncryptedPackage"), "密码"),
    "a Word document of old": (_ole("WordDocument"), "不是 Excel"),
    "a Word document": (_zipped(word__document=b"x"), "不是 Excel"),
    "cut short": (GOOD[: len(GOOD) // 2], "损坏"),
    "a zip of nothing": (_zipped(xl__workbook=b"junk"), "损坏"),
    "an OLE file of nothing": (_ole("Workbook"), "损坏"),
    "random bytes": (random.Random(1).randbytes(3000), "认不出来"),
    "UTF-16 without a mark": (TEXT.encode("utf-16-le"), "认不出来"),
    "a web page": (b"<html><table><tr><td>1</td></tr></table></html>", "网页"),
    "an open quote": ('单位,姓名\n"样例局,张三\n'.encode(), "引号"),
    "too large": (b"a" * (MOST_BYTES + 1), "10 MB"),
    "a zip bomb": (_zipped(xl__workbook=b" " * (81 * 1024 * 1024)), "太大"),
    "100,000 lines": ("样例局,张三\n".encode() * 100_000, "20000 行"),
    "61 columns": (b"a," * MOST_COLUMNS + b"a", "60 列"),
}


@pytest.mark.parametrize("what", list(FILES))
def test_what_is_no_table_is_refused_in_words(what):
    data, words = FILES[what]
    started = time.monotonic()
    assert words in refused("名单.xlsx", data)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("name", ["名单.docx", "名单", "名单.exe", ".xlsx"])
def test_an_unknown_ending_is_refused(name):
    assert "请导入 .xlsx" in refused(name, TEXT.encode())


def test_a_scrambled_workbook_never_breaks_the_reader():
    source = random.Random(7)
    for _ in range(20):
        data = bytearray((DATA / "roster-merged.xlsx").read_bytes())
        for _ in range(source.randrange(1, 40)):
            data[source.randrange(len(data))] = source.randrange(256)
        with suppress(UnreadableFile):
            read_tables("a.xlsx", bytes(data))


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["A1", f"A{MOST_ROWS + 1}"], "行"),
        (["A1", "BI1"], "列"),
        (["A1", "XFD1048576"], "太大"),  # 400 GB, were it read in this process
    ],
)
def test_far_cells_are_refused(cells, words):
    def fill(book):
        sheet = book.add_worksheet("甲")
        for cell in cells:
            sheet.write(cell, "x")

    assert words in refused("a.xlsx", xlsx(fill))


def test_an_old_workbook_of_the_largest_extent_is_refused():
    def fill(book):
        sheet = book.add_sheet("甲")
        sheet.write(0, 0, "x")
        sheet.write(65535, 255, "x")

    assert refused("a.xls", xls(fill))


def test_the_most_there_may_be_is_read():
    def fill(book):
        sheet = book.add_worksheet("甲")
        for row in range(MOST_ROWS):
            sheet.write_row(row, 0, [f"样例{row}", "张三"])

    (table,) = read_tables("a.xlsx", xlsx(fill))
    assert (len(table.rows), table.rows[-1].number) == (MOST_ROWS, MOST_ROWS)


def test_a_merged_area_without_end_costs_no_more_than_the_sheet():
    def fill(book):
        sheet = book.add_worksheet("甲")
        sheet.merge_range("A1:A1048576", "样例局")
        sheet.write("B3", "张三")

    (table,) = read_tables("a.xlsx", xlsx(fill))
    assert [row.number for row in table.rows] == [1, 2, 3]


def test_a_text_in_every_cell_of_a_merged_area_is_refused():
    """A few KB, that were 400 MB of texts."""

    def fill(book):
        sheet = book.add_worksheet("甲")
        sheet.merge_range(0, 0, 199, MOST_COLUMNS - 2, "字" * MOST_IN_CELL)
        sheet.write_column(0, MOST_COLUMNS - 1, ["尾"] * 200)

    assert len(xlsx(fill)) < 20_000
    assert refused("a.xlsx", xlsx(fill)).startswith("工作表“甲”文件太大")


def test_the_text_of_all_sheets_together_is_limited(monkeypatch):
    def fill(book):
        for name in ("甲", "乙"):
            book.add_worksheet(name).write_column(0, 0, ["字" * 60])

    assert len(read_tables("a.xlsx", xlsx(fill))) == 2
    monkeypatch.setattr(tables, "MOST_TEXT", 100)
    assert refused("a.xlsx", xlsx(fill)).startswith("工作表“乙”文件太大")


def test_a_cell_longer_than_excel_has_is_refused(monkeypatch):
    monkeypatch.setattr(tables, "MOST_IN_CELL", 9)
    book = xlsx(lambda book: book.add_worksheet("甲").write_column(0, 0, ["字" * 9, "字" * 10]))
    assert "太大" in refused("a.xlsx", book)


def test_a_reader_that_says_too_much_is_stopped(monkeypatch, caplog):
    monkeypatch.setattr(tables, "MOST_ANSWER", 10_000)
    _instead(monkeypatch, "print('started')\nwhile True: print('x' * 1000)")
    assert "太大" in refused("a.xlsx", GOOD)
    assert not caplog.records


def test_the_reader_gives_up_in_time(monkeypatch):
    monkeypatch.setattr(tables, "READER_SECONDS", 1)
    _instead(monkeypatch, "print('started', flush=True)\nimport time; time.sleep(60)")
    started = time.monotonic()
    assert "太大" in refused("a.xlsx", GOOD)
    assert time.monotonic() - started < 20


def _instead(monkeypatch, program: str) -> None:
    """Another program answers in place of the reader."""
    popen = subprocess.Popen
    command = [sys.executable, "-I", "-c", program]
    monkeypatch.setattr(tables.subprocess, "Popen", lambda _reader, **options: popen(command, **options))


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import no_such_module", "没有启动"),
        ("print('{}')", "没有启动"),
        ("print('started', flush=True); raise ValueError", "出了故障"),
        ("print('started', flush=True); import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "出了故障"),
        ("print('started', flush=True); import os; os.abort()", "太大"),
    ],
)
def test_a_reader_without_an_answer_is_not_the_files_fault_unless_it_ran_out(monkeypatch, caplog, program, words):
    _instead(monkeypatch, program)
    assert words in refused("a.xlsx", GOOD)
    assert bool(caplog.records) is (words != "太大")


def test_without_a_process_to_be_had_the_file_is_not_blamed(monkeypatch, caplog):
    def none(*_arguments, **_options):
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(tables.subprocess, "Popen", none)
    assert "没有启动" in refused("a.xlsx", GOOD)
    assert "no more processes" in caplog.text


def test_the_reader_loads_nothing_of_the_site():
    code = "import sys, runpy; runpy.run_path(sys.argv[1]); print([m for m in sys.modules if m.startswith('surveys')])"
    reader = Path(tables.__file__).with_name("workbook_reader.py")
    done = subprocess.run([sys.executable, "-I", "-c", code, str(reader)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


TITLES = {"unit": ["单位", "单位名称"], "name": ["姓名"], "post": ["职务"]}


def _csv(text: str) -> Table:
    return read_tables("a.csv", text.encode())[0]


def test_a_header_is_found_below_a_title():
    table = _csv("样例名单\n,,\n序号,单位名称（全称）,姓 名,职务\n1,样例局,张三,局长\n")
    header = find_header(table, TITLES, ["unit"])
    assert header is not None
    assert (header.row.number, dict(header.columns)) == (3, {"unit": 2, "name": 3, "post": 4})
    assert header.place("unit") == "B 列（单位名称（全称））"
    ((record,), skipped) = read_rows(table, header)
    assert (record.text("name"), skipped) == ("张三", [])
    assert record.fault("name", "改").position == "第 4 行 C 列（姓 名）"


def test_no_header_is_none():
    assert find_header(_csv("甲,乙\n1,2\n"), TITLES, ["unit"]) is None
    assert find_header(_csv("姓名,职务\n1,2\n"), TITLES, ["unit"]) is None
    assert find_header(_csv("单位,乙\n1,2\n"), TITLES, ["unit"]) is None


@pytest.mark.parametrize(
    "line",
    ["注：以上", "说明", "填表人：赵某,,日期：", "备注1：无", "合计：2 人", "单位,姓名,职务", "审核: 钱", "总计"],
)
def test_notes_and_repeated_headers_are_no_data(line):
    table = _csv(f"单位,姓名,职务\n样例局,张三,局长\n{line}\n样例县,李四,县长\n")
    header = find_header(table, TITLES, ["unit"])
    assert header is not None
    records, skipped = read_rows(table, header)
    assert [record.text("name") for record in records] == ["张三", "李四"]
    assert [row.row for row in skipped] == [3]


def test_lines_under_a_note_belong_to_it():
    table = _csv("单位,姓名,职务\n样例局,张三,局长\n说明：\n1. 如此\n2. 这般\n")
    header = find_header(table, TITLES, ["unit"])
    assert header is not None
    records, skipped = read_rows(table, header)
    assert (len(records), [row.row for row in skipped]) == (1, [3, 4, 5])


@pytest.mark.parametrize(("column", "letter"), [(1, "A"), (26, "Z"), (27, "AA"), (60, "BH")])
def test_column_letters(column, letter):
    assert column_letter(column) == letter
