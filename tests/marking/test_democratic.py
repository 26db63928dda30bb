"""The democratic row: several teams by weight, and another value that takes two people."""

from fractions import Fraction

import pytest

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import BadInput, NotAllowed, NotFound, WrongState
from surveys.acts.site import Site
from surveys.marking import completion, democratic_row, results
from surveys.marking.marks import MarkEntry
from surveys.outcome import derivation, version_differences, versions
from surveys.scoring.assessment_states import AssessmentState
from surveys.scoring.score_sheet import RowState
from tests.builders import (
    GROUP,
    account,
    assessor,
    build_poll,
    build_unit,
    close,
    dump,
    enter,
    line_for,
    sealed_poll,
    set_state,
    sheet_for,
)
from tests.seasons import unit_record_in
from tests.sites import NOW

ROW = "III-36"


def state_of(site: Site, unit_id: int) -> tuple[RowState, Fraction | None]:
    value = line_for(site, unit_id, ROW).value
    return value.state, value.got


def propose(site: Site, unit_id: int, points: str, actor: Actor, reason: str = "补测结果") -> None:
    enter(site, unit_id, MarkEntry(ROW, GROUP, points, reason), actor=actor)


def approve(site: Site, unit_id: int, actor: Actor, version: int = 1, row_key: str = ROW) -> None:
    with site.database.writing() as session:
        democratic_row.approve(session, NOW, actor, unit_id, row_key, version)


def test_a_proposed_value_counts_once_a_second_person_agrees(site):
    _, unit_id = build_unit(site)
    sealed_poll(site, unit_id, "B")
    first, second = account(site, "甲"), account(site, "乙")
    propose(site, unit_id, "7.5", first)
    line = line_for(site, unit_id, ROW)
    assert state_of(site, unit_id) == (RowState.MARKED, 8)
    assert line.proposed is not None
    assert (line.proposed.points, line.confirmed) == (Fraction(15, 2), None)
    approve(site, unit_id, second)
    line = line_for(site, unit_id, ROW)
    assert state_of(site, unit_id) == (RowState.MARKED, Fraction(15, 2))
    assert line.proposed is None
    assert line.confirmed is not None
    assert line.confirmed.remark == "补测结果"
    assert any(row[3] == "mark.confirm" and "补测结果" in row[5] for row in dump(site.database)["audit_log"])


def test_it_takes_the_place_of_a_withheld_poll_too(site):
    _, unit_id = build_unit(site)
    sealed_poll(site, unit_id, entitled=10, present=6)
    propose(site, unit_id, "7.5", account(site, "甲"))
    assert state_of(site, unit_id) == (RowState.WITHHELD, None)
    approve(site, unit_id, account(site, "乙"))
    assert state_of(site, unit_id) == (RowState.MARKED, Fraction(15, 2))


def test_nobody_confirms_alone(site):
    _, unit_id = build_unit(site)
    first = account(site, "甲")
    propose(site, unit_id, "7.5", first)
    before = dump(site.database)
    with pytest.raises(NotAllowed, match="另一名管理员"):
        approve(site, unit_id, first)
    with pytest.raises(NotAllowed, match="命令行没有账号"):
        approve(site, unit_id, COMMAND_LINE)
    for actor in (account(site, "丙", Role.ORGANIZER), assessor(GROUP), account(site, "丁", Role.REPORTER, unit_id)):
        with pytest.raises(NotAllowed):
            approve(site, unit_id, actor)
    assert dump(site.database)["approvals"] == before["approvals"] == []
    assert state_of(site, unit_id) == (RowState.PENDING, None)


def test_the_command_line_proposes_and_an_account_confirms(site):
    _, unit_id = build_unit(site)
    propose(site, unit_id, "7.5", COMMAND_LINE)
    approve(site, unit_id, account(site, "甲"))
    assert state_of(site, unit_id) == (RowState.MARKED, Fraction(15, 2))


def test_what_stood_stands_until_the_next_is_confirmed(site):
    _, unit_id = build_unit(site)
    first, second = account(site, "甲"), account(site, "乙")
    propose(site, unit_id, "7.5", first)
    approve(site, unit_id, second)
    with pytest.raises(WrongState, match="已经确认过"):
        approve(site, unit_id, second)
    propose(site, unit_id, "9", second, "复议")
    assert state_of(site, unit_id) == (RowState.MARKED, Fraction(15, 2))
    with pytest.raises(WrongState, match="刚刚有改动"):
        approve(site, unit_id, first)
    with pytest.raises(NotAllowed):
        approve(site, unit_id, second, 2)
    approve(site, unit_id, first, 2)
    assert state_of(site, unit_id) == (RowState.MARKED, 9)


def test_what_cannot_be_confirmed(site):
    assessment_id, unit_id = build_unit(site)
    second = account(site, "乙")
    with pytest.raises(WrongState):
        approve(site, unit_id, second)
    with pytest.raises(WrongState):
        approve(site, unit_id, second, row_key="III-4")
    with pytest.raises(NotFound):
        approve(site, unit_id, second, row_key="III-99")
    propose(site, unit_id, "7.5", account(site, "甲"))
    with pytest.raises(WrongState, match="刚刚有改动"):
        approve(site, unit_id, second, 2)
    set_state(site, assessment_id, AssessmentState.CERTIFIED)
    with pytest.raises(WrongState, match="已核定"):
        approve(site, unit_id, second)
    assert dump(site.database)["approvals"] == []


