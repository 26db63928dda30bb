"""The ballot on a phone in a full hall: steps, drafts, retries, going back, two tabs, the keyboard."""

import json
import re

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from surveys.polling.base32 import grouped
from tests.builders import record_of
from tests.phones import (
    CAST_ONCE,
    COUNTED,
    FOCUS,
    USED,
    Watch,
    brought_back,
    fill,
    fill_at_once,
    phone,
    receipt,
    stored,
    submit,
    to_review,
)
from tests.phones import ticket as fresh_ticket
from tests.servers import Server

pytestmark = pytest.mark.slow

SAID = ["已交出，正在等回执，不能再改", "秒后自动重试", "正在重试"]


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
@pytest.mark.parametrize("width", [320, 360, 412])
def test_a_complete_vote(server: Server, browser: Browser, width: int, script: bool) -> None:
    found = fresh_ticket(server, leaders=1)
    with phone(browser, width, java_script_enabled=script) as page:
        watch = Watch(page)
        page.goto(found.address)
        assert page.locator("input:checked").count() == 0, "no default answer"
        assert page.locator("section:visible").count() == (1 if script else 2)
        fill(page, found.names, "ABCD")
        submit(page)
        receipt(page)
        assert found.boxes() == CAST_ONCE
        assert not watch.complaints


def test_progress_next_blank_and_review(server: Server, page: Page) -> None:
    found = fresh_ticket(server, leaders=8)
    page.goto(found.address)
    progress = page.locator(".progress span")
    assert len(found.names) == 65
    expect(progress).to_have_text("已填 0/65")
    fill(page, found.names[:1])
    expect(progress).to_have_text("已填 1/65")
    page.get_by_role("button", name="下一处未填").tap()
    assert page.evaluate("() => document.activeElement.name") == found.names[1]
    blanks = [found.names[4], found.names[20]]
    fill_at_once(page, [name for name in found.names if name not in blanks])
    page.get_by_role("button", name="下一处未填").tap()
    assert page.evaluate("() => document.activeElement.name") == blanks[0]
    fill(page, blanks[:1])
    page.get_by_role("button", name="下一处未填").tap()
    assert page.evaluate("() => document.activeElement.name") == blanks[1]
    assert page.locator(f'[id="{blanks[1]}"]').is_visible()
    to_review(page)
    assert "还有 1 项没有填" in page.locator(".review").inner_text()
    assert page.locator(".to-blank").count() == 1
    assert page.locator(".fold").count() == 9
    assert page.locator(".fold", has_text="7/7 ✓").count() == 7
    submit(page)
    assert page.evaluate("() => document.activeElement.name") == "blanks_meant"
    assert found.boxes() == {"unused": 1}
    page.locator(".to-blank").tap()
    assert page.evaluate("() => document.activeElement.name") == blanks[1]
    to_review(page)
    page.get_by_label("有意不填").check()
    submit(page)
    receipt(page)
    assert found.boxes() == CAST_ONCE


def test_offline_at_submit_then_online(server: Server, page: Page) -> None:
    found = fresh_ticket(server)
    page.goto(found.address)
    fill_at_once(page, found.names)
    page.context.set_offline(True)
    submit(page)
    page.get_by_text("还没有收到回执，请勿关闭").wait_for()
    assert found.boxes() == {"unused": 1}
    page.context.set_offline(False)
    receipt(page)
    assert found.boxes() == CAST_ONCE
    assert stored(page) == {}


def test_what_a_voter_reads_while_the_network_is_gone(server: Server, page: Page) -> None:
    found = fresh_ticket(server)
    page.goto(found.address)
    fill_at_once(page, found.names)
    page.evaluate("""() => {
        window.said = [];
        const note = () => document.querySelectorAll("[role=alert]").forEach(e => said.push(e.textContent));
        new MutationObserver(note).observe(document.body, {subtree: true, childList: true, characterData: true});
    }""")
    page.context.set_offline(True)
    submit(page)
    page.get_by_role("button", name="立即重试").tap()
    page.get_by_text("自动重试").wait_for()
    page.context.set_offline(False)
    receipt(page)
    said = page.evaluate("() => window.said")
    first = [next(number for number, line in enumerate(said) if words in line) for words in SAID]
    assert first == sorted(first), said
    assert "已收到" in page.locator("main").inner_text()
    assert page.locator("[role=alert]").count() == 0


