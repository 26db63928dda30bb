"""Polls planned on a spreadsheet: what a row may say, and the place of every fault."""

import io
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from python_calamine import CalamineWorkbook

from surveys.intake.headers import Fault
from surveys.intake.tables import Table, TableRow, UnreadableFile, read_tables
from surveys.polling.ballot_classes import PRESETS, ClassEntry
from surveys.scoring.grades import BlankPolicy
from surveys.vote.papers.poll_template import TemplateColumn, poll_template
from surveys.vote.uploads.poll_plans import COLUMNS, MOST_ROWS, Plans, read_plans

HEADERS = ("单位", "测评会名称", "日期", "地点", "应到", "票种", "双人启封")


def plans(*rows: tuple[str, ...], headers: tuple[str, ...] = HEADERS, sheet: str = "表1") -> Plans:
    numbered = [TableRow(number, row) for number, row in enumerate((headers, *rows), start=1)]
    return read_plans([Table(sheet, tuple(numbered))])


def only_fault(found: Plans) -> Fault:
    (fault,) = found.faults.found
    return fault


def test_a_row_says_all_of_a_poll() -> None:
    headers = (*HEADERS, "单位测评表", "领导测评表", "漏填", "到会比例", "演练")
    row = ("样例局", "民主测评", "2026年3月2日", "三楼", "４８", "A：甲：40：8；B：乙：60", "是")
    found = plans((*row, "organization", "不用", "按零分", "60%", "是"), headers=headers)
    assert not found.faults.count
    (plan,) = found.plans
    assert (plan.source.header.sheet, plan.source.row.number, plan.unit, plan.title) == ("表1", 2, "样例局", "民主测评")
    assert (plan.held_on, plan.place, plan.entitled) == (date(2026, 3, 2), "三楼", 48)
    assert plan.classes == (ClassEntry("A", "甲", Decimal(40), 8), ClassEntry("B", "乙", Decimal(60)))
    assert (plan.organization, plan.leader, plan.blank) == ("organization", "", BlankPolicy.ZERO)
    assert (plan.quorum, plan.two_person, plan.rehearsal) == (Fraction(3, 5), True, True)


def test_what_is_not_said_is_as_usual() -> None:
    (plan,) = plans(("样例局", "5"), headers=("单位名称*", "应到人数*")).plans
    assert (plan.title, plan.held_on, plan.place, plan.classes) == ("年度民主测评", None, "", PRESETS[0].classes)
    assert (plan.organization, plan.leader, plan.blank) == ("organization", "leader", None)
    assert (plan.quorum, plan.two_person, plan.rehearsal) == (Fraction(2, 3), False, False)


@pytest.mark.parametrize(
    ("column", "value", "letter", "words"),
    [
        (2, "明天", "C 列（日期）", "日期"),
        (4, "四十", "E 列（应到）", "整数"),
        (4, "", "E 列（应到）", "没有填"),
        (0, "", "A 列（单位）", "没有填"),
        (5, "甲乙丙", "F 列（票种）", "30/30/40"),
        (5, "A:甲", "F 列（票种）", "代号:名称:权重"),
        (6, "也许", "G 列（双人启封）", "“是”或“否”"),
    ],
)
def test_a_fault_says_where_it_is_and_what_to_do(column: int, value: str, letter: str, words: str) -> None:
    row = ["样例局", "民主测评", "2026-03-02", "三楼", "48", "一种票", "否"]
    row[column] = value
    fault = only_fault(plans(("样例局", "甲", "", "", "1", "", ""), tuple(row)))
    assert (fault.sheet, fault.row, fault.column, fault.value) == ("表1", 3, letter, value)
    assert words in fault.remedy


def test_every_fault_of_every_row_is_found() -> None:
    found = plans(("样例局", "", "x", "", "x", "x", "x"), ("", "名称", "", "", "", "", ""))
    assert [(fault.row, fault.column[0]) for fault in found.faults.found] == [
        *((2, letter) for letter in "CEFG"),
        *((3, letter) for letter in "AE"),
    ]
    assert not found.plans


def test_rows_with_a_unit_and_nothing_else_are_left_out() -> None:
    found = plans(("样例局",), ("另一局", "", "", "", "5"), ("",))
    assert ([plan.unit for plan in found.plans], found.skipped, found.faults.count) == (["另一局"], 1, 0)


@pytest.mark.parametrize("text", ["organization", "leader", "没有这份"])
def test_a_form_that_rates_something_else_is_refused(text: str) -> None:
    headers = ("单位", "应到", "单位测评表" if text == "leader" else "领导测评表")
    fault = only_fault(plans(("样例局", "5", text), headers=headers))
    assert "不是现有的测评表" in fault.remedy
    assert "民主测评表" in fault.remedy


