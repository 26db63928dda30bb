"""Alarms as kept: each begins once, is sent once, and is over when what it told of is."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts.actors import Actor, Permission
from surveys.acts.permitted import permitted
from surveys.acts.site import Site
from surveys.entry.alarms import finding, sending
from surveys.entry.alarms.finding import Alarm, AlarmKind
from surveys.storage.tables import AlarmEntry

SHOWN = 100


@dataclass(frozen=True)
class Line:
    """`over_at`: None while it stands. `unsent`: why it did not go out, in Chinese."""

    kind: AlarmKind
    words: str
    at: datetime
    over_at: datetime | None
    unsent: str | None


def watch(site: Site, now: datetime) -> int:
    """Compares what is wrong now with what was kept, and sends what is new; how many were. Where nothing changed,
    nothing is written: voters write too. Of several processes that watch, one finds each."""
    with site.database.reading() as session:
        if not _changes(session, finding.find(site, session, now)):
            return 0
    with site.database.writing() as session:
        site.database.one_at_a_time(session, AlarmEntry)
        changes = _changes(session, finding.find(site, session, now))
        for entry in changes.over:
            entry.over_at = now
        new = [AlarmEntry(kind=each.kind.value, subject=each.subject, words=each.words, at=now) for each in changes.new]
        session.add_all(new)
        session.flush()
        told = [(entry.id, entry.words) for entry in new]
        session.commit()
    for number, words in told:
        _send(site, number, words)
    return len(told)


@dataclass(frozen=True)
class _Changes:
    new: list[Alarm]
    over: list[AlarmEntry]

    def __bool__(self) -> bool:
        return bool(self.new or self.over)


def _changes(session: Session, found: list[Alarm]) -> _Changes:
    standing = session.scalars(select(AlarmEntry).where(AlarmEntry.over_at.is_(None))).all()
    there = {(each.kind, each.subject) for each in standing}
    wrong = {(each.kind.value, each.subject) for each in found}
    return _Changes(
        [each for each in found if (each.kind.value, each.subject) not in there],
        [each for each in standing if (each.kind, each.subject) not in wrong],
    )


def _send(site: Site, number: int, words: str) -> None:
    """No transaction is open meanwhile: the other side may be slow."""
    fault = sending.send(site.settings, words)
    if fault is not None:
        with site.database.writing() as session:
            session.get_one(AlarmEntry, number).unsent = fault
            session.commit()


@permitted(Permission.SEE_ALARMS)
def lines(session: Session, actor: Actor) -> list[Line]:
    """Those that this account may see: standing ones first, then the newest. Raises NotAllowed."""
    found = session.scalars(select(AlarmEntry).order_by(AlarmEntry.id.desc()).limit(SHOWN)).all()
    shown = [
        Line(AlarmKind(each.kind), each.words, each.at, each.over_at, each.unsent)
        for each in found
        if is_for(actor, AlarmKind(each.kind))
    ]
    return sorted(shown, key=lambda each: each.over_at is not None)


def is_for(actor: Actor, kind: AlarmKind) -> bool:
    """The auditor sees all; of polls those who decide, of the server those who keep the accounts."""
    if actor.may(Permission.SEE_LOG):
        return True
    return actor.may(Permission.DECIDE) if kind.of_polls else actor.may(Permission.MANAGE_ACCOUNTS)
