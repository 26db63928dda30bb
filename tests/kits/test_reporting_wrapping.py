import pytest

from surveys.reporting.fonts import FONT_FILE, printable, width_in_ems
from surveys.reporting.wrapping import wrap, wrap_evenly

TEXT = "贯彻落实上级部署（含专项任务）；建立健全“一岗双责”制度，2026年度按时报告https://example.gov.cn/b/K7QF进展。"


@pytest.mark.parametrize("breaker", [wrap, wrap_evenly])
@pytest.mark.parametrize("width", [4, 7.3, 12, 30])
def test_lines_fit_and_nothing_is_lost(breaker, width):
    lines = breaker(TEXT, width)

    assert "".join(lines) == TEXT
    assert all(width_in_ems(line) <= width for line in lines)


@pytest.mark.parametrize("width", [5, 6, 7, 8, 9, 10, 11, 12])
def test_punctuation_stands_where_it_belongs(width):
    for line in wrap("建立（健全）制度，及时、准确地“报告”进展；没有：遗漏。", width):
        assert line[0] not in "，。、；：）”"
        assert line[-1] not in "（“"


def test_words_and_numbers_stay_whole():
    assert wrap("测评在2026年举行", 5) == ["测评在", "2026年举", "行"]


def test_even_lines_leave_no_single_character():
    assert wrap_evenly("严守政治纪律和政治规矩情况", 12) == ["严守政治纪律和", "政治规矩情况"]


def test_no_text_has_no_lines():
    assert wrap("", 10) == wrap_evenly(" \n", 10) == []


def test_text_is_made_printable():
    assert printable(" 甲\n\t乙　丙\x00\U0002fa1d ") == "甲 乙　丙〓〓"


def test_the_font_is_the_static_cut():
    assert b"fvar" not in FONT_FILE.read_bytes()[:400]


@pytest.mark.timeout(20)
def test_a_column_of_one_character_is_broken_and_not_tried_for_ever():
    assert wrap_evenly("较好", 1.9) == wrap_evenly("较好", 0.5) == ["较", "好"]
