"""Tags against rows: the matrix, who may change what and when, alternatives, and the approval of exactly this."""

from decimal import Decimal
from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import BadInput, NotAllowed, NotFound, WrongState
from surveys.acts.site import Site
from surveys.acts.table_files import tables_in
from surveys.catalog.model import Method
from surveys.marking import ledger
from surveys.marking.marks import MarkEntry
from surveys.scoring.assessment_states import AssessmentState
from surveys.season import applicability, assessments
from surveys.season.applicability import Fit, Matrix, UnitFit
from surveys.season.applicability_workbook import matrix_workbook
from surveys.season.rosters import import_file
from tests.builders import (
    GROUP,
    account,
    assessor,
    build_unit,
    cancel,
    dump,
    enter,
    event,
    exempt,
    line_for,
    record,
    run_sql,
    set_state,
)
from tests.sites import NOW

LATER = [AssessmentState.PROVISIONAL, AssessmentState.APPEAL, AssessmentState.CERTIFIED, AssessmentState.ARCHIVED]


def matrix(site: Site, assessment_id: int) -> Matrix:
    with site.database.reading() as session:
        return applicability.matrix(session, assessment_id)


def fit_of(site: Site, unit_id: int) -> UnitFit:
    with site.database.reading() as session:
        return applicability.unit_fit(session, unit_id)[1]


def cells(site: Site, unit_id: int) -> dict[str, Fit]:
    with site.database.reading() as session:
        framework, fit = applicability.unit_fit(session, unit_id)
    return {row.standard.key: cell.fit for row, cell in zip(framework.rows(), fit.cells, strict=True)}


def set_tags(site: Site, unit_id: int, *tags: str, actor: Actor = COMMAND_LINE) -> None:
    with site.database.writing() as session:
        applicability.set_tags(session, NOW, actor, unit_id, tags)


def choose(site: Site, unit_id: int, method: str, row_key: str = "III-23", actor: Actor = COMMAND_LINE) -> None:
    with site.database.writing() as session:
        applicability.choose(session, NOW, actor, unit_id, row_key, method)


def approve(site: Site, assessment_id: int, actor: Actor, fingerprint: str | None = None) -> None:
    fingerprint = matrix(site, assessment_id).fingerprint if fingerprint is None else fingerprint
    with site.database.writing() as session:
        applicability.approve(session, NOW, actor, assessment_id, fingerprint)


def is_approved(site: Site, assessment_id: int) -> bool:
    with site.database.reading() as session:
        return applicability.is_approved(session, assessments.assessment_of(session, assessment_id))


def test_the_effective_maximum_is_the_sum_of_what_applies(site):
    assessment_id, plain = build_unit(site)
    _, school = build_unit(site, "样例教育局", tags=("教育",), assessment_id=assessment_id)
    _, county = build_unit(site, "样例县", framework="county", assessment_id=assessment_id)
    assert (fit_of(site, plain).most, fit_of(site, plain).applying) == (72, 27)
    assert (fit_of(site, school).most, fit_of(site, school).applying) == (76, 29)
    assert (fit_of(site, county).most, fit_of(site, county).applying) == (100, 31)
    exempt(site, plain, "III-30")
    assert fit_of(site, plain).most == Decimal(63)
    assert cells(site, plain)["III-30"] is Fit.EXEMPTED


def test_the_matrix_holds_every_unit_of_every_framework(site):
    assessment_id, plain = build_unit(site)
    build_unit(site, "样例教育局", tags=("教育",), assessment_id=assessment_id)
    build_unit(site, "样例县", framework="county", assessment_id=assessment_id)
    found = matrix(site, assessment_id)
    sizes = {part.framework.key: (len(part.rows), len(part.units)) for part in found.frameworks}
    assert sizes == {"county": (31, 1), "municipal": (41, 2)}
    municipal = next(part for part in found.frameworks if part.framework.key == "municipal")
    places = {row.standard.key: place for place, row in enumerate(municipal.rows)}
    assert (municipal.applying(places["III-1(1)"]), municipal.applying(places["III-19"])) == (2, 1)
    exempt(site, plain, "III-1(1)")
    municipal = next(part for part in matrix(site, assessment_id).frameworks if part.framework.key == "municipal")
    assert municipal.applying(places["III-1(1)"]) == 1
    with pytest.raises(NotFound):
        matrix(site, assessment_id + 1)


