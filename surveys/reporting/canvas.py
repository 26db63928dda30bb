"""A figure with a header, rows and a right column: what the charts share."""

import io
import re
import threading
from collections.abc import Sequence
from functools import cache
from typing import Literal

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.transforms import blended_transform_factory

from surveys.reporting.chart_sizes import (
    LABEL_SIZE,
    LEGEND_FIELD,
    LEGEND_GAP,
    LEGEND_LINE,
    LEGEND_PAD,
    LINE,
    MARGIN,
    NUMBER_SIZE,
    SMALL_SIZE,
    WIDTH,
    ImageFormat,
)
from surveys.reporting.fonts import register_chart_font
from surveys.reporting.palette import INK, MUTED, RULE
from surveys.reporting.wrapping import wrap_evenly

# Lengths are points (1/72 inch).
_TITLE_SIZE = 13.0
_SUBTITLE_SIZE = 9.0
_POINTS_PER_INCH = 72.0
_PNG_DPI = 160

# matplotlib does not promise to be safe in threads, and under one interpreter lock drawing by turns costs nothing.
drawing = threading.Lock()

_NO_METADATA = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
}
_DOCTYPE = re.compile(rb"<!DOCTYPE[^>]*>\s*")


@cache
def _prepare() -> None:
    matplotlib.rcParams.update(
        {
            "font.family": register_chart_font(),
            "text.parse_math": False,  # a title may hold a dollar sign
            "axes.unicode_minus": False,
            "svg.fonttype": "path",
            "svg.hashsalt": "ceping",
        }
    )


class Canvas:
    """A figure whose header is set from above in points, and whose one pair of axes takes the rest.

    Hold `drawing` from making one until its image is taken.
    """

    def __init__(
        self,
        title: str,
        subtitle: str,
        *,
        rows_height: float,
        legend_height: float,
        left: float,
        right: float,
        width: float = WIDTH,
    ) -> None:
        """`left` and `right` are the widths of the columns beside the axes, `width` that of the whole."""
        _prepare()
        self.width = width
        title_lines = wrap_evenly(title, (width - 2 * MARGIN) / _TITLE_SIZE)
        subtitle_lines = wrap_evenly(subtitle, (width - 2 * MARGIN) / _SUBTITLE_SIZE)
        titles_height = LINE * (len(title_lines) * _TITLE_SIZE + len(subtitle_lines) * _SUBTITLE_SIZE)
        header = MARGIN + titles_height + legend_height
        self.height = header + rows_height + MARGIN
        size = width / _POINTS_PER_INCH, self.height / _POINTS_PER_INCH
        self.figure = Figure(figsize=size, dpi=_PNG_DPI, layout="constrained")
        FigureCanvasAgg(self.figure)
        y = self._header_lines(title_lines, MARGIN, _TITLE_SIZE, INK)
        self.legend_top = self._header_lines(subtitle_lines, y, _SUBTITLE_SIZE, MUTED)
        # The columns are left out of the automatic layout: measuring 120 rows of text takes seconds.
        x, y = (MARGIN + left) / width, MARGIN / self.height
        across, height = 1 - x - (MARGIN + right) / width, 1 - y - header / self.height
        self._layout().set(rect=(x, y, across, height), w_pad=0, h_pad=0)
        self.axes = self._plain_axes()

    def _layout(self) -> ConstrainedLayoutEngine:
        layout = self.figure.get_layout_engine()
        assert isinstance(layout, ConstrainedLayoutEngine)
        return layout

    def _plain_axes(self) -> Axes:
        axes = self.figure.add_subplot()
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.set_yticks([])
        axes.tick_params(axis="x", length=0, labelsize=SMALL_SIZE, labelcolor=MUTED)
        axes.grid(axis="x", color=RULE, linewidth=0.5)
        axes.set_axisbelow(True)
        return axes

    def _header_lines(self, lines: Sequence[str], top: float, size: float, colour: str) -> float:
        for line in lines:
            x, y = self.place(MARGIN, top)
            self.figure.text(x, y, line, size=size, color=colour, va="top", in_layout=False)
            top += LINE * size
        return top

    def place(self, x: float, top: float) -> tuple[float, float]:
        """Figure coordinates of a point given from the upper left corner."""
        return x / self.width, 1 - top / self.height

    def legend(self, lines: Sequence[Sequence[Artist]], note: str) -> None:
        """Under the titles: what the colours mean, and at the right end on what the numbers rest."""
        top = self.legend_top + 3
        for number, handles in enumerate(lines):
            legend = self.figure.legend(
                handles=list(handles),
                loc="upper left",
                bbox_to_anchor=self.place(MARGIN, top + number * LEGEND_LINE),
                ncols=max(len(handles), 1),
                frameon=False,
                fontsize=LABEL_SIZE,
                labelcolor=INK,
                borderpad=0,
                borderaxespad=0,
                handlelength=LEGEND_FIELD,
                handleheight=1.0,
                handletextpad=LEGEND_PAD,
                columnspacing=LEGEND_GAP,
            )
            legend.set_in_layout(False)
        x, y = self.place(self.width - MARGIN, top)
        self.figure.text(x, y, note, size=LABEL_SIZE, color=INK, ha="right", va="top", in_layout=False)

    def label(self, row: float, text: str) -> None:
        """Text at the left margin."""
        across = blended_transform_factory(self.figure.transFigure, self.axes.transData)
        label = self.axes.text(
            MARGIN / self.width, row, text, size=LABEL_SIZE, color=INK, va="center", transform=across
        )
        label.set_linespacing(1.2)
        label.set_in_layout(False)

    def beside(
        self,
        row: float,
        text: str,
        offset: float,
        *,
        size: float = NUMBER_SIZE,
        colour: str = INK,
        align: Literal["left", "right"] = "right",
    ) -> None:
        """Text whose end or beginning is `offset` points right of the axes."""
        self.axes.annotate(
            text,
            xy=(1, row),
            xycoords=self.axes.get_yaxis_transform(),
            xytext=(offset, 0),
            textcoords="offset points",
            size=size,
            color=colour,
            ha=align,
            va="center",
            annotation_clip=False,
        ).set_in_layout(False)

    def settle(self) -> float:
        """Fix the layout, and return how wide the axes have become, in points."""
        self._layout().execute(self.figure)
        self.figure.set_layout_engine(None)  # "none" would cost another round of drawing
        return self.axes.get_position().width * self.width

    def image(self, format: ImageFormat) -> bytes:
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format=format, metadata=_NO_METADATA[format])
        # The document type names a file on another host.
        return _DOCTYPE.sub(b"", buffer.getvalue(), count=1) if format == "svg" else buffer.getvalue()
