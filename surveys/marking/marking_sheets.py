"""Who is to mark what, and one row across all units: the sheet an assessor fills (打分表)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import NotFound
from surveys.acts.permitted import permitted
from surveys.catalog.model import Framework, Method, Row, Standard
from surveys.marking.standing_marks import LastMark, Place, last_marks
from surveys.season.assessments import assessment_of, frameworks_of
from surveys.season.open_rows import OpenRows, open_rows
from surveys.season.rows import departments_of
from surveys.storage.tables import Assessment, Exemption, Unit

FEWEST_ALIKE = 5
"""Marks from which on it is worth a word that all are the same."""


@dataclass(frozen=True)
class Duty:
    """One department's mark of one row of one unit: to be given, or given."""

    unit: Unit
    row: Row
    department: str
    mark: LastMark | None


@dataclass(frozen=True)
class RowProgress:
    """One department's marks of one row. `alike`: the points all got, where that is worth a second look."""

    framework: Framework
    row: Row
    department: str
    marked: int
    due: int
    alike: Decimal | None

    @property
    def all_full(self) -> bool:
        """What a row of duties done often comes to; any other number for everybody deserves a closer look."""
        return self.alike == self.row.standard.points

    @property
    def missing(self) -> int:
        return self.due - self.marked


@dataclass(frozen=True)
class Other:
    """Another department of a joint row. `points`: once it has marked and the own mark is in."""

    department: str
    has_marked: bool
    points: Decimal | None


@dataclass(frozen=True)
class UnitLine:
    """A unit on a row's sheet. `is_open`: the department marks it; else `why` says why not, and `who` marks instead.

    `shut`: the mark may not change in this state of the assessment.
    """

    unit: Unit
    is_open: bool
    why: str
    who: tuple[Other, ...]
    mark: LastMark | None
    shut: bool


@dataclass(frozen=True)
class RowSheet:
    """`departments`: those that mark the row of any unit. `before`, `after`: its rows next to this in the framework."""

    assessment: Assessment
    framework: Framework
    row: Row
    department: str
    departments: tuple[str, ...]
    lines: tuple[UnitLine, ...]
    progress: RowProgress
    before: RowProgress | None
    after: RowProgress | None
    open_rows: OpenRows


def is_marked(standard: Standard) -> bool:
    """Whether departments give the row its points; the others live from events or from the poll."""
    counts = standard.takes_marks
    return counts and Method.DEMOCRATIC not in standard.methods


@dataclass(frozen=True)
class Ground:
    """What marking rests on. `units` in order, with their tags; `exempted`: why, by unit id and row key."""

    assessment: Assessment
    frameworks: Mapping[str, Framework]
    units: tuple[Unit, ...]
    exempted: Mapping[tuple[int, str], str]
    marks: Mapping[Place, LastMark]

    def applies(self, unit: Unit, row: Row) -> bool:
        """By the unit's tags, and not exempted."""
        key = row.standard.key
        return row.standard.applies([tag.tag for tag in unit.tags]) and (unit.id, key) not in self.exempted


def ground(session: Session, assessment_id: int) -> Ground:
    """Raises NotFound."""
    assessment = assessment_of(session, assessment_id)
    query = select(Unit).where(Unit.assessment_id == assessment.id).order_by(Unit.position, Unit.id)
    units = tuple(session.scalars(query.options(selectinload(Unit.tags))))
    ids = [unit.id for unit in units]
    decided = select(Exemption.unit_id, Exemption.row_key, Exemption.reason, Exemption.document).where(
        Exemption.unit_id.in_(ids), Exemption.cancelled_at.is_(None)
    )
    return Ground(
        assessment,
        {framework.key: framework for framework in frameworks_of(assessment)},
        units,
        {(unit, key): f"{reason}（{document}）" for unit, key, reason, document in session.execute(decided)},
        last_marks(session, ids),
    )


def duties(found: Ground) -> list[Duty]:
    """Every mark that is to be given, units and rows in order."""
    rows = {key: [row for row in each.rows() if is_marked(row.standard)] for key, each in found.frameworks.items()}
    return [
        Duty(unit, row, department, found.marks.get((unit.id, row.standard.key, department)))
        for unit in found.units
        for row in rows[unit.framework]
        if found.applies(unit, row)
        for department in departments_of(found.frameworks[unit.framework], row.standard, unit)
    ]


