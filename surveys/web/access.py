"""Who may call what. Every view declares it; one that does not is refused to everybody."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Flask, abort, current_app, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user
from flask_wtf import CSRFProtect

from surveys.services import accounts
from surveys.services.actors import Actor, Permission
from surveys.services.site import Site
from surveys.web import uploads

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = "public"
SIGNED_IN = "signed in"

WITH_ONE_TIME_PASSWORD = ("sign_in.password", "sign_in.sign_out")
"""All that somebody may call who has not changed the one-time password yet."""

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


def check() -> ResponseReturnValue | None:
    if request.endpoint is None:
        return None  # no such page: the error page says so
    access = declared(current_app.view_functions[request.endpoint])
    if access == PUBLIC:
        return None
    if access is None:
        abort(403)
    if not current_user.is_authenticated:
        if request.method in ("GET", "HEAD"):
            return redirect(url_for("sign_in.form", next=request.full_path.rstrip("?")))
        if request.method == "POST":
            flash("登录已过期，请重新登录后再操作一次，刚才的操作没有生效。")
        return redirect(url_for("sign_in.form"))
    if actor().must_change and request.endpoint not in WITH_ONE_TIME_PASSWORD:
        return redirect(url_for("sign_in.password"))
    if access != SIGNED_IN and not may(Permission(access)):
        abort(403)
    return None


def require_whole_body() -> ResponseReturnValue | None:
    """A body cut short on its way must not be counted as far as it came; so it needs a length, and must have it."""
    if request.method != "POST":
        return None
    if "Transfer-Encoding" in request.headers:
        abort(411)  # browsers send forms with a length; a proxy in front does too
    most = uploads.most_bytes()
    if most is not None:
        refusal = check()  # before the body: nobody else may make the server read a large one
        if refusal is None:
            uploads.receive(most)
        return refusal
    if len(request.get_data()) != (request.content_length or 0):
        abort(400)
    return None


def refuse_control_characters() -> None:
    """No field of a form holds them; PostgreSQL stores no NUL and HTML shows none of them."""
    if request.method == "POST" and request.endpoint != "ballot.cast":
        texts = (text for key, values in request.form.lists() for text in (key, *values))
        if any(_unprintable(character) for text in texts for character in text):
            abort(400)


def _unprintable(character: str) -> bool:
    code = ord(character)
    control = (code < 0x20 and character not in "\t\r\n") or 0x7F <= code < 0xA0
    return control or 0xD800 <= code < 0xE000 or 0xFDD0 <= code < 0xFDF0 or code & 0xFFFE == 0xFFFE


def _load(session_key: str) -> Staff | None:
    if "staff" not in g:
        with site().database.reading() as session:
            found = accounts.signed_in(session, session_key)
        g.staff = None if found is None else Staff(found, session_key)
    return cast(Staff | None, g.staff)


def register(app: Flask) -> None:
    app.before_request(require_whole_body)  # before the CSRF check, which reads the form
    csrf.init_app(app)
    # Not through init_app: its hooks open the session on every answer, and a voter has none.
    login = LoginManager()
    app.login_manager = login  # type: ignore[attr-defined]
    login.session_protection = None  # phones and offices change addresses; the session key ends sessions
    login.user_loader(_load)
    app.before_request(check)
    app.before_request(refuse_control_characters)
    app.view_functions["static"] = public(app.view_functions["static"])
    app.jinja_env.globals.update(may=may, Permission=Permission, current_user=current_user)
