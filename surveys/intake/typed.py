"""What people type into a field or a cell -> a value: full-width digits, units and the ways to write a day forgiven."""

import re
import unicodedata
from datetime import date
from decimal import Decimal
from fractions import Fraction

from surveys.polling.ballot_classes import PRESETS, ClassEntry

_WHOLE = re.compile(r"[0-9]{1,9}")
_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,18})?")
_SHARE = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")
_DAY = re.compile(r"([0-9]{4})(?:-|/|\.|年)([0-9]{1,2})(?:-|/|\.|月)([0-9]{1,2})日?(?: 0{1,2}:00(:00)?)?")
_YES, _NO = (
    ("是", "要", "有", "y", "yes", "1", "√", "✓", "true"),
    ("", "否", "不", "无", "没有", "n", "no", "0", "×", "false"),
)


class Unreadable(Exception):
    """The text is not a value of this kind. Its text says in Chinese how it should be written."""


def visible(text: str) -> str:
    """Control characters made spaces, and gone what is no character at all: a page and PostgreSQL refuse them."""
    return "".join(" " if unicodedata.category(each) == "Cc" else each for each in text if not _is_none(ord(each)))


def searched(text: str) -> str:
    """What a list is searched for: as much of it as can be looked for, on one line."""
    return " ".join(visible(text[:100]).split())


def _is_none(code: int) -> bool:
    return 0xD800 <= code < 0xE000 or 0xFDD0 <= code < 0xFDF0 or code & 0xFFFE == 0xFFFE


def plain(text: str) -> str:
    """Full-width characters made ordinary, spaces at the ends gone and in between single."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def whole(text: str) -> int:
    """`２０`, `20人` or `20.0` -> 20. Raises Unreadable."""
    digits = plain(text).rstrip("人张").strip().replace(",", "")
    digits = re.sub(r"\.0+$", "", digits)  # a spreadsheet's 20.0
    if not _WHOLE.fullmatch(digits):
        raise Unreadable("须是整数，如 20")
    return int(digits)


def decimal(text: str) -> Decimal:
    """`40`, `４０％` -> 40. Raises Unreadable."""
    digits = plain(text).rstrip("%").strip()
    if not _DECIMAL.fullmatch(digits):
        raise Unreadable("须是数字，如 40")
    return Decimal(digits)


def share(text: str) -> Fraction:
    """`2/3`, `⅔`, `60%` or `0.6` -> a share, not checked to be below 1. Raises Unreadable."""
    typed = plain(text).replace("⁄", "/").replace(" ", "")
    fraction = _SHARE.fullmatch(typed)
    if fraction is not None and int(fraction[2]) > 0:
        return Fraction(int(fraction[1]), int(fraction[2]))
    if _DECIMAL.fullmatch(typed.removesuffix("%")):
        return Fraction(typed.removesuffix("%")) / (100 if typed.endswith("%") else 1)
    raise Unreadable("须写成分数或百分数，如 2/3 或 60%")


def day(text: str) -> date:
    """`2026-03-02`, `2026/3/2`, `2026年3月2日`, `20260302` -> a day. Raises Unreadable."""
    typed = plain(text).replace("T", " ")
    if len(typed) == 8 and _WHOLE.fullmatch(typed):
        typed = f"{typed[:4]}-{typed[4:6]}-{typed[6:]}"
    found = _DAY.fullmatch(re.sub(r" (?=[月日年])|(?<=[月日年]) ", "", typed))
    try:
        if found is not None:
            return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        pass
    raise Unreadable("须是日期，如 2026-03-02")


def yes(text: str) -> bool:
    """`是`, `√` -> True; `否` or nothing -> False. Raises Unreadable."""
    typed = plain(text).lower()
    if typed not in _YES + _NO:
        raise Unreadable("须填“是”或“否”")
    return typed in _YES


def ballot_class(text: str) -> ClassEntry:
    """`A:领导班子成员:40` or, with the number of tickets planned, `A:领导班子成员:40:20`. Raises Unreadable."""
    parts = [part.strip() for part in text.replace("：", ":").split(":")]
    if len(parts) not in (3, 4):
        raise Unreadable("须写成 代号:名称:权重，如 A:领导班子成员:40；要写计划张数就再加一段，如 A:领导班子成员:40:20")
    planned = whole(parts[3]) if len(parts) == 4 and parts[3] else None
    return ClassEntry(plain(parts[0]), parts[1], decimal(parts[2]), planned)


def ballot_classes(text: str) -> tuple[ClassEntry, ...]:
    """A preset by its label (`一种票`, `30/30/40`), or classes one after another: `A:班子:40:20; B:职工:60`.

    Raises Unreadable.
    """
    typed = plain(text)
    for preset in PRESETS:
        if typed.replace(" ", "") in (preset.key, preset.label.replace(" ", ""), preset.label.split()[-1]):
            return preset.classes
    parts = [part for part in re.split(r"[;；\n]", text) if part.strip()]
    if not any(":" in part or "：" in part for part in parts):
        labels = "、".join(preset.label.split()[-1] for preset in PRESETS)
        raise Unreadable(f"须是 {labels} 之一，或逐个写成 A:领导班子成员:40:20; B:职工代表:60:30")
    return tuple(ballot_class(part) for part in parts)
