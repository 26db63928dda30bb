"""The hot path: looking a ticket up, and casting a ballot in one short transaction (docs/decisions/0005)."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Executable, Row, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from surveys.acts.open_polls import OpenPoll, OpenPolls
from surveys.polling import codes, envelopes, receipts
from surveys.polling.base32 import Malformed
from surveys.polling.sheet import BLANK, BadAnswers
from surveys.polling.states import PollState, TicketState, has_ended
from surveys.storage.tables import Ballot, Poll, Receipt, Ticket


class CastError(Exception):
    """Why a ballot was not cast. Nothing is spent."""

    rehearsal = False
    """Whether the poll is known to be one."""


class UnknownTicket(CastError):
    """No such code."""


class TicketVoid(CastError):
    """The ticket was voided."""


class TicketUsed(CastError):
    """The ticket was counted already, with another submission."""


class PollNotOpen(CastError):
    """Voting has not begun."""


class PollPaused(CastError):
    """Voting rests for a while."""


class TimeIsUp(CastError):
    """The closing time has passed. Nobody has closed the poll yet, and the time may be extended."""


class PollClosed(CastError):
    """Voting has ended."""


class RefusedAnswers(CastError):
    """The submission holds something that is not on the sheet."""


class BlankAnswers(CastError):
    """Questions are left blank, which the poll does not allow or the voter has not said is meant. Carries the sheet."""

    def __init__(self, poll: OpenPoll, answers: str) -> None:
        super().__init__()
        self.poll = poll
        self.answers = answers


@dataclass(frozen=True)
class Counted:
    """A ballot that was cast."""

    receipt: str
    rehearsal: bool


@dataclass(frozen=True)
class Found:
    """A ticket that may be cast now: its poll, and which opening of it (see `OpenPolls`)."""

    poll_id: int
    prefix: str
    opened_at: datetime
    class_key: str


_Looked = Row[int, str, PollState, datetime | None, datetime | None, bool, TicketState, str]
_look_up = (
    select(
        Poll.id,
        Poll.prefix,
        Poll.state.label("poll"),
        Poll.opened_at,
        Poll.closes_at,
        Poll.rehearsal,
        Ticket.state.label("ticket"),
        Ticket.class_key,
    )
    .outerjoin(Ticket, (Ticket.poll_id == Poll.id) & (Ticket.code_hash == bindparam("code_hash")))
    .where(Poll.prefix == bindparam("prefix"))
)
# Sealing takes the poll FOR UPDATE: it waits for the casts under way, and a later cast finds the poll closed.
_look_up_locked = _look_up.with_for_update(read=True, key_share=True, of=Poll)
_find_receipt = select(Receipt.code).where(Receipt.poll_id == bindparam("poll"), Receipt.code == bindparam("receipt"))
_spend = (
    update(Ticket)
    .where(
        Ticket.poll_id == bindparam("poll"),
        Ticket.code_hash == bindparam("hash"),
        Ticket.state == TicketState.ISSUED,
    )
    .values(state=TicketState.CAST)
)
_drop_in_ballots = insert(Ballot)
_drop_in_receipts = insert(Receipt)


def normalized(typed: str) -> str:
    """The code as issued. Raises UnknownTicket for what cannot be one."""
    try:
        return codes.normalize(typed)
    except Malformed:
        raise UnknownTicket from None


def open_poll_of(connection: Connection, open_polls: OpenPolls, found: Found) -> OpenPoll:
    """What its poll asks. Raises PollClosed for one sealed or wiped since it was found."""
    poll = open_polls.get(connection, found.poll_id, found.prefix, found.opened_at)
    if poll is None:
        raise PollClosed
    return poll


def find(connection: Connection, now: datetime, open_polls: OpenPolls, code: str) -> Found:
    """The ticket of a normalized code, if it could be cast now. Changes nothing. Raises the CastError that applies."""
    row = _looked_up(connection, _look_up, open_polls, code)
    with _telling_rehearsals(row):
        return _castable(row, now)


def cast(
    connection: Connection,
    now: datetime,
    open_polls: OpenPolls,
    code: str,
    nonce: str,
    submitted: Mapping[str, Sequence[str]],
    blanks_meant: bool,
) -> Counted:
    """Casts one ballot. The same submission again (same nonce) gets the same receipt.

    Under a nonce that was counted other answers get that receipt too: a ballot carries no nonce, so nobody can compare.
    Hence the page of a receipt says that the first counts, and a browser takes a new nonce for changed answers.

    `submitted`: answers by field name. Raises the CastError that applies; then nothing has changed.
    """
    row = _looked_up(connection, _look_up_locked, open_polls, code)
    if row is None:
        raise UnknownTicket
    with _telling_rehearsals(row):
        return Counted(_cast(connection, now, open_polls, row, code, nonce, submitted, blanks_meant), row.rehearsal)


def _cast(
    connection: Connection,
    now: datetime,
    open_polls: OpenPolls,
    row: "_Looked",
    code: str,
    nonce: str,
    submitted: Mapping[str, Sequence[str]],
    blanks_meant: bool,
) -> str:
    poll_id, prefix = row.id, row.prefix
    receipt = receipts.receipt_of(prefix, nonce)
    if row.ticket is TicketState.CAST:
        return _receipt_again(connection, poll_id, receipt)
    found = _castable(row, now)
    open_poll = open_poll_of(connection, open_polls, found)
    try:
        answers = open_poll.sheet.read(submitted)
    except BadAnswers as error:
        raise RefusedAnswers from error
    if BLANK in answers and not (blanks_meant and open_poll.blanks_allowed):
        raise BlankAnswers(open_poll, answers)
    try:
        counted = count(connection, open_poll.key, found, codes.hash_code(code), answers, receipt)
    except IntegrityError:
        raise RefusedAnswers("the nonce of another submission") from None
    if not counted:
        # PostgreSQL: while this waited for the row, another post of the ticket was counted, or it was voided.
        now_there = connection.execute(_look_up, _look_up_values(code)).first()
        if now_there is not None and now_there.ticket is TicketState.CAST:
            return _receipt_again(connection, poll_id, receipt)
        _castable(now_there, now)
        raise TicketUsed
    connection.commit()
    return receipt


def count(connection: Connection, key: bytes, found: Found, code_hash: bytes, answers: str, receipt: str) -> bool:
    """Spends a ticket, known by its hash, and drops its ballot and its receipt into their boxes; does not commit.

    False when the ticket is not there to be spent any more. Raises IntegrityError for a receipt that is in the box.
    """
    if connection.execute(_spend, {"poll": found.poll_id, "hash": code_hash}).rowcount != 1:
        return False
    ballot_id = secrets.token_bytes(16)
    envelope = envelopes.close(key, found.prefix, envelopes.ballot_place(found.class_key, ballot_id), answers)
    connection.execute(
        _drop_in_ballots,
        {"poll_id": found.poll_id, "id": ballot_id, "class_key": found.class_key, "answers": envelope},
    )
    connection.execute(_drop_in_receipts, {"poll_id": found.poll_id, "code": receipt})
    return True


def _looked_up(connection: Connection, query: Executable, open_polls: OpenPolls, code: str) -> "_Looked | None":
    """Whoever finds a poll not open forgets its key."""
    row: _Looked | None = connection.execute(query, _look_up_values(code)).first()
    if row is None or row.poll is not PollState.OPEN:
        open_polls.forget(codes.prefix_of(code))
    return row


def _look_up_values(code: str) -> dict[str, object]:
    return {"prefix": codes.prefix_of(code), "code_hash": codes.hash_code(code)}


def _castable(row: "_Looked | None", now: datetime) -> Found:
    if row is None or row.ticket is None:
        raise UnknownTicket
    if row.ticket is TicketState.CAST:
        raise TicketUsed
    if row.ticket is TicketState.VOID:
        raise TicketVoid
    if row.poll is PollState.DRAFT or row.opened_at is None:
        raise PollNotOpen
    if row.poll not in (PollState.OPEN, PollState.PAUSED):
        raise PollClosed
    if row.poll is PollState.PAUSED:
        raise PollPaused
    if has_ended(row.closes_at, now):
        raise TimeIsUp
    return Found(row.id, row.prefix, row.opened_at, row.class_key)


@contextmanager
def _telling_rehearsals(row: "_Looked | None") -> Iterator[None]:
    try:
        yield
    except CastError as error:
        error.rehearsal = row is not None and row.rehearsal
        raise


def _receipt_again(connection: Connection, poll_id: int, receipt: str) -> str:
    if connection.execute(_find_receipt, {"poll": poll_id, "receipt": receipt}).first() is None:
        raise TicketUsed
    return receipt
