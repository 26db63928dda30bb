"""Tickets beyond entitled and reserve take a second hand, over all classes and purposes."""

from collections.abc import Callable

import pytest
from flask import Flask

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import BadInput, NotAllowed, WrongState
from surveys.acts.site import Site
from surveys.polling.states import Purpose
from surveys.storage.tables import Account
from surveys.vote import door_screens, polls, rehearsals
from surveys.vote.paper_ballots import paper_printing
from surveys.vote.poll_entries import BadEntry, entry_of
from surveys.vote.ticketing import ticket_requests, tickets
from surveys.vote.ticketing.ticket_limits import TooMany, limit
from tests.builders import ONE_CLASS, account, box_counts, build_poll, build_unit, dump, set_rules
from tests.sites import NOW
from tests.stored import ASKED_SINCE
from tests.worlds import client_of

pytestmark = pytest.mark.both

TWO_CLASSES = (*ONE_CLASS, polls.ClassEntry("B", "职工代表", ONE_CLASS[0].weight))
REASON = "来了列席的人"


@pytest.fixture
def poll_id(site: Site) -> int:
    """Of 90 people; 81 slips are out, of two classes."""
    poll_id = build_poll(site, count=0, entitled=90, reserve=0, classes=TWO_CLASSES).poll_id
    issue(site, poll_id, 41)
    issue(site, poll_id, 40, class_key="B")
    return poll_id


def issue(site: Site, poll_id: int, count: int, *, class_key: str = "A", purpose: Purpose = Purpose.SLIPS) -> int:
    with site.database.writing() as session:
        return tickets.issue(session, NOW, COMMAND_LINE, poll_id, class_key, count, purpose).batch


def valid(site: Site, poll_id: int) -> int:
    found = box_counts(site, poll_id)
    return found.get("unused", 0) + found.get("cast", 0)


def refused(site: Site, error: type[Exception], words: str, act: Callable[[], object]) -> None:
    before = dump(site.database)
    with pytest.raises(error, match=words):
        act()
    assert dump(site.database) == before


def ask(site: Site, poll_id: int, actor: Actor, number: int = 100, reason: str = REASON) -> None:
    with site.database.writing() as session:
        ticket_requests.ask(session, NOW, actor, poll_id, number, reason)


def agree(site: Site, poll_id: int, actor: Actor, number: int = 100) -> None:
    with site.database.writing() as session:
        ticket_requests.agree(session, NOW, actor, poll_id, number)


def decline(site: Site, poll_id: int, actor: Actor, number: int = 100) -> None:
    with site.database.writing() as session:
        ticket_requests.decline(session, NOW, actor, poll_id, number)


def test_an_organizer_alone_issues_no_500_for_90(site: Site, poll_id: int) -> None:
    words = "应到 90，预留 0，最多发 90 张；已发 81 张（不算作废），再发 500 张就是 581 张"
    refused(site, TooMany, words, lambda: issue(site, poll_id, 500))
    for purpose in Purpose:
        refused(site, TooMany, "再发 10 张就是 91 张", lambda each=purpose: issue(site, poll_id, 10, purpose=each))
    copies = {"class_key": "B", "count": 10, "two_sided": False}
    refused(site, TooMany, "91 张", lambda: paper_printing.printed(site, NOW, COMMAND_LINE, poll_id, **copies))
    issue(site, poll_id, 9, class_key="B", purpose=Purpose.PAPER)
    refused(site, TooMany, "再发 1 张就是 91 张", lambda: issue(site, poll_id, 1))


def test_a_void_ticket_makes_room_and_a_batch_is_issued_anew(site: Site, poll_id: int) -> None:
    last = issue(site, poll_id, 9)
    with site.database.writing() as session:
        again = tickets.reissue(session, NOW, COMMAND_LINE, poll_id, last, "印坏")
        tickets.void_batch(session, NOW, COMMAND_LINE, poll_id, again.batch, "丢失")
    assert valid(site, poll_id) == 81
    issue(site, poll_id, 9)


def test_a_door_stops_at_the_limit(site: Site, poll_id: int) -> None:
    issue(site, poll_id, 8)
    with site.database.writing() as session:
        door_screens.set_planned(session, NOW, COMMAND_LINE, poll_id, "A", 500)
        token = door_screens.add_door(session, NOW, COMMAND_LINE, poll_id, "东门", "A").token
    with site.database.writing() as session:
        assert door_screens.door_screen(session, NOW, token).left == 1
        shown = door_screens.next_ticket(session, NOW, token, None)
        assert door_screens.door_screen(session, NOW, token).left == 0
        with pytest.raises(WrongState, match="票已发完"):
            door_screens.next_ticket(session, NOW, token, shown.showing)
    assert valid(site, poll_id) == 90


def test_the_reserve_is_fixed_with_the_first_ticket(site: Site) -> None:
    poll_id = build_poll(site, count=0, entitled=10, reserve=0, opened=False).poll_id

    def update(**changes: int) -> None:
        with site.database.writing() as session:
            entry = entry_of(polls.poll_of(session, poll_id))
            polls.update_poll(session, NOW, COMMAND_LINE, poll_id, type(entry)(**(vars(entry) | changes)))

    update(reserve=2)
    refused(site, BadEntry, "预留的张数须是", lambda: update(reserve=-1))
    issue(site, poll_id, 12)
    refused(site, TooMany, "预留 2，最多发 12 张", lambda: issue(site, poll_id, 1))
    refused(site, BadEntry, "定在 2，不能再改", lambda: update(reserve=3))
    refused(site, BadEntry, "应到不能改得比这还少", lambda: update(entitled=9))
    update(entitled=11)
    issue(site, poll_id, 1)


