"""Printed pages: text and tables laid out first. paper_pdf writes them once the number of pages is known."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from surveys.reporting.fonts import printable, width_in_ems
from surveys.reporting.wrapping import wrap

# All lengths are millimetres, from the upper left corner of the page. A4.
SHORT_EDGE, LONG_EDGE = 210.0, 297.0
MARGIN = 12.0
FOOT = 14.0  # kept for the footer at the lower edge
BODY_SIZE = 3.3
SMALL_SIZE = 2.7

_SIZES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)  # of a row's size, until it fits a page
_LEADING = 1.34
_ASCENT = 0.88  # of Noto Sans SC's Chinese characters; the descent is the rest of one em
_PADDING = 1.1
_HEAD_GREY = 234


@dataclass(frozen=True)
class Words:
    """One line of text from its left end on the baseline."""

    text: str
    size: float
    x: float
    baseline: float


@dataclass(frozen=True)
class Box:
    x: float
    y: float
    width: float
    height: float
    grey: int | None = None  # filled with it; else an outline


@dataclass
class Page:
    width: float
    height: float
    boxes: list[Box] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)


@dataclass(frozen=True)
class Fragment:
    """Text in a cell's line: `align` of its width (0 left, 0.5 centre, 1 right) stands at `at` of the cell's."""

    text: str
    at: float = 0.0
    align: float = 0.0


Line = Sequence[Fragment]


@dataclass(frozen=True)
class Cell:
    """Lines made for the width there is, in ems. `span`: columns it takes; `grey`: its ground."""

    lines: Callable[[float], Sequence[Line]]
    span: int = 1
    grey: int | None = None


@dataclass(frozen=True)
class PaperRow:
    cells: Sequence[Cell]
    size: float = BODY_SIZE


def text_cell(text: str, align: float = 0.0, span: int = 1, grey: int | None = None) -> Cell:
    """Wrapped text."""
    return Cell(lambda width: [[Fragment(line, align, align)] for line in wrap(text, width)], span, grey)


def lines_cell(lines: Sequence[Line], grey: int | None = None) -> Cell:
    """Lines that are not broken; too long for the cell, they are set smaller."""
    return Cell(lambda _width: lines, grey=grey)


def head_cell(text: str, span: int = 1) -> Cell:
    """A column's name."""
    return text_cell(text, 0.5, span, _HEAD_GREY)


@dataclass(frozen=True)
class _SetRow:
    height: float
    boxes: list[Box]
    words: list[Words]


class Flow:
    """Pages filled from the top. `running`: what stands above the text on every page but the first."""

    def __init__(self, running: str) -> None:
        self.running = running
        self.pages: list[Page] = []
        self.y = 0.0

    @property
    def page(self) -> Page:
        return self.pages[-1]

    @property
    def width(self) -> float:
        return self.page.width - 2 * MARGIN

    @property
    def bottom(self) -> float:
        return self.page.height - FOOT

    def new_page(self, landscape: bool | None = None) -> None:
        """As the page before, unless told otherwise."""
        if landscape is None:
            landscape = self.page.width > self.page.height
        self.pages.append(Page(*((LONG_EDGE, SHORT_EDGE) if landscape else (SHORT_EDGE, LONG_EDGE))))
        self.y = MARGIN
        if len(self.pages) > 1:
            self.paragraph(self.running, SMALL_SIZE)
            self.space(1.0)

    def space(self, height: float) -> None:
        self.y += height

    def need(self, height: float) -> None:
        """A new page unless this much is left."""
        if self.y + height > self.bottom:
            self.new_page()

    def paragraph(self, text: str, size: float = BODY_SIZE, align: float = 0.0) -> None:
        """Wrapped to the page's width."""
        for line in wrap(text, self.width / size):
            self.need(_LEADING * size)
            x = MARGIN + align * (self.width - width_in_ems(line) * size)
            self.page.words.append(Words(line, size, x, self.y + _ASCENT * size))
            self.y += _LEADING * size

    def write(self, text: str, x: float, size: float = BODY_SIZE) -> None:
        """One line at x from the left margin, on the present line; goes no further down."""
        self.page.words.append(Words(printable(text), size, MARGIN + x, self.y + _ASCENT * size))

    def blank(self, start: float, end: float, size: float = BODY_SIZE) -> None:
        """A line to write on by hand, on the present line."""
        self.page.boxes.append(Box(MARGIN + start, self.y + 1.1 * size, end - start, 0))

    def table(self, widths: Sequence[float], header: Sequence[PaperRow], rows: Iterable[PaperRow]) -> None:
        """Rows are never cut; the header stands again on every page they go to."""
        room = LONG_EDGE if self.page.height == LONG_EDGE else SHORT_EDGE
        room -= MARGIN + FOOT + 2 * SMALL_SIZE
        above = [_fitted(row, widths, room / 3) for row in header]
        room -= sum(entry.height for entry in above)
        top = above
        for row in rows:
            entry = _fitted(row, widths, room)
            if self.y + sum(each.height for each in (*top, entry)) > self.bottom:
                self.new_page()
                top = above
            for each in (*top, entry):
                self._place(each)
            top = []

    def _place(self, row: _SetRow) -> None:
        for box in row.boxes:
            self.page.boxes.append(Box(box.x, box.y + self.y, box.width, box.height, box.grey))
        for words in row.words:
            self.page.words.append(Words(words.text, words.size, words.x, words.baseline + self.y))
        self.y += row.height


def _fitted(row: PaperRow, widths: Sequence[float], room: float) -> _SetRow:
    """The row as large as a page allows; at the smallest size whatever it takes."""
    for factor in _SIZES:
        entry = _set(row, widths, row.size * factor)
        if entry.height <= room:
            break
    return entry


def _set(row: PaperRow, widths: Sequence[float], size: float) -> _SetRow:
    spans: list[tuple[Cell, float, float]] = []
    column, x = 0, MARGIN
    for cell in row.cells:
        width = sum(widths[column : column + cell.span])
        spans.append((cell, x, width))
        column, x = column + cell.span, x + width
    lines = [cell.lines((width - 2 * _PADDING) / size) for cell, _, width in spans]
    height = max(len(own) for own in lines) * _LEADING * size + 2 * _PADDING
    boxes: list[Box] = []
    words: list[Words] = []
    for own, (cell, x, width) in zip(lines, spans, strict=True):
        if cell.grey is not None:
            boxes.append(Box(x, 0, width, height, cell.grey))
        boxes.append(Box(x, 0, width, height))
        words += _cell_words(own, size, x + _PADDING, width - 2 * _PADDING, height)
    return _SetRow(height, boxes, words)


def _cell_words(lines: Sequence[Line], size: float, x: float, width: float, height: float) -> Iterable[Words]:
    """Lines centred from top to bottom, all of one size."""
    lines = [[Fragment(printable(part.text), part.at, part.align) for part in line] for line in lines]
    widest = max((sum(width_in_ems(part.text) for part in line) + 0.4 * (len(line) - 1) for line in lines), default=0)
    own = min(size, width / widest) if widest else size
    top = (height - len(lines) * _LEADING * size) / 2
    for number, line in enumerate(lines):
        baseline = top + number * _LEADING * size + ((_LEADING - 1) / 2 + _ASCENT) * size
        for part in line:
            if part.text:
                start = x + part.at * width - part.align * width_in_ems(part.text) * own
                yield Words(part.text, own, start, baseline)


def day_words(day: date | None) -> str | None:
    return None if day is None else f"{day.year}年{day.month}月{day.day}日"
