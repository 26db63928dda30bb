"""The content of an assessment as frozen values, and their JSON.

The models say what one field may hold. What must hold between fields (sums, duplicates, order) is in `rules`, so that
the loader can report both kinds of fault of a file at once.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, NamedTuple, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StrictBool, StringConstraints
from pydantic_core import PydanticCustomError

from surveys.scoring.grades import BlankPolicy
from surveys.scoring.score_sheet import Kind

# Decimal() alone would also take "1_000", full-width digits, "1e999999" and "NaN".
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,6})?", re.ASCII)

CODE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9.()_-]*$"
LETTER_PATTERN = r"^[A-Z]$"
NAME_PATTERN = r"^[a-z][a-z0-9_-]*$"


class Method(StrEnum):
    """测评方法: how a row is assessed."""

    MATERIAL_REVIEW = "material_review"
    SPECIAL_EVALUATION = "special_evaluation"
    COMPREHENSIVE = "comprehensive"
    HEARING = "hearing"
    DEMOCRATIC = "democratic"

    @property
    def label(self) -> str:
        return _METHOD_LABELS[self]


class QuestionnaireKind(StrEnum):
    """Whom a questionnaire (民主测评表) rates."""

    ORGANIZATION = "organization"
    LEADER = "leader"


_METHOD_LABELS = {
    Method.MATERIAL_REVIEW: "材料审核",
    Method.SPECIAL_EVALUATION: "专项考评",
    Method.COMPREHENSIVE: "综合评定",
    Method.HEARING: "听取汇报",
    Method.DEMOCRATIC: "民主测评",
}


def plain(number: Decimal) -> str:
    """`Decimal("2.50")` -> "2.5": no exponent, no trailing zeros, no minus zero."""
    return format((number + 0).normalize(), "f")


def parse_decimal(value: object) -> Decimal:
    """A quoted number or a whole number; a float has already lost what was written."""
    if isinstance(value, float):
        raise PydanticCustomError("number_unquoted", 'number must be quoted: "{value}"', {"value": str(value)})
    if isinstance(value, Decimal) and value.is_finite():
        value = format(value, "f")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return Decimal(plain(Decimal(value)))
    raise PydanticCustomError("number_invalid", "not a number")


Number = Annotated[Decimal, BeforeValidator(parse_decimal), PlainSerializer(plain, return_type=str, when_used="json")]
Points = Annotated[Number, Field(ge=0, le=10000)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Note = Annotated[str, StringConstraints(max_length=4000)]
Code = Annotated[str, StringConstraints(pattern=CODE_PATTERN, max_length=40)]
Key = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=40)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Standard(_Model):
    """测评标准: the row that is marked. `applies_to` empty: every unit. `comprehensive`: rated on daily work, whatever
    method is printed."""

    key: Code
    text: Text
    methods: Annotated[tuple[Method, ...], Field(min_length=1)]
    departments: Annotated[tuple[Name, ...], Field(min_length=1)]
    applies_to: tuple[Name, ...] = ()
    kind: Kind = Kind.STANDARD
    points: Points
    starts_full: StrictBool = False
    comprehensive: StrictBool = False
    evidence: tuple[Text, ...] = ()
    note: Note = ""

    @property
    def alternatives(self) -> tuple[Method, ...]:
        """Methods of which one is chosen for each unit (材料审核或听取汇报); empty where there is no choice."""
        both = tuple(method for method in self.methods if method in (Method.MATERIAL_REVIEW, Method.HEARING))
        return both if len(both) > 1 else ()

    @property
    def asks_basis(self) -> bool:
        """综合评定: nothing is handed in for it, so whoever marks says what the mark rests on."""
        return self.comprehensive or Method.COMPREHENSIVE in self.methods

    @property
    def takes_marks(self) -> bool:
        """Whether it is given points; else they come from events."""
        return self.kind is Kind.STANDARD and not self.starts_full

    def applies(self, tags: Collection[str]) -> bool:
        """Whether the row is for a unit that has these tags: any one of the row's suffices."""
        return not self.applies_to or any(tag in tags for tag in self.applies_to)


