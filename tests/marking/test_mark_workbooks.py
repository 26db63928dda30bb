"""Marks in a workbook: what comes back unchanged changes nothing, and every fault is told at its cell."""

import io
from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest
import sqlalchemy as sa
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from surveys.acts.actors import Actor, Role
from surveys.acts.errors import BadInput, NotAllowed, NotFound, WrongState
from surveys.acts.site import Site
from surveys.acts.table_files import tables_in
from surveys.intake.tables import read_tables
from surveys.marking import mark_workbooks
from surveys.marking.mark_workbooks import MarkPreview
from surveys.marking.marks import MarkEntry
from surveys.marking.uploads.marks import MarkKey, parse_key
from surveys.reporting.workbooks import SheetPlan, workbook
from surveys.season.rosters import FaultyFile
from surveys.storage.tables import Account, Import
from tests.builders import GROUP, build_unit, decided_alone, dump, enter, exempt, line_for, run_sql
from tests.marking.test_marking_sheets import units
from tests.sites import NOW
from tests.worlds import DEPARTMENT, build_accounts

ROW, UNIT, POINTS, REMARK, EVIDENCE, KEY = 0, 2, 5, 6, 7, 8
Rows = list[list[str]]


def account(site: Site, role: Role = Role.ADMIN) -> Actor:
    """Of a site that has its accounts or gets them."""
    with site.database.reading() as session:
        known = session.scalar(sa.select(Account.id)) is not None
    if not known:
        build_accounts(site)
    with site.database.reading() as session:
        found = session.scalars(sa.select(Account).where(Account.role == role)).one()
        return Actor(found.id, found.name, role, found.department)


def exported(site: Site, actor: Actor, assessment_id: int, department: str | None = GROUP) -> Rows:
    """The first sheet, titles first, every row as wide as these."""
    with site.database.reading() as session:
        data = mark_workbooks.export_workbook(session, actor, assessment_id, department)
    rows = [list(row.texts) for row in read_tables("a.xlsx", data)[0].rows]
    return [row + [""] * (len(mark_workbooks.TITLES) - len(row)) for row in rows]


def packed(rows: Sequence[Sequence[str]]) -> bytes:
    return workbook([SheetPlan("打分", rows[0], rows[1:])])


def read(site: Site, actor: Actor, assessment_id: int, data: bytes, name: str = "打分表.xlsx") -> int:
    tables = tables_in(name, data)
    with site.database.writing() as session:
        return mark_workbooks.read_workbook(session, NOW, actor, assessment_id, name, tables)


def preview(site: Site, actor: Actor, import_id: int) -> MarkPreview:
    with site.database.reading() as session:
        return mark_workbooks.preview(session, actor, import_id)


def apply(
    site: Site, actor: Actor, import_id: int, fingerprint: str | None = None, *, confirmed: bool = False
) -> MarkPreview:
    found = preview(site, actor, import_id)
    shown = fingerprint or found.fingerprint
    decided_alone(site, found.assessment_id)  # by two: test_proposals
    with site.database.writing() as session:
        return mark_workbooks.apply(session, NOW, actor, import_id, shown, confirmed=confirmed)[0]


def faults(site: Site, actor: Actor, assessment_id: int, data: bytes) -> list[str]:
    before = dump(site.database)
    with pytest.raises(FaultyFile) as caught:
        read(site, actor, assessment_id, data)
    assert dump(site.database) == before
    return [str(fault) for fault in caught.value.faults]


def find(rows: Rows, row_key: str, unit: str) -> list[str]:
    return next(row for row in rows if (row[ROW], row[UNIT]) == (row_key, unit))


def test_what_was_exported_changes_nothing(site):
    assessment_id, (first, second) = units(site, 2)
    enter(site, first, MarkEntry("III-3", GROUP, "1.50", "说明一", "①"), MarkEntry("III-4", GROUP, "0"))
    enter(site, second, MarkEntry("III-2", "市纪委", "3"))
    actor = account(site)
    before = dump(site.database)["marks"]
    for department in (None, GROUP, "市纪委"):
        with site.database.reading() as session:
            data = mark_workbooks.export_workbook(session, actor, assessment_id, department)
            assert mark_workbooks.export_workbook(session, actor, assessment_id, department) == data
        found = preview(site, actor, read(site, actor, assessment_id, data))
        assert (found.changes, found.hindrances) == ((), ())
        assert found.untouched > 0
        apply(site, actor, read(site, actor, assessment_id, data))
    assert dump(site.database)["marks"] == before


