"""The spreadsheet to plan many polls on: a header row, the units, and a sheet that says what goes where."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import xlsxwriter

ROWS_TO_CHECK = 1000
WIDE = 26


@dataclass(frozen=True)
class TemplateColumn:
    """`example` and `hint` go on the sheet of explanations; `choices`: what a cell's list offers."""

    header: str
    needed: bool
    example: str
    hint: str
    choices: Sequence[str] = ()


def poll_template(columns: Sequence[TemplateColumn], units: Sequence[str]) -> bytes:
    """An .xlsx of text cells; the first column is filled with the units."""
    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(target, options) as book:
        head = book.add_format({"bold": True, "bg_color": "#E9F4F1", "bottom": 1, "text_wrap": True})
        # As text: a spreadsheet would turn 2/3 into the second of March.
        text = book.add_format({"num_format": "@", "valign": "top", "text_wrap": True})
        sheet = book.add_worksheet("测评会")
        for place, column in enumerate(columns):
            sheet.set_column(place, place, WIDE if place < 2 or len(column.example) > 12 else 14, text)
            sheet.write_string(0, place, column.header + ("*" if column.needed else ""), head)
            if column.choices:
                rule: Mapping[str, Any] = {"validate": "list", "source": list(column.choices), "error_type": "warning"}
                sheet.data_validation(1, place, ROWS_TO_CHECK, place, dict(rule))
        for row, unit in enumerate(units, start=1):
            sheet.write_string(row, 0, unit, text)
        sheet.freeze_panes(1, 1)
        notes = book.add_worksheet("说明")
        notes.set_column(0, 1, WIDE, text)
        notes.set_column(2, 2, 80, text)
        for row, cells in enumerate([("列名", "例子", "怎样填"), *((c.header, c.example, c.hint) for c in columns)]):
            for place, words in enumerate(cells):
                notes.write_string(row, place, words, head if row == 0 else text)
    return target.getvalue()
