"""What takes two people, or one who stands for it by name: who has a hand under what.

A decision is proposed with a reason by one, and agreed to or declined by another. What is complete in itself (a matrix,
a certificate, a value) is signed, and its digest or name is the subject: changed, it is another one, which nobody has
signed. What changes an assessment in another's place waits with its content: `surveys.acts.proposals`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from surveys.acts.actors import Actor
from surveys.acts.errors import AlreadyDone, WrongState
from surveys.acts.hands import ADMIN, require_hand
from surveys.acts.reasons import written
from surveys.storage.tables import Account, Approval

HANDS = 2


@dataclass(frozen=True)
class Proposal:
    """`account_id`, `by`: who proposed it; `hands`: how many have agreed so far, that one included."""

    reason: str
    account_id: int
    by: str
    made_at: datetime
    hands: int

    @property
    def waits(self) -> bool:
        return self.hands < HANDS


@dataclass(frozen=True)
class Sign:
    """A hand under something."""

    account_id: int
    name: str
    made_at: datetime


def signs(session: Session, assessment_id: int, act: str) -> dict[str, list[Sign]]:
    """By subject, the oldest first."""
    found: dict[str, list[Sign]] = {}
    for approval, name in _approvals(session, assessment_id, act):
        found.setdefault(approval.subject, []).append(Sign(approval.account_id, name, approval.made_at))
    return found


def sign(
    session: Session,
    now: datetime,
    actor: Actor,
    assessment_id: int,
    act: str,
    subject: str,
    *,
    twice: str,
    other: str = ADMIN,
) -> int:
    """How many hands are under it with this one. What it is about is locked, the caller commits. `twice`: what is said
    to whose hand is under it already. Raises NotAllowed, WrongState."""
    earlier = signs(session, assessment_id, act).get(subject, [])
    if any(each.account_id == actor.account_id for each in earlier):
        raise WrongState(twice)
    account_id = require_hand(actor, {each.account_id for each in earlier}, other)
    _add(session, now, account_id, assessment_id, act, subject, None)
    return len(earlier) + 1


def proposals(session: Session, assessment_id: int, act: str) -> dict[str, Proposal]:
    """By subject, those that wait for a second hand and those that have it."""
    found: dict[str, list[tuple[Approval, str]]] = {}
    for approval, name in _approvals(session, assessment_id, act):
        found.setdefault(approval.subject, []).append((approval, name))
    return {
        subject: Proposal(first.reason or "", first.account_id, name, first.made_at, len(hands))
        for subject, hands in found.items()
        for first, name in hands[:1]
    }


def _approvals(session: Session, assessment_id: int, act: str) -> list[tuple[Approval, str]]:
    query = (
        select(Approval, Account.shown)
        .join(Account, Account.id == Approval.account_id)
        .where(Approval.assessment_id == assessment_id, Approval.act == act)
        .order_by(Approval.id)
    )
    return [(approval, name) for approval, name in session.execute(query)]


def propose(
    session: Session,
    now: datetime,
    actor: Actor,
    assessment_id: int,
    act: str,
    subject: str,
    reason: str,
    other: str = ADMIN,
) -> str:
    """The first hand; the reason as it is kept. What it is about is locked, the caller commits; who may do it is the
    caller's to declare. `other`: who may be the second, in Chinese. Raises NotAllowed, BadInput, WrongState."""
    account_id = require_hand(actor, other=other)
    reason = written(reason, "请写明理由，会记入日志。")
    before = proposals(session, assessment_id, act).get(subject)
    if before is not None and before.waits and before.account_id == account_id:
        raise AlreadyDone(f"您已经提出过了，等{other}确认。")
    if before is not None:
        raise WrongState("这件事刚刚已由别人提出，请刷新页面核对后再确认。")
    _add(session, now, account_id, assessment_id, act, subject, reason)
    return reason


def agree(
    session: Session,
    now: datetime,
    actor: Actor,
    assessment_id: int,
    act: str,
    subject: str,
    other: str = ADMIN,
) -> Proposal:
    """The second hand, another person's; otherwise as `propose`. Raises NotAllowed, WrongState."""
    found = _waiting(session, assessment_id, act, subject)
    account_id = require_hand(actor, {found.account_id}, other)
    _add(session, now, account_id, assessment_id, act, subject, None)
    return found


def decline(
    session: Session,
    actor: Actor,
    assessment_id: int,
    act: str,
    subject: str,
    other: str = ADMIN,
) -> Proposal:
    """Takes the proposal off the table; whoever made it may, too. Raises NotAllowed, WrongState."""
    require_hand(actor, other=other)
    found = _waiting(session, assessment_id, act, subject)
    session.execute(
        delete(Approval).where(
            Approval.assessment_id == assessment_id, Approval.act == act, Approval.subject == subject
        )
    )
    return found


def agreed_in(session: Session, act: str, subjects: Collection[str]) -> list[tuple[int, str]]:
    """Which of these subjects have both hands, and in which assessment."""
    query = (
        select(Approval.assessment_id, Approval.subject)
        .where(Approval.act == act, Approval.subject.in_(subjects))
        .group_by(Approval.assessment_id, Approval.subject)
        .having(func.count() >= HANDS)
    )
    return [(assessment_id, subject) for assessment_id, subject in session.execute(query)]


def take_back(session: Session, assessment_id: int, act: str, subject: str) -> None:
    """What waits or was agreed to is as if nobody had proposed it; whether one hand may, the caller says. Raises
    WrongState."""
    own = (Approval.assessment_id == assessment_id) & (Approval.act == act) & (Approval.subject == subject)
    if not session.scalars(delete(Approval).where(own).returning(Approval.id)).all():
        raise WrongState("没有人提出过，或刚刚已经收回。请刷新页面核对。")


def _waiting(session: Session, assessment_id: int, act: str, subject: str) -> Proposal:
    found = proposals(session, assessment_id, act).get(subject)
    if found is None or not found.waits:
        raise WrongState("没有等您确认的提议，可能刚刚有人确认或撤下了。请刷新页面核对。")
    return found


def _add(
    session: Session,
    now: datetime,
    account_id: int,
    assessment_id: int,
    act: str,
    subject: str,
    reason: str | None,
) -> None:
    session.add(
        Approval(
            assessment_id=assessment_id,
            act=act,
            subject=subject,
            account_id=account_id,
            reason=reason,
            made_at=now,
        )
    )
    session.flush()
