"""The one typeface of slips and charts: where it is, what it can show and how wide text runs."""

import re
from functools import cache
from pathlib import Path

import matplotlib
from matplotlib.ft2font import FT2Font, LoadFlags

FONT_FILE = Path(__file__).parent / "fonts" / "NotoSansSC-Regular.ttf"
# A name of its own: asked for "Noto Sans SC", matplotlib might load the system's variable file, drawn as Thin.
FONT_FAMILY = "Ceping Sans"

# Ticket codes want digits of one width and a 0 and 8 that cannot be taken for O and B. matplotlib carries this one.
CODE_FONT_FILE = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSansMono-Bold.ttf"
CODE_FONT_FAMILY = "DejaVu Sans Mono"

# 〓 is what Chinese printers set where a sort is missing. A gap would look like another name.
MISSING = "〓"
_WHITE_SPACE = re.compile(r"[^\S\u3000]+")


@cache
def _font() -> FT2Font:
    return FT2Font(str(FONT_FILE))


@cache
def _glyphs() -> dict[int, int]:
    return dict(_font().get_charmap())


@cache
def _advance(character: str) -> float:
    glyph = _font().load_char(ord(character), LoadFlags.NO_SCALE)
    return float(glyph.horiAdvance) / _font().units_per_EM


def printable(text: str) -> str:
    """The text on one line (wide spaces stay) with every character the typeface lacks shown as 〓."""
    return "".join(c if ord(c) in _glyphs() else MISSING for c in _WHITE_SPACE.sub(" ", text).strip())


def width_in_ems(text: str) -> float:
    """How wide a line of printable text runs, in units of its size."""
    return sum(_advance(character) for character in text)


@cache
def register_chart_font() -> str:
    """Make the typeface known to matplotlib, once per process, and return its family name."""
    # Imported here because it looks through the system's fonts, which slips need not wait for.
    from matplotlib import font_manager

    font_manager.fontManager.ttflist.append(font_manager.FontEntry(fname=str(FONT_FILE), name=FONT_FAMILY))
    return FONT_FAMILY
