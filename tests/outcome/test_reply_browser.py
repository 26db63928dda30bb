"""The right of reply in a browser: a unit objects with files; the office looks at them, answers, corrects, freezes."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from surveys.acts.actors import COMMAND_LINE, Actor
from surveys.office import accounts
from tests import handed_in
from tests.phones import NO_SCROLL
from tests.seasons import Season, build_season
from tests.servers import Server

pytestmark = pytest.mark.slow

DESK, PHONE = {"width": 1440, "height": 900}, {"width": 360, "height": 740}
PICTURES = os.environ.get("PICTURES")
"""A folder for pictures of each step, to look at."""


class Walk:
    def __init__(self, browser: Browser, server: Server, season: Season) -> None:
        self.browser, self.server, self.season = browser, server, season
        self.own = f"{server.url}/own-unit/{season.first}"
        self.life = f"{server.url}/assessments/{season.assessment_id}/life"

    def person(self, actor: Actor, size: dict[str, int], *, script: bool = True) -> Page:
        with self.server.site.database.writing() as session:
            password = accounts.reset_password(session, datetime.now().astimezone(), COMMAND_LINE, actor.name)
        context = self.browser.new_context(viewport=size, locale="zh-CN", java_script_enabled=script)
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.goto(f"{self.server.url}/login")
        page.fill("#name", actor.name)
        page.fill("#password", password)
        page.click("main button")
        page.get_by_role("button", name="退出").wait_for()
        return page


def look(page: Page, name: str) -> None:
    """Nothing scrolls sideways; a picture, if pictures are wanted."""
    size = page.viewport_size
    assert size is not None
    assert page.evaluate(NO_SCROLL), f"{name} scrolls sideways"
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}-{size['width']}.png", full_page=True)


@pytest.fixture(scope="module")
def walk(browser: Browser, server: Server) -> Walk:
    season = build_season(server.site, voted=True)
    season.close_marking()
    season.open_appeal((datetime.now().astimezone() + timedelta(days=7)).date())
    return Walk(browser, server, season)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    made = {
        "会议纪要.pdf": handed_in.PDF + b"x" * 5_000_000,
        "照片.png": handed_in.PNG,
        "程序.pdf": handed_in.EXE,
    }
    for name, data in made.items():
        (folder / name).write_bytes(data)
    return {name: folder / name for name in made}


def test_the_right_of_reply(walk: Walk, files: dict[str, Path]) -> None:
    season = walk.season
    unit = walk.person(season.reporter, DESK)
    unit.goto(walk.own)
    look(unit, "1-sheet")
    unit.get_by_role("link", name="III-36", exact=True).click()
    look(unit, "2-why")
    assert "÷ 10" in unit.locator(".derivation").inner_text()

    unit.goto(f"{walk.own}/rows/III-4")
    unit.fill("#reason", "材料已按时报送，见会议纪要。")
    unit.set_input_files("#file-new", files["程序.pdf"])
    unit.get_by_role("button", name="提出申诉").click()
    unit.get_by_role("alert").wait_for()
    assert "Windows 程序" in unit.get_by_role("alert").inner_text()
    assert unit.input_value("#reason") == "材料已按时报送，见会议纪要。"
    look(unit, "3-refused")
    unit.set_input_files("#file-new", files["会议纪要.pdf"])
    unit.get_by_role("button", name="提出申诉").click()
    unit.get_by_role("status").get_by_text("申诉已提交").wait_for()
    look(unit, "4-objected")

    phone = walk.person(season.reporter, PHONE, script=False)  # the same unit's, on a phone, without script
    phone.goto(walk.own)
    look(phone, "5-sheet")
    phone.get_by_role("link", name="查看和补充依据").click()
    phone.set_input_files("input[type=file]", files["照片.png"])
    phone.get_by_role("button", name="上传").click()
    assert "照片.png" in phone.locator("main").inner_text()
    phone.get_by_text("没有文件，报网页链接或文号").click()
    phone.check("input[value=document]")
    phone.get_by_label("链接或文号", exact=True).fill("示例发〔2026〕3号")
    phone.get_by_role("button", name="报送").click()
    look(phone, "6-added")
    phone.get_by_role("button", name="撤回 照片.png").click()
    look(phone, "7-withdrawn")
    assert "照片.png" not in phone.locator(".things").inner_text()

    office = walk.person(season.admins[0], DESK)
    office.goto(walk.life)
    office.get_by_role("link", name="答复", exact=True).click()
    look(office, "8-office")
    with office.expect_download() as download:
        office.get_by_role("link", name="会议纪要.pdf").click()
    assert Path(download.value.path()).read_bytes() == files["会议纪要.pdf"].read_bytes()
    office.get_by_label("接受，这一行可以改正").check()
    office.get_by_label("答复内容").fill("经复核属实，改为 0.5 分。")
    office.get_by_role("button", name="答复").click()
    look(office, "9-answered")
    office.get_by_role("link", name="改打分", exact=True).click()
    look(office, "10-sheet")
    assert office.locator("input[data-column=points]").count() == 1, "the one row that is open"
    office.fill("input[data-column=points]", "0.5")
    office.get_by_role("button", name="保存打分").click()
    second = walk.person(season.admins[1], DESK)
    second.goto(walk.life)
    second.get_by_role("link", name="看提议").click()
    second.get_by_role("button", name="确认这 1 处").click()
    look(second, "10a-confirmed")
    office.goto(walk.life)
    office.fill("#freeze-reason", "答复申诉")
    office.get_by_role("button", name="形成新版本").click()
    look(office, "11-life")

    phone.goto(f"{walk.own}/rows/III-4")
    look(phone, "12-answered")
    assert "经复核属实" in phone.locator("main").inner_text()
    phone.goto(walk.own)
    phone.check("#agree-sure")
    phone.get_by_role("button", name="同意这份结果").click()
    look(phone, "13-agreed")
    small = walk.person(season.admins[1], PHONE)
    for name, path in (
        ("14-office", f"{walk.life}"),
        ("15-row", f"{walk.server.url}/units/{season.first}/rows/III-36"),
        ("16-ledger", f"{walk.server.url}/units/{season.first}/ledger"),
        ("17-objection", f"{walk.server.url}/units/{season.first}/objections/1"),
        ("18-polls", f"{walk.server.url}/polls/1"),
        ("19-setup", f"{walk.server.url}/assessments"),
    ):
        for page in (small, office):
            page.goto(path)
            look(page, name)
