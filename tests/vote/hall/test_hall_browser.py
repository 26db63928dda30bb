"""The hall's screens in a real browser: a door that moves on when its code is opened, and the meeting's live screen."""

import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.office import accounts
from surveys.vote import polls
from tests.builders import box_counts, build_poll, cast, close, filled, seal, sheet_of
from tests.phones import NO_SCROLL, Watch, fill_at_once, receipt, submit
from tests.servers import ROOT, Server
from tests.sites import NOW
from tests.tools import require_tool
from tests.vote.hall.test_doors import door_of, plan, screen, shut
from tests.vote.hall.test_screens import change

pytestmark = pytest.mark.slow

TABLET = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}
MOVES_ON_MS = 3000


@pytest.fixture
def tablet(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=TABLET, has_touch=True, locale="zh-CN")
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True, locale="zh-CN")
    yield context
    context.close()


def start(context: BrowserContext, server: Server, token: str) -> Page:
    """The door's screen with its first code."""
    page = context.new_page()
    page.goto(f"{server.url}/door/{token}")
    page.get_by_role("button").tap()
    page.locator(".typed").wait_for()
    return page


def shown(page: Page) -> str:
    return page.locator(".typed").inner_text()


def scanned(page: Page, folder: Path) -> str:
    """The address a phone reads off the screen."""
    zbarimg = require_tool("zbarimg", "zbar-tools")
    page.screenshot(path=folder / "door.png")
    found = subprocess.run(
        [str(zbarimg), "--raw", "-q", str(folder / "door.png")], capture_output=True, text=True, check=True
    )
    return found.stdout.strip()


def changed(page: Page, old: str) -> None:
    expect(page.locator(".typed")).not_to_have_text(old, timeout=MOVES_ON_MS)
    page.locator(".typed").wait_for()


@pytest.mark.parametrize(
    ("width", "height", "scheme"), [(1280, 800, "light"), (768, 1024, "dark"), (1920, 1080, "dark")]
)
def test_a_phone_scans_the_code_and_the_door_moves_on(
    server: Server, browser: Browser, phone: BrowserContext, tmp_path: Path, width: int, height: int, scheme: str
) -> None:
    poll_id, token = door_of(server.site)
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=True, color_scheme=scheme)  # type: ignore[arg-type]
    page = start(context, server, token)
    watch = Watch(page)
    assert page.evaluate(NO_SCROLL)
    assert page.evaluate("() => document.documentElement.scrollHeight <= window.innerHeight"), "all at one look"
    code = shown(page)
    address = scanned(page, tmp_path)
    assert address.startswith(f"{server.url}/b/{code}?d=")
    voter = phone.new_page()
    voter.goto(address)
    changed(page, code)
    second = shown(page)
    assert second != code
    assert box_counts(server.site, poll_id) == {"unused": 2}
    names = [name for name, _ in sheet_of(server.site, poll_id).fields()]
    fill_at_once(voter, names)
    submit(voter)
    assert receipt(voter)
    assert box_counts(server.site, poll_id) == {"cast": 1, "unused": 1, "ballots": 1, "receipts": 1}
    voter.goto(address)
    page.wait_for_timeout(1500)
    assert shown(page) == second, "a code opened again moves nothing on"
    assert phone.cookies() == context.cookies() == []
    assert not watch.complaints
    context.close()


def test_five_phones_use_up_five_tickets(
    server: Server, tablet: BrowserContext, phone: BrowserContext, tmp_path: Path
) -> None:
    poll_id, token = door_of(server.site, planned=5)
    page = start(tablet, server, token)
    codes = []
    for number in range(5):
        codes.append(shown(page))
        phone.new_page().goto(scanned(page, tmp_path))
        if number < 4:
            changed(page, codes[-1])
    page.get_by_text("票已发完，请找工作人员").wait_for()
    assert page.locator(".qr").count() == 0
    assert len(set(codes)) == 5
    assert box_counts(server.site, poll_id) == {"unused": 5}
    plan(server.site, poll_id, 6)
    page.get_by_role("button", name="继续发码").tap()
    page.locator(".typed").wait_for()
    assert shown(page) not in codes


def test_a_double_tap_makes_one_ticket(server: Server, tablet: BrowserContext) -> None:
    poll_id, token = door_of(server.site)
    page = start(tablet, server, token)
    code = shown(page)
    page.get_by_role("button", name="下一张").dblclick()
    changed(page, code)
    page.wait_for_timeout(1500)
    assert box_counts(server.site, poll_id) == {"unused": 2}


def test_a_double_tap_without_script_makes_one_ticket(server: Server, browser: Browser) -> None:
    poll_id, token = door_of(server.site)
    context = browser.new_context(viewport=TABLET, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server.url}/door/{token}")
    page.get_by_role("button").dblclick()
    page.get_by_role("button").wait_for()
    assert box_counts(server.site, poll_id) == {"unused": 1}
    context.close()


