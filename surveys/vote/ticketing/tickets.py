"""Issuing tickets, batch by batch, and voiding them."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from surveys.acts import audit
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import BadInput, NotFound, WrongState
from surveys.acts.permitted import permitted
from surveys.acts.reasons import written
from surveys.polling import codes
from surveys.polling.base32 import Malformed
from surveys.polling.seal import ClassCount
from surveys.polling.states import PollState, Purpose, TicketState
from surveys.storage.tables import Batch, Door, Poll, Ticket
from surveys.vote.paper_ballots.paper_counts import paper_tickets, waiting_by_class
from surveys.vote.polls import OVER, locked_poll
from surveys.vote.ticketing import ticket_limits

MOST_AT_ONCE = 5000
HANDED_OUT = (Purpose.SLIPS, Purpose.LINKS)
"""Their codes were in a file, which may be lost or spoilt."""

ISSUING = (PollState.DRAFT, PollState.OPEN, PollState.PAUSED)


@dataclass(frozen=True)
class Issued:
    """A batch of tickets and their plain codes, shuffled."""

    batch: int
    codes: list[str]


@permitted(Permission.RUN_POLLS)
def issue(
    session: Session,
    now: datetime,
    actor: Actor,
    poll_id: int,
    class_key: str,
    count: int,
    purpose: Purpose = Purpose.SLIPS,
) -> Issued:
    """Issues a batch of tickets of one ballot class. Here alone, and only now, do their plain codes exist.

    Raises NotFound, BadInput, WrongState once the poll is closed.
    """
    poll = _issuing(session, poll_id)
    if class_key not in {entry.key for entry in poll.classes}:
        raise NotFound(f"这次测评会没有代号为“{class_key}”的票种。")
    if not 1 <= count <= MOST_AT_ONCE:
        raise BadInput(f"一次发票的张数须是 1 至 {MOST_AT_ONCE} 的整数。")
    issued = _issued(session, now, poll, class_key, count, purpose)
    detail = f"{class_key} 票 {count} 张，{_named(issued.batch, purpose)}"
    audit.record(session, now, actor, "ticket.issue", poll.prefix, detail)
    session.commit()
    return issued


def _named(batch: int, purpose: Purpose) -> str:
    """A batch in the log: slips are the rule."""
    return f"第 {batch} 批" if purpose is Purpose.SLIPS else f"第 {batch} 批（{purpose.label}）"


def _issuing(session: Session, poll_id: int) -> Poll:
    poll = locked_poll(session, poll_id)
    if poll.state not in ISSUING:
        raise WrongState(f"测评会{poll.state.label}，不能再发票。")
    return poll


def _issued(session: Session, now: datetime, poll: Poll, class_key: str, count: int, purpose: Purpose) -> Issued:
    batch = new_batch(session, now, poll, class_key, purpose)
    issued = [codes.new_code(poll.prefix) for _ in range(count)]
    add_tickets(session, poll, batch, issued)
    secrets.SystemRandom().shuffle(issued)
    return Issued(batch.number, issued)


def missing(poll: Poll, counts: Iterable[ClassCount]) -> dict[str, int]:
    """How many tickets each class still lacks of those planned for it; classes without a plan are left out.

    A void ticket is of no use to anybody and does not count.
    """
    valid = {entry.key: entry.issued - entry.void for entry in counts}
    return {
        entry.key: max(entry.planned - valid.get(entry.key, 0), 0)
        for entry in poll.classes
        if entry.planned is not None
    }


def new_batch(session: Session, now: datetime, poll: Poll, class_key: str, purpose: Purpose) -> Batch:
    """The poll's next batch, still without tickets. The poll must be locked."""
    last = session.scalar(select(func.max(Batch.number)).where(Batch.poll_id == poll.id))
    batch = Batch(
        poll_id=poll.id, number=1 if last is None else last + 1, class_key=class_key, purpose=purpose, made_at=now
    )
    session.add(batch)
    session.flush()
    return batch


def add_tickets(session: Session, poll: Poll, batch: Batch, issued: list[str]) -> None:
    """Tickets with these plain codes, into a batch.

    In the order of the hashes, so that the table's order says nothing of the printed one. The poll must be locked.
    Raises TooMany: here is where every ticket comes into being.
    """
    ticket_limits.require_room(session, poll, len(issued))
    ticket_limits.fix(session, poll)
    rows = [
        {
            "poll_id": poll.id,
            "code_hash": codes.hash_code(code),
            "class_key": batch.class_key,
            "batch": batch.number,
            "state": TicketState.ISSUED,
        }
        for code in issued
    ]
    session.execute(insert(Ticket), sorted(rows, key=itemgetter("code_hash")))


@permitted(Permission.RUN_POLLS)
def void(session: Session, now: datetime, actor: Actor, poll_id: int, typed: str, reason: str) -> None:
    """Voids one unused ticket, by its typed code, with a reason. Raises BadInput, NotFound, WrongState."""
    reason = _why(reason)
    poll = _voiding(session, poll_id)
    try:
        code = codes.normalize(codes.in_address(typed))
    except Malformed:
        raise BadInput(f"票码不完整，应是 {codes.LENGTH} 个字母和数字，请照纸条再输一遍。") from None
    ticket = session.get(Ticket, (poll_id, codes.hash_code(code)))
    if ticket is None:
        raise NotFound("这次测评会没有这张票，请核对票码和测评会。")
    void_if_unused = (
        update(Ticket)
        .where(Ticket.poll_id == poll_id, Ticket.code_hash == ticket.code_hash, Ticket.state == TicketState.ISSUED)
        .values(state=TicketState.VOID)
    )
    if session.execute(void_if_unused).rowcount != 1:  # type: ignore[attr-defined]
        raise WrongState("这张票已经投出或已经作废，没有改动。")
    audit.record(session, now, actor, "ticket.void", poll.prefix, f"{ticket.class_key} 票 1 张，{reason}")
    session.commit()


