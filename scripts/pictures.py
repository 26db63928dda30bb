"""Regenerates docs/pictures from a fresh demo: scripts/pictures (needs Chromium and pdftoppm).

`scripts/pictures voter`: only the participant's pages.
"""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from local_server import free_port, running
from pictures_desk import Desk

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1440, "height": 900}
COLOURS = 96
LONG_AGO = "2026-01-01 00:00:00.000000"


def save(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=PICTURES / f"{name}.png")


def phone(browser: Browser, **options: Any) -> Page:
    return browser.new_context(viewport=PHONE, device_scale_factor=2, **options).new_page()


def shrink(which: str) -> None:
    """Few colours are enough for pages, and a third of the size."""
    for path in PICTURES.glob(which):
        with Image.open(path) as picture:
            small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        small.save(path, optimize=True)


def voter(browser: Browser, base: str, link: str) -> None:
    page = phone(browser)
    page.goto(base)
    save(page, "voter-start")
    page.fill("#code", link[-9:])
    page.locator("button[type=submit]").click()
    page.wait_for_selector("#fault")
    save(page, "voter-mistyped")
    page.goto(f"{base}/help")
    save(page, "voter-help")
    page.goto(f"{base}/{link[-9:]}")
    save(page, "voter-missing")
    page.goto(link)
    save(page, "voter-ballot")
    sections = page.locator("form section:not(.review)").count()
    for number in range(sections):
        for group in page.locator("section:not([hidden]) fieldset").all()[: 7 if number == 2 else 9]:
            group.locator("label").nth(1).click()
        if number < 2:
            page.evaluate("scrollTo(0, document.querySelector('form').offsetTop)")
            save(page, ("voter-organization", "voter-leader")[number])
        page.locator(".steps .primary").click()
    save(page, "voter-review")
    page.context.set_offline(True)
    page.locator("button[type=submit]").click()
    page.get_by_role("button", name="立即重试").wait_for()
    page.screenshot(path=PICTURES / "voter-retry.png")
    page.context.set_offline(False)
    page.wait_for_selector("#receipt")
    save(page, "voter-receipt")
    page.goto(link)
    save(page, "voter-used")


def fill(page: Page) -> None:
    page.evaluate("document.querySelectorAll('fieldset').forEach(each => each.querySelector('input').click())")


def to_review(page: Page) -> None:
    while page.locator(".steps .primary").is_visible():
        page.locator(".steps .primary").click()


def other_looks(browser: Browser, base: str, link: str) -> None:
    page = phone(browser)
    page.goto(link)
    page.get_by_role("button", name="大字").click()
    page.locator("fieldset").first.locator("label").first.click()
    save(page, "voter-large")
    page = phone(browser, color_scheme="dark")
    page.goto(link)
    page.locator("fieldset").first.locator("label").first.click()
    save(page, "voter-dark")
    page = phone(browser)
    page.goto(f"{base}/b/{'0' * 20}")
    save(page, "voter-unknown")
    page.goto(f"{base}/secrecy")
    save(page, "voter-secrecy")
    page.goto(link)
    page.locator("fieldset").first.locator("label").first.click()
    page.reload()
    page.get_by_text("已恢复上次填的 1 项").wait_for()
    save(page, "voter-kept")
    fill(page)
    page.evaluate("document.querySelectorAll('fieldset')[3].querySelector('input:checked').checked = false")
    to_review(page)
    page.locator("button[type=submit]").click()
    page.wait_for_selector("[role=alert]:visible")
    save(page, "voter-not-ticked")


def refusals(browser: Browser, links: dict[str, str]) -> None:
    """The page of each ticket that cannot be cast."""
    page = phone(browser)
    for name, link in links.items():
        page.goto(link)
        save(page, f"voter-{name}")


def sent(page: Page, link: str, stop: Callable[[], object], name: str) -> None:
    """A ballot filled in, and submitted into what has come meanwhile."""
    page.goto(link)
    fill(page)
    to_review(page)
    stop()
    page.locator("button[type=submit]").click()
    page.wait_for_selector("#reason")
    save(page, name)


def refused(browser: Browser, link: str) -> None:
    """Without script: blanks asked about; a submission that does not fit its sheet."""
    page = phone(browser, java_script_enabled=False)
    page.goto(link)
    page.locator("fieldset").first.locator("label").first.click()
    page.locator("button[type=submit]").click()
    page.wait_for_selector("[role=alert]")
    page.evaluate("scrollTo(0, 0)")
    save(page, "voter-blanks")
    page.goto(link)
    page.route("**/b/*", lambda route: route.continue_(post_data="nonce=x"))
    page.locator("button[type=submit]").click()
    page.wait_for_selector("#reason")
    save(page, "voter-refused")


def rehearsal(browser: Browser, link: str) -> None:
    page = phone(browser)
    page.goto(link)
    save(page, "voter-rehearsal")
    fill(page)
    to_review(page)
    page.locator("button[type=submit]").click()
    page.wait_for_selector("#receipt")
    save(page, "voter-rehearsal-receipt")


