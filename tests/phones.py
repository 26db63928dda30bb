"""Phones for tests: Chromium, what a page looks like, what it complained of, and the steps of a ballot."""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Route, sync_playwright

from surveys.acts.actors import COMMAND_LINE
from surveys.polling.base32 import grouped
from surveys.vote import hall
from tests.builders import box_counts, build_poll, sheet_of
from tests.servers import Server
from tests.sites import NOW
from tests.tools import missing

# The first that is there. Without a window's machinery around them the same pages take a third of the time.
CHROMIUMS = ("chromium-headless-shell", "chromium")
NO_SCROLL = "() => document.documentElement.scrollWidth <= window.innerWidth"
COUNTED = "您的票已计入"
USED = "此票已使用"
# As WeChat scales: every text twice its size, the page as wide as before.
DOUBLED = """() => {
    const all = Array.from(document.querySelectorAll("body *"));
    const sizes = all.map(e => parseFloat(getComputedStyle(e).fontSize));
    all.forEach((e, number) => { e.style.fontSize = 2 * sizes[number] + "px"; });
}"""
# Grades that lie on each other, stick out of the screen or do not hold their word.
CROWDED = """() => {
    const labels = Array.from(document.querySelectorAll(".grades label")).filter(e => e.getClientRects().length);
    const boxes = labels.map(e => e.getBoundingClientRect());
    const over = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
    const found = labels.filter((e, i) => boxes[i].right > innerWidth || boxes[i].left < 0
        || e.lastElementChild.scrollWidth > e.lastElementChild.clientWidth + 1
        || boxes.some((other, j) => i < j && over(boxes[i], other)));
    return found.map(e => e.textContent);
}"""
SMALL_TEXT = """() => Array.from(document.querySelectorAll("body *")).filter(e => e.getClientRects().length
    && Array.from(e.childNodes).some(n => n.nodeType === 3 && n.textContent.trim())
    && parseFloat(getComputedStyle(e).fontSize) < 18).map(e => e.tagName + " " + e.textContent.trim())"""
# What a thumb must hit and is lower than this; a link within a sentence may stay at 44 px.
LOW = """least => Array.from(document.querySelectorAll("a, button, summary, .check, .grades label, input[type=text]"))
    .filter(e => e.getClientRects().length
        && e.getBoundingClientRect().height < (e.matches("a:not(.button)") ? 44 : least))
    .map(e => e.outerHTML + " " + e.getBoundingClientRect().height)"""
# What is focused; `seen`: wholly on the screen, on top of what sticks, and ringed.
FOCUS = """() => {
    const e = document.activeElement, box = e.getBoundingClientRect();
    const ringed = e.type === "radio" ? e.nextElementSibling : e;
    const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    return {
        name: e.name, type: e.type, text: e.textContent,
        seen: box.top >= 0 && box.bottom <= innerHeight + 1 && (e.closest("label") || e).contains(top)
            && getComputedStyle(ringed).outlineStyle !== "none",
    };
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if path is None:
        missing(f"没有 Chromium：apt-get install {CHROMIUMS[0]}")
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        for acts_on, name in [(kind, name) for kind in (Page, Locator) for name in ("click", "tap", "press")]:
            patch.setattr(acts_on, name, _until_whole(getattr(acts_on, name)))
        found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield found
        found.close()


def _until_whole(act: Callable[..., None]) -> Callable[..., None]:
    """Where a click led on, Playwright comes back as the next page begins; evaluate() and count() do not wait for the
    rest of it, and find no body or half a list."""

    @wraps(act)
    def acted(on: Page | Locator, *args: Any, **options: Any) -> None:
        act(on, *args, **options)
        (on if isinstance(on, Page) else on.page).wait_for_load_state("domcontentloaded")

    return acted


@contextmanager
def phone(browser: Browser, width: int = 360, **options: Any) -> Iterator[Page]:
    """A page on a phone of its own."""
    usual: dict[str, Any] = {
        "viewport": {"width": width, "height": 740},
        "has_touch": True,
        "is_mobile": True,
        "locale": "zh-CN",
    }
    context = browser.new_context(**usual | options)
    context.set_default_timeout(10_000)
    try:
        yield context.new_page()
    finally:
        context.close()


def brought_back(page: Page) -> None:
    """As a phone does that kept the page whole while another was shown."""
    page.evaluate("() => window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")


def stored(page: Page) -> dict[str, str]:
    found: dict[str, str] = json.loads(page.evaluate("() => JSON.stringify(localStorage)"))
    return found


@dataclass
class Watch:
    """What a page complained of: errors of scripts, of the policy, of files that did not come."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        # Chromium reports a page's own status of 4xx as an error too: that one is meant.
        own = message.text.startswith("Failed to load resource") and message.location["url"] == self.page.url
        if message.type in ("error", "warning") and not own:
            self.complaints.append(message.text)

    def _request(self, request: object) -> None:
        url = str(getattr(request, "url", ""))
        if not url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            self.complaints.append(f"asked {url}")