def _why(reason: str) -> str:
    return written(reason, "请写明作废的原因。", name="原因")


def _voiding(session: Session, poll_id: int) -> Poll:
    poll = locked_poll(session, poll_id)
    if poll.state in OVER:
        raise WrongState(f"测评会{poll.state.label}，不能再作废票。")
    return poll


@permitted(Permission.RUN_POLLS)
def reissue(
    session: Session,
    now: datetime,
    actor: Actor,
    poll_id: int,
    batch: int,
    reason: str,
    purpose: Purpose = Purpose.SLIPS,
) -> Issued:
    """Voids the unused tickets of a batch of slips or links and issues as many anew, in a batch of their own.

    Raises BadInput, NotFound, WrongState: the poll is closed, the batch was not printed, or nothing of it is unused.
    """
    reason = _why(reason)
    poll = _issuing(session, poll_id)
    old = _printed(session, poll, batch)
    count = _void_unused(session, old)
    issued = _issued(session, now, poll, old.class_key, count, purpose)
    detail = f"{old.class_key} 票 {count} 张，第 {old.number} 批换成第 {issued.batch} 批，{reason}"
    audit.record(session, now, actor, "ticket.reissue", poll.prefix, detail)
    session.commit()
    return issued


@permitted(Permission.RUN_POLLS)
def void_batch(session: Session, now: datetime, actor: Actor, poll_id: int, batch: int, reason: str) -> int:
    """Voids the unused tickets of a batch; returns how many. Raises BadInput, NotFound, WrongState."""
    reason = _why(reason)
    poll = _voiding(session, poll_id)
    found = batch_of(session, poll, batch)
    why = why_not_voidable(session, found)
    if why is not None:
        raise WrongState(why)
    count = _void_unused(session, found)
    _check_keyed(session, poll, found)
    detail = f"{found.class_key} 票 {count} 张，{_named(found.number, found.purpose)}，{reason}"
    audit.record(session, now, actor, "ticket.void_batch", poll.prefix, detail)
    session.commit()
    return count


def why_not_voidable(session: Session, batch: Batch) -> str | None:
    """In whatever state the poll is. A door would go on handing out tickets of its batch."""
    in_use = select(Door.name).where(Door.poll_id == batch.poll_id, Door.batch == batch.number, Door.shut.is_(False))
    name = session.scalar(in_use)
    return None if name is None else f"发码屏“{name}”还在用这一批。请先在“发码屏”页关闭它，再来作废。"


def _check_keyed(session: Session, poll: Poll, batch: Batch) -> None:
    """Each paper ballot that is keyed and not cast yet needs a ticket. Raises WrongState."""
    if batch.purpose is not Purpose.PAPER:
        return
    keyed = dict(waiting_by_class(session, poll)).get(batch.class_key, 0)
    left = paper_tickets(session, poll)[batch.class_key, TicketState.ISSUED]
    if left < keyed:
        raise WrongState(
            f"{batch.class_key} 类纸质票录入了 {keyed} 张还没有计入，作废这一批以后只剩 {left} 张可用的。"
            "没有作废。请先在“纸质票”页计入，或写明原因删除录入的。"
        )


def _printed(session: Session, poll: Poll, number: int) -> Batch:
    batch = batch_of(session, poll, number)
    if batch.purpose not in HANDED_OUT:
        raise WrongState(f"第 {number} 批是{batch.purpose.label}，没有印过纸条，不能重印。")
    return batch


def batch_of(session: Session, poll: Poll, number: int) -> Batch:
    """Raises NotFound."""
    batch = session.get(Batch, (poll.id, number))
    if batch is None:
        raise NotFound(f"这次测评会没有第 {number} 批票。")
    return batch


def _void_unused(session: Session, batch: Batch) -> int:
    """The poll must be locked: of two who void the same batch at once, one finds nothing left."""
    voiding = (
        update(Ticket)
        .where(Ticket.poll_id == batch.poll_id, Ticket.batch == batch.number, Ticket.state == TicketState.ISSUED)
        .values(state=TicketState.VOID)
    )
    count: int = session.execute(voiding).rowcount  # type: ignore[attr-defined]
    if count == 0:
        raise WrongState(f"第 {batch.number} 批没有未用的票，没有改动。")
    return count


@dataclass(frozen=True)
class BatchLine:
    """A batch as pages show it: not how many of it were cast."""

    number: int
    class_key: str
    purpose: Purpose
    made_at: datetime
    issued: int
    void: int


def list_batches(session: Session, poll: Poll) -> list[BatchLine]:
    """The poll's batches, the newest first."""
    voided = func.count().filter(Ticket.state == TicketState.VOID)
    query = (
        select(Batch, func.count(Ticket.code_hash), voided)
        .outerjoin(Ticket, (Ticket.poll_id == Batch.poll_id) & (Ticket.batch == Batch.number))
        .where(Batch.poll_id == poll.id)
        .group_by(Batch.poll_id, Batch.number)
        .order_by(Batch.number.desc())
    )
    return [
        BatchLine(batch.number, batch.class_key, batch.purpose, batch.made_at, issued, void)
        for batch, issued, void in session.execute(query)
    ]
