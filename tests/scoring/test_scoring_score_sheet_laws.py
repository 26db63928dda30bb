"""Laws that every score sheet keeps, and a second calculation that agrees with it."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from surveys.scoring.score_sheet import Kind, Mode, RowState, RowValue, ScoredRow, ScoringRules, score_sheet

BLOCKS = ["I-1", "I-2", "I-3", "I-4"]
OUT = [RowValue(RowState.NOT_APPLICABLE), RowValue(RowState.EXEMPTED)]
UNKNOWN = [RowValue(RowState.PENDING), RowValue(RowState.WITHHELD)]

points = st.integers(1, 2000).map(lambda hundredths: Decimal(hundredths) / 100)
shares = st.integers(0, 300).map(lambda share: Fraction(share, 300))
marks_and_outs = st.one_of(shares, shares, st.sampled_from(OUT))
any_values = st.one_of(shares, shares, st.sampled_from([*OUT, *UNKNOWN]))
rules = st.builds(
    ScoringRules,
    mode=st.sampled_from(Mode),
    bonus_cap=st.integers(0, 8).map(Decimal),
    deduction_cap=st.integers(0, 20).map(Decimal),
)


def units(values=marks_and_outs, kinds=tuple(Kind)):
    """(rows, values) of units with at least one row marked; `values`: shares of a row's points, or why it has none."""
    entry = st.tuples(st.sampled_from(kinds), st.sampled_from(BLOCKS), points, values)
    first = st.tuples(st.just(Kind.STANDARD), st.sampled_from(BLOCKS), points, shares)
    return st.builds(lambda entry, entries: unit_of([entry, *entries]), first, st.lists(entry, max_size=8))


def unit_of(entries):
    """Rows and values; the events of a bonus or deduction row may come to twice its points."""
    rows, values = [], {}
    for number, (kind, block, worth, value) in enumerate(entries, start=1):
        row = ScoredRow(f"III-{number}", block, kind, Decimal(0) if kind is Kind.VETO else worth)
        most = {Kind.STANDARD: Fraction(worth), Kind.VETO: Fraction(1)}.get(kind, 2 * Fraction(worth))
        rows.append(row)
        values[row.key] = RowValue(RowState.MARKED, value * most) if isinstance(value, Fraction) else value
    return rows, values


def block_points(rows):
    """What each block weighs: the points of its standard rows."""
    standard = [row for row in rows if row.kind is Kind.STANDARD]
    return {block: sum(row.points for row in standard if row.block == block) for block in {row.block for row in rows}}


def sheet_of(rows, values, rules, weights=None):
    return score_sheet(rows, values, rules, weights or block_points(rows))


def calculated(rows, values, rules):
    """(base, bonus, deduction, final) by the letter of README's rules, with plain fractions."""
    caps = {Kind.BONUS: Fraction(rules.bonus_cap), Kind.DEDUCTION: Fraction(rules.deduction_cap)}
    events = {Kind.BONUS: Fraction(0), Kind.DEDUCTION: Fraction(0)}
    got, applying, weights = {}, {}, {}
    unknown = False
    for row in rows:
        value, worth = values[row.key], Fraction(row.points)
        if row.kind is Kind.STANDARD:
            weights[row.block] = weights.get(row.block, 0) + worth
            unknown = unknown or value in UNKNOWN
            if value.state is RowState.MARKED:
                got[row.block] = got.get(row.block, 0) + value.got
                applying[row.block] = applying.get(row.block, 0) + worth
        elif row.kind in events and value.state is RowState.MARKED:
            events[row.kind] += min(value.got, worth)
    plus, minus = (min(events[kind], caps[kind]) for kind in (Kind.BONUS, Kind.DEDUCTION))
    if unknown:
        return None, plus, minus, None
    if rules.mode is Mode.WHOLE:
        base = sum(got.values()) / sum(applying.values()) * 100
    else:
        kept = sum(weights[block] for block in applying)
        base = sum(weights[block] / kept * got[block] / applying[block] * 100 for block in applying)
    return base, plus, minus, max(base + plus - minus, Fraction(0))


@given(units(any_values), rules)
def test_a_second_calculation_agrees(unit, rules):
    sheet = sheet_of(*unit, rules)

    assert (sheet.base, sheet.bonus, sheet.deduction, sheet.final) == calculated(*unit, rules)


@given(units(), rules)
def test_all_full_marks_are_one_hundred(unit, rules):
    rows, values = unit
    full = {
        row.key: RowValue(RowState.MARKED, Fraction(row.points))
        if row.kind is Kind.STANDARD and values[row.key] not in OUT
        else OUT[0]
        for row in rows
    }

    sheet = sheet_of(rows, full, rules)

    assert (sheet.base, sheet.final, sheet.band) == (100, 100, "优秀")


@given(units(any_values), rules, st.sampled_from(Kind), points, st.sampled_from(OUT))
def test_a_row_that_does_not_apply_changes_nothing(unit, rules, kind, worth, out):
    rows, values = unit
    weights = block_points(rows)
    more = [*rows, ScoredRow("more", rows[0].block, kind, worth)]

    assert sheet_of(more, values | {"more": out}, rules, weights) == sheet_of(rows, values, rules, weights)


@given(units(), rules)
def test_exempted_counts_as_not_applicable(unit, rules):
    rows, values = unit
    swapped = {key: OUT[1 - OUT.index(value)] if value in OUT else value for key, value in values.items()}

    assert sheet_of(rows, swapped, rules) == sheet_of(rows, values, rules)


@given(
    st.lists(units(kinds=(Kind.STANDARD, Kind.BONUS)), min_size=2, max_size=3),
    st.integers(0, 1000).map(lambda hundredths: Fraction(hundredths, 100)),
    st.sampled_from(Mode),
)
def test_a_deduction_costs_every_unit_the_same(all_units, cost, mode):
    rules = ScoringRules(mode=mode)
    for rows, values in all_units:
        before = sheet_of(rows, values, rules)
        listed = [*rows, ScoredRow("负面清单", "I-4", Kind.DEDUCTION, Decimal(10))]
        after = sheet_of(listed, values | {"负面清单": RowValue(RowState.MARKED, cost)}, rules)

        assert after.base == before.base
        assert after.deduction == cost
        assert after.final == max(before.final - cost, 0)


@given(units(any_values), rules, st.randoms(use_true_random=False))
def test_the_order_of_rows_is_irrelevant(unit, rules, random):
    rows, values = unit
    sheet = sheet_of(rows, values, rules)
    shuffled = sheet_of(random.sample(rows, len(rows)), dict(reversed(values.items())), rules)

    assert sorted(shuffled.blocks, key=lambda block: block.code) == sorted(sheet.blocks, key=lambda block: block.code)
    assert (shuffled.base, shuffled.bonus, shuffled.deduction) == (sheet.base, sheet.bonus, sheet.deduction)
    assert (shuffled.final, shuffled.band, shuffled.vetoed) == (sheet.final, sheet.band, sheet.vetoed)
    assert (shuffled.pending, shuffled.withheld) == (sheet.pending, sheet.withheld)


@given(units(), rules)
def test_scores_stay_within_their_bounds(unit, rules):
    sheet = sheet_of(*unit, rules)

    assert 0 <= sheet.base <= 100
    assert 0 <= sheet.bonus <= rules.bonus_cap
    assert 0 <= sheet.deduction <= rules.deduction_cap
    assert 0 <= sheet.final <= 100 + sheet.bonus
