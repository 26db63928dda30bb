"""A framework read from Excel: previewed, taken over, with a reason once marking has begun; tried on earlier marks."""

from functools import partial

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from surveys.acts.actors import Permission
from surveys.acts.errors import BadInput, Refusal, WrongState
from surveys.intake.tables import MOST_BYTES
from surveys.marking import dry_runs
from surveys.outcome import framework_revisions
from surveys.outcome.pages.forms import ReviseForm
from surveys.season import assessments, framework_editing
from surveys.season.framework_changes import pieces
from surveys.season.pages.rosters import ROUND_THE_FILE
from surveys.web.access import actor, needs, site
from surveys.web.file_reading import read_upload
from surveys.web.forms import StaffForm, TakeOverForm, UploadForm
from surveys.web.proposals import said
from surveys.web.uploads import size, takes_upload

pages = Blueprint("framework_imports", __name__)

MOST_ID = 2**31 - 1


@pages.route("/assessments/<id:assessment_id>/frameworks/<framework_key>/import", methods=["GET", "POST"])
@needs(Permission.DECIDE)
@takes_upload(MOST_BYTES + ROUND_THE_FILE)
def upload(assessment_id: int, framework_key: str) -> ResponseReturnValue:
    form = UploadForm()
    page = partial(_upload_page, assessment_id, framework_key, form)
    if request.method != "POST":
        return page()
    about = (assessment_id, framework_key)
    return read_upload(form, framework_editing.read_file, about, page, "framework_imports.preview")


def _upload_page(assessment_id: int, framework_key: str, form: UploadForm, refused: Refusal | None = None) -> str:
    with site().database.reading() as session:
        assessment = assessments.assessment_of(session, assessment_id)
        framework = assessments.framework_of(assessment, framework_key)
        editable = framework_editing.may_revise(assessment, session)
    return render_template(
        "outcome/framework_imports/upload.html",
        assessment=assessment,
        framework=framework,
        form=form,
        refused=refused,
        editable=editable,
        frozen=framework_editing.FROZEN,
        limits={"bytes": MOST_BYTES, "size": size(MOST_BYTES)},
    )


@pages.get("/framework-imports/<id:import_id>")
@needs(Permission.DECIDE)
def preview(import_id: int) -> ResponseReturnValue:
    return _preview_page(import_id)


@pages.post("/framework-imports/<id:import_id>/revise")
@needs(Permission.DECIDE)
def revise(import_id: int) -> ResponseReturnValue:
    """Once marking has begun: with a reason, after the effect was shown."""
    form = ReviseForm()
    try:
        form.checked()
        with site().database.writing() as session:
            assessment_id = framework_editing.preview(session, actor(), import_id).assessment_id
            number = framework_revisions.revise(
                session, site().now(), actor(), import_id, form.reason.data, form.shown.data
            )
    except BadInput as error:
        return _preview_page(import_id, str(error), form.reason.data), 400
    except WrongState as error:
        return _preview_page(import_id, str(error), form.reason.data), 409
    flash(said(number is not None, f"测评体系已修改，规则现在是第 {number} 版。"))
    return redirect(url_for("life.show", assessment_id=assessment_id))


@pages.post("/framework-imports/<id:import_id>")
@needs(Permission.DECIDE)
def take_over(import_id: int) -> ResponseReturnValue:
    form = TakeOverForm()
    form.checked()
    try:
        with site().database.writing() as session:
            done = framework_editing.apply(session, site().now(), actor(), import_id, form.shown.data)
    except WrongState as error:
        return _preview_page(import_id, str(error)), 409
    changes = done.changes
    counts = f"新增 {len(changes.added)} 条，删除 {len(changes.removed)} 条，修改 {len(changes.changed)} 条"
    flash(f"测评体系已更新：{counts}。")
    return redirect(url_for("frameworks.show", assessment_id=done.assessment_id, framework_key=done.key))


def _preview_page(import_id: int, fault: str | None = None, reason: str | None = None) -> str:
    with site().database.reading() as session:
        found = framework_revisions.preview(session, actor(), import_id)
    effect = found.effect
    if effect is None:
        form: StaffForm = TakeOverForm(formdata=None, shown=found.preview.fingerprint)
    else:
        form = ReviseForm(formdata=None, shown=effect.fingerprint, reason=reason)
    return render_template(
        "outcome/framework_imports/preview.html",
        preview=found.preview,
        import_id=import_id,
        effect=effect,
        hindrances=found.preview.hindrances or (() if effect is None else effect.hindrances),
        form=form,
        fault=fault,
        pieces=pieces,
    )


@pages.get("/assessments/<id:assessment_id>/dry-run")
@needs(Permission.DECIDE)
def dry_run(assessment_id: int) -> ResponseReturnValue:
    """`on`: the assessment whose marks are tried."""
    earlier_id = request.args.get("on", type=int)
    if earlier_id is not None and not 1 <= earlier_id <= MOST_ID:
        abort(404)
    with site().database.reading() as session:
        assessment = assessments.assessment_of(session, assessment_id)
        others = [line for line in assessments.list_assessments(session) if line.units and line.id != assessment_id]
        run = None if earlier_id is None else dry_runs.try_on(session, assessment_id, earlier_id)
    return render_template("outcome/framework_imports/dry_run.html", assessment=assessment, others=others, run=run)
