"""A unit's score sheet, put together from its framework, marks, events, exemptions and sealed polls."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from surveys.catalog.model import Framework, Method, Row, Standard
from surveys.marking import democratic_row
from surveys.marking.democratic_row import Decided, Decisions, TeamScores
from surveys.marking.event_counts import counting_events
from surveys.scoring import score_sheet as scoring
from surveys.scoring.assignment import joint_mark
from surveys.scoring.exact import Score, exact, total
from surveys.scoring.score_sheet import Kind, RowState, RowValue, ScoreSheet, ScoringRules
from surveys.season.assessments import framework_of, unit_of
from surveys.season.rows import departments_of
from surveys.storage.tables import Assessment, Event, Exemption, Mark, RowChoice, Unit
from surveys.vote.tally_values import Tally

Entry = TypeVar("Entry", Mark, Event, Exemption, RowChoice)


@dataclass(frozen=True)
class SheetLine:
    """One row of a unit's sheet with all that decides it. `marks`: the latest version by department, in the order of
    `departments`, then those that mark the row no more.

    `counted`: ids of the events that count. `instead`: by id of one that is overtaken, the event that counts for its
    occasion. `decided`: on the democratic row, the mark two people agreed on.
    `chosen`: of the row's alternative methods, the one the unit is assessed by.
    """

    row: Row
    value: RowValue
    departments: tuple[str, ...]
    marks: Mapping[str, Mark]
    events: tuple[Event, ...]
    exemption: Exemption | None
    tally: Tally | None
    counted: frozenset[int]
    instead: Mapping[int, Event]
    decided: Decided | None
    chosen: Method | None

    @property
    def worth(self) -> Score | None:
        """What the row's value comes to."""
        got, standard = self.value.got, self.row.standard
        return None if got is None else scoring.worth(standard.kind, standard.points, got)

    @property
    def is_democratic(self) -> bool:
        return Method.DEMOCRATIC in self.row.standard.methods

    @property
    def proposed(self) -> Mark | None:
        """On the democratic row, a value that waits for a second person."""
        latest = self.marks.get(self.departments[0]) if self.is_democratic else None
        return None if self.decided is not None and latest is self.decided.mark else latest

    @property
    def confirmed(self) -> Mark | None:
        """On the democratic row, the value that stands under two hands."""
        return self.decided.mark if self.decided is not None and self.decided.stands else None

    @property
    def is_by_vote(self) -> bool:
        """Whether the polls' score is what the row is marked by."""
        return self.is_democratic and self.value.state is RowState.MARKED and self.confirmed is None

    @property
    def methods(self) -> tuple[Method, ...]:
        """How the unit is assessed on this row; several where the choice is still to be made."""
        return self.row.standard.methods if self.chosen is None else (self.chosen,)


