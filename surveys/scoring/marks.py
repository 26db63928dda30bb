"""A mark as typed (打分)."""

import re
from decimal import Decimal

POINTS_PATTERN = r"[0-9]{1,4}(\.[0-9]{1,2})?"
_POINTS = re.compile(POINTS_PATTERN, re.ASCII)

# Not NFKC: it would read 1² as 12.
WIDE = "０１２３４５６７８９．"
_WIDE = str.maketrans(WIDE, "0123456789.")


class BadPoints(Exception):
    """Not a number of points that can be taken; the text says why, in Chinese."""


def parse_points(text: str, most: Decimal) -> Decimal:
    """Points between 0 and `most`, two decimals at most; full-width digits are taken too. Raises BadPoints."""
    text = text.strip()
    digits = text.translate(_WIDE)
    if not _POINTS.fullmatch(digits):
        shown = text if len(text) <= 20 else text[:20] + "……"
        raise BadPoints(f"“{shown}”不是分数。请填数字，最多两位小数，如 1.5。")
    points = Decimal(digits)
    if points > most:
        raise BadPoints(f"{digits} 分超过了此项的满分 {most} 分，请填 0 至 {most}。")
    return points
