"""The number present: two people enter it, and closing fixes it."""

from collections.abc import Callable

import pytest
from flask import Flask

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import WrongState
from surveys.acts.site import Site
from surveys.vote import headcounts, polls, rehearsals
from surveys.vote.polls import poll_of
from tests.builders import account, build_poll, close, count_present, dump, seal, set_rules
from tests.sites import NOW
from tests.stored import ASKED_SINCE
from tests.worlds import client_of

pytestmark = pytest.mark.both

People = tuple[Actor, Actor, Actor]


@pytest.fixture
def poll_id(site: Site) -> int:
    return build_poll(site, count=1, entitled=10).poll_id


@pytest.fixture
def people(site: Site) -> People:
    organizer = account(site, "组织", Role.ORGANIZER)
    return organizer, account(site, "监票", Role.SCRUTINEER), account(site, "管理", Role.ADMIN)


def enter(site: Site, poll_id: int, actor: Actor, number: int) -> None:
    with site.database.writing() as session:
        polls.set_present(session, NOW, actor, poll_id, number)


def close_by(site: Site, poll_id: int, actor: Actor) -> None:
    with site.database.writing() as session:
        polls.close_poll(session, NOW, actor, poll_id)


def stands(site: Site, poll_id: int) -> tuple[int | None, str]:
    with site.database.reading() as session:
        poll = poll_of(session, poll_id)
        found = headcounts.headcount(session, poll)
    assert found.stands == poll.present
    return found.stands, found.words


def refused(site: Site, error: type[Exception], words: str, act: Callable[[], object]) -> None:
    before = dump(site.database)
    with pytest.raises(error, match=words):
        act()
    assert dump(site.database) == before


def test_one_alone_sets_no_number_and_cannot_raise_it_after_the_vote(site: Site, poll_id: int, people: People) -> None:
    organizer, scrutineer, _ = people
    for number in (8, 8, 155):
        enter(site, poll_id, organizer, number)
        assert stands(site, poll_id) == (None, f"组织登记 {number} 人，等另一人登记同样的人数")
    refused(site, WrongState, "还没有两人登记一致", lambda: close_by(site, poll_id, organizer))
    enter(site, poll_id, organizer, 8)
    enter(site, poll_id, scrutineer, 8)
    assert stands(site, poll_id) == (8, "组织登记 8 人，监票登记 8 人，一致")
    close_by(site, poll_id, organizer)
    for actor in (*people, COMMAND_LINE):
        refused(site, WrongState, "不能再改", lambda each=actor: enter(site, poll_id, each, 155))
    seal(site, poll_id)
    assert stands(site, poll_id)[0] == 8


def test_where_two_differ_both_are_shown_and_neither_stands(site: Site, poll_id: int, people: People) -> None:
    organizer, scrutineer, admin = people
    enter(site, poll_id, organizer, 8)
    enter(site, poll_id, scrutineer, 9)
    assert stands(site, poll_id) == (None, "组织登记 8 人，监票登记 9 人，不一致，都不算")
    refused(site, WrongState, "还没有两人登记一致", lambda: close_by(site, poll_id, organizer))
    enter(site, poll_id, admin, 9)
    assert stands(site, poll_id) == (9, "监票登记 9 人，管理登记 9 人，一致")
    # Somebody comes late: the number that stood stands no more until another counts the same.
    enter(site, poll_id, organizer, 10)
    assert stands(site, poll_id)[0] is None
    enter(site, poll_id, scrutineer, 10)
    assert stands(site, poll_id)[0] == 10


def test_nobody_came_is_a_number_too(site: Site, poll_id: int, people: People) -> None:
    for actor in people[:2]:
        enter(site, poll_id, actor, 0)
    close_by(site, poll_id, people[0])
    assert stands(site, poll_id)[0] == 0


def test_the_command_line_counts_at_once_and_is_marked(site: Site, poll_id: int, people: People) -> None:
    enter(site, poll_id, people[0], 9)
    count_present(site, poll_id, 8)
    assert stands(site, poll_id) == (8, "命令行登记")
    enter(site, poll_id, people[0], 9)
    assert stands(site, poll_id) == (None, "命令行登记 8 人，组织登记 9 人，不一致，都不算")
    count_present(site, poll_id, 7)
    close(site, poll_id)
    assert stands(site, poll_id) == (7, "命令行登记")


def test_without_an_account_closing_waits_for_nothing(site: Site, poll_id: int) -> None:
    close(site, poll_id)
    assert stands(site, poll_id) == (None, "")


def test_a_rehearsal_needs_one(site: Site, people: People) -> None:
    draft = build_poll(site, count=1, opened=False).poll_id
    with site.database.writing() as session:
        double = rehearsals.rehearse(session, NOW, people[0], draft)
        polls.open_poll(session, NOW, people[0], double)
    close_by(site, double, people[0])
    enter(site, double, people[0], 8)
    assert stands(site, double)[0] == 8
    rehearsals.wipe(site, NOW, people[0], double)


def test_what_was_opened_before_is_as_before(site: Site, poll_id: int, people: People) -> None:
    set_rules(site, poll_id, without=ASKED_SINCE)
    enter(site, poll_id, people[0], 8)
    close_by(site, poll_id, people[0])
    enter(site, poll_id, people[0], 9)
    assert stands(site, poll_id) == (9, "")


def test_what_one_entered_in_a_draft_from_before_does_not_stand(site: Site) -> None:
    draft = build_poll(site, count=1, opened=False).poll_id
    with site.database.writing() as session:
        poll_of(session, draft).present = 10
        session.commit()
    with site.database.writing() as session:
        polls.open_poll(session, NOW, COMMAND_LINE, draft)
    assert stands(site, draft) == (None, "")


def test_on_the_desk_the_scrutineer_confirms(site: Site, app: Flask, poll_id: int, people: People) -> None:
    organizer, scrutineer = (client_of(app, each.account_id) for each in people[:2])
    desk = f"/polls/{poll_id}"
    assert organizer.submit(desk, f"{desk}/present", present="8").location == desk
    assert "组织登记 8 人，等另一人登记同样的人数" in scrutineer.page(desk).text
    assert organizer.submit(desk, f"{desk}/close", sure="y").status_code == 409
    assert scrutineer.submit(desk, f"{desk}/present", present="8").location == desk
    assert "实到 8 人（组织登记 8 人，监票登记 8 人，一致）" in organizer.page(desk).text
    assert organizer.submit(desk, f"{desk}/close", sure="y").location == desk
    assert f"{desk}/present" not in scrutineer.get(desk).text
