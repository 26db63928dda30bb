"""The whole path at the desk: from two rosters as people have them to a tally sheet and a recount, page by page."""

import io
import json
import re
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page
from python_calamine import CalamineWorkbook

from surveys.acts.actors import Role
from surveys.vote.papers.slip_layout import LAYOUTS, Size
from tests.builders import box_counts, sheet_of
from tests.phones import Watch, fill, fill_at_once, phone, receipt, sign_in, submit, to_review
from tests.servers import ROOT, Server
from tests.tools import require_tool
from tests.worlds import build_accounts

pytestmark = pytest.mark.slow

OFFICE = {"width": 1440, "height": 900}
DATA = ROOT / "tests" / "data"
UNIT = "样例教育局"
PEOPLE = ["样例甲", "样例𬭎", "样例丙"]
PLANNED = {"A": (7, Size.SMALL), "B": (9, Size.LARGE), "C": (11, Size.LARGEST)}
DPI = 150
VOTES = {"A": 6, "B": 8, "C": 10}
TAPPED = 2
ENTITLED, PRESENT = 28, 26
PATTERNS = ("AAB", "ABCD", "BA", "AAAC", "AB-", "CDBA", "BBA")
"""Answers in turn over all questions; `-` leaves one out."""

Marks = dict[str, str]
"""The letter of each question, by field."""


def signed_in(server: Server, browser: Browser, name: str, password: str) -> Page:
    page = browser.new_context(viewport=OFFICE, locale="zh-CN", accept_downloads=True).new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{server.url}/login")
    sign_in(page, name, password)
    return page


