"""The admins' page of who stands in for an absent hand."""

from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms.fields import SelectChoice

from surveys.acts import stand_ins
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import Refusal
from surveys.acts.stand_ins import Person
from surveys.office.pages.account_forms import StandInActForm, StandInForm
from surveys.web.access import actor, needs, site
from surveys.web.errors import status_of

pages = Blueprint("stand_ins", __name__)


@pages.get("/stand-ins")
@needs(Permission.DECIDE)
def show() -> ResponseReturnValue:
    return _page(StandInForm(formdata=None))


def _offer(session: Session, form: StandInForm) -> None:
    people = stand_ins.people(session, actor())
    for field in (form.account, form.absent):
        field.choices = [SelectChoice("", "请选择"), *map(_choice, people)]


def _choice(person: Person) -> SelectChoice:
    return SelectChoice(str(person.id), f"{person.name}（{person.role.label}）")


def _page(form: StandInForm, fault: str = "") -> str:
    with site().database.reading() as session:
        _offer(session, form)
        lines = stand_ins.lines(session, site().now(), actor())
    return render_template(
        "office/stand_ins/show.html",
        form=form,
        lines=lines,
        fault=fault,
        most=stand_ins.LONGEST.days,
        last_day=lambda line: (line.until - timedelta(days=1)).astimezone(site().settings.time_zone).date(),
    )


@pages.post("/stand-ins")
@needs(Permission.DECIDE)
def propose() -> ResponseReturnValue:
    form = StandInForm()
    with site().database.reading() as session:
        _offer(session, form)
    try:
        form.checked()
        account_id, absent_id = int(form.account.data), int(form.absent.data)
        with site().database.writing() as session:
            zone, last_day = site().settings.time_zone, form.last_day.data
            stand_ins.propose(session, site().now(), actor(), zone, account_id, absent_id, last_day, form.reason.data)
    except Refusal as error:
        return _page(form, str(error)), status_of(error)
    flash("已提出，另一名管理员同意以后才生效。")
    return redirect(url_for("stand_ins.show"))


@pages.post("/stand-ins/agree")
@needs(Permission.DECIDE)
def agree() -> ResponseReturnValue:
    """The second person's hand."""
    return _act(stand_ins.agree, "已同意，代行马上生效。")


@pages.post("/stand-ins/end")
@needs(Permission.DECIDE)
def end() -> ResponseReturnValue:
    return _act(stand_ins.end, "已结束，代行马上失效。")


def _act(act: Callable[[Session, datetime, Actor, int], None], done: str) -> ResponseReturnValue:
    form = StandInActForm()
    form.checked()
    if not (form.number.data.isascii() and form.number.data.isdigit()):
        abort(400)
    with site().database.writing() as session:
        act(session, site().now(), actor(), int(form.number.data))
    flash(done)
    return redirect(url_for("stand_ins.show"))
