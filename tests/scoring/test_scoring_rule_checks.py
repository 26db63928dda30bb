"""What no scoring rules may say."""

from dataclasses import replace
from decimal import Decimal

import pytest

from surveys.scoring.marks import STEPS
from surveys.scoring.ranking import Band
from surveys.scoring.rule_checks import MOST_BANDS, rule_faults
from surveys.scoring.score_sheet import ScoringRules

GOOD = ScoringRules()


def bands(*floors: int) -> tuple[Band, ...]:
    return tuple(Band(f"等次{number}", Decimal(floor)) for number, floor in enumerate(floors))


def test_the_rules_an_assessment_starts_with_have_no_fault():
    assert rule_faults(GOOD) == []


@pytest.mark.parametrize("quota", ["0.01", "0.3", "1"])
def test_any_share_up_to_all_may_be_the_best(quota):
    assert rule_faults(replace(GOOD, top_quota=Decimal(quota))) == []


@pytest.mark.parametrize("step", STEPS)
def test_marks_may_be_of_any_of_these_steps(step):
    assert rule_faults(replace(GOOD, mark_step=step)) == []


@pytest.mark.parametrize("count", [2, MOST_BANDS])
def test_so_many_bands_may_be(count):
    found = bands(*range(count - 1, -1, -1))
    assert rule_faults(replace(GOOD, bands=found, veto_band=found[-1].name)) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bonus_cap": Decimal("-0.01")}, "上限不能小于 0"),
        ({"deduction_cap": Decimal(-1)}, "上限不能小于 0"),
        ({"bands": bands(0), "veto_band": "等次0"}, "2 至 8 个"),
        ({"bands": bands(*range(MOST_BANDS, -1, -1)), "veto_band": "等次0"}, "2 至 8 个"),
        ({"bands": (Band("好", Decimal(60)), Band("好", Decimal(0))), "veto_band": "好"}, "两个名称一样"),
        ({"bands": bands(60, 60, 0), "veto_band": "等次0"}, "从高到低"),
        ({"bands": bands(60, 80, 0), "veto_band": "等次0"}, "从高到低"),
        ({"bands": bands(60, 10), "veto_band": "等次0"}, "“等次1”的最低分要是 0"),
        ({"veto_band": "没有"}, "“没有”不在等次里，请写 优秀、良好、合格、不合格 之一"),
        ({"top_quota": Decimal(0)}, "大于 0、不超过 100%"),
        ({"top_quota": Decimal("1.01")}, "大于 0、不超过 100%"),
        ({"mark_step": Decimal(0)}, "请从 0.01、0.1、0.25、0.5、1 分中选一个"),
        ({"mark_step": Decimal("0.3")}, "打分的最小单位"),
        ({"mark_step": Decimal(2)}, "打分的最小单位"),
        ({"mark_step": Decimal("-0.5")}, "打分的最小单位"),
    ],
)
def test_each_fault_is_told_alone(changes, words):
    (fault,) = rule_faults(replace(GOOD, **changes))
    assert words in fault


def test_all_faults_are_told_at_once():
    wrong = replace(GOOD, bonus_cap=Decimal(-1), bands=(), top_quota=Decimal(2))
    assert [fault[:2] for fault in rule_faults(wrong)] == ["加分", "等次", "优秀"]
