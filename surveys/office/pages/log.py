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

HIGHEST = 2**31 - 1
"""That a number in the database can be."""


@pages.get("/log")
@needs(Permission.SEE_LOG)
@reads("read.log")
def show() -> ResponseReturnValue:
    """`who`, `q`, `group`, `result`, `since`, `until` in the query: what is looked for; `below`: older ones."""
    wanted = _wanted()
    with site().database.reading() as session:
        found = log_reading.page(session, actor(), wanted, _below())
        waiting = confirmations.count(session, actor())
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
        typed.searched(given.get("who", "")),
        typed.searched(given.get("q", "")),
        given.get("group", "") if given.get("group") in GROUPS else "",
        result,
        _moment(_day("since")),
        _moment(None if until is None else until + timedelta(days=1)),
    )


def _below() -> int | None:
    """A number that no entry can have is not looked for."""
    found = request.args.get("below", type=int)
    return found if found is not None and 0 < found <= HIGHEST else None


def _day(name: str) -> date | None:
    """A day that is none is not looked for."""
    try:
        found = date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    return found if 2000 <= found.year <= 2100 else None


def _moment(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), site().settings.time_zone)


@pages.get("/confirmations")
@needs(Permission.CONFIRM_ACCOUNTS)
def unconfirmed() -> ResponseReturnValue:
    with site().database.reading() as session:
        found = confirmations.unconfirmed(session, actor())
    return render_template("office/confirmations/index.html", found=found)


@pages.post("/confirmations")
@needs(Permission.CONFIRM_ACCOUNTS)
def confirm() -> ResponseReturnValue:
    form = ConfirmAccountForm()
    form.checked()
    try:
        account_id, given_at = int(form.account.data), datetime.fromisoformat(form.given_at.data)
    except ValueError:
        raise BadInput("页面不完整，没有确认。请刷新后再试。") from None
    if not 0 < account_id <= HIGHEST:
        raise BadInput("页面不完整，没有确认。请刷新后再试。")
    with site().database.writing() as session:
        confirmations.confirm(session, site().now(), actor(), account_id, given_at)
    flash("账号已确认，可以作为两人中的一人。")
    return redirect(url_for("log.unconfirmed"))
