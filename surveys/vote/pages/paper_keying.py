"""The organizer's pages: paper ballots, printed, keyed when they come back, settled and cast."""

from collections.abc import Mapping, Sequence
from functools import partial

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.fields import SelectChoice

from surveys.acts.actors import Permission
from surveys.acts.errors import BadInput, NotAllowed, Refusal, WrongState
from surveys.polling import keying
from surveys.polling.sheet import Form, Question, Sheet
from surveys.vote import polls
from surveys.vote.pages.forms import PaperForm, RemovePaperForm, SendBackForm
from surveys.vote.paper_ballots import paper_keying, paper_printing, paper_returned
from surveys.vote.paper_ballots.paper_keying import HANDS, KEYED_WHILE, Difference, Saved
from surveys.vote.ticketing.tickets import ISSUING
from surveys.web.access import actor, needs, site
from surveys.web.downloads import attachment, of_poll
from surveys.web.errors import status_of
from surveys.web.forms import ActForm, ConfirmForm

pages = Blueprint("paper", __name__)


@pages.get("/polls/<id:poll_id>/paper")
@needs(Permission.SETTLE_PAPER)
def index(poll_id: int) -> ResponseReturnValue:
    return _index_page(poll_id)


def _index_page(
    poll_id: int,
    fault: str = "",
    fault_at: str = "",
    paper_form: PaperForm | None = None,
    remove_forms: Mapping[str, RemovePaperForm] | None = None,
) -> str:
    """`fault_at`: the form the fault belongs to: `print`, or `cast` or `remove` after the class. A form that is no
    longer on the page has its fault at the top. `remove_forms`: by class, as typed."""
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        form = paper_form or PaperForm(None)
        form.class_key.choices = [SelectChoice(entry.key, f"{entry.key} {entry.name}") for entry in poll.classes]
        classes = paper_returned.status(session, _secret(), actor(), poll_id)
        runs, may_settle = actor().may(Permission.RUN_POLLS), poll.state in KEYED_WHILE
        may_print, may_key = runs and poll.state in ISSUING, runs and may_settle
        forms = {"print"} if may_print else set[str]()
        if may_key:
            forms |= {f"{entry.key}-remove" for entry in classes if entry.papers}
            forms |= {f"{entry.key}-cast" for entry in classes if entry.papers and entry.agreed == len(entry.papers)}
        return render_template(
            "vote/paper/index.html",
            poll=poll,
            unit=poll.unit,
            classes=classes,
            hands={hand: HANDS[hand] for hand in (paper_returned.FIRST, paper_returned.SECOND)},
            may_print=may_print,
            may_key=may_key,
            may_settle=may_settle,
            why_not_settled=partial(paper_keying.why_not_settled, actor()),
            paper_form=form,
            confirm_form=ConfirmForm(None),
            remove_form=RemovePaperForm(None),
            remove_forms=remove_forms or {},
            fault=fault,
            fault_at=fault_at if fault_at in forms else "top",
        )


@pages.post("/polls/<id:poll_id>/paper/print")
@needs(Permission.RUN_POLLS)
def print_ballots(poll_id: int) -> ResponseReturnValue:
    form = PaperForm()
    try:
        with site().database.reading() as session:
            poll = polls.poll_of(session, poll_id)
            form.class_key.choices = [SelectChoice(entry.key) for entry in poll.classes]
            form.checked()
            name = of_poll(poll.rehearsal, f"{poll.unit.name}-{form.class_key.data}类纸质票-{form.count.data}份.pdf")
        two_sided = form.sides.data == "two"
        pdf = paper_printing.printed(
            site(), site().now(), actor(), poll_id, form.class_key.data, form.count.data, two_sided=two_sided
        )
    except Refusal as error:
        return _index_page(poll_id, str(error), "print", paper_form=form), status_of(error)
    return attachment(pdf, "application/pdf", name)


