"""Exact numbers between steps, rounded once where shown (docs/decisions/0002)."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import lcm

Score = Fraction
"""A score or a number of points, exact. None, never 0, stands for "no score"."""


def exact(value: Decimal | int | str) -> Score:
    """The exact value of a decimal. Raises ValueError for NaN and infinities."""
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError(f"not a finite number: {value}")
    return _fraction(number)


@lru_cache(maxsize=4096)
def _fraction(number: Decimal) -> Score:
    """The same few weights, points and counts come again and again."""
    return Fraction(number)


def shown(value: Score, places: int = 2) -> Decimal:
    """`value` as people see it: half up (away from zero) to `places` decimals, never -0."""
    number, parts = value.as_integer_ratio()
    units = (2 * abs(number) * 10**places + parts) // (2 * parts)
    return Decimal(-units if number < 0 else units).scaleb(-places)


def total(parts: Iterable[Score]) -> Score:
    """The sum; 0 of nothing. In whole numbers over one denominator: fraction by fraction takes several times longer."""
    known = [part.as_integer_ratio() for part in parts]
    below = lcm(*(denominator for _, denominator in known))
    return Fraction(sum(number * (below // denominator) for number, denominator in known), below)


def weighted_mean(parts: Iterable[tuple[Score | None, Decimal | int]]) -> Score | None:
    """Mean of the pairs that have a score, renormalized over their weights; None when there are none."""
    known = [
        (score.as_integer_ratio(), exact(weight).as_integer_ratio()) for score, weight in parts if score is not None
    ]
    # In whole numbers, as in `total`, and divided once.
    below = lcm(*(part * share for (_, part), (_, share) in known))
    shares = lcm(*(share for _, (_, share) in known))
    weights = sum(weight * (shares // share) for _, (weight, share) in known)
    if weights == 0:
        return None
    got = sum(score * weight * (below // (part * share)) for (score, part), (weight, share) in known)
    return Fraction(got * shares, below * weights)
