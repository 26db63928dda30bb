"""The public board of a sealed poll: all receipts, the totals, the seal. Nothing of any answer."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts.errors import NotFound
from surveys.polling import base32, codes, receipts
from surveys.polling.seal import ClassCount
from surveys.polling.states import PollState
from surveys.storage.tables import Poll, Receipt
from surveys.vote.poll_record import class_counts
from surveys.vote.turnouts import SealedTurnout, figures


@dataclass(frozen=True)
class Board:
    """`receipts` (grouped, sorted), `counts`, `figures` and `seal` only once the poll is sealed."""

    prefix: str
    title: str
    unit: str
    rehearsal: bool
    seal: str | None
    counts: tuple[ClassCount, ...]
    receipts: tuple[str, ...]
    figures: SealedTurnout | None

    def has(self, typed: str) -> bool | None:
        """Whether the receipt somebody typed is on the board; None when it cannot be a receipt."""
        try:
            return base32.grouped(base32.normalize(typed, receipts.LENGTH)) in self.receipts
        except base32.Malformed:
            return None


def board(session: Session, prefix: str) -> Board:
    """Raises NotFound."""
    try:
        prefix = base32.normalize(prefix, codes.PREFIX_LENGTH)
    except base32.Malformed:
        raise NotFound("没有这个公示板，请核对网址。") from None
    poll = session.scalar(select(Poll).where(Poll.prefix == prefix))
    if poll is None or poll.state in (PollState.DRAFT, PollState.WITHDRAWN):
        raise NotFound("没有这个公示板，请核对网址。")
    sealed = poll.state is PollState.SEALED
    found = session.scalars(select(Receipt.code).where(Receipt.poll_id == poll.id)) if sealed else ()
    return Board(
        prefix=poll.prefix,
        title=poll.title,
        unit=poll.unit.name,
        rehearsal=poll.rehearsal,
        seal=poll.seal,
        counts=tuple(class_counts(session, poll)) if sealed else (),
        receipts=tuple(sorted(base32.grouped(code) for code in found)),
        figures=figures(session, [poll])[0] if sealed else None,
    )
