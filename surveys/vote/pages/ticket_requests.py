"""More tickets than a poll may have by itself: asked for by one, agreed to by another."""

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from surveys.acts.actors import Permission
from surveys.vote.pages.forms import OverForm, OverNumberForm
from surveys.vote.ticketing import ticket_requests
from surveys.web.access import actor, may, needs, site

pages = Blueprint("ticket_requests", __name__)


@pages.post("/polls/<id:poll_id>/over")
@needs(Permission.RUN_POLLS)
def ask(poll_id: int) -> ResponseReturnValue:
    form = OverForm()
    form.checked()
    with site().database.writing() as session:
        ticket_requests.ask(session, site().now(), actor(), poll_id, form.number.data, form.reason.data)
        who = ticket_requests.who_agrees(session)
    return _back(poll_id, f"已提出，{who}同意以后才能多发。")


@pages.post("/polls/<id:poll_id>/over/agree")
@needs(Permission.WITNESS)
def agree(poll_id: int) -> ResponseReturnValue:
    """The second person's hand."""
    form = OverNumberForm()
    form.checked()
    with site().database.writing() as session:
        ticket_requests.agree(session, site().now(), actor(), poll_id, form.number.data)
    return _back(poll_id, f"已同意，现在最多可以发到 {form.number.data} 张。")


@pages.post("/polls/<id:poll_id>/over/decline")
@needs(Permission.WITNESS)
def decline(poll_id: int) -> ResponseReturnValue:
    form = OverNumberForm()
    form.checked()
    with site().database.writing() as session:
        ticket_requests.decline(session, site().now(), actor(), poll_id, form.number.data)
    return _back(poll_id, "提议已撤下，上限没有变。")


def _back(poll_id: int, message: str) -> ResponseReturnValue:
    """To the page of the tickets; the scrutineer to the desk."""
    flash(message)
    return redirect(url_for("poll_tickets.index" if may(Permission.RUN_POLLS) else "polls.show", poll_id=poll_id))
