"""The right of reply: a unit agrees with its sheet or objects to a row; the office answers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased

from surveys.acts import audit
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import NotFound, WrongState
from surveys.acts.permitted import permitted
from surveys.acts.reasons import written
from surveys.outcome import promises, versions
from surveys.outcome.versions import Version
from surveys.scoring.assessment_states import AssessmentState, ObjectionState
from surveys.season import shut
from surveys.season.assessments import locked_assessment, unit_of
from surveys.season.shut import Act
from surveys.storage.tables import Account, Agreement, Assessment, Objection, Unit

LONGEST = 2000
SHOWN_TO_UNITS = (AssessmentState.APPEAL, AssessmentState.CERTIFIED, AssessmentState.ARCHIVED)


@permitted(Permission.SEE_OWN_UNIT)
def own_unit(session: Session, actor: Actor, unit_id: int) -> Unit:
    """A reporter's own unit; any other is not there for them. Raises NotFound."""
    if actor.unit_id != unit_id:
        raise NotFound("没有这个页面。")
    return unit_of(session, unit_id)


@permitted(Permission.SEE_OWN_UNIT)
def own_version(session: Session, actor: Actor, unit_id: int) -> Version | None:
    """The version in which a reporter may read the own unit's sheet, None before the appeal.

    Raises NotFound, Imbalance. The whole version is in it: show nothing but `version.unit(unit_id)`.
    """
    unit = own_unit(session, actor, unit_id)
    shown = AssessmentState(unit.assessment.state) in SHOWN_TO_UNITS
    return versions.newest(session, unit.assessment_id) if shown else None


@permitted(Permission.SEE_OWN_UNIT)
def agree(session: Session, now: datetime, actor: Actor, unit_id: int, number: int) -> None:
    """The unit agrees with its sheet in the version that was shown. Raises NotFound, WrongState, NotAllowed."""
    unit, newest = _replying(session, now, actor, unit_id)
    if newest.line.number != number:
        raise WrongState(f"结果已有新的第 {newest.line.number} 版，请看过后再表示同意。")
    objections = objections_of(session, unit_id)
    if any(entry.state is ObjectionState.OPEN for entry in objections):
        raise WrongState("本单位还有申诉没有答复，请等答复后再表示同意。")
    open_ = promises.uncorrected_ids(session, unit.assessment_id, lambda: newest.record, Objection.unit_id == unit_id)
    why = why_not_yet(objections, open_)
    if why is not None:
        raise WrongState(why)
    agreed = agreement_of(session, unit, newest)
    if agreed is not None:
        raise WrongState(f"本单位已经表示同意（第 {agreed.version} 版），不用再提交。")
    assert actor.account_id is not None
    session.add(Agreement(unit_id=unit_id, version=number, account_id=actor.account_id, made_at=now))
    audit.record(session, now, actor, "sheet.agree", unit.name, f"第 {number} 版")
    session.commit()


def why_not_yet(objections: Sequence["Reply"], uncorrected: Collection[int]) -> str | None:
    """Why the unit cannot agree to a sheet in which these are not corrected, in Chinese; None where all are."""
    rows = dict.fromkeys(each.row_key for each in objections if each.id in uncorrected)
    if not rows:
        return None
    return f"{'、'.join(rows)} 的申诉已接受，还没有改正。改正后会形成新版本，那时再表示同意；不改正的，这里会写明理由。"


@permitted(Permission.SEE_OWN_UNIT)
def object_to(session: Session, now: datetime, actor: Actor, unit_id: int, row_key: str, reason: str) -> int:
    """The unit objects to a row of its sheet; the objection's id. Raises NotFound, WrongState, NotAllowed, BadInput."""
    objection = add_objection(session, now, actor, unit_id, row_key, reason)
    session.commit()
    return objection.id


def add_objection(session: Session, now: datetime, actor: Actor, unit_id: int, row_key: str, reason: str) -> Objection:
    """`object_to` within the caller's transaction."""
    unit, newest = _replying(session, now, actor, unit_id)
    reason = _check_objection(session, unit, newest, row_key, reason)
    objection = Objection(
        unit_id=unit_id,
        row_key=row_key,
        version=newest.line.number,
        reason=reason,
        account_id=actor.account_id,
        made_at=now,
        state=ObjectionState.OPEN.value,
        answer="",
    )
    session.add(objection)
    session.flush()
    audit.record(session, now, actor, "objection.make", f"{unit.name} {row_key}", reason)
    return objection


