"""The tally sheet as a workbook: 统计单 and 领导干部, numbers as numbers, set up for A4."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from math import ceil

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from surveys.reporting.fonts import width_in_ems
from surveys.vote.papers.tally_sheets import (
    FLAG,
    HEADING,
    HIDDEN,
    MOST_COUNTS_UPRIGHT,
    NO_NUMBER,
    REHEARSAL,
    SIGNERS,
    Column,
    LeaderLine,
    LeadersForm,
    OrganizationForm,
    QuestionLine,
    TallySheet,
)

_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
# Excel wants a date. This one is the same for everybody and says nothing.
_NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_A4 = 9
_FONT = "宋体"
_LINE_HEIGHT = 15.0  # points, at size 11
_MARGINS = {"left": 0.4, "right": 0.4, "top": 0.6, "bottom": 0.7}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")

# Widths are in Excel's units: about a digit's width each.
_KEY_WIDTH, _TEXT_WIDTH, _NAME_WIDTH, _POST_WIDTH, _ASPECT_WIDTH = 5.0, 30.0, 10.0, 20.0, 46.0
_COUNT_WIDTH, _RATE_WIDTH, _SCORE_WIDTH = 6.5, 10.0, 9.0
_CLASS_COLUMNS = ("代号", "票种", "权重", "发出", "收回", "作废", "未用", "有效", "无效", "班子得分")


@dataclass(frozen=True)
class _Formats:
    title: Format
    plain: Format
    head: Format
    text: Format
    middle: Format
    whole: Format
    rate: Format
    score: Format
    plain_number: Format
    flagged: Format
    strong: Format


def tally_sheet_xlsx(sheet: TallySheet) -> bytes:
    """The same sheet gives the same bytes. Text is text, whatever it begins with: nothing in it is ever a formula."""
    target = io.BytesIO()
    book = Workbook(target, _OPTIONS)
    book.set_properties({"title": _clean(f"{sheet.unit} {HEADING}"), "created": _NO_TIME})
    formats = _formats(book)
    _Front(book.add_worksheet("统计单"), formats, sheet).fill()
    if sheet.leaders is not None:
        _Leaders(book.add_worksheet("领导干部"), formats, sheet, sheet.leaders).fill()
    book.close()
    return target.getvalue()


def _formats(book: Workbook) -> _Formats:
    # With quote_prefix, a text that begins like a formula stays a text when somebody edits the cell.
    text = {"font_name": _FONT, "font_size": 11, "valign": "vcenter", "text_wrap": True, "quote_prefix": True}
    boxed = text | {"border": 1}
    middle = boxed | {"align": "center"}
    figure = {key: value for key, value in middle.items() if key != "quote_prefix"}

    def made(properties: dict[str, object], **more: object) -> Format:
        return book.add_format(properties | more)

    return _Formats(
        title=made(text, font_size=18, align="center"),
        plain=made(text),
        head=made(middle, bold=True, bg_color="#EAEAEA"),
        text=made(boxed),
        middle=made(middle),
        whole=made(figure, num_format="0"),
        rate=made(figure, num_format="0.00%"),
        score=made(figure, num_format="0.00"),
        plain_number=made(figure),
        flagged=made(figure, num_format=f'"{FLAG}"0.00%', bold=True),
        strong=made(boxed, bold=True, font_size=13, align="center"),
    )


def _clean(text: str) -> str:
    return _CONTROL.sub(" ", text).strip()


def _height(text: str, width: float) -> float:
    """Of a row with this text wrapped: neither Excel nor LibreOffice fits merged cells by itself. `width`: a column's,
    two of whose units a Chinese character takes."""
    return _LINE_HEIGHT * max(1, ceil(2.3 * width_in_ems(text) / width)) + 3


def _head_height(columns: Sequence[tuple[str, float]]) -> float:
    return max(_height(name, width) for name, width in columns)


class _Filled:
    """A worksheet filled from the top: `row` is the next one, `last` the last column."""

    def __init__(self, page: Worksheet, formats: _Formats, sheet: TallySheet, widths: Sequence[float]) -> None:
        self.page = page
        self.formats = formats
        self.sheet = sheet
        self.widths = widths
        self.last = len(widths) - 1
        self.row = 0
        for column, width in enumerate(widths):
            page.set_column(column, column, width)
        page.set_paper(_A4)
        page.set_margins(**_MARGINS)
        page.set_footer(f"&L&8{sheet.poll} 封存码 {sheet.seal}&R&8第 &P 页，共 &N 页")
        if sheet.rehearsal:
            page.set_header(f"&C&14{REHEARSAL}")

    def put(self, column: int, value: str | int | Decimal | None, style: Format) -> None:
        if isinstance(value, int | Decimal):
            self.page.write_number(self.row, column, value, style)
        else:
            self.page.write_string(self.row, column, NO_NUMBER if value is None else _clean(value), style)

    def put_all(self, start: int, values: Sequence[str], style: Format) -> None:
        for column, value in enumerate(values, start=start):
            self.put(column, value, style)

    def next(self, height: float = _LINE_HEIGHT + 3) -> None:
        self.page.set_row(self.row, height)
        self.row += 1

    def across(self, text: str, style: Format, height: float = 0) -> None:
        """One text over the whole width."""
        # merge_range would take a text for a formula, a number or an address; write_string does not.
        self.page.merge_range(self.row, 0, self.row, self.last, "", style)
        self.put(0, text, style)
        self.next(max(height, _height(text, sum(self.widths))))

    def heading(self) -> None:
        sheet = self.sheet
        self.across(HEADING, self.formats.title, 30)
        for text in (REHEARSAL if sheet.rehearsal else None, sheet.shortcoming):
            if text:
                self.across(text, self.formats.strong, 24)
        self.across(f"单位：{sheet.unit}", self.formats.plain)
        self.across(f"测评会：{sheet.title}（代号 {sheet.poll}）", self.formats.plain)

    def question(self, start: int, question: QuestionLine, columns: Sequence[Column]) -> None:
        """Counts, rates and the score, in the order of `_question_columns`."""
        rated = [count for column, count in zip(columns, question.counts, strict=True) if column.has_rate]
        for place, count in enumerate(question.counts, start=start):
            self.put(place, count.count, self.formats.whole)
        for place, count in enumerate(rated, start=start + len(columns)):
            self.put(place, _share(count.rate), self.formats.flagged if count.flagged else self.formats.rate)
        self.put(start + len(columns) + len(rated), question.score, self.formats.score)

    def end(self, warnings: Sequence[str]) -> None:
        self.row += 1
        for text in warnings:
            self.across(f"注意：{text}", self.formats.plain)
        for text in self.sheet.notes:
            self.across(f"注：{text}", self.formats.plain)
        self.row += 1
        signers = "　　".join(f"{signer}：＿＿＿＿＿＿" for signer in SIGNERS)
        self.across(f"{signers}　　日期：＿＿＿＿年＿＿月＿＿日", self.formats.plain, 30)


def _warnings(sheet: TallySheet) -> list[str]:
    return [*([sheet.flagged] if sheet.flagged else []), *sheet.warnings]


def _share(rate: Decimal | None) -> Decimal | None:
    """Per cent as Excel has it: 61.90 is 0.6190."""
    return None if rate is None else rate / 100


def _question_columns(columns: Sequence[Column]) -> list[tuple[str, float]]:
    """Names and widths."""
    return [
        *((column.name, _COUNT_WIDTH) for column in columns),
        *((f"{column.name}率", _RATE_WIDTH) for column in columns if column.has_rate),
        ("得分", _SCORE_WIDTH),
    ]


class _Front(_Filled):
    """Turnout, classes, the organization's form."""

    def __init__(self, page: Worksheet, formats: _Formats, sheet: TallySheet) -> None:
        form = sheet.organization
        self.columns = [] if form is None else _question_columns(form.columns)
        widths = [width for _, width in self.columns]
        widths += [_RATE_WIDTH] * (len(_CLASS_COLUMNS) - 2 - len(widths))
        super().__init__(page, formats, sheet, [_KEY_WIDTH, _TEXT_WIDTH, *widths])

    def fill(self) -> None:
        form = self.sheet.organization
        if form is not None and len(form.columns) > MOST_COUNTS_UPRIGHT:
            self.page.set_landscape()
        self.page.fit_to_pages(1, 0)
        self.heading()
        day, place = self.sheet.day or "＿＿＿＿年＿＿月＿＿日", self.sheet.place or "＿＿＿＿＿＿＿＿＿＿＿＿＿＿"
        self.across(f"时间：{day}　　地点：{place}", self.formats.plain)
        self.row += 1
        self._turnout()
        self.row += 1
        self._classes()
        if form is not None:
            self.row += 1
            self._questions(form)
        self.end(_warnings(self.sheet))

    def _turnout(self) -> None:
        # One column of counts is too narrow for 100.00%.
        self.page.merge_range(self.row, 3, self.row, 4, "", self.formats.head)
        self.put_all(0, ("项", "率的算法", "数", "率"), self.formats.head)
        self.next()
        for figure in self.sheet.figures:
            self.put(0, figure.name, self.formats.middle)
            self.put(1, f"{figure.rate_name}＝{figure.base}" if figure.rate_name else figure.note, self.formats.text)
            self.put(2, figure.count, self.formats.whole)
            self.page.merge_range(self.row, 3, self.row, 4, "", self.formats.rate)
            self.put(3, _share(figure.rate) if figure.rate_name else "", self.formats.rate)
            self.next()

    def _classes(self) -> None:
        names = _CLASS_COLUMNS if self.sheet.organization is not None else _CLASS_COLUMNS[:-1]
        self.put_all(0, names, self.formats.head)
        self.next()
        for entry in self.sheet.classes:
            self.put(0, entry.key, self.formats.middle)
            self.put(1, entry.name, self.formats.text)
            self.put(2, Decimal(entry.weight), self.formats.plain_number)
            counts = (entry.issued, entry.returned, entry.void, entry.unused, entry.valid, entry.invalid)
            for column, count in enumerate(counts, start=3):
                self.put(column, count, self.formats.whole)
            if self.sheet.organization is not None:
                self.put(9, HIDDEN if entry.hidden else entry.score, self.formats.score)
            self.next(_height(entry.name, _TEXT_WIDTH))

    def _questions(self, form: OrganizationForm) -> None:
        for text in (form.title, form.scale):
            self.across(text, self.formats.plain)
        self.put_all(0, ("项", "测评内容", *(name for name, _ in self.columns)), self.formats.head)
        self.page.repeat_rows(self.row)
        self.next(_head_height(self.columns))
        for question in form.questions:
            self.put(0, question.key, self.formats.middle)
            self.put(1, question.text, self.formats.text)
            self.question(2, question, form.columns)
            self.next(_height(question.text, _TEXT_WIDTH))
        score = len(self.columns) + 1
        self.page.merge_range(self.row, 0, self.row, score - 1, "", self.formats.text)
        self.put(0, self.sheet.organization_label, self.formats.text)
        self.put(score, form.score, self.formats.score)
        self.next()


