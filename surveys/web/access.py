"""Who may call what. Every view declares it; one that does not is refused to everybody."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from flask import Flask, Response, current_app, g, request
from flask_login import UserMixin, current_user
from flask_wtf import CSRFProtect

from surveys.acts import sessions
from surveys.acts.actors import Actor, Origin, Permission
from surveys.acts.errors import DatabaseBusy, why_busy
from surveys.acts.site import Site
from surveys.web import callers

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = "public"
SIGNED_IN = "signed in"
ASKED_BY_SCRIPT = "Asked-By-Script"
"""What a page of ours sends along that asks by itself (static/desk.js)."""
SOON = timedelta(minutes=30)

csrf = CSRFProtect()


class Staff(UserMixin):  # type: ignore[misc]
    """Flask-Login's user: who holds a session, known in the cookie by the session's token."""

    def __init__(self, found: sessions.Found, token: str) -> None:
        self.found = found
        self.token = token

    @property
    def actor(self) -> Actor:
        return self.found.actor

    def actor_from(self, origin: Origin) -> Actor:
        return replace(self.found.actor, origin=origin)

    def get_id(self) -> str:
        return self.token


def public(view: View) -> View:
    """Anybody may call it: a participant, a messenger's preview, a passer-by."""
    return _declare(view, PUBLIC)


def signed_in(view: View) -> View:
    """Any staff account may call it."""
    return _declare(view, SIGNED_IN)


def needs(permission: Permission) -> Callable[[View], View]:
    """Only roles with this permission may call it."""
    return lambda view: _declare(view, permission)


def also_automatic(view: View) -> View:
    """A page of ours asks for it over and over by itself too, and says so: that is nobody's activity, and does not keep
    somebody signed in, unless the view says `in_use()`."""
    view.also_automatic = True  # type: ignore[attr-defined]
    return view


def in_use() -> None:
    """Whoever has this page open is at work, also where the page asked by itself."""
    g.in_use = True


def _declare(view: View, access: str) -> View:
    view.access = access  # type: ignore[attr-defined]
    return view


def declared(view: Callable[..., Any]) -> str | None:
    """What a view declares, or None."""
    return getattr(view, "access", None)


def site(app: Flask | None = None) -> Site:
    return cast(Site, (app or current_app).extensions["site"])


def actor() -> Actor:
    """Who is signed in, with where the request comes from. For views behind `signed_in` or `needs`."""
    return cast(Staff, current_user).actor_from(callers.origin(site().settings))


def may(permission: Permission) -> bool:
    return current_user.is_authenticated and actor().may(permission)


def is_printable() -> bool:
    """No field of a form holds control characters; PostgreSQL stores no NUL and HTML shows none of them."""
    texts = (text for key, values in request.form.lists() for text in (key, *values))
    return not any(_unprintable(character) for text in texts for character in text)


def _unprintable(character: str) -> bool:
    code = ord(character)
    control = (code < 0x20 and character not in "\t\r\n") or 0x7F <= code < 0xA0
    return control or 0xD800 <= code < 0xE000 or 0xFDD0 <= code < 0xFDF0 or code & 0xFFFE == 0xFFFE


def load(token: str) -> Staff | None:
    if "staff" not in g:
        g.staff = held(token)
    return cast(Staff | None, g.staff)


def held(token: str) -> Staff | None:
    """Who holds this session now."""
    with site().database.reading() as session:
        found = sessions.find(session, site().settings, site().now(), token)
    return None if found is None else Staff(found, token)


def token() -> str:
    """Of the session of whoever is signed in."""
    return cast(Staff, current_user).token


def ends_soon() -> datetime | None:
    """When whoever is signed in has to sign in again however busy, if that is soon."""
    ends_at = cast(Staff, current_user).found.ends_at
    return ends_at if ends_at - site().now() <= SOON else None


def note_use(response: Response) -> Response:
    """After the view, which may have ended the session. A page is not lost because this could not be written."""
    staff = g.get("staff")
    if staff is not None and staff.found.unwritten and _is_activity():
        try:
            with site().database.writing() as session:
                sessions.seen(session, site().now(), staff.token)
        except DatabaseBusy as error:
            current_app.logger.warning("session: %s", why_busy(error))
    return response


def _is_activity() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or declared(view) == PUBLIC:
        return False
    automatic = getattr(view, "also_automatic", False) and ASKED_BY_SCRIPT in request.headers
    return not automatic or "in_use" in g
