"""Rates, the lowest grade, and when too many gave it."""

from decimal import Decimal

import pytest

from surveys.scoring.rates import is_flagged, lowest_grade, percent


@pytest.mark.parametrize(
    ("count", "base", "rate"),
    [(26, 42, "61.90"), (0, 42, "0.00"), (42, 42, "100.00"), (1, 3, "33.33"), (2, 3, "66.67"), (1, 800, "0.13")],
)
def test_a_rate_is_in_per_cent_and_half_up(count, base, rate):
    assert str(percent(count, base)) == rate


def test_without_a_base_there_is_no_rate():
    assert percent(0, 0) is None


@pytest.mark.parametrize(
    ("weights", "lowest"),
    [
        (("100", "80", "60", "40"), "D"),
        (("40", "60", "80", "100"), "A"),
        (("100", "60", "0", "0"), "D"),
        (("1", "-5", "3", "0"), "B"),
    ],
)
def test_the_lowest_grade_weighs_least(weights, lowest):
    assert lowest_grade("ABCD", dict(zip("ABCD", map(Decimal, weights), strict=True))) == lowest


@pytest.mark.parametrize(
    ("lowest", "valid", "flagged"), [(14, 42, False), (15, 42, True), (1, 3, False), (2, 5, True), (0, 0, False)]
)
def test_flagged_above_a_third_of_the_valid_ballots_exactly(lowest, valid, flagged):
    assert is_flagged({"A": valid - lowest, "D": lowest}, "D", valid) is flagged


def test_blanks_are_in_the_base():
    """Two of three who answered, but two of six valid ballots."""
    assert not is_flagged({"A": 1, "D": 2, "-": 3}, "D", 6)
