"""A unit's score sheet: which rows apply, each row's state, and how marks, events and polls become points."""

from collections import Counter
from fractions import Fraction

from surveys.acts.site import Site
from surveys.marking.marks import MarkEntry
from surveys.scoring.score_sheet import RowState
from tests.builders import (
    GROUP,
    build_poll,
    build_unit,
    cancel,
    close,
    enter,
    event,
    exempt,
    fill_marks,
    line_for,
    record,
    run_sql,
    sealed_poll,
    sheet_for,
)


def state_of(site: Site, unit_id: int, row_key: str) -> tuple[RowState, Fraction | None]:
    value = line_for(site, unit_id, row_key).value
    return value.state, value.got


def complete(site: Site, **options: object) -> int:
    """A unit with every row full and a poll of 100."""
    _, unit_id = build_unit(site, **options)  # type: ignore[arg-type]
    fill_marks(site, unit_id)
    sealed_poll(site, unit_id)
    return unit_id


def test_a_unit_without_tags_has_27_of_the_41_rows(site):
    _, unit_id = build_unit(site)
    states = Counter(line.value.state for line in sheet_for(site, unit_id).lines)
    assert sum(states.values()) == 41
    assert states[RowState.NOT_APPLICABLE] == 14
    assert states[RowState.PENDING] + states[RowState.MARKED] == 27


def test_a_county_has_all_31_rows(site):
    _, unit_id = build_unit(site, framework="county", category="县（市、区）")
    lines = sheet_for(site, unit_id).lines
    assert len(lines) == 31
    assert RowState.NOT_APPLICABLE not in {line.value.state for line in lines}


def test_tags_bring_rows_in(site):
    _, unit_id = build_unit(site, tags=("教育", "财政"))
    applying = {
        line.row.standard.key
        for line in sheet_for(site, unit_id).lines
        if line.row.standard.applies_to and line.value.state is not RowState.NOT_APPLICABLE
    }
    assert applying == {"III-19", "III-22", "III-25"}


def test_a_row_that_does_not_apply_any_more_does_not_count_though_it_is_marked(site):
    unit_id = complete(site, tags=("教育",))
    enter(site, unit_id, MarkEntry("III-19", "市教育局", "0"))
    run_sql(site, "DELETE FROM unit_tags")
    assert state_of(site, unit_id, "III-19") == (RowState.NOT_APPLICABLE, None)
    assert sheet_for(site, unit_id).score.base == 100


def test_every_row_full_and_a_poll_of_100_is_100(site):
    score = sheet_for(site, complete(site)).score
    assert (score.base, score.bonus, score.deduction, score.final, score.band) == (100, 0, 0, 100, "优秀")
    assert (score.pending, score.withheld, score.vetoed) == (0, 0, False)


def test_a_pending_row_leaves_no_base(site):
    _, unit_id = build_unit(site)
    sealed_poll(site, unit_id)
    score = sheet_for(site, unit_id).score
    assert (score.base, score.final, score.band) == (None, None, None)
    # 27 rows less bonus, two deductions, veto, two that start full, and the poll's.
    assert score.pending == 20


def test_a_mark_of_zero_is_a_mark(site):
    _, unit_id = build_unit(site)
    assert state_of(site, unit_id, "III-3") == (RowState.PENDING, None)
    enter(site, unit_id, MarkEntry("III-3", GROUP, "0"))
    assert state_of(site, unit_id, "III-3") == (RowState.MARKED, 0)


def test_a_joint_row_waits_for_all_three_and_is_their_mean(site):
    _, unit_id = build_unit(site)
    for department, points in (("市纪委", "3"), ("市委组织部", "2"), ("市委宣传部", "2")):
        assert state_of(site, unit_id, "III-2") == (RowState.PENDING, None)
        enter(site, unit_id, MarkEntry("III-2", department, points))
    assert state_of(site, unit_id, "III-2") == (RowState.MARKED, Fraction(7, 3))
    enter(site, unit_id, MarkEntry("III-2", "市纪委", "2"))
    assert state_of(site, unit_id, "III-2") == (RowState.MARKED, 2)


def test_one_of_the_three_does_not_mark_its_own_joint_row(site):
    _, unit_id = build_unit(site, "样例纪委", department="市纪委")
    assert line_for(site, unit_id, "III-2").departments == ("市委组织部", "市委宣传部")
    enter(site, unit_id, MarkEntry("III-2", "市委组织部", "3"), MarkEntry("III-2", "市委宣传部", "2"))
    assert state_of(site, unit_id, "III-2") == (RowState.MARKED, Fraction(5, 2))