def test_what_was_filled_in_is_shown_and_taken_over(site):
    assessment_id, (first, second) = units(site, 2)
    enter(site, first, MarkEntry("III-3", GROUP, "1"))
    actor = account(site)
    rows = exported(site, actor, assessment_id)
    find(rows, "III-3", "样例1局")[POINTS:KEY] = ["１．５", "改判", "①②"]
    find(rows, "III-3", "样例2局")[POINTS] = "2"
    import_id = read(site, actor, assessment_id, packed(rows))
    shown = preview(site, actor, import_id)
    assert [(change.unit, change.points, change.last and change.last.points) for change in shown.changes] == [
        ("样例1局", Decimal("1.5"), Decimal(1)),
        ("样例2局", Decimal(2), None),
    ]
    assert not line_for(site, second, "III-3").marks
    apply(site, actor, import_id)
    mark = line_for(site, first, "III-3").marks[GROUP]
    assert (mark.version, mark.points, mark.remark, mark.evidence) == (2, Decimal("1.5"), "改判", "①②")
    assert mark.account_id == actor.account_id
    assert dump(site.database)["imports"] == []
    with pytest.raises(NotFound):
        preview(site, actor, import_id)


def test_order_and_missing_rows_do_not_matter(site):
    assessment_id, (first, second) = units(site, 2)
    enter(site, first, MarkEntry("III-3", GROUP, "1"))
    actor = account(site)
    title, *rows = exported(site, actor, assessment_id)
    changed = find(rows, "III-4", "样例2局")
    changed[POINTS] = "0.5"
    moved = [title, changed, *(row for row in reversed(rows) if row[ROW] not in ("III-3", "III-4"))]
    columns = [KEY, POINTS, UNIT, ROW, REMARK]
    apply(site, actor, read(site, actor, assessment_id, packed([[row[each] for each in columns] for row in moved])))
    assert line_for(site, second, "III-4").value.got == Decimal("0.5")
    assert line_for(site, first, "III-3").value.got == 1


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ("1e3", "“1e3”不是分数"),
        ("-0", "“-0”不是分数"),
        ("NaN", "“NaN”不是分数"),
        ("1.255", "最多两位小数"),
        ("两分", "“两分”不是分数"),
        ("2.01", "超过了此项的满分 2 分"),
        ("=1+1", "不是分数"),
        ("1²", "不是分数"),
        ("2026-01-02", "不是分数"),
    ],
)
def test_a_value_that_cannot_be_is_told_at_its_cell(lite_site, points, words):
    assessment_id, _ = units(lite_site, 2)
    actor = account(lite_site)
    rows = exported(lite_site, actor, assessment_id)
    line = find(rows, "III-3", "样例2局")
    line[POINTS] = points
    (fault,) = faults(lite_site, actor, assessment_id, packed(rows))
    assert fault.startswith(f"工作表“打分” 第 {rows.index(line) + 1} 行 F 列（打分） “{points}”：")
    assert words in fault


def _emptied(rows: Rows) -> None:
    find(rows, "III-4", "样例1局")[POINTS] = ""


def _words_alone(rows: Rows) -> None:
    find(rows, "III-3", "样例2局")[REMARK] = "只有说明"


def _long(rows: Rows) -> None:
    find(rows, "III-3", "样例2局")[POINTS:EVIDENCE] = ["1", "长" * 501]


def _two_of_one_name(rows: Rows) -> None:
    find(rows, "III-3", "样例2局")[UNIT] = "样例1局"


def _other_row(rows: Rows) -> None:
    find(rows, "III-3", "样例2局")[ROW] = "III-4"


def _doubled(rows: Rows) -> None:
    rows.append(list(find(rows, "III-3", "样例2局")))


def _no_key(rows: Rows) -> None:
    find(rows, "III-3", "样例2局")[POINTS:] = ["1", "", "", ""]


def _dragged(rows: Rows) -> None:
    line = find(rows, "III-3", "样例2局")
    line[KEY] = line[KEY].replace("|0|", "|1|")


@pytest.mark.parametrize(
    ("spoil", "column", "words"),
    [
        (_emptied, "打分", "不能清空"),
        (_words_alone, "打分", "没有填分数"),
        (_long, "说明", "最多 500 个字"),
        (_two_of_one_name, "单位", "标识是“样例2局”的"),
        (_other_row, "条目", "标识是 III-3 的"),
        (_doubled, "标识", "是同一格"),
        (_no_key, "标识", "没有标识"),
        (_dragged, "标识", "被改动"),
    ],
)
def test_a_line_that_cannot_be_is_told(lite_site: Site, spoil: Callable[[Rows], None], column: str, words: str) -> None:
    assessment_id, (first, _) = units(lite_site, 2)
    enter(lite_site, first, MarkEntry("III-4", GROUP, "1"))
    actor = account(lite_site)
    rows = exported(lite_site, actor, assessment_id)
    spoil(rows)
    (fault,) = faults(lite_site, actor, assessment_id, packed(rows))
    assert f"列（{column}" in fault
    assert words in fault


