"""An admin names a poll's organizers and scrutineers."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts import audit, editions, poll_people
from surveys.acts.actors import Actor, Permission, Role
from surveys.acts.errors import BadInput, WrongState
from surveys.acts.permitted import permitted
from surveys.polling.states import PollState
from surveys.storage.tables import Account
from surveys.vote.polls import locked_poll, poll_of


@dataclass(frozen=True)
class Person:
    """`named`: by name at this poll. `fixed`: cannot be taken off any more."""

    id: int
    name: str
    role: Role
    phone: str
    named: bool
    fixed: bool


def people(session: Session, poll_id: int) -> list[Person]:
    """Those who may be named and those who are, by role, then name."""
    poll = poll_of(session, poll_id)
    found = poll_people.named(session, [poll_id]).get(poll_id, {})
    ids = {number for own in found.values() for number in own}
    query = select(Account).where(Account.role.in_(poll_people.BY_NAME)).order_by(Account.name)
    accounts = [each for each in session.scalars(query) if each.active or each.id in ids]
    begun = poll.state is not PollState.DRAFT
    lines = [
        Person(
            each.id,
            each.shown,
            Role(each.role),
            each.phone,
            each.id in ids,
            begun and each.id in ids and each.role == Role.SCRUTINEER,
        )
        for each in accounts
    ]
    return sorted(lines, key=lambda each: poll_people.BY_NAME.index(each.role))


@permitted(Permission.DECIDE)
def name_people(
    session: Session, now: datetime, actor: Actor, poll_id: int, account_ids: Collection[int], base: str | None = None
) -> None:
    """Who is to run and to watch it, in place of whoever was named. Once it has begun a scrutineer stays: whoever could
    take one off would need no tick to seal. Raises NotAllowed, NotFound, BadInput, WrongState."""
    poll = locked_poll(session, poll_id)
    if poll.rehearsal:
        raise WrongState("演练的人员和正式的测评会一样，请在正式的测评会里定。")
    if poll.state in (PollState.SEALED, PollState.WITHDRAWN):
        raise WrongState(f"测评会{poll.state.label}，人员不能再改。")
    known = {each.id: each for each in people(session, poll_id)}
    if not {*account_ids} <= {*known}:
        raise BadInput("选了不是组织员、监票人的账号，或账号刚刚停用。请刷新页面再选。")
    before = sorted(number for number, each in known.items() if each.named)
    editions.check(base, "people", before, sorted(account_ids), f"现在有 {len(before)} 人。")
    gone = [each.name for number, each in known.items() if each.fixed and number not in account_ids]
    if gone:
        raise WrongState(f"投票已经开始，监票人{'、'.join(gone)}不能再去掉，只能增加。没有改动。")
    poll_people.put(session, poll_id, account_ids)
    told = [_words([known[number] for number in ids]) for ids in (before, sorted(account_ids))]
    if told[0] != told[1]:
        audit.record(session, now, actor, "poll.people", poll.prefix, before=told[0], after=told[1])
    session.commit()


def _words(found: Collection[Person]) -> str:
    parts = (
        f"{role.label}：{'、'.join(each.name for each in found if each.role is role)}"
        for role in poll_people.BY_NAME
        if any(each.role is role for each in found)
    )
    return "；".join(parts) or "没有指定"