@dataclass(frozen=True)
class UnitSheet:
    """`tally`: of the unit's newest sealed poll. `teams`: what all its polls come to."""

    unit: Unit
    framework: Framework
    lines: tuple[SheetLine, ...]
    score: ScoreSheet
    tally: Tally | None
    teams: TeamScores

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
        .order_by(Unit.position, Unit.id)
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
    marks = _by_unit(session.scalars(select(Mark).where(Mark.unit_id.in_(ids)).order_by(Mark.version, Mark.id)))
    events = _by_unit(session.scalars(select(Event).where(Event.unit_id.in_(ids)).order_by(Event.id)))
    exemptions = _by_unit(
        session.scalars(
            select(Exemption).where(Exemption.unit_id.in_(ids), Exemption.cancelled_at.is_(None)).order_by(Exemption.id)
        )
    )
    choices = _by_unit(session.scalars(select(RowChoice).where(RowChoice.unit_id.in_(ids))))
    rules = other_rules or ScoringRules.from_json(assessment.rules)
    voted = democratic_row.scores_of_units(session, ids, rules)
    decisions = democratic_row.decisions(session, assessment.id)
    frameworks = {key: framework_of(assessment, key) for key in {unit.framework for unit in units}}
    frameworks |= other_frameworks or {}
    return [
        _sheet(
            unit,
            frameworks[unit.framework],
            rules,
            marks.get(unit.id, []),
            decisions,
            events.get(unit.id, []),
            exemptions.get(unit.id, []),
            choices.get(unit.id, []),
            voted[unit.id],
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
    decisions: Decisions,
    events: Sequence[Event],
    exemptions: Sequence[Exemption],
    choices: Sequence[RowChoice],
    teams: TeamScores,
) -> UnitSheet:
    tags = [tag.tag for tag in unit.tags]
    exempted = {exemption.row_key: exemption for exemption in exemptions}
    row_marks: dict[str, list[Mark]] = {}
    for mark in marks:
        row_marks.setdefault(mark.row_key, []).append(mark)
    chosen = {choice.row_key: Method(choice.method) for choice in choices}
    counting = counting_events(framework, tags, exempted, events)
    counted = frozenset(counting.values())
    by_id = {event.id: event for event in events}
    instead = {number: by_id[other] for number, other in counting.items() if number != other}
    newest = None if teams.newest is None else teams.newest.tally
    lines = []
    for row in framework.rows():
        standard, key = row.standard, row.standard.key
        departments = departments_of(framework, standard, unit)
        own_events = tuple(event for event in events if event.row_key == key)
        own_marks = row_marks.get(key, [])
        latest = _latest(own_marks, departments)
        decided = None
        if Method.DEMOCRATIC in standard.methods:
            own = [mark for mark in own_marks if mark.department == departments[0]]
            decided = decisions.decided(unit.id, key, own)
        lines.append(
            SheetLine(
                row,
                _value(
                    standard,
                    tags,
                    key in exempted,
                    departments,
                    latest,
                    [event for event in own_events if event.id in counted],
                    decided.mark if decided is not None and decided.stands else None,
                    teams,
                ),
                departments,
                latest,
                own_events,
                exempted.get(key),
                newest,
                counted,
                instead,
                decided,
                chosen.get(key) if chosen.get(key) in standard.alternatives else None,
            )
        )
    score = score_of(framework, {line.row.standard.key: line.value for line in lines}, rules)
    return UnitSheet(unit, framework, tuple(lines), score, newest, teams)


def _latest(marks: Sequence[Mark], departments: Sequence[str]) -> dict[str, Mark]:
    found = {mark.department: mark for mark in marks}
    order = dict.fromkeys((*departments, *sorted(found)))
    return {name: found[name] for name in order if name in found}


def score_of(framework: Framework, values: Mapping[str, RowValue], rules: ScoringRules) -> ScoreSheet:
    """The score of these values by this framework and these rules. A row without a value is left out."""
    return scoring.score_sheet(
        [_scored_row(row) for row in framework.rows() if row.standard.key in values],
        values,
        rules,
        {block.code: block.points for block in framework.blocks},
    )


def _scored_row(row: Row) -> scoring.ScoredRow:
    standard = row.standard
    return scoring.ScoredRow(standard.key, row.block.code, standard.kind, standard.points)


def _value(
    standard: Standard,
    tags: Sequence[str],
    exempted: bool,
    departments: Sequence[str],
    marks: Mapping[str, Mark],
    events: Sequence[Event],
    agreed: Mark | None,
    teams: TeamScores,
) -> RowValue:
    """The state of a row, and its points when it is marked. `events`: those that count."""
    if not standard.applies(tags):
        return RowValue(RowState.NOT_APPLICABLE)
    if exempted:
        return RowValue(RowState.EXEMPTED)
    if standard.kind is Kind.VETO:
        return RowValue(RowState.MARKED, Fraction(1 if events else 0))
    if standard.kind is not Kind.STANDARD:
        return RowValue(RowState.MARKED, total(exact(event.points) for event in events))
    if standard.starts_full:
        lost = total(exact(event.points) for event in events)
        return RowValue(RowState.MARKED, max(exact(standard.points) - lost, Fraction(0)))
    if Method.DEMOCRATIC in standard.methods:
        return teams.value(standard) if agreed is None else RowValue(RowState.MARKED, exact(agreed.points))
    mark = joint_mark(departments, {name: exact(entry.points) for name, entry in marks.items()})
    return RowValue(RowState.PENDING) if mark is None else RowValue(RowState.MARKED, mark)
