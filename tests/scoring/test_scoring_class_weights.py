"""Whose weight the others take over."""

from decimal import Decimal
from fractions import Fraction

import pytest

from surveys.scoring.class_weights import passed_on

WEIGHTS = {"A": Decimal("0.5"), "B": Decimal("0.3"), "C": Decimal("0.2")}


@pytest.mark.parametrize(
    ("voted", "shares"),
    [
        ("ABC", {}),
        ("BC", {"A": Fraction(1, 2)}),
        ("C", {"A": Fraction(1, 2), "B": Fraction(3, 10)}),
        ("", {}),
    ],
)
def test_the_shares_of_classes_without_votes(voted, shares):
    assert passed_on({key: key in voted for key in WEIGHTS}, WEIGHTS) == shares


def test_a_single_class_has_nobody_to_pass_its_weight_on_to():
    assert passed_on({"A": False}, {"A": Decimal(1)}) == {}


def test_no_weight_is_nothing_to_pass_on():
    assert passed_on({"A": True, "B": False}, {"A": Decimal(1), "B": Decimal(0)}) == {}
    assert passed_on({"A": True, "B": False}, {"A": Decimal(0), "B": Decimal(0)}) == {}