class Content(_Model):
    """测评内容 III-x."""

    code: Code
    name: Name
    standards: Annotated[tuple[Standard, ...], Field(min_length=1)]


class Indicator(_Model):
    """测评指标 II-x."""

    code: Code
    name: Name
    contents: Annotated[tuple[Content, ...], Field(min_length=1)]


class Block(_Model):
    """测评项目 I-x. `points` is the sum of its rows of kind standard."""

    code: Code
    name: Name
    points: Points
    note: Note = ""
    indicators: Annotated[tuple[Indicator, ...], Field(min_length=1)]


class Row(NamedTuple):
    """A standard with everything above it."""

    block: Block
    indicator: Indicator
    content: Content
    standard: Standard


class Framework(_Model):
    """测评体系. Its codes mean nothing in another framework: never join on them."""

    key: Key
    title: Name
    lead_department: Name
    default_department: Name
    tags: tuple[Name, ...] = ()
    points_note: Note = ""
    blocks: Annotated[tuple[Block, ...], Field(min_length=1)]

    def rows(self) -> Iterator[Row]:
        """Every row in the document's order."""
        for block in self.blocks:
            for indicator in block.indicators:
                for content in indicator.contents:
                    for standard in content.standards:
                        yield Row(block, indicator, content, standard)

    def to_json(self) -> dict[str, Any]:
        """Every field, defaults too; points as plain strings. `from_json` takes it back."""
        return self.model_dump(mode="json")

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The framework `to_json` was taken of. Checks single fields: what is not our own copy, the loader reads."""
        return cls.model_validate(data)


class GradeEntry(_Model):
    """A grade (好/较好/一般/差): its letter on an answer sheet, its words and its weight."""

    letter: Annotated[str, StringConstraints(pattern=LETTER_PATTERN)]
    name: Name
    weight: Number


class Question(_Model):
    """One thing to be rated. `overall` marks the question that is shown apart from the rest (总体评价)."""

    key: Code
    text: Text
    weight: Annotated[Number, Field(ge=0, le=10000)] = Decimal(1)
    overall: StrictBool = False
    note: Note = ""


_QUESTIONS_FIELD = {QuestionnaireKind.ORGANIZATION: "items", QuestionnaireKind.LEADER: "aspects"}


class Questionnaire(_Model):
    """民主测评表: items for an organization, aspects for a leader.

    `blank`: how a blank counts; `blanks_allowed`: whether one may be left; `abstain`: what 弃权 is called, if offered.
    How many grades a new file may have is in `rules`: a poll's frozen form may have as many as there are letters.
    """

    key: Key
    kind: QuestionnaireKind
    title: Name
    blank: BlankPolicy = BlankPolicy.EXCLUDE
    blanks_allowed: StrictBool = True
    abstain: Name | None = None
    grades: Annotated[tuple[GradeEntry, ...], Field(min_length=2)]
    items: tuple[Question, ...] = ()
    aspects: tuple[Question, ...] = ()

    @property
    def questions(self) -> tuple[Question, ...]:
        return self.items if self.kind is QuestionnaireKind.ORGANIZATION else self.aspects

    def to_json(self) -> dict[str, Any]:
        """Every field, defaults too, with `items` or `aspects` by kind. `from_json` takes it back."""
        unused = set(_QUESTIONS_FIELD.values()) - {questions_field(self.kind)}
        return self.model_dump(mode="json", exclude=unused)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The questionnaire `to_json` was taken of. Checks single fields only: see `Framework.from_json`."""
        return cls.model_validate(data)


def questions_field(kind: QuestionnaireKind) -> str:
    """The field that holds the questions of a questionnaire of this kind."""
    return _QUESTIONS_FIELD[kind]
