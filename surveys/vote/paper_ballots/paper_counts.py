"""How many paper ballots of a poll went out and how many were keyed and counted; nothing of votes from phones."""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.acts.errors import WrongState
from surveys.polling.states import Purpose, TicketState
from surveys.storage.tables import Batch, Keying, Poll, Ticket


class PaperLeft(WrongState):
    """Paper ballots would be cut off, and whoever asks has not named exactly so many. `left`: how many."""

    def __init__(self, text: str, left: int) -> None:
        super().__init__(text)
        self.left = left


@dataclass(frozen=True)
class PaperCounts:
    """`void`: of those issued. `waiting`: keyed by one hand or more, and not cast. `cast`: in the box."""

    issued: int
    void: int
    waiting: int
    cast: int

    @property
    def left(self) -> int:
        """Those that would not count if the poll were sealed now: not returned, not handed out, or not keyed."""
        return self.issued - self.void - self.cast

    @property
    def words(self) -> str:
        void = f"（作废 {self.void} 份）" if self.void else ""
        return f"纸质票：发出 {self.issued} 份{void}，录入 {self.waiting + self.cast} 份，计入 {self.cast} 份"


def paper_counts(session: Session, poll: Poll) -> PaperCounts:
    """Over all ballot classes."""
    found: Counter[TicketState] = Counter()
    for (_, state), count in paper_tickets(session, poll).items():
        found[state] += count
    waiting = sum(count for _, count in waiting_by_class(session, poll))
    return PaperCounts(found.total(), found[TicketState.VOID], waiting, found[TicketState.CAST])


def paper_tickets(session: Session, poll: Poll) -> Counter[tuple[str, TicketState]]:
    """How many tickets of paper ballots there are, by class and state."""
    query = (
        select(Ticket.class_key, Ticket.state, func.count())
        .join(Batch, (Batch.poll_id == Ticket.poll_id) & (Batch.number == Ticket.batch))
        .where(Ticket.poll_id == poll.id, Batch.purpose == Purpose.PAPER)
        .group_by(Ticket.class_key, Ticket.state)
    )
    return Counter({(class_key, state): count for class_key, state, count in session.execute(query)})


def waiting_by_class(session: Session, poll: Poll) -> list[tuple[str, int]]:
    """How many ballots of each class are keyed and not cast, where there are any."""
    query = (
        select(Keying.class_key, func.count(Keying.number.distinct()))
        .where(Keying.poll_id == poll.id)
        .group_by(Keying.class_key)
        .order_by(Keying.class_key)
    )
    return [(class_key, count) for class_key, count in session.execute(query)]


def refuse_left(session: Session, poll: Poll, named: int, undone: str, advice: str) -> None:
    """Raises PaperLeft unless exactly `named` paper ballots are left; the poll must be locked.

    In Chinese, `undone`: what was not done; `advice`: what to do with ballots that are left.
    """
    counts = paper_counts(session, poll)
    if counts.left == named:
        return
    now = f"还有 {counts.left} 份没有计入" if counts.left else "都已计入"
    changed = f"；您确认的是 {named} 份，数字变了" if named else ""
    then = f"{advice}，请确认是 {counts.left} 份。" if counts.left else "请看过再提交一次。"
    raise PaperLeft(f"{counts.words}，{now}{changed}。{undone}{then}", counts.left)


def refuse_waiting(session: Session, poll: Poll) -> None:
    """Raises WrongState while anything keyed is not cast."""
    if left := waiting_by_class(session, poll):
        each = "，".join(f"{class_key} 类 {count} 张" for class_key, count in left)
        raise WrongState(
            f"有 {sum(count for _, count in left)} 张纸质票录入了还没有计入（{each}），没有封存。"
            "请先在“纸质票”页核定并计入，录重的写明原因删除。"
        )
