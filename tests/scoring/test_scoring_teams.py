"""Several teams' polls combined by weight."""

from decimal import Decimal
from fractions import Fraction

from surveys.scoring.teams import TeamScore, combined


def team(name: str, weight: str, score: int | None, shortcoming: str | None = None) -> TeamScore:
    return TeamScore(name, Decimal(weight), None if score is None else Fraction(score), shortcoming)


def test_the_weighted_mean():
    assert combined([team("甲", "0.6", 90), team("乙", "0.4", 80)]) == 86


def test_weights_need_not_add_up_to_one():
    assert combined([team("甲", "3", 90), team("乙", "1", 80)]) == Fraction(350, 4)
    assert combined([team("甲", "0.6", 90)]) == 90


def test_a_team_without_a_score_leaves_none():
    assert combined([team("甲", "0.6", 90), team("乙", "0.4", None)]) is None
    assert combined([]) is None


def test_zero_is_a_score():
    assert combined([team("甲", "1", 0), team("乙", "1", 80)]) == 40


def test_what_is_wrong_with_a_team():
    assert team("甲", "1", 90).fault is None
    assert team("甲", "1", 90, "不足").fault == "不足"
    assert team("甲", "1", None).fault == "没有单位测评的有效票"
