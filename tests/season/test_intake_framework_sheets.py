"""Frameworks from workbooks: what goes out comes back, and every fault is at its cell."""

import pytest
from hypothesis import given

from surveys.acts.errors import BadInput
from surveys.catalog import loader
from surveys.catalog.model import Framework
from surveys.catalog.writer import framework_yaml
from surveys.intake.headers import Fault
from surveys.intake.tables import Table
from surveys.reporting.workbooks import SheetPlan
from surveys.season.framework_workbooks import framework_workbook
from surveys.season.uploads.framework_sheets import (
    ABOUT_SHEET,
    ABOUT_TITLES,
    MOST_ROWS,
    ROW_TITLES,
    ROWS_SHEET,
    read_framework,
)
from tests.framework_files import (
    Cell,
    about_row,
    cells_of,
    exported,
    frameworks,
    merged_book,
    row_number,
    shipped,
    tables_of,
    with_cells,
    with_rows,
    without_row,
)

MUNICIPAL = shipped()
LETTERS = dict(zip(ROW_TITLES.values(), "ABCDEFGHIJKLMNO", strict=True))


def read(tables: tuple[Table, ...], current: Framework | None = None) -> Framework:
    found, faults = read_framework(tables, current)
    assert found is not None, [str(fault) for fault in faults.found]
    return found.framework


def faults_of(tables: tuple[Table, ...], current: Framework | None = None) -> list[Fault]:
    found, faults = read_framework(tables, current)
    assert (found is None) == (faults.count > 0)
    return faults.found


def only_fault(tables: tuple[Table, ...], current: Framework | None = None) -> Fault:
    (fault,) = faults_of(tables, current)
    return fault


@pytest.mark.parametrize("key", loader.framework_keys())
def test_a_framework_of_the_catalog_comes_back_as_it_went_out(key: str) -> None:
    framework = loader.framework(key)
    assert read(shipped(key), framework) == framework
    assert loader.read_framework(framework_yaml(framework).encode(), "a.yaml") == framework


@given(frameworks())
def test_any_framework_comes_back_as_it_went_out(framework: Framework) -> None:
    assert read(exported(framework), framework) == framework
    assert loader.read_framework(framework_yaml(framework).encode(), "a.yaml") == framework


def test_the_official_columns_and_repeated_cells() -> None:
    header = MUNICIPAL[0].rows[0].texts
    assert header[1:6] == ("测评项目", "测评指标", "测评内容", "测评标准", "测评方法")
    assert header[6:] == ("分值", "类型", "适用", "考核部门", "从满分起", "综合评定", "佐证材料", "说明", "操作")
    assert all(row.texts[1].startswith("I-") and row.texts[3].startswith("III-") for row in MUNICIPAL[0].rows[1:])
    assert len(MUNICIPAL[0].rows) == 42


def test_what_a_cell_could_not_keep_apart_is_not_written() -> None:
    framework = loader.framework("county")
    for name in ("甲、乙", "甲\n乙", "甲;乙"):
        with pytest.raises(BadInput, match="顿号"):
            framework_workbook(framework.model_copy(update={"tags": (name,)}))


def changed(key: str, title: str, value: str) -> Cell:
    return ROWS_SHEET, row_number(MUNICIPAL, key), title, value


