"""Signing in from a page, with a limit on failures; and the account's own password (docs/decisions/0018).

Checking a password takes a tenth of a second or more, and no transaction is open meanwhile: voters would wait for it.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from surveys.acts import audit, sessions
from surveys.acts.actors import Actor
from surveys.acts.errors import BadInput, Refusal
from surveys.acts.limits import MINIMUM_PASSWORD
from surveys.acts.site import Site
from surveys.office import known_browsers, passwords
from surveys.office.accounts import WrongCredentials, credentials_of, require_match
from surveys.storage.tables import Account, SignInFailure

WINDOW = timedelta(minutes=5)
MOST_HERE = 5
"""Failures of one name from one address, or in one known browser; then nothing more is checked there for a while."""
MOST_OF_NAME = 20
"""From all addresses. Beyond it tries are slowed only: nobody keeps somebody out by mistyping that name."""
MOST_FROM_ADDRESS = 40
"""Of all names: an office has one address for all its people, and a hall one for all its guests. Slowed only."""
PAUSE = timedelta(seconds=5)
"""Between two tries that are checked, where they are slowed."""


class TooManyFailures(Refusal):
    """Nothing was checked; `wait` says when it will be again."""

    def __init__(self, wait: timedelta, why: str = "密码错得太多") -> None:
        self.wait = wait
        minutes, seconds = divmod(max(1, -(-wait // timedelta(seconds=1))), 60)
        words = f"{minutes} 分 {seconds} 秒" if minutes else f"{seconds} 秒"
        super().__init__(f"{why}，这次没有核对。请过 {words}再试；账号没有停用，忘了密码请找管理员重设。")


SLOWED = "这个账号或这里的网络近几分钟输错太多，现在隔几秒才核对一次"
"""Why, where it may be nobody's fault who is here."""


@dataclass(frozen=True)
class Entered:
    """Somebody has signed in: the session's token, and what makes this browser a known one of the account."""

    token: str
    account_id: int
    proof: str


@dataclass(frozen=True)
class _Caller:
    """Digests of the name, and of where it is typed: an address, a known browser or a session. `slowed`: by what others
    do, with how many failures of each."""

    name: bytes
    place: bytes
    slowed: list[tuple[ColumnElement[bool], int]]

    @classmethod
    def at_address(cls, site: Site, name: str, address: str) -> "_Caller":
        """An address nobody knows, because a proxy does not say it, is not everybody's."""
        called, place = _digest(site, "name", name.strip()), _digest(site, "address", address)
        of_name = (SignInFailure.name == called, MOST_OF_NAME)
        from_address = (SignInFailure.address == place, MOST_FROM_ADDRESS)
        return cls(called, place, [of_name, from_address] if address else [of_name])

    @classmethod
    def known(cls, site: Site, name: str, kind: str, secret: str) -> "_Caller":
        """Somebody who has been here with the password: what others do is not theirs to wait for."""
        return cls(_digest(site, "name", name.strip()), _digest(site, kind, secret), [])

    @property
    def here(self) -> ColumnElement[bool]:
        return (SignInFailure.name == self.name) & (SignInFailure.address == self.place)


def _digest(site: Site, kind: str, text: str) -> bytes:
    """Keyed: people type passwords where a name belongs, and addresses are nobody's business."""
    return hmac.new(site.settings.secret_key.encode(), f"{kind} {text}".encode(), hashlib.sha256).digest()


def sign_in(site: Site, now: datetime, name: str, password: str, address: str, proofs: Iterable[str] = ()) -> Entered:
    """Begins a session. Raises WrongCredentials, TooManyFailures.

    `address`: where the request came from, empty where nobody knows; `proofs`: what the browser was given before.
    """
    with site.database.reading() as session:
        found = credentials_of(session, name)
    browser = known_browsers.known(site, found, proofs)
    caller = _Caller.known(site, name, "browser", browser) if browser else _Caller.at_address(site, name, address)
    _count(site, now, caller)
    checked = require_match(found, password)
    with site.database.writing() as session:
        account = session.get_one(Account, checked.id, with_for_update=True)
        if account.password_hash != checked.password_hash or not account.active:
            raise WrongCredentials("账号刚刚停用或重设了密码，请核对后再试。")
        return _enter(site, session, now, account, caller, browser)


def _enter(
    site: Site, session: Session, now: datetime, account: Account, caller: _Caller, browser: str = ""
) -> Entered:
    session.execute(delete(SignInFailure).where(caller.here))  # the right password: what failed before was mistyped
    entered = Entered(
        sessions.begin(session, site.settings, now, account.id),
        account.id,
        known_browsers.proof(site, account, browser),
    )
    session.commit()
    return entered


def change_password(site: Site, now: datetime, actor: Actor, old: str, new: str, token: str) -> Entered:
    """Sets a password of one's own, ends every session of the account and begins a new one. `token`: of the session in
    which it is done, where alone its failures count.

    Raises WrongCredentials, TooManyFailures, BadInput.
    """
    if len(new) < MINIMUM_PASSWORD:
        raise BadInput(f"新密码至少 {MINIMUM_PASSWORD} 个字符，密码没有改动。")
    caller = _Caller.known(site, actor.name, "session", token)
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
        audit.record(session, now, actor, "account.password", account.name)
        return _enter(site, session, now, account, caller)


def _count(site: Site, now: datetime, caller: _Caller) -> None:
    """Counts a try before it is made, so that of many at once no more are made than may fail. Raises TooManyFailures.

    A refused try is not counted: whoever keeps trying does not lengthen the wait.
    """
    with site.database.writing() as session:
        # Each must see all that were counted before it: of many at once, all would get in, or all keep each other out.
        site.database.one_at_a_time(session, SignInFailure)
        _check(session, now, caller)
        session.execute(delete(SignInFailure).where(SignInFailure.at <= now - WINDOW))
        session.add(SignInFailure(name=caller.name, address=caller.place, at=now))
        session.commit()


def _check(session: Session, now: datetime, caller: _Caller) -> None:
    here = _last(session, now, caller.here, MOST_HERE)
    if len(here) == MOST_HERE:
        raise TooManyFailures(here[-1] + WINDOW - now)
    for condition, most in caller.slowed:
        last = _last(session, now, condition, most)
        # Ahead of now is another thread's try, or one of a host whose clock is a little fast.
        if len(last) == most and (busy := [at for at in last if abs(now - at) < PAUSE]):
            raise TooManyFailures(max(busy) + PAUSE - now, SLOWED)


def _last(session: Session, now: datetime, condition: ColumnElement[bool], most: int) -> Sequence[datetime]:
    """When it failed or is being tried, of the last minutes, the latest first; no more than `most`."""
    query = select(SignInFailure.at).where(condition, SignInFailure.at > now - WINDOW)
    return session.scalars(query.order_by(SignInFailure.at.desc()).limit(most)).all()
