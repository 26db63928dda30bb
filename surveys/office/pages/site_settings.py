"""The system admin's page of what holds for the whole site."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from surveys.acts import site_settings
from surveys.acts.actors import Permission
from surveys.acts.errors import Refusal
from surveys.acts.site_settings import OwnSettings
from surveys.office.pages.account_forms import SettingsForm
from surveys.web.access import actor, needs, site
from surveys.web.errors import status_of

pages = Blueprint("site_settings", __name__)


@pages.route("/settings", methods=["GET", "POST"])
@needs(Permission.MANAGE_ACCOUNTS)
def show() -> ResponseReturnValue:
    if request.method != "POST":
        with site().database.reading() as session:
            present = site_settings.read(session)
        return _page(SettingsForm(formdata=None, obj=present))
    form = SettingsForm()
    try:
        form.checked()
        with site().database.writing() as session:
            new = OwnSettings(form.without_auditor.data, tuple(form.code_roles.data or ()), form.code_for_hands.data)
            site_settings.change(session, site().now(), actor(), new)
    except Refusal as error:
        return _page(form, str(error)), status_of(error)
    flash("设置已保存，马上生效，已记入操作日志。")
    return redirect(url_for("site_settings.show"))


def _page(form: SettingsForm, fault: str = "") -> str:
    return render_template("office/settings.html", form=form, fault=fault)
