"""Marks as typed: what is a number of points and what is not."""

from decimal import Decimal

import pytest

from surveys.scoring.marks import BadPoints, parse_points

REFUSED = [
    *[
        "",
        " ",
        "1e3",
        "1²",
        "①",
        "½",
        "-0",
        "-1",
        "+1",
        "NaN",
        "Infinity",
        "1.234",
        "1.",
        ".5",
        "1,5",
        "1 5",
        "1_0",
        "0x1",
    ],
    *["三分", "1.5分", "²", "٣", "1\x00", "9" * 1000],
]


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("0", "0"),
        ("1.5", "1.5"),
        (" 1.5 ", "1.5"),
        ("\u30002\n", "2"),
        ("0.05", "0.05"),
        ("10", "10"),
        ("10.00", "10"),
        ("１．５", "1.5"),
        ("１0", "10"),
    ],
)
def test_points_are_taken(text, points):
    assert parse_points(text, Decimal(10)) == Decimal(points)


@pytest.mark.parametrize("text", REFUSED)
def test_other_text_is_refused_with_a_hint(text):
    with pytest.raises(BadPoints, match=r"不是分数。请填数字，最多两位小数，如 1\.5。"):
        parse_points(text, Decimal(10_000_000))


def test_points_above_the_maximum_are_refused_with_the_maximum():
    with pytest.raises(BadPoints, match=r"2\.01 分超过了此项的满分 2 分，请填 0 至 2。"):
        parse_points("2.01", Decimal(2))
    assert parse_points("2.00", Decimal(2)) == 2
