"""What a roster may change in a unit on which work has begun, and what its preview says of it."""

import pytest

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.acts.errors import BadInput, WrongState
from surveys.acts.site import Site
from surveys.acts.table_files import tables_in
from surveys.evidence import materials
from surveys.marking.marks import MarkEntry
from surveys.season import applicability, rosters
from surveys.season.roster_changes import Preview
from surveys.season.rosters import FaultyFile
from tests.builders import GROUP, LEAD, account, assessor, build_unit, dump, enter, line_for, run_sql
from tests.sites import NOW
from tests.worlds import build_proceedings

SCHOOLS = "市教育局"
HEAD = "单位,类别,体系,标签,考核部门\n"
ROW = "III-19"


def school(site: Site, department: str | None, *, marking: bool = True) -> tuple[int, int]:
    return build_unit(site, "样例市教育局", tags=("教育",), department=department, leaders=0, marking=marking)


def imported(site: Site, assessment_id: int, text: str, *, write: bool = True) -> Preview:
    tables = tables_in("名单.csv", text.encode())
    with site.database.writing() as session:
        return rosters.import_file(session, NOW, COMMAND_LINE, assessment_id, "名单.csv", tables, write=write)


def said_of(site: Site, assessment_id: int, department: str) -> Preview:
    """The unit as it is, but for its department."""
    text = f"{HEAD}样例市教育局,市直单位,municipal,教育,{department}\n"
    return imported(site, assessment_id, text, write=False)


def test_a_department_that_nobody_is_stops_the_file_at_its_cell(site):
    assessment_id, _ = school(site, None)
    before = dump(site.database)
    with pytest.raises(FaultyFile, match=r"第 2 行.*没有考核部门“市教育居”"):
        said_of(site, assessment_id, "市教育居")
    with pytest.raises(BadInput, match="没有考核部门“市教育居”"):
        build_unit(site, "样例二局", department="市教育居", assessment_id=assessment_id)
    assert dump(site.database) == before


def test_it_is_written_as_the_framework_writes_it(site):
    assessment_id, _ = school(site, None)
    imported(site, assessment_id, f"{HEAD}样例市教育局,市直单位,municipal,教育, 市教育局　\n")
    _, other = build_unit(site, "样例二局", department=" 市 教育局", assessment_id=assessment_id)
    found = {row[3]: row[-1] for row in dump(site.database)["units"]}
    assert set(found.values()) == {SCHOOLS}, other


def test_a_unit_that_looks_like_a_department_and_is_none_is_told(site):
    assessment_id, _ = school(site, None)
    (note,) = said_of(site, assessment_id, "").notes
    assert "样例市教育局（市教育局）" in note
    assert "给自己打分" in note
    assert said_of(site, assessment_id, SCHOOLS).notes == ()
    assert imported(site, assessment_id, HEAD + "样例新局,市直单位,municipal,,\n").notes == ()


def test_a_unit_that_marked_itself_is_put_right_and_the_preview_says_what_falls_out(site):
    assessment_id, unit_id = school(site, None)
    enter(site, unit_id, MarkEntry(ROW, SCHOOLS, "1"), actor=assessor(SCHOOLS))
    text = f"{HEAD}样例市教育局,市直单位,municipal,教育,{SCHOOLS}\n"
    (change,) = imported(site, assessment_id, text).changed
    assert change.notes == (
        f"{ROW} 改由{LEAD}打分。",
        f"它给自己打的 {ROW}（{SCHOOLS}）不再计入，须由上面写的部门重新打。",
    )
    line = line_for(site, unit_id, ROW)
    assert (line.departments, line.value.got) == ((LEAD,), None)


def test_a_mark_of_another_is_not_put_out_of_count(site):
    """Who is not to mark itself was marked by the lead office; then it is to mark itself after all."""
    assessment_id, unit_id = school(site, SCHOOLS)
    assert said_of(site, assessment_id, "").hindrances == ()
    enter(site, unit_id, MarkEntry(ROW, LEAD, "1"), actor=assessor(LEAD))
    (hindrance,) = said_of(site, assessment_id, "").hindrances
    assert f"{ROW}（{LEAD}）已打分" in hindrance
    before = dump(site.database)
    with pytest.raises(WrongState, match="考核部门不能再改"):
        imported(site, assessment_id, f"{HEAD}样例市教育局,市直单位,municipal,教育,\n")
    assert dump(site.database) == before


def test_before_marking_a_department_changes_as_it_likes(site):
    assessment_id, _ = school(site, SCHOOLS, marking=False)
    found = said_of(site, assessment_id, "")
    assert (found.hindrances, found.changed[0].notes) == ((), ())


def test_the_approval_of_the_matrix_covers_who_marks(site):
    assessment_id, unit_id = school(site, None)
    with site.database.reading() as session:
        before = applicability.matrix(session, assessment_id)
    imported(site, assessment_id, f"{HEAD}样例市教育局,市直单位,municipal,教育,{SCHOOLS}\n")
    with site.database.reading() as session:
        after = applicability.matrix(session, assessment_id)
        _, unit = applicability.unit_fit(session, unit_id)
    assert before.fingerprint != after.fingerprint
    assert unit.department == SCHOOLS


@pytest.mark.parametrize("what", ["material", "proceeding"])
def test_what_was_handed_in_or_recorded_keeps_the_framework(site, what):
    """Codes mean different things in two frameworks."""
    assessment_id, unit_id = build_unit(site)
    text = "单位,类别,体系\n样例局,市直单位,county\n"
    assert imported(site, assessment_id, text, write=False).hindrances == ()
    if what == "material":
        reporter = account(site, "报送员", Role.REPORTER, unit_id)
        entry = materials.document("示例发〔2026〕1号", "总结")
        with site.database.writing() as session:
            place = materials.Place("III-4", 1)
            materials.hand_in(session, NOW, reporter, site.settings.time_zone, place, entry)
    else:
        build_proceedings(site, unit_id)
    (hindrance,) = imported(site, assessment_id, text, write=False).hindrances
    assert "报送的材料或考核记录，不能换测评体系" in hindrance


def test_a_method_chosen_for_a_row_of_the_old_framework_goes_with_it(site):
    """It can be chosen again; were it a hindrance, nothing could take it back."""
    assessment_id, unit_id = build_unit(site, tags=("公安",), marking=False)
    with site.database.writing() as session:
        applicability.choose(session, NOW, COMMAND_LINE, unit_id, "III-23", "hearing")
    text = "单位,类别,体系,标签\n样例局,市直单位,county,\n"
    (change,) = imported(site, assessment_id, text).changed
    assert change.notes == ("原来给 III-23 选定的测评方法作废，换体系以后重新选。",)
    assert dump(site.database)["row_choices"] == []


def test_another_category_is_told_with_what_it_does_to_the_ranks(site):
    assessment_id, unit_id = build_unit(site, leaders=0)
    build_unit(site, "样例县", framework="county", category="县区", assessment_id=assessment_id)
    enter(site, unit_id, MarkEntry("III-4", GROUP, "1"))
    text = "单位,类别\n样例局,县区\n"
    (note,) = imported(site, assessment_id, text, write=False).notes
    assert note == "换了类别的单位：样例局（市直单位 → 县区）。名次只在同一类别内排，前后两个类别的名次都会变。"
    run_sql(site, "UPDATE assessments SET state = 'preparing'")
    assert imported(site, assessment_id, text, write=False).notes == ()