def change(database: Path, statement: str, *values: str) -> None:
    """What no page offers, in the demo's own database."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(statement, values)


def faults(browser: Browser, base: str, link: str, broken: str, database: Path) -> None:
    """Of the server and of a sender. Without script, which would try again by itself. `broken`: a draft's ticket."""
    page = phone(browser, java_script_enabled=False)
    page.set_default_timeout(60_000)  # the server waits for the database for a while
    page.goto(link)
    with closing(sqlite3.connect(database, isolation_level=None)) as hog:
        hog.execute("BEGIN IMMEDIATE")
        page.locator("button[type=submit]").click()
        page.get_by_role("heading", name="网站正忙").wait_for()
    save(page, "voter-busy")
    page.goto(base)
    page.route(f"{base}/", lambda route: route.continue_(post_data="code=%00"))
    page.fill("#code", "0")
    page.locator("button[type=submit]").click()
    page.get_by_role("heading", name="这次提交没有收下").wait_for()
    save(page, "voter-not-counted")
    change(database, "UPDATE polls SET envelope_salt = zeroblob(32) WHERE id = 5")
    change(database, "UPDATE polls SET state = 'open', opened_at = ?, sheet = '[]' WHERE id = 5", LONG_AGO)
    page.goto(broken)
    page.get_by_role("heading", name="网站出了故障").wait_for()
    save(page, "voter-fault")


def tablet(browser: Browser, base: str, link: str) -> None:
    """A shared tablet, before and after a vote."""
    page = phone(browser)
    page.goto(f"{base}/?kiosk=1")
    save(page, "voter-tablet")
    page.goto(link)
    fill(page)
    to_review(page)
    page.locator("button[type=submit]").click()
    page.get_by_role("button", name="完成").wait_for()
    save(page, "voter-tablet-receipt")


def staff(browser: Browser, base: str, password: str) -> None:
    page = browser.new_context(viewport=DESK).new_page()
    page.goto(f"{base}/login")
    page.fill("#name", "admin")
    page.fill("#password", password)
    page.click("main button")
    save(page, "staff-polls")
    for name, path in {
        "staff-tally": "/polls/1/tally",
        "staff-sheet": "/units/1",
        "staff-results": "/assessments/1/results",
    }.items():
        page.goto(base + path)
        save(page, name)


def main(only_voter: bool) -> None:
    chromium = shutil.which("chromium")
    if chromium is None or shutil.which("pdftoppm") is None:
        raise SystemExit("没有 Chromium 或 pdftoppm：apt-get install chromium fonts-noto-cjk poppler-utils")
    PICTURES.mkdir(exist_ok=True)
    which = "voter-*.png" if only_voter else "*.png"
    for old in PICTURES.glob(which):
        old.unlink()
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "DATABASE_URL": f"sqlite:///{folder}/demo.db",
            "SECRET_KEY": "pictures-" * 4,
            "PUBLIC_URL": base,
            "DATA_DIR": folder,
        }
        database = Path(folder) / "demo.db"
        flask = [".venv/bin/flask", "--app", "app"]
        subprocess.run([*flask, "migrate"], cwd=ROOT, env=environment, check=True)
        told = subprocess.run([*flask, "demo"], cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
        links = re.findall(r"http://\S+/b/\S+", told.stdout)
        passwords = dict(re.findall(r"账号 (\S+)  密码 (\S+)", told.stdout))

        def flask_says(*words: str) -> str:
            command = [*flask, *words]
            told = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
            return told.stdout

        def new_link(poll: str) -> str:
            return flask_says("poll", "issue", poll, "--count", "1", "--csv", "-").splitlines()[1].split(",")[2]

        # The demo has issued to everybody who is entitled; beyond that it takes two accounts.
        change(database, "UPDATE polls SET entitled = entitled + ? WHERE id IN (5, 6)", "10")
        draft, void, late = new_link("5"), new_link("6"), new_link("6")
        flask_says("poll", "void", "6", "--code", void.rsplit("/", 1)[1], "--reason", "示例")
        with running(port, environment), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            voter(browser, base, links[0])
            other_looks(browser, base, links[1])
            tablet(browser, base, links[1])
            if not only_voter:
                staff(browser, base, passwords["admin"])
                Desk(browser, base, passwords, Path(folder), save).take()
            refused(browser, late)

            def pause() -> None:
                flask_says("poll", "pause", "6", "--reason", "示例")

            shared, resting = phone(browser), phone(browser)
            shared.goto(f"{base}/?kiosk=1")
            sent(shared, late, pause, "voter-tablet-paused")
            flask_says("poll", "resume", "6")
            sent(resting, late, pause, "voter-paused")
            resting.reload()
            resting.get_by_text("您填的还在").wait_for()
            save(resting, "voter-paused-draft")
            flask_says("poll", "resume", "6")
            refusals(browser, {"draft": draft, "void": void})
            twin = flask_says("poll", "rehearse", "5").strip()
            tried = new_link(twin)
            flask_says("poll", "open", twin)
            rehearsal(browser, tried)
            faults(browser, base, late, draft, database)
            end = "UPDATE polls SET closes_at = ? WHERE id = 6"
            sent(phone(browser), late, lambda: change(database, end, LONG_AGO), "voter-time-up")
            flask_says("poll", "close", "6")
            refusals(browser, {"closed": late})
            browser.close()
    shrink(which)


main(sys.argv[1:] == ["voter"])
