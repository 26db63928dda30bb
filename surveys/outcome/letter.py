"""The letter to a unit (反馈函): its result, where it did well, where it lost points, its sheet row by row."""

import re
from collections.abc import Iterator, Sequence
from datetime import tzinfo

from surveys.catalog.model import plain
from surveys.marking.democratic_row import ONE_TEAM
from surveys.marking.results import plain_points
from surveys.outcome.derivation_of_vote import classes_can_be_told, weight_words
from surveys.outcome.figures import figure_words
from surveys.outcome.printed_source import PresentRecord, certificate_words, footing
from surveys.outcome.unit_record import EventRecord, RowRecord, UnitRecord
from surveys.outcome.vote_record import ItemRecord, PollRecord, VoteRecord
from surveys.reporting.documents import Document, Heading, Paragraph, Part, Signature, Table
from surveys.scoring.exact import Score, exact, shown
from surveys.scoring.grades import BLANK
from surveys.scoring.score_sheet import Kind, RowState
from surveys.vote import class_words

_MOST_WEAK = 5
_EVIDENCE = re.compile(r"[（(]需提供")  # what to hand in follows; it is told elsewhere
_SIGNS = {Kind.BONUS: "+", Kind.DEDUCTION: "−", Kind.STANDARD: "−", Kind.VETO: ""}


def letter(found: PresentRecord, unit: UnitRecord, zone: tzinfo) -> Document:
    """A unit's letter. It shows nothing of other units but how many the unit was ranked among."""
    rows = unit.rows
    framework = found.record.frameworks[unit.framework]
    now = "结果如下，现予反馈" if found.certificate else "目前的结果如下，尚未核定，供核对"
    parts: list[Part] = [
        Paragraph(f"{unit.name}：", indented=False),
        Paragraph(f"{found.record.title}{now}。"),
        Heading("一、结果"),
        *_outcome(found, unit),
        Heading("二、各板块得分"),
        _blocks(unit, {block.code: block.name for block in framework.blocks}),
        *_rows(rows),
        *_events(rows),
        Heading("六、民主测评"),
        *_democratic(unit.democratic),
        Paragraph("请对照以上情况，保持好的做法，改进不足之处。各行得分见附表。"),
        Signature(framework.lead_department),
        Heading("附：计分表", new_page=True),
        *_sheet(rows),
        *(Paragraph(words, small=True, indented=False) for words in certificate_words(found, zone)),
    ]
    return Document(found.record.title, "考核结果反馈函", found.draft, tuple(parts), footing(found))


def _outcome(found: PresentRecord, unit: UnitRecord) -> Iterator[Part]:
    result = unit.result
    yield Table(
        ("最后得分", "等次", f"名次（{unit.category}）", "基础分", "加分", "扣分"),
        (
            (
                figure_words(result.final, "待定"),
                result.band or "—",
                "—" if result.rank is None else f"{result.rank}（共 {result.ranked} 个单位）",
                *map(figure_words, (result.base, result.bonus, result.deduction)),
            ),
        ),
        (1.2, 1, 2.2, 1, 1, 1),
    )
    moves = found.printed_moves(unit)
    if result.vetoed and not moves:
        yield Paragraph("因一票否决，等次受限。")
    if moves:
        yield Paragraph(f"等次{'，'.join(moves)}。")
    unknown = [row.key for row in unit.rows if row.state in (RowState.PENDING, RowState.WITHHELD)]
    if unknown:
        named = "、".join(unknown)
        yield Paragraph(f"还有 {len(unknown)} 行未定（{named}），全部定下后才有最后得分、等次和名次。")


def _blocks(unit: UnitRecord, names: dict[str, str]) -> Table:
    rows = []
    for block in unit.blocks:
        got, points = block.got.exact, block.points.exact
        if points:
            share = f"{shown(100 * got / points)}%"
            rows.append((f"{block.code} {names[block.code]}", str(shown(got)), plain_points(points), share))
    return Table(("板块", "得分", "适用分值", "得分率"), tuple(rows), (4, 1, 1, 1.3), frozenset({1, 2, 3}))


def _rows(rows: Sequence[RowRecord]) -> Iterator[Part]:
    marked = [(row, lost) for row in rows if (lost := _lost(row)) is not None]
    full = [row for row, lost in marked if lost == 0]
    weak = sorted(((row, lost) for row, lost in marked if lost > 0), key=lambda pair: -pair[1])
    yield Heading("三、得满分的方面")
    if full:
        yield Paragraph(f"以下 {len(full)} 行得满分：{'；'.join(_name(row) for row in full)}。")
    else:
        yield Paragraph("没有得满分的行。")
    yield Heading("四、失分最多的方面")
    if weak:
        yield _weak_table(weak[:_MOST_WEAK])
    else:
        yield Paragraph("没有失分的行。")
    if len(weak) > _MOST_WEAK:
        yield Paragraph(f"另有 {len(weak) - _MOST_WEAK} 行有失分，见附表。")


def _lost(row: RowRecord) -> Score | None:
    """Points short of full marks on a row that is marked; the democratic row is told of apart."""
    standard, got = row.row.standard, row.worth
    if standard.kind is not Kind.STANDARD or got is None or row.is_democratic or standard.points == 0:
        return None
    return exact(standard.points) - got


def _name(row: RowRecord) -> str:
    return f"{row.key} {row.row.content.name}"


