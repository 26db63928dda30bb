"""An account's own second factor: set up, given again before an act of two hands, turned off; and cleared by the system
admin where the phone is lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from surveys.acts import audit, sessions, site_settings
from surveys.acts.actors import Actor, Permission
from surveys.acts.audit import Outcome
from surveys.acts.errors import BadInput, NotFound, WrongState
from surveys.acts.permitted import permitted
from surveys.acts.reasons import written
from surveys.acts.site import Site
from surveys.office import codes, passwords, sign_ins
from surveys.office.accounts import WrongCredentials
from surveys.storage.tables import Account

OFFER_SECONDS = 15 * 60


@dataclass(frozen=True)
class Offer:
    """A new secret for an authenticator app: to scan, to type, and for the page to send back."""

    address: str
    secret: str
    token: str


@dataclass(frozen=True)
class OwnFactor:
    """`required`: the site asks it of this role. `left`: recovery codes not used."""

    on: bool
    required: bool
    left: int


def own(session: Session, actor: Actor) -> OwnFactor:
    assert actor.account_id is not None
    account = session.get_one(Account, actor.account_id)
    required = actor.role in site_settings.read(session).code_roles
    return OwnFactor(codes.has(account), required, codes.left(session, account.id))


def offer(site: Site, actor: Actor) -> Offer:
    """Kept nowhere until it is confirmed with a code."""
    return _offer(site, actor, codes.new_secret())


def _offer(site: Site, actor: Actor, secret: str) -> Offer:
    token = codes.sealed(site, "offer", {"account": actor.account_id, "secret": secret})
    return Offer(codes.address(secret, actor.name), secret, token)


def offered(site: Site, actor: Actor, token: str) -> Offer | None:
    """The same one, shown again."""
    found = codes.opened(site, "offer", token, OFFER_SECONDS)
    if found is None or found.get("account") != actor.account_id:
        return None
    return _offer(site, actor, str(found["secret"]))


def turn_on(
    site: Site, now: datetime, actor: Actor, key: str, token: str, password: str, typed: str, present: str = ""
) -> list[str]:
    """Sets it up, in place of one that was there, of which `present` is a code or a recovery code: whoever finds a
    session open has none. Returns the recovery codes, which exist here alone. `key`: of the session.

    Raises WrongCredentials, TooManyFailures, BadInput.
    """
    found = offered(site, actor, token)
    if found is None:
        raise BadInput("这一页开得太久了，请重新扫描新的二维码。")
    with _checked(site, now, actor, key, password) as (session, account):
        if not codes.is_right(found.secret, now, typed):
            raise BadInput("手机上的 6 位数字不对，没有开通。请核对手机的时间，重新输入。")
        if codes.has(account) and not codes.take(session, site, now, account, present):
            raise WrongCredentials(codes.WRONG)
        made = codes.keep(session, site, account, found.secret)
        codes.take(session, site, now, account, typed)
        sessions.note_code(session, now, key)
        audit.record(session, now, actor, "account.code_on", actor.name)
        session.commit()
    return made


def turn_off(site: Site, now: datetime, actor: Actor, key: str, password: str, typed: str) -> None:
    """Raises WrongCredentials, TooManyFailures, WrongState where the role must have one."""
    with site.database.reading() as session:
        if own(session, actor).required:
            raise WrongState(f"本站要求{actor.role.label}用两步登录，不能关闭。")
    with _checked(site, now, actor, key, password) as (session, account):
        if not codes.take(session, site, now, account, typed):
            raise WrongCredentials(codes.WRONG)
        codes.forget(session, account)
        audit.record(session, now, actor, "account.code_off", actor.name)
        session.commit()


def again(site: Site, now: datetime, actor: Actor, key: str, typed: str) -> None:
    """A code for the acts of two hands of the next minutes. Raises WrongCredentials, TooManyFailures."""
    caller = sign_ins.Caller.known(site, actor.name, "session", key)
    sign_ins.count_try(site, now, caller)
    with site.database.writing() as session:
        account = session.get_one(Account, actor.account_id, with_for_update=True)
        if not codes.take(session, site, now, account, typed):
            audit.record(session, now, actor, "account.code", actor.name, result=Outcome.FAILED)
            session.commit()
            raise WrongCredentials(codes.WRONG)
        sessions.note_code(session, now, key)
        audit.record(session, now, actor, "account.code", actor.name)
        sign_ins.forget_tries(session, caller)
        session.commit()


@contextmanager
def _checked(site: Site, now: datetime, actor: Actor, key: str, password: str) -> Iterator[tuple[Session, Account]]:
    """The account, locked, where this is its password; checking that takes a while, and no transaction is open then."""
    caller = sign_ins.Caller.known(site, actor.name, "session", key)
    sign_ins.count_try(site, now, caller)
    with site.database.reading() as session:
        before = session.get_one(Account, actor.account_id)
    if not passwords.matches(before.password_hash, before.one_time, password):
        raise WrongCredentials("密码不对，没有改动。")
    with site.database.writing() as session:
        account = session.get_one(Account, actor.account_id, with_for_update=True)
        if account.password_hash != before.password_hash or not account.active:
            raise WrongCredentials("密码刚刚在别处改过，这次没有改动。请重新登录。")
        sign_ins.forget_tries(session, caller)
        yield session, account


@permitted(Permission.MANAGE_ACCOUNTS)
def clear(session: Session, now: datetime, actor: Actor, account_id: int, reason: str) -> None:
    """Of somebody whose phone is lost. Whoever cleared it could sign in with a password given before: the account is a
    hand once the auditor has confirmed it again. Raises NotAllowed, NotFound, BadInput, WrongState."""
    reason = written(reason, "请写明原因，会记入日志。", name="原因")
    account = session.get(Account, account_id, with_for_update=True, populate_existing=True)
    if account is None:
        raise NotFound(f"没有编号为 {account_id} 的账号。")
    if account.id == actor.account_id:
        raise WrongState("自己的两步登录请在“两步登录”页里关闭。")
    if not codes.has(account):
        raise WrongState(f"“{account.name}”没有开两步登录。")
    codes.forget(session, account)
    account.given_by, account.given_at = actor.account_id, now
    account.confirmed_at = now if actor.account_id is None else None
    sessions.end_all(session, account.id)
    audit.record(session, now, actor, "account.code_clear", account.name, reason)
    session.commit()
