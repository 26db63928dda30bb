"""What signing in does on each of its steps: who is in now, where they go, and what a refusal answers."""

import math

from flask import make_response, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, logout_user

from surveys.acts.errors import Refusal
from surveys.office import sign_ins
from surveys.office.accounts import WrongCredentials
from surveys.office.pages import known_browsers
from surveys.office.sign_ins import TooManyFailures
from surveys.web import kept_forms
from surveys.web.access import Staff, actor, held, site, token


def onward(entered: sign_ins.Entered, wanted: str | None = None) -> ResponseReturnValue:
    """`wanted`: a page of this site; what was kept comes before it."""
    if kept_forms.KEPT in request.form:
        answer = kept_forms.resumed(request.form[kept_forms.KEPT])
    else:
        answer = redirect(wanted or url_for("sign_in.home"))
    return known_browsers.remember(make_response(answer), entered)


def holder(entered: sign_ins.Entered) -> Staff:
    """Raises WrongCredentials for an account that was switched off or reset in this very moment."""
    found = held(entered.token)
    if found is None:
        raise WrongCredentials("账号刚刚停用或重设了密码，请核对后再试。")
    return found


def refused(page: str, error: Refusal) -> ResponseReturnValue:
    if isinstance(error, TooManyFailures):
        return page, 429, {"Retry-After": str(math.ceil(error.wait.total_seconds()))}
    return page, 400


def leave() -> None:
    """Of this browser, on the server too: what else holds its cookie holds nothing."""
    if current_user.is_authenticated:
        sign_ins.sign_out(site(), site().now(), actor(), token())
    logout_user()
    session.clear()
