"""More material that was asked for: it stands open until it is handed in and reviewed, or closed with a reason that the
unit sees."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts import audit
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import NotFound, WrongState
from surveys.acts.permitted import permitted
from surveys.acts.reasons import written
from surveys.evidence.checklists import Item, ItemState, RowChecklist, UnitChecklist, checklists_of, unit_checklist
from surveys.evidence.materials import subject
from surveys.scoring.assessment_states import AssessmentState
from surveys.season.assessments import locked_assessment, unit_of
from surveys.storage.tables import Assessment, Material, Objection, Review, Unit


@dataclass(frozen=True)
class Asked:
    """A request that stands open."""

    unit_id: int
    row_key: str
    words: str


def asked(session: Session, assessment: Assessment) -> list[Asked]:
    """Where more material was asked for and no later verdict given. A row that takes no material any more asks none."""
    asked = (
        select(Material.unit_id)
        .join(Review, Review.material_id == Material.id)
        .join(Unit, Unit.id == Material.unit_id)
        .where(Unit.assessment_id == assessment.id, Review.verdict == ItemState.MORE, Review.closed_at.is_(None))
    )
    units = session.scalars(select(Unit).where(Unit.id.in_(asked)).order_by(Unit.position, Unit.id)).all()
    return [
        Asked(checklist.unit.id, row.key, _asked_words(checklist, row, item))
        for checklist in checklists_of(session, assessment, units)
        for row in checklist.rows
        if row.open
        for item in row.items
        if item.asked is not None
    ]


def _asked_words(checklist: UnitChecklist, row: RowChecklist, item: Item) -> str:
    where = f"{checklist.unit.name} {row.key or row.title}{f' 第 {item.number} 项' if item.number else ''}"
    if item.waits:
        return f"{where}要求补充材料，补交的还没有审核。请审核，或写明理由了结。"
    return f"{where}要求补充材料，还没有补交。请催交后审核，或写明理由了结。"


@permitted(Permission.DECIDE)
def close_request(session: Session, now: datetime, actor: Actor, material_id: int, reason: str, seen: int) -> Material:
    """Asks no more material any longer. `seen`: the newest review that was read. Raises NotFound, NotAllowed,
    WrongState, BadInput."""
    material = session.get(Material, material_id)
    if material is None or material.objection_id is not None:
        raise NotFound("没有这份材料。")
    unit, _ = closing(session, actor, material.unit_id)
    asked = unit_checklist(session, unit).row(material.row_key).item(material.item).asked
    if asked is None or asked.material.id != material_id or asked.seen != seen:
        raise WrongState("这一项的意见刚刚有改动，没有了结。请看了最新的意见再定。")
    close(asked.said[-1].review, now, actor, reason)
    audit.record(session, now, actor, "material.close", subject(unit, material.row_key), reason.strip())
    session.commit()
    return material


def closing(session: Session, actor: Actor, unit_id: int) -> tuple[Unit, Assessment]:
    """The unit and its assessment, locked, where somebody may still close what was promised there. Raises NotFound,
    NotAllowed, WrongState."""
    unit = unit_of(session, unit_id)
    assessment = locked_assessment(session, unit.assessment_id)
    state = AssessmentState(assessment.state)
    if state.is_final:
        raise WrongState(f"考核{state.label}，什么都不能再改。")
    return unit, assessment


def close(promise: Objection | Review, now: datetime, actor: Actor, reason: str) -> None:
    """Raises BadInput."""
    reason = written(reason, "请写明了结的理由，单位会看到。")
    promise.closed_reason, promise.closed_by, promise.closed_at = reason, actor.account_id, now
