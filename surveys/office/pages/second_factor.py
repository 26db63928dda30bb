"""Two-step sign-in: the code after the password, and the account's own page that sets it up."""

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_user

from surveys.acts.errors import Refusal
from surveys.acts.hands import CODE_MINUTES
from surveys.office import second_factor, sign_ins
from surveys.office.accounts import WrongCredentials
from surveys.office.pages import known_browsers
from surveys.office.pages.entering import holder, leave, onward, refused
from surveys.office.second_factor import Offer
from surveys.office.sign_ins import WrongCode
from surveys.reporting.qr import qr_drawing
from surveys.web import callers, kept_forms
from surveys.web.access import actor, public, signed_in, site, token
from surveys.web.forms import CodeForm, EnrolForm, StaffForm, TurnOffForm

pages = Blueprint("second_factor", __name__)


@pages.post("/login/code")
@public
def enter() -> ResponseReturnValue:
    """After the right password."""
    form = CodeForm()
    kept = request.form.get(kept_forms.KEPT, "")
    try:
        form.checked()
        origin, address = callers.origin(site().settings), callers.address(site().settings)
        ticket, code, proofs = form.ticket.data, form.code.data, known_browsers.proofs()
        entered = sign_ins.enter_code(site(), site().now(), ticket, code, address, proofs, origin)
        staff = holder(entered)
    except WrongCode as error:
        return render_template("office/second_factor/code.html", form=form, fault=str(error), kept=kept), 400
    except WrongCredentials as error:
        flash(str(error))
        return redirect(url_for("sign_in.form"))
    except Refusal as error:
        return refused(render_template("office/second_factor/code.html", form=form, fault=str(error), kept=kept), error)
    leave()
    g.pop("csrf_token", None)  # made of the session that has ended
    session.permanent = True
    login_user(staff)
    return onward(entered)


@pages.get("/second-factor")
@signed_in
def show() -> ResponseReturnValue:
    return _page()


def _page(form: StaffForm | None = None, fault: str = "", offer: Offer | None = None) -> str:
    with site().database.reading() as database_session:
        own = second_factor.own(database_session, actor())
    offer = offer or second_factor.offer(site(), actor())
    return render_template(
        "office/second_factor/show.html",
        own=own,
        offer=offer,
        qr=qr_drawing(offer.address),
        enrol_form=form if isinstance(form, EnrolForm) else EnrolForm(formdata=None),
        off_form=form if isinstance(form, TurnOffForm) else TurnOffForm(formdata=None),
        fault=fault,
    )


@pages.post("/second-factor/on")
@signed_in
def turn_on() -> ResponseReturnValue:
    """Shows the recovery codes, in this answer and never again."""
    form = EnrolForm()
    try:
        form.checked()
        offered, password, code = form.offered.data, form.password.data, form.code.data
        made = second_factor.turn_on(
            site(), site().now(), actor(), token(), offered, password, code, form.present.data or ""
        )
    except Refusal as error:
        again = second_factor.offered(site(), actor(), str(form.offered.data))
        return refused(_page(form, str(error), again), error)
    return render_template(
        "office/second_factor/recovery.html", codes=made, login=site().settings.public_url + "/login"
    )


@pages.post("/second-factor/off")
@signed_in
def turn_off() -> ResponseReturnValue:
    form = TurnOffForm()
    try:
        form.checked()
        second_factor.turn_off(site(), site().now(), actor(), token(), form.password.data, form.code.data)
    except Refusal as error:
        return refused(_page(form, str(error)), error)
    flash("两步登录已关闭，恢复码都作废了。请在手机上删掉这一项。")
    return redirect(url_for("second_factor.show"))


@pages.route("/second-factor/again", methods=["GET", "POST"])
@signed_in
def again() -> ResponseReturnValue:
    """A code for the acts of two hands of the next minutes."""
    form = TurnOffForm()
    del form.password
    if request.method != "POST":
        return render_template("office/second_factor/again.html", form=form, fault="")
    try:
        form.checked()
        second_factor.again(site(), site().now(), actor(), token(), form.code.data)
    except Refusal as error:
        return refused(render_template("office/second_factor/again.html", form=form, fault=str(error)), error)
    flash(f"动态码对了，{CODE_MINUTES} 分钟之内可以办两人办的事。请回到刚才的页面再点一次。")
    return redirect(url_for("second_factor.show"))
