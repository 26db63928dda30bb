"""From 提交 to the receipt: what the screen shows is what is counted, whatever network and thumb do meanwhile."""

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.builders import record_of
from tests.phones import CAST_ONCE, Ticket, fill_at_once, phone, receipt, stored, submit, to_review
from tests.phones import ticket as fresh_ticket
from tests.servers import Server
from tests.vote.casting.test_sent_again_browser import FORBIDDEN

pytestmark = pytest.mark.slow

WAITING = "已交出，正在等回执，不能再改"
NO_RECEIPT = "还没有收到回执，请勿关闭"
RESTORED = "已恢复上次填的"
ON_SCREEN = """names => names.map(name => {
    const chosen = document.querySelector(`input[name="${name}"]:checked`);
    return chosen ? chosen.value : "-";
}).join("")"""
# What a thumb or a key can act on.
USABLE = """() => Array.from(document.querySelectorAll("main input, main select, main button, main [tabindex='0']"))
    .filter(e => !e.matches(":disabled") && e.getClientRects().length).map(e => e.outerHTML)"""


def screen(page: Page, found: Ticket) -> str:
    return str(page.evaluate(ON_SCREEN, list(found.names)))


def counted(found: Ticket) -> list[str]:
    return [answers for _, answers in record_of(found.server.site, found.poll_id).ballots]


def meddle(page: Page, name: str, letter: str) -> None:
    """Tries to choose another grade, by each way there is."""
    way_in = page.locator(".fold").first
    if way_in.evaluate("e => e.tagName") == "BUTTON":
        way_in.tap()
    radio = page.locator(f'input[name="{name}"][value="{letter}"]')
    radio.evaluate("e => e.click()")
    radio.evaluate("e => e.closest('label').click()")
    for key in ("Shift+Tab", "ArrowRight", "Tab", "Space", "Tab", "ArrowLeft"):
        page.keyboard.press(key)


def unreachable(route: Route) -> None:
    if route.request.method == "POST":
        route.abort("connectionreset")
    else:
        route.continue_()


@pytest.mark.parametrize("how", ["phone", "tablet", "no storage"])
def test_what_is_being_sent_cannot_be_changed(server: Server, browser: Browser, how: str) -> None:
    found = fresh_ticket(server)
    with phone(browser) as page:
        if how == "no storage":
            page.add_init_script(FORBIDDEN)
        if how == "tablet":
            page.goto(f"{server.url}/?kiosk=1")
        page.goto(found.address)
        fill_at_once(page, found.names)
        page.context.set_offline(True)
        submit(page)
        page.get_by_text(NO_RECEIPT).wait_for()
        assert WAITING in page.locator("main").inner_text()
        assert "没有提交" not in page.locator("body").inner_text(), "it may have been counted"
        meddle(page, found.names[0], "D")
        shown = screen(page, found)
        assert page.evaluate(USABLE) == []
        page.context.set_offline(False)
        receipt(page)
    assert found.boxes() == CAST_ONCE
    assert counted(found) == [shown] == ["A" * len(found.names)]


def test_a_lost_answer_is_waited_for_with_the_same_ballot(server: Server, page: Page) -> None:
    """The server counts; its answer is dropped on the way. Nothing on the screen says otherwise."""
    found = fresh_ticket(server)
    page.goto(found.address)
    fill_at_once(page, found.names)

    def lose(route: Route) -> None:
        route.fetch()
        route.abort("connectionreset")

    page.route("**/b/*", lose)
    submit(page)
    page.get_by_text(NO_RECEIPT).wait_for()
    assert found.boxes() == CAST_ONCE
    assert "没有提交" not in page.locator("body").inner_text()
    meddle(page, found.names[0], "D")
    shown = screen(page, found)
    page.unroute_all(behavior="ignoreErrors")
    receipt(page)
    assert counted(found) == [shown]


@pytest.mark.parametrize("late", [False, True], ids=["lost", "late"])
def test_a_reload_while_waiting_waits_on(server: Server, page: Page, late: bool) -> None:
    """`late`: the first post arrives after all, once the page has been opened anew."""
    found = fresh_ticket(server)
    sent: list[str] = []
    page.on("request", lambda request: request.method == "POST" and sent.append(str(request.post_data)))
    page.goto(found.address)
    fill_at_once(page, found.names[1:])
    to_review(page)
    page.get_by_label("有意不填").check()
    page.route("**/b/*", unreachable)
    submit(page)
    page.get_by_text(NO_RECEIPT).wait_for()
    page.reload()
    page.get_by_text(NO_RECEIPT).wait_for()
    assert WAITING in page.locator("main").inner_text()
    assert page.get_by_text(RESTORED).count() == 0
    meddle(page, found.names[0], "D")
    assert page.evaluate(USABLE) == []
    shown = screen(page, found)
    if late:
        server.post(f"/b/{found.code}", dict(pair.split("=") for pair in sent[0].split("&")))
        assert found.boxes() == CAST_ONCE
    page.unroute_all(behavior="ignoreErrors")
    receipt(page)
    assert len(set(sent)) == 1, "the same submission each time"
    assert found.boxes() == CAST_ONCE
    assert counted(found) == [shown] == ["-" + "A" * (len(found.names) - 1)]
    assert stored(page) == {}


