"""The tally sheet on A4: turnout, classes and the organization's form upright, the leaders' form across."""

from collections.abc import Sequence

from surveys.reporting.fonts import width_in_ems
from surveys.reporting.paper import (
    SMALL_SIZE,
    Cell,
    Flow,
    Fragment,
    Line,
    PaperRow,
    head_cell,
    lines_cell,
    text_cell,
)
from surveys.vote.papers.tally_sheets import (
    FLAG,
    HEADING,
    HIDDEN,
    MOST_COUNTS_UPRIGHT,
    REHEARSAL,
    SIGNERS,
    Column,
    Figure,
    LeaderLine,
    LeadersForm,
    OrganizationForm,
    QuestionLine,
    TallySheet,
    number,
    per_cent,
)

_TITLE_SIZE, _FORM_SIZE, _FIGURE_SIZE, _HEAD_SIZE, _TEXT_SIZE, _COUNT_SIZE = 6.4, 4.4, 5.0, 3.7, 3.1, 2.75

# Millimetres of the columns; what is left goes to the column of text.
_NUMBER_WIDTH, _COUNT_WIDTH, _SCORE_WIDTH = 8.0, 13.5, 15.0
_NAME_WIDTH, _POST_WIDTH = 20.0, 30.0
_NARROWEST_QUESTION = 22.0
_APART_GREY = 245
_END_HEIGHT = 24.0  # of the notes and the signatures: not signed on a page of their own
_LONGEST_HEADING = 60  # characters of a question above a narrow column; the whole text is in the workbook


def tally_sheet_pdf(sheet: TallySheet) -> bytes:
    """The same sheet gives the same bytes."""
    from surveys.reporting.paper_pdf import paper_pdf

    flow = Flow(f"{sheet.unit}　{sheet.title}　{HEADING}")
    warnings = [*([sheet.flagged] if sheet.flagged else []), *sheet.warnings]
    flow.new_page(landscape=sheet.organization is None or len(sheet.organization.columns) > MOST_COUNTS_UPRIGHT)
    _head(flow, sheet)
    _turnout(flow, sheet)
    if sheet.organization is not None:
        _organization(flow, sheet, sheet.organization)
        _end(flow, warnings, sheet.notes)
    if sheet.leaders is not None:
        if sheet.organization is not None:
            flow.new_page(landscape=True)
        else:
            flow.space(3)
        _leaders(flow, sheet.leaders_heading, sheet.leaders)
        _end(flow, [] if sheet.organization is not None else warnings, sheet.notes)
    footer = f"{sheet.poll}　封存码 {sheet.seal}"
    return paper_pdf(f"{sheet.unit} {HEADING}", flow.pages, footer, REHEARSAL if sheet.rehearsal else None)


def _head(flow: Flow, sheet: TallySheet) -> None:
    flow.paragraph(HEADING, _TITLE_SIZE, 0.5)
    flow.space(2.5)
    for text in (REHEARSAL if sheet.rehearsal else None, sheet.shortcoming):
        if text:
            flow.table([flow.width], [], [PaperRow([text_cell(text, 0.5)], _FORM_SIZE)])
            flow.space(1.5)
    flow.paragraph(f"单　位：{sheet.unit}", _HEAD_SIZE)
    flow.paragraph(f"测评会：{sheet.title}（代号 {sheet.poll}）", _HEAD_SIZE)
    if sheet.place is not None:
        flow.paragraph(f"地　点：{sheet.place}", _HEAD_SIZE)
    if sheet.day is not None:
        flow.paragraph(f"时　间：{sheet.day}", _HEAD_SIZE)
    flow.space(0.6)
    if sheet.day is None:
        _date(flow, "时　间：", 0, _HEAD_SIZE)
    if sheet.place is None:
        start = 80 if sheet.day is None else 0
        flow.write("地　点：", start, _HEAD_SIZE)
        flow.blank(start + 15, flow.width, _HEAD_SIZE)
    flow.space(8.5 if sheet.day is None or sheet.place is None else 1.5)


