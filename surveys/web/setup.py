"""Setting up: assessments, their units, leaders and tags."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.fields import SelectChoice

from surveys.catalog import loader
from surveys.intake.cleaning import split_tags
from surveys.scoring.assessment_states import AssessmentState
from surveys.services import assessments
from surveys.services.actors import Permission
from surveys.services.assessments import UnitEntry
from surveys.services.errors import Refusal
from surveys.web.access import actor, may, needs, signed_in, site
from surveys.web.forms import AssessmentForm, UnitForm

pages = Blueprint("setup", __name__)

NO_DEPARTMENT = SelectChoice("", "不是考核部门")


@pages.get("/assessments")
@signed_in
def index() -> ResponseReturnValue:
    if may(Permission.SEE_OWN_UNIT):
        return redirect(url_for("sign_in.home"))  # a reporter sees the own unit alone
    with site().database.reading() as session:
        found = assessments.list_assessments(session)
    return render_template("setup/index.html", assessments=found, state_of=AssessmentState)


@pages.route("/assessments/new", methods=["GET", "POST"])
@needs(Permission.DECIDE)
def create() -> ResponseReturnValue:
    form = AssessmentForm()
    form.frameworks.choices = [SelectChoice(key, loader.framework(key).title) for key in loader.framework_keys()]
    if request.method != "POST":
        return render_template("setup/new.html", form=form, fault=None)
    try:
        form.checked()
        with site().database.writing() as session:
            assessments.create_assessment(session, site().now(), actor(), form.title.data, form.frameworks.data)
    except Refusal as error:
        return render_template("setup/new.html", form=form, fault=str(error)), 400
    flash("考核已建立。下一步：导入名单，或逐个添加单位。")
    return redirect(url_for("setup.index"))


@pages.route("/assessments/<id:assessment_id>/units/new", methods=["GET", "POST"])
@needs(Permission.DECIDE)
def add_unit(assessment_id: int) -> ResponseReturnValue:
    form = UnitForm()
    with site().database.reading() as session:
        assessment = assessments.assessment_of(session, assessment_id)
        frameworks = assessments.frameworks_of(assessment)
    if request.method != "POST":
        assessments.require_changeable(assessment)
    form.framework.choices = [SelectChoice(framework.key, framework.title) for framework in frameworks]
    form.department.choices = [NO_DEPARTMENT, *map(SelectChoice, assessments.departments_in(frameworks))]
    if request.method != "POST":
        return render_template("setup/new_unit.html", form=form, frameworks=frameworks, fault=None)
    try:
        form.checked()
        entry = _unit_entry(form)
        with site().database.writing() as session:
            assessments.add_unit(session, site().now(), actor(), assessment_id, entry)
    except Refusal as error:
        return render_template("setup/new_unit.html", form=form, frameworks=frameworks, fault=str(error)), 400
    flash(f"已添加单位“{entry.name}”。")
    return redirect(url_for("setup.index"))


def _unit_entry(form: UnitForm) -> UnitEntry:
    return UnitEntry(
        name=form.name.data,
        category=form.category.data,
        framework=form.framework.data,
        tags=split_tags(form.tags.data or ""),
        leaders=assessments.parse_leaders(form.leaders.data or ""),
        department=(form.department.data or "").strip() or None,
    )
