"""The record of a poll as it stands in the tables: what its seal covers, and the check of the one against the other."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.catalog.model import plain
from surveys.polling.seal import ClassCount, Record, imbalance, seal
from surveys.polling.states import PollState, TicketState
from surveys.services.errors import Imbalance, WrongState
from surveys.storage.tables import Ballot, Poll, Receipt, Ticket


def class_counts(session: Session, poll: Poll) -> list[ClassCount]:
    """Tickets per ballot class and state, exact. Pages show them through `disclosure.shown_turnout`."""
    query = (
        select(Ticket.class_key, Ticket.state, func.count())
        .where(Ticket.poll_id == poll.id)
        .group_by(Ticket.class_key, Ticket.state)
    )
    counts = {(key, state): count for key, state, count in session.execute(query)}
    return [
        ClassCount(
            key=entry.key,
            name=entry.name,
            weight=plain(entry.weight),
            issued=sum(counts.get((entry.key, state), 0) for state in TicketState),
            cast=counts.get((entry.key, TicketState.CAST), 0),
            void=counts.get((entry.key, TicketState.VOID), 0),
            unused=counts.get((entry.key, TicketState.ISSUED), 0),
        )
        for entry in poll.classes
    ]


def read_record(session: Session, poll: Poll) -> Record:
    """All that the poll's result rests on."""
    ballots = session.execute(select(Ballot.class_key, Ballot.answers).where(Ballot.poll_id == poll.id))
    return Record(
        poll=poll.prefix,
        rehearsal=poll.rehearsal,
        entitled=poll.entitled,
        present=poll.present,
        sheet=poll.sheet or {},
        rules=poll.rules,
        classes=class_counts(session, poll),
        ballots=[(key, answers) for key, answers in ballots],
        receipts=list(session.scalars(select(Receipt.code).where(Receipt.poll_id == poll.id))),
    )


def verified(session: Session, poll: Poll) -> Record:
    """The record of a sealed poll, checked against its seal. Raises WrongState, Imbalance.

    Every result is counted from it: what was altered after sealing is refused, never shown.
    """
    if poll.state is not PollState.SEALED:
        raise WrongState("测评会还没有封存，没有封存码可以核对。")
    record = read_record(session, poll)
    fault = imbalance(record)
    whose = f"{poll.unit.name}的测评会（{poll.prefix}）"
    if fault is not None:
        raise Imbalance(f"{whose}票数对不上：{fault}。请保留现场并联系管理员。")
    if seal(record) != poll.seal:
        raise Imbalance(
            f"{whose}封存后数据有改动：现在的数据算出 {seal(record)}，封存时是 {poll.seal}。请保留现场并联系管理员。"
        )
    return record
