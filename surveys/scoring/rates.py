"""Rates (率) and the mark for a bad one. A rate says its base; a score is never called one."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from surveys.scoring.exact import shown
from surveys.scoring.grades import Counts

FLAGGED_ABOVE = Fraction(1, 3)
"""A question is flagged when more than this share of the valid ballots gave it the lowest grade (差率)."""


def percent(count: int, base: int) -> Decimal | None:
    """100 x count / base as people see it, in 2 decimals; None when there is no base."""
    return shown(Fraction(100 * count, base)) if base > 0 else None


def lowest_grade(letters: Sequence[str], grades: Mapping[str, Decimal]) -> str:
    """The letter of the grade that weighs least; of several, the last as offered."""
    return min(reversed(letters), key=lambda letter: grades[letter])


def is_flagged(counts: Counts, lowest: str, valid: int) -> bool:
    """Whether the lowest grade has more than a third of all valid ballots, those blank there included."""
    return counts.get(lowest, 0) * FLAGGED_ABOVE.denominator > valid * FLAGGED_ABOVE.numerator
