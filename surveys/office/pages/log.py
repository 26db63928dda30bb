"""The auditor's pages: the audit log, its check, and the accounts to be confirmed."""

from datetime import date, datetime, time, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from surveys.acts.actors import Permission
from surveys.acts.audit import Outcome
from surveys.acts.errors import BadInput
from surveys.intake import typed
from surveys.office import confirmations, log_reading
from surveys.office.log_reading import GROUPS, Wanted
from surveys.office.pages.account_forms import ConfirmAccountForm
from surveys.web.access import actor, needs, site
from surveys.web.downloads import attachment
from surveys.web.request_log import reads

pages = Blueprint("log", __name__)


@pages.get("/log")
@needs(Permission.SEE_LOG)
@reads("read.log")
def show() -> ResponseReturnValue:
    """`who`, `q`, `group`, `result`, `since`, `until` in the query: what is looked for; `below`: older ones."""
    wanted = _wanted()
    with site().database.reading() as session:
        found = log_reading.page(session, actor(), wanted, request.args.get("below", type=int))
        waiting = len(confirmations.unconfirmed(session, actor()))
    return render_template(
        "office/log/show.html",
        found=found,
        wanted=wanted,
        groups=GROUPS,
        results=list(Outcome),
        asked={key: value for key, value in request.args.items() if key != "below" and value},
        waiting=waiting,
    )


@pages.get("/log.csv")
@needs(Permission.SEE_LOG)
@reads("export.log")
def table() -> ResponseReturnValue:
    with site().database.reading() as session:
        data = log_reading.table(log_reading.every(session, actor(), _wanted()))
    return attachment(data, "text/csv", f"操作日志-{site().now():%Y-%m-%d}.csv")


@pages.get("/log/check")
@needs(Permission.SEE_LOG)
def check() -> ResponseReturnValue:
    with site().database.reading() as session:
        head, faults = log_reading.check(session, actor())
    return render_template("office/log/check.html", head=head, faults=faults, at=site().now())


def _wanted() -> Wanted:
    given = request.args
    result = next((each for each in Outcome if each.value == given.get("result")), None)
    until = _day("until")
    return Wanted(
        _text("who"),
        _text("q"),
        given.get("group", "") if given.get("group") in GROUPS else "",
        result,
        _moment(_day("since")),
        _moment(None if until is None else until + timedelta(days=1)),
    )


def _text(name: str) -> str:
    return " ".join(typed.visible(request.args.get(name, "")[:100]).split())


def _day(name: str) -> date | None:
    """A day that is none is not looked for."""
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


def _moment(day: date | None) -> datetime | None:
    return None if day is None or day.year < 2 else datetime.combine(day, time(), site().settings.time_zone)


@pages.get("/confirmations")
@needs(Permission.CONFIRM_ACCOUNTS)
def unconfirmed() -> ResponseReturnValue:
    with site().database.reading() as session:
        found = confirmations.unconfirmed(session, actor())
    return render_template("office/confirmations/index.html", found=found, form=ConfirmAccountForm(formdata=None))


@pages.post("/confirmations")
@needs(Permission.CONFIRM_ACCOUNTS)
def confirm() -> ResponseReturnValue:
    form = ConfirmAccountForm()
    form.checked()
    try:
        account_id, given_at = int(form.account.data), datetime.fromisoformat(form.given_at.data)
    except ValueError:
        raise BadInput("页面不完整，没有确认。请刷新后再试。") from None
    with site().database.writing() as session:
        confirmations.confirm(session, site().now(), actor(), account_id, given_at)
    flash("账号已确认，可以作为两人中的一人。")
    return redirect(url_for("log.unconfirmed"))
