"""Setting up: assessments, their units, leaders and tags."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.fields import SelectChoice

from surveys.acts.actors import Permission
from surveys.acts.errors import Refusal
from surveys.catalog import loader
from surveys.intake.cleaning import clean_name, split_tags
from surveys.scoring.assessment_states import AssessmentState
from surveys.season import assessments, shut, unit_corrections
from surveys.season.assessments import UnitEntry
from surveys.season.pages.forms import AssessmentForm, RemoveUnitForm, RenameUnitForm, UnitForm
from surveys.season.shut import Act
from surveys.web.access import actor, may, needs, signed_in, site
from surveys.web.editing import saving
from surveys.web.errors import status_of

pages = Blueprint("setup", __name__)

NO_DEPARTMENT = SelectChoice("", "不是考核部门")


@pages.get("/assessments")
@signed_in
def index() -> ResponseReturnValue:
    if not (may(Permission.SEE_POLLS) or may(Permission.SEE_SHEETS)):
        return redirect(url_for("sign_in.home"))  # a reporter sees the own unit alone, and some no business at all
    with site().database.reading() as session:
        found = assessments.list_assessments(session)
    return render_template("season/setup/index.html", assessments=found, state_of=AssessmentState)


@pages.route("/assessments/new", methods=["GET", "POST"])
@needs(Permission.DECIDE)
def create() -> ResponseReturnValue:
    form = AssessmentForm()
    form.frameworks.choices = [SelectChoice(key, loader.framework(key).title) for key in loader.framework_keys()]
    if request.method != "POST":
        return render_template("season/setup/new.html", form=form, fault=None)
    try:
        form.checked()
        with site().database.writing() as session:
            assessments.create_assessment(session, site().now(), actor(), form.title.data, form.frameworks.data)
    except Refusal as error:
        return render_template("season/setup/new.html", form=form, fault=str(error)), 400
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
        shut.require(assessment, Act.SET_UP)
    form.framework.choices = [SelectChoice(framework.key, framework.title) for framework in frameworks]
    form.department.choices = [NO_DEPARTMENT, *map(SelectChoice, assessments.departments_in(frameworks))]
    if request.method != "POST":
        return render_template("season/setup/new_unit.html", form=form, frameworks=frameworks, fault=None)
    try:
        form.checked()
        entry = _unit_entry(form)
        with site().database.writing() as session:
            assessments.add_unit(session, site().now(), actor(), assessment_id, entry)
    except Refusal as error:
        return render_template("season/setup/new_unit.html", form=form, frameworks=frameworks, fault=str(error)), 400
    flash(f"已添加单位“{entry.name}”。")
    return redirect(url_for("setup.index"))


@pages.get("/units/<id:unit_id>/correct")
@needs(Permission.DECIDE)
def correct_unit(unit_id: int) -> ResponseReturnValue:
    return _correction_page(unit_id)


@pages.post("/units/<id:unit_id>/rename")
@needs(Permission.DECIDE)
def rename_unit(unit_id: int) -> ResponseReturnValue:
    form = RenameUnitForm()
    try:
        form.checked()
        with saving() as (session, base):
            unit_corrections.rename(session, site().now(), actor(), unit_id, form.name.data, form.reason.data, base)
    except Refusal as error:
        return _correction_page(unit_id, rename_form=form, rename=str(error)), status_of(error)
    flash(f"单位名称已更正为“{clean_name(form.name.data)}”。已印的纸条、纸质票上还是原来的名称。")
    return redirect(url_for("setup.index"))


@pages.post("/units/<id:unit_id>/remove")
@needs(Permission.DECIDE)
def remove_unit(unit_id: int) -> ResponseReturnValue:
    form = RemoveUnitForm()
    try:
        form.checked()
        with site().database.writing() as session:
            name = unit_corrections.remove(session, site().now(), actor(), unit_id, form.reason.data)
    except Refusal as error:
        return _correction_page(unit_id, remove_form=form, remove=str(error)), status_of(error)
    flash(f"已移除单位“{name}”。")
    return redirect(url_for("setup.index"))


def _correction_page(
    unit_id: int, rename_form: RenameUnitForm | None = None, remove_form: RemoveUnitForm | None = None, **faults: str
) -> str:
    with site().database.reading() as session:
        unit = assessments.unit_of(session, unit_id)
        return render_template(
            "season/setup/correct_unit.html",
            unit=unit,
            shut=shut.why_shut(unit.assessment, Act.SET_UP),
            why_not_renamed=unit_corrections.why_not_renamed(session, unit),
            why_not_removed=unit_corrections.why_not_removed(session, unit),
            rename_form=rename_form or RenameUnitForm(None, name=unit.name),
            remove_form=remove_form or RemoveUnitForm(None),
            faults=faults,
        )


def _unit_entry(form: UnitForm) -> UnitEntry:
    return UnitEntry(
        name=form.name.data,
        category=form.category.data,
        framework=form.framework.data,
        tags=split_tags(form.tags.data or ""),
        leaders=assessments.parse_leaders(form.leaders.data or ""),
        department=(form.department.data or "").strip() or None,
    )
