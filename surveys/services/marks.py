"""Entering what decides a row: marks, ledger events, exemptions, the confirmed democratic value."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

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
from surveys.storage.tables import Event, Exemption, Mark, Unit

SHORTEST_BASIS = 10
"""Characters of the reason a comprehensive mark (综合评定) needs."""


@dataclass(frozen=True)
class MarkEntry:
    """One department's points for one row, as typed."""

    row_key: str
    department: str
    points: str
    remark: str = ""


def enter_marks(session: Session, now: datetime, actor: Actor, unit_id: int, entries: Sequence[MarkEntry]) -> None:
    """Adds the next version of each mark, all or none. Raises NotFound, NotAllowed, WrongState; BadInput names every
    row that is wrong. On the democratic row a mark confirms another value than the poll's, and needs a reason.
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
    unit, framework, standard = _row(session, unit_id, row_key)
    if standard.kind is not Kind.STANDARD or standard.starts_full:
        raise WrongState(f"{row_key} 不直接打分，请登记事件。")
    if department not in departments_of(framework, standard, unit):
        raise NotAllowed(f"{department}不给 {row_key} 打分。")
    if not actor.may(Permission.DECIDE) and actor.department != department:
        raise NotAllowed(f"这一行由{department}打分，您的账号属于{actor.department or '其他部门'}。")
    if Method.DEMOCRATIC in standard.methods and not entry.remark.strip():
        raise BadInput("确认民主测评分须写明理由。")
    if Method.COMPREHENSIVE in standard.methods and len("".join(entry.remark.split())) < SHORTEST_BASIS:
        raise BadInput(f"{row_key}：综合评定须写明依据的日常情况和理由，至少 {SHORTEST_BASIS} 个字。")
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


@dataclass(frozen=True)
class EventEntry:
    """A ledger event as entered. `points` is empty for a veto."""

    row_key: str
    points: str
    happened_on: date
    document: str
    reason: str


def record_event(session: Session, now: datetime, actor: Actor, unit_id: int, entry: EventEntry) -> int:
    """Enters a bonus, deduction, loss or veto. Raises NotFound, NotAllowed, BadInput, WrongState."""
    _must_decide(actor)
    unit, _, standard = _row(session, unit_id, entry.row_key)
    if standard.kind is Kind.STANDARD and not standard.starts_full:
        raise WrongState(f"{entry.row_key} 直接打分，不登记事件。")
    if not entry.reason.strip() or not entry.document.strip():
        raise BadInput("请写明事由和依据文件。")
    event = Event(
        unit_id=unit_id,
        row_key=entry.row_key,
        points=_event_points(standard, entry.points),
        happened_on=entry.happened_on,
        document=entry.document.strip(),
        reason=entry.reason.strip(),
        account_id=actor.account_id,
        made_at=now,
    )
    session.add(event)
    detail = f"{event.points} {event.document} {event.reason}"
    audit.record(session, now, actor, "event.record", f"{unit.name} {entry.row_key}", detail)
    session.commit()
    return event.id


def _event_points(standard: Standard, text: str) -> Decimal:
    if standard.kind is Kind.VETO:
        return Decimal(0)
    try:
        points = parse_points(text, standard.points)
    except BadPoints as error:
        raise BadInput(f"{standard.key}：{error}") from None
    if points == 0:
        raise BadInput(f"{standard.key}：分数须大于 0。")
    return points


def cancel_event(session: Session, now: datetime, actor: Actor, unit_id: int, event_id: int, reason: str) -> None:
    """Takes an event back, with a reason; it stays in the ledger. Raises NotFound, NotAllowed, BadInput, WrongState."""
    _must_decide(actor)
    event = session.get(Event, event_id)
    if event is None or event.unit_id != unit_id:
        raise NotFound("这个单位没有这条事件。")
    if event.cancelled_at is not None:
        raise WrongState("这条事件已经撤销。")
    if not reason.strip():
        raise BadInput("请写明撤销的理由。")
    event.cancelled_at = now
    event.cancel_reason = reason.strip()
    subject = f"{unit_of(session, unit_id).name} {event.row_key}"
    audit.record(session, now, actor, "event.cancel", subject, reason.strip())
    session.commit()


def exempt(
    session: Session, now: datetime, actor: Actor, unit_id: int, row_key: str, reason: str, document: str
) -> None:
    """Takes a row out of a unit's base by decision. Raises NotFound, NotAllowed, BadInput, WrongState."""
    _must_decide(actor)
    unit, _, standard = _row(session, unit_id, row_key)
    if standard.kind is not Kind.STANDARD:
        raise WrongState(f"{row_key} 不计入基础分，不用免考。")
    standing = select(Exemption.id).where(
        Exemption.unit_id == unit_id, Exemption.row_key == row_key, Exemption.cancelled_at.is_(None)
    )
    if session.scalar(standing) is not None:
        raise WrongState(f"{row_key} 已经免考。")
    if not reason.strip() or not document.strip():
        raise BadInput("请写明免考的理由和依据文件。")
    session.add(
        Exemption(
            unit_id=unit_id,
            row_key=row_key,
            reason=reason.strip(),
            document=document.strip(),
            account_id=actor.account_id,
            made_at=now,
        )
    )
    audit.record(session, now, actor, "row.exempt", f"{unit.name} {row_key}", f"{document.strip()} {reason.strip()}")
    session.commit()


def departments_of(framework: Framework, standard: Standard, unit: Unit) -> tuple[str, ...]:
    """Who marks this row of this unit (回避 considered)."""
    return marking_departments(
        standard.departments, unit.department, framework.lead_department, framework.default_department
    )


def _must_decide(actor: Actor) -> None:
    if not actor.may(Permission.DECIDE):
        raise NotAllowed("只有管理员可以登记事件、免考和撤销。")


def _row(session: Session, unit_id: int, row_key: str) -> tuple[Unit, Framework, Standard]:
    """The row of the unit's framework, if it applies to the unit."""
    unit = unit_of(session, unit_id)
    framework = framework_of(unit.assessment, unit.framework)
    for row in framework.rows():
        if row.standard.key == row_key:
            if not row.standard.applies([tag.tag for tag in unit.tags]):
                raise WrongState(f"{row_key} 不适用于{unit.name}。")
            return unit, framework, row.standard
    raise NotFound(f"测评体系中没有 {row_key} 这一行。")
