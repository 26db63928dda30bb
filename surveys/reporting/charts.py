"""Charts as PNG or SVG. The same values give the same bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from surveys.reporting.chart_sizes import (
    LABEL_SIZE,
    LEGEND_ENTRY,
    LEGEND_LINE,
    LINE,
    MARGIN,
    NUMBER_SIZE,
    SMALL_SIZE,
    WIDTH,
    ImageFormat,
)
from surveys.reporting.fonts import printable, width_in_ems
from surveys.reporting.palette import ACCENT, BLANK, INK, MUTED, PAPER, Paint, paints, text_on
from surveys.reporting.wrapping import wrap, wrap_evenly

if TYPE_CHECKING:
    from matplotlib.patches import Patch

    from surveys.reporting.canvas import Canvas

_BLANK_NAME = "未填"
_NO_ROWS = "暂无数据"
_NO_SCORE = "待定"

_LABEL_WIDTHS = (14.0, 18.0, 22.0, 26.0, 30.0, 34.0)  # ems
_LABEL_LINES = 3
_NAME_WIDTH = 22.0  # ems
_GAP = 8.0
_AXIS_HEIGHT = 16.0
_LEGEND_SPACE = 8.0
_LONGEST_GRADE = 16.0  # ems of a name in the legend; the whole name is in the table beside the chart
_BAND_LABEL_HEIGHT = 12.0
# Right ends of the columns right of the bars.
_SCORE_END = 42.0
_LAST_END = 76.0


@dataclass(frozen=True)
class GradeStyle:
    letter: str
    name: str


@dataclass(frozen=True)
class GradeRow:
    """One item: how many ballots gave it each letter (`-` for blank), and its score as it is to be read."""

    label: str
    counts: Mapping[str, int]
    score: str | None


@dataclass(frozen=True)
class UnitBar:
    name: str
    score: Decimal | None
    band: str | None


def grade_bars(
    title: str, subtitle: str, grades: Sequence[GradeStyle], rows: Sequence[GradeRow], format: ImageFormat
) -> bytes:
    """One bar of 100 % per item, divided by grade, with counts, score and base."""
    from surveys.reporting.canvas import Canvas, drawing

    labels, label_width = _labels(rows)
    lines = max((len(label) for label in labels), default=1)
    row_height = max(lines * LABEL_SIZE * 1.3 + 9, 26.0)
    grades = _with_blank(grades, rows)
    painted = paints([grade.letter for grade in grades])
    legend = _legend_lines(grades, _common_base(rows))
    with drawing:
        canvas = Canvas(
            title,
            subtitle,
            rows_height=max(len(rows), 1) * row_height + _AXIS_HEIGHT,
            legend_height=len(legend) * LEGEND_LINE + _LEGEND_SPACE,
            left=label_width * LABEL_SIZE + _GAP,
            right=_SCORE_END if _common_base(rows) else _LAST_END,
        )
        canvas.legend(
            [[_patch(grade.name, painted[grade.letter]) for grade in line] for line in legend], _common_base(rows)
        )
        _percent_axis(canvas, len(rows))
        for number, (row, label) in enumerate(zip(rows, labels, strict=True)):
            canvas.label(number, "\n".join(label))
            _score_beside(canvas, number, row, with_base=not _common_base(rows))
        if rows:
            canvas.beside(-0.5, "得分", _SCORE_END, size=SMALL_SIZE, colour=MUTED)
        if rows and not _common_base(rows):
            canvas.beside(-0.5, "有效票", _LAST_END, size=SMALL_SIZE, colour=MUTED)
        percent = canvas.settle() / 100
        for number, row in enumerate(rows):
            _stacked_bar(canvas, number, 17 / row_height, painted, row, percent)
        return canvas.image(format)


def _labels(rows: Sequence[GradeRow]) -> tuple[list[list[str]], float]:
    """The labels in lines, in the narrowest column that holds each in three, and the column's width in ems."""
    for width in _LABEL_WIDTHS:
        labels = [wrap_evenly(row.label, width) for row in rows]
        if all(len(label) <= _LABEL_LINES for label in labels):
            break
    return labels, max((width_in_ems(line) for label in labels for line in label), default=0.0)


