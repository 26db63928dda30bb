"""A poll's people by name, the scrutineer's remarks, and the tick that sealing waits for."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from surveys.acts.actors import Permission
from surveys.acts.errors import NotFound, Refusal
from surveys.vote.pages.forms import RemarkForm
from surveys.vote.scrutiny import people, witnessing
from surveys.web.access import actor, needs, site
from surveys.web.editing import saving
from surveys.web.errors import status_of
from surveys.web.forms import ActForm, ConfirmForm, GroundsForm, StaffForm

pages = Blueprint("scrutiny", __name__)


@pages.get("/polls/<id:poll_id>/scrutiny")
@needs(Permission.SEE_POLLS)
def show(poll_id: int) -> ResponseReturnValue:
    return _page(poll_id)


def _page(poll_id: int, form: StaffForm | None = None, fault: str = "") -> str:
    with site().database.reading() as session:
        poll, standing, remarks = witnessing.of_poll(session, poll_id)
        return render_template(
            "vote/scrutiny/show.html",
            poll=poll,
            unit=poll.unit,
            standing=standing,
            remarks=remarks,
            people=people.people(session, poll_id),
            remark_form=form if isinstance(form, RemarkForm) else RemarkForm(formdata=None),
            grounds_form=form if isinstance(form, GroundsForm) else GroundsForm(formdata=None),
            confirm_form=ConfirmForm(formdata=None),
            fault=fault,
        )


@pages.post("/polls/<id:poll_id>/scrutiny/people")
@needs(Permission.DECIDE)
def name_people(poll_id: int) -> ResponseReturnValue:
    form = ActForm()
    try:
        form.checked()
        ids = request.form.getlist("account", type=int)
        with saving() as (session, base):
            people.name_people(session, site().now(), actor(), poll_id, set(ids), base)
    except Refusal as error:
        return _refused(poll_id, form, error)
    return _back(poll_id, "人员已保存。")


@pages.post("/polls/<id:poll_id>/scrutiny/remark")
@needs(Permission.WATCH)
def remark(poll_id: int) -> ResponseReturnValue:
    form = RemarkForm()
    return _do(
        poll_id,
        form,
        lambda session: witnessing.remark(session, site().now(), actor(), poll_id, form.words.data),
        "已记下。",
    )


@pages.post("/polls/<id:poll_id>/scrutiny/tick")
@needs(Permission.WATCH)
def tick(poll_id: int) -> ResponseReturnValue:
    return _do(
        poll_id,
        ConfirmForm(),
        lambda session: witnessing.tick(session, site().now(), actor(), poll_id),
        "已核对，可以封存了。",
    )


@pages.post("/polls/<id:poll_id>/scrutiny/waive")
@needs(Permission.DECIDE)
def propose(poll_id: int) -> ResponseReturnValue:
    form = GroundsForm()
    return _do(
        poll_id,
        form,
        lambda session: witnessing.propose_waiver(session, site().now(), actor(), poll_id, form.reason.data),
        "已提出，另一名管理员在这里同意以后才能封存。",
    )


@pages.post("/polls/<id:poll_id>/scrutiny/waive/agree")
@needs(Permission.DECIDE)
def agree(poll_id: int) -> ResponseReturnValue:
    """The second person's hand."""
    return _do(
        poll_id,
        ActForm(),
        lambda session: witnessing.agree_to_waiver(session, site().now(), actor(), poll_id),
        "已同意，不等监票人核对，可以封存了。",
    )


@pages.post("/polls/<id:poll_id>/scrutiny/waive/decline")
@needs(Permission.DECIDE)
def decline(poll_id: int) -> ResponseReturnValue:
    return _do(
        poll_id,
        ActForm(),
        lambda session: witnessing.decline_waiver(session, site().now(), actor(), poll_id),
        "提议已撤下，仍等监票人核对。",
    )


def _do(poll_id: int, form: StaffForm, act: Callable[[Session], None], done: str) -> ResponseReturnValue:
    try:
        form.checked()
        with site().database.writing() as session:
            act(session)
    except Refusal as error:
        return _refused(poll_id, form, error)
    return _back(poll_id, done)


def _refused(poll_id: int, form: StaffForm, error: Refusal) -> ResponseReturnValue:
    if isinstance(error, NotFound):
        raise error
    return _page(poll_id, form, str(error)), status_of(error)


def _back(poll_id: int, message: str) -> ResponseReturnValue:
    flash(message)
    return redirect(url_for("scrutiny.show", poll_id=poll_id))
