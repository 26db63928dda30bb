"""One occasion counts once, at its highest."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.scoring.occasions import Entry, counted
from surveys.scoring.score_sheet import Kind


def entry(number: int, points: str, occasion: str = "", kind: Kind = Kind.BONUS) -> Entry:
    return Entry(number, kind, occasion, Decimal(points))


def test_of_one_occasion_the_highest_counts():
    assert counted([entry(1, "1", "先进"), entry(2, "3", "先进"), entry(3, "2", "先进")]) == {2}


def test_of_equal_ones_the_first_entered_counts_whatever_the_order():
    entries = [entry(2, "3", "先进"), entry(1, "3.00", "先进")]
    assert counted(entries) == counted(reversed(entries)) == {1}


def test_without_an_occasion_each_counts():
    assert counted([entry(1, "1"), entry(2, "1"), entry(3, "1", " \u3000")]) == {1, 2, 3}


def test_other_occasions_and_other_kinds_count_beside_it():
    entries = [entry(1, "1", "甲"), entry(2, "2", "乙"), entry(3, "3", "甲", Kind.DEDUCTION)]
    assert counted(entries) == {1, 2, 3}


@pytest.mark.parametrize("written", ["ＡＩ竞赛２０２６", "ai竞赛2026", "AI 竞赛\u30002026"])
def test_width_case_and_spaces_do_not_tell_occasions_apart(written):
    assert counted([entry(1, "2", "AI竞赛2026"), entry(2, "1", written)]) == {1}


@given(st.lists(st.tuples(st.sampled_from(["", "甲", "乙"]), st.integers(1, 5), st.sampled_from(list(Kind)))))
def test_what_counts_is_the_highest_of_each_group(rows):
    entries = [entry(number, str(points), name, kind) for number, (name, points, kind) in enumerate(rows)]
    found = counted(entries)
    total = sum(each.points for each in entries if each.id in found)
    groups: dict[object, int] = {}
    for number, (name, points, kind) in enumerate(rows):
        key = (kind, name) if name else number
        groups[key] = max(points, groups.get(key, 0))
    assert total == sum(groups.values())
    assert len(found) == len(groups)
