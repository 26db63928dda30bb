"""The colours of grades, shared by pages and charts. CSS uses the same hex values."""

from collections.abc import Mapping

BLANK = "-"
ABSTAIN = "*"

# From dark to light, so that a grey print and every kind of colour blindness keep the order of the grades.
# The hue turns from teal to orange between B and C: the eye finds the boundary between better and worse.
GRADE_COLOURS: Mapping[str, str] = {
    "A": "#0B4A5B",
    "B": "#1F7E92",
    "C": "#D2A45C",
    "D": "#FFD9A8",
    ABSTAIN: "#E3E3E3",
    BLANK: "#FFFFFF",
}
# The lightest colours also carry lines or dots: a share of 差 is never taken for one of 弃权 or 未填.
GRADE_HATCHES: Mapping[str, str] = {"D": "////", ABSTAIN: "...", BLANK: "\\\\\\"}

ACCENT = GRADE_COLOURS["B"]
INK = "#1B1B1B"
MUTED = "#5A5A5A"
RULE = "#C9C9C9"


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
