"""Tables -> an .xlsx file: text only, so that no cell can become a formula or a link; the same data, the same bytes."""

import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import xlsxwriter

_MADE = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_NARROWEST, _WIDEST = 8, 60
_A4 = 9
_LINE, _TALLEST = 17, 405
"""A line's height and the tallest row, in points. Excel fits rows by itself, others show the first line alone."""


@dataclass(frozen=True)
class SheetPlan:
    """`rows`: texts under the titles. `widths`: of the columns, in digits; empty: as wide as their texts."""

    name: str
    titles: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[int] = ()


def workbook(sheets: Sequence[SheetPlan]) -> bytes:
    """An .xlsx file with one header row, which stays in sight, on each sheet."""
    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(stream, options)
    book.set_properties({"created": _MADE})
    # Text format: what is typed into the sheet later stays as typed, 001 and =1+1 too.
    plain = {"num_format": "@", "valign": "top", "text_wrap": True}
    cell, title = book.add_format(plain), book.add_format({**plain, "bold": True, "bottom": 1})
    for plan in sheets:
        sheet = book.add_worksheet(plan.name)
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)
        widths = plan.widths or _widths(plan)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width, cell)
        for number, texts in enumerate([plan.titles, *plan.rows]):
            lines = max(_lines(text, width) for text, width in zip(texts, widths, strict=True))
            if lines > 1:
                sheet.set_row(number, min(lines * _LINE, _TALLEST))
            for column, text in enumerate(texts):
                sheet.write_string(number, column, text, cell if number else title)
    book.close()
    return stream.getvalue()


def _widths(plan: SheetPlan) -> list[int]:
    columns = zip(*([plan.titles, *plan.rows]), strict=True)
    return [min(max(_NARROWEST, *map(_width, texts)) + 2, _WIDEST) for texts in columns]


def _lines(text: str, width: int) -> int:
    """Lines that a text takes in a column, with a character to spare in each."""
    return sum(max(1, -(-_width(line) // max(1, width - 2))) for line in text.split("\n"))


def _width(text: str) -> int:
    """In digits: a Chinese character is as wide as two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WFA" else 1 for character in text)
