"""Doors: each code shown once and in one answer alone, never beyond the quota, from however many screens at once."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.errors import BadInput, NotFound, WrongState
from surveys.acts.site import Site
from surveys.polling import codes
from surveys.polling.base32 import grouped
from surveys.polling.states import PollState, Purpose
from surveys.storage.tables import Batch, Poll
from surveys.vote import door_screens, polls
from surveys.vote.door_screens import Added, Dispensed, DoorScreen
from surveys.vote.polls import ClassEntry
from surveys.vote.ticketing import tickets
from tests.builders import box_counts, build_poll, cast, close, close_and_seal, dump, filled, run_sql, sheet_of
from tests.sites import NOW
from tests.tools import together
from tests.vote.hall.test_hall import end_in

pytestmark = pytest.mark.both

TWO = (ClassEntry("A", "甲", Decimal(1)), ClassEntry("B", "乙", Decimal(2)))


def plan(site: Site, poll_id: int, planned: int, class_key: str = "A") -> None:
    with site.database.writing() as session:
        door_screens.set_planned(session, NOW, COMMAND_LINE, poll_id, class_key, planned)


def add(site: Site, poll_id: int, name: str = "东门", class_key: str = "A") -> Added:
    with site.database.writing() as session:
        return door_screens.add_door(session, NOW, COMMAND_LINE, poll_id, name, class_key)


def shut(site: Site, poll_id: int, number: int) -> None:
    with site.database.writing() as session:
        door_screens.shut_door(session, NOW, COMMAND_LINE, poll_id, number)


def screen(site: Site, token: str, now: datetime = NOW) -> DoorScreen:
    with site.database.reading() as session:
        return door_screens.door_screen(session, now, token)


def following(site: Site, token: str, leaving: str | None, now: datetime = NOW) -> Dispensed:
    with site.database.writing() as session:
        return door_screens.next_ticket(session, now, token, leaving)


def door_of(site: Site, planned: int = 5, **options: Any) -> tuple[int, str]:
    """(poll id, token) of a poll without tickets and a door of it."""
    world = build_poll(site, count=0, **options)
    plan(site, world.poll_id, planned)
    return world.poll_id, add(site, world.poll_id).token


def set_state(site: Site, poll_id: int, state: PollState) -> None:
    run_sql(site, "UPDATE polls SET state = :state WHERE id = :id", state=state.value, id=poll_id)


@pytest.fixture
def other_site(site: Site) -> Iterator[Site]:
    """A second process, as far as the database can tell."""
    other = Site.build(site.settings)
    yield other
    other.database.engine.dispose()


def test_a_door_has_a_batch_of_its_own_and_keeps_the_hash_of_its_token_alone(site):
    _poll_id, token = door_of(site)
    assert len(bytes.fromhex(token)) == 16
    with site.database.reading() as session:
        batches = [(batch.number, batch.purpose) for batch in session.scalars(sa.select(Batch))]
    assert batches == [(1, Purpose.DOOR)]
    assert token not in str(dump(site.database))
    assert screen(site, token) == DoorScreen(
        "东门", "参评人", "样例局", "年度民主测评", False, PollState.OPEN, False, False, 5, None, False
    )
    acts = {row[3]: row[5] for row in dump(site.database)["audit_log"]}
    assert acts["door.add"] == "第 1 块 东门，A 票，第 1 批"
    assert acts["ticket.planned"] == "A 票 5 张"


def test_a_door_needs_a_number_planned(site):
    world = build_poll(site, count=0, classes=TWO)
    plan(site, world.poll_id, 5, "B")
    before = dump(site.database)
    with pytest.raises(BadInput, match="还没有定计划张数"):
        add(site, world.poll_id)
    assert dump(site.database) == before
    add(site, world.poll_id, class_key="B")


@pytest.mark.parametrize("name", ["", " \u3000", "门" * 21])
def test_a_door_needs_a_name(site, name):
    world = build_poll(site, count=0)
    plan(site, world.poll_id, 5)
    with pytest.raises(BadInput, match="名称须为"):
        add(site, world.poll_id, name)


def test_a_name_is_used_once_until_its_door_is_shut(site):
    poll_id, _ = door_of(site)
    with pytest.raises(BadInput, match="已经有一块叫“东门”"):
        add(site, poll_id)
    shut(site, poll_id, 1)
    assert add(site, poll_id).number == 2


@pytest.mark.parametrize("planned", [0, -1, 100_001])
def test_a_number_that_cannot_be_planned_is_refused(site, planned):
    world = build_poll(site, count=0)
    with pytest.raises(BadInput):
        plan(site, world.poll_id, planned)


def test_what_is_not_there_is_not_found(site):
    poll_id, token = door_of(site)
    calls: list[Callable[[], object]] = [
        lambda: plan(site, poll_id, 5, "B"),
        lambda: plan(site, poll_id + 1, 5),
        lambda: add(site, poll_id, "西门", "B"),
        lambda: shut(site, poll_id, 2),
        lambda: screen(site, token[:-1]),
        lambda: screen(site, token.upper() + "0"),
        lambda: following(site, "", None),
    ]
    before = dump(site.database)
    for call in calls:
        with pytest.raises(NotFound):
            call()
    assert dump(site.database) == before


def test_a_ticket_is_made_when_it_is_shown(site):
    poll_id, token = door_of(site)
    assert box_counts(site, poll_id) == {}
    first = following(site, token, None)
    second = following(site, token, first.showing)
    assert first.code != second.code
    assert first.showing != second.showing
    assert len(bytes.fromhex(second.showing)) == 16
    assert box_counts(site, poll_id) == {"unused": 2}
    found = screen(site, token)
    assert (found.showing, found.taken, found.left) == (second.showing, False, 3)
    for each in (first, second):
        cast(site, each.code, filled(sheet_of(site, poll_id)))
    assert box_counts(site, poll_id) == {"cast": 2, "ballots": 2, "receipts": 2}


def test_only_the_screen_that_shows_the_last_code_moves_on(site):
    """A double tap, a second tab: the later one makes nothing."""
    _, token = door_of(site)
    first = following(site, token, None)
    before = dump(site.database)
    for leaving in (None, "", "0" * 32, first.showing.upper() + "0"):
        with pytest.raises(WrongState, match="另一块屏"):
            following(site, token, leaving)
    assert dump(site.database) == before
    following(site, token, first.showing)


def test_the_quota_counts_every_ticket_of_the_class_that_is_not_void(site):
    world = build_poll(site, count=3, classes=TWO)
    plan(site, world.poll_id, 5)
    token = add(site, world.poll_id).token
    showing = following(site, token, None).showing
    showing = following(site, token, showing).showing
    before = dump(site.database)
    with pytest.raises(WrongState, match="票已发完，请找工作人员"):
        following(site, token, showing)
    assert dump(site.database) == before
    with site.database.writing() as session:
        tickets.void(session, NOW, COMMAND_LINE, world.poll_id, world.codes["A"][0], "丢")
    showing = following(site, token, showing).showing
    with pytest.raises(WrongState, match="票已发完"):
        following(site, token, showing)
    plan(site, world.poll_id, 6)
    following(site, token, showing)


def test_a_number_planned_below_what_is_issued_leaves_nothing(site):
    world = build_poll(site, count=3)
    plan(site, world.poll_id, 2)
    assert screen(site, add(site, world.poll_id).token).left == 0


@pytest.mark.parametrize("state", list(PollState))
def test_tickets_are_made_while_tickets_may_be_issued(site, state):
    poll_id, token = door_of(site, opened=False)
    if state is PollState.SEALED:
        run_sql(site, "UPDATE polls SET state = 'sealed', seal = 'x' WHERE id = :id", id=poll_id)
    else:
        set_state(site, poll_id, state)
    if state in tickets.ISSUING:
        following(site, token, None)
        assert screen(site, token).working
        return
    for call in (
        lambda: following(site, token, None),
        lambda: add(site, poll_id, "西门"),
        lambda: plan(site, poll_id, 9),
    ):
        with pytest.raises(WrongState, match=state.label):
            call()
    assert not screen(site, token).working
    assert box_counts(site, poll_id) == {}


def test_a_door_that_is_shut_makes_no_more(site):
    poll_id, token = door_of(site)
    showing = following(site, token, None).showing
    shut(site, poll_id, 1)
    for leaving in (None, showing):
        with pytest.raises(WrongState, match="已由组织员关闭"):
            following(site, token, leaving)
    with pytest.raises(WrongState, match="已经关闭"):
        shut(site, poll_id, 1)
    assert box_counts(site, poll_id) == {"unused": 1}
    assert not screen(site, token).working
    assert [row[5] for row in dump(site.database)["audit_log"] if row[3] == "door.shut"] == ["第 1 块 东门"]


def test_a_door_stops_when_time_is_up_until_there_is_more(site):
    poll_id, token = door_of(site)
    end_in(site, poll_id, 5)
    showing = following(site, token, None, NOW + timedelta(minutes=4, seconds=59)).showing
    late = NOW + timedelta(minutes=5)
    found = screen(site, token, late)
    assert (found.working, found.waiting) == (False, True)
    with pytest.raises(WrongState, match="投票时间已到"):
        following(site, token, showing, late)
    assert box_counts(site, poll_id) == {"unused": 1}
    end_in(site, poll_id, 5, late)
    found = screen(site, token, late)
    assert (found.working, found.waiting) == (True, False)
    following(site, token, showing, late)
    shut(site, poll_id, 1)
    assert not screen(site, token, late + timedelta(minutes=5)).waiting, "it is shut for good"


def test_a_code_that_was_opened_is_taken_and_only_while_it_is_shown(site):
    _, token = door_of(site)
    first = following(site, token, None)
    door_screens.opened(site, first.showing)
    assert screen(site, token).taken
    second = following(site, token, first.showing)
    door_screens.opened(site, first.showing)
    assert not screen(site, token).taken
    door_screens.opened(site, second.showing)
    door_screens.opened(site, second.showing)
    assert screen(site, token).taken


def test_opening_takes_the_code_of_one_door_alone(site):
    poll_id, east = door_of(site)
    west = add(site, poll_id, "西门").token
    shown = following(site, east, None)
    following(site, west, None)
    door_screens.opened(site, shown.showing)
    assert (screen(site, east).taken, screen(site, west).taken) == (True, False)


@pytest.mark.parametrize("showing", ["", "x", "0", "0" * 32, "0" * 300, "票", " ", "\0"])
def test_a_number_that_no_screen_shows_changes_nothing(site, showing):
    _, token = door_of(site)
    following(site, token, None)
    before = dump(site.database)
    door_screens.opened(site, showing)
    assert dump(site.database) == before


def test_a_number_that_no_screen_shows_takes_no_lock(lite_site, monkeypatch):
    _, token = door_of(lite_site)
    following(lite_site, token, None)
    monkeypatch.setattr(lite_site.database, "writing", lambda: pytest.fail("a stranger took the writers' lock"))
    door_screens.opened(lite_site, "0" * 32)


def test_two_doors_never_make_the_same_code_nor_more_than_planned(site, other_site):
    """Each door and a second tab of it, in two processes as far as the database can tell, until nothing is left."""
    poll_id, east = door_of(site, planned=31)
    west = add(site, poll_id, "西门").token
    made: list[Dispensed] = []

    def hand_out(where: Site, token: str) -> None:
        while screen(where, token).left:
            try:
                made.append(following(where, token, screen(where, token).showing))
            except WrongState:
                continue

    outcomes = together(
        *[lambda w=where, t=token: hand_out(w, t) for where in (site, other_site) for token in (east, west)]
    )
    assert outcomes == [None] * 4
    assert len(made) == len({each.code for each in made}) == len({each.showing for each in made}) == 31
    assert box_counts(site, poll_id) == {"unused": 31}
    with site.database.reading() as session:
        lines = door_screens.door_lines(session, polls.poll_of(session, poll_id))
    assert sum(line.given for line in lines) == 31
    assert [line.name for line in lines] == ["东门", "西门"]


def test_of_taps_at_one_moment_one_counts(site, other_site):
    poll_id, token = door_of(site, planned=100)
    showing = None
    for number in range(1, 11):
        outcomes = together(
            *[lambda s=where, leaving=showing: following(s, token, leaving) for where in (site, other_site, site)]
        )
        won = [each for each in outcomes if isinstance(each, Dispensed)]
        assert len(won) == 1, outcomes
        assert len([each for each in outcomes if isinstance(each, WrongState)]) == 2, outcomes
        assert box_counts(site, poll_id) == {"unused": number}
        showing = won[0].showing


def test_the_last_ticket_goes_to_one_of_two_doors(site, other_site):
    poll_id, east = door_of(site, planned=1)
    west = add(site, poll_id, "西门").token
    outcomes = together(lambda: following(site, east, None), lambda: following(other_site, west, None))
    assert len([each for each in outcomes if isinstance(each, Dispensed)]) == 1
    assert box_counts(site, poll_id) == {"unused": 1}


def test_making_tickets_and_voting_go_on_side_by_side(site, other_site):
    poll_id, token = door_of(site, planned=20)
    submitted = filled(sheet_of(site, poll_id))
    made: list[str] = []

    def hand_out() -> None:
        showing = None
        for _ in range(20):
            dispensed = following(site, token, showing)
            showing = dispensed.showing
            made.append(dispensed.code)

    def vote() -> None:
        for number in range(20):
            while len(made) <= number:
                threading.Event().wait(0.005)
            cast(other_site, made[number], submitted)

    assert together(hand_out, vote) == [None, None]
    assert box_counts(site, poll_id) == {"cast": 20, "ballots": 20, "receipts": 20}
    close_and_seal(site, poll_id)


def test_nothing_of_a_door_leads_to_a_ticket_or_a_ballot(site):
    """After a vote: the door's row holds nothing that is, or is worked out from, a code, its hash, a ballot's id or a
    receipt; and what a screen shows is as random as what comes after it."""
    poll_id, token = door_of(site, planned=9)
    showing, handed = None, []
    for _ in range(6):
        handed.append(following(site, token, showing))
        showing = handed[-1].showing
        door_screens.opened(site, showing)
    receipts = [cast(site, each.code, filled(sheet_of(site, poll_id))) for each in handed]
    tables = dump(site.database)
    (door,) = tables["doors"]
    kept = {bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode() for value in door}
    boxes = {
        bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
        for name in ("tickets", "ballots", "receipts")
        for row in tables[name]
        for value in row
    }
    long_ones = {value for value in kept if len(value) > 8}
    assert len(long_ones) == 2, "the token's hash and the number on the screen"
    assert not long_ones & boxes
    for each, receipt in zip(handed, receipts, strict=True):
        number = bytes.fromhex(each.showing)
        for secret in (each.code.encode(), grouped(each.code).encode(), receipt.encode(), codes.hash_code(each.code)):
            assert not [value for value in kept if secret in value or value in (secret, secret[:16], secret[-16:])]
        assert number not in codes.hash_code(each.code)
        assert all(code not in str(tables) for code in (each.code, grouped(each.code), each.code[4:]))
    assert [row for row in tables["audit_log"] if row[3] not in ("door.add", "ticket.planned")] == [
        row for row in tables["audit_log"] if row[3].startswith(("assessment", "unit", "poll"))
    ], "handing out is in no log"


def test_numbers_shown_do_not_follow_from_the_code(site, monkeypatch):
    """The same code twice would be shown under two numbers."""
    _, token = door_of(site, planned=9)
    monkeypatch.setattr(codes, "new_code", lambda prefix: prefix + "0" * 16)
    first = following(site, token, None)
    run_sql(site, "DELETE FROM tickets")
    assert following(site, token, first.showing).showing != first.showing


def test_tickets_of_a_door_add_up_when_the_poll_is_sealed(site):
    poll_id, token = door_of(site, planned=9)
    first = following(site, token, None)
    following(site, token, first.showing)
    cast(site, first.code, filled(sheet_of(site, poll_id)))
    close(site, poll_id)
    with site.database.reading() as session:
        assert session.get_one(Poll, poll_id).state is PollState.CLOSED
    assert box_counts(site, poll_id) == {"cast": 1, "unused": 1, "ballots": 1, "receipts": 1}
