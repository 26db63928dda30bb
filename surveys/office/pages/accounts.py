"""The admin's pages: staff accounts one by one."""

from collections.abc import Callable, Mapping
from itertools import groupby
from types import MappingProxyType
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms.fields import SelectChoice

from surveys.acts.actors import Permission, Role
from surveys.acts.audit import ACTS
from surveys.acts.errors import BadInput, NotFound, Refusal
from surveys.intake import typed
from surveys.office import account_admin, second_factor
from surveys.office.account_admin import AccountState, UnitChoice
from surveys.office.accounts import Handout, NewAccount
from surveys.office.pages.account_forms import AccountForm, HolderForm, MoveForm, ReissuePasswordsForm, WhyForm
from surveys.web.access import actor, needs, site
from surveys.web.editing import saving
from surveys.web.errors import status_of

pages = Blueprint("accounts", __name__)

NOBODY = SelectChoice("", "不选")


@pages.get("/accounts")
@needs(Permission.MANAGE_ACCOUNTS)
def index() -> ResponseReturnValue:
    """`q`, `role`, `standing` in the query: what is looked for."""
    return list_page()


def list_page(fault: str = "", form: ReissuePasswordsForm | None = None) -> str:
    """The list; of accounts that have not changed their one-time password yet, also the form that issues new ones."""
    words = typed.searched(request.args.get("q", ""))
    role = next((each for each in Role if each.value == request.args.get("role")), None)
    state = next((each for each in AccountState if each.value == request.args.get("standing")), None)
    with site().database.reading() as session:
        lines = account_admin.list_accounts(session, actor(), words, role, state)
        current = account_admin.current_assessments(session)
    return render_template(
        "office/accounts/index.html",
        lines=lines,
        words=words,
        role=role,
        state=state,
        roles=list(Role),
        states=list(AccountState),
        assessments=current,
        reissuing=state is AccountState.NEW,
        form=form or ReissuePasswordsForm(formdata=None),
        chosen=request.form.getlist("account", type=int) if form else [line.id for line in lines],
        fault=fault,
    )


@pages.route("/accounts/new", methods=["GET", "POST"])
@needs(Permission.MANAGE_ACCOUNTS)
def create() -> ResponseReturnValue:
    """Makes an account and shows its password, in this answer and never again."""
    form = AccountForm()
    with site().database.reading() as session:
        form.role.choices = [SelectChoice("", "请选择"), *(SelectChoice(role.value, role.label) for role in Role)]
        form.department.choices = [NOBODY, *map(SelectChoice, account_admin.known_departments(session))]
        form.unit_id.choices = _units(account_admin.known_units(session), NOBODY)
    if request.method != "POST":
        return render_template("office/accounts/new.html", form=form, fault=None)
    try:
        form.checked()
        entry = NewAccount(
            form.name.data,
            Role(form.role.data),
            form.department.data or None,
            int(form.unit_id.data) if form.unit_id.data else None,
            form.person.data or "",
            form.phone.data or "",
        )
        with site().database.writing() as session:
            handout = account_admin.create(session, site().now(), actor(), entry)
    except Refusal as error:
        return render_template("office/accounts/new.html", form=form, fault=str(error)), 400
    return _handed_out(handout, "账号已建立")


def _units(units: list[UnitChoice], first: SelectChoice) -> list[SelectChoice] | dict[str, list[SelectChoice]]:
    """By assessment, where there are several."""
    grouped = {
        title: [SelectChoice(str(unit.id), unit.name) for unit in each]
        for title, each in groupby(units, key=lambda unit: unit.assessment)
    }
    if len(grouped) > 1:
        return {"": [first], **grouped}
    return [first, *(choice for each in grouped.values() for choice in each)]


def _handed_out(handout: Handout, heading: str) -> str:
    return render_template(
        "office/accounts/handed_out.html", handout=handout, heading=heading, login=site().settings.public_url + "/login"
    )


@pages.get("/accounts/<id:account_id>")
@needs(Permission.MANAGE_ACCOUNTS)
def show(account_id: int) -> ResponseReturnValue:
    return _account_page(account_id)


