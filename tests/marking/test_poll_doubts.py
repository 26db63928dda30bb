"""A poll whose figures contradict each other does not count until two admins say so."""

from collections.abc import Callable
from fractions import Fraction

import pytest
from flask import Flask

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import NotAllowed, WrongState
from surveys.acts.site import Site
from surveys.marking import poll_doubts
from surveys.outcome import version_differences, versions
from surveys.outcome.derivation import derive_row
from surveys.scoring.score_sheet import RowState
from surveys.vote import poll_withdrawals, polls, tallies
from tests.builders import account, build_unit, dump, line_for, sealed_poll, sheet_for
from tests.seasons import unit_record_in
from tests.sites import NOW
from tests.stored import opened_before
from tests.worlds import client_of

ROW = "III-36"
REASON = "列席的人也投了票，主席团同意计入"
Admins = tuple[Actor, Actor]


@pytest.fixture
def unit_id(site: Site) -> int:
    return build_unit(site)[1]


@pytest.fixture
def admins(site: Site) -> Admins:
    return account(site, "管理一"), account(site, "管理二")


def state(site: Site, unit_id: int) -> tuple[RowState, Fraction | None]:
    value = line_for(site, unit_id, ROW).value
    return value.state, value.got


def propose(site: Site, unit_id: int, poll_id: int, actor: Actor) -> None:
    with site.database.writing() as session:
        poll_doubts.propose(session, NOW, actor, unit_id, poll_id, REASON)


def agree(site: Site, unit_id: int, poll_id: int, actor: Actor) -> None:
    with site.database.writing() as session:
        poll_doubts.agree(session, NOW, actor, unit_id, poll_id)


def refused(site: Site, error: type[Exception], words: str, act: Callable[[], object]) -> None:
    before = dump(site.database)
    with pytest.raises(error, match=words):
        act()
    assert dump(site.database) == before


DOUBTS = [
    ({"entitled": 9}, "收回 10 张，多于应到 9 人"),
    ({"entitled": 9, "present": 10}, "实到 10 人，多于应到 9 人；收回 10 张，多于应到 9 人"),
    ({"entitled": 12, "present": 13}, "实到 13 人，多于应到 12 人"),
    ({"entitled": 10, "present": 9}, "收回 10 张，多于实到 9 人"),
]


@pytest.mark.parametrize(("figures", "words"), DOUBTS)
def test_the_row_is_withheld_until_two_decide(
    site: Site, unit_id: int, admins: Admins, figures: dict[str, int], words: str
) -> None:
    poll_id = sealed_poll(site, unit_id, "B", **figures).poll_id
    assert state(site, unit_id) == (RowState.WITHHELD, None)
    assert sheet_for(site, unit_id).teams.faults == (f"{words}，须由两名管理员决定算不算",)
    propose(site, unit_id, poll_id, admins[0])
    assert state(site, unit_id) == (RowState.WITHHELD, None)
    with site.database.reading() as session:
        before = versions.live_body(session, sheet_for(site, unit_id).unit.assessment_id)
    agree(site, unit_id, poll_id, admins[1])
    assert state(site, unit_id) == (RowState.MARKED, 8)
    with site.database.reading() as session:
        tally = tallies.tally(session, polls.poll_of(session, poll_id))
        body = versions.live_body(session, before["assessment"])
    assert tally.shortcoming is None
    assert any(words in each for each in tallies.warnings(tally))
    for each, result in ((before, None), (body, 8)):
        derivation = derive_row(unit_record_in(each, unit_id), ROW)
        assert derivation.agrees
        assert derivation.result == result
        assert any(words in step.words for step in derivation.steps)
    assert any(f"经两人决定照计。理由：{REASON}" in step.words for step in derivation.steps)
    ((row,),) = [unit.rows for unit in version_differences.difference(before, body).units]
    assert row.reasons == (f"测评会“年度民主测评”经两人决定照计：{REASON}",)


