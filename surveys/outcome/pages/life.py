"""The office's pages: the life of an assessment, its rules, and the answers to objections."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from surveys.acts.actors import Actor, Permission
from surveys.acts.editions import edition
from surveys.acts.errors import BadInput, NotFound, WrongState
from surveys.evidence.materials import MaterialKind
from surveys.evidence.pages.downloads import handed_in
from surveys.outcome import (
    hindrances,
    life,
    objection_files,
    promises,
    replies,
    rule_changes,
    version_differences,
    versions,
)
from surveys.outcome.pages.forms import AnswerForm, AppealForm, CertifyForm, ChangeRulesForm
from surveys.outcome.rule_changes import Effect
from surveys.scoring.assessment_states import AssessmentState
from surveys.scoring.score_sheet import ScoringRules
from surveys.season import assessments
from surveys.season.pages.rule_fields import form_values, typed_rules
from surveys.season.rule_editing import parse_rules
from surveys.vote import turnouts
from surveys.web.access import actor, needs, site
from surveys.web.errors import STATUS
from surveys.web.forms import ActForm, CloseForm, GroundsForm, StaffForm
from surveys.web.proposals import said, waits_for
from surveys.web.request_log import reads

pages = Blueprint("life", __name__)

CHANGED = "规则在您打开这页之后有了改动，您的修改没有保存。下面是现在的规则，请在它上面重新修改。"

Step = Callable[[Any, datetime, Actor], Any]
"""A service with everything but session, now and actor filled in."""


@pages.get("/assessments/<id:assessment_id>/life")
@needs(Permission.DECIDE)
def show(assessment_id: int) -> ResponseReturnValue:
    return _page(assessment_id)


@pages.post("/assessments/<id:assessment_id>/life/start")
@needs(Permission.DECIDE)
def start(assessment_id: int) -> ResponseReturnValue:
    return _take(
        assessment_id,
        ActForm(),
        lambda session, now, who: life.start_marking(session, now, who, assessment_id),
        "已开始打分，测评体系和规则已冻结。",
    )


@pages.post("/assessments/<id:assessment_id>/life/close-marking")
@needs(Permission.DECIDE)
def close_marking(assessment_id: int) -> ResponseReturnValue:
    return _take(
        assessment_id,
        ActForm(),
        lambda session, now, who: life.close_marking(session, now, who, assessment_id),
        "已形成初步结果，只有管理员能看到。",
    )


@pages.post("/assessments/<id:assessment_id>/life/appeal")
@needs(Permission.DECIDE)
def open_appeal(assessment_id: int) -> ResponseReturnValue:
    form = AppealForm()
    return _take(
        assessment_id,
        form,
        lambda session, now, who: life.open_appeal(session, now, who, assessment_id, form.due_on.data),
        "已开始复核申诉，各单位的报送员现在能看到本单位的计分表。",
    )


@pages.post("/assessments/<id:assessment_id>/life/return")
@needs(Permission.DECIDE)
def return_to_marking(assessment_id: int) -> ResponseReturnValue:
    form = GroundsForm()
    return _take(
        assessment_id,
        form,
        lambda session, now, who: life.return_to_marking(session, now, who, assessment_id, form.reason.data),
        "已退回打分，形成过的版本都还在。",
    )


@pages.post("/assessments/<id:assessment_id>/life/certify")
@needs(Permission.DECIDE)
def certify(assessment_id: int) -> ResponseReturnValue:
    form = CertifyForm()
    return _take(
        assessment_id,
        form,
        lambda session, now, who: life.certify(session, now, who, assessment_id, form.shown.data),
        "核定已登记。",
    )


@pages.post("/assessments/<id:assessment_id>/life/archive")
@needs(Permission.DECIDE)
def archive(assessment_id: int) -> ResponseReturnValue:
    return _take(
        assessment_id,
        ActForm(),
        lambda session, now, who: life.archive(session, now, who, assessment_id),
        "考核已归档。",
    )


@pages.post("/assessments/<id:assessment_id>/versions")
@needs(Permission.DECIDE)
def freeze(assessment_id: int) -> ResponseReturnValue:
    form = GroundsForm()
    return _take(
        assessment_id,
        form,
        lambda session, now, who: versions.freeze_after_appeal(session, now, who, assessment_id, form.reason.data),
        "已形成新版本，各单位现在看到的是这一版。",
    )


def _take(assessment_id: int, form: StaffForm, step: Step, message: str) -> ResponseReturnValue:
    try:
        form.checked()
        with site().database.writing() as session:
            step(session, site().now(), actor())
    except (BadInput, WrongState) as error:
        return _page(assessment_id, fault=str(error), typed=form), 400 if isinstance(error, BadInput) else 409
    flash(message)
    return redirect(url_for("life.show", assessment_id=assessment_id))


def _page(assessment_id: int, fault: str | None = None, typed: StaffForm | None = None) -> str:
    with site().database.reading() as session:
        assessment = assessments.assessment_of(session, assessment_id)
        outlook = hindrances.outlook(session, site().now(), assessment)
        standing = outlook.standing
        objections = replies.objections_in(session, assessment_id)
        changes = None
        if assessment.state == AssessmentState.APPEAL and standing.newest is not None:
            changes = version_differences.report(session, assessment_id, standing.newest.body, standing.live)
        return render_template(
            "outcome/life/show.html",
            assessment=assessment,
            state=AssessmentState(assessment.state),
            states=list(AssessmentState),
            outlook=outlook,
            waits=waits_for(session, assessment_id),
            turnouts=turnouts.of_assessment(session, assessment_id),
            versions=versions.listing(session, assessment_id),
            changes=changes,
            rules=rule_changes.listing(session, assessment_id),
            objections=objections,
            uncorrected=promises.uncorrected_ids(session, assessment_id, lambda: standing.record),
            agreed=len(standing.agreed),
            fault=fault,
            forms=_forms(outlook, typed),
        )


def _forms(outlook: hindrances.Outlook, typed: StaffForm | None) -> dict[str, StaffForm]:
    """What was typed stays where there was a fault; all the others are fresh."""
    fresh: dict[str, StaffForm] = {
        "act": ActForm(formdata=None),
        "appeal": AppealForm(formdata=None),
        "reason": GroundsForm(formdata=None),
        "certify": CertifyForm(formdata=None, shown=outlook.certificate),
    }
    return {
        name: typed if type(typed) is type(form) and name in ("appeal", "reason") else form
        for name, form in fresh.items()
    }


@pages.route("/units/<id:unit_id>/objections/<id:objection_id>", methods=["GET", "POST"])
@needs(Permission.DECIDE)
def answer(unit_id: int, objection_id: int) -> ResponseReturnValue:
    form = AnswerForm()
    fault = None
    if request.method == "POST":
        try:
            form.checked()
            with site().database.writing() as session:
                replies.answer(
                    session,
                    site().now(),
                    actor(),
                    unit_id,
                    objection_id,
                    accepted=form.verdict.data == "yes",
                    words=form.words.data,
                )
            flash("已答复。" + ("请到这一行改正，再形成新版本。" if form.verdict.data == "yes" else ""))
            return redirect(url_for("life.answer", unit_id=unit_id, objection_id=objection_id))
        except (BadInput, WrongState) as error:
            fault = str(error)
    return _objection_page(unit_id, objection_id, form, fault), 400 if fault else 200


@pages.post("/units/<id:unit_id>/objections/<id:objection_id>/close")
@needs(Permission.DECIDE)
def close_objection(unit_id: int, objection_id: int) -> ResponseReturnValue:
    """An accepted objection that is not carried out after all, with the reason."""
    form = CloseForm()
    try:
        form.checked()
        with site().database.writing() as session:
            promises.close_objection(session, site().now(), actor(), unit_id, objection_id, form.reason.data)
    except (BadInput, WrongState) as error:
        page = _objection_page(unit_id, objection_id, AnswerForm(formdata=None), str(error), form)
        return page, STATUS[type(error)]
    flash("已了结，单位会看到理由。")
    return redirect(url_for("life.answer", unit_id=unit_id, objection_id=objection_id))


def _objection_page(
    unit_id: int, objection_id: int, form: AnswerForm, fault: str | None, closing: CloseForm | None = None
) -> str:
    with site().database.reading() as session:
        reply = next((each for each in replies.objections_of(session, unit_id) if each.id == objection_id), None)
        if reply is None:
            raise NotFound("这个单位没有这条申诉。")
        assessment = assessments.unit_of(session, unit_id).assessment
        return render_template(
            "outcome/life/objection.html",
            reply=reply,
            uncorrected=promises.uncorrected_ids(
                session, assessment.id, lambda: versions.live_record(session, assessment.id)
            ),
            final=AssessmentState(assessment.state).is_final,
            closing=closing or CloseForm(formdata=None),
            put_forward=objection_files.put_forward(session, [objection_id]).get(objection_id, []),
            MaterialKind=MaterialKind,
            form=form,
            fault=fault,
            assessment_id=assessment.id,
        )


@pages.get("/units/<id:unit_id>/objection-files/<id:material_id>")
@needs(Permission.DECIDE)
@reads("read.file")
def objection_file(unit_id: int, material_id: int) -> ResponseReturnValue:
    return handed_in(objection_files.file_for_office(site(), actor(), unit_id, material_id))


@pages.route("/assessments/<id:assessment_id>/rules/change", methods=["GET", "POST"])
@needs(Permission.DECIDE)
def rules(assessment_id: int) -> ResponseReturnValue:
    """First the effect of a change on every unit; confirmed, the next version of the rules."""
    with site().database.reading() as session:
        assessment = assessments.assessment_of(session, assessment_id)
        present = ScoringRules.from_json(assessment.rules)
    base = {"base": edition("rules", present.to_json())}
    form = ChangeRulesForm(data=form_values(present) | base)
    effect: Effect | None = None
    fault, status = None, 200
    if request.method == "POST":
        try:
            form.checked()
            if form.base.data != base["base"]:
                form = ChangeRulesForm(formdata=None, data=form_values(present) | base | {"reason": form.reason.data})
                fault, status = CHANGED, 409
            elif form.shown.data:
                return _change(assessment_id, form, present)
            else:
                effect = _effect(assessment_id, form, present)
        except BadInput as error:
            fault, status = str(error), 400
        except WrongState as error:
            fault, status = str(error), 409
            effect = _effect(assessment_id, form, present)
    page = render_template(
        "outcome/life/rules.html",
        assessment=assessment,
        state=AssessmentState(assessment.state),
        form=form,
        effect=effect,
        fault=fault,
    )
    return page, status


def _change(assessment_id: int, form: ChangeRulesForm, present: ScoringRules) -> ResponseReturnValue:
    proposed, reason, shown = parse_rules(typed_rules(form), present), form.reason.data, form.shown.data
    with site().database.writing() as session:
        number = rule_changes.change_rules(session, site().now(), actor(), assessment_id, None, proposed, reason, shown)
    flash(said(number is not None, f"规则已修改，现在是第 {number} 版。"))
    return redirect(url_for("life.show", assessment_id=assessment_id))


def _effect(assessment_id: int, form: ChangeRulesForm, present: ScoringRules) -> Effect:
    with site().database.reading() as session:
        effect = rule_changes.effect_of(session, assessment_id, None, parse_rules(typed_rules(form), present))
    if effect.hindrances:
        raise BadInput("\n".join(effect.hindrances))
    return effect
