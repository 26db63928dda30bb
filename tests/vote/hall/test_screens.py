"""The hall's screen: the state, the turnout in steps, the time left; nothing else; and cheap to ask."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from surveys.acts.actors import Role
from surveys.acts.errors import NotFound
from surveys.acts.site import Site
from surveys.polling.states import PollState
from surveys.storage.tables import Poll
from surveys.vote import hall_screen
from surveys.vote.hall_screen import KEPT_SECONDS, Screen, Screens
from tests.builders import World, build_poll, build_unit, cast, close, close_and_seal, filled, sheet_of
from tests.sites import NOW
from tests.worlds import Shown, client_of


def screen(site: Site, prefix: str) -> Screen:
    with site.database.reading() as session:
        return hall_screen.screen(session, prefix)


def prefix_of(world: World) -> str:
    return world.codes["A"][0][:4]


def change(site: Site, poll_id: int, **values: Any) -> None:
    with site.database.writing() as session:
        session.execute(sa.update(Poll).where(Poll.id == poll_id).values(**values))
        session.commit()


@contextmanager
def statements(site: Site) -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    sa.event.listen(site.database.engine, "before_cursor_execute", note)
    yield asked
    sa.event.remove(site.database.engine, "before_cursor_execute", note)


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.mark.parametrize(("votes", "shown"), [(0, 0), (4, 0), (5, 5), (9, 5), (10, 10)])
def test_turnout_moves_in_steps_until_it_is_sealed(site, votes, shown):
    world = build_poll(site, entitled=12, present=11, rehearsal=True)
    for code in world.codes["A"][:votes]:
        cast(site, code, filled(sheet_of(site, world.poll_id)))
    prefix = prefix_of(world)
    expected = Screen(prefix, "样例局", "年度民主测评", True, PollState.OPEN, 12, 11, shown, None)
    assert screen(site, prefix) == screen(site, f" {prefix.lower()}") == expected
    assert expected.base == 11
    close(site, world.poll_id)
    assert screen(site, prefix).returned == shown


def test_the_exact_turnout_is_shown_once_sealed(site):
    world = build_poll(site, entitled=10)
    for code in world.codes["A"][:7]:
        cast(site, code, filled(sheet_of(site, world.poll_id)))
    close_and_seal(site, world.poll_id)
    found = screen(site, prefix_of(world))
    assert (found.state, found.returned, found.present, found.base) == (PollState.SEALED, 7, None, 10)


def test_another_polls_votes_are_not_counted(site):
    _, unit_id = build_unit(site)
    world, other = (build_poll(site, unit_id=unit_id, count=5) for _ in range(2))
    for code in other.codes["A"]:
        cast(site, code, filled(sheet_of(site, other.poll_id)))
    assert screen(site, prefix_of(world)).returned == 0


@pytest.mark.parametrize("prefix", ["", "x", "0000", "ABCDE", "票票票票"])
def test_an_unknown_screen_is_not_found(site, prefix):
    with pytest.raises(NotFound, match="没有这块大屏"):
        screen(site, prefix)


@pytest.mark.parametrize(("seconds", "left"), [(90, 90), (0.2, 1), (0, 0), (-5, 0)])
def test_the_time_left_is_whole_seconds_and_never_below_0(site, seconds, left):
    world = build_poll(site)
    assert screen(site, prefix_of(world)).closes_in(NOW) is None
    change(site, world.poll_id, closes_at=NOW + timedelta(seconds=seconds))
    assert screen(site, prefix_of(world)).closes_in(NOW) == left


@pytest.mark.parametrize("state", list(PollState))
def test_the_time_left_is_shown_while_voting_goes_on(lite_site, state):
    world = build_poll(lite_site)
    change(
        lite_site,
        world.poll_id,
        state=state,
        seal="x" if state is PollState.SEALED else None,
        closes_at=NOW + timedelta(minutes=1),
    )
    shown = screen(lite_site, prefix_of(world))
    under_way = state in (PollState.OPEN, PollState.PAUSED)
    assert shown.closes_in(NOW) == (60 if under_way else None)
    moments = [NOW + timedelta(seconds=seconds) for seconds in (59, 60, 61)]
    assert [shown.time_is_up(moment) for moment in moments] == [False, under_way, under_way]


@pytest.mark.both
def test_a_screen_is_kept_for_two_seconds(site):
    world = build_poll(site)
    clock = Clock()
    kept = Screens(clock)
    with statements(site) as asked:
        first = kept.get(site.database, prefix_of(world))
        count = len(asked)
        assert count > 0
        clock.seconds += KEPT_SECONDS - 0.1
        assert kept.get(site.database, prefix_of(world).lower()) is first
        assert len(asked) == count
    close(site, world.poll_id)
    clock.seconds += 0.2
    assert kept.get(site.database, prefix_of(world)).state is PollState.CLOSED


def test_what_is_not_there_is_not_kept(site):
    kept = Screens(Clock())
    with pytest.raises(NotFound):
        kept.get(site.database, "0000")
    assert not kept._kept


@pytest.fixture
def clock(lite_app: Flask) -> Clock:
    found = Clock()
    lite_app.extensions["screens"] = Screens(found)
    return found


def test_fifty_screens_ask_the_database_no_more_than_one(lite_app: Flask, lite_site: Site, clock: Clock) -> None:
    world = build_poll(lite_site)
    address = f"/screen/{prefix_of(world)}/live"
    client = client_of(lite_app)
    etag = client.get(address).headers["ETag"]
    with statements(lite_site) as asked:
        answers = [client.get(address, headers={"If-None-Match": etag}) for _ in range(50)]
        assert asked == []
        assert {(answer.status_code, answer.data) for answer in answers} == {(304, b"")}
        clock.seconds += KEPT_SECONDS
        assert client.get(address, headers={"If-None-Match": etag}).status_code == 304
        assert asked


def test_the_answer_is_new_when_a_figure_is(lite_app: Flask, lite_site: Site, clock: Clock) -> None:
    world = build_poll(lite_site, present=9)
    address = f"/screen/{prefix_of(world)}/live"
    client = client_of(lite_app)
    change(lite_site, world.poll_id, closes_at=datetime.now(UTC) + timedelta(minutes=5))
    first = client.get(address)
    figures = dict(first.json or {})
    assert 290 <= figures.pop("closes_in") <= 300
    assert figures == {
        "state": "open", "entitled": 10, "present": 9, "base": 9, "returned": 0, "time_is_up": False,
    }  # fmt: skip
    sheet = sheet_of(lite_site, world.poll_id)

    def asked_again() -> int:
        clock.seconds += KEPT_SECONDS
        return client.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code

    for code in world.codes["A"][:4]:
        cast(lite_site, code, filled(sheet))
    assert asked_again() == 304, "the seconds that passed and four votes are nothing new"
    cast(lite_site, world.codes["A"][4], filled(sheet))
    assert asked_again() == 200


def test_the_answer_is_new_when_time_is_up(
    lite_app: Flask, lite_site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else has changed by then, and the screen kept is the same."""
    world = build_poll(lite_site)
    end = datetime.now(UTC) + timedelta(minutes=5)
    change(lite_site, world.poll_id, closes_at=end)
    address = f"/screen/{prefix_of(world)}/live"
    client = client_of(lite_app)
    etag = client.get(address).headers["ETag"]
    monkeypatch.setattr(Site, "now", lambda _site: end)
    after = client.get(address, headers={"If-None-Match": etag})
    assert (after.status_code, (after.json or {})["time_is_up"]) == (200, True)


