"""The sheet: what a poll asks, frozen when it opens, and the answer sheet a voter hands in.

An answer sheet is one letter per question, `-` for 未填, `*` for 弃权 where that is offered: first the organization's
items, then each leader's aspects.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

BLANK = "-"
ABSTAIN = "*"


class BadAnswers(Exception):
    """A field that is not on the sheet, an answer that is not a grade, or one question answered twice."""


@dataclass(frozen=True)
class Choice:
    """A grade as offered: its letter and its name."""

    letter: str
    name: str


@dataclass(frozen=True)
class Question:
    """`overall`: the one shown apart from the rest (总体评价)."""

    key: str
    text: str
    overall: bool = False


@dataclass(frozen=True)
class Questionnaire:
    """One of the official forms as it stands on this poll's sheet. `abstain`: what 弃权 is called, if it is offered."""

    title: str
    choices: tuple[Choice, ...]
    questions: tuple[Question, ...]
    abstain: str | None = None

    @property
    def offered(self) -> tuple[Choice, ...]:
        """All that may be chosen: the grades, and 弃权 if it is offered."""
        return (*self.choices, Choice(ABSTAIN, self.abstain)) if self.abstain else self.choices

    @property
    def letters(self) -> str:
        return "".join(choice.letter for choice in self.offered)


@dataclass(frozen=True)
class Leader:
    name: str
    post: str


@dataclass(frozen=True)
class Form:
    """One part of the sheet: the organization's (`leader` is None) or one leader's. `start`: its first letter."""

    questionnaire: Questionnaire
    leader: Leader | None
    start: int
    field_prefix: str

    def field(self, question: Question) -> str:
        """The name of the question's field in the page's form."""
        return f"{self.field_prefix}-{question.key}"

    @property
    def end(self) -> int:
        return self.start + len(self.questionnaire.questions)


@dataclass(frozen=True)
class Sheet:
    """`title` of the poll, name of the `unit`, day and place, as they were when the poll opened; the questions; the
    leaders."""

    title: str
    unit: str
    organization: Questionnaire | None
    leader: Questionnaire | None
    leaders: tuple[Leader, ...]
    held_on: date | None = None
    place: str = ""

    def forms(self) -> Iterator[Form]:
        """The forms in the order of the answer sheet."""
        start = 0
        if self.organization is not None:
            yield Form(self.organization, None, 0, "o")
            start = len(self.organization.questions)
        if self.leader is not None:
            for number, leader in enumerate(self.leaders, start=1):
                yield Form(self.leader, leader, start, f"l{number}")
                start += len(self.leader.questions)

    def length(self) -> int:
        """Questions on the sheet, and letters on an answer sheet."""
        return sum(len(form.questionnaire.questions) for form in self.forms())

    def fields(self) -> tuple[tuple[str, str], ...]:
        """(field name, letters it may hold), in the order of the answer sheet."""
        return self._fields

    @cached_property
    def _fields(self) -> tuple[tuple[str, str], ...]:
        return tuple(
            (form.field(question), form.questionnaire.letters)
            for form in self.forms()
            for question in form.questionnaire.questions
        )

    def read(self, submitted: Mapping[str, Sequence[str]]) -> str:
        """The answer sheet of a submitted form. Raises BadAnswers for anything that is not on the sheet."""
        letters = []
        known = 0
        for name, allowed in self.fields():
            values = submitted.get(name)
            if values is None:
                letters.append(BLANK)
                continue
            known += 1
            if len(values) != 1 or len(values[0]) != 1 or values[0] not in allowed:
                raise BadAnswers(name)
            letters.append(values[0])
        if known != len(submitted):
            raise BadAnswers("a field that is not on the sheet")
        return "".join(letters)

    def to_json(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "unit": self.unit,
            "organization": _questionnaire_to_json(self.organization),
            "leader": _questionnaire_to_json(self.leader),
            "leaders": [{"name": leader.name, "post": leader.post} for leader in self.leaders],
            "held_on": None if self.held_on is None else self.held_on.isoformat(),
            "place": self.place,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Sheet":
        return cls(
            title=data["title"],
            unit=data["unit"],
            organization=_questionnaire_from_json(data["organization"]),
            leader=_questionnaire_from_json(data["leader"]),
            leaders=tuple(Leader(entry["name"], entry["post"]) for entry in data["leaders"]),
            # Sheets frozen before these two were kept lack them.
            held_on=date.fromisoformat(data["held_on"]) if data.get("held_on") else None,
            place=data.get("place", ""),
        )


def _questionnaire_to_json(questionnaire: Questionnaire | None) -> dict[str, Any] | None:
    if questionnaire is None:
        return None
    return {
        "title": questionnaire.title,
        "grades": [{"letter": choice.letter, "name": choice.name} for choice in questionnaire.choices],
        "questions": [
            {"key": question.key, "text": question.text, "overall": question.overall}
            for question in questionnaire.questions
        ],
        "abstain": questionnaire.abstain,
    }


def _questionnaire_from_json(data: Mapping[str, Any] | None) -> Questionnaire | None:
    if data is None:
        return None
    return Questionnaire(
        title=data["title"],
        choices=tuple(Choice(entry["letter"], entry["name"]) for entry in data["grades"]),
        # Sheets frozen before these two were asked for lack them.
        questions=tuple(
            Question(entry["key"], entry["text"], entry.get("overall", False)) for entry in data["questions"]
        ),
        abstain=data.get("abstain"),
    )