@pytest.mark.parametrize(
    ("key", "title", "value", "shown", "words"),
    [
        ("III-3", "分值", "两分", "两分", "不是分数"),
        ("III-3", "分值", "1e3", "1e3", "不是分数"),
        ("III-3", "分值", "NaN", "NaN", "不是分数"),
        ("III-3", "分值", "", "", "没有填写"),
        ("III-3", "分值", "-2", "-2", "不能小于 0"),
        ("III-34", "分值", "1", "1", "一票否决不计分值：请写成 0"),
        ("III-32", "分值", "-0", "-0", "分值要大于 0"),
        ("III-3", "测评方法", "看材料", "看材料", "可写 材料审核"),
        ("III-3", "测评方法", "", "", "没有写测评方法"),
        ("III-3", "测评方法", "材料审核、材料审核", "材料审核、材料审核", "重复"),
        ("III-3", "类型", "加分", "加分", "可写 测评项、加分项、负面清单、一票否决"),
        ("III-3", "适用", "教育局", "教育局", "没有“教育局”这个单位标签"),
        ("III-3", "适用", "教育、教育", "教育、教育", "重复"),
        ("III-3", "考核部门", "网信", "网信", "没有“网信”这个考核部门"),
        ("III-3", "从满分起", "对", "对", "只能写“是”或“否”"),
        ("III-32", "从满分起", "是", "是", "可以从满分起：请清空这一格"),
        ("III-3", "综合评定", "对", "对", "只能写“是”或“否”"),
        ("III-13", "综合评定", "是", "是", "可以综合评定：请清空这一格"),
        ("III-3", "操作", "删", "删", "只能写“删除”"),
        ("III-3", "测评标准", "", "", "没有填写"),
        ("III-3", "测评标准", "字" * 4001, "字" * 40 + "……", "最多 4000 个字"),
        ("III-3", "测评标准", "一\x07二", "一 二", "控制字符"),
        ("III-5(2)", "测评项目", "责任制内容", "责任制内容", "编号 名称"),
        ("III-5(2)", "测评项目", "I-1 责任制", "I-1 责任制", "第 2 行写的是“责任制内容”"),
        ("III-5(2)", "测评内容", "III-5 培训", "III-5 培训", "请改成一样的"),
        ("III-5(2)", "测评指标", "II-2", "II-2", "请改成一样的"),
    ],
)
def test_a_bad_cell_is_named(key: str, title: str, value: str, shown: str, words: str) -> None:
    fault = only_fault(with_cells(MUNICIPAL, changed(key, title, value)))
    assert (fault.sheet, fault.row, fault.value) == (ROWS_SHEET, row_number(MUNICIPAL, key), shown)
    assert fault.column == f"{LETTERS[title]} 列（{title}）"
    assert words in fault.remedy


def test_points_that_do_not_add_up() -> None:
    block, total = faults_of(with_cells(MUNICIPAL, changed("III-3", "分值", "5")))
    assert (block.sheet, block.row, block.column) == (
        ABOUT_SHEET,
        about_row(MUNICIPAL, "I-1 责任制内容"),
        "C 列（分值）",
    )
    assert (block.value, "合计是 53，多 3" in block.remedy) == ("50", True)
    assert (total.sheet, total.row, total.column) == (ROWS_SHEET, 1, "G 列（分值）")
    assert "合计是 103，应是 100，多 3" in total.remedy
    assert "points" not in block.remedy + total.remedy
    assert "kind" not in block.remedy + total.remedy


def test_points_beyond_all_measure() -> None:
    faults = faults_of(with_cells(MUNICIPAL, changed("III-3", "分值", "10001")))
    assert "不能大于 10000" in " ".join(
        fault.remedy for fault in faults if fault.column == "G 列（分值）" and fault.row == 5
    )


def test_a_blocks_points_alone() -> None:
    cell = (ABOUT_SHEET, about_row(MUNICIPAL, "I-2 职能部门履职情况"), "分值", "21")
    fault = only_fault(with_cells(MUNICIPAL, cell))
    assert (fault.sheet, fault.row, fault.value) == (ABOUT_SHEET, cell[1], "21")


def test_a_duplicate_key_names_both_rows() -> None:
    again = cells_of(MUNICIPAL, row_number(MUNICIPAL, "III-32"))
    tables = with_rows(MUNICIPAL, [again])
    fault = only_fault(tables)
    assert (fault.row, fault.column, fault.value) == (43, "A 列（编号）", "III-32")
    assert f"第 {row_number(MUNICIPAL, 'III-32')} 行已经有了" in fault.remedy


def test_a_key_that_is_not_its_contents() -> None:
    fault = only_fault(with_cells(MUNICIPAL, changed("III-3", "编号", "III-99")))
    assert (fault.column, fault.value) == ("A 列（编号）", "III-99")


