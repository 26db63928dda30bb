"""From counted grades to item, form and leader scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from surveys.scoring.exact import Score, exact, weighted_mean

BLANK = "-"
"""未填: its own column, never one of the grades."""

ABSTAIN = "*"
"""弃权, where the sheet offers it: said out loud, so no blank; no grade either, so never in a denominator."""

Counts = Mapping[str, int]
"""Ballots by grade letter, and by BLANK and ABSTAIN, for one question."""


class BlankPolicy(StrEnum):
    """What a blank answer does: leaves the denominator, counts as nothing got, or voids the whole ballot."""

    EXCLUDE = "exclude"
    ZERO = "zero"
    SPOIL = "spoil"

    @property
    def label(self) -> str:
        return {"exclude": "不计入", "zero": "按零分", "spoil": "整票作废"}[self.value]


@dataclass(frozen=True)
class FormRules:
    """How one form counts: the weight of each grade letter, and of each question by its key, in the form's order."""

    grades: Mapping[str, Decimal]
    questions: Mapping[str, Decimal]


def item_score(counts: Counts, grades: Mapping[str, Decimal], blank: BlankPolicy) -> Score | None:
    """One question within one ballot class: sum(weight x count) / sum(count). None when nobody is counted.

    Raises KeyError for a letter that is not a grade.
    """
    graded = [(exact(grades[letter]), count) for letter, count in counts.items() if letter not in (BLANK, ABSTAIN)]
    blanks = counts.get(BLANK, 0) if blank is BlankPolicy.ZERO else 0
    return weighted_mean([*graded, (exact(0), blanks)])


def question_score(
    by_class: Mapping[str, Counts],
    class_weights: Mapping[str, Decimal],
    grades: Mapping[str, Decimal],
    blank: BlankPolicy,
) -> Score | None:
    """One question over the ballot classes, renormalized over the classes that have votes there."""
    return weighted_mean((item_score(counts, grades, blank), class_weights[key]) for key, counts in by_class.items())


def form_score(question_scores: Sequence[Score | None], rules: FormRules) -> Score | None:
    """One form: the weighted mean of its questions that have a score. For a leader this is the composite."""
    return weighted_mean(zip(question_scores, rules.questions.values(), strict=True))
