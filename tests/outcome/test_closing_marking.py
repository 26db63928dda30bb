"""What must be settled before marking is closed: the matrix of rows and units, and appeals against ledger events."""

import pytest
from flask import Flask

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.acts.errors import WrongState
from surveys.acts.site import Site
from surveys.marking import ledger
from surveys.outcome import life as assessment_life
from surveys.outcome import version_differences
from surveys.scoring.assessment_states import AssessmentState
from surveys.season import applicability, assessments
from surveys.season.assessments import UnitEntry
from tests.builders import dump, event, exempt, record, run_sql, set_state
from tests.seasons import Season, build_season
from tests.sites import NOW
from tests.worlds import build_accounts, client_of

MATRIX = "适用表还没有核准，或核准以后有改动。请管理员在“适用表”页核对后核准。"


@pytest.fixture
def season(site: Site) -> Season:
    return build_season(site)


def close(season: Season) -> int:
    with season.site.database.writing() as session:
        return assessment_life.close_marking(session, NOW, COMMAND_LINE, season.assessment_id)


def refused(season: Season, words: str) -> None:
    before = dump(season.site.database)
    with pytest.raises(WrongState, match=words):
        close(season)
    assert dump(season.site.database) == before


def appealed(season: Season, row_key: str = "III-33(1)", points: str = "2") -> int:
    """An event of the first unit that its reporter contests."""
    event_id = record(season.site, season.first, event(row_key, points))
    with season.site.database.writing() as session:
        ledger.contest(session, NOW, season.reporter, season.first, event_id, "与事实不符")
    return event_id


def answer(season: Season, event_id: int, *, upheld: bool) -> None:
    with season.site.database.writing() as session:
        ledger.answer_contest(session, NOW, COMMAND_LINE, season.first, event_id, upheld=upheld, reason="已核对原件")


def retag(season: Season) -> None:
    with season.site.database.writing() as session:
        applicability.set_tags(session, NOW, COMMAND_LINE, season.first, ["群团组织"])


def add_unit(season: Season) -> None:
    entry = UnitEntry("新局", "市直单位", "municipal")
    with season.site.database.writing() as session:
        assessments.add_unit(session, NOW, COMMAND_LINE, season.assessment_id, entry)


@pytest.mark.parametrize("change", [retag, add_unit, lambda season: exempt(season.site, season.first, "III-7")])
def test_what_changed_in_the_matrix_since_its_approval_is_approved_anew(season, change):
    season.approve()
    assert season.outlook().hindrances == ()
    change(season)
    assert season.outlook().hindrances == (MATRIX,)
    refused(season, "适用表还没有核准")
    season.approve()
    assert close(season) == 1


def test_a_department_that_left_the_framework_is_named(season):
    """It would mark itself."""
    run_sql(season.site, "UPDATE units SET department = '市教育居' WHERE id = :id", id=season.first)
    season.approve()
    refused(season, "样例局的考核部门“市教育居”在测评体系里没有.*名单重新导入")
    run_sql(season.site, "UPDATE units SET department = '市教育局' WHERE id = :id", id=season.first)
    season.approve()
    assert close(season) == 1


@pytest.mark.parametrize("upheld", [True, False])
def test_an_appeal_against_an_event_is_answered_first(season, upheld):
    event_id = appealed(season)
    season.approve()
    refused(season, "1 条事件的申诉没有答复，请在“台账”页答复")
    answer(season, event_id, upheld=upheld)
    assert close(season) == 1
    season.open_appeal()
    assert [season.certify(admin) for admin in season.admins] == [False, True]


@pytest.mark.parametrize("upheld", [True, False])
def test_it_is_answered_only_where_its_row_may_change(season, upheld):
    """Either answer is part of the frozen record of the row."""
    event_id = appealed(season)
    for state, words in (
        (AssessmentState.PROVISIONAL, "退回打分"),
        (AssessmentState.CERTIFIED, "已核定"),
        (AssessmentState.ARCHIVED, "已归档"),
    ):
        set_state(season.site, season.assessment_id, state)
        before = dump(season.site.database)
        with pytest.raises(WrongState, match=words):
            answer(season, event_id, upheld=upheld)
        assert dump(season.site.database) == before


def test_in_the_appeal_it_is_answered_on_a_row_that_was_opened(season):
    first, second = (record(season.site, season.first, event(key, "1")) for key in ("III-33(1)", "III-32"))
    season.appeal()
    season.answer(season.object("III-33(1)"), accepted=True)
    with season.site.database.writing() as session:
        ledger.contest(session, NOW, season.reporter, season.first, first, "与事实不符")
    run_sql(season.site, "UPDATE events SET appeal = 'open', appeal_note = '申诉：多了' WHERE id = :id", id=second)
    with pytest.raises(WrongState, match="III-32 没有被接受的申诉"):
        answer(season, second, upheld=False)
    run_sql(season.site, "UPDATE events SET appeal = 'none', appeal_note = '' WHERE id = :id", id=second)
    answer(season, first, upheld=False)
    season.freeze()
    assert season.outlook().hindrances == ()


@pytest.mark.parametrize(("upheld", "words"), [(True, "申诉成立"), (False, "申诉不成立")])
def test_the_report_of_what_changed_says_how_it_was_answered(season, upheld, words):
    event_id = appealed(season)
    before = season.live()
    answer(season, event_id, upheld=upheld)
    with season.site.database.reading() as session:
        (unit,) = version_differences.report(session, season.assessment_id, before, season.live()).units
    (row,) = unit.rows
    ((reason,), document) = row.reasons, event("III-33(1)").document
    assert reason == f"事件 {document} {words}。申诉：与事实不符　答复：已核对原件"


def test_the_page_says_what_is_missing_and_how_to_get_on(lite_app: Flask, lite_site: Site) -> None:
    season = build_season(lite_site)
    event_id = appealed(season)
    admin = client_of(lite_app, build_accounts(lite_site)[0][Role.ADMIN])
    life = f"/assessments/{season.assessment_id}/life"
    page = admin.page(life)
    assert MATRIX in page.text
    assert "1 条事件的申诉没有答复，请在“台账”页答复" in page.text
    assert f"{life}/close-marking" not in page.html
    ledger_page = f"/units/{season.first}/ledger"
    assert f"events/{event_id}/answer" in admin.page(ledger_page).html
    set_state(lite_site, season.assessment_id, AssessmentState.PROVISIONAL)
    assert f"events/{event_id}/answer" not in admin.page(ledger_page).html
    set_state(lite_site, season.assessment_id, AssessmentState.MARKING)
    answer(season, event_id, upheld=False)
    season.approve()
    assert f"{life}/close-marking" in admin.page(life).html