def test_a_content_under_two_indicators() -> None:
    second = cells_of(MUNICIPAL, row_number(MUNICIPAL, "III-32"))
    second[0], second[2] = "III-32(2)", "II-1 提高认识"
    faults = faults_of(with_rows(MUNICIPAL, [second]))
    assert {(fault.row, fault.column) for fault in faults} == {(43, "C 列（测评指标）"), (43, "D 列（测评内容）")}


def test_a_lost_row_is_refused() -> None:
    number = row_number(MUNICIPAL, "III-32")
    tables = without_row(MUNICIPAL, number)
    assert read(tables) != loader.framework("municipal")  # nothing to lose it from
    fault = only_fault(tables, loader.framework("municipal"))
    assert (fault.sheet, fault.column, fault.value) == (ROWS_SHEET, "A 列（编号）", "III-32")
    assert f"第 {number - 1} 行“III-31" in fault.remedy
    assert "写“删除”" in fault.remedy


def test_a_row_marked_as_deleted_is_left_out() -> None:
    found, _ = read_framework(with_cells(MUNICIPAL, changed("III-32", "操作", " 删除 ")), loader.framework("municipal"))
    assert found is not None
    assert found.deleted == ("III-32",)
    assert "III-32" not in [row.standard.key for row in found.framework.rows()]


def test_a_deleted_row_without_key() -> None:
    cells = [changed("III-32", "操作", "删除"), (*changed("III-32", "编号", ""),)]
    fault = only_fault(with_cells(MUNICIPAL, *cells))
    assert "没有编号" in fault.remedy


def test_the_workbook_of_another_framework() -> None:
    faults = faults_of(shipped("county"), loader.framework("municipal"))
    first = next(fault for fault in faults if fault.sheet == ABOUT_SHEET)
    assert (first.row, first.column, first.value) == (2, "B 列（内容）", "county")
    assert "“municipal”" in first.remedy


@pytest.mark.parametrize(
    ("item", "title", "value", "words"),
    [
        ("体系名称", "内容", "", "没有填写"),
        ("体系编号", "内容", "市直", "半角小写字母"),
        ("牵头部门", "项目", "牵头", "不认识这个项目"),
        ("牵头部门", "项目", "体系名称", "第 3 行已经有了"),
        ("I-1 责任制内容", "内容", "I-1 责任", "和“测评体系”表第 2 行"),
        ("I-1 责任制内容", "内容", "责任", "编号 名称"),
        ("I-2 职能部门履职情况", "内容", "I-1 责任制内容", "已经有了"),
        ("I-1 责任制内容", "分值", "五十", "不是分数"),
        ("宣传", "内容", "教育", "重复"),
    ],
)
def test_a_bad_cell_of_the_second_sheet_is_named(item: str, title: str, value: str, words: str) -> None:
    number = about_row(MUNICIPAL, item)
    faults = faults_of(with_cells(MUNICIPAL, (ABOUT_SHEET, number, title, value)))
    found = [fault for fault in faults if fault.sheet == ABOUT_SHEET and words in fault.remedy]
    assert [(fault.row, fault.column) for fault in found] == [
        (number, f"{'ABCD'[list(ABOUT_TITLES.values()).index(title)]} 列（{title}）")
    ]


def test_blocks_on_one_sheet_only() -> None:
    number = about_row(MUNICIPAL, "I-4 特色项目")
    lost = faults_of(without_row(MUNICIPAL, number, ABOUT_SHEET))
    assert {(fault.sheet, fault.column) for fault in lost} == {(ROWS_SHEET, "B 列（测评项目）")}
    fault = only_fault(with_cells(MUNICIPAL, (ABOUT_SHEET, 31, "项目", "板块"), (ABOUT_SHEET, 31, "内容", "I-9 九")))
    assert (fault.sheet, fault.row, "没有板块“I-9”的条目" in fault.remedy) == (ABOUT_SHEET, 31, True)


def test_a_missing_line_of_the_second_sheet() -> None:
    fault = only_fault(without_row(MUNICIPAL, about_row(MUNICIPAL, "牵头部门"), ABOUT_SHEET))
    assert (fault.sheet, fault.value) == (ABOUT_SHEET, "牵头部门")