def _with_blank(grades: Sequence[GradeStyle], rows: Sequence[GradeRow]) -> list[GradeStyle]:
    known = BLANK in (grade.letter for grade in grades)
    return (
        list(grades)
        if known or not any(row.counts.get(BLANK, 0) > 0 for row in rows)
        else [
            *grades,
            GradeStyle(BLANK, _BLANK_NAME),
        ]
    )


def _base(row: GradeRow) -> int:
    return sum(row.counts.values())


def _common_base(rows: Sequence[GradeRow]) -> str:
    """The base, if all rows have the same one."""
    bases = {_base(row) for row in rows}
    return f"n = {bases.pop()}（有效票）" if len(bases) == 1 else ""


def _legend_lines(grades: Sequence[GradeStyle], note: str) -> list[list[GradeStyle]]:
    """The grades in as few lines as hold them beside the note, names that are too long cut."""
    room = WIDTH - 2 * MARGIN - width_in_ems(note) * LABEL_SIZE
    lines: list[list[GradeStyle]] = [[]]
    used = 0.0
    for grade in grades:
        name = _cut(grade.name)
        width = (LEGEND_ENTRY + width_in_ems(name)) * LABEL_SIZE
        if lines[-1] and used + width > room:
            lines.append([])
            used = 0.0
        lines[-1].append(GradeStyle(grade.letter, name))
        used += width
    return lines


def _cut(name: str) -> str:
    first, *rest = wrap(name, _LONGEST_GRADE)
    return f"{first}…" if rest else first


def _patch(name: str, paint: Paint) -> "Patch":
    from matplotlib.patches import Patch

    patch = Patch(label=printable(name))
    _fill(patch, paint)
    return patch


def _fill(patch: "Patch", paint: Paint) -> None:
    patch.set_facecolor(paint.colour)
    patch.set_edgecolor(paint.line if paint.colour == PAPER else PAPER)
    patch.set_linewidth(0.6)
    if paint.hatch:
        patch.set_hatch(paint.hatch)
        patch.set_hatchcolor(paint.line)
        patch.set_hatch_linewidth(0.6)


def _percent_axis(canvas: "Canvas", rows: int) -> None:
    canvas.axes.set_xlim(0, 100)
    canvas.axes.set_xticks(range(0, 101, 20), [f"{percent}%" for percent in range(0, 101, 20)])
    _rows_axis(canvas, rows)


def _rows_axis(canvas: "Canvas", rows: int) -> None:
    canvas.axes.set_ylim(max(rows, 1) - 0.5, -0.5)
    if not rows:
        canvas.axes.text(0.5, 0.5, _NO_ROWS, transform=canvas.axes.transAxes, ha="center", va="center", color=MUTED)


def _score_beside(canvas: "Canvas", number: int, row: GradeRow, *, with_base: bool) -> None:
    score, colour = (_NO_SCORE, MUTED) if row.score is None else (printable(row.score), INK)
    canvas.beside(number, score, _SCORE_END, size=NUMBER_SIZE + 1, colour=colour)
    if with_base:
        canvas.beside(number, str(_base(row)), _LAST_END, colour=MUTED)


def _stacked_bar(
    canvas: "Canvas", number: int, height: float, painted: Mapping[str, Paint], row: GradeRow, percent: float
) -> None:
    """`percent` is the width of one percent in points."""
    left = 0.0
    for letter, paint in painted.items():
        count = row.counts.get(letter, 0)
        if not count:
            continue
        share = 100 * count / _base(row)
        (bar,) = canvas.axes.barh(number, share, height, left, clip_on=False)
        _fill(bar, paint)
        if width_in_ems(str(count)) * NUMBER_SIZE + 2 <= share * percent:
            _count(canvas, left + share / 2, number, count, paint)
        left += share


