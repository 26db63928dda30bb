"""What the audit log learns of requests that change nothing: who was refused, and who read what is sensitive.

Written once the answer is out, so that nobody waits for it; never of a voter's page, which no account asks for.
"""

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar, cast

from flask import Flask, Response, current_app, g, request
from werkzeug.wsgi import ClosingIterator

from surveys.acts import audit
from surveys.acts.actors import Actor
from surveys.acts.audit import ACTS, Outcome
from surveys.acts.errors import DatabaseBusy, why_busy
from surveys.acts.site import Site
from surveys.web.access import PUBLIC, actor, declared, site

log = logging.getLogger(__name__)

View = TypeVar("View", bound=Callable[..., Any])


def reads(act: str) -> Callable[[View], View]:
    """Whoever is shown this page or gets this file is in the audit log. Raises KeyError."""
    ACTS[act]

    def declare(view: View) -> View:
        view.reads = act  # type: ignore[attr-defined]
        return view

    return declare


def note(response: Response) -> Response:
    """Of whoever is signed in."""
    view = current_app.view_functions.get(request.endpoint or "")
    if g.get("staff") is None or view is None or declared(view) == PUBLIC or request.method == "HEAD":
        return response
    act = "access.refused" if response.status_code == 403 else getattr(view, "reads", None)
    if act is None or response.status_code not in (200, 403):
        return response
    outcome = Outcome.REFUSED if response.status_code == 403 else Outcome.DONE
    written = partial(_write, site(), actor(), act, request.path, outcome)
    if response.direct_passthrough:  # a file: handed to the server as it is, and closed by that
        response.response = ClosingIterator(cast(Iterable[bytes], response.response), written)
    else:
        response.call_on_close(written)
    return response


def _write(found: Site, actor: Actor, act: str, path: str, outcome: Outcome) -> None:
    try:
        with found.database.writing() as session:
            audit.record(session, found.now(), actor, act, path, result=outcome)
            session.commit()
    except DatabaseBusy as error:
        log.warning("audit log: %s", why_busy(error))


def register(app: Flask) -> None:
    app.after_request(note)
