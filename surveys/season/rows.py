"""A unit's rows, and who marks them."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from surveys.acts.errors import NotFound, WrongState
from surveys.catalog.model import Framework, Method, Standard
from surveys.scoring.assignment import marking_departments
from surveys.season.assessments import framework_of, unit_of
from surveys.storage.tables import Unit


def departments_of(framework: Framework, standard: Standard, unit: Unit) -> tuple[str, ...]:
    """Who marks this row of this unit (回避 considered)."""
    return departments_for(framework, standard, unit.department)


def departments_for(framework: Framework, standard: Standard, own: str | None) -> tuple[str, ...]:
    """Of a unit that marks as `own`. Another value of the democratic row is one department's."""
    found = marking_departments(standard.departments, own, framework.lead_department, framework.default_department)
    return found[:1] if Method.DEMOCRATIC in standard.methods else found


@dataclass(frozen=True)
class UnitRows:
    """A unit, and the rows of its framework by key."""

    unit: Unit
    framework: Framework
    standards: Mapping[str, Standard]

    def standard(self, row_key: str) -> Standard:
        """The row, if it applies to the unit. Raises NotFound, WrongState."""
        found = self.standards.get(row_key)
        if found is None:
            raise NotFound(f"测评体系中没有 {row_key} 这一行。")
        if not found.applies([tag.tag for tag in self.unit.tags]):
            raise WrongState(f"{row_key} 不适用于{self.unit.name}。")
        return found


def rows_of_unit(session: Session, unit_id: int) -> UnitRows:
    """Raises NotFound."""
    unit = unit_of(session, unit_id)
    framework = framework_of(unit.assessment, unit.framework)
    return UnitRows(unit, framework, {row.standard.key: row.standard for row in framework.rows()})


def row_of(session: Session, unit_id: int, row_key: str) -> tuple[Unit, Framework, Standard]:
    """The row of the unit's framework, if it applies to the unit. Raises NotFound, WrongState."""
    found = rows_of_unit(session, unit_id)
    return found.unit, found.framework, found.standard(row_key)
