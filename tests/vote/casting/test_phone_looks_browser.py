"""A voter's pages to the eye and the thumb: sizes, large type, twice the type, contrast, what axe finds."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from surveys.catalog.rules import MOST_GRADES
from surveys.polling.states import PollState
from tests.phones import (
    CROWDED,
    DOUBLED,
    LOW,
    NO_SCROLL,
    SMALL_TEXT,
    USED,
    each_step,
    fill_at_once,
    phone,
    receipt,
    stored,
    submit,
    to_review,
)
from tests.phones import ticket as fresh_ticket
from tests.scales import scaled
from tests.servers import Server
from tests.worlds import Everything, build_everything

pytestmark = pytest.mark.slow


LARGE = "() => document.documentElement.classList.contains('large')"
# Of a card's head: are its name, its post and its count in sight, and how far down does what sticks reach?
HEAD = """() => {
    const head = Array.from(document.querySelectorAll("section h2")).find(e => e.getClientRects().length);
    const parts = ["b", "small", ".filled"].map(name => head.querySelector(name));
    const seen = parts.map(e => {
        const box = e.getClientRects()[0];
        return head.contains(document.elementFromPoint(box.left + 2, box.top + box.height / 2));
    });
    return [parts.map(e => e.textContent), seen, head.getBoundingClientRect().bottom];
}"""
CHOSEN = """() => ["checked", "not(:checked)"].map(which =>
    getComputedStyle(document.querySelector(`.grades input:${which} + span`)).backgroundColor)"""


@pytest.fixture(scope="module")
def world(server: Server) -> Everything:
    return build_everything(server.site)


@pytest.mark.parametrize("width", [320, 360, 412])
def test_every_step_fits_and_can_be_hit(server: Server, browser: Browser, width: int) -> None:
    found = fresh_ticket(server, leaders=2)
    with phone(browser, width) as page:
        page.goto(found.address)

        def fits() -> None:
            assert page.evaluate(NO_SCROLL)
            assert page.evaluate(CROWDED) == []
            assert page.evaluate(SMALL_TEXT) == []
            assert page.evaluate(LOW, 60 if page.evaluate(LARGE) else 44) == []
            across = page.locator(".grades label:visible, button:visible").evaluate_all(
                "all => all.map(e => e.offsetWidth)"
            )
            assert min(across) >= 44

        each_step(page, fits)
        page.reload()
        page.get_by_role("button", name="大字").tap()
        each_step(page, fits)


LONG_NAMES = (
    "非常满意",
    "很满意",
    "满意",
    "比较满意",
    "基本满意",
    "一般",
    "不太满意",
    "不满意",
    "很不满意",
    "极不满意",
)


@pytest.mark.parametrize("width", [320, 360, 820])
@pytest.mark.parametrize("count", [2, 3, 5, 6, MOST_GRADES])
def test_grades_of_any_scale_fit_and_can_be_hit(server: Server, browser: Browser, count: int, width: int) -> None:
    """All as large as each other, in large type too."""
    with scaled(count, LONG_NAMES[-count:]):
        found = fresh_ticket(server, leaders=0, abstain="不了解")
    with phone(browser, width) as page:
        page.goto(found.address)
        for least in (44, 60):
            assert page.evaluate(NO_SCROLL)
            assert page.evaluate(CROWDED) == []
            assert page.evaluate(LOW, least) == []
            sizes = page.locator(".some:not(.apart) label").evaluate_all(
                "all => all.map(e => Math.round(e.getBoundingClientRect().width))"
            )
            assert len(sizes) == count * len(found.names)
            assert min(sizes) >= 44
            assert max(sizes) - min(sizes) <= 1
            page.get_by_role("button", name="大字").tap()


@pytest.mark.parametrize("width", [320, 360, 412])
def test_no_grade_is_larger_than_another(server: Server, browser: Browser, width: int) -> None:
    """In large type they stand two and two, never three and a wide 差."""
    found = fresh_ticket(server, leaders=0)
    with phone(browser, width) as page:
        page.goto(found.address)
        for _ in range(2):
            boxes = [label.bounding_box() for label in page.locator("fieldset").first.locator("label").all()]
            assert len({round(box["width"]) for box in boxes if box}) == 1, boxes
            page.get_by_role("button", name="大字").tap()


@pytest.mark.parametrize("large", [False, True], ids=["plain", "large"])
def test_twice_the_type_still_fits(server: Server, browser: Browser, large: bool) -> None:
    found = fresh_ticket(server, leaders=1)
    with phone(browser, 320) as page:
        for address in (server.url, found.address):
            page.goto(address)
            pressed = page.get_by_role("button", name="大字")
            if large and pressed.get_attribute("aria-pressed") == "false":
                pressed.tap()
            page.evaluate(DOUBLED)

            def fits() -> None:
                assert page.evaluate(NO_SCROLL)
                assert page.evaluate(CROWDED) == []

            each_step(page, fits)


@pytest.mark.parametrize("twice", [False, True], ids=["as-it-is", "twice"])
@pytest.mark.parametrize("large", [False, True], ids=["plain", "large"])
def test_whose_card_it_is_stays_in_sight(server: Server, browser: Browser, large: bool, twice: bool) -> None:
    """Name, post and n/7, while the card scrolls by; and what sticks leaves two thirds of the screen."""
    found = fresh_ticket(server, leaders=1)
    with phone(browser, 320) as page:
        page.goto(found.address)
        if large:
            page.get_by_role("button", name="大字").tap()
        page.locator(".steps .primary").tap()
        fill_at_once(page, [name for name in found.names if name.startswith("l")][:4])
        if twice:
            page.evaluate(DOUBLED)
        for down in (300, 600, 900):
            page.evaluate("down => window.scrollTo(0, document.querySelector('form').offsetTop + down)", down)
            page.wait_for_timeout(100)
            (name, post, count), seen, reaches = page.evaluate(HEAD)
            assert name
            assert post
            assert count == "4/7"
            assert seen == [True, True, True], down
            assert reaches <= 740 / 3, down


def test_forced_colours_show_what_is_chosen(server: Server, browser: Browser) -> None:
    found = fresh_ticket(server, leaders=0)
    with phone(browser, forced_colors="active") as page:
        page.goto(found.address)
        fill_at_once(page, found.names[:1])
        chosen, other = page.evaluate(CHOSEN)
        assert chosen != other


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_more_contrast_is_given_where_it_is_asked_for(server: Server, browser: Browser, scheme: str) -> None:
    found = fresh_ticket(server, leaders=0)
    style = "e => [getComputedStyle(e).color, getComputedStyle(e).borderTopColor]"
    with phone(browser, contrast="more", color_scheme=scheme) as page:
        page.goto(found.address)
        ink, _ = page.locator("h1").evaluate(style)
        assert page.locator(".muted").first.evaluate(style)[0] == ink
        assert page.locator(".grades span").first.evaluate(style) == [ink, ink]


def test_a_page_at_twice_its_size_still_fits(server: Server, browser: Browser) -> None:
    """Zoomed to 200 %: half as wide."""
    found = fresh_ticket(server, leaders=1)
    with phone(browser, 160) as page:
        page.goto(found.address)

        def fits() -> None:
            assert page.evaluate(NO_SCROLL)
            assert page.evaluate(CROWDED) == []

        each_step(page, fits)


def test_large_type_is_remembered(server: Server, page: Page) -> None:
    found = fresh_ticket(server, leaders=0)
    page.goto(server.url)
    page.get_by_role("button", name="大字").tap()
    for address in (found.address, f"{server.url}/b/x", server.url):
        page.goto(address)
        assert page.get_by_role("button", name="大字").get_attribute("aria-pressed") == "true"
        size = page.locator("p:visible").first.evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
        assert size >= 24
    page.get_by_role("button", name="大字").tap()
    page.reload()
    assert page.get_by_role("button", name="大字").get_attribute("aria-pressed") == "false"
    assert stored(page) == {}


# Is it said over the middle of what is shown, and in nobody's way?
WATERMARK = """() => {
    const style = getComputedStyle(document.querySelector(".rehearsal"), "::after");
    const middle = document.elementFromPoint(innerWidth / 2, innerHeight / 2);
    return [style.content, style.position, parseFloat(style.top) < innerHeight * .6,
            !middle.classList.contains("rehearsal")];
}"""


def test_a_rehearsal_is_watermarked_on_every_page(server: Server, page: Page) -> None:
    """Where the banner has scrolled away too."""
    found = fresh_ticket(server, leaders=1, rehearsal=True)

    def marked() -> None:
        for down in (0, 1000):
            page.evaluate("down => window.scrollTo(0, down)", down)
            assert page.evaluate(WATERMARK) == ['"演练"', "fixed", True, True]

    page.goto(found.address)
    each_step(page, marked)
    fill_at_once(page, found.names)
    found.pause()
    submit(page)
    page.get_by_role("button", name="再提交").wait_for()
    marked()
    page.reload()
    page.get_by_role("button", name="刷新本页").wait_for()
    marked()
    found.resume()
    page.reload()
    page.get_by_text("已恢复上次填的").wait_for()
    submit(page)
    receipt(page)
    marked()
    page.goto(found.address)
    page.get_by_role("heading", name=USED).wait_for()
    marked()


def voter_pages(page: Page, server: Server, world: Everything) -> Iterator[str]:
    """Opens each page a participant can meet, in each state; yields what it is."""
    page.goto(server.url)
    yield "start"
    page.get_by_label("票码").fill("K7QF")
    page.get_by_role("button", name="打开测评表").tap()
    page.get_by_role("alert").wait_for()
    yield "start with a fault"
    page.goto(f"{server.url}/b/{world.unused[PollState.OPEN]}")
    yield "ballot"
    page.locator(".steps .primary").tap()
    page.locator(".grades label:visible").first.tap()
    yield "leader"
    to_review(page)
    yield "review"
    submit(page)
    page.get_by_text("还没有提交：").wait_for()
    yield "review without the tick"
    page.get_by_role("link", name="您的票如何保密").evaluate("e => e.click()")
    page.get_by_role("heading", name="记下了什么").wait_for()
    yield "review, and about secrecy"
    found = fresh_ticket(server)
    page.goto(found.address)
    fill_at_once(page, found.names)
    page.context.set_offline(True)
    submit(page)
    page.get_by_text("秒后自动重试").wait_for()
    yield "retry"
    page.context.set_offline(False)
    receipt(page)
    yield "receipt"
    found = fresh_ticket(server)
    page.goto(found.address)
    fill_at_once(page, found.names[:12])
    page.reload()
    page.get_by_text("清空重填").tap()
    yield "restored"
    found = fresh_ticket(server, rehearsal=True)
    page.goto(found.address)
    yield "ballot of a rehearsal"
    fill_at_once(page, found.names)
    found.pause()
    submit(page)
    page.get_by_role("button", name="再提交").wait_for()
    yield "to be sent again"
    found.resume()
    page.get_by_role("button", name="再提交").tap()
    receipt(page)
    yield "receipt of a rehearsal"
    reasons = {
        "used": world.used,
        "void": world.void,
        "unknown": "x",
        "draft": world.unused[PollState.DRAFT],
        "paused": world.unused[PollState.PAUSED],
        "closed": world.unused[PollState.CLOSED],
        "sealed": world.unused[PollState.SEALED],
    }
    for name, code in reasons.items():
        page.goto(f"{server.url}/b/{code}")
        yield name
    for name, entry in (("board", world.open), ("sealed board", world.sealed)):
        page.goto(f"{server.url}/board/{entry.codes['A'][0][:4]}")
        yield name
    page.goto(f"{server.url}/help")
    yield "help"
    page.goto(f"{server.url}/?kiosk=1")
    page.get_by_text("这是公用平板").wait_for()
    yield "tablet"
    page.goto(f"{server.url}/b/{world.used}")
    page.get_by_role("button", name="返回，让给下一位").wait_for()
    yield "used, on a tablet"
    page.goto(f"{server.url}/?kiosk=0")
    page.goto(f"{server.url}/nothing-here")
    assert page.get_by_role("link", name="输入票码").is_visible()
    yield "no such page"
    page.goto(f"{server.url}/board/XXXX")
    yield "no such board"
    page.goto(f"{server.url}/secrecy")
    assert page.get_by_role("heading", level=1).inner_text() == "您的票如何保密"
    yield "secrecy"
    page.route("**/ballot.js*", lambda route: route.abort())  # as without script
    page.goto(f"{server.url}/b/{world.unused[PollState.OPEN]}")
    page.locator(".grades label").first.tap()
    page.get_by_role("button", name="提交").tap()
    page.get_by_text("这次没有计入").wait_for()
    yield "422 without script"


# What other colours or another size can break.
BY_LOOK = ["color-contrast", "link-in-text-block", "target-size"]


def test_axe_finds_nothing(server: Server, browser: Browser, world: Everything) -> None:
    axe = Axe()
    faults = []
    with phone(browser, reduced_motion="reduce") as page:
        for name in voter_pages(page, server, world):
            for mode in ("light", "dark", "large"):
                page.emulate_media(color_scheme="dark" if mode == "dark" else "light")
                page.evaluate("on => document.documentElement.classList.toggle('large', on)", mode == "large")
                rules = {} if mode == "light" else {"runOnly": {"type": "rule", "values": BY_LOOK}}
                for violation in axe.run(page, options=rules).response["violations"]:
                    nodes = [node["html"][:80] + node["failureSummary"][:200] for node in violation["nodes"][:3]]
                    faults.append(f"{name}, {mode}: {violation['id']}: {nodes}")
                assert page.evaluate(NO_SCROLL), f"{name}, {mode}"
                assert page.evaluate(SMALL_TEXT) == [], f"{name}, {mode}"
                assert page.evaluate(LOW, 60 if mode == "large" else 44) == [], f"{name}, {mode}"
            page.evaluate("() => document.documentElement.classList.remove('large')")
    assert not faults, "\n".join(faults)