def test_without_script_the_button_moves_on(server: Server, browser: Browser, tmp_path: Path) -> None:
    poll_id, token = door_of(server.site)
    context = browser.new_context(viewport=TABLET, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server.url}/door/{token}")
    page.get_by_role("button", name="开始发码").click()
    code = shown(page)
    assert code in scanned(page, tmp_path)
    page.get_by_role("button", name="下一张").click()
    assert shown(page) != code
    assert box_counts(server.site, poll_id) == {"unused": 2}
    context.close()


def test_a_reload_shows_no_code_again(server: Server, tablet: BrowserContext) -> None:
    poll_id, token = door_of(server.site)
    page = start(tablet, server, token)
    code = shown(page)
    page.reload()
    page.get_by_role("button", name="继续发码").wait_for()
    assert code not in page.content()
    assert box_counts(server.site, poll_id) == {"unused": 1}
    page.get_by_role("button").tap()
    page.locator(".typed").wait_for()
    page.goto(f"{server.url}/")
    page.go_back()
    page.get_by_role("button", name="继续发码").wait_for()
    assert page.locator(".typed").count() == 0
    assert box_counts(server.site, poll_id) == {"unused": 2}


def test_of_two_tabs_with_one_link_the_later_one_works(server: Server, tablet: BrowserContext) -> None:
    poll_id, token = door_of(server.site)
    first = start(tablet, server, token)
    second = start(tablet, server, token)
    first.get_by_text("另一块屏也在用这个链接").wait_for()
    assert not first.locator(".typed").is_visible()
    assert not first.locator(".qr").is_visible()
    assert second.locator(".typed").is_visible()
    assert box_counts(server.site, poll_id) == {"unused": 2}
    first.get_by_role("button", name="在这块屏上继续发码").tap()
    first.locator(".typed").wait_for()
    second.get_by_text("另一块屏也在用这个链接").wait_for()
    assert box_counts(server.site, poll_id) == {"unused": 3}


def test_without_a_network_the_code_is_hidden(server: Server, tablet: BrowserContext) -> None:
    """A code that nobody can follow would be scanned by two people."""
    poll_id, token = door_of(server.site)
    page = start(tablet, server, token)
    code = shown(page)
    tablet.set_offline(True)
    page.get_by_text("网络断了").wait_for()
    assert not page.locator(".qr").is_visible()
    tablet.set_offline(False)
    page.locator(".qr").wait_for()
    assert not page.get_by_text("网络断了").is_visible()
    assert shown(page) == code
    assert box_counts(server.site, poll_id) == {"unused": 1}


def test_an_answer_that_was_lost_is_not_waited_for(server: Server, tablet: BrowserContext) -> None:
    """The ticket was made, its code did not arrive: the door goes on with the next by itself."""
    poll_id, token = door_of(server.site)
    page = start(tablet, server, token)
    code = shown(page)
    dropped = []

    def drop(route: Route) -> None:
        if route.request.method == "POST" and not dropped:
            dropped.append(route.fetch().text())
            route.abort()
        else:
            route.continue_()

    page.route(re.compile(r"/door/[0-9a-f]+$"), drop)
    page.get_by_role("button", name="下一张").tap()
    changed(page, code)
    assert len(dropped) == 1
    assert shown(page) not in dropped[0]
    assert page.locator("#lost").is_hidden()
    assert box_counts(server.site, poll_id) == {"unused": 3}


@pytest.mark.parametrize("how", ["shut", "closed"])
def test_a_door_that_ends_takes_its_code_off_the_screen(server: Server, tablet: BrowserContext, how: str) -> None:
    poll_id, token = door_of(server.site)
    page = start(tablet, server, token)
    if how == "shut":
        shut(server.site, poll_id, 1)
    else:
        close(server.site, poll_id)
    page.get_by_text("不再发码").wait_for()
    assert page.locator(".qr").count() == 0


def test_a_preview_does_not_move_the_door_on(server: Server, tablet: BrowserContext, tmp_path: Path) -> None:
    _, token = door_of(server.site)
    page = start(tablet, server, token)
    code = shown(page)
    path = scanned(page, tmp_path).removeprefix(server.url)
    for _ in range(3):
        assert server.get(path).status == 200
    assert server.get(f"/d/{path.partition('?d=')[2]}").status == 405
    page.wait_for_timeout(2000)
    assert shown(page) == code
    assert not screen(server.site, token).taken


def test_before_the_start_a_phone_keeps_its_ticket(
    server: Server, tablet: BrowserContext, phone: BrowserContext, tmp_path: Path
) -> None:
    """Scanned in the draft: the door moves on, and the phone votes after the start with a reload."""
    poll_id, token = door_of(server.site, opened=False)
    page = start(tablet, server, token)
    code = shown(page)
    voter = phone.new_page()
    voter.goto(scanned(page, tmp_path))
    voter.get_by_text("请不要关闭本页").wait_for()
    changed(page, code)
    with server.site.database.writing() as session:
        polls.open_poll(session, NOW, COMMAND_LINE, poll_id)
    voter.reload()
    fill_at_once(voter, [name for name, _ in sheet_of(server.site, poll_id).fields()])
    submit(voter)
    assert receipt(voter)


