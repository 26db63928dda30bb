"""A tablet that people without a phone share: it wipes itself and returns to the start."""

import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from surveys.acts.actors import COMMAND_LINE
from surveys.vote.ticketing import tickets
from tests.builders import close, record_of
from tests.phones import CAST_ONCE, COUNTED, USED, fill_at_once, receipt, stored, submit
from tests.phones import ticket as fresh_ticket
from tests.servers import Server
from tests.sites import NOW
from tests.tools import require_tool
from tests.whole.test_live_pages_browser import at_the_desk

pytestmark = pytest.mark.slow


def enter_code(page: Page, server: Server, code: str) -> None:
    page.goto(f"{server.url}/?kiosk=1")
    page.get_by_label("票码").fill(code)
    page.get_by_role("button", name="打开测评表").tap()
    page.locator(".progress").wait_for()


def test_a_shared_tablet_returns_to_the_start(server: Server, page: Page) -> None:
    found = fresh_ticket(server)
    start = f"{server.url}/?kiosk=1"
    page.clock.install()
    enter_code(page, server, found.code)
    fill_at_once(page, found.names)
    page.get_by_role("button", name="大字").tap()
    assert set(stored(page)) == {"ceping-kiosk", "ceping-large"}, "no draft"
    submit(page)
    receipt(page)
    page.clock.run_for(2_000)
    page.get_by_text("没有人操作，半分钟后自动返回").wait_for()
    page.clock.run_for(25_000)
    page.locator("h1").tap()  # somebody is still writing the receipt down
    page.clock.run_for(25_000)
    assert page.locator("#receipt").is_visible()
    page.clock.run_for(7_000)
    page.wait_for_url(start)
    assert page.get_by_role("button", name="大字").get_attribute("aria-pressed") == "false"
    page.go_back()
    assert page.locator("fieldset").count() == 0
    assert set(stored(page)) == {"ceping-kiosk"}


