"""Signing in from a page, with a limit on failures; and the account's own password (docs/decisions/0018).

Checking a password takes a tenth of a second or more, and no transaction is open meanwhile: voters would wait for it.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, delete, select
from sqlalchemy.orm import Session

from surveys.acts import audit, sessions
from surveys.acts.actors import Actor, Origin
from surveys.acts.audit import Outcome
from surveys.acts.errors import NotFound, Refusal
from surveys.acts.sessions import Held
from surveys.acts.site import Site
from surveys.office import codes, known_browsers, password_rules, passwords
from surveys.office.accounts import WrongCredentials, credentials_of, require_match
from surveys.storage.tables import Account, AuditEntry, PastPassword, SignInFailure

WINDOW = timedelta(minutes=5)
MOST_HERE = 5
"""Failures of one name from one address, or in one known browser; then nothing more is checked there for a while."""
MOST_OF_NAME = 20
"""From all addresses. Beyond it tries are slowed only: nobody keeps somebody out by mistyping that name."""
MOST_FROM_ADDRESS = 40
"""Of all names: an office has one address for all its people, and a hall one for all its guests. Slowed only."""
LAST_SHOWN = 10
"""Of the sign-ins of an account, to its holder."""
ONE_TIME_LASTS = timedelta(days=30)
"""A strip that nobody used opens nothing for ever."""
TICKET_SECONDS = 5 * 60
"""Between the password and the code."""
PAUSE = timedelta(seconds=5)
"""Between two tries that are checked, where they are slowed."""


class TooManyFailures(Refusal):
    """Nothing was checked; `wait` says when it will be again."""

    def __init__(self, wait: timedelta, why: str = "密码错得太多") -> None:
        self.wait = wait
        minutes, seconds = divmod(max(1, -(-wait // timedelta(seconds=1))), 60)
        words = f"{minutes} 分 {seconds} 秒" if minutes else f"{seconds} 秒"
        super().__init__(f"{why}，这次没有核对。请过 {words}再试；账号没有停用，忘了密码请找管理员重设。")


class WrongCode(WrongCredentials):
    """The password was right, the code was not."""


class CodeWanted(Refusal):
    """The password was right; a code of the second factor is to follow. `ticket`: for the page to carry there."""

    def __init__(self, ticket: str) -> None:
        self.ticket = ticket
        super().__init__("请输入手机上的动态码。")


SLOWED = "这个账号或这里的网络近几分钟输错太多，现在隔几秒才核对一次"
"""Why, where it may be nobody's fault who is here."""


@dataclass(frozen=True)
class Entered:
    """Somebody has signed in: the session's token, and what makes this browser a known one of the account."""

    token: str
    account_id: int
    proof: str


@dataclass(frozen=True)
class Caller:
    """Digests of the name, and of where it is typed: an address, a known browser or a session. `slowed`: by what others
    do, with how many failures of each."""

    name: bytes
    place: bytes
    slowed: list[tuple[ColumnElement[bool], int]]

    @classmethod
    def at_address(cls, site: Site, name: str, address: str) -> "Caller":
        """An address nobody knows, because a proxy does not say it, is not everybody's."""
        called, place = _digest(site, "name", name.strip()), _digest(site, "address", address)
        of_name = (SignInFailure.name == called, MOST_OF_NAME)
        from_address = (SignInFailure.address == place, MOST_FROM_ADDRESS)
        return cls(called, place, [of_name, from_address] if address else [of_name])

    @classmethod
    def known(cls, site: Site, name: str, kind: str, secret: str) -> "Caller":
        """Somebody who has been here with the password: what others do is not theirs to wait for."""
        return cls(_digest(site, "name", name.strip()), _digest(site, kind, secret), [])

    @property
    def here(self) -> ColumnElement[bool]:
        return (SignInFailure.name == self.name) & (SignInFailure.address == self.place)


def _digest(site: Site, kind: str, text: str) -> bytes:
    """Keyed: people type passwords where a name belongs, and addresses are nobody's business."""
    return hmac.new(site.settings.secret_key.encode(), f"{kind} {text}".encode(), hashlib.sha256).digest()


