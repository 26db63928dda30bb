"""The office's report on an assessment, and the letter to each unit, as PDF.

Final once the assessment is certified; until then each page says that it is a draft.
"""

import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal

from sqlalchemy.orm import Session

from surveys.catalog.model import Framework, plain
from surveys.reporting.charts import UnitBar, unit_bars
from surveys.reporting.documents import Document, Heading, Paragraph, Part, Picture, Table, documents_pdf
from surveys.scoring.assessment_states import AssessmentState
from surveys.scoring.exact import Score, shown
from surveys.scoring.score_sheet import Mode, RowState, ScoringRules
from surveys.services.assessments import assessment_of, frameworks_of
from surveys.services.errors import WrongState
from surveys.services.proceeding_records import ProceedingKind, standing_by_unit
from surveys.services.results import Results, UnitResult, results
from surveys.services.unit_letters import letter

_FINAL = (AssessmentState.CERTIFIED, AssessmentState.ARCHIVED)
_BARS_PER_CHART = 36  # what fits a page
_ZIP_TIME = (2000, 1, 1, 0, 0, 0)
# Talks are not counted here: nothing of them leaves the assessment group.
_REPORTED = (ProceedingKind.REPORT, ProceedingKind.HEARING, ProceedingKind.INSPECTION, ProceedingKind.FEEDBACK)


def report_pdf(session: Session, assessment_id: int) -> bytes:
    """The report on an assessment. Raises NotFound, WrongState when it has no units."""
    found = _results(session, assessment_id)
    frameworks = frameworks_of(assessment_of(session, assessment_id))
    parts: tuple[Part, ...] = (
        *_scope(found, frameworks),
        *_methods(session, found, frameworks),
        *_categories(found),
        *_open_matters(found),
        *_how_scored(found.rules),
    )
    return documents_pdf([Document(found.title, "考核报告", draft_of(found), parts)])[0]


