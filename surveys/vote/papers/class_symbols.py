"""Ballot classes told apart at a glance on any black and white printer: each has a grey and a shape of its own.

Drawn as PDF operators in millimetres from an upper left corner, y downwards.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import cos, pi, sin
from typing import TYPE_CHECKING

from surveys.reporting.boxes import Box
from surveys.reporting.strip_text import Line

if TYPE_CHECKING:
    from surveys.reporting.strip_pdf import SlipPdf

Bars = Callable[[Box], Iterator[str]]


def _plain(box: Box) -> Iterator[str]:
    return iter(())


def _steps(start: float, end: float, pitch: float) -> Iterator[float]:
    while start < end:
        yield start
        start += pitch


def _across(box: Box) -> Iterator[str]:
    for y in _steps(box.y + 0.8, box.bottom, 1.9):
        yield f"{box.x:.3f} {y:.3f} {box.width:.3f} 0.3 re"


def _upright(box: Box) -> Iterator[str]:
    for x in _steps(box.x + 0.4, box.right, 1.2):
        yield f"{x:.3f} {box.y:.3f} 0.4 {box.height:.3f} re"


def _slanting(box: Box) -> Iterator[str]:
    """Bars at 45 degrees; what sticks out is clipped."""
    for x in _steps(box.x - box.height, box.right, 1.8):
        corners = ((x, box.bottom), (x + box.height, box.y), (x + box.height + 0.6, box.y), (x + 0.6, box.bottom))
        yield _outline(corners)


def _dotted(box: Box) -> Iterator[str]:
    for row, y in enumerate(_steps(box.y + 0.3, box.bottom, 0.9)):
        for x in _steps(box.x + 0.3 + 0.45 * (row % 2), box.right, 0.9):
            yield f"{x:.3f} {y:.3f} 0.36 0.36 re"


@dataclass(frozen=True)
class Shade:
    """A ground and a pattern on it, 0 black to 1 white. No two look alike in grey, nor copied."""

    ground: float
    ink: float
    bars: Bars

    def operators(self, box: Box) -> str:
        """Draws the box filled."""
        area = f"{box.x:.3f} {box.y:.3f} {box.width:.3f} {box.height:.3f} re"
        bars = " ".join(self.bars(box))
        pattern = f"{area} W n {self.ink} g {bars} f" if bars else ""
        return f"q {self.ground} g {area} f {pattern} Q"


# The first ones differ most: few polls have more than three classes.
SHADES = (
    Shade(0.88, 0.0, _plain),
    Shade(0.15, 1.0, _across),
    Shade(0.75, 0.15, _slanting),
    Shade(1.0, 0.3, _upright),
    Shade(0.3, 1.0, _dotted),
    Shade(0.0, 0.0, _plain),
)

Corners = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Shape:
    """Corners in a square from -1 to 1. `room`: how wide, `middle`: how far down the letter may be."""

    corners: Corners
    room: float
    middle: float = 0.0


def _round(number: int, turn: float = 0.0) -> Corners:
    return tuple((cos(2 * pi * (each + turn) / number), sin(2 * pi * (each + turn) / number)) for each in range(number))


SHAPES = (
    Shape(_round(60), 1.45),
    Shape(((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)), 1.5),
    Shape(((0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)), 1.1),
    Shape(((0.0, -1.0), (1.0, 0.9), (-1.0, 0.9)), 0.8, 0.3),
    Shape(_round(6), 1.35),
)
_STROKE = 0.055  # of the symbol's width


def _outline(corners: Corners) -> str:
    (x, y), *others = corners
    return " ".join([f"{x:.3f} {y:.3f} m", *(f"{x:.3f} {y:.3f} l" for x, y in others), "h"])


@dataclass(frozen=True)
class ClassSymbol:
    """How a ballot class looks. `position`: its place among the poll's classes, from 0."""

    position: int
    key: str

    @property
    def shade(self) -> Shade:
        return SHADES[self.position % len(SHADES)]

    @property
    def shape(self) -> Shape:
        return SHAPES[self.position % len(SHAPES)]

    def operators(self, box: Box) -> str:
        """Draws the shape, white inside."""
        radius = box.width * (1 - _STROKE) / 2
        x, y = box.x + box.width / 2, box.y + box.height / 2
        corners = tuple((x + radius * across, y + radius * down) for across, down in self.shape.corners)
        return f"q 0 G 1 g 1 j {box.width * _STROKE:.3f} w {_outline(corners)} B Q"

    def letter(self, box: Box, advance: float, capital: float) -> tuple[float, float, float]:
        """(size, x, baseline) of the key in the shape. `advance`, `capital`: of the typeface, in ems."""
        room = self.shape.room * box.width / 2
        size = min(room * 0.78 / capital, room / (advance * len(self.key)))
        x = box.x + (box.width - size * advance * len(self.key)) / 2
        middle = box.y + box.height / 2 * (1 + self.shape.middle)
        return size, x, middle + size * capital / 2


_CODE_ADVANCE, _CODE_CAPITAL = 0.602, 0.729  # of DejaVu Sans Mono, in ems


def draw_class_symbol(pdf: "SlipPdf", symbol: ClassSymbol, box: Box) -> None:
    pdf.draw(symbol.operators(box), 0, 0)
    size, x, baseline = symbol.letter(box, _CODE_ADVANCE, _CODE_CAPITAL)
    pdf.codes([Line(symbol.key, size, x, baseline)])
