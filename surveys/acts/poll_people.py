"""Organizers and scrutineers of a poll by name. Of a role of which nobody is named, everybody in it may enter."""

from collections.abc import Collection, Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from surveys.acts.actors import Actor, Role
from surveys.storage.tables import Account, Poll, PollPerson

BY_NAME = (Role.ORGANIZER, Role.SCRUTINEER)


def may_enter(session: Session, actor: Actor, poll_id: int) -> bool:
    """Whether the poll is this account's to run or watch, by its own role or by that of whom it stands in for. A
    rehearsal is entered by who may enter what it rehearses."""
    return _may(actor, named(session, [poll_id]).get(poll_id, {}))


def shut_to(session: Session, actor: Actor, poll_ids: Sequence[int]) -> set[int]:
    """Those of these polls that are others'."""
    found = named(session, poll_ids)
    return {number for number in poll_ids if not _may(actor, found.get(number, {}))}


def _may(actor: Actor, people: dict[Role, Collection[int]]) -> bool:
    ids = {actor.account_id, *(each.account_id for each in actor.stands_for)}
    return any(role not in BY_NAME or not people.get(role) or ids & {*people[role]} for role in actor.roles)


def named(session: Session, poll_ids: Sequence[int]) -> dict[int, dict[Role, Collection[int]]]:
    """Accounts, by poll and role; who is switched off stays named."""
    query = (
        select(Poll.id, Account.role, Account.id)
        .join(PollPerson, PollPerson.poll_id == func.coalesce(Poll.rehearsal_of, Poll.id))
        .join(Account, Account.id == PollPerson.account_id)
        .where(Poll.id.in_(poll_ids), Account.role.in_(BY_NAME))
        .order_by(Account.id)
    )
    found: dict[int, dict[Role, list[int]]] = {}
    for poll_id, role, account_id in session.execute(query):
        found.setdefault(poll_id, {}).setdefault(Role(role), []).append(account_id)
    return {poll_id: dict(roles) for poll_id, roles in found.items()}


def put(session: Session, poll_id: int, account_ids: Collection[int]) -> None:
    """In place of whoever was named; the caller has checked them and commits."""
    session.execute(delete(PollPerson).where(PollPerson.poll_id == poll_id))
    session.add_all(PollPerson(poll_id=poll_id, account_id=number) for number in sorted(account_ids))
    session.flush()
