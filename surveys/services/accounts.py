"""Staff accounts: creating, signing in, passwords."""

import secrets
from datetime import datetime
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.polling.base32 import ALPHABET
from surveys.services import audit
from surveys.services.actors import Actor, Role
from surveys.services.assessments import unit_of
from surveys.services.errors import BadInput, NotFound, Refusal
from surveys.storage.tables import Account

MINIMUM_PASSWORD = 10
_hasher = PasswordHasher()


class WrongCredentials(Refusal):
    """Name or password is wrong; which one is not said."""


def create_account(
    session: Session,
    now: datetime,
    actor: Actor,
    name: str,
    role: Role,
    department: str | None = None,
    unit_id: int | None = None,
) -> str:
    """Adds an account and returns its first password, which is kept nowhere. Raises BadInput."""
    name = name.strip()
    if not name or len(name) > 100:
        raise BadInput("账号名须为 1 至 100 个字。")
    if session.scalar(select(Account.id).where(Account.name == name)) is not None:
        raise BadInput(f"账号“{name}”已经存在，请换一个名字。")
    department = None if department is None else department.strip()
    if (role is Role.ASSESSOR) != bool(department):
        raise BadInput("考评员账号须写明所属考核部门，其他账号不写。")
    if (role is Role.REPORTER) != (unit_id is not None):
        raise BadInput("报送员账号须写明所属单位，其他账号不写。")
    if unit_id is not None:
        unit_of(session, unit_id)
    if department and len(department) > 100:
        raise BadInput("考核部门名称最多 100 个字。")
    password = _new_password()
    session.add(
        Account(
            name=name,
            role=role.value,
            department=department,
            unit_id=unit_id,
            password_hash=_hasher.hash(password),
            session_key=secrets.token_hex(16),
            active=True,
            created_at=now,
        )
    )
    audit.record(session, now, actor, "account.create", name, role.label)
    session.commit()
    return password


def sign_in(session: Session, name: str, password: str) -> str:
    """The session key of the account. Raises WrongCredentials, after the same work whether or not the name exists."""
    account = session.scalar(select(Account).where(Account.name == name.strip(), Account.active))
    try:
        _hasher.verify(account.password_hash if account else _stand_in_hash(), password)
    except VerificationError:
        raise WrongCredentials("账号或密码不对，请核对后再试。") from None
    if account is None:
        raise WrongCredentials("账号或密码不对，请核对后再试。")
    return account.session_key


def signed_in(session: Session, session_key: str) -> Actor | None:
    """Who holds this session key, if the account is still active."""
    account = session.scalar(select(Account).where(Account.session_key == session_key, Account.active))
    return None if account is None else _actor(account)


def _actor(account: Account) -> Actor:
    return Actor(account.id, account.name, Role(account.role), account.department, account.unit_id)


def change_password(session: Session, now: datetime, actor: Actor, old: str, new: str) -> str:
    """Sets a new password, ends the account's other sessions and returns the new session key."""
    account = session.get_one(Account, actor.account_id)
    try:
        _hasher.verify(account.password_hash, old)
    except VerificationError:
        raise WrongCredentials("原密码不对，密码没有改动。") from None
    if len(new) < MINIMUM_PASSWORD:
        raise BadInput(f"新密码至少 {MINIMUM_PASSWORD} 个字符，密码没有改动。")
    account.password_hash = _hasher.hash(new)
    account.session_key = secrets.token_hex(16)
    audit.record(session, now, actor, "account.password", account.name)
    session.commit()
    return account.session_key


def reset_password(session: Session, now: datetime, actor: Actor, name: str) -> str:
    """Gives an account a new password, ends its sessions and returns the password. Raises NotFound."""
    account = session.scalar(select(Account).where(Account.name == name))
    if account is None:
        raise NotFound(f"没有账号“{name}”。")
    password = _new_password()
    account.password_hash = _hasher.hash(password)
    account.session_key = secrets.token_hex(16)
    audit.record(session, now, actor, "account.reset", name)
    session.commit()
    return password


def has_accounts(session: Session) -> bool:
    return session.scalar(select(Account.id).limit(1)) is not None


def _new_password() -> str:
    """70 random bits, easy to read out."""
    return "".join(secrets.choice(ALPHABET.lower()) for _ in range(14))


@lru_cache
def _stand_in_hash() -> str:
    return _hasher.hash(secrets.token_hex())
