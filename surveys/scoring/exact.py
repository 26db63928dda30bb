"""Exact numbers between steps, rounded once where shown (design 5, docs/decisions/0002)."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

Score = Fraction
"""A score or a number of points, exact. None, never 0, stands for "no score"."""


def exact(value: Decimal | int | str) -> Score:
    """The exact value of a decimal. Raises ValueError for NaN and infinities."""
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError(f"not a finite number: {value}")
    return Fraction(number)


def shown(value: Score, places: int = 2) -> Decimal:
    """`value` as people see it: half up (away from zero) to `places` decimals, never -0."""
    scaled = abs(value) * 10**places
    units = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(-units if value < 0 else units).scaleb(-places)


def weighted_mean(parts: Iterable[tuple[Score | None, Decimal]]) -> Score | None:
    """Mean of the pairs that have a score, renormalized over their weights; None when there are none."""
    known = [(score, exact(weight)) for score, weight in parts if score is not None]
    total = sum((weight for _, weight in known), Fraction(0))
    if total == 0:
        return None
    return sum((score * weight for score, weight in known), Fraction(0)) / total
