"""A phone and an office PC in a real browser: votes and receipts, and a poll from signing in to its charts."""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Route

from surveys.acts.actors import Role
from tests.builders import build_unit, count_present
from tests.phones import NO_SCROLL, Watch, fill, fill_at_once, sign_in, submit, ticket, to_review
from tests.servers import Server
from tests.worlds import build_accounts

pytestmark = pytest.mark.slow

PHONE = {"width": 360, "height": 740}
OFFICE = {"width": 1440, "height": 900}


@pytest.fixture(params=["script", "no script"])
def phone(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport=PHONE, has_touch=True, is_mobile=True, java_script_enabled=request.param == "script", locale="zh-CN"
    )
    yield context
    context.close()


@pytest.fixture
def scripted(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True, locale="zh-CN")
    context.set_default_timeout(10_000)
    yield context
    context.close()


def ballot(server: Server, leaders: int = 2) -> tuple[str, Sequence[str]]:
    """(address of a fresh ballot, names of its questions)."""
    found = ticket(server, leaders)
    return found.address, found.names


def test_a_vote_on_a_phone(server: Server, phone: BrowserContext) -> None:
    address, names = ballot(server)
    page = phone.new_page()
    watch = Watch(page)
    page.goto(address)
    assert page.locator("input:checked").count() == 0
    fill(page, names)
    submit(page)
    page.get_by_role("heading", name="您的票已计入").wait_for()
    assert page.locator(".receipt").inner_text().count("-") == 2
    assert page.context.cookies() == []
    assert not watch.complaints


def test_blanks_are_shown_and_then_meant(server: Server, phone: BrowserContext) -> None:
    address, names = ballot(server)
    page = phone.new_page()
    page.goto(address)
    scripted = page.locator(".progress").count() == 1
    fill(page, names[1:])
    submit(page)
    page.get_by_text("还有 1 项没有填").first.wait_for()
    assert page.get_by_role("heading", name="您的票已计入").count() == 0
    blank = page.locator(f'[id="{names[0]}"]')
    link = page.locator(f'a[href="#{names[0]}"]')
    if scripted:
        page.get_by_role("button", name="领导班子：1. ").tap()
        to_review(page)
    else:
        link.first.tap()
    assert blank.count() == 1
    assert page.locator("input[type=radio]:checked").count() == len(names) - 1
    page.get_by_label("有意不填").check()
    submit(page)
    page.get_by_role("heading", name="您的票已计入").wait_for()


def test_an_answer_lost_on_the_way_is_posted_again(server: Server, phone: BrowserContext) -> None:
    """The vote is counted, its answer never arrives: with script it is asked for again until it comes, without it
    the voter presses again and reads that the vote is safe."""
    address, names = ballot(server)
    page = phone.new_page()
    page.goto(address)
    fill_at_once(page, names)
    scripted = page.locator(".progress").count() == 1

    def lose(route: Route) -> None:
        if route.request.method == "POST":
            route.fetch()
            route.abort("aborted")
        else:
            route.continue_()

    page.route("**/b/*", lose)
    submit(page)
    page.wait_for_timeout(500)
    page.unroute_all(behavior="ignoreErrors")
    if scripted:
        page.get_by_role("heading", name="您的票已计入").wait_for()
    else:
        submit(page)
        page.get_by_role("heading", name="此票已使用").wait_for()
        assert "如果是您本人刚投的，已经成功" in page.inner_text("main")


def test_going_back_after_the_vote_offers_no_second_one(server: Server, phone: BrowserContext) -> None:
    address, names = ballot(server)
    page = phone.new_page()
    page.goto(address)
    fill_at_once(page, names)
    submit(page)
    page.get_by_role("heading", name="您的票已计入").wait_for()
    page.go_back()
    if page.url == "about:blank":  # with script the address never changed
        page.go_forward()
    if page.get_by_role("button", name="提交").count():
        submit(page)
    heading = page.get_by_role("heading", level=1).inner_text()
    assert heading in ("您的票已计入", "此票已使用")


@pytest.mark.parametrize("width", [360, 320])
def test_nothing_is_wider_than_the_phone(server: Server, scripted: BrowserContext, width: int) -> None:
    address, names = ballot(server, leaders=8)
    page = scripted.new_page()
    watch = Watch(page)
    page.set_viewport_size({"width": width, "height": 740})

    def fits(what: str) -> None:
        assert page.evaluate(NO_SCROLL), f"{what} is wider than {width}"

    page.goto(server.url)
    fits("the start page")
    page.get_by_label("票码").fill("K7QF")
    page.get_by_role("button", name="打开测评表").tap()
    page.get_by_role("alert").wait_for()
    fits("the start page with a fault")
    page.goto(f"{server.url}/nothing-here-at-all")
    fits("an unknown address")
    page.goto(f"{server.url}/b/x")
    fits("a refusal")
    page.goto(address)
    fits("the ballot")
    fill_at_once(page, names[:-1])
    submit(page)
    page.get_by_text("还有 1 项没有填").first.wait_for()
    fits("the ballot with a blank")
    page.locator(".to-blank").tap()
    fits("the blank")
    fill(page, names[-1:])
    submit(page)
    page.locator(".receipt").wait_for()
    fits("the receipt")
    page.goto(address)
    fits("a used ticket")
    assert not watch.complaints