def check_objection(session: Session, now: datetime, actor: Actor, unit_id: int, row_key: str, reason: str) -> None:
    """Raises what `object_to` would raise now, before a large file is taken in for it."""
    unit, newest = _replying(session, now, actor, unit_id, lock=False)
    _check_objection(session, unit, newest, row_key, reason)


def _check_objection(session: Session, unit: Unit, newest: Version, row_key: str, reason: str) -> str:
    """The reason as it is kept."""
    if all(row.key != row_key for row in newest.unit(unit.id).rows):
        raise NotFound(f"本单位的计分表没有 {row_key} 这一行。")
    reason = written(reason, "请写明申诉的理由。", name="申诉理由", most=LONGEST)
    agreed = agreement_of(session, unit, newest)
    if agreed is not None:
        raise WrongState(agreed.ends_objecting(newest.line.number))
    if any(
        entry.row_key == row_key and entry.state is ObjectionState.OPEN for entry in objections_of(session, unit.id)
    ):
        raise WrongState(f"{row_key} 已有一条申诉在等答复，请等答复后再提。")
    return reason


def own_waiting(
    session: Session, now: datetime, actor: Actor, unit_id: int, objection_id: int, *, lock: bool = True
) -> tuple[Unit, Objection]:
    """The own unit and an objection of it that more may be said to: not answered, and in time.

    Raises NotFound, WrongState.
    """
    unit, _ = _replying(session, now, actor, unit_id, lock=lock)
    objection = session.get(Objection, objection_id, populate_existing=True)
    if objection is None or objection.unit_id != unit_id:
        raise NotFound("本单位没有这条申诉。")
    if objection.state != ObjectionState.OPEN:
        raise WrongState("这条申诉已经答复，不能再加或撤回依据。")
    return unit, objection


def _replying(
    session: Session, now: datetime, actor: Actor, unit_id: int, *, lock: bool = True
) -> tuple[Unit, Version]:
    """The own unit and what it replies to; unless told otherwise with the assessment locked in the appeal."""
    unit = own_unit(session, actor, unit_id)
    assessment = locked_assessment(session, unit.assessment_id) if lock else unit.assessment
    shut.require(assessment, Act.REPLY)
    if is_past(now, assessment):
        raise WrongState(f"申诉期到 {assessment.objections_due_on} 为止，已经过了。如有疑问请联系考核办公室。")
    newest = versions.newest(session, assessment.id)
    if newest is None:
        raise NotFound("还没有形成结果。")
    return unit, newest


def is_past(now: datetime, assessment: Assessment) -> bool:
    """Whether the time to reply is over. `now` is in the office's time zone."""
    return assessment.objections_due_on is not None and now.date() > assessment.objections_due_on


def may_reply(now: datetime, unit: Unit) -> bool:
    """Whether the unit may agree or object now. `now` is in the office's time zone."""
    return shut.why_shut(unit.assessment, Act.REPLY) is None and not is_past(now, unit.assessment)


@permitted(Permission.DECIDE)
def answer(
    session: Session, now: datetime, actor: Actor, unit_id: int, objection_id: int, *, accepted: bool, words: str
) -> None:
    """The office's answer. Accepted, the row may be corrected. Raises NotFound, NotAllowed, WrongState, BadInput."""
    unit = unit_of(session, unit_id)
    assessment = locked_assessment(session, unit.assessment_id)
    objection = session.get(Objection, objection_id, populate_existing=True)
    if objection is None or objection.unit_id != unit_id:
        raise NotFound("这个单位没有这条申诉。")
    shut.require(assessment, Act.ANSWER)
    if objection.state != ObjectionState.OPEN:
        raise WrongState("这条申诉已经答复过。")
    words = written(words, "请写明答复，单位会看到。", name="答复", most=LONGEST)
    objection.state = (ObjectionState.ACCEPTED if accepted else ObjectionState.DECLINED).value
    objection.answer = words
    objection.answered_by = actor.account_id
    objection.answered_at = now
    detail = f"{ObjectionState(objection.state).label} {words}"
    audit.record(session, now, actor, "objection.answer", f"{unit.name} {objection.row_key}", detail)
    session.commit()