def test_the_scrutineer_agrees_to_more(site: Site, poll_id: int) -> None:
    organizer, other, scrutineer = (
        account(site, name, role)
        for name, role in (("甲", Role.ORGANIZER), ("乙", Role.ORGANIZER), ("监票", Role.SCRUTINEER))
    )
    refused(site, NotAllowed, "命令行", lambda: ask(site, poll_id, COMMAND_LINE))
    refused(site, NotAllowed, "组织员", lambda: ask(site, poll_id, scrutineer))
    refused(site, BadInput, "现在最多可以发 90 张", lambda: ask(site, poll_id, organizer, 90))
    refused(site, BadInput, "理由", lambda: ask(site, poll_id, organizer, reason=" "))
    ask(site, poll_id, organizer)
    refused(site, TooMany, "最多发 90 张", lambda: issue(site, poll_id, 10))
    refused(site, WrongState, "已有人提出发到 100 张", lambda: ask(site, poll_id, other, 120))
    for actor in (organizer, other, COMMAND_LINE):
        refused(site, NotAllowed, "须由监票人同意", lambda each=actor: agree(site, poll_id, each))
    refused(site, WrongState, "没有等您确认", lambda: agree(site, poll_id, scrutineer, 101))
    decline(site, poll_id, scrutineer)
    ask(site, poll_id, other)
    agree(site, poll_id, scrutineer)
    issue(site, poll_id, 19)
    refused(site, TooMany, "经两人同意发到 100 张，最多发 100 张", lambda: issue(site, poll_id, 1))
    logged = [row[3:6] for row in dump(site.database)["audit_log"] if row[3].startswith("ticket.over")]
    assert [detail for _, _, detail in logged] == [f"发到 100 张，乙提出：{REASON}"]


def test_where_there_is_no_scrutineer_another_organizer_agrees(site: Site, poll_id: int) -> None:
    first, second = (account(site, name, Role.ORGANIZER) for name in ("甲", "乙"))
    gone = account(site, "监票", Role.SCRUTINEER)
    with site.database.writing() as session:
        session.get_one(Account, gone.account_id).active = False
        session.commit()
    ask(site, poll_id, first)
    refused(site, NotAllowed, "已经有您的一份", lambda: agree(site, poll_id, first))
    agree(site, poll_id, second)
    assert issue(site, poll_id, 19)


def test_a_rehearsal_is_free(site: Site) -> None:
    poll_id = build_poll(site, count=0, entitled=10, reserve=0, opened=False).poll_id
    with site.database.writing() as session:
        double = rehearsals.rehearse(session, NOW, COMMAND_LINE, poll_id)
    issue(site, double, 500)


@pytest.mark.parametrize("opened", [True, False])
def test_what_had_tickets_before_the_rule_has_no_limit(site: Site, opened: bool) -> None:
    poll_id = build_poll(site, count=10, entitled=10, opened=opened).poll_id
    set_rules(site, poll_id, without=ASKED_SINCE)
    issue(site, poll_id, 500)
    with site.database.reading() as session:
        assert limit(session, polls.poll_of(session, poll_id)) is None


def test_a_draft_from_before_without_tickets_gets_the_rule(site: Site) -> None:
    _, unit_id = build_unit(site)
    first, second = (build_poll(site, count=0, entitled=10, opened=False, unit_id=unit_id).poll_id for _ in range(2))
    for poll_id in (first, second):
        set_rules(site, poll_id, without=ASKED_SINCE)
    refused(site, TooMany, "预留 0，最多发 10 张", lambda: issue(site, first, 11))
    issue(site, first, 10)
    with site.database.writing() as session:
        polls.open_poll(session, NOW, COMMAND_LINE, second)
    refused(site, TooMany, "预留 0，最多发 10 张", lambda: issue(site, second, 11))


def test_on_pages_one_asks_and_the_scrutineer_agrees_at_the_desk(site: Site, app: Flask, poll_id: int) -> None:
    organizer, scrutineer = (
        client_of(app, account(site, name, role).account_id)
        for name, role in (("甲", Role.ORGANIZER), ("监票", Role.SCRUTINEER))
    )
    page, desk = f"/polls/{poll_id}/tickets", f"/polls/{poll_id}"
    shown = organizer.submit(page, f"{desk}/issue", class_key="A", count="500")
    assert shown.status_code == 409
    assert "应到 90，预留 0，最多发 90 张" in shown.text
    assert organizer.submit(page, f"{desk}/over", number="100", reason=REASON).location == page
    assert "请监票人登录后在“会场”页同意" in organizer.page(page).text
    assert scrutineer.submit(desk, f"{desk}/over/decline", number="100").location == desk
    assert organizer.submit(page, f"{desk}/over", number="100", reason=REASON).location == page
    assert scrutineer.submit(desk, f"{desk}/over/agree", number="100").location == desk
    assert f"理由：{REASON}" in organizer.page(page).text
    assert organizer.submit(page, f"{desk}/issue", class_key="A", count="19").status_code == 200
