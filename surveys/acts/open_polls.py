"""What the open polls ask and the keys of their envelopes: in the process's memory, and only while they are open."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from surveys.polling import envelopes
from surveys.polling.sheet import Sheet
from surveys.scoring.grades import BlankPolicy
from surveys.scoring.poll_rules import PollRules
from surveys.storage.tables import Poll

_select_open = select(Poll.sheet, Poll.rules, Poll.rehearsal, Poll.envelope_salt).where(Poll.id == bindparam("poll"))


@dataclass(frozen=True)
class OpenPoll:
    """What of a poll is frozen when it opens. `key` shuts its envelopes."""

    sheet: Sheet
    key: bytes
    blank: BlankPolicy
    blanks_allowed: bool
    rehearsal: bool


class OpenPolls:
    """What the open polls ask, read once per process."""

    def __init__(self, site_secret: str) -> None:
        self._site_secret = site_secret
        self._polls: dict[str, tuple[tuple[int, datetime], OpenPoll]] = {}

    def get(self, connection: Connection, poll_id: int, prefix: str, opened_at: datetime) -> OpenPoll | None:
        """None of one that was sealed or wiped since that opening."""
        opening = (poll_id, opened_at)
        kept = self._polls.get(prefix)
        if kept is not None and kept[0] == opening:
            return kept[1]
        found = self._read(connection, poll_id)
        if found is not None:
            self._polls[prefix] = opening, found
        return found

    def _read(self, connection: Connection, poll_id: int) -> OpenPoll | None:
        row = connection.execute(_select_open, {"poll": poll_id}).first()
        if row is None or row.envelope_salt is None:
            return None
        rules = PollRules.from_json(row.rules)
        return OpenPoll(
            sheet=Sheet.from_json(row.sheet or {}),
            key=envelopes.poll_key(self._site_secret, row.envelope_salt),
            blank=rules.blank,
            blanks_allowed=rules.blanks_allowed,
            rehearsal=row.rehearsal,
        )

    def forget(self, prefix: str) -> None:
        """A poll's key is known only while it is open."""
        self._polls.pop(prefix, None)

    def prefixes(self) -> Collection[str]:
        """Of those whose keys are known now."""
        return self._polls.keys()
