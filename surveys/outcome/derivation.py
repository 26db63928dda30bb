"""Why this score: a figure of a frozen or live sheet worked out again, step by step, in arithmetic that can be read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from surveys.catalog.model import Standard, plain
from surveys.marking.derivation_steps import Step, added, equals, figure, grouped
from surveys.marking.score_sheets import UnitSheet
from surveys.outcome.derivation_of_vote import by_votes
from surveys.outcome.figures import score_in
from surveys.outcome.unit_record import EventRecord, ExemptionRecord, MarkRecord, ResultRecord, RowRecord, UnitRecord
from surveys.scoring.exact import Score, exact, shown
from surveys.scoring.score_sheet import Kind, Mode, RowState, ScoringRules, worth


@dataclass(frozen=True)
class Derivation:
    """`result`: what the steps come to; `recorded`: what the sheet says. They agree, or something is wrong."""

    steps: tuple[Step, ...]
    result: Score | None
    recorded: Score | None

    @property
    def agrees(self) -> bool:
        return self.result == self.recorded


def derive_row(unit: UnitRecord, row_key: str, *, for_unit: bool = False) -> Derivation:
    """`for_unit`: the reader is the unit that was rated. The score of a vote is told in any case. Raises NotFound."""
    row = unit.row(row_key)
    steps, result = _row(row, unit, for_unit=for_unit)
    two = () if for_unit else _by_two(row)
    return Derivation((*_set_aside(row), *steps, *two), result, row.worth)


def _by_two(row: RowRecord) -> Iterator[Step]:
    """Who decided in another's place. Of no concern to the unit, whose sheet names nobody."""
    entries: list[tuple[str, ExemptionRecord | MarkRecord | EventRecord]] = []
    if row.exemption is not None:
        entries.append(("免考", row.exemption))
    entries += [(f"{mark.department} {plain(mark.points)} 分", mark) for mark in row.marks]
    entries += [(event.document, event) for event in row.events if not event.is_cancelled]
    for what, entry in entries:
        if entry.confirmed_by is not None:
            yield Step(f"{what}：{entry.by}提出，{entry.confirmed_by}确认。")


def _set_aside(row: RowRecord) -> Iterator[Step]:
    for poll in row.set_aside:
        whose = f"{poll.team}，" if poll.team else ""
        yield Step(f"{whose}{poll.title}（封存码 {poll.seal}）经两人决定不计入得分。理由：{poll.reason}")


def _conflicts(row: RowRecord) -> Iterator[Step]:
    for each in row.conflicts:
        whose = f"{each.team}有" if each.team else "有"
        named = "、".join(f"{poll.title}（封存码 {poll.seal}）" for poll in each.polls)
        yield Step(f"{whose}{len(each.polls)} 次封存的测评会：{named}。须由两名管理员定哪一次算，定下以前不计分。")


def _row(row: RowRecord, unit: UnitRecord, *, for_unit: bool) -> tuple[list[Step], Score | None]:
    standard = row.row.standard
    if row.state is RowState.NOT_APPLICABLE:
        tags = "、".join(unit.tags) or "没有标签"
        words = f"这一行只考核有“{'、'.join(standard.applies_to)}”标签的单位；本单位的标签：{tags}。不计入基础分。"
        return [Step(words)], None
    if row.exemption is not None:
        return [Step(f"经决定免考：{row.exemption.reason}（{row.exemption.document}）。不计入基础分。")], None
    if standard.kind is Kind.VETO:
        return _veto(row)
    if not standard.takes_marks:
        return _by_events(row)
    if row.marks and row.is_democratic:
        return _by_confirmation(row.marks[0])
    if row.marks and row.state is RowState.MARKED:
        return _by_marks(row)
    if row.is_democratic and row.conflicts:
        return [*_conflicts(row)], None
    if row.is_democratic and row.vote is not None:
        return by_votes(standard.points, row.vote, for_unit=for_unit)
    if row.is_democratic:
        return [Step("得分来自民主测评（单位测评表），还没有封存的测评会。")], None
    marked = {mark.department for mark in row.marks}
    waiting = [name for name in row.departments if name not in marked]
    return [Step(f"等{'、'.join(waiting)}打分。全部打分后才有得分。")], None


