"""What a voter meets who comes at the wrong time, with a submission or without; a rehearsal says so on each page."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.site import Site
from surveys.vote import hall
from surveys.vote.ticketing import tickets
from tests.builders import World, box_counts, build_poll, cast, close, close_and_seal, filled, sheet_of
from tests.sites import NOW
from tests.strict_client import Page, StrictClient
from tests.worlds import client_of

REHEARSAL = "演练，结果不计入考核"


def pause(site: Site, world: World) -> None:
    with site.database.writing() as session:
        hall.pause(session, NOW, COMMAND_LINE, world.poll_id, "停电")


def time_up(site: Site, world: World) -> None:
    with site.database.writing() as session:
        hall.end_in(session, site.now() - timedelta(hours=1), COMMAND_LINE, world.poll_id, 5)


def void(site: Site, world: World) -> None:
    with site.database.writing() as session:
        tickets.void(session, NOW, COMMAND_LINE, world.poll_id, world.codes["A"][0], "丢")


def use(site: Site, world: World) -> None:
    cast(site, world.codes["A"][0], filled(sheet_of(site, world.poll_id)))


def posted(client: StrictClient, site: Site, world: World, **fields: str) -> Page:
    return Page(client.post(f"/b/{world.codes['A'][0]}", data=filled(sheet_of(site, world.poll_id), "AB") | fields))


@pytest.mark.parametrize(("stop", "heading"), [(pause, "投票暂停"), (time_up, "投票时间已到")])
def test_who_comes_too_early_or_too_late_keeps_the_ticket_and_the_answers(
    app: Flask, site: Site, stop: Callable[[Site, World], None], heading: str
) -> None:
    world = build_poll(site, count=1)
    client, address = client_of(app), f"/b/{world.codes['A'][0]}"
    stop(site, world)
    looked = Page(client.get(address))
    assert looked.heading == heading
    assert "请刷新本页" in looked.text
    assert "data-keep" in looked.html
    assert "<form" not in looked.html
    page = posted(client, site, world)
    assert page.heading == heading
    assert "这次没有计入" in page.text
    assert "请点“再提交”" in page.text
    form = page.form(address)
    assert len(form.pop("nonce")) == 32, "the same submission, however often it is sent"
    assert form == {name: letters[0] for name, letters in filled(sheet_of(site, world.poll_id), "AB").items()}
    assert box_counts(site, world.poll_id) == {"unused": 1}


def test_the_answers_that_are_kept_are_counted_once_voting_goes_on(app: Flask, site: Site) -> None:
    world = build_poll(site, count=1)
    client, address = client_of(app), f"/b/{world.codes['A'][0]}"
    time_up(site, world)
    form = posted(client, site, world).form(address)
    with site.database.writing() as session:
        hall.end_in(session, site.now(), COMMAND_LINE, world.poll_id, 10)
    pages = [Page(client.post(address, data=form)) for _ in range(2)]
    assert [page.heading for page in pages] == ["您的票已计入"] * 2
    assert pages[0].html == pages[1].html
    assert box_counts(site, world.poll_id) == {"cast": 1, "ballots": 1, "receipts": 1}


def test_that_blanks_are_meant_is_kept_too(lite_app: Flask, lite_site: Site) -> None:
    world = build_poll(lite_site, count=1)
    client = client_of(lite_app)
    pause(lite_site, world)
    form = posted(client, lite_site, world, blanks_meant="1").form(f"/b/{world.codes['A'][0]}")
    assert form["blanks_meant"] == "1"


def test_what_no_form_sends_is_not_shown_again(lite_app: Flask, lite_site: Site) -> None:
    world = build_poll(lite_site, count=1)
    client = client_of(lite_app)
    pause(lite_site, world)
    page = posted(client, lite_site, world, **{"o-1": "A\0", "x\x01": "A", "<b>'\"&": "<i>"})
    assert "<b>" not in page.html
    assert not [letter for letter in page.html if letter < " " and letter != "\n"]


@pytest.mark.parametrize("stop", [close, close_and_seal])
def test_once_the_poll_is_closed_nothing_is_kept(
    lite_app: Flask, lite_site: Site, stop: Callable[[Site, int], object]
) -> None:
    world = build_poll(lite_site, count=1)
    time_up(lite_site, world)
    stop(lite_site, world.poll_id)
    page = posted(client_of(lite_app), lite_site, world)
    assert page.heading == "投票已经结束"
    assert "data-keep" not in page.html
    assert "<form" not in page.html


STOPS: dict[str, tuple[Callable[[Site, World], object], str]] = {
    "used": (use, "此票已使用"),
    "void": (void, "此票已作废"),
    "paused": (pause, "投票暂停"),
    "time up": (time_up, "投票时间已到"),
    "closed": (lambda site, world: close(site, world.poll_id), "投票已经结束"),
}


@pytest.mark.parametrize("rehearsal", [True, False])
@pytest.mark.parametrize("which", STOPS)
def test_a_rehearsal_says_so_on_the_page_of_each_refusal(
    lite_app: Flask, lite_site: Site, which: str, rehearsal: bool
) -> None:
    stop, heading = STOPS[which]
    world = build_poll(lite_site, count=1, rehearsal=rehearsal)
    client = client_of(lite_app)
    stop(lite_site, world)
    for page in (Page(client.get(f"/b/{world.codes['A'][0]}")), posted(client, lite_site, world)):
        assert page.heading == heading
        assert (REHEARSAL in page.html) is rehearsal


def test_a_rehearsal_says_so_before_it_opens_and_of_blanks_and_wrong_answers(lite_app: Flask, lite_site: Site) -> None:
    client = client_of(lite_app)
    draft = build_poll(lite_site, count=1, rehearsal=True, opened=False)
    world = build_poll(lite_site, count=1, rehearsal=True)
    pages = [
        Page(client.get(f"/b/{draft.codes['A'][0]}")),
        Page(client.post(f"/b/{world.codes['A'][0]}", data={"nonce": ""})),
        posted(client, lite_site, world, **{"extra": "A"}),
    ]
    assert [page.heading for page in pages[::2]] == ["投票还没有开始", "这次提交没有计入"]
    assert "这次没有计入" in pages[1].text
    assert [REHEARSAL in page.html for page in pages] == [True] * 3


def test_receipts_of_a_rehearsal_and_of_a_real_poll_are_told_apart(lite_app: Flask, lite_site: Site) -> None:
    """One process serves both, and shows a receipt again to whoever sends the same twice."""
    client = client_of(lite_app)
    for rehearsal in (False, True, False, True):
        world = build_poll(lite_site, count=1, rehearsal=rehearsal)
        for _ in range(2):
            page = posted(client, lite_site, world, nonce="0123456789abcdef" * 2)
            assert page.heading == "您的票已计入"
            assert (REHEARSAL in page.html) is rehearsal