class _Leaders(_Filled):
    """A row for each leader and question: first what stands apart (总体评价) of everybody, then the rest."""

    def __init__(self, page: Worksheet, formats: _Formats, sheet: TallySheet, form: LeadersForm) -> None:
        self.form = form
        self.columns = [
            ("序号", _KEY_WIDTH),
            ("姓名", _NAME_WIDTH),
            ("职务", _POST_WIDTH),
            ("测评项目", _ASPECT_WIDTH),
            *_question_columns(form.columns),
            ("综合得分", _SCORE_WIDTH),
        ]
        super().__init__(page, formats, sheet, [width for _, width in self.columns])

    def fill(self) -> None:
        self.page.set_landscape()
        self.page.fit_to_pages(1, 0)
        self.heading()
        for text in (self.form.title, self.form.scale):
            self.across(text, self.formats.plain)
        self.put_all(0, [name for name, _ in self.columns], self.formats.head)
        self.page.repeat_rows(self.row)
        self.page.freeze_panes(self.row + 1, 2)
        header = self.row
        self.next(_head_height(self.columns))
        for part in (slice(self.form.apart), slice(self.form.apart, None)):
            for place, leader in enumerate(self.form.leaders, start=1):
                for question in leader.questions[part]:
                    self._question(place, leader, question)
        self.page.autofilter(header, 0, self.row - 1, self.last)
        self.end(_warnings(self.sheet) if self.sheet.organization is None else [])

    def _question(self, place: int, leader: LeaderLine, question: QuestionLine) -> None:
        text = f"{question.key}. {question.text}"
        self.put(0, place, self.formats.whole)
        self.put(1, leader.name, self.formats.text)
        self.put(2, leader.post, self.formats.text)
        self.put(3, text, self.formats.text)
        self.question(4, question, self.form.columns)
        # The composite once for each leader, so that a sum or a mean of the column is one of leaders.
        self.put(self.last, leader.score if question is leader.questions[0] else "", self.formats.score)
        widths = ((leader.name, _NAME_WIDTH), (leader.post, _POST_WIDTH), (text, _ASPECT_WIDTH))
        self.next(max(_height(*each) for each in widths))
