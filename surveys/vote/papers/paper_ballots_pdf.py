"""Paper ballots as a PDF, behind a page to hand them over with.

Every copy is the same to the byte: no code, no serial number, nothing that tells one ballot from another.
"""

from collections.abc import Sequence

from surveys.reporting.fonts import width_in_ems
from surveys.reporting.pdf import PlainPdf
from surveys.vote.papers.paper_ballots import (
    ASCENT,
    BODY,
    BOTTOM,
    BOX,
    LARGE,
    LEADING,
    MARGIN,
    PADDING,
    PAGE_WIDTH,
    POINT,
    REHEARSAL,
    SMALL,
    TITLE,
    WIDTH,
    Cell,
    Options,
    Page,
    PaperBallots,
    Table,
    Words,
    class_words,
    head_of,
    option_height,
    pages_of,
    row_height,
    set_words,
)


class _PaperPdf(PlainPdf):
    def __init__(self, ballots: PaperBallots) -> None:
        super().__init__()
        self.single_resources_object = True  # a page that is copied knows no typeface by itself
        self.set_line_width(0.25)
        self.ballots = ballots

    def written(self) -> bytearray:
        """What is on the page so far, to be copied: drawing each copy anew takes 50 times as long."""
        contents = self.pages[self.page].contents
        assert isinstance(contents, bytearray)
        return contents

    def put(self, words: Words, x: float, y: float, width: float) -> None:
        for number, line in enumerate(words.lines):
            left = x + (width - width_in_ems(line) * words.size) / 2 if words.centred else x + PADDING
            baseline = y + (number * LEADING + (LEADING - 1) / 2 + ASCENT) * words.size
            self.write_line(line, left, baseline, words.size / POINT)

    def put_options(self, options: Options, x: float, y: float) -> None:
        for lines in options.names:
            height = option_height(lines)
            self.rect(x + PADDING, y + (height - BOX) / 2, BOX, BOX)
            words = Words(lines, SMALL)
            self.put(words, x + BOX + 1.0, y + (height - words.height) / 2, 0)
            y += height

    def put_row(self, widths: Sequence[float], cells: Sequence[Cell], y: float) -> float:
        """Draws a row of bordered cells; the y below it."""
        height = row_height(cells)
        x = MARGIN
        for width, cell in zip(widths, cells, strict=True):
            self.rect(x, y, width, height)
            top = y + (height - cell.height) / 2
            if isinstance(cell, Words):
                self.put(cell, x, top, width)
            elif isinstance(cell, Options):
                self.put_options(cell, x, top)
            else:
                self.rect(x + (width - BOX) / 2, top, BOX, BOX)
            x += width
        return y + height

    def put_header(self, table: Table, y: float) -> float:
        if table.joint is None:
            return self.put_row(table.widths, table.header, y)
        first, text = table.joint
        left, right = sum(table.widths[:first]), sum(table.widths[first:])
        joint = set_words(text, right)
        height = row_height([joint])
        self.rect(MARGIN + left, y, right, height)
        self.put(joint, MARGIN + left, y + PADDING, right)
        below = y + height + row_height(table.header)
        x = MARGIN
        for number, (width, words) in enumerate(zip(table.widths, table.header, strict=True)):
            top = y if number < first else y + height
            self.rect(x, top, width, below - top)
            self.put(words, x, top + (below - top - words.height) / 2, width)
            x += width
        return below

    def put_head(self, title: str) -> float:
        """What stands on every page above the table; the y below it."""
        y = self.put_class(MARGIN)
        for words in head_of(self.ballots, title):
            self.put(words, MARGIN, y, WIDTH)
            y += words.height + 0.8
        return y + 0.8

    def put_class(self, y: float) -> float:
        """The class at the right, and at the left whether this is a rehearsal."""
        words = class_words(self.ballots)
        width = max(width_in_ems(line) for line in words.lines) * LARGE + 6.0
        self.rect(PAGE_WIDTH - MARGIN - width, y, width, words.height + 1.6)
        self.put(words, PAGE_WIDTH - MARGIN - width, y + 0.8, width)
        if self.ballots.rehearsal:
            tag = Words([REHEARSAL], LARGE, centred=True)
            wide = width_in_ems(REHEARSAL) * LARGE + 6.0
            self.set_fill_color(0)
            self.rect(MARGIN, y, wide, tag.height + 1.6, style="F")
            self.set_text_color(255)
            self.put(tag, MARGIN, y + 0.8, wide)
            self.set_text_color(0)
        return y + words.height + 4.0

    def put_page(self, page: Page) -> None:
        y = self.put_header(page.table, self.put_head(page.table.title))
        for row in page.rows:
            y = self.put_row(page.table.widths, row, y)

    def put_number(self, number: int, count: int) -> None:
        text = Words([f"第 {number} 页，共 {count} 页"], SMALL, centred=True)
        self.put(text, MARGIN, BOTTOM + 4.0, WIDTH)


def paper_ballots_pdf(ballots: PaperBallots) -> bytes:
    """A page for handing over, then `count` ballots. The same ballots give the same bytes. Raises PaperTextTooLong."""
    pages = pages_of(ballots)
    pdf = _PaperPdf(ballots)
    pdf.add_page()
    _put_cover(pdf, len(pages))
    drawn: list[bytes] = []
    for _ in range(ballots.count):
        if ballots.two_sided and pdf.page % 2:
            pdf.add_page()
        for number, page in enumerate(pages, start=1):
            pdf.add_page()
            pdf.put_number(number, len(pages))
            if len(drawn) < number:
                before = len(pdf.written())
                pdf.put_page(page)
                drawn.append(bytes(pdf.written()[before:]))
            else:
                pdf.written().extend(drawn[number - 1])
    return bytes(pdf.output())


_STEPS = ("印好，移交", "会场发出", "会场收回", "剩余未发", "第一遍录入", "第二遍录入", "封存保管")


def _put_cover(pdf: _PaperPdf, pages: int) -> None:
    ballots = pdf.ballots
    y = pdf.put_class(MARGIN)
    leaves = (pages + 1) // 2
    paper = f"双面印，每份 {leaves} 张纸" if ballots.two_sided else f"单面印，每份 {pages} 张纸"
    texts = [
        f"单位：{ballots.sheet.unit}",
        f"测评会：{ballots.sheet.title}",
        *([ballots.when_and_where] if ballots.when_and_where else []),
        f"份数：{ballots.count} 份，每份 {pages} 页（{paper}{'，请装订' if leaves > 1 else ''}）",
        "本页随票交接，不发给参评人。每次交接当面点清，双方签字。",
        "发出与剩余相加应等于份数；收回不得多于发出。",
    ]
    for words in (
        set_words("纸质票交接单", WIDTH, TITLE),
        *(set_words(text, WIDTH, LARGE, centred=False) for text in texts),
    ):
        pdf.put(words, MARGIN, y, WIDTH)
        y += words.height + 2.0
    widths = [42.0, 24.0, 46.0, 46.0, 32.0]
    names = ("环节", "份数", "交出人签字", "接收人签字", "时间")
    y = pdf.put_row(widths, [set_words(name, width, BODY) for name, width in zip(names, widths, strict=True)], y + 4.0)
    for step in _STEPS:
        blank = Words(["", "", ""], SMALL)
        y = pdf.put_row(widths, [set_words(step, widths[0], BODY), *[blank] * 4], y)
