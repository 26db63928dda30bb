"""Frameworks and rules of an assessment: shown, exported, copied for a new year."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from surveys.acts.actors import Permission
from surveys.acts.errors import Refusal
from surveys.scoring.score_sheet import ScoringRules
from surveys.season import assessments, copying, framework_editing, rule_editing, shut
from surveys.season.pages.forms import CopyForm, RulesForm
from surveys.season.pages.rule_fields import form_values, typed_rules
from surveys.season.shut import FROZEN, Act
from surveys.web.access import actor, needs, site
from surveys.web.downloads import XLSX, attachment
from surveys.web.editing import saving
from surveys.web.errors import status_of

pages = Blueprint("frameworks", __name__)


@pages.get("/assessments/<id:assessment_id>/frameworks")
@needs(Permission.DECIDE)
def index(assessment_id: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        assessment = assessments.assessment_of(session, assessment_id)
        return render_template(
            "season/frameworks/index.html",
            assessment=assessment,
            frameworks=assessments.frameworks_of(assessment),
            rules=rule_editing.entry_of(ScoringRules.from_json(assessment.rules)),
            mode=ScoringRules.from_json(assessment.rules).mode,
            editable=framework_editing.may_edit(assessment, session),
            revisable=shut.why_shut(assessment, Act.FRAMEWORK) is None,
            frozen=FROZEN,
        )


@pages.get("/assessments/<id:assessment_id>/frameworks/<framework_key>")
@needs(Permission.DECIDE)
def show(assessment_id: int, framework_key: str) -> ResponseReturnValue:
    with site().database.reading() as session:
        assessment = assessments.assessment_of(session, assessment_id)
        framework = assessments.framework_of(assessment, framework_key)
        editable = shut.why_shut(assessment, Act.FRAMEWORK) is None
    return render_template("season/frameworks/show.html", assessment=assessment, framework=framework, editable=editable)


@pages.get("/assessments/<id:assessment_id>/frameworks/<framework_key>/framework.xlsx")
@needs(Permission.DECIDE)
def export(assessment_id: int, framework_key: str) -> ResponseReturnValue:
    with site().database.reading() as session:
        data = framework_editing.export_framework(session, actor(), assessment_id, framework_key)
    return attachment(data, XLSX, f"测评体系-{framework_key}.xlsx")


@pages.route("/assessments/<id:assessment_id>/rules", methods=["GET", "POST"])
@needs(Permission.DECIDE)
def rules(assessment_id: int) -> ResponseReturnValue:
    if request.method != "POST":
        return _rules_page(assessment_id, None)
    form = RulesForm()
    try:
        form.checked()
        with saving() as (session, base):
            changed = rule_editing.save_rules(session, site().now(), actor(), assessment_id, typed_rules(form), base)
    except Refusal as error:
        return _rules_page(assessment_id, form, str(error)), status_of(error)
    flash("计分规则已保存。" if changed else "计分规则没有变化。")
    return redirect(url_for("frameworks.index", assessment_id=assessment_id))


def _rules_page(assessment_id: int, form: RulesForm | None, fault: str | None = None) -> str:
    with site().database.reading() as session:
        assessment = assessments.assessment_of(session, assessment_id)
        editable = framework_editing.may_edit(assessment, session)
    present = ScoringRules.from_json(assessment.rules)
    if form is None:
        form = RulesForm(formdata=None, **form_values(present))
    fault = fault or (None if editable else FROZEN)
    return render_template(
        "season/frameworks/rules.html",
        assessment=assessment,
        present=present.to_json(),
        form=form,
        fault=fault,
        editable=editable,
    )


@pages.route("/assessments/<id:assessment_id>/copy", methods=["GET", "POST"])
@needs(Permission.DECIDE)
def copy(assessment_id: int) -> ResponseReturnValue:
    form = CopyForm()
    if request.method != "POST":
        return _copy_page(assessment_id, form)
    try:
        form.checked()
        with site().database.writing() as session:
            copy_id = copying.copy_assessment(session, site().now(), actor(), assessment_id, form.title.data)
    except Refusal as error:
        return _copy_page(assessment_id, form, str(error)), 400
    flash("新考核已建立，测评体系、规则和单位都照原来的。下一步：核对并修改测评体系和规则。")
    return redirect(url_for("frameworks.index", assessment_id=copy_id))


def _copy_page(assessment_id: int, form: CopyForm, fault: str | None = None) -> str:
    with site().database.reading() as session:
        assessment = assessments.assessment_of(session, assessment_id)
        count = len(assessment.units)
    return render_template("season/frameworks/copy.html", assessment=assessment, count=count, form=form, fault=fault)