def test_the_organizers_page_leads_to_it(server: Server, browser: Browser, page: Page, tmp_path: Path) -> None:
    found = fresh_ticket(server)
    desk = browser.new_page(viewport={"width": 1440, "height": 900}, locale="zh-CN")
    watch = at_the_desk(server, desk, "desk-tablet", found.poll_id)
    desk.get_by_role("link", name="发码屏").click()
    card = desk.locator("section", has=desk.get_by_role("heading", name="公用平板"))
    card.locator(".qr").screenshot(path=tmp_path / "tablet.png")
    told = subprocess.run(
        [require_tool("zbarimg", "zbar-tools"), "--raw", "-q", tmp_path / "tablet.png"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    address = told.stdout.strip()
    assert address == f"{server.url}/?kiosk=1" == server.url + str(card.get_by_role("link").first.get_attribute("href"))
    page.goto(address)
    page.get_by_text("这是公用平板").wait_for()
    page.goto(server.url + str(card.get_by_role("link", name="kiosk=0").get_attribute("href")))
    assert page.get_by_text("这是公用平板").count() == 0
    assert not watch.complaints
    desk.close()


def test_whoever_is_done_lets_the_next_one_in(server: Server, page: Page) -> None:
    found = fresh_ticket(server)
    enter_code(page, server, found.code)
    fill_at_once(page, found.names)
    submit(page)
    receipt(page)
    page.get_by_role("button", name="完成").tap()
    page.wait_for_url(f"{server.url}/?kiosk=1")
    page.get_by_text("这是公用平板").wait_for()


def test_a_receipt_that_was_long_in_coming_is_shown(server: Server, page: Page) -> None:
    """Waiting for the network is not idling."""
    found = fresh_ticket(server)
    page.clock.install()
    enter_code(page, server, found.code)
    fill_at_once(page, found.names)
    page.context.set_offline(True)
    submit(page)
    for _ in range(4):
        page.clock.run_for(25_000)
        page.get_by_text("还没有收到回执，请勿关闭").wait_for()
    page.context.set_offline(False)
    page.get_by_role("heading", name=COUNTED).wait_for()
    page.clock.run_for(20_000)
    assert page.locator("#receipt").is_visible()


def test_a_code_scanned_with_the_tablets_camera_opens_a_tab_that_knows(server: Server, page: Page) -> None:
    found = fresh_ticket(server)
    page.goto(f"{server.url}/?kiosk=1")
    tab = page.context.new_page()
    tab.clock.install()
    tab.goto(found.address)
    fill_at_once(tab, found.names)
    assert set(stored(tab)) == {"ceping-kiosk"}
    tab.clock.run_for(62_000)
    tab.wait_for_url(f"{server.url}/?kiosk=1")


def test_a_tablet_is_a_phone_again(server: Server, page: Page) -> None:
    found = fresh_ticket(server)
    page.goto(f"{server.url}/?kiosk=1")
    page.goto(f"{server.url}/?kiosk=0")
    assert page.get_by_text("这是公用平板").count() == 0
    page.goto(found.address)
    fill_at_once(page, found.names[:3])
    assert len(stored(page)) == 1
    assert "ceping-kiosk" not in stored(page)


def test_a_pause_does_not_empty_a_tablet(server: Server, page: Page) -> None:
    """It keeps no draft: the page itself holds the ballot, however long the pause is."""
    found = fresh_ticket(server)
    page.clock.install()
    enter_code(page, server, found.code)
    fill_at_once(page, found.names, "B")
    found.pause()
    submit(page)
    page.get_by_role("heading", name="投票暂停").wait_for()
    assert set(stored(page)) == {"ceping-kiosk"}
    page.clock.run_for(200_000)
    found.resume()
    page.get_by_role("button", name="再提交").tap()
    receipt(page)
    assert found.boxes() == CAST_ONCE
    assert set(next(iter(record_of(server.site, found.poll_id).ballots))[1]) == {"B"}
    page.clock.run_for(32_000)
    page.wait_for_url(f"{server.url}/?kiosk=1")


def test_whoever_will_not_wait_wipes_the_tablet(server: Server, page: Page) -> None:
    found = fresh_ticket(server)
    enter_code(page, server, found.code)
    fill_at_once(page, found.names)
    found.pause()
    submit(page)
    page.get_by_role("button", name="不投了，清空").tap()
    page.wait_for_url(f"{server.url}/?kiosk=1")
    assert found.boxes() == {"unused": 1}


def test_reading_about_secrecy_empties_no_tablet(server: Server, page: Page) -> None:
    found = fresh_ticket(server)
    enter_code(page, server, found.code)
    fill_at_once(page, found.names)
    link = page.get_by_role("link", name="您的票如何保密")
    words = page.get_by_text("记下了什么")
    page.context.set_offline(True)
    link.tap()
    page.wait_for_timeout(200)
    page.context.set_offline(False)
    for _ in range(2):
        link.tap()
        words.wait_for()
        link.tap()
        words.wait_for(state="hidden")
    assert page.get_by_role("heading", level=1).count() == 1
    submit(page)
    receipt(page)
    assert found.boxes() == CAST_ONCE


def test_after_a_refusal_the_next_one_is_let_in_at_once(server: Server, page: Page) -> None:
    found = fresh_ticket(server)
    enter_code(page, server, found.code)
    fill_at_once(page, found.names)
    server.post(f"/b/{found.code}", {name: "A" for name in found.names})
    submit(page)
    next_one = page.get_by_role("button", name="返回，让给下一位")
    page.get_by_role("heading", name=USED).wait_for()
    next_one.tap()
    page.wait_for_url(f"{server.url}/?kiosk=1")
    page.goto(found.address)
    next_one.tap()
    page.wait_for_url(f"{server.url}/?kiosk=1")
    void = fresh_ticket(server)
    with server.site.database.writing() as session:
        tickets.void(session, NOW, COMMAND_LINE, void.poll_id, void.code, "丢")
    closed = fresh_ticket(server)
    close(server.site, closed.poll_id)
    for refused in (void, closed):
        page.goto(refused.address)
        next_one.tap()
        page.wait_for_url(f"{server.url}/?kiosk=1")


def test_a_phone_is_not_handed_on(server: Server, page: Page) -> None:
    found = fresh_ticket(server)
    close(server.site, found.poll_id)
    page.goto(found.address)
    page.get_by_role("heading", name="投票已经结束").wait_for()
    assert page.get_by_role("button", name="返回，让给下一位").count() == 0


def test_an_idle_tablet_warns_and_wipes(server: Server, page: Page) -> None:
    found = fresh_ticket(server)
    page.clock.install()
    enter_code(page, server, found.code)
    fill_at_once(page, found.names)
    warning = page.get_by_text("没有人操作，马上清空并回到首页")
    page.clock.fast_forward(50_000)
    warning.wait_for()
    page.locator("h1").tap()
    expect(warning).to_have_count(0)
    page.clock.fast_forward(50_000)
    warning.wait_for()
    page.clock.fast_forward(15_000)
    page.wait_for_url(f"{server.url}/?kiosk=1")
    page.goto(found.address)
    assert page.locator("fieldset input:checked").count() == 0
    assert page.get_by_text("已恢复上次填的").count() == 0
    assert found.boxes() == {"unused": 1}


def test_a_code_left_behind_on_a_tablet_is_wiped(server: Server, page: Page) -> None:
    page.clock.install()
    page.goto(f"{server.url}/?kiosk=1")
    page.get_by_label("票码").fill("ABCD-")
    page.clock.run_for(70_000)
    page.wait_for_function("() => document.getElementById('code').value === ''")
    assert "kiosk=1" in page.url


def test_a_tablet_with_a_used_ticket_returns_too(server: Server, page: Page) -> None:
    found = fresh_ticket(server)
    page.clock.install()
    enter_code(page, server, found.code)
    fill_at_once(page, found.names)
    server.post(f"/b/{found.code}", {name: "A" for name in found.names})
    submit(page)
    page.get_by_role("heading", name=USED).wait_for()
    page.clock.fast_forward(62_000)
    page.wait_for_url(f"{server.url}/?kiosk=1")