def test_what_was_not_counted_can_be_changed_and_is_another_submission(server: Server, page: Page) -> None:
    found = fresh_ticket(server)
    nonces: list[str] = []
    page.on("request", lambda request: request.method == "POST" and nonces.append(str(request.post_data)[-38:]))
    page.goto(found.address)
    fill_at_once(page, found.names)
    found.pause()
    submit(page)
    page.get_by_role("heading", name="投票暂停").wait_for()
    found.resume()
    page.reload()
    page.get_by_text(f"{RESTORED} {len(found.names)} 项").wait_for()
    fill_at_once(page, found.names[:1], "D")
    shown = screen(page, found)
    submit(page)
    receipt(page)
    assert counted(found) == [shown] == ["D" + "A" * (len(found.names) - 1)]
    assert [nonce[:6] for nonce in nonces] == ["nonce="] * 2
    assert nonces[0] != nonces[1]


def test_a_ballot_that_is_asked_about_can_be_filled_in_again(server: Server, page: Page) -> None:
    """An answer of the server that the script did not expect: the page it sends works as the first one did."""
    found = fresh_ticket(server)
    bodies: list[str] = []

    def thinned(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        bodies.append(str(route.request.post_data))
        route.continue_(post_data=bodies[0].partition("&")[2] if len(bodies) == 1 else bodies[-1])

    page.route("**/b/*", thinned)
    page.goto(found.address)
    fill_at_once(page, found.names)
    submit(page)
    page.get_by_text("还有 1 项没有填，这次没有计入").wait_for()
    page.get_by_text(f"{RESTORED} 1 项").wait_for()
    fill_at_once(page, found.names[:1], "C")
    expect(page.locator(".progress span")).to_have_text(f"已填 {len(found.names)}/{len(found.names)}")
    submit(page)
    receipt(page)
    assert counted(found) == ["C" + "A" * (len(found.names) - 1)]
    assert len({body[-38:] for body in bodies}) == 2


def test_a_draft_is_there_at_once_and_no_tap_loses_it(server: Server, page: Page) -> None:
    found = fresh_ticket(server, leaders=8)
    page.goto(found.address)
    fill_at_once(page, found.names[:40])
    for kept in (40, 41):
        page.reload()
        page.get_by_text(f"{RESTORED} {kept} 项").wait_for()
        expect(page.locator(".progress span")).to_have_text(f"已填 {kept}/65")
        assert page.locator(f'[id="{found.names[kept]}"]').is_visible(), "at the step where it goes on"
        page.locator(f'label:has(input[name="{found.names[kept]}"][value="B"])').tap()
    page.reload()
    page.get_by_text(f"{RESTORED} 42 项").wait_for()
    assert screen(page, found) == "A" * 40 + "BB" + "-" * 23


def test_a_whole_draft_is_there_to_be_submitted(server: Server, page: Page) -> None:
    found = fresh_ticket(server)
    page.goto(found.address)
    fill_at_once(page, found.names)
    page.reload()
    page.get_by_text(RESTORED).wait_for()
    page.get_by_role("button", name="提交", exact=True).tap()
    receipt(page)


@pytest.mark.parametrize("by", ["thumb", "keys"])
def test_clearing_a_draft_takes_two_taps(server: Server, page: Page, by: str) -> None:
    def press(what: str) -> None:
        if by == "thumb":
            page.locator(what).tap()
        else:
            page.locator(what).press("Enter")

    found = fresh_ticket(server)
    page.goto(found.address)
    fill_at_once(page, found.names[:5])
    page.reload()
    for _ in range(2):  # once too often: it opens and shuts
        press("summary")
        assert len(stored(page)) == 1
        assert screen(page, found).startswith("AAAAA")
    press("summary")
    press("details button")
    assert set(screen(page, found)) == {"-"}
    expect(page.locator(".progress span")).to_have_text(f"已填 0/{len(found.names)}")
    assert page.get_by_text(RESTORED).count() == 0
    assert stored(page) == {}
    page.reload()
    page.locator(".progress").wait_for()
    assert page.get_by_text(RESTORED).count() == 0


def test_a_second_tab_does_not_write_over_what_the_first_has_handed_over(server: Server, page: Page) -> None:
    found = fresh_ticket(server)
    other = page.context.new_page()
    for tab in (page, other):
        tab.goto(found.address)
    fill_at_once(page, found.names)
    page.route("**/b/*", unreachable)
    submit(page)
    page.get_by_text(NO_RECEIPT).wait_for()
    kept = stored(page)
    fill_at_once(other, found.names, "B")
    assert stored(other) == kept
    page.unroute_all(behavior="ignoreErrors")
    receipt(page)
    assert counted(found) == ["A" * len(found.names)]
