"""Words set into boxes, as large as they allow."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from surveys.reporting.boxes import Box
from surveys.reporting.wrapping import wrap_evenly

ASCENT = 0.88  # of Noto Sans SC's Chinese characters; the descent is the rest of one em
CODE_LEADING = 1.16
LEADING = 1.24
_SIZE_STEPS = 40


class SlipTextTooLong(ValueError):
    """The words on the slip do not fit it at a size that can be read."""


@dataclass(frozen=True)
class Paragraph:
    """Text and the sizes it may have."""

    text: str
    largest: float
    smallest: float
    space_before: float = 0.0

    def size(self, squeeze: float) -> float:
        return self.largest + squeeze * (self.smallest - self.largest)


@dataclass(frozen=True)
class Line:
    """One line of text, its baseline relative to the upper left corner of the slip."""

    text: str
    size: float
    x: float
    baseline: float


def set_text(paragraphs: Iterable[Paragraph], box: Box, squeeze: float = 0.0) -> tuple[list[Line], float]:
    """The lines of some paragraphs from the top of the box, and the height they take; `squeeze` goes from 0 to 1."""
    lines: list[Line] = []
    y = box.y
    for paragraph in paragraphs:
        size = paragraph.size(squeeze)
        y += paragraph.space_before * (1 - 0.9 * squeeze)
        for text in wrap_evenly(paragraph.text, box.width / size):
            lines.append(Line(text, size, box.x, y + ASCENT * size))
            y += LEADING * size
    return lines, y - box.y


def fitted(paragraphs: Sequence[Paragraph], box: Box) -> list[Line]:
    """The lines of some paragraphs, as large as the box allows. Raises SlipTextTooLong."""
    for step in range(_SIZE_STEPS + 1):
        lines, height = set_text(paragraphs, box, step / _SIZE_STEPS)
        if height <= box.height:
            return lines
    raise SlipTextTooLong("".join(paragraph.text for paragraph in paragraphs))


def code_lines(code: str) -> tuple[str, ...]:
    """A ticket code in two lines, broken at the hyphen after its second group."""
    groups = code.split("-")
    return ("-".join(groups[:2]) + "-", "-".join(groups[2:])) if len(groups) > 2 else (code,)


def set_code(code: str, box: Box, size: float) -> Iterator[Line]:
    """The lines of a ticket code from the top of the box."""
    for number, text in enumerate(code_lines(code)):
        yield Line(text, size, box.x, box.y + (number * CODE_LEADING + 0.8) * size)
