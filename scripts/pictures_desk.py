"""The organizer's desk for scripts/pictures: one meeting from its roster to its log, and what is printed."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[1]
OFFICE = {"width": 1120, "height": 760}
TABLET = {"width": 1024, "height": 768}
PROJECTOR = {"width": 1280, "height": 720}
PHONE = {"width": 360, "height": 740}
FAULTY = """单位,类别,体系,姓名,职务
样例水利局,市直单位,市直单位考核测评体系,张某某,局长
样例水利局,市直单位,市值单位,李某某,
,市直单位,市直单位考核测评体系,王某某,主任
样例卫健委,,市直单位考核测评体系,=A1,主任
"""
CLASSES = {"A": ("21", 12), "B": ("10", 20), "C": ("4", 28)}
"""Slips to a page and tickets, by ballot class."""

Save = Callable[[Page, str], None]


class Desk:
    """The pages of one assessment's admin and organizer. `folder`: for what is downloaded."""

    def __init__(self, browser: Browser, base: str, passwords: dict[str, str], folder: Path, save: Save) -> None:
        self._browser, self._base, self._passwords = browser, base, passwords
        self._folder, self._save = folder, save

    def _signed_in(self, name: str) -> Page:
        context = self._browser.new_context(viewport=OFFICE, locale="zh-CN", accept_downloads=True)
        page = context.new_page()
        page.goto(f"{self._base}/login")
        page.fill("#name", name)
        page.fill("#password", self._passwords[name])
        page.click("main button[type=submit]")
        page.wait_for_url(lambda url: "/login" not in url)
        return page

    def _whole(self, page: Page, name: str) -> None:
        """All of the page, however long."""
        page.wait_for_load_state("networkidle")
        height = page.evaluate("() => document.querySelector('main').getBoundingClientRect().bottom + scrollY")
        page.set_viewport_size({"width": OFFICE["width"], "height": int(height) + 16})
        self._save(page, name)
        page.set_viewport_size(OFFICE)

    def take(self) -> None:
        admin, organizer = self._signed_in("admin"), self._signed_in("organizer")
        self._roster(admin)
        self._accounts(self._signed_in("system"))
        self._site(self._signed_in("system"))
        self._log(self._signed_in("auditor"))
        poll = self._wizard(organizer)
        self._tickets(organizer, poll)
        self._door(organizer, poll)
        organizer.goto(poll)
        self._pdf(organizer, "下载会场操作卡", {"card": 1}, 70)
        organizer.get_by_role("button", name="开始投票").click()
        organizer.get_by_text("投票已开始").wait_for()
        self._paper(organizer, admin, poll)
        self._scrutiny(admin, self._signed_in("scrutineer"), poll)
        organizer.goto(f"{poll}/log")
        self._whole(organizer, "desk-log")
        organizer.goto(f"{self._base}/polls/1/tally")
        self._pdf(organizer, "下载统计单 PDF", {"tally-1": 1, "tally-2": 2}, 70)
        self._hall(organizer, f"{self._base}/polls/6")

    def _roster(self, page: Page) -> None:
        page.goto(f"{self._base}/assessments/new")
        page.get_by_label("考核名称").fill("样例市年度考核")
        for framework in page.locator("input[name=frameworks]").all():
            framework.check()
        page.get_by_role("button", name="建立").click()
        upload = page.locator("section.card", has_text="样例市年度考核").get_by_role("link", name="导入名单")
        upload.click()
        address = page.url
        file = {"name": "单位和领导.csv", "mimeType": "text/csv", "buffer": FAULTY.encode("gb18030")}
        page.set_input_files("#file", file)
        page.get_by_role("button", name="上传并预览").click()
        page.get_by_text("处要改").wait_for()
        self._save(page, "desk-roster-faults")
        page.goto(address)
        page.set_input_files("#file", ROOT / "tests" / "data" / "roster-messy.csv")
        page.get_by_role("button", name="上传并预览").click()
        page.get_by_role("button", name="确认导入").wait_for()
        self._save(page, "desk-roster-preview")
        page.get_by_role("button", name="确认导入").click()
        page.get_by_text("名单已导入").wait_for()

    def _accounts(self, page: Page) -> None:
        page.goto(f"{self._base}/accounts")
        many = page.locator("section.card p", has_text="样例市年度考核")
        many.get_by_role("link", name="为每个单位建报送员账号").click()
        self._save(page, "accounts-reporters")
        self._pdf(page, "建立并下载密码", {"accounts-strips": 1}, 60)
        page.goto(f"{self._base}/accounts")
        self._save(page, "accounts")

    def _site(self, page: Page) -> None:
        page.goto(f"{self._base}/settings")
        self._whole(page, "site-settings")
        page.goto(f"{self._base}/second-factor")
        self._whole(page, "second-factor")

    def _scrutiny(self, admin: Page, scrutineer: Page, poll: str) -> None:
        admin.goto(f"{poll}/scrutiny")
        admin.get_by_label("scrutineer").check()
        admin.get_by_role("button", name="保存人员").click()
        admin.get_by_text("人员已保存").wait_for()
        scrutineer.goto(f"{poll}/scrutiny")
        scrutineer.locator("textarea").fill("9:30 三个票箱查验，空箱，封条完好")
        scrutineer.get_by_role("button", name="记下").click()
        scrutineer.get_by_text("已记下").wait_for()
        scrutineer.goto(f"{poll}/scrutiny")
        self._whole(scrutineer, "desk-scrutiny")

    def _log(self, page: Page) -> None:
        """After the first ones, so that there is something to see."""
        page.goto(f"{self._base}/log?group=account")
        self._save(page, "log")

    def _wizard(self, page: Page) -> str:
        """The address of the poll made."""
        page.goto(f"{self._base}/assessments")
        page.locator("tr", has_text="样例教育局").get_by_role("link", name="新建测评会").click()
        page.get_by_label("日期").fill("2026-03-02")
        page.get_by_label("地点").fill("三楼会议室")
        page.get_by_label("A/B/C 40/30/30").check()
        for number, (_, count) in enumerate(CLASSES.values(), start=1):
            page.get_by_label(f"票种第 {number} 行计划张数").fill(str(count))
        page.get_by_label("应到人数").fill("60")
        page.get_by_label("预留几张票").fill("5")
        page.get_by_label("双人启封").check()
        page.evaluate("() => document.activeElement.blur()")
        self._whole(page, "desk-wizard")
        page.get_by_role("button", name="保存，看选票的样子").click()
        page.get_by_text("已保存").wait_for()
        poll = page.url.removesuffix("/setup")
        self._save(page, "desk-setup")
        page.get_by_role("link", name="看选票在手机上的样子").click()
        page.locator(".progress").wait_for()
        page.set_viewport_size(PHONE)
        self._save(page, "desk-preview")
        page.set_viewport_size(OFFICE)
        return poll

    def _tickets(self, page: Page, poll: str) -> None:
        for key, (size, _) in CLASSES.items():
            page.goto(f"{poll}/tickets?class={key}")
            page.locator(f"input[name=size][value='{size}']").check()
            self._pdf(page, "发票并下载", {f"slips-{size}-1": 1, f"slips-{size}-2": 2}, 50)
        page.goto(f"{poll}/tickets")
        self._whole(page, "desk-tickets")

    def _door(self, page: Page, poll: str) -> None:
        page.goto(f"{poll}/doors")
        row = page.locator("tr", has=page.locator("input[value=C]"))
        row.locator("input[name=planned]").fill("40")
        row.get_by_role("button", name="登记").click()
        page.get_by_text("已登记为 40 张").wait_for()
        page.locator("#door-name").fill("东门")
        page.locator("#door-class_key").select_option("C")
        page.get_by_role("button", name="添加", exact=True).click()
        link = page.locator("a.code").inner_text()
        screen = self._browser.new_context(viewport=TABLET).new_page()
        screen.goto(link)
        screen.get_by_role("button", name="开始发码").click()
        screen.locator("#code").wait_for()
        self._save(screen, "desk-door")
        screen.close()
        page.goto(f"{poll}/doors")
        self._whole(page, "desk-doors")

    def _paper(self, first: Page, second: Page, poll: str) -> None:
        first.goto(f"{poll}/paper")
        first.get_by_label("份数").fill("3")
        self._pdf(first, "发票并下载 PDF", {f"paper-{number}": number for number in (1, 2, 3)}, 60)
        first.reload()
        first.get_by_role("link", name="录第一遍").click()
        cells = first.locator(".cell").count()
        sheets = ["1" * cells, ("1112" * cells)[:cells]]
        for digits in sheets:
            _key(first, digits)
        first.locator("#keying").wait_for()
        first.keyboard.type("1121")
        self._whole(first, "desk-keying")
        second.goto(f"{poll}/paper")
        second.get_by_role("link", name="录第二遍").click()
        _key(second, sheets[0])
        _key(second, f"{sheets[1][:4]}31{sheets[1][6:-1]}0")
        second.goto(f"{poll}/paper")
        third = self._signed_in("scrutineer")
        third.goto(f"{poll}/paper")
        self._whole(third, "desk-differences")
        third.get_by_role("link", name="核定第 2 张").click()
        third.locator("#keying").wait_for()
        self._whole(third, "desk-settle")
        third.close()

    def _hall(self, page: Page, poll: str) -> None:
        page.goto(poll)
        page.get_by_label("实到人数").fill("80")  # as the demo has entered by command
        page.get_by_role("button", name="登记").click()
        page.locator("#headcount").get_by_text("命令行登记").first.wait_for()
        page.get_by_label("几分钟后结束").fill("10")
        page.get_by_role("button", name="设定").click()
        page.get_by_text("10 分钟后自动停止收票").wait_for()
        page.goto(poll)
        self._whole(page, "staff-poll")
        address = page.get_by_role("link", name="会场大屏").get_attribute("href")
        screen = self._browser.new_context(viewport=PROJECTOR).new_page()
        screen.goto(f"{self._base}{address}")
        screen.wait_for_load_state("networkidle")
        self._save(screen, "desk-screen")
        screen.close()

    def _pdf(self, page: Page, control: str, pictures: dict[str, int], dots: int) -> None:
        """What the button or link of this name hands out: pages of it as pictures, by name."""
        with page.expect_download() as found:
            page.locator("a, button", has_text=re.compile(f"^{control}")).first.click()
        path = self._folder / "printed.pdf"
        found.value.save_as(path)
        for name, number in pictures.items():
            target = ROOT / "docs" / "pictures" / name
            pages = ["-f", str(number), "-l", str(number), "-singlefile"]
            subprocess.run(["pdftoppm", "-r", str(dots), "-png", *pages, path, target], check=True)
        path.unlink()


def _key(page: Page, digits: str) -> None:
    page.locator("#keying").wait_for()
    number = page.locator(".keying-number b").inner_text()
    page.keyboard.type(digits)
    page.keyboard.press("Enter")
    page.get_by_text(f"第 {number} 张已保存").wait_for()
