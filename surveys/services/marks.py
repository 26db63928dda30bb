"""Entering marks. On the democratic row a mark proposes another value than the poll's (see `democratic`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.catalog.model import Framework, Method, Standard
from surveys.scoring.assignment import marking_departments
from surveys.scoring.marks import BadPoints, parse_points
from surveys.scoring.score_sheet import Kind
from surveys.services import audit
from surveys.services.actors import Actor, Permission
from surveys.services.assessments import framework_of, unit_of
from surveys.services.errors import BadInput, NotAllowed, NotFound, Refusal, WrongState
from surveys.storage.tables import Mark, Unit


@dataclass(frozen=True)
class MarkEntry:
    """One department's points for one row, as typed."""

    row_key: str
    department: str
    points: str
    remark: str = ""


def enter_marks(session: Session, now: datetime, actor: Actor, unit_id: int, entries: Sequence[MarkEntry]) -> None:
    """Adds the next version of each mark, all or none. Raises NotFound, NotAllowed, WrongState; BadInput names every
    row that is wrong. On the democratic row a mark proposes another value than the poll's, and needs a reason.
    """
    faults = []
    for entry in entries:
        try:
            _add_mark(session, now, actor, unit_id, entry)
        except BadInput as error:
            faults.append(str(error))
        except Refusal:
            session.rollback()
            raise
    if faults:
        session.rollback()
        raise BadInput("\n".join([*faults, "全部没有保存，请改好后一起提交。"]))
    session.commit()


def _add_mark(session: Session, now: datetime, actor: Actor, unit_id: int, entry: MarkEntry) -> None:
    row_key, department = entry.row_key, entry.department
    unit, framework, standard = row_of(session, unit_id, row_key)
    if standard.kind is not Kind.STANDARD or standard.starts_full:
        raise WrongState(f"{row_key} 不直接打分，请登记事件。")
    if department not in departments_of(framework, standard, unit):
        raise NotAllowed(f"{department}不给 {row_key} 打分。")
    if not actor.may(Permission.DECIDE) and actor.department != department:
        raise NotAllowed(f"这一行由{department}打分，您的账号属于{actor.department or '其他部门'}。")
    if Method.DEMOCRATIC in standard.methods and not entry.remark.strip():
        raise BadInput("另定民主测评分须写明理由。")
    try:
        value = parse_points(entry.points, standard.points)
    except BadPoints as error:
        raise BadInput(f"{row_key}：{error}") from None
    last = session.scalar(
        select(func.max(Mark.version)).where(
            Mark.unit_id == unit_id, Mark.row_key == row_key, Mark.department == department
        )
    )
    session.add(
        Mark(
            unit_id=unit_id,
            row_key=row_key,
            department=department,
            version=1 if last is None else last + 1,
            points=value,
            remark=entry.remark.strip(),
            account_id=actor.account_id,
            made_at=now,
        )
    )
    audit.record(
        session, now, actor, "mark.enter", f"{unit.name} {row_key}", f"{department} {value} {entry.remark}".strip()
    )


def departments_of(framework: Framework, standard: Standard, unit: Unit) -> tuple[str, ...]:
    """Who marks this row of this unit (回避 considered). Another value of the democratic row is one department's."""
    found = marking_departments(
        standard.departments, unit.department, framework.lead_department, framework.default_department
    )
    return found[:1] if Method.DEMOCRATIC in standard.methods else found


def row_of(session: Session, unit_id: int, row_key: str) -> tuple[Unit, Framework, Standard]:
    """The row of the unit's framework, if it applies to the unit. Raises NotFound, WrongState."""
    unit = unit_of(session, unit_id)
    framework = framework_of(unit.assessment, unit.framework)
    for row in framework.rows():
        if row.standard.key == row_key:
            if not row.standard.applies([tag.tag for tag in unit.tags]):
                raise WrongState(f"{row_key} 不适用于{unit.name}。")
            return unit, framework, row.standard
    raise NotFound(f"测评体系中没有 {row_key} 这一行。")
