"""The office's report on an assessment (考核报告)."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import tzinfo
from functools import partial

from surveys.catalog.model import Framework, plain
from surveys.outcome.figures import figure_words
from surveys.outcome.printed_source import PresentRecord, certificate_words, democratic_words, footing
from surveys.outcome.score_bars import band_floors, unit_bar
from surveys.outcome.score_record import ScoreRecord
from surveys.outcome.unit_record import UnitRecord
from surveys.reporting.chart_sizes import PRINTED_WIDTH
from surveys.reporting.charts import unit_bars
from surveys.reporting.documents import Document, Heading, Paragraph, Part, Picture, Table
from surveys.scoring.score_sheet import Mode, RowState

BARS_PER_CHART = 30  # what fits a page


def report(found: PresentRecord, zone: tzinfo) -> Document:
    parts: tuple[Part, ...] = (
        *_scope(found),
        *_methods(found),
        *_categories(found),
        *_open_matters(found),
        *_how_scored(found),
        *_certificate(found, zone),
    )
    return Document(found.record.title, "考核报告", found.draft, parts, footing(found))


def _scope(found: PresentRecord) -> Iterator[Part]:
    every = found.record.units
    counts = Counter(unit.category for unit in every)
    listed = "、".join(f"{category} {counts[category]} 个" for category in found.record.categories)
    yield Heading("一、考核范围")
    yield Paragraph(f"本次考核 {len(every)} 个单位：{listed}。")
    for framework in _used(found.record):
        units = sum(unit.framework == framework.key for unit in every)
        rows = sum(1 for _ in framework.rows())
        yield Paragraph(f"{framework.title}：{rows} 行测评标准，用于 {units} 个单位。")


def _methods(found: PresentRecord) -> Iterator[Part]:
    yield Heading("二、考核方法")
    frameworks = _used(found.record)
    by_framework = [
        Counter("或".join(method.label for method in row.standard.methods) for row in framework.rows())
        for framework in frameworks
    ]
    methods = dict.fromkeys(method for counts in by_framework for method in counts)
    yield Paragraph("各测评体系按方法分的测评标准行数：")
    yield Table(
        ("测评体系", *methods),
        tuple(
            (framework.title, *(str(counts[method]) for method in methods))
            for framework, counts in zip(frameworks, by_framework, strict=True)
        ),
        (3.2, *(1.0 for _ in methods)),
        frozenset(range(1, len(methods) + 1)),
    )
    recorded = [(kind, count) for kind, count in found.record.proceedings.items() if count]
    if recorded:
        yield Paragraph(f"已{'，'.join(f'{kind.label} {count} 个单位' for kind, count in recorded)}。")
    votes = [unit.democratic for unit in found.record.units if unit.democratic is not None]
    counted = sum(row.is_by_vote for row in votes)
    confirmed = sum(row.is_confirmed for row in votes)
    yield Paragraph(
        f"民主测评按测评会计分 {counted} 个单位{f'，由考核组另行确认 {confirmed} 个单位' if confirmed else ''}。"
    )


def _used(record: ScoreRecord) -> list[Framework]:
    """The frameworks that units have, in the order of the units."""
    return [record.frameworks[key] for key in dict.fromkeys(unit.framework for unit in record.units)]


def _categories(found: PresentRecord) -> Iterator[Part]:
    yield Heading("三、考核结果")
    rules = found.record.rules
    for number, category in enumerate(found.record.categories, start=1):
        ranked = found.record.ranked(category)
        bands = Counter(unit.result.band for unit in ranked)
        listed = "，".join(f"{band.name} {bands[band.name]} 个" for band in rules.bands)
        waiting = sum(unit.result.final is None for unit in ranked)
        yield Heading(f"（{number}）{category}", 2)
        yield Paragraph(f"共 {len(ranked)} 个单位：{listed}{f'，待定 {waiting} 个' if waiting else ''}。")
        yield Table(
            ("名次", "单位", "得分", "等次", "基础分", "加分", "扣分", "民主测评"),
            tuple(_result_row(found, unit) for unit in ranked),
            (0.8, 3.4, 1.1, 1.9, 1.1, 1.0, 1.0, 1.4),
            frozenset({0, 2, 4, 5, 6, 7}),
        )
        if any(unit.result.vetoed for unit in ranked):
            yield Paragraph(f"“否决”：有一票否决的情形，等次不高于{rules.veto_band}。", small=True)
        if any(map(partial(_by_quota, found), ranked)):
            top, second = rules.bands[0].name, rules.bands[1].name
            yield Paragraph(f"“比例”：得分达到{top}，因比例限制改为{second}。", small=True)
        yield from _charts(found.record, category, ranked)


def _by_quota(found: PresentRecord, unit: UnitRecord) -> bool:
    return any("比例" in words for words in found.printed_moves(unit))


def _result_row(found: PresentRecord, unit: UnitRecord) -> tuple[str, ...]:
    result = unit.result
    why = f"{'（否决）' if result.vetoed else ''}{'（比例）' if _by_quota(found, unit) else ''}"
    return (
        "—" if result.rank is None else str(result.rank),
        unit.name,
        figure_words(result.final, "待定"),
        f"{result.band or '—'}{why}",
        *map(figure_words, (result.base, result.bonus, result.deduction)),
        democratic_words(unit),
    )


def _charts(record: ScoreRecord, category: str, ranked: Sequence[UnitRecord]) -> Iterator[Picture]:
    for start in range(0, len(ranked), BARS_PER_CHART):
        own = ranked[start : start + BARS_PER_CHART]
        part = "" if len(ranked) <= BARS_PER_CHART else f"（第 {start + 1} 至 {start + len(own)} 个）"
        bars = [unit_bar(unit) for unit in own]
        picture = unit_bars(
            f"{category}得分{part}", record.title, bars, "png", band_floors(record.rules), PRINTED_WIDTH
        )
        yield Picture(picture)


def _open_matters(found: PresentRecord) -> Iterator[Part]:
    yield Heading("四、尚未定的事项")
    lines = []
    for unit in found.record.units:
        for state, words in ((RowState.PENDING, "待打分"), (RowState.WITHHELD, "民主测评没有计分")):
            keys = [row.key for row in unit.rows if row.state is state]
            if keys:
                lines.append((unit.name, words, f"{len(keys)} 行：{'、'.join(keys)}"))
    if lines:
        yield Table(("单位", "事项", "哪些行"), tuple(lines), (2.0, 1.6, 4.4))
    else:
        yield Paragraph("没有。各单位适用的行都已定。")


def _how_scored(found: PresentRecord) -> Iterator[Part]:
    rules = found.record.rules
    base = (
        "基础分 = 100 × 各适用行得分之和 ÷ 各适用行分值之和"
        if rules.mode is Mode.WHOLE
        else "基础分 = 100 × 各板块得分率按板块分值的加权平均，没有适用行的板块，其分值由其他板块分摊"
    )
    yield Heading("五、得分怎么算")
    for place, line in enumerate(
        (
            "每一行由考核部门在分值以内打分；几个部门共同考核的行取平均。",
            "民主测评行的得分 = 本行分值 × 测评会领导班子得分 ÷ 100；没有达到计分条件的，重新测评或由考核组确认。",
            f"{base}；不适用和免考的行不计入。",
            f"最后得分 = 基础分 + 加分（最多 {plain(rules.bonus_cap)} 分）"
            f"− 扣分（最多 {plain(rules.deduction_cap)} 分），不低于 0，只在最后四舍五入到两位小数。",
            f"{found.band_rule}名次在同一类别内排，得分相同的并列。",
        ),
        start=1,
    ):
        yield Paragraph(f"{place}. {line}")


def _certificate(found: PresentRecord, zone: tzinfo) -> Iterator[Part]:
    words = list(certificate_words(found, zone))
    if words:
        yield Heading("六、核定")
        yield Paragraph(words[0])
        yield from (Paragraph(line, indented=False, small=True) for line in words[1:])
