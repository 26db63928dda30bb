"""The organizer's pages: screens at the doors, and how many tickets of each class there are to be."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms.fields import SelectChoice

from surveys.acts.actors import Permission
from surveys.acts.errors import AlreadyDone, Refusal
from surveys.reporting.qr import qr_drawing
from surveys.vote import door_screens, polls
from surveys.vote.pages.forms import DoorForm, PlannedForm
from surveys.vote.ticketing import tickets
from surveys.web.access import actor, may, needs, site
from surveys.web.editing import saving
from surveys.web.errors import status_of
from surveys.web.forms import ConfirmForm

pages = Blueprint("poll_doors", __name__)


@pages.get("/polls/<id:poll_id>/doors")
@needs(Permission.SEE_TICKETS)
def index(poll_id: int) -> ResponseReturnValue:
    return _page(poll_id)


@pages.post("/polls/<id:poll_id>/doors")
@needs(Permission.RUN_POLLS)
def add(poll_id: int) -> ResponseReturnValue:
    """Adds a door and shows its link, in this answer and never again."""
    with site().database.reading() as session:
        form = _door_form(session, poll_id)
    try:
        form.checked()
        with site().database.writing() as session:
            added = door_screens.add_door(session, site().now(), actor(), poll_id, form.name.data, form.class_key.data)
    except Refusal as error:
        return _page(poll_id, door_form=form, fault=str(error), fault_at="add"), 400
    path = url_for("doors.show", token=added.token)
    link = site().settings.public_url + path
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        return render_template(
            "vote/doors/added.html", poll=poll, unit=poll.unit, added=added, path=path, link=link, qr=qr_drawing(link)
        )


@pages.post("/polls/<id:poll_id>/doors/planned")
@needs(Permission.RUN_POLLS)
def set_planned(poll_id: int) -> ResponseReturnValue:
    form = PlannedForm()
    key = form.class_key.data or ""
    try:
        form.checked()
        with saving() as (session, base):
            door_screens.set_planned(session, site().now(), actor(), poll_id, key, form.planned.data, base)
    except Refusal as error:
        return _page(poll_id, planned_form=form, fault=str(error), fault_at="planned"), status_of(error)
    return _back(poll_id, f"票种 {key} 的计划张数已登记为 {form.planned.data} 张。")


@pages.post("/polls/<id:poll_id>/doors/<id:door_number>/shut")
@needs(Permission.RUN_POLLS)
def shut(poll_id: int, door_number: int) -> ResponseReturnValue:
    try:
        ConfirmForm().checked()
        with site().database.writing() as session:
            door_screens.shut_door(session, site().now(), actor(), poll_id, door_number)
    except AlreadyDone as error:
        return _back(poll_id, str(error))
    except Refusal as error:
        return _page(poll_id, fault=str(error), fault_at="doors"), 400
    return _back(poll_id, "这块发码屏已关闭，它的链接不能再发码。已经发出的票照常有效。")


def _door_form(session: Session, poll_id: int) -> DoorForm:
    form = DoorForm()
    classes = polls.poll_of(session, poll_id).classes
    form.class_key.choices = [SelectChoice(entry.key, f"{entry.key} {entry.name}") for entry in classes]
    return form


def _page(
    poll_id: int,
    *,
    door_form: DoorForm | None = None,
    planned_form: PlannedForm | None = None,
    fault: str = "",
    fault_at: str = "",
) -> str:
    """`fault_at`: which part of the page the fault belongs to: planned, add or doors. Forms keep what was typed."""
    shared = site().settings.public_url + url_for("ballot.start") + "?kiosk="
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        return render_template(
            "vote/doors/index.html",
            poll=poll,
            unit=poll.unit,
            issuing=poll.state in tickets.ISSUING,
            may_run=may(Permission.RUN_POLLS),
            classes=door_screens.class_lines(session, poll),
            doors=door_screens.door_lines(session, poll),
            door_form=door_form or _door_form(session, poll_id),
            planned_form=PlannedForm(formdata=None),
            typed={} if planned_form is None else {planned_form.class_key.data: request.form.get("planned", "")},
            confirm_form=ConfirmForm(formdata=None),
            fault=fault,
            fault_at=fault_at,
            shared=shared,
            shared_qr=qr_drawing(f"{shared}1"),
        )


def _back(poll_id: int, message: str) -> ResponseReturnValue:
    flash(message)
    return redirect(url_for("poll_doors.index", poll_id=poll_id))
