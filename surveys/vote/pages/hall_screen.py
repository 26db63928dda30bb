"""A poll's screen in the hall, for a projector. For anybody; no session."""

import hashlib
from typing import cast
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from surveys.polling.states import PollState
from surveys.reporting.qr import qr_drawing
from surveys.vote.hall_screen import Screen, Screens
from surveys.web.access import public, site

pages = Blueprint("screens", __name__)


@pages.get("/screen/<prefix>")
@public
def show(prefix: str) -> ResponseReturnValue:
    screen = _screen(prefix)
    settings = site().settings
    host = urlsplit(settings.public_url).netloc
    sealed = screen.state.value == "sealed"
    now = site().now()
    path = f"/board/{screen.prefix}" if sealed else ""
    return render_template(
        "vote/screens/screen.html",
        screen=screen,
        closes_in=screen.closes_in(now),
        time_is_up=screen.time_is_up(now),
        address=host + path,
        qr=qr_drawing(settings.public_url + (path or "/")),
    )


@pages.get("/screen/<prefix>/live")
@public
def live(prefix: str) -> ResponseReturnValue:
    """The figures that change. The ETag leaves the seconds out, or else no answer would ever be the same."""
    screen, now = _screen(prefix), site().now()
    time_is_up = screen.time_is_up(now)
    response: Response = jsonify(
        state=screen.state.value,
        entitled=screen.entitled,
        present=screen.present,
        base=screen.base,
        returned=screen.returned,
        closes_in=screen.closes_in(now),
        time_is_up=time_is_up,
    )
    response.set_etag(hashlib.sha256(repr((screen, time_is_up)).encode()).hexdigest()[:16], weak=True)
    return response.make_conditional(request)


def _screen(prefix: str) -> Screen:
    found = cast(Screens, current_app.extensions["screens"]).get(site().database, prefix)
    if found.state is not PollState.OPEN:
        site().open_polls.forget(found.prefix)
    return found