def _account_page(
    account_id: int,
    typed_in: WhyForm | None = None,
    holder: HolderForm | None = None,
    faults: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """`faults`: by the act they belong to. `typed_in`: the form of that act, with what was typed."""
    with site().database.reading() as session:
        line = account_admin.account_line(session, actor(), account_id)
        forms = {act: WhyForm(formdata=None) for act in ("reset", "deactivate", "activate", "clear_code")}
        move_form = MoveForm(formdata=None)
        move_form.place.choices = _places(session, line.role)
        forms |= {"move": move_form} | ({act: typed_in for act in faults} if typed_in else {})
        return render_template(
            "office/accounts/show.html",
            line=line,
            holder=holder or HolderForm(formdata=None, data={"person": line.person, "phone": line.phone}),
            forms=forms,
            faults=faults,
            own=line.id == actor().account_id,
            entries=account_admin.log(session, actor(), account_id),
            acts=ACTS,
        )


def _places(session: Session, role: Role) -> list[SelectChoice] | dict[str, list[SelectChoice]]:
    """Where an account of this role may be moved to."""
    first = SelectChoice("", "请选择")
    if role is Role.ASSESSOR:
        return [first, *map(SelectChoice, account_admin.known_departments(session))]
    return _units(account_admin.known_units(session), first) if role is Role.REPORTER else [first]


@pages.post("/accounts/<id:account_id>/reset")
@needs(Permission.MANAGE_ACCOUNTS)
def reset(account_id: int) -> ResponseReturnValue:
    """Gives a new one-time password and shows it, in this answer and never again."""
    form = WhyForm()
    try:
        form.checked()
        with site().database.writing() as session:
            handout = account_admin.reset(session, site().now(), actor(), account_id, form.reason.data)
    except Refusal as error:
        return _refused(account_id, "reset", form, error)
    return _handed_out(handout, "密码已重设")


@pages.post("/accounts/<id:account_id>/deactivate")
@needs(Permission.MANAGE_ACCOUNTS)
def deactivate(account_id: int) -> ResponseReturnValue:
    return _act(account_id, "deactivate", account_admin.deactivate, "账号已停用，它的登录已全部失效。")


@pages.post("/accounts/<id:account_id>/activate")
@needs(Permission.MANAGE_ACCOUNTS)
def activate(account_id: int) -> ResponseReturnValue:
    return _act(account_id, "activate", account_admin.activate, "账号已启用，密码和停用之前一样。")


def _act(account_id: int, name: str, act: Callable[..., None], done: str) -> ResponseReturnValue:
    form = WhyForm()
    try:
        form.checked()
        with site().database.writing() as session:
            act(session, site().now(), actor(), account_id, form.reason.data)
    except Refusal as error:
        return _refused(account_id, name, form, error)
    flash(done)
    return redirect(url_for("accounts.show", account_id=account_id))


@pages.post("/accounts/<id:account_id>/clear-code")
@needs(Permission.MANAGE_ACCOUNTS)
def clear_code(account_id: int) -> ResponseReturnValue:
    return _act(account_id, "clear_code", second_factor.clear, "两步登录已清除，它的登录已全部失效。")


@pages.post("/accounts/<id:account_id>/move")
@needs(Permission.MANAGE_ACCOUNTS)
def move(account_id: int) -> ResponseReturnValue:
    form = MoveForm()
    try:
        with site().database.reading() as session:
            role = account_admin.account_line(session, actor(), account_id).role
            form.place.choices = _places(session, role)
        form.checked()
        where: dict[str, Any] = (
            {"unit_id": int(form.place.data)} if role is Role.REPORTER else {"department": form.place.data}
        )
        with saving() as (session, base):
            account_admin.move(session, site().now(), actor(), account_id, form.reason.data, **where, base=base)
    except Refusal as error:
        return _refused(account_id, "move", form, error)
    flash("已经调整，马上生效。以前打的分、报送的材料都留在原处。")
    return redirect(url_for("accounts.show", account_id=account_id))


@pages.post("/accounts/<id:account_id>/holder")
@needs(Permission.MANAGE_ACCOUNTS)
def describe(account_id: int) -> ResponseReturnValue:
    form = HolderForm()
    try:
        form.checked()
        with saving() as (session, base):
            person, phone = form.person.data or "", form.phone.data or ""
            account_admin.describe(session, site().now(), actor(), account_id, person, phone, base)
    except NotFound:
        raise
    except Refusal as error:
        return _account_page(account_id, holder=form, faults={"holder": str(error)}), status_of(error)
    flash("已保存。以后的页面、日志和纸面上都写这个姓名。")
    return redirect(url_for("accounts.show", account_id=account_id))


def _refused(account_id: int, act: str, form: WhyForm, error: Refusal) -> ResponseReturnValue:
    if isinstance(error, NotFound):
        raise error
    return _account_page(account_id, form, faults={act: str(error)}), 400 if isinstance(error, BadInput) else 409
