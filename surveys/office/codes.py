"""The second factor: codes of RFC 6238 (pyotp) and recovery codes. Secrets lie encrypted under SECRET_KEY, so that
whoever reads the database has no codes; a code is taken once."""

import hashlib
import hmac
import json
import secrets
from datetime import datetime

import pyotp
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from surveys.acts.site import Site
from surveys.polling import base32
from surveys.storage.tables import Account, RecoveryCode

WRONG = "动态码不对，或刚刚用过。请看手机上现在的 6 位数字，也可以用一个没用过的恢复码。"
ISSUER = "测评"
PERIOD, DIGITS = 30, 6
"""Seconds of a step; as authenticator apps have it unless they are told otherwise."""
DRIFT = (0, -1, 1)
"""Steps of a phone's clock that is a little off."""
RECOVERY_CODES = 10
RECOVERY_LENGTH = 16


def has(account: Account) -> bool:
    return account.code_secret is not None


def new_secret() -> str:
    return pyotp.random_base32()


def address(secret: str, name: str) -> str:
    """What the QR holds that an authenticator app scans."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def is_right(secret: str, now: datetime, typed: str) -> bool:
    """Of a secret that is not kept yet."""
    return _step(secret, now, typed, -1) is not None


def keep(session: Session, site: Site, account: Account, secret: str) -> list[str]:
    """From now on the account signs in with codes of this secret. Returns its recovery codes, kept nowhere; those it
    had are void. The caller commits."""
    account.code_secret, account.code_step = _box(site).encrypt(secret.encode()), None
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
    made = [base32.symbols(secrets.randbits(5 * RECOVERY_LENGTH), RECOVERY_LENGTH) for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(account_id=account.id, digest=_digest(each)) for each in made)
    session.flush()
    return [base32.grouped(each) for each in made]


def forget(session: Session, account: Account) -> None:
    """The password alone is enough again; the caller commits."""
    account.code_secret = account.code_step = None
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))


def take(session: Session, site: Site, now: datetime, account: Account, typed: str) -> bool:
    """Whether this is a code of the account, or one of its recovery codes, not used before; it is used now. `account`:
    locked, so that of two at once one passes. The caller commits."""
    if account.code_secret is None:
        return False
    try:
        secret = _box(site).decrypt(account.code_secret).decode()
    except InvalidToken:  # another SECRET_KEY: recovery codes still open it
        secret = ""
    step = _step(secret, now, typed, -1 if account.code_step is None else account.code_step)
    if step is not None:
        account.code_step = step
        return True
    return _take_recovery(session, account, typed)


def left(session: Session, account_id: int) -> int:
    """How many recovery codes are not used."""
    return len(session.scalars(select(RecoveryCode.id).where(RecoveryCode.account_id == account_id)).all())


def _step(secret: str, now: datetime, typed: str, last: int) -> int | None:
    """Of which step after the last one it is the code."""
    digits = "".join(each for each in typed if each.isdigit())
    if not secret or len(digits) != DIGITS or not digits.isascii():
        return None
    present, codes = int(now.timestamp()) // PERIOD, pyotp.TOTP(secret)
    steps = (present + drift for drift in DRIFT)
    return next((each for each in steps if each > last and hmac.compare_digest(codes.at(each * PERIOD), digits)), None)


def _take_recovery(session: Session, account: Account, typed: str) -> bool:
    try:
        code = base32.normalize(typed, RECOVERY_LENGTH)
    except base32.Malformed:
        return False
    own = (RecoveryCode.account_id == account.id) & (RecoveryCode.digest == _digest(code))
    return bool(session.scalars(delete(RecoveryCode).where(own).returning(RecoveryCode.id)).all())


def _digest(code: str) -> bytes:
    """80 random bits need no slow hash."""
    return hashlib.sha256(code.encode()).digest()


def sealed(site: Site, purpose: str, value: dict[str, object]) -> str:
    """For a page to carry to its next step: nothing sealed for one purpose is taken for another."""
    return _box(site, purpose).encrypt(json.dumps(value).encode()).decode()


def opened(site: Site, purpose: str, text: str, lasts: int) -> dict[str, object] | None:
    """None of what is not ours, or older than `lasts` seconds."""
    try:
        found: dict[str, object] = json.loads(_box(site, purpose).decrypt(text.encode(), ttl=lasts))
    except (InvalidToken, ValueError):
        return None
    return found


def fingerprint(account: Account) -> str:
    """Of the password as it is: another one voids what was begun with it."""
    return hashlib.sha256(account.password_hash.encode()).hexdigest()[:32]


def _box(site: Site, purpose: str = "secret") -> Fernet:
    return site.box(f"second factor 1 {purpose}")
