"""Bands, their cap, ranks and the quota of the top band."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.scoring.exact import shown
from surveys.scoring.ranking import band_of, capped_band, ranks, with_quota
from surveys.scoring.score_sheet import ScoringRules

BANDS = ScoringRules().bands


def decimals(*texts: str | None) -> list[Decimal | None]:
    return [None if text is None else Decimal(text) for text in texts]


@pytest.mark.parametrize(
    ("final", "band"),
    [
        ("105.00", "优秀"),
        ("90.00", "优秀"),
        ("89.99", "良好"),
        ("80.00", "良好"),
        ("79.99", "合格"),
        ("60.00", "合格"),
        ("59.99", "不合格"),
        ("0.00", "不合格"),
        ("-1.00", "不合格"),
    ],
)
def test_a_band_begins_at_its_floor(final, band):
    assert band_of(Decimal(final), BANDS) == band


@pytest.mark.parametrize(
    ("band", "cap", "capped"),
    [
        ("优秀", "不合格", "不合格"),
        ("优秀", "良好", "良好"),
        ("合格", "合格", "合格"),
        ("不合格", "良好", "不合格"),
        ("合格", "优秀", "合格"),
    ],
)
def test_a_cap_lowers_a_band_and_never_raises_it(band, cap, capped):
    assert capped_band(band, cap, BANDS) == capped


def test_equal_scores_share_a_rank():
    assert ranks(decimals("95", "90.00", "90", "85")) == [1, 2, 2, 4]
    assert ranks(decimals("85", "90", "95", "90")) == [4, 2, 1, 2]


def test_ties_are_of_the_score_as_shown():
    finals = [Fraction("90.004"), Fraction("89.995"), Fraction("89.994")]

    assert ranks([shown(final) for final in finals]) == [1, 1, 3]


def test_no_score_has_no_rank_and_takes_no_place():
    assert ranks(decimals("80", None, "0.00", None)) == [1, None, 2, None]
    assert ranks([]) == []


@given(st.lists(st.none() | st.integers(0, 20).map(Decimal)))
def test_a_rank_is_one_more_than_those_ahead(finals):
    known = sorted((final for final in finals if final is not None), reverse=True)

    assert ranks(finals) == [None if final is None else 1 + known.index(final) for final in finals]


@pytest.mark.parametrize(
    ("quota", "kept"), [("0", 0), ("0.19", 0), ("0.2", 1), ("0.39", 1), ("0.4", 2), ("0.99", 4), ("1", 5)]
)
def test_the_quota_is_a_share_of_the_ranked_units_rounded_down(quota, kept):
    bands = ["优秀"] * 5

    assert with_quota(bands, [1, 2, 3, 4, 5], BANDS, Decimal(quota)) == ["优秀"] * kept + ["良好"] * (5 - kept)


def test_units_that_share_the_last_rank_inside_the_quota_keep_the_band():
    assert with_quota(["优秀"] * 4, [1, 2, 2, 4], BANDS, Decimal("0.5")) == ["优秀", "优秀", "优秀", "良好"]


def test_the_quota_moves_the_top_band_only():
    bands = ["良好", None, "优秀", "不合格", "优秀"]

    assert with_quota(bands, [3, None, 2, 4, 1], BANDS, Decimal("0.25")) == ["良好", None, "良好", "不合格", "优秀"]


def test_a_unit_kept_out_of_the_band_takes_no_place_in_it():
    assert with_quota(["合格", "优秀", "优秀", "良好"], [1, 2, 3, 4], BANDS, Decimal("0.25")) == [
        "合格",
        "优秀",
        "良好",
        "良好",
    ]


def test_units_without_a_rank_do_not_widen_the_quota():
    assert with_quota(["优秀", "优秀", None, None], [1, 2, None, None], BANDS, Decimal("0.5")) == [
        "优秀",
        "良好",
        None,
        None,
    ]