@pages.get("/polls/<id:poll_id>/paper/<class_key>/<int:hand>")
@needs(Permission.RUN_POLLS)
def turn_to(poll_id: int, class_key: str, hand: int) -> ResponseReturnValue:
    """To the ballot whose number was typed."""
    number = request.args.get("number", type=int)
    if number is None or not 1 <= number <= paper_returned.HIGHEST_NUMBER:
        flash(f"张号须是 1 至 {paper_returned.HIGHEST_NUMBER} 的整数。")
        return redirect(url_for("paper.index", poll_id=poll_id))
    return redirect(_address(poll_id, class_key, hand, number))


@pages.route("/polls/<id:poll_id>/paper/<class_key>/<int:hand>/<int:number>", methods=["GET", "POST"])
@needs(Permission.RUN_POLLS)
def key(poll_id: int, class_key: str, hand: int, number: int) -> ResponseReturnValue:
    if request.method != "POST":
        with site().database.reading() as session:
            kept = paper_keying.opened(session, _secret(), actor(), poll_id, class_key, hand, number)
        return _key_page(poll_id, class_key, hand, number, kept, None)
    ActForm().checked()
    try:
        with site().database.writing() as session:
            saved = paper_keying.key(
                session, _secret(), site().now(), actor(), poll_id, class_key, hand, number, request.form
            )
    except keying.BadCells as error:
        return _key_page(poll_id, class_key, hand, number, request.form, None, error.faults), 400
    except (WrongState, NotAllowed) as error:
        return _key_page(poll_id, class_key, hand, number, request.form, str(error)), 400
    flash(_said(number, hand, saved))
    if saved.following is None:
        return redirect(url_for("paper.index", poll_id=poll_id))
    return redirect(_address(poll_id, class_key, hand, saved.following))


def _said(number: int, hand: int, saved: Saved) -> str:
    other = HANDS[paper_returned.FIRST + paper_returned.SECOND - hand]
    if saved.differing is None:
        text = f"第 {number} 张已保存。"
    elif saved.differing == 0:
        text = f"第 {number} 张已保存，与{other}一致。"
    else:
        text = f"第 {number} 张已保存，与{other}有 {saved.differing} 处不同。请把这张纸放在一边，录完后核定。"
    if saved.following is not None:
        return text
    return (
        f"{text}发出的纸质票都录过{HANDS[hand]}了。"
        if hand == paper_returned.FIRST
        else f"{text}没有等您录第二遍的了。"
    )


def _key_page(
    poll_id: int,
    class_key: str,
    hand: int,
    number: int,
    kept: Mapping[str, str],
    fault: str | None,
    faults: Mapping[str, str] | None = None,
) -> str:
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        status = next(
            entry for entry in paper_returned.status(session, _secret(), actor(), poll_id) if entry.key == class_key
        )
        sheet = paper_returned.sheet_of(poll)
        return render_template(
            "vote/paper/key.html",
            poll=poll,
            unit=poll.unit,
            sheet=sheet,
            class_key=class_key,
            class_name=status.name,
            hand=hand,
            hand_name=HANDS[hand],
            number=number,
            kept=kept,
            fault=fault,
            faults=_worded(sheet, faults or {}),
            elsewhere=status.following[hand] if fault else None,
            keying=keying,
        )


