"""A tablet that people without a phone share: it wipes itself and returns to the start."""

import pytest
from playwright.sync_api import Page, expect

from tests.phones import COUNTED, USED, fill_at_once, receipt, stored, submit
from tests.phones import ticket as fresh_ticket
from tests.servers import Server

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
        page.get_by_text("尚未提交，请勿关闭").wait_for()
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
    assert page.get_by_role("button", name="接着填").count() == 0
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
