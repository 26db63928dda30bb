"""The organizer's pages: issuing tickets batch by batch, printing them, voiding them. The scrutineer reads along."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.fields import SelectChoice

from surveys.acts.actors import Permission
from surveys.acts.errors import Refusal
from surveys.polling.disclosure import shown_turnout
from surveys.polling.states import Purpose
from surveys.reporting.stepwise import finished
from surveys.vote import poll_record, polls
from surveys.vote.pages.forms import NOT_SAVED, HandOutForm, IssueForm, OverForm, ReissueForm, VoidBatchForm, VoidForm
from surveys.vote.papers.slip_files import Format, file_name, slip_file
from surveys.vote.papers.slip_layout import Size
from surveys.vote.papers.slips import SlipSheet
from surveys.vote.ticketing import slip_printing, ticket_requests, tickets
from surveys.vote.ticketing.tickets import Issued
from surveys.web.access import actor, may, needs, site
from surveys.web.downloads import STEPWISE, attachment, stepwise
from surveys.web.errors import status_of

pages = Blueprint("poll_tickets", __name__)


@pages.get("/polls/<id:poll_id>/tickets")
@needs(Permission.SEE_TICKETS)
def index(poll_id: int) -> ResponseReturnValue:
    """`class` in the query: for which class the form is filled in."""
    return _tickets_page(poll_id)


def _tickets_page(
    poll_id: int, issue_form: IssueForm | None = None, void_form: VoidForm | None = None, **faults: str
) -> str:
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        counts = poll_record.class_counts(session, poll)
        missing = tickets.missing(poll, counts)
        if issue_form is None:
            issue_form = _proposal([entry.key for entry in poll.classes], missing)
        issue_form.class_key.choices = [SelectChoice(entry.key, f"{entry.key} {entry.name}") for entry in poll.classes]
        return render_template(
            "vote/polls/tickets.html",
            poll=poll,
            unit=poll.unit,
            counts=counts,
            planned={entry.key: entry.planned for entry in poll.classes},
            missing=missing,
            batches=tickets.list_batches(session, poll),
            shown_turnout=shown_turnout,
            open_for_more=poll.state in tickets.ISSUING,
            may_issue=poll.state in tickets.ISSUING and may(Permission.RUN_POLLS),
            may_void=poll.state not in polls.OVER and may(Permission.RUN_POLLS),
            issue_form=issue_form,
            void_form=void_form or VoidForm(None),
            not_saved=NOT_SAVED,
            beyond=ticket_requests.beyond(session, poll, actor()),
            over_form=OverForm(None),
            faults=faults,
        )


def _proposal(class_keys: Sequence[str], missing: Mapping[str, int]) -> IssueForm:
    """The form for the class asked for, or else the first that lacks tickets: as many as it lacks."""
    asked = request.args.get("class", "")
    lacking = next((key for key, number in missing.items() if number), class_keys[0])
    key = asked if asked in class_keys else lacking
    return IssueForm(None, class_key=key, count=min(missing.get(key, 0), tickets.MOST_AT_ONCE) or None)


@pages.post("/polls/<id:poll_id>/issue")
@needs(Permission.RUN_POLLS)
def issue(poll_id: int) -> ResponseReturnValue:
    """Issues and hands the codes out, in this answer and never again."""
    form = IssueForm()
    try:
        with site().database.reading() as session:
            poll = polls.poll_of(session, poll_id)
            form.class_key.choices = [SelectChoice(entry.key) for entry in poll.classes]
        form.checked()
        class_key = form.class_key.data
        _check_printable(poll_id, class_key, form)
        with site().database.writing() as session:
            issued = tickets.issue(session, site().now(), actor(), poll_id, class_key, form.count.data, _purpose(form))
    except Refusal as error:
        return _tickets_page(poll_id, issue_form=form, issue=str(error)), status_of(error)
    return _handed_out(poll_id, class_key, issued, form)


def _purpose(form: HandOutForm) -> Purpose:
    return Purpose.SLIPS if Format(form.format.data).is_printed else Purpose.LINKS


def _check_printable(poll_id: int, class_key: str, form: HandOutForm) -> None:
    if Format(form.format.data).is_printed:
        with site().database.reading() as session:
            slip_printing.check_printable(site(), polls.poll_of(session, poll_id), class_key, Size(int(form.size.data)))


def _handed_out(poll_id: int, class_key: str, issued: Issued, form: HandOutForm) -> Response:
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        sheet: SlipSheet = slip_printing.slip_sheet(site(), poll, class_key, issued, Size(int(form.size.data)))
    kind = Format(form.format.data)
    name, work = file_name(sheet, kind), slip_file(sheet, kind)
    if request.headers.get("Accept") == STEPWISE:
        return stepwise(work, len(issued.codes), {"batch": issued.batch, "name": name, "type": kind.mimetype})
    return attachment(finished(work), kind.mimetype, name)


@pages.post("/polls/<id:poll_id>/void")
@needs(Permission.RUN_POLLS)
def void(poll_id: int) -> ResponseReturnValue:
    form = VoidForm()
    try:
        form.checked()
        with site().database.writing() as session:
            tickets.void(session, site().now(), actor(), poll_id, form.code.data, form.words)
    except Refusal as error:
        return _tickets_page(poll_id, void_form=form, void=str(error)), status_of(error)
    flash("这张票已作废。")
    return redirect(url_for("poll_tickets.index", poll_id=poll_id))


@pages.get("/polls/<id:poll_id>/batches/<id:batch>")
@needs(Permission.SEE_TICKETS)
def batch(poll_id: int, batch: int) -> ResponseReturnValue:
    return _batch_page(poll_id, batch)


def _batch_page(
    poll_id: int,
    number: int,
    reissue_form: ReissueForm | None = None,
    void_form: VoidBatchForm | None = None,
    **faults: str,
) -> str:
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        found = tickets.batch_of(session, poll, number)
        line = next(each for each in tickets.list_batches(session, poll) if each.number == number)
        # Whether any is unused must not be seen here: it would tell that all were cast.
        left = line.void < line.issued and may(Permission.RUN_POLLS)
        may_void = left and poll.state not in polls.OVER
        why_not = tickets.why_not_voidable(session, found) if may_void else None
        return render_template(
            "vote/polls/batch.html",
            poll=poll,
            unit=poll.unit,
            batch=line,
            class_name=next(entry.name for entry in poll.classes if entry.key == line.class_key),
            may_reissue=left and line.purpose in tickets.HANDED_OUT and poll.state in tickets.ISSUING,
            may_void=may_void and why_not is None,
            why_not=why_not,
            reissue_form=reissue_form or ReissueForm(None),
            void_form=void_form or VoidBatchForm(None),
            not_saved=NOT_SAVED,
            faults=faults,
        )


@pages.post("/polls/<id:poll_id>/batches/<id:batch>/reissue")
@needs(Permission.RUN_POLLS)
def reissue(poll_id: int, batch: int) -> ResponseReturnValue:
    """Voids what is unused of a batch, issues as many and hands the codes out, in this answer and never again."""
    form = ReissueForm()
    try:
        with site().database.reading() as session:
            class_key = tickets.batch_of(session, polls.poll_of(session, poll_id), batch).class_key
        form.checked()
        _check_printable(poll_id, class_key, form)
        with site().database.writing() as session:
            issued = tickets.reissue(session, site().now(), actor(), poll_id, batch, form.words, _purpose(form))
    except Refusal as error:
        return _batch_page(poll_id, batch, reissue_form=form, reissue=str(error)), status_of(error)
    return _handed_out(poll_id, class_key, issued, form)


@pages.post("/polls/<id:poll_id>/batches/<id:batch>/void")
@needs(Permission.RUN_POLLS)
def void_batch(poll_id: int, batch: int) -> ResponseReturnValue:
    form = VoidBatchForm()
    try:
        form.checked()
        with site().database.writing() as session:
            count = tickets.void_batch(session, site().now(), actor(), poll_id, batch, form.words)
    except Refusal as error:
        return _batch_page(poll_id, batch, void_form=form, void=str(error)), status_of(error)
    flash(f"第 {batch} 批没投的 {count} 张票已作废。")
    return redirect(url_for("poll_tickets.index", poll_id=poll_id))
