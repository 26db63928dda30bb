"""The ledger: bonus, deduction, loss and veto events, units' contests of them, and rows exempted by decision.

Nothing is deleted: an entry is taken back with a reason and stays readable.
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts import audit, proposals
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import BadInput, NotAllowed, NotFound, WrongState
from surveys.acts.limits import LONGEST_DOCUMENT, LONGEST_REASON
from surveys.acts.permitted import permitted
from surveys.acts.proposals import Draft, ProposalKind, Spot
from surveys.catalog.model import Standard, plain
from surveys.intake.cleaning import clean_line
from surveys.scoring.marks import BadPoints, parse_points
from surveys.scoring.score_sheet import Kind
from surveys.season.assessments import held_assessment, lock_unit, unit_of
from surveys.season.open_rows import require_open
from surveys.season.rows import departments_of, row_of, rows_of_unit
from surveys.storage.tables import Event, Exemption, Unit

_TOLD = ("unit_id", "row_key", "happened_on", "document", "reason", "level", "occasion")
"""What is entered of an event, its points apart: 2 and 2.0 are two texts in the table."""

_MOST = {"依据文件": LONGEST_DOCUMENT, "事项": LONGEST_DOCUMENT, "级别": 40}


class ContestState(StrEnum):
    NONE = "none"
    OPEN = "open"
    UPHELD = "upheld"
    DISMISSED = "dismissed"

    @property
    def label(self) -> str:
        return {"none": "无申诉", "open": "申诉中", "upheld": "申诉成立", "dismissed": "申诉不成立"}[self.value]


@dataclass(frozen=True)
class EventEntry:
    """A ledger event as entered. `points` is empty for a veto. `level`: of a commendation.

    `occasion`: names what happened where it may be entered more than once; of one occasion only the highest counts.
    """

    row_key: str
    points: str
    happened_on: date
    document: str
    reason: str
    level: str = ""
    occasion: str = ""


@permitted(Permission.DECIDE)
def record_event(
    session: Session, now: datetime, actor: Actor, unit_id: int, entry: EventEntry, second: Actor | None = None
) -> int | None:
    """Enters a bonus, deduction, loss or veto; its number, None where it waits for a second hand, which is `second`.
    Raises NotFound, NotAllowed, BadInput, WrongState."""
    held_assessment(session, unit_of(session, unit_id).assessment_id)
    unit, framework, standard = row_of(session, unit_id, entry.row_key)
    points = f" {entry.points.strip()} 分" if standard.kind is not Kind.VETO else ""
    what = "失分" if standard.kind is Kind.STANDARD else standard.kind.label
    draft = Draft(
        ProposalKind.EVENT,
        {"unit": unit_id, **asdict(entry), "happened_on": entry.happened_on.isoformat()},
        [_spot(unit, entry.row_key, f"登记{what}{points}（{entry.document.strip()}，{entry.reason.strip()}）")],
        departments_of(framework, standard, unit),
    )
    enter = partial(_record, session, now, actor, unit, standard, entry, second)
    return proposals.save(session, now, actor, unit.assessment, draft, enter, second)


def _spot(unit: Unit, row_key: str, words: str) -> Spot:
    return Spot(words, unit.id, unit.name, row_key)


def _record(
    session: Session,
    now: datetime,
    actor: Actor,
    unit: Unit,
    standard: Standard,
    entry: EventEntry,
    second: Actor | None,
) -> int:
    unit_id = unit.id
    require_open(session, unit_id, entry.row_key)
    if standard.takes_marks:
        raise WrongState(f"{entry.row_key} 直接打分，不登记事件。")
    if not entry.reason.strip() or not entry.document.strip():
        raise BadInput("请写明事由和依据文件。")
    if entry.level.strip() and standard.kind is not Kind.BONUS:
        raise BadInput(f"{entry.row_key} 不是加分项，不填表彰级别。")
    if entry.happened_on > now.date():
        raise BadInput(f"日期 {entry.happened_on} 还没有到，请填实际发生的日期。")
    event = Event(
        unit_id=unit_id,
        row_key=entry.row_key,
        points=_event_points(standard, entry.points),
        happened_on=entry.happened_on,
        document=_text("依据文件", entry.document),
        reason=_text("事由", entry.reason),
        level=_text("级别", entry.level),
        occasion=_text("事项", entry.occasion),
        account_id=actor.account_id,
        confirmed_by=None if second is None else second.account_id,
        made_at=now,
    )
    _must_be_new(session, now, event)
    session.add(event)
    words = (str(event.points), event.level, event.document, event.reason, event.occasion)
    detail = " ".join(word for word in words if word)
    audit.record(session, now, actor, "event.record", f"{unit.name} {entry.row_key}", detail)
    session.flush()
    return event.id


def _must_be_new(session: Session, now: datetime, event: Event) -> None:
    """Refuses what stands already, letter for letter: a form sent twice. Who else enters for the unit waits."""
    lock_unit(session, event.unit_id)
    told = (getattr(Event, name) == getattr(event, name) for name in _TOLD)
    alike = session.scalars(select(Event).where(Event.cancelled_at.is_(None), *told).order_by(Event.id))
    same = next((each for each in alike if each.points == event.points), None)
    if same is not None:
        points = f" {plain(event.points)} 分" if event.points else ""
        raise BadInput(
            f"{same.made_at.astimezone(now.tzinfo):%Y-%m-%d %H:%M} 已登记过完全一样的事件（{event.document}{points}），"
            "没有再登记一次。确实是另一件事的，请在事由里写明区别。"
        )


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


@permitted(Permission.DECIDE)
def cancel_event(
    session: Session,
    now: datetime,
    actor: Actor,
    unit_id: int,
    event_id: int,
    reason: str,
    second: Actor | None = None,
) -> bool:
    """Takes an event back, with a reason; it stays in the ledger. Whether it is done, or waits for a second hand.
    Raises NotFound, NotAllowed, BadInput, WrongState."""
    event, unit = _standing_event(session, unit_id, event_id)
    draft = Draft(
        ProposalKind.CANCEL_EVENT,
        {"unit": unit_id, "event": event_id, "reason": reason},
        [_spot(unit, event.row_key, f"撤销事件 {_words_of(event)}（{reason.strip()}）")],
        _departments(session, unit_id, event.row_key),
    )
    cancel = partial(_cancel, session, now, actor, event, unit, reason, second)
    return proposals.save(session, now, actor, unit.assessment, draft, cancel, second) is not None


def _cancel(
    session: Session, now: datetime, actor: Actor, event: Event, unit: Unit, reason: str, second: Actor | None
) -> bool:
    require_open(session, unit.id, event.row_key)
    if event.appeal == ContestState.OPEN:
        raise WrongState("这条事件正在申诉。请答复申诉：申诉成立，事件即撤销。")
    event.cancelled_at = now
    event.cancel_reason = proposals.gone_by(second, actor, _reason(reason, "撤销的理由"))
    audit.record(session, now, actor, "event.cancel", f"{unit.name} {event.row_key}", event.cancel_reason)
    return True


def _words_of(event: Event) -> str:
    return f"{event.document} {plain(event.points)} 分" if event.points else event.document


def _departments(session: Session, unit_id: int, row_key: str) -> tuple[str, ...]:
    """Whose row it is, whether or not it applies."""
    rows = rows_of_unit(session, unit_id)
    standard = rows.standards.get(row_key)
    return () if standard is None else departments_of(rows.framework, standard, rows.unit)


@permitted(Permission.DECIDE, Permission.SEE_OWN_UNIT)
def contest(session: Session, now: datetime, actor: Actor, unit_id: int, event_id: int, grounds: str) -> None:
    """Contests a standing event, once: by the unit's reporter, or by an admin on the unit's behalf.

    Raises NotFound, NotAllowed, BadInput, WrongState.
    """
    own = actor.may(Permission.SEE_OWN_UNIT) and actor.unit_id == unit_id
    if not own and not actor.may(Permission.DECIDE):
        raise NotAllowed("只有本单位的报送员，或由管理员代单位，才能提出申诉。")
    event, unit = _standing_event(session, unit_id, event_id)
    require_open(session, unit_id, event.row_key)
    if event.appeal != ContestState.NONE:
        raise WrongState(f"这条事件的申诉状态是“{ContestState(event.appeal).label}”，不能再申诉一次。")
    event.appeal = ContestState.OPEN
    event.appeal_note = f"申诉：{_reason(grounds, '申诉的理由')}"
    audit.record(session, now, actor, "event.appeal", f"{unit.name} {event.row_key}", event.appeal_note)
    session.commit()


@permitted(Permission.DECIDE)
def answer_contest(
    session: Session,
    now: datetime,
    actor: Actor,
    unit_id: int,
    event_id: int,
    *,
    upheld: bool,
    reason: str,
    second: Actor | None = None,
) -> bool:
    """Answers a contest; upheld, the event is cancelled. Whether it is done, or waits for a second hand, as what
    cancels does. Either is part of the row. Raises NotFound, NotAllowed, BadInput, WrongState."""
    event, unit = _standing_event(session, unit_id, event_id)
    answer = partial(_answer, session, now, actor, event, unit, upheld, reason, second)
    if not upheld:
        answer()
        session.commit()
        return True
    draft = Draft(
        ProposalKind.UPHOLD,
        {"unit": unit_id, "event": event_id, "reason": reason},
        [_spot(unit, event.row_key, f"申诉成立，撤销事件 {_words_of(event)}（{reason.strip()}）")],
        _departments(session, unit_id, event.row_key),
    )
    return proposals.save(session, now, actor, unit.assessment, draft, answer, second) is not None


def _answer(
    session: Session,
    now: datetime,
    actor: Actor,
    event: Event,
    unit: Unit,
    upheld: bool,
    reason: str,
    second: Actor | None,
) -> bool:
    require_open(session, unit.id, event.row_key)
    if event.appeal != ContestState.OPEN:
        raise WrongState("这条事件没有等待答复的申诉。")
    answer = proposals.gone_by(second, actor, _reason(reason, "答复的理由"))
    event.appeal = ContestState.UPHELD if upheld else ContestState.DISMISSED
    event.appeal_note += f"\n答复：{answer}"
    if upheld:
        event.cancelled_at = now
        event.cancel_reason = f"申诉成立：{answer}"
    detail = f"{ContestState(event.appeal).label} {answer}"
    audit.record(session, now, actor, "event.answer", f"{unit.name} {event.row_key}", detail)
    return True


@permitted(Permission.DECIDE)
def exempt(
    session: Session,
    now: datetime,
    actor: Actor,
    unit_id: int,
    row_key: str,
    reason: str,
    document: str,
    second: Actor | None = None,
) -> bool:
    """Takes a row out of a unit's base by decision. Whether it is done, or waits for a second hand. Raises NotFound,
    NotAllowed, BadInput, WrongState."""
    held_assessment(session, unit_of(session, unit_id).assessment_id)
    unit, framework, standard = row_of(session, unit_id, row_key)
    draft = Draft(
        ProposalKind.EXEMPT,
        {"unit": unit_id, "row": row_key, "reason": reason, "document": document},
        [_spot(unit, row_key, f"免考（{document.strip()}，{reason.strip()}）")],
        departments_of(framework, standard, unit),
    )
    enter = partial(_exempt, session, now, actor, unit, standard, reason, document, second)
    return proposals.save(session, now, actor, unit.assessment, draft, enter, second) is not None


def _exempt(
    session: Session,
    now: datetime,
    actor: Actor,
    unit: Unit,
    standard: Standard,
    reason: str,
    document: str,
    second: Actor | None,
) -> bool:
    unit_id, row_key = unit.id, standard.key
    require_open(session, unit_id, row_key, preparing=True)
    if standard.kind is not Kind.STANDARD:
        raise WrongState(f"{row_key} 不计入基础分，不用免考。")
    # Two at once: one after the other, so that the second is told.
    lock_unit(session, unit_id)
    standing = select(Exemption.id).where(
        Exemption.unit_id == unit_id, Exemption.row_key == row_key, Exemption.cancelled_at.is_(None)
    )
    if session.scalar(standing) is not None:
        raise WrongState(f"{row_key} 已经免考。")
    if not reason.strip() or not document.strip():
        raise BadInput("请写明免考的理由和依据文件。")
    exemption = Exemption(
        unit_id=unit_id,
        row_key=row_key,
        reason=_text("理由", reason),
        document=_text("依据文件", document),
        account_id=actor.account_id,
        confirmed_by=None if second is None else second.account_id,
        made_at=now,
    )
    session.add(exemption)
    audit.record(
        session, now, actor, "row.exempt", f"{unit.name} {row_key}", f"{exemption.document} {exemption.reason}"
    )
    return True


@permitted(Permission.DECIDE)
def cancel_exemption(
    session: Session,
    now: datetime,
    actor: Actor,
    unit_id: int,
    exemption_id: int,
    reason: str,
    second: Actor | None = None,
) -> bool:
    """Takes an exemption back: the row counts again. Whether it is done, or waits for a second hand. Raises NotFound,
    NotAllowed, BadInput, WrongState."""
    held_assessment(session, unit_of(session, unit_id).assessment_id)
    exemption = session.get(Exemption, exemption_id, with_for_update=True)
    if exemption is None or exemption.unit_id != unit_id:
        raise NotFound("这个单位没有这条免考。")
    unit = unit_of(session, unit_id)
    draft = Draft(
        ProposalKind.CANCEL_EXEMPTION,
        {"unit": unit_id, "exemption": exemption_id, "reason": reason},
        [_spot(unit, exemption.row_key, f"撤销免考（{reason.strip()}）")],
        _departments(session, unit_id, exemption.row_key),
    )
    cancel = partial(_cancel_exemption, session, now, actor, exemption, unit, reason, second)
    return proposals.save(session, now, actor, unit.assessment, draft, cancel, second) is not None


def _cancel_exemption(
    session: Session, now: datetime, actor: Actor, exemption: Exemption, unit: Unit, reason: str, second: Actor | None
) -> bool:
    require_open(session, unit.id, exemption.row_key, preparing=True)
    if exemption.cancelled_at is not None:
        raise WrongState("这条免考已经撤销。")
    exemption.cancelled_at = now
    exemption.cancel_reason = proposals.gone_by(second, actor, _reason(reason, "撤销免考的理由"))
    audit.record(session, now, actor, "row.unexempt", f"{unit.name} {exemption.row_key}", exemption.cancel_reason)
    return True


def _standing_event(session: Session, unit_id: int, event_id: int) -> tuple[Event, Unit]:
    held_assessment(session, unit_of(session, unit_id).assessment_id)
    event = session.scalar(select(Event).where(Event.id == event_id).with_for_update())
    if event is None or event.unit_id != unit_id:
        raise NotFound("这个单位没有这条事件。")
    unit = unit_of(session, unit_id)
    if event.cancelled_at is not None:
        raise WrongState("这条事件已经撤销。")
    return event, unit


def _text(label: str, text: str) -> str:
    text = clean_line(text)
    if len(text) > _MOST.get(label, LONGEST_REASON):
        raise BadInput(f"{label}太长，最多 {_MOST.get(label, LONGEST_REASON)} 个字。")
    return text


def _reason(text: str, label: str) -> str:
    if not text.strip():
        raise BadInput(f"请写明{label}。")
    return _text("理由", text)
