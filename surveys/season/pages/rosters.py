"""Units and leaders from a file: upload, preview, confirm; templates and the current roster to download."""

from functools import partial

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from surveys.acts.actors import Permission
from surveys.acts.errors import Refusal, WrongState
from surveys.intake.tables import MOST_BYTES, MOST_COLUMNS, MOST_ROWS
from surveys.season import assessments, rosters
from surveys.season.roster_changes import Preview
from surveys.web.access import actor, needs, site
from surveys.web.downloads import attachment
from surveys.web.file_reading import read_upload
from surveys.web.forms import TakeOverForm, UploadForm
from surveys.web.proposals import said
from surveys.web.uploads import size, takes_upload

pages = Blueprint("rosters", __name__)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROUND_THE_FILE = 64 * 1024
"""What a multipart form has besides the file."""


@pages.route("/assessments/<id:assessment_id>/roster", methods=["GET", "POST"])
@needs(Permission.DECIDE)
@takes_upload(MOST_BYTES + ROUND_THE_FILE)
def upload(assessment_id: int) -> ResponseReturnValue:
    form = UploadForm()
    page = partial(_upload_page, assessment_id, form)
    if request.method != "POST":
        return page()
    return read_upload(form, rosters.read_roster, (assessment_id,), page, "rosters.show")


def _upload_page(assessment_id: int, form: UploadForm, refused: Refusal | None = None) -> str:
    with site().database.reading() as session:
        assessment = assessments.assessment_of(session, assessment_id)
    return render_template(
        "season/rosters/upload.html",
        assessment=assessment,
        shut=assessments.why_unchangeable(assessment),
        form=form,
        refused=refused,
        limits={"bytes": MOST_BYTES, "size": size(MOST_BYTES), "rows": MOST_ROWS, "columns": MOST_COLUMNS},
    )


@pages.get("/rosters/<id:import_id>")
@needs(Permission.DECIDE)
def show(import_id: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        found = rosters.preview(session, actor(), import_id)
    return _preview_page(import_id, found)


@pages.post("/rosters/<id:import_id>")
@needs(Permission.DECIDE)
def take_over(import_id: int) -> ResponseReturnValue:
    form = TakeOverForm()
    form.checked()
    try:
        with site().database.writing() as session:
            found, done = rosters.apply(session, site().now(), actor(), import_id, form.shown.data)
    except WrongState as error:
        with site().database.reading() as session:
            found = rosters.preview(session, actor(), import_id)
        return _preview_page(import_id, found, str(error)), 409
    words = f"名单已导入：新增 {len(found.added)} 个单位，修改 {len(found.changed)} 个单位。"
    flash(said(done, words))
    return redirect(url_for("setup.index"))


def _preview_page(import_id: int, found: Preview, fault: str | None = None) -> str:
    form = TakeOverForm(formdata=None, shown=found.fingerprint)
    return render_template("season/rosters/preview.html", import_id=import_id, preview=found, form=form, fault=fault)


@pages.get("/assessments/<id:assessment_id>/roster.xlsx")
@needs(Permission.DECIDE)
def export(assessment_id: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        data = rosters.export_roster(session, actor(), assessment_id)
    return attachment(data, XLSX, "名单.xlsx")


@pages.get("/assessments/<id:assessment_id>/roster-template.xlsx")
@needs(Permission.DECIDE)
def template_workbook(assessment_id: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        data = rosters.template_workbook(session, actor(), assessment_id)
    return attachment(data, XLSX, "名单模板.xlsx")


@pages.get("/assessments/<id:assessment_id>/roster-template.csv")
@needs(Permission.DECIDE)
def template_csv(assessment_id: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        data = rosters.template_csv(session, actor(), assessment_id)
    return attachment(data, "text/csv", "名单模板.csv")
