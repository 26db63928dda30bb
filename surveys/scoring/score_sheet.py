"""One unit's score sheet: rows in, base, bonus, deduction, final and band out (docs/decisions/0003)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from surveys.scoring.exact import Score, exact, shown, total
from surveys.scoring.marks import FINEST
from surveys.scoring.ranking import Band, band_of, capped_band


class Kind(StrEnum):
    """What a row does to a score."""

    STANDARD = "standard"
    BONUS = "bonus"
    DEDUCTION = "deduction"
    VETO = "veto"

    @property
    def label(self) -> str:
        return {"standard": "测评项", "bonus": "加分项", "deduction": "负面清单", "veto": "一票否决"}[self.value]


class RowState(StrEnum):
    """Why a row has no number, or that it has one. Never one null for two of these."""

    NOT_APPLICABLE = "not_applicable"  # by rule: the unit lacks the tag
    EXEMPTED = "exempted"  # by decision, with a reason
    PENDING = "pending"
    MARKED = "marked"  # zero included
    WITHHELD = "withheld"  # a poll below its thresholds

    @property
    def label(self) -> str:
        return {
            "not_applicable": "不适用",
            "exempted": "免考",
            "pending": "待打分",
            "marked": "已定",
            "withheld": "测评不计分",
        }[self.value]


class Mode(StrEnum):
    WHOLE = "whole"
    BLOCK = "block"

    @property
    def label(self) -> str:
        return {"whole": "整体折算", "block": "按板块折算"}[self.value]


@dataclass(frozen=True)
class ScoredRow:
    """A scored row. `points`: the most it gives (standard, bonus) or takes (deduction); 0 for a veto."""

    key: str
    block: str
    kind: Kind
    points: Decimal


@dataclass(frozen=True)
class RowValue:
    """`got`, in points, exactly when the row is marked. A veto row is marked 1 when the veto falls, else 0."""

    state: RowState
    got: Score | None = None

    def __post_init__(self) -> None:
        if (self.got is not None) != (self.state is RowState.MARKED):
            raise ValueError(f"a row {self.state} with {self.got}")


@dataclass(frozen=True)
class ScoringRules:
    """Caps in absolute points; bands from best to worst; the best band a vetoed unit can still have.

    `mark_step`: what a mark is a multiple of when it is given; sums and means are of any.
    `only_with_form`: whether of a unit's polls only those that carry the organization form are candidates for its
    democratic row; else the newest of a team is, though it rated leaders alone.
    `decided_by_two`: whether what an admin decides in another's place waits for a second hand. From the start of
    marking on; rules frozen before it was asked do not say it, and what the admin saved counted at once.
    `unaudited`: the site went without an auditor when marking started, who confirms accounts; papers say so.
    """

    mode: Mode = Mode.WHOLE
    bonus_cap: Decimal = Decimal(5)
    deduction_cap: Decimal = Decimal(10)
    bands: tuple[Band, ...] = (
        Band("优秀", Decimal(90)),
        Band("良好", Decimal(80)),
        Band("合格", Decimal(60)),
        Band("不合格", Decimal(0)),
    )
    veto_band: str = "不合格"
    top_quota: Decimal | None = None
    mark_step: Decimal = FINEST
    only_with_form: bool = True
    decided_by_two: bool = False
    unaudited: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "mode": self.mode.value,
            "bonus_cap": str(self.bonus_cap),
            "deduction_cap": str(self.deduction_cap),
            "bands": [[band.name, str(band.floor)] for band in self.bands],
            "veto_band": self.veto_band,
            "top_quota": None if self.top_quota is None else str(self.top_quota),
            "mark_step": str(self.mark_step),
            "only_with_form": self.only_with_form,
            "decided_by_two": self.decided_by_two,
            **({"unaudited": True} if self.unaudited else {}),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ScoringRules":
        quota = data["top_quota"]
        return cls(
            mode=Mode(data["mode"]),
            bonus_cap=Decimal(data["bonus_cap"]),
            deduction_cap=Decimal(data["deduction_cap"]),
            bands=tuple(Band(name, Decimal(floor)) for name, floor in data["bands"]),
            veto_band=data["veto_band"],
            top_quota=None if quota is None else Decimal(quota),
            # Rules written before one of these was asked, frozen ones too, do not say it: as it was done then.
            mark_step=Decimal(data.get("mark_step", FINEST)),
            only_with_form=data.get("only_with_form", False),
            decided_by_two=data.get("decided_by_two", False),
            unaudited=data.get("unaudited", False),
        )


@dataclass(frozen=True)
class BlockScore:
    """Points got and points that apply, over the rows marked so far."""

    code: str
    got: Score
    points: Score


@dataclass(frozen=True)
class ScoreSheet:
    """`base`, `final` and `band` are None while a row is pending or withheld: no number stands for an unknown one."""

    blocks: tuple[BlockScore, ...]
    base: Score | None
    bonus: Score
    deduction: Score
    final: Score | None
    band: str | None
    vetoed: bool
    pending: int
    withheld: int


def score_sheet(
    rows: Sequence[ScoredRow], values: Mapping[str, RowValue], rules: ScoringRules, block_points: Mapping[str, Decimal]
) -> ScoreSheet:
    """Scores one unit. `block_points`: what each block weighs in mode `block`, whether or not its rows apply.

    A row without a value raises KeyError; points below 0 or above what a row has, ValueError.
    """
    standard = [(row, values[row.key]) for row in rows if row.kind is Kind.STANDARD]
    for row in rows:
        got = values[row.key].got
        if got is not None and (got < 0 or (row.kind is Kind.STANDARD and got > exact(row.points))):
            raise ValueError(f"{row.key}: {got} of {row.points} points")
    pending = sum(value.state is RowState.PENDING for _, value in standard)
    withheld = sum(value.state is RowState.WITHHELD for _, value in standard)
    blocks = _blocks(standard)
    base = None if pending or withheld else _base(blocks, block_points, rules.mode)
    bonus = _events(rows, values, Kind.BONUS, rules.bonus_cap)
    deduction = _events(rows, values, Kind.DEDUCTION, rules.deduction_cap)
    vetoed = any(_events_of(values[row.key]) > 0 for row in rows if row.kind is Kind.VETO)
    final = None if base is None else max(base + bonus - deduction, Fraction(0))
    return ScoreSheet(
        blocks=blocks,
        base=base,
        bonus=bonus,
        deduction=deduction,
        final=final,
        band=None if final is None else _band(final, vetoed, rules),
        vetoed=vetoed,
        pending=pending,
        withheld=withheld,
    )


def _blocks(standard: Sequence[tuple[ScoredRow, RowValue]]) -> tuple[BlockScore, ...]:
    blocks: dict[str, list[tuple[Score, Score]]] = {row.block: [] for row, _ in standard}
    for row, value in standard:
        if value.got is not None:
            blocks[row.block].append((value.got, exact(row.points)))
    return tuple(
        BlockScore(code, total(got for got, _ in pairs), total(points for _, points in pairs))
        for code, pairs in blocks.items()
    )


def _base(blocks: Sequence[BlockScore], block_points: Mapping[str, Decimal], mode: Mode) -> Score | None:
    """Renormalization (折算) to 100 over the rows that apply; None when no row does."""
    applying = [block for block in blocks if block.points > 0]
    if not applying:
        return None
    if mode is Mode.WHOLE:
        return 100 * total(block.got for block in applying) / total(block.points for block in applying)
    weighted = total(exact(block_points[block.code]) * block.got / block.points for block in applying)
    return 100 * weighted / total(exact(block_points[block.code]) for block in applying)


def _events(rows: Sequence[ScoredRow], values: Mapping[str, RowValue], kind: Kind, cap: Decimal) -> Score:
    """Bonus or deduction, in absolute points: each row up to its own points, all together up to the cap."""
    got = (worth(kind, row.points, _events_of(values[row.key])) for row in rows if row.kind is kind)
    return min(total(got), exact(cap))


def worth(kind: Kind, points: Decimal, got: Score) -> Score:
    """What a row's value comes to: of bonus and deduction events more may be entered than the row gives or takes."""
    return min(got, exact(points)) if kind in (Kind.BONUS, Kind.DEDUCTION) else got


def _events_of(value: RowValue) -> Score:
    return Fraction(0) if value.got is None else value.got


def _band(final: Score, vetoed: bool, rules: ScoringRules) -> str:
    band = band_of(shown(final), rules.bands)
    return capped_band(band, rules.veto_band, rules.bands) if vetoed else band