def test_the_matrix_says_what_the_sheets_say(site):
    _, unit_id = build_unit(site, tags=("教育", "公安"))
    exempt(site, unit_id, "III-22")
    for key, fit in cells(site, unit_id).items():
        state = line_for(site, unit_id, key).value.state
        assert (state.value if state.value in ("not_applicable", "exempted") else "applies") == (
            "applies" if fit is Fit.GAP else fit.value
        )


def test_tags_are_changed_and_logged(site):
    _, unit_id = build_unit(site, tags=("教育",))
    set_tags(site, unit_id, "公安", "财政")
    assert set(fit_of(site, unit_id).tags) == {"公安", "财政"}
    assert cells(site, unit_id)["III-19"] is Fit.NOT_APPLICABLE
    (entry,) = [row for row in dump(site.database)["audit_log"] if row[3] == "unit.tags"]
    assert entry[5] == "教育 → 公安、财政"
    before = dump(site.database)
    set_tags(site, unit_id, "财政", "公安")
    assert dump(site.database) == before
    set_tags(site, unit_id)
    assert fit_of(site, unit_id).tags == ()


def test_tags_that_cannot_be_are_refused(site):
    assessment_id, unit_id = build_unit(site)
    _, county = build_unit(site, "样例县", framework="county", assessment_id=assessment_id)
    with pytest.raises(BadInput, match="没有标签“没有的”"):
        set_tags(site, unit_id, "教育", "没有的")
    with pytest.raises(BadInput):
        set_tags(site, county, "教育")
    with pytest.raises(NotFound):
        set_tags(site, county + 1, "教育")
    for actor in (account(site, "报送员", Role.REPORTER, unit_id), assessor(GROUP)):
        with pytest.raises(NotAllowed):
            set_tags(site, unit_id, "教育", actor=actor)
    assert dump(site.database)["unit_tags"] == []


@pytest.mark.parametrize("state", LATER)
def test_after_marking_no_tag_changes(site, state):
    assessment_id, unit_id = build_unit(site)
    set_state(site, assessment_id, state)
    with pytest.raises(WrongState, match=state.label):
        set_tags(site, unit_id, "教育")
    assert fit_of(site, unit_id).tags == ()


def test_while_marking_a_tag_of_a_marked_row_stays(site):
    assessment_id, unit_id = build_unit(site, tags=("教育", "财政"))
    set_state(site, assessment_id, AssessmentState.MARKING)
    enter(site, unit_id, MarkEntry("III-19", "市教育局", "1"))
    with pytest.raises(WrongState, match="III-19"):
        set_tags(site, unit_id, "财政")
    set_tags(site, unit_id, "教育", "公安")
    assert set(fit_of(site, unit_id).tags) == {"教育", "公安"}
    set_state(site, assessment_id, AssessmentState.PREPARING)
    set_tags(site, unit_id, "公安")


def test_while_marking_a_tag_stays_that_another_keeps_its_row(site):
    """通信管理 brings III-22 too: without 教育 the marked row still applies, and III-19 is not marked."""
    assessment_id, unit_id = build_unit(site, tags=("教育", "通信管理"))
    set_state(site, assessment_id, AssessmentState.MARKING)
    enter(site, unit_id, MarkEntry("III-22", GROUP, "1"))
    set_tags(site, unit_id, "通信管理")
    with pytest.raises(WrongState, match="III-22"):
        set_tags(site, unit_id)


