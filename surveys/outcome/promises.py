"""Promises made by answers: an accepted objection is to be corrected, more material was asked for. Each stands open
until it is carried out, or closed with a reason that the unit sees."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from surveys.acts import audit
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import NotFound, WrongState
from surveys.acts.permitted import permitted
from surveys.evidence import requests
from surveys.outcome import versions
from surveys.outcome.score_record import ScoreRecord
from surveys.scoring.assessment_states import ObjectionState
from surveys.storage.tables import Assessment, Objection, Unit


@dataclass(frozen=True)
class Promise:
    """An open one. `objection_id`: of an accepted objection; None where more material was asked for on the row."""

    unit_id: int
    row_key: str
    objection_id: int | None
    words: str


def open_promises(session: Session, assessment: Assessment, live: Callable[[], ScoreRecord]) -> list[Promise]:
    """All that stand open. `live`: all sheets as they are, where they are needed. Raises Imbalance."""
    return [*_to_correct(session, assessment, live), *_asked(session, assessment)]


def uncorrected(
    session: Session, assessment_id: int, record: Callable[[], ScoreRecord], *conditions: ColumnElement[bool]
) -> list[Objection]:
    """The accepted objections that are not closed, and whose row is decided in this record by the same as in the
    version that was objected to. `record`: called where there are any. Raises Imbalance."""
    accepted = _accepted(session, assessment_id, *conditions)
    if not accepted:
        return []
    numbers = {each.version for each in accepted}
    then = {number: versions.version(session, assessment_id, number).record for number in numbers}
    now = record()
    return [each for each in accepted if _ground(now, each) == _ground(then[each.version], each)]


def uncorrected_ids(
    session: Session, assessment_id: int, record: Callable[[], ScoreRecord], *conditions: ColumnElement[bool]
) -> set[int]:
    """As `uncorrected`."""
    return {each.id for each in uncorrected(session, assessment_id, record, *conditions)}


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


def _ground(record: ScoreRecord, objection: Objection) -> tuple[object, ...] | None:
    """What the points of the row rest on, and nothing of the words around it; None where the row is gone."""
    try:
        row = record.unit(objection.unit_id).row(objection.row_key)
    except NotFound:
        return None
    return (
        row.state,
        row.got,
        row.chosen,
        sorted((mark.department, mark.version) for mark in row.marks),
        sorted((event.id, event.appeal, event.cancelled_at) for event in row.events),
        row.exemption and (row.exemption.document, row.exemption.at),
        row.vote and row.vote.poll.seal,
        sorted(poll.seal for poll in row.set_aside),
    )


def _to_correct(session: Session, assessment: Assessment, live: Callable[[], ScoreRecord]) -> list[Promise]:
    names = {unit.id: unit.name for unit in assessment.units}
    words = "{} {} 的申诉已接受，还没有改正。请改正，或写明理由了结。"
    return [
        Promise(each.unit_id, each.row_key, each.id, words.format(names[each.unit_id], each.row_key))
        for each in uncorrected(session, assessment.id, live)
    ]


def _asked(session: Session, assessment: Assessment) -> list[Promise]:
    return [Promise(each.unit_id, each.row_key, None, each.words) for each in requests.asked(session, assessment)]


@permitted(Permission.DECIDE)
def close_objection(
    session: Session, now: datetime, actor: Actor, unit_id: int, objection_id: int, reason: str
) -> None:
    """Closes an accepted objection without a correction. Raises NotFound, NotAllowed, WrongState, BadInput."""
    unit, assessment = requests.closing(session, actor, unit_id)
    objection = session.get(Objection, objection_id, populate_existing=True)
    if objection is None or objection.unit_id != unit_id:
        raise NotFound("这个单位没有这条申诉。")
    if objection.state != ObjectionState.ACCEPTED:
        raise WrongState("只有已接受的申诉才用了结。")
    if objection.closed_at is not None:
        raise WrongState("这条申诉已经了结。")
    if not uncorrected(
        session, assessment.id, lambda: versions.live_record(session, assessment.id), Objection.id == objection_id
    ):
        raise WrongState(f"{objection.row_key} 已经改正，不用了结。")
    requests.close(objection, now, actor, reason)
    audit.record(session, now, actor, "objection.close", f"{unit.name} {objection.row_key}", reason.strip())
    session.commit()
