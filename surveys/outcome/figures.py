"""A number as a score record keeps it: {"exact": "27/2", "shown": "13.50"}, or None where there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Self

from surveys.scoring.exact import Score, shown


@dataclass(frozen=True)
class Figure:
    """`exact`: as it was worked out; `shown`: as people saw it."""

    exact: Score
    shown: str

    @classmethod
    def from_json(cls, figure: Mapping[str, str]) -> Self:
        return cls(_fraction(figure["exact"]), figure["shown"])


@lru_cache(maxsize=4096)
def _fraction(text: str) -> Score:
    """The same few points come again and again, and reading one takes longer than all else of a row."""
    return Fraction(text)


def figure(score: Score | None) -> dict[str, str] | None:
    """As it is kept."""
    return None if score is None else {"exact": str(score), "shown": str(shown(score))}


def figure_in(found: Mapping[str, str] | None) -> Figure | None:
    """As it is read."""
    return None if found is None else Figure.from_json(found)


def score_in(figure: Figure | None) -> Score | None:
    return None if figure is None else figure.exact


def figure_words(figure: Figure | None, missing: str = "—") -> str:
    return missing if figure is None else figure.shown