def test_of_several_teams_the_one_in_doubt_is_named(site: Site, unit_id: int, admins: Admins) -> None:
    sealed_poll(site, unit_id, "A", team="甲")
    poll_id = sealed_poll(site, unit_id, "B", team="乙", entitled=9).poll_id
    (fault,) = sheet_for(site, unit_id).teams.faults
    assert fault.startswith("乙：收回 10 张，多于应到 9 人")
    for decided in (False, True):
        if decided:
            propose(site, unit_id, poll_id, admins[0])
            agree(site, unit_id, poll_id, admins[1])
        with site.database.reading() as session:
            derivation = derive_row(unit_record_in(versions.live_sheet(session, unit_id), unit_id), ROW)
        assert derivation.agrees
        assert derivation.result == (9 if decided else None)


def test_or_it_is_set_aside(site: Site, unit_id: int, admins: Admins) -> None:
    poll_id = sealed_poll(site, unit_id, entitled=9).poll_id
    with site.database.writing() as session:
        poll_withdrawals.propose(session, NOW, admins[0], poll_id, "多投了票")
        poll_withdrawals.agree(session, NOW, admins[1], poll_id)
    assert state(site, unit_id) == (RowState.PENDING, None)
    refused(site, WrongState, "没有要决定的", lambda: propose(site, unit_id, poll_id, admins[0]))


def test_nobody_decides_alone(site: Site, unit_id: int, admins: Admins) -> None:
    poll_id = sealed_poll(site, unit_id, entitled=9).poll_id
    organizer = account(site, "组织", Role.ORGANIZER)
    refused(site, NotAllowed, "只有业务管理员", lambda: propose(site, unit_id, poll_id, organizer))
    refused(site, NotAllowed, "命令行", lambda: propose(site, unit_id, poll_id, COMMAND_LINE))
    refused(site, WrongState, "没有等您确认", lambda: agree(site, unit_id, poll_id, admins[1]))
    propose(site, unit_id, poll_id, admins[0])
    refused(site, NotAllowed, "已经有您的一份", lambda: agree(site, unit_id, poll_id, admins[0]))
    assert state(site, unit_id) == (RowState.WITHHELD, None)


def test_figures_that_can_be_are_not_asked_about(site: Site, unit_id: int, admins: Admins) -> None:
    poll_id = sealed_poll(site, unit_id, present=10).poll_id
    assert state(site, unit_id) == (RowState.MARKED, 10)
    refused(site, WrongState, "没有要决定的", lambda: propose(site, unit_id, poll_id, admins[0]))


def test_below_its_quorum_it_does_not_count_whatever_they_decide(site: Site, unit_id: int, admins: Admins) -> None:
    poll_id = sealed_poll(site, unit_id, present=6).poll_id
    propose(site, unit_id, poll_id, admins[0])
    agree(site, unit_id, poll_id, admins[1])
    assert state(site, unit_id) == (RowState.WITHHELD, None)
    with site.database.reading() as session:
        assert derive_row(unit_record_in(versions.live_sheet(session, unit_id), unit_id), ROW).agrees


@pytest.mark.parametrize(("figures", "words"), DOUBTS)
def test_what_was_sealed_before_keeps_its_figures(
    site: Site, unit_id: int, figures: dict[str, int], words: str
) -> None:
    poll_id = sealed_poll(site, unit_id, "B", **figures).poll_id
    opened_before(site, poll_id)
    assert state(site, unit_id) == (RowState.MARKED, 8)
    with site.database.reading() as session:
        tally = tallies.tally(session, polls.poll_of(session, poll_id))
    assert not any(words in each for each in tallies.warnings(tally))


def test_on_the_row_s_page_and_the_desk(site: Site, app: Flask, unit_id: int, admins: Admins) -> None:
    poll_id = sealed_poll(site, unit_id, entitled=9).poll_id
    first, second = (client_of(app, each.account_id) for each in admins)
    page, act = f"/units/{unit_id}/rows/{ROW}", f"/units/{unit_id}/polls/{poll_id}/count"
    assert f"/polls/{poll_id}/row" in first.page(f"/polls/{poll_id}").links()
    assert "收回 10 张，多于应到 9 人" in first.page(f"/polls/{poll_id}/tally").text
    assert first.submit(page, act, reason=REASON).location == page
    assert second.submit(page, f"{act}/decline").location == page
    assert second.submit(page, act, reason=REASON).location == page
    assert first.submit(page, f"{act}/agree").location == page
    shown = first.page(page).text
    assert "经两人决定照计" in shown
    assert REASON in shown
