"""Break Chinese text into lines the way a typesetter would."""

import re
from collections.abc import Iterator
from functools import lru_cache

from surveys.reporting.fonts import printable, width_in_ems

# Punctuation that may not begin a line, and that may not end one (GB/T 15834, 5.1).
_NOT_FIRST = frozenset("，。、；：？！）》」』】〕〉”’％…—·,.;:?!)]}%")
_NOT_LAST = frozenset("（《「『【〔〈“‘([{")

# A run of Latin letters and digits stays whole: years, phone numbers and addresses are read in one glance.
_WORD = re.compile(r"[A-Za-z0-9@#&+=_~/\\'\"$.:-]+|.", re.DOTALL)


def _pieces(text: str) -> Iterator[str]:
    """The unbreakable pieces of a text: a character or word with the punctuation that clings to it."""
    piece = ""
    for part in _WORD.findall(text):
        clings = part[0] in _NOT_FIRST or (piece != "" and piece[-1] in _NOT_LAST)
        if piece and not clings:
            yield piece
            piece = ""
        piece += part
    if piece:
        yield piece


def _chopped(piece: str, width: float) -> Iterator[str]:
    """A piece wider than a line, in parts that are not."""
    part = ""
    for character in piece:
        if part and width_in_ems(part + character) > width:
            yield part
            part = ""
        part += character
    yield part


def wrap(text: str, width: float) -> list[str]:
    """Lines of at most `width` ems (one Chinese character is one em). An empty text has no lines."""
    return list(_wrapped(text, width))


# A hundred letters say the same standards in columns of the same width.
@lru_cache(maxsize=4096)
def _wrapped(text: str, width: float) -> tuple[str, ...]:
    lines: list[str] = []
    line = ""
    for piece in _pieces(printable(text)):
        for part in _chopped(piece, width) if width_in_ems(piece) > width else (piece,):
            if line and width_in_ems((line + part).rstrip()) > width:
                lines.append(line.rstrip())
                line = ""
            line = (line + part).lstrip()
    return (*lines, line.rstrip()) if line.strip() else tuple(lines)


def wrap_evenly(text: str, width: float) -> list[str]:
    """As few lines as `wrap` needs, as even in length as that allows: no single character left for the last line."""
    lines = wrap(text, width)
    narrower = lines
    # At one em there is a character in each line, however narrow.
    while len(lines) > 1 and len(narrower) == len(lines) and width > 1:
        lines = narrower
        width -= 0.5
        narrower = wrap(text, width)
    return lines
