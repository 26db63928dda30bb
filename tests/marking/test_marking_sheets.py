"""One row across all units, marks typed over what was seen, and who still owes what."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import NotAllowed, NotFound
from surveys.acts.site import Site
from surveys.marking import completion, marking_sheets, marks
from surveys.marking.completion import Board, Count, Filter
from surveys.marking.marking_sheets import RowSheet, UnitLine
from surveys.marking.marks import FaultyMarks, MarkEntry, Overtaken
from tests.builders import (
    GROUP,
    LEAD,
    account,
    assessor,
    build_poll,
    build_unit,
    confirm,
    dump,
    enter,
    event,
    exempt,
    fill_marks,
    line_for,
    record,
    sealed_poll,
)
from tests.sites import NOW

BAD_POINTS = ("1e3", "-0", "NaN", "2.001", "2.01", "两分", "+1", "1,5", "0x1", "1²", "=1+1")


def units(site: Site, count: int, **options: object) -> tuple[int, list[int]]:
    """(assessment id, unit ids)."""
    assessment_id, first = build_unit(site, "样例1局", **options)  # type: ignore[arg-type]
    rest = [
        build_unit(site, f"样例{number}局", assessment_id=assessment_id, **options)[1]  # type: ignore[arg-type]
        for number in range(2, count + 1)
    ]
    return assessment_id, [first, *rest]


def row_sheet(
    site: Site, assessment_id: int, row_key: str, actor: Actor = COMMAND_LINE, department: str | None = None
) -> RowSheet:
    with site.database.reading() as session:
        return marking_sheets.row_sheet(session, actor, assessment_id, "municipal", row_key, department)


def lines(site: Site, assessment_id: int, row_key: str, actor: Actor = COMMAND_LINE) -> dict[str, UnitLine]:
    return {line.unit.name: line for line in row_sheet(site, assessment_id, row_key, actor).lines}


def board(site: Site, assessment_id: int, wanted: Filter = completion.ALL) -> Board:
    with site.database.reading() as session:
        return completion.board(session, COMMAND_LINE, assessment_id, wanted)


def enter_all(site: Site, *entries: tuple[int, MarkEntry], actor: Actor = COMMAND_LINE) -> int:
    with site.database.writing() as session:
        return marks.enter_all(session, NOW, actor, entries).entered


def test_a_row_shows_each_units_state(site):
    assessment_id, (first, second, _) = units(site, 3, tags=("教育",))
    build_unit(site, "市教育局", tags=("教育",), department="市教育局", assessment_id=assessment_id)
    build_unit(site, "林业局", assessment_id=assessment_id)
    exempt(site, second, "III-19")
    enter(site, first, MarkEntry("III-19", "市教育局", "2", "好"), actor=assessor("市教育局"))
    found = lines(site, assessment_id, "III-19", assessor("市教育局"))
    assert {name: (line.is_open, line.why[:3]) for name, line in found.items()} == {
        "样例1局": (True, ""),
        "样例2局": (False, "免考："),
        "样例3局": (True, ""),
        "市教育局": (False, "回避"),
        "林业局": (False, "不适用"),
    }
    assert found["样例1局"].mark is not None
    assert (found["样例1局"].mark.version, found["样例1局"].mark.author) == (1, "命令行")
    assert [other.department for other in found["市教育局"].who] == [LEAD]
    own = lines(site, assessment_id, "III-19", assessor(LEAD))
    assert [name for name, line in own.items() if line.is_open] == ["市教育局"]
    assert own["样例1局"].why == "不归本部门"


def test_a_unit_never_sees_what_another_gives_it_instead(site):
    assessment_id, _ = units(site, 1, tags=("教育",))
    _, school = build_unit(site, "市教育局", tags=("教育",), department="市教育局", assessment_id=assessment_id)
    enter(site, school, MarkEntry("III-19", LEAD, "1.25"))
    (other,) = lines(site, assessment_id, "III-19", assessor("市教育局"))["市教育局"].who
    assert (other.has_marked, other.points) == (True, None)


def test_others_points_of_a_joint_row_show_once_the_own_mark_is_in(site):
    assessment_id, (unit_id,) = units(site, 1)
    enter(site, unit_id, MarkEntry("III-2", "市委组织部", "2.5"))
    before = lines(site, assessment_id, "III-2", assessor("市纪委"))["样例1局"].who
    assert [(each.department, each.has_marked, each.points) for each in before] == [
        ("市委组织部", True, None),
        ("市委宣传部", False, None),
    ]
    enter(site, unit_id, MarkEntry("III-2", "市纪委", "1"))
    after = lines(site, assessment_id, "III-2", assessor("市纪委"))["样例1局"].who
    assert [each.points for each in after] == [Decimal("2.5"), None]


def test_an_assessor_opens_the_own_rows_only(site):
    assessment_id, _ = units(site, 1)
    for row_key in ("III-4", "III-11(2)", "III-32", "III-36", "nothing"):
        with pytest.raises(NotFound):
            row_sheet(site, assessment_id, row_key, assessor("市纪委"))
    assert row_sheet(site, assessment_id, "III-12", assessor("市纪委"), department=GROUP).department == "市纪委"
    with site.database.reading() as session:
        rows = marking_sheets.rows_of(session, assessor("市纪委"), assessment_id, GROUP)
        assert [row.row.standard.key for row in rows] == ["III-2", "III-12"]
        for actor in (Actor(1, "组织员", Role.ORGANIZER), Actor(1, "报送员", Role.REPORTER)):
            with pytest.raises(NotAllowed):
                marking_sheets.rows_of(session, actor, assessment_id)
            with pytest.raises(NotAllowed):
                completion.board(session, actor, assessment_id)
        with pytest.raises(NotAllowed):
            completion.board(session, assessor("市纪委"), assessment_id)


@pytest.mark.both
def test_marks_of_many_units_are_kept_together_or_not_at_all(site):
    _, (first, second) = units(site, 2)
    before = dump(site.database)
    good = (first, MarkEntry("III-3", GROUP, "1", seen_version=0))
    for points in BAD_POINTS:
        with pytest.raises(FaultyMarks) as caught:
            enter_all(site, good, (second, MarkEntry("III-3", GROUP, points, seen_version=0)))
        assert list(caught.value.faults) == [(second, "III-3", GROUP)]
        assert "样例2局 III-3" in str(caught.value)
    assert dump(site.database) == before
    assert enter_all(site, good, (second, MarkEntry("III-3", GROUP, "１．２", seen_version=0))) == 2
    assert line_for(site, second, "III-3").value.got == Decimal("1.2")


def test_what_is_as_it_was_seen_is_left_alone_whatever_came_since(site):
    _, (unit_id,) = units(site, 1)
    enter(site, unit_id, MarkEntry("III-3", GROUP, "1", "甲"))
    enter(site, unit_id, MarkEntry("III-3", GROUP, "2", "乙"))
    before = dump(site.database)
    assert enter_all(site, (unit_id, MarkEntry("III-3", GROUP, "1.00", " 甲 ", seen_version=1))) == 0
    assert enter_all(site, (unit_id, MarkEntry("III-4", GROUP, " ", seen_version=0))) == 0
    assert dump(site.database) == before


def test_the_later_of_two_is_told_and_must_confirm(site):
    _, (unit_id, other) = units(site, 2)
    enter(site, unit_id, MarkEntry("III-3", GROUP, "1"))
    enter(site, unit_id, MarkEntry("III-3", GROUP, "1.5", "改判"))
    mine = MarkEntry("III-3", GROUP, "2", "我看的", seen_version=1)
    before = dump(site.database)
    with pytest.raises(Overtaken) as caught:
        enter_all(site, (other, MarkEntry("III-3", GROUP, "1", seen_version=0)), (unit_id, mine))
    (change,) = caught.value.changes
    assert (change.unit, change.points, change.last and change.last.points) == ("样例1局", 2, Decimal("1.5"))
    assert "您填 2 分" in str(caught.value)
    assert "1.5 分（第 2 版）" in str(caught.value)
    assert dump(site.database) == before
    assert enter_all(site, (unit_id, replace(mine, seen_version=2))) == 1
    assert line_for(site, unit_id, "III-3").marks[GROUP].version == 3


@pytest.mark.both
def test_of_two_who_save_at_the_same_moment_one_is_told(site):
    _, (unit_id,) = units(site, 1)
    ready = threading.Barrier(2)

    def save(points: str) -> bool:
        ready.wait(20)
        try:
            return enter_all(site, (unit_id, MarkEntry("III-3", GROUP, points, seen_version=0))) == 1
        except Overtaken:
            return False

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(save, ("1", "2"))) == [False, True]
    assert line_for(site, unit_id, "III-3").marks[GROUP].version == 1


def test_a_first_mark_may_be_overtaken_too_and_agreement_is_no_quarrel(site):
    _, (unit_id,) = units(site, 1)
    enter(site, unit_id, MarkEntry("III-3", GROUP, "1", "同"))
    assert enter_all(site, (unit_id, MarkEntry("III-3", GROUP, "1.0", "同", seen_version=0))) == 0
    for seen in (0, 7):
        with pytest.raises(Overtaken):
            enter_all(site, (unit_id, MarkEntry("III-3", GROUP, "2", "同", seen_version=seen)))


def test_a_mark_is_not_emptied_and_words_need_points(site):
    _, (unit_id,) = units(site, 1)
    enter(site, unit_id, MarkEntry("III-3", GROUP, "1"))
    with pytest.raises(FaultyMarks, match="不能清空"):
        enter_all(site, (unit_id, MarkEntry("III-3", GROUP, "", seen_version=1)))
    with pytest.raises(FaultyMarks, match="没有填分数"):
        enter_all(site, (unit_id, MarkEntry("III-4", GROUP, "", "有说明", seen_version=0)))
    with pytest.raises(FaultyMarks, match="最多 500 个字"):
        enter_all(site, (unit_id, MarkEntry("III-4", GROUP, "1", "长" * 501, seen_version=0)))


def test_what_was_looked_at_stays_where_a_page_does_not_ask(site):
    _, (unit_id,) = units(site, 1)
    enter(site, unit_id, MarkEntry("III-3", GROUP, "1", "", "①③"))
    enter(site, unit_id, MarkEntry("III-3", GROUP, "2"))
    assert line_for(site, unit_id, "III-3").marks[GROUP].evidence == "①③"
    enter(site, unit_id, MarkEntry("III-3", GROUP, "2", evidence=""))
    assert line_for(site, unit_id, "III-3").marks[GROUP].evidence == ""


def test_nobody_learns_anothers_mark_by_guessing_it(site):
    _, (unit_id,) = units(site, 1)
    enter(site, unit_id, MarkEntry("III-2", "市委组织部", "2.5"))
    for guess in ("2.5", "1"):
        with pytest.raises(NotAllowed):
            enter_all(
                site, (unit_id, MarkEntry("III-2", "市委组织部", guess, seen_version=1)), actor=assessor("市纪委")
            )


@pytest.mark.parametrize(
    ("given", "alike"),
    [
        (["1"] * 5, Decimal(1)),
        (["0"] * 6, Decimal(0)),
        (["1", "1.00", "1.0", "1", "1"], Decimal(1)),
        (["1"] * 4, None),
        (["2"] * 4, None),
        (["1", "1", "1", "1", "1.5"], None),
    ],
)
def test_the_same_for_everybody_is_worth_a_word(site, given, alike):
    assessment_id, ids = units(site, 6)
    for unit_id, points in zip(ids, given, strict=False):
        enter(site, unit_id, MarkEntry("III-3", GROUP, points))
    assert row_sheet(site, assessment_id, "III-3").progress.alike == alike
    assert [each.alike for each in board(site, assessment_id).alike] == ([] if alike is None else [alike])


def test_full_marks_for_everybody_are_worth_a_milder_word(site):
    assessment_id, ids = units(site, 5)
    for unit_id in ids:
        enter(site, unit_id, MarkEntry("III-3", GROUP, "2"), MarkEntry("III-4", GROUP, "1"))
    told = {each.row.standard.key: each.all_full for each in board(site, assessment_id).alike}
    assert told == {"III-3": True, "III-4": False}


def test_the_board_counts_by_unit_and_department(site):
    assessment_id, (first, second) = units(site, 2)
    empty = board(site, assessment_id)
    assert empty.total == Count(0, 2 * 23)
    assert {name: count.due for name, count in empty.departments.items()} == {
        GROUP: 30,
        "市纪委": 4,
        LEAD: 4,
        "市委组织部": 2,
        "市委宣传部": 2,
        "市宗教局": 2,
        completion.DEMOCRATIC: 2,
    }
    fill_marks(site, first)
    sealed_poll(site, first, count=6, entitled=6)
    build_poll(site, unit_id=second)
    exempt(site, second, "III-4")
    record(site, second, event("III-11(2)"))
    enter(site, second, MarkEntry("III-36", GROUP, "8", "会议决定"))
    found = board(site, assessment_id)
    done, behind = found.lines
    assert (done.total.missing, done.missing) == (0, ())
    assert behind.counts[GROUP] == Count(0, 14)
    assert behind.counts[completion.DEMOCRATIC] == Count(0, 1), "a value that waits for a second person"
    assert next(iter(found.departments)) == GROUP
    assert [line.unit.name for line in board(site, assessment_id, Filter(behind=True)).lines] == ["样例2局"]


def test_the_board_is_filtered_reminded_of_and_tabled(site):
    assessment_id, (first, *_) = units(site, 7)
    build_unit(site, "样例县", framework="county", category="县（市、区）", assessment_id=assessment_id)
    enter(site, first, MarkEntry("III-12", "市纪委", "3"))
    found = board(site, assessment_id, Filter(department="市纪委"))
    (reminder,) = found.reminders
    assert reminder.count == Count(1, 7 * 2 + 2)
    assert "共 16 项，已完成 1 项，还差 15 项" in reminder.text
    assert "III-2 政治纪律：全部 7 个单位" in reminder.text
    assert "III-12 重大问题处置：6 个单位，样例2局、样例3局" in reminder.text
    assert "1 个单位，样例县" in reminder.text
    table = completion.table(found).decode("utf-8-sig").splitlines()
    assert table[0].startswith("单位,类别,部门")
    assert table[1] == "样例1局,市直单位,市纪委,1,2,1,III-2"
    assert len(table) == 1 + 8
    county = board(site, assessment_id, Filter(category="县（市、区）"))
    assert [line.unit.name for line in county.lines] == ["样例县"]
    assert len(county.all_departments) >= len(county.departments)


def test_a_poll_that_does_not_count_is_not_done(site):
    assessment_id, ids = units(site, 5)
    counts, few, half, empty, decided = ids
    sealed_poll(site, counts, count=6, entitled=6)
    sealed_poll(site, few, count=6, entitled=12)
    sealed_poll(site, half, count=6, entitled=6, team="甲班子")
    build_poll(site, unit_id=half, team="乙班子")
    sealed_poll(site, empty, "-", count=6, entitled=6)
    sealed_poll(site, decided, count=6, entitled=12)
    admins = account(site, "甲"), account(site, "乙")
    confirm(site, decided, MarkEntry("III-36", GROUP, "8", "会议决定"), admins)
    found = board(site, assessment_id, Filter(department=completion.DEMOCRATIC))
    assert found.total == Count(2, 5)
    (reminder,) = found.reminders
    assert "III-36 民主测评：3 个单位，样例2局、样例3局、样例4局" in reminder.text
    assert "样例2局：实到 6 人，不足应到 12 人的 2/3，此次测评不计分，须重测或由考核组确认" in reminder.text
    assert "样例4局：没有单位测评的有效票，须重测或由考核组确认" in reminder.text
    assert "样例3局：" not in reminder.text, "a team's poll is still under way"


def test_a_board_without_units_is_empty(site):
    assessment_id, _ = build_unit(site)
    assert board(site, assessment_id, Filter(category="没有")).total == Count(0, 0)
    assert Count(0, 0).share == 100
    with pytest.raises(NotFound):
        board(site, assessment_id + 1)
