"""In the hall: pausing, the closing time, the checks before voting ends."""

from datetime import datetime, timedelta

import pytest

from surveys.acts import audit
from surveys.acts.actors import COMMAND_LINE
from surveys.acts.errors import BadInput, WrongState
from surveys.acts.site import Site
from surveys.polling.states import PollState
from surveys.storage.tables import Poll
from surveys.vote import casting, hall, polls
from surveys.vote.casting import CastError, PollPaused, TimeIsUp
from tests.builders import World, box_counts, build_poll, cast, close, close_and_seal, filled, sheet_of
from tests.sites import NOW

pytestmark = pytest.mark.both


def at(site: Site, moment: datetime, code: str) -> None:
    """Looks a ticket up at a moment."""
    with site.database.looking() as connection:
        casting.find(connection, moment, site.open_polls, code)


def pause(site: Site, poll_id: int, reason: str = "停电") -> None:
    with site.database.writing() as session:
        hall.pause(session, NOW, COMMAND_LINE, poll_id, reason)


def resume(site: Site, poll_id: int) -> None:
    with site.database.writing() as session:
        hall.resume(session, NOW, COMMAND_LINE, poll_id)


def end_in(site: Site, poll_id: int, minutes: int | None, now: datetime = NOW) -> None:
    with site.database.writing() as session:
        hall.end_in(session, now, COMMAND_LINE, poll_id, minutes)


def poll_of(site: Site, poll_id: int) -> Poll:
    with site.database.reading() as session:
        return polls.poll_of(session, poll_id)


def refusal(site: Site, world: World, number: int = 0) -> type[CastError]:
    with pytest.raises(CastError) as refused:
        cast(site, world.codes["A"][number], filled(sheet_of(site, world.poll_id)))
    return refused.type


def test_a_paused_poll_takes_no_vote_and_spends_nothing(site: Site) -> None:
    world = build_poll(site, count=2)
    pause(site, world.poll_id)
    assert refusal(site, world) is PollPaused
    assert box_counts(site, world.poll_id) == {"unused": 2}
    resume(site, world.poll_id)
    assert cast(site, world.codes["A"][0], filled(sheet_of(site, world.poll_id)))


def test_a_paused_poll_can_be_closed_and_sealed(site: Site) -> None:
    world = build_poll(site, count=2)
    pause(site, world.poll_id)
    assert close_and_seal(site, world.poll_id)


def test_pausing_says_why(site: Site) -> None:
    world = build_poll(site, count=1)
    with pytest.raises(BadInput):
        pause(site, world.poll_id, " ")
    pause(site, world.poll_id, "停电")
    with site.database.reading() as session:
        last = audit.entries(session, polls.poll_of(session, world.poll_id).prefix)[-1]
    assert (last.act, last.detail) == ("poll.pause", "停电")


def test_only_an_open_poll_is_paused_and_only_a_paused_one_resumed(site: Site) -> None:
    world = build_poll(site, count=1, opened=False)
    with pytest.raises(WrongState):
        pause(site, world.poll_id)
    with pytest.raises(WrongState):
        resume(site, world.poll_id)
    with site.database.writing() as session:
        polls.open_poll(session, NOW, COMMAND_LINE, world.poll_id)
    with pytest.raises(WrongState):
        resume(site, world.poll_id)
    pause(site, world.poll_id)
    with pytest.raises(WrongState):
        pause(site, world.poll_id)
    close(site, world.poll_id)
    for act in (pause, resume):
        with pytest.raises(WrongState):
            act(site, world.poll_id)


def test_voting_ends_by_the_clock(site: Site) -> None:
    world = build_poll(site, count=1)
    end_in(site, world.poll_id, 5)
    at(site, NOW + timedelta(minutes=4, seconds=59), world.codes["A"][0])
    with pytest.raises(TimeIsUp):
        at(site, NOW + timedelta(minutes=5), world.codes["A"][0])


def test_a_vote_after_the_end_is_refused_and_spends_nothing(site: Site) -> None:
    world = build_poll(site, count=1)
    end_in(site, world.poll_id, 5, NOW - timedelta(minutes=6))
    assert refusal(site, world) is TimeIsUp
    assert box_counts(site, world.poll_id) == {"unused": 1}
    end_in(site, world.poll_id, 10)
    assert cast(site, world.codes["A"][0], filled(sheet_of(site, world.poll_id)))


def test_the_countdown_is_called_off(site: Site) -> None:
    world = build_poll(site, count=1)
    end_in(site, world.poll_id, 5)
    end_in(site, world.poll_id, None)
    assert poll_of(site, world.poll_id).closes_at is None
    end_in(site, world.poll_id, 5)
    pause(site, world.poll_id)
    assert poll_of(site, world.poll_id).closes_at is None, "it would run on unseen"


@pytest.mark.parametrize("minutes", [0, -1, 1441])
def test_minutes_out_of_bounds(site: Site, minutes: int) -> None:
    world = build_poll(site, count=1)
    with pytest.raises(BadInput):
        end_in(site, world.poll_id, minutes)


def test_a_countdown_needs_an_open_poll(site: Site) -> None:
    world = build_poll(site, count=1, opened=False)
    with pytest.raises(WrongState):
        end_in(site, world.poll_id, 5)


def checks(site: Site, poll_id: int) -> dict[str, bool]:
    with site.database.reading() as session:
        return {each.text: each.passed for each in hall.closing_checks(session, polls.poll_of(session, poll_id))}


@pytest.mark.parametrize(("present", "passed"), [(None, False), (6, False), (7, True)])
def test_the_checks_want_two_thirds_present(site: Site, present: int | None, passed: bool) -> None:
    world = build_poll(site, count=10, entitled=10, present=present)
    assert next(value for text, value in checks(site, world.poll_id).items() if "实到" in text) is passed


@pytest.mark.parametrize(("present", "passed"), [(480, False), (49, False), (48, True)])
def test_more_present_than_entitled_is_pointed_out_and_bars_nothing(site: Site, present: int, passed: bool) -> None:
    world = build_poll(site, count=1, entitled=48, present=present)
    assert checks(site, world.poll_id)["实到不多于应到（48 人）"] is passed
    close_and_seal(site, world.poll_id)


def test_the_checks_cannot_be_used_to_count_votes(site: Site) -> None:
    """Whoever tries numbers present learns the turnout in steps of 5 and no finer."""
    world = build_poll(site, count=10, entitled=6)
    submitted = filled(sheet_of(site, world.poll_id))
    seen = []
    for code in world.codes["A"][:9]:
        cast(site, code, submitted)
        with site.database.writing() as session:
            polls.set_present(session, NOW, COMMAND_LINE, world.poll_id, 4)
        seen.append(checks(site, world.poll_id)["收回不多于实到（4 人）"])
    assert seen == [True] * 4 + [False] * 5
    with site.database.writing() as session:
        polls.set_present(session, NOW, COMMAND_LINE, world.poll_id, 8)
    assert checks(site, world.poll_id)["收回不多于实到（8 人）"], "nine have voted; five are told"
    assert poll_of(site, world.poll_id).state is PollState.OPEN
