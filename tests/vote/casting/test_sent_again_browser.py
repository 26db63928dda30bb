"""A submission that may be counted later, for the time is up or the poll rests: what was filled in is sent again."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.builders import close
from tests.phones import CAST_ONCE, Ticket, fill_at_once, phone, receipt, stored, submit
from tests.phones import ticket as fresh_ticket
from tests.servers import Server

pytestmark = pytest.mark.slow

FORBIDDEN = "Object.defineProperty(window, 'localStorage', {get() { throw new Error('forbidden'); }});"

WAYS: dict[str, tuple[str, Callable[[Ticket], None], Callable[[Ticket], None]]] = {
    "pause": ("投票暂停", Ticket.pause, Ticket.resume),
    "time": ("投票时间已到", lambda found: found.end(-5), lambda found: found.end(5)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("how", ["script", "no script", "no storage"])
def test_what_was_filled_in_is_sent_again(server: Server, browser: Browser, way: str, how: str) -> None:
    heading, stop, go_on = WAYS[way]
    found = fresh_ticket(server, leaders=1)
    with phone(browser, java_script_enabled=how != "no script") as page:
        if how == "no storage":
            page.add_init_script(FORBIDDEN)
        page.goto(found.address)
        fill_at_once(page, found.names)
        stop(found)
        submit(page)
        page.get_by_role("heading", name=heading).wait_for()
        told = page.locator("main").inner_text()
        assert "这次没有计入，您填的都还在" in told
        assert "请点“再提交”" in told
        page.get_by_role("button", name="再提交").tap()  # too early
        page.get_by_role("heading", name=heading).wait_for()
        assert found.boxes() == {"unused": 1}
        go_on(found)
        page.get_by_role("button", name="再提交").tap()
        receipt(page)
    assert found.boxes() == CAST_ONCE


@pytest.mark.parametrize("way", WAYS)
def test_a_reload_meanwhile_keeps_the_draft(server: Server, page: Page, way: str) -> None:
    heading, stop, go_on = WAYS[way]
    found = fresh_ticket(server, leaders=1)
    page.goto(found.address)
    fill_at_once(page, found.names)
    stop(found)
    submit(page)
    page.get_by_role("heading", name=heading).wait_for()
    page.reload()
    page.get_by_role("heading", name=heading).wait_for()
    page.get_by_text("您填的还在这部手机上").wait_for()
    assert "请刷新本页" in page.locator("main").inner_text()
    page.get_by_role("button", name="刷新本页").tap()
    page.get_by_text("您填的还在这部手机上").wait_for()
    go_on(found)
    page.get_by_role("button", name="刷新本页").tap()
    page.get_by_text("已恢复上次填的").wait_for()
    submit(page)
    receipt(page)
    assert found.boxes() == CAST_ONCE
    assert stored(page) == {}


def test_sent_again_into_a_gone_network_it_is_tried_until_it_arrives(server: Server, page: Page) -> None:
    found = fresh_ticket(server, leaders=1)
    page.goto(found.address)
    fill_at_once(page, found.names)
    found.pause()
    submit(page)
    page.get_by_role("button", name="再提交").wait_for()
    found.resume()
    page.context.set_offline(True)
    page.get_by_role("button", name="再提交").tap()
    page.get_by_text("还没有收到回执，请勿关闭").wait_for()
    expect(page.get_by_role("button", name="再提交")).to_be_disabled()
    page.context.set_offline(False)
    receipt(page)
    assert found.boxes() == CAST_ONCE


def test_an_answer_lost_when_sent_again_is_the_same_submission(server: Server, page: Page) -> None:
    """The nonce of the first time, so that whatever arrived counts once and shows its receipt."""
    found = fresh_ticket(server, leaders=1)
    page.goto(found.address)
    fill_at_once(page, found.names)
    found.pause()
    sent: list[str | None] = []
    page.on("request", lambda request: request.method == "POST" and sent.append(request.post_data))
    submit(page)
    page.get_by_role("button", name="再提交").wait_for()
    found.resume()
    page.get_by_role("button", name="再提交").tap()
    receipt(page)
    first, second = [sorted(str(each).split("&")) for each in sent]
    assert first == second
    assert len([each for each in first if each.startswith("nonce=")]) == 1


def test_what_ends_for_good_keeps_no_draft(server: Server, page: Page) -> None:
    found = fresh_ticket(server, leaders=1)
    page.goto(found.address)
    fill_at_once(page, found.names)
    close(server.site, found.poll_id)
    submit(page)
    page.get_by_role("heading", name="投票已经结束").wait_for()
    assert page.get_by_role("button", name="再提交").count() == 0
    assert stored(page) == {}
