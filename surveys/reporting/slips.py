"""Ticket slips: an A4 sheet of 21 to be cut apart, and the same tickets as CSV.

Ballots stay secret only if nothing on paper or in the file tells one slip's place in the order of issue from another's.
So slips carry no serial number, the file carries no time and no identifier, and the caller shuffles the slips first.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fpdf import FPDF

from surveys.reporting.fonts import CODE_FONT_FAMILY, CODE_FONT_FILE, FONT_FAMILY, FONT_FILE, width_in_ems
from surveys.reporting.qr import QUIET_ZONE, dark_runs, qr_matrix
from surveys.reporting.wrapping import wrap_evenly

# All lengths are millimetres, from the upper left corner of the sheet or of the slip.
PAGE_WIDTH, PAGE_HEIGHT = 210.0, 297.0
PAGE_MARGIN = 5.5  # office printers leave up to 5 blank
COLUMNS, ROWS = 3, 7
SLIPS_PER_PAGE = COLUMNS * ROWS
SLIP_WIDTH = (PAGE_WIDTH - 2 * PAGE_MARGIN) / COLUMNS
SLIP_HEIGHT = (PAGE_HEIGHT - 2 * PAGE_MARGIN) / ROWS
SLIP_PADDING = 1.5  # no ink within this distance of a cut


@dataclass(frozen=True)
class Box:
    """A rectangle, in millimetres from the upper left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    def moved(self, x: float, y: float) -> "Box":
        return Box(self.x + x, self.y + y, self.width, self.height)

    def shrunk(self, by: float) -> "Box":
        return Box(self.x + by, self.y + by, self.width - 2 * by, self.height - 2 * by)


# Within a slip. The QR box includes the quiet zone.
QR_BOX = Box(1.0, 0.8, 26.4, 26.4)
TEXT_BOX = Box(27.6, 2.6, SLIP_WIDTH - 27.6 - 2.0, 24.4)
CODE_BOX = Box(3.4, 27.6, 45.4, 11.4)
SIDE_BOX = Box(50.2, 27.6, SLIP_WIDTH - 50.2 - 2.0, 11.4)

_TAG_BOX = Box(SIDE_BOX.x, SIDE_BOX.bottom - 5.2, SIDE_BOX.width, 5.2)

_POINT = 25.4 / 72
_CODE_SIZE = 15 * _POINT
_CODE_LEADING = 1.16
_LEADING = 1.24
_ASCENT = 0.88  # of Noto Sans SC's Chinese characters; the descent is the rest of one em
_SIZE_STEPS = 40

_CUT_GREY = 150
_REHEARSAL = "演练"
_TAG_SIZE = 3.9
# PDF readers want a date. This one is the same for everybody and says nothing.
_NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)


class SlipTextTooLong(ValueError):
    """The words on the slip do not fit it at a size that can be read."""


@dataclass(frozen=True)
class Slip:
    code: str
    url: str


@dataclass(frozen=True)
class SlipSheet:
    title: str
    unit: str
    class_name: str
    place_and_time: str | None
    instructions: tuple[str, str, str]
    rehearsal: bool
    slips: Sequence[Slip]


@dataclass(frozen=True)
class _Paragraph:
    """Text and the sizes it may have: a long title gives up its prominence before the rest gets hard to read."""

    text: str
    largest: float
    smallest: float
    space_before: float = 0.0

    def size(self, squeeze: float) -> float:
        return self.largest + squeeze * (self.smallest - self.largest)


@dataclass(frozen=True)
class _Line:
    """One line of text, its baseline relative to the upper left corner of the slip."""

    text: str
    size: float
    x: float
    baseline: float


def slip_box(position: int) -> Box:
    """Where the slip at this position of its page lies: along the rows, from the upper left."""
    row, column = divmod(position, COLUMNS)
    return Box(PAGE_MARGIN + column * SLIP_WIDTH, PAGE_MARGIN + row * SLIP_HEIGHT, SLIP_WIDTH, SLIP_HEIGHT)


def code_lines(code: str) -> tuple[str, ...]:
    """A ticket code in two lines, broken at the hyphen after its second group."""
    groups = code.split("-")
    return ("-".join(groups[:2]) + "-", "-".join(groups[2:])) if len(groups) > 2 else (code,)


def _set(paragraphs: Iterable[_Paragraph], box: Box, squeeze: float) -> tuple[list[_Line], float]:
    """The lines of some paragraphs from the top of the box, and the height they take; `squeeze` goes from 0 to 1."""
    lines: list[_Line] = []
    y = box.y
    for paragraph in paragraphs:
        size = paragraph.size(squeeze)
        y += paragraph.space_before * (1 - 0.6 * squeeze)
        for text in wrap_evenly(paragraph.text, box.width / size):
            lines.append(_Line(text, size, box.x, y + _ASCENT * size))
            y += _LEADING * size
    return lines, y - box.y


def _fitted(paragraphs: Sequence[_Paragraph], box: Box) -> list[_Line]:
    """The lines of some paragraphs, as large as the box allows."""
    for step in range(_SIZE_STEPS + 1):
        lines, height = _set(paragraphs, box, step / _SIZE_STEPS)
        if height <= box.height:
            return lines
    raise SlipTextTooLong("".join(paragraph.text for paragraph in paragraphs))


