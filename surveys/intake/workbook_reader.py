"""A program of its own: a workbook on stdin, its visible cells as JSON on stdout, after a line "started". `tables`
starts it, nothing imports it.

calamine holds a sheet as one dense block and aborts the process that cannot have it: a file of 5 KB with a cell in the
last row and column would end a worker and the votes it is counting. Here it ends this process, within these limits.

calamine also reads a cell as empty that shows an error or whose formula was never worked out. Such cells are looked for
a second time: in the XML of .xlsx, which alone tells a formula without a value from one whose value is an empty text,
and with xlrd in .xls, where a formula always has a value.
"""

import io
import json
import re
import resource
import sys
import zipfile
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import IO, Any, NamedTuple
from xml.parsers import expat

import xlrd
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

MEMORY = 768 * 1024 * 1024
CPU_SECONDS = 30
IN_FORMULA = 200
"""Characters of a formula that are kept: a fault shows fewer."""

ERRORS = xlrd.error_text_from_code.values()

Unread = dict[tuple[int, int], str]
"""(row, column), counted from 0 -> what stands in a cell that has no value: an error, or `=` and the formula."""


class Limits(NamedTuple):
    """The most there may be. `rows` and `text`: of all sheets together. `in_cell`, `text`: in characters."""

    rows: int
    columns: int
    in_cell: int
    text: int


class Unfit(Exception):
    """What `tables` says in Chinese: a code, the sheet; where it is about a cell, what stands there and its place."""


