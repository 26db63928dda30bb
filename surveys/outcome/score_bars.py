"""Units by score as bars, the same on the page of results and in the report."""

from decimal import Decimal

from surveys.outcome.unit_record import UnitRecord
from surveys.reporting.charts import UnitBar
from surveys.scoring.score_sheet import ScoringRules


def unit_bar(unit: UnitRecord) -> UnitBar:
    final = unit.result.final
    return UnitBar(unit.name, None if final is None else Decimal(final.shown), unit.result.band)


def band_floors(rules: ScoringRules) -> list[tuple[str, Decimal]]:
    """The bands that are reached by a score, with the lowest that does."""
    return [(band.name, band.floor) for band in rules.bands if band.floor > 0]
