"""What other frameworks or rules would make of an assessment: every unit before and after. Nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from surveys.marking.results import UnitResult, plain_points, ranked
from surveys.marking.score_sheets import UnitSheet
from surveys.scoring.exact import shown, total
from surveys.scoring.score_sheet import ScoringRules


@dataclass(frozen=True)
class Figures:
    """A unit's result as shown; None where there is none. `got` of `points`: over the rows that have their points so
    far, which with `bonus`, `deduction` and `vetoed` says what changes while rows are pending. `rank`: within the
    category."""

    got: Decimal
    points: str
    bonus: Decimal
    deduction: Decimal
    vetoed: bool
    base: Decimal | None
    final: Decimal | None
    band: str | None
    rank: int | None
    pending: int


@dataclass(frozen=True)
class UnitEffect:
    unit_id: int
    name: str
    category: str
    before: Figures
    after: Figures

    @property
    def changed(self) -> bool:
        return self.before != self.after


def effects(
    before: Sequence[UnitSheet], old_rules: ScoringRules, after: Sequence[UnitSheet], new_rules: ScoringRules
) -> tuple[UnitEffect, ...]:
    """Of sheets of the same units in the same order, all units of an assessment: bands and ranks are among them."""
    return tuple(
        UnitEffect(old.sheet.unit.id, old.sheet.unit.name, old.sheet.unit.category, _figures(old), _figures(new))
        for old, new in zip(ranked(before, old_rules), ranked(after, new_rules), strict=True)
    )


def _figures(result: UnitResult) -> Figures:
    score = result.sheet.score
    return Figures(
        got=shown(total(block.got for block in score.blocks)),
        points=plain_points(total(block.points for block in score.blocks)),
        bonus=shown(score.bonus),
        deduction=shown(score.deduction),
        vetoed=score.vetoed,
        base=None if score.base is None else shown(score.base),
        final=result.final,
        band=result.band,
        rank=result.rank,
        pending=score.pending + score.withheld,
    )