def test_a_form_is_called_by_its_title() -> None:
    title = "党委（党组）履行网络意识形态工作责任民主测评表"
    (plan,) = plans(("样例局", "5", title), headers=("单位", "应到", "单位测评表")).plans
    assert plan.organization == "organization"


@pytest.mark.parametrize(
    ("headers", "row", "column", "words"),
    [
        (("单位", "应到", "应到人数"), 1, "C 列（应到人数）", "重复"),
        (("单位", "地点"), 1, "", "缺少“应到”一列"),
        (("局", "应到"), None, "", "没有认出表头"),
    ],
)
def test_faults_of_the_header(headers: tuple[str, ...], row: int | None, column: str, words: str) -> None:
    fault = only_fault(plans(("样例局", "5", "6"), headers=headers))
    assert (fault.row, fault.column) == (row, column)
    assert words in fault.remedy


def test_an_empty_table_is_said_to_be_empty() -> None:
    assert "没有要建的测评会" in only_fault(plans()).remedy
    assert "没有认出表头" in only_fault(read_plans([])).remedy


def test_titles_above_the_header_and_other_sheets_are_passed_over() -> None:
    sheet = Table("会", (TableRow(1, ("某年计划",)), TableRow(3, ("单位", "应到")), TableRow(4, ("样例局", "5"))))
    about = Table("说明", (TableRow(1, ("列名", "例子")),))
    (plan,) = read_plans([about, sheet]).plans
    assert (plan.source.header.sheet, plan.source.row.number) == ("会", 4)


def test_what_rosters_forgive_is_forgiven() -> None:
    """A title, a column that counts, columns of nobody's, a header again, notes below."""
    headers = ("序号", "单位", "应到", "联系人", "备注")
    rows = [
        ("某年测评会安排",),
        headers,
        ("1", "样例局", "5", "某", "带投影"),
        headers,
        ("2", "样例二局", "6"),
        ("合计：2",),
    ]
    found = read_plans([Table("会", tuple(TableRow(number, row) for number, row in enumerate(rows, start=1)))])
    assert [plan.unit for plan in found.plans] == ["样例局", "样例二局"]
    assert not found.faults.count
    assert found.notes == [
        "工作表“会”的“联系人”、“备注”列用不上，没有读。",
        "工作表“会”第 4 行“序号”当作说明，没有读。",
        "工作表“会”第 6 行“合计：2”当作说明，没有读。",
    ]


def test_more_rows_than_a_file_may_have() -> None:
    assert "分成几个文件" in only_fault(plans(*[("样例局", "甲", "", "", "5")] * (MOST_ROWS + 1))).remedy


def test_what_no_page_may_hold_does_not_come_in() -> None:
    (plan,) = plans(("样例\0局", "甲\ufffe", "", "三\x85楼", "5")).plans
    assert (plan.unit, plan.title, plan.place) == ("样例 局", "甲", "三 楼")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_in_the_usual_encodings(encoding: str) -> None:
    data = '单位,应到,地点\r\n样例局,5,"三楼,东"\r\n\r\n样例䶮局,6,\r\n'.encode(encoding)
    found = read_plans(read_tables("计划.csv", data))
    assert [(plan.source.row.number, plan.unit, plan.place) for plan in found.plans] == [
        (2, "样例局", "三楼,东"),
        (4, "样例䶮局", ""),
    ]


@pytest.mark.parametrize("data", [b"PK\x03\x04...", b"\xd0\xcf\x11\xe0...", b"%PDF-1.4"])
def test_a_file_that_is_no_table_is_refused_with_a_way_out(data: bytes) -> None:
    with pytest.raises(UnreadableFile, match="请"):
        read_tables("计划.csv", data)


def test_the_template_has_every_column_and_the_units_as_text() -> None:
    columns = [TemplateColumn(each.headers[0], each.needed, each.example, "怎样填", ("是", "否")) for each in COLUMNS]
    book = CalamineWorkbook.from_filelike(io.BytesIO(poll_template(columns, ["样例局", "=1+1", "样例䶮局"])))
    assert book.sheet_names == ["测评会", "说明"]
    rows = book.get_sheet_by_name("测评会").to_python()
    assert [str(text).rstrip("*") for text in rows[0]] == [each.headers[0] for each in COLUMNS]
    assert [row[0] for row in rows[1:]] == ["样例局", "=1+1", "样例䶮局"]
    found = read_plans([Table("测评会", tuple(TableRow(n, tuple(map(str, row))) for n, row in enumerate(rows, 1)))])
    assert found.skipped == 3
    assert len(book.get_sheet_by_name("说明").to_python()) == len(COLUMNS) + 1


def test_the_examples_can_be_read() -> None:
    for column in COLUMNS:
        column.read(column.example)
