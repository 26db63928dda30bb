"""A unit's score sheet: worked examples, one rule at a time."""

from decimal import Decimal
from fractions import Fraction

import pytest

from surveys.scoring.exact import exact, shown
from surveys.scoring.score_sheet import (
    BlockScore,
    Kind,
    Mode,
    RowState,
    RowValue,
    ScoredRow,
    ScoreSheet,
    ScoringRules,
    score_sheet,
)

NOT_APPLICABLE, EXEMPTED = RowValue(RowState.NOT_APPLICABLE), RowValue(RowState.EXEMPTED)
PENDING, WITHHELD = RowValue(RowState.PENDING), RowValue(RowState.WITHHELD)
WHOLE, BLOCK = ScoringRules(), ScoringRules(mode=Mode.BLOCK)


def marked(got: str | Fraction) -> RowValue:
    return RowValue(RowState.MARKED, got if isinstance(got, Fraction) else exact(got))


def scored(*entries: tuple[str, Kind, str, RowValue], rules: ScoringRules = WHOLE) -> ScoreSheet:
    """A score sheet of (block, kind, points, value) entries."""
    rows = [
        ScoredRow(str(number), block, kind, Decimal(points)) for number, (block, kind, points, _) in enumerate(entries)
    ]
    values = {row.key: entry[3] for row, entry in zip(rows, entries, strict=True)}
    blocks = {row.block: sum(other.points for other in rows if other.block == row.block) for row in rows}
    return score_sheet(rows, values, rules, blocks)


def standard(points: str, value: RowValue, block: str = "I-1") -> tuple[str, Kind, str, RowValue]:
    return block, Kind.STANDARD, points, value


def bonus(points: str, got: str) -> tuple[str, Kind, str, RowValue]:
    return "I-4", Kind.BONUS, points, marked(got)


def deduction(points: str, got: str) -> tuple[str, Kind, str, RowValue]:
    return "I-4", Kind.DEDUCTION, points, marked(got)


def veto(got: str) -> tuple[str, Kind, str, RowValue]:
    return "I-4", Kind.VETO, "0", marked(got)


FULL = standard("100", marked("100"))


def test_the_worked_example():
    sheet = scored(
        standard("50", marked("41.5")),
        standard("30", marked("26.5"), "I-2"),
        standard("20", NOT_APPLICABLE, "I-3"),
        bonus("5", "2"),
        deduction("10", "1"),
    )

    assert sheet == ScoreSheet(
        blocks=(
            BlockScore("I-1", Fraction("41.5"), Fraction(50)),
            BlockScore("I-2", Fraction("26.5"), Fraction(30)),
            BlockScore("I-3", Fraction(0), Fraction(0)),
        ),
        base=Fraction(85),
        bonus=Fraction(2),
        deduction=Fraction(1),
        final=Fraction(86),
        band="良好",
        vetoed=False,
        pending=0,
        withheld=0,
    )


def test_a_tie_made_of_joint_marks_is_rounded_up():
    thirds = [Fraction(hundredths, 300) for hundredths in (5440, 5443, 5443)]
    sheet = scored(*(standard(points, marked(got)) for points, got in zip(["20", "30", "30"], thirds, strict=True)))

    assert sheet.final is not None
    assert str(shown(sheet.final)) == "68.03"
    digits = sum(Decimal(got.numerator) / got.denominator for got in thirds)
    assert str(round(100 * digits / 80, 2)) == "68.02"  # what 28 digits would say


def test_block_mode_keeps_the_weights_of_blocks():
    entries = [
        standard("10", marked("10")),
        standard("40", EXEMPTED),
        standard("50", marked("25"), "I-2"),
    ]

    assert scored(*entries).base == Fraction(100 * 35, 60)
    assert scored(*entries, rules=BLOCK).base == 50 * 1 + 50 * Fraction(1, 2)


def test_block_mode_spreads_the_weight_of_a_block_without_rows_over_the_others():
    entries = [
        standard("50", marked("50")),
        standard("30", marked("15"), "I-2"),
        standard("20", NOT_APPLICABLE, "I-3"),
    ]

    assert scored(*entries, rules=BLOCK).base == Fraction(100 * (50 + 15), 80)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("value", [NOT_APPLICABLE, EXEMPTED])
def test_a_unit_to_which_nothing_applies_has_no_score(mode, value):
    sheet = scored(standard("50", value), bonus("5", "2"), rules=ScoringRules(mode=mode))

    assert (sheet.base, sheet.final, sheet.band) == (None, None, None)
    assert (sheet.pending, sheet.withheld) == (0, 0)


@pytest.mark.parametrize("mode", Mode)
def test_rows_worth_nothing_do_not_score(mode):
    rules = ScoringRules(mode=mode)

    assert scored(standard("0", marked("0")), rules=rules).base is None
    assert scored(standard("0", marked("0")), standard("4", marked("3"), "I-2"), rules=rules).base == 75