def test_a_reason_is_asked_for(site):
    _, unit_id = build_unit(site)
    with pytest.raises(BadInput, match="理由"):
        propose(site, unit_id, "7.5", account(site, "甲"), " ")


def test_an_approval_is_of_one_unit(site):
    assessment_id, first = build_unit(site)
    _, other = build_unit(site, "另一局", assessment_id=assessment_id)
    proposer, second = account(site, "甲"), account(site, "乙")
    for unit_id in (first, other):
        propose(site, unit_id, "7.5", proposer)
    approve(site, first, second)
    assert state_of(site, first)[0] is RowState.MARKED
    assert state_of(site, other)[0] is RowState.PENDING


def test_teams_combine_by_their_weights(site):
    _, unit_id = build_unit(site)
    sealed_poll(site, unit_id, "A", team="甲班子", team_weight="0.6")
    sealed_poll(site, unit_id, "B", team="乙班子", team_weight="0.4")
    assert state_of(site, unit_id) == (RowState.MARKED, Fraction(92, 10))
    sheet = sheet_for(site, unit_id)
    assert sheet.teams.formula == "乙班子 80.00 × 0.4 + 甲班子 100.00 × 0.6 = 92.00"
    with site.database.reading() as session:
        (unit,) = results.to_json(results.results(session, sheet.unit.assessment_id))["units"]
    assert unit["democratic"] == {"score": "92.00", "got": "9.20", "points": "10"}


def test_weights_are_renormalized_and_said(site):
    _, unit_id = build_unit(site)
    sealed_poll(site, unit_id, "A", team="甲", team_weight="3")
    sealed_poll(site, unit_id, "B", team="乙")
    assert sheet_for(site, unit_id).teams.formula == "（乙 80.00 × 1 + 甲 100.00 × 3）÷ 4 = 95.00"


def test_no_rehearsal_counts(site):
    _, unit_id = build_unit(site)
    sealed_poll(site, unit_id, "A", team="甲")
    sealed_poll(site, unit_id, "B", team="乙")
    sealed_poll(site, unit_id, "D", team="乙", rehearsal=True)
    sealed_poll(site, unit_id, "D", team="丙", rehearsal=True)
    assert state_of(site, unit_id) == (RowState.MARKED, 9)


def test_one_team_short_of_its_quorum_withholds_the_row_and_is_named(site):
    _, unit_id = build_unit(site)
    sealed_poll(site, unit_id, "A", team="甲")
    sealed_poll(site, unit_id, "B", team="乙", entitled=10, present=6)
    assert state_of(site, unit_id) == (RowState.WITHHELD, None)
    (fault,) = sheet_for(site, unit_id).teams.faults
    assert fault.startswith("乙：实到 6 人")


def test_the_row_waits_for_a_team_whose_vote_is_under_way(site):
    _, unit_id = build_unit(site)
    sealed_poll(site, unit_id, "A", team="甲")
    build_poll(site, unit_id=unit_id, team="丙", opened=False)
    assert state_of(site, unit_id) == (RowState.MARKED, 10)
    world = build_poll(site, unit_id=unit_id, team="乙")
    assert state_of(site, unit_id) == (RowState.PENDING, None)
    close(site, world.poll_id)
    assert state_of(site, unit_id) == (RowState.PENDING, None)
    assert sheet_for(site, unit_id).teams.waiting == ("乙",)


def test_a_second_vote_of_the_same_team_holds_nothing_up(site):
    _, unit_id = build_unit(site)
    sealed_poll(site, unit_id, "A", team="甲")
    build_poll(site, unit_id=unit_id, team="甲")
    assert state_of(site, unit_id) == (RowState.MARKED, 10)


def test_a_result_two_must_open_counts_once_they_have(site):
    _, unit_id = build_unit(site)
    sealed_poll(site, unit_id, "A", team="甲")
    sealed_poll(site, unit_id, "B", team="乙", two_person=True)
    assert state_of(site, unit_id) == (RowState.PENDING, None)


@pytest.mark.parametrize(
    "options",
    [
        {"team": "长" * 31},
        {"team_weight": "0"},
        {"team_weight": "-1"},
        {"team_weight": "NaN"},
        {"team_weight": "10001"},
    ],
)
def test_a_team_that_cannot_be_is_refused(site, options):
    _, unit_id = build_unit(site)
    with pytest.raises(BadInput, match="班子"):
        build_poll(site, unit_id=unit_id, count=0, opened=False, **options)


def withdraw(site: Site, unit_id: int, actor: Actor, version: int = 1, reason: str = "重新测评了", row_key: str = ROW):
    with site.database.writing() as session:
        democratic_row.propose_withdrawal(session, NOW, actor, unit_id, row_key, version, reason)


