"""What a poll's screen in the hall shows: how far it is. Nothing of any answer, and turnout in steps."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.acts.errors import NotFound
from surveys.polling import base32, codes
from surveys.polling.disclosure import shown_turnout
from surveys.polling.states import PollState, TicketState, has_ended
from surveys.storage.database import Database
from surveys.storage.tables import Poll, Ticket
from surveys.vote.polls import UNDER_WAY

KEPT_SECONDS = 2


@dataclass(frozen=True)
class Screen:
    """`returned`: in whole steps until the poll is sealed. `closes_at`: while voting goes on and has a set end."""

    prefix: str
    unit: str
    title: str
    rehearsal: bool
    state: PollState
    entitled: int
    present: int | None
    returned: int
    closes_at: datetime | None

    @property
    def base(self) -> int:
        """What the ballots returned are out of: who is there, or where nobody counted them, who should be."""
        return self.entitled if self.present is None else self.present

    def closes_in(self, now: datetime) -> int | None:
        """Whole seconds until voting ends by itself, 0 once that moment is past; None without a set end."""
        return None if self.closes_at is None else max(0, ceil((self.closes_at - now).total_seconds()))

    def time_is_up(self, now: datetime) -> bool:
        return has_ended(self.closes_at, now)


def screen(session: Session, prefix: str) -> Screen:
    """Raises NotFound."""
    poll = session.scalar(select(Poll).where(Poll.prefix == _normalized(prefix)))
    if poll is None:
        raise _no_screen()
    query = select(func.count()).where(Ticket.poll_id == poll.id, Ticket.state == TicketState.CAST)
    return Screen(
        prefix=poll.prefix,
        unit=poll.unit.name,
        title=poll.title,
        rehearsal=poll.rehearsal,
        state=poll.state,
        entitled=poll.entitled,
        present=poll.present,
        returned=shown_turnout(session.scalar(query) or 0, poll.state),
        closes_at=poll.closes_at if poll.state in UNDER_WAY else None,
    )


class Screens:
    """Each poll's screen as it was at most KEPT_SECONDS ago: fifty projectors ask the database no more than one does.

    `clock`: seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[float, Screen]] = {}  # polls that exist, so strangers cannot fill it

    def get(self, database: Database, prefix: str) -> Screen:
        """Raises NotFound."""
        prefix = _normalized(prefix)
        until, found = self._kept.get(prefix, (0.0, None))
        if found is None or self._clock() >= until:
            with database.reading() as session:
                found = screen(session, prefix)
            self._kept[prefix] = (self._clock() + KEPT_SECONDS, found)
        return found


def _normalized(prefix: str) -> str:
    try:
        return base32.normalize(prefix, codes.PREFIX_LENGTH)
    except base32.Malformed:
        raise _no_screen() from None


def _no_screen() -> NotFound:
    return NotFound("没有这块大屏，请核对网址。")
