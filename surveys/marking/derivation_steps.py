"""The steps of a derivation, and figures as they stand in its sums."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from surveys.catalog.model import plain
from surveys.scoring.exact import Score, shown


@dataclass(frozen=True)
class Step:
    """What is done, and the sum in figures; empty where there is nothing to reckon."""

    words: str
    sum: str = ""


def figure(score: Score) -> str:
    """`63`, `36.5`; rounded to two decimals where it has more."""
    rounded = shown(score)
    return plain(rounded) if Fraction(rounded) == score else str(rounded)


def equals(score: Score) -> str:
    return f"{'=' if Fraction(shown(score)) == score else '≈'} {figure(score)}"


def grouped(points: Sequence[Score]) -> str:
    return f"({' + '.join(figure(each) for each in points)})"


def added(points: Sequence[Score], total: Score) -> str:
    if len(points) < 2:
        return figure(total)
    return f"{' + '.join(figure(each) for each in points)} {equals(total)}"
