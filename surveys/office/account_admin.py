"""What an admin does with accounts: looks, makes, resets, moves, switches off and on. Every act with who and why.

A name is never changed and never given to another account: the audit log knows people by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts import audit, editions, sessions
from surveys.acts.actors import Actor, Permission, Role
from surveys.acts.errors import BadInput, NotFound, WrongState
from surveys.acts.permitted import permitted
from surveys.acts.reasons import written
from surveys.intake.cleaning import clean_name, name_key
from surveys.office.accounts import (
    Handout,
    NewAccount,
    add_accounts,
    checked_person,
    checked_phone,
    place_of,
    renew_password,
)
from surveys.scoring.assessment_states import AssessmentState
from surveys.season.assessments import departments_in, frameworks_of, unit_of
from surveys.storage.tables import Account, Assessment, AuditEntry, Unit

LAST_STAYS = (Role.SYSTEM, Role.ADMIN, Role.AUDITOR)
"""Of these roles the last account stays: without a system admin the admins would keep the accounts, and without an
auditor no account would have to be confirmed."""


class AccountState(StrEnum):
    NEW = "new"
    ACTIVE = "active"
    INACTIVE = "inactive"

    @property
    def label(self) -> str:
        return {"new": "没改过一次性密码", "active": "在用", "inactive": "已停用"}[self.value]


@dataclass(frozen=True)
class AccountLine:
    """`place`: department or unit; `assessment`: the unit's. `coded`: it has a second factor."""

    id: int
    name: str
    role: Role
    place: str
    assessment: str
    state: AccountState
    created_at: datetime
    person: str
    phone: str
    coded: bool

    @property
    def holder(self) -> str:
        """As the form that changes it was filled."""
        return _holder(self.person, self.phone)

    @property
    def full_place(self) -> str:
        """As the function of this name says it."""
        return f"{self.place}（{self.assessment}）" if self.assessment else self.place


@dataclass(frozen=True)
class UnitChoice:
    id: int
    name: str
    assessment: str


@permitted(Permission.MANAGE_ACCOUNTS)
def list_accounts(
    session: Session, actor: Actor, words: str = "", role: Role | None = None, state: AccountState | None = None
) -> list[AccountLine]:
    """By role, then name. `words`: part of a name, department, unit or assessment. Raises NotAllowed."""
    query = select(Account, Unit, Assessment.title).outerjoin(Unit, Account.unit_id == Unit.id)
    found = session.execute(query.outerjoin(Assessment, Unit.assessment_id == Assessment.id)).all()
    lines = [_line(account, unit, title or "") for account, unit, title in found]
    wanted = name_key(words)
    kept = [
        line
        for line in lines
        if (role is None or line.role is role)
        and (state is None or line.state is state)
        and wanted in name_key(f"{line.name} {line.person} {line.place} {line.assessment}")
    ]
    return sorted(kept, key=lambda line: (list(Role).index(line.role), line.assessment, line.id))


def _line(account: Account, unit: Unit | None, assessment: str) -> AccountLine:
    state = (
        AccountState.INACTIVE if not account.active else AccountState.NEW if account.one_time else AccountState.ACTIVE
    )
    return AccountLine(
        account.id,
        account.name,
        Role(account.role),
        place_of(account.department, unit),
        assessment,
        state,
        account.created_at,
        account.person,
        account.phone,
        account.code_secret is not None,
    )


@permitted(Permission.MANAGE_ACCOUNTS)
def account_line(session: Session, actor: Actor, account_id: int) -> AccountLine:
    """Raises NotAllowed, NotFound."""
    account = _account(session, account_id)
    unit = None if account.unit_id is None else unit_of(session, account.unit_id)
    return _line(account, unit, "" if unit is None else unit.assessment.title)


@permitted(Permission.MANAGE_ACCOUNTS)
def log(session: Session, actor: Actor, account_id: int) -> Sequence[AuditEntry]:
    """What was done to the account, the oldest first. Raises NotAllowed, NotFound."""
    # A reporter's account may have its unit's name, under which the unit's own entries stand.
    return [
        entry
        for entry in audit.entries(session, _account(session, account_id).name)
        if entry.act.startswith("account.") and entry.act != "account.read"
    ]