def test_what_a_thumb_must_hit_and_an_old_eye_read(server: Server, scripted: BrowserContext) -> None:
    address, _ = ballot(server)
    page = scripted.new_page()
    page.goto(address)
    for box in page.locator(".grades label:visible").evaluate_all(
        "found => found.map(e => e.getBoundingClientRect().toJSON())"
    ):
        assert box["height"] >= 44
        assert box["width"] >= 44
    size = "found => found.map(e => parseFloat(getComputedStyle(e).fontSize))"
    assert min(page.locator("legend").evaluate_all(size)) >= 18
    assert min(page.locator(".grades label").evaluate_all(size)) >= 18
    to_review(page)
    button = page.get_by_role("button", name="提交").bounding_box()
    assert button is not None
    assert button["height"] >= 44


def test_the_ballot_works_from_a_keyboard(server: Server, browser: Browser) -> None:
    address, names = ballot(server, leaders=0)
    page = browser.new_page(viewport=PHONE)
    page.goto(address)
    for name in names:
        page.locator(f'input[name="{name}"]').first.focus()
        page.keyboard.press("Space")
        page.keyboard.press("ArrowRight")
        assert page.locator(f'input[name="{name}"]').nth(1).is_checked()
    page.get_by_role("button", name="下一步").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="提交").focus()
    page.keyboard.press("Enter")
    page.locator(".receipt").wait_for()
    page.close()


def test_a_typed_code_opens_the_ballot(server: Server, phone: BrowserContext) -> None:
    address, _ = ballot(server)
    page = phone.new_page()
    page.goto(server.url)
    page.get_by_label("票码").fill(address.rsplit("/", 1)[1].lower())
    page.get_by_role("button", name="打开测评表").tap()
    page.wait_for_url(address)
    assert page.locator("fieldset").count() > 9


def test_a_poll_in_the_office(server: Server, browser: Browser, tmp_path: Path) -> None:
    """Sign in, make, issue, open, vote, close, seal, see the charts."""
    _, unit_id = build_unit(server.site, "样例档案局")
    _, passwords = build_accounts(server.site)
    page = browser.new_page(viewport=OFFICE, accept_downloads=True, locale="zh-CN")
    watch = Watch(page)
    page.goto(f"{server.url}/units/{unit_id}/polls/new")
    sign_in(page, "admin", passwords[Role.ADMIN])
    page.get_by_label("应到人数").fill("3")
    page.get_by_label("预留几张票").fill("3")
    page.get_by_role("button", name="保存，看选票的样子").click()
    page.get_by_role("link", name="下一步：发票").click()
    page.get_by_label("张数").fill("3")
    with page.expect_download() as paper:
        page.get_by_role("button", name="发票并下载").click()
    assert paper.value.suggested_filename == "样例档案局-A类票-第1批-3张.pdf"
    paper.value.save_as(tmp_path / "slips.pdf")
    assert (tmp_path / "slips.pdf").read_bytes().startswith(b"%PDF-")
    page.reload()
    page.get_by_label("张数").fill("3")
    page.get_by_label("纸条和表格都要").check()
    with page.expect_download() as both:
        page.get_by_role("button", name="发票并下载").click()
    both.value.save_as(tmp_path / "slips.zip")
    page.get_by_role("link", name="会场", exact=True).click()
    page.get_by_role("button", name="开始投票").click()
    page.get_by_text("投票已开始").wait_for()
    for code in codes_in(tmp_path / "slips.zip"):
        vote(browser, server, code)
    count_present(server.site, int(page.url.rsplit("/", 1)[1]), 3)
    page.reload()
    page.get_by_label("我确认").check()
    page.get_by_role("button", name="结束投票").click()
    page.get_by_text("投票已结束").wait_for()
    page.get_by_label("我确认").check()
    page.get_by_role("button", name="封存").click()
    page.get_by_text("已封存，结果已生成").wait_for()
    page.get_by_role("link", name="看统计结果").click()
    images = page.locator("img")
    images.first.wait_for()
    assert images.count() == 3
    for number in range(3):
        images.nth(number).scroll_into_view_if_needed()
        page.wait_for_function("e => e.complete && e.naturalWidth > 0", arg=images.nth(number).element_handle())
    assert page.evaluate(NO_SCROLL)
    assert not watch.complaints
    page.close()


def codes_in(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as bundle:
        name = next(name for name in bundle.namelist() if name.endswith(".csv"))
        return [row["code"] for row in csv.DictReader(io.StringIO(bundle.read(name).decode("utf-8-sig")))]


def vote(browser: Browser, server: Server, code: str) -> None:
    page = browser.new_page(viewport=PHONE)
    page.goto(f"{server.url}/b/{code}")
    for grades in page.locator(".grades").all():
        if not grades.is_visible():
            page.locator(".steps .primary").click()
        grades.locator("label").first.click()
    page.locator(".steps .primary").click()
    page.get_by_role("button", name="提交").click()
    page.locator(".receipt").wait_for()
    page.close()
