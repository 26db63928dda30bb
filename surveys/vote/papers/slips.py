"""Ticket slips: A4 sheets to be cut apart, after a cover page for who hands them over.

Ballots stay secret only if nothing on paper tells one slip's place in the order of issue from another's.
So slips carry no serial number, and the caller shuffles them first.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from surveys.reporting.stepwise import Work
from surveys.reporting.strip_text import Line, Paragraph, fitted, set_code
from surveys.vote.papers.class_symbols import ClassSymbol, draw_class_symbol
from surveys.vote.papers.slip_cover import Cover, draw_cover
from surveys.vote.papers.slip_layout import LAYOUTS, PAGE_HEIGHT, PAGE_MARGIN, PAGE_WIDTH, Layout, Part, Size

if TYPE_CHECKING:
    from surveys.reporting.strip_pdf import SlipPdf

_CUT_GREY = 150


@dataclass(frozen=True)
class Slip:
    code: str
    url: str


@dataclass(frozen=True)
class SlipSheet:
    """A batch of slips of one ballot class. `class_position`: among the poll's classes, from 0."""

    size: Size
    title: str
    unit: str
    batch: int
    class_key: str
    class_name: str
    class_position: int
    place_and_date: str | None
    instructions: tuple[str, ...]
    rehearsal: bool
    slips: Sequence[Slip]

    @property
    def layout(self) -> Layout:
        return LAYOUTS[self.size]

    @property
    def symbol(self) -> ClassSymbol:
        return ClassSymbol(self.class_position, self.class_key)


def slip_words(sheet: SlipSheet) -> list[Line]:
    """What every slip of the sheet says beside its code. Raises SlipTextTooLong when it would be too small to read."""
    texts: dict[Part, Iterable[str]] = {
        Part.TITLE: (sheet.title,),
        Part.UNIT: (sheet.unit,),
        Part.PLACE: (sheet.place_and_date,) if sheet.place_and_date else (),
        Part.INSTRUCTIONS: sheet.instructions,
        Part.CLASS_AND_BATCH: (f"{sheet.class_key} {sheet.class_name}　第 {sheet.batch} 批",),
        Part.CLASS: (f"{sheet.class_key} {sheet.class_name}",),
        Part.BATCH: (f"第 {sheet.batch} 批",),
    }
    lines: list[Line] = []
    for flow in sheet.layout.flows:
        paragraphs = [
            Paragraph(text, type.largest, type.smallest, 0.0 if number else type.space_before)
            for part, type in flow.types.items()
            for number, text in enumerate(texts[part])
        ]
        lines += fitted(paragraphs, flow.box)
    return lines


def slips_pdf(sheet: SlipSheet) -> Work:
    """The cover, then the sheet's slips in the order given. The same sheet gives the same bytes.

    Raises SlipTextTooLong before the first step.
    """
    from surveys.reporting.strip_pdf import SlipPdf

    words = slip_words(sheet)
    layout, symbol = sheet.layout, sheet.symbol
    pdf = SlipPdf()
    draw_cover(pdf, _cover(sheet))
    shade = symbol.shade.operators(layout.shade)
    for number, slip in enumerate(sheet.slips):
        position = number % layout.per_page
        if position == 0:
            yield number
            pdf.add_page()
            _cut_marks(pdf, layout)
        box = layout.slip_box(position)
        pdf.draw(shade, box.x, box.y)
        draw_class_symbol(pdf, symbol, layout.symbol.moved(box.x, box.y))
        pdf.qr(slip.url, layout.qr.moved(box.x, box.y))
        pdf.codes(set_code(slip.code, layout.code, layout.code_size), box.x, box.y)
        pdf.lines(words, box.x, box.y)
        if sheet.rehearsal:
            pdf.rehearsal_tag(layout.tag.moved(box.x, box.y))
    return bytes(pdf.output())


def _cover(sheet: SlipSheet) -> Cover:
    return Cover(
        unit=sheet.unit,
        title=sheet.title,
        batch=sheet.batch,
        symbol=sheet.symbol,
        class_name=sheet.class_name,
        place_and_date=sheet.place_and_date,
        rehearsal=sheet.rehearsal,
        slips=len(sheet.slips),
        per_page=sheet.layout.per_page,
    )


def _cuts(start: float, pitch: float, count: int, end: float) -> Iterator[float]:
    """Where to cut: not along the edge of the paper."""
    for number in range(count + 1):
        if 0 < start + number * pitch < end:
            yield start + number * pitch


def _cut_marks(pdf: "SlipPdf", layout: Layout) -> None:
    pdf.set_draw_color(_CUT_GREY)
    pdf.set_line_width(0.15)
    pdf.set_dash_pattern(dash=1.2, gap=1.2)
    first = layout.slip
    for x in _cuts(first.x, first.width, layout.columns, PAGE_WIDTH):
        pdf.line(x, PAGE_MARGIN, x, PAGE_HEIGHT - PAGE_MARGIN)
    for y in _cuts(first.y, first.height, layout.rows, PAGE_HEIGHT):
        pdf.line(PAGE_MARGIN, y, PAGE_WIDTH - PAGE_MARGIN, y)
    pdf.set_dash_pattern()
