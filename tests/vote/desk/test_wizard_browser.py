"""The poll wizard in Chromium: by keyboard alone, with and without script; the ballot's preview on a phone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.season import assessments
from surveys.season.assessments import LeaderEntry, UnitEntry
from surveys.settings import database_url_of
from surveys.vote import polls
from surveys.vote.poll_entries import PollEntry, entry_of
from tests.phones import NO_SCROLL, Watch, sign_in
from tests.servers import Server, running
from tests.sites import NOW
from tests.worlds import build_accounts

OFFICE = {"width": 1440, "height": 900}
PHONE = {"width": 360, "height": 740}
PEOPLE = ("样例甲", "阿卜杜拉·买买提", "样例䶮")
SAVE = "保存，看选票的样子"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("wizard")
    with running(database_url_of(f"sqlite:///{folder / 'wizard.db'}"), folder) as found:
        yield found


@pytest.fixture(scope="module")
def password(server: Server) -> str:
    _, passwords = build_accounts(server.site)
    return passwords[Role.ORGANIZER]


def new_unit(server: Server, name: str) -> int:
    people = tuple(LeaderEntry(person, f"职务{number}") for number, person in enumerate(PEOPLE, start=1))
    with server.site.database.writing() as session:
        assessment_id = assessments.create_assessment(session, NOW, COMMAND_LINE, f"考核 {name}", ["municipal"])
        entry = UnitEntry(name, "市直单位", "municipal", leaders=people)
        return assessments.add_unit(session, NOW, COMMAND_LINE, assessment_id, entry)


def opened(browser: Browser, server: Server, password: str, address: str, *, script: bool = True) -> Page:
    page = browser.new_context(viewport=OFFICE, locale="zh-CN", java_script_enabled=script).new_page()
    page.goto(f"{server.url}{address}")
    sign_in(page, "organizer", password)
    page.get_by_role("button", name=SAVE).wait_for()
    return page


def made(server: Server) -> PollEntry:
    """The newest poll."""
    with server.site.database.reading() as session:
        return entry_of(max(polls.list_polls(session), key=lambda poll: poll.id))


def tab_to(page: Page, element_id: str) -> None:
    """The tab key, until the field has the focus."""
    for _ in range(120):
        if page.evaluate("document.activeElement.id") == element_id:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no way to {element_id} by keyboard")


def type_into(page: Page, element_id: str, text: str) -> None:
    tab_to(page, element_id)
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def test_by_keyboard_from_an_empty_form_to_the_tickets(browser: Browser, server: Server, password: str) -> None:
    unit_id = new_unit(server, "样例档案局")
    page = opened(browser, server, password, f"/units/{unit_id}/polls/new")
    watch = Watch(page)
    type_into(page, "title", "年度测评")
    type_into(page, "place", "三楼会议室")
    type_into(page, "leaders-2-order", "１")
    type_into(page, "leaders-3-name", "样例外")
    tab_to(page, "preset-1")
    page.keyboard.press("ArrowDown")  # the next preset: its lines are filled in at once
    assert page.locator("#classes-2-key").input_value() == "C"
    type_into(page, "classes-0-planned", "２０")
    page.keyboard.press("Enter")  # in a field: saves, and something is still missing
    page.get_by_text("还没有保存").wait_for()
    assert "请填写应到人数" in page.locator("#entitled-fault").inner_text()
    assert page.locator("#classes-0-planned").input_value() == "２０"
    page.get_by_role("link", name="请填写应到人数。").focus()
    page.keyboard.press("Enter")
    type_into(page, "entitled", "４８")
    tab_to(page, "two_person")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.get_by_text("已保存").wait_for()
    assert not watch.complaints
    poll = made(server)
    assert [leader.name for leader in poll.leaders or ()] == ["样例䶮", "样例甲", "阿卜杜拉·买买提", "样例外"]
    assert [(each.key, each.planned) for each in poll.classes] == [("A", 20), ("B", None), ("C", None)]
    assert (poll.entitled, poll.two_person, poll.place) == (48, True, "三楼会议室")
    page.get_by_role("link", name="下一步：发票").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/tickets")
    page.context.close()


def test_without_script_the_button_fills_the_classes_in(browser: Browser, server: Server, password: str) -> None:
    unit_id = new_unit(server, "样例教育局")
    page = opened(browser, server, password, f"/units/{unit_id}/polls/new", script=False)
    page.get_by_label("应到人数").fill("12")
    page.get_by_label("A/B/C 40/30/30").check()
    page.get_by_role("button", name=SAVE).click()
    page.get_by_role("link", name="按所选填好").wait_for()
    page.get_by_role("button", name="按所选填好").click()
    assert page.get_by_label("票种第 3 行权重").input_value() == "30"
    page.get_by_label("样例䶮 上票").uncheck()
    page.get_by_role("button", name=SAVE).click()
    page.get_by_role("heading", name="会议", exact=True).wait_for()
    poll = made(server)
    assert [str(each.weight) for each in poll.classes] == ["40", "30", "30"]
    assert [leader.name for leader in poll.leaders or ()] == list(PEOPLE[:2])
    page.context.close()


def test_own_classes_come_back_after_a_look_at_a_preset(browser: Browser, server: Server, password: str) -> None:
    unit_id = new_unit(server, "样例审计局")
    page = opened(browser, server, password, f"/units/{unit_id}/polls/new")
    assert not page.get_by_role("button", name="按所选填好").is_visible()
    page.get_by_label("自定义").check()
    page.get_by_label("票种第 1 行名称").fill("我的票")
    page.get_by_label("票种第 1 行计划张数").fill("7")
    page.get_by_label("A/B/C 30/30/40").check()
    assert page.get_by_label("票种第 1 行名称").input_value() == "领导班子成员"
    assert page.get_by_label("票种第 1 行计划张数").input_value() == "7"
    page.get_by_label("一种票").check()
    assert page.get_by_label("票种第 2 行代号").input_value() == ""
    page.get_by_label("自定义").check()
    assert page.get_by_label("票种第 1 行名称").input_value() == "我的票"
    page.context.close()


@pytest.mark.parametrize("viewport", [OFFICE, PHONE], ids=["office", "phone"])
def test_the_preview_is_as_wide_as_a_phone(
    browser: Browser, server: Server, password: str, viewport: dict[str, int], tmp_path: Path
) -> None:
    unit_id = new_unit(server, f"样例林业局{viewport['width']}")
    page = opened(browser, server, password, f"/units/{unit_id}/polls/new")
    watch = Watch(page)
    page.get_by_label("应到人数").fill("12")
    page.get_by_role("button", name=SAVE).click()
    page.set_viewport_size(viewport)
    page.get_by_role("link", name="看选票在手机上的样子").click()
    page.locator(".progress").wait_for()
    assert page.evaluate("document.body.getBoundingClientRect().width") == 360
    assert page.evaluate(NO_SCROLL)
    while page.locator(".steps .primary").is_visible():
        page.locator(".steps .primary").click()
    button = page.get_by_role("button", name="提交（预览，不能提交）")
    assert button.is_disabled()
    assert page.evaluate(NO_SCROLL)
    assert not watch.complaints
    page.context.close()


@pytest.mark.parametrize("address", ["/units/{}/polls/new", "/polls/{}/setup", "/polls/{}/edit", "/polls"])
def test_the_pages_fit_a_narrow_screen(browser: Browser, server: Server, password: str, address: str) -> None:
    unit_id = new_unit(server, f"样例局{len(address)}")
    page = opened(browser, server, password, f"/units/{unit_id}/polls/new")
    page.get_by_label("应到人数").fill("12")
    page.get_by_role("button", name=SAVE).click()
    page.get_by_role("heading", name="会议", exact=True).wait_for()
    poll_id = page.url.split("/")[-2]
    page.set_viewport_size(PHONE)
    page.goto(server.url + address.format(unit_id if address.startswith("/units") else poll_id))
    assert page.evaluate(NO_SCROLL)
    page.context.close()