def _veto(row: RowRecord) -> tuple[list[Step], Score]:
    standing = [event for event in row.events if event.counts]
    steps = [Step(f"{event.happened_on} {event.document}：{event.reason}。") for event in standing]
    return steps or [Step("没有登记一票否决的情形。")], Fraction(1 if standing else 0)


def _by_events(row: RowRecord) -> tuple[list[Step], Score]:
    standard = row.row.standard
    points = [exact(event.points) for event in row.events if event.counts]
    total = sum(points, Fraction(0))
    if not standard.starts_full:
        return _by_ledger(standard, points, total)
    full = exact(standard.points)
    result = max(full - total, Fraction(0))
    if not points:
        return [Step(f"这一行从满分起算，没有登记事件，得满分 {figure(full)}。")], result
    lost = " − ".join(figure(each) for each in points)
    steps = [Step("从满分起算，减去登记的事件", f"{figure(full)} − {lost} {equals(full - total)}")]
    return [*steps, *([Step("扣完为止，得 0 分。")] if total > full else [])], result


def _by_ledger(standard: Standard, points: Sequence[Score], total: Score) -> tuple[list[Step], Score]:
    result = worth(standard.kind, standard.points, total)
    steps = [Step("登记的事件合计", added(points, total)) if points else Step("没有登记事件，计 0 分。")]
    if result < total:
        steps.append(Step(f"登记合计 {figure(total)}，超过本行上限，计 {figure(result)}。"))
    return steps, result


def _by_marks(row: RowRecord) -> tuple[list[Step], Score]:
    marks = {mark.department: exact(mark.points) for mark in row.marks}
    points = [marks[name] for name in row.departments]
    result = sum(points, Fraction(0)) / len(points)
    names = "、".join(row.departments)
    if len(points) == 1:
        return [Step(f"{names}打分", figure(result))], result
    return [Step(f"{names}共同打分，取平均", f"{grouped(points)} ÷ {len(points)} {equals(result)}")], result


def _by_confirmation(mark: MarkRecord) -> tuple[list[Step], Score]:
    result = exact(mark.points)
    return [Step(f"不按测评会，由考核组另定，两人确认。理由：{mark.remark}", figure(result))], result


def derive_total(unit: UnitRecord, rules: ScoringRules) -> Derivation:
    """The unit's final score from its rows."""
    recorded = score_in(unit.result.final)
    unknown = [row.key for row in unit.rows if row.state in (RowState.PENDING, RowState.WITHHELD)]
    blocks = {row.row.block.code: row.row.block for row in unit.rows}
    sums = _blocks(unit)
    steps = [
        Step(
            f"{code} {blocks[code].name}：{len(got)} 行适用，满分合计 {figure(points)}，得分合计",
            added(got, sum(got, Fraction(0))),
        )
        for code, (got, points) in sums.items()
        if points > 0
    ]
    if unknown:
        steps.append(Step(f"{'、'.join(unknown)} 还没有定下得分，全部定下后才有总分。"))
        return Derivation(tuple(steps), None, recorded)
    totals = {code: (sum(got, Fraction(0)), points) for code, (got, points) in sums.items()}
    found = _base(totals, {code: exact(block.points) for code, block in blocks.items()}, rules.mode)
    if found is None:
        return Derivation((*steps, Step("没有适用的行，没有总分。")), None, recorded)
    step, base = found
    steps.append(step)
    bonus = _ledger(unit, Kind.BONUS, rules.bonus_cap, steps)
    deduction = _ledger(unit, Kind.DEDUCTION, rules.deduction_cap, steps)
    final = max(base + bonus - deduction, Fraction(0))
    sum_ = f"{figure(base)} + {figure(bonus)} − {figure(deduction)} {equals(base + bonus - deduction)}"
    steps.append(Step("最后得分 = 基础分 + 加分 − 扣分" + ("，最低为 0" if base + bonus < deduction else ""), sum_))
    steps += _band(unit.result, final, rules)
    return Derivation(tuple(steps), final, recorded)


