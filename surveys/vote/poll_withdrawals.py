"""Polls made by mistake: withdrawn before anybody has voted; set aside by two people once sealed."""

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from surveys.acts import audit, two_hands
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import AlreadyDone, WrongState
from surveys.acts.permitted import permitted
from surveys.acts.reasons import written
from surveys.acts.two_hands import Proposal
from surveys.polling.states import PollState, TicketState
from surveys.season import shut
from surveys.season.assessments import locked_assessment
from surveys.season.shut import Act
from surveys.storage.tables import Ballot, Door, Keying, Poll, Ticket
from surveys.vote.cleaning import mark
from surveys.vote.polls import locked_poll, poll_of
from surveys.vote.rehearsals import rehearsal_of

ACT = "poll.set_aside"


@permitted(Permission.RUN_POLLS)
def withdraw(session: Session, now: datetime, actor: Actor, poll_id: int, reason: str) -> None:
    """Ends a poll in which nobody has voted: its tickets are void, it counts nowhere. Raises BadInput, WrongState.

    Then the files are to be cleaned (surveys.vote.cleaning): of the salt, and of paper that was keyed and removed.
    The refusal tells that somebody has voted, which turnout in steps of 5 does not; asking costs the poll.
    """
    reason = written(reason, "请写明撤回的原因，会记入日志。", name="原因")
    poll = locked_poll(session, poll_id, against_casting=True)
    if poll.rehearsal:
        raise WrongState("演练不用撤回，请点“清除演练”。")
    if poll.state is PollState.WITHDRAWN:
        raise AlreadyDone("测评会已经撤回了。")
    if poll.state is PollState.SEALED:
        raise WrongState(f"测评会{poll.state.label}，不能撤回。")
    if rehearsal_of(session, poll_id) is not None:
        raise WrongState("这次测评会还有一个演练，请先到演练的页面清除，再撤回。")
    if _has(session, Ballot, poll_id) or _has(session, Keying, poll_id):
        raise WrongState(
            "这次测评会已有人投票或录了纸质票，不能撤回，票都还有效。请结束投票并封存，再由两名管理员决定不计入得分。"
        )
    unused = update(Ticket).where(Ticket.poll_id == poll_id, Ticket.state == TicketState.ISSUED)
    count: int = session.execute(unused.values(state=TicketState.VOID)).rowcount  # type: ignore[attr-defined]
    session.execute(update(Door).where(Door.poll_id == poll_id).values(shut=True))
    poll.state = PollState.WITHDRAWN
    poll.closes_at = None
    poll.set_aside_at = now
    poll.set_aside_reason = reason
    if poll.envelope_salt is not None:
        poll.envelope_salt = None
        mark(session, poll.prefix)
    detail = f"{poll.unit.name} {poll.title}，作废 {count} 张票，{reason}"
    audit.record(session, now, actor, "poll.withdraw", poll.prefix, detail)
    session.commit()


def _has(session: Session, box: type[Ballot] | type[Keying], poll_id: int) -> bool:
    return bool(session.scalar(select(func.count()).select_from(box).where(box.poll_id == poll_id)))


def proposal(session: Session, poll: Poll) -> Proposal | None:
    """That this poll be set aside, waiting or decided."""
    return two_hands.proposals(session, poll.unit.assessment_id, ACT).get(str(poll.id))


@permitted(Permission.DECIDE)
def propose(session: Session, now: datetime, actor: Actor, poll_id: int, reason: str) -> None:
    """Proposes that a sealed poll does not count. Raises NotAllowed, BadInput, WrongState."""
    poll = _sealed(session, poll_id)
    reason = two_hands.propose(session, now, actor, poll.unit.assessment_id, ACT, str(poll_id), reason)
    audit.record(session, now, actor, "poll.propose_set_aside", poll.prefix, reason)
    session.commit()


@permitted(Permission.DECIDE)
def agree(session: Session, now: datetime, actor: Actor, poll_id: int) -> None:
    """The second person's hand: from now on the poll does not count. Raises NotAllowed, WrongState."""
    poll = _sealed(session, poll_id)
    found = two_hands.agree(session, now, actor, poll.unit.assessment_id, ACT, str(poll_id))
    set_aside(session, now, actor, poll, found.reason, f"{found.by}提出：{found.reason}")
    session.commit()


def set_aside(session: Session, now: datetime, actor: Actor, poll: Poll, reason: str, detail: str) -> None:
    """As two people decided, without committing. `detail`: for the log."""
    poll.set_aside_at = now
    poll.set_aside_reason = reason
    audit.record(session, now, actor, ACT, poll.prefix, detail)


@permitted(Permission.DECIDE)
def decline(session: Session, now: datetime, actor: Actor, poll_id: int) -> None:
    """Raises NotAllowed, WrongState."""
    poll = _sealed(session, poll_id)
    found = two_hands.decline(session, actor, poll.unit.assessment_id, ACT, str(poll_id))
    audit.record(session, now, actor, "poll.keep", poll.prefix, f"{found.by}提出：{found.reason}")
    session.commit()


def _sealed(session: Session, poll_id: int) -> Poll:
    """The poll, with its assessment locked where what counts may still change."""
    shut.require(locked_assessment(session, poll_of(session, poll_id).unit.assessment_id), Act.SET_UP)
    poll = locked_poll(session, poll_id)
    if poll.rehearsal:
        raise WrongState("演练本来就不计入得分。")
    if poll.state is not PollState.SEALED:
        raise WrongState(f"测评会{poll.state.label}，封存之后才能决定不计入得分。")
    if poll.set_aside_at is not None:
        raise AlreadyDone("这次测评会已经决定不计入得分了。")
    return poll