def _text_lines(sheet: SlipSheet) -> list[_Line]:
    paragraphs = [_Paragraph(sheet.title, 4.4, 2.15), _Paragraph(sheet.unit, 3.4, 2.0, 0.6)]
    if sheet.place_and_time:
        paragraphs.append(_Paragraph(sheet.place_and_time, 2.8, 1.95, 0.4))
    first, *others = sheet.instructions
    paragraphs += [_Paragraph(first, 2.8, 1.95, 1.6), *(_Paragraph(text, 2.8, 1.95) for text in others)]
    return _fitted(paragraphs, TEXT_BOX)


def _side_lines(sheet: SlipSheet) -> list[_Line]:
    tag_height = _TAG_BOX.height + 0.6 if sheet.rehearsal else 0.0
    box = Box(SIDE_BOX.x, SIDE_BOX.y, SIDE_BOX.width, SIDE_BOX.height - tag_height)
    return _fitted([_Paragraph(sheet.class_name, 3.6, 1.95)], box)


class _SlipPdf(FPDF):
    def __init__(self) -> None:
        super().__init__(unit="mm", format="A4")
        self.set_auto_page_break(False)
        self.set_creation_date(_NO_TIME)
        self.add_font(FONT_FAMILY, fname=FONT_FILE)
        self.add_font(CODE_FONT_FAMILY, fname=CODE_FONT_FILE)

    def file_id(self) -> None:
        """No identifier: the default one is a fingerprint of the file."""

    def lines(self, family: str, lines: Iterable[_Line], x: float, y: float) -> None:
        for line in lines:
            self.set_font(family, size=line.size / _POINT)
            self.text(x + line.x, y + line.baseline, line.text)

    def qr(self, text: str, box: Box) -> None:
        """One filled path. Written straight into the page: fpdf2's own rectangles are 20 times slower and larger."""
        matrix = qr_matrix(text)
        module = box.width / (len(matrix) + 2 * QUIET_ZONE)
        x, y = box.x + QUIET_ZONE * module, box.y + QUIET_ZONE * module
        scale = module * self.k
        runs = " ".join(f"{column} {row} {length} 1 re" for column, row, length in dark_runs(matrix))
        self._out(f"q 0 g {scale:.4f} 0 0 {-scale:.4f} {x * self.k:.3f} {(self.h - y) * self.k:.3f} cm {runs} f Q")

    def cut_marks(self) -> None:
        self.set_draw_color(_CUT_GREY)
        self.set_line_width(0.15)
        self.set_dash_pattern(dash=1.2, gap=1.2)
        right, bottom = PAGE_WIDTH - PAGE_MARGIN, PAGE_HEIGHT - PAGE_MARGIN
        for column in range(COLUMNS + 1):
            x = PAGE_MARGIN + column * SLIP_WIDTH
            self.line(x, PAGE_MARGIN, x, bottom)
        for row in range(ROWS + 1):
            y = PAGE_MARGIN + row * SLIP_HEIGHT
            self.line(PAGE_MARGIN, y, right, y)

    def rehearsal_tag(self, box: Box) -> None:
        self.set_fill_color(0)
        self.rect(box.x, box.y, box.width, box.height, style="F")
        self.set_font(FONT_FAMILY, size=_TAG_SIZE / _POINT)
        self.set_text_color(255)
        x = box.x + (box.width - width_in_ems(_REHEARSAL) * _TAG_SIZE) / 2
        self.text(x, box.y + (box.height - _TAG_SIZE) / 2 + _ASCENT * _TAG_SIZE, _REHEARSAL)
        self.set_text_color(0)


def _code_set(code: str) -> Iterator[_Line]:
    for number, text in enumerate(code_lines(code)):
        baseline = CODE_BOX.y + (number * _CODE_LEADING + 0.8) * _CODE_SIZE
        yield _Line(text, _CODE_SIZE, CODE_BOX.x, baseline)


def slips_pdf(sheet: SlipSheet) -> bytes:
    """The sheet's slips in the order given, 21 to a page. The same sheet gives the same bytes.

    Raises SlipTextTooLong when the words would have to be set too small to read.
    """
    words = [*_text_lines(sheet), *_side_lines(sheet)]
    pdf = _SlipPdf()
    for number, slip in enumerate(sheet.slips):
        position = number % SLIPS_PER_PAGE
        if position == 0:
            pdf.add_page()
            pdf.cut_marks()
        box = slip_box(position)
        pdf.qr(slip.url, QR_BOX.moved(box.x, box.y))
        pdf.lines(CODE_FONT_FAMILY, _code_set(slip.code), box.x, box.y)
        pdf.lines(FONT_FAMILY, words, box.x, box.y)
        if sheet.rehearsal:
            pdf.rehearsal_tag(_TAG_BOX.moved(box.x, box.y))
    return bytes(pdf.output())


def _harmless(cell: str) -> str:
    """A spreadsheet runs what begins like a formula, full-width signs included; an apostrophe makes it text.

    White space goes first: the csv module lets a lone carriage return through, and that begins a new row.
    See https://owasp.org/www-community/attacks/CSV_Injection
    """
    cell = " ".join(cell.split())
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠")) else cell


def slips_csv(class_key: str, slips: Iterable[Slip], *, bom: bool = False) -> bytes:
    """Columns class, code and url in UTF-8. Excel takes Chinese for another encoding unless there is a BOM."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("class", "code", "url"))
    writer.writerows([_harmless(cell) for cell in (class_key, slip.code, slip.url)] for slip in slips)
    return text.getvalue().encode("utf-8-sig" if bom else "utf-8")
