"""What people type: full-width digits, units and the ways to write a day are forgiven; anything else is refused."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from surveys.intake import typed
from surveys.polling.ballot_classes import PRESETS, ClassEntry, preset_of


@pytest.mark.parametrize("text", ["20", "２０", " 20 ", "\u300020", "20人", "20 张", "20.0", "020"])
def test_a_whole_number(text: str) -> None:
    assert typed.whole(text) == 20


@pytest.mark.parametrize("text", ["", "二十", "2O", "-20", "20.5", "1e3", "２０－", "9" * 10, "+20"])
def test_no_whole_number(text: str) -> None:
    with pytest.raises(typed.Unreadable, match="整数"):
        typed.whole(text)


@pytest.mark.parametrize(("text", "value"), [("40", "40"), ("３３．５", "33.5"), ("40%", "40"), ("４０％", "40")])
def test_a_decimal(text: str, value: str) -> None:
    assert typed.decimal(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "很多", "-1", "NaN", "Infinity", "1e5", "1_000", "4 0"])
def test_no_decimal(text: str) -> None:
    with pytest.raises(typed.Unreadable, match="数字"):
        typed.decimal(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2/3", "2/3"),
        ("２／３", "2/3"),
        (" 2 / 3 ", "2/3"),
        ("⅔", "2/3"),
        ("60%", "3/5"),
        ("0.6", "3/5"),
        ("1", "1"),
        ("0", "0"),
    ],
)
def test_a_share(text: str, value: str) -> None:
    assert typed.share(text) == Fraction(value)


@pytest.mark.parametrize("text", ["", "一半", "2/0", "2/", "/3", "-1/3", "2//3"])
def test_no_share(text: str) -> None:
    with pytest.raises(typed.Unreadable, match="2/3"):
        typed.share(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02",
        "2026-3-2",
        "2026/3/2",
        "2026.3.2",
        "2026年3月2日",
        "２０２６年３月２日",
        "2026 年 3 月 2 日",
        "20260302",
        "2026-03-02 00:00:00",
        "2026-03-02T00:00:00",
    ],
)
def test_a_day(text: str) -> None:
    assert typed.day(text) == date(2026, 3, 2)


@pytest.mark.parametrize("text", ["", "明天", "2026-02-30", "2026-13-01", "3月2日", "2026-03", "46083", "26-3-2"])
def test_no_day(text: str) -> None:
    with pytest.raises(typed.Unreadable, match="日期"):
        typed.day(text)


@pytest.mark.parametrize(("text", "value"), [("是", True), ("√", True), ("Y", True), ("否", False), ("", False)])
def test_yes_or_no(text: str, value: bool) -> None:
    assert typed.yes(text) is value


def test_neither_yes_nor_no() -> None:
    with pytest.raises(typed.Unreadable, match="“是”或“否”"):
        typed.yes("也许")


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
def test_a_preset_is_called_by_its_label(preset) -> None:
    for name in (preset.key, preset.label, preset.label.split()[-1], f" {preset.label} "):
        assert typed.ballot_classes(name) == preset.classes
    assert preset_of(preset.classes) is preset


def test_the_presets_are_these() -> None:
    weights = {each.key: [(entry.key, str(entry.weight)) for entry in each.classes] for each in PRESETS}
    assert weights == {
        "one": [("A", "1")],
        "30-30-40": [("A", "30"), ("B", "30"), ("C", "40")],
        "40-30-30": [("A", "40"), ("B", "30"), ("C", "30")],
    }


@pytest.mark.parametrize(
    "text", ["A:领导班子成员:40:20; B:职工（代表）:60", "Ａ：领导班子成员：４０：２０；B：职工（代表）：60；"]
)
def test_classes_one_after_another(text: str) -> None:
    """In a name a full-width bracket is right as it is."""
    expected = (ClassEntry("A", "领导班子成员", Decimal(40), 20), ClassEntry("B", "职工（代表）", Decimal(60)))
    assert typed.ballot_classes(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("50/50", "30/30/40"),
        ("A:甲", "代号:名称:权重"),
        ("A:甲:40:20:5", "代号:名称:权重"),
        ("A:甲:很多", "数字"),
        ("A:甲:40:几张", "整数"),
        ("A:甲:40; 乙", "代号:名称:权重"),
    ],
)
def test_no_classes(text: str, words: str) -> None:
    with pytest.raises(typed.Unreadable, match=words):
        typed.ballot_classes(text)


def test_what_no_page_may_hold_is_gone() -> None:
    assert typed.visible("样\0例\x85局\ufffe\ud800䶮") == "样 例 局䶮"
