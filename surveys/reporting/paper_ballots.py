"""Paper ballots: the official forms on A4, to be ticked with a pen, behind a page to hand them over with.

Every copy is the same to the byte: no code, no serial number, nothing that tells one ballot from another.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fpdf import FPDF

from surveys.polling.sheet import Questionnaire, Sheet
from surveys.reporting.embedding import embed_font
from surveys.reporting.fonts import FONT_FAMILY, FONT_FILE, width_in_ems
from surveys.reporting.wrapping import wrap, wrap_evenly

_POINT = 25.4 / 72
# Lengths are millimetres. Nothing is set smaller than SMALL.
SMALL, BODY, LARGE, TITLE = (points * _POINT for points in (10.5, 12, 13.5, 17))
_PAGE_WIDTH, _PAGE_HEIGHT = 210.0, 297.0
_MARGIN = 9.0
_WIDTH = _PAGE_WIDTH - 2 * _MARGIN
_BOTTOM = _PAGE_HEIGHT - 16.0  # below it stands the page's number
_LEADING = 1.28
_ASCENT = 0.88  # of Noto Sans SC's Chinese characters
_PADDING = 0.9
_BOX = 4.4
_OPTION_PITCH = 5.9
_LEAST_COLUMN = 12.0  # a box and one character beside it

INSTRUCTION = "请在相应格内打“√”，每项只选一个。不写姓名，不作其他记号。"
REHEARSAL = "演练　结果不计入考核"
# PDF readers want a date. This one is the same for everybody and says nothing.
_NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)


class PaperTextTooLong(ValueError):
    """Words or columns do not fit the page at a size that can be read."""


@dataclass(frozen=True)
class PaperBallots:
    """`count` ballots of one class. `two_sided`: each begins on a fresh leaf when both sides are printed."""

    sheet: Sheet
    class_key: str
    class_name: str
    when_and_where: str | None
    rehearsal: bool
    count: int
    two_sided: bool


@dataclass(frozen=True)
class _Words:
    """Lines of one size in a cell or under one another on the page."""

    lines: Sequence[str]
    size: float
    centred: bool = False

    @property
    def height(self) -> float:
        return len(self.lines) * self.size * _LEADING


@dataclass(frozen=True)
class _Tick:
    """One box alone in its cell."""

    height = _BOX


@dataclass(frozen=True)
class _Options:
    """Grades under one another, each with its box."""

    names: Sequence[Sequence[str]]

    @property
    def height(self) -> float:
        return sum(_option_height(lines) for lines in self.names)


_Cell = _Words | _Tick | _Options


def _option_height(lines: Sequence[str]) -> float:
    return max(_OPTION_PITCH, len(lines) * SMALL * _LEADING)


@dataclass(frozen=True)
class _Table:
    """`joint`: a heading over the columns from this one on."""

    title: str
    widths: Sequence[float]
    header: Sequence[_Words]
    rows: Sequence[Sequence[_Cell]]
    joint: tuple[int, str] | None = None

    @property
    def header_height(self) -> float:
        own = _row_height(self.header)
        return own if self.joint is None else own + _row_height([_words(self.joint[1], _WIDTH)])


@dataclass(frozen=True)
class _Page:
    table: _Table
    rows: Sequence[Sequence[_Cell]]


def _words(text: str, width: float, size: float = SMALL, *, centred: bool = True) -> _Words:
    lines = (wrap_evenly if centred else wrap)(text, (width - 2 * _PADDING) / size)
    return _Words(lines, size, centred)


def _row_height(cells: Sequence[_Cell]) -> float:
    return max(cell.height for cell in cells) + 2 * _PADDING


def _organization_table(questionnaire: Questionnaire) -> _Table:
    choices = questionnaire.offered
    number = 13.0
    grade = min(15.0, (_WIDTH - number - 70.0) / len(choices))
    _check_column(grade)
    text = _WIDTH - number - grade * len(choices)
    return _Table(
        title=questionnaire.title,
        widths=[number, text, *[grade] * len(choices)],
        header=[
            _words("序号", number),
            _words("测评内容", text),
            *(_words(choice.name, grade, BODY) for choice in choices),
        ],
        rows=[
            [
                _words(question.key, number, LARGE),
                _words(question.text, text, LARGE, centred=False),
                *[_Tick()] * len(choices),
            ]
            for question in questionnaire.questions
        ],
        joint=(2, "评价意见"),
    )


def _leaders_table(questionnaire: Questionnaire, sheet: Sheet) -> _Table:
    name, post = 20.6, 28.0  # 阿卜杜拉·, 党组书记、局长 on one line
    aspect = (_WIDTH - name - post) / len(questionnaire.questions)
    _check_column(aspect)
    beside = (aspect - 2 * _PADDING - _BOX - 1.0) / SMALL
    options = _Options([wrap(choice.name, beside) for choice in questionnaire.offered])
    return _Table(
        title=questionnaire.title,
        widths=[name, post, *[aspect] * len(questionnaire.questions)],
        header=[
            _words("姓名", name),
            _words("职务", post),
            *(_words(question.text, aspect) for question in questionnaire.questions),
        ],
        rows=[
            [
                _words(leader.name, name, BODY if width_in_ems(leader.name) <= 4 else SMALL),
                _words(leader.post, post),
                *[options] * len(questionnaire.questions),
            ]
            for leader in sheet.leaders
        ],
    )


def _check_column(width: float) -> None:
    if width < _LEAST_COLUMN:
        raise PaperTextTooLong("more columns than a page is wide")


def _tables(sheet: Sheet) -> Iterator[_Table]:
    if sheet.organization is not None:
        yield _organization_table(sheet.organization)
    if sheet.leader is not None and sheet.leaders:
        yield _leaders_table(sheet.leader, sheet)


class _PaperPdf(FPDF):
    def __init__(self, ballots: PaperBallots) -> None:
        super().__init__(unit="mm", format="A4")
        self.set_auto_page_break(False)
        self.set_creation_date(_NO_TIME)
        embed_font(self, FONT_FAMILY, FONT_FILE)
        self.set_line_width(0.25)
        self.ballots = ballots

    def file_id(self) -> None:
        """No identifier: the default one is a fingerprint of the file."""

    def written(self) -> bytearray:
        """What is on the page so far, to be copied: drawing each copy anew takes 50 times as long."""
        contents = self.pages[self.page].contents
        assert isinstance(contents, bytearray)
        return contents

    def put(self, words: _Words, x: float, y: float, width: float) -> None:
        self.set_font(FONT_FAMILY, size=words.size / _POINT)
        for number, line in enumerate(words.lines):
            left = x + (width - width_in_ems(line) * words.size) / 2 if words.centred else x + _PADDING
            baseline = y + (number * _LEADING + (_LEADING - 1) / 2 + _ASCENT) * words.size
            self.text(left, baseline, line)

    def put_options(self, options: _Options, x: float, y: float) -> None:
        for lines in options.names:
            height = _option_height(lines)
            self.rect(x + _PADDING, y + (height - _BOX) / 2, _BOX, _BOX)
            words = _Words(lines, SMALL)
            self.put(words, x + _BOX + 1.0, y + (height - words.height) / 2, 0)
            y += height

    def put_row(self, widths: Sequence[float], cells: Sequence[_Cell], y: float) -> float:
        """Draws a row of bordered cells; the y below it."""
        height = _row_height(cells)
        x = _MARGIN
        for width, cell in zip(widths, cells, strict=True):
            self.rect(x, y, width, height)
            top = y + (height - cell.height) / 2
            if isinstance(cell, _Words):
                self.put(cell, x, top, width)
            elif isinstance(cell, _Options):
                self.put_options(cell, x, top)
            else:
                self.rect(x + (width - _BOX) / 2, top, _BOX, _BOX)
            x += width
        return y + height

    def put_header(self, table: _Table, y: float) -> float:
        if table.joint is None:
            return self.put_row(table.widths, table.header, y)
        first, text = table.joint
        left, right = sum(table.widths[:first]), sum(table.widths[first:])
        joint = _words(text, right)
        height = _row_height([joint])
        self.rect(_MARGIN + left, y, right, height)
        self.put(joint, _MARGIN + left, y + _PADDING, right)
        below = y + height + _row_height(table.header)
        x = _MARGIN
        for number, (width, words) in enumerate(zip(table.widths, table.header, strict=True)):
            top = y if number < first else y + height
            self.rect(x, top, width, below - top)
            self.put(words, x, top + (below - top - words.height) / 2, width)
            x += width
        return below

    def put_head(self, title: str) -> float:
        """What stands on every page above the table; the y below it."""
        y = self.put_marks(_MARGIN)
        for words in _head(self.ballots, title):
            self.put(words, _MARGIN, y, _WIDTH)
            y += words.height + 0.8
        return y + 0.8

    def put_marks(self, y: float) -> float:
        """The class at the right, and at the left whether this is a rehearsal."""
        mark = _class_mark(self.ballots)
        width = max(width_in_ems(line) for line in mark.lines) * LARGE + 6.0
        self.rect(_PAGE_WIDTH - _MARGIN - width, y, width, mark.height + 1.6)
        self.put(mark, _PAGE_WIDTH - _MARGIN - width, y + 0.8, width)
        if self.ballots.rehearsal:
            tag = _Words([REHEARSAL], LARGE, centred=True)
            wide = width_in_ems(REHEARSAL) * LARGE + 6.0
            self.set_fill_color(0)
            self.rect(_MARGIN, y, wide, tag.height + 1.6, style="F")
            self.set_text_color(255)
            self.put(tag, _MARGIN, y + 0.8, wide)
            self.set_text_color(0)
        return y + mark.height + 4.0

    def put_page(self, page: _Page) -> None:
        y = self.put_header(page.table, self.put_head(page.table.title))
        for row in page.rows:
            y = self.put_row(page.table.widths, row, y)

    def put_number(self, number: int, count: int) -> None:
        text = _Words([f"第 {number} 页，共 {count} 页"], SMALL, centred=True)
        self.put(text, _MARGIN, _BOTTOM + 4.0, _WIDTH)


def _class_mark(ballots: PaperBallots) -> _Words:
    return _Words(wrap(f"{ballots.class_key} 票　{ballots.class_name}", 100.0 / LARGE), LARGE, centred=True)


def _head(ballots: PaperBallots, title: str) -> list[_Words]:
    sheet = ballots.sheet
    texts = [f"单位：{sheet.unit}", f"测评会：{sheet.title}"]
    together = "　　".join(texts)
    lines = [together] if width_in_ems(together) * BODY <= _WIDTH - 2 * _PADDING else texts
    if ballots.when_and_where:
        lines.append(ballots.when_and_where)
    return [
        _words(title, _WIDTH, TITLE),
        *(_words(line, _WIDTH, BODY, centred=False) for line in (*lines, INSTRUCTION)),
    ]


def _head_height(ballots: PaperBallots, title: str) -> float:
    """As `put_head` goes."""
    marks = _class_mark(ballots).height + 4.0
    return marks + sum(words.height + 0.8 for words in _head(ballots, title)) + 0.8


def _pages(ballots: PaperBallots) -> list[_Page]:
    """The pages of one ballot: rows whole, as many as fit. Raises PaperTextTooLong."""
    pages = []
    for table in _tables(ballots.sheet):
        room = _BOTTOM - _MARGIN - _head_height(ballots, table.title) - table.header_height
        rows: list[Sequence[_Cell]] = []
        free = room
        for row in table.rows:
            height = _row_height(row)
            if height > room:
                raise PaperTextTooLong("a row higher than a page")
            if height > free:
                pages.append(_Page(table, rows))
                rows, free = [], room
            rows.append(row)
            free -= height
        pages.append(_Page(table, rows))
    return pages


def page_count(ballots: PaperBallots) -> int:
    """Pages of one ballot. Raises PaperTextTooLong."""
    return len(_pages(ballots))


def paper_ballots_pdf(ballots: PaperBallots) -> bytes:
    """A page for handing over, then `count` ballots. The same ballots give the same bytes. Raises PaperTextTooLong."""
    pages = _pages(ballots)
    pdf = _PaperPdf(ballots)
    pdf.add_page()
    _put_cover(pdf, len(pages))
    drawn: list[bytes] = []
    for _ in range(ballots.count):
        if ballots.two_sided and pdf.page % 2:
            pdf.add_page()
        for number, page in enumerate(pages, start=1):
            pdf.add_page()
            # By fpdf2's own way on each page, so that the page knows its font.
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
    y = pdf.put_marks(_MARGIN)
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
        _words("纸质票交接单", _WIDTH, TITLE),
        *(_words(text, _WIDTH, LARGE, centred=False) for text in texts),
    ):
        pdf.put(words, _MARGIN, y, _WIDTH)
        y += words.height + 2.0
    widths = [42.0, 24.0, 46.0, 46.0, 32.0]
    names = ("环节", "份数", "交出人签字", "接收人签字", "时间")
    y = pdf.put_row(widths, [_words(name, width, BODY) for name, width in zip(names, widths, strict=True)], y + 4.0)
    for step in _STEPS:
        blank = _Words(["", "", ""], SMALL)
        y = pdf.put_row(widths, [_words(step, widths[0], BODY), *[blank] * 4], y)
