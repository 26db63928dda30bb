"""Taking a poll out of the tables with all that belongs to it."""

from sqlalchemy import delete
from sqlalchemy.orm import Session

from surveys.storage.tables import (
    Ballot,
    BallotClass,
    Batch,
    Door,
    Keying,
    Poll,
    PollPerson,
    Presence,
    Receipt,
    Remark,
    Ticket,
    Unsealing,
)

# Whatever belongs to a poll, what refers to others first.
_BELONGINGS = (Keying, Door, Ballot, Receipt, Ticket, Batch, Unsealing, Presence, PollPerson, Remark, BallotClass)


def erase(session: Session, poll_id: int) -> None:
    """A poll and whatever belongs to it; which one may go, the caller knows."""
    for kind in _BELONGINGS:
        session.execute(delete(kind).where(kind.poll_id == poll_id))
    session.execute(delete(Poll).where(Poll.id == poll_id))
