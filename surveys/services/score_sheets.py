"""A unit's score sheet, put together from its framework, marks, events, exemptions and sealed polls."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from surveys.catalog.model import Framework, Method, Row, Standard
from surveys.polling.states import PollState
from surveys.scoring import score_sheet as scoring
from surveys.scoring.assignment import joint_mark
from surveys.scoring.exact import Score, exact
from surveys.scoring.score_sheet import Kind, RowState, RowValue, ScoreSheet, ScoringRules
from surveys.services.assessments import framework_of, unit_of
from surveys.services.marks import departments_of
from surveys.services.tallies import Tally, is_visible, tally
from surveys.storage.tables import Assessment, Event, Exemption, Mark, Poll, Unit

Entry = TypeVar("Entry", Mark, Event, Exemption, Poll)


@dataclass(frozen=True)
class SheetLine:
    """One row of a unit's sheet with all that decides it. `marks`: the latest version by department."""

    row: Row
    value: RowValue
    departments: tuple[str, ...]
    marks: Mapping[str, Mark]
    events: tuple[Event, ...]
    exemption: Exemption | None
    tally: Tally | None

    @property
    def is_democratic(self) -> bool:
        return Method.DEMOCRATIC in self.row.standard.methods


@dataclass(frozen=True)
class UnitSheet:
    """`tally`: of the unit's newest sealed poll."""

    unit: Unit
    framework: Framework
    lines: tuple[SheetLine, ...]
    score: ScoreSheet
    tally: Tally | None

    @property
    def democratic(self) -> SheetLine | None:
        return next((line for line in self.lines if line.is_democratic), None)


def unit_sheet(session: Session, unit_id: int) -> UnitSheet:
    """Raises NotFound."""
    unit = unit_of(session, unit_id)
    return _sheets(session, unit.assessment, [unit])[0]


def assessment_sheets(
    session: Session,
    assessment: Assessment,
    frameworks: Mapping[str, Framework] | None = None,
    rules: ScoringRules | None = None,
) -> list[UnitSheet]:
    """The sheets of all units, in order. `frameworks`, `rules`: instead of the assessment's own, to try them out."""
    units = session.scalars(
        select(Unit)
        .where(Unit.assessment_id == assessment.id)
        .order_by(Unit.position)
        .options(selectinload(Unit.tags), selectinload(Unit.leaders))
    )
    return _sheets(session, assessment, list(units), frameworks, rules)


def _sheets(
    session: Session,
    assessment: Assessment,
    units: Sequence[Unit],
    other_frameworks: Mapping[str, Framework] | None = None,
    other_rules: ScoringRules | None = None,
) -> list[UnitSheet]:
    ids = [unit.id for unit in units]
    marks = _by_unit(session.scalars(select(Mark).where(Mark.unit_id.in_(ids)).order_by(Mark.version)))
    events = _by_unit(session.scalars(select(Event).where(Event.unit_id.in_(ids)).order_by(Event.id)))
    exemptions = _by_unit(
        session.scalars(select(Exemption).where(Exemption.unit_id.in_(ids), Exemption.cancelled_at.is_(None)))
    )
    sealed = session.scalars(
        select(Poll)
        .where(Poll.unit_id.in_(ids), Poll.state == PollState.SEALED, ~Poll.rehearsal)
        .order_by(Poll.sealed_at)
        .options(selectinload(Poll.classes))
    )
    polls = _by_unit(poll for poll in sealed if is_visible(poll))
    rules = other_rules or ScoringRules.from_json(assessment.rules)
    frameworks = {key: framework_of(assessment, key) for key in {unit.framework for unit in units}}
    frameworks |= other_frameworks or {}
    return [
        _sheet(
            unit,
            frameworks[unit.framework],
            rules,
            marks.get(unit.id, []),
            events.get(unit.id, []),
            exemptions.get(unit.id, []),
            tally(session, polls[unit.id][-1]) if unit.id in polls else None,
        )
        for unit in units
    ]


def _by_unit(entries: Iterable[Entry]) -> dict[int, list[Entry]]:
    grouped: dict[int, list[Entry]] = {}
    for entry in entries:
        grouped.setdefault(entry.unit_id, []).append(entry)
    return grouped


def _sheet(
    unit: Unit,
    framework: Framework,
    rules: ScoringRules,
    marks: Sequence[Mark],
    events: Sequence[Event],
    exemptions: Sequence[Exemption],
    result: Tally | None,
) -> UnitSheet:
    tags = [tag.tag for tag in unit.tags]
    exempted = {exemption.row_key: exemption for exemption in exemptions}
    latest_marks: dict[str, dict[str, Mark]] = {}
    for mark in marks:
        latest_marks.setdefault(mark.row_key, {})[mark.department] = mark
    lines = []
    for row in framework.rows():
        key = row.standard.key
        latest = latest_marks.get(key, {})
        own_events = tuple(event for event in events if event.row_key == key)
        departments = departments_of(framework, row.standard, unit)
        value = _value(row.standard, tags, key in exempted, departments, latest, own_events, result)
        lines.append(SheetLine(row, value, departments, latest, own_events, exempted.get(key), result))
    score = score_of(framework, {line.row.standard.key: line.value for line in lines}, rules)
    return UnitSheet(unit, framework, tuple(lines), score, result)


def score_of(framework: Framework, values: Mapping[str, RowValue], rules: ScoringRules) -> ScoreSheet:
    """The score of these values by this framework and these rules. A row without a value is left out."""
    return scoring.score_sheet(
        [_scored_row(row) for row in framework.rows() if row.standard.key in values],
        values,
        rules,
        {block.code: block.points for block in framework.blocks},
    )


def _scored_row(row: Row) -> scoring.Row:
    standard = row.standard
    return scoring.Row(standard.key, row.block.code, standard.kind, standard.points)


def _value(
    standard: Standard,
    tags: Sequence[str],
    exempted: bool,
    departments: Sequence[str],
    marks: Mapping[str, Mark],
    events: Sequence[Event],
    result: Tally | None,
) -> RowValue:
    """The state of a row, and its points when it is marked (design 5)."""
    if not standard.applies(tags):
        return RowValue(RowState.NOT_APPLICABLE)
    if exempted:
        return RowValue(RowState.EXEMPTED)
    standing = [event for event in events if event.cancelled_at is None]
    total = sum((exact(event.points) for event in standing), Fraction(0))
    if standard.kind is Kind.VETO:
        return RowValue(RowState.MARKED, Fraction(1 if standing else 0))
    if standard.kind is not Kind.STANDARD:
        return RowValue(RowState.MARKED, total)
    if standard.starts_full:
        return RowValue(RowState.MARKED, max(exact(standard.points) - total, Fraction(0)))
    mark = joint_mark(departments, {name: exact(entry.points) for name, entry in marks.items()})
    if mark is not None:
        return RowValue(RowState.MARKED, mark)
    if Method.DEMOCRATIC in standard.methods and result is not None:
        return _democratic(standard, result)
    return RowValue(RowState.PENDING)


def _democratic(standard: Standard, result: Tally) -> RowValue:
    """The poll's organization score, on the row's points; withheld when the poll does not count."""
    score: Score | None = None if result.organization is None else result.organization.score
    if result.shortcoming is not None or score is None:
        return RowValue(RowState.WITHHELD)
    points = exact(standard.points)
    # A scale of grades may go below 0 or above 100; a row does not.
    return RowValue(RowState.MARKED, min(max(score * points / 100, Fraction(0)), points))