def known_departments(session: Session) -> list[str]:
    """Everybody who marks by a framework of an assessment that is not archived."""
    current = current_assessments(session)
    return departments_in(framework for each in current for framework in frameworks_of(each))


def known_units(session: Session) -> list[UnitChoice]:
    """Of the assessments that are not archived, the newest first."""
    return [UnitChoice(unit.id, unit.name, each.title) for each in current_assessments(session) for unit in each.units]


def current_assessments(session: Session) -> Sequence[Assessment]:
    """Those that are not archived, the newest first."""
    query = select(Assessment).where(Assessment.state != AssessmentState.ARCHIVED).order_by(Assessment.id.desc())
    return session.scalars(query).all()


@permitted(Permission.MANAGE_ACCOUNTS)
def create(session: Session, now: datetime, actor: Actor, entry: NewAccount) -> Handout:
    """A new account with a one-time password. Raises NotAllowed, BadInput, NotFound, WrongState."""
    entry = replace(entry, name=clean_name(entry.name))
    if entry.department is not None and entry.department not in known_departments(session):
        raise BadInput(f"现有考核的测评体系里没有考核部门“{entry.department}”。")
    if entry.unit_id is not None and entry.unit_id not in {unit.id for unit in known_units(session)}:
        raise BadInput("这个单位的考核已经归档，或没有这个单位。请另选。")
    check_names(session, [entry.name])
    handouts = add_accounts(session, now, actor, [entry])
    session.commit()
    return handouts[0]


def check_names(session: Session, names: Sequence[str]) -> None:
    """Names that look like one that is there would be taken for it. Raises BadInput."""
    there = {name_key(name): name for name in session.scalars(select(Account.name))}
    for name in names:
        if name_key(name) in there:
            raise BadInput(f"账号“{there[name_key(name)]}”已经存在，请换一个名字。")


@permitted(Permission.MANAGE_ACCOUNTS)
def reset(session: Session, now: datetime, actor: Actor, account_id: int, reason: str) -> Handout:
    """A new one-time password; every session of the account ends. Raises NotAllowed, NotFound, BadInput, WrongState."""
    account = _account(session, account_id, lock=True)
    _check_other(actor, account, "自己的密码请在“修改密码”里改。")
    handout = _reset(session, now, actor, account, _why(reason))
    session.commit()
    return handout


@permitted(Permission.MANAGE_ACCOUNTS)
def reissue(session: Session, now: datetime, actor: Actor, account_ids: Sequence[int], reason: str) -> list[Handout]:
    """New one-time passwords for accounts that have not changed theirs yet, all or none: the sheet was lost.

    Raises NotAllowed, NotFound, BadInput; WrongState when one has changed it meanwhile.
    """
    why = _why(reason)
    if not account_ids:
        raise BadInput("请先勾选要重发的账号。")
    handouts = []
    for account_id in sorted(set(account_ids)):
        account = _account(session, account_id, lock=True)
        if not account.one_time:
            raise WrongState(f"“{account.name}”已经改过密码，这次都没有重发。请刷新后再选。")
        handouts.append(_reset(session, now, actor, account, why))
    session.commit()
    return handouts


def _reset(session: Session, now: datetime, actor: Actor, account: Account, why: str) -> Handout:
    if not account.active:
        raise WrongState(f"账号“{account.name}”已停用。请先启用，再重设密码。")
    password = renew_password(session, now, actor, account, one_time=True)
    audit.record(session, now, actor, "account.reset", account.name, why)
    return Handout(account.name, Role(account.role).label, _place(session, account), password, account.person)


