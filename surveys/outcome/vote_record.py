"""What a score record says of a unit's vote: the polls that decide its democratic row, typed."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from surveys.outcome.figures import Figure, figure_in
from surveys.scoring.exact import Score
from surveys.scoring.grades import BlankPolicy
from surveys.scoring.teams import TeamScore, combined
from surveys.storage.tables import Document


@dataclass(frozen=True)
class GradeRecord:
    letter: str
    name: str
    weight: Decimal

    @classmethod
    def from_json(cls, grade: Document) -> Self:
        return cls(grade["letter"], grade["name"], Decimal(grade["weight"]))


@dataclass(frozen=True)
class ClassRecord:
    """A ballot class large enough to be shown by itself."""

    key: str
    name: str
    weight: Decimal
    valid: int

    @classmethod
    def from_json(cls, entry: Document) -> Self:
        return cls(entry["key"], entry["name"], Decimal(entry["weight"]), entry["valid"])


@dataclass(frozen=True)
class PassedOn:
    """A ballot class whose weight others took over in the whole poll. `returned`: ballots."""

    key: str
    name: str
    share: Figure
    returned: int

    @classmethod
    def from_json(cls, entry: Document) -> Self:
        return cls(entry["key"], entry["name"], Figure.from_json(entry["share"]), entry["returned"])


@dataclass(frozen=True)
class ItemRecord:
    """A question. `counts`: votes by letter; `by_class`: the same by ballot class, None where it was not kept (a small
    class, formats 1 and 2). `passed_on`: shares by class key, empty before format 4."""

    key: str
    text: str
    weight: Decimal
    counts: Mapping[str, int]
    score: Figure | None
    passed_on: Mapping[str, Figure]
    by_class: Mapping[str, Mapping[str, int]] | None

    @classmethod
    def from_json(cls, item: Document) -> Self:
        return cls(
            item["key"],
            item["text"],
            Decimal(item["weight"]),
            item["counts"],
            figure_in(item["score"]),
            {key: Figure.from_json(share) for key, share in item.get("passed_on", {}).items()},
            item.get("by_class"),
        )


@dataclass(frozen=True)
class PollRecord:
    """One sealed poll. `present` is None where it was not told, `score` where no form was rated.

    `class_count`: of all ballot classes, those too small for `classes` included. `doubt`: why two people decide whether
    it counts, `counted_for`: their reason. `passed_on` and `abstain`, what 弃权 was called, are told from format 4 on.
    """

    title: str
    seal: str
    entitled: int
    present: int | None
    issued: int
    returned: int
    valid: int
    few: bool
    shortcoming: str | None
    doubt: str | None
    counted_for: str | None
    blank: BlankPolicy
    classes: tuple[ClassRecord, ...]
    class_count: int
    passed_on: tuple[PassedOn, ...]
    score: Figure | None
    grades: tuple[GradeRecord, ...]
    abstain: str | None
    items: tuple[ItemRecord, ...]

    @classmethod
    def from_json(cls, poll: Document) -> Self:
        return cls(
            title=poll["title"],
            seal=poll["seal"],
            entitled=poll["entitled"],
            present=poll["present"],
            issued=poll["issued"],
            returned=poll["returned"],
            valid=poll["valid"],
            few=poll["few"],
            shortcoming=poll["shortcoming"],
            doubt=poll.get("doubt"),
            counted_for=poll.get("counted_for"),
            blank=BlankPolicy(poll["blank"]),
            classes=tuple(map(ClassRecord.from_json, poll["classes"])),
            class_count=poll["class_count"],
            passed_on=tuple(map(PassedOn.from_json, poll.get("passed_on", ()))),
            score=figure_in(poll["score"]),
            grades=tuple(map(GradeRecord.from_json, poll["grades"])),
            abstain=poll.get("abstain"),
            items=tuple(map(ItemRecord.from_json, poll["items"])),
        )

    @property
    def undecided(self) -> bool:
        """Whether two people have still to say that it counts."""
        return self.doubt is not None and self.counted_for is None


@dataclass(frozen=True)
class TeamRecord:
    """A 班子 and what it got. `poll`: its own, where there are several teams and it was kept."""

    team: str
    weight: Decimal
    score: Figure | None
    fault: str | None
    poll: PollRecord | None

    @classmethod
    def from_json(cls, team: Document) -> Self:
        own = team.get("vote")
        return cls(
            team["team"],
            Decimal(team["weight"]),
            figure_in(team["score"]),
            team["fault"],
            None if own is None else PollRecord.from_json(own),
        )


@dataclass(frozen=True)
class VoteRecord:
    """`poll`: the newest. `waiting`: teams whose vote has no result yet."""

    poll: PollRecord
    teams: tuple[TeamRecord, ...]
    waiting: tuple[str, ...]

    @classmethod
    def from_json(cls, vote: Document) -> Self:
        return cls(PollRecord.from_json(vote), tuple(map(TeamRecord.from_json, vote["teams"])), tuple(vote["waiting"]))

    @property
    def is_by_team(self) -> bool:
        """Several 班子, or one of them without a result yet."""
        return bool(self.waiting) or len(self.teams) > 1

    @property
    def polls(self) -> tuple[PollRecord, ...]:
        """All that is told of, the newest first."""
        return (self.poll, *(team.poll for team in self.teams if team.poll is not None))

    @property
    def score(self) -> Score | None:
        """What all polls of the unit come to."""
        return combined(
            [TeamScore(team.team, team.weight, None if team.score is None else team.score.exact) for team in self.teams]
        )
