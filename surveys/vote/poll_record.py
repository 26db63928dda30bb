"""The record of a poll as it stands in the tables: what its seal covers, and the check of the one against the other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.acts.errors import Imbalance, WrongState
from surveys.catalog.model import plain
from surveys.polling.seal import ClassCount, Record, imbalance, seal
from surveys.polling.states import PollState, TicketState
from surveys.storage.tables import Ballot, Batch, Poll, Presence, Receipt, Ticket

COMMAND, TWO = "command", "two"

TOGETHER = 40
"""Polls whose boxes are read at once: few enough that the ballots of full halls are no burden."""


def class_counts(session: Session, poll: Poll) -> list[ClassCount]:
    """Tickets per ballot class and state, exact. Pages show them through `disclosure.shown_turnout`."""
    return class_counts_each(session, [poll])[poll.id]


def class_counts_each(session: Session, polls: Sequence[Poll]) -> dict[int, list[ClassCount]]:
    """The same of many polls, by id."""
    found = _tickets(session, [poll.id for poll in polls])
    return {poll.id: _class_counts(poll, found.get(poll.id, {})) for poll in polls}


_Tickets = Mapping[tuple[str, TicketState], int]


def _tickets(session: Session, poll_ids: Sequence[int]) -> dict[int, dict[tuple[str, TicketState], int]]:
    """How many there are of each class and state, by poll."""
    query = (
        select(Ticket.poll_id, Ticket.class_key, Ticket.state, func.count())
        .where(Ticket.poll_id.in_(poll_ids))
        .group_by(Ticket.poll_id, Ticket.class_key, Ticket.state)
    )
    found: dict[int, dict[tuple[str, TicketState], int]] = {}
    for poll_id, key, state, count in session.execute(query):
        found.setdefault(poll_id, {})[key, state] = count
    return found


def _class_counts(poll: Poll, counts: _Tickets) -> list[ClassCount]:
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
        for entry in sorted(poll.classes, key=lambda entry: entry.key)
    ]


def issued_for(session: Session, poll_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """How many tickets were issued for what, by poll and `Purpose`."""
    query = (
        select(Ticket.poll_id, Batch.purpose, func.count())
        .join(Batch, (Batch.poll_id == Ticket.poll_id) & (Batch.number == Ticket.batch))
        .where(Ticket.poll_id.in_(poll_ids))
        .group_by(Ticket.poll_id, Batch.purpose)
    )
    found: dict[int, dict[str, int]] = {}
    for poll_id, purpose, count in session.execute(query):
        found.setdefault(poll_id, {})[purpose.value] = count
    return found


def _present_by(session: Session, polls: Sequence[Poll]) -> dict[int, str]:
    """Of polls whose number present stands: whether two people entered it, or the command line did."""
    ids = [poll.id for poll in polls if poll.present is not None]
    found: dict[int, str] = {}
    query = select(Presence.poll_id, Presence.account_id).where(Presence.poll_id.in_(ids))
    for poll_id, account_id in session.execute(query):
        found[poll_id] = COMMAND if account_id is None or found.get(poll_id) == COMMAND else TWO
    return found


def read_record(session: Session, poll: Poll) -> Record:
    """All that the poll's result rests on."""
    return _read_records(session, [poll])[0]


def _read_records(session: Session, polls: Sequence[Poll]) -> list[Record]:
    """In the order of the polls, with one question to the database for each box."""
    ids = [poll.id for poll in polls]
    tickets = _tickets(session, ids)
    ballots: dict[int, list[tuple[str, str]]] = {}
    for poll_id, key, answers in session.execute(
        select(Ballot.poll_id, Ballot.class_key, Ballot.answers).where(Ballot.poll_id.in_(ids))
    ):
        ballots.setdefault(poll_id, []).append((key, answers))
    receipts: dict[int, list[str]] = {}
    for poll_id, code in session.execute(select(Receipt.poll_id, Receipt.code).where(Receipt.poll_id.in_(ids))):
        receipts.setdefault(poll_id, []).append(code)
    purposes, present_by = issued_for(session, ids), _present_by(session, polls)
    return [
        Record(
            poll=poll.prefix,
            rehearsal=poll.rehearsal,
            entitled=poll.entitled,
            present=poll.present,
            sheet=poll.sheet or {},
            rules=poll.rules,
            classes=_class_counts(poll, tickets.get(poll.id, {})),
            ballots=ballots.get(poll.id, []),
            receipts=receipts.get(poll.id, []),
            # What was opened before two people were asked is sealed without.
            issued_for=purposes.get(poll.id, {}) if poll.rules.get("two_hands") else None,
            present_by=present_by.get(poll.id) if poll.rules.get("two_hands") else None,
        )
        for poll in polls
    ]


def verified(session: Session, poll: Poll) -> Record:
    """The record of a sealed poll, checked against its seal. Raises WrongState, Imbalance.

    Every result is counted from it: what was altered after sealing is refused, never shown.
    """
    ((_, record),) = verified_each(session, [poll])
    return record


def verified_each(session: Session, polls: Sequence[Poll]) -> Iterator[tuple[Poll, Record]]:
    """The same of many polls, some at a time."""
    for start in range(0, len(polls), TOGETHER):
        some = polls[start : start + TOGETHER]
        for poll in some:
            if poll.state is not PollState.SEALED:
                raise WrongState("测评会还没有封存，没有封存码可以核对。")
        for poll, record in zip(some, _read_records(session, some), strict=True):
            yield poll, _as_sealed(poll, record)


def _as_sealed(poll: Poll, record: Record) -> Record:
    """The record, if its seal is the poll's. Seals were made over the classes as the database sorted them: whether B
    or a comes first is a matter of its language."""
    whose = f"{poll.unit.name}的测评会（{poll.prefix}）"
    fault = imbalance(record)
    if fault is not None:
        raise Imbalance(f"{whose}票数对不上：{fault}。请保留现场并联系管理员。")
    by_letter = replace(record, classes=sorted(record.classes, key=lambda entry: entry.key.lower()))
    for read in (record, by_letter):
        if seal(read) == poll.seal:
            return read
    raise Imbalance(
        f"{whose}封存后数据有改动：现在的数据算出 {seal(record)}，封存时是 {poll.seal}。请保留现场并联系管理员。"
    )
