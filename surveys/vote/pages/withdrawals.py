"""Taking back a poll made by mistake, and setting a sealed one aside under two hands."""

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from surveys.acts.actors import Permission
from surveys.vote import cleaning, poll_withdrawals
from surveys.vote.pages.forms import WithdrawPollForm
from surveys.web.access import actor, needs, site
from surveys.web.forms import ActForm, ConfirmForm, GroundsForm

pages = Blueprint("poll_withdrawals", __name__)


@pages.post("/polls/<id:poll_id>/withdraw")
@needs(Permission.RUN_POLLS)
def withdraw(poll_id: int) -> ResponseReturnValue:
    form = WithdrawPollForm()
    form.checked()
    with site().database.writing() as session:
        poll_withdrawals.withdraw(session, site().now(), actor(), poll_id, form.reason.data)
    cleaning.clean(site(), site().now())
    return _back(poll_id, "测评会已撤回，发出的票都已作废。")


@pages.post("/polls/<id:poll_id>/set-aside")
@needs(Permission.DECIDE)
def propose(poll_id: int) -> ResponseReturnValue:
    form = GroundsForm()
    form.checked()
    with site().database.writing() as session:
        poll_withdrawals.propose(session, site().now(), actor(), poll_id, form.reason.data)
    return _back(poll_id, "已提出，另一名管理员在这里确认以后才不计入，现在照计。")


@pages.post("/polls/<id:poll_id>/set-aside/agree")
@needs(Permission.DECIDE)
def agree(poll_id: int) -> ResponseReturnValue:
    """The second person's hand."""
    ConfirmForm().checked()
    with site().database.writing() as session:
        poll_withdrawals.agree(session, site().now(), actor(), poll_id)
    return _back(poll_id, "已由第二人确认，这次测评会不计入得分。")


@pages.post("/polls/<id:poll_id>/set-aside/decline")
@needs(Permission.DECIDE)
def decline(poll_id: int) -> ResponseReturnValue:
    ActForm().checked()
    with site().database.writing() as session:
        poll_withdrawals.decline(session, site().now(), actor(), poll_id)
    return _back(poll_id, "提议已撤下，这次测评会照计。")


def _back(poll_id: int, message: str) -> ResponseReturnValue:
    flash(message)
    return redirect(url_for("polls.show", poll_id=poll_id))
