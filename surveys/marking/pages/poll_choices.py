"""Two admins say which of several sealed polls of a team counts, and whether one in doubt does."""

from flask import Blueprint, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from surveys.acts.actors import Permission
from surveys.marking import poll_doubts, score_sheets
from surveys.vote import poll_choices, polls
from surveys.web.access import actor, needs, site
from surveys.web.forms import ActForm, GroundsForm

pages = Blueprint("poll_choices", __name__)


@pages.get("/polls/<id:poll_id>/row")
@needs(Permission.DECIDE)
def row(poll_id: int) -> ResponseReturnValue:
    """On to the page of the row that the poll counts for."""
    with site().database.reading() as session:
        unit_id = polls.poll_of(session, poll_id).unit_id
    return _to_row(unit_id)


@pages.post("/units/<id:unit_id>/polls/<id:chosen>/choose")
@needs(Permission.DECIDE)
def propose(unit_id: int, chosen: int) -> ResponseReturnValue:
    form = GroundsForm()
    form.checked()
    with site().database.writing() as session:
        poll_choices.propose(session, site().now(), actor(), unit_id, chosen, form.reason.data)
    return _back(unit_id, "已提出，另一名管理员在这里确认以后才定下，现在不计分。")


@pages.post("/units/<id:unit_id>/polls/<id:chosen>/choose/agree")
@needs(Permission.DECIDE)
def agree(unit_id: int, chosen: int) -> ResponseReturnValue:
    """The second person's hand."""
    ActForm().checked()
    with site().database.writing() as session:
        poll_choices.agree(session, site().now(), actor(), unit_id, chosen)
    return _back(unit_id, "已由第二人确认，其余的测评会不计入得分。")


@pages.post("/units/<id:unit_id>/polls/<id:chosen>/choose/decline")
@needs(Permission.DECIDE)
def decline(unit_id: int, chosen: int) -> ResponseReturnValue:
    ActForm().checked()
    with site().database.writing() as session:
        poll_choices.decline(session, site().now(), actor(), unit_id, chosen)
    return _back(unit_id, "提议已撤下，哪一次算还没有定。")


@pages.post("/units/<id:unit_id>/polls/<id:doubted>/count")
@needs(Permission.DECIDE)
def propose_count(unit_id: int, doubted: int) -> ResponseReturnValue:
    """The first hand on a poll whose figures contradict each other."""
    form = GroundsForm()
    form.checked()
    with site().database.writing() as session:
        poll_doubts.propose(session, site().now(), actor(), unit_id, doubted, form.reason.data)
    return _back(unit_id, "已提出照计，另一名管理员在这里确认以后才计分。")


@pages.post("/units/<id:unit_id>/polls/<id:doubted>/count/agree")
@needs(Permission.DECIDE)
def agree_count(unit_id: int, doubted: int) -> ResponseReturnValue:
    ActForm().checked()
    with site().database.writing() as session:
        poll_doubts.agree(session, site().now(), actor(), unit_id, doubted)
    return _back(unit_id, "已由第二人确认，这次测评会照计。")


@pages.post("/units/<id:unit_id>/polls/<id:doubted>/count/decline")
@needs(Permission.DECIDE)
def decline_count(unit_id: int, doubted: int) -> ResponseReturnValue:
    ActForm().checked()
    with site().database.writing() as session:
        poll_doubts.decline(session, site().now(), actor(), unit_id, doubted)
    return _back(unit_id, "提议已撤下，这次测评会算不算还没有定。")


def _back(unit_id: int, message: str) -> ResponseReturnValue:
    flash(message)
    return _to_row(unit_id)


def _to_row(unit_id: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        line = score_sheets.unit_sheet(session, unit_id).democratic
    if line is None:
        abort(404)
    return redirect(url_for("score_sheets.row", unit_id=unit_id, row_key=line.row.standard.key))
