"""A program of its own: a workbook on stdin, its visible cells as JSON on stdout, after a line "started". `tables`
starts it, nothing imports it.

calamine holds a sheet as one dense block and aborts the process that cannot have it: a file of 5 KB with a cell in the
last row and column would end a worker and the votes it is counting. Here it ends this process, within these limits.
"""

import io
import json
import resource
import sys
from datetime import date, datetime, time
from typing import Any, NamedTuple

from python_calamine import CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

MEMORY = 768 * 1024 * 1024
CPU_SECONDS = 30


class Limits(NamedTuple):
    """The most there may be. `rows` and `text`: of all sheets together. `in_cell`, `text`: in characters."""

    rows: int
    columns: int
    in_cell: int
    text: int


class Unfit(Exception):
    """What `tables` says in Chinese: a code, the sheet."""


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


def rows_of(sheet: CalamineSheet, most: Limits) -> list[Any]:
    """[[row number, texts, {column: [row, column] of the merged area's first cell}], ...], all counted from 1."""
    if sheet.total_height >= most.rows:  # counted from 0
        raise Unfit("rows", sheet.name)
    if sheet.total_width >= most.columns:
        raise Unfit("columns", sheet.name)
    grid = [[text_of(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
    merged: dict[int, dict[int, list[int]]] = {}
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        if top >= len(grid) or left >= len(grid[top]):
            continue
        for row in range(top, min(bottom + 1, len(grid))):
            for column in range(left, min(right + 1, len(grid[row]))):
                grid[row][column] = grid[top][left]
                merged.setdefault(row, {})[column + 1] = [top + 1, left + 1]
    return [
        [number + 1, texts, merged.get(number, {})]
        for number, texts in enumerate(grid)
        if any(text.strip() for text in texts)
    ]


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
    sheets: list[dict[str, Any]] = []
    for entry in workbook.sheets_metadata:
        if entry.typ is not SheetTypeEnum.WorkSheet:
            continue
        hidden = entry.visible is not SheetVisibleEnum.Visible
        rows = []
        if not hidden:
            sheet = workbook.get_sheet_by_name(entry.name)
            rows = rows_of(sheet, most)
            most = most._replace(rows=most.rows - len(rows), text=most.text - length_of(sheet, rows, most))
        sheets.append({"name": entry.name, "hidden": hidden, "rows": rows})
    return sheets


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
        answer = {"fault": error.args[0], "sheet": error.args[1]}
    except PasswordError:
        answer = {"fault": "password", "sheet": ""}
    except MemoryError:
        answer = {"fault": "large", "sheet": ""}
    except Exception:
        answer = {"fault": "broken", "sheet": ""}
    json.dump(answer, sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
