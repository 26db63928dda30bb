"""How a poll's answers count, frozen with its sheet and covered by its seal."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from surveys.scoring.grades import BlankPolicy, FormRules


@dataclass(frozen=True)
class PollRules:
    """`quorum`: the share of those entitled that must be present for the poll to count.

    `blanks_allowed`: whether a sheet with blanks is taken from a phone. On paper a blank cannot be refused.
    `reserve`: tickets that may be issued beyond those entitled; None: as many as anybody likes. `issue_to`: up to how
    many in all, where a second hand agreed to more.
    `unaudited`: the site went without an auditor when it opened, who confirms accounts; papers say so.
    `two_hands`: whether two people decide where figures contradict each other or another sealed poll measures the same.
    """

    organization: FormRules | None
    leader: FormRules | None
    blank: BlankPolicy = BlankPolicy.EXCLUDE
    quorum: Fraction = Fraction(2, 3)
    blanks_allowed: bool = True
    two_hands: bool = True
    reserve: int | None = None
    issue_to: int | None = None
    unaudited: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "organization": _form_to_json(self.organization),
            "leader": _form_to_json(self.leader),
            "blank": self.blank.value,
            "quorum": f"{self.quorum.numerator}/{self.quorum.denominator}",
            "blanks_allowed": self.blanks_allowed,
            "two_hands": self.two_hands,
            "reserve": self.reserve,
            "issue_to": self.issue_to,
            **({"unaudited": True} if self.unaudited else {}),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "PollRules":
        return cls(
            organization=_form_from_json(data["organization"]),
            leader=_form_from_json(data["leader"]),
            blank=BlankPolicy(data["blank"]),
            quorum=Fraction(data["quorum"]),
            blanks_allowed=data.get("blanks_allowed", True),  # polls made before this was asked allow them
            # What was opened, or had tickets, before these were asked is as it was done then.
            two_hands=data.get("two_hands", False),
            reserve=data.get("reserve"),
            issue_to=data.get("issue_to"),
            unaudited=data.get("unaudited", False),
        )


def _form_to_json(rules: FormRules | None) -> dict[str, Any] | None:
    if rules is None:
        return None
    # Pairs, not an object: the order of the questions is the order of the answer sheet.
    return {
        "grades": {letter: str(weight) for letter, weight in rules.grades.items()},
        "questions": [[key, str(weight)] for key, weight in rules.questions.items()],
    }


def _form_from_json(data: Mapping[str, Any] | None) -> FormRules | None:
    if data is None:
        return None
    return FormRules(
        grades={letter: Decimal(weight) for letter, weight in data["grades"].items()},
        questions={key: Decimal(weight) for key, weight in data["questions"]},
    )