def test_an_answer_lost_after_the_commit(server: Server, page: Page) -> None:
    found = fresh_ticket(server)
    answers = []

    def lose(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        response = route.fetch()
        answers.append(response.text())
        if len(answers) == 1:
            assert found.boxes() == CAST_ONCE
            route.abort("connectionreset")
        else:
            route.fulfill(response=response)

    page.route("**/b/*", lose)
    page.goto(found.address)
    fill_at_once(page, found.names)
    submit(page)
    shown = receipt(page)
    assert len(answers) == 2
    assert all(shown in answer for answer in answers)
    assert found.boxes() == CAST_ONCE


def test_a_lost_answer_and_a_reload_still_lead_to_the_receipt(server: Server, page: Page) -> None:
    found = fresh_ticket(server)
    page.goto(found.address)
    fill_at_once(page, found.names)

    def lose(route: Route) -> None:
        route.fetch()
        route.abort("connectionreset")

    page.route("**/b/*", lose)
    submit(page)
    page.get_by_text("还没有收到回执，请勿关闭").wait_for()
    page.unroute_all(behavior="ignoreErrors")
    page.reload()
    page.get_by_role("heading", name=COUNTED).wait_for()
    assert receipt(page)
    assert found.boxes() == CAST_ONCE
    assert stored(page) == {}


@pytest.mark.parametrize(
    ("status", "body"),
    [(503, "<h1>busy</h1>"), (200, "<h1>Wi-Fi</h1>"), (429, "slow down"), (403, "<main><h1>no</h1></main>")],
    ids=["503", "Wi-Fi", "429", "403"],
)
def test_what_is_no_answer_is_tried_again(server: Server, page: Page, status: int, body: str) -> None:
    """A busy server twice; a hotspot's own page; a proxy's refusal, with a heading too."""
    found = fresh_ticket(server)
    tries = []

    def refuse(route: Route) -> None:
        if route.request.method == "POST":
            tries.append(route.request.post_data)
        if route.request.method == "POST" and len(tries) <= 2:
            route.fulfill(status=status, body=body, content_type="text/html")
        else:
            route.continue_()

    page.route("**/b/*", refuse)
    page.goto(found.address)
    fill_at_once(page, found.names)
    submit(page)
    page.get_by_role("button", name="立即重试").tap()
    receipt(page)
    assert len(tries) == 3
    assert len(set(tries)) == 1, "the same submission each time"
    assert found.boxes() == CAST_ONCE


def test_a_reload_midway(server: Server, page: Page) -> None:
    found = fresh_ticket(server)
    page.goto(found.address)
    fill_at_once(page, found.names[:6], "B")
    kept = stored(page)
    assert len(kept) == 1
    assert next(iter(kept)).startswith("ceping-")
    told = json.dumps(kept).upper()
    assert not [part for part in (found.code, *grouped(found.code).split("-")) if part in told]
    page.reload()
    page.get_by_text("已恢复上次填的 6 项").wait_for()
    assert page.locator('fieldset input[value="B"]:checked').count() == 6
    expect(page.locator(".progress span")).to_have_text(f"已填 6/{len(found.names)}")
    page.get_by_role("button", name="大字").tap()
    fill_at_once(page, found.names)
    submit(page)
    receipt(page)
    assert list(stored(page)) == ["ceping-large"]


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_where_every_question_must_be_answered(server: Server, browser: Browser, script: bool) -> None:
    found = fresh_ticket(server, leaders=1, blanks_allowed=False)
    with phone(browser, java_script_enabled=script) as page:
        page.goto(found.address)
        fill_at_once(page, found.names[:-1])
        to_review(page)
        button = page.get_by_role("button", name="提交", exact=True)
        if script:
            assert "填完才能提交" in page.locator(".review").inner_text()
            assert not button.is_visible()
            page.locator(".to-blank").tap()
        else:
            button.tap()
            assert "每一项都要填" in page.locator("[role=alert]").inner_text()
            assert page.get_by_label("我有意不填").count() == 0
        fill(page, found.names[-1:])
        submit(page)
        receipt(page)
    assert found.boxes() == CAST_ONCE


def test_abstaining_is_a_button_of_its_own(server: Server, page: Page) -> None:
    found = fresh_ticket(server, leaders=1, abstain="不了解")
    page.goto(found.address)
    group = page.locator("fieldset").first
    buttons = [label.bounding_box() for label in group.locator("label").all()]
    assert len(buttons) == 5
    assert all(box is not None for box in buttons)
    assert buttons[4]["y"] > buttons[0]["y"], "apart from the grades"  # type: ignore[index]
    fill(page, found.names, "A*")
    submit(page)
    receipt(page)
    ballot = next(iter(record_of(server.site, found.poll_id).ballots))
    assert ballot[1] == "A*" * (len(found.names) // 2)


def test_back_after_submit(server: Server, page: Page) -> None:
    found = fresh_ticket(server)
    page.goto(server.url)
    page.goto(found.address)
    fill_at_once(page, found.names)
    submit(page)
    receipt(page)
    page.go_back()
    page.go_forward()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(re.compile(f"{COUNTED}|{USED}"))
    assert page.locator("fieldset").count() == 0
    page.goto(server.url)
    page.go_back()
    expect(heading).to_have_text(re.compile(f"{COUNTED}|{USED}"))
    assert found.boxes() == CAST_ONCE


def test_a_page_brought_back_asks_whether_the_ticket_is_used(server: Server, page: Page) -> None:
    found = fresh_ticket(server)
    page.goto(found.address)
    fill_at_once(page, found.names[:3])
    brought_back(page)
    page.get_by_text("已恢复上次填的 3 项").wait_for()
    server.post(f"/b/{found.code}", {name: "A" for name in found.names})
    brought_back(page)
    page.get_by_role("heading", name=USED).wait_for()


def test_a_receipt_brought_back_is_still_the_receipt(server: Server, page: Page) -> None:
    found = fresh_ticket(server)
    page.goto(found.address)
    fill_at_once(page, found.names)
    submit(page)
    shown = receipt(page)
    brought_back(page)
    page.wait_for_timeout(300)
    assert receipt(page) == shown


def test_two_tabs_with_the_same_code(server: Server, page: Page) -> None:
    found = fresh_ticket(server)
    other = page.context.new_page()
    for tab in (page, other):
        tab.goto(found.address)
    for tab in (page, other):
        fill_at_once(tab, found.names)
    page.bring_to_front()
    submit(page)
    receipt(page)
    other.bring_to_front()
    submit(other)
    other.get_by_role("heading", name=USED).wait_for()
    assert found.boxes() == CAST_ONCE
    assert stored(other) == {}


def test_a_whole_vote_by_keyboard(server: Server, browser: Browser) -> None:
    found = fresh_ticket(server, leaders=1)
    with phone(browser, has_touch=False, is_mobile=False) as page:
        page.goto(found.address)
        done: set[str] = set()
        for _ in range(80):
            page.keyboard.press("Tab")
            focus = page.evaluate(FOCUS)
            assert focus["seen"], focus
            if focus["type"] == "radio" and focus["name"] not in done:
                done.add(focus["name"])
                page.keyboard.press("Space")
                page.keyboard.press("ArrowRight")
                focus = page.evaluate(FOCUS)
                assert focus["seen"], focus
                assert page.locator(f'input[name="{focus["name"]}"]').nth(1).is_checked()
                if len(done) == 14:  # and back up a little, below what sticks
                    for key in ["Shift+Tab"] * 3 + ["Tab"] * 3:
                        page.keyboard.press(key)
                        focus = page.evaluate(FOCUS)
                        assert focus["seen"], focus
            elif focus["text"].startswith("下一步"):
                page.keyboard.press("Enter")
            elif focus["text"] == "提交":
                page.keyboard.press("Enter")
                break
        receipt(page)
        assert done == set(found.names)
        assert found.boxes() == CAST_ONCE