def letters_zip(session: Session, assessment_id: int) -> bytes:
    """A letter (反馈函) per unit, in the order of the assessment. Raises NotFound, WrongState when it has no units."""
    found = _results(session, assessment_id)
    pdfs = documents_pdf([letter(found, result, draft_of(found)) for result in found.units])
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as bundle:
        for number, (result, data) in enumerate(zip(found.units, pdfs, strict=True), start=1):
            name = f"{number:03}-{_file_name(result.sheet.unit.name)}.pdf"
            bundle.writestr(zipfile.ZipInfo(name, _ZIP_TIME), data, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def draft_of(found: Results) -> str | None:
    """Why what is printed is not final, or None."""
    return None if found.state in _FINAL else "考核尚未核定，数字可能变动"


def _results(session: Session, assessment_id: int) -> Results:
    found = results(session, assessment_id)
    if not found.units:
        raise WrongState("这次考核还没有单位，没有可写的报告。")
    return found


def _file_name(name: str) -> str:
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", name).strip(". ")[:60] or "单位"


def _scope(found: Results, frameworks: Sequence[Framework]) -> Iterator[Part]:
    counts = Counter(result.sheet.unit.category for result in found.units)
    listed = "、".join(f"{category} {counts[category]} 个" for category in found.categories)
    yield Heading("一、考核范围")
    yield Paragraph(f"本次考核 {len(found.units)} 个单位：{listed}。")
    for framework in frameworks:
        units = sum(result.sheet.unit.framework == framework.key for result in found.units)
        rows = sum(1 for _ in framework.rows())
        yield Paragraph(f"{framework.title}：{rows} 行测评标准，用于 {units} 个单位。")


def _methods(session: Session, found: Results, frameworks: Sequence[Framework]) -> Iterator[Part]:
    yield Heading("二、考核方法")
    by_framework = [
        Counter("或".join(method.label for method in row.standard.methods) for row in framework.rows())
        for framework in frameworks
    ]
    methods = dict.fromkeys(method for counts in by_framework for method in counts)
    yield Paragraph("各测评体系按方法分的测评标准行数：")
    yield Table(
        ("测评方法", *(framework.title for framework in frameworks)),
        tuple((method, *(str(counts[method]) for counts in by_framework)) for method in methods),
        (1.6, *(2.0 for _ in frameworks)),
        frozenset(range(1, len(frameworks) + 1)),
    )
    records = standing_by_unit(session, [result.sheet.unit.id for result in found.units])
    done = [
        f"{kind.label} {sum(any(each.kind == kind for each in own) for own in records.values())} 个单位"
        for kind in _REPORTED
    ]
    counted = sum(result.sheet.tally is not None and not result.sheet.tally.shortcoming for result in found.units)
    yield Paragraph(f"已{'，'.join(done)}；民主测评计分 {counted} 个单位。")


def _categories(found: Results) -> Iterator[Part]:
    yield Heading("三、考核结果")
    for number, category in enumerate(found.categories, start=1):
        ranked = found.ranked(category)
        bands = Counter(result.band for result in ranked if result.band is not None)
        listed = "，".join(f"{band.name} {bands[band.name]} 个" for band in found.rules.bands)
        waiting = sum(result.final is None for result in ranked)
        yield Heading(f"（{number}）{category}")
        yield Paragraph(f"共 {len(ranked)} 个单位：{listed}{f'，待定 {waiting} 个' if waiting else ''}。")
        yield Table(
            ("名次", "单位", "得分", "等次", "基础分", "加分", "扣分", "民主测评"),
            tuple(_result_row(result) for result in ranked),
            (0.7, 3.6, 1.1, 1.5, 1.1, 0.9, 0.9, 1.2),
            frozenset({0, 2, 4, 5, 6, 7}),
        )
        yield from _charts(found, category, ranked)


def _result_row(result: UnitResult) -> tuple[str, ...]:
    sheet = result.sheet
    organization = None if sheet.tally is None else sheet.tally.organization
    return (
        "—" if result.rank is None else str(result.rank),
        sheet.unit.name,
        "待定" if result.final is None else str(result.final),
        f"{result.band or '—'}{'（一票否决）' if sheet.score.vetoed else ''}",
        _number(sheet.score.base),
        _number(sheet.score.bonus),
        _number(sheet.score.deduction),
        _number(None if organization is None else organization.score),
    )


def _charts(found: Results, category: str, ranked: Sequence[UnitResult]) -> Iterator[Picture]:
    bands = [(band.name, band.floor) for band in found.rules.bands if band.floor > 0]
    for start in range(0, len(ranked), _BARS_PER_CHART):
        own = ranked[start : start + _BARS_PER_CHART]
        part = "" if len(ranked) <= _BARS_PER_CHART else f"（第 {start + 1} 至 {start + len(own)} 个）"
        bars = [UnitBar(result.sheet.unit.name, result.final, result.band) for result in own]
        yield Picture(unit_bars(f"{category}得分{part}", found.title, bars, "png", bands))


def _open_matters(found: Results) -> Iterator[Part]:
    yield Heading("四、尚未定的事项")
    lines = []
    for result in found.units:
        for state, words in ((RowState.PENDING, "待打分"), (RowState.WITHHELD, "民主测评没有达到计分条件")):
            keys = [line.row.standard.key for line in result.sheet.lines if line.value.state is state]
            if keys:
                lines.append((result.sheet.unit.name, words, f"{len(keys)} 行：{'、'.join(keys)}"))
    if lines:
        yield Table(("单位", "事项", "哪些行"), tuple(lines), (2.0, 1.6, 4.4))
    else:
        yield Paragraph("没有。各单位适用的行都已定。")


def _how_scored(rules: ScoringRules) -> Iterator[Part]:
    base = (
        "基础分 = 100 × 各适用行得分之和 ÷ 各适用行分值之和"
        if rules.mode is Mode.WHOLE
        else "基础分 = 100 × 各板块得分率按板块分值的加权平均，没有适用行的板块，其分值由其他板块分摊"
    )
    bands = "，".join(f"{plain(band.floor)} 分以上{band.name}" for band in rules.bands[:-1])
    quota = "" if rules.top_quota is None else f"；{rules.bands[0].name}不超过本类别的 {plain(rules.top_quota * 100)}%"
    yield Heading("五、得分怎么算")
    for number, line in enumerate(
        (
            "每一行由考核部门在分值以内打分；几个部门共同考核的行取平均。",
            "民主测评行的得分 = 本行分值 × 测评会领导班子得分 ÷ 100；没有达到计分条件的，重新测评或由考核组确认。",
            f"{base}；不适用和免考的行不计入。",
            f"最后得分 = 基础分 + 加分（最多 {_cap(rules.bonus_cap)}）− 扣分（最多 {_cap(rules.deduction_cap)}），"
            "不低于 0，只在最后四舍五入到两位小数。",
            f"等次：{bands}，其余{rules.bands[-1].name}{quota}；一票否决的，等次不高于{rules.veto_band}。"
            "名次在同一类别内排，得分相同的并列。",
        ),
        start=1,
    ):
        yield Paragraph(f"{number}. {line}")


def _cap(points: Decimal) -> str:
    return f"{plain(points)} 分"


def _number(score: Score | None) -> str:
    return "—" if score is None else str(shown(score))
