"""Marks in a workbook: to download, to fill in, to upload, to look at, to confirm."""

from functools import partial

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from surveys.acts.actors import Permission
from surveys.acts.errors import Refusal, WrongState
from surveys.intake.tables import MOST_BYTES
from surveys.marking import mark_workbooks
from surveys.marking.mark_workbooks import MarkPreview
from surveys.marking.marking_sheets import department_for
from surveys.marking.pages.forms import TakeMarksForm
from surveys.marking.pages.mark_fields import saved_words
from surveys.season.assessments import assessment_of
from surveys.season.may_change import opening
from surveys.season.pages.rosters import ROUND_THE_FILE, XLSX
from surveys.web.access import actor, needs, site
from surveys.web.downloads import attachment
from surveys.web.file_reading import read_upload
from surveys.web.forms import UploadForm
from surveys.web.uploads import size, takes_upload

pages = Blueprint("mark_imports", __name__)


@pages.get("/assessments/<id:assessment_id>/marks.xlsx")
@needs(Permission.MARK)
def export(assessment_id: int) -> ResponseReturnValue:
    asked = request.args.get("department")
    with site().database.reading() as session:
        data = mark_workbooks.export_workbook(session, actor(), assessment_id, asked)
    return attachment(data, XLSX, f"打分表-{department_for(actor(), asked) or '全部部门'}.xlsx")


@pages.route("/assessments/<id:assessment_id>/marks", methods=["GET", "POST"])
@needs(Permission.MARK)
@takes_upload(MOST_BYTES + ROUND_THE_FILE)
def upload(assessment_id: int) -> ResponseReturnValue:
    form = UploadForm()
    page = partial(_upload_page, assessment_id, form)
    if request.method != "POST":
        return page()
    return read_upload(form, mark_workbooks.read_workbook, (assessment_id,), page, "mark_imports.show")


def _upload_page(assessment_id: int, form: UploadForm, refused: Refusal | None = None) -> str:
    with site().database.reading() as session:
        assessment = assessment_of(session, assessment_id)
        openings = opening(session, assessment)
    return render_template(
        "marking/marking/upload.html",
        assessment=assessment,
        opening=openings,
        form=form,
        refused=refused,
        limits={"bytes": MOST_BYTES, "size": size(MOST_BYTES)},
    )


@pages.get("/mark-imports/<id:import_id>")
@needs(Permission.MARK)
def show(import_id: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        found = mark_workbooks.preview(session, actor(), import_id)
    return _preview_page(import_id, found)


@pages.post("/mark-imports/<id:import_id>")
@needs(Permission.MARK)
def take_over(import_id: int) -> ResponseReturnValue:
    form = TakeMarksForm()
    form.checked()
    try:
        with site().database.writing() as session:
            done, entered = mark_workbooks.apply(
                session, site().now(), actor(), import_id, form.shown.data, confirmed=form.over.data
            )
    except WrongState as error:
        with site().database.reading() as session:
            found = mark_workbooks.preview(session, actor(), import_id)
        return _preview_page(import_id, found, str(error)), 409
    flash(f"打分表已导入。{saved_words(entered)}")
    return redirect(url_for("marking.index", assessment_id=done.assessment_id))


def _preview_page(import_id: int, found: MarkPreview, fault: str | None = None) -> str:
    form = TakeMarksForm(formdata=None, shown=found.fingerprint)
    return render_template("marking/marking/preview.html", import_id=import_id, preview=found, form=form, fault=fault)