def _weak_table(rows: Sequence[tuple[RowRecord, Score]]) -> Table:
    return Table(
        ("测评标准", "得分", "分值", "失分"),
        tuple(
            (
                f"{_name(row)}：{_EVIDENCE.split(row.row.standard.text)[0].rstrip()}",
                str(shown(exact(row.row.standard.points) - lost)),
                plain(row.row.standard.points),
                str(shown(lost)),
            )
            for row, lost in rows
        ),
        (6, 0.9, 0.9, 0.9),
        frozenset({1, 2, 3}),
    )


def _events(rows: Sequence[RowRecord]) -> Iterator[Part]:
    found = [(row, event) for row in rows for event in row.events if not event.is_cancelled]
    yield Heading("五、加分、扣分事项")
    if not found:
        yield Paragraph("没有。")
        return
    yield Table(
        ("日期", "事项", "依据文件", "分数"),
        tuple((str(event.happened_on), event.reason, event.document, _change(row, event)) for row, event in found),
        (1.3, 3.6, 2.6, 1.1),
        frozenset({3}),
    )
    for row, event in found:
        if not event.counts:
            yield Paragraph(f"{event.happened_on} {event.document}：{row.standing_words(event)}。", small=True)


def _change(row: RowRecord, event: EventRecord) -> str:
    kind = row.row.standard.kind
    if not event.counts:
        return "不计"
    return kind.label if kind is Kind.VETO else f"{_SIGNS[kind]}{shown(exact(event.points))}"


def _democratic(row: RowRecord | None) -> Iterator[Part]:
    if row is None:
        yield Paragraph("本单位的测评体系没有民主测评。")
        return
    if row.vote is None:
        yield Paragraph("没有可反馈的测评结果。")
    else:
        yield from _vote(row.vote)
    if row.worth is not None:
        how = "由考核组确认，" if row.marks else ""
        yield Paragraph(f"本行{how}得 {shown(row.worth)} 分，分值 {plain(row.row.standard.points)} 分。")


def _vote(vote: VoteRecord) -> Iterator[Part]:
    if vote.is_by_team:
        yield from _teams(vote)
    else:
        yield from _poll(vote.poll)


def _poll(poll: PollRecord, name: str = "") -> Iterator[Part]:
    present = "" if poll.present is None else f"实到 {poll.present} 人，"
    turnout = f"{name}应到 {poll.entitled} 人，{present}收回 {poll.returned} 张，有效 {poll.valid} 张"
    if poll.shortcoming is not None:
        yield Paragraph(f"{turnout}。{poll.shortcoming}。")
    elif poll.score is None:
        yield Paragraph(f"{turnout}。测评会没有领导班子的有效评价。")
    else:
        yield Paragraph(f"{turnout}；领导班子得分 {poll.score.shown} 分。")
        yield from map(Paragraph, weight_words(poll, for_unit=True))
        yield from _items(poll)


def _teams(vote: VoteRecord) -> Iterator[Part]:
    """Each one's score, then its turnout and items; of a version frozen before those were kept, the score alone."""
    yield Paragraph("分班子测评，按权重合成：")
    rows = [
        (each.team or ONE_TEAM, plain(each.weight), figure_words(each.score), each.fault or "") for each in vote.teams
    ]
    rows += [(team, "", "—", "还没有结果") for team in vote.waiting]
    yield Table(("班子", "权重", "得分", "说明"), tuple(rows), (3, 1, 1.2, 3), frozenset({1, 2}))
    for each in vote.teams:
        if each.poll is not None:
            yield from _poll(each.poll, f"{each.team or ONE_TEAM}：")


def _items(poll: PollRecord) -> Iterator[Part]:
    if not classes_can_be_told(poll) or any(map(_unanimous, poll.items)):
        yield Paragraph("为保护填票人，各项得分不单独列出。")
        return
    yield Table(
        ("项", "测评内容", "得分"),
        tuple((item.key, item.text, figure_words(item.score)) for item in poll.items),
        (0.5, 6.5, 1),
        frozenset({2}),
    )
    whole = {each.key for each in poll.passed_on}
    if partly := [item.key for item in poll.items if item.passed_on.keys() - whole]:
        yield Paragraph(class_words.on_items(partly))


def _unanimous(item: ItemRecord) -> bool:
    """Everybody gave the same grade: the score tells what each of them wrote."""
    return sum(count > 0 for count in item.counts.values()) == 1 and item.counts[BLANK] == 0


def _sheet(rows: Sequence[RowRecord]) -> Iterator[Part]:
    """Every row that applies. A veto or a deduction that did not happen is a line too: it was looked at."""
    lines = []
    apart = 0
    for row in rows:
        standard = row.row.standard
        if row.state is RowState.NOT_APPLICABLE:
            apart += 1
            continue
        points = "—" if standard.kind is Kind.VETO else plain(standard.points)
        lines.append((row.key, row.row.content.name, standard.kind.label, points, _got(row)))
    titles = ("行", "测评内容", "种类", "分值", "得分")
    yield Table(titles, tuple(lines), (1.2, 4.2, 1.3, 0.9, 1.2), frozenset({3, 4}))
    if apart:
        yield Paragraph(f"另有 {apart} 行不适用于本单位，不计入基础分，没有列出。", small=True, indented=False)


def _got(row: RowRecord) -> str:
    kind, got = row.row.standard.kind, row.worth
    if got is None:
        return row.state.label
    if kind is Kind.VETO:
        return "否决" if got else "无"
    return f"{_SIGNS[kind]}{shown(got)}" if got and kind is not Kind.STANDARD else str(shown(got))
