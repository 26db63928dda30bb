"""Reviewers' pages: what waits for review, a unit's material, the verdicts on it."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from surveys.acts.actors import Permission
from surveys.acts.errors import BadInput, NotAllowed, NotFound, Refusal, WrongState
from surveys.evidence import materials, requests, reviews
from surveys.evidence.checklists import ItemState, days_left
from surveys.evidence.materials import MaterialKind
from surveys.evidence.pages.downloads import handed_in
from surveys.evidence.pages.forms import CloseRequestForm, DueForm, ReviewForm
from surveys.evidence.reviews import Verdict
from surveys.scoring.assessment_states import AssessmentState
from surveys.season import shut
from surveys.season.shut import Act
from surveys.web.access import actor, may, needs, site
from surveys.web.editing import saving
from surveys.web.errors import status_of
from surveys.web.request_log import reads

pages = Blueprint("reviews", __name__)

MOST_SHOWN = 100
"""Rows of a department's list: who has read these loads the page again."""


@pages.get("/assessments/<id:assessment_id>/materials")
@needs(Permission.REVIEW)
def desk(assessment_id: int) -> ResponseReturnValue:
    return _desk_page(assessment_id)


def _desk_page(assessment_id: int, form: DueForm | None = None, fault: str | None = None) -> str:
    with site().database.reading() as session:
        found = reviews.desk(session, actor(), assessment_id)
    due_on = found.assessment.material_due_on
    return render_template(
        "evidence/reviews/desk.html",
        desk=found,
        shut=shut.why_shut(found.assessment, Act.REVIEW),
        due_shut=shut.why_shut(found.assessment, Act.DUE_DATE),
        form=form or DueForm(formdata=None, due_on=due_on),
        fault=fault,
        left=days_left(due_on, site().now().astimezone(site().settings.time_zone).date()),
        most=MOST_SHOWN,
    )


@pages.post("/assessments/<id:assessment_id>/materials/due")
@needs(Permission.DECIDE)
def set_due(assessment_id: int) -> ResponseReturnValue:
    form = DueForm()
    try:
        form.checked()
        with saving() as (session, base):
            zone = site().settings.time_zone
            materials.set_due(session, site().now(), actor(), zone, assessment_id, form.due_on.data, base)
    except (BadInput, WrongState) as error:
        return _desk_page(assessment_id, form, str(error)), status_of(error)
    due_on = form.due_on.data
    flash("现在不设报送期限。" if due_on is None else f"报送截止日期已设为 {due_on}，当天交的不算迟。")
    return redirect(url_for("reviews.desk", assessment_id=assessment_id))


@pages.get("/units/<id:unit_id>/materials")
@needs(Permission.REVIEW)
def unit(unit_id: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        checklist = reviews.unit_desk(session, actor(), unit_id)
    return render_template("evidence/reviews/unit.html", checklist=checklist, ItemState=ItemState)


@pages.get("/units/<id:unit_id>/materials/report", defaults={"row_key": ""})
@pages.get("/units/<id:unit_id>/materials/rows/<row_key>")
@needs(Permission.REVIEW)
def row(unit_id: int, row_key: str) -> ResponseReturnValue:
    return _row_page(unit_id, row_key)


def _row_page(
    unit_id: int,
    row_key: str,
    fault: str | None = None,
    at: int | None = None,
    typed: ReviewForm | None = None,
    closing: CloseRequestForm | None = None,
) -> str:
    """`fault` stands at the material `at`, with what was `typed` there, or `closing` what was asked for on it."""
    with site().database.reading() as session:
        checklist, found = reviews.row_desk(session, actor(), unit_id, row_key)
    return render_template(
        "evidence/reviews/row.html",
        checklist=checklist,
        row=found,
        shut=shut.why_shut(checklist.assessment, Act.REVIEW),
        closable=may(Permission.DECIDE) and not AssessmentState(checklist.assessment.state).is_final,
        closing=closing,
        ItemState=ItemState,
        MaterialKind=MaterialKind,
        Verdict=Verdict,
        fault=fault,
        at=at if any(each.material.id == at for each in found.handed) else None,
        typed=typed,
    )


@pages.get("/reviews/<id:material_id>/file")
@needs(Permission.REVIEW)
@reads("read.file")
def file(material_id: int) -> ResponseReturnValue:
    return handed_in(reviews.file_to_review(site(), actor(), material_id))


@pages.post("/reviews/<id:material_id>")
@needs(Permission.REVIEW)
def review(material_id: int) -> ResponseReturnValue:
    form = ReviewForm()
    with site().database.reading() as session:
        place = reviews.place_of(session, actor(), material_id)
    try:
        form.checked()
        verdict = Verdict(form.verdict.data)
        with site().database.writing() as session:
            now = site().now()
            material = reviews.review(
                session, now, actor(), material_id, verdict, form.reason.data or "", form.seen.data
            )
    except (NotFound, NotAllowed):
        raise
    except Refusal as error:
        return _row_page(place.unit_id, place.row_key, str(error), material_id, form), 400
    flash(f"“{material.name}”：{verdict.label}。")
    return redirect(url_for("reviews.row", unit_id=place.unit_id, row_key=place.row_key))


@pages.post("/reviews/<id:material_id>/close")
@needs(Permission.DECIDE)
def close(material_id: int) -> ResponseReturnValue:
    """No more material is asked for, with the reason."""
    form = CloseRequestForm()
    with site().database.reading() as session:
        place = reviews.place_of(session, actor(), material_id)
    try:
        form.checked()
        with site().database.writing() as session:
            requests.close_request(session, site().now(), actor(), material_id, form.reason.data, form.seen.data)
    except BadInput as error:
        return _row_page(place.unit_id, place.row_key, str(error), material_id, closing=form), 400
    except WrongState as error:
        return _row_page(place.unit_id, place.row_key, str(error)), 409
    flash("已了结，单位会看到理由。")
    return redirect(url_for("reviews.row", unit_id=place.unit_id, row_key=place.row_key))
