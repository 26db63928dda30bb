"""Static files by fingerprint: cached for a year, fetched anew when they change."""

import hashlib
from pathlib import Path

from flask import Flask, url_for


def register(app: Flask) -> None:
    folder = Path(str(app.static_folder))
    digests: dict[str, str] = {}

    def asset(name: str) -> str:
        """The address of a static file with its digest."""
        if name not in digests or app.debug:
            digests[name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()[:12]
        return url_for("static", filename=name, v=digests[name])

    app.jinja_env.globals["asset"] = asset