def text_of(value: object) -> str:
    """A cell as text: 12 for 12.0, dates as ISO."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else format(value, ".15g")
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, date):
        return value.isoformat()
    return value.isoformat("minutes") if isinstance(value, time) else str(value)


class CellsWithoutValue:
    """Reads a sheet's XML and gathers them in `found`. `stale`: the file says that its values are yet to be worked out,
    and its zeros may be what the program that wrote it put down for a value."""

    def __init__(self, stale: bool) -> None:
        self.found: Unread = {}
        self._stale = stale
        self._row = -1
        self._reference, self._after = "", 0
        self._kind, self._formula, self._stored = "", False, False
        self._formula_text: list[str] = []
        self._value_text: list[str] = []
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def read(self, part: IO[bytes]) -> Unread:
        self._parser.ParseFile(part)
        return self.found

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "c":
            reference = attributes.get("r", "")
            self._reference, self._after = (reference, 0) if reference else (self._reference, self._after + 1)
            self._kind = attributes.get("t", "n")
            self._formula = self._stored = False
        elif name == "v":
            self._stored = True
            if self._formula or self._kind == "e":
                self._value_text = []
                self._parser.CharacterDataHandler = self._value_text.append
        elif name == "f":
            self._formula = True
            self._formula_text = []
            self._parser.CharacterDataHandler = self._formula_text.append
        elif name == "is":
            self._stored, self._value_text = True, ["text"]
        elif name == "row":
            self._row = int(attributes.get("r", self._row + 2)) - 1
            self._reference, self._after = "", 0

    def _end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if name in ("v", "f"):
            self._parser.CharacterDataHandler = None
        elif name == "c" and (self._kind == "e" or self._formula):
            value = "".join(self._value_text).strip() if self._stored else ""
            if self._kind == "e":
                self.found[self._place()] = value or "#"
            elif not self._is_worked_out(value):
                self.found[self._place()] = "=" + "".join(self._formula_text)[:IN_FORMULA]

    def _is_worked_out(self, value: str) -> bool:
        if self._kind == "str":
            return self._stored  # a text may be empty
        return bool(value) and not (self._stale and value == "0")

    def _place(self) -> tuple[int, int]:
        """A cell without a reference stands to the right of the one before."""
        reference = re.fullmatch(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})", self._reference.upper())
        if reference is None:
            return self._row, self._after - 1
        column = 0
        for letter in reference[1]:
            column = column * 26 + ord(letter) - ord("A") + 1
        return int(reference[2]) - 1, column - 1 + self._after


def unread_in_xlsx(data: bytes) -> Callable[[int, str], Unread]:
    """(place among the sheets, name) -> its cells without a value."""
    archive = zipfile.ZipFile(io.BytesIO(data))
    parts = {name.replace("\\", "/").lower(): name for name in archive.namelist()}
    targets = {
        attributes["Id"]: attributes["Target"]
        for tag, attributes in _tags(archive.read(parts["xl/_rels/workbook.xml.rels"]))
        if tag == "Relationship"
    }
    stale = False
    paths: dict[str, str] = {}
    for tag, attributes in _tags(archive.read(parts["xl/workbook.xml"])):
        if tag == "sheet":
            (relation,) = (value for key, value in attributes.items() if key.endswith(":id"))
            paths[attributes["name"]] = _path(targets[relation])
        elif tag == "calcPr":
            stale = attributes.get("fullCalcOnLoad") in ("1", "true")

    def unread(_place: int, name: str) -> Unread:
        with archive.open(parts[paths[name]]) as part:
            return CellsWithoutValue(stale).read(part)

    return unread


def _tags(part: bytes) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, attributes: found.append((tag.rpartition(":")[2], attributes))
    parser.Parse(part, True)
    return found


def _path(target: str) -> str:
    """As calamine finds it."""
    path = target.replace("\\", "/").removeprefix("/").lower()
    return path if path.startswith("xl/") else f"xl/{path}"


def unread_in_xls(data: bytes) -> Callable[[int, str], Unread]:
    """Likewise: errors only."""
    book = xlrd.open_workbook(
        file_contents=data, logfile=io.StringIO(), on_demand=True, ragged_rows=True, ignore_workbook_corruption=True
    )

    def unread(place: int, _name: str) -> Unread:
        sheet = book.sheet_by_index(place)
        found = {
            (row, column): xlrd.error_text_from_code.get(sheet.cell_value(row, column), "#")
            for row in range(sheet.nrows)
            for column, kind in enumerate(sheet.row_types(row))
            if kind == xlrd.XL_CELL_ERROR
        }
        book.unload_sheet(place)
        return found

    return unread


def rows_of(sheet: CalamineSheet, unread: Unread, most: Limits) -> tuple[list[Any], dict[int, list[int]]]:
    """[[row number, texts, {column: [row, column] of the merged area's first cell}], ...] and, by row, the columns of
    cells without a value, all counted from 1."""
    if max(sheet.total_height, *(row for row, _ in unread), 0) >= most.rows:  # counted from 0
        raise Unfit("rows", sheet.name)
    if max(sheet.total_width, *(column for _, column in unread), 0) >= most.columns:
        raise Unfit("columns", sheet.name)
    grid = [[text_of(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
    _put(grid, unread)
    without_value = set(unread)
    merged: dict[int, dict[int, list[int]]] = {}
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        if top >= len(grid) or left >= len(grid[top]):
            continue
        for row in range(top, min(bottom + 1, len(grid))):
            for column in range(left, min(right + 1, len(grid[row]))):
                grid[row][column] = grid[top][left]
                merged.setdefault(row, {})[column + 1] = [top + 1, left + 1]
                (without_value.add if (top, left) in unread else without_value.discard)((row, column))
    columns: dict[int, list[int]] = {}
    for row, column in sorted(without_value):
        columns.setdefault(row + 1, []).append(column + 1)
    rows = [
        [number + 1, texts, merged.get(number, {})]
        for number, texts in enumerate(grid)
        if any(text.strip() for text in texts)
    ]
    return rows, columns


def _put(grid: list[list[str]], unread: Mapping[tuple[int, int], str]) -> None:
    """Among the others. calamine's grid ends at the last cell that has a value."""
    for (row, column), text in unread.items():
        grid += [[] for _ in range(row + 1 - len(grid))]
        grid[row] += [""] * (column + 1 - len(grid[row]))
        grid[row][column] = text


def length_of(sheet: CalamineSheet, rows: list[Any], most: Limits) -> int:
    """Characters, as they will be written: the cells of a merged area share a text here, but not there."""
    length = 0
    for _, texts, _ in rows:
        for text in texts:
            length += len(text)
            if len(text) > most.in_cell or length > most.text:
                raise Unfit("large", sheet.name)
    return length


def sheets_of(data: bytes, most: Limits) -> list[dict[str, Any]]:
    workbook = CalamineWorkbook.from_object(io.BytesIO(data))
    unread_in = unread_in_xlsx(data) if data.startswith(b"PK") else unread_in_xls(data)
    sheets: list[dict[str, Any]] = []
    worksheets = [entry for entry in workbook.sheets_metadata if entry.typ is SheetTypeEnum.WorkSheet]
    for place, entry in enumerate(worksheets):
        hidden = entry.visible is not SheetVisibleEnum.Visible
        rows: list[Any] = []
        unread: dict[int, list[int]] = {}
        if not hidden:
            without_value = unread_in(place, entry.name)
            try:
                sheet = workbook.get_sheet_by_name(entry.name)
            except CalamineError:  # of errors it takes seven
                raise Unfit(*_strange(entry.name, without_value)) from None
            rows, unread = rows_of(sheet, without_value, most)
            most = most._replace(rows=most.rows - len(rows), text=most.text - length_of(sheet, rows, most))
        sheets.append({"name": entry.name, "hidden": hidden, "rows": rows, "unread": unread})
    return sheets


def _strange(sheet: str, unread: Unread) -> tuple[str, ...]:
    strange = {place: text for place, text in unread.items() if text[0] == "#" and text not in ERRORS}
    if not strange:
        return "broken", sheet
    (row, column), text = min(strange.items())
    return "error", sheet, text, f"第 {row + 1} 行第 {column + 1} 列"


def main() -> None:
    for limit, wanted in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, CPU_SECONDS), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(limit)
        least = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(limit, (least, least))
    most = Limits(*map(int, sys.argv[1:]))
    answer: dict[str, Any]
    assert isinstance(sys.stdout, io.TextIOWrapper)
    sys.stdout.reconfigure(encoding="utf-8", errors="surrogatepass")
    sys.stdout.write("started\n")
    sys.stdout.flush()  # from here on, whatever ends it is the file
    try:
        answer = {"sheets": sheets_of(sys.stdin.buffer.read(), most)}
    except Unfit as error:
        answer = dict(zip(("fault", "sheet", "text", "cell"), error.args, strict=False))
    except PasswordError:
        answer = {"fault": "password", "sheet": ""}
    except MemoryError:
        answer = {"fault": "large", "sheet": ""}
    except Exception:
        answer = {"fault": "broken", "sheet": ""}
    json.dump(answer, sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
