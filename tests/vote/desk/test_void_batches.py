"""Batches of paper ballots and of doors are voided whole: what is unused, never below what is keyed, no open door's."""

import pytest
from flask import Flask

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.acts.errors import WrongState
from surveys.acts.site import Site
from surveys.vote import door_screens
from surveys.vote.ticketing import tickets
from tests import papers
from tests.builders import box_counts, build_poll, cast, close_and_seal, dump, filled, record_of, sheet_of
from tests.papers import log_of, paper_poll, person
from tests.sites import NOW
from tests.strict_client import StrictClient
from tests.worlds import build_accounts, client_of

pytestmark = pytest.mark.both


def void_batch(site: Site, poll_id: int, batch: int, reason: str = "已重印") -> int:
    with site.database.writing() as session:
        return tickets.void_batch(session, NOW, COMMAND_LINE, poll_id, batch, reason)


def refused(site: Site, poll_id: int, batch: int, words: str) -> None:
    before = dump(site.database)
    with pytest.raises(WrongState, match=words):
        void_batch(site, poll_id, batch)
    assert dump(site.database) == before


def test_reprinted_paper_leaves_the_first_print_void(site: Site) -> None:
    world = paper_poll(site, 4, opened=False)
    papers.issue(site, world.poll_id, 5)
    assert void_batch(site, world.poll_id, 1) == 4
    assert box_counts(site, world.poll_id) == {"void": 4, "unused": 5}
    assert log_of(site, "ticket.issue")[-1] == ("命令行", "A 票 5 张，第 2 批（纸质票）")
    assert log_of(site, "ticket.void_batch") == [("命令行", "A 票 4 张，第 1 批（纸质票），已重印")]
    status = papers.status(site, person(site, "甲录入"), world.poll_id)
    assert (status.issued, status.void) == (9, 4)
    refused(site, world.poll_id, 1, "没有未用的票")


def test_never_below_what_is_keyed(site: Site) -> None:
    world = paper_poll(site, 2)
    papers.issue(site, world.poll_id, 3)
    people = [person(site, "甲录入"), person(site, "乙录入")]
    papers.key_twice(site, people, world.poll_id, {1: "1", 2: "2", 3: "3"})
    refused(site, world.poll_id, 2, "录入了 3 张还没有计入，作废这一批以后只剩 2 张")
    assert void_batch(site, world.poll_id, 1) == 2
    assert papers.cast(site, people[0], world.poll_id) == 3
    refused(site, world.poll_id, 2, "没有未用的票")
    assert close_and_seal(site, world.poll_id)
    entry = record_of(site, world.poll_id).classes[0]
    assert (entry.issued, entry.cast, entry.void, entry.unused) == (5, 3, 2, 0)


def door_with_two(site: Site) -> tuple[int, str]:
    """(poll, code of the first): the door is open and has handed out two."""
    world = build_poll(site, count=0)
    with site.database.writing() as session:
        door_screens.set_planned(session, NOW, COMMAND_LINE, world.poll_id, "A", 9)
        token = door_screens.add_door(session, NOW, COMMAND_LINE, world.poll_id, "东门", "A").token
        first = door_screens.next_ticket(session, NOW, token, None)
        door_screens.next_ticket(session, NOW, token, first.showing)
    return world.poll_id, first.code


def test_a_doors_batch_once_it_is_shut(site: Site) -> None:
    poll_id, code = door_with_two(site)
    refused(site, poll_id, 1, "发码屏“东门”还在用这一批。请先在“发码屏”页关闭它")
    cast(site, code, filled(sheet_of(site, poll_id)))
    with site.database.writing() as session:
        door_screens.shut_door(session, NOW, COMMAND_LINE, poll_id, 1)
    assert void_batch(site, poll_id, 1, "丢失") == 1
    assert box_counts(site, poll_id) == {"ballots": 1, "receipts": 1, "cast": 1, "void": 1}
    assert log_of(site, "ticket.void_batch") == [("命令行", "A 票 1 张，第 1 批（发码屏），丢失")]


@pytest.fixture
def organizer(lite_app: Flask, lite_site: Site) -> StrictClient:
    ids, _ = build_accounts(lite_site)
    return client_of(lite_app, ids[Role.ORGANIZER])


def test_on_the_page(lite_site: Site, organizer: StrictClient) -> None:
    world = paper_poll(lite_site, 4)
    page = f"/polls/{world.poll_id}/batches/1"
    shown = organizer.page(page)
    assert "请收回销毁" in shown.text
    assert "还在用这一批" not in shown.text
    assert organizer.submit(page, f"{page}/void", reason="已重印", sure="y").status_code == 302
    assert "没投的 4 张票已作废" in organizer.page(f"/polls/{world.poll_id}/tickets").text
    assert "其中作废4" in organizer.page(f"/polls/{world.poll_id}/paper").text.replace(" ", "")
    assert "已重印" in organizer.page(f"/polls/{world.poll_id}/log").text


def test_the_page_of_an_open_doors_batch_says_what_to_do(lite_site: Site, organizer: StrictClient) -> None:
    poll_id, _ = door_with_two(lite_site)
    page = organizer.page(f"/polls/{poll_id}/batches/1")
    assert "请先在“发码屏”页关闭它" in page.text
    assert [form.get("action") for form in page.root.iter("form")] == ["/logout"]
