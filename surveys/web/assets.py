"""Static files as they are served: scripts and styles minified, compressed once, by fingerprint, cached for a year.

The files in `static/` stay as they are written.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import rcssmin
import rjsmin
from flask import Flask, Response, abort, request, url_for

# Comments and spaces go, no name is changed: both are safe on any file and keep to the browsers its source keeps to.
MINIFIERS: Mapping[str, Callable[[str], str]] = {".js": rjsmin.jsmin, ".css": rcssmin.cssmin}


@dataclass(frozen=True)
class Asset:
    plain: bytes
    zipped: bytes
    digest: str
    mimetype: str

    @classmethod
    def read(cls, path: Path) -> "Asset":
        text = path.read_text(encoding="utf-8")
        plain = MINIFIERS.get(path.suffix, str)(text).encode()
        mimetype = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return cls(plain, gzip.compress(plain, 9, mtime=0), hashlib.sha256(plain).hexdigest()[:12], mimetype)


def register(app: Flask) -> None:
    folder = Path(str(app.static_folder))
    assets = {path.name: Asset.read(path) for path in folder.iterdir()}

    def found(name: str) -> Asset:
        if app.debug and name in assets:
            assets[name] = Asset.read(folder / name)
        return assets[name]

    def address(name: str) -> str:
        """The address of a static file with its digest."""
        return url_for("static", filename=name, v=found(name).digest)

    def serve(filename: str) -> Response:
        if filename not in assets:
            abort(404)
        return _response(found(filename), app.get_send_file_max_age(filename))

    app.jinja_env.globals["asset"] = address
    app.view_functions["static"] = serve


def _response(asset: Asset, max_age: int | None) -> Response:
    zipped = "gzip" in request.headers.get("Accept-Encoding", "")
    response = Response(asset.zipped if zipped else asset.plain, mimetype=asset.mimetype)
    if zipped:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.cache_control.public = True
    response.cache_control.max_age = max_age
    response.set_etag(asset.digest)
    response.make_conditional(request)
    return response