def sign_in(
    site: Site,
    now: datetime,
    name: str,
    password: str,
    address: str,
    proofs: Iterable[str] = (),
    origin: Origin | None = None,
) -> Entered:
    """Begins a session. Raises WrongCredentials, TooManyFailures, CodeWanted.

    `address`: where the request came from, empty where nobody knows; `proofs`: what the browser was given before.
    """
    with site.database.reading() as session:
        found = credentials_of(session, name)
    browser = known_browsers.known(site, found, proofs)
    caller = Caller.known(site, name, "browser", browser) if browser else Caller.at_address(site, name, address)
    last = count_try(site, now, caller)
    try:
        checked = require_match(found, password)
    except WrongCredentials:
        _note_failure(site, now, origin, "account.sign_in", found, last=last)
        raise
    if checked.one_time and now >= checked.given_at + ONE_TIME_LASTS:
        raise WrongCredentials(f"这个一次性密码已经过期（{ONE_TIME_LASTS.days} 天）。请系统管理员重发一个。")
    if codes.has(checked):
        raise CodeWanted(codes.sealed(site, "ticket", {"account": checked.id, "password": codes.fingerprint(checked)}))
    with site.database.writing() as session:
        account = session.get_one(Account, checked.id, with_for_update=True)
        if account.password_hash != checked.password_hash or not account.active:
            raise WrongCredentials("账号刚刚停用或重设了密码，请核对后再试。")
        actor = replace(sessions.actor_of(session, now, account), origin=origin)
        audit.record(session, now, actor, "account.sign_in", account.name)
        return _enter(site, session, now, account, caller, browser)


def enter_code(
    site: Site,
    now: datetime,
    ticket: str,
    typed: str,
    address: str,
    proofs: Iterable[str] = (),
    origin: Origin | None = None,
) -> Entered:
    """The second step of `sign_in`, with a code or a recovery code. Each try counts as one with a wrong password does,
    until one is right. Raises WrongCredentials, TooManyFailures."""
    begun = codes.opened(site, "ticket", ticket, TICKET_SECONDS)
    with site.database.reading() as session:
        found = None if begun is None else session.get(Account, int(str(begun["account"])))
    if begun is None or found is None or codes.fingerprint(found) != begun["password"]:
        raise WrongCredentials("停留得太久，或密码刚刚改过。请重新输入账号和密码。")
    browser = known_browsers.known(site, found, proofs)
    caller = (
        Caller.known(site, found.name, "browser", browser) if browser else Caller.at_address(site, found.name, address)
    )
    last = count_try(site, now, caller)
    with site.database.writing() as session:
        account = session.get_one(Account, found.id, with_for_update=True)
        if account.password_hash != found.password_hash or not account.active:
            raise WrongCredentials("账号刚刚停用或重设了密码，请核对后再试。")
        if codes.take(session, site, now, account, typed):
            actor = replace(sessions.actor_of(session, now, account), origin=origin)
            audit.record(session, now, actor, "account.sign_in", account.name, "两步登录")
            return _enter(site, session, now, account, caller, browser, code_at=now)
    _note_failure(site, now, origin, "account.code", found, last=last)
    raise WrongCode(codes.WRONG)


def forget_tries(session: Session, caller: Caller) -> None:
    """What was right is no failure; the caller commits."""
    session.execute(delete(SignInFailure).where(caller.here))


def _note_failure(
    site: Site, now: datetime, origin: Origin | None, act: str, account: Account | None, *, last: bool
) -> None:
    """A name that nobody has is not written: people type passwords where a name belongs. `last`: from here on nothing
    more is checked for a while."""
    subject = audit.UNKNOWN if account is None else account.name
    with site.database.writing() as session:
        audit.record_stranger(session, now, origin, act, subject, Outcome.FAILED)
        if last:
            audit.record_stranger(session, now, origin, "account.locked_out", subject, Outcome.REFUSED)
        session.commit()


def sign_out(site: Site, now: datetime, actor: Actor, token: str) -> None:
    """Ends the session."""
    with site.database.writing() as session:
        audit.record(session, now, actor, "account.sign_out", actor.name)
        sessions.end(session, token)


def _enter(
    site: Site,
    session: Session,
    now: datetime,
    account: Account,
    caller: Caller,
    browser: str = "",
    code_at: datetime | None = None,
) -> Entered:
    forget_tries(session, caller)  # the right password: what failed before was mistyped
    entered = Entered(
        sessions.begin(session, site.settings, now, account.id, code_at),
        account.id,
        known_browsers.proof(site, account, browser),
    )
    session.commit()
    return entered


@dataclass(frozen=True)
class OwnSignIns:
    """Where an account is signed in, and how its last sign-ins went: when, from which network (a digest), with what
    outcome."""

    held: list[Held]
    last: list[tuple[datetime, str, Outcome]]