def _date(flow: Flow, label: str, x: float, size: float) -> None:
    """A label and a date to write by hand, 18 ems wide."""
    flow.write(label, x, size)
    for start, width, unit in ((4, 4, "年"), (9.5, 3, "月"), (14, 3, "日")):
        flow.blank(x + start * size, x + (start + width) * size, size)
        flow.write(unit, x + (start + width) * size, size)


def _turnout(flow: Flow, sheet: TallySheet) -> None:
    widths = [flow.width / len(sheet.figures)] * len(sheet.figures)
    rows = [
        PaperRow([_centred(number(figure.count)) for figure in sheet.figures], _FIGURE_SIZE),
        PaperRow([lines_cell(_rate_lines(figure)) for figure in sheet.figures], SMALL_SIZE),
    ]
    flow.table(widths, [PaperRow([head_cell(figure.name) for figure in sheet.figures])], rows)
    flow.space(3)
    names = ["权重", "发出", "收回", "作废", "未用", "有效", "无效"]
    if sheet.organization is not None:
        names.append("班子得分")
    rest = [15.0] * (len(names) - 1) + [24.0 if sheet.organization is not None else 15.0]
    header = PaperRow([head_cell("票种"), *(head_cell(name) for name in names)], _TEXT_SIZE)
    lines = [_class_row(entry, len(names)) for entry in _class_values(sheet)]
    flow.table([flow.width - sum(rest), *rest], [header], lines)


def _rate_lines(figure: Figure) -> list[Line]:
    if not figure.rate_name:
        return [[_middle(f"（{figure.note}）")]] if figure.note else []
    return [[_middle(f"{figure.rate_name} {per_cent(figure.rate)}")], [_middle(f"（{figure.base}）")]]


def _class_values(sheet: TallySheet) -> list[list[str]]:
    """A line for each class, and one for all when there are several."""
    counts = [
        (entry.issued, entry.returned, entry.void, entry.unused, entry.valid, entry.invalid) for entry in sheet.classes
    ]
    lines = [
        [f"{entry.key}　{entry.name}", entry.weight, *map(str, own), HIDDEN if entry.hidden else number(entry.score)]
        for entry, own in zip(sheet.classes, counts, strict=True)
    ]
    if len(lines) > 1:
        whole = "" if sheet.organization is None else number(sheet.organization.score)
        lines.append(["合计", "", *(str(sum(column)) for column in zip(*counts, strict=True)), whole])
    return lines


def _class_row(values: Sequence[str], columns: int) -> PaperRow:
    return PaperRow([text_cell(values[0]), *(_centred(value) for value in values[1 : columns + 1])], _TEXT_SIZE)


def _organization(flow: Flow, sheet: TallySheet, form: OrganizationForm) -> None:
    flow.space(4)
    flow.need(45)
    flow.paragraph(sheet.organization_heading, _FORM_SIZE)
    _captions(flow, form.title, form.scale, "每格上为票数，下为率（÷有效）。")
    counts = [_COUNT_WIDTH] * len(form.columns)
    text_width = flow.width - _NUMBER_WIDTH - sum(counts) - _SCORE_WIDTH
    header = PaperRow(
        [head_cell(name) for name in ("项", "测评内容", *(column.name for column in form.columns), "得分")]
    )
    rows = [_question_row(question, form.columns) for question in form.questions]
    if len(form.questions) > 1:
        whole = text_cell(sheet.organization_label, 1.0, len(counts) + 2)
        rows.append(PaperRow([whole, _centred(number(form.score))]))
    flow.table([_NUMBER_WIDTH, text_width, *counts, _SCORE_WIDTH], [header], rows)


def _question_row(question: QuestionLine, columns: Sequence[Column]) -> PaperRow:
    counts = []
    for column, count in zip(columns, question.counts, strict=True):
        lines: list[Line] = [[_middle(f"{FLAG if count.flagged else ''}{count.count}")]]
        if column.has_rate:
            lines.append([_middle(per_cent(count.rate))])
        counts.append(lines_cell(lines))
    score = _centred(number(question.score))
    return PaperRow([_centred(question.key), text_cell(question.text), *counts, score], _TEXT_SIZE)


