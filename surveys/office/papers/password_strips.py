"""One-time passwords as files to hand out: a sheet of strips to cut apart, a workbook, a CSV.

No file carries a time or an identifier.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from surveys.reporting.csv_cells import harmless
from surveys.reporting.fonts import printable, width_in_ems
from surveys.reporting.strip_text import Line
from surveys.reporting.workbooks import SheetPlan, workbook

if TYPE_CHECKING:
    from surveys.reporting.strip_pdf import SlipPdf

TITLES = ("账号名", "角色", "部门或单位", "一次性密码", "登录网址")

# Millimetres. Two columns of eight on A4.
_COLUMNS, _ROWS = 2, 8
_WIDTH, _HEIGHT = 210.0 / _COLUMNS, 297.0 / _ROWS
_SIDE = 9.0
_NAME, _ABOUT, _PASSWORD, _HELP = 5.6, 3.6, 5.0, 3.1
_CUT_GREY = 150


@dataclass(frozen=True)
class Strip:
    """`place`: department or unit, or nothing. `site`: the address to sign in at."""

    name: str
    role: str
    place: str
    password: str
    site: str


class StripFormat(StrEnum):
    PDF = "pdf"
    WORKBOOK = "xlsx"
    CSV = "csv"

    @property
    def mimetype(self) -> str:
        return {
            "pdf": "application/pdf",
            "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "csv": "text/csv",
        }[self.value]


def strips_file(strips: Sequence[Strip], form: StripFormat) -> bytes:
    if form is StripFormat.PDF:
        return _pdf(strips)
    rows = [(strip.name, strip.role, strip.place, strip.password, strip.site) for strip in strips]
    if form is StripFormat.WORKBOOK:
        return workbook([SheetPlan("一次性密码", TITLES, rows)])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(TITLES)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _pdf(strips: Sequence[Strip]) -> bytes:
    from surveys.reporting.strip_pdf import SlipPdf

    pdf = SlipPdf()
    pdf.set_title("一次性密码")
    pdf.set_lang("zh-CN")
    for number, strip in enumerate(strips):
        place = number % (_COLUMNS * _ROWS)
        if place == 0:
            pdf.add_page()
            _cuts(pdf, min(-(-(len(strips) - number) // _COLUMNS), _ROWS))
        _strip(pdf, strip, (place % _COLUMNS) * _WIDTH, (place // _COLUMNS) * _HEIGHT)
    return bytes(pdf.output())


def _cuts(pdf: "SlipPdf", rows: int) -> None:
    """Around as many rows as have strips."""
    pdf.set_draw_color(_CUT_GREY)
    pdf.set_dash_pattern(dash=1, gap=1)
    for column in range(1, _COLUMNS):
        pdf.line(column * _WIDTH, 0, column * _WIDTH, _HEIGHT * rows)
    for row in range(1, min(rows, _ROWS - 1) + 1):
        pdf.line(0, row * _HEIGHT, _WIDTH * _COLUMNS, row * _HEIGHT)


def _strip(pdf: "SlipPdf", strip: Strip, x: float, y: float) -> None:
    about = "　".join(part for part in (strip.role, strip.place) if part)
    lines = [
        _line(strip.name, _NAME, 9.5),
        _line(about, _ABOUT, 15.0),
        _line(f"打开 {strip.site}，用账号名和上面的密码登录，", _HELP, 28.5),
        _line("再按提示设自己的密码。设好以后请销毁这张纸条。", _HELP, 32.6),
    ]
    pdf.lines(lines, x, y)
    pdf.codes([Line(strip.password, _PASSWORD, _SIDE, 22.6)], x, y)


def _line(text: str, size: float, baseline: float) -> Line:
    """As large as fits in one line."""
    text = printable(text)
    most = (_WIDTH - 2 * _SIDE) / max(width_in_ems(text), 1.0)
    return Line(text, min(size, most), _SIDE, baseline)
