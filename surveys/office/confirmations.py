"""Accounts that somebody made or reset, until the auditor has confirmed that their holders are who they say: who gave a
password away knows it, and could be both hands where an act takes two people (docs/decisions/0026)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from surveys.acts import audit
from surveys.acts.actors import Actor, Permission, Role
from surveys.acts.errors import NotAllowed, NotFound, WrongState
from surveys.acts.permitted import permitted
from surveys.office.account_admin import full_place
from surveys.storage.tables import Account


@dataclass(frozen=True)
class Unconfirmed:
    """`by`: who made it or last reset its password, at `given_at`; `one_time`: that password is still the one given."""

    id: int
    name: str
    role: Role
    place: str
    by: str
    given_at: datetime
    one_time: bool


_WAITING = (Account.active, Account.confirmed_at.is_(None))


@permitted(Permission.CONFIRM_ACCOUNTS)
def count(session: Session, actor: Actor) -> int:
    """How many wait. Raises NotAllowed."""
    return session.scalar(select(func.count()).select_from(Account).where(*_WAITING)) or 0


@permitted(Permission.CONFIRM_ACCOUNTS)
def unconfirmed(session: Session, actor: Actor) -> list[Unconfirmed]:
    """Those in use, the oldest first. Raises NotAllowed."""
    giver = aliased(Account)
    query = (
        select(Account, giver.shown)
        .outerjoin(giver, giver.id == Account.given_by)
        .where(*_WAITING)
        .order_by(Account.given_at, Account.id)
    )
    return [
        Unconfirmed(
            account.id,
            account.shown,
            Role(account.role),
            full_place(session, account),
            by or "",
            account.given_at,
            account.one_time,
        )
        for account, by in session.execute(query)
    ]


@permitted(Permission.CONFIRM_ACCOUNTS)
def confirm_named(session: Session, now: datetime, actor: Actor, name: str) -> None:
    """As `confirm`, for a terminal. Raises NotAllowed, NotFound, WrongState."""
    account = session.scalar(select(Account).where(Account.name == name))
    if account is None:
        raise NotFound(f"没有账号“{name}”。")
    confirm(session, now, actor, account.id, account.given_at)


@permitted(Permission.CONFIRM_ACCOUNTS)
def confirm(session: Session, now: datetime, actor: Actor, account_id: int, given_at: datetime) -> None:
    """From now on the account is a hand. `given_at`: as it was shown; reset since, it is another password.

    Raises NotAllowed, NotFound, WrongState.
    """
    account = session.get(Account, account_id, with_for_update=True)
    if account is None:
        raise NotFound(f"没有编号为 {account_id} 的账号。")
    if account.id == actor.account_id:
        raise NotAllowed("不能确认自己的账号。请另一名审计员，或在服务器上用命令行确认。")
    if actor.unconfirmed:
        raise NotAllowed("您自己的账号还没有确认，不能确认别人。请另一名审计员，或在服务器上用命令行确认您的账号。")
    if account.given_at != given_at:
        raise WrongState(f"“{account.name}”的密码刚刚又重设过，没有确认。请核对后再来。")
    if account.one_time:
        raise WrongState(f"“{account.name}”还没有改过一次性密码，给密码的人也能登录。请等本人改过以后再确认。")
    if account.confirmed_at is not None:
        raise WrongState(f"“{account.name}”已经确认过。")
    account.confirmed_at = now
    audit.record(session, now, actor, "account.confirm", account.name)
    session.commit()