@dataclass(frozen=True)
class Reply:
    """An objection with the office's answer. `by`, `answered_by`: accounts' names."""

    id: int
    unit_id: int
    unit: str
    row_key: str
    version: int
    reason: str
    by: str
    made_at: datetime
    state: ObjectionState
    answer: str
    answered_by: str | None
    answered_at: datetime | None
    closed_reason: str | None
    closed_by: str | None
    closed_at: datetime | None

    def standing(self, uncorrected: Collection[int]) -> str:
        """How it stands in words. `uncorrected`: ids, see `promises.uncorrected`."""
        if self.state is not ObjectionState.ACCEPTED:
            return self.state.label
        if self.closed_at is not None:
            return f"{self.state.label}，已了结"
        return f"{self.state.label}，{'还没有改正' if self.id in uncorrected else '已改正'}"


def objections_of(session: Session, unit_id: int) -> list[Reply]:
    """A unit's, the oldest first."""
    return _replies(session, Objection.unit_id == unit_id)


def objections_in(session: Session, assessment_id: int) -> list[Reply]:
    """Of all units, those without an answer first."""
    found = _replies(session, Unit.assessment_id == assessment_id)
    return sorted(found, key=lambda reply: (reply.state is not ObjectionState.OPEN, reply.id))


def _replies(session: Session, condition: ColumnElement[bool]) -> list[Reply]:
    maker, answerer, closer = aliased(Account), aliased(Account), aliased(Account)
    query = (
        select(Objection, Unit.name, maker.name, answerer.name, closer.name)
        .join(Unit, Unit.id == Objection.unit_id)
        .outerjoin(maker, maker.id == Objection.account_id)
        .outerjoin(answerer, answerer.id == Objection.answered_by)
        .outerjoin(closer, closer.id == Objection.closed_by)
        .where(condition)
        .order_by(Objection.id)
    )
    return [
        Reply(
            entry.id,
            entry.unit_id,
            unit,
            entry.row_key,
            entry.version,
            entry.reason,
            by or "命令行",
            entry.made_at,
            ObjectionState(entry.state),
            entry.answer,
            answered_by,
            entry.answered_at,
            entry.closed_reason,
            closed_by,
            entry.closed_at,
        )
        for entry, unit, by, answered_by, closed_by in session.execute(query)
    ]


@dataclass(frozen=True)
class Agreed:
    """`version`: the one that was agreed to."""

    version: int
    made_at: datetime

    def ends_objecting(self, newest: int) -> str:
        """In Chinese, for the page and the act."""
        if self.version == newest:
            return f"本单位已经对第 {newest} 版表示同意，不能再申诉。"
        return f"本单位对第 {self.version} 版的同意仍然有效（本单位得分没有变），不用再表示同意，不能再申诉。"


def agreement_of(session: Session, unit: Unit, newest: Version) -> Agreed | None:
    """The unit's agreement that still stands: see `agreed_units`."""
    return _standing(session, unit.assessment_id, newest, Unit.id == unit.id).get(unit.id)


def agreed_units(session: Session, assessment_id: int, newest: Version | None = None) -> set[int]:
    """Units that agreed with what the newest version says of them, in it or in an earlier one that says the same.

    `newest`: if it is at hand.
    """
    newest = newest or versions.newest(session, assessment_id)
    return set() if newest is None else set(_standing(session, assessment_id, newest))


def _standing(
    session: Session, assessment_id: int, newest: Version, *conditions: ColumnElement[bool]
) -> dict[int, Agreed]:
    """By unit, the last agreement that still stands."""
    query = select(Agreement).join(Unit, Unit.id == Agreement.unit_id).where(Unit.assessment_id == assessment_id)
    agreements: dict[int, list[Agreement]] = {}
    for agreement in session.scalars(query.where(*conditions).order_by(Agreement.version)):
        agreements.setdefault(agreement.version, []).append(agreement)
    standing = {}
    now = newest.content.units
    for number, made in agreements.items():
        then = versions.version(session, assessment_id, number).content.units
        for each in made:
            if now[each.unit_id] == then[each.unit_id]:
                standing[each.unit_id] = Agreed(number, each.made_at)
    return standing
