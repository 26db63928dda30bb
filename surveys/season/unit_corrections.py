"""A unit added in error: its name put right, or the unit removed, while nothing hangs on it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from surveys.acts import audit, editions, proposals
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import BadInput, WrongState
from surveys.acts.limits import LONGEST_UNIT
from surveys.acts.permitted import permitted
from surveys.acts.reasons import written
from surveys.intake.cleaning import clean_name, name_key
from surveys.polling.states import PollState
from surveys.season import shut
from surveys.season.assessments import locked_assessment, unit_of
from surveys.season.shut import Act
from surveys.storage.erasing import erase
from surveys.storage.tables import (
    Account,
    Agreement,
    Event,
    Exemption,
    Import,
    Leader,
    Mark,
    Material,
    Objection,
    Poll,
    Proceeding,
    RowChoice,
    Unit,
    UnitTag,
)

ENTERED = {
    Mark: "打分",
    Event: "加减分事件",
    Exemption: "免考",
    RowChoice: "选定的测评方法",
    Material: "报送的材料",
    Proceeding: "考核记录",
    Objection: "申诉",
    Agreement: "对结果的回复",
}
"""What was entered for a unit and is read by its name."""

OWN = (UnitTag, Leader)
"""Goes with the unit."""


def why_not_renamed(session: Session, unit: Unit) -> list[str]:
    """What hangs on the unit, a sentence each; empty where its name may still change."""
    entered = [word for table, word in ENTERED.items() if _count(session, table, unit)]
    found = [f"这个单位已有{'、'.join(entered)}。"] if entered else []
    opened = [poll for poll in _polls(session, unit) if poll.opened_at is not None and not poll.rehearsal]
    if opened:
        found.append(f"这个单位已有开过的测评会：{'、'.join(poll.title for poll in opened)}。")
    if proposals.names_unit(session, unit.assessment_id, unit.id):
        found.append("还有关于这个单位的提议没有确认。")
    return found


def why_not_removed(session: Session, unit: Unit) -> list[str]:
    """As `why_not_renamed`, and what must go before the unit can."""
    found = why_not_renamed(session, unit)
    polls = [poll for poll in _polls(session, unit) if poll.state is not PollState.WITHDRAWN]
    drafts = [poll.title for poll in polls if poll.opened_at is None and not poll.rehearsal]
    if drafts:
        found.append(f"还有没开始的测评会：{'、'.join(drafts)}。请先在“会场”页撤回。")
    if any(poll.rehearsal for poll in polls):
        found.append("还有演练，请先清除。")
    names = session.scalars(select(Account.name).where(Account.unit_id == unit.id).order_by(Account.name)).all()
    if names:
        found.append(f"有报送员账号属于它：{'、'.join(names)}。请先在“账号”页调整到别的单位。")
    return found


@permitted(Permission.DECIDE)
def rename(
    session: Session, now: datetime, actor: Actor, unit_id: int, name: str, reason: str, base: str | None = None
) -> None:
    """Raises NotFound, NotAllowed, BadInput, WrongState."""
    reason = _reason(actor, reason)
    unit = _locked(session, unit_id)
    name, before = clean_name(name), unit.name
    editions.check_value(base, "name", before, name, "单位名称")
    if not 1 <= len(name) <= LONGEST_UNIT:
        raise BadInput(f"单位名称须为 1 至 {LONGEST_UNIT} 个字。")
    if name == before:
        raise BadInput("名称和原来的一样，没有改动。")
    if any(name_key(other.name) == name_key(name) for other in unit.assessment.units if other is not unit):
        raise BadInput(f"单位“{name}”已经在这次考核中。")
    _refuse(why_not_renamed(session, unit), "名称不能再改")
    unit.name = name
    audit.record(session, now, actor, "unit.rename", name, f"原名“{before}”，{reason}", before=before, after=name)
    session.commit()


@permitted(Permission.DECIDE)
def remove(session: Session, now: datetime, actor: Actor, unit_id: int, reason: str) -> str:
    """With its leaders, tags and withdrawn polls that never opened; the name it had. Raises as `rename`."""
    reason = _reason(actor, reason)
    unit = _locked(session, unit_id)
    _refuse(why_not_removed(session, unit), "不能移除")
    name = unit.name
    for poll in _polls(session, unit):
        erase(session, poll.id)
    for table in OWN:
        session.execute(delete(table).where(table.unit_id == unit_id))
    # What was read from a file and waits to be confirmed names units by their ids.
    session.execute(delete(Import).where(Import.assessment_id == unit.assessment_id))
    audit.record(session, now, actor, "unit.remove", name, f"类别“{unit.category}”，{reason}")
    try:
        session.execute(delete(Unit).where(Unit.id == unit_id))
        session.commit()
    except IntegrityError:  # something was entered for it meanwhile
        session.rollback()
        raise WrongState(f"刚刚有人给单位“{name}”录了内容，没有移除。请刷新页面核对。") from None
    return name


def _reason(actor: Actor, reason: str) -> str:
    return written(reason, "请写明原因，会记入日志。", name="原因")


def _locked(session: Session, unit_id: int) -> Unit:
    unit = unit_of(session, unit_id)
    shut.require(locked_assessment(session, unit.assessment_id), Act.SET_UP)
    return unit


def _refuse(hindrances: Sequence[str], what: str) -> None:
    if hindrances:
        raise WrongState(f"{what}。{''.join(hindrances)}")


def _count(session: Session, table: type, unit: Unit) -> int:
    column = table.unit_id  # type: ignore[attr-defined]
    return session.scalar(select(func.count()).select_from(table).where(column == unit.id)) or 0


def _polls(session: Session, unit: Unit) -> Sequence[Poll]:
    return session.scalars(select(Poll).where(Poll.unit_id == unit.id).order_by(Poll.id)).all()
