"""Counting answer sheets: per ballot class, question and grade."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from surveys.scoring.grades import BLANK, BlankPolicy, Counts


@dataclass(frozen=True)
class ClassTally:
    """One ballot class: ballots returned, how many are valid, and the counts of the valid ones by question."""

    returned: int
    valid: int
    questions: tuple[Counts, ...]

    @property
    def invalid(self) -> int:
        return self.returned - self.valid


def is_valid(answers: str, blank: BlankPolicy) -> bool:
    """A wholly blank ballot is invalid (废票) under each policy; under `spoil`, so is one with any blank.

    弃权 is an answer: a ballot of nothing else is valid.
    """
    if blank is BlankPolicy.SPOIL:
        return BLANK not in answers
    return any(letter != BLANK for letter in answers)


def tally_class(ballots: Iterable[str], questions: int, blank: BlankPolicy) -> ClassTally:
    """Counts the ballots of one class; each is one letter per question. Raises ValueError for a wrong length."""
    returned = valid = 0
    counts: list[Counter[str]] = [Counter() for _ in range(questions)]
    for answers in ballots:
        returned += 1
        if len(answers) != questions:
            raise ValueError(f"a ballot of {len(answers)} answers on a sheet of {questions}")
        if is_valid(answers, blank):
            valid += 1
            for counter, letter in zip(counts, answers, strict=True):
                counter[letter] += 1
    return ClassTally(returned, valid, tuple(counts))
