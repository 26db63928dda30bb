"""Screens at the doors, and the word of a phone that it has opened what one shows. No session: the token is all."""

import hashlib
import json
from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue

from surveys.acts.errors import NotAllowed, WrongState
from surveys.polling.base32 import grouped
from surveys.reporting.qr import qr_drawing
from surveys.vote import door_screens
from surveys.vote.door_screens import Dispensed, DoorScreen
from surveys.web.access import csrf, public, site

pages = Blueprint("doors", __name__)
# The token in the address is the screen's whole authority, and there is no cookie another site could ride on.
csrf.exempt(pages)


@pages.get("/door/<token>")
@public
def show(token: str) -> ResponseReturnValue:
    """Makes no ticket: a reload, a restored tab or a messenger's preview shows the button alone."""
    return _page(_door(token))


@pages.post("/door/<token>")
@public
def next_ticket(token: str) -> ResponseReturnValue:
    """One fresh ticket, its code in this answer and never again."""
    _check_origin()
    try:
        with site().database.writing() as session:
            dispensed = door_screens.next_ticket(session, site().now(), token, request.form.get("leaving") or None)
    except WrongState as refusal:
        return make_response(_page(_door(token), fault=str(refusal)), 409)
    return _page(_door(token), dispensed)


@pages.get("/door/<token>/state")
@public
def state(token: str) -> ResponseReturnValue:
    door = _door(token)
    shown = {
        "working": door.working,
        "waiting": door.waiting,
        "showing": door.showing,
        "taken": door.taken,
        "left": door.left,
    }
    body = json.dumps(shown, sort_keys=True)
    response = Response(body, mimetype="application/json")
    response.set_etag(hashlib.sha256(body.encode()).hexdigest()[:16])
    return response.make_conditional(request)


@pages.post("/d/<showing>")
@public
def opened(showing: str) -> ResponseReturnValue:
    """The same answer whatever the number: it tells nobody which numbers are on a screen."""
    door_screens.opened(site(), showing)
    return "", 204


def _door(token: str) -> DoorScreen:
    with site().database.reading() as session:
        return door_screens.door_screen(session, site().now(), token)


def _page(door: DoorScreen, dispensed: Dispensed | None = None, fault: str | None = None) -> str:
    code = None if dispensed is None else grouped(dispensed.code)
    qr = None if dispensed is None else qr_drawing(f"{site().ballot_url(str(code))}?d={dispensed.showing}")
    return render_template(
        "vote/doors/door.html",
        door=door,
        code=code,
        qr=qr,
        leaving=door.showing if dispensed is None else dispensed.showing,
        fault=fault,
        host=urlsplit(site().settings.public_url).netloc,
    )


def _check_origin() -> None:
    """Whoever knows the token needs no other site's page to post from.

    Origin is "null" under `no-referrer`, so the newer header decides where there is one.
    """
    ours = {urlsplit(site().settings.public_url).netloc, request.host}
    origin = request.headers.get("Origin", "null")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none") or (
        origin != "null" and urlsplit(origin).netloc not in ours
    ):
        raise NotAllowed("这个操作要从发码屏自己的页面上点按钮。没有发码。")
