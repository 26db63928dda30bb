"""What every request passes before its view: the whole body, the CSRF token, and whether this person may call it."""

from flask import Flask, abort, current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user

from surveys.acts import poll_people, readings
from surveys.acts.actors import Permission, Role
from surveys.web import kept_forms, uploads
from surveys.web.access import PUBLIC, SIGNED_IN, actor, csrf, declared, is_printable, load, may, note_use, public, site

WITH_ONE_TIME_PASSWORD = ("sign_in.password", "sign_in.sign_out")
"""All that somebody may call who has not changed the one-time password yet."""
WITHOUT_SECOND_FACTOR = (*WITH_ONE_TIME_PASSWORD, "second_factor.show", "second_factor.turn_on")
"""All that somebody may call who must set up a second factor first."""
NAMED = ("assessment_id", "unit_id", "poll_id")
"""By which an address says what assessment its page is about."""


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
        return (kept_forms.answer() if request.method == "POST" else None) or _to_sign_in()
    if actor().must_change and request.endpoint not in WITH_ONE_TIME_PASSWORD:
        return (kept_forms.answer() if request.method == "POST" else None) or redirect(url_for("sign_in.password"))
    if actor().must_enrol and request.endpoint not in WITHOUT_SECOND_FACTOR:
        if request.method == "POST":
            flash("刚才的操作没有生效：请先开通两步登录。")
        return redirect(url_for("second_factor.show"))
    if access != SIGNED_IN and not (may(Permission(access)) and _was_given(Permission(access))):
        abort(403)
    poll_id = (request.view_args or {}).get("poll_id")
    if poll_id is not None and actor().role is not Role.READER and not _may_enter(poll_id):
        abort(403)
    return None


def _may_enter(poll_id: int) -> bool:
    with site().database.reading() as session:
        return poll_people.may_enter(session, actor(), poll_id)


def _was_given(permission: Permission) -> bool:
    """What a reader is shown, two hands gave it; all others see what their role may."""
    kind = readings.KIND_OF.get(permission)
    if kind is None or actor().role is not Role.READER:
        return True
    ((named, number),) = ((name, value) for name, value in (request.view_args or {}).items() if name in NAMED)
    with site().database.reading() as session:
        assessment_id = readings.assessment_of(session, named, number)
    return not actor().unconfirmed and (assessment_id, kind) in actor().given


def _is_public() -> bool:
    return declared(current_app.view_functions[str(request.endpoint)]) == PUBLIC


def _to_sign_in() -> ResponseReturnValue:
    if request.method == "POST":
        flash("登录已过期，请重新登录后再操作一次，刚才的操作没有生效。")
    return redirect(url_for("sign_in.form"))


def _without_files(most: int) -> ResponseReturnValue:
    """To a form with files of somebody whose session has ended. A large one is read only if a page of ours sent it:
    nobody else may make the server read it."""
    large = (request.content_length or 0) > current_app.config["MAX_CONTENT_LENGTH"]
    if large and not kept_forms.has_owner(uploads.head()):
        return _to_sign_in()
    uploads.receive(most, kept=False)
    return kept_forms.answer() or _to_sign_in()


def require_whole_body() -> ResponseReturnValue | None:
    """A body cut short on its way must not be counted as far as it came; so it needs a length, and must have it."""
    if request.method != "POST":
        return None
    if "Transfer-Encoding" in request.headers:
        abort(411)  # browsers send forms with a length; a proxy in front does too
    most = uploads.most_bytes()
    if most is not None:
        if not (_is_public() or current_user.is_authenticated):
            return _without_files(most)
        refusal = check()  # before the body: nobody else may make the server read a large one
        if refusal is None:
            uploads.receive(most)
        return refusal
    if request.endpoint in kept_forms.CARRIERS:
        request.max_content_length = request.max_form_memory_size = kept_forms.MOST_BYTES
    if len(request.get_data()) != (request.content_length or 0):
        abort(400)
    return None


def refuse_control_characters() -> None:
    if request.method == "POST" and request.endpoint != "ballot.cast" and not is_printable():
        abort(400)


def register(app: Flask) -> None:
    app.before_request(require_whole_body)  # before the CSRF check, which reads the form
    csrf.init_app(app)
    # Not through init_app: its hooks open the session on every answer, and a voter has none.
    login = LoginManager()
    app.login_manager = login  # type: ignore[attr-defined]
    login.session_protection = None  # phones and offices change addresses; the server ends sessions
    login.user_loader(load)
    app.before_request(check)
    app.before_request(refuse_control_characters)
    app.after_request(note_use)
    app.view_functions["static"] = public(app.view_functions["static"])
    app.jinja_env.globals.update(may=may, Permission=Permission, current_user=current_user)