def test_bonus_and_deduction_come_and_go_with_their_events(site):
    unit_id = complete(site)
    bonus = [record(site, unit_id, event("III-32", points)) for points in ("2", "1.5")]
    loss = record(site, unit_id, event("III-33(1)", "3.25"))
    score = sheet_for(site, unit_id).score
    assert (score.bonus, score.deduction, score.final) == (Fraction(7, 2), Fraction(13, 4), Fraction(401, 4))
    record(site, unit_id, event("III-32", "5"))
    for reason in ("一次", "又一次"):
        record(site, unit_id, event("III-33(2)", "9", reason=reason))
    score = sheet_for(site, unit_id).score
    assert (score.bonus, score.deduction, score.base) == (5, 10, 100)
    for event_id in (*bonus, loss):
        cancel(site, event_id)
    score = sheet_for(site, unit_id).score
    assert (score.bonus, score.deduction) == (5, 10)


def test_a_cancelled_event_counts_no_more(site):
    unit_id = complete(site)
    for row_key in ("III-32", "III-33(1)", "III-11(2)"):
        cancel(site, record(site, unit_id, event(row_key)))
    cancel(site, record(site, unit_id, event("III-34", "")))
    score = sheet_for(site, unit_id).score
    assert (score.base, score.bonus, score.deduction, score.vetoed, score.band) == (100, 0, 0, False, "优秀")


def test_a_row_that_starts_full_loses_points_through_events_down_to_none(site):
    _, unit_id = build_unit(site)
    assert state_of(site, unit_id, "III-11(2)") == (RowState.MARKED, 3)
    first = record(site, unit_id, event("III-11(2)", "0.5"))
    assert state_of(site, unit_id, "III-11(2)") == (RowState.MARKED, Fraction(5, 2))
    record(site, unit_id, event("III-11(2)", "3"))
    assert state_of(site, unit_id, "III-11(2)") == (RowState.MARKED, 0)
    cancel(site, first)
    assert state_of(site, unit_id, "III-11(2)") == (RowState.MARKED, 0)


def test_a_veto_caps_the_band_and_leaves_the_score(site):
    unit_id = complete(site)
    record(site, unit_id, event("III-34", ""))
    score = sheet_for(site, unit_id).score
    assert (score.final, score.vetoed, score.band) == (100, True, "不合格")


def test_an_exempted_row_leaves_the_base(site):
    unit_id = complete(site)
    enter(site, unit_id, MarkEntry("III-3", GROUP, "0"))
    points = 72
    assert sheet_for(site, unit_id).score.base == Fraction(100 * (points - 2), points)
    exempt(site, unit_id, "III-3")
    assert state_of(site, unit_id, "III-3") == (RowState.EXEMPTED, None)
    assert sheet_for(site, unit_id).score.base == 100


def test_the_democratic_row_waits_for_a_sealed_poll(site):
    _, unit_id = build_unit(site)
    assert state_of(site, unit_id, "III-36") == (RowState.PENDING, None)
    world = build_poll(site, unit_id=unit_id, count=1, entitled=1, opened=False)
    assert state_of(site, unit_id, "III-36") == (RowState.PENDING, None)
    run_sql(site, "UPDATE polls SET state = 'open' WHERE id = :poll", poll=world.poll_id)
    close(site, world.poll_id)
    assert state_of(site, unit_id, "III-36") == (RowState.PENDING, None)


def test_the_democratic_row_takes_the_polls_score_on_its_points(site):
    _, unit_id = build_unit(site)
    sealed_poll(site, unit_id, "AB", present=10)
    # Five A and four B of nine items, on ten points.
    assert state_of(site, unit_id, "III-36") == (RowState.MARKED, Fraction(5 * 100 + 4 * 80, 9) / 10)


def test_a_poll_below_its_quorum_is_withheld_and_not_pending(site):
    _, unit_id = build_unit(site)
    fill_marks(site, unit_id)
    sealed_poll(site, unit_id, entitled=10, present=6)
    assert state_of(site, unit_id, "III-36") == (RowState.WITHHELD, None)
    score = sheet_for(site, unit_id).score
    assert (score.pending, score.withheld, score.base, score.final) == (0, 1, None, None)


def test_a_poll_without_a_valid_ballot_is_withheld(site):
    _, unit_id = build_unit(site)
    sealed_poll(site, unit_id, "-")
    assert state_of(site, unit_id, "III-36") == (RowState.WITHHELD, None)


def test_a_rehearsal_never_counts(site):
    _, unit_id = build_unit(site)
    sealed_poll(site, unit_id, "A", rehearsal=True)
    assert state_of(site, unit_id, "III-36") == (RowState.PENDING, None)
    assert sheet_for(site, unit_id).tally is None
    sealed_poll(site, unit_id, "B")
    sealed_poll(site, unit_id, "A", rehearsal=True)
    assert state_of(site, unit_id, "III-36") == (RowState.MARKED, 8)


def test_the_polls_of_other_units_do_not_count(site):
    assessment_id, first = build_unit(site)
    _, second = build_unit(site, "另一局", assessment_id=assessment_id)
    sealed_poll(site, second)
    assert state_of(site, first, "III-36") == (RowState.PENDING, None)
    assert state_of(site, second, "III-36") == (RowState.MARKED, 10)
