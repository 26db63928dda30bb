import os
import random
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from PIL import Image, ImageStat

from surveys.reporting.boxes import POINT, Box
from surveys.reporting.stepwise import finished
from surveys.reporting.strip_pdf import SlipPdf
from surveys.reporting.strip_text import SlipTextTooLong, code_lines
from surveys.vote.papers.class_symbols import SHADES, ClassSymbol, draw_class_symbol
from surveys.vote.papers.slip_layout import LAYOUTS, PAGE_HEIGHT, PAGE_WIDTH, Part, Size
from surveys.vote.papers.slips import Slip, SlipSheet, slip_words, slips_pdf

DPI = 300
CODE = re.compile(r"([0-9A-Z]{4}-)+([0-9A-Z]{4})?$")
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
        size=Size.SMALL,
        title=SHORT_TITLE,
        unit="市教育局",
        batch=7,
        class_key="A",
        class_name="领导班子成员",
        class_position=0,
        place_and_date=None,
        instructions=("微信扫码，或在浏览器输入票码", "不记名，每票只能用一次", "有疑问请举手，勿把票给他人"),
        rehearsal=False,
        slips=some_slips(count),
    )
    return replace(sheet, **changes)


FULL = {
    "title": LONG_TITLE,
    "unit": "市文化广电新闻出版和旅游体育发展局",
    "batch": 128,
    "class_key": "B2",
    "class_name": "中层干部和职工代表",
    "class_position": 1,
    "place_and_date": "机关三楼大会议室　2026年12月20日",
    "rehearsal": True,
}
REAL = {
    "instructions": (
        "手机扫码，或打开 ceping.example.gov.cn 输入票码",
        "逐项点选后提交，看到回执即已计入",
        "一票只投一次，谁也查不到您怎么填",
    ),
    "place_and_date": "机关三楼大会议室　2026年12月20日",
    "class_position": 2,
    "class_key": "C",
}
each_size = pytest.mark.parametrize("size", list(Size), ids=lambda size: f"{size}-a-page")
each_text = pytest.mark.parametrize("changes", [REAL, FULL], ids=["real", "long-title"])


def a_pdf(sheet: SlipSheet) -> bytes:
    return finished(slips_pdf(sheet))


def text_of(pdf: Path, *options: str) -> str:
    tool = require_tool("pdftotext", "poppler-utils")
    return subprocess.run([tool, *options, pdf, "-"], check=True, capture_output=True, text=True).stdout


def pages_of(pdf: Path) -> list[Image.Image]:
    """The cover first. Copies: Pillow maps the file, which the next PDF's picture overwrites."""
    tool = require_tool("pdftoppm", "poppler-utils")
    subprocess.run([tool, "-r", str(DPI), "-gray", pdf, pdf.with_suffix("")], check=True)
    return [Image.open(page).copy() for page in sorted(pdf.parent.glob(f"{pdf.stem}-*.pgm"))]


def pixels(box: Box) -> tuple[int, int, int, int]:
    return tuple(round(length * DPI / 25.4) for length in (box.x, box.y, box.right, box.bottom))


