"""The matrix of 100 units on an office PC and on a phone, in a real browser."""

import pytest
from playwright.sync_api import Browser, Page

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.season import assessments
from surveys.season.assessments import UnitEntry
from tests.phones import NO_SCROLL
from tests.servers import Server
from tests.sites import NOW
from tests.worlds import build_accounts

pytestmark = pytest.mark.slow

UNITS = 100
TAGS = ((), ("教育",), ("公安", "财政"), ("通信管理",))
PLACES = """() => {
  const box = document.querySelector('.matrix-box').getBoundingClientRect();
  const corner = document.querySelector('.matrix thead th').getBoundingClientRect();
  const head = document.querySelector('.matrix thead th:last-child').getBoundingClientRect();
  const name = document.querySelector('.matrix tbody tr:last-child th').getBoundingClientRect();
  return [corner.top - box.top, corner.left - box.left, head.top - box.top, name.left - box.left].map(Math.round);
}"""

FITS = "() => { const box = document.querySelector('.matrix-box'); return box.scrollWidth <= box.clientWidth; }"
SCROLL = "() => { const box = document.querySelector('.matrix-box'); box.scrollTop = box.scrollLeft = 9999; }"


@pytest.fixture(scope="module")
def password(server: Server) -> str:
    with server.site.database.writing() as session:
        assessment_id = assessments.create_assessment(session, NOW, COMMAND_LINE, "样例考核", ["municipal"])
        for number in range(1, UNITS + 1):
            entry = UnitEntry(f"样例市第{number}号局", "市直单位", "municipal", TAGS[number % len(TAGS)])
            assessments.add_unit(session, NOW, COMMAND_LINE, assessment_id, entry)
    return build_accounts(server.site)[1][Role.ADMIN]


def matrix_page(page: Page, server: Server, password: str) -> None:
    page.goto(f"{server.url}/login?next=/assessments/1/applicability")
    page.fill("[name=name]", "admin")
    page.fill("[name=password]", password)
    page.click("main button[type=submit]")
    page.wait_for_selector(".matrix")


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (360, 740)])
def test_headings_and_names_stay_in_sight(
    server: Server, browser: Browser, password: str, width: int, height: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": height}, locale="zh-CN")
    matrix_page(page, server, password)
    assert page.evaluate(NO_SCROLL)
    assert page.locator(".matrix tbody tr").count() == UNITS
    if width > 1000:
        assert page.evaluate(FITS), "41 rows do not fit across"
    before = page.evaluate(PLACES)
    page.evaluate(SCROLL)
    assert page.evaluate(PLACES) == before
