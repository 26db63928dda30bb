"""Printed pages as a PDF."""

from collections.abc import Sequence

from surveys.reporting.fonts import printable, width_in_ems
from surveys.reporting.paper import FOOT, MARGIN, SMALL_SIZE, Box, Page, Words
from surveys.reporting.pdf import PlainPdf

# Lengths are millimetres.
_LINE_WIDTH = 0.2
_POINT = 25.4 / 72
_WATERMARK_GREY = 215
_WATERMARK_SIZE = 17.0


class _Paper(PlainPdf):
    def put(self, words: Words) -> None:
        self.write_line(words.text, words.x, words.baseline, words.size / _POINT)

    def watermark(self, text: str) -> None:
        self.set_text_color(_WATERMARK_GREY)
        half = width_in_ems(text) * _WATERMARK_SIZE / 2
        with self.rotation(35, self.w / 2, self.h / 2):
            self.put(Words(text, _WATERMARK_SIZE, self.w / 2 - half, self.h / 2 + _WATERMARK_SIZE / 3))
        self.set_text_color(0)

    def ground(self, box: Box) -> None:
        self.set_fill_color(box.grey or 0)
        self.rect(box.x, box.y, box.width, box.height, style="F")
        self.set_fill_color(0)

    def outline(self, box: Box) -> None:
        if box.height:
            self.rect(box.x, box.y, box.width, box.height)
        else:
            self.line(box.x, box.y, box.x + box.width, box.y)


def paper_pdf(title: str, pages: Sequence[Page], footer: str, watermark: str | None = None) -> bytes:
    """The same pages give the same bytes. Each carries the footer and its number."""
    pdf = _Paper()
    pdf.set_line_width(_LINE_WIDTH)
    pdf.set_title(title)
    for number, page in enumerate(pages, start=1):
        pdf.add_page("L" if page.width > page.height else "P")
        for box in page.boxes:
            if box.grey is not None:
                pdf.ground(box)
        if watermark:
            pdf.watermark(watermark)
        for box in page.boxes:
            if box.grey is None:
                pdf.outline(box)
        baseline = page.height - FOOT + 6
        count = f"第 {number} 页，共 {len(pages)} 页"
        right = page.width - MARGIN - width_in_ems(count) * SMALL_SIZE
        for words in (
            *page.words,
            Words(printable(footer), SMALL_SIZE, MARGIN, baseline),
            Words(count, SMALL_SIZE, right, baseline),
        ):
            pdf.put(words)
    return bytes(pdf.output())