def read_qr(picture: Path) -> str:
    tool = require_tool("zbarimg", "zbar-tools")
    done = subprocess.run([tool, "--quiet", "--raw", picture], capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def write(tmp_path):
    def write_pdf(sheet: SlipSheet) -> Path:
        path = tmp_path / "slips.pdf"
        path.write_bytes(a_pdf(sheet))
        return path

    return write_pdf


def words_on_page(pdf: Path, page: int) -> list[tuple[str, Box]]:
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


@each_size
@each_text
def test_every_slip_carries_its_own_qr_and_code(write, tmp_path, size, changes):
    """A page and a bit of slips, each cut out and read by itself."""
    sheet = a_sheet(size + 2, size=size, **changes)
    pdf = write(sheet)
    _, *pages = pages_of(pdf)
    layout = LAYOUTS[size]

    words = [words_on_page(pdf, page + 2) for page in range(len(pages))]

    for number, slip in enumerate(sheet.slips):
        page, position = divmod(number, layout.per_page)
        box = layout.slip_box(position)
        pages[page].crop(pixels(box)).save(tmp_path / "slip.png")
        assert read_qr(tmp_path / "slip.png") == slip.url
        text = "".join(word for word, place in words[page] if inside(ink(place), box))
        first, second = code_lines(slip.code)
        assert first in text
        assert second in text
        assert f"第{sheet.batch}批" in text
        assert sheet.class_name in text
        assert ("演练" in text) is sheet.rehearsal


@each_size
@each_text
def test_words_keep_inside_their_slip_and_off_each_other(write, size, changes):
    words = words_on_page(write(a_sheet(size, size=size, **changes)), 2)
    layout = LAYOUTS[size]

    for position in range(size):
        slip = layout.slip_box(position)
        module = layout.qr.width / 41
        white = layout.qr.moved(slip.x, slip.y).shrunk(module)
        mine = [(word, box) for word, box in words if overlap(box, slip)]
        assert mine
        for word, box in mine:
            assert inside(ink(box), slip.shrunk(layout.padding)), word
            assert not overlap(ink(box), white), word
        for (one, a), (other, b) in combinations(mine, 2):
            assert not overlap(ink(a), ink(b)), (one, other)


@each_size
@each_text
def test_no_ink_near_the_cuts_or_the_edge_of_the_paper(write, size, changes):
    cover, page = pages_of(write(a_sheet(size, size=size, **changes)))
    layout = LAYOUTS[size]
    for each in (cover, page):
        edge = each.copy()
        edge.paste(255, pixels(Box(5, 5, PAGE_WIDTH - 10, PAGE_HEIGHT - 10)))
        assert edge.getextrema() == (255, 255)
    for position in range(size):
        ring = page.crop(pixels(layout.slip_box(position).shrunk(0.4)))
        margin = round((layout.padding - 0.4) * DPI / 25.4)
        ring.paste(255, (margin, margin, ring.width - margin, ring.height - margin))
        assert ring.getextrema() == (255, 255), position


@each_size
def test_the_qr_lies_on_white(write, size):
    """The quiet zone, four modules on each side, whatever the class's grey."""
    for position in (1, len(SHADES) - 1):
        _, page = pages_of(write(a_sheet(1, size=size, **(REAL | {"class_position": position}))))
        first = LAYOUTS[size].slip_box(0)
        qr = LAYOUTS[size].qr.moved(first.x, first.y)
        zone = qr.width / 41 * 3.6
        area = page.crop(pixels(qr.shrunk(0.1)))
        ring = round(zone * DPI / 25.4)
        area.paste(255, (ring, ring, area.width - ring, area.height - ring))
        assert area.getextrema() == (255, 255), position


@each_size
def test_a_long_title_is_printed_whole_and_leaves_the_qr_where_it_is(write, size):
    _, short = pages_of(write(a_sheet(1, size=size)))
    pdf = write(a_sheet(1, size=size, **FULL))
    _, long = pages_of(pdf)
    first = LAYOUTS[size].slip_box(0)
    qr = pixels(LAYOUTS[size].qr.moved(first.x, first.y))

    assert len(LONG_TITLE) >= 55
    assert LONG_TITLE in "".join(text_of(pdf, "-f", "2").split())
    assert short.crop(qr).tobytes() == long.crop(qr).tobytes()


def test_larger_slips_have_larger_qrs_codes_and_type():
    sizes = [LAYOUTS[size] for size in (Size.SMALL, Size.LARGE, Size.LARGEST)]
    assert min(layout.qr.width for layout in sizes) >= 25
    for smaller, larger in pairwise(sizes):
        assert larger.qr.width > smaller.qr.width * 1.3
        assert larger.code_size > smaller.code_size * 1.1
    assert [layout.per_page for layout in sizes] == [21, 10, 4]


@pytest.mark.parametrize(("size", "points"), [(Size.LARGE, 9), (Size.LARGEST, 12)])
@pytest.mark.parametrize("changes", [REAL, FULL], ids=["real", "long-title"])
def test_instructions_on_large_slips_are_never_small(size, points, changes):
    sheet = a_sheet(1, size=size, **changes)
    text = "".join(sheet.instructions)
    sizes = [line.size for line in slip_words(sheet) if line.text and line.text in text]
    assert len(sizes) >= 3
    assert min(sizes) >= points * POINT - 1e-9
    types = [flow.types[Part.INSTRUCTIONS] for flow in LAYOUTS[size].flows if Part.INSTRUCTIONS in flow.types]
    assert [type.smallest >= points * POINT - 1e-9 for type in types] == [True]


def test_classes_differ_in_grey_when_printed(tmp_path):
    """The mean grey of each class's band, on paper, at least a twelfth of the scale apart; of the first three a
    fifth."""
    band = LAYOUTS[Size.LARGE].shade

    def draw(pdf: SlipPdf) -> None:
        for shade in SHADES:
            pdf.add_page()
            pdf.draw(shade.operators(band), 0, 0)

    greys = [ImageStat.Stat(page.crop(pixels(band.shrunk(0.3)))).mean[0] for page in drawn(tmp_path, draw)]
    for some, apart in ((greys[:3], 255 / 5), (greys, 255 / 12)):
        for one, other in combinations(some, 2):
            assert abs(one - other) > apart, greys


@each_size
def test_the_first_classes_differ_on_slips(write, size):
    """In grey and in shape, with the same letter: what is compared leaves the words out."""
    first = LAYOUTS[size].slip_box(0)
    shade, symbol = (each.moved(first.x, first.y) for each in (LAYOUTS[size].shade, LAYOUTS[size].symbol))
    pages = [pages_of(write(a_sheet(1, size=size, class_position=position)))[1] for position in range(3)]
    greys = [ImageStat.Stat(page.crop(pixels(shade))).mean[0] for page in pages]
    for one, other in combinations(greys, 2):
        assert abs(one - other) > 20, greys
    assert len({page.crop(pixels(symbol)).tobytes() for page in pages}) == 3


def drawn(folder: Path, draw: Callable[[SlipPdf], None]) -> list[Image.Image]:
    """The pages of a PDF that `draw` fills."""
    pdf = SlipPdf()
    draw(pdf)
    path = folder / "drawn.pdf"
    path.write_bytes(bytes(pdf.output()))
    return pages_of(path)


def test_a_marks_letter_keeps_inside_its_shape(tmp_path):
    """Where shape and letter touch, black would run from the one into the other."""
    cases = [(position, key) for position in range(5) for key in ("A", "W", "B2", "ABCDEFGH")]
    boxes = [Box(10 + 32 * (number % 5), 10 + 32 * (number // 5), 30, 30) for number in range(len(cases))]

    def marks(lettered: bool) -> Callable[[SlipPdf], None]:
        def draw(pdf: SlipPdf) -> None:
            pdf.add_page()
            for (position, key), box in zip(cases, boxes, strict=True):
                draw_class_symbol(pdf, ClassSymbol(position, key if lettered else " "), box)

        return draw

    (plain,), (full,) = drawn(tmp_path, marks(False)), drawn(tmp_path, marks(True))
    for case, box in zip(cases, boxes, strict=True):
        shape, letter = (dark(page.crop(pixels(box))) for page in (plain, full))
        letter -= shape
        assert letter, case
        assert not {(x + dx, y + dy) for x, y in letter for dx in (-3, 0, 3) for dy in (-3, 0, 3)} & shape, case


def dark(picture: Image.Image) -> set[tuple[int, int]]:
    return {
        (number % picture.width, number // picture.width)
        for number, value in enumerate(picture.tobytes())
        if value < 160
    }


@each_size
def test_pages_say_nothing_of_the_order_of_issue(write, size):
    """The same codes in another order: the same pages but for the codes, so no slip carries a serial."""
    sheet = a_sheet(size + 2, size=size, **REAL)
    turned = replace(sheet, slips=sheet.slips[::-1])
    layout = LAYOUTS[size]
    texts, pictures = [], []
    for each in (sheet, turned):
        pdf = write(each)
        texts.append([[pair for pair in words_on_page(pdf, page) if not CODE.match(pair[0])] for page in (1, 2, 3)])
        pages = pages_of(pdf)
        for page in pages[1:]:
            for position in range(size):
                box = layout.slip_box(position)
                for hidden in (layout.qr, layout.code):
                    page.paste(255, pixels(hidden.moved(box.x, box.y).shrunk(-0.3)))
        pictures.append([page.tobytes() for page in pages])
    assert texts[0] == texts[1]
    assert pictures[0] == pictures[1]
    assert all(len(words) > 10 for words in texts[0])


@each_size
def test_the_cover_has_no_code_and_says_what_it_covers(write, size):
    sheet = a_sheet(2 * size + 1, size=size, **FULL)
    pdf = write(sheet)
    cover = "".join(text_of(pdf, "-f", "1", "-l", "1").split())
    for said in (
        LONG_TITLE,
        sheet.unit,
        "第128批",
        "B2中层干部和职工代表",
        f"{2 * size + 1}张",
        f"3页（每页{size}张，末页1张）",
        "演练",
        "机关三楼大会议室",
        *("交出人", "接收人", "清点数", "日期", "重印", "作废"),
    ):
        assert said in cover
    assert "K7QF" not in cover
    for slip in sheet.slips:
        assert not [group for group in slip.code.split("-") if group in cover]
    picture = pdf.with_name("cover.png")
    pages_of(pdf)[0].save(picture)
    assert read_qr(picture) == ""


def test_a_rehearsal_says_so_on_the_cover_and_every_slip(write):
    assert text_of(write(a_sheet(5, rehearsal=True))).count("演练") == 6
    assert "演练" not in text_of(write(a_sheet(5)))


@each_size
def test_a_page_holds_as_many_as_it_says(size):
    assert a_pdf(a_sheet(size, size=size)).count(b"/Type /Page\n") == 2
    assert a_pdf(a_sheet(size + 1, size=size)).count(b"/Type /Page\n") == 3


def test_the_file_tells_neither_time_nor_identity():
    sheet = a_sheet(30)
    pdf = a_pdf(sheet)

    assert pdf == a_pdf(sheet)
    assert re.findall(rb"/(?:Creation|Mod)Date \((.*?)\)", pdf) == [b"D:20000101000000Z"]
    assert b"/ID" not in pdf
    assert b"xpacket" not in pdf


@pytest.mark.parametrize("name", ["䶮㛃", "𬭎𠅤龑", "阿卜杜拉·买买提"])
def test_rare_characters_are_printed(write, name):
    assert text_of(write(a_sheet(1, unit=name))).count(name) == 2


def test_a_character_no_font_has_is_seen_to_be_missing(write):
    assert "王〓" in text_of(write(a_sheet(1, unit="王\U0002fa1d")))


@each_size
def test_words_that_would_be_too_small_to_read_are_refused_before_anything_is_drawn(size):
    with pytest.raises(SlipTextTooLong):
        next(slips_pdf(a_sheet(1, size=size, title="测" * 300)))


def test_the_longest_words_of_a_poll_fit_a_cover(write):
    sheet = a_sheet(1, size=Size.LARGEST, title="题" * 60, class_name="名" * 40, unit="单" * 40)
    assert "题" * 60 in "".join(text_of(write(sheet), "-f", "1", "-l", "1").split())


def test_making_a_file_tells_how_far_it_is():
    steps = list(slips_pdf(a_sheet(50)))
    assert steps == [0, 21, 42]


@pytest.mark.thorough
@each_size
def test_two_thousand_slips_are_a_reasonable_file_soon(size):
    sheet = a_sheet(2000, size=size, **REAL)
    start = time.process_time()
    pdf = a_pdf(sheet)
    assert time.process_time() - start < 10
    assert len(pdf) < 3_000_000