def import_rosters(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/assessments/new")
    page.get_by_label("考核名称").fill("样例考核")
    for framework in page.get_by_role("group", name="测评体系").get_by_role("checkbox").all():
        framework.check()
    page.get_by_role("button", name="建立").click()
    for name, words in (("roster-messy.csv", "新增 2 个单位"), ("roster-merged.xlsx", "新增 1 个单位，修改 1 个单位")):
        page.get_by_role("link", name="导入名单").click()
        page.get_by_label("单位和领导的名单").set_input_files(DATA / name)
        page.get_by_role("button", name="上传并预览").click()
        page.get_by_role("button", name="确认导入").click()
        page.get_by_text(words).wait_for()


def make_poll(page: Page, server: Server) -> int:
    page.goto(f"{server.url}/assessments")
    page.locator("tr", has_text=UNIT).get_by_role("link", name="新建测评会").click()
    page.get_by_label("日期").fill("2026-03-02")
    page.get_by_label("地点").fill("三楼会议室")
    page.get_by_label("A/B/C 40/30/30").check()
    for number, (count, _) in enumerate(PLANNED.values(), start=1):
        page.get_by_label(f"票种第 {number} 行计划张数").fill(str(count))
    page.get_by_label("应到人数").fill(str(ENTITLED))
    page.get_by_role("button", name="保存，看选票的样子").click()
    page.get_by_text("已保存").wait_for()
    assert [each.inner_text().split()[0] for each in page.locator("ol li").all()] == PEOPLE
    return int(urlsplit(page.url).path.split("/")[2])


def print_slips(page: Page, poll: str, folder: Path) -> dict[str, list[str]]:
    """The paths in the QR codes of the slips as printed, by class."""
    found = {}
    for key, (count, size) in PLANNED.items():
        page.goto(f"{poll}/tickets")
        page.get_by_label("票种", exact=True).select_option(key)
        page.get_by_label("张数", exact=True).fill(str(count))
        page.get_by_label(f"每页 {size} 张").check()
        with page.expect_download() as slips:
            page.get_by_role("button", name="发票并下载").click()
        path = folder / f"{key}.pdf"
        slips.value.save_as(path)
        found[key] = scanned(path, size)
        assert len(found[key]) == count
    return found


def scanned(pdf: Path, size: Size) -> list[str]:
    """What a phone reads, slip by slip: of a whole page of codes zbar overlooks one in fifty."""
    pages = pdf.with_suffix("")
    options = ["-r", str(DPI), "-gray", "-f", "2"]
    subprocess.run([require_tool("pdftoppm", "poppler-utils"), *options, pdf, pages], check=True)
    layout, pictures = LAYOUTS[size], []
    for image in sorted(pdf.parent.glob(f"{pages.name}-*.pgm")):
        for position in range(layout.per_page):
            box = layout.slip_box(position)
            corners = [length * DPI / 25.4 for length in (box.x, box.y, box.right, box.bottom)]
            pictures.append(image.with_name(f"{image.stem}-{position:02}.png"))
            Image.open(image).crop(tuple(map(round, corners))).save(pictures[-1])
    command = [require_tool("zbarimg", "zbar-tools"), "-q", "--raw", "-Sdisable", "-Sqrcode.enable"]
    # The last page has places without a slip: zbarimg says so with 4.
    told = subprocess.run([*command, *pictures], capture_output=True, text=True, check=False)
    assert told.returncode in (0, 4), told.stderr
    return [urlsplit(line).path for line in told.stdout.splitlines()]


def marks_of(names: Sequence[str], number: int) -> Marks:
    pattern = PATTERNS[number % len(PATTERNS)]
    return {name: pattern[(place + number) % len(pattern)] for place, name in enumerate(names)}


def cast_all(server: Server, browser: Browser, names: Sequence[str], paths: Mapping[str, Sequence[str]]) -> list[Marks]:
    """Each on a phone's page: some by thumb, the rest as quickly as can be."""
    slips = [path for key, count in VOTES.items() for path in paths[key][:count]]
    cast = [marks_of(names, number) for number in range(len(slips))]
    seen = set()
    with phone(browser) as page:
        page.set_default_timeout(60_000)
        watch = Watch(page)
        for number, (path, marks) in enumerate(zip(slips, cast, strict=True)):
            page.goto(server.url + path)
            if number < TAPPED:
                assert "-" not in marks.values()
                fill(page, list(marks), "".join(marks.values()))
            else:
                fill_each(page, marks)
            if "-" in marks.values():
                to_review(page)
                page.get_by_label("我有意不填，就这样提交").check()
            submit(page)
            seen.add(receipt(page))
        assert not watch.complaints
    assert len(seen) == len(slips), "each its own receipt"
    return cast


def fill_each(page: Page, marks: Marks) -> None:
    for letter in set(marks.values()) - {"-"}:
        fill_at_once(page, [name for name, own in marks.items() if own == letter], letter)


def confirm(page: Page, button: str) -> None:
    form = page.locator("form", has=page.get_by_role("button", name=button, exact=True))
    form.get_by_label("我确认").check()
    form.get_by_role("button", name=button, exact=True).click()


def downloaded(page: Page, link: str) -> bytes:
    with page.expect_download() as found:
        page.get_by_role("link", name=link).click()
    return Path(found.value.path()).read_bytes()


def counted(names: Sequence[str], cast: Sequence[Marks]) -> dict[str, list[int]]:
    """A plain count: of each question A, B, C, D and blank."""
    counts = {name: Counter(marks[name] for marks in cast) for name in names}
    return {name: [own[letter] for letter in "ABCD-"] for name, own in counts.items()}


def on_sheet(workbook: bytes) -> tuple[dict[str, float], dict[str, list[int]]]:
    """(the figures of the tally sheet by name, the counts of each question by field)."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(workbook))
    first, second = (book.get_sheet_by_name(name).to_python() for name in ("统计单", "领导干部"))
    figures = {row[0]: row[2] for row in first if row[0] in ("应到", "预留", "实到", "发出", "收回", "有效", "无效")}
    counts = {f"o-{row[0]}": row[2:7] for row in first if str(row[0]).isdigit() and isinstance(row[2], float)}
    for row in second:
        if isinstance(row[0], float):
            counts[f"l{row[0]:.0f}-{str(row[3]).split('.')[0]}"] = row[4:9]
    return figures, {name: [int(count) for count in own] for name, own in counts.items()}


def in_bundle(bundle: Mapping[str, object]) -> dict[str, list[int]]:
    """The counts of each question by field, as the bundle's own tally has them."""
    organization, leaders = bundle["organization"], bundle["leaders"]
    assert isinstance(organization, dict)
    assert isinstance(leaders, list)
    forms = [("o", organization["items"]), *((f"l{n}", each["aspects"]) for n, each in enumerate(leaders, start=1))]
    return {
        f"{prefix}-{question['key']}": [question["counts"][letter] for letter in "ABCD-"]
        for prefix, questions in forms
        for question in questions
    }


def count_present(page: Page) -> None:
    page.get_by_label("实到人数").fill(str(PRESENT))
    page.get_by_role("button", name="登记").click()


def test_from_two_rosters_to_a_recount(server: Server, browser: Browser, tmp_path: Path) -> None:
    _, passwords = build_accounts(server.site)
    admin = signed_in(server, browser, "admin", passwords[Role.ADMIN])
    import_rosters(admin, server)
    page = signed_in(server, browser, "organizer", passwords[Role.ORGANIZER])
    watch = Watch(page)
    poll_id = make_poll(page, server)
    poll = f"{server.url}/polls/{poll_id}"
    paths = print_slips(page, poll, tmp_path)
    page.goto(poll)
    page.get_by_role("button", name="开始投票").click()
    page.get_by_text("投票已开始").wait_for()
    count_present(page)
    page.locator("#headcount").get_by_text("等另一人登记同样的人数").wait_for()
    second = signed_in(server, browser, "scrutineer", passwords[Role.SCRUTINEER])
    second.goto(poll)
    count_present(second)
    second.locator("#headcount").get_by_text("一致").wait_for()

    names = [name for name, _ in sheet_of(server.site, poll_id).fields()]
    cast = cast_all(server, browser, names, paths)
    void = paths["A"][-1]
    page.goto(f"{poll}/tickets")
    page.get_by_label("票码").fill(void.rsplit("/", 1)[1].lower())
    page.get_by_label("原因").select_option("丢失")
    page.get_by_role("button", name="作废", exact=True).click()
    page.get_by_text("这张票已作废").wait_for()
    assert server.get(void).status == 410

    page.goto(poll)
    confirm(page, "结束投票")
    page.get_by_text("投票已结束").wait_for()
    confirm(page, "封存")
    page.get_by_text("已封存，结果已生成").wait_for()
    assert box_counts(server.site, poll_id) == {"cast": 24, "ballots": 24, "receipts": 24, "void": 1, "unused": 2}
    data = downloaded(page, "下载选票包")
    page.get_by_role("link", name="看统计结果").click()
    paper, workbook = downloaded(page, "下载统计单 PDF"), downloaded(page, "下载统计单 Excel")
    assert not watch.complaints

    expected = counted(names, cast)
    figures, counts = on_sheet(workbook)
    assert figures == {"应到": ENTITLED, "预留": 0, "实到": PRESENT, "发出": 27, "收回": 24, "有效": 24, "无效": 0}
    assert counts == expected
    assert printed_figures(paper, tmp_path) == [str(count) for count in (ENTITLED, 0, PRESENT, 27, 24, 24, 0)]
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(data)
    with zipfile.ZipFile(bundle) as archive:
        assert in_bundle(json.loads(archive.read("tally.json"))) == expected
    recount = [sys.executable, ROOT / "scripts" / "recount", bundle]
    told = subprocess.run(recount, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert re.fullmatch(r"一致 sha256:[0-9a-f]{64}\n", told)
    assert told.split()[1] in server.get(f"/board/{void.split('/')[2][:4]}").text


def printed_figures(pdf: bytes, folder: Path) -> list[str]:
    """The line under 应到, 预留, 实到, 发出, 收回, 有效, 无效."""
    path = folder / "tally.pdf"
    path.write_bytes(pdf)
    tool = require_tool("pdftotext", "poppler-utils")
    told = subprocess.run([tool, "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
    lines = [line.split() for line in told.splitlines() if line.strip()]
    place = lines.index(["应到", "预留", "实到", "发出", "收回", "有效", "无效"])
    return lines[place + 1]
