"""A framework read from Excel: previewed, taken over, with a reason once marking has begun; tried on earlier marks."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from surveys.acts.actors import Permission
from surveys.acts.errors import BadInput, WrongState
from surveys.marking import dry_runs
from surveys.outcome import framework_revisions
from surveys.outcome.pages.forms import ReviseForm
from surveys.season import assessments, framework_editing, shut
from surveys.season.framework_changes import pieces
from surveys.season.framework_editing import FrameworkPreview
from surveys.season.shut import Act
from surveys.web.access import actor, needs, site
from surveys.web.forms import TakeOverForm
from surveys.web.import_desk import ImportDesk, add_import_desk, preview_page
from surveys.web.proposals import said

pages = Blueprint("framework_imports", __name__)

MOST_ID = 2**31 - 1


def _about(session: Session, assessment_id: int, framework_key: str) -> dict[str, Any]:
    assessment = assessments.assessment_of(session, assessment_id)
    return {
        "assessment": assessment,
        "framework": assessments.framework_of(assessment, framework_key),
        "why": shut.why_shut(assessment, Act.FRAMEWORK),
    }


def _page(session: Session, found: FrameworkPreview) -> dict[str, Any]:
    again = url_for(".upload", assessment_id=found.assessment_id, framework_key=found.key)
    effect = framework_revisions.effect(session, found)
    if effect is None:
        return {"again": again, "pieces": pieces, "effect": None}
    form = ReviseForm(formdata=None, shown=effect.fingerprint, reason=request.form.get("reason"))
    return {"again": again, "pieces": pieces, "effect": effect, "hindrances": effect.hindrances, "form": form}


def _take_over(import_id: int, form: TakeOverForm) -> ResponseReturnValue:
    with site().database.writing() as session:
        done = framework_editing.apply(session, site().now(), actor(), import_id, form.shown.data)
    changes = done.changes
    counts = f"新增 {len(changes.added)} 条，删除 {len(changes.removed)} 条，修改 {len(changes.changed)} 条"
    flash(f"测评体系已更新：{counts}。")
    return redirect(url_for("frameworks.show", assessment_id=done.assessment_id, framework_key=done.key))


DESK = ImportDesk(
    permission=Permission.DECIDE,
    upload="/assessments/<id:assessment_id>/frameworks/<framework_key>/import",
    shown="/framework-imports/<id:import_id>",
    templates="outcome/framework_imports",
    about=_about,
    read=framework_editing.read_file,
    preview=framework_editing.preview,
    page=_page,
    form=TakeOverForm,
    take_over=_take_over,
)
add_import_desk(pages, DESK)


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
        return preview_page(DESK, import_id, str(error)), 400
    except WrongState as error:
        return preview_page(DESK, import_id, str(error)), 409
    flash(said(number is not None, f"测评体系已修改，规则现在是第 {number} 版。"))
    return redirect(url_for("life.show", assessment_id=assessment_id))


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
