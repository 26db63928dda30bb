"""More tickets than entitled and reserve: one who runs polls asks with a reason, the scrutineer agrees."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts import audit, two_hands
from surveys.acts.actors import Actor, Permission, Role
from surveys.acts.errors import BadInput, NotAllowed, WrongState
from surveys.acts.permitted import permitted
from surveys.acts.two_hands import Proposal
from surveys.scoring.poll_rules import PollRules
from surveys.storage.tables import Account, Poll
from surveys.vote.poll_entries import MOST_PEOPLE
from surveys.vote.polls import locked_poll
from surveys.vote.ticketing.ticket_limits import Limit, limit
from surveys.vote.ticketing.tickets import ISSUING

ACT = "ticket.over"


@dataclass(frozen=True)
class Request:
    """That tickets may be issued up to this number."""

    number: int
    proposal: Proposal


@dataclass(frozen=True)
class Beyond:
    """For a page: the limit, who was agreed with, what waits, who may agree to it (in Chinese), whether the reader."""

    limit: Limit | None
    agreed: list[Request]
    request: Request | None
    who: str
    may_agree: bool


def beyond(session: Session, poll: Poll, actor: Actor) -> Beyond:
    return Beyond(
        limit(session, poll),
        agreed(session, poll),
        waiting(session, poll),
        who_agrees(session),
        may_agree(session, actor),
    )


def waiting(session: Session, poll: Poll) -> Request | None:
    return next((each for each in _requests(session, poll) if each.proposal.waits), None)


def agreed(session: Session, poll: Poll) -> list[Request]:
    """The lowest number first."""
    return [each for each in _requests(session, poll) if not each.proposal.waits]


def _requests(session: Session, poll: Poll) -> list[Request]:
    found = two_hands.proposals(session, poll.unit.assessment_id, ACT)
    own = [(name.split(":"), proposal) for name, proposal in found.items()]
    requests = [Request(int(number), proposal) for (of, number), proposal in own if of == str(poll.id)]
    return sorted(requests, key=lambda each: each.number)


def who_agrees(session: Session) -> str:
    """In Chinese."""
    return "监票人" if _has_scrutineer(session) else "另一名组织员或管理员"


def may_agree(session: Session, actor: Actor) -> bool:
    """By role alone."""
    return Role.SCRUTINEER in actor.roles if _has_scrutineer(session) else actor.may(Permission.RUN_POLLS)


def _has_scrutineer(session: Session) -> bool:
    query = select(Account.id).where(Account.role == Role.SCRUTINEER, Account.active).limit(1)
    return session.scalar(query) is not None


@permitted(Permission.RUN_POLLS)
def ask(session: Session, now: datetime, actor: Actor, poll_id: int, number: int, reason: str) -> None:
    """Raises NotAllowed, BadInput, WrongState."""
    poll = _issuing(session, poll_id)
    found = limit(session, poll)
    if found is None:
        raise WrongState("这次测评会没有发票上限，直接发就可以。")
    if not found.most < number <= MOST_PEOPLE:
        raise BadInput(f"现在最多可以发 {found.most} 张，请填比它大的总张数，最多 {MOST_PEOPLE}。")
    before = waiting(session, poll)
    if before is not None and before.number != number:
        raise WrongState(f"已有人提出发到 {before.number} 张，请先确认或撤下那个提议。")
    reason = two_hands.propose(
        session, now, actor, poll.unit.assessment_id, ACT, _subject(poll, number), reason, who_agrees(session)
    )
    audit.record(session, now, actor, "ticket.ask_over", poll.prefix, f"发到 {number} 张，{reason}")
    session.commit()


@permitted(Permission.WITNESS)
def agree(session: Session, now: datetime, actor: Actor, poll_id: int, number: int) -> None:
    """From now on tickets may be issued up to this number. Raises NotAllowed, WrongState."""
    poll = _issuing(session, poll_id)
    if not may_agree(session, actor):
        raise NotAllowed(f"多发票须由{who_agrees(session)}同意。请登录后在这次测评会的“会场”页操作。")
    found = two_hands.agree(
        session, now, actor, poll.unit.assessment_id, ACT, _subject(poll, number), who_agrees(session)
    )
    poll.rules = replace(PollRules.from_json(poll.rules), issue_to=number).to_json()
    audit.record(session, now, actor, ACT, poll.prefix, f"发到 {number} 张，{found.by}提出：{found.reason}")
    session.commit()


@permitted(Permission.WITNESS)
def decline(session: Session, now: datetime, actor: Actor, poll_id: int, number: int) -> None:
    """Whoever asked may take it back. Raises NotAllowed, WrongState."""
    poll = _issuing(session, poll_id)
    found = two_hands.decline(session, actor, poll.unit.assessment_id, ACT, _subject(poll, number), who_agrees(session))
    audit.record(session, now, actor, "ticket.keep_limit", poll.prefix, f"{found.by}提出：{found.reason}")
    session.commit()


def _subject(poll: Poll, number: int) -> str:
    return f"{poll.id}:{number}"


def _issuing(session: Session, poll_id: int) -> Poll:
    poll = locked_poll(session, poll_id)
    if poll.state not in ISSUING:
        raise WrongState(f"测评会{poll.state.label}，不能再发票。")
    return poll