def test_a_roster_is_no_way_round(site):
    assessment_id, unit_id = build_unit(site, tags=("教育",))
    set_state(site, assessment_id, AssessmentState.MARKING)
    enter(site, unit_id, MarkEntry("III-19", "市教育局", "1"))
    tables = tables_in("样例.csv", "单位,类别,体系,标签\n样例局,市直单位,municipal,财政\n".encode())
    with site.database.writing() as session:
        found = import_file(session, NOW, COMMAND_LINE, assessment_id, "样例.csv", tables, write=False)
    assert any("III-19" in sentence for sentence in found.hindrances)
    set_state(site, assessment_id, AssessmentState.APPEAL)
    with site.database.writing() as session, pytest.raises(WrongState):
        import_file(session, NOW, COMMAND_LINE, assessment_id, "样例.csv", tables, write=True)
    assert fit_of(site, unit_id).tags == ("教育",)


def test_a_choice_of_method_is_a_gap_until_it_is_made(site):
    assessment_id, unit_id = build_unit(site, tags=("公安",))
    build_unit(site, "另一局", assessment_id=assessment_id)
    assert cells(site, unit_id)["III-23"] is Fit.GAP
    assert [(unit.name, row.standard.key) for unit, row in matrix(site, assessment_id).gaps] == [("样例局", "III-23")]
    assert fit_of(site, unit_id).most == 74
    assert line_for(site, unit_id, "III-23").methods == (Method.MATERIAL_REVIEW, Method.HEARING)
    choose(site, unit_id, "hearing")
    assert cells(site, unit_id)["III-23"] is Fit.APPLIES
    assert matrix(site, assessment_id).gaps == ()
    assert line_for(site, unit_id, "III-23").methods == (Method.HEARING,)
    choose(site, unit_id, "material_review")
    assert line_for(site, unit_id, "III-23").chosen is Method.MATERIAL_REVIEW
    acts = [row[5] for row in dump(site.database)["audit_log"] if row[3] == "row.choose"]
    assert sorted(acts) == ["听取汇报", "材料审核"]


def test_choices_that_cannot_be_are_refused(site):
    assessment_id, unit_id = build_unit(site, tags=("公安",))
    _, other = build_unit(site, "另一局", assessment_id=assessment_id)
    with pytest.raises(BadInput):
        choose(site, unit_id, "democratic")
    with pytest.raises(WrongState, match="只有一种"):
        choose(site, unit_id, "material_review", "III-4")
    with pytest.raises(WrongState, match="不适用"):
        choose(site, other, "hearing")
    with pytest.raises(NotFound):
        choose(site, unit_id, "hearing", "III-99")
    with pytest.raises(NotAllowed):
        choose(site, unit_id, "hearing", actor=account(site, "报送员", Role.REPORTER, unit_id))
    assert dump(site.database)["row_choices"] == []


def test_a_choice_is_not_changed_once_the_row_is_marked(site):
    assessment_id, unit_id = build_unit(site, tags=("公安",))
    enter(site, unit_id, MarkEntry("III-23", GROUP, "1"))
    choose(site, unit_id, "hearing")  # late, but nothing was said before
    with pytest.raises(WrongState, match="听取汇报打分"):
        choose(site, unit_id, "material_review")
    choose(site, unit_id, "hearing")
    set_state(site, assessment_id, AssessmentState.PROVISIONAL)
    with pytest.raises(WrongState, match="初步结果"):
        choose(site, unit_id, "material_review")


def test_the_matrix_is_approved_as_it_was_shown(site):
    assessment_id, unit_id = build_unit(site)
    admin = account(site, "甲")
    shown = matrix(site, assessment_id).fingerprint
    assert not is_approved(site, assessment_id)
    set_tags(site, unit_id, "教育")
    with pytest.raises(WrongState, match="有改动"):
        approve(site, assessment_id, admin, shown)
    approve(site, assessment_id, admin)
    assert is_approved(site, assessment_id)
    assert [sign.name for sign in matrix(site, assessment_id).signs] == ["甲"]
    with pytest.raises(WrongState, match="已经核准"):
        approve(site, assessment_id, admin)
    approve(site, assessment_id, account(site, "乙"))
    assert len(dump(site.database)["approvals"]) == 2


