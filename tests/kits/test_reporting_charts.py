import io
import re
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import combinations
from string import ascii_uppercase

import pytest
from PIL import Image

from surveys.catalog.rules import MOST_GRADES
from surveys.outcome.report import BARS_PER_CHART
from surveys.reporting.chart_sizes import LEGEND_LINE, PRINTED_WIDTH, WIDTH
from surveys.reporting.charts import GradeRow, GradeStyle, UnitBar, grade_bars, unit_bars
from surveys.reporting.document_pdf import TALLEST, TEXT_WIDTH
from surveys.reporting.documents import Picture
from surveys.reporting.palette import BLANK, Paint, contrast, luminance, paints, text_on

GRADES = [GradeStyle("A", "好"), GradeStyle("B", "较好"), GradeStyle("C", "一般"), GradeStyle("D", "差")]
ITEM = (
    "团结引导服务各界代表人士，加强同各方面成员的沟通联系，妥善处理有关问题，制度建设、队伍建设"
    "和作风建设不断加强，群众的满意程度有明显提高，没有发生重大失误，各项任务按时完成。"
)
ROWS = [
    GradeRow(f"{number}. {ITEM[: 10 * number]}", {"A": 26, "B": 12, "C": 3, "D": 1, "-": number % 2}, "90.00")
    for number in range(1, 10)
]
BANDS = [("优秀", Decimal(90)), ("良好", Decimal(80)), ("合格", Decimal(60))]


def units(count: int) -> list[UnitBar]:
    scored = [UnitBar(f"第{number}个单位", Decimal(100) - number, "良好") for number in range(count - 1)]
    return [*scored, UnitBar("尚未打分的单位", None, None)]


def items_chart(format="png", rows=ROWS, title="民主测评结果", subtitle="应到 50　实到 45"):
    return grade_bars(title, subtitle, GRADES, rows, format)


def units_chart(format="png", count=8, bands=BANDS):
    return unit_bars("单位得分", "按得分排列", units(count), format, bands)


def size_of(png: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(png)).size


@pytest.mark.parametrize("chart", [items_chart, units_chart])
def test_svg_is_only_paths(chart):
    svg = chart("svg").decode()

    assert "<path" in svg
    assert "<text" not in svg
    assert "<script" not in svg
    assert "<image" not in svg
    assert "<!DOCTYPE" not in svg
    assert "<metadata" not in svg
    assert all(target.startswith("#") for target in re.findall(r'href="([^"]*)"', svg))
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", svg))
    assert not re.search(r'(?<!xmlns=")(?<!xlink=")https?://', svg)


@pytest.mark.parametrize("chart", [items_chart, units_chart])
@pytest.mark.parametrize("format", ["png", "svg"])
def test_the_same_values_give_the_same_bytes(chart, format):
    assert chart(format) == chart(format)


def test_threads_do_not_disturb_each_other():
    jobs = [(items_chart, "svg"), (units_chart, "svg"), (items_chart, "png"), (units_chart, "png")] * 2
    alone = [chart(format) for chart, format in jobs]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda job: job[0](job[1]), jobs))

    assert together == alone


def test_png_is_as_wide_as_a_page_needs_and_carries_no_text():
    picture = Image.open(io.BytesIO(items_chart()))

    assert picture.width == int(WIDTH / 72 * 160)
    assert set(picture.info) <= {"dpi"}


def test_in_a_document_it_is_as_wide_as_the_text_so_that_its_type_keeps_its_size():
    chart = unit_bars("单位得分", "", units(BARS_PER_CHART), "png", BANDS, PRINTED_WIDTH)

    assert Picture(chart).scaled(TEXT_WIDTH, TALLEST)[0] == TEXT_WIDTH, "so many fit a page"
    assert abs(PRINTED_WIDTH - TEXT_WIDTH / 25.4 * 72) < 1


def test_rare_characters_have_glyphs():
    # A missing glyph is a warning, and warnings are errors in these tests.
    items_chart(title="䶮㛃𬭎𠅤龑 阿卜杜拉·买买提")


def test_a_character_no_font_has_is_replaced():
    assert items_chart("svg", title="王\U0002fa1d") == items_chart("svg", title="王〓")


def test_dollar_signs_are_not_formulas():
    assert items_chart("svg", title="$x^2$ 与 $\\frac$")


def test_a_chart_without_rows_says_so():
    assert items_chart(rows=[]) != items_chart(rows=ROWS[:1])
    assert unit_bars("单位得分", "", [], "png")


