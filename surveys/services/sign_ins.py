"""Signing in from a page, with a limit on failures; and the account's own password (docs/decisions/0018).

Checking a password takes a tenth of a second or more, and no transaction is open meanwhile: voters would wait for it.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from surveys.services import audit, passwords, sessions
from surveys.services.accounts import WrongCredentials, credentials_of, require_match
from surveys.services.actors import Actor
from surveys.services.errors import BadInput, Refusal
from surveys.services.site import Site
from surveys.storage.tables import Account, SignInFailure

WINDOW = timedelta(minutes=5)
MOST_HERE = 5
"""Failures of one name from one address."""
MOST_OF_NAME = 20
"""From all addresses: a stranger alone, at `MOST_HERE`, keeps nobody else out."""
MOST_FROM_ADDRESS = 40
"""Of all names: an office has one address for all its people."""


class TooManyFailures(Refusal):
    """Nothing was checked; `wait` says when it will be again."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        minutes, seconds = divmod(max(1, -(-wait // timedelta(seconds=1))), 60)
        words = f"{minutes} 分 {seconds} 秒" if minutes else f"{seconds} 秒"
        super().__init__(f"密码错得太多，这次没有核对。请过 {words}再试；账号没有停用，忘了密码请找管理员重设。")


@dataclass(frozen=True)
class _Caller:
    """`address` is a digest too; not `known`: a proxy does not say who calls."""

    name: bytes
    address: bytes
    known: bool

    @classmethod
    def of(cls, site: Site, name: str, address: str) -> "_Caller":
        return cls(_digest(site, "name", name.strip()), _digest(site, "address", address), bool(address))

    def limits(self) -> list[tuple[ColumnElement[bool], int]]:
        here = (SignInFailure.name == self.name) & (SignInFailure.address == self.address)
        found = [(here, MOST_HERE), (SignInFailure.name == self.name, MOST_OF_NAME)]
        return [*found, (SignInFailure.address == self.address, MOST_FROM_ADDRESS)] if self.known else found


def _digest(site: Site, kind: str, text: str) -> bytes:
    """Keyed: people type passwords where a name belongs, and addresses are nobody's business."""
    return hmac.new(site.settings.secret_key.encode(), f"{kind} {text}".encode(), hashlib.sha256).digest()


def sign_in(site: Site, now: datetime, name: str, password: str, address: str) -> str:
    """Begins a session and returns its token. Raises WrongCredentials, TooManyFailures.

    `address`: where the request came from, empty where nobody knows.
    """
    caller = _Caller.of(site, name, address)
    _count(site, now, caller)
    with site.database.reading() as session:
        found = credentials_of(session, name)
    checked = require_match(found, password)
    with site.database.writing() as session:
        account = session.get_one(Account, checked.id, with_for_update=True)
        if account.password_hash != checked.password_hash or not account.active:
            raise WrongCredentials("账号刚刚停用或重设了密码，请核对后再试。")
        _forget(session, caller)
        token = sessions.begin(session, site.settings, now, account.id)
        session.commit()
    return token


def change_password(site: Site, now: datetime, actor: Actor, old: str, new: str, address: str) -> str:
    """Sets a password of one's own, ends every session of the account and returns the token of a new one.

    Raises WrongCredentials, TooManyFailures, BadInput.
    """
    if len(new) < passwords.MINIMUM_PASSWORD:
        raise BadInput(f"新密码至少 {passwords.MINIMUM_PASSWORD} 个字符，密码没有改动。")
    caller = _Caller.of(site, actor.name, address)
    _count(site, now, caller)
    with site.database.reading() as session:
        before = session.get_one(Account, actor.account_id)
    if not passwords.matches(before.password_hash, before.one_time, old):
        raise WrongCredentials("原密码不对，密码没有改动。")
    if passwords.is_same(new, old):
        raise BadInput("新密码和原来的一样，密码没有改动。请另想一个。")
    chosen = passwords.hash_chosen(new)
    with site.database.writing() as session:
        account = session.get_one(Account, actor.account_id, with_for_update=True)
        if account.password_hash != before.password_hash or not account.active:
            raise WrongCredentials("密码刚刚在别处改过，这次没有改动。请重新登录。")
        account.password_hash, account.one_time = chosen, False
        sessions.end_all(session, account.id)
        token = sessions.begin(session, site.settings, now, account.id)
        _forget(session, caller)
        audit.record(session, now, actor, "account.password", account.name)
        session.commit()
    return token


def _count(site: Site, now: datetime, caller: _Caller) -> None:
    """Counts a try before it is made, so that of many at once no more are made than may fail. Raises TooManyFailures.

    A refused try is not counted: whoever keeps trying does not lengthen the wait.
    """
    with site.database.writing() as session:
        # Each must see all that were counted before it: of many at once, all would get in, or all keep each other out.
        site.database.one_at_a_time(session, SignInFailure)
        _check(session, now, caller)
        session.execute(delete(SignInFailure).where(SignInFailure.at <= now - WINDOW))
        session.add(SignInFailure(name=caller.name, address=caller.address, at=now))
        session.commit()


def _check(session: Session, now: datetime, caller: _Caller) -> None:
    for condition, most in caller.limits():
        query = select(SignInFailure.at).where(condition, SignInFailure.at > now - WINDOW)
        last = session.scalars(query.order_by(SignInFailure.at.desc()).limit(most)).all()
        if len(last) == most:
            raise TooManyFailures(last[-1] + WINDOW - now)


def _forget(session: Session, caller: _Caller) -> None:
    """The right password: what failed before it was mistyped."""
    here = (SignInFailure.name == caller.name) & (SignInFailure.address == caller.address)
    session.execute(delete(SignInFailure).where(here))