def agree(site: Site, unit_id: int, actor: Actor, version: int = 1) -> None:
    with site.database.writing() as session:
        democratic_row.agree_to_withdrawal(session, NOW, actor, unit_id, ROW, version)


def decline(site: Site, unit_id: int, actor: Actor, version: int = 1) -> None:
    with site.database.writing() as session:
        democratic_row.decline_withdrawal(session, NOW, actor, unit_id, ROW, version)


def test_a_confirmed_value_is_withdrawn_by_two_and_the_poll_counts_again(site):
    assessment_id, unit_id = build_unit(site)
    sealed_poll(site, unit_id, "B")
    first, second = account(site, "甲"), account(site, "乙")
    propose(site, unit_id, "7.5", first)
    approve(site, unit_id, second)
    with site.database.reading() as session:
        before = versions.live_body(session, assessment_id)
    withdraw(site, unit_id, second)
    assert state_of(site, unit_id) == (RowState.MARKED, Fraction(15, 2)), "one hand changes nothing"
    agree(site, unit_id, first)
    assert state_of(site, unit_id) == (RowState.MARKED, 8)
    line = line_for(site, unit_id, ROW)
    assert (line.confirmed, line.proposed) == (None, None)
    with site.database.reading() as session:
        after = versions.live_body(session, assessment_id)
        (unit,) = version_differences.report(session, assessment_id, before, after).units
        assert completion.board(session, COMMAND_LINE, assessment_id).departments[completion.DEMOCRATIC].missing == 0
    assert [row.reasons for row in unit.rows] == [("撤回考核组的 7.5 分",)]
    assert derivation.derive_row(unit_record_in(after, unit_id), ROW).agrees
    acts = {row[3]: row[5] for row in dump(site.database)["audit_log"]}
    assert (acts["mark.propose_withdrawal"], acts["mark.withdraw"]) == ("重新测评了", "乙提出：重新测评了")


def test_nobody_withdraws_alone(site):
    _, unit_id = build_unit(site)
    first, second = account(site, "甲"), account(site, "乙")
    propose(site, unit_id, "7.5", first)
    with pytest.raises(WrongState, match="没有两人确认"):
        withdraw(site, unit_id, first)
    approve(site, unit_id, second)
    with pytest.raises(WrongState, match="没有等您确认"):
        agree(site, unit_id, first)
    with pytest.raises(BadInput, match="理由"):
        withdraw(site, unit_id, first, reason=" \n")
    for actor in (COMMAND_LINE, account(site, "丙", Role.ORGANIZER), assessor(GROUP)):
        with pytest.raises(NotAllowed):
            withdraw(site, unit_id, actor)
    with pytest.raises(WrongState, match="刚刚有改动"):
        withdraw(site, unit_id, first, 2)
    with pytest.raises(WrongState):
        withdraw(site, unit_id, first, row_key="III-4")
    withdraw(site, unit_id, first)
    with pytest.raises(NotAllowed, match="另一名管理员"):
        agree(site, unit_id, first)
    with pytest.raises(WrongState, match="已由别人提出"):
        withdraw(site, unit_id, second)
    decline(site, unit_id, second)
    with pytest.raises(WrongState, match="没有等您确认"):
        agree(site, unit_id, second)
    assert state_of(site, unit_id) == (RowState.MARKED, Fraction(15, 2))


def test_what_was_withdrawn_comes_back_by_a_new_proposal_alone(site):
    """Nor does it bring back what was confirmed before it."""
    assessment_id, unit_id = build_unit(site)
    first, second, third = (account(site, name) for name in "甲乙丙")
    for version, points in ((1, "6"), (2, "7.5")):
        propose(site, unit_id, points, first)
        approve(site, unit_id, second, version)
    withdraw(site, unit_id, first, 2)
    agree(site, unit_id, second, 2)
    assert state_of(site, unit_id) == (RowState.PENDING, None)
    with site.database.reading() as session:
        assert completion.board(session, COMMAND_LINE, assessment_id).departments[completion.DEMOCRATIC].missing == 1
    with pytest.raises(WrongState, match="已经撤回"):
        approve(site, unit_id, third, 2)
    for act in (lambda: withdraw(site, unit_id, first, 2), lambda: agree(site, unit_id, third, 2)):
        with pytest.raises(WrongState, match="没有两人确认"):
            act()
    propose(site, unit_id, "8", second, "复议")
    approve(site, unit_id, first, 3)
    assert state_of(site, unit_id) == (RowState.MARKED, 8)


def test_after_marking_nothing_is_withdrawn(site):
    assessment_id, unit_id = build_unit(site)
    first, second = account(site, "甲"), account(site, "乙")
    propose(site, unit_id, "7.5", first)
    approve(site, unit_id, second)
    withdraw(site, unit_id, first)
    before = dump(site.database)["approvals"]
    for state in (AssessmentState.PROVISIONAL, AssessmentState.APPEAL, AssessmentState.CERTIFIED):
        set_state(site, assessment_id, state)
        for act in (agree, decline):
            with pytest.raises(WrongState, match=r"不能再改|没有被接受"):
                act(site, unit_id, second)
    assert dump(site.database)["approvals"] == before
