"""Paper ballots for tests: a poll with tickets for them, two persons who key, and their hands."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.site import Site
from surveys.office import accounts
from surveys.polling import keying
from surveys.polling.states import Purpose
from surveys.storage.tables import Account, AuditEntry
from surveys.vote.paper_ballots import paper_keying, paper_returned
from surveys.vote.paper_ballots.paper_keying import Saved
from surveys.vote.paper_ballots.paper_returned import FIRST, SECOND, ClassStatus
from surveys.vote.ticketing import tickets
from tests.builders import World, build_poll, sheet_of
from tests.sites import NOW


def person(site: Site, name: str, role: Role = Role.ORGANIZER) -> Actor:
    with site.database.writing() as session:
        accounts.create_account(session, NOW, COMMAND_LINE, name, role)
        account_id = session.scalar(sa.select(Account.id).where(Account.name == name))
    return Actor(account_id, name, role)


def paper_poll(site: Site, papers: int = 5, **options: Any) -> World:
    """A poll with `papers` tickets for paper ballots in each class, and none else unless `count` says so."""
    world = build_poll(site, **({"count": 0, "leaders": 1} | options))
    if papers:
        for class_key in world.codes:
            issue(site, world.poll_id, papers, class_key)
    return world


def issue(site: Site, poll_id: int, count: int, class_key: str = "A") -> None:
    with site.database.writing() as session:
        tickets.issue(session, NOW, COMMAND_LINE, poll_id, class_key, count, Purpose.PAPER)


def typed(site: Site, poll_id: int, digits: str) -> dict[str, str]:
    """The digits in turn over all cells."""
    names = [name for name, _ in sheet_of(site, poll_id).fields()]
    return {name: digits[number % len(digits)] for number, name in enumerate(names)}


def letters(site: Site, poll_id: int, digits: str) -> str:
    """The answer sheet these digits make."""
    return keying.read(sheet_of(site, poll_id), typed(site, poll_id, digits))


def key(
    site: Site,
    who: Actor,
    poll_id: int,
    number: int,
    hand: int,
    digits: str | Mapping[str, str] = "1",
    class_key: str = "A",
) -> Saved:
    cells = typed(site, poll_id, digits) if isinstance(digits, str) else digits
    with site.database.writing() as session:
        return paper_keying.key(session, site.settings.secret_key, NOW, who, poll_id, class_key, hand, number, cells)


def key_twice(site: Site, people: Sequence[Actor], poll_id: int, papers: Mapping[int, str], key_: str = "A") -> None:
    """Each number with these digits, by two persons alike."""
    for number, digits in papers.items():
        key(site, people[0], poll_id, number, FIRST, digits, key_)
        key(site, people[1], poll_id, number, SECOND, digits, key_)


def settle(site: Site, who: Actor, poll_id: int, number: int, cells: Mapping[str, str], class_key: str = "A") -> None:
    with site.database.writing() as session:
        paper_keying.settle(session, site.settings.secret_key, NOW, who, poll_id, class_key, number, cells)


def send_back(site: Site, who: Actor, poll_id: int, number: int, reason: str = "两遍都不对") -> None:
    with site.database.writing() as session:
        paper_keying.send_back(session, site.settings.secret_key, NOW, who, poll_id, "A", number, reason)


def remove(site: Site, who: Actor, poll_id: int, number: int, reason: str = "录重了", class_key: str = "A") -> None:
    with site.database.writing() as session:
        paper_keying.remove(session, NOW, who, poll_id, class_key, number, reason)


def cast(site: Site, who: Actor, poll_id: int, class_key: str = "A") -> int:
    with site.database.writing() as session:
        return paper_keying.cast(session, site.settings.secret_key, NOW, who, poll_id, class_key)


def status(site: Site, who: Actor, poll_id: int, class_key: str = "A") -> ClassStatus:
    with site.database.reading() as session:
        found = paper_returned.status(session, site.settings.secret_key, who, poll_id)
    return next(entry for entry in found if entry.key == class_key)


def log_of(site: Site, act: str) -> list[tuple[str, str]]:
    """(actor, detail) of every entry of this act, the oldest first."""
    with site.database.reading() as session:
        found = session.scalars(sa.select(AuditEntry).where(AuditEntry.act == act).order_by(AuditEntry.id))
        return [(entry.actor, entry.detail) for entry in found]


def keyings_left(site: Site) -> int:
    with site.database.reading() as session:
        return session.scalar(sa.text("SELECT count(*) FROM keyings")) or 0
