"""Who stands in for an absent hand: named beforehand by two others, until a day, with the absent one's permissions."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased

from surveys.acts import audit
from surveys.acts.actors import STOOD_FOR, Actor, Permission, Role, StandsFor
from surveys.acts.errors import AlreadyDone, BadInput, NotAllowed, NotFound, WrongState
from surveys.acts.hands import require_hand
from surveys.acts.permitted import permitted
from surveys.acts.reasons import written
from surveys.storage.tables import Account, StandIn

LONGEST = timedelta(days=60)
OTHER = "另一名管理员（不是代行的人，也不是被代的人）"


@dataclass(frozen=True)
class Line:
    """`until`: the moment from which it is over. `agreed_by`: empty while it waits."""

    id: int
    account: str
    absent: str
    role: Role
    reason: str
    until: datetime
    proposed_by: str
    proposer_id: int
    agreed_by: str


@dataclass(frozen=True)
class Person:
    id: int
    name: str
    role: Role


def stands_for(session: Session, now: datetime, account_id: int) -> tuple[StandsFor, ...]:
    """For whom the account acts now."""
    query = (
        select(Account.id, Account.name, Account.role)
        .join(StandIn, StandIn.absent_id == Account.id)
        .where(StandIn.account_id == account_id, Account.active, *_holds(now))
        .order_by(StandIn.id)
    )
    return tuple(StandsFor(number, name, Role(role)) for number, name, role in session.execute(query))


def stood_for_by(session: Session, now: datetime, account_id: int) -> frozenset[int]:
    """Who acts in the account's place now."""
    query = select(StandIn.account_id).where(StandIn.absent_id == account_id, *_holds(now))
    return frozenset(session.scalars(query))


def _holds(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return StandIn.agreed_at.is_not(None), StandIn.until > now, StandIn.ended_at.is_(None)


@permitted(Permission.DECIDE)
def people(session: Session, actor: Actor) -> list[Person]:
    """Who may stand in or be stood in for, by role, then name. Raises NotAllowed."""
    query = select(Account.id, Account.shown, Account.role).where(Account.role.in_(STOOD_FOR), Account.active)
    found = [Person(number, name, Role(role)) for number, name, role in session.execute(query)]
    return sorted(found, key=lambda each: (list(Role).index(each.role), each.name))


@permitted(Permission.DECIDE)
def lines(session: Session, now: datetime, actor: Actor) -> list[Line]:
    """Those that wait or hold now, the oldest first. Raises NotAllowed."""
    account, absent, proposer, agreer = (aliased(Account) for _ in range(4))
    query = (
        select(StandIn, account.shown, absent, proposer.shown, agreer.shown)
        .join(account, account.id == StandIn.account_id)
        .join(absent, absent.id == StandIn.absent_id)
        .join(proposer, proposer.id == StandIn.proposed_by)
        .outerjoin(agreer, agreer.id == StandIn.agreed_by)
        .where(StandIn.ended_at.is_(None), StandIn.until > now)
        .order_by(StandIn.id)
    )
    return [
        Line(
            each.id,
            name,
            gone.shown,
            Role(gone.role),
            each.reason,
            each.until,
            by,
            each.proposed_by,
            agreed or "",
        )
        for each, name, gone, by, agreed in session.execute(query)
    ]


@permitted(Permission.DECIDE)
def propose(
    session: Session,
    now: datetime,
    actor: Actor,
    zone: tzinfo,
    account_id: int,
    absent_id: int,
    last_day: date,
    reason: str,
) -> None:
    """`last_day`: on which it still holds. Raises NotAllowed, NotFound, BadInput, AlreadyDone."""
    account, absent = (_person(session, number) for number in (account_id, absent_id))
    if account_id == absent_id:
        raise BadInput("代行的人和被代的人是同一个账号，请另选。")
    proposer = require_hand(actor, {account_id, absent_id}, OTHER)
    reason = written(reason, "请写明理由，会记入日志。")
    until = datetime(last_day.year, last_day.month, last_day.day, tzinfo=zone) + timedelta(days=1)
    if not now < until <= now + LONGEST + timedelta(days=1):
        raise BadInput(f"最后一天须在今天到 {LONGEST.days} 天以后之间。")
    same = (StandIn.account_id == account_id) | (StandIn.absent_id == absent_id)
    if session.scalar(select(StandIn.id).where(same, StandIn.ended_at.is_(None), StandIn.until > now).limit(1)):
        raise AlreadyDone("这两人中有一人已经在代行、被代，或等着确认。请先结束那一项。")
    session.add(
        StandIn(
            account_id=account_id,
            absent_id=absent_id,
            reason=reason,
            until=until,
            proposed_by=proposer,
            proposed_at=now,
        )
    )
    audit.record(session, now, actor, "standin.propose", account.name, _words(absent, last_day, reason))
    session.commit()


@permitted(Permission.DECIDE)
def agree(session: Session, now: datetime, actor: Actor, number: int) -> None:
    """The second hand: it holds from now on. Raises NotAllowed, NotFound, WrongState."""
    found = _locked(session, now, number)
    if found.agreed_at is not None:
        raise AlreadyDone("已经有人同意了。")
    found.agreed_by = require_hand(actor, {found.proposed_by, found.account_id, found.absent_id}, OTHER)
    found.agreed_at = now
    account, absent = session.get_one(Account, found.account_id), session.get_one(Account, found.absent_id)
    audit.record(session, now, actor, "standin.agree", account.name, f"代{absent.name}：{found.reason}")
    session.commit()


@permitted(Permission.DECIDE)
def end(session: Session, now: datetime, actor: Actor, number: int) -> None:
    """At once, also of one that waits: one hand is enough. Raises NotAllowed, NotFound."""
    found = _locked(session, now, number)
    if actor.account_id is None:
        raise NotAllowed("请管理员登录后在页面上操作。")
    found.ended_at = now
    account, absent = session.get_one(Account, found.account_id), session.get_one(Account, found.absent_id)
    audit.record(session, now, actor, "standin.end", account.name, f"代{absent.name}")
    session.commit()


def _locked(session: Session, now: datetime, number: int) -> StandIn:
    found = session.get(StandIn, number, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound("没有这项代行。")
    if found.ended_at is not None or found.until <= now:
        raise WrongState("这项代行已经结束。请刷新页面核对。")
    return found


def _person(session: Session, number: int) -> Account:
    account = session.get(Account, number, with_for_update=True)
    if account is None or not account.active or account.role not in STOOD_FOR:
        raise NotFound("没有这个账号，或它不能代行、被代。请刷新页面另选。")
    return account


def _words(absent: Account, last_day: date, reason: str) -> str:
    return f"代{absent.name}至 {last_day}：{reason}"