def _count(canvas: "Canvas", x: float, y: float, count: int, paint: Paint) -> None:
    clear = {"facecolor": paint.colour, "edgecolor": "none", "pad": 0.8} if paint.hatch else None
    canvas.axes.text(
        x, y, str(count), size=NUMBER_SIZE, color=text_on(paint.colour), ha="center", va="center_baseline", bbox=clear
    )


def unit_bars(
    title: str,
    subtitle: str,
    rows: Sequence[UnitBar],
    format: ImageFormat,
    bands: Sequence[tuple[str, Decimal]] = (),
    width: float = WIDTH,
) -> bytes:
    """One bar per unit in the order given, with its score and band, and a thin line where each band begins."""
    from surveys.reporting.canvas import Canvas, drawing

    names = [wrap_evenly(row.name, _NAME_WIDTH) for row in rows]
    lines = max((len(name) for name in names), default=1)
    row_height = max(lines * LABEL_SIZE * LINE + 5, 17.0)
    name_width = max((width_in_ems(line) for name in names for line in name), default=0.0)
    band_width = max((width_in_ems(printable(row.band or "")) for row in rows), default=0.0)
    with drawing:
        canvas = Canvas(
            title,
            subtitle,
            rows_height=max(len(rows), 1) * row_height + _AXIS_HEIGHT + 2 * _BAND_LABEL_HEIGHT,
            legend_height=_GAP + _BAND_LABEL_HEIGHT,
            left=name_width * LABEL_SIZE + _GAP,
            right=_SCORE_END + band_width * LABEL_SIZE + _GAP,
            width=width,
        )
        canvas.axes.set_xlim(0, max([100.0, *(float(row.score) for row in rows if row.score is not None)]))
        _rows_axis(canvas, len(rows))
        for number, (row, name) in enumerate(zip(rows, names, strict=True)):
            canvas.label(number, "\n".join(name))
            _unit_beside(canvas, number, row)
        _band_lines(canvas, bands, canvas.settle())
        for number, row in enumerate(rows):
            if row.score is not None:
                canvas.axes.barh(number, float(row.score), 11 / row_height, color=ACCENT)
        return canvas.image(format)


def _unit_beside(canvas: "Canvas", number: int, row: UnitBar) -> None:
    if row.score is None:
        score, colour = _NO_SCORE, MUTED
    else:
        score, colour = str(row.score.quantize(Decimal("0.01"), ROUND_HALF_UP)), INK
    canvas.beside(number, score, _SCORE_END, colour=colour)
    if row.band is not None:
        canvas.beside(number, printable(row.band), _SCORE_END + _GAP, align="left")


def _band_lines(canvas: "Canvas", bands: Sequence[tuple[str, Decimal]], width: float) -> None:
    """Each band's lower bound; labels that would touch stand on two levels."""
    limit = canvas.axes.get_xlim()[1]
    last_end = [-1.0, -1.0]
    for name, threshold in sorted(bands, key=lambda band: band[1]):
        label = printable(f"{name} {threshold}")
        x = float(threshold) / limit * width
        half = width_in_ems(label) * SMALL_SIZE / 2 + 2
        level = 0 if x - half > last_end[0] else 1
        last_end[level] = x + half
        canvas.axes.axvline(float(threshold), color=INK, linewidth=0.7, linestyle=(0, (4, 2)))
        canvas.axes.annotate(
            label,
            xy=(float(threshold), 1),
            xycoords=canvas.axes.get_xaxis_transform(),
            xytext=(0, 2 + level * _BAND_LABEL_HEIGHT),
            textcoords="offset points",
            size=SMALL_SIZE,
            color=INK,
            ha="center",
            va="bottom",
            annotation_clip=False,
        )
