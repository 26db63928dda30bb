"""Which units lack which proceedings: a list per assessment."""

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from surveys.acts.actors import Actor, Permission
from surveys.acts.permitted import permitted
from surveys.catalog.model import Framework, Method, Standard
from surveys.evidence.proceeding_records import ProceedingKind, in_group, standing_by_unit
from surveys.reporting.csv_cells import harmless
from surveys.season.assessments import assessment_of, framework_of
from surveys.storage.tables import Exemption, Proceeding, RowChoice, Unit

STEPS = ("审阅年度报告", "听取汇报", "检查实物资料", "个别谈话", "反馈结果", "单位签收")
_WORDS = {True: "已做", False: "未做", None: "不需要"}


@dataclass(frozen=True)
class UnitProgress:
    """`done`: by step, in the order of `STEPS`; None: not asked of this unit."""

    unit_id: int
    name: str
    category: str
    done: tuple[bool | None, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(step for step, done in zip(STEPS, self.done, strict=True) if done is False)


@dataclass(frozen=True)
class ProceedingBoard:
    title: str
    units: tuple[UnitProgress, ...]

    def lacking(self, step: int) -> int:
        return sum(unit.done[step] is False for unit in self.units)


@permitted(Permission.REVIEW)
def board(session: Session, actor: Actor, assessment_id: int) -> ProceedingBoard:
    """The units whose assessment group this account belongs to. Raises NotFound, NotAllowed."""
    assessment = assessment_of(session, assessment_id)
    frameworks = {entry.key: framework_of(assessment, entry.key) for entry in assessment.frameworks}
    query = select(Unit).where(Unit.assessment_id == assessment_id).order_by(Unit.position, Unit.id)
    units = [
        unit
        for unit in session.scalars(query.options(selectinload(Unit.tags)))
        if in_group(actor, frameworks[unit.framework])
    ]
    ids = [unit.id for unit in units]
    records = standing_by_unit(session, ids)
    heard = _heard_rows(session, units, frameworks)
    return ProceedingBoard(
        assessment.title,
        tuple(
            UnitProgress(
                unit.id,
                unit.name,
                unit.category,
                _done(records[unit.id], heard[unit.id]),
            )
            for unit in units
        ),
    )


def heard_rows_of(session: Session, unit: Unit) -> list[str]:
    """Keys of a unit's rows that are assessed by hearing a report."""
    framework = framework_of(unit.assessment, unit.framework)
    return _heard_rows(session, [unit], {unit.framework: framework})[unit.id]


def _heard_rows(session: Session, units: Sequence[Unit], frameworks: Mapping[str, Framework]) -> dict[int, list[str]]:
    """By unit, keys of the rows that are assessed by hearing a report: by method, or by choice where there is one."""
    ids = [unit.id for unit in units]
    chosen = {
        (choice.unit_id, choice.row_key): choice.method
        for choice in session.scalars(select(RowChoice).where(RowChoice.unit_id.in_(ids)))
    }
    exempted = {
        (exemption.unit_id, exemption.row_key)
        for exemption in session.scalars(
            select(Exemption).where(Exemption.unit_id.in_(ids), Exemption.cancelled_at.is_(None))
        )
    }
    return {
        unit.id: [
            standard.key
            for standard in (row.standard for row in frameworks[unit.framework].rows())
            if standard.applies([tag.tag for tag in unit.tags])
            and (unit.id, standard.key) not in exempted
            and _is_heard(standard, chosen.get((unit.id, standard.key)))
        ]
        for unit in units
    }


def _is_heard(standard: Standard, choice: str | None) -> bool:
    return standard.methods == (Method.HEARING,) or (Method.HEARING in standard.methods and choice == Method.HEARING)


def _done(records: Collection[Proceeding], heard_rows: Collection[str]) -> tuple[bool | None, ...]:
    kinds = {entry.kind for entry in records}
    # A hearing that names no row was about the unit's work as a whole, and so about each of these rows.
    heard = {entry.row_key for entry in records if entry.kind == ProceedingKind.HEARING}
    all_heard = "" in heard or set(heard_rows) <= heard
    feedback = [entry for entry in records if entry.kind == ProceedingKind.FEEDBACK]
    return (
        ProceedingKind.REPORT in kinds,
        all_heard if heard_rows else None,
        ProceedingKind.INSPECTION in kinds,
        ProceedingKind.TALK in kinds,
        bool(feedback),
        bool(feedback) and all(entry.acknowledged_at is not None for entry in feedback),
    )


def to_csv(board: ProceedingBoard) -> bytes:
    """A line per unit; UTF-8 with a BOM, which Excel wants."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(("单位", "类别", *STEPS))
    for unit in board.units:
        writer.writerow((harmless(unit.name), harmless(unit.category), *(_WORDS[done] for done in unit.done)))
    return target.getvalue().encode("utf-8-sig")
