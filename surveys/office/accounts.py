"""Staff accounts: making them, and their passwords. Signing in from a page: surveys.office.sign_ins."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from surveys.acts import audit, sessions
from surveys.acts.actors import Actor, Permission, Role
from surveys.acts.errors import BadInput, NotFound, Refusal, WrongState
from surveys.acts.limits import LONGEST_NAME, LONGEST_PERSON
from surveys.acts.permitted import permitted
from surveys.acts.site import Site
from surveys.intake.cleaning import clean_line, clean_name
from surveys.office import codes, passwords
from surveys.office.account_names import Names
from surveys.office.uploads.account_lists import PHONE, PHONE_REMEDY
from surveys.season.assessments import unit_of
from surveys.storage.tables import Account, Unit


class WrongCredentials(Refusal):
    """Name or password is wrong; which one is not said."""


@dataclass(frozen=True)
class NewAccount:
    """An account to be made. `department`: an assessor's; `unit_id`: a reporter's; `person`, `phone`: the holder's."""

    name: str
    role: Role
    department: str | None = None
    unit_id: int | None = None
    person: str = ""
    phone: str = ""


@dataclass(frozen=True)
class Handout:
    """What its holder needs to sign in. The password exists here and in no table. `place`: department or unit."""

    name: str
    role: str
    place: str
    password: str
    person: str = ""


@permitted(Permission.MANAGE_ACCOUNTS)
def create_account(
    session: Session,
    now: datetime,
    actor: Actor,
    name: str,
    role: Role,
    department: str | None = None,
    unit_id: int | None = None,
    *,
    one_time: bool = False,
    person: str = "",
    phone: str = "",
) -> str:
    """Adds an account and returns its first password, which is kept nowhere. Raises BadInput, NotFound.

    `one_time`: it must be changed before anything else; without, as scripts rely on it, it may be kept.
    """
    entry = NewAccount(name, role, department, unit_id, person, phone)
    (handout,) = add_accounts(session, now, actor, [entry], one_time=one_time)
    session.commit()
    return handout.password


@permitted(Permission.MANAGE_ACCOUNTS)
def add_accounts(
    session: Session,
    now: datetime,
    actor: Actor,
    entries: Sequence[NewAccount],
    *,
    one_time: bool = True,
    why: str = "",
) -> list[Handout]:
    """Adds accounts, without a commit: all of them or none. Raises BadInput, NotFound, WrongState."""
    made, handouts = [], []
    taken = {name.lower() for name in session.scalars(select(Account.name))}
    names = Names.of(session)
    for entry in entries:
        name, department, place = _checked(session, entry, taken, names)
        taken.add(name.lower())
        account = Account(
            name=name,
            person=checked_person(entry.person),
            phone=checked_phone(entry.phone),
            role=entry.role.value,
            department=department,
            unit_id=entry.unit_id,
            active=True,
            created_at=now,
        )
        password = _new_password(account, now, actor, one_time=one_time)
        handouts.append(Handout(name, entry.role.label, place, password, account.person))
        made.append(account)
    session.add_all(made)
    try:
        session.flush()
    except IntegrityError:
        session.rollback()
        raise WrongState("同名的账号刚刚被别人建立，这次什么都没有建。请刷新后再看。") from None
    for each in handouts:
        detail = "，".join(part for part in (each.role, each.place, each.person, why) if part)
        audit.record(session, now, actor, "account.create", each.name, detail)
    return handouts


def _checked(session: Session, entry: NewAccount, taken: set[str], names: Names) -> tuple[str, str | None, str]:
    """The account's name and department as they will be, and its department or unit in words."""
    name = entry.name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise BadInput(f"账号名须为 1 至 {LONGEST_NAME} 个字。")
    if name.lower() in taken:
        raise BadInput(f"账号“{name}”已经存在，请换一个名字。")
    department = None if entry.department is None else entry.department.strip()
    if (entry.role is Role.ASSESSOR) != bool(department):
        raise BadInput("考评员账号须写明所属考核部门，其他账号不写。")
    if (entry.role is Role.REPORTER) != (entry.unit_id is not None):
        raise BadInput("报送员账号须写明所属单位，其他账号不写。")
    unit = None if entry.unit_id is None else unit_of(session, entry.unit_id)
    refusal = names.why_not(name, None if unit is None else unit.name)
    if refusal is not None:
        raise BadInput(refusal)
    if department and len(department) > 100:
        raise BadInput("考核部门名称最多 100 个字。")
    return name, department, place_of(department, unit)


