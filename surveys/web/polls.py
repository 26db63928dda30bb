"""The organizer's pages: a poll from draft to sealed, and its tally."""

import io
import zipfile
from collections.abc import Sequence

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.fields import SelectChoice

from surveys.polling.disclosure import shown_turnout
from surveys.reporting.charts import GradeRow, GradeStyle, grade_bars
from surveys.reporting.slips import SlipSheet, SlipTextTooLong, slips_csv, slips_pdf
from surveys.scoring.exact import shown
from surveys.services import assessments, bundles, polls, printing, records, sealing, tallies, tickets
from surveys.services.actors import Permission
from surveys.services.errors import BadInput, Refusal
from surveys.services.tallies import FormTally, Tally
from surveys.web.access import actor, needs, site
from surveys.web.downloads import attachment, chart_type, image
from surveys.web.forms import ActForm, ConfirmForm, IssueForm, PollForm, PresentForm, VoidForm

pages = Blueprint("polls", __name__)


@pages.get("/polls")
@needs(Permission.SEE_POLLS)
def index() -> ResponseReturnValue:
    with site().database.reading() as session:
        lines = [
            {
                "poll": poll,
                "unit": poll.unit.name,
                "issued": sum(entry.issued for entry in counts),
                "returned": shown_turnout(sum(entry.cast for entry in counts), poll.state),
            }
            for poll in polls.list_polls(session)
            for counts in [records.class_counts(session, poll)]
        ]
    return render_template("polls/index.html", lines=lines, state_names=polls.STATE_NAMES)


