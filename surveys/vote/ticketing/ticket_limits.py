"""How many tickets a poll may have, over all classes and purposes: entitled and reserve, more by a second hand."""

from dataclasses import dataclass, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.acts.errors import WrongState
from surveys.polling.states import PollState, TicketState
from surveys.scoring.poll_rules import PollRules
from surveys.storage.tables import Poll, Ticket


class TooMany(WrongState):
    """More tickets than the poll may have."""


@dataclass(frozen=True)
class Limit:
    """`agreed`: up to how many by two hands, None where nobody asked. `valid`: issued and not void."""

    entitled: int
    reserve: int
    agreed: int | None
    valid: int

    @property
    def most(self) -> int:
        return max(self.entitled + self.reserve, self.agreed or 0)

    @property
    def left(self) -> int:
        return max(self.most - self.valid, 0)

    @property
    def words(self) -> str:
        agreed = f"，经两人同意发到 {self.agreed} 张" if self.agreed else ""
        most = f"应到 {self.entitled}，预留 {self.reserve}{agreed}，最多发 {self.most} 张"
        return f"{most}；已发 {self.valid} 张（不算作废）"


def limit(session: Session, poll: Poll) -> Limit | None:
    """None where there is none: of a rehearsal, and where tickets went out before there was one."""
    rules = PollRules.from_json(poll.rules)
    reserve = _reserve(session, poll, rules)
    if poll.rehearsal or reserve is None:
        return None
    return Limit(poll.entitled, reserve, rules.issue_to, valid(session, poll))


def require_room(session: Session, poll: Poll, count: int) -> None:
    """The poll must be locked. Raises TooMany."""
    found = limit(session, poll)
    if found is not None and count > found.left:
        raise TooMany(
            f"{found.words}，再发 {count} 张就是 {found.valid + count} 张。没有发票。"
            "确要多发，请在“票”页写明理由提出，经另一人同意后再发。"
        )


def fix(session: Session, poll: Poll) -> None:
    """With the first ticket, and with opening. A draft from before there was a limit has no reserve."""
    rules = PollRules.from_json(poll.rules)
    reserve = _reserve(session, poll, rules)
    if reserve != rules.reserve:
        poll.rules = replace(rules, reserve=reserve).to_json()


def _reserve(session: Session, poll: Poll, rules: PollRules) -> int | None:
    if rules.reserve is None and poll.state is PollState.DRAFT and not any_issued(session, poll):
        return 0
    return rules.reserve


def any_issued(session: Session, poll: Poll) -> bool:
    """Void ones too."""
    return session.scalar(select(Ticket.batch).where(Ticket.poll_id == poll.id).limit(1)) is not None


def valid(session: Session, poll: Poll) -> int:
    """Tickets issued and not void."""
    query = select(func.count()).select_from(Ticket)
    return session.scalar(query.where(Ticket.poll_id == poll.id, Ticket.state != TicketState.VOID)) or 0
