"""Files as answers."""

from typing import Literal, cast

from flask import Response
from werkzeug.http import dump_options_header

ChartFormat = Literal["png", "svg"]
_CHART_TYPES = {"png": "image/png", "svg": "image/svg+xml"}


def chart_type(extension: str) -> ChartFormat | None:
    return cast(ChartFormat, extension) if extension in _CHART_TYPES else None


def attachment(data: bytes, mimetype: str, name: str) -> Response:
    """A download under a Chinese name."""
    return _named(Response(data, mimetype=mimetype), "attachment", name)


def image(data: bytes, extension: ChartFormat, name: str, *, download: bool) -> Response:
    """A chart, in the page or as a download."""
    return _named(Response(data, mimetype=_CHART_TYPES[extension]), "attachment" if download else "inline", name)


def _named(response: Response, disposition: str, name: str) -> Response:
    response.headers["Content-Disposition"] = dump_options_header(disposition, {"filename": name})
    return response
