"""Which rows apply to which unit: the matrix, its approval, and one unit's tags and choices."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from surveys.acts import proposals
from surveys.acts.actors import Permission
from surveys.acts.errors import Refusal
from surveys.catalog.model import Method, plain
from surveys.scoring.score_sheet import Kind
from surveys.season import applicability, assessments, shut
from surveys.season.applicability import Cell, Fit, FrameworkFit, Matrix
from surveys.season.applicability_workbook import cell_words, matrix_workbook
from surveys.season.pages.forms import ChooseForm
from surveys.season.shut import Act
from surveys.web.access import actor, needs, site
from surveys.web.downloads import XLSX, attachment
from surveys.web.editing import saving
from surveys.web.errors import status_of
from surveys.web.forms import ActForm, TakeOverForm
from surveys.web.proposals import said, waits_for

pages = Blueprint("applicability", __name__)

MARKS = {Fit.APPLIES: "✓", Fit.NOT_APPLICABLE: "·", Fit.EXEMPTED: "免", Fit.GAP: "?"}
CHOSEN = {Method.MATERIAL_REVIEW: "材", Method.HEARING: "听"}
NO_TAGS = "-"
"""The filter's word for units without any tag."""


@pages.get("/assessments/<id:assessment_id>/applicability")
@needs(Permission.DECIDE)
def matrix(assessment_id: int) -> ResponseReturnValue:
    return _matrix_page(assessment_id)


def _matrix_page(assessment_id: int, fault: str | None = None) -> str:
    found = _matrix(assessment_id)
    asked = request.args.get("framework")
    largest = max(found.frameworks, key=lambda part: len(part.units))
    part = next((part for part in found.frameworks if part.framework.key == asked), largest)
    category, tag = request.args.get("category", ""), request.args.get("tag", "")
    units = [
        unit
        for unit in part.units
        if (not category or unit.category == category)
        and (not tag or tag in unit.tags or (tag == NO_TAGS and not unit.tags))
    ]
    return render_template(
        "season/applicability/matrix.html",
        matrix=found,
        part=part,
        units=units,
        categories=list(dict.fromkeys(unit.category for unit in part.units)),
        category=category,
        tag=tag,
        no_tags=NO_TAGS,
        fault=fault,
        form=TakeOverForm(formdata=None, shown=found.fingerprint),
        shut=shut.why_shut_in(found.state, Act.FIT),
        has_signed=any(sign.account_id == actor().account_id for sign in found.signs),
        firsts=[place == 0 or row.block is not part.rows[place - 1].block for place, row in enumerate(part.rows)],
        marks=MARKS,
        chosen=CHOSEN,
        mark=_mark,
        Fit=Fit,
        Kind=Kind,
        plain=plain,
    )


def _mark(cell: Cell) -> str:
    return MARKS[cell.fit] if cell.chosen is None else CHOSEN[cell.chosen]


def _matrix(assessment_id: int) -> Matrix:
    with site().database.reading() as session:
        return applicability.matrix(session, assessment_id)


@pages.post("/assessments/<id:assessment_id>/applicability/approve")
@needs(Permission.DECIDE)
def approve(assessment_id: int) -> ResponseReturnValue:
    form = TakeOverForm()
    try:
        form.checked()
        with site().database.writing() as session:
            applicability.approve(session, site().now(), actor(), assessment_id, form.shown.data)
    except Refusal as error:
        return _matrix_page(assessment_id, str(error)), 409
    flash("适用表已核准。以后标签、免考、测评方法、考核部门或测评体系有改动，须重新核准。")
    return redirect(url_for("applicability.matrix", assessment_id=assessment_id))


@pages.get("/assessments/<id:assessment_id>/applicability.xlsx")
@needs(Permission.DECIDE)
def workbook(assessment_id: int) -> ResponseReturnValue:
    found = _matrix(assessment_id)
    return attachment(matrix_workbook(found), XLSX, f"{found.title}-适用表.xlsx")


@pages.get("/units/<id:unit_id>/applicability")
@needs(Permission.DECIDE)
def unit(unit_id: int) -> ResponseReturnValue:
    return _unit_page(unit_id)


def _unit_page(unit_id: int, fault: str | None = None, ticked: list[str] | None = None) -> str:
    with site().database.reading() as session:
        framework, fit = applicability.unit_fit(session, unit_id)
        assessment = assessments.unit_of(session, unit_id).assessment
        told = proposals.told(session, assessment.id)
        waits = waits_for(session, assessment.id)
    part = FrameworkFit(framework, tuple(framework.rows()), (fit,))
    why = shut.why_shut(assessment, Act.FIT)
    return render_template(
        "season/applicability/unit.html",
        assessment=assessment,
        part=part,
        unit=fit,
        brought={tag: [row for row in part.rows if tag in row.standard.applies_to] for tag in framework.tags},
        ticked=list(fit.tags) if ticked is None else ticked,
        told=told,
        waits=waits,
        choices=[(row, cell) for row, cell in zip(part.rows, fit.cells, strict=True) if row.standard.alternatives],
        rows=list(zip(part.rows, fit.cells, strict=True)),
        fault=fault,
        shut=why,
        can_change=why is None,
        cell_words=cell_words,
        Fit=Fit,
        Kind=Kind,
        plain=plain,
    )


@pages.post("/units/<id:unit_id>/tags")
@needs(Permission.DECIDE)
def set_tags(unit_id: int) -> ResponseReturnValue:
    ticked = request.form.getlist("tags")
    try:
        ActForm().checked()
        with saving() as (session, base):
            done = applicability.set_tags(session, site().now(), actor(), unit_id, ticked, base)
    except Refusal as error:
        return _unit_page(unit_id, str(error), ticked), status_of(error)
    flash(said(done, "标签已保存。适用表须重新核准。"))
    return redirect(url_for("applicability.unit", unit_id=unit_id))


@pages.post("/units/<id:unit_id>/choices")
@needs(Permission.DECIDE)
def choose(unit_id: int) -> ResponseReturnValue:
    form = ChooseForm()
    try:
        form.checked()
        with saving() as (session, base):
            applicability.choose(session, site().now(), actor(), unit_id, form.row_key.data, form.method.data, base)
    except Refusal as error:
        return _unit_page(unit_id, str(error)), status_of(error)
    flash(f"{form.row_key.data} 的测评方法已选定。")
    return redirect(url_for("applicability.unit", unit_id=unit_id))