def test_a_missing_sheet_and_a_missing_column() -> None:
    assert "没有找到“基本信息”" in only_fault(MUNICIPAL[:1]).remedy
    assert "没有找到“测评体系”" in only_fault(MUNICIPAL[1:]).remedy
    fault = only_fault(with_cells(MUNICIPAL, (ROWS_SHEET, 1, "佐证材料", "材料")))
    assert (fault.row, "缺“佐证材料”一列" in fault.remedy) == (1, True)
    doubled = faults_of(with_cells(MUNICIPAL, (ROWS_SHEET, 1, "操作", "说明")))
    assert [(fault.row, "只留一列" in fault.remedy) for fault in doubled] == [(1, True)]


def test_two_sheets_that_look_alike() -> None:
    first = MUNICIPAL[0]
    copies = (Table("甲", first.rows), Table("乙", first.rows), *MUNICIPAL[1:])
    assert "都像是“测评体系”，请只留一张" in only_fault(copies).remedy
    assert read((*MUNICIPAL, Table("去年", first.rows))) == loader.framework("municipal")


def test_no_rows_and_too_many() -> None:
    head = Table(ROWS_SHEET, MUNICIPAL[0].rows[:1])
    assert any("没有条目" in fault.remedy for fault in faults_of((head, *MUNICIPAL[1:])))
    many = with_rows(MUNICIPAL, [cells_of(MUNICIPAL, 2)] * MOST_ROWS)
    assert f"超过 {MOST_ROWS} 条" in only_fault(many).remedy


def test_what_people_type_is_taken() -> None:
    typed = with_cells(
        MUNICIPAL,
        changed("III-3", "分值", "２"),
        changed("III-4", "编号", "ＩＩＩ－４"),
        changed("III-6", "测评方法", "材料审核或 材料审核".replace("或 材料审核", "")),
        changed("III-23", "测评方法", "材料审核或听取汇报"),
        changed("III-7", "类型", ""),
        changed("III-7", "考核部门", ""),
        changed("III-7", "测评项目", "I-1责任制内容"),
        changed("III-16", "适用", " 群团组织 ，"),
        changed("III-7", "从满分起", "否"),
    )
    assert read(typed, loader.framework("municipal")) == loader.framework("municipal")


def test_rows_may_stand_anywhere() -> None:
    """A row that is added at the end belongs where its codes say."""
    number = row_number(MUNICIPAL, "III-1(2)")
    last = cells_of(MUNICIPAL, number)
    framework = read(with_rows(without_row(MUNICIPAL, number), [last]), loader.framework("municipal"))
    assert framework == loader.framework("municipal")


def plans() -> list[SheetPlan]:
    width = len(ROW_TITLES)
    found = []
    for table in MUNICIPAL:
        rows = [
            [*row.texts, *[""] * width][: width if table is MUNICIPAL[0] else len(ABOUT_TITLES)] for row in table.rows
        ]
        found.append(SheetPlan(table.name, rows[0], rows[1:]))
    return found


def test_merged_cells_count_for_every_row() -> None:
    """As the official form has them: the project, the indicator, the content over their rows."""
    book = plans()
    rows = [list(row) for row in book[0].rows]
    rows[1][1] = rows[1][2] = rows[1][3] = ""
    book[0] = SheetPlan(book[0].name, book[0].titles, rows)
    tables = tables_of(merged_book(book, [(1, column, 2, column) for column in (1, 2, 3)]))
    assert read(tables) == loader.framework("municipal")


def test_merged_cells_that_each_row_needs_for_itself() -> None:
    fault = only_fault(tables_of(merged_book(plans(), [(1, 6, 2, 6)])))
    assert (fault.row, fault.column, "和第 2 行合并" in fault.remedy) == (3, "G 列（分值）", True)
    across = faults_of(tables_of(merged_book(plans(), [(1, 12, 1, 13)])))
    assert [(fault.row, fault.column) for fault in across] == [(2, "N 列（说明）")]
