"""Documents as A4 PDF: text and tables that flow over pages."""

import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

from surveys.reporting.documents import (
    DATE,
    DRAFT,
    Document,
    Heading,
    Paragraph,
    Part,
    Picture,
    Signature,
    Table,
    texts_of,
)
from surveys.reporting.fonts import FONT_FILE, MISSING, font_file_for, printable, width_in_ems
from surveys.reporting.pdf import PlainPdf
from surveys.reporting.wrapping import wrap, wrap_evenly

# Lengths are millimetres, sizes points. Margins: GB/T 9704 (党政机关公文格式) prints 156 mm of text; tables want more.
PAGE_WIDTH, PAGE_HEIGHT = 210.0, 297.0
SIDE, TOP, BOTTOM = 24.0, 26.0, 24.0
TEXT_WIDTH = PAGE_WIDTH - 2 * SIDE
_POINT = 25.4 / 72
_TITLE, _SUBTITLE, _HEADING, _BODY, _CELL, _SMALL, _FOOTING = 18.0, 14.0, 13.0, 11.5, 9.5, 9.0, 7.5
_LEADING, _CELL_LEADING = 1.7, 1.35
_ASCENT = 0.88
_PADDING, _AFTER_NUMBER = 1.2, 2.6
_INK, _MUTED, _RULE, _WATERMARK = 27, 90, 150, 232
_FURNITURE = "—0123456789- \u3000"
_DRAFT_SIZE = 90.0
TALLEST = PAGE_HEIGHT - TOP - BOTTOM - 20


def documents_pdf(documents: Sequence[Document]) -> Iterator[bytes]:
    """A PDF of each. The typeface is cut once for all: cutting it for each of a hundred letters takes half a minute."""
    with tempfile.TemporaryDirectory() as folder:
        font = Path(folder) / FONT_FILE.name
        _cut_font("".join(text for document in documents for text in _texts(document)), font)
        for document in documents:
            yield _pdf(document, font)


def _cut_font(text: str, target: Path) -> None:
    options = subset.Options()
    options.layout_features = []
    options.notdef_outline = True
    cutter = subset.Subsetter(options)
    text = printable(text + _FURNITURE + MISSING)
    cutter.populate(text=text)
    with TTFont(font_file_for(text), lazy=True, recalcTimestamp=False, recalcBBoxes=False) as font:
        cutter.subset(font)
        font.save(target)


def _texts(document: Document) -> Iterator[str]:
    yield from (document.title, document.subtitle, document.draft or "", document.footing, DRAFT)
    yield from (text for part in document.parts for text in texts_of(part))


def _pdf(document: Document, font: Path) -> bytes:
    pdf = _Paper(document, font)
    pdf.add_page()
    pdf.centred(document.title, _TITLE)
    pdf.centred(document.subtitle, _SUBTITLE)
    pdf.y += 4
    for number, part in enumerate(document.parts):
        following = document.parts[number + 1] if number + 1 < len(document.parts) else None
        match part:
            case Heading():
                pdf.heading(part, pdf.height_of(following))
            case Paragraph():
                pdf.paragraph(part, pdf.height_of(following) if isinstance(following, Signature) else 0)
            case Table():
                pdf.grid(part)
            case Picture():
                pdf.picture(part)
            case Signature():
                pdf.signature(part)
    return bytes(pdf.output())


