"""The completion board: units x departments, who is behind, reminders to copy."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from surveys.acts.actors import Permission
from surveys.marking import completion
from surveys.marking.completion import Board, Filter
from surveys.marking.marking_sheets import FEWEST_ALIKE
from surveys.web.access import actor, needs, site
from surveys.web.downloads import attachment
from surveys.web.request_log import reads

pages = Blueprint("completion", __name__)


@pages.get("/assessments/<id:assessment_id>/completion")
@needs(Permission.SEE_RESULTS)
def show(assessment_id: int) -> ResponseReturnValue:
    wanted = _wanted()
    return render_template(
        "marking/completion/show.html", board=_board(assessment_id, wanted), wanted=wanted, fewest_alike=FEWEST_ALIKE
    )


@pages.get("/assessments/<id:assessment_id>/completion.csv")
@needs(Permission.SEE_RESULTS)
@reads("export.results")
def table(assessment_id: int) -> ResponseReturnValue:
    found = _board(assessment_id, _wanted())
    return attachment(completion.table(found), "text/csv", f"{found.assessment.title}-进度.csv")


def _wanted() -> Filter:
    given = request.args
    return Filter(given.get("category", ""), given.get("department", ""), "behind" in given)


def _board(assessment_id: int, wanted: Filter) -> Board:
    with site().database.reading() as session:
        return completion.board(session, actor(), assessment_id, wanted)
