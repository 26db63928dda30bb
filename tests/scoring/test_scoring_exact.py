"""Exact numbers: rounding once, half up, and weighted means over what is known."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.scoring.exact import exact, shown, weighted_mean


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.005", "0.01"),
        ("1.005", "1.01"),  # as a binary float: 1.00
        ("2.675", "2.68"),  # as a binary float: 2.67
        ("0.125", "0.13"),  # half to even: 0.12
        ("89.995", "90.00"),
        ("89.9949999999999999999999999999999999", "89.99"),
        ("90", "90.00"),
        ("0", "0.00"),
        ("-0.125", "-0.13"),
        ("-2.5", "-2.50"),
        ("-0.0049", "0.00"),
        ("-0.005", "-0.01"),
    ],
)
def test_shown_rounds_half_up_to_two_decimals(value, text):
    assert str(shown(exact(value))) == text


def test_a_tie_built_of_thirds_is_a_tie():
    third = Fraction(1, 3)

    assert shown(third * Fraction("0.015")) == Decimal("0.01")
    assert (Decimal(1) / 3 * Decimal("0.015")).quantize(Decimal("0.01")) == 0  # what 28 digits would say


@pytest.mark.parametrize(("places", "text"), [(0, "3"), (1, "2.5"), (3, "2.545"), (4, "2.5450")])
def test_shown_takes_the_number_of_decimals(places, text):
    assert str(shown(Fraction("2.545"), places)) == text


@given(st.fractions(min_value=-1000, max_value=1000))
def test_shown_is_never_further_than_half_a_step(value):
    distance = exact(shown(value)) - value

    assert abs(distance) <= Fraction(1, 200)
    if abs(distance) == Fraction(1, 200):
        assert abs(exact(shown(value))) > abs(value)
    assert shown(-value) == -shown(value)


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_only_finite_numbers_are_exact(value):
    with pytest.raises(ValueError, match="not a finite number"):
        exact(Decimal(value))


def test_exact_keeps_every_digit():
    assert exact("0.1") == Fraction(1, 10)
    assert exact(Decimal("-12.34")) == Fraction(-617, 50)
    assert exact(7) == 7


def test_weighted_mean_is_renormalized_over_the_known():
    known = [(Fraction(100), Decimal("0.5")), (Fraction(40), Decimal("0.3"))]

    assert weighted_mean(known) == Fraction(62) / Fraction("0.8")
    assert weighted_mean([*known, (None, Decimal("0.2"))]) == weighted_mean(known)


def test_weighted_mean_counts_a_score_of_zero():
    assert weighted_mean([(Fraction(0), Decimal(1)), (Fraction(100), Decimal(3))]) == 75


@pytest.mark.parametrize("parts", [[], [(None, Decimal(1))], [(Fraction(90), Decimal(0))]])
def test_nothing_known_is_none_and_never_zero(parts):
    assert weighted_mean(parts) is None


@given(st.lists(st.tuples(st.fractions(0, 100), st.integers(1, 50).map(Decimal)), min_size=1), st.integers(2, 9))
def test_only_the_ratio_of_weights_matters(parts, factor):
    assert weighted_mean((score, weight * factor) for score, weight in parts) == weighted_mean(parts)