@pytest.mark.both
def test_any_change_takes_the_approval_back(site):
    assessment_id, unit_id = build_unit(site, tags=("公安",))
    choose(site, unit_id, "hearing")
    approve(site, assessment_id, account(site, "甲"))
    assert is_approved(site, assessment_id)
    set_tags(site, unit_id, "公安", "教育")
    assert not is_approved(site, assessment_id)
    assert matrix(site, assessment_id).was_approved
    set_tags(site, unit_id, "公安")
    assert is_approved(site, assessment_id)
    choose(site, unit_id, "material_review")
    assert not is_approved(site, assessment_id)
    choose(site, unit_id, "hearing")
    exempt(site, unit_id, "III-7")
    assert not is_approved(site, assessment_id)
    with site.database.writing() as session:
        (exemption,) = applicability.unit_fit(session, unit_id)[1].exemptions
        ledger.cancel_exemption(session, NOW, COMMAND_LINE, unit_id, exemption.id, "撤回")
    assert is_approved(site, assessment_id)
    run_sql(
        site,
        "UPDATE assessment_frameworks SET body = replace(CAST(body AS TEXT), '\"9\"', '\"8\"')"
        + ("::json" if not site.database.is_sqlite else ""),
    )
    assert not is_approved(site, assessment_id)


def test_a_new_unit_takes_the_approval_back(site):
    assessment_id, _ = build_unit(site)
    approve(site, assessment_id, account(site, "甲"))
    build_unit(site, "另一局", assessment_id=assessment_id)
    assert not is_approved(site, assessment_id)


def test_what_changes_no_row_leaves_the_approval(site):
    assessment_id, unit_id = build_unit(site)
    approve(site, assessment_id, account(site, "甲"))
    enter(site, unit_id, MarkEntry("III-3", GROUP, "1"))
    cancel(site, record(site, unit_id, event("III-32")))
    assert is_approved(site, assessment_id)


def test_approvals_that_cannot_be_are_refused(site):
    assessment_id, unit_id = build_unit(site, tags=("公安",))
    admin = account(site, "甲")
    with pytest.raises(WrongState, match="1 处没有选定"):
        approve(site, assessment_id, admin)
    choose(site, unit_id, "hearing")
    with pytest.raises(NotAllowed, match="命令行没有账号"):
        approve(site, assessment_id, COMMAND_LINE)
    for actor in (assessor(GROUP), account(site, "报送员", Role.REPORTER, unit_id)):
        with pytest.raises(NotAllowed):
            approve(site, assessment_id, actor)
    for state in LATER:
        set_state(site, assessment_id, state)
        with pytest.raises(WrongState):
            approve(site, assessment_id, admin)
    assert dump(site.database)["approvals"] == []


def test_an_assessment_without_units_has_nothing_to_approve(site):
    with site.database.writing() as session:
        assessment_id = assessments.create_assessment(session, NOW, COMMAND_LINE, "空的", ["county"])
    with pytest.raises(WrongState, match="没有单位"):
        approve(site, assessment_id, account(site, "甲"))


def test_the_workbook_says_the_same_in_words(site):
    assessment_id, unit_id = build_unit(site, tags=("公安", "教育"))
    build_unit(site, "样例县", framework="county", assessment_id=assessment_id)
    exempt(site, unit_id, "III-7")
    choose(site, unit_id, "hearing")
    found = matrix(site, assessment_id)
    data = matrix_workbook(found)
    assert data == matrix_workbook(found)
    book = CalamineWorkbook.from_filelike(BytesIO(data))
    assert len(book.sheet_names) == 3
    rows = [row for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python()]
    titles = next(row for row in rows if any(str(cell).startswith("III-23 公安") for cell in row))
    own = next(row for row in rows if row[0] == "样例局" and len(row) > 10)
    said = {str(title).split(" ")[0]: cell for title, cell in zip(titles, own, strict=True)}
    assert (said["有效满分"], said["III-7"], said["III-16"]) == ("76", "免考", "不适用")
    assert (said["III-23"], said["III-19"]) == ("适用：听取汇报", "适用")
    assert ["样例局", "III-7", "示例函〔2026〕1号", "机构调整"] in rows
