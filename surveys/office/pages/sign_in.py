"""Signing in and out, and the account's own password."""

from urllib.parse import urlsplit

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user

from surveys.acts.actors import Permission
from surveys.acts.errors import Refusal
from surveys.office import sign_ins
from surveys.office.pages import known_browsers
from surveys.office.pages.entering import holder, leave, onward, refused
from surveys.office.sign_ins import CodeWanted
from surveys.web import callers, kept_forms
from surveys.web.access import actor, may, public, signed_in, site, token
from surveys.web.forms import ActForm, CodeForm, EndSessionForm, PasswordForm, SignInForm

pages = Blueprint("sign_in", __name__)


@pages.get("/login")
@public
def form() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(url_for("sign_in.home"))
    return render_template("office/sign_in.html", form=SignInForm(), fault=None)


@pages.post("/login")
@public
def sign_in() -> ResponseReturnValue:
    form = SignInForm()
    try:
        form.checked()
        name, password, proofs = form.name.data, form.password.data, known_browsers.proofs()
        address, origin = callers.address(site().settings), callers.origin(site().settings)
        entered = sign_ins.sign_in(site(), site().now(), name, password, address, proofs, origin)
        staff = holder(entered)
    except CodeWanted as wanted:
        return _code_page(wanted)
    except Refusal as error:
        kept = request.form.get(kept_forms.KEPT, "")
        return refused(
            render_template("office/sign_in.html", form=form, fault=str(error), kept=kept, typed=True), error
        )
    leave()
    g.pop("csrf_token", None)  # made of the session that has ended
    session.permanent = True
    login_user(staff)
    return onward(entered, _safe_next())


def _code_page(wanted: CodeWanted) -> str:
    form = CodeForm(formdata=None, data={"ticket": wanted.ticket})
    kept = request.form.get(kept_forms.KEPT, "")
    return render_template("office/second_factor/code.html", form=form, fault="", kept=kept)


def _safe_next() -> str | None:
    """Where the visitor wanted to go, if that is a page of this site."""
    wanted = request.args.get("next", "")
    parts = urlsplit(wanted)
    inside = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.netloc
    return wanted if inside else None


@pages.post("/logout")
@signed_in
def sign_out() -> ResponseReturnValue:
    ActForm().checked()
    leave()
    return redirect(url_for("sign_in.form"))


@pages.get("/home")
@signed_in
def home() -> ResponseReturnValue:
    """To the page this role works on."""
    if may(Permission.SEE_OWN_UNIT):
        return redirect(url_for("materials.overview"))
    if may(Permission.READ_GIVEN):
        return redirect(url_for("readings.own"))
    if may(Permission.SEE_LOG):
        return redirect(url_for("log.show"))
    if may(Permission.MANAGE_ACCOUNTS) and not may(Permission.SEE_POLLS):
        return redirect(url_for("accounts.index"))
    return redirect(url_for("polls.index" if may(Permission.SEE_POLLS) else "setup.index"))


@pages.post("/sessions/end")
@signed_in
def end_session() -> ResponseReturnValue:
    """Of this account in another browser."""
    form = EndSessionForm()
    form.checked()
    with site().database.writing() as database_session:
        sign_ins.end_other(database_session, site().now(), actor(), form.key.data)
    flash("那处登录已结束。要是不是您自己登录的，请马上修改密码。")
    return redirect(url_for("sign_in.password"))


def _password_page(form: PasswordForm, fault: str | None = None, kept: str = "") -> str:
    with site().database.reading() as database_session:
        own = sign_ins.own(database_session, site(), site().now(), actor(), token())
    return render_template(
        "office/password.html", form=form, fault=fault, kept=kept, own=own, ending=EndSessionForm(formdata=None)
    )


@pages.route("/password", methods=["GET", "POST"])
@signed_in
def password() -> ResponseReturnValue:
    form = PasswordForm()
    if request.method != "POST":
        return _password_page(form)
    try:
        form.checked()
        entered = sign_ins.change_password(site(), site().now(), actor(), form.old.data, form.new.data, token())
        staff = holder(entered)
    except Refusal as error:
        kept = request.form.get(kept_forms.KEPT, "")
        return refused(_password_page(form, str(error), kept), error)
    login_user(staff)
    flash("密码已修改，其他地方的登录已失效。")
    return onward(entered)