def test_merged_cells_are_refused(lite_site):
    assessment_id, _ = units(lite_site, 2)
    actor = account(lite_site)
    rows = exported(lite_site, actor, assessment_id)
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    sheet = book.add_worksheet("打分")
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, row)
    sheet.merge_range(1, POINTS, 2, POINTS, "1")
    sheet.merge_range(4, POINTS, 4, REMARK, "2")
    book.close()
    found = faults(lite_site, actor, assessment_id, stream.getvalue())
    assert [fault.split(" ")[2] for fault in found] == ["2", "3", "5"]
    assert all("请取消合并" in fault for fault in found)


def test_numbers_of_excel_are_numbers(lite_site):
    assessment_id, (first, _) = units(lite_site, 2)
    actor = account(lite_site)
    rows = exported(lite_site, actor, assessment_id)
    place = rows.index(find(rows, "III-3", "样例1局"))
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    sheet = book.add_worksheet("打分")
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, row)
    sheet.write_number(place, POINTS, 0.1 + 0.2)
    book.close()
    apply(lite_site, actor, read(lite_site, actor, assessment_id, stream.getvalue()))
    assert line_for(lite_site, first, "III-3").value.got == Decimal("0.3")


@pytest.mark.parametrize(("value", "shown"), [("", "=2+1"), ("#N/A", "#N/A")])
def test_a_formula_without_a_value_is_no_empty_cell(lite_site, value, shown):
    """Not among the lines that stay as they are: the mark would be lost without a word."""
    assessment_id, _ = units(lite_site, 1)
    actor = account(lite_site)
    rows = exported(lite_site, actor, assessment_id)
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as book:
        sheet = book.add_worksheet("打分")
        for number, texts in enumerate(rows):
            sheet.write_row(number, 0, texts)
        sheet.write_formula(1, POINTS, "=2+1", None, value)
    (fault,) = faults(lite_site, actor, assessment_id, stream.getvalue())
    assert fault.startswith(f"工作表“打分” 第 2 行 F 列（打分） “{shown}”：")


def test_the_workbook_of_another_assessment_is_refused_once(lite_site):
    assessment_id, _ = units(lite_site, 2)
    other_id, _ = build_unit(lite_site, "样例1局")
    actor = account(lite_site)
    (fault,) = faults(lite_site, actor, other_id, packed(exported(lite_site, actor, assessment_id)))
    assert "另一次考核" in fault


def test_another_edition_of_the_framework_is_refused(lite_site):
    assessment_id, _ = units(lite_site, 2)
    actor = account(lite_site)
    data = packed(exported(lite_site, actor, assessment_id))
    run_sql(lite_site, "UPDATE assessment_frameworks SET body = replace(body, '\"II-1\"', '\"II-99\"')")
    (fault,) = faults(lite_site, actor, assessment_id, data)
    assert "测评体系在导出之后有了改动" in fault


def test_an_assessor_gets_and_gives_the_own_department_only(lite_site):
    assessment_id, _ = units(lite_site, 2)
    admin = account(lite_site)
    actor = account(lite_site, Role.ASSESSOR)
    rows = exported(lite_site, actor, assessment_id, GROUP)
    assert {row[3] for row in rows[1:]} == {DEPARTMENT}
    (fault,) = faults(lite_site, actor, assessment_id, packed(exported(lite_site, admin, assessment_id)))
    assert f"这是{GROUP}的打分表" in fault
    with pytest.raises(NotAllowed):
        exported(lite_site, Actor(1, "组织员", Role.ORGANIZER), assessment_id)
    with pytest.raises(NotFound):
        exported(lite_site, Actor(1, "考评员", Role.ASSESSOR, "没有的部门"), assessment_id)


def test_what_is_no_longer_to_be_marked_is_told_if_it_changed(lite_site):
    assessment_id, (_, second) = units(lite_site, 2)
    actor = account(lite_site)
    rows = exported(lite_site, actor, assessment_id)
    exempt(lite_site, second, "III-3")
    assert preview(lite_site, actor, read(lite_site, actor, assessment_id, packed(rows))).changes == ()
    find(rows, "III-3", "样例2局")[POINTS] = "1"
    (fault,) = faults(lite_site, actor, assessment_id, packed(rows))
    assert "已经免考" in fault


