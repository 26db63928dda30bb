"""A cell that shows an error, or whose formula was never worked out, is a fault at its place and no empty cell."""

import io
import re
import zipfile
from collections.abc import Sequence

import pytest
import xlrd
import xlsxwriter
import xlwt

from surveys.catalog import loader
from surveys.intake.tables import Table, UnreadableFile, read_tables
from surveys.marking.uploads.marks import Expected, MarkKey, read_marks
from surveys.office.uploads import account_lists
from surveys.office.uploads.account_lists import KnownRole, read_accounts
from surveys.season.framework_workbooks import framework_workbook
from surveys.season.uploads.framework_sheets import read_framework
from surveys.season.uploads.rosters import Known, read_roster
from surveys.vote.uploads.poll_plans import read_plans

MUNICIPAL = loader.framework("municipal")
ERRORS = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A")
"""Of every spreadsheet. Excel has more each year, which only .xlsx and text can hold."""
NEWER = ("#SPILL!", "#CALC!", "#FIELD!", "#GETTING_DATA", "#UNKNOWN!", "#PYTHON!", "Err:502")
CODES = {text: code for code, text in xlrd.error_text_from_code.items()}
Grid = Sequence[Sequence[str]]


def as_xlsx(rows: Grid, sheet: str = "甲") -> bytes:
    """A text that begins with `=` becomes a formula without a value, one that is an error such a cell."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    page = book.add_worksheet(sheet)
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            if text in ERRORS:
                page.write_formula(row, column, "=A1", None, text)
            elif text.startswith("="):
                page.write_formula(row, column, text, None, "no value")
            else:
                page.write_string(row, column, text)
    book.close()
    return with_part(
        stream.getvalue(), "xl/worksheets/sheet1.xml", r' t="str"><f>([^<]*)</f><v>no value</v>', r"><f>\1</f>"
    )


def with_part(data: bytes, name: str, pattern: str, new: str) -> bytes:
    """The workbook with what the pattern finds in one of its parts written anew."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for entry in old.namelist():
            text = old.read(entry)
            made.writestr(entry, re.sub(pattern, new, text.decode()) if entry == name else text)
    return stream.getvalue()


def as_xls(rows: Grid, sheet: str = "甲") -> bytes:
    book = xlwt.Workbook()
    page = book.add_sheet(sheet)
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            if text in ERRORS:
                page.row(row).set_cell_error(column, CODES[text])
            else:
                page.write(row, column, text)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def as_csv(rows: Grid) -> bytes:
    return "".join(",".join(f'"{text}"' for text in texts) + "\r\n" for texts in rows).encode("gb18030")


MAKERS = {"a.xlsx": as_xlsx, "a.xls": as_xls, "a.csv": as_csv}


def unread(tables: Sequence[Table]) -> dict[tuple[int, int], str]:
    return {(row.number, column): why for table in tables for row in table.rows for column, why in row.unread.items()}


@pytest.mark.parametrize("name", MAKERS)
def test_every_error_is_known_in_every_kind_of_file(name):
    rows = [["单位", "标签"], *(["样例局", error] for error in ERRORS), ["样例局", ""], ["样例局", "# 注"]]
    (table,) = read_tables(name, MAKERS[name](rows))
    assert [row.texts[1] for row in table.rows[1:8]] == list(ERRORS)
    found = unread([table])
    assert list(found) == [(number, 2) for number in range(2, 9)]
    assert all(f"{error} 是公式出的错" in why for error, why in zip(ERRORS, found.values(), strict=True))


@pytest.mark.parametrize("error", [*NEWER, "#spill!", " #N/A "])
def test_an_error_that_came_as_text_is_one_too(error):
    for name in ("a.csv", "a.xlsx"):
        (why,) = unread(read_tables(name, MAKERS[name]([["单位", "标签"], ["样例局", error]]))).values()
        assert why.startswith(f"{error.strip()} 是公式出的错")


@pytest.mark.parametrize("text", ["#1", "#", "第#1!号", "C#", "a:502", "错误", "#N/A 不适用", "N/A", "Err:50"])
def test_other_texts_with_such_marks_are_texts(text):
    assert not unread(read_tables("a.csv", as_csv([["单位", "标签"], ["样例局", text]])))


def test_what_a_narrow_column_hid_from_a_text_file_is_told():
    (why,) = unread(read_tables("a.csv", as_csv([["单位", "日期"], ["样例局", "########"]]))).values()
    assert "列太窄" in why


CELLS = {
    "without v": ("<c r='B2'><f>2+1</f></c>", "=2+1"),
    "an empty v": ("<c r='B2'><f>2+1</f><v></v></c>", "=2+1"),
    "v alone": ('<c r="B2" s="1"><f>2+1</f><v /></c>', "=2+1"),
    "a text without v": ('<c r="B2" t="str"><f>T(A1)</f></c>', "=T(A1)"),
    "shared": ('<c r="B2"><f t="shared" si="0"/></c>', "="),
    "an error": ('<c r="B2" t="e"><v>#N/A</v></c>', "#N/A"),
    "an error without a name": ('<c r="B2" t="e"/>', "#"),
    "an error before its value is read": ('<c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v></c>', "#DIV/0!"),
    "without a reference": ('<c t="inlineStr"><is><t>样例局</t></is></c><c><f>2+1</f></c>', "=2+1"),
    "a value": ('<c r="B2"><f>2+1</f><v>3</v></c>', None),
    "an empty text": ('<c r="B2" t="str"><f>IF(1,"","")</f><v></v></c>', None),
    "a text": ('<c r="B2" t="str"><f>"a"</f><v>a</v></c>', None),
    "nothing": ('<c r="B2"/>', None),
    "zero": ('<c r="B2"><f>1-1</f><v>0</v></c>', None),
}


