"""Files as answers."""

import io
import json
from collections.abc import Iterator, Mapping
from typing import Literal, cast

from flask import Response, send_file

from surveys.reporting.stepwise import Work
from surveys.web.headers import FILE_POLICY

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ChartFormat = Literal["png", "svg"]
_CHART_TYPES = {"png": "image/png", "svg": "image/svg+xml"}


def chart_type(extension: str) -> ChartFormat | None:
    return cast(ChartFormat, extension) if extension in _CHART_TYPES else None


def attachment(data: bytes, mimetype: str, name: str) -> Response:
    """A download under a Chinese name."""
    return send_file(io.BytesIO(data), mimetype, as_attachment=True, download_name=name)


def of_poll(rehearsal: bool, name: str) -> str:
    """A poll's file: a rehearsal's must not be taken for the real one's on the desktop."""
    return f"演练-{name}" if rehearsal else name


STEPWISE = "application/vnd.ceping.steps"
"""What static/progress.js asks for."""


def stepwise(work: Work, count: int, about: Mapping[str, object]) -> Response:
    """A file with its making, for static/progress.js: a line of JSON, a dot for each hundredth of `count` done, the
    file's length on a line of its own, the file. Whatever ends before that length was lost on its way."""
    return Response(_steps(work, count, about), mimetype=STEPWISE)


def _steps(work: Work, count: int, about: Mapping[str, object]) -> Iterator[bytes]:
    yield json.dumps(about).encode() + b"\n"
    shown = 0
    while True:
        try:
            reached = next(work) * 100 // count
        except StopIteration as done:
            data = bytes(done.value)
            break
        yield b"." * (reached - shown)
        shown = reached
    yield f"\n{len(data)}\n".encode()
    yield data


def uploaded(data: bytes, mimetype: str, name: str) -> Response:
    """A file that somebody uploaded: a download, and sandboxed if a browser opens it all the same."""
    response = attachment(data, mimetype, name)
    response.headers["Content-Security-Policy"] = FILE_POLICY
    return response


def image(data: bytes, extension: ChartFormat, name: str, *, download: bool) -> Response:
    """A chart, in the page or as a download."""
    return send_file(io.BytesIO(data), _CHART_TYPES[extension], as_attachment=download, download_name=name)