def checked_person(text: str) -> str:
    """The holder's name as it is kept. Raises BadInput."""
    person = clean_name(text)
    if len(person) > LONGEST_PERSON:
        raise BadInput(f"姓名最多 {LONGEST_PERSON} 个字。")
    return person


def checked_phone(text: str) -> str:
    """Raises BadInput."""
    phone = clean_line(text)
    if phone and not PHONE.fullmatch(phone):
        raise BadInput(PHONE_REMEDY)
    return phone


def place_of(department: str | None, unit: Unit | None) -> str:
    """An account's department or unit in words, or nothing."""
    return unit.name if unit is not None else department or ""


def renew_password(session: Session, now: datetime, actor: Actor, account: Account, *, one_time: bool) -> str:
    """A new password, which exists here alone. Ends the account's sessions."""
    sessions.end_all(session, account.id)
    return _new_password(account, now, actor, one_time=one_time)


def _new_password(account: Account, now: datetime, actor: Actor, *, one_time: bool) -> str:
    """Whoever gives it could sign in by it: the account is a hand once the auditor has confirmed it."""
    account.given_by, account.given_at = actor.account_id, now
    account.confirmed_at = now if actor.account_id is None else None
    password = passwords.new_one_time() if one_time else passwords.new_kept()
    account.password_hash = passwords.hash_one_time(password) if one_time else passwords.hash_chosen(password)
    account.one_time = one_time
    return password


def sign_in(
    session: Session, now: datetime, name: str, password: str, site: Site | None = None, code: str = ""
) -> Actor:
    """Whoever this is, for a terminal: who is there holds the database, so no limit is kept and no session begun.

    `code`: of an account that has a second factor. Raises WrongCredentials, after the same work whether or not the name
    exists.
    """
    account = require_match(credentials_of(session, name), password)
    if not codes.has(account):
        return sessions.actor_of(session, now, account)
    if site is None or not codes.take(session, site, now, account, code):
        raise WrongCredentials("这个账号开了两步登录，请用 --code 写手机上现在的 6 位数字，或一个没用过的恢复码。")
    session.flush()
    return sessions.actor_of(session, now, account, now)


def credentials_of(session: Session, name: str) -> Account | None:
    """The active account of this name."""
    return session.scalar(select(Account).where(Account.name == name.strip(), Account.active))


def require_match(account: Account | None, password: str) -> Account:
    """The account, if this is its password. Raises WrongCredentials."""
    stored, one_time = (None, False) if account is None else (account.password_hash, account.one_time)
    if not passwords.matches(stored, one_time, password) or account is None:
        raise WrongCredentials("账号或密码不对，请核对后再试。")
    return account


@permitted(Permission.MANAGE_ACCOUNTS)
def reset_password(session: Session, now: datetime, actor: Actor, name: str, *, one_time: bool = False) -> str:
    """Gives an account a new password, ends its sessions and returns the password. Raises NotFound."""
    account = session.scalar(select(Account).where(Account.name == name))
    if account is None:
        raise NotFound(f"没有账号“{name}”。")
    password = renew_password(session, now, actor, account, one_time=one_time)
    audit.record(session, now, actor, "account.reset", name)
    session.commit()
    return password


def id_of(session: Session, name: str) -> int:
    """Raises NotFound."""
    found = session.scalar(select(Account.id).where(Account.name == name))
    if found is None:
        raise NotFound(f"没有账号“{name}”。")
    return found


def has_accounts(session: Session) -> bool:
    return session.scalar(select(Account.id).limit(1)) is not None
