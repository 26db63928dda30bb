"""What an admin decides in another's place counts once a second hand has confirmed it, all of one save together."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from surveys.acts import proposals
from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import AlreadyDone, BadInput, NotAllowed, NotFound, WrongState
from surveys.acts.proposals import Proposed
from surveys.acts.table_files import tables_in
from surveys.marking import ledger, mark_workbooks, marks
from surveys.marking.ledger import ContestState
from surveys.marking.marks import Entered, MarkEntry
from surveys.outcome import confirmations, derivation, life, rule_changes, versions
from surveys.scoring.score_sheet import RowState, ScoringRules
from surveys.season import applicability, rosters
from surveys.season.assessments import assessment_of
from surveys.storage.tables import AuditEntry, Event, Exemption, Mark, RuleVersion, Unit
from tests.builders import GROUP, decided_alone, dump, enter, event, line_for, run_sql, set_state
from tests.marking.test_mark_workbooks import exported, packed
from tests.papers import person
from tests.seasons import Season, build_season, unit_record_in
from tests.sites import NOW

OTHER = "市纪委"


@pytest.fixture
def season(site) -> Season:
    return build_season(site)


@pytest.fixture
def assessor(season) -> Actor:
    """Of the department that marks most rows."""
    return replace(person(season.site, "考评一"), role=Role.ASSESSOR, department=GROUP)


def waiting(season: Season) -> list[Proposed]:
    with season.site.database.reading() as session:
        return proposals.waiting(session, season.assessment_id)


def confirm(season: Season, who: Actor, number: int | None = None) -> Proposed:
    number = waiting(season)[0].id if number is None else number
    with season.site.database.writing() as session:
        return confirmations.confirm(session, NOW, who, season.assessment_id, number)


def decline(season: Season, who: Actor, reason: str = "依据不足") -> None:
    number = waiting(season)[0].id
    with season.site.database.writing() as session:
        proposals.decline(session, NOW, who, season.assessment_id, number, reason)


def mark(season: Season, points: str, key: str = "III-4", department: str = GROUP, who: Actor | None = None) -> Entered:
    entry = MarkEntry(key, department, points, "会上核对")
    with season.site.database.writing() as session:
        return marks.enter_marks(session, NOW, who or season.admins[0], season.first, [entry])


def points_of(season: Season, key: str = "III-4", department: str = GROUP) -> Decimal | None:
    found = line_for(season.site, season.first, key).marks.get(department)
    return None if found is None else found.points


def state_of(season: Season, key: str) -> RowState:
    return line_for(season.site, season.first, key).value.state


def act(season: Season, do: Callable[..., Any], *args: Any, who: Actor | None = None, **options: Any) -> Any:
    """By an admin, of the first unit."""
    with season.site.database.writing() as session:
        return do(session, NOW, who or season.admins[0], season.first, *args, **options)


def log_of(season: Season, act: str) -> list[tuple[str, str]]:
    with season.site.database.reading() as session:
        found = session.scalars(sa.select(AuditEntry).where(AuditEntry.act == act).order_by(AuditEntry.id))
        return [(entry.actor, entry.detail) for entry in found]


def test_an_admins_value_waits_and_what_stood_stands(season):
    before = season.live()
    stood = points_of(season)
    assert mark(season, "0") == Entered(0, 1)
    assert season.live() == before
    (found,) = waiting(season)
    assert found.few == f"样例局 III-4 {GROUP}：由 {stood} 分改为 0 分（说明：会上核对）"
    change = f"由 {stood} 分改为 0 分（说明：会上核对）"
    assert found.told(found.spots[0]) == f"管理一提出{change}，等{GROUP}或另一名管理员确认。"
    confirm(season, season.admins[1])
    assert points_of(season) == 0
    with season.site.database.reading() as session:
        made = session.scalars(sa.select(Mark).where(Mark.row_key == "III-4").order_by(Mark.id.desc())).first()
        assert made is not None
        assert (made.account_id, made.confirmed_by) == tuple(admin.account_id for admin in season.admins)
        body = versions.live_body(session, season.assessment_id)
    steps = derivation.derive_row(unit_record_in(body, season.first), "III-4").steps
    assert steps[-1].words == f"{GROUP} 0 分：管理一提出，管理二确认。"
    assert derivation.derive_row(unit_record_in(body, season.first), "III-4", for_unit=True).steps == steps[:-1]
    assert [name for name, _ in log_of(season, "proposal.make")] == ["管理一"]
    assert [name for name, _ in log_of(season, "proposal.confirm")] == ["管理二"]
    assert [name for name, _ in log_of(season, "mark.enter")][-1] == "管理一"


def test_where_nothing_stood_the_row_is_pending(season):
    run_sql(season.site, "DELETE FROM marks WHERE row_key = 'III-4'")
    mark(season, "1")
    assert state_of(season, "III-4") is RowState.PENDING
    confirm(season, season.admins[1])
    assert state_of(season, "III-4") is RowState.MARKED


def test_the_department_confirms(season, assessor):
    mark(season, "1")
    confirm(season, assessor)
    assert points_of(season) == 1


def test_who_may_not_confirm(season, assessor):
    mark(season, "1")
    before = dump(season.site.database)
    strangers = [
        season.admins[0],
        COMMAND_LINE,
        season.reporter,
        replace(assessor, department=OTHER),
        replace(assessor, role=Role.ORGANIZER, department=None),
        replace(season.admins[1], must_change=True),
    ]
    for who in strangers:
        with pytest.raises(NotAllowed):
            confirm(season, who)
    for who in strangers[1:]:
        with pytest.raises(NotAllowed):
            decline(season, who)
    with pytest.raises(NotFound):
        confirm(season, season.admins[1], 99)
    assert dump(season.site.database) == before


def test_what_concerns_several_departments_is_for_a_second_admin(season, assessor):
    """One save is one proposal and one confirmation, whatever is in it."""
    entries = [MarkEntry("III-4", GROUP, "1"), MarkEntry("III-12", OTHER, "0")]
    with season.site.database.writing() as session:
        assert marks.enter_marks(session, NOW, season.admins[0], season.first, entries) == Entered(0, 2)
    (found,) = waiting(season)
    assert (len(found.spots), found.others) == (2, "另一名管理员")
    with pytest.raises(NotAllowed):
        confirm(season, assessor)
    confirm(season, season.admins[1])
    assert (points_of(season), points_of(season, "III-12", OTHER)) == (1, 0)


@pytest.mark.both
def test_the_departments_own_marks_and_the_command_lines_count_at_once(season, assessor):
    assert mark(season, "1", who=assessor) == Entered(1, 0)
    assert points_of(season) == 1
    assert mark(season, "0", who=COMMAND_LINE) == Entered(1, 0)
    assert points_of(season) == 0
    assert waiting(season) == []


def test_another_value_of_the_democratic_row_has_its_own_second_hand(season):
    entries = [MarkEntry("III-36", GROUP, "8", "复核"), MarkEntry("III-4", GROUP, "1")]
    with season.site.database.writing() as session:
        assert marks.enter_marks(session, NOW, season.admins[0], season.first, entries) == Entered(1, 1)
    assert line_for(season.site, season.first, "III-36").proposed is not None


def test_declined_it_changes_nothing_and_says_why(season, assessor):
    before = season.live()
    mark(season, "0")
    with pytest.raises(BadInput):
        decline(season, assessor, " ")
    decline(season, assessor)
    assert (season.live(), waiting(season)) == (before, [])
    with season.site.database.reading() as session:
        (found,) = proposals.decided(session, season.assessment_id)
    assert (found.confirmed, found.decider, found.answer) == (False, "考评一", "依据不足")
    with pytest.raises(AlreadyDone, match="已由考评一退回"):
        confirm(season, season.admins[1], found.id)


def test_whoever_proposed_takes_it_back(season):
    mark(season, "0")
    decline(season, season.admins[0], "填错了行")
    assert waiting(season) == []


def test_the_same_is_not_proposed_twice(season):
    mark(season, "0")
    with pytest.raises(AlreadyDone):
        mark(season, "0")
    mark(season, "0", who=season.admins[1])
    assert len(waiting(season)) == 2


def test_what_the_department_marked_since_is_not_overwritten(season, assessor):
    mark(season, "0")
    mark(season, "1", who=assessor)
    before = dump(season.site.database)
    with pytest.raises(WrongState, match="没有确认，现在已经不能这样改"):
        confirm(season, season.admins[1])
    assert dump(season.site.database) == before
    assert points_of(season) == 1


def test_what_is_wrong_is_refused_when_it_is_proposed(season):
    before = dump(season.site.database)
    for refused in (
        lambda: mark(season, "99"),
        lambda: act(season, ledger.exempt, "III-32", "事由", "文件"),
        lambda: act(season, ledger.record_event, event("III-32", "0")),
        lambda: act(season, applicability.set_tags, ["没有的标签"]),
        lambda: act(season, ledger.cancel_event, 99, "理由"),
    ):
        with pytest.raises((BadInput, WrongState, NotFound)):
            refused()
    assert dump(season.site.database) == before


def test_a_workbook_is_one_proposal(season):
    site, admin = season.site, season.admins[0]
    rows = exported(site, admin, season.assessment_id)
    place = rows[0].index("打分")
    changed = [[*row[:place], "0", *row[place + 1 :]] if row[0] == "III-4" else row for row in rows]
    with site.database.writing() as session:
        tables = tables_in("打分表.xlsx", packed(changed))
        import_id = mark_workbooks.read_workbook(session, NOW, admin, season.assessment_id, "打分表.xlsx", tables)
        shown = mark_workbooks.preview(session, admin, import_id).fingerprint
        _, entered = mark_workbooks.apply(session, NOW, admin, import_id, shown, confirmed=False)
    assert entered == Entered(0, 2)
    (found,) = waiting(season)
    assert [spot.unit for spot in found.spots] == ["样例局", "另一局"]
    confirm(season, season.admins[1])
    assert points_of(season) == 0


def test_an_exemption_and_its_cancelling(season):
    assert act(season, ledger.exempt, "III-7", "机构调整", "示例函〔2026〕8号") is False
    assert state_of(season, "III-7") is RowState.MARKED
    confirm(season, season.admins[1])
    assert state_of(season, "III-7") is RowState.EXEMPTED
    with season.site.database.reading() as session:
        exemption = session.scalars(sa.select(Exemption)).one()
        assert (exemption.account_id, exemption.confirmed_by) == tuple(each.account_id for each in season.admins)
    assert act(season, ledger.cancel_exemption, exemption.id, "职责没有划出", who=season.admins[1]) is False
    assert state_of(season, "III-7") is RowState.EXEMPTED
    confirm(season, season.admins[0])
    assert state_of(season, "III-7") is RowState.MARKED


@pytest.mark.parametrize(("key", "points"), [("III-34", ""), ("III-32", "2"), ("III-33(1)", "1")])
def test_a_veto_a_bonus_and_a_deduction(season, key, points):
    """And that they are taken back."""
    before = season.live()["units"][0]["result"]
    assert act(season, ledger.record_event, event(key, points)) is None
    assert season.live()["units"][0]["result"] == before
    confirm(season, season.admins[1])
    after = season.live()["units"][0]["result"]
    assert after != before
    with season.site.database.reading() as session:
        entered = session.scalars(sa.select(Event)).one()
        assert (entered.account_id, entered.confirmed_by) == tuple(each.account_id for each in season.admins)
    assert act(season, ledger.cancel_event, entered.id, "登记有误") is False
    assert season.live()["units"][0]["result"] == after
    confirm(season, season.admins[1])
    assert season.live()["units"][0]["result"] == before
    with season.site.database.reading() as session:
        assert session.scalars(sa.select(Event)).one().cancel_reason == "登记有误（管理一提出，管理二确认）"


def test_an_appeal_upheld_cancels_as_much(season):
    event_id = act(season, ledger.record_event, event("III-33(1)"), who=COMMAND_LINE)
    act(season, ledger.contest, event_id, "不属实", who=season.reporter)
    assert act(season, ledger.answer_contest, event_id, upheld=True, reason="属实") is False
    with season.site.database.reading() as session:
        assert session.scalars(sa.select(Event)).one().appeal == ContestState.OPEN
    confirm(season, season.admins[1])
    with season.site.database.reading() as session:
        found = session.scalars(sa.select(Event)).one()
        assert (found.appeal, found.cancelled_at) == (ContestState.UPHELD, NOW)


def test_tags_changed_while_marking(season):
    assert act(season, applicability.set_tags, ["公安"]) is False
    assert state_of(season, "III-23") is RowState.NOT_APPLICABLE
    confirm(season, season.admins[1])
    assert state_of(season, "III-23") is not RowState.NOT_APPLICABLE


def test_tags_changed_by_a_list(season):
    """With all else that is in it, as one; what decides nothing is taken over at once."""
    site, admin = season.site, season.admins[0]

    def take(text: str) -> bool:
        with site.database.writing() as session:
            tables = tables_in("名单.csv", text.encode())
            import_id = rosters.read_roster(session, NOW, admin, season.assessment_id, "名单.csv", tables)
            shown = rosters.preview(session, admin, import_id).fingerprint
            return rosters.apply(session, NOW, admin, import_id, shown)[1]

    assert take("单位名称,类别\n样例局,其他单位\n")
    assert not take("单位名称,标签\n样例局,公安\n另一局,公安\n")
    assert state_of(season, "III-23") is RowState.NOT_APPLICABLE
    (found,) = waiting(season)
    assert len(found.spots) == 2
    confirm(season, season.admins[1])
    assert state_of(season, "III-23") is not RowState.NOT_APPLICABLE


def change_rules(season: Season, rules: ScoringRules) -> int | None:
    with season.site.database.writing() as session:
        shown = rule_changes.effect_of(session, season.assessment_id, None, rules).fingerprint
        admin, assessment_id = season.admins[0], season.assessment_id
        return rule_changes.change_rules(session, NOW, admin, assessment_id, None, rules, "修订", shown)


def rules_of(season: Season) -> ScoringRules:
    return ScoringRules.from_json(season.assessment.rules)


def test_rules_changed_while_marking(season, assessor):
    rules = replace(rules_of(season), bonus_cap=Decimal(3))
    assert change_rules(season, rules) is None
    assert rules_of(season).bonus_cap == 5
    mark(season, "1", who=assessor)  # marks come meanwhile
    confirm(season, season.admins[1])
    assert rules_of(season) == rules
    with season.site.database.reading() as session:
        newest = session.scalars(sa.select(RuleVersion).order_by(RuleVersion.number.desc())).first()
    assert newest is not None
    assert (newest.number, newest.reason, newest.account_id) == (2, "修订（管理二确认）", season.admins[0].account_id)


def test_rules_are_confirmed_over_those_they_were_proposed_for(season):
    change_rules(season, replace(rules_of(season), bonus_cap=Decimal(3)))
    change_rules(season, replace(rules_of(season), deduction_cap=Decimal(3)))
    first, second = waiting(season)
    confirm(season, season.admins[1], first.id)
    with pytest.raises(WrongState, match="又有了改动"):
        confirm(season, season.admins[1], second.id)


def test_marking_is_not_closed_over_what_waits(season):
    mark(season, "0")
    with pytest.raises(WrongState, match="还有 1 项提议没有确认，如管理一提出的 样例局 III-4"):
        season.close_marking()
    decline(season, season.admins[1])
    assert season.close_marking() == 1


def test_nothing_is_certified_over_what_waits(season):
    season.appeal()
    season.answer(season.object(), accepted=True)
    mark(season, "0")
    assert any("没有确认" in each for each in season.outlook().hindrances)
    confirm(season, season.admins[1])
    assert not any("没有确认" in each for each in season.outlook().hindrances)
    assert season.freeze() == 2
    frozen = season.version(2)
    row = frozen.unit(season.first).row("III-4")
    assert [(each.by, each.confirmed_by) for each in row.marks] == [("管理一", "管理二")]
    assert versions.same_scores(frozen.body, season.live())


def test_a_state_that_shuts_the_row_shuts_it_for_the_second_hand(season):
    mark(season, "0")
    set_state(season.site, season.assessment_id, life.AssessmentState.PROVISIONAL)
    with pytest.raises(WrongState, match="已形成初步结果"):
        confirm(season, season.admins[1])


def test_setting_up_is_not_decided_by_two(season):
    set_state(season.site, season.assessment_id, life.AssessmentState.PREPARING)
    assert act(season, ledger.exempt, "III-7", "机构调整", "示例函〔2026〕8号") is True
    assert act(season, applicability.set_tags, ["公安"]) is True
    assert waiting(season) == []


def test_marking_that_started_before_is_decided_as_it_was(season):
    decided_alone(season.site, season.assessment_id)
    assert mark(season, "0") == Entered(1, 0)
    assert act(season, ledger.exempt, "III-7", "机构调整", "示例函〔2026〕8号") is True
    assert act(season, ledger.record_event, event("III-34", "")) is not None
    assert change_rules(season, replace(rules_of(season), bonus_cap=Decimal(3))) == 2
    assert not rules_of(season).decided_by_two
    assert waiting(season) == []
    assert "confirmed_by" not in repr(season.live())


def test_a_unit_is_not_removed_under_a_proposal(season):
    mark(season, "0")
    with season.site.database.reading() as session:
        assert proposals.names_unit(session, season.assessment_id, season.first)
        assert not proposals.names_unit(session, season.assessment_id, season.second)
        assert session.get_one(Unit, season.first).name == "样例局"
        assert assessment_of(session, season.assessment_id).state == "marking"


def test_the_assessment_is_that_of_the_proposal(season):
    mark(season, "0")
    with season.site.database.writing() as session, pytest.raises(NotFound):
        confirmations.confirm(session, NOW, season.admins[1], season.assessment_id + 1, waiting(season)[0].id)


def test_marks_of_the_command_line_stand_beside(season):
    enter(season.site, season.first, MarkEntry("III-3", GROUP, "1"))
    assert waiting(season) == []


def test_who_is_no_hand_proposes_nothing_either(season):
    """Else an account that somebody made would be the first hand, and another one of the same person the second."""
    before = dump(season.site.database)
    with pytest.raises(NotAllowed, match="审计员确认"):
        mark(season, "1", who=replace(season.admins[0], unconfirmed=True))
    assert dump(season.site.database) == before
