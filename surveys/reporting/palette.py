"""The colours of a scale's grades by their place in it, shared by pages and charts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

BLANK = "-"
ABSTAIN = "*"
PAPER = "#FFFFFF"


@dataclass(frozen=True)
class Paint:
    """`hatch`: lines or dots on the colour, as matplotlib has them, empty for none; `line`: their colour."""

    colour: str
    line: str
    hatch: str = ""


# From dark to light, so that a grey print and every kind of colour blindness keep the order of the grades.
# The hue turns from teal to orange in the middle: the eye finds the boundary between better and worse.
_LIGHT_LINE, _DARK_LINE, _ORANGE_LINE = "#8FC3CF", "#5E3A10", "#B4752A"
_OF_FOUR = (
    ("#0B4A5B", _LIGHT_LINE),
    ("#1F7E92", _LIGHT_LINE),
    ("#D2A45C", _DARK_LINE),
    ("#FFD9A8", _ORANGE_LINE),
)
_OF_TEN = (
    ("#04262E", _LIGHT_LINE),
    ("#093C49", _LIGHT_LINE),
    ("#134F5F", _LIGHT_LINE),
    ("#216273", _LIGHT_LINE),
    ("#2E7789", _LIGHT_LINE),
    ("#B37334", _DARK_LINE),
    ("#D08835", _DARK_LINE),
    ("#E1A353", _DARK_LINE),
    ("#F4C17D", _ORANGE_LINE),
    ("#FFE2C0", _ORANGE_LINE),
)
_GRADE_HATCH = "////"
_APART_IN_GREY = 1.6  # of contrast
_APART: Mapping[str, Paint] = {ABSTAIN: Paint("#E3E3E3", "#8C8C8C", "..."), BLANK: Paint(PAPER, "#8C8C8C", "\\\\\\")}

ACCENT = _OF_FOUR[1][0]
INK = "#1B1B1B"
MUTED = "#5A5A5A"
RULE = "#C9C9C9"


def paints(letters: Sequence[str]) -> Mapping[str, Paint]:
    """By letter, of the grades in their order, whether or not 弃权 is among the letters; of 弃权 and 未填 too."""
    grades = [letter for letter in letters if letter not in _APART]
    return {**dict(zip(grades, _grade_paints(len(grades)), strict=True)), **_APART}


def _grade_paints(count: int) -> list[Paint]:
    """Of more than ten, which no new file has, neighbours share a colour."""
    tones = _OF_FOUR if count <= len(_OF_FOUR) else _OF_TEN
    last = max(count - 1, 1)
    found: list[Paint] = []
    for place in reversed(range(count)):
        colour, line = tones[(2 * place * (len(tones) - 1) + last) // (2 * last)]
        found.insert(0, Paint(colour, line, _GRADE_HATCH if _needs_lines(colour, found) else ""))
    return found


def _needs_lines(colour: str, lighter: Sequence[Paint]) -> bool:
    """The lightest colour, lest a share of 差 be taken for one of 弃权 or 未填; and where two plain ones would be alike
    in grey."""
    return not lighter or (not lighter[0].hatch and contrast(colour, lighter[0].colour) < _APART_IN_GREY)


def luminance(colour: str) -> float:
    """Relative luminance of `#RRGGBB`, 0 to 1 (WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance)."""
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG contrast ratio, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def text_on(background: str) -> str:
    """Black or white, whichever is read more easily on the background."""
    return max("#000000", "#FFFFFF", key=lambda colour: contrast(colour, background))
