"""Promises made by answers: an accepted objection is to be corrected, more material was asked for. Each stands open
until it is carried out, or closed with a reason that the unit sees."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from surveys.acts import audit
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import BadInput, NotAllowed, NotFound, WrongState
from surveys.evidence.checklists import Item, ItemState, RowChecklist, UnitChecklist, checklists_of, unit_checklist
from surveys.evidence.materials import subject
from surveys.outcome import versions
from surveys.scoring.assessment_states import AssessmentState, ObjectionState
from surveys.season.assessments import locked_assessment, unit_of
from surveys.storage.tables import Assessment, Document, Material, Objection, Review, Unit

LONGEST = 500


@dataclass(frozen=True)
class Promise:
    """An open one. `objection_id`: of an accepted objection; None where more material was asked for on the row."""

    unit_id: int
    row_key: str
    objection_id: int | None
    words: str


def open_promises(session: Session, assessment: Assessment, live: Callable[[], Document]) -> list[Promise]:
    """All that stand open. `live`: all sheets as they are, where they are needed. Raises Imbalance."""
    return [*_to_correct(session, assessment, live), *_asked(session, assessment)]


def uncorrected(
    session: Session, assessment_id: int, body: Callable[[], Document], *conditions: ColumnElement[bool]
) -> list[Objection]:
    """The accepted objections that are not closed, and whose row is decided in this body by the same as in the version
    that was objected to. `body`: called where there are any. Raises Imbalance."""
    accepted = _accepted(session, assessment_id, *conditions)
    now = _rows(body()) if accepted else {}
    then = {}
    found = []
    for each in accepted:
        if each.version not in then:
            then[each.version] = _rows(versions.version(session, assessment_id, each.version).body)
        place = each.unit_id, each.row_key
        if place in now and _ground(now[place]) == _ground(then[each.version][place]):
            found.append(each)
    return found


def uncorrected_ids(
    session: Session, assessment_id: int, body: Callable[[], Document], *conditions: ColumnElement[bool]
) -> set[int]:
    """As `uncorrected`."""
    return {each.id for each in uncorrected(session, assessment_id, body, *conditions)}


def _accepted(session: Session, assessment_id: int, *conditions: ColumnElement[bool]) -> Sequence[Objection]:
    query = (
        select(Objection)
        .join(Unit, Unit.id == Objection.unit_id)
        .where(
            Unit.assessment_id == assessment_id,
            Objection.state == ObjectionState.ACCEPTED,
            Objection.closed_at.is_(None),
            *conditions,
        )
    )
    return session.scalars(query.order_by(Unit.position, Unit.id, Objection.id)).all()


def _rows(body: Document) -> dict[tuple[int, str], Document]:
    return {(unit["unit"], row["key"]): row for unit in body["units"] for row in unit["rows"]}


def _ground(record: Document) -> tuple[object, ...]:
    """What a row's points rest on, and nothing of the words around it."""
    vote, exemption = record["democratic"], record["exemption"]
    return (
        record["state"],
        record["got"],
        record["chosen"],
        sorted((mark["department"], mark["version"]) for mark in record["marks"]),
        sorted((event["id"], event["appeal"], event["cancelled_at"]) for event in record["events"]),
        exemption and (exemption["document"], exemption["at"]),
        vote and vote["seal"],
        sorted(poll["seal"] for poll in record.get("set_aside", ())),
    )


def _to_correct(session: Session, assessment: Assessment, live: Callable[[], Document]) -> list[Promise]:
    names = {unit.id: unit.name for unit in assessment.units}
    words = "{} {} 的申诉已接受，还没有改正。请改正，或写明理由了结。"
    return [
        Promise(each.unit_id, each.row_key, each.id, words.format(names[each.unit_id], each.row_key))
        for each in uncorrected(session, assessment.id, live)
    ]


def _asked(session: Session, assessment: Assessment) -> list[Promise]:
    """Where more material was asked for and no later verdict given. A row that takes no material any more asks none."""
    asked = (
        select(Material.unit_id)
        .join(Review, Review.material_id == Material.id)
        .join(Unit, Unit.id == Material.unit_id)
        .where(Unit.assessment_id == assessment.id, Review.verdict == ItemState.MORE, Review.closed_at.is_(None))
    )
    units = session.scalars(select(Unit).where(Unit.id.in_(asked)).order_by(Unit.position, Unit.id)).all()
    return [
        Promise(checklist.unit.id, row.key, None, _asked_words(checklist, row, item))
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


def close_objection(
    session: Session, now: datetime, actor: Actor, unit_id: int, objection_id: int, reason: str
) -> None:
    """Closes an accepted objection without a correction. Raises NotFound, NotAllowed, WrongState, BadInput."""
    unit, assessment = _closing(session, actor, unit_id)
    objection = session.get(Objection, objection_id, populate_existing=True)
    if objection is None or objection.unit_id != unit_id:
        raise NotFound("这个单位没有这条申诉。")
    if objection.state != ObjectionState.ACCEPTED:
        raise WrongState("只有已接受的申诉才用了结。")
    if objection.closed_at is not None:
        raise WrongState("这条申诉已经了结。")
    if not uncorrected(
        session, assessment.id, lambda: versions.live_body(session, assessment.id), Objection.id == objection_id
    ):
        raise WrongState(f"{objection.row_key} 已经改正，不用了结。")
    _close(objection, now, actor, reason)
    audit.record(session, now, actor, "objection.close", f"{unit.name} {objection.row_key}", reason.strip())
    session.commit()


def close_request(session: Session, now: datetime, actor: Actor, material_id: int, reason: str, seen: int) -> Material:
    """Asks no more material any longer. `seen`: the newest review that was read. Raises NotFound, NotAllowed,
    WrongState, BadInput."""
    material = session.get(Material, material_id)
    if material is None or material.objection_id is not None:
        raise NotFound("没有这份材料。")
    unit, _ = _closing(session, actor, material.unit_id)
    asked = unit_checklist(session, unit).row(material.row_key).item(material.item).asked
    if asked is None or asked.material.id != material_id or asked.seen != seen:
        raise WrongState("这一项的意见刚刚有改动，没有了结。请看了最新的意见再定。")
    _close(asked.said[-1].review, now, actor, reason)
    audit.record(session, now, actor, "material.close", subject(unit, material.row_key), reason.strip())
    session.commit()
    return material


def _closing(session: Session, actor: Actor, unit_id: int) -> tuple[Unit, Assessment]:
    if not actor.may(Permission.DECIDE):
        raise NotAllowed("只有管理员可以了结。")
    unit = unit_of(session, unit_id)
    assessment = locked_assessment(session, unit.assessment_id)
    state = AssessmentState(assessment.state)
    if state.is_final:
        raise WrongState(f"考核{state.label}，什么都不能再改。")
    return unit, assessment


def _close(promise: Objection | Review, now: datetime, actor: Actor, reason: str) -> None:
    reason = reason.strip()
    if not reason:
        raise BadInput("请写明了结的理由，单位会看到。")
    if len(reason) > LONGEST:
        raise BadInput(f"理由有 {len(reason)} 个字，最多 {LONGEST} 个字。")
    promise.closed_reason, promise.closed_by, promise.closed_at = reason, actor.account_id, now
