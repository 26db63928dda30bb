"""The page that goes with a batch of slips from hand to hand. It carries no code."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from surveys.reporting.boxes import Box
from surveys.reporting.strip_text import Paragraph, fitted, set_text
from surveys.reporting.wrapping import wrap
from surveys.vote.papers.class_symbols import ClassSymbol, draw_class_symbol
from surveys.vote.papers.slip_layout import PAGE_WIDTH

if TYPE_CHECKING:
    from surveys.reporting.strip_pdf import SlipPdf

_LEFT, _WIDTH = 20.0, PAGE_WIDTH - 40.0
_HEAD = Box(_LEFT, 20, _WIDTH - 34, 52)
_TAG = Box(PAGE_WIDTH - 50, 21, 30, 13)
_SHADE = Box(_LEFT, 80, 46, 46)
_SYMBOL = Box(_LEFT + 8, 88, 30, 30)
_FACTS = Box(_SHADE.right + 10, 80, _WIDTH - _SHADE.width - 10, 46)
_SIGNING = Box(_LEFT, 136, _WIDTH, 56)
_NOTES = Box(_LEFT, 200, _WIDTH, 76)
_COLUMNS = ("交出人", "接收人", "清点数（张）", "日期")
_ROWS = 3
_SMALL = 4.4

_NOTES_TEXT = (
    "票码只在这一批纸条和下载的文件里，网站里没有存，谁也补不出同样的一张。印好后请删掉文件，纸条像空白选票一样保管。",
    "交接时当面清点，只数张数。不要登记谁拿了哪一张，发放时请随手抽取。",
    "一张纸条丢了、印坏了：在测评会的“票”页凭票码作废那一张，再发一张。",
    "整批丢了、印坏了：在“票”页的批次表里点这一批的“重印”，写明原因。没投的票当即作废，重发同样张数的新一批，"
    "旧纸条不能再用，请收回销毁。",
    "会后没发出去的纸条清点后一并封存，不要带走。",
)


@dataclass(frozen=True)
class Cover:
    unit: str
    title: str
    batch: int
    symbol: ClassSymbol
    class_name: str
    place_and_date: str | None
    rehearsal: bool
    slips: int
    per_page: int

    def pages(self) -> str:
        """How many pages follow, and how full the last is."""
        pages, left = -(-self.slips // self.per_page), self.slips % self.per_page
        last = f"，末页 {left} 张" if left and pages > 1 else ""
        return f"{pages} 页（每页 {self.per_page} 张{last}），另加本页"


def draw_cover(pdf: "SlipPdf", cover: Cover) -> None:
    pdf.add_page()
    head = [
        Paragraph("票（纸条）交接单", 9.5, 6.0),
        Paragraph(cover.unit, 6.4, 3.4, 4.0),
        Paragraph(cover.title, 6.4, 3.4),
    ]
    if cover.place_and_date:
        head.append(Paragraph(cover.place_and_date, 5.0, 3.0, 1.0))
    pdf.lines(fitted(head, _HEAD))
    if cover.rehearsal:
        pdf.rehearsal_tag(_TAG)
    pdf.draw(cover.symbol.shade.operators(_SHADE), 0, 0)
    draw_class_symbol(pdf, cover.symbol, _SYMBOL)
    facts = (
        f"第 {cover.batch} 批",
        f"票种：{cover.symbol.key} {cover.class_name}",
        f"张数：{cover.slips} 张",
        f"页数：{cover.pages()}",
        "每张纸条上都有左边这个标记。",
    )
    sizes = (9.0, 5.2, 5.2, 5.2, 4.2)
    pdf.lines(
        fitted([Paragraph(text, size, 3.0, 1.6) for text, size in zip(facts, sizes, strict=True)], _FACTS),
    )
    _signing(pdf)
    pdf.lines(set_text(_notes(), _NOTES)[0])


def _notes() -> Iterator[Paragraph]:
    for number, note in enumerate(_NOTES_TEXT, start=1):
        first, *others = wrap(f"{number}. {note}", _NOTES.width / _SMALL)
        yield Paragraph(first, _SMALL, _SMALL, 1.6)
        yield from (Paragraph(line, _SMALL, _SMALL) for line in others)


def _signing(pdf: "SlipPdf") -> None:
    """A table to sign: a row for each time the slips change hands."""
    pdf.set_draw_color(0)
    pdf.set_line_width(0.3)
    width, head = _SIGNING.width / len(_COLUMNS), 9.0
    for number, name in enumerate(_COLUMNS):
        box = Box(_SIGNING.x + number * width + 2, _SIGNING.y + 2, width - 4, head)
        pdf.lines(set_text([Paragraph(name, _SMALL, _SMALL)], box)[0])
    for number in range(len(_COLUMNS) + 1):
        x = _SIGNING.x + number * width
        pdf.line(x, _SIGNING.y, x, _SIGNING.bottom)
    row = (_SIGNING.height - head) / _ROWS
    for y in (_SIGNING.y, *(_SIGNING.y + head + number * row for number in range(_ROWS + 1))):
        pdf.line(_SIGNING.x, y, _SIGNING.right, y)