def test_a_screen_says_that_time_is_up_and_no_longer_how_to_vote(lite_app: Flask, lite_site: Site) -> None:
    world = build_poll(lite_site)
    change(lite_site, world.poll_id, closes_at=datetime.now(UTC) - timedelta(seconds=1))
    page = client_of(lite_app).page(f"/screen/{prefix_of(world)}")
    assert "时间到，已停止收票" in page.text
    assert "投票中" not in page.text
    assert "怎么投票" not in page.text
    assert 'id="clock" data-closes-in="" hidden' in page.html


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (PollState.DRAFT, ["未开始", "怎么投票"]),
        (PollState.OPEN, ["投票中", "收回 5 张", "每满 5 张", "怎么投票", "127.0.0.1:8000"]),
        (PollState.CLOSED, ["已结束", "收回 5 张", "正在核对", "接下来"]),
        (PollState.SEALED, ["已封存", "收回 7 张", "到公示板核对"]),
    ],
)
def test_what_a_screen_says(shown: Shown, state: PollState, words: list[str]) -> None:
    world = shown.world.polls[state]
    page = shown.client().page(f"/screen/{prefix_of(world)}")
    for word in words:
        assert word in page.text
    assert ("怎么投票" in page.text) is (state in (PollState.DRAFT, PollState.OPEN))
    assert "得分" not in page.text
    assert "发出" not in page.text
    board = f"127.0.0.1:8000/board/{prefix_of(world)}"
    assert (board in page.text) is (state is PollState.SEALED)
    assert set(shown.client().get(f"/screen/{prefix_of(world)}/live").json or ()) == {
        "state", "entitled", "present", "base", "returned", "closes_in", "time_is_up",
    }  # fmt: skip


def test_a_paused_screen_says_that_nothing_is_lost(lite_app: Flask, lite_site: Site) -> None:
    world = build_poll(lite_site, rehearsal=True)
    change(lite_site, world.poll_id, state=PollState.PAUSED, closes_at=datetime.now(UTC) + timedelta(seconds=150))
    page = client_of(lite_app).page(f"/screen/{prefix_of(world)}")
    for words in ("已暂停", "填好的内容都还在", "演练", "离投票结束 2 分钟"):
        assert words in page.text


def test_the_organizers_desk_leads_to_the_screen(shown: Shown) -> None:
    links = shown.client(Role.ORGANIZER).page(f"/polls/{shown.world.open.poll_id}").links()
    assert f"/screen/{prefix_of(shown.world.open)}" in links


def test_an_unknown_screen_is_a_page_for_anybody(shown: Shown) -> None:
    page = shown.client().page("/screen/0000", 404)
    assert "没有这块大屏" in page.text
    assert "测评管理" not in page.html
