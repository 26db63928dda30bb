import csv
import io
import os
import random
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from PIL import Image

from surveys.reporting.slips import (
    PAGE_HEIGHT,
    PAGE_MARGIN,
    PAGE_WIDTH,
    QR_BOX,
    SLIP_PADDING,
    SLIPS_PER_PAGE,
    Box,
    Slip,
    SlipSheet,
    SlipTextTooLong,
    code_lines,
    slip_box,
    slips_csv,
    slips_pdf,
)

DPI = 300
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SHORT_TITLE = "年度民主测评"
LONG_TITLE = (
    "某某市党委（党组）某项工作责任制落实情况年度考核民主测评会议（市直机关、市管高校及市管企业）第二场次补充会议和总结"
)


def require_tool(name: str, package: str) -> str:
    """The tool's path. Without it the test is skipped, except in CI, which must not pass by looking away."""
    path = shutil.which(name)
    if path is None:
        hint = f"{name} is missing: apt-get install {package}"
        if os.environ.get("CI") == "true":
            pytest.fail(hint)
        pytest.skip(hint)
    return path


def some_slips(count: int) -> list[Slip]:
    chance = random.Random(20)
    codes = ["-".join(["K7QF", *("".join(chance.choices(ALPHABET, k=4)) for _ in range(4))]) for _ in range(count)]
    return [Slip(code, f"https://ceping.example.gov.cn/b/{code}") for code in codes]


def a_sheet(count: int = 3, **changes) -> SlipSheet:
    sheet = SlipSheet(
        title=SHORT_TITLE,
        unit="市教育局",
        class_name="A票 领导班子成员",
        place_and_time=None,
        instructions=("微信扫码，或在浏览器输入票码", "不记名，每票只能用一次", "有疑问请举手，勿把票给他人"),
        rehearsal=False,
        slips=some_slips(count),
    )
    return replace(sheet, **changes)


FULL = {
    "title": LONG_TITLE,
    "unit": "市文化广电新闻出版和旅游体育发展局",
    "class_name": "B票 中层干部和职工代表",
    "place_and_time": "机关三楼大会议室 12月20日 9:30",
    "rehearsal": True,
}


def text_of(pdf: Path, *options: str) -> str:
    tool = require_tool("pdftotext", "poppler-utils")
    return subprocess.run([tool, *options, pdf, "-"], check=True, capture_output=True, text=True).stdout


def pages_of(pdf: Path) -> list[Image.Image]:
    tool = require_tool("pdftoppm", "poppler-utils")
    subprocess.run([tool, "-r", str(DPI), "-gray", pdf, pdf.with_suffix("")], check=True)
    return [Image.open(page) for page in sorted(pdf.parent.glob(f"{pdf.stem}-*.pgm"))]


def pixels(box: Box) -> tuple[int, int, int, int]:
    return tuple(round(length * DPI / 25.4) for length in (box.x, box.y, box.right, box.bottom))


def read_qr(picture: Path) -> str:
    tool = require_tool("zbarimg", "zbar-tools")
    done = subprocess.run([tool, "--quiet", "--raw", picture], capture_output=True, text=True)
    return done.stdout.strip()


def text_in(pdf: Path, page: int, box: Box) -> str:
    left, top, right, bottom = pixels(box)
    area = ("-r", DPI, "-x", left, "-y", top, "-W", right - left, "-H", bottom - top)
    return text_of(pdf, "-f", str(page), "-l", str(page), "-layout", *map(str, area))


@pytest.fixture
def write(tmp_path):
    def write_pdf(sheet: SlipSheet) -> Path:
        path = tmp_path / "slips.pdf"
        path.write_bytes(slips_pdf(sheet))
        return path

    return write_pdf


def words_on_page(pdf: Path, page: int = 1) -> list[tuple[str, Box]]:
    """Every word with its box in millimetres; boxes are as high as the font's line, not as its ink."""
    pattern = re.compile(r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*?)</word>')
    words = []
    for *corners, word in pattern.findall(text_of(pdf, "-f", str(page), "-l", str(page), "-bbox")):
        left, top, right, bottom = (float(corner) * 25.4 / 72 for corner in corners)
        words.append((word, Box(left, top, right - left, bottom - top)))
    return words


def inside(inner: Box, outer: Box) -> bool:
    across = outer.x <= inner.x and inner.right <= outer.right
    return across and outer.y <= inner.y and inner.bottom <= outer.bottom


def overlap(one: Box, other: Box) -> bool:
    across = min(one.right, other.right) - max(one.x, other.x) > 0.05
    return across and min(one.bottom, other.bottom) - max(one.y, other.y) > 0.05


def ink(line: Box) -> Box:
    """The part of a line's box that characters fill."""
    return Box(line.x, line.y + 0.2 * line.height, line.width, 0.62 * line.height)


@pytest.mark.parametrize("changes", [{}, FULL], ids=["short", "long title, rehearsal"])
def test_every_slip_of_a_hundred_carries_its_own_qr_and_code(write, tmp_path, changes):
    sheet = a_sheet(100, **changes)
    pdf = write(sheet)
    pages = pages_of(pdf)

    def check(number: int) -> tuple[str, str]:
        page, position = divmod(number, SLIPS_PER_PAGE)
        picture = tmp_path / f"slip-{number}.png"
        pages[page].crop(pixels(slip_box(position))).save(picture)
        return read_qr(picture), "".join(text_in(pdf, page + 1, slip_box(position)).split())

    for page in pages:
        page.load()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(check, range(100)))

    assert [url for url, _ in found] == [slip.url for slip in sheet.slips]
    for slip, (_, text) in zip(sheet.slips, found, strict=True):
        first, second = code_lines(slip.code)
        assert first in text
        assert second in text


