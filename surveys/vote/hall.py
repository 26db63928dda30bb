"""In the hall: pausing, the closing time, and what to look at before voting ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy.orm import Session

from surveys.acts import audit, editions
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import AlreadyDone, BadInput, WrongState
from surveys.acts.permitted import permitted
from surveys.acts.reasons import written
from surveys.polling.disclosure import Turnout, desk_turnout, doubt, shortcoming
from surveys.polling.seal import ClassCount
from surveys.polling.states import PollState, has_ended
from surveys.scoring.poll_rules import PollRules
from surveys.storage.tables import Poll
from surveys.vote import headcounts
from surveys.vote.paper_ballots.paper_counts import PaperCounts, paper_counts
from surveys.vote.poll_record import class_counts
from surveys.vote.polls import HEADCOUNT_FIRST, UNDER_WAY, locked_poll

LONGEST_MINUTES = 24 * 60
MINUTE = timedelta(minutes=1)


def time_is_up(poll: Poll, now: datetime) -> bool:
    """Whether voting has ended by the clock while the poll is still to be closed, or its end to be put off."""
    return poll.state in UNDER_WAY and has_ended(poll.closes_at, now)


@permitted(Permission.RUN_POLLS)
def pause(session: Session, now: datetime, actor: Actor, poll_id: int, reason: str) -> None:
    """Lets no votes in until `resume`. Calls a countdown off: it would run on unseen. Raises BadInput, WrongState."""
    poll = locked_poll(session, poll_id)
    if poll.state is not PollState.OPEN:
        if poll.state is PollState.PAUSED:
            raise AlreadyDone("投票已经暂停了。")
        raise WrongState(f"测评会{poll.state.label}，不在投票中，不用暂停。")
    reason = written(reason, "请写明暂停的原因，会记入日志。", name="原因")
    poll.state = PollState.PAUSED
    poll.closes_at = None
    audit.record(session, now, actor, "poll.pause", poll.prefix, reason)
    session.commit()


@permitted(Permission.RUN_POLLS)
def resume(session: Session, now: datetime, actor: Actor, poll_id: int) -> None:
    """Lets votes in again. Raises WrongState."""
    poll = locked_poll(session, poll_id)
    if poll.state is not PollState.PAUSED:
        if poll.state is PollState.OPEN:
            raise AlreadyDone("投票已经在进行了，没有暂停。")
        raise WrongState(f"测评会{poll.state.label}，没有暂停，不用恢复。")
    poll.state = PollState.OPEN
    audit.record(session, now, actor, "poll.resume", poll.prefix)
    session.commit()


def closing_time(poll: Poll) -> str | None:
    """When voting ends by itself, as a form carries it."""
    return None if poll.closes_at is None else poll.closes_at.isoformat()


@permitted(Permission.RUN_POLLS)
def end_in(
    session: Session, now: datetime, actor: Actor, poll_id: int, minutes: int | None, base: str | None = None
) -> None:
    """Voting ends by itself this many minutes from now, which also extends it; None calls the countdown off.

    Raises BadInput, WrongState.
    """
    poll = locked_poll(session, poll_id)
    if poll.state is not PollState.OPEN:
        raise WrongState(f"测评会{poll.state.label}，投票中才能设结束时间。")
    _check_base(poll, now, minutes, base)
    if minutes is not None and not 1 <= minutes <= LONGEST_MINUTES:
        raise BadInput(f"分钟数须是 1 至 {LONGEST_MINUTES} 的整数。")
    poll.closes_at = None if minutes is None else now + timedelta(minutes=minutes)
    audit.record(
        session, now, actor, "poll.end_in", poll.prefix, "取消倒计时" if minutes is None else f"{minutes} 分钟后结束"
    )
    session.commit()


def _check_base(poll: Poll, now: datetime, minutes: int | None, base: str | None) -> None:
    """Another's countdown is not put off or called off unseen. Raises Overtaken."""
    if poll.closes_at is None:
        return
    left = ceil((poll.closes_at - now) / MINUTE)
    typed = "取消" if minutes is None else f"{minutes} 分钟"
    wanted = closing_time(poll) if left == minutes else None
    editions.check(base, "end_in", closing_time(poll), wanted, f"现在是“还有 {left} 分钟结束”，您填的是“{typed}”。")


def shortcoming_of(poll: Poll, counts: Sequence[ClassCount]) -> str | None:
    """Why a sealed poll does not count, as its tally says, from turnout alone; None of one that is not sealed yet."""
    if poll.state is not PollState.SEALED:
        return None
    return shortcoming(_turnout(poll, counts), PollRules.from_json(poll.rules).quorum)


def _turnout(poll: Poll, counts: Sequence[ClassCount]) -> Turnout:
    """Exact: of a sealed poll alone."""
    return Turnout(poll.entitled, poll.present, sum(each.issued for each in counts), sum(each.cast for each in counts))


def doubt_of(poll: Poll, counts: Sequence[ClassCount]) -> str | None:
    """What in the turnout of a sealed poll cannot be, on which two people decide; None of one from before."""
    if poll.state is not PollState.SEALED or not PollRules.from_json(poll.rules).two_hands:
        return None
    return doubt(_turnout(poll, counts))


@dataclass(frozen=True)
class Check:
    """One thing to look at before voting ends, or a poll is sealed, in Chinese, and whether it is in order."""

    text: str
    passed: bool


def closing_checks(session: Session, poll: Poll) -> list[Check]:
    """What decides whether the poll will count, and what of paper would not. Of votes from phones it tells nothing but
    whether a bound holds."""
    counts = class_counts(session, poll)
    issued = sum(entry.issued for entry in counts)
    # As the desk has it: with the exact figure, trying numbers present would find out how many have voted.
    cast = desk_turnout(sum(entry.cast for entry in counts), poll.state)
    quorum = PollRules.from_json(poll.rules).quorum
    checks = [*_of_paper(paper_counts(session, poll)), Check(f"收回不多于发出（{issued} 张）", cast <= issued)]
    if poll.present is None and headcounts.needs_two(poll):
        told = headcounts.headcount(session, poll).words
        return [*checks, Check(HEADCOUNT_FIRST + (f"（{told}）" if told else ""), False)]
    if poll.present is None:
        return [*checks, Check("实到人数还没有登记，不登记就按收回票数算", False)]
    short = shortcoming(Turnout(poll.entitled, poll.present, issued, cast), quorum)
    share = f"{quorum.numerator}/{quorum.denominator}"
    return [
        *checks,
        Check(f"实到 {poll.present} 人，应到 {poll.entitled} 人，须达到 {share}", short is None),
        Check(f"实到不多于应到（{poll.entitled} 人）", poll.present <= poll.entitled),
        Check(f"收回不多于实到（{poll.present} 人）", cast <= poll.present),
    ]


def _of_paper(counts: PaperCounts) -> list[Check]:
    return [Check(counts.words, counts.left == 0)] if counts.issued else []
