"""Recording what the assessment group did with a unit (document, section 四).

Records are append-only. A correction is a new record, and so is a withdrawal: the first line of its body, which the
service writes and nobody can type, names the record it takes the place of.
"""

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from io import BytesIO

from sqlalchemy import update
from sqlalchemy.orm import Session

from surveys.acts import audit
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import BadInput, NotAllowed, NotFound, WrongState
from surveys.acts.permitted import permitted
from surveys.acts.reasons import written
from surveys.evidence.materials import room_on_disk
from surveys.evidence.proceeding_records import (
    SHARED,
    ProceedingKind,
    ProceedingRecord,
    all_records,
    in_group,
    own_feedback,
    readable,
    rows_marked_by,
)
from surveys.evidence.uploads.photos import MEDIA_TYPE, BadPhoto, clean_photo
from surveys.evidence.uploads.speakers import speaker_hints
from surveys.season import shut
from surveys.season.assessments import framework_of, held_assessment, unit_of
from surveys.season.shut import Act
from surveys.storage.files import Files
from surveys.storage.tables import Proceeding, Unit

LONGEST_BODY, LONGEST_PEOPLE = 5000, 200
_EARLIEST = date(2000, 1, 1)
_AHEAD = timedelta(hours=14)  # today's date, where it is latest
_TYPED_AMENDS = re.compile(r"\s*(更正|撤回)\s*第\s*\d+\s*号")


@dataclass(frozen=True)
class Photo:
    """Drawn afresh by `cleaned`: it says nothing but what is to be seen on it."""

    data: bytes = field(repr=False)


def cleaned(data: bytes) -> Photo:
    """Raises BadInput. Call it outside a transaction: it takes seconds, and on SQLite voters would wait for it."""
    try:
        return Photo(clean_photo(data))
    except BadPhoto as error:
        raise BadInput(str(error)) from None


class SpeakerNamed(BadInput):
    """Notes of a talk that may give away who spoke: refused until somebody has looked again."""


@dataclass(frozen=True)
class ProceedingEntry:
    """A record as entered. `row_key`: the row it is about, or empty. `corrects`: the record it takes the place of.

    `anonymous`: who enters a talk has looked and found nobody named in it.
    """

    kind: ProceedingKind
    held_on: date
    people: str
    body: str = field(repr=False)
    row_key: str = ""
    photo: Photo | None = None
    corrects: int | None = None
    anonymous: bool = False


_INSPECTION = re.compile(r"检查对象：(.*)\n地点：(.*)\n检查情况：(.*)", re.DOTALL)


def inspection_parts(text: str) -> tuple[str, str, str]:
    """(what, where, finding): what `inspection_body` was made of."""
    match = _INSPECTION.fullmatch(text)
    return ("", "", text) if match is None else (match[1], match[2], match[3])


def inspection_body(what: str, where: str, finding: str) -> str:
    """The text of an inspection. Raises BadInput when a part is missing."""
    parts = {"检查对象": what, "地点": where, "检查情况": finding}
    for label, text in parts.items():
        if not text.strip():
            raise BadInput(f"请填写{label}。")
    return "\n".join(f"{label}：{text.strip()}" for label, text in parts.items())


@permitted(Permission.REVIEW)
def record_proceeding(
    session: Session, now: datetime, actor: Actor, photos: Files, unit_id: int, entry: ProceedingEntry
) -> int:
    """Adds a record. Raises NotFound, NotAllowed, BadInput (SpeakerNamed), WrongState.

    The group records everything; another assessor, hearings and inspections about rows of the own department. The
    audit log says that a talk was recorded, and nothing of it.
    """
    unit = _open_unit(session, unit_id)
    _must_be_allowed(actor, unit, entry)
    _check_texts(now, entry)
    if entry.kind is ProceedingKind.TALK:
        _check_anonymous(unit, entry)
    if entry.photo is not None and entry.kind is not ProceedingKind.INSPECTION:
        raise BadInput("只有检查记录可以附照片。")
    body = entry.body.strip()
    if entry.corrects is not None:
        old = _standing(session, unit, entry.corrects, entry.kind)
        body = f"更正第 {old.id} 号记录。\n{body}"
    proceeding = _proceeding(now, actor, unit, entry.kind, entry.held_on, entry.people.strip(), body)
    proceeding.row_key = entry.row_key
    if entry.photo is not None:
        # Before the commit: a file without a record harms nobody, a record without its file does.
        with room_on_disk():
            proceeding.digest = photos.keep(BytesIO(entry.photo.data)).digest
        proceeding.media_type = MEDIA_TYPE
    return _added(session, now, actor, unit, proceeding, "proceeding.add")


@permitted(Permission.REVIEW)
def withdraw(session: Session, now: datetime, actor: Actor, unit_id: int, proceeding_id: int, reason: str) -> int:
    """Takes a record back with a reason; both stay. Raises NotFound, NotAllowed, BadInput, WrongState."""
    unit = _open_unit(session, unit_id)
    found = readable(session, actor, unit, proceeding_id)
    kind = ProceedingKind(found.kind)
    _must_be_allowed(actor, unit, ProceedingEntry(kind, found.held_on, "", "", found.row_key))
    old = _standing(session, unit, proceeding_id, kind)
    reason = written(reason, "请写明撤回的理由。", most=LONGEST_BODY)
    if kind is ProceedingKind.TALK and speaker_hints(reason, [leader.name for leader in unit.leaders]):
        raise BadInput("撤回的理由里不要写人名，也不要写谁说了什么。")
    body = f"撤回第 {old.id} 号记录。\n{reason}"
    proceeding = _proceeding(now, actor, unit, kind, old.held_on, old.people, body)
    proceeding.row_key = old.row_key
    return _added(session, now, actor, unit, proceeding, "proceeding.withdraw")