@pytest.mark.parametrize("changes", [{}, FULL], ids=["short", "long title, rehearsal"])
def test_words_keep_inside_their_slip_and_off_each_other(write, changes):
    pdf = write(a_sheet(SLIPS_PER_PAGE, **changes))
    words = words_on_page(pdf)

    for position in range(SLIPS_PER_PAGE):
        slip = slip_box(position)
        qr = QR_BOX.moved(slip.x, slip.y).shrunk(2.0)
        mine = [(word, box) for word, box in words if overlap(box, slip)]
        assert mine
        for word, box in mine:
            assert inside(ink(box), slip.shrunk(SLIP_PADDING)), word
            assert not overlap(ink(box), qr), word
        for (one, a), (other, b) in combinations(mine, 2):
            assert not overlap(ink(a), ink(b)), (one, other)


@pytest.mark.parametrize("changes", [{}, FULL], ids=["short", "long title, rehearsal"])
def test_no_ink_near_the_cuts_or_the_edge_of_the_paper(write, changes):
    (page,) = pages_of(write(a_sheet(SLIPS_PER_PAGE, **changes)))
    left, top, right, bottom = pixels(Box(5, 5, PAGE_WIDTH - 10, PAGE_HEIGHT - 10))

    page.paste(255, (left, top, right, bottom))
    assert page.getextrema() == (255, 255)

    (page,) = pages_of(write(a_sheet(SLIPS_PER_PAGE, **changes)))
    for position in range(SLIPS_PER_PAGE):
        ring = page.crop(pixels(slip_box(position).shrunk(0.4)))
        margin = round((SLIP_PADDING - 0.4) * DPI / 25.4)
        ring.paste(255, (margin, margin, ring.width - margin, ring.height - margin))
        assert ring.getextrema() == (255, 255), position


def test_a_long_title_is_printed_whole_and_leaves_the_qr_where_it_is(write):
    (short,) = pages_of(write(a_sheet(1)))
    pdf = write(a_sheet(1, **FULL))
    (long,) = pages_of(pdf)
    qr = pixels(QR_BOX.moved(PAGE_MARGIN, PAGE_MARGIN))

    assert len(LONG_TITLE) >= 55
    assert LONG_TITLE in "".join(text_of(pdf).split())
    assert short.crop(qr).tobytes() == long.crop(qr).tobytes()


def test_a_qr_is_at_least_25_millimetres_wide():
    assert min(QR_BOX.width, QR_BOX.height) >= 25


def test_a_rehearsal_says_so_on_every_slip(write):
    assert text_of(write(a_sheet(5, rehearsal=True))).count("演练") == 5
    assert "演练" not in text_of(write(a_sheet(5)))


def test_a_page_holds_21_slips():
    assert slips_pdf(a_sheet(21)).count(b"/Type /Page\n") == 1
    assert slips_pdf(a_sheet(22)).count(b"/Type /Page\n") == 2


def test_the_file_tells_neither_time_nor_identity():
    sheet = a_sheet(30)
    pdf = slips_pdf(sheet)

    assert pdf == slips_pdf(sheet)
    assert re.findall(rb"/(?:Creation|Mod)Date \((.*?)\)", pdf) == [b"D:20000101000000Z"]
    assert b"/ID" not in pdf
    assert b"xpacket" not in pdf


@pytest.mark.parametrize("name", ["䶮㛃", "𬭎𠅤龑", "阿卜杜拉·买买提"])
def test_rare_characters_are_printed(write, name):
    assert name in text_of(write(a_sheet(1, unit=name)))


def test_a_character_no_font_has_is_seen_to_be_missing(write):
    assert "王〓" in text_of(write(a_sheet(1, unit="王\U0002fa1d")))


def test_words_that_would_be_too_small_to_read_are_refused():
    with pytest.raises(SlipTextTooLong):
        slips_pdf(a_sheet(1, title="测" * 200))


@pytest.mark.slow
def test_two_thousand_slips_are_a_reasonable_file():
    assert len(slips_pdf(a_sheet(2000))) < 3_000_000


def test_csv_has_three_columns():
    slips = some_slips(2)
    rows = list(csv.reader(io.StringIO(slips_csv("A", slips).decode())))

    assert rows == [["class", "code", "url"], *(["A", slip.code, slip.url] for slip in slips)]


def test_csv_for_excel_begins_with_a_bom():
    assert slips_csv("甲", [], bom=True) == b"\xef\xbb\xbf" + slips_csv("甲", [])
    assert not slips_csv("甲", []).startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("key", ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "\t=1", "\r=1", "\n=1"])
def test_csv_cells_never_begin_like_a_formula(key):
    rows = list(csv.reader(io.StringIO(slips_csv(key, some_slips(1)).decode(), newline="")))

    assert rows[1][0] == f"'{key.strip()}"
    assert len(rows) == 2