class _Paper(PlainPdf):
    """`y`: where the next line begins."""

    def __init__(self, document: Document, font: Path) -> None:
        super().__init__()
        self._document = document
        self._font = font
        self.set_title(printable(f"{document.title} {document.subtitle}"))
        self.set_lang("zh-CN")
        self.set_margins(SIDE, TOP)

    def header(self) -> None:
        if self._document.draft is not None:
            self._watermark()
            self._line(printable(f"{DRAFT}　{self._document.draft}"), _SMALL, SIDE, 12, _MUTED)
        self.set_y(TOP)

    def _watermark(self) -> None:
        self.set_text_color(_WATERMARK)
        with self.rotation(40, PAGE_WIDTH / 2, PAGE_HEIGHT / 2):
            left = PAGE_WIDTH / 2 - _DRAFT_SIZE * _POINT
            self.write_line(DRAFT, left, PAGE_HEIGHT / 2, _DRAFT_SIZE, self._font)

    def footer(self) -> None:
        self._middle(f"— {self.page_no()} —", _SMALL, PAGE_HEIGHT - 18)
        for place, line in enumerate(wrap(self._document.footing, self._ems(_FOOTING))):
            self._middle(line, _FOOTING, PAGE_HEIGHT - 12 + place * _FOOTING * _POINT * _CELL_LEADING)

    def _middle(self, text: str, size: float, top: float) -> None:
        self._line(text, size, (PAGE_WIDTH - width_in_ems(text) * size * _POINT) / 2, top, _MUTED)

    def _line(self, text: str, size: float, x: float, top: float, grey: int = _INK) -> None:
        self.set_text_color(grey)
        self.write_line(text, x, top + _ASCENT * size * _POINT, size, self._font)

    def _room(self, height: float) -> None:
        """A new page unless so much fits on this one."""
        if self.y + height > PAGE_HEIGHT - BOTTOM:
            self.add_page()

    def _ems(self, size: float, width: float = TEXT_WIDTH) -> float:
        return width / (size * _POINT)

    def centred(self, text: str, size: float) -> None:
        for line in wrap_evenly(text, self._ems(size)):
            x = (PAGE_WIDTH - width_in_ems(line) * size * _POINT) / 2
            self._line(line, size, x, self.y)
            self.y += size * _POINT * 1.5

    def heading(self, part: Heading, following: float) -> None:
        """Never the last thing on a page: `following` is what must come with it."""
        size = _HEADING if part.level == 1 else _BODY
        lines = wrap(part.text, self._ems(size))
        leading = size * _POINT * 1.6
        if part.new_page:
            self.add_page()
        self._room(3 + len(lines) * leading + following)
        self.y += 3
        for line in lines:
            self._line(line, size, SIDE, self.y)
            self.y += leading

    def height_of(self, part: Part | None) -> float:
        """How much of a part must stand under its heading: two lines, two rows, a picture whole."""
        match part:
            case Table():
                return sum(self._row_height(self._cells(part, row)) for row in (part.titles, *part.rows[:2]))
            case Picture():
                return part.scaled(TEXT_WIDTH, TALLEST)[1]
            case Heading():
                return 3 * _HEADING * _POINT * 1.6
            case Paragraph():
                return 2 * _BODY * _POINT * _LEADING
            case Signature():
                return (len(self._signature(part)) + 1) * _BODY * _POINT * _LEADING
        return 0

    def paragraph(self, part: Paragraph, following: float) -> None:
        """`following`: what must stand on the page of its last line."""
        size = _SMALL if part.small else _BODY
        text = f"　　{part.text}" if part.indented else part.text
        lines = _wrapped(text, self._ems(size))
        for number, line in enumerate(lines, start=1):
            self._room(size * _POINT * _LEADING + (following if number == len(lines) else 0))
            self._line(line, size, SIDE, self.y, _MUTED if part.small else _INK)
            self.y += size * _POINT * _LEADING

    def _signature(self, part: Signature) -> list[str]:
        return [*wrap(part.who, self._ems(_BODY) / 2), DATE]

    def signature(self, part: Signature) -> None:
        """Both lines in the middle of the wider one, which ends two characters before the margin."""
        lines = self._signature(part)
        leading, widths = _BODY * _POINT * _LEADING, [width_in_ems(line) * _BODY * _POINT for line in lines]
        self._room(self.height_of(part))
        self.y += leading
        middle = PAGE_WIDTH - SIDE - 2 * _BODY * _POINT - max(widths) / 2
        for line, width in zip(lines, widths, strict=True):
            self._line(line, _BODY, middle - width / 2, self.y)
            self.y += leading

    def grid(self, part: Table) -> None:
        titles = self._cells(part, part.titles)
        first = self._row_height(self._cells(part, part.rows[0])) if part.rows else 0
        self._room(self._row_height(titles) + first)
        self._row(part, titles, _MUTED)
        for row in part.rows:
            cells = self._cells(part, row)
            if self.y + self._row_height(cells) > PAGE_HEIGHT - BOTTOM:
                self.add_page()
                self._row(part, titles, _MUTED)
            self._row(part, cells, _INK)
        self.y += 3

    def _columns(self, part: Table) -> list[tuple[float, float]]:
        """(left edge, width) of each column."""
        unit = TEXT_WIDTH / sum(part.widths)
        return [(SIDE + unit * sum(part.widths[:number]), unit * width) for number, width in enumerate(part.widths)]

    def _cells(self, part: Table, texts: Iterable[str]) -> list[list[str]]:
        columns = self._columns(part)
        return [
            wrap(text, self._ems(_CELL, width - _PADDING - (_AFTER_NUMBER if number in part.numbers else _PADDING)))
            for number, (text, (_, width)) in enumerate(zip(texts, columns, strict=True))
        ]

    def _row_height(self, cells: Sequence[Sequence[str]]) -> float:
        return max(1, *map(len, cells)) * _CELL * _POINT * _CELL_LEADING + 2 * _PADDING

    def _row(self, part: Table, cells: Sequence[Sequence[str]], grey: int) -> None:
        for number, ((left, width), lines) in enumerate(zip(self._columns(part), cells, strict=True)):
            for place, line in enumerate(lines):
                x = left + _PADDING
                if number in part.numbers:
                    x += width - _PADDING - _AFTER_NUMBER - width_in_ems(line) * _CELL * _POINT
                self._line(line, _CELL, x, self.y + _PADDING + place * _CELL * _POINT * _CELL_LEADING, grey)
        self.y += self._row_height(cells)
        self.set_draw_color(_RULE)
        self.set_line_width(0.2)
        self.line(SIDE, self.y, PAGE_WIDTH - SIDE, self.y)

    def picture(self, part: Picture) -> None:
        width, height = part.scaled(TEXT_WIDTH, TALLEST)
        self._room(height)
        self.image(io.BytesIO(part.png), SIDE + (TEXT_WIDTH - width) / 2, self.y, width, height)
        self.y += height + 3


def _wrapped(text: str, width: float) -> list[str]:
    """Lines, the wide spaces at the beginning kept: they are the indent."""
    indent = text[: len(text) - len(text.lstrip("　"))]
    if not indent:
        return wrap(text, width)
    # What stands for the indent is as wide and no space; the line breaker strips spaces.
    lines = wrap(MISSING * len(indent) + text[len(indent) :], width)
    return [indent + lines[0][len(indent) :], *lines[1:]] if lines else []
