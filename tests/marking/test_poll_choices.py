"""A second sealed poll of a team that measures the same replaces nothing: two admins say which one counts."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import pytest
from flask import Flask

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import BadInput, NotAllowed, WrongState
from surveys.acts.site import Site
from surveys.marking import completion
from surveys.outcome import hindrances, version_differences, versions
from surveys.outcome.derivation import derive_row
from surveys.scoring.assessment_states import AssessmentState
from surveys.scoring.score_sheet import RowState
from surveys.season.assessments import assessment_of
from surveys.vote import poll_choices
from surveys.vote.polls import poll_of
from tests.builders import account, build_unit, dump, line_for, sealed_poll, set_state, sheet_for
from tests.seasons import unit_record_in
from tests.sites import NOW
from tests.stored import opened_before
from tests.strict_client import StrictClient
from tests.worlds import client_of

ROW = "III-36"
REASON = "第一次开会时有人进错会场"


@dataclass(frozen=True)
class Twice:
    """A unit whose vote was sealed, and run again by one organizer with everybody voting 差."""

    site: Site
    assessment_id: int
    unit_id: int
    honest: int
    again: int
    admins: tuple[Actor, Actor]

    def state(self) -> tuple[RowState, Fraction | None]:
        value = line_for(self.site, self.unit_id, ROW).value
        return value.state, value.got

    def propose(self, poll_id: int, actor: Actor | None = None, reason: str = REASON) -> None:
        with self.site.database.writing() as session:
            poll_choices.propose(session, NOW, actor or self.admins[0], self.unit_id, poll_id, reason)

    def agree(self, poll_id: int, actor: Actor | None = None) -> None:
        with self.site.database.writing() as session:
            poll_choices.agree(session, NOW, actor or self.admins[1], self.unit_id, poll_id)

    def decline(self, poll_id: int, actor: Actor | None = None) -> None:
        with self.site.database.writing() as session:
            poll_choices.decline(session, NOW, actor or self.admins[1], self.unit_id, poll_id)

    def refused(self, error: type[Exception], words: str, act: Callable[[], None]) -> None:
        before = dump(self.site.database)
        with pytest.raises(error, match=words):
            act()
        assert dump(self.site.database) == before

    def browser(self, app: Flask, actor: Actor) -> StrictClient:
        return client_of(app, actor.account_id)

    def prefix(self, poll_id: int) -> str:
        with self.site.database.reading() as session:
            return poll_of(session, poll_id).prefix


@pytest.fixture
def twice(site: Site) -> Twice:
    assessment_id, unit_id = build_unit(site)
    admins = account(site, "管理一"), account(site, "管理二")
    honest = sealed_poll(site, unit_id, "A").poll_id
    return Twice(site, assessment_id, unit_id, honest, sealed_poll(site, unit_id, "D").poll_id, admins)


def test_an_organizer_who_runs_a_sealed_vote_again_changes_no_score(twice: Twice) -> None:
    assert twice.state() == (RowState.WITHHELD, None)
    (fault,) = sheet_for(twice.site, twice.unit_id).teams.faults
    for poll_id in (twice.honest, twice.again):
        assert twice.prefix(poll_id) in fault
    assert "须由两名管理员定哪一次算" in fault


def test_two_admins_choose_and_the_other_is_set_aside_for_their_reason(twice: Twice) -> None:
    twice.propose(twice.honest)
    assert twice.state() == (RowState.WITHHELD, None)
    twice.agree(twice.honest)
    assert twice.state() == (RowState.MARKED, 10)
    with twice.site.database.reading() as session:
        assert poll_of(session, twice.honest).set_aside_at is None
        reason = poll_of(session, twice.again).set_aside_reason
        body = versions.live_sheet(session, twice.unit_id)
    assert reason == f"以“年度民主测评”（{twice.prefix(twice.honest)}）为准。{REASON}"
    derivation = derive_row(unit_record_in(body, twice.unit_id), ROW)
    assert derivation.agrees
    assert derivation.result == 10
    assert REASON in derivation.steps[0].words
    logged = [row[3:6] for row in dump(twice.site.database)["audit_log"]]
    assert ("poll.choose", twice.prefix(twice.honest)) in {row[:2] for row in logged}
    assert ("poll.set_aside", twice.prefix(twice.again), f"管理一提出：{REASON}") in logged


def test_either_may_be_chosen_also_the_later(twice: Twice) -> None:
    twice.propose(twice.again)
    twice.agree(twice.again)
    assert twice.state() == (RowState.MARKED, 4)


def test_nobody_chooses_alone(twice: Twice) -> None:
    organizer = account(twice.site, "组织", Role.ORGANIZER)
    twice.refused(NotAllowed, "只有业务管理员", lambda: twice.propose(twice.honest, organizer))
    twice.refused(NotAllowed, "命令行", lambda: twice.propose(twice.honest, COMMAND_LINE))
    twice.refused(BadInput, "理由", lambda: twice.propose(twice.honest, reason=" "))
    twice.refused(WrongState, "没有等您确认", lambda: twice.agree(twice.honest))
    twice.propose(twice.honest)
    twice.refused(NotAllowed, "已经有您的一份", lambda: twice.agree(twice.honest, twice.admins[0]))
    twice.refused(NotAllowed, "只有业务管理员", lambda: twice.agree(twice.honest, organizer))
    twice.refused(WrongState, "没有等您确认", lambda: twice.agree(twice.again))
    twice.refused(WrongState, "已有人提出以", lambda: twice.propose(twice.again, twice.admins[1]))
    twice.decline(twice.honest)
    twice.propose(twice.again, twice.admins[1])
    assert twice.state() == (RowState.WITHHELD, None)


def test_a_poll_sealed_between_the_two_hands_is_not_agreed_to(twice: Twice) -> None:
    twice.propose(twice.honest)
    sealed_poll(twice.site, twice.unit_id, "B")
    twice.refused(WrongState, "没有等您确认", lambda: twice.agree(twice.honest))
    twice.propose(twice.honest)
    twice.agree(twice.honest)
    assert twice.state() == (RowState.MARKED, 10)


def test_once_marking_has_ended_nothing_is_chosen(twice: Twice) -> None:
    set_state(twice.site, twice.assessment_id, AssessmentState.PROVISIONAL)
    twice.refused(WrongState, "不能再改", lambda: twice.propose(twice.honest))


@pytest.mark.parametrize("how", [{"present": 6}, {"two_person": True}])
def test_it_is_a_conflict_also_where_one_did_not_count_or_is_not_opened(site: Site, how: dict[str, int]) -> None:
    _, unit_id = build_unit(site)
    sealed_poll(site, unit_id, "A", **how)
    assert line_for(site, unit_id, ROW).value.got is None
    sealed_poll(site, unit_id, "B")
    assert line_for(site, unit_id, ROW).value.state is RowState.WITHHELD
    assert len(sheet_for(site, unit_id).teams.conflicts) == 1


def test_of_other_teams_of_leaders_alone_and_in_rehearsal_is_no_conflict(site: Site) -> None:
    _, unit_id = build_unit(site)
    sealed_poll(site, unit_id, "A", team="甲")
    sealed_poll(site, unit_id, "B", team="乙")
    sealed_poll(site, unit_id, "D", team="甲", organization="")
    sealed_poll(site, unit_id, "D", team="乙", rehearsal=True)
    assert line_for(site, unit_id, ROW).value.got == 9
    sealed_poll(site, unit_id, "D", team="乙")
    (fault,) = sheet_for(site, unit_id).teams.faults
    assert fault.startswith("乙：有 2 次")


def test_every_place_names_every_poll(twice: Twice, app: Flask) -> None:
    with twice.site.database.reading() as session:
        assessment = assessment_of(session, twice.assessment_id)
        outlook = hindrances.outlook(session, NOW, assessment)
        board = completion.board(session, COMMAND_LINE, twice.assessment_id)
        body = versions.live_sheet(session, twice.unit_id)
        seals = [poll_of(session, poll_id).seal or "" for poll_id in (twice.honest, twice.again)]
    derivation = derive_row(unit_record_in(body, twice.unit_id), ROW, for_unit=True)
    assert derivation.agrees
    assert derivation.result is None
    told = "".join(step.words for step in derivation.steps)
    assert all(seal in told for seal in seals)
    prefixes = [twice.prefix(twice.honest), twice.prefix(twice.again)]
    life = next(note for note in outlook.notes if "民主测评没有计分" in note)
    reminder = next(each.text for each in board.reminders if each.department == completion.DEMOCRATIC)
    pages, browser = [life, reminder], twice.browser(app, twice.admins[0])
    pages += [browser.page(f"/polls/{poll_id}/tally").text for poll_id in (twice.honest, twice.again)]
    pages += [browser.page(f"/polls/{twice.honest}").text, browser.page(f"/units/{twice.unit_id}/rows/{ROW}").text]
    for page in pages:
        assert all(prefix in page for prefix in prefixes)


def test_the_change_between_two_versions_says_so(twice: Twice) -> None:
    with twice.site.database.reading() as session:
        live = versions.live_body(session, twice.assessment_id)
    twice.propose(twice.honest)
    twice.agree(twice.honest)
    with twice.site.database.reading() as session:
        later = versions.live_body(session, twice.assessment_id)
    (unit,) = version_differences.difference(live, later).units
    (row,) = unit.rows
    assert row.new == "10.00"
    assert any(REASON in words for words in row.reasons)
    assert "几次测评会已定下哪一次算" in row.reasons


def test_on_the_row_s_page_one_admin_proposes_and_another_agrees(twice: Twice, app: Flask) -> None:
    first, second = (twice.browser(app, actor) for actor in twice.admins)
    page, poll = f"/units/{twice.unit_id}/rows/{ROW}", f"/units/{twice.unit_id}/polls/{twice.honest}"
    assert first.get(f"/polls/{twice.honest}/row").location == page
    assert first.submit(page, f"{poll}/choose", reason=REASON).location == page
    assert "这是您提出的，请另一名管理员登录后在这里确认" in first.page(page).text
    assert second.submit(page, f"{poll}/choose/decline").location == page
    assert second.submit(page, f"{poll}/choose", reason=REASON).location == page
    assert first.submit(page, f"{poll}/choose/agree").location == page
    shown = first.page(page).text
    assert f"为准。{REASON}" in shown
    assert "须由两名管理员定" not in shown
    assert twice.state() == (RowState.MARKED, 10)


def test_two_sealed_before_the_rule_keep_the_newest_and_the_page_says_so(twice: Twice, app: Flask) -> None:
    opened_before(twice.site, twice.honest, twice.again)
    assert twice.state() == (RowState.MARKED, 4)
    browser = twice.browser(app, twice.admins[0])
    assert "先封存，没有计入" in browser.page(f"/units/{twice.unit_id}/rows/{ROW}").text
    assert "没有计入：后来又封存了一次" in browser.page(f"/polls/{twice.honest}/tally").text
    twice.refused(WrongState, "没有别的要和它比较", lambda: twice.propose(twice.honest))


def test_one_opened_under_the_rule_makes_a_conflict_with_one_from_before(twice: Twice) -> None:
    opened_before(twice.site, twice.honest)
    assert twice.state() == (RowState.WITHHELD, None)
