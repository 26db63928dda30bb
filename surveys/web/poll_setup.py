"""The organizer's pages: creating a poll."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from surveys.services import assessments, polls
from surveys.services.actors import Permission
from surveys.services.errors import Refusal
from surveys.web.access import actor, needs, site
from surveys.web.forms import PollForm

pages = Blueprint("poll_setup", __name__)


@pages.route("/units/<id:unit_id>/polls/new", methods=["GET", "POST"])
@needs(Permission.RUN_POLLS)
def create(unit_id: int) -> ResponseReturnValue:
    form = PollForm()
    with site().database.reading() as session:
        unit = assessments.unit_of(session, unit_id)
    if request.method != "POST":
        return render_template("polls/new.html", form=form, unit=unit, fault=None)
    try:
        form.checked()
        entry = polls.PollEntry(
            unit_id=unit_id,
            title=form.title.data,
            entitled=form.entitled.data,
            classes=polls.parse_classes(form.classes.data),
            rehearsal=form.rehearsal.data,
            two_person=form.two_person.data,
        )
        with site().database.writing() as session:
            poll_id = polls.create_poll(session, site().now(), actor(), entry)
    except Refusal as error:
        return render_template("polls/new.html", form=form, unit=unit, fault=str(error)), 400
    flash("测评会已建立。下一步：发票，打印纸条。")
    return redirect(url_for("polls.show", poll_id=poll_id))
