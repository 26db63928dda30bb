"""Where a table's header is, what stands under it, and the place of every fault."""

import re
from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass, field

from surveys.intake.cleaning import clean_line, folded, header_key
from surveys.intake.tables import Table, TableRow

LOOKED_AT = 30
"""Rows among which the header must be: above it stand a title and perhaps a few lines."""

MOST_FAULTS = 200

_NOTE = re.compile(
    r"(说明|填表说明|注|备注|附注|填表人|填报人|制表人?|审核人?|审批人?|经办人|负责人|联系人|联系电话|电话"
    r"|填表日期|填报日期|填表时间|制表日期|制表时间|填报单位|日期)\s*\d*\s*:"
    r"|(说明|填表说明|注|备注)$|(合计|总计|小计|共计)\s*:?\s*\d*\s*(人|名|个|个单位)?$"
)


@dataclass(frozen=True)
class Fault:
    """Something in a file that has to be put right. `column`: letter and title; `row` and `column` may be unknown."""

    sheet: str
    row: int | None
    column: str
    value: str
    remedy: str

    @property
    def position(self) -> str:
        parts = (
            f"工作表“{self.sheet}”" if self.sheet else "",
            f"第 {self.row} 行" if self.row else "",
            self.column,
        )
        return " ".join(part for part in parts if part)

    def __str__(self) -> str:
        value = f"“{self.value}”" if self.value else ""
        return f"{self.position} {value}：{self.remedy}".strip()


@dataclass(frozen=True)
class Header:
    """`columns`: field -> column, from 1. `doubled`: further columns with a field's title."""

    sheet: str
    row: TableRow
    columns: Mapping[str, int]
    doubled: tuple[Fault, ...] = ()

    def place(self, field: str) -> str:
        """`C 列（姓名）`; nothing for a column that is not there."""
        column = self.columns.get(field)
        return "" if column is None else _place(column, clean_line(self.row.texts[column - 1]))


@dataclass(frozen=True)
class HeadedRow:
    """A row under a header, by field."""

    header: Header
    row: TableRow

    def has(self, field: str) -> bool:
        return field in self.header.columns

    def text(self, field: str) -> str:
        """As it stands in the cell; empty where there is no such column."""
        column = self.header.columns.get(field)
        return "" if column is None or column > len(self.row.texts) else self.row.texts[column - 1]

    def origin(self, field: str) -> tuple[int, int]:
        """Where the cell's text stands: the first cell of its merged area, or the cell itself."""
        column = self.header.columns[field]
        return self.row.merged.get(column, (self.row.number, column))

    def unread(self) -> dict[str, Fault]:
        """By field, a fault at each cell that has no value: it shows an error, or its formula was never worked out."""
        return {
            field: self._fault_at(self.origin(field), self.text(field), self.row.unread[column])
            for field, column in self.header.columns.items()
            if column in self.row.unread
        }

    def _fault_at(self, origin: tuple[int, int], value: str, remedy: str) -> Fault:
        row, column = origin
        titles = self.header.row.texts
        title = clean_line(titles[column - 1]) if column <= len(titles) else ""
        return Fault(self.header.sheet, row, _place(column, title), _shortened(value), remedy)

    def seen_from(self, other: "HeadedRow") -> str:
        """Where it is, as said in a fault of the other: `第 3 行`, with the sheet where it is another."""
        elsewhere = self.header.sheet and self.header.sheet != other.header.sheet
        return f"{f'工作表“{self.header.sheet}”' if elsewhere else ''}第 {self.row.number} 行"

    def fault(self, field: str, remedy: str) -> Fault:
        return Fault(self.header.sheet, self.row.number, self.header.place(field), _shortened(self.text(field)), remedy)


