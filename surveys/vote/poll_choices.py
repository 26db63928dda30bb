"""Which of several sealed polls of a team counts: one act of two admins, on the row's page."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts import audit, two_hands
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import NotFound, WrongState
from surveys.acts.permitted import permitted
from surveys.acts.two_hands import Proposal
from surveys.polling.states import PollState
from surveys.scoring.score_sheet import ScoringRules
from surveys.season import shut
from surveys.season.assessments import assessment_of, locked_assessment, unit_of
from surveys.season.shut import Act
from surveys.storage.tables import Poll
from surveys.vote import counting_polls
from surveys.vote.counting_polls import Conflict
from surveys.vote.poll_withdrawals import set_aside
from surveys.vote.polls import poll_of
from surveys.vote.tallies import is_visible

ACT = "poll.choose"


def waiting(session: Session, assessment_id: int, conflicts: Sequence[Conflict]) -> dict[int, Proposal]:
    """By poll, that this one of its conflict counts, as far as it waits for a second hand."""
    found = two_hands.proposals(session, assessment_id, ACT) if conflicts else {}
    return {
        poll.id: found[name]
        for conflict in conflicts
        for poll in conflict.polls
        if (name := _subject(conflict, poll.id)) in found
    }


@permitted(Permission.DECIDE)
def propose(session: Session, now: datetime, actor: Actor, unit_id: int, poll_id: int, reason: str) -> None:
    """Proposes that this one counts and the others do not. Raises NotFound, NotAllowed, BadInput, WrongState."""
    poll, conflict = _undecided(session, unit_id, poll_id)
    assessment_id = poll.unit.assessment_id
    other = next((each for each in waiting(session, assessment_id, [conflict]) if each != poll_id), None)
    if other is not None:
        named = poll_of(session, other)
        raise WrongState(f"已有人提出以“{named.title}”（{named.prefix}）为准。请先确认或撤下那个提议。")
    reason = two_hands.propose(session, now, actor, assessment_id, ACT, _subject(conflict, poll_id), reason)
    audit.record(session, now, actor, "poll.propose_choice", poll.prefix, f"{_others(conflict, poll)}，{reason}")
    session.commit()


@permitted(Permission.DECIDE)
def agree(session: Session, now: datetime, actor: Actor, unit_id: int, poll_id: int) -> None:
    """The second person's hand: the others of the conflict are set aside, for this reason. Raises NotFound, NotAllowed,
    WrongState."""
    poll, conflict = _undecided(session, unit_id, poll_id)
    found = two_hands.agree(session, now, actor, poll.unit.assessment_id, ACT, _subject(conflict, poll_id))
    words = f"{found.by}提出：{found.reason}"
    for other in conflict.polls:
        if other.id != poll_id:
            set_aside(session, now, actor, other, f"以“{poll.title}”（{poll.prefix}）为准。{found.reason}", words)
    audit.record(session, now, actor, ACT, poll.prefix, f"{_others(conflict, poll)}，{words}")
    session.commit()


@permitted(Permission.DECIDE)
def decline(session: Session, now: datetime, actor: Actor, unit_id: int, poll_id: int) -> None:
    """Raises NotFound, NotAllowed, WrongState."""
    poll, conflict = _undecided(session, unit_id, poll_id)
    found = two_hands.decline(session, actor, poll.unit.assessment_id, ACT, _subject(conflict, poll_id))
    audit.record(session, now, actor, "poll.leave_open", poll.prefix, f"{found.by}提出：{found.reason}")
    session.commit()


def _subject(conflict: Conflict, poll_id: int) -> str:
    """The one that counts, of exactly these: where another is sealed meanwhile, nobody has agreed to that."""
    return f"{poll_id}:{'-'.join(str(number) for number in sorted(poll.id for poll in conflict.polls))}"


def _others(conflict: Conflict, poll: Poll) -> str:
    return f"不计入 {'、'.join(each.prefix for each in conflict.polls if each is not poll)}"


def _undecided(session: Session, unit_id: int, poll_id: int) -> tuple[Poll, Conflict]:
    """The poll and its conflict, with the assessment locked where what counts may still change."""
    shut.require(locked_assessment(session, unit_of(session, unit_id).assessment_id), Act.SET_UP)
    poll = poll_of(session, poll_id)
    if poll.unit_id != unit_id:
        raise NotFound("这个单位没有这次测评会。")
    conflict = conflict_of(session, poll)
    if conflict is not None:
        return poll, conflict
    raise WrongState("这次测评会现在没有别的要和它比较，可能刚刚已经定下。请刷新页面核对。")


def conflicts_of(session: Session, poll: Poll) -> list[Conflict]:
    """Those of the poll's unit."""
    return counting_polls.conflicts(_candidates(session, poll))


def conflict_of(session: Session, poll: Poll) -> Conflict | None:
    """The one this poll is part of."""
    return next((each for each in conflicts_of(session, poll) if poll in each.polls), None)


def _candidates(session: Session, poll: Poll) -> list[Poll]:
    rules = ScoringRules.from_json(assessment_of(session, poll.unit.assessment_id).rules)
    own = session.scalars(select(Poll).where(Poll.unit_id == poll.unit_id).order_by(Poll.id)).all()
    return counting_polls.candidates(own, rules)


@dataclass(frozen=True)
class SealedLine:
    """A sealed poll of a unit and whether it counts for the democratic row, in Chinese."""

    poll: Poll
    words: str


def sealed_lines(session: Session, poll: Poll) -> list[SealedLine]:
    """All sealed polls of the poll's unit, this one too, the oldest seal first; rehearsals apart."""
    found = _candidates(session, poll)
    counts = {each.id for each in counting_polls.counting(found).values()}
    open_ones = {each.id for conflict in counting_polls.conflicts(found) for each in conflict.polls}
    query = select(Poll).where(Poll.unit_id == poll.unit_id, Poll.state == PollState.SEALED, ~Poll.rehearsal)
    sealed = session.scalars(query.order_by(Poll.sealed_at, Poll.id))
    return [SealedLine(each, _words(each, counts, open_ones)) for each in sealed]


def _words(poll: Poll, counts: Collection[int], open_ones: Collection[int]) -> str:
    if poll.set_aside_at is not None:
        return f"不计入：{poll.set_aside_reason}"
    if poll.id in open_ones:
        return "待两名管理员定"
    if not counting_polls.carries_form(poll):
        return "只测评领导个人"
    if poll.id in counts:
        return "计入"
    return "没有计入：后来又封存了一次" if is_visible(poll) else "还没有启封"
