"""QR codes as module matrices. The quiet zone (QUIET_ZONE modules on every side) is left to whoever draws."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import qrcode
from qrcode.constants import ERROR_CORRECT_M

QUIET_ZONE = 4

# Weighing the eight masks against each other takes most of the time; readers cope with any fixed one.
_MASK_PATTERN = 2

Matrix = tuple[tuple[bool, ...], ...]


def qr_matrix(text: str) -> Matrix:
    """Rows of modules, True is dark, without a quiet zone. Error correction M."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=0, mask_pattern=_MASK_PATTERN)
    code.add_data(text)
    code.make(fit=False)  # the smallest version that holds the text all the same; fit=True measures it twice
    return tuple(tuple(bool(module) for module in row) for row in code.modules)


def dark_runs(matrix: Matrix) -> Iterator[tuple[int, int, int]]:
    """Horizontal runs of dark modules as (column, row, length): what a path is drawn from."""
    for row_number, row in enumerate(matrix):
        column = 0
        for dark, modules in groupby(row):
            length = len(list(modules))
            if dark:
                yield column, row_number, length
            column += length


@dataclass(frozen=True)
class QrDrawing:
    """A QR code as an SVG path in a square of `side` units, its quiet zone within. To be filled dark on white."""

    side: int
    path: str


def qr_drawing(text: str) -> QrDrawing:
    matrix = qr_matrix(text)
    runs = (
        f"M{column + QUIET_ZONE} {row + QUIET_ZONE}h{length}v1h-{length}z" for column, row, length in dark_runs(matrix)
    )
    return QrDrawing(len(matrix) + 2 * QUIET_ZONE, "".join(runs))


def qr_png(text: str, scale: int = 8) -> bytes:
    """A black and white PNG with its quiet zone; `scale` is pixels per module."""
    from PIL import Image

    matrix = qr_matrix(text)
    side = len(matrix) + 2 * QUIET_ZONE
    picture = Image.new("1", (side, side), 1)
    for column, row, length in dark_runs(matrix):
        picture.paste(0, (column + QUIET_ZONE, row + QUIET_ZONE, column + QUIET_ZONE + length, row + QUIET_ZONE + 1))
    buffer = io.BytesIO()
    picture.resize((side * scale, side * scale), Image.Resampling.NEAREST).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()
