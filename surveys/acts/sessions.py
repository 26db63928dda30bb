"""Who is signed in where (docs/decisions/0018). The browser holds a random number, the table its SHA-256: whoever reads
the database is nobody by it, and whoever signs out is nobody at once, in a copy of the cookie too.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from surveys.acts import hands, readings, stand_ins
from surveys.acts.actors import STOOD_FOR, Actor, Permission, Role
from surveys.acts.site_settings import has, read
from surveys.settings import Settings
from surveys.storage.tables import Account, StaffSession

SEEN_EVERY = timedelta(minutes=1)
"""How often it is written, at most, that somebody is there."""


@dataclass(frozen=True)
class Found:
    """A session that has not ended. `ends_at`: however busy its holder is; `unwritten`: its use is to be written."""

    actor: Actor
    ends_at: datetime
    unwritten: bool


@dataclass(frozen=True)
class Held:
    """A session of an account. `key`: hexadecimal digits, by which it is ended and nobody signs in; `own`: the one
    whose list this is."""

    key: str
    made_at: datetime
    seen_at: datetime
    own: bool


def actor_of(session: Session, now: datetime, account: Account, code_at: datetime | None = None) -> Actor:
    """With what its hand rests on, as it is now. `code_at`: when a code of the second factor was last given."""
    role = Role(account.role)
    audited, settings = has(session, Role.AUDITOR), read(session)
    enrolled = account.code_secret is not None
    keeps_accounts = role is Role.ADMIN and not has(session, Role.SYSTEM)
    return Actor(
        account.id,
        account.name,
        role,
        account.department,
        account.unit_id,
        account.one_time,
        also=frozenset({Permission.MANAGE_ACCOUNTS}) if keeps_accounts else frozenset(),
        person=account.person,
        given_by=account.given_by,
        gave=frozenset(session.scalars(select(Account.id).where(Account.given_by == account.id))),
        unconfirmed=audited and account.confirmed_at is None,
        no_auditor="" if audited else hands.NO_AUDITOR if settings.without_auditor else hands.NOT_YET,
        must_enrol=role in settings.code_roles and not enrolled and not account.one_time,
        wants_code=_wanted(now, code_at, enrolled=enrolled) if settings.code_for_hands else "",
        stands_for=stand_ins.stands_for(session, now, account.id) if role in STOOD_FOR else (),
        stood_for_by=stand_ins.stood_for_by(session, now, account.id) if role in STOOD_FOR else frozenset(),
        given=readings.given(session, account.id) if role is Role.READER else frozenset(),
    )


def _wanted(now: datetime, code_at: datetime | None, *, enrolled: bool) -> str:
    if not enrolled:
        return hands.ENROL_FIRST
    return "" if code_at is not None and now - code_at < hands.CODE_LASTS else hands.CODE_AGAIN


def begin(session: Session, settings: Settings, now: datetime, account_id: int, code_at: datetime | None = None) -> str:
    """A new session of the account, without a commit. Returns what its browser is given, which is kept nowhere."""
    token = secrets.token_hex(32)
    session.execute(delete(StaffSession).where(StaffSession.made_at <= now - settings.session_longest))
    session.add(StaffSession(key=_key(token), account_id=account_id, made_at=now, seen_at=now, code_at=code_at))
    session.flush()
    return token


def find(session: Session, settings: Settings, now: datetime, token: str) -> Found | None:
    """Whose session this is, unless it was ended, left alone too long, is too old, or the account is switched off.

    A moment ahead of `now` is another host's clock, a little fast, and ends nothing.
    """
    query = select(StaffSession, Account).join(Account, StaffSession.account_id == Account.id)
    row = session.execute(query.where(StaffSession.key == _key(token), Account.active)).one_or_none()
    if row is None:
        return None
    held, account = row
    if _is_over(settings, now, held):
        return None
    ends_at = held.made_at + settings.session_longest
    return Found(actor_of(session, now, account, held.code_at), ends_at, now - held.seen_at >= SEEN_EVERY)


def seen(session: Session, now: datetime, token: str) -> None:
    """Its holder is there. Of several requests at once one writes it."""
    own = (StaffSession.key == _key(token)) & (StaffSession.seen_at <= now - SEEN_EVERY)
    session.execute(update(StaffSession).where(own).values(seen_at=now))
    session.commit()


def note_code(session: Session, now: datetime, token: str) -> None:
    """A code was given in this session, without a commit."""
    session.execute(update(StaffSession).where(StaffSession.key == _key(token)).values(code_at=now))


def end(session: Session, token: str) -> None:
    session.execute(delete(StaffSession).where(StaffSession.key == _key(token)))
    session.commit()


def held_by(session: Session, settings: Settings, now: datetime, account_id: int, token: str) -> list[Held]:
    """The sessions of an account that have not ended, the one of this token first, then the last used."""
    query = select(StaffSession).where(StaffSession.account_id == account_id)
    found = [
        Held(each.key.hex(), each.made_at, each.seen_at, each.key == _key(token))
        for each in session.scalars(query)
        if not _is_over(settings, now, each)
    ]
    return sorted(found, key=lambda each: (each.own, each.seen_at), reverse=True)


def end_one(session: Session, account_id: int, key: str) -> bool:
    """Whether the account had this session, which has ended now, without a commit."""
    own = (StaffSession.account_id == account_id) & (StaffSession.key == bytes.fromhex(key))
    return session.execute(delete(StaffSession).where(own).returning(StaffSession.key)).one_or_none() is not None


def end_all(session: Session, account_id: int) -> None:
    """Every session of the account, without a commit."""
    session.execute(delete(StaffSession).where(StaffSession.account_id == account_id))


def _is_over(settings: Settings, now: datetime, held: StaffSession) -> bool:
    return now >= held.made_at + settings.session_longest or now - held.seen_at >= settings.session_idle


def _key(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