def written(cell: str, stale: str = "0") -> bytes:
    book = as_xlsx([["单位", "打分"], ["样例局", "值"]])
    book = with_part(book, "xl/worksheets/sheet1.xml", r'(<c r="A2".*?)?<c r="B2".*?</c>', "")
    book = with_part(book, "xl/workbook.xml", 'fullCalcOnLoad="1"', f'fullCalcOnLoad="{stale}"')
    first = "" if "inlineStr" in cell else '<c r="A2" t="inlineStr"><is><t>样例局</t></is></c>'
    return with_part(book, "xl/worksheets/sheet1.xml", '(<row r="2"[^>]*>)', lambda found: found[1] + first + cell)


@pytest.mark.parametrize("what", CELLS)
def test_how_programs_write_a_cell_without_a_value(what):
    cell, text = CELLS[what]
    (table,) = read_tables("a.xlsx", written(cell))
    assert list(unread([table])) == ([] if text is None else [(2, 2)])
    if text is not None:
        assert table.rows[1].texts == ("样例局", text)


def test_an_error_that_the_reader_does_not_know_is_told_at_its_place():
    with pytest.raises(UnreadableFile) as caught:
        read_tables("a.xlsx", written('<c r="B2" t="e"><v>#SOON!</v></c>'))
    assert str(caught.value).startswith("工作表“甲”第 2 行第 2 列：#SOON! 是公式出的错")


def test_zero_in_a_file_that_says_it_was_never_worked_out_is_no_value():
    """XlsxWriter puts 0 where it was given no value, and asks for all to be worked out when the file is opened."""
    (table,) = read_tables("a.xlsx", written('<c r="B2"><f>2+1</f><v>0</v></c>', stale="1"))
    assert table.rows[1].texts == ("样例局", "=2+1")
    assert "没有存下结果" in unread([table])[2, 2]
    assert not unread(read_tables("a.xlsx", written('<c r="B2"><f>2+1</f><v>3</v></c>', stale="1")))


def test_tags_with_a_prefix_are_the_same_tags():
    book = written('<c r="B2" t="e"><v>#N/A</v></c>')
    book = with_part(book, "xl/worksheets/sheet1.xml", r"<(/?)(?=[a-z])", r"<\1x:")
    book = with_part(book, "xl/worksheets/sheet1.xml", 'xmlns="', 'xmlns:x="')
    assert list(unread(read_tables("a.xlsx", book))) == [(2, 2)]


def test_a_cell_beyond_all_that_have_values_is_found():
    (table,) = read_tables("a.xlsx", as_xlsx([["单位"], ["样例局"], ["", "", "", "=2+1"]]))
    assert table.rows[-1].texts == ("", "", "", "=2+1")
    assert list(unread([table])) == [(3, 4)]


def test_a_hidden_sheet_is_not_looked_at():
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as book:
        book.add_worksheet("甲").write("A1", "单位")
        hidden = book.add_worksheet("乙")
        hidden.hide()
        hidden.write_formula("A1", "=NA()", None, "#N/A")
    assert not unread(read_tables("a.xlsx", stream.getvalue()))


ROLES = (KnownRole("assessor", "考评员", account_lists.DEPARTMENT), KnownRole("reporter", "报送员", account_lists.UNIT))
KEY = MarkKey(1, "municipal", "e", "III-3", "考核组", 1, 0)
EXPECTED = Expected(1, "某年考核", {"municipal": "e"}, {1: "样例局"}, None)


def roster_faults(name: str, data: bytes) -> list[str]:
    found = read_roster(read_tables(name, data), Known([MUNICIPAL], {"样例老局": "municipal"}, ("考核组",)))[1]
    return [str(fault) for fault in found.found]


def account_faults(name: str, data: bytes) -> list[str]:
    known = account_lists.Known(ROLES, ("市教育局",), ("样例局",), {})
    return [str(fault) for fault in read_accounts(read_tables(name, data), known)[1].found]


def mark_faults(name: str, data: bytes) -> list[str]:
    return [str(fault) for fault in read_marks(read_tables(name, data), EXPECTED, 500)[2].found]


def plan_faults(name: str, data: bytes) -> list[str]:
    return [str(fault) for fault in read_plans(read_tables(name, data)).faults.found]