def sign_in(page: Page, name: str, password: str) -> None:
    """On the sign-in page, until it has led on. A page closed on its way there holds up Chromium for ever."""
    page.get_by_label("账号").fill(name)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(lambda url: "/login" not in url)


@dataclass(frozen=True)
class Ticket:
    """A fresh ticket of a poll of its own. `names`: of the questions."""

    server: Server
    poll_id: int
    code: str
    names: Sequence[str]

    @property
    def address(self) -> str:
        return f"{self.server.url}/b/{grouped(self.code)}"

    def boxes(self) -> dict[str, int]:
        return box_counts(self.server.site, self.poll_id)

    def pause(self) -> None:
        with self.server.site.database.writing() as session:
            hall.pause(session, NOW, COMMAND_LINE, self.poll_id, "停电")

    def resume(self) -> None:
        with self.server.site.database.writing() as session:
            hall.resume(session, NOW, COMMAND_LINE, self.poll_id)

    def end(self, minutes: int) -> None:
        """By the clock, this many minutes from now, or ago."""
        now = datetime.now(UTC) + timedelta(minutes=minutes - 1)
        with self.server.site.database.writing() as session:
            hall.end_in(session, now, COMMAND_LINE, self.poll_id, 1)


CAST_ONCE = {"cast": 1, "ballots": 1, "receipts": 1}


def ticket(server: Server, leaders: int = 2, **options: Any) -> Ticket:
    world = build_poll(server.site, count=1, leaders=leaders, **options)
    names = [name for name, _ in sheet_of(server.site, world.poll_id).fields()]
    return Ticket(server, world.poll_id, world.codes["A"][0], names)


# Presses a button, and types over a field before the answer can be there. What the field then shows.
PRESSED_AND_TYPED = """([button, field]) => {
    document.querySelector(button).click();
    const input = document.querySelector(field);
    input.focus();
    input.select();
    document.execCommand("insertText", false, "3");
    return input.value;
}"""


def held_posts(page: Page) -> list[Route]:
    """From now on no POST of the page goes out; what was to go, to be let on its way later."""
    held: list[Route] = []
    page.route("**/*", lambda route: held.append(route) if route.request.method == "POST" else route.continue_())
    return held


def fill(page: Page, names: Sequence[str], letters: str = "AB") -> None:
    """A thumb on each question, going on to the next step where the question is."""
    for number, name in enumerate(names):
        radio = page.locator(f'input[name="{name}"][value="{letters[number % len(letters)]}"]')
        label = page.locator("label", has=radio)
        while not label.is_visible():
            page.locator(".steps .primary").tap()
        label.tap()
        assert radio.is_checked()


def fill_at_once(page: Page, names: Sequence[str], letter: str = "A") -> None:
    """As quickly as can be, for tests of something else."""
    found = [f'input[name="{name}"][value="{letter}"]' for name in names]
    page.evaluate("found => found.forEach(each => document.querySelector(each).click())", found)


def to_review(page: Page) -> None:
    """Past the steps; without script there are none."""
    following = page.locator(".steps .primary")
    while following.is_visible():
        following.tap()


def submit(page: Page) -> None:
    to_review(page)
    page.get_by_role("button", name="提交", exact=True).tap()


def receipt(page: Page) -> str:
    page.get_by_role("heading", name=COUNTED).wait_for()
    return page.locator(".receipt").inner_text()


def each_step(page: Page, act: Callable[[], None]) -> None:
    """On each step, and on the review."""
    following = page.locator(".steps .primary")
    act()
    while following.is_visible():
        following.tap()
        act()
