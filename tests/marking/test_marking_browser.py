"""The sheet of a row in a real browser: by keyboard, by paste, without script, and two people at once."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from surveys.acts.actors import Role
from surveys.scoring.marks import STEPS, BadPoints, parse_points
from surveys.settings import database_url_of
from tests.builders import GROUP, build_unit, decided_alone, line_for
from tests.phones import NO_SCROLL, PRESSED_AND_TYPED, Watch, sign_in
from tests.servers import Server, running
from tests.worlds import build_accounts

pytestmark = pytest.mark.slow

OFFICE = {"width": 1440, "height": 900}
PASTE = """(input, text) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  input.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
}"""
TYPED = [
    "1",
    "1.5",
    "１．５",
    "2.00",
    " 2 ",
    "2.01",
    "1e3",
    "-0",
    "NaN",
    "1.255",
    "两分",
    "+1",
    "1,5",
    ".5",
    "1.",
    "1²",
    "0",
    "0.07",
    "0.3",
    "０．３０",
    "0.25",
    "0.5",
    "0.29",
    "1.75",
    "1.10",
]


@dataclass(frozen=True)
class Office:
    """A season of four units; the third does not take III-20."""

    server: Server
    password: str
    assessment_id: int
    units: Sequence[int]

    def sheet(self, context: BrowserContext, row_key: str) -> Page:
        page = context.new_page()
        page.goto(f"{self.server.url}/assessments/{self.assessment_id}/marking/municipal/{row_key}")
        return page

    def points(self, row_key: str) -> list[Decimal | None]:
        lines = [line_for(self.server.site, unit_id, row_key) for unit_id in self.units]
        return [line.marks[GROUP].points if GROUP in line.marks else None for line in lines]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("marking")
    with running(database_url_of(f"sqlite:///{folder / 'test.db'}"), folder) as server:
        assessment_id: int | None = None
        units = []
        for number in (1, 2, 3, 4):
            tags = () if number == 3 else ("宣传",)
            assessment_id, unit_id = build_unit(
                server.site, f"样例{number}局", tags=tags, leaders=0, assessment_id=assessment_id
            )
            units.append(unit_id)
        assert assessment_id is not None
        decided_alone(server.site, assessment_id)  # an admin's marks that wait: test_web_proposals
        _, passwords = build_accounts(server.site)
        yield Office(server, passwords[Role.ADMIN], assessment_id, units)


def test_a_printed_score_sheet_has_its_rows(browser: Browser, office: Office) -> None:
    """And nothing of what is only there to click."""
    with signed_in(browser, office) as context:
        page = context.new_page()
        page.goto(f"{office.server.url}/units/{office.units[0]}")
        page.emulate_media(media="print")
        assert page.locator("tr#III-4").is_visible()
        assert not page.get_by_role("button", name="保存打分").is_visible()


def signed_in(browser: Browser, office: Office, *, script: bool = True) -> BrowserContext:
    context = browser.new_context(viewport=OFFICE, locale="zh-CN", java_script_enabled=script)
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.goto(f"{office.server.url}/login")
    sign_in(page, "admin", office.password)
    page.close()
    return context


@pytest.fixture
def desk(browser: Browser, office: Office) -> Iterator[BrowserContext]:
    context = signed_in(browser, office)
    yield context
    context.close()


def save(page: Page) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name="保存").click()


def cells(page: Page, column: str = "points") -> list[str]:
    found = page.locator(f'input[data-column="{column}"]')
    return [found.nth(number).input_value() for number in range(found.count())]


def test_a_column_is_filled_by_keyboard(office: Office, desk: BrowserContext) -> None:
    page = office.sheet(desk, "III-3")
    watch = Watch(page)
    page.locator('input[data-column="points"]').first.focus()
    for points in ("1", "1.5", "9"):
        page.keyboard.type(points)
        page.keyboard.press("Enter")
    page.keyboard.type("２")
    assert page.url.endswith("III-3")
    assert page.get_by_text("超过满分 2").is_visible()
    page.keyboard.press("ArrowUp")
    page.keyboard.type("0.5")
    assert not page.get_by_text("超过满分 2").is_visible()
    assert cells(page) == ["1", "1.5", "0.5", "２"]
    save(page)
    assert office.points("III-3") == [Decimal("1"), Decimal("1.5"), Decimal("0.5"), Decimal("2")]
    assert page.evaluate(NO_SCROLL)
    assert not watch.complaints


def test_what_is_being_saved_is_not_typed_over(office: Office, desk: BrowserContext) -> None:
    """The page that comes would not have it."""
    page = office.sheet(desk, "III-10")
    page.locator('input[data-column="points"]').first.fill("1")
    form = "form[data-marking]"
    with page.expect_navigation():
        shown = page.evaluate(PRESSED_AND_TYPED, [f"{form} button.primary", f"{form} input[data-column=points]"])
    assert shown == "1"
    assert office.points("III-10")[0] == Decimal("1")


def test_columns_of_excel_are_pasted(office: Office, desk: BrowserContext) -> None:
    page = office.sheet(desk, "III-4")
    first = page.locator('input[data-column="points"]').first
    first.evaluate(PASTE, '1\t"说""明""\n两行"\r\n0.5\t\r\n9\t\r\n１\t\r\n1\t多一行\r\n')
    assert cells(page) == ["1", "0.5", "9", "１"]
    assert cells(page, "remark")[0] == '说"明" 两行'
    assert "没有填的 1 处：1 多一行" in page.locator(".pasted").inner_text()
    assert page.get_by_text("超过满分").count() == 1
    page.get_by_role("button", name="撤销粘贴").click()
    assert cells(page) == ["", "", "", ""]
    first.evaluate(PASTE, "1\n0.5\n1\n0\n")
    save(page)
    assert office.points("III-4") == [1, Decimal("0.5"), 1, 0]


def test_a_list_with_names_is_pasted_by_name(office: Office, desk: BrowserContext) -> None:
    page = office.sheet(desk, "III-20")
    first = page.locator('input[data-column="points"]').first
    first.evaluate(PASTE, "单位\t分数\n样例4局\t0.5\t好\t①③\n样例3局\t1\n样例9局\t1\n样例1局\t1\n")
    assert cells(page) == ["1", "", "0.5"]
    told = page.locator(".pasted").inner_text()
    assert cells(page, "evidence") == ["", "", "①③"]
    for words in ("已填入 4 格", "样例3局：1", "样例9局 1", "单位 分数"):
        assert words in told
    page.get_by_role("button", name="撤销粘贴").click()
    first.evaluate(PASTE, "1\n1\n\n0\n")  # the rows as one sees them, that of the third left empty
    assert cells(page) == ["1", "1", "0"]


@pytest.mark.parametrize(("step", "most", "kept"), [*[(step, "2", None) for step in STEPS], ("0.5", "0.3", "0.07")])
def test_the_page_takes_what_the_server_takes(
    office: Office, desk: BrowserContext, step: Decimal, most: str, kept: str | None
) -> None:
    page = office.sheet(desk, "III-3")
    assert page.locator("form[data-marking]").get_attribute("data-step") == "0.01"
    # The script reads the form's step once, when it starts.
    page.route("**/marking/municipal/III-3", lambda route: _with_step(route, step, most, kept))
    page.reload()
    field = page.locator('input[data-column="points"]').first
    for text in TYPED:
        field.fill(text)
        try:
            parse_points(text, Decimal(most), Decimal(step), kept and Decimal(kept))
            taken = True
        except BadPoints:
            taken = False
        assert (field.get_attribute("aria-invalid") is None) is taken, text


def _with_step(route: Route, step: Decimal | str, most: str, kept: str | None) -> None:
    """The page as it is under other rules and with other marks."""
    html = route.fetch().text()
    for name, value in (("data-step", str(step)), ("data-most", most), ("data-kept", kept or "")):
        html, count = re.subn(f'{name}="[^"]*"', f'{name}="{value}"', html)
        assert count
    route.fulfill(body=html, content_type="text/html")


def test_two_people_at_once(office: Office, browser: Browser, desk: BrowserContext) -> None:
    other = signed_in(browser, office)
    mine, theirs = office.sheet(desk, "III-6"), office.sheet(other, "III-6")
    theirs.locator('input[data-column="points"]').first.fill("1")
    save(theirs)
    mine.locator('input[data-column="points"]').first.fill("2")
    mine.locator('input[data-column="points"]').nth(1).fill("1.5")
    save(mine)
    assert mine.get_by_text("用我填的 2 分").is_visible()
    assert office.points("III-6") == [1, None, None, None]
    mine.get_by_label("保留admin的 1 分").check()
    save(mine)
    assert office.points("III-6") == [1, Decimal("1.5"), None, None]
    other.close()


def test_without_script_it_is_a_form(office: Office, browser: Browser) -> None:
    context = signed_in(browser, office, script=False)
    page = office.sheet(context, "III-8")
    page.locator('input[data-column="points"]').first.fill("0.25")
    page.get_by_role("button", name="保存").click()
    page.get_by_text("已保存 1 处打分").wait_for()
    assert office.points("III-8")[0] == Decimal("0.25")
    context.close()


def test_reminders_are_copied(office: Office, desk: BrowserContext) -> None:
    page = desk.new_page()
    watch = Watch(page)
    page.goto(f"{office.server.url}/assessments/{office.assessment_id}/completion")
    page.get_by_role("button", name="全部复制").click()
    page.get_by_role("button", name="已复制").wait_for()
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate(NO_SCROLL)
    assert not watch.complaints


def test_what_was_typed_outlives_the_session(office: Office, browser: Browser) -> None:
    """Signed in again on the page that answers, and sent with one press more."""
    context = signed_in(browser, office)
    page = office.sheet(context, "III-8")
    watch = Watch(page)
    page.locator('input[data-column="points"]').nth(1).fill("0.5")
    page.locator('input[data-column="remark"]').nth(1).fill("现场看过“台账”")
    context.clear_cookies()
    save(page)
    assert page.get_by_role("heading", level=1).inner_text() == "登录已过期，您填的还在"
    assert page.evaluate(NO_SCROLL)
    page.get_by_label("账号").fill("admin")
    page.get_by_label("密码").fill(office.password)
    with page.expect_navigation():
        page.get_by_role("button", name="登录").click()
    assert page.get_by_text("现场看过“台账”").is_visible()
    assert page.get_by_text("样例2局　打分").is_visible()
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate(NO_SCROLL)
    with page.expect_navigation():
        page.get_by_role("button", name="提交", exact=True).click()
    assert page.get_by_text("已保存 1 处打分").is_visible()
    assert office.points("III-8")[1] == Decimal("0.5")
    assert not watch.complaints
    context.close()
