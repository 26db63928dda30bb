"""The number present (实到), which decides whether a poll counts: two people enter it, it stands where they agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from surveys.acts.actors import Actor
from surveys.acts.hands import require_hand
from surveys.polling.states import PollState
from surveys.scoring.poll_rules import PollRules
from surveys.storage.tables import Account, Poll, Presence

COMMAND_LINE_WORDS = "命令行登记"


@dataclass(frozen=True)
class Count:
    """As one person counted it. `account_id`: None on the command line."""

    number: int
    by: str
    account_id: int | None
    made_at: datetime


@dataclass(frozen=True)
class Headcount:
    """`counts`: the newest of each of the last two people, the older first. `stands`: what they agree on."""

    counts: tuple[Count, ...]
    stands: int | None

    @property
    def by_command(self) -> bool:
        return self.stands is not None and any(each.account_id is None for each in self.counts)

    @property
    def words(self) -> str:
        """How it came about, in Chinese; empty where nothing was entered."""
        told = "，".join(f"{each.by}登记 {each.number} 人" for each in self.counts)
        if self.stands is not None and self.counts:
            return COMMAND_LINE_WORDS if self.by_command else f"{told}，一致"
        if len(self.counts) == 1:
            return f"{told}，等另一人登记同样的人数"
        return f"{told}，不一致，都不算" if told else ""


def needs_two(poll: Poll) -> bool:
    """Not in a rehearsal, nor of a poll that was opened before two were asked."""
    return not poll.rehearsal and (poll.state is PollState.DRAFT or PollRules.from_json(poll.rules).two_hands)


def headcount(session: Session, poll: Poll) -> Headcount:
    return headcount_each(session, [poll])[poll.id]


def headcount_each(session: Session, polls: Sequence[Poll]) -> dict[int, Headcount]:
    """The same of many polls, by id."""
    query = (
        select(Presence, Account.shown)
        .outerjoin(Account, Account.id == Presence.account_id)
        .where(Presence.poll_id.in_([poll.id for poll in polls]))
        .order_by(Presence.poll_id, Presence.hand)
    )
    counts: dict[int, list[Count]] = {poll.id: [] for poll in polls}
    for entry, name in session.execute(query):
        counts[entry.poll_id].append(Count(entry.number, name or "命令行", entry.account_id, entry.made_at))
    return {poll.id: Headcount(tuple(counts[poll.id]), poll.present) for poll in polls}


def own(session: Session, poll: Poll, actor: Actor) -> int | None:
    """What a form for this reader is filled with: the own count, or the number where one is enough."""
    if not needs_two(poll):
        return poll.present
    counts = headcount(session, poll).counts
    return next((each.number for each in counts if each.account_id == actor.account_id), None)


def enter(session: Session, now: datetime, actor: Actor, poll: Poll, number: int) -> None:
    """The poll must be locked; the caller commits. On the command line it counts at once, and takes the place of what
    others entered. Raises NotAllowed."""
    if not needs_two(poll):
        poll.present = number
        return
    others: list[Count] = []
    if actor.account_id is not None:
        others = [each for each in headcount(session, poll).counts if each.account_id != actor.account_id][-1:]
        require_hand(actor, {each.account_id for each in others if each.account_id is not None}, "另一人")
    session.execute(delete(Presence).where(Presence.poll_id == poll.id))
    entered = [*others, Count(number, actor.shown, actor.account_id, now)]
    session.add_all(
        Presence(poll_id=poll.id, hand=hand, account_id=each.account_id, number=each.number, made_at=each.made_at)
        for hand, each in enumerate(entered, start=1)
    )
    agreed = actor.account_id is None or number in {each.number for each in others}
    poll.present = number if agreed else None
    session.flush()


def forget_unagreed(session: Session, poll: Poll) -> None:
    """A draft from before two were asked may have a number that one person entered."""
    if needs_two(poll) and not headcount(session, poll).counts:
        poll.present = None
