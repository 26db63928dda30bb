"""Tables -> accounts to be made: name, role, department or unit; and every fault at its cell."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any

from surveys.acts.limits import LONGEST_NAME, LONGEST_PERSON, LONGEST_UNIT
from surveys.intake.cleaning import clean_line, clean_name, header_key, name_key, unfit
from surveys.intake.headers import Fault, Faults, HeadedRow, Header, read_rows
from surveys.intake.sheets import headed, passed_over, unread_columns
from surveys.intake.tables import Table

TITLES: Mapping[str, Sequence[str]] = {
    "name": ("账号名", "账号", "账号名称", "用户名", "登录名"),
    "role": ("角色", "身份", "账号角色", "账号类型"),
    "person": ("姓名", "名字", "使用人", "持有人"),
    "phone": ("电话", "手机", "手机号", "联系电话", "手机号码"),
    "place": ("部门或单位", "单位或部门", "部门", "单位", "考核部门", "单位名称", "所属部门", "所属单位"),
}
PHONE = re.compile(r"[0-9+() -]{3,30}")
PHONE_REMEDY = "电话只写数字，可以有 +、-、括号和空格，3 至 30 个字符；没有就留空。"
DEPARTMENT, UNIT = "考核部门", "单位"


@dataclass(frozen=True)
class KnownRole:
    """`place`: DEPARTMENT, UNIT or nothing. `others`: what files may call it too."""

    key: str
    label: str
    place: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class AccountRow:
    """`role`: its key. `place`: the department or unit as the assessment writes it."""

    name: str
    role: str
    place: str
    person: str = ""
    phone: str = ""


@dataclass(frozen=True)
class Known:
    """`accounts`: those that are there, by name."""

    roles: Sequence[KnownRole]
    departments: Sequence[str]
    units: Sequence[str]
    accounts: Mapping[str, AccountRow]


@dataclass(frozen=True)
class AccountList:
    """`there`: names of accounts that are as the file says. `notes`: what was not read, as sentences."""

    rows: tuple[AccountRow, ...]
    there: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "AccountList":
        return cls(tuple(AccountRow(**row) for row in data["rows"]), tuple(data["there"]), tuple(data["notes"]))


def read_accounts(tables: Sequence[Table], known: Known) -> tuple[AccountList, Faults]:
    """The list, which is of use only when there is no fault."""
    reading = _Reading(known)
    read = headed(tables, TITLES, ["name"])
    for table, header in read:
        reading.take(table, header)
    reading.notes += passed_over(tables, read)
    return reading.finish(), reading.faults


class _Reading:
    def __init__(self, known: Known) -> None:
        self.known = known
        self.faults = Faults()
        self.rows: list[AccountRow] = []
        self.there: list[str] = []
        self.notes: list[str] = []
        self.seen: dict[str, HeadedRow] = {}
        self.accounts = {name_key(name): (name, row) for name, row in known.accounts.items()}
        self.headers = 0

    def take(self, table: Table, header: Header) -> None:
        self.headers += 1
        self.notes += unread_columns(header, TITLES)
        for fault in header.doubled:
            self.faults.add(fault)
        if "role" not in header.columns:
            remedy = f"缺“角色”一列。请补上，每行写{self._roles()}之一。"
            self.faults.add(Fault(table.name, header.row.number, "", "", remedy))
            return
        sources, skipped = read_rows(table, header)
        self.notes += [row.words for row in skipped]
        for source in sources:
            self._take(source)

    def finish(self) -> AccountList:
        if not self.headers:
            remedy = "没有认出表头。表里要有一行列名：“账号名”“角色”“部门或单位”。可以下载模板照着填。"
            self.faults.add(Fault("", None, "", "", remedy))
        elif not self.rows and not self.there and not self.faults.count:
            self.faults.add(Fault("", None, "", "", "表头下面没有账号，请填好后再导入。"))
        return AccountList(tuple(self.rows), tuple(self.there), tuple(self.notes))

    def _take(self, source: HeadedRow) -> None:
        if self.faults.add_unread(source):
            return
        before = self.faults.count
        name = self._text(source, "name", clean_name(source.text("name")), LONGEST_NAME)
        person = self._text(source, "person", clean_name(source.text("person")), LONGEST_PERSON)
        phone = clean_line(source.text("phone"))
        if phone and not PHONE.fullmatch(phone):
            self._fault(source, "phone", PHONE_REMEDY)
        place = self._text(source, "place", clean_line(source.text("place")), LONGEST_UNIT)
        role = self._role(source)
        if not name:
            self._fault(source, "name", "没有写账号名，请补上；多余的行请整行删去。")
        else:
            first = self.seen.setdefault(name_key(name), source)
            if first is not source:
                self._fault(source, "name", f"和{first.seen_from(source)}重复。每人一个账号，请改名或删去一行。")
        found = "" if role is None else self._place(source, role, place)
        if self.faults.count > before or role is None:
            return
        self._sort(source, AccountRow(name, role.key, found, person, phone))

    def _sort(self, source: HeadedRow, row: AccountRow) -> None:
        """New, there already, or in the way."""
        name, there = self.accounts.get(name_key(row.name), ("", None))
        if there is None:
            self.rows.append(row)
        elif (there.role, there.place) == (row.role, row.place):
            self.there.append(name)
        else:
            labels = {role.key: role.label for role in self.known.roles}
            about = "，".join(part for part in (labels[there.role], there.place) if part)
            remedy = (
                f"账号“{name}”已经有了（{about}）。是另一个人就换个名字；是同一个人，请到账号页里调整，并删去这一行。"
            )
            self._fault(source, "name", remedy)

    def _role(self, source: HeadedRow) -> KnownRole | None:
        wanted = header_key(source.text("role"))
        for role in self.known.roles:
            if wanted in (header_key(role.label), role.key, *map(header_key, role.others)):
                return role
        self._fault(source, "role", f"{'不是' if wanted else '没有写'}角色，须是{self._roles()}之一。")
        return None

    def _roles(self) -> str:
        return "、".join(role.label for role in self.known.roles)

    def _place(self, source: HeadedRow, role: KnownRole, place: str) -> str:
        if not role.place:
            if place:
                self._fault(source, "place", f"{role.label}不分部门和单位，这一格请留空。")
            return ""
        names = self.known.departments if role.place == DEPARTMENT else self.known.units
        if not place:
            self._fault(source, "place", f"没有写。{role.label}须写所属{role.place}{_some(names)}。")
            return ""
        by_key = {name_key(name): name for name in reversed(names)}
        if name_key(place) in by_key:
            return by_key[name_key(place)]
        close = get_close_matches(name_key(place), list(by_key), n=1, cutoff=0.6)
        guess = f"是不是“{by_key[close[0]]}”？" if close else ""
        which = "测评体系里没有这个考核部门" if role.place == DEPARTMENT else "这次考核里没有这个单位"
        self._fault(source, "place", f"{which}。{guess}请照{role.place}的写法填写{_some(names)}。")
        return ""

    def _text(self, source: HeadedRow, each: str, value: str, most: int) -> str:
        remedy = unfit(value, most)
        if remedy is not None:
            self._fault(source, each, remedy)
        return value

    def _fault(self, source: HeadedRow, each: str, remedy: str) -> None:
        self.faults.add(source.fault(each, remedy))


def _some(names: Sequence[str]) -> str:
    """A few to choose from."""
    return f"，如{'、'.join(names[:3])}" if names else ""
