"""Issuing in a real browser: a bar while the file is made, the file saved, and a way out when it is lost."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

from surveys.acts.actors import Role
from tests.builders import box_counts, build_poll
from tests.phones import NO_SCROLL, Watch, held_posts, sign_in
from tests.servers import Server
from tests.worlds import build_accounts

pytestmark = pytest.mark.slow

OFFICE = {"width": 1440, "height": 900}
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def password(server: Server) -> str:
    return build_accounts(server.site)[1][Role.ORGANIZER]


@pytest.fixture
def desk(server: Server, browser: Browser, password: str) -> Iterator[tuple[Page, int]]:
    """(the tickets page of a poll of its own, signed in; the poll's id)."""
    poll_id = build_poll(server.site, count=0, reserve=9000).poll_id
    page = browser.new_page(viewport=OFFICE, accept_downloads=True, locale="zh-CN")
    page.set_default_timeout(20_000)
    page.goto(f"{server.url}/polls/{poll_id}/tickets")
    sign_in(page, "organizer", password)
    page.locator("#issue").wait_for()
    yield page, poll_id
    page.close()


def issue(page: Page, count: int) -> None:
    page.get_by_label("张数").fill(str(count))
    page.get_by_role("button", name="发票并下载").click()


def cut_short(length: int) -> str:
    """A file of which only the beginning came."""
    about = json.dumps({"batch": 1, "name": "x.pdf", "type": "application/pdf"})
    return f"{about}\n{'.' * 60}\n{length}\n%PDF-"


def test_many_slips_show_a_bar_and_are_saved(server: Server, desk: tuple[Page, int], tmp_path: Path) -> None:
    page, poll_id = desk
    watch = Watch(page)
    page.evaluate(
        """() => { window.seen = []; const bar = document.querySelector("progress");
        new MutationObserver(() => window.seen.push(bar.value)).observe(bar, { attributes: true }); }"""
    )
    with page.expect_download() as paper:
        issue(page, 1500)
    assert paper.value.suggested_filename == "样例局-A类票-第1批-1500张.pdf"
    paper.value.save_as(tmp_path / "slips.pdf")
    data = (tmp_path / "slips.pdf").read_bytes()
    assert data.startswith(b"%PDF-")
    assert data.rstrip().endswith(b"%%EOF")
    seen = page.evaluate("() => window.seen")
    assert len(set(seen)) > 10
    assert seen == sorted(seen)
    page.locator("#made").wait_for()
    with page.expect_download() as again:
        page.get_by_role("button", name="再存一次").click()
    again.value.save_as(tmp_path / "again.pdf")
    assert (tmp_path / "again.pdf").read_bytes() == data
    assert box_counts(server.site, poll_id) == {"unused": 1500}
    page.get_by_role("link", name="存好了").click()
    page.locator("#batches").get_by_text("第 1 批").first.wait_for()
    assert not watch.complaints


@pytest.mark.parametrize("count", [1, 3])
def test_a_file_lost_on_its_way_is_voided_and_issued_anew(
    server: Server, desk: tuple[Page, int], tmp_path: Path, count: int
) -> None:
    page, poll_id = desk

    def lose(route: Route) -> None:
        route.fetch()  # the server has issued
        route.fulfill(status=200, content_type="application/vnd.ceping.steps", body=cut_short(9999))

    page.route(re.compile("/issue$"), lose)
    page.get_by_label("大字：每页 10 张").check()
    issue(page, count)
    page.get_by_text("第 1 批的票已经发出").wait_for()
    assert box_counts(server.site, poll_id) == {"unused": count}
    with page.expect_download() as paper:
        page.get_by_role("button", name="作废这一批，重发一批并下载").click()
    assert paper.value.suggested_filename == f"样例局-A类票-第2批-{count}张.pdf"
    paper.value.save_as(tmp_path / "slips.pdf")
    assert (tmp_path / "slips.pdf").read_bytes().count(b"/Type /Page\n") == 2
    assert box_counts(server.site, poll_id) == {"void": count, "unused": count}


def test_no_answer_at_all_says_where_to_look(server: Server, desk: tuple[Page, int]) -> None:
    page, poll_id = desk
    page.route(re.compile("/issue$"), lambda route: route.abort())
    issue(page, 3)
    page.get_by_text("不知道票发出了没有").wait_for()
    assert box_counts(server.site, poll_id) == {}
    page.unroute_all(behavior="ignoreErrors")
    with page.expect_download():
        issue(page, 3)
    assert box_counts(server.site, poll_id) == {"unused": 3}


def test_what_is_being_issued_is_what_the_form_shows(server: Server, desk: tuple[Page, int]) -> None:
    page, poll_id = desk
    held = held_posts(page)
    issue(page, 3)
    page.locator("#making").wait_for()
    assert page.locator("#issue input:enabled, #issue select:enabled, #issue button:enabled").count() == 0
    with page.expect_download():
        held[0].continue_()
    page.locator("#made").wait_for()
    assert page.get_by_label("张数").is_enabled()
    assert box_counts(server.site, poll_id) == {"unused": 3}


def test_a_refusal_is_shown_in_the_form(server: Server, desk: tuple[Page, int]) -> None:
    page, poll_id = desk
    page.locator("#issue").evaluate("form => { form.noValidate = true; }")
    issue(page, 6000)
    page.locator("#issue .fault").get_by_text("张数须是 1 至 5000").wait_for()
    assert page.get_by_label("张数").input_value() == "6000"
    assert box_counts(server.site, poll_id) == {}


def test_without_script_the_file_just_comes(server: Server, desk: tuple[Page, int], browser: Browser) -> None:
    page, poll_id = desk
    plain = browser.new_context(
        java_script_enabled=False, accept_downloads=True, storage_state=page.context.storage_state()
    )
    other = plain.new_page()
    other.goto(page.url)
    with other.expect_download() as paper:
        issue(other, 3)
    assert paper.value.suggested_filename == "样例局-A类票-第1批-3张.pdf"
    assert box_counts(server.site, poll_id) == {"unused": 3}
    plain.close()


def test_the_pages_fit_a_phone_and_an_office(server: Server, desk: tuple[Page, int]) -> None:
    page, poll_id = desk
    with page.expect_download():
        issue(page, 2)
    for path in ("tickets", "batches/1"):
        page.goto(f"{server.url}/polls/{poll_id}/{path}")
        for size in (PHONE, OFFICE):
            page.set_viewport_size(size)
            assert page.evaluate(NO_SCROLL), (path, size)
