"""Files as answers."""

import io
from typing import Literal, cast

from flask import Response, send_file

ChartFormat = Literal["png", "svg"]
_CHART_TYPES = {"png": "image/png", "svg": "image/svg+xml"}


def chart_type(extension: str) -> ChartFormat | None:
    return cast(ChartFormat, extension) if extension in _CHART_TYPES else None


def attachment(data: bytes, mimetype: str, name: str) -> Response:
    """A download under a Chinese name."""
    return send_file(io.BytesIO(data), mimetype, as_attachment=True, download_name=name)


def uploaded(data: bytes, mimetype: str, name: str) -> Response:
    """A file that somebody uploaded: a download, and sandboxed if a browser opens it all the same."""
    response = attachment(data, mimetype, name)
    response.uploaded = True  # type: ignore[attr-defined]
    return response


def image(data: bytes, extension: ChartFormat, name: str, *, download: bool) -> Response:
    """A chart, in the page or as a download."""
    return send_file(io.BytesIO(data), _CHART_TYPES[extension], as_attachment=download, download_name=name)
