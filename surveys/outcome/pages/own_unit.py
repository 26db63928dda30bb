"""A unit reporter's pages: the own unit's sheet, why each score, agreeing and objecting. Nothing of other units."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from surveys.acts.actors import Permission
from surveys.acts.errors import BadInput, NotFound, Refusal, WrongState
from surveys.evidence.materials import MaterialKind
from surveys.evidence.pages.forms import FileFields, ReferenceFields
from surveys.evidence.pages.material_fields import has_file, limits, sent_file, typed_reference
from surveys.evidence.uploads.evidence_files import MOST_BYTES
from surveys.outcome import objection_files, promises, replies
from surveys.outcome.pages.forms import AgreeForm, ObjectionForm
from surveys.outcome.pages.versions import explained, sheet
from surveys.scoring.assessment_states import AssessmentState, ObjectionState
from surveys.web.access import actor, needs, site
from surveys.web.errors import STATUS
from surveys.web.forms import ActForm
from surveys.web.uploads import ROUND_THE_FILE, takes_upload

pages = Blueprint("own_unit", __name__)


@pages.get("/own-unit/<id:unit_id>")
@needs(Permission.SEE_OWN_UNIT)
def show(unit_id: int) -> ResponseReturnValue:
    return _page(unit_id)


@pages.post("/own-unit/<id:unit_id>/agree")
@needs(Permission.SEE_OWN_UNIT)
def agree(unit_id: int) -> ResponseReturnValue:
    form = AgreeForm()
    try:
        form.checked()
        with site().database.writing() as session:
            replies.agree(session, site().now(), actor(), unit_id, form.version.data)
    except (BadInput, WrongState) as error:
        return _page(unit_id, str(error)), 400 if isinstance(error, BadInput) else 409
    flash("已登记：本单位同意这份结果。")
    return redirect(url_for("own_unit.show", unit_id=unit_id))


@pages.get("/own-unit/<id:unit_id>/rows/<row_key>")
@needs(Permission.SEE_OWN_UNIT)
def row(unit_id: int, row_key: str) -> ResponseReturnValue:
    """Why a row has its score, and objecting to it."""
    return _row_page(unit_id, row_key)


@pages.post("/own-unit/<id:unit_id>/rows/<row_key>")
@needs(Permission.SEE_OWN_UNIT)
@takes_upload(MOST_BYTES + ROUND_THE_FILE)
def object_to(unit_id: int, row_key: str) -> ResponseReturnValue:
    """An objection, with a file, a link or a document's number if one is given."""
    form = ObjectionForm()
    try:
        form.checked()
        _object(form, unit_id, row_key)
    except (BadInput, WrongState) as error:
        return _row_page(unit_id, row_key, error, typed=form), STATUS[type(error)]
    flash("申诉已提交，考核办公室答复后会显示在这里。答复以前还可以补充依据。")
    return redirect(url_for("own_unit.row", unit_id=unit_id, row_key=row_key))


def _object(form: ObjectionForm, unit_id: int, row_key: str) -> None:
    now, reason = site().now(), form.reason.data
    more = [typed_reference(form)] if form.reference.data else []
    if has_file(form):
        with sent_file(form) as (name, stream):
            objection_files.object_with_file(site(), now, actor(), unit_id, row_key, reason, name, stream, more)
        return
    with site().database.writing() as session:
        objection_files.object_with(session, now, actor(), unit_id, row_key, reason, more)


@pages.post("/own-unit/<id:unit_id>/objections/<id:objection_id>/files")
@needs(Permission.SEE_OWN_UNIT)
@takes_upload(MOST_BYTES + ROUND_THE_FILE)
def add_file(unit_id: int, objection_id: int) -> ResponseReturnValue:
    row_key = _row_of(unit_id, objection_id)
    form = FileFields()
    try:
        form.checked()
        with sent_file(form) as (name, stream):
            objection_files.add_file(site(), site().now(), actor(), unit_id, objection_id, name, stream)
    except (BadInput, WrongState) as error:
        return _row_page(unit_id, row_key, error, at=objection_id), STATUS[type(error)]
    return _added(unit_id, row_key)


