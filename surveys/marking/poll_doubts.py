"""A sealed poll whose figures contradict each other: it counts only if two admins say so, or is set aside."""

from datetime import datetime

from sqlalchemy.orm import Session

from surveys.acts import audit, two_hands
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import NotFound, WrongState
from surveys.acts.permitted import permitted
from surveys.marking.democratic_row import COUNT_ANYWAY
from surveys.season import shut
from surveys.season.assessments import locked_assessment, unit_of
from surveys.season.shut import Act
from surveys.storage.tables import Poll
from surveys.vote.polls import poll_of
from surveys.vote.tallies import tally


@permitted(Permission.DECIDE)
def propose(session: Session, now: datetime, actor: Actor, unit_id: int, poll_id: int, reason: str) -> None:
    """Proposes that it counts all the same. Raises NotFound, NotAllowed, BadInput, WrongState, Imbalance."""
    poll = _doubtful(session, unit_id, poll_id)
    reason = two_hands.propose(session, now, actor, poll.unit.assessment_id, COUNT_ANYWAY, str(poll_id), reason)
    audit.record(session, now, actor, "poll.propose_count", poll.prefix, reason)
    session.commit()


@permitted(Permission.DECIDE)
def agree(session: Session, now: datetime, actor: Actor, unit_id: int, poll_id: int) -> None:
    """The second person's hand. Raises NotFound, NotAllowed, WrongState, Imbalance."""
    poll = _doubtful(session, unit_id, poll_id)
    found = two_hands.agree(session, now, actor, poll.unit.assessment_id, COUNT_ANYWAY, str(poll_id))
    audit.record(session, now, actor, COUNT_ANYWAY, poll.prefix, f"{found.by}提出：{found.reason}")
    session.commit()


@permitted(Permission.DECIDE)
def decline(session: Session, now: datetime, actor: Actor, unit_id: int, poll_id: int) -> None:
    """Raises NotFound, NotAllowed, WrongState, Imbalance."""
    poll = _doubtful(session, unit_id, poll_id)
    found = two_hands.decline(session, actor, poll.unit.assessment_id, COUNT_ANYWAY, str(poll_id))
    audit.record(session, now, actor, "poll.leave_doubt", poll.prefix, f"{found.by}提出：{found.reason}")
    session.commit()


def _doubtful(session: Session, unit_id: int, poll_id: int) -> Poll:
    """The poll, with its assessment locked where what counts may still change."""
    shut.require(locked_assessment(session, unit_of(session, unit_id).assessment_id), Act.SET_UP)
    poll = poll_of(session, poll_id)
    if poll.unit_id != unit_id:
        raise NotFound("这个单位没有这次测评会。")
    if poll.rehearsal or poll.set_aside_at is not None or tally(session, poll).doubt is None:
        raise WrongState("这次测评会的人数没有要决定的，可能刚刚已决定不计入。请刷新页面核对。")
    return poll
