"""What a tally (统计) is made of: counts, rates' bases and scores of one poll."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from surveys.polling.disclosure import FEWEST_SHOWN, Turnout
from surveys.polling.sheet import ABSTAIN, BLANK, Choice, Leader
from surveys.scoring.exact import Score


@dataclass(frozen=True)
class QuestionTally:
    """`counts` of the valid ballots of all classes together, by letter, blanks under `-`, 弃权 under `*` if offered.

    `flagged`: more than a third gave the lowest grade. `by_class`: the same counts by ballot class where there are
    several, none of them hidden. `passed_on`: see `class_weights.passed_on`; nothing where a class is hidden.
    """

    key: str
    text: str
    overall: bool
    counts: Mapping[str, int]
    score: Score | None
    flagged: bool
    by_class: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    passed_on: Mapping[str, Score] = field(default_factory=dict)

    @property
    def unanimous(self) -> bool:
        """Everybody gave the same grade: the result tells what each of them wrote."""
        return _agreed(self.counts)

    def unanimous_in(self, class_key: str) -> bool:
        """The same of a ballot class alone, where its counts are kept."""
        counts = self.by_class.get(class_key)
        return counts is not None and not self.unanimous and _agreed(counts)


def _agreed(counts: Mapping[str, int]) -> bool:
    return sum(count > 0 for count in counts.values()) == 1 and counts[BLANK] == 0


@dataclass(frozen=True)
class FormTally:
    """`abstain`: what 弃权 was called, where it was offered: a choice, but no grade. `lowest`: the grade that weighs
    least, whose share is flagged.
    """

    title: str
    leader: Leader | None
    grades: tuple[Choice, ...]
    abstain: str | None
    lowest: Choice
    questions: tuple[QuestionTally, ...]
    score: Score | None

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The columns there are counts for, blanks apart."""
        return (*self.grades, Choice(ABSTAIN, self.abstain)) if self.abstain else self.grades


@dataclass(frozen=True)
class ClassResult:
    """One ballot class by itself. `hidden`: too few ballots, or one could be worked out from it; then no `score`."""

    key: str
    name: str
    weight: Decimal
    issued: int
    returned: int
    valid: int
    score: Score | None
    hidden: bool


@dataclass(frozen=True)
class Tally:
    """`shortcoming`: why the poll does not count, or None. `doubt`: what in its turnout cannot be, which two people
    decide on. `passed_on`: of ballot classes without a valid ballot, see `class_weights.passed_on`. `reserve`,
    `issue_to`: see `PollRules`. `issued_for`: tickets by purpose, in Chinese; `by_command`: the number present was
    entered on the command line."""

    poll_id: int
    title: str
    unit: str
    turnout: Turnout
    void: int
    valid: int
    seal: str
    shortcoming: str | None
    classes: tuple[ClassResult, ...]
    organization: FormTally | None
    leaders: tuple[FormTally, ...]
    passed_on: Mapping[str, Score] = field(default_factory=dict)
    reserve: int | None = None
    issue_to: int | None = None
    doubt: str | None = None
    issued_for: str = ""
    by_command: bool = False

    @property
    def has_hidden_class(self) -> bool:
        return any(entry.hidden for entry in self.classes)

    @property
    def few(self) -> bool:
        """So few valid ballots that the result says much of each."""
        return self.valid < FEWEST_SHOWN

    @property
    def unanimous(self) -> tuple[str, ...]:
        """Where everybody gave the same grade, in words."""
        return self._where(lambda question: question.unanimous)

    def unanimous_in(self, class_key: str) -> tuple[str, ...]:
        """Where a ballot class gave the same grade and the others did not, in words."""
        return self._where(lambda question: question.unanimous_in(class_key))

    @property
    def flagged(self) -> tuple[str, ...]:
        """Where more than a third gave the lowest grade, in words."""
        return self._where(lambda question: question.flagged)

    @property
    def passed_on_items(self) -> dict[tuple[tuple[str, Score], ...], tuple[str, ...]]:
        """By the ballot classes that have votes elsewhere, with their shares: the questions, in words, where they have
        none."""

        def own(question: QuestionTally) -> tuple[tuple[str, Score], ...]:
            return tuple((key, share) for key, share in question.passed_on.items() if key not in self.passed_on)

        found = dict.fromkeys(own(question) for form in self._forms for question in form.questions)
        return {each: self._where(lambda question: own(question) == each) for each in found if each}  # noqa: B023

    def _where(self, holds: Callable[[QuestionTally], bool]) -> tuple[str, ...]:
        """By form, the keys of its questions in one breath."""
        keys = [(form, [question.key for question in form.questions if holds(question)]) for form in self._forms]
        return tuple(
            f"{form.leader.name if form.leader else '领导班子'}第 {'、'.join(own)} 项" for form, own in keys if own
        )

    @property
    def _forms(self) -> tuple[FormTally, ...]:
        return (*((self.organization,) if self.organization else ()), *self.leaders)

    @property
    def invalid(self) -> int:
        return self.turnout.returned - self.valid