def progress(frameworks: Mapping[str, Framework], found: Iterable[Duty]) -> list[RowProgress]:
    """By framework, row and department, in the document's order."""
    groups: dict[tuple[str, str, str], list[Duty]] = {}
    for duty in found:
        groups.setdefault((duty.unit.framework, duty.row.standard.key, duty.department), []).append(duty)
    return [
        _progress(framework, row, department, own)
        for framework in frameworks.values()
        for row in framework.rows()
        for (key, row_key, department), own in groups.items()
        if (key, row_key) == (framework.key, row.standard.key)
    ]


def _progress(framework: Framework, row: Row, department: str, own: Sequence[Duty]) -> RowProgress:
    points = [duty.mark.points for duty in own if duty.mark is not None]
    return RowProgress(framework, row, department, len(points), len(own), _alike(points))


def _alike(points: Sequence[Decimal]) -> Decimal | None:
    return points[0] if len(points) >= FEWEST_ALIKE and len(set(points)) == 1 else None


@permitted(Permission.MARK)
def rows_of(session: Session, actor: Actor, assessment_id: int, department: str | None = None) -> list[RowProgress]:
    """The rows a department marks and how far it is; who decides sees any department, or all. Raises NotFound."""
    wanted = department_for(actor, department)
    found = ground(session, assessment_id)
    return progress(found.frameworks, [duty for duty in duties(found) if wanted in (None, duty.department)])


def department_for(actor: Actor, asked: str | None) -> str | None:
    """Whose rows are shown: an assessor's own department's, whatever was asked for. Raises NotAllowed."""
    if actor.may(Permission.DECIDE):
        return asked or None
    return actor.department or ""


@permitted(Permission.MARK)
def row_sheet(
    session: Session, actor: Actor, assessment_id: int, framework_key: str, row_key: str, department: str | None = None
) -> RowSheet:
    """One row of all units of a framework. Raises NotFound, also for a row that is not the department's."""
    wanted = department_for(actor, department)
    found = ground(session, assessment_id)
    everything = duties(found)
    here = [duty for duty in everything if (duty.unit.framework, duty.row.standard.key) == (framework_key, row_key)]
    departments = tuple(dict.fromkeys(duty.department for duty in here))
    own = wanted or next(iter(departments), "")
    if own not in departments:
        raise NotFound(f"{own or '没有部门'}不给 {row_key} 打分，或没有这一行。请从“打分”页选一行。")
    mine = [duty for duty in everything if duty.department == own and duty.unit.framework == framework_key]
    rows = progress(found.frameworks, mine)
    rows_open = open_rows(session, found.assessment)
    place = [each.row.standard.key for each in rows].index(row_key)
    return RowSheet(
        found.assessment,
        rows[place].framework,
        rows[place].row,
        own,
        departments,
        tuple(_lines(found, rows_open, rows[place], here, own)),
        rows[place],
        rows[place - 1] if place else None,
        rows[place + 1] if place + 1 < len(rows) else None,
        rows_open,
    )


def _lines(found: Ground, rows_open: OpenRows, row: RowProgress, here: Sequence[Duty], own: str) -> Iterable[UnitLine]:
    by_unit: dict[int, list[Duty]] = {}
    for duty in here:
        by_unit.setdefault(duty.unit.id, []).append(duty)
    for unit in found.units:
        if unit.framework != row.framework.key:
            continue
        mine = next((duty for duty in by_unit.get(unit.id, []) if duty.department == own), None)
        mark = None if mine is None else mine.mark
        others = tuple(
            Other(duty.department, duty.mark is not None, duty.mark.points if duty.mark and mark else None)
            for duty in by_unit.get(unit.id, [])
            if duty.department != own
        )
        reason = found.exempted.get((unit.id, row.row.standard.key))
        if mine is not None:
            why = ""
        elif not others:
            why = "不适用" if reason is None else f"免考：{reason}"
        else:
            why = "回避" if own == unit.department else "不归本部门"
        shut = rows_open.why_shut(unit.id, row.row.standard.key) is not None
        yield UnitLine(unit, mine is not None, why, others, mark, shut)
