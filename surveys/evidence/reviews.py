"""Reviewing material: accept it, send it back, or ask for more, each with its history; the newest stands."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.acts import audit
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import BadInput, NotFound, WrongState
from surveys.acts.limits import LONGEST_REASON
from surveys.acts.permitted import permitted
from surveys.acts.site import Site
from surveys.evidence.checklists import ItemState, RowChecklist, UnitChecklist, assessment_checklists, unit_checklist
from surveys.evidence.materials import Download, download, subject
from surveys.season import shut
from surveys.season.assessments import assessment_of, held_assessment, unit_of
from surveys.season.shut import Act
from surveys.storage.tables import Assessment, Material, Review, Unit


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    MORE = "more"

    @property
    def label(self) -> str:
        return {"accepted": "通过", "rejected": "退回", "more": "要求补充"}[self.value]


@dataclass(frozen=True)
class WaitingRow:
    """A row of a unit in which something waits for review."""

    unit: Unit
    row: RowChecklist
    waiting: int
    late: int
    since: datetime


@dataclass(frozen=True)
class Desk:
    """What a reviewer sees of an assessment. `waiting`: by department, what has waited longest first."""

    assessment: Assessment
    units: tuple[UnitChecklist, ...]
    waiting: dict[str, list[WaitingRow]]


@permitted(Permission.REVIEW)
def desk(session: Session, actor: Actor, assessment_id: int) -> Desk:
    """Raises NotFound. `units` hold only the rows that the actor reviews."""
    assessment = assessment_of(session, assessment_id)
    units = [_own_rows(actor, each) for each in assessment_checklists(session, assessment)]
    waiting: dict[str, list[WaitingRow]] = {}
    for checklist in units:
        for row in checklist.rows:
            line = _waiting(checklist.unit, row)
            for department in row.departments if line else ():
                if line and (actor.may(Permission.DECIDE) or department == actor.department):
                    waiting.setdefault(department, []).append(line)
    for lines in waiting.values():
        lines.sort(key=lambda line: line.since)
    return Desk(assessment, tuple(units), waiting)


def _waiting(unit: Unit, row: RowChecklist) -> WaitingRow | None:
    found = [each.material for each in row.handed if each.state is ItemState.WAITING]
    if not found:
        return None
    late = sum(material.late for material in found)
    return WaitingRow(unit, row, len(found), late, min(material.made_at for material in found))


@permitted(Permission.REVIEW)
def unit_desk(session: Session, actor: Actor, unit_id: int) -> UnitChecklist:
    """A unit's checklist with the rows that the actor reviews. Raises NotFound."""
    return _own_rows(actor, unit_checklist(session, unit_of(session, unit_id)))


@permitted(Permission.REVIEW)
def row_desk(session: Session, actor: Actor, unit_id: int, row_key: str) -> tuple[UnitChecklist, RowChecklist]:
    """Raises NotFound, also for a row that another department reviews."""
    checklist = unit_desk(session, actor, unit_id)
    return checklist, checklist.row(row_key)


@permitted(Permission.REVIEW)
def place_of(session: Session, actor: Actor, material_id: int) -> Material:
    """A material that the actor reviews, for its unit and row. Raises NotFound."""
    return _reviewable(session, actor, material_id)


@permitted(Permission.REVIEW)
def file_to_review(site: Site, actor: Actor, material_id: int) -> Download:
    """Raises NotFound, also for what another department reviews and for what was withdrawn."""
    with site.database.reading() as session:
        material = _reviewable(session, actor, material_id)
    return download(site, material)


@permitted(Permission.REVIEW)
def review(
    session: Session, now: datetime, actor: Actor, material_id: int, verdict: Verdict, reason: str, seen: int
) -> Material:
    """Adds a verdict. `seen`: the newest review that the reviewer has read, 0 for none.

    Raises NotFound, WrongState, BadInput.
    """
    material = _reviewable(session, actor, material_id, lock=True)
    if material.withdrawn_at is not None:
        raise WrongState("报送单位刚刚撤回了这份材料，不用审核了。")
    unit = unit_of(session, material.unit_id)
    shut.require(unit.assessment, Act.REVIEW)
    newest = session.scalar(select(func.max(Review.id)).where(Review.material_id == material_id)) or 0
    if newest != seen:
        raise WrongState("这份材料刚才已由别人审核，您的意见没有保存。请看了最新的意见再定。")
    reason = reason.strip()
    if verdict is not Verdict.ACCEPTED and not reason:
        raise BadInput(f"{verdict.label}须写明理由，报送单位要照着改。")
    if len(reason) > LONGEST_REASON:
        raise BadInput(f"理由最多 {LONGEST_REASON} 个字。")
    session.add(
        Review(
            material_id=material_id,
            verdict=verdict.value,
            reason=reason,
            account_id=actor.account_id,
            made_at=now,
        )
    )
    detail = f"{verdict.label} {material.name} {reason}".strip()
    audit.record(session, now, actor, "material.review", subject(unit, material.row_key), detail)
    session.commit()
    return material


def _own_rows(actor: Actor, checklist: UnitChecklist) -> UnitChecklist:
    """回避 lies in a row's departments: the unit's own is never among them."""
    if actor.may(Permission.DECIDE):
        return checklist
    rows = tuple(row for row in checklist.rows if actor.department in row.departments)
    return UnitChecklist(checklist.unit, checklist.assessment, checklist.framework, rows)


def _reviewable(session: Session, actor: Actor, material_id: int, *, lock: bool = False) -> Material:
    material = session.get(Material, material_id)
    if material is None or material.objection_id is not None:
        raise NotFound("没有这份材料。")
    if lock:
        held_assessment(session, unit_of(session, material.unit_id).assessment_id)
        session.refresh(material, with_for_update=True)
    unit_desk(session, actor, material.unit_id).row(material.row_key)
    return material
