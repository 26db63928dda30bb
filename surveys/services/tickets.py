"""Issuing tickets and voiding them."""

import secrets
from datetime import datetime
from operator import itemgetter

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from surveys.polling import codes
from surveys.polling.base32 import Malformed
from surveys.polling.states import PollState, TicketState
from surveys.services import audit
from surveys.services.actors import Actor
from surveys.services.errors import BadInput, NotFound, WrongState
from surveys.services.polls import STATE_NAMES, locked_poll
from surveys.storage.tables import Ticket

MOST_AT_ONCE = 5000


def issue(session: Session, now: datetime, actor: Actor, poll_id: int, class_key: str, count: int) -> list[str]:
    """Issues tickets of one ballot class and returns their plain codes, shuffled: the only time they exist here.

    Raises NotFound, BadInput, WrongState once the poll is closed.
    """
    poll = locked_poll(session, poll_id)
    if poll.state not in (PollState.DRAFT, PollState.OPEN):
        raise WrongState(f"测评会{STATE_NAMES[poll.state]}，不能再发票。")
    if class_key not in {entry.key for entry in poll.classes}:
        raise NotFound(f"这次测评会没有代号为“{class_key}”的票种。")
    if not 1 <= count <= MOST_AT_ONCE:
        raise BadInput(f"一次发票的张数须是 1 至 {MOST_AT_ONCE} 的整数。")
    issued = [codes.new_code(poll.prefix) for _ in range(count)]
    rows = [
        {
            "poll_id": poll_id,
            "code_hash": codes.hash_code(code),
            "class_key": class_key,
            "state": TicketState.ISSUED,
        }
        for code in issued
    ]
    # In the order of the hashes, so that the table's order says nothing of the printed one.
    session.execute(insert(Ticket), sorted(rows, key=itemgetter("code_hash")))
    audit.record(session, now, actor, "ticket.issue", poll.prefix, f"{class_key} {count}")
    session.commit()
    secrets.SystemRandom().shuffle(issued)
    return issued


def void(session: Session, now: datetime, actor: Actor, poll_id: int, typed: str, reason: str) -> None:
    """Voids one unused ticket, by its typed code, with a reason. Raises BadInput, NotFound, WrongState."""
    if not reason.strip():
        raise BadInput("请写明作废的原因。")
    poll = locked_poll(session, poll_id)
    if poll.state is PollState.SEALED:
        raise WrongState("测评会已经封存，不能再作废票。")
    try:
        code = codes.normalize(typed)
    except Malformed:
        raise BadInput("票码不完整，应是 20 个字母和数字，请照纸条再输一遍。") from None
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
    audit.record(session, now, actor, "ticket.void", poll.prefix, f"{ticket.class_key} {reason.strip()}")
    session.commit()
