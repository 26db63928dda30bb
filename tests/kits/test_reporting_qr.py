import io
import re

from PIL import Image

from surveys.reporting.qr import QUIET_ZONE, dark_runs, qr_drawing, qr_matrix, qr_png

URL = "https://ceping.example.gov.cn/b/K7QF-0123-4567-89AB-CDEF"


def test_runs_redraw_the_matrix():
    matrix = qr_matrix(URL)
    drawn = [[False] * len(matrix) for _ in matrix]
    for column, row, length in dark_runs(matrix):
        assert not any(drawn[row][column : column + length])
        drawn[row][column : column + length] = [True] * length

    assert tuple(map(tuple, drawn)) == matrix


def test_runs_are_as_long_as_can_be():
    runs = list(dark_runs(qr_matrix(URL)))

    assert runs[0] == (0, 0, 7)
    assert not any((column + length, row) in {(c, r) for c, r, _ in runs} for column, row, length in runs)


def test_a_ballot_address_needs_no_more_than_version_4():
    assert len(qr_matrix(URL)) <= 33


def test_png_has_its_quiet_zone_and_size():
    side = len(qr_matrix(URL)) + 2 * QUIET_ZONE
    picture = Image.open(io.BytesIO(qr_png(URL, scale=5)))

    assert picture.size == (side * 5, side * 5)
    inner = QUIET_ZONE * 5
    assert picture.convert("L").point(lambda value: 255 - value).getbbox() == (
        inner,
        inner,
        side * 5 - inner,
        side * 5 - inner,
    )
    assert qr_png(URL) == qr_png(URL)


def test_a_drawing_is_the_runs_within_their_quiet_zone():
    drawing = qr_drawing(URL)
    matrix = qr_matrix(URL)

    assert drawing.side == len(matrix) + 2 * QUIET_ZONE
    runs = [tuple(map(int, found)) for found in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", drawing.path)]
    assert runs == [(column + QUIET_ZONE, row + QUIET_ZONE, length) for column, row, length in dark_runs(matrix)]
    assert re.sub(r"M\d+ \d+h(\d+)v1h-\1z", "", drawing.path) == ""