def test_what_is_no_workbook_of_marks_is_refused(lite_site):
    assessment_id, _ = units(lite_site, 2)
    actor = account(lite_site)
    for rows in ([["单位", "打分"], ["样例1局", "1"]], [["标识"], [""]]):
        assert "没有找到" in faults(lite_site, actor, assessment_id, packed(rows))[0]
    for data, words in (
        (b"", "空的"),
        (b"%PDF", "PDF"),
        (packed(exported(lite_site, actor, assessment_id)[:1]), "没有"),
    ):
        with pytest.raises(BadInput, match=words):
            read(lite_site, actor, assessment_id, data)


def test_what_somebody_else_marked_since_is_shown_and_needs_a_yes(site):
    assessment_id, (first, second) = units(site, 2)
    enter(site, first, MarkEntry("III-3", GROUP, "1"))
    actor = account(site)
    rows = exported(site, actor, assessment_id)
    find(rows, "III-3", "样例1局")[POINTS] = "2"
    find(rows, "III-3", "样例2局")[POINTS] = "2"
    enter(site, first, MarkEntry("III-3", GROUP, "1.5"), MarkEntry("III-4", GROUP, "1"))
    import_id = read(site, actor, assessment_id, packed(rows))
    shown = preview(site, actor, import_id)
    assert [(change.unit, change.last and change.last.points) for change in shown.overtaken] == [
        ("样例1局", Decimal("1.5"))
    ]
    with pytest.raises(WrongState, match="已核对"):
        apply(site, actor, import_id)
    assert not line_for(site, second, "III-3").marks
    apply(site, actor, import_id, confirmed=True)
    assert line_for(site, first, "III-3").marks[GROUP].version == 3
    assert line_for(site, first, "III-4").value.got == 1


def test_a_mark_made_after_the_preview_needs_a_new_look(site):
    assessment_id, (first, _) = units(site, 2)
    actor = account(site)
    rows = exported(site, actor, assessment_id)
    find(rows, "III-3", "样例1局")[POINTS] = "2"
    import_id = read(site, actor, assessment_id, packed(rows))
    shown = preview(site, actor, import_id).fingerprint
    enter(site, first, MarkEntry("III-3", GROUP, "1"))
    with pytest.raises(WrongState, match="在预览之后有了改动"):
        apply(site, actor, import_id, shown, confirmed=True)
    assert line_for(site, first, "III-3").value.got == 1
    with site.database.reading() as session:
        assert session.get(Import, import_id) is not None


def test_a_preview_belongs_to_who_uploaded_it(lite_site):
    assessment_id, _ = units(lite_site, 2)
    admin, other = account(lite_site), account(lite_site, Role.ASSESSOR)
    import_id = read(lite_site, admin, assessment_id, packed(exported(lite_site, admin, assessment_id)))
    with pytest.raises(NotFound):
        preview(lite_site, other, import_id)
    again = read(lite_site, admin, assessment_id, packed(exported(lite_site, admin, assessment_id)))
    with pytest.raises(NotFound):
        preview(lite_site, admin, import_id if again != import_id else import_id + 1)


@given(
    points=st.decimals(min_value=0, max_value=2, places=2),
    remark=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs", "Co", "Cn"]), max_size=40),
    evidence=st.text("①②③ =+-\"'，<>&", max_size=20),
)
def test_any_mark_goes_out_and_comes_back(lite_site: Site, points: Decimal, remark: str, evidence: str) -> None:
    with lite_site.database.reading() as session:
        known = session.scalar(sa.select(Account.id)) is not None
    assessment_id, unit_id = (1, 1) if known else build_unit(lite_site)
    actor = account(lite_site)
    enter(lite_site, unit_id, MarkEntry("III-3", GROUP, str(points), remark, evidence))
    rows = exported(lite_site, actor, assessment_id)
    found = preview(lite_site, actor, read(lite_site, actor, assessment_id, packed(rows)))
    assert (found.changes, found.hindrances) == ((), ())


@given(st.text(max_size=60))
def test_no_text_breaks_a_key(text: str) -> None:
    parse_key(text)
    key = MarkKey(1, "municipal", "0a1b2c3d", "III-1(1)", "市纪委", 17, 2)
    assert parse_key(key.text) == key
    assert parse_key(f"  {key.text} ") == key
    assert parse_key(f"{key.text}{text}") in (None, key)
