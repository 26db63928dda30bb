"""Static files as browsers get them: minified and compressed, under the fingerprint of what is served."""

import gzip
import hashlib

import pytest
from flask import Flask

from app import create_app
from surveys.acts.site import Site
from tests.servers import ROOT
from tests.worlds import client_of

STATIC = ROOT / "static"
NAMES = sorted(path.name for path in STATIC.iterdir())
TYPES = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}


def test_a_file_is_served_small_and_under_its_own_fingerprint(lite_app: Flask) -> None:
    client = client_of(lite_app)
    with lite_app.test_request_context():
        addresses = {name: lite_app.jinja_env.globals["asset"](name) for name in NAMES}
    for name, address in addresses.items():
        plain, zipped = client.get(address), client.get(address, headers={"Accept-Encoding": "gzip, br"})
        assert address.endswith("?v=" + hashlib.sha256(plain.data).hexdigest()[:12])
        assert "Content-Encoding" not in plain.headers
        assert zipped.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(zipped.data) == plain.data
        for response in (plain, zipped):
            assert response.mimetype == TYPES[name.rpartition(".")[2]]
            assert response.headers["Vary"] == "Accept-Encoding"
            assert "max-age=31536000" in response.headers["Cache-Control"]
        source = (STATIC / name).read_bytes()
        if name == "icon.svg":
            assert plain.data == source
        else:
            assert len(plain.data) < len(source), name
            assert len(zipped.data) < len(gzip.compress(source, 9)), name
            assert b"/*" not in plain.data


def test_what_was_served_before_is_not_sent_again(lite_app: Flask) -> None:
    client = client_of(lite_app)
    first = client.get("/static/ballot.js")
    again = client.get("/static/ballot.js", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_nothing_else_is_served(lite_app: Flask) -> None:
    for path in ("/static/nothing.js", "/static/../app.py", "/static/x/ballot.js", "/static/"):
        assert client_of(lite_app).get(path).status_code == 404, path


def test_in_debug_a_change_is_served_at_once(lite_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(lite_site.settings)
    client = client_of(app)
    monkeypatch.setattr("surveys.web.assets.MINIFIERS", {})
    assert client.get("/static/ballot.js").data != (STATIC / "ballot.js").read_bytes()
    app.debug = True
    assert client.get("/static/ballot.js").data == (STATIC / "ballot.js").read_bytes()