ROSTER = [
    ["单位", "类别", "测评体系", "标签", "考核部门", "序号", "姓名", "职务"],
    ["样例局", "市直单位", "municipal", "教育", "考核组", "1", "张三", "局长"],
]
READERS = {
    "roster": (roster_faults, ROSTER),
    "accounts": (account_faults, [["账号名", "角色", "部门或单位"], ["网信甲", "考评员", "市教育局"]]),
    "marks": (
        mark_faults,
        [
            ["条目", "单位", "打分", "说明", "查看的材料", "标识"],
            ["III-3", "样例局", "1", "说明", "①", KEY.text],
        ],
    ),
    "plans": (
        plan_faults,
        [
            ["单位", "测评会名称", "日期", "地点", "应到", "票种", "双人启封", "漏填", "到会比例", "演练"],
            ["样例局", "民主测评", "2026-03-02", "三楼", "48", "30/30/40", "否", "不计入", "2/3", "否"],
        ],
    ),
}
READ_CELLS = [(reader, column) for reader, (_, rows) in READERS.items() for column in range(len(rows[0]))]


@pytest.mark.parametrize("reader", READERS)
def test_without_such_a_cell_there_is_no_fault(reader):
    faults_of, rows = READERS[reader]
    assert faults_of("a.xlsx", as_xlsx(rows)) == []


@pytest.mark.parametrize(("reader", "column"), READ_CELLS)
def test_each_column_that_a_reader_reads_tells_of_it_once(reader, column):
    """And of nothing that would come of it."""
    faults_of, (titles, values) = READERS[reader]
    for text, words in (("#N/A", "#N/A 是公式出的错"), ("=2+1", "请用 Excel 或 WPS 打开这个文件一次，保存，再上传")):
        spoilt = [*values]
        spoilt[column] = text
        (fault,) = faults_of("a.xlsx", as_xlsx([titles, spoilt]))
        assert f"“{text}”：" in fault
        assert words in fault
        assert f"第 2 行 {'ABCDEFGHIJ'[column]}" in fault
        assert titles[column] in fault


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", MAKERS)
def test_each_kind_of_file_tells_each_reader(reader, name):
    faults_of, (titles, values) = READERS[reader]
    (fault,) = faults_of(name, MAKERS[name]([titles, ["#REF!", *values[1:]]]))
    assert "#REF! 是公式出的错" in fault


@pytest.mark.parametrize("reader", ["roster", "accounts", "marks"])
def test_a_column_that_is_not_read_may_show_what_it_likes(reader):
    """(A plan takes no other columns at all.)"""
    faults_of, (titles, values) = READERS[reader]
    assert faults_of("a.xlsx", as_xlsx([[*titles, "另算"], [*values, "#DIV/0!"]])) == []


def test_a_merged_cell_is_told_once_where_it_stands():
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as book:
        sheet = book.add_worksheet("甲")
        sheet.write_row("A1", ["单位", "类别", "姓名", "职务"])
        sheet.merge_range("A2:A4", "")
        sheet.write_formula("A2", "=NA()", None, "#N/A")
        for row in range(1, 4):
            sheet.write_row(row, 1, ["市直单位", f"样例{row}", "局长"])
    (fault,) = roster_faults("a.xlsx", stream.getvalue())
    assert "第 2 行 A 列（单位）" in fault


def test_a_unit_whose_row_is_in_doubt_is_still_known_to_its_leaders():
    rows = [
        ["单位", "类别", "标签", "姓名", "职务"],
        ["样例局", "市直单位", "#N/A", "", ""],
        ["样例局", "", "", "张三", "局长"],
    ]
    (fault,) = roster_faults("a.xlsx", as_xlsx(rows))
    assert "第 2 行 C 列（标签）" in fault


FRAMEWORK = read_tables("a.xlsx", framework_workbook(MUNICIPAL))


@pytest.mark.parametrize("sheet", [0, 1])
def test_a_framework_tells_of_it_in_each_column_of_both_sheets(sheet):
    table = FRAMEWORK[sheet]
    row = table.rows[1]
    for column in range(1, len(table.rows[0].texts) + 1):
        spoilt = Table(table.name, (table.rows[0], _spoilt(row, column), *table.rows[2:]))
        tables = tuple(spoilt if each is table else each for each in FRAMEWORK)
        found, faults = read_framework(tables, MUNICIPAL)
        assert found is None
        (fault,) = faults.found
        assert (fault.sheet, fault.row, fault.value) == (table.name, row.number, "#N/A")
        assert "#N/A 是公式出的错" in fault.remedy


def _spoilt(row, column):
    """As the file's reader has it."""
    texts = [*row.texts, *[""] * (column - len(row.texts))]
    texts[column - 1] = "#N/A"
    (table,) = read_tables("a.csv", as_csv([texts]))
    return type(row)(row.number, tuple(texts), row.merged, table.rows[0].unread)


def test_a_framework_file_with_such_a_cell_is_refused_there():
    data = with_part(
        framework_workbook(MUNICIPAL),
        "xl/worksheets/sheet1.xml",
        r'<c r="G2"[^>]*?(/>|>.*?</c>)',
        '<c r="G2" t="e"><f>X1</f><v>#NAME?</v></c>',
    )
    (fault,) = read_framework(read_tables("a.xlsx", data), MUNICIPAL)[1].found
    assert (fault.row, fault.value) == (2, "#NAME?")