def _blocks(unit: UnitRecord) -> dict[str, tuple[list[Score], Score]]:
    """By block: what its marked rows of kind standard got, and their points together."""
    sums: dict[str, tuple[list[Score], Score]] = {}
    for row in unit.rows:
        standard, code = row.row.standard, row.row.block.code
        if standard.kind is Kind.STANDARD and row.got is not None:
            before, points = sums.get(code, ([], Fraction(0)))
            sums[code] = ([*before, row.got.exact], points + exact(standard.points))
    return sums


def _base(
    totals: Mapping[str, tuple[Score, Score]], weights: Mapping[str, Score], mode: Mode
) -> tuple[Step, Score] | None:
    """`totals`: by block, what the rows that apply got, and their points. None where no row applies."""
    totals = {code: pair for code, pair in totals.items() if pair[1] > 0}
    if not totals:
        return None
    if mode is Mode.WHOLE:
        got, points = (sum((pair[each] for pair in totals.values()), Fraction(0)) for each in (0, 1))
        base = 100 * got / points
        sum_ = f"100 × {figure(got)} ÷ {figure(points)} {equals(base)}"
        return Step("基础分 = 100 × 得分合计 ÷ 适用的满分合计", sum_), base
    share = sum((weights[code] for code in totals), Fraction(0))
    base = 100 * sum((weights[code] * got / points for code, (got, points) in totals.items()), Fraction(0)) / share
    parts = " + ".join(
        f"{figure(weights[code])} × {figure(got)} ÷ {figure(points)}" for code, (got, points) in totals.items()
    )
    return Step("基础分：各板块按权重折算", f"100 × ({parts}) ÷ {figure(share)} {equals(base)}"), base


def base_of(sheet: UnitSheet) -> Step | None:
    """How the base of a live sheet is worked out; None while there is none."""
    if sheet.score.base is None:
        return None
    totals = {block.code: (block.got, block.points) for block in sheet.score.blocks}
    weights = {block.code: exact(block.points) for block in sheet.framework.blocks}
    found = _base(totals, weights, ScoringRules.from_json(sheet.unit.assessment.rules).mode)
    return None if found is None else found[0]


def _ledger(unit: UnitRecord, kind: Kind, cap: Decimal, steps: list[Step]) -> Score:
    """Bonus or deduction: each row up to its own points, all together up to the cap."""
    parts = []
    for row in unit.rows:
        standard, got = row.row.standard, score_in(row.got)
        if standard.kind is kind and got:
            counts = worth(kind, standard.points, got)
            parts.append(counts)
            capped = f"，超过本行上限，计 {figure(counts)}" if got > counts else ""
            steps.append(Step(f"{kind.label} {standard.key}：{figure(got)} 分{capped}。"))
    total = min(sum(parts, Fraction(0)), exact(cap))
    what = "加分" if kind is Kind.BONUS else "扣分"
    if not parts:
        steps.append(Step(f"没有{what}。"))
    elif sum(parts, Fraction(0)) > total:
        steps.append(Step(f"{what}合计 {figure(sum(parts, Fraction(0)))}，上限 {plain(cap)}，计 {figure(total)}。"))
    elif len(parts) > 1:
        steps.append(Step(f"{what}合计", added(parts, total)))
    return total


def _band(result: ResultRecord, final: Score, rules: ScoringRules) -> Iterator[Step]:
    floors = "，".join(f"{band.name} {plain(band.floor)} 分起" for band in rules.bands)
    veto = f"有一票否决，等次最高为{rules.veto_band}。" if result.vetoed else ""
    quota = ""
    if rules.top_quota is not None:
        quota = f"{rules.bands[0].name}按名次不超过 {plain(rules.top_quota * 100)}%。"
    moved = "".join(f"{words}。" for words in result.band_moves(rules))
    yield Step(f"等次：{floors}。{veto}{quota}显示为 {shown(final)} 分，定为{result.band}。{moved}")
    if result.rank is not None:
        ahead = f"有 {result.rank - 1} 个单位得分更高" if result.rank > 1 else "没有单位得分更高"
        yield Step(f"名次：同类别有得分的 {result.ranked} 个单位中，{ahead}，排第 {result.rank}。")
