"""The admin's pages: many accounts at once, from a file or one for each unit, and their one-time passwords again."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from surveys.acts.actors import Permission
from surveys.acts.errors import Refusal, WrongState
from surveys.office import account_admin, account_imports, unit_reporters
from surveys.office.accounts import Handout
from surveys.office.pages.account_forms import MakeAccountsForm, ReissuePasswordsForm
from surveys.office.pages.accounts import list_page
from surveys.office.papers.password_strips import Strip, StripFormat, strips_file
from surveys.season import assessments
from surveys.web.access import actor, needs, site
from surveys.web.downloads import XLSX, attachment
from surveys.web.import_desk import ImportDesk, add_import_desk

pages = Blueprint("account_batches", __name__)


def _passwords(handouts: Sequence[Handout], form: str, about: str) -> Response:
    """The passwords as a file, in this answer and never again (docs/decisions/0011, 0018)."""
    kind = StripFormat(form)
    login = site().settings.public_url + "/login"
    strips = [Strip(each.name, each.role, each.place, each.password, login) for each in handouts]
    return attachment(strips_file(strips, kind), kind.mimetype, f"一次性密码-{about}-{len(strips)}个.{kind.value}")


def _about(session: Session, assessment_id: int) -> dict[str, Any]:
    return {"assessment": assessments.assessment_of(session, assessment_id)}


def _make(import_id: int, form: MakeAccountsForm) -> ResponseReturnValue:
    """Makes the accounts of a file and hands their passwords out."""
    with site().database.writing() as session:
        handouts = account_imports.apply(session, site().now(), actor(), import_id, form.shown.data)
    return _passwords(handouts, form.format.data, "账号表")


add_import_desk(
    pages,
    ImportDesk(
        permission=Permission.MANAGE_ACCOUNTS,
        upload="/assessments/<id:assessment_id>/accounts/import",
        shown="/accounts/imports/<id:import_id>",
        templates="office/account_imports",
        about=_about,
        read=account_imports.read_file,
        preview=account_imports.preview,
        form=MakeAccountsForm,
        take_over=_make,
    ),
)


@pages.get("/assessments/<id:assessment_id>/accounts/template.xlsx")
@needs(Permission.MANAGE_ACCOUNTS)
def template(assessment_id: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        data = account_imports.template(session, actor(), assessment_id)
    return attachment(data, XLSX, "账号表模板.xlsx")


@pages.get("/assessments/<id:assessment_id>/reporters")
@needs(Permission.MANAGE_ACCOUNTS)
def reporters(assessment_id: int) -> ResponseReturnValue:
    return _reporters_page(assessment_id)


def _reporters_page(assessment_id: int, fault: str | None = None) -> str:
    with site().database.reading() as session:
        plan = unit_reporters.plan(session, actor(), assessment_id)
    form = MakeAccountsForm(formdata=None, shown=plan.fingerprint)
    return render_template("office/accounts/reporters.html", plan=plan, form=form, fault=fault)


@pages.post("/assessments/<id:assessment_id>/reporters")
@needs(Permission.MANAGE_ACCOUNTS)
def make_reporters(assessment_id: int) -> ResponseReturnValue:
    """Gives each unit that lacks one a reporter, and hands the passwords out."""
    form = MakeAccountsForm()
    form.checked()
    try:
        with site().database.writing() as session:
            handouts = unit_reporters.apply(session, site().now(), actor(), assessment_id, form.shown.data)
    except WrongState as error:
        return _reporters_page(assessment_id, str(error)), 409
    if not handouts:
        return redirect(url_for("account_batches.reporters", assessment_id=assessment_id))
    return _passwords(handouts, form.format.data, "各单位报送员")


@pages.post("/accounts/reissue")
@needs(Permission.MANAGE_ACCOUNTS)
def reissue() -> ResponseReturnValue:
    """New one-time passwords for the accounts that are ticked: the file was lost, or never handed out."""
    form = ReissuePasswordsForm()
    try:
        form.checked()
        chosen = request.form.getlist("account", type=int)
        with site().database.writing() as session:
            handouts = account_admin.reissue(session, site().now(), actor(), chosen, form.reason.data)
    except Refusal as error:
        return list_page(str(error), form), 409 if isinstance(error, WrongState) else 400
    return _passwords(handouts, form.format.data, "重发")