def _worded(sheet: Sheet, faults: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with each cell, by field name, in the order of the sheet; an empty text for an empty cell."""
    worded = {}
    for form, question in keying.cells(sheet):
        field = form.field(question)
        if field in faults:
            said = _wrong_cell(form, question, faults[field], keying.signs(form.questionnaire))
            worded[field] = said if faults[field] else ""
    return worded


def _wrong_cell(form: Form, question: Question, typed: str, signs: Sequence[tuple[str, str]]) -> str:
    whose = "领导班子" if form.leader is None else form.leader.name
    takes = "、".join(f"{sign} {name}" for sign, name in signs)
    return f"{whose}第 {question.key} 项录的是“{typed}”，应录 {takes}。"


@pages.route("/polls/<id:poll_id>/paper/<class_key>/<int:number>/settle", methods=["GET", "POST"])
@needs(Permission.SETTLE_PAPER)
def settle(poll_id: int, class_key: str, number: int) -> ResponseReturnValue:
    if request.method != "POST":
        return _settle_page(poll_id, class_key, number)
    ActForm().checked()
    try:
        with site().database.writing() as session:
            paper_keying.settle(session, _secret(), site().now(), actor(), poll_id, class_key, number, request.form)
    except keying.BadCells as error:
        return _settle_page(poll_id, class_key, number, error.faults), 400
    flash(f"{class_key} 类第 {number} 张已核定。")
    return redirect(url_for("paper.index", poll_id=poll_id))


@pages.post("/polls/<id:poll_id>/paper/<class_key>/<int:number>/send-back")
@needs(Permission.SETTLE_PAPER)
def send_back(poll_id: int, class_key: str, number: int) -> ResponseReturnValue:
    form = SendBackForm()
    try:
        form.checked()
        with site().database.writing() as session:
            paper_keying.send_back(
                session, _secret(), site().now(), actor(), poll_id, class_key, number, form.reason.data
            )
    except BadInput as error:
        return _settle_page(poll_id, class_key, number, form=form, fault=str(error)), 400
    flash(f"{class_key} 类第 {number} 张已退回，两遍录的都删除了，请两个人重新录。")
    return redirect(url_for("paper.index", poll_id=poll_id))


def _settle_page(
    poll_id: int,
    class_key: str,
    number: int,
    faults: Mapping[str, str] | None = None,
    form: SendBackForm | None = None,
    fault: str = "",
) -> str:
    """`fault`: of sending back."""
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        found = paper_keying.differences(session, _secret(), actor(), poll_id, class_key, number)
        return render_template(
            "vote/paper/settle.html",
            poll=poll,
            unit=poll.unit,
            class_key=class_key,
            number=number,
            differences=found,
            kept=request.form,
            faults=_settled_worded(found, faults or {}),
            back_form=form or SendBackForm(None),
            fault=fault,
            keying=keying,
        )


def _settled_worded(differences: Sequence[Difference], faults: Mapping[str, str]) -> dict[str, str]:
    return {
        field: said and _wrong_cell(each.form, each.question, said, each.signs)
        for each in differences
        for field in [each.form.field(each.question)]
        if (said := faults.get(field)) is not None
    }


@pages.post("/polls/<id:poll_id>/paper/<class_key>/remove")
@needs(Permission.RUN_POLLS)
def remove(poll_id: int, class_key: str) -> ResponseReturnValue:
    form = RemovePaperForm()
    try:
        form.checked()
        with site().database.writing() as session:
            paper_keying.remove(session, site().now(), actor(), poll_id, class_key, form.number.data, form.reason.data)
    except Refusal as error:
        page = _index_page(poll_id, str(error), f"{class_key}-remove", remove_forms={class_key: form})
        return page, status_of(error)
    flash(f"{class_key} 类第 {form.number.data} 张录入的内容已删除。")
    return redirect(url_for("paper.index", poll_id=poll_id))


@pages.post("/polls/<id:poll_id>/paper/<class_key>/cast")
@needs(Permission.RUN_POLLS)
def cast(poll_id: int, class_key: str) -> ResponseReturnValue:
    try:
        ConfirmForm().checked()
        with site().database.writing() as session:
            count = paper_keying.cast(session, _secret(), site().now(), actor(), poll_id, class_key)
    except Refusal as error:
        return _index_page(poll_id, str(error), f"{class_key}-cast"), status_of(error)
    flash(f"{class_key} 类 {count} 张纸质票已计入票箱，录入的内容已清除。这一叠请另放，不要再录。")
    return redirect(url_for("paper.index", poll_id=poll_id))


def _secret() -> str:
    return site().settings.secret_key


def _address(poll_id: int, class_key: str, hand: int, number: int) -> str:
    return url_for("paper.key", poll_id=poll_id, class_key=class_key, hand=hand, number=number)