def test_an_item_without_ballots_has_no_bar():
    assert items_chart(rows=[GradeRow("1. 无", {}, None)])


def colours_in(svg: bytes) -> set[str]:
    return {colour.upper() for colour in re.findall(r'fill(?:: |=")(#[0-9a-f]{6})', svg.decode())}


def test_bases_that_differ_stand_on_each_row():
    same = items_chart("svg", rows=ROWS[:1] * 2)
    different = items_chart("svg", rows=[ROWS[0], GradeRow("2", {"A": 5}, None)])

    assert same != different


def test_blanks_have_a_legend_only_if_there_are_any():
    none = [GradeRow("1", {"A": 5, "-": 0}, "100.00")]
    some = [GradeRow("1", {"A": 5, "-": 1}, "100.00")]

    assert items_chart("svg", rows=none).count(b"<pattern") < items_chart("svg", rows=some).count(b"<pattern")


def test_height_grows_with_the_rows():
    few, many = size_of(units_chart(count=8)), size_of(units_chart(count=120))

    assert few[0] == many[0]
    assert (many[1] - few[1]) / 112 >= 30  # pixels for each unit more, at 160 to the inch


@pytest.mark.slow
def test_pictures_of_120_units_are_drawn():
    assert units_chart("svg", count=120).count(b"<use") > 120


def test_scores_above_a_hundred_fit_and_close_bands_do_not_collide():
    assert unit_bars(
        "单位得分",
        "",
        [UnitBar("甲", Decimal("104.995"), "优秀")],
        "svg",
        [("优秀", Decimal(90)), ("良好", Decimal(89))],
    )


SCALES = [ascii_uppercase[:count] for count in range(2, MOST_GRADES + 1)]


def paints_of(letters: str) -> list[Paint]:
    """Of the grades, then of 弃权 and 未填."""
    return list(paints(letters).values())


def test_four_grades_have_the_colours_they_had():
    assert [paint.colour for paint in paints_of("ABCD")] == [
        "#0B4A5B", "#1F7E92", "#D2A45C", "#FFD9A8", "#E3E3E3", "#FFFFFF",
    ]  # fmt: skip
    assert [bool(paint.hatch) for paint in paints_of("ABCD")] == [False, False, False, True, True, True]


@pytest.mark.parametrize("letters", SCALES, ids=len)
def test_grades_go_from_dark_to_light(letters):
    steps = [luminance(paints(letters)[letter].colour) for letter in [*letters, BLANK]]
    assert steps == sorted(steps)
    assert len(set(steps)) == len(steps)


@pytest.mark.parametrize("letters", SCALES, ids=len)
def test_any_two_answers_are_told_apart_in_grey(letters):
    for one, other in combinations(paints_of(letters), 2):
        assert one.hatch != other.hatch or contrast(one.colour, other.colour) >= 1.6


def test_the_last_grade_is_not_taken_for_no_answer():
    for letters in SCALES:
        *_, last, abstained, blank = paints_of(letters)
        assert last.hatch
        assert len({last.hatch, abstained.hatch, blank.hatch}) == 3


@pytest.mark.parametrize("letters", SCALES, ids=len)
def test_counts_are_read_on_every_colour(letters):
    for paint in paints_of(letters):
        assert contrast(text_on(paint.colour), paint.colour) >= 4.5
        assert not paint.hatch or contrast(paint.line, paint.colour) >= 2.5


@pytest.mark.parametrize("letters", ["A", *SCALES, ascii_uppercase], ids=len)
def test_the_colours_are_drawn(letters):
    answers = {letter: 1 for letter in [*letters, "*", "-"]}
    grades = [GradeStyle(letter, f"第{letter}级") for letter in letters]
    chart = grade_bars(
        "民主测评结果", "", [*grades, GradeStyle("*", "弃权")], [GradeRow("一项", answers, "70.00")], "svg"
    )
    assert {paint.colour for paint in paints_of(letters)} <= colours_in(chart)


def test_names_in_the_legend_take_the_lines_they_need():
    few = grade_bars("结果", "", [GradeStyle(letter, "好") for letter in "AB"], ROWS, "png")
    many = grade_bars("结果", "", [GradeStyle(letter, "比较满意的" * 40) for letter in "ABCDEFGHIJ"], ROWS, "png")
    assert size_of(many)[1] > size_of(few)[1] + 2 * LEGEND_LINE
