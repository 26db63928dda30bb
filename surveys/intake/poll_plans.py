"""Many polls planned on a spreadsheet, a row each: texts by column -> plans, and every fault with its place."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import partial
from typing import Any

from surveys.catalog import loader
from surveys.catalog.model import QuestionnaireKind
from surveys.intake import typed
from surveys.intake.tables import Table, read_tables
from surveys.polling.ballot_classes import PRESETS, ClassEntry
from surveys.scoring.grades import BlankPolicy

MOST_ROWS = 1000
_HEADER_WITHIN = 10
_NO_FORM = ("不用", "无", "没有", "不测", "-")
_BLANKS = {policy.label: policy for policy in BlankPolicy}


@dataclass(frozen=True)
class PlanTable:
    """A sheet as texts. `rows`: those not blank, with their number as the spreadsheet shows it, from 1. `unread`: by
    row and column, from 1, what to do about a cell that has no value."""

    name: str
    rows: Sequence[tuple[int, Sequence[str]]]
    unread: Mapping[tuple[int, int], str] = field(default_factory=dict)


def plan_tables(name: str, data: bytes) -> list[PlanTable]:
    """The sheets of an uploaded file, without the hidden ones. Raises UnreadableFile."""
    tables = [table for table in read_tables(name, data) if not table.hidden]
    return [_plan_table(table) for table in tables]


def _plan_table(table: Table) -> PlanTable:
    unread = {(row.number, column): why for row in table.rows for column, why in row.unread.items()}
    return PlanTable(table.name, [(row.number, row.texts) for row in table.rows], unread)


@dataclass(frozen=True)
class PlanFault:
    """`column`: as the spreadsheet names it and by its header, `C（日期）`; empty for a fault of a whole row or sheet.
    `row`: 0 for a fault of the sheet. `text`: what is wrong and what to do."""

    sheet: str
    row: int
    column: str
    value: str
    text: str


@dataclass(frozen=True)
class PollPlan:
    """A poll as a row plans it. `columns`: how each of its columns is called in a fault."""

    sheet: str
    row: int
    columns: Mapping[str, str]
    unit: str
    title: str
    entitled: int
    classes: tuple[ClassEntry, ...]
    held_on: date | None
    place: str
    organization: str
    leader: str
    quorum: Fraction
    blank: BlankPolicy | None
    two_person: bool
    rehearsal: bool

    def fault(self, column: str, value: str, text: str) -> PlanFault:
        return PlanFault(self.sheet, self.row, self.columns.get(column, ""), value, text)


@dataclass(frozen=True)
class UnitCell:
    sheet: str
    row: int
    column: str
    text: str


@dataclass
class Plans:
    """What a file plans. `skipped`: rows that name a unit and nothing else. With faults the plans are not all;
    `units`: the cells that name a unit, also of rows with faults."""

    plans: list[PollPlan] = field(default_factory=list)
    units: list[UnitCell] = field(default_factory=list)
    faults: list[PlanFault] = field(default_factory=list)
    skipped: int = 0


@dataclass(frozen=True)
class Column:
    """`read`: from a text that is not empty; `default`: for one that is; `needed`: it may not be empty."""

    key: str
    headers: tuple[str, ...]
    read: Callable[[str], Any]
    default: Any = None
    needed: bool = False
    example: str = ""


def _form(kind: QuestionnaireKind, text: str) -> str:
    forms = [loader.questionnaire(key) for key in loader.questionnaire_keys()]
    known = [form for form in forms if form.kind is kind]
    if typed.plain(text) in _NO_FORM:
        return ""
    for form in known:
        if typed.plain(text) in (form.key, typed.plain(form.title)):
            return form.key
    raise typed.Unreadable(f"不是现有的测评表，可填：{'、'.join(form.title for form in known)}、不用")


def _blank(text: str) -> BlankPolicy:
    if typed.plain(text) not in _BLANKS:
        raise typed.Unreadable(f"须是 {'、'.join(_BLANKS)} 之一")
    return _BLANKS[typed.plain(text)]


COLUMNS = (
    Column("unit", ("单位", "单位名称"), str.strip, needed=True, example="样例局"),
    Column("title", ("测评会名称", "测评会", "名称"), str.strip, "年度民主测评", example="年度民主测评"),
    Column("held_on", ("日期", "测评日期"), typed.day, example="2026-03-02"),
    Column("place", ("地点",), str.strip, "", example="三楼会议室"),
    Column("entitled", ("应到", "应到人数"), typed.whole, needed=True, example="48"),
    Column(
        "classes", ("票种",), typed.ballot_classes, PRESETS[0].classes, example="A:领导班子成员:40:8; B:职工代表:60:40"
    ),
    Column("two_person", ("双人启封",), typed.yes, False, example="否"),
    Column(
        "organization", ("单位测评表",), partial(_form, QuestionnaireKind.ORGANIZATION), "organization", example="不用"
    ),
    Column("leader", ("领导测评表",), partial(_form, QuestionnaireKind.LEADER), "leader", example="不用"),
    Column("blank", ("漏填",), _blank, example="不计入"),
    Column("quorum", ("到会比例",), typed.share, Fraction(2, 3), example="2/3"),
    Column("rehearsal", ("演练",), typed.yes, False, example="否"),
)


def read_plans(tables: Sequence[PlanTable]) -> Plans:
    """The polls these sheets plan. A sheet without a header row is left out when another has one."""
    found = Plans()
    headed = [(table, header) for table in tables if (header := _header(table)) is not None]
    if not headed:
        names = "、".join(column.headers[0] for column in COLUMNS)
        found.faults.append(
            PlanFault("", 0, "", "", f"没有找到表头。第一行应是列名：{names}。其中“单位”和“应到”必须有。")
        )
    for table, start in headed:
        _read_table(found, table, start)
    if not found.faults and not found.plans:
        found.faults.append(PlanFault("", 0, "", "", "表里没有要建的测评会。请在单位后面填上应到人数等内容。"))
    return found


def _header(table: PlanTable) -> int | None:
    for place, (_, texts) in enumerate(table.rows[:_HEADER_WITHIN]):
        if {typed.plain(text).rstrip("*") for text in texts} & set(COLUMNS[0].headers):
            return place
    return None


def _read_table(found: Plans, table: PlanTable, start: int) -> None:
    number, headers = table.rows[start]
    places = dict(_places(found, table.name, number, headers))
    missing = [column for column in COLUMNS if column.needed and column.key not in places]
    for column in missing:
        found.faults.append(
            PlanFault(table.name, number, "", "", f"缺少“{column.headers[0]}”一列，请照模板补上这一列。")
        )
    rows = table.rows[start + 1 :]
    if len(rows) > MOST_ROWS:
        found.faults.append(PlanFault(table.name, 0, "", "", f"超过 {MOST_ROWS} 行，请分成几个文件。"))
    if missing or len(rows) > MOST_ROWS:
        return
    names = {key: f"{_letters(place)}（{typed.plain(headers[place]).rstrip('*')}）" for key, place in places.items()}
    for row_number, texts in rows:
        cells = {key: _cell(texts, place) for key, place in places.items()}
        unread = [
            PlanFault(table.name, row_number, names[key], cells[key][:40], table.unread[row_number, place + 1])
            for key, place in places.items()
            if (row_number, place + 1) in table.unread
        ]
        found.faults += unread
        if unread:
            continue
        if not any(text for key, text in cells.items() if key != "unit"):
            found.skipped += bool(cells["unit"])
            continue
        _read_row(found, table.name, row_number, cells, names)


def _places(found: Plans, sheet: str, number: int, headers: Sequence[str]) -> Iterator[tuple[str, int]]:
    known = {header: column for column in COLUMNS for header in column.headers}
    seen: set[str] = set()
    for place, text in enumerate(headers):
        header = typed.plain(typed.visible(text)).rstrip("*").strip()
        column = known.get(header)
        if not header:
            continue
        if column is None or column.key in seen:
            why = "不认识的列" if column is None else "这一列重复了"
            names = "、".join(column.headers[0] for column in COLUMNS)
            text = f"{why}，请改名或删去。可用的列：{names}。"
            found.faults.append(PlanFault(sheet, number, _letters(place), header, text))
            continue
        seen.add(column.key)
        yield column.key, place


def _read_row(found: Plans, sheet: str, row: int, cells: Mapping[str, str], names: Mapping[str, str]) -> None:
    values: dict[str, Any] = {}
    faults = []
    for column in COLUMNS:
        text = cells.get(column.key, "")
        if not text:
            values[column.key] = column.default
            if column.needed:
                faults.append(PlanFault(sheet, row, names[column.key], "", f"没有填，请填写，如 {column.example}。"))
            continue
        try:
            values[column.key] = column.read(text)
        except typed.Unreadable as error:
            faults.append(PlanFault(sheet, row, names[column.key], text, f"{error}。"))
    found.faults += faults
    if cells["unit"]:
        found.units.append(UnitCell(sheet, row, names["unit"], cells["unit"]))
    if not faults:
        found.plans.append(PollPlan(sheet, row, names, **values))


def _cell(texts: Sequence[str], place: int) -> str:
    return typed.visible(texts[place]).strip() if place < len(texts) else ""


def _letters(place: int) -> str:
    """0 -> A, 26 -> AA."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