@pages.get("/polls/<id:poll_id>")
@needs(Permission.SEE_POLLS)
def show(poll_id: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        counts = records.class_counts(session, poll)
        issue_form = IssueForm()
        issue_form.class_key.choices = [SelectChoice(entry.key, f"{entry.key} {entry.name}") for entry in poll.classes]
        return render_template(
            "polls/show.html",
            poll=poll,
            unit=poll.unit,
            counts=counts,
            shown_turnout=shown_turnout,
            returned=shown_turnout(sum(entry.cast for entry in counts), poll.state),
            state_names=polls.STATE_NAMES,
            issue_form=issue_form,
            present_form=PresentForm(present=poll.present),
            void_form=VoidForm(),
            act_form=ActForm(),
            confirm_form=ConfirmForm(),
            visible=tallies.is_visible(poll),
            opened_by=[entry.key for entry in poll.unsealings],
            own_key=sealing.KEYS.get(actor().role),
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
        codes = tickets.issue(session, site().now(), actor(), poll_id, form.class_key.data, form.count.data)
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


@pages.post("/polls/<id:poll_id>/present")
@needs(Permission.RUN_POLLS)
def set_present(poll_id: int) -> ResponseReturnValue:
    form = PresentForm()
    form.checked()
    with site().database.writing() as session:
        polls.set_present(session, site().now(), actor(), poll_id, form.present.data)
    return _back(poll_id, f"实到人数已登记为 {form.present.data} 人。")


@pages.post("/polls/<id:poll_id>/open")
@needs(Permission.RUN_POLLS)
def open_poll(poll_id: int) -> ResponseReturnValue:
    ActForm().checked()
    with site().database.writing() as session:
        polls.open_poll(session, site().now(), actor(), poll_id)
    return _back(poll_id, "投票已开始，手里有票的人现在可以扫码投票。")


@pages.post("/polls/<id:poll_id>/close")
@needs(Permission.RUN_POLLS)
def close(poll_id: int) -> ResponseReturnValue:
    ConfirmForm().checked()
    with site().database.writing() as session:
        polls.close_poll(session, site().now(), actor(), poll_id)
    return _back(poll_id, "投票已结束，不再接收选票。核对人数后请封存。")


@pages.post("/polls/<id:poll_id>/seal")
@needs(Permission.RUN_POLLS)
def seal(poll_id: int) -> ResponseReturnValue:
    ConfirmForm().checked()
    sealing.seal_poll(site(), site().now(), actor(), poll_id)
    return _back(poll_id, "已封存，结果已生成。")


@pages.post("/polls/<id:poll_id>/unseal")
@needs(Permission.UNSEAL)
def unseal(poll_id: int) -> ResponseReturnValue:
    ConfirmForm().checked()
    with site().database.writing() as session:
        done = sealing.unseal(session, site().now(), actor(), poll_id)
    return _back(poll_id, "两方都已启封，可以看结果了。" if done else "您这一方已启封，还需另一方登录启封。")


@pages.post("/polls/<id:poll_id>/void")
@needs(Permission.RUN_POLLS)
def void(poll_id: int) -> ResponseReturnValue:
    form = VoidForm()
    form.checked()
    with site().database.writing() as session:
        tickets.void(session, site().now(), actor(), poll_id, form.code.data, form.reason.data)
    return _back(poll_id, "这张票已作废。")


def _back(poll_id: int, message: str) -> ResponseReturnValue:
    flash(message)
    return redirect(url_for("polls.show", poll_id=poll_id))


@pages.get("/polls/<id:poll_id>/tally")
@needs(Permission.SEE_TALLIES)
def tally(poll_id: int) -> ResponseReturnValue:
    return render_template(
        "polls/tally.html", tally=(found := _tally(poll_id)), warnings=tallies.warnings(found), shown=shown
    )


@pages.get("/polls/<id:poll_id>/charts/<int:number>.<extension>")
@needs(Permission.SEE_TALLIES)
def chart(poll_id: int, number: int, extension: str) -> ResponseReturnValue:
    """Grades per question as stacked bars: 0 is the organization, 1 the first leader."""
    chart_format = chart_type(extension)
    if chart_format is None:
        abort(404)
    result = _tally(poll_id)
    forms = dict(enumerate(result.leaders, start=1))
    if result.organization is not None:
        forms[0] = result.organization
    if number not in forms:
        abort(404)
    whose = f"{result.unit} 领导班子" if number == 0 else _whose(forms[number])
    data = grade_bars(
        whose,
        f"{result.title}　有效票 {result.valid} 张　得分 {_shown(forms[number])}",
        [GradeStyle(choice.letter, choice.name) for choice in forms[number].choices],
        _chart_rows(forms[number]),
        chart_format,
    )
    return image(data, chart_format, f"{whose}.{extension}", download="download" in request.args)


def _tally(poll_id: int) -> Tally:
    with site().database.reading() as session:
        return tallies.tally(session, polls.poll_of(session, poll_id))


def _whose(form: FormTally) -> str:
    return "" if form.leader is None else f"{form.leader.name} {form.leader.post}"


def _shown(form: FormTally) -> str:
    return "—" if form.score is None else str(shown(form.score))


def _chart_rows(form: FormTally) -> Sequence[GradeRow]:
    return [
        GradeRow(
            f"{question.key}. {question.text}",
            question.counts,
            None if question.score is None else str(shown(question.score)),
        )
        for question in form.questions
    ]


@pages.get("/polls/<id:poll_id>/bundle.zip")
@needs(Permission.SEE_TALLIES)
def bundle(poll_id: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        return attachment(bundles.write_bundle(session, poll), "application/zip", f"选票包-{poll.prefix}.zip")


@pages.route("/units/<id:unit_id>/polls/new", methods=["GET", "POST"])
@needs(Permission.RUN_POLLS)
def create(unit_id: int) -> ResponseReturnValue:
    form = PollForm()
    with site().database.reading() as session:
        unit = assessments.unit_of(session, unit_id)
    if request.method != "POST":
        return render_template("polls/new.html", form=form, unit=unit, fault=None)
    try:
        form.checked()
        entry = polls.PollEntry(
            unit_id=unit_id,
            title=form.title.data,
            entitled=form.entitled.data,
            classes=polls.parse_classes(form.classes.data),
            rehearsal=form.rehearsal.data,
            two_person=form.two_person.data,
        )
        with site().database.writing() as session:
            poll_id = polls.create_poll(session, site().now(), actor(), entry)
    except Refusal as error:
        return render_template("polls/new.html", form=form, unit=unit, fault=str(error)), 400
    return _back(poll_id, "测评会已建立。下一步：发票，打印纸条。")
