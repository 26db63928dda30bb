"""What the hall's pages say by themselves: that time is up, until there is more, and that their figures are old."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.office import accounts
from tests.builders import box_counts, build_poll
from tests.phones import NO_SCROLL, Watch, sign_in
from tests.servers import Server
from tests.sites import NOW
from tests.vote.hall.test_doors import door_of
from tests.vote.hall.test_hall import end_in
from tests.vote.hall.test_screens import change, prefix_of

pytestmark = pytest.mark.slow

OFFICE = {"width": 1440, "height": 900}
OVER = "时间到，已停止收票"
SOON = 12_000


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=OFFICE, locale="zh-CN", timezone_id="Asia/Shanghai")
    context.set_default_timeout(SOON)
    yield context.new_page()
    context.close()


def end(server: Server, poll_id: int) -> None:
    """Time is up since a moment ago."""
    change(server.site, poll_id, closes_at=datetime.now(UTC) - timedelta(seconds=1))


def extend(server: Server, poll_id: int) -> None:
    end_in(server.site, poll_id, 10, datetime.now(UTC))


def at_the_desk(server: Server, page: Page, name: str, poll_id: int) -> Watch:
    with server.site.database.writing() as session:
        password = accounts.create_account(session, NOW, COMMAND_LINE, name, Role.ORGANIZER)
    page.goto(f"{server.url}/login")
    sign_in(page, name, password)
    watch = Watch(page)
    page.goto(f"{server.url}/polls/{poll_id}")
    return watch


def test_the_meetings_screen_runs_out_and_goes_on(server: Server, page: Page) -> None:
    world = build_poll(server.site)
    change(server.site, world.poll_id, closes_at=datetime.now(UTC) + timedelta(seconds=6))
    watch = Watch(page)
    page.goto(f"{server.url}/screen/{prefix_of(world)}")
    expect(page.locator(".now")).to_have_text("投票中", timeout=SOON)
    expect(page.locator("#left")).to_contain_text("0:0", timeout=SOON)
    expect(page.locator(".now")).to_have_text(OVER, timeout=SOON)
    assert page.get_by_text("怎么投票").count() == 0
    assert not page.locator("#clock").is_visible()
    assert page.evaluate("() => document.documentElement.scrollHeight <= window.innerHeight"), "all at one look"
    assert page.evaluate(NO_SCROLL)
    extend(server, world.poll_id)
    expect(page.locator(".now")).to_have_text("投票中", timeout=SOON)
    page.get_by_role("heading", name="怎么投票").wait_for()
    expect(page.locator("#left")).to_contain_text("9:5", timeout=SOON)
    assert not watch.complaints


def test_the_door_hides_its_code_and_shows_it_again(server: Server, page: Page) -> None:
    poll_id, token = door_of(server.site)
    page.goto(f"{server.url}/door/{token}")
    page.get_by_role("button").click()
    code = page.locator(".typed").inner_text()
    end(server, poll_id)
    page.get_by_text("投票时间已到").wait_for()
    assert not page.locator(".qr").is_visible()
    assert not page.get_by_role("button").is_visible()
    page.wait_for_timeout(2500)
    assert not page.locator(".qr").is_visible(), "an answer without news does not bring it back"
    extend(server, poll_id)
    page.locator(".qr").wait_for()
    assert page.locator(".typed").inner_text() == code
    assert not page.get_by_text("投票时间已到").is_visible()
    assert box_counts(server.site, poll_id) == {"unused": 1}
    page.get_by_role("button", name="下一张").click()
    expect(page.locator(".typed")).not_to_have_text(code, timeout=SOON)


def test_a_door_opened_too_late_waits(server: Server, page: Page) -> None:
    poll_id, token = door_of(server.site)
    end(server, poll_id)
    page.goto(f"{server.url}/door/{token}")
    page.get_by_text("投票时间已到").wait_for()
    assert page.get_by_role("button").count() == 0
    extend(server, poll_id)
    page.get_by_role("button", name="开始发码").click()
    page.locator(".qr").wait_for()


def test_the_desk_says_when_it_ends_and_that_it_has_ended(server: Server, page: Page) -> None:
    world = build_poll(server.site)
    watch = at_the_desk(server, page, "desk-time", world.poll_id)
    page.get_by_label("暂停的原因").fill("正在输入")
    extend(server, world.poll_id)
    expect(page.locator("#end")).to_contain_text("自动停止收票", timeout=SOON)
    end(server, world.poll_id)
    expect(page.locator("#end")).to_contain_text(OVER, timeout=SOON)
    expect(page.locator(".state").first).to_have_text(OVER, timeout=SOON)
    assert page.locator("#changed").is_hidden(), "the same forms as before"
    extend(server, world.poll_id)
    expect(page.locator(".state").first).to_have_text("投票中", timeout=SOON)
    expect(page.locator("#end")).not_to_contain_text(OVER, timeout=SOON)
    assert page.get_by_label("暂停的原因").input_value() == "正在输入"
    page.goto(f"{server.url}/polls")
    end(server, world.poll_id)
    page.reload()
    page.locator(f'tr:has(a[href="/polls/{world.poll_id}"])').get_by_text(OVER).wait_for()
    assert not watch.complaints


def test_the_desk_says_how_old_its_figures_are(server: Server, page: Page) -> None:
    world = build_poll(server.site)
    page.clock.install(time=datetime(2026, 3, 2, 6, 5, tzinfo=UTC))
    at_the_desk(server, page, "desk-net", world.poll_id)
    lost = page.get_by_text("连不上网站，数字停在")
    assert lost.is_hidden()
    page.context.set_offline(True)
    lost.wait_for()
    page.clock.fast_forward(600_000)
    page.wait_for_timeout(1000)
    assert page.locator("#as-of").inner_text() == "14:05"
    change(server.site, world.poll_id, present=3)
    page.context.set_offline(False)
    lost.wait_for(state="hidden")
    expect(page.locator("#figures")).to_contain_text("3", timeout=SOON)
    page.route(f"{server.url}/polls/*", lambda route: route.fulfill(body="<title>Wi-Fi</title>"))
    lost.wait_for()
    page.unroute_all()
    lost.wait_for(state="hidden")


def test_the_desk_says_that_one_is_signed_out(server: Server, page: Page) -> None:
    world = build_poll(server.site)
    at_the_desk(server, page, "desk-out", world.poll_id)
    cookies = page.context.cookies()
    page.context.clear_cookies()
    gone = page.get_by_text("登录已过期")
    gone.wait_for()
    assert page.locator("#unreached").is_hidden()
    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    gone.wait_for(state="hidden")
    page.context.clear_cookies()
    page.get_by_role("link", name="请重新登录").click()
    page.wait_for_url(lambda url: "/login?next=" in url)
