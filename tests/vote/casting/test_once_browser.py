"""A press too many: one form is sent once, whatever it does, and its one answer is what the page shows."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, Route

from surveys.acts.actors import Role
from surveys.vote import poll_record, polls
from tests.builders import build_poll, build_unit
from tests.phones import sign_in
from tests.servers import Server
from tests.worlds import build_accounts

pytestmark = pytest.mark.slow

PRESSES = """(button, times) => new Promise(done => {
  (function press(left) { if (!left) { done(); } else { button.click(); setTimeout(press, 100, left - 1); } })(times);
})"""


@pytest.fixture(scope="module")
def desk(server: Server, browser: Browser) -> Iterator[Page]:
    _, passwords = build_accounts(server.site)
    page = browser.new_context(locale="zh-CN", accept_downloads=True).new_page()
    page.set_default_timeout(20_000)
    page.goto(f"{server.url}/login")
    sign_in(page, Role.ORGANIZER.value, passwords[Role.ORGANIZER])
    yield page
    page.context.close()


def posts(page: Page, button: Locator, presses: int = 2) -> int:
    """How many forms went out while the button was pressed and the server had not answered yet; then it does."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "POST":
            held.append(route)
        else:
            route.continue_()

    page.route("**/*", hold)
    button.evaluate(PRESSES, presses)
    held[-1].continue_()
    page.unroute_all(behavior="ignoreErrors")
    return len(held)


def test_saving_a_poll_makes_one(desk: Page, server: Server) -> None:
    _, unit_id = build_unit(server.site)
    desk.goto(f"{server.url}/units/{unit_id}/polls/new")
    desk.get_by_label("应到人数").fill("20")
    assert posts(desk, desk.get_by_role("button", name="保存，看选票的样子")) == 1
    desk.get_by_text("已保存").wait_for()
    with server.site.database.reading() as session:
        assert len(polls.polls_of_unit(session, unit_id)) == 1


def test_each_step_of_a_meeting(desk: Page, server: Server) -> None:
    home = f"{server.url}/polls/{build_poll(server.site, opened=False, count=2, present=10).poll_id}"
    for name, said in (("开始投票", "投票已开始"), ("结束投票", "投票已结束，"), ("封存", "已封存，结果已生成")):
        desk.goto(home)
        card = desk.locator("form", has=desk.get_by_role("button", name=name, exact=True))
        if name != "开始投票":
            card.get_by_role("checkbox").check()
        assert posts(desk, card.get_by_role("button", name=name, exact=True)) == 1, name
        desk.get_by_text(said).wait_for()


def test_a_door_keeps_its_one_link(desk: Page, server: Server) -> None:
    home = f"{server.url}/polls/{build_poll(server.site, count=0).poll_id}/doors"
    desk.goto(home)
    desk.get_by_label("票种 A 的计划张数").fill("5")
    desk.get_by_role("button", name="登记").click()
    desk.get_by_label("名称（如东门）").fill("东门")
    assert posts(desk, desk.get_by_role("button", name="添加")) == 1
    desk.get_by_text("这个链接只显示这一次").wait_for()


def test_paper_is_issued_once_and_what_was_changed_is_sent(desk: Page, server: Server) -> None:
    """The page stays when a file comes: the same again must wait, something else need not."""
    poll_id = build_poll(server.site, count=0).poll_id
    desk.goto(f"{server.url}/polls/{poll_id}/paper")
    button = desk.get_by_role("button", name="发票并下载 PDF")

    for count in ("3", "2"):
        desk.get_by_label("份数").fill(count)
        with desk.expect_download():
            assert posts(desk, button) == 1
    with server.site.database.reading() as session:
        (entry,) = poll_record.class_counts(session, polls.poll_of(session, poll_id))
    assert entry.issued == 5


def test_back_on_the_page_the_form_is_sent_again(desk: Page, server: Server) -> None:
    home = f"{server.url}/polls/{build_poll(server.site, count=1).poll_id}"
    desk.goto(home)
    for _ in range(2):
        desk.get_by_label("实到人数").fill("7")
        assert posts(desk, desk.get_by_role("button", name="登记"), presses=1) == 1
        desk.get_by_text("登记 7 人，等另一人登记同样的人数").first.wait_for()
        desk.go_back()
