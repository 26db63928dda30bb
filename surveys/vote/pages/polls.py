"""The organizer's pages: the list of polls, and one poll from draft to sealed."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from surveys.acts import audit, poll_people
from surveys.acts.actors import Permission
from surveys.acts.errors import AlreadyDone, NotFound
from surveys.intake import typed
from surveys.polling.disclosure import desk_turnout, shown_turnout
from surveys.polling.states import PollState
from surveys.season import shut
from surveys.season.shut import Act
from surveys.vote import (
    cleaning,
    hall,
    headcounts,
    poll_choices,
    poll_record,
    poll_withdrawals,
    polls,
    rehearsals,
    sealing,
    tallies,
)
from surveys.vote.pages.forms import EndInForm, PaperLeftForm, PauseForm, PresentForm, WithdrawPollForm
from surveys.vote.paper_ballots.paper_counts import paper_counts
from surveys.vote.papers.cards import card_pdf
from surveys.vote.scrutiny import witnessing
from surveys.vote.ticketing import slip_printing, ticket_requests
from surveys.web.access import actor, also_automatic, ends_soon, in_use, needs, site
from surveys.web.downloads import attachment, of_poll
from surveys.web.editing import saving
from surveys.web.forms import ActForm, ConfirmForm, GroundsForm

pages = Blueprint("polls", __name__)
pages.add_app_template_global(lambda poll: hall.time_is_up(poll, site().now()), "time_is_up")


@pages.get("/polls")
@needs(Permission.SEE_POLLS)
def index() -> ResponseReturnValue:
    """`state`, `q`: the filter. What they cannot be is taken as no filter."""
    state = next((state for state in PollState if state.value == request.args.get("state")), None)
    words = typed.searched(request.args.get("q", ""))
    with site().database.reading() as session:
        listed = polls.list_polls(session, state, words)
        shut_away = poll_people.shut_to(session, actor(), [poll.id for poll in listed])
        lines = [
            {
                "poll": poll,
                "unit": poll.unit.name,
                "issued": sum(entry.issued for entry in counts),
                "returned": shown_turnout(sum(entry.cast for entry in counts), poll.state),
                "shortcoming": hall.shortcoming_of(poll, counts),
            }
            for poll in listed
            if poll.id not in shut_away
            for counts in [poll_record.class_counts(session, poll)]
        ]
        return render_template(
            "vote/polls/index.html",
            lines=lines,
            state=state,
            words=words,
            states=list(PollState),
            uncleaned=cleaning.leftovers(session),
            wiped=cleaning.of_wiped(session),
        )


@pages.get("/polls/<id:poll_id>")
@needs(Permission.SEE_POLLS)
@also_automatic
def show(poll_id: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        counts = poll_record.class_counts(session, poll)
        if poll.state in (PollState.OPEN, PollState.PAUSED):
            in_use()
        own_count = headcounts.own(session, poll, actor())
        return render_template(
            "vote/polls/show.html",
            session_ends_at=ends_soon(),
            poll=poll,
            unit=poll.unit,
            counts=counts,
            shown_turnout=shown_turnout,
            returned=desk_turnout(sum(entry.cast for entry in counts), poll.state),
            shortcoming=hall.shortcoming_of(poll, counts),
            doubt=hall.doubt_of(poll, counts),
            weight_words=tallies.desk_words(session, poll, actor()),
            present_form=PresentForm(present=own_count),
            own_count=own_count,
            headcount=headcounts.headcount(session, poll),
            two_count=headcounts.needs_two(poll),
            act_form=ActForm(),
            confirm_form=ConfirmForm(),
            visible=tallies.is_visible(poll),
            pause_form=PauseForm(),
            end_in_form=EndInForm(),
            closing_time=hall.closing_time(poll),
            checks=hall.closing_checks(session, poll),
            paper=paper_counts(session, poll),
            rehearsal_id=rehearsals.rehearsal_of(session, poll_id),
            watched=witnessing.standing(session, poll),
            opened_by=[entry.key for entry in poll.unsealings],
            unseals_for=sealing.hand_of(poll, actor()),
            stays_shut=sealing.why_stays_shut(poll),
            withdraw_form=WithdrawPollForm(),
            grounds_form=GroundsForm(),
            uncleaned=cleaning.leftovers(session),
            beyond=ticket_requests.beyond(session, poll, actor()),
            conflict=poll_choices.conflict_of(session, poll),
            proposal=poll_withdrawals.proposal(session, poll),
            shut=shut.why_shut(poll.unit.assessment, Act.SET_UP),
        )


@pages.get("/polls/<id:poll_id>/card.pdf")
@needs(Permission.SEE_POLLS)
def card(poll_id: int) -> ResponseReturnValue:
    """The meeting on one page, for the table in the hall."""
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        made = slip_printing.meeting_card(site(), poll)
    return attachment(card_pdf(made), "application/pdf", of_poll(made.rehearsal, f"会场操作卡-{made.unit}.pdf"))


@pages.get("/polls/<id:poll_id>/log")
@needs(Permission.SEE_POLLS)
def log(poll_id: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        entries = audit.entries(session, poll.prefix)
        return render_template("vote/polls/log.html", poll=poll, unit=poll.unit, entries=entries, acts=audit.ACTS)


@pages.post("/polls/<id:poll_id>/present")
@needs(Permission.WITNESS)
def set_present(poll_id: int) -> ResponseReturnValue:
    form = PresentForm()
    form.checked()
    with saving() as (session, base):
        polls.set_present(session, site().now(), actor(), poll_id, form.present.data, base)
    with site().database.reading() as session:
        words = headcounts.headcount(session, polls.poll_of(session, poll_id)).words
    return _back(poll_id, f"{words}。" if words else f"实到人数已登记为 {form.present.data} 人。")


@pages.post("/polls/<id:poll_id>/open")
@needs(Permission.RUN_POLLS)
def open_poll(poll_id: int) -> ResponseReturnValue:
    ActForm().checked()
    with site().database.writing() as session:
        polls.open_poll(session, site().now(), actor(), poll_id)
    return _back(poll_id, "投票已开始，手里有票的人现在可以扫码投票。")


@pages.post("/polls/<id:poll_id>/pause")
@needs(Permission.RUN_POLLS)
def pause(poll_id: int) -> ResponseReturnValue:
    form = PauseForm()
    form.checked()
    with site().database.writing() as session:
        hall.pause(session, site().now(), actor(), poll_id, form.reason.data)
    return _back(poll_id, "投票已暂停。手里有票的人会看到“投票暂停”，填好的都还在。")


@pages.post("/polls/<id:poll_id>/resume")
@needs(Permission.RUN_POLLS)
def resume(poll_id: int) -> ResponseReturnValue:
    ActForm().checked()
    with site().database.writing() as session:
        hall.resume(session, site().now(), actor(), poll_id)
    return _back(poll_id, "投票已恢复。请主持人提醒大家刷新手机上的页面，再提交。")


@pages.post("/polls/<id:poll_id>/end-in")
@needs(Permission.RUN_POLLS)
def end_in(poll_id: int) -> ResponseReturnValue:
    form = EndInForm()
    form.checked()
    with saving() as (session, base):
        hall.end_in(session, site().now(), actor(), poll_id, form.minutes.data, base)
    if form.minutes.data is None:
        return _back(poll_id, "倒计时已取消，投票继续，直到您结束投票。")
    return _back(poll_id, f"{form.minutes.data} 分钟后自动停止收票，大屏上会显示倒计时。")


@pages.post("/polls/<id:poll_id>/rehearse")
@needs(Permission.RUN_POLLS)
def rehearse(poll_id: int) -> ResponseReturnValue:
    ActForm().checked()
    try:
        with site().database.writing() as session:
            double = rehearsals.rehearse(session, site().now(), actor(), poll_id)
    except AlreadyDone as error:
        with site().database.reading() as session:
            before = rehearsals.rehearsal_of(session, poll_id)
        return _back(poll_id if before is None else before, str(error))
    return _back(double, "演练已建立，和正式的一样，只是处处标明“演练”。演练完请在这里清除。")


@pages.post("/polls/<id:poll_id>/wipe")
@needs(Permission.RUN_POLLS)
def wipe(poll_id: int) -> ResponseReturnValue:
    ConfirmForm().checked()
    try:
        with site().database.reading() as session:
            original = polls.poll_of(session, poll_id).rehearsal_of
        why = rehearsals.wipe(site(), site().now(), actor(), poll_id)
    except NotFound:
        flash("没有这个演练了，可能刚刚已经清除。")
        return redirect(url_for("polls.index"))
    flash(
        "演练已清除，票、选票和回执都已删去，不留痕迹。"
        if why is None
        else f"演练已清除，票、选票和回执都已删去；数据库的文件里尚未清理：{why}。到测评会列表可以再清理。"
    )
    return redirect(url_for("polls.index") if original is None else url_for("polls.show", poll_id=original))


@pages.post("/polls/<id:poll_id>/close")
@needs(Permission.RUN_POLLS)
def close(poll_id: int) -> ResponseReturnValue:
    form = PaperLeftForm()
    form.checked()
    with site().database.writing() as session:
        polls.close_poll(session, site().now(), actor(), poll_id, form.paper_left.data)
    cleaning.clean(site(), site().now())  # what waited for the voting to be over
    with site().database.reading() as session:
        paper = paper_counts(session, polls.poll_of(session, poll_id))
    if paper.left:
        return _back(
            poll_id,
            f"投票已结束。先录纸质票：发出 {paper.issued} 份，还有 {paper.left} 份没有计入。"
            "收回的都计入以后，再核对人数、封存。",
        )
    return _back(poll_id, "投票已结束，不再接收选票。核对人数后请封存。")


@pages.post("/polls/<id:poll_id>/seal")
@needs(Permission.RUN_POLLS)
def seal(poll_id: int) -> ResponseReturnValue:
    form = PaperLeftForm()
    form.checked()
    sealing.seal_poll(site(), site().now(), actor(), poll_id, form.paper_left.data)
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        short = hall.shortcoming_of(poll, poll_record.class_counts(session, poll))
        visible = tallies.is_visible(poll)
    return _back(poll_id, _sealed_words(short, visible=visible))


def _sealed_words(short: str | None, *, visible: bool) -> str:
    if short is not None:
        return f"已封存。{short}。" + ("" if visible else "组织员和监票人都启封以后，才能看票数。")
    return "已封存，结果已生成。" if visible else "已封存。组织员和监票人都启封以后，才有结果。"


@pages.post("/polls/scrub")
@pages.post("/polls/<id:poll_id>/scrub")
@needs(Permission.RUN_POLLS)
def scrub(poll_id: int | None = None) -> ResponseReturnValue:
    """Of all polls; the address says where to go back to."""
    ActForm().checked()
    why = cleaning.clean(site(), site().now())
    flash("已清理，数据库的文件里没有投票时的密文了。" if why is None else f"尚未清理：{why}。")
    return redirect(url_for("polls.index") if poll_id is None else url_for("polls.show", poll_id=poll_id))


@pages.post("/polls/<id:poll_id>/unseal")
@needs(Permission.UNSEAL)
def unseal(poll_id: int) -> ResponseReturnValue:
    ConfirmForm().checked()
    with site().database.writing() as session:
        done = sealing.unseal(session, site().now(), actor(), poll_id)
    return _back(poll_id, "两方都已启封，可以看结果了。" if done else "您这一方已启封，还需另一方登录启封。")


def _back(poll_id: int, message: str) -> ResponseReturnValue:
    flash(message)
    return redirect(url_for("polls.show", poll_id=poll_id))