@permitted(Permission.MANAGE_ACCOUNTS)
def deactivate(session: Session, now: datetime, actor: Actor, account_id: int, reason: str) -> None:
    """Ends the account's sessions at once. Raises NotAllowed, NotFound, BadInput, WrongState."""
    why = _why(reason)
    # Two who switch each other off: the second waits here, and then is no longer among them.
    needed = select(Account).where(Account.role.in_(LAST_STAYS), Account.active).order_by(Account.id).with_for_update()
    holders = session.scalars(needed).all()
    account = _account(session, account_id, lock=True)
    _check_other(actor, account, "不能停用自己的账号，请另一位管理员来做。")
    if not account.active:
        raise WrongState(f"账号“{account.name}”已经停用。")
    role = Role(account.role)
    if [each.id for each in holders if each.role == role] == [account.id]:
        raise WrongState(f"“{account.name}”是最后一个在用的{role.label}，不能停用。请先另建一个{role.label}账号。")
    account.active = False
    sessions.end_all(session, account.id)
    audit.record(session, now, actor, "account.deactivate", account.name, why)
    session.commit()


@permitted(Permission.MANAGE_ACCOUNTS)
def activate(session: Session, now: datetime, actor: Actor, account_id: int, reason: str) -> None:
    """The password is as it was. Raises NotAllowed, NotFound, BadInput, WrongState."""
    why = _why(reason)
    account = _account(session, account_id, lock=True)
    if account.active:
        raise WrongState(f"账号“{account.name}”已经在用。")
    account.active = True
    audit.record(session, now, actor, "account.activate", account.name, why)
    session.commit()


@permitted(Permission.MANAGE_ACCOUNTS)
def move(
    session: Session,
    now: datetime,
    actor: Actor,
    account_id: int,
    reason: str,
    *,
    department: str | None = None,
    unit_id: int | None = None,
    base: str | None = None,
) -> None:
    """An assessor to another department, a reporter to another unit: at once, for the sessions there are too.

    What was marked and handed in stays where it is. Raises NotAllowed, NotFound, BadInput, WrongState.
    """
    why = _why(reason)
    account = _account(session, account_id, lock=True)
    before = full_place(session, account)
    role = Role(account.role)
    if role is Role.ASSESSOR and department in known_departments(session):
        account.department = department
    elif role is Role.REPORTER and unit_id in {unit.id for unit in known_units(session)}:
        account.unit_id = unit_id
    else:
        raise BadInput("请选一个部门（考评员）或单位（报送员），没有归档的考核里的。其他账号不分部门和单位。")
    after = full_place(session, account)
    editions.check_value(base, "place", before, after, "现在属于")
    if after == before:
        raise WrongState(f"“{account.name}”已经在{after}，没有改动。")
    audit.record(
        session, now, actor, "account.move", account.name, f"{before} → {after}：{why}", before=before, after=after
    )
    session.commit()


@permitted(Permission.MANAGE_ACCOUNTS)
def describe(
    session: Session, now: datetime, actor: Actor, account_id: int, person: str, phone: str, base: str | None = None
) -> None:
    """Who holds the account, and their phone. Raises NotAllowed, NotFound, BadInput, WrongState."""
    account = _account(session, account_id, lock=True)
    before, after = _holder(account.person, account.phone), _holder(checked_person(person), checked_phone(phone))
    editions.check_value(base, "holder", before, after, "姓名和电话")
    account.person, account.phone = checked_person(person), checked_phone(phone)
    if after != before:
        audit.record(session, now, actor, "account.describe", account.name, before=before, after=after)
    session.commit()


def _holder(person: str, phone: str) -> str:
    return " ".join(part for part in (person, phone) if part)


def _check_other(actor: Actor, account: Account, text: str) -> None:
    if account.id == actor.account_id:
        raise WrongState(text)


def _account(session: Session, account_id: int, *, lock: bool = False) -> Account:
    account = session.get(Account, account_id, with_for_update=lock or None, populate_existing=lock)
    if account is None:
        raise NotFound(f"没有编号为 {account_id} 的账号。")
    return account


def _place(session: Session, account: Account) -> str:
    return place_of(account.department, None if account.unit_id is None else unit_of(session, account.unit_id))


def full_place(session: Session, account: Account) -> str:
    """With the assessment's title: units of two years have one name."""
    if account.unit_id is None:
        return account.department or ""
    unit = unit_of(session, account.unit_id)
    return f"{unit.name}（{unit.assessment.title}）"


def _why(reason: str) -> str:
    return written(reason, "请写明原因，会记入日志。", name="原因")
