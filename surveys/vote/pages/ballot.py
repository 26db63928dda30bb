"""The participant's pages. No session, no cookie; only the POST of a sheet changes anything."""

from collections.abc import Sequence

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from surveys.polling import codes, receipts
from surveys.polling.base32 import grouped
from surveys.polling.codes import prefix_of as code_prefix
from surveys.vote import casting
from surveys.vote.pages.prepared import prepared, render_sheet
from surveys.web.access import csrf, public, site

pages = Blueprint("ballot", __name__)
# The code in the address is the voter's whole authority, and there is no cookie another site could ride on.
csrf.exempt(pages)

# For each reason: status, title, what is so and what to do. `{act}`: what to do once voting goes on.
REASONS: dict[type[casting.CastError], tuple[int, str, str]] = {
    casting.UnknownTicket: (
        404,
        "没有这张票",
        "票码可能输错了一位。请对照纸条再输一遍，或重新扫描二维码。\n仍不行，请找现场工作人员。",
    ),
    casting.TicketUsed: (
        409,
        "此票已使用",
        "这张票已经计入，每张票只计一次，不能再投，也不能修改。\n"
        "如果是您本人刚投的，已经成功，可以关闭页面。\n"
        "如果您还没有投过，请找现场工作人员。",
    ),
    casting.TicketVoid: (410, "此票已作废", "这张票已由工作人员作废，不能再投。请向现场工作人员领取新票。"),
    casting.PollNotOpen: (
        409,
        "投票还没有开始",
        "您的票是有效的，还没有使用。\n请不要关闭本页，等主持人宣布开始后，请{act}。手里有纸条的，再扫一次也行。",
    ),
    casting.PollPaused: (
        409,
        "投票暂停",
        "您的票是有效的，还没有使用。\n请不要关闭本页，等主持人宣布继续后，请{act}。",
    ),
    casting.TimeIsUp: (
        409,
        "投票时间已到",
        "您的票没有使用。\n请先不要关闭本页。如主持人宣布延长，请{act}。",
    ),
    casting.PollClosed: (
        410,
        "投票已经结束",
        "这张票没有使用，现在不能再投了。如有疑问，请找现场工作人员。",
    ),
    casting.RefusedAnswers: (
        400,
        "这次提交没有计入",
        "提交的内容和这张测评表对不上。\n"
        "请重新扫描二维码：还没有投过的，打开测评表再填一次；已经投过的，会告诉您已经计入。",
    ),
}


@pages.get("/")
@public
def start() -> ResponseReturnValue:
    return render_template("vote/ballot/start.html", typed="", fault=None)


@pages.post("/")
@public
def find() -> ResponseReturnValue:
    """A typed code: to its ballot. In the body, not the address, so that no log keeps what was mistyped."""
    typed = request.form.get("code", "")
    try:
        code = casting.normalized(codes.in_address(typed))
    except casting.UnknownTicket:
        fault = (
            f"票码应是 {codes.LENGTH} 个字母和数字，请对照纸条再输一遍。" if typed.strip() else "请输入纸条上的票码。"
        )
        page = render_template("vote/ballot/start.html", typed=typed[:200], fault=fault)
        return make_response(page, 400)
    return redirect(url_for("ballot.show", code=grouped(code)), 303)


@pages.get("/help")
@public
def help_page() -> ResponseReturnValue:
    """For whoever WeChat does not let in, and for whoever has no phone."""
    return render_template("vote/ballot/help.html", host=site().settings.public_url)


@pages.get("/b/<code>")
@public
def show(code: str) -> ResponseReturnValue:
    try:
        with site().database.looking() as connection:
            found = casting.find(connection, site().now(), site().open_polls, casting.normalized(code))
            poll = casting.open_poll_of(connection, site().open_polls, found)
    except casting.CastError as error:
        return reason_page(error)
    return prepared().page(found, poll).response()


@pages.post("/b/<code>")
@public
def cast(code: str) -> ResponseReturnValue:
    if request.mimetype != "application/x-www-form-urlencoded":
        abort(415)
    submitted = request.form.to_dict(flat=False)
    blanks_meant = submitted.pop("blanks_meant", [])
    sent_nonce = submitted.pop("nonce", [""])
    nonce = sent_nonce[0] or receipts.new_nonce()
    try:
        if len(sent_nonce) != 1 or blanks_meant not in ([], ["1"]):
            raise casting.RefusedAnswers
        receipts.check_nonce(nonce)
        with site().database.casting() as connection:
            counted = casting.cast(
                connection,
                site().now(),
                site().open_polls,
                casting.normalized(code),
                nonce,
                submitted,
                bool(blanks_meant),
            )
    except casting.BlankAnswers as error:
        return make_response(render_sheet(error.poll, error.answers, nonce), 422)
    except receipts.MalformedNonce:
        return reason_page(casting.RefusedAnswers())
    except casting.CastError as error:
        fields = [(name, value) for name, value in request.form.items(multi=True) if name != "nonce"]
        return reason_page(error, [("nonce", nonce), *(each for each in fields if "".join(each).isprintable())])
    return prepared().receipt(code_prefix(casting.normalized(code)), grouped(counted.receipt), counted.rehearsal)


def reason_page(error: casting.CastError, sent: Sequence[tuple[str, str]] = ()) -> Response:
    """`sent`: the submission, kept on the page where the same may be sent again later."""
    status, title, text = REASONS[type(error)]
    later = isinstance(error, casting.PollNotOpen | casting.PollPaused | casting.TimeIsUp)
    again = sent if later else ()
    if again:
        text = f"这次没有计入，您填的都还在。\n{text}"
    page = render_template(
        "vote/ballot/reason.html",
        title=title,
        text=text.format(act="点“再提交”" if again else "刷新本页"),
        retype=isinstance(error, casting.UnknownTicket),
        keep=later or isinstance(error, casting.RefusedAnswers),
        again=again,
        rehearsal=error.rehearsal,
    )
    return make_response(page, status)
