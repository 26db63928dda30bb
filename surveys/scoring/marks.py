"""A mark as typed (打分)."""

import re
from decimal import Decimal

_POINTS = re.compile(r"[0-9]{1,4}(\.[0-9]{1,2})?", re.ASCII)


class BadPoints(Exception):
    """Not a number of points that can be taken; the text says why, in Chinese."""


def parse_points(text: str, most: Decimal) -> Decimal:
    """Points between 0 and `most`, two decimals at most. Raises BadPoints."""
    text = text.strip()
    if not _POINTS.fullmatch(text):
        raise BadPoints(f"“{text}”不是分数。请用半角数字填写，最多两位小数，如 1.5。")
    points = Decimal(text)
    if points > most:
        raise BadPoints(f"{text} 分超过了此项的满分 {most} 分，请填 0 至 {most}。")
    return points
