"""Paper ballots laid out: the official forms on A4, to be ticked with a pen. paper_ballots_pdf writes them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from surveys.polling.sheet import Questionnaire, Sheet
from surveys.reporting.fonts import width_in_ems
from surveys.reporting.wrapping import wrap, wrap_evenly

POINT = 25.4 / 72
# Lengths are millimetres. Nothing is set smaller than SMALL.
SMALL, BODY, LARGE, TITLE = (points * POINT for points in (10.5, 12, 13.5, 17))
PAGE_WIDTH, _PAGE_HEIGHT = 210.0, 297.0
MARGIN = 9.0
WIDTH = PAGE_WIDTH - 2 * MARGIN
BOTTOM = _PAGE_HEIGHT - 16.0  # below it stands the page's number
LEADING = 1.28
ASCENT = 0.88  # of Noto Sans SC's Chinese characters
PADDING = 0.9
BOX = 4.4
_OPTION_PITCH = 5.9
_LEAST_ASPECT = 12.0  # a box and one character beside it
_LEAST_GRADE = 8.0  # a box alone

INSTRUCTION = "请在相应格内打“√”，每项只选一个。不写姓名，不作其他记号。"
REHEARSAL = "演练　结果不计入考核"


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
class Words:
    """Lines of one size in a cell or under one another on the page."""

    lines: Sequence[str]
    size: float
    centred: bool = False

    @property
    def height(self) -> float:
        return len(self.lines) * self.size * LEADING


@dataclass(frozen=True)
class Tick:
    """One box alone in its cell."""

    height = BOX


@dataclass(frozen=True)
class Options:
    """Grades under one another, each with its box."""

    names: Sequence[Sequence[str]]

    @property
    def height(self) -> float:
        return sum(option_height(lines) for lines in self.names)


Cell = Words | Tick | Options


def option_height(lines: Sequence[str]) -> float:
    return max(_OPTION_PITCH, len(lines) * SMALL * LEADING)


@dataclass(frozen=True)
class Table:
    """`joint`: a heading over the columns from this one on."""

    title: str
    widths: Sequence[float]
    header: Sequence[Words]
    rows: Sequence[Sequence[Cell]]
    joint: tuple[int, str] | None = None

    @property
    def header_height(self) -> float:
        own = row_height(self.header)
        return own if self.joint is None else own + row_height([set_words(self.joint[1], WIDTH)])


@dataclass(frozen=True)
class Page:
    table: Table
    rows: Sequence[Sequence[Cell]]


def set_words(text: str, width: float, size: float = SMALL, *, centred: bool = True) -> Words:
    lines = (wrap_evenly if centred else wrap)(text, (width - 2 * PADDING) / size)
    return Words(lines, size, centred)


def row_height(cells: Sequence[Cell]) -> float:
    return max(cell.height for cell in cells) + 2 * PADDING


def _organization_table(questionnaire: Questionnaire) -> Table:
    choices = questionnaire.offered
    number = 13.0
    grade = min(15.0, (WIDTH - number - 70.0) / len(choices))
    _check_column(grade, _LEAST_GRADE)
    text = WIDTH - number - grade * len(choices)
    return Table(
        title=questionnaire.title,
        widths=[number, text, *[grade] * len(choices)],
        header=[
            set_words("序号", number),
            set_words("测评内容", text),
            *(set_words(choice.name, grade, BODY) for choice in choices),
        ],
        rows=[
            [
                set_words(question.key, number, LARGE),
                set_words(question.text, text, LARGE, centred=False),
                *[Tick()] * len(choices),
            ]
            for question in questionnaire.questions
        ],
        joint=(2, "评价意见"),
    )


def _leaders_table(questionnaire: Questionnaire, sheet: Sheet) -> Table:
    name, post = 20.6, 28.0  # 阿卜杜拉·, 党组书记、局长 on one line
    aspect = (WIDTH - name - post) / len(questionnaire.questions)
    _check_column(aspect, _LEAST_ASPECT)
    beside = (aspect - 2 * PADDING - BOX - 1.0) / SMALL
    options = Options([wrap(choice.name, beside) for choice in questionnaire.offered])
    return Table(
        title=questionnaire.title,
        widths=[name, post, *[aspect] * len(questionnaire.questions)],
        header=[
            set_words("姓名", name),
            set_words("职务", post),
            *(set_words(question.text, aspect) for question in questionnaire.questions),
        ],
        rows=[
            [
                set_words(leader.name, name, BODY if width_in_ems(leader.name) <= 4 else SMALL),
                set_words(leader.post, post),
                *[options] * len(questionnaire.questions),
            ]
            for leader in sheet.leaders
        ],
    )


def _check_column(width: float, least: float) -> None:
    if width < least:
        raise PaperTextTooLong("more columns than a page is wide")


def _tables(sheet: Sheet) -> Iterator[Table]:
    if sheet.organization is not None:
        yield _organization_table(sheet.organization)
    if sheet.leader is not None and sheet.leaders:
        yield _leaders_table(sheet.leader, sheet)


def class_words(ballots: PaperBallots) -> Words:
    return Words(wrap(f"{ballots.class_key} 票　{ballots.class_name}", 100.0 / LARGE), LARGE, centred=True)


def head_of(ballots: PaperBallots, title: str) -> list[Words]:
    sheet = ballots.sheet
    texts = [f"单位：{sheet.unit}", f"测评会：{sheet.title}"]
    together = "　　".join(texts)
    lines = [together] if width_in_ems(together) * BODY <= WIDTH - 2 * PADDING else texts
    if ballots.when_and_where:
        lines.append(ballots.when_and_where)
    return [
        set_words(title, WIDTH, TITLE),
        *(set_words(line, WIDTH, BODY, centred=False) for line in (*lines, INSTRUCTION)),
    ]


def _head_height(ballots: PaperBallots, title: str) -> float:
    """As `put_head` goes."""
    head = class_words(ballots).height + 4.0
    return head + sum(words.height + 0.8 for words in head_of(ballots, title)) + 0.8


def pages_of(ballots: PaperBallots) -> list[Page]:
    """The pages of one ballot: rows whole, as many as fit. Raises PaperTextTooLong."""
    pages = []
    for table in _tables(ballots.sheet):
        room = BOTTOM - MARGIN - _head_height(ballots, table.title) - table.header_height
        rows: list[Sequence[Cell]] = []
        free = room
        for row in table.rows:
            height = row_height(row)
            if height > room:
                raise PaperTextTooLong("a row higher than a page")
            if height > free:
                pages.append(Page(table, rows))
                rows, free = [], room
            rows.append(row)
            free -= height
        pages.append(Page(table, rows))
    return pages


def page_count(ballots: PaperBallots) -> int:
    """Pages of one ballot. Raises PaperTextTooLong."""
    return len(pages_of(ballots))
