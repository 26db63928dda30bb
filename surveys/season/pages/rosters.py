"""Units and leaders from a file: upload, preview, confirm; templates and the current roster to download."""

from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from surveys.acts.actors import Permission
from surveys.season import assessments, rosters, shut
from surveys.season.shut import Act
from surveys.web.access import actor, needs, site
from surveys.web.downloads import XLSX, attachment
from surveys.web.forms import TakeOverForm
from surveys.web.import_desk import ImportDesk, add_import_desk
from surveys.web.proposals import said

pages = Blueprint("rosters", __name__)


def _about(session: Session, assessment_id: int) -> dict[str, Any]:
    assessment = assessments.assessment_of(session, assessment_id)
    return {"assessment": assessment, "why": shut.why_shut(assessment, Act.SET_UP)}


def _take_over(import_id: int, form: TakeOverForm) -> ResponseReturnValue:
    with site().database.writing() as session:
        found, done = rosters.apply(session, site().now(), actor(), import_id, form.shown.data)
    words = f"名单已导入：新增 {len(found.added)} 个单位，修改 {len(found.changed)} 个单位。"
    flash(said(done, words))
    return redirect(url_for("setup.index"))


add_import_desk(
    pages,
    ImportDesk(
        permission=Permission.DECIDE,
        upload="/assessments/<id:assessment_id>/roster",
        shown="/rosters/<id:import_id>",
        templates="season/rosters",
        about=_about,
        read=rosters.read_roster,
        preview=rosters.preview,
        form=TakeOverForm,
        take_over=_take_over,
    ),
)


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