@dataclass
class Faults:
    """All faults of a file, each once: a merged area has one for all its rows. Past `MOST_FAULTS` they are only
    counted."""

    _all: dict[Fault, None] = field(default_factory=dict)

    def add(self, fault: Fault) -> None:
        self._all[fault] = None

    def add_unread(self, source: HeadedRow) -> Set[str]:
        """Adds one for each cell of the record without a value, and says of which fields."""
        found = source.unread()
        for fault in found.values():
            self.add(fault)
        return found.keys()

    @property
    def found(self) -> list[Fault]:
        """As one meets them going down the sheets."""
        return sorted(self._all, key=lambda fault: (fault.sheet, fault.row or 0))[:MOST_FAULTS]

    @property
    def count(self) -> int:
        return len(self._all)

    @property
    def left_out(self) -> int:
        return max(0, self.count - MOST_FAULTS)


@dataclass(frozen=True)
class Skipped:
    """A row that was taken for no data: a note below the table, a title within it."""

    sheet: str
    row: int
    text: str

    @property
    def words(self) -> str:
        where = f"工作表“{self.sheet}”" if self.sheet else ""
        return f"{where}第 {self.row} 行“{self.text[:30]}”当作说明，没有读。"


def find_header(table: Table, titles: Mapping[str, Collection[str]], needed: Collection[str]) -> Header | None:
    """The row near the top with the most columns of `titles` (field -> its titles), `needed` and one more at least."""
    wanted = {header_key(title): field for field, several in titles.items() for title in several}
    best: Header | None = None
    for row in table.rows[:LOOKED_AT]:
        found = _columns(table.name, row, wanted)
        enough = len(found.columns) > len(needed) and all(field in found.columns for field in needed)
        if enough and (best is None or len(found.columns) > len(best.columns)):
            best = found
    return best


def _columns(sheet: str, row: TableRow, wanted: Mapping[str, str]) -> Header:
    columns: dict[str, int] = {}
    doubled = []
    for column, text in enumerate(row.texts, start=1):
        field = wanted.get(header_key(text))
        if field is None or row.merged.get(column, (0, column))[1] != column:
            continue
        if field in columns:
            remedy = f"和{_place(columns[field], clean_line(row.texts[columns[field] - 1]))}重复，请只留一列。"
            doubled.append(Fault(sheet, row.number, _place(column, clean_line(text)), "", remedy))
        else:
            columns[field] = column
    return Header(sheet, row, columns, tuple(doubled))


def read_rows(table: Table, header: Header) -> tuple[list[HeadedRow], list[Skipped]]:
    """The rows under the header, and those passed over."""
    sources: list[HeadedRow] = []
    skipped: list[Skipped] = []
    after_note = False
    for row in table.rows:
        if row.number <= header.row.number:
            continue
        texts = list(dict.fromkeys(text for text in map(folded, row.texts) if text))
        if not texts:
            continue
        note = bool(_NOTE.match(texts[0])) or (after_note and len(texts) == 1)
        if note or _is_banner(row, header) or _repeats(row, header):
            text = next(each for each in map(clean_line, row.texts) if each)
            skipped.append(Skipped(header.sheet, row.number, text))
        else:
            sources.append(HeadedRow(header, row))
        after_note = note
    return sources, skipped


def _is_banner(row: TableRow, header: Header) -> bool:
    """One merged cell across columns of different meaning is a title within the table."""
    origins = [row.merged[column] for column in header.columns.values() if column in row.merged]
    return len(set(origins)) < len(origins)


def _repeats(row: TableRow, header: Header) -> bool:
    """Printed tables have their header on each page."""
    columns = header.columns.values()
    return all(
        column <= len(row.texts) and header_key(row.texts[column - 1]) == header_key(header.row.texts[column - 1])
        for column in columns
    )


def _shortened(text: str) -> str:
    value = clean_line(text)
    return value if len(value) <= 40 else value[:40] + "……"


def column_letter(column: int) -> str:
    """1 -> A, 27 -> AA."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _place(column: int, title: str) -> str:
    return f"{column_letter(column)} 列（{title}）"
