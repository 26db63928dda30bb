"""What no scoring rules may say, however they were entered."""

from itertools import pairwise

from surveys.scoring.marks import STEPS
from surveys.scoring.score_sheet import ScoringRules

MOST_BANDS = 8


def rule_faults(rules: ScoringRules) -> list[str]:
    """Every fault in Chinese, with what to write instead."""
    names = [band.name for band in rules.bands]
    faults = []
    if rules.bonus_cap < 0 or rules.deduction_cap < 0:
        faults.append("加分和扣分的上限不能小于 0。")
    if not 2 <= len(names) <= MOST_BANDS:
        faults.append(f"等次：请写 2 至 {MOST_BANDS} 个，从最好的写起。")
    elif len(set(names)) < len(names):
        faults.append("等次：有两个名称一样，请改成不同的。")
    elif any(high.floor <= low.floor for high, low in pairwise(rules.bands)):
        faults.append("等次：请从高到低写，后一个的最低分要比前一个低。")
    elif rules.bands[-1].floor != 0:
        faults.append(f"等次：最后一个“{names[-1]}”的最低分要是 0，其余的都归它。")
    if names and rules.veto_band not in names:
        faults.append(f"一票否决后的最好等次：“{rules.veto_band}”不在等次里，请写 {'、'.join(names)} 之一。")
    if rules.top_quota is not None and not 0 < rules.top_quota <= 1:
        faults.append("优秀比例：须大于 0、不超过 100%，不限比例请留空。")
    if rules.mark_step not in STEPS:
        faults.append(f"打分的最小单位：请从 {'、'.join(map(str, STEPS))} 分中选一个。")
    return faults
