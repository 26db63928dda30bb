"""Static files by fingerprint, compressed: cached for a year, fetched anew when they change."""

import gzip
import hashlib
from pathlib import Path

from flask import Flask, Response, request, url_for

COMPRESSED = {"text/css", "text/javascript", "application/javascript", "image/svg+xml"}


def register(app: Flask) -> None:
    folder = Path(str(app.static_folder))
    digests: dict[str, str] = {}
    zipped: dict[str, bytes] = {}

    def asset(name: str) -> str:
        """The address of a static file with its digest."""
        if name not in digests or app.debug:
            digests[name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()[:12]
        return url_for("static", filename=name, v=digests[name])

    def compress(response: Response) -> Response:
        if request.endpoint != "static" or response.mimetype not in COMPRESSED:
            return response
        response.headers["Vary"] = "Accept-Encoding"
        etag = response.get_etag()[0]
        if response.status_code != 200 or etag is None or "gzip" not in request.headers.get("Accept-Encoding", ""):
            return response
        if etag not in zipped:
            response.direct_passthrough = False
            zipped[etag] = gzip.compress(response.get_data(), 9, mtime=0)
        response.direct_passthrough = False
        response.set_data(zipped[etag])
        response.headers["Content-Encoding"] = "gzip"
        return response

    app.jinja_env.globals["asset"] = asset
    app.after_request(compress)
