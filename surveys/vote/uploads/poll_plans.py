"""Many polls planned on a spreadsheet, a row each: tables -> plans, and every fault with its place."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import partial
from typing import Any

from surveys.catalog import loader
from surveys.catalog.model import QuestionnaireKind
from surveys.intake import typed
from surveys.intake.headers import Fault, Faults, HeadedRow, Header, read_rows
from surveys.intake.sheets import headed, passed_over, unread_columns
from surveys.intake.tables import Table
from surveys.polling.ballot_classes import PRESETS, ClassEntry
from surveys.scoring.grades import BlankPolicy

MOST_ROWS = 1000
_NO_FORM = ("不用", "无", "没有", "不测", "-")
_BLANKS = {policy.label: policy for policy in BlankPolicy}


@dataclass(frozen=True)
class PollPlan:
    """A poll as a row plans it. `source`: the row."""

    source: HeadedRow
    unit: str
    title: str
    entitled: int
    reserve: int
    classes: tuple[ClassEntry, ...]
    held_on: date | None
    place: str
    organization: str
    leader: str
    quorum: Fraction
    blank: BlankPolicy | None
    two_person: bool
    rehearsal: bool


@dataclass
class Plans:
    """What a file plans. `skipped`: rows that name a unit and nothing else. `notes`: what was not read, as sentences.
    With faults the plans are not all; `units`: the rows that name a unit, also of rows with faults."""

    plans: list[PollPlan] = field(default_factory=list)
    units: list[HeadedRow] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    notes: list[str] = field(default_factory=list)
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
    Column("reserve", ("预留", "预留张数"), typed.whole, 0, example="0"),
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


TITLES: Mapping[str, Sequence[str]] = {column.key: column.headers for column in COLUMNS}


def read_plans(tables: Sequence[Table]) -> Plans:
    """The polls these sheets plan."""
    found = Plans()
    read = headed(tables, TITLES, ["unit"])
    if not read:
        names = "、".join(column.headers[0] for column in COLUMNS)
        remedy = f"没有认出表头。表里要有一行列名：{names}。其中“单位”和“应到”必须有。可以下载模板照着填。"
        found.faults.add(Fault("", None, "", "", remedy))
    for table, header in read:
        _read_table(found, table, header)
    found.notes += passed_over(tables, read)
    if not found.faults.count and not found.plans:
        remedy = "表里没有要建的测评会。请在单位后面填上应到人数等内容。"
        found.faults.add(Fault(read[0][0].name, None, "", "", remedy))
    return found


def _read_table(found: Plans, table: Table, header: Header) -> None:
    found.notes += unread_columns(header, TITLES)
    for fault in header.doubled:
        found.faults.add(fault)
    sources, skipped = read_rows(table, header)
    found.notes += [row.words for row in skipped]
    missing = [column for column in COLUMNS if column.needed and column.key not in header.columns]
    for column in missing:
        remedy = f"缺少“{column.headers[0]}”一列，请照模板补上这一列。"
        found.faults.add(Fault(table.name, header.row.number, "", "", remedy))
    if len(sources) > MOST_ROWS:
        found.faults.add(Fault(table.name, None, "", "", f"超过 {MOST_ROWS} 行，请分成几个文件。"))
    if missing or len(sources) > MOST_ROWS:
        return
    for source in sources:
        if found.faults.add_unread(source):
            continue
        if any(_text(source, column.key) for column in COLUMNS if column.key != "unit"):
            _read_row(found, source)
        else:
            found.skipped += bool(_text(source, "unit"))


def _read_row(found: Plans, source: HeadedRow) -> None:
    values: dict[str, Any] = {}
    before = found.faults.count
    for column in COLUMNS:
        text = _text(source, column.key)
        if not text:
            values[column.key] = column.default
            if column.needed:
                found.faults.add(source.fault(column.key, f"没有填，请填写，如 {column.example}。"))
            continue
        try:
            values[column.key] = column.read(text)
        except typed.Unreadable as error:
            found.faults.add(source.fault(column.key, f"{error}。"))
    if _text(source, "unit"):
        found.units.append(source)
    if found.faults.count == before:
        found.plans.append(PollPlan(source, **values))


def _text(source: HeadedRow, column: str) -> str:
    return typed.visible(source.text(column)).strip()
