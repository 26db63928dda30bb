"""A mark as typed (打分)."""

import re
from decimal import Decimal

STEPS = (Decimal("0.01"), Decimal("0.1"), Decimal("0.25"), Decimal("0.5"), Decimal(1))
"""What the rules may ask marks to be multiples of, the finest first."""

FINEST = STEPS[0]

POINTS_PATTERN = r"[0-9]{1,4}(\.[0-9]{1,2})?"
_POINTS = re.compile(POINTS_PATTERN, re.ASCII)

# Not NFKC: it would read 1² as 12.
WIDE = "０１２３４５６７８９．"
_WIDE = str.maketrans(WIDE, "0123456789.")


class BadPoints(Exception):
    """Not a number of points that can be taken; the text says why, in Chinese."""


def step_words(step: Decimal) -> str:
    """How fine a mark may be, for whoever types it."""
    return "最多两位小数" if step == FINEST else f"按 {step} 分的整数倍，也可以是满分"


def parse_points(text: str, most: Decimal, step: Decimal = FINEST, kept: Decimal | None = None) -> Decimal:
    """Points between 0 and `most`, two decimals at most; full-width digits are taken too. Raises BadPoints.

    Multiples of `step`, but for `most` itself and `kept`, the mark that stands: it may be of a finer step than now.
    """
    text = text.strip()
    digits = text.translate(_WIDE)
    if not _POINTS.fullmatch(digits):
        shown = text if len(text) <= 20 else text[:20] + "……"
        wanted = "请填数字，最多两位小数，如 1.5。" if step == FINEST else f"请按 {step} 分的整数倍填写。"
        raise BadPoints(f"“{shown}”不是分数。{wanted}")
    points = Decimal(digits)
    if points > most:
        raise BadPoints(f"{digits} 分超过了此项的满分 {most} 分，请填 0 至 {most}。")
    if points % step and points not in (most, kept):
        full = f"，或填满分 {most}" if most % step else ""
        raise BadPoints(f"{digits} 分太细，请按 {step} 分的整数倍填写{full}。")
    return points
