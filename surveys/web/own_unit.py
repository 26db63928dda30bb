"""A unit reporter's pages: the own unit's sheet, why each score, agreeing and objecting. Nothing of other units."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from surveys.scoring.assessment_states import AssessmentState
from surveys.services import replies
from surveys.services.actors import Permission
from surveys.services.errors import BadInput, NotFound, WrongState
from surveys.web.access import actor, needs, site
from surveys.web.forms import AgreeForm, ObjectionForm
from surveys.web.versions import explained, sheet

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


@pages.route("/own-unit/<id:unit_id>/rows/<row_key>", methods=["GET", "POST"])
@needs(Permission.SEE_OWN_UNIT)
def row(unit_id: int, row_key: str) -> ResponseReturnValue:
    """Why a row has its score, and objecting to it."""
    form, fault, status = ObjectionForm(), None, 200
    if request.method == "POST":
        try:
            form.checked()
            with site().database.writing() as session:
                replies.object_to(session, site().now(), actor(), unit_id, row_key, form.reason.data)
            flash("申诉已提交，考核办公室答复后会显示在这里。")
            return redirect(url_for("own_unit.row", unit_id=unit_id, row_key=row_key))
        except (BadInput, WrongState) as error:
            fault, status = str(error), 400 if isinstance(error, BadInput) else 409
    with site().database.reading() as session:
        unit = replies.own_unit(session, actor(), unit_id)
        version = replies.own_version(session, actor(), unit_id)
        if version is None:
            raise NotFound("现在还看不到本单位的计分表，开始复核申诉后再来。")
        agreed = replies.agreement_of(session, unit_id, version.line.number)
        page = render_template(
            "own_unit/row.html",
            assessment=unit.assessment,
            version=version.line,
            can_object=replies.may_reply(site().now(), unit) and agreed is None,
            objections=[reply for reply in replies.objections_of(session, unit_id) if reply.row_key == row_key],
            form=form,
            fault=fault,
            **explained(version.body, unit_id, row_key, for_unit=True),
        )
    return page, status


def _page(unit_id: int, fault: str | None = None) -> str:
    with site().database.reading() as session:
        unit = replies.own_unit(session, actor(), unit_id)
        version = replies.own_version(session, actor(), unit_id)
        state = AssessmentState(unit.assessment.state)
        if version is None:
            return render_template("own_unit/waiting.html", own=unit, state=state, fault=fault)
        return render_template(
            "own_unit/show.html",
            own=unit,
            state=state,
            assessment=unit.assessment,
            version=version.line,
            can_reply=replies.may_reply(site().now(), unit),
            agreed_at=replies.agreement_of(session, unit_id, version.line.number),
            objections=replies.objections_of(session, unit_id),
            said={reply.row_key: reply.state.label for reply in replies.objections_of(session, unit_id)},
            form=AgreeForm(formdata=None, version=version.line.number),
            fault=fault,
            **sheet(version.body, unit_id),
        )
