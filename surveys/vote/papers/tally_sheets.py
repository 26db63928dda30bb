"""The tally sheet (民主测评统计单) of one poll: the values that its PDF and its workbook are both made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

FLAG = "▲"
"""Marks a bad rate: a sign of its own, so that it survives black-and-white print."""

NO_NUMBER = "—"
HIDDEN = "不单独显示"
REHEARSAL = "演练，不作为考核依据"
HEADING = "民主测评统计单"
MOST_COUNTS_UPRIGHT = 7
"""Columns of counts in the organization's form; with more the page lies across."""

SIGNERS = ("计票人", "监票人", "主持人")


@dataclass(frozen=True)
class Figure:
    """A number of people or ballots. `rate`: in per cent, None without a base; `rate_name` and `base` say of what.

    `note`: what of the number is to be known.
    """

    name: str
    count: int | None
    rate_name: str = ""
    base: str = ""
    rate: Decimal | None = None
    note: str = ""


@dataclass(frozen=True)
class ClassLine:
    """A ballot class: issued = returned + void + unused, returned = valid + invalid. `hidden`: its score is not shown
    by itself."""

    key: str
    name: str
    weight: str
    issued: int
    returned: int
    void: int
    unused: int
    valid: int
    invalid: int
    score: Decimal | None
    hidden: bool


@dataclass(frozen=True)
class Column:
    """What is counted of each question: a grade, or an answer without one (弃权, 未填), which has no rate."""

    name: str
    has_rate: bool


@dataclass(frozen=True)
class Count:
    """`rate`: of the valid ballots, in per cent; None for a column without rates, or without valid ballots."""

    count: int
    rate: Decimal | None
    flagged: bool


@dataclass(frozen=True)
class QuestionLine:
    """One question, its counts in the order of the form's columns. No score: nobody answered, or it is not shown."""

    key: str
    text: str
    counts: tuple[Count, ...]
    score: Decimal | None

    @property
    def flagged(self) -> bool:
        return any(count.flagged for count in self.counts)


@dataclass(frozen=True)
class LeaderLine:
    name: str
    post: str
    questions: tuple[QuestionLine, ...]
    score: Decimal | None


@dataclass(frozen=True)
class OrganizationForm:
    """Annex 3, counted. `scale`: what the grades weigh, in words."""

    title: str
    scale: str
    columns: tuple[Column, ...]
    questions: tuple[QuestionLine, ...]
    score: Decimal | None


@dataclass(frozen=True)
class LeadersForm:
    """Annex 4, counted. `apart`: how many questions, from the first, stand apart from the rest (总体评价)."""

    title: str
    scale: str
    columns: tuple[Column, ...]
    leaders: tuple[LeaderLine, ...]
    apart: int


@dataclass(frozen=True)
class TallySheet:
    """`poll`: its prefix. `day`, `place`: None where they are written by hand. `shortcoming`: why it does not
    count; `flagged`: where the lowest grade is too frequent.
    """

    unit: str
    title: str
    poll: str
    day: str | None
    place: str | None
    rehearsal: bool
    seal: str
    figures: tuple[Figure, ...]
    classes: tuple[ClassLine, ...]
    organization: OrganizationForm | None
    leaders: LeadersForm | None
    shortcoming: str | None
    flagged: str | None
    warnings: Sequence[str]
    notes: Sequence[str]

    @property
    def organization_heading(self) -> str:
        """The score first, unless the poll does not count."""
        score = number(None if self.organization is None else self.organization.score)
        return f"领导班子　得分 {score}" if self.shortcoming is None else f"领导班子　不计分（按收回的票算 {score}）"

    @property
    def organization_label(self) -> str:
        """Of the score below the items."""
        return "领导班子得分（各项平均）" if self.shortcoming is None else "领导班子得分（各项平均，不计分）"

    @property
    def leaders_heading(self) -> str:
        return "领导干部" if self.shortcoming is None else "领导干部　不计分"


def number(value: Decimal | int | None) -> str:
    return NO_NUMBER if value is None else str(value)


def per_cent(value: Decimal | None) -> str:
    return NO_NUMBER if value is None else f"{value}%"