@permitted(Permission.SEE_OWN_UNIT)
def acknowledge(session: Session, now: datetime, actor: Actor, proceeding_id: int) -> None:
    """The unit's reporter has received a feedback. Raises NotFound, NotAllowed, WrongState."""
    found = next((record for record in own_feedback(session, actor) if record.id == proceeding_id), None)
    if found is None:
        raise NotFound("您的单位没有这条反馈。")
    if not found.stands:
        raise WrongState("这条反馈已经更正或撤回，不用签收。")
    changed = session.execute(
        update(Proceeding)
        .where(Proceeding.id == proceeding_id, Proceeding.acknowledged_at.is_(None))
        .values(acknowledged_at=now, acknowledged_by=actor.account_id)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        session.rollback()
        raise WrongState("这条反馈已经签收。")
    audit.record(session, now, actor, "feedback.acknowledge", unit_of(session, found.unit_id).name)
    session.commit()


def _standing(session: Session, unit: Unit, proceeding_id: int, kind: ProceedingKind) -> ProceedingRecord:
    """The record of this kind that may be corrected or withdrawn. Raises NotFound, WrongState."""
    old = next((record for record in all_records(session, unit, kind) if record.id == proceeding_id), None)
    if old is None:
        raise NotFound(f"这个单位没有第 {proceeding_id} 号{kind.label}记录。")
    if not old.stands:
        raise WrongState(f"第 {proceeding_id} 号记录已经更正或撤回，请在最新的那条上改。")
    return old


def _must_be_allowed(actor: Actor, unit: Unit, entry: ProceedingEntry) -> None:
    framework = framework_of(unit.assessment, unit.framework)
    tags = [tag.tag for tag in unit.tags]
    rows = {row.standard.key: row.standard for row in framework.rows()}
    if entry.row_key and (entry.row_key not in rows or not rows[entry.row_key].applies(tags)):
        raise BadInput(f"{unit.name}没有 {entry.row_key} 这一行。")
    if in_group(actor, framework):
        return
    if entry.kind not in SHARED:
        raise NotAllowed(f"{entry.kind.label}由{framework.default_department}或管理员登记。")
    if entry.row_key not in rows_marked_by(actor, framework, unit):
        raise NotAllowed("您的部门只登记与本部门打分的行有关的记录，请选一行。")


def _open_unit(session: Session, unit_id: int) -> Unit:
    unit = unit_of(session, unit_id)
    held_assessment(session, unit.assessment_id)
    # Locked: of two corrections of one record at once, the later is told.
    session.refresh(unit, with_for_update=True)
    shut.require(unit.assessment, Act.PROCEEDING)
    return unit


def _check_texts(now: datetime, entry: ProceedingEntry) -> None:
    if not _EARLIEST <= entry.held_on <= (now + _AHEAD).date():
        raise BadInput(f"日期 {entry.held_on} 不对，请填实际发生的日期，不能是今天以后。")
    if not entry.people.strip() or len(entry.people) > LONGEST_PEOPLE:
        raise BadInput(f"请填写参加的人，最多 {LONGEST_PEOPLE} 个字。")
    if not entry.body.strip() or len(entry.body) > LONGEST_BODY:
        raise BadInput(f"请填写内容，最多 {LONGEST_BODY} 个字。")
    if _TYPED_AMENDS.match(entry.body):
        raise BadInput("内容不能以“更正第几号”“撤回第几号”开头：请用那条记录旁的“更正”或“撤回”。")


def _check_anonymous(unit: Unit, entry: ProceedingEntry) -> None:
    hints = speaker_hints(f"{entry.people}\n{entry.body}", [leader.name for leader in unit.leaders])
    if hints and not entry.anonymous:
        raise SpeakerNamed(
            "\n".join(["谈话记录不写谈话人是谁。请再看一遍：", *hints, "确实没有写出谈话人的，勾选后再保存。"])
        )


def _proceeding(
    now: datetime, actor: Actor, unit: Unit, kind: ProceedingKind, held_on: date, people: str, body: str
) -> Proceeding:
    return Proceeding(
        unit_id=unit.id,
        row_key="",
        kind=kind.value,
        held_on=held_on,
        people=people,
        body=body,
        digest=None,
        media_type="",
        account_id=actor.account_id,
        made_at=now,
        acknowledged_at=None,
        acknowledged_by=None,
    )


def _added(session: Session, now: datetime, actor: Actor, unit: Unit, proceeding: Proceeding, act: str) -> int:
    session.add(proceeding)
    session.flush()
    kind = ProceedingKind(proceeding.kind)
    detail = kind.label
    if kind is not ProceedingKind.TALK:
        about = f" {proceeding.row_key}" if proceeding.row_key else ""
        detail = f"第 {proceeding.id} 号 {kind.label} {proceeding.held_on}{about}"
    audit.record(session, now, actor, act, unit.name, detail)
    session.commit()
    return proceeding.id