def test_pending_and_withheld_rows_leave_no_number_and_are_counted_apart():
    sheet = scored(
        standard("50", marked("40")),
        standard("20", PENDING),
        standard("20", PENDING, "I-2"),
        standard("10", WITHHELD, "I-3"),
        bonus("5", "2"),
        deduction("10", "1"),
        veto("1"),
    )

    assert (sheet.base, sheet.final, sheet.band) == (None, None, None)
    assert (sheet.pending, sheet.withheld) == (2, 1)
    assert (sheet.bonus, sheet.deduction, sheet.vetoed) == (2, 1, True)
    assert sheet.blocks == (
        BlockScore("I-1", Fraction(40), Fraction(50)),
        BlockScore("I-2", Fraction(0), Fraction(0)),
        BlockScore("I-3", Fraction(0), Fraction(0)),
    )


@pytest.mark.parametrize("value", [PENDING, WITHHELD])
def test_one_unknown_row_is_enough(value):
    assert scored(FULL, standard("1", value)).base is None


def test_a_mark_of_zero_is_a_mark():
    sheet = scored(standard("50", marked("0")))

    assert (sheet.base, sheet.final, sheet.band) == (0, 0, "不合格")


def test_bonus_counts_up_to_each_row_and_up_to_the_cap():
    assert scored(FULL, bonus("2", "3")).bonus == 2
    assert scored(FULL, bonus("2", "2"), bonus("4", "2.5")).bonus == Fraction("4.5")
    assert scored(FULL, bonus("4", "4"), bonus("4", "4")).bonus == 5
    assert scored(FULL, bonus("4", "4"), rules=ScoringRules(bonus_cap=Decimal("1.5"))).bonus == Fraction("1.5")
    assert scored(FULL, bonus("4", "4")).final == 104


def test_deductions_count_up_to_each_row_and_up_to_the_cap():
    assert scored(FULL, deduction("2", "3")).deduction == 2
    assert scored(FULL, deduction("2", "2"), deduction("4", "2.5")).deduction == Fraction("4.5")
    assert scored(FULL, deduction("8", "8"), deduction("8", "8")).deduction == 10
    assert scored(FULL, deduction("4", "4"), rules=ScoringRules(deduction_cap=Decimal("1.5"))).final == Fraction("98.5")


def test_bonus_and_deduction_keep_to_their_own_cap():
    sheet = scored(FULL, bonus("9", "9"), deduction("9", "9"))

    assert (sheet.bonus, sheet.deduction, sheet.final) == (5, 9, 96)


@pytest.mark.parametrize("state", [RowState.NOT_APPLICABLE, RowState.EXEMPTED])
@pytest.mark.parametrize("kind", [Kind.BONUS, Kind.DEDUCTION, Kind.VETO])
def test_a_row_of_events_that_does_not_apply_counts_nothing(kind, state):
    assert scored(FULL, ("I-4", kind, "5", RowValue(state))) == scored(FULL)


def test_final_is_never_below_zero():
    sheet = scored(standard("100", marked("3")), deduction("8", "8"))

    assert (sheet.base, sheet.deduction, sheet.final) == (3, 8, 0)


def test_final_may_pass_one_hundred():
    assert scored(FULL, bonus("5", "5")).final == 105


@pytest.mark.parametrize(
    ("got", "veto_band", "band"),
    [
        ("95", "不合格", "不合格"),
        ("95", "合格", "合格"),
        ("70", "良好", "合格"),
        ("50", "合格", "不合格"),
    ],
)
def test_a_veto_caps_the_band_and_leaves_the_score(got, veto_band, band):
    sheet = scored(standard("100", marked(got)), veto("0"), veto("1"), rules=ScoringRules(veto_band=veto_band))

    assert sheet.vetoed
    assert sheet.band == band
    assert sheet.final == Fraction(got)


def test_a_veto_that_did_not_fall_changes_nothing():
    assert scored(FULL, veto("0")) == scored(FULL)


@pytest.mark.parametrize(("got", "band"), [("89.994", "良好"), ("89.995", "优秀")])
def test_the_band_goes_by_the_score_as_shown(got, band):
    assert scored(standard("100", marked(got))).band == band


@pytest.mark.parametrize("mode", Mode)
def test_a_row_cannot_get_more_than_its_points(mode):
    with pytest.raises(ValueError, match="0: 201/100 of 2 points"):
        scored(standard("2", marked("2.01")), rules=ScoringRules(mode=mode))


def test_a_row_without_a_value_is_refused():
    with pytest.raises(KeyError):
        score_sheet([ScoredRow("III-1(1)", "I-1", Kind.STANDARD, Decimal(2))], {}, ScoringRules(), {})


@pytest.mark.parametrize("state", [state for state in RowState if state is not RowState.MARKED])
def test_points_come_with_a_mark_and_only_with_a_mark(state):
    with pytest.raises(ValueError, match="a row"):
        RowValue(state, Fraction(0))
    with pytest.raises(ValueError, match="a row"):
        RowValue(RowState.MARKED)


def test_every_kind_has_a_label():
    assert [kind.label for kind in Kind] == ["测评项", "加分项", "负面清单", "一票否决"]


@pytest.mark.parametrize("kind", Kind)
def test_points_below_zero_are_refused(kind):
    with pytest.raises(ValueError, match="-1 of 10 points"):
        scored(("I-1", kind, "10", marked("-1")))
