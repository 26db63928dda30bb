"""Who may call what. Every view declares it; one that does not is refused to everybody."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Flask, current_app, g, request
from flask_login import UserMixin, current_user
from flask_wtf import CSRFProtect

from surveys.services import accounts
from surveys.services.actors import Actor, Permission
from surveys.services.site import Site

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = "public"
SIGNED_IN = "signed in"

csrf = CSRFProtect()


class Staff(UserMixin):  # type: ignore[misc]
    """Flask-Login's user: the actor, known in the cookie by the account's session key."""

    def __init__(self, actor: Actor, session_key: str) -> None:
        self.actor = actor
        self.session_key = session_key

    def get_id(self) -> str:
        return self.session_key


def public(view: View) -> View:
    """Anybody may call it: a participant, a messenger's preview, a passer-by."""
    return _declare(view, PUBLIC)


def signed_in(view: View) -> View:
    """Any staff account may call it."""
    return _declare(view, SIGNED_IN)


def needs(permission: Permission) -> Callable[[View], View]:
    """Only roles with this permission may call it."""
    return lambda view: _declare(view, permission)


def _declare(view: View, access: str) -> View:
    view.access = access  # type: ignore[attr-defined]
    return view


def declared(view: Callable[..., Any]) -> str | None:
    """What a view declares, or None."""
    return getattr(view, "access", None)


def site(app: Flask | None = None) -> Site:
    return cast(Site, (app or current_app).extensions["site"])


def actor() -> Actor:
    """Who is signed in. For views behind `signed_in` or `needs`."""
    return cast(Staff, current_user).actor


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


def load(session_key: str) -> Staff | None:
    if "staff" not in g:
        with site().database.reading() as session:
            found = accounts.signed_in(session, session_key)
        g.staff = None if found is None else Staff(found, session_key)
    return cast(Staff | None, g.staff)
