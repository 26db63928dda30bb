"""The organizer's pages: issuing tickets and voiding them."""

import io
import zipfile

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms.fields import SelectChoice

from surveys.polling.disclosure import shown_turnout
from surveys.reporting.slips import SlipSheet, SlipTextTooLong, slips_csv, slips_pdf
from surveys.services import polls, printing, records, tickets
from surveys.services.actors import Permission
from surveys.services.errors import BadInput
from surveys.web.access import actor, needs, site
from surveys.web.downloads import attachment
from surveys.web.forms import IssueForm, VoidForm

pages = Blueprint("poll_tickets", __name__)


@pages.get("/polls/<id:poll_id>/tickets")
@needs(Permission.RUN_POLLS)
def index(poll_id: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        issue_form = IssueForm()
        issue_form.class_key.choices = [SelectChoice(entry.key, f"{entry.key} {entry.name}") for entry in poll.classes]
        return render_template(
            "polls/tickets.html",
            poll=poll,
            unit=poll.unit,
            counts=records.class_counts(session, poll),
            shown_turnout=shown_turnout,
            issue_form=issue_form,
            void_form=VoidForm(),
        )


@pages.post("/polls/<id:poll_id>/issue")
@needs(Permission.RUN_POLLS)
def issue(poll_id: int) -> ResponseReturnValue:
    """Issues and hands the codes out, in this answer and never again."""
    form = IssueForm()
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        form.class_key.choices = [SelectChoice(entry.key) for entry in poll.classes]
        form.checked()
        _check_printable(printing.slip_sheet(site(), poll, form.class_key.data, ()))
    with site().database.writing() as session:
        codes = tickets.issue(session, site().now(), actor(), poll_id, form.class_key.data, form.count.data).codes
        sheet = printing.slip_sheet(site(), polls.poll_of(session, poll_id), form.class_key.data, codes)
    return _handed_out(sheet, form.class_key.data, form.format.data)


def _check_printable(sheet: SlipSheet) -> None:
    """Before the tickets exist: words too long for a slip would otherwise lose their codes."""
    try:
        slips_pdf(sheet)
    except SlipTextTooLong:
        raise BadInput("单位名、测评会名称和票种名加起来太长，纸条上印不下，请改短。没有发票。") from None


def _handed_out(sheet: SlipSheet, class_key: str, form: str) -> Response:
    name = f"{sheet.unit}-{class_key}类票-{len(sheet.slips)}张"
    if form == "csv":
        return attachment(slips_csv(class_key, sheet.slips, bom=True), "text/csv", f"{name}.csv")
    pdf = slips_pdf(sheet)
    if form == "pdf":
        return attachment(pdf, "application/pdf", f"{name}.pdf")
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as bundle:
        # ZipInfo's own date, 1980: when the tickets were issued is nobody's business.
        bundle.writestr(zipfile.ZipInfo(f"{name}.pdf"), pdf)
        bundle.writestr(zipfile.ZipInfo(f"{name}.csv"), slips_csv(class_key, sheet.slips, bom=True))
    return attachment(target.getvalue(), "application/zip", f"{name}.zip")


@pages.post("/polls/<id:poll_id>/void")
@needs(Permission.RUN_POLLS)
def void(poll_id: int) -> ResponseReturnValue:
    form = VoidForm()
    form.checked()
    with site().database.writing() as session:
        tickets.void(session, site().now(), actor(), poll_id, form.code.data, form.reason.data)
    flash("这张票已作废。")
    return redirect(url_for("poll_tickets.index", poll_id=poll_id))
