"""The results of an assessment: every unit's score, band and rank within its category."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from surveys.catalog.model import plain
from surveys.marking.score_sheets import UnitSheet, assessment_sheets
from surveys.scoring.exact import Score, shown
from surveys.scoring.ranking import ranks, with_quota
from surveys.scoring.score_sheet import ScoreSheet, ScoringRules
from surveys.season.assessments import assessment_of


@dataclass(frozen=True)
class UnitResult:
    """`final`, `band` and `rank` are None while the sheet has pending or withheld rows."""

    sheet: UnitSheet
    final: Decimal | None
    band: str | None
    rank: int | None


@dataclass(frozen=True)
class Results:
    """`units` in the order of the assessment."""

    assessment_id: int
    title: str
    state: str
    rules: ScoringRules
    units: tuple[UnitResult, ...]


def results(session: Session, assessment_id: int) -> Results:
    """Raises NotFound."""
    assessment = assessment_of(session, assessment_id)
    rules = ScoringRules.from_json(assessment.rules)
    units = ranked(assessment_sheets(session, assessment), rules)
    return Results(assessment.id, assessment.title, assessment.state, rules, units)


def ranked(sheets: Sequence[UnitSheet], rules: ScoringRules) -> tuple[UnitResult, ...]:
    """Bands and ranks of all units of an assessment, in their order."""
    by_unit: dict[int, UnitResult] = {}
    for category in {sheet.unit.category for sheet in sheets}:
        own = [sheet for sheet in sheets if sheet.unit.category == category]
        by_unit |= {result.sheet.unit.id: result for result in _category(own, rules)}
    return tuple(by_unit[sheet.unit.id] for sheet in sheets)


def _category(sheets: Sequence[UnitSheet], rules: ScoringRules) -> list[UnitResult]:
    standings = placed([sheet.score for sheet in sheets], rules)
    return [UnitResult(sheet, *standing) for sheet, standing in zip(sheets, standings, strict=True)]


def placed(scores: Sequence[ScoreSheet], rules: ScoringRules) -> list[tuple[Decimal | None, str | None, int | None]]:
    """Final as shown, band and rank of each unit of one category."""
    finals = [None if score.final is None else shown(score.final) for score in scores]
    unit_ranks = ranks(finals)
    bands = [score.band for score in scores]
    if rules.top_quota is not None:
        bands = with_quota(bands, unit_ranks, rules.bands, rules.top_quota)
    return list(zip(finals, bands, unit_ranks, strict=True))


def to_json(results: Results) -> dict[str, Any]:
    """The shape of `assessment results --json`, which others' scripts rely on."""
    return {
        "assessment": results.assessment_id,
        "title": results.title,
        "state": results.state,
        "units": [_unit_to_json(result) for result in results.units],
    }


def _unit_to_json(result: UnitResult) -> dict[str, Any]:
    sheet, score = result.sheet, result.sheet.score
    return {
        "unit": sheet.unit.name,
        "category": sheet.unit.category,
        "framework": sheet.unit.framework,
        "base": _shown(score.base),
        "bonus": _shown(score.bonus),
        "deduction": _shown(score.deduction),
        "final": None if result.final is None else str(result.final),
        "band": result.band,
        "rank": result.rank,
        "vetoed": score.vetoed,
        "pending": score.pending,
        "withheld": score.withheld,
        "blocks": [
            {"code": block.code, "got": _shown(block.got), "points": plain_points(block.points)}
            for block in score.blocks
        ],
        "democratic": _democratic_to_json(sheet),
    }


def plain_points(points: Score) -> str:
    """Points of a row or block: sums of decimals, so always a short decimal."""
    return plain(Decimal(points.numerator) / Decimal(points.denominator))


def _democratic_to_json(sheet: UnitSheet) -> dict[str, Any] | None:
    line = sheet.democratic
    if line is None:
        return None
    return {
        "score": _shown(sheet.teams.score) if line.is_by_vote else None,
        "got": _shown(line.value.got),
        "points": plain(line.row.standard.points),
    }


def _shown(score: Score | None) -> str | None:
    return None if score is None else str(shown(score))
