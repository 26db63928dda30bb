"""What a reader may look at: the results of an assessment, or its leaders' as the polls found them, each given by two
admins and taken back by one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts import audit, two_hands
from surveys.acts.actors import Actor, Permission, ReadingKind, Role
from surveys.acts.errors import NotAllowed, NotFound
from surveys.acts.permitted import permitted
from surveys.acts.reasons import written
from surveys.acts.two_hands import Proposal
from surveys.storage.tables import Account, Assessment, Poll, Unit

ACT = "reading.give"

KIND_OF = {Permission.READ_RESULTS: ReadingKind.RESULTS, Permission.READ_TALLIES: ReadingKind.LEADERS}
"""What a reader must have been given where a page asks for this permission."""


@dataclass(frozen=True)
class Standing:
    """A reader's account and one kind. `proposal`: that it be given, waiting or done; None where nobody proposed it."""

    account_id: int
    name: str
    kind: ReadingKind
    proposal: Proposal | None


def given(session: Session, account_id: int) -> frozenset[tuple[int, ReadingKind]]:
    """By id of the assessment."""
    subjects = {_subject(account_id, kind): kind for kind in ReadingKind}
    return frozenset((number, subjects[subject]) for number, subject in two_hands.agreed_in(session, ACT, subjects))


def assessment_of(session: Session, named: str, number: int) -> int | None:
    """The assessment that a page is about, by what its address names; None where there is no such thing."""
    query = {
        "assessment_id": select(Assessment.id).where(Assessment.id == number),
        "unit_id": select(Unit.assessment_id).where(Unit.id == number),
        "poll_id": select(Unit.assessment_id).join(Poll, Poll.unit_id == Unit.id).where(Poll.id == number),
    }[named]
    return session.scalar(query)


@permitted(Permission.DECIDE)
def standings(session: Session, actor: Actor, assessment_id: int) -> list[Standing]:
    """Of every reader in use, kind by kind. Raises NotAllowed."""
    found = two_hands.proposals(session, assessment_id, ACT)
    query = select(Account.id, Account.shown).where(Account.role == Role.READER, Account.active).order_by(Account.id)
    return [
        Standing(account_id, name, kind, found.get(_subject(account_id, kind)))
        for account_id, name in session.execute(query)
        for kind in ReadingKind
    ]


@permitted(Permission.DECIDE)
def propose(
    session: Session,
    now: datetime,
    actor: Actor,
    assessment_id: int,
    account_id: int,
    kind: ReadingKind,
    reason: str,
) -> None:
    """Raises NotFound, NotAllowed, BadInput, WrongState."""
    told = _told(session, assessment_id, account_id, kind)
    reason = two_hands.propose(session, now, actor, assessment_id, ACT, _subject(account_id, kind), reason)
    audit.record(session, now, actor, "reading.propose", *told, after=reason)
    session.commit()


@permitted(Permission.DECIDE)
def agree(
    session: Session, now: datetime, actor: Actor, assessment_id: int, account_id: int, kind: ReadingKind
) -> None:
    """The second hand: from now on the reader is shown it. Raises NotFound, NotAllowed, WrongState."""
    told = _told(session, assessment_id, account_id, kind)
    found = two_hands.agree(session, now, actor, assessment_id, ACT, _subject(account_id, kind))
    audit.record(session, now, actor, ACT, *told, after=f"{found.by}提出：{found.reason}")
    session.commit()


@permitted(Permission.DECIDE)
def take_back(
    session: Session,
    now: datetime,
    actor: Actor,
    assessment_id: int,
    account_id: int,
    kind: ReadingKind,
    reason: str,
) -> None:
    """What was given or only proposed: the reader is shown it no longer, one hand is enough for that.

    Raises NotFound, NotAllowed, BadInput, WrongState.
    """
    told = _told(session, assessment_id, account_id, kind)
    reason = written(reason, "请写明理由，会记入日志。")
    if actor.account_id is None:
        raise NotAllowed("请管理员登录后在页面上操作。")
    two_hands.take_back(session, assessment_id, ACT, _subject(account_id, kind))
    audit.record(session, now, actor, "reading.take_back", *told, after=reason)
    session.commit()


def _subject(account_id: int, kind: ReadingKind) -> str:
    return f"{account_id}:{kind}"


def _told(session: Session, assessment_id: int, account_id: int, kind: ReadingKind) -> tuple[str, str]:
    """The subject and the detail of the log's entry; the assessment is locked."""
    assessment = session.get(Assessment, assessment_id, with_for_update=True)
    account = session.get(Account, account_id)
    if assessment is None:
        raise NotFound(f"没有编号为 {assessment_id} 的考核。")
    if account is None or account.role != Role.READER:
        raise NotFound("没有这个查阅人账号。")
    return account.name, f"{assessment.title}：{kind.label}"
