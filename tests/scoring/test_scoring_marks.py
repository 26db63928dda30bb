"""Marks as typed: what is a number of points and what is not."""

from decimal import Decimal

import pytest

from surveys.scoring.marks import FINEST, STEPS, BadPoints, parse_points

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


@pytest.mark.parametrize(
    ("step", "taken", "refused"),
    [
        ("0.01", ("0", "0.01", "1.37"), ()),
        ("0.1", ("0", "0.3", "1.10", "１．７"), ("0.01", "1.25", "０．３５")),
        ("0.25", ("0", "0.75", "1.5"), ("0.1", "1.26")),
        ("0.5", ("0", "0.5", "1.50"), ("0.25", "1.4")),
        ("1", ("0", "1", "1.00"), ("0.5", "1.01")),
    ],
)
def test_points_are_multiples_of_the_step(step, taken, refused):
    for text in taken:
        assert parse_points(text, Decimal(2), Decimal(step)) >= 0, text
    for text in refused:
        with pytest.raises(BadPoints, match=f"请按 {step} 分的整数倍填写。"):
            parse_points(text, Decimal(2), Decimal(step))


def test_full_points_and_the_mark_that_stands_are_of_any_step():
    most, step = Decimal("0.3"), Decimal("0.5")
    assert [parse_points(text, most, step) for text in ("0", "0.3", "0.30")] == [0, most, most]
    with pytest.raises(BadPoints, match=r"请按 0\.5 分的整数倍填写，或填满分 0\.3。"):
        parse_points("0.2", most, step)
    assert parse_points("0.2", most, step, kept=Decimal("0.20")) == Decimal("0.2")
    with pytest.raises(BadPoints, match="超过了此项的满分"):
        parse_points("0.5", most, step, kept=Decimal("0.5"))


@pytest.mark.parametrize("step", [step for step in STEPS if step != FINEST])
def test_the_hint_names_the_step(step):
    with pytest.raises(BadPoints, match=f"“1.234”不是分数。请按 {step} 分的整数倍填写。"):
        parse_points("1.234", Decimal(2), step)
