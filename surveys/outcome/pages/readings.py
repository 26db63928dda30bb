"""What readers may look at: the reader's own list, and the admins' page that gives it."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from surveys.acts import readings
from surveys.acts.actors import Permission, ReadingKind
from surveys.acts.errors import Refusal
from surveys.outcome.pages.forms import ReadingForm, ReadingReasonForm
from surveys.scoring.assessment_states import AssessmentState
from surveys.season import assessments
from surveys.vote import tallies
from surveys.web.access import actor, needs, site
from surveys.web.errors import status_of

pages = Blueprint("readings", __name__)


@pages.get("/readings")
@needs(Permission.READ_GIVEN)
def own() -> ResponseReturnValue:
    """The newest assessment first, each with what was given of it."""
    given = actor().given
    with site().database.reading() as session:
        found = [
            {
                "assessment": each,
                "state": AssessmentState(each.state).label,
                "results": (each.id, ReadingKind.RESULTS) in given,
                "polls": tallies.visible_in(session, each.id) if (each.id, ReadingKind.LEADERS) in given else [],
                "leaders": (each.id, ReadingKind.LEADERS) in given,
            }
            for each in assessments.list_assessments(session)
            if each.id in {assessment_id for assessment_id, _ in given}
        ]
        return render_template("outcome/readings/own.html", found=found, unconfirmed=actor().unconfirmed)


@pages.get("/assessments/<id:assessment_id>/readers")
@needs(Permission.DECIDE)
def show(assessment_id: int) -> ResponseReturnValue:
    return _page(assessment_id)


def _page(assessment_id: int, typed_in: ReadingForm | None = None, fault: str = "") -> str:
    with site().database.reading() as session:
        return render_template(
            "outcome/readings/show.html",
            assessment=assessments.assessment_of(session, assessment_id),
            standings=readings.standings(session, actor(), assessment_id),
            typed_in=typed_in,
            fault=fault,
        )


@pages.post("/assessments/<id:assessment_id>/readers/propose")
@needs(Permission.DECIDE)
def propose(assessment_id: int) -> ResponseReturnValue:
    form = ReadingReasonForm()
    try:
        form.checked()
        with site().database.writing() as session:
            readings.propose(session, site().now(), actor(), assessment_id, *form.given(), form.reason.data)
    except Refusal as error:
        return _page(assessment_id, form, str(error)), status_of(error)
    return _back(assessment_id, "已提出，另一名管理员在这里同意以后，查阅人才看得到。")


@pages.post("/assessments/<id:assessment_id>/readers/agree")
@needs(Permission.DECIDE)
def agree(assessment_id: int) -> ResponseReturnValue:
    """The second person's hand."""
    form = ReadingForm()
    try:
        form.checked()
        with site().database.writing() as session:
            readings.agree(session, site().now(), actor(), assessment_id, *form.given())
    except Refusal as error:
        return _page(assessment_id, form, str(error)), status_of(error)
    return _back(assessment_id, "已同意，查阅人现在就能看到。")


@pages.post("/assessments/<id:assessment_id>/readers/take-back")
@needs(Permission.DECIDE)
def take_back(assessment_id: int) -> ResponseReturnValue:
    form = ReadingReasonForm()
    try:
        form.checked()
        with site().database.writing() as session:
            readings.take_back(session, site().now(), actor(), assessment_id, *form.given(), form.reason.data)
    except Refusal as error:
        return _page(assessment_id, form, str(error)), status_of(error)
    return _back(assessment_id, "已收回，查阅人马上就看不到了。")


def _back(assessment_id: int, message: str) -> ResponseReturnValue:
    flash(message)
    return redirect(url_for("readings.show", assessment_id=assessment_id))
