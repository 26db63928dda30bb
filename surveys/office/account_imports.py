"""Accounts from a file, in two steps: read and shown, then made, all or nothing."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts import audit
from surveys.acts.actors import Actor, Permission, Role
from surveys.acts.errors import WrongState
from surveys.acts.import_desk import ImportDesk, fingerprint, kept_name
from surveys.acts.permitted import permitted
from surveys.acts.table_files import Tables
from surveys.intake.cleaning import name_key
from surveys.office.account_admin import full_place
from surveys.office.accounts import Handout, NewAccount, add_accounts
from surveys.office.uploads.account_lists import (
    DEPARTMENT,
    UNIT,
    AccountList,
    AccountRow,
    Known,
    KnownRole,
    read_accounts,
)
from surveys.reporting.workbooks import SheetPlan, workbook
from surveys.season import shut
from surveys.season.assessments import assessment_of, departments_in, frameworks_of, locked_assessment
from surveys.season.rosters import FaultyFile
from surveys.season.shut import Act
from surveys.storage.tables import Account, Assessment, Import

DESK = ImportDesk(
    "accounts",
    gone="没有等待确认的账号表：可能已经建好，或又上传了新的文件。请看账号页，或重新上传。",
    moved="没有可建的账号，或文件在预览之后换过，什么都没有建。请看新的预览。",
)
TITLES = ("账号名", "姓名", "角色", "部门或单位", "电话")
_PLACES = {Role.ASSESSOR: DEPARTMENT, Role.REPORTER: UNIT}
_ONCE = {Role.ADMIN: ("管理员",)}
"""What roles were called before 0026: old files say so."""
_INACTIVE = "已停用"


@dataclass(frozen=True)
class AccountPreview:
    """`new`: name, person, role and place in words. `there`: names that are so already. `hindrances`: why it cannot be
    made."""

    assessment_id: int
    title: str
    file_name: str
    new: tuple[tuple[str, str, str, str], ...]
    there: tuple[str, ...]
    notes: tuple[str, ...]
    hindrances: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.new)

    @property
    def is_empty(self) -> bool:
        return not self.new

    @property
    def by_role(self) -> Mapping[str, int]:
        return Counter(role for _, _, role, _ in self.new)


@permitted(Permission.MANAGE_ACCOUNTS)
def read_file(session: Session, now: datetime, actor: Actor, assessment_id: int, file_name: str, tables: Tables) -> int:
    """Keeps what is in a file to be shown, instead of the admin's earlier one; the id to ask for it by.

    Raises NotAllowed, NotFound, BadInput; FaultyFile with every fault at its place.
    """
    assessment = assessment_of(session, assessment_id)
    shut.require(assessment, Act.MAKE_ACCOUNTS)
    found, faults = read_accounts(tables, _known(session, assessment))
    if faults.count:
        raise FaultyFile(faults.found, faults.left_out)
    body = {"file": kept_name(file_name), **found.to_json()}
    entry = DESK.keep(session, now, actor, assessment_id, body)
    audit.record(session, now, actor, "account.read", assessment.title, body["file"])
    session.commit()
    return entry.id


def _known(session: Session, assessment: Assessment) -> Known:
    roles = [KnownRole(role.value, role.label, _PLACES.get(role, ""), _ONCE.get(role, ())) for role in Role]
    names = departments_in(frameworks_of(assessment))
    units = {unit.id: unit.name for unit in assessment.units}
    accounts = {}
    for account in session.scalars(select(Account)):
        place = units.get(account.unit_id or 0) or full_place(session, account)
        accounts[account.name] = AccountRow(account.name, account.role, place if account.active else _INACTIVE)
    return Known(roles, names, list(units.values()), accounts)


@permitted(Permission.MANAGE_ACCOUNTS)
def preview(session: Session, actor: Actor, import_id: int) -> AccountPreview:
    """What making the accounts would do now. Raises NotAllowed, NotFound."""
    entry = DESK.waiting(session, actor, import_id)
    return _compared(session, entry, AccountList.from_json(entry.body))


def _compared(session: Session, entry: Import, found: AccountList) -> AccountPreview:
    assessment = assessment_of(session, entry.assessment_id)
    known = _known(session, assessment)
    taken = {name_key(name) for name in known.accounts}
    units = set(known.units)
    hindrances = []
    for row in found.rows:
        if name_key(row.name) in taken:
            hindrances.append(f"账号“{row.name}”刚刚已经建了。")
        elif row.role == Role.REPORTER and row.place not in units:
            hindrances.append(f"单位“{row.place}”已不在这次考核里。")
    return AccountPreview(
        assessment.id,
        assessment.title,
        entry.body["file"],
        tuple((row.name, row.person, Role(row.role).label, row.place) for row in found.rows),
        found.there,
        found.notes,
        tuple(hindrances),
    )


@permitted(Permission.MANAGE_ACCOUNTS)
def apply(session: Session, now: datetime, actor: Actor, import_id: int, fingerprint: str) -> list[Handout]:
    """Makes every account of the file, and forgets the file. `fingerprint`: of the preview that was shown.

    Raises NotAllowed, NotFound, WrongState, BadInput.
    """
    entry = DESK.waiting(session, actor, import_id, take=True)
    assessment = locked_assessment(session, entry.assessment_id)
    shut.require(assessment, Act.MAKE_ACCOUNTS)
    rows = AccountList.from_json(entry.body)
    found = _compared(session, entry, rows)
    if found.hindrances:
        raise WrongState("什么都没有建。" + "".join(found.hindrances) + "请改好文件重新上传。")
    DESK.check_shown(found.fingerprint if found.new else "", fingerprint)
    units = {unit.name: unit.id for unit in assessment.units}
    entries = [_new(row, units) for row in rows.rows]
    handouts = add_accounts(session, now, actor, entries, why=found.file_name)
    session.delete(entry)
    session.commit()
    return handouts


def _new(row: AccountRow, units: Mapping[str, int]) -> NewAccount:
    role = Role(row.role)
    if role is Role.REPORTER:
        return NewAccount(row.name, role, unit_id=units[row.place], person=row.person, phone=row.phone)
    return NewAccount(row.name, role, row.place or None, person=row.person, phone=row.phone)


@permitted(Permission.MANAGE_ACCOUNTS)
def template(session: Session, actor: Actor, assessment_id: int) -> bytes:
    """An .xlsx to fill in, with invented examples and what goes where. Raises NotAllowed, NotFound."""
    assessment = assessment_of(session, assessment_id)
    known = _known(session, assessment)
    examples = [
        ("样例考评员", "张一", Role.ASSESSOR.label, next(iter(known.departments), ""), ""),
        ("样例报送员", "张二", Role.REPORTER.label, next(iter(known.units), "样例局"), "0531-0000000"),
        ("样例组织员", "张三", Role.ORGANIZER.label, "", ""),
    ]
    help_rows = [
        ("先删去", "“账号”表里的样例行，再填自己的。列的先后可以变，列名不要改。"),
        ("账号名", "必填。登录时输入的名字，一人一个，不要合用。"),
        ("角色", f"必填。{'、'.join(role.label for role in known.roles)}之一。"),
        ("姓名、电话", "可以不填。填了，页面、日志和纸面上就写姓名。"),
        ("部门或单位", "考评员写考核部门，报送员写单位，其他角色留空。"),
        ("考核部门", "、".join(known.departments)),
    ]
    return workbook([SheetPlan("账号", TITLES, examples), SheetPlan("填写说明", ("列", "怎么填"), help_rows)])
