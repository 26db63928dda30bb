"""The score record, typed: what a version holds, or what the tables say now, of every unit's sheet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from surveys.acts.errors import NotFound
from surveys.catalog.model import Framework, Row
from surveys.evidence.proceeding_records import ProceedingKind
from surveys.outcome.unit_record import UnitRecord
from surveys.scoring.assessment_states import VersionKind
from surveys.scoring.score_sheet import ScoringRules
from surveys.season.assessments import framework_in
from surveys.storage.tables import Document


@dataclass(frozen=True)
class ScoreRecord:
    """`number` is 0 and `kind` None while it is no version. `frameworks`: by key.

    `proceedings`: how many units were read, heard and inspected; empty where it is not told (format 1, one unit's
    sheet).
    """

    format: str
    assessment: int
    title: str
    number: int
    kind: VersionKind | None
    rules_version: int
    rules: ScoringRules
    frameworks: Mapping[str, Framework]
    proceedings: Mapping[ProceedingKind, int]
    _units: Mapping[int, Document] = field(repr=False)

    @classmethod
    def from_json(cls, body: Document) -> Self:
        """`body`: see `versions.live_body`."""
        kind = body["kind"]
        return cls(
            format=body["format"],
            assessment=body["assessment"],
            title=body["title"],
            number=body["number"],
            kind=None if kind is None else VersionKind(kind),
            rules_version=body["rules_version"],
            rules=ScoringRules.from_json(body["rules"]),
            frameworks={key: framework_in(entry) for key, entry in body["frameworks"].items()},
            proceedings={ProceedingKind(kind): count for kind, count in body.get("proceedings", {}).items()},
            _units={unit["unit"]: unit for unit in body["units"]},
        )

    @cached_property
    def units(self) -> tuple[UnitRecord, ...]:
        """In the order of the assessment."""
        return tuple(map(self.unit, self._units))

    def unit(self, unit_id: int) -> UnitRecord:
        """Raises NotFound."""
        unit = self._units.get(unit_id)
        if unit is None:
            raise NotFound("这一版里没有这个单位。")
        return UnitRecord.from_json(unit, self._rows[unit["framework"]])

    @cached_property
    def _rows(self) -> Mapping[str, Mapping[str, Row]]:
        return {key: {row.standard.key: row for row in framework.rows()} for key, framework in self.frameworks.items()}

    @property
    def categories(self) -> list[str]:
        return list(dict.fromkeys(unit.category for unit in self.units))

    def ranked(self, category: str) -> list[UnitRecord]:
        """One category, best first, units without a rank last."""
        own = [unit for unit in self.units if unit.category == category]
        return sorted(own, key=lambda unit: (unit.result.rank is None, unit.result.rank))
