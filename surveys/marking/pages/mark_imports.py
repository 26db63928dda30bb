"""Marks in a workbook: to download, to fill in, to upload, to look at, to confirm."""

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from surveys.acts.actors import Permission
from surveys.marking import mark_workbooks
from surveys.marking.marking_sheets import department_for
from surveys.marking.pages.forms import TakeMarksForm
from surveys.marking.pages.mark_fields import saved_words
from surveys.season.assessments import assessment_of
from surveys.season.open_rows import open_rows
from surveys.web.access import actor, needs, site
from surveys.web.downloads import XLSX, attachment
from surveys.web.import_desk import ImportDesk, add_import_desk

pages = Blueprint("mark_imports", __name__)


@pages.get("/assessments/<id:assessment_id>/marks.xlsx")
@needs(Permission.MARK)
def export(assessment_id: int) -> ResponseReturnValue:
    asked = request.args.get("department")
    with site().database.reading() as session:
        data = mark_workbooks.export_workbook(session, actor(), assessment_id, asked)
    return attachment(data, XLSX, f"打分表-{department_for(actor(), asked) or '全部部门'}.xlsx")


def _about(session: Session, assessment_id: int) -> dict[str, Any]:
    assessment = assessment_of(session, assessment_id)
    found = open_rows(session, assessment)
    return {"assessment": assessment, "why": found.why, "any_open": found.any_open}


def _take_over(import_id: int, form: TakeMarksForm) -> ResponseReturnValue:
    with site().database.writing() as session:
        done, entered = mark_workbooks.apply(
            session, site().now(), actor(), import_id, form.shown.data, confirmed=form.over.data
        )
    flash(f"打分表已导入。{saved_words(entered)}")
    return redirect(url_for("marking.index", assessment_id=done.assessment_id))


add_import_desk(
    pages,
    ImportDesk(
        permission=Permission.MARK,
        upload="/assessments/<id:assessment_id>/marks",
        shown="/mark-imports/<id:import_id>",
        templates="marking/mark_imports",
        about=_about,
        read=mark_workbooks.read_workbook,
        preview=mark_workbooks.preview,
        form=TakeMarksForm,
        take_over=_take_over,
    ),
)
