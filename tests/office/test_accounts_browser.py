"""A reporter's account from the admin's page to the reporter's own password, in Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from surveys.acts.actors import Role
from surveys.settings import database_url_of
from tests.builders import build_unit
from tests.phones import NO_SCROLL, Watch
from tests.servers import Server, running
from tests.worlds import PASSWORD, build_accounts

pytestmark = pytest.mark.slow

OFFICE = {"width": 1440, "height": 900}
PHONE = {"width": 360, "height": 740}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with running(database_url_of(f"sqlite:///{tmp_path / 'accounts.db'}"), tmp_path) as found:
        yield found


def opened(server: Server, browser: Browser, viewport: dict[str, int]) -> Page:
    page = browser.new_context(viewport=viewport, locale="zh-CN", accept_downloads=True).new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{server.url}/login")
    return page


def sign_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("账号").fill(name)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()


def test_a_reporter_from_the_account_to_an_own_password(server: Server, browser: Browser) -> None:
    build_unit(server.site, "样例档案局")
    _, passwords = build_accounts(server.site, build_unit(server.site, "样例局")[1])
    admin = opened(server, browser, OFFICE)
    watch = Watch(admin)
    sign_in(admin, "system", passwords[Role.SYSTEM])
    admin.get_by_role("link", name="账号", exact=True).click()
    admin.get_by_role("link", name="新建账号").click()
    admin.get_by_label("账号名（登录时输入）").fill("档案局　小李")
    admin.get_by_label("角色").select_option("报送员")
    admin.get_by_label("单位（报送员）").select_option("样例档案局")
    admin.get_by_role("button", name="建立账号").click()
    password = admin.locator("#password").inner_text()

    reporter = opened(server, browser, PHONE)
    phone = Watch(reporter)
    sign_in(reporter, "档案局小李", password)
    reporter.get_by_role("heading", name="请先设自己的密码").wait_for()
    reporter.goto(f"{server.url}/materials")
    reporter.get_by_role("heading", name="请先设自己的密码").wait_for()
    assert reporter.evaluate(NO_SCROLL)
    reporter.get_by_label("原密码").fill(password)
    reporter.get_by_label("新密码（").fill(PASSWORD)
    reporter.get_by_label("再输一遍新密码").fill(PASSWORD)
    reporter.get_by_role("button", name="修改").click()
    reporter.wait_for_url("**/materials")
    assert "样例档案局" in reporter.content()
    reporter.get_by_role("button", name="退出").click()
    sign_in(reporter, "档案局小李", password)
    reporter.get_by_text("账号或密码不对").wait_for()
    sign_in(reporter, "档案局小李", PASSWORD)
    reporter.wait_for_url("**/materials")

    admin.get_by_role("link", name="已抄下，返回").click()
    admin.get_by_role("link", name="档案局小李").click()
    admin.get_by_text("在用").wait_for()
    form = admin.locator("form", has=admin.get_by_role("button", name="停用"))
    form.get_by_label("原因").fill("调离")
    form.get_by_role("button", name="停用").click()
    admin.get_by_text("账号已停用").wait_for()
    reporter.reload()
    reporter.get_by_role("heading", name="工作人员登录").wait_for()
    assert watch.complaints == phone.complaints == []


def test_a_press_too_many_does_not_lose_the_passwords(server: Server, browser: Browser, tmp_path: Path) -> None:
    assessment_id, _ = build_unit(server.site, "样例档案局")
    _, passwords = build_accounts(server.site, build_unit(server.site, "样例局")[1])
    page = opened(server, browser, OFFICE)
    sign_in(page, "system", passwords[Role.SYSTEM])
    page.wait_for_url("**/accounts")
    page.goto(f"{server.url}/assessments/{assessment_id}/reporters")
    page.get_by_label("表格（CSV）").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="建立并下载密码").dblclick()
    download.value.save_as(tmp_path / "passwords.csv")
    _, row = (tmp_path / "passwords.csv").read_text(encoding="utf-8-sig").splitlines()
    name, _, _, password, _ = row.split(",")
    page.get_by_role("button", name="退出").click()
    sign_in(page, name, password)
    page.get_by_role("heading", name="请先设自己的密码").wait_for()