def _leaders(flow: Flow, heading: str, form: LeadersForm) -> None:
    flow.paragraph(heading, _FORM_SIZE)
    _captions(flow, form.title, form.scale, "每格依次为等次、票数、率（÷有效）。综合得分是各栏得分的平均。")
    fixed = [_NUMBER_WIDTH, _NAME_WIDTH, _POST_WIDTH]
    room = flow.width - sum(fixed) - _SCORE_WIDTH
    questions = form.leaders[0].questions
    bands = -(-len(questions) // int(room / _NARROWEST_QUESTION))
    share = -(-len(questions) // bands)
    for band in range(bands):
        own = range(band * share, min((band + 1) * share, len(questions)))
        if band:
            flow.space(5)
        widths = [*fixed, *[room / len(own)] * len(own), _SCORE_WIDTH]
        names = ("序号", "姓名", "职务", *(_heading(questions[position]) for position in own), "综合得分")
        rows = [_leader_row(place, leader, own, form) for place, leader in enumerate(form.leaders, start=1)]
        flow.table(widths, [PaperRow([head_cell(name) for name in names], SMALL_SIZE)], rows)


def _heading(question: QuestionLine) -> str:
    text = f"{question.key}. {question.text}"
    return text if len(text) <= _LONGEST_HEADING else text[: _LONGEST_HEADING - 1] + "…"


def _leader_row(place: int, leader: LeaderLine, own: range, form: LeadersForm) -> PaperRow:
    cells = [
        _leader_cell(leader.questions[position], form.columns, _APART_GREY if position < form.apart else None)
        for position in own
    ]
    score = lines_cell([[_middle(number(leader.score))]])
    return PaperRow([_centred(str(place)), text_cell(leader.name), text_cell(leader.post), *cells, score], _COUNT_SIZE)


def _leader_cell(question: QuestionLine, columns: Sequence[Column], grey: int | None) -> Cell:
    texts = [
        (
            f"{FLAG if count.flagged else ''}{column.name}",
            str(count.count),
            per_cent(count.rate) if column.has_rate else "",
        )
        for column, count in zip(columns, question.counts, strict=True)
    ]
    end = _end_of_counts(texts)
    lines: list[Line] = [
        [Fragment(name), Fragment(count, end, 1.0), Fragment(rate, 1.0, 1.0)] for name, count, rate in texts
    ]
    return lines_cell([*lines, [Fragment("得分"), Fragment(number(question.score), 1.0, 1.0)]], grey)


def _end_of_counts(texts: Sequence[tuple[str, str, str]]) -> float:
    """Where in the cell's width the counts end: a little right of the middle, further where long names need it."""
    name, count, rate = (max(map(width_in_ems, own)) for own in zip(*texts, strict=True))
    return max(0.52, (name + 0.4 + count) / (name + count + rate + 0.8))


def _captions(flow: Flow, *texts: str) -> None:
    for text in texts:
        flow.paragraph(text, SMALL_SIZE)
    flow.space(1)


def _end(flow: Flow, warnings: Sequence[str], notes: Sequence[str]) -> None:
    """What a reader should know, and where those who counted sign."""
    flow.space(2)
    for text in warnings:
        flow.paragraph(f"注意：{text}")
    flow.need(_END_HEIGHT)
    for text in notes:
        flow.paragraph(f"注：{text}", SMALL_SIZE)
    flow.space(5)
    date_width = 18 * _HEAD_SIZE
    share = (flow.width - date_width) / len(SIGNERS)
    for place, signer in enumerate(SIGNERS):
        flow.write(f"{signer}：", place * share, _HEAD_SIZE)
        flow.blank(place * share + 4 * _HEAD_SIZE, (place + 1) * share - 4, _HEAD_SIZE)
    _date(flow, "日期：", flow.width - date_width, _HEAD_SIZE)


def _centred(text: str) -> Cell:
    return text_cell(text, 0.5)


def _middle(text: str) -> Fragment:
    return Fragment(text, 0.5, 0.5)
