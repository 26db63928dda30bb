"""Two people at office PCs key paper ballots by keyboard alone, settle a difference and cast; without script too."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.office import accounts
from surveys.vote.paper_ballots.paper_returned import FIRST
from tests import papers
from tests.builders import World, box_counts, record_of
from tests.papers import paper_poll, person, status
from tests.phones import NO_SCROLL, PRESSED_AND_TYPED, Watch, sign_in
from tests.servers import Server
from tests.sites import NOW

pytestmark = pytest.mark.slow

OFFICE = {"width": 1440, "height": 900}
CELLS = 16  # 9 items, and 7 aspects of one leader


@pytest.fixture
def world(server: Server) -> World:
    return paper_poll(server.site, 3)


def signed_in(
    server: Server, browser: Browser, address: str, *, script: bool = True, role: Role = Role.ORGANIZER
) -> Page:
    """An office PC of somebody new, at this address."""
    with server.site.database.writing() as session:
        count = session.scalar(sa.text("SELECT count(*) FROM accounts"))
        password = accounts.create_account(session, NOW, COMMAND_LINE, f"组织员{count}", role)
    page = browser.new_context(viewport=OFFICE, locale="zh-CN", java_script_enabled=script).new_page()
    page.set_default_timeout(10_000)
    page.goto(server.url + address)
    sign_in(page, f"组织员{count}", password)
    return page


def at(page: Page) -> str:
    """The name of the control that has the focus, or its text."""
    found = page.evaluate(
        "() => { const e = document.activeElement; return e === document.body ? '' : e.name || e.textContent; }"
    )
    assert isinstance(found, str)
    return found


def key(page: Page, digits: str) -> None:
    """A ballot: its digits, and Enter at the end."""
    number = page.locator(".keying-number b").inner_text()
    page.keyboard.type(digits)
    page.keyboard.press("Enter")
    page.get_by_text(f"第 {number} 张已保存").wait_for()


def tab_to(page: Page, name: str) -> None:
    for _ in range(40):
        if name in at(page):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the tabulator does not come to {name}")


def test_three_ballots_by_keyboard_alone(server: Server, browser: Browser, world: World) -> None:
    home = f"/polls/{world.poll_id}/paper"
    sheets = ["1" * CELLS, "1234" * 4, "0" * 9 + "2" * 7]
    one, two = (signed_in(server, browser, home) for _ in range(2))
    watches = [Watch(one), Watch(two)]
    tab_to(one, "录第一遍：第 1 张")
    one.keyboard.press("Enter")
    one.locator("#keying").wait_for()
    for digits in sheets:
        key(one, digits)
    one.get_by_text("第 3 张已保存。发出的纸质票都录过第一遍了。").wait_for()
    two.reload()
    tab_to(two, "录第二遍：第 1 张")
    two.keyboard.press("Enter")
    two.locator("#keying").wait_for()
    key(two, sheets[0])
    key(two, "1" + sheets[1][1:5] + "3" + sheets[1][6:])
    two.get_by_text("与第一遍有 1 处不同").wait_for()
    key(two, sheets[2])
    two.get_by_text("没有等您录第二遍的了。").wait_for()
    three = signed_in(server, browser, home, role=Role.SCRUTINEER)
    watches.append(Watch(three))
    tab_to(three, "核定第 2 张")
    three.keyboard.press("Enter")
    three.locator("#keying").wait_for()
    assert three.locator(".cell").count() == 1
    three.keyboard.type("1")
    three.get_by_text("“1”不能录在这一格，请录 2、3。").wait_for()
    three.keyboard.type("2")
    three.keyboard.press("Enter")
    three.get_by_text("A 类第 2 张已核定").wait_for()
    two.reload()
    tab_to(two, "sure")
    two.keyboard.press("Space")
    tab_to(two, "计入 3 张")
    two.keyboard.press("Enter")
    two.get_by_text("A 类 3 张纸质票已计入票箱").wait_for()
    assert box_counts(server.site, world.poll_id) == {"cast": 3, "ballots": 3, "receipts": 3}
    expected = [papers.letters(server.site, world.poll_id, digits) for digits in sheets]
    assert sorted(answers for _, answers in record_of(server.site, world.poll_id).ballots) == sorted(expected)
    assert not status(server.site, COMMAND_LINE, world.poll_id).papers
    assert not [complaint for watch in watches for complaint in watch.complaints]


def test_the_keys(server: Server, browser: Browser, world: World) -> None:
    page = signed_in(server, browser, f"/polls/{world.poll_id}/paper/A/1/1")
    watch = Watch(page)
    assert at(page) == "o-1"
    page.keyboard.type("12")
    assert at(page) == "o-3"
    page.keyboard.type("7")
    assert at(page) == "o-3"
    page.get_by_text("“7”不能录在这一格").wait_for()
    assert page.locator("#o-3").get_attribute("aria-invalid") == "true"
    page.keyboard.type("3")
    assert at(page) == "o-4"
    assert page.locator("#said").inner_text() == ""
    assert page.locator("#o-3").get_attribute("aria-invalid") is None
    page.keyboard.press("Backspace")
    assert at(page) == "o-3"
    page.keyboard.type("4")
    assert page.locator("#o-3").input_value() == "4"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    assert at(page) == "o-4"
    page.keyboard.type("b")
    page.keyboard.insert_text("３")
    assert [page.locator(f"#o-{number}").input_value() for number in (4, 5)] == ["B", "3"]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.get_by_text(f"还有 {CELLS - 5} 格没有录好").wait_for()
    assert at(page) == "o-6"
    page.keyboard.type("0" * (CELLS - 5))
    assert "保存第 1 张" in at(page)
    page.keyboard.press("Backspace")
    assert at(page) == "l1-7"
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    page.get_by_text("第 1 张已保存").wait_for()
    assert page.url.endswith("/A/1/2")
    assert at(page) == "o-1"
    assert not watch.complaints


def test_enter_twice_keys_once(server: Server, browser: Browser, world: World) -> None:
    page = signed_in(server, browser, f"/polls/{world.poll_id}/paper/A/1/1")
    page.keyboard.type("1" * CELLS)
    page.evaluate("() => { const save = document.querySelector('#keying .primary'); save.click(); save.click(); }")
    page.get_by_text("第 1 张已保存").wait_for()
    assert status(server.site, COMMAND_LINE, world.poll_id).keyed(FIRST) == 1


def test_what_is_being_saved_is_not_typed_over(server: Server, browser: Browser, world: World) -> None:
    page = signed_in(server, browser, f"/polls/{world.poll_id}/paper/A/1/1")
    page.keyboard.type("1" * CELLS)
    assert page.evaluate(PRESSED_AND_TYPED, ["#keying .primary", ".cell"]) == "1"
    page.get_by_text("第 1 张已保存").wait_for()


def test_without_script_each_cell_is_a_field(server: Server, browser: Browser, world: World) -> None:
    page = signed_in(server, browser, f"/polls/{world.poll_id}/paper/A/1/1", script=False)
    for number, cell in enumerate(page.locator(".cell").all()):
        cell.fill("9" if number == 2 else "1")
    page.keyboard.press("Enter")
    page.get_by_text("领导班子第 3 项录的是“9”").wait_for()
    assert at(page) == "o-3"
    page.keyboard.press("Control+a")
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    page.get_by_text("第 1 张已保存").wait_for()
    assert page.url.endswith("/A/1/2")


@pytest.mark.parametrize("width", [1440, 360])
def test_nothing_is_wider_than_the_screen_and_the_number_stays_in_sight(
    server: Server, browser: Browser, width: int
) -> None:
    world = paper_poll(server.site, 3, leaders=8)
    page = signed_in(server, browser, f"/polls/{world.poll_id}/paper/A/1/1")
    page.set_viewport_size({"width": width, "height": 740})
    page.keyboard.type("1" * 60)
    assert page.evaluate(NO_SCROLL)
    assert page.locator(".keying-number").is_visible()
    head, cell = page.locator(".keying-head").bounding_box(), page.locator(":focus").bounding_box()
    assert head is not None
    assert cell is not None
    assert head["y"] >= 0
    assert cell["y"] >= head["y"] + head["height"] - 1
    assert cell["y"] + cell["height"] <= 740
    for path in ("", "/A/1/1"):
        page.goto(f"{server.url}/polls/{world.poll_id}/paper{path}")
        assert page.evaluate(NO_SCROLL)


def test_the_printed_file_comes_as_a_download(server: Server, browser: Browser, world: World, tmp_path: Path) -> None:
    page = signed_in(server, browser, f"/polls/{world.poll_id}/paper")
    page.get_by_label("份数").fill("2")
    page.get_by_label("双面印").check()
    with page.expect_download() as found:
        page.get_by_role("button", name="发票并下载").click()
    found.value.save_as(tmp_path / "paper.pdf")
    assert (tmp_path / "paper.pdf").read_bytes().startswith(b"%PDF-")
    assert found.value.suggested_filename == "样例局-A类纸质票-2份.pdf"


def test_whoever_sees_the_second_hand_sees_empty_cells(server: Server, browser: Browser, world: World) -> None:
    papers.key(server.site, person(server.site, "先录"), world.poll_id, 1, FIRST, "4")
    page = signed_in(server, browser, f"/polls/{world.poll_id}/paper/A/2/1")
    assert {cell.input_value() for cell in page.locator(".cell").all()} == {""}