@pages.post("/own-unit/<id:unit_id>/objections/<id:objection_id>/references")
@needs(Permission.SEE_OWN_UNIT)
def add_reference(unit_id: int, objection_id: int) -> ResponseReturnValue:
    """A link or a document's number."""
    row_key = _row_of(unit_id, objection_id)
    form = ReferenceFields()
    try:
        form.checked()
        entry = typed_reference(form)
        with site().database.writing() as session:
            objection_files.add(session, site().now(), actor(), unit_id, objection_id, entry)
    except (BadInput, WrongState) as error:
        return _row_page(unit_id, row_key, error, at=objection_id, typed=form), STATUS[type(error)]
    return _added(unit_id, row_key)


@pages.post("/own-unit/<id:unit_id>/objection-files/<id:material_id>/withdraw")
@needs(Permission.SEE_OWN_UNIT)
def withdraw(unit_id: int, material_id: int) -> ResponseReturnValue:
    ActForm().checked()
    with site().database.writing() as session:
        material = objection_files.withdraw(session, site().now(), actor(), unit_id, material_id)
    flash(f"已撤回“{material.name}”。")
    return redirect(url_for("own_unit.row", unit_id=unit_id, row_key=material.row_key))


def _added(unit_id: int, row_key: str) -> ResponseReturnValue:
    flash("已收到，考核办公室能看到。")
    return redirect(url_for("own_unit.row", unit_id=unit_id, row_key=row_key))


def _row_of(unit_id: int, objection_id: int) -> str:
    """The row that an objection of the own unit is about. Raises NotFound."""
    with site().database.reading() as session:
        replies.own_unit(session, actor(), unit_id)
        found = (reply for reply in replies.objections_of(session, unit_id) if reply.id == objection_id)
        reply = next(found, None)
    if reply is None:
        raise NotFound("本单位没有这条申诉。")
    return reply.row_key


def _row_page(
    unit_id: int,
    row_key: str,
    fault: Refusal | None = None,
    *,
    at: int | None = None,
    typed: ReferenceFields | None = None,
) -> str:
    """`fault` stands at the objection `at`, or at the form for a new one, with what was `typed` there."""
    with site().database.reading() as session:
        unit = replies.own_unit(session, actor(), unit_id)
        version = replies.own_version(session, actor(), unit_id)
        if version is None:
            raise NotFound("现在还看不到本单位的计分表，开始复核申诉后再来。")
        agreed = replies.agreement_of(session, unit, version)
        objections = [reply for reply in replies.objections_of(session, unit_id) if reply.row_key == row_key]
        uncorrected = promises.uncorrected_ids(session, unit.assessment_id, lambda: version.record)
        may_reply = replies.may_reply(site().now(), unit)
        waits = any(reply.state is ObjectionState.OPEN for reply in objections)
        return render_template(
            "outcome/own_unit/row.html",
            assessment=unit.assessment,
            version=version.line,
            may_reply=may_reply,
            agreed=agreed,
            can_object=may_reply and agreed is None and not waits,
            objections=objections,
            uncorrected=uncorrected,
            put_forward=objection_files.put_forward(session, [reply.id for reply in objections]),
            MaterialKind=MaterialKind,
            limits=limits(),
            fault=fault,
            at=at,
            typed=typed,
            form=typed if isinstance(typed, ObjectionForm) else ObjectionForm(formdata=None),
            **explained(version.unit(unit_id), row_key, for_unit=True),
        )


def _page(unit_id: int, fault: str | None = None) -> str:
    with site().database.reading() as session:
        unit = replies.own_unit(session, actor(), unit_id)
        version = replies.own_version(session, actor(), unit_id)
        state = AssessmentState(unit.assessment.state)
        if version is None:
            return render_template("outcome/own_unit/waiting.html", own=unit, state=state, fault=fault)
        objections = replies.objections_of(session, unit_id)
        uncorrected = promises.uncorrected_ids(session, unit.assessment_id, lambda: version.record)
        return render_template(
            "outcome/own_unit/show.html",
            own=unit,
            state=state,
            assessment=unit.assessment,
            version=version.line,
            can_reply=replies.may_reply(site().now(), unit),
            agreed=replies.agreement_of(session, unit, version),
            objections=objections,
            put_forward=objection_files.put_forward(session, [reply.id for reply in objections]),
            MaterialKind=MaterialKind,
            said={reply.row_key: reply.standing(uncorrected) for reply in objections},
            uncorrected=uncorrected,
            not_yet=replies.why_not_yet(objections, uncorrected),
            form=AgreeForm(formdata=None, version=version.line.number),
            fault=fault,
            **sheet(version.record, unit_id),
        )
