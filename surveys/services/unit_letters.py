"""The letter to a unit (反馈函): its result, where it did well, where it lost points."""

from collections.abc import Iterator, Sequence

from surveys.reporting.documents import Document, Heading, Paragraph, Part, Table
from surveys.scoring.exact import Score, exact, shown
from surveys.scoring.score_sheet import Kind, RowState
from surveys.services.results import Results, UnitResult, plain_points
from surveys.services.score_sheets import SheetLine, UnitSheet
from surveys.services.tallies import FormTally, Tally
from surveys.storage.tables import Event

_MOST_WEAK = 5
_SIGNS = {Kind.BONUS: "+", Kind.DEDUCTION: "−", Kind.STANDARD: "−", Kind.VETO: ""}


def letter(found: Results, result: UnitResult, draft: str | None) -> Document:
    """A unit's letter. It shows nothing of other units but how many the unit was ranked among."""
    sheet = result.sheet
    parts: list[Part] = [
        Paragraph(f"{sheet.unit.name}：", indented=False),
        Paragraph(f"{found.title}{'结果如下' if draft is None else '目前的结果如下'}，现予反馈。"),
        Heading("一、结果"),
        *_outcome(found, result),
        Heading("二、各板块得分"),
        _blocks(sheet),
        *_rows(sheet),
        *_events(sheet),
        Heading("六、民主测评"),
        *_democratic(sheet),
        Paragraph("请对照以上情况，保持好的做法，改进不足之处。"),
        Paragraph(sheet.framework.lead_department, indented=False, right=True),
        Paragraph("年　　月　　日", indented=False, right=True),
    ]
    return Document(found.title, "考核结果反馈函", draft, tuple(parts))


def _outcome(found: Results, result: UnitResult) -> Iterator[Part]:
    sheet, score = result.sheet, result.sheet.score
    category = sheet.unit.category
    among = sum(other.rank is not None for other in found.units if other.sheet.unit.category == category)
    yield Table(
        ("最后得分", "等次", f"名次（{category}）", "基础分", "加分", "扣分"),
        (
            (
                "待定" if result.final is None else str(result.final),
                result.band or "—",
                "—" if result.rank is None else f"{result.rank}（共 {among} 个单位）",
                "—" if score.base is None else str(shown(score.base)),
                str(shown(score.bonus)),
                str(shown(score.deduction)),
            ),
        ),
        (1.2, 1, 2.2, 1, 1, 1),
    )
    if score.vetoed:
        yield Paragraph("因一票否决，等次受限。")
    if score.pending or score.withheld:
        yield Paragraph(f"还有 {score.pending + score.withheld} 行未定，全部定下后才有最后得分、等次和名次。")


def _blocks(sheet: UnitSheet) -> Table:
    names = {block.code: block.name for block in sheet.framework.blocks}
    rows = tuple(
        (
            f"{block.code} {names[block.code]}",
            str(shown(block.got)),
            plain_points(block.points),
            f"{shown(100 * block.got / block.points)}%",
        )
        for block in sheet.score.blocks
        if block.points
    )
    return Table(("板块", "得分", "适用分值", "占适用分值"), rows, (4, 1, 1, 1.3), frozenset({1, 2, 3}))


def _rows(sheet: UnitSheet) -> Iterator[Part]:
    marked = [(line, lost) for line in sheet.lines if (lost := _lost(line)) is not None]
    full = [line for line, lost in marked if lost == 0]
    weak = sorted(((line, lost) for line, lost in marked if lost > 0), key=lambda pair: -pair[1])
    yield Heading("三、得满分的方面")
    if full:
        yield Paragraph(f"以下 {len(full)} 行得满分：{'；'.join(_name(line) for line in full)}。")
    else:
        yield Paragraph("没有得满分的行。")
    yield Heading("四、失分最多的方面")
    if weak:
        yield _weak_table(weak[:_MOST_WEAK])
    else:
        yield Paragraph("没有失分的行。")
    if len(weak) > _MOST_WEAK:
        yield Paragraph(f"另有 {len(weak) - _MOST_WEAK} 行有失分，见计分表。")


def _lost(line: SheetLine) -> Score | None:
    """Points short of full marks on a row that is marked; the democratic row is told of apart."""
    standard = line.row.standard
    if standard.kind is not Kind.STANDARD or line.value.got is None or line.is_democratic or standard.points == 0:
        return None
    return exact(standard.points) - line.value.got


def _name(line: SheetLine) -> str:
    return f"{line.row.standard.key} {line.row.content.name}"


def _weak_table(rows: Sequence[tuple[SheetLine, Score]]) -> Table:
    return Table(
        ("测评标准", "得分", "分值", "失分"),
        tuple(
            (
                f"{_name(line)}：{line.row.standard.text.partition('（需提供')[0]}",
                str(shown(exact(line.row.standard.points) - lost)),
                plain_points(exact(line.row.standard.points)),
                str(shown(lost)),
            )
            for line, lost in rows
        ),
        (6, 0.9, 0.9, 0.9),
        frozenset({1, 2, 3}),
    )


def _events(sheet: UnitSheet) -> Iterator[Part]:
    found = [(line, event) for line in sheet.lines for event in line.events if event.cancelled_at is None]
    yield Heading("五、加分、扣分事项")
    if not found:
        yield Paragraph("没有。")
        return
    yield Table(
        ("日期", "事项", "依据文件", "分数"),
        tuple((str(event.happened_on), event.reason, event.document, _change(line, event)) for line, event in found),
        (1.3, 3.6, 2.6, 1.1),
        frozenset({3}),
    )


def _change(line: SheetLine, event: Event) -> str:
    kind = line.row.standard.kind
    return kind.label if kind is Kind.VETO else f"{_SIGNS[kind]}{shown(exact(event.points))}"


def _democratic(sheet: UnitSheet) -> Iterator[Part]:
    line, result = sheet.democratic, sheet.tally
    if line is None:
        yield Paragraph("本单位的测评体系没有民主测评。")
        return
    if result is None:
        yield Paragraph("没有可反馈的测评结果。")
    elif result.shortcoming is not None:
        yield Paragraph(f"{result.shortcoming}。")
    elif result.organization is None or result.organization.score is None:
        yield Paragraph("测评会没有领导班子的有效评价。")
    else:
        yield from _poll(result, result.organization, result.organization.score)
    if line.value.state is RowState.MARKED and line.value.got is not None:
        how = "由考核组确认，" if line.confirmed else ""
        points = plain_points(exact(line.row.standard.points))
        yield Paragraph(f"本行{how}得 {shown(line.value.got)} 分，分值 {points} 分。")


def _poll(result: Tally, form: FormTally, score: Score) -> Iterator[Part]:
    turnout = result.turnout
    present = "" if turnout.present is None else f"实到 {turnout.present} 人，"
    yield Paragraph(
        f"应到 {turnout.entitled} 人，{present}收回 {turnout.returned} 张，有效 {result.valid} 张；"
        f"领导班子得分 {shown(score)} 分。"
    )
    if result.few or result.has_hidden_class or result.unanimous:
        yield Paragraph("为保护填票人，各项得分不单独列出。")
        return
    yield Table(
        ("项", "测评内容", "得分"),
        tuple(
            (question.key, question.text, "—" if question.score is None else str(shown(question.score)))
            for question in form.questions
        ),
        (0.5, 6.5, 1),
        frozenset({2}),
    )