def test_the_meetings_screen_follows_the_poll(server: Server, browser: Browser) -> None:
    world = build_poll(server.site, entitled=12)
    context = browser.new_context(viewport=TABLET, locale="zh-CN")
    page = context.new_page()
    watch = Watch(page)
    page.goto(f"{server.url}/screen/{world.codes['A'][0][:4]}")
    for width, height in ((1920, 1080), (1440, 900)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("() => document.documentElement.scrollHeight <= window.innerHeight"), "all at one look"
        assert page.evaluate(NO_SCROLL)
    returned = page.locator("#returned")
    expect(returned).to_have_text("0")
    sheet = sheet_of(server.site, world.poll_id)
    for code in world.codes["A"][:7]:
        cast(server.site, code, filled(sheet))
    expect(returned).to_have_text("5", timeout=10_000)
    assert page.locator("#bar").evaluate("bar => [bar.value, bar.max]") == [5, 12]
    assert not watch.complaints
    context.set_offline(True)
    page.get_by_text("网络断了，数字可能不是最新").wait_for(timeout=10_000)
    close(server.site, world.poll_id)
    context.set_offline(False)
    expect(page.locator("#lost")).to_be_hidden(timeout=10_000)
    page.get_by_text("正在核对、封存").wait_for()
    seal(server.site, world.poll_id)
    page.get_by_role("heading", name="到公示板核对").wait_for(timeout=10_000)
    expect(returned).to_have_text("7")
    context.close()


def test_the_organizers_page_follows_the_poll_and_keeps_what_is_typed(server: Server, browser: Browser) -> None:
    world = build_poll(server.site, entitled=12)
    with server.site.database.writing() as session:
        password = accounts.create_account(session, NOW, COMMAND_LINE, "desk", Role.ORGANIZER)
    page = browser.new_page(viewport=TABLET)
    page.goto(f"{server.url}/login")
    page.get_by_label("账号").fill("desk")
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/polls")
    watch = Watch(page)
    page.goto(f"{server.url}/polls/{world.poll_id}")
    page.get_by_label("暂停的原因").fill("正在输入")
    sheet = sheet_of(server.site, world.poll_id)
    for code in world.codes["A"][:7]:
        cast(server.site, code, filled(sheet))
    expect(page.locator("#figures .chief dd")).to_have_text("5", timeout=12_000)
    change(server.site, world.poll_id, present=3)
    expect(page.locator("#checks")).to_contain_text("实到 3 人，应到 12 人", timeout=12_000)
    expect(page.locator("#changed")).to_be_hidden()
    close(server.site, world.poll_id)
    expect(page.locator("#changed")).to_contain_text("刷新本页", timeout=12_000)
    assert page.get_by_label("暂停的原因").input_value() == "正在输入"
    assert not watch.complaints
    page.close()


def test_the_meetings_screen_counts_down(server: Server, browser: Browser) -> None:
    world = build_poll(server.site)
    change(server.site, world.poll_id, closes_at=datetime.now(UTC) + timedelta(seconds=65))
    page = browser.new_page(viewport=TABLET)
    page.goto(f"{server.url}/screen/{world.codes['A'][0][:4]}")
    left = page.locator("#left")
    expect(left).to_have_text(re.compile("^(1:0[0-5]|0:5[0-9])$"))
    before = left.inner_text()
    expect(left).not_to_have_text(before, timeout=3000)
    change(server.site, world.poll_id, closes_at=datetime.now(UTC) + timedelta(hours=2))
    expect(left).to_have_text(re.compile(r"^(2:00:00|1:59:\d\d)$"), timeout=12_000)
    change(server.site, world.poll_id, closes_at=None)
    expect(page.locator("#clock")).to_be_hidden(timeout=12_000)
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_halls_pages_are_readable_for_everybody(server: Server, browser: Browser, scheme: str) -> None:
    poll_id, token = door_of(server.site, rehearsal=True)
    with server.site.database.reading() as session:
        prefix = polls.poll_of(session, poll_id).prefix
    context = browser.new_context(viewport=TABLET, has_touch=True, color_scheme=scheme, bypass_csp=True)  # type: ignore[arg-type]
    pages = [start(context, server, token), context.new_page(), context.new_page()]
    pages[1].goto(f"{server.url}/screen/{prefix}")
    pages[2].goto(f"{server.url}/door/{token}")
    for page in pages:
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    context.close()


@pytest.mark.parametrize("name", ["desk.js", "door.js", "screen.js"])
def test_the_scripts_are_es5(name: str) -> None:
    code = re.sub(r"/\*.*?\*/", "", (ROOT / "static" / name).read_text(encoding="utf-8"), flags=re.DOTALL)
    code = re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', code)
    assert re.findall(r"=>|`|\.\.\.|\?\.|\?\?|\b(?:let|const|class|async|await|import|export)\b", code) == []
