"""Where everything lies on an A4 sheet of ticket slips, in each of the sizes. Lengths are millimetres."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum

from surveys.reporting.boxes import POINT, Box

PAGE_WIDTH, PAGE_HEIGHT = 210.0, 297.0
PAGE_MARGIN = 5.5  # office printers leave up to 5 blank


class Size(IntEnum):
    """Slips to a page: the fewer, the larger the QR, the code and the type."""

    SMALL = 21
    LARGE = 10
    LARGEST = 4


class Part(Enum):
    """The words of a slip."""

    TITLE = "title"
    UNIT = "unit"
    PLACE = "place and date"
    INSTRUCTIONS = "instructions"
    CLASS_AND_BATCH = "class and batch"
    CLASS = "class"
    BATCH = "batch"


@dataclass(frozen=True)
class Type:
    """The sizes a part may have: a long title gives up its prominence before the rest gets hard to read."""

    largest: float
    smallest: float
    space_before: float = 0.0


@dataclass(frozen=True)
class Flow:
    """A box that its parts fill from the top, as large as it allows."""

    box: Box
    types: Mapping[Part, Type]


@dataclass(frozen=True)
class Layout:
    """A grid of slips without gaps, so that one cut parts two, and what lies where within a slip.

    `qr` includes the quiet zone. `padding`: no ink within this distance of a cut. `shade`: the grey of the ballot
    class; `symbol`: its letter in its shape. `tag`: where a rehearsal says so.
    """

    columns: int
    rows: int
    slip: Box
    padding: float
    qr: Box
    code: Box
    code_size: float
    shade: Box
    symbol: Box
    tag: Box
    flows: tuple[Flow, ...]

    @property
    def per_page(self) -> int:
        return self.columns * self.rows

    def slip_box(self, position: int) -> Box:
        """Where the slip at this position of its page lies: along the rows, from the upper left."""
        row, column = divmod(position, self.columns)
        return self.slip.moved(column * self.slip.width, row * self.slip.height)


def _points(size: float) -> float:
    return size * POINT


_SMALL_WIDTH, _SMALL_HEIGHT = (PAGE_WIDTH - 2 * PAGE_MARGIN) / 3, (PAGE_HEIGHT - 2 * PAGE_MARGIN) / 7

LAYOUTS: Mapping[Size, Layout] = {
    # 66 x 41: sheets of 3 x 7 labels.
    Size.SMALL: Layout(
        columns=3,
        rows=7,
        slip=Box(PAGE_MARGIN, PAGE_MARGIN, _SMALL_WIDTH, _SMALL_HEIGHT),
        padding=1.5,
        qr=Box(1.0, 0.8, 26.4, 26.4),
        code=Box(3.4, 27.6, 45.4, 11.4),
        code_size=_points(15),
        shade=Box(50.0, 27.9, _SMALL_WIDTH - 50.0 - 1.6, 11.3),
        symbol=Box(52.7, 28.9, 9.3, 9.3),
        tag=Box(36.4, 27.9, 11.6, 5.0),
        flows=(
            Flow(
                Box(27.6, 2.2, _SMALL_WIDTH - 27.6 - 2.0, 25.2),
                {
                    Part.TITLE: Type(4.4, 2.0),
                    Part.UNIT: Type(3.4, 1.95, 0.6),
                    Part.PLACE: Type(2.8, 1.95, 0.4),
                    Part.INSTRUCTIONS: Type(2.8, 1.95, 1.4),
                    Part.CLASS_AND_BATCH: Type(2.6, 1.95, 1.0),
                },
            ),
        ),
    ),
    # 99.1 x 57, as sheets of 2 x 5 labels, set in far enough for labels with a gap between the columns.
    Size.LARGE: Layout(
        columns=2,
        rows=5,
        slip=Box(5.9, 6.0, 99.1, 57.0),
        padding=2.8,
        qr=Box(0.4, 19.4, 36.0, 36.0),
        code=Box(36.4, 38.6, 53.0, 15.0),
        code_size=_points(17.5),
        shade=Box(91.2, 3.0, 5.0, 51.0),
        symbol=Box(76.4, 3.0, 13.0, 13.0),
        tag=Box(75.4, 38.9, 14.0, 6.0),
        flows=(
            Flow(
                Box(3.8, 3.0, 71.0, 16.9),
                {
                    Part.TITLE: Type(5.4, 2.4),
                    Part.UNIT: Type(4.2, 2.4, 0.6),
                    Part.PLACE: Type(3.4, 2.3, 0.5),
                    Part.CLASS_AND_BATCH: Type(3.0, 2.2, 0.5),
                },
            ),
            Flow(Box(36.4, 21.4, 53.0, 16.4), {Part.INSTRUCTIONS: Type(_points(10.5), _points(9))}),
        ),
    ),
    # 105 x 148.5: a quarter of the page, so that two cuts do.
    Size.LARGEST: Layout(
        columns=2,
        rows=2,
        slip=Box(0.0, 0.0, 105.0, 148.5),
        padding=7.5,
        qr=Box(3.0, 36.5, 52.0, 52.0),
        code=Box(8.0, 88.5, 78.5, 21.4),
        code_size=_points(26),
        shade=Box(89.5, 8.0, 7.5, 132.5),
        symbol=Box(60.5, 40.0, 22.0, 22.0),
        tag=Box(65.5, 89.2, 21.0, 9.0),
        flows=(
            Flow(
                Box(8.0, 7.8, 79.0, 29.5),
                {
                    Part.TITLE: Type(8.4, 4.0),
                    Part.UNIT: Type(6.4, 3.8, 1.2),
                    Part.PLACE: Type(5.0, 3.6, 1.0),
                },
            ),
            Flow(Box(58.0, 65.0, 29.0, 22.0), {Part.CLASS: Type(4.4, 2.6), Part.BATCH: Type(3.6, 2.6, 0.8)}),
            Flow(Box(8.0, 111.0, 79.0, 29.4), {Part.INSTRUCTIONS: Type(_points(14), _points(12))}),
        ),
    ),
}