def own(session: Session, site: Site, now: datetime, actor: Actor, token: str) -> OwnSignIns:
    """What the holder of an account looks at to see whether somebody else uses it."""
    assert actor.account_id is not None
    query = (
        select(AuditEntry)
        .where(AuditEntry.act == "account.sign_in", AuditEntry.subject == actor.name)
        .order_by(AuditEntry.id.desc())
        .limit(LAST_SHOWN)
    )
    last = [(each.at, each.address or "", Outcome(each.result or Outcome.DONE)) for each in session.scalars(query)]
    return OwnSignIns(sessions.held_by(session, site.settings, now, actor.account_id, token), last)


def end_other(session: Session, now: datetime, actor: Actor, key: str) -> None:
    """Ends another session of one's own. Raises NotFound where it has ended already."""
    assert actor.account_id is not None
    if not re.fullmatch("[0-9a-f]{64}", key) or not sessions.end_one(session, actor.account_id, key):
        raise NotFound("那处登录已经结束。")
    audit.record(session, now, actor, "account.end_session", actor.name)
    session.commit()


def change_password(site: Site, now: datetime, actor: Actor, old: str, new: str, token: str) -> Entered:
    """Sets a password of one's own, ends every session of the account and begins a new one. `token`: of the session in
    which it is done, where alone its failures count.

    Raises WrongCredentials, TooManyFailures, BadInput.
    """
    password_rules.require_fit(new, [actor.name])
    caller = Caller.known(site, actor.name, "session", token)
    last = count_try(site, now, caller)
    with site.database.reading() as session:
        before = session.get_one(Account, actor.account_id)
        past = session.scalars(_past(before.id)).all()
    if not passwords.matches(before.password_hash, before.one_time, old):
        _note_failure(site, now, actor.origin, "account.password", before, last=last)
        raise WrongCredentials("原密码不对，密码没有改动。")
    password_rules.require_new(new, old, [each.password_hash for each in past])
    chosen = passwords.hash_chosen(new)
    with site.database.writing() as session:
        account = session.get_one(Account, actor.account_id, with_for_update=True)
        if account.password_hash != before.password_hash or not account.active:
            raise WrongCredentials("密码刚刚在别处改过，这次没有改动。请重新登录。")
        if not account.one_time:
            _remember(session, now, account)
        account.password_hash, account.one_time = chosen, False
        sessions.end_all(session, account.id)
        audit.record(session, now, actor, "account.password", account.name)
        return _enter(site, session, now, account, caller)


def _past(account_id: int) -> Select[PastPassword]:
    """The latest first."""
    return select(PastPassword).where(PastPassword.account_id == account_id).order_by(PastPassword.id.desc())


def _remember(session: Session, now: datetime, account: Account) -> None:
    session.add(PastPassword(account_id=account.id, password_hash=account.password_hash, until=now))
    session.flush()
    for each in session.scalars(_past(account.id).offset(password_rules.REMEMBERED)):
        session.delete(each)


def count_try(site: Site, now: datetime, caller: Caller) -> bool:
    """Counts a try before it is made, so that of many at once no more are made than may fail; whether it is the last
    here that is checked for a while. Raises TooManyFailures.

    A refused try is not counted: whoever keeps trying does not lengthen the wait.
    """
    with site.database.writing() as session:
        # Each must see all that were counted before it: of many at once, all would get in, or all keep each other out.
        site.database.one_at_a_time(session, SignInFailure)
        last = _check(session, now, caller)
        session.execute(delete(SignInFailure).where(SignInFailure.at <= now - WINDOW))
        session.add(SignInFailure(name=caller.name, address=caller.place, at=now))
        session.commit()
    return last


def _check(session: Session, now: datetime, caller: Caller) -> bool:
    here = _last(session, now, caller.here, MOST_HERE)
    if len(here) == MOST_HERE:
        raise TooManyFailures(here[-1] + WINDOW - now)
    for condition, most in caller.slowed:
        last = _last(session, now, condition, most)
        # Ahead of now is another thread's try, or one of a host whose clock is a little fast.
        if len(last) == most and (busy := [at for at in last if abs(now - at) < PAUSE]):
            raise TooManyFailures(max(busy) + PAUSE - now, SLOWED)
    return len(here) == MOST_HERE - 1


def _last(session: Session, now: datetime, condition: ColumnElement[bool], most: int) -> Sequence[datetime]:
    """When it failed or is being tried, of the last minutes, the latest first; no more than `most`."""
    query = select(SignInFailure.at).where(condition, SignInFailure.at > now - WINDOW)
    return session.scalars(query.order_by(SignInFailure.at.desc()).limit(most)).all()
