"""The one typeface of slips and charts: where it is, what it can show and how wide text runs."""

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

FONT_FILE = Path(__file__).parent / "fonts" / "NotoSansSC-Regular.ttf"
# The everyday characters of it, so that a PDF need not look through thirty thousand (docs/decisions/0020).
EVERYDAY_FONT_FILE = FONT_FILE.with_name("NotoSansSC-Everyday.ttf")
# A name of its own: asked for "Noto Sans SC", matplotlib might load the system's variable file, drawn as Thin.
FONT_FAMILY = "Ceping Sans"


def _carried_by_matplotlib(name: str) -> Path:
    """A file of its typefaces, found without importing it."""
    found = find_spec("matplotlib")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / name


# Ticket codes want digits of one width and a 0 and 8 that cannot be taken for O and B.
CODE_FONT_FILE = _carried_by_matplotlib("DejaVuSansMono-Bold.ttf")

# 〓 is what Chinese printers set where a sort is missing. A gap would look like another name.
MISSING = "〓"
_WHITE_SPACE = re.compile(r"[^\S\u3000]+")


class _Advances(dict[str, float]):
    """Widths in ems by character; 1 of what the typeface lacks."""

    def __missing__(self, character: str) -> float:
        return 1.0


@cache
def _advances() -> _Advances:
    """Read in one go: a FreeType face shared by threads fails at random."""
    from fontTools.ttLib import TTFont

    with TTFont(FONT_FILE, lazy=True) as font:
        em, metrics = font["head"].unitsPerEm, font["hmtx"].metrics
        return _Advances((chr(code), metrics[glyph][0] / em) for code, glyph in font.getBestCmap().items())


@cache
def _everyday() -> frozenset[str]:
    from fontTools.ttLib import TTFont

    with TTFont(EVERYDAY_FONT_FILE, lazy=True) as font:
        return frozenset(map(chr, font.getBestCmap()))


def font_file_for(text: str) -> Path:
    """The small file if it has every character, else the whole one: by the text alone, in every process."""
    return EVERYDAY_FONT_FILE if _everyday().issuperset(text) else FONT_FILE


def printable(text: str) -> str:
    """The text on one line (wide spaces stay) with every character the typeface lacks shown as 〓."""
    known = _advances()
    return "".join(c if c in known else MISSING for c in _WHITE_SPACE.sub(" ", text).strip())


def width_in_ems(text: str) -> float:
    """How wide a line of printable text runs, in units of its size."""
    return sum(map(_advances().__getitem__, text))


@cache
def register_chart_font() -> str:
    """Make the typeface known to matplotlib, once per process, and return its family name."""
    from matplotlib import font_manager

    font_manager.fontManager.ttflist.append(font_manager.FontEntry(fname=str(FONT_FILE), name=FONT_FAMILY))
    return FONT_FAMILY
