"""Errors as pages: what happened, what is safe, what to do next."""

from flask import Flask, Response, current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.exceptions import NotFound as NotFoundAddress

from surveys.acts.errors import (
    AlreadyDone,
    BadInput,
    DatabaseBusy,
    Imbalance,
    NotAllowed,
    NotFound,
    Refusal,
    WrongState,
    why_busy,
)
from surveys.web import kept_forms, uploads
from surveys.web.masking import mask_record, masked

STATUS = {NotFound: 404, NotAllowed: 403, BadInput: 400, WrongState: 409, Imbalance: 500}

# Whoever sees these pages is no staff, and gets no cookie.
VOTERS = ("/b/", "/board/", "/secrecy", "/help")
SCREENS = ("/d/", "/door/", "/screen/")

TEXTS = {
    400: ("提交的内容不完整", "没有改动任何数据。请返回上一页核对后重新提交。"),
    403: ("您的账号不能进行这项操作", "没有改动任何数据。如需要，请联系管理员调整账号。"),
    404: ("没有这个页面", "请核对网址，或从首页重新进入。"),
    405: ("不能这样打开这个网址", "请从页面上的按钮进入。"),
    411: ("提交的格式不对", "没有改动任何数据。请用浏览器从页面上的表单提交。"),
    413: ("提交的内容太大", "没有改动任何数据。请减少内容后重新提交。"),
    415: ("提交的格式不对", "没有改动任何数据。请从页面上的表单提交。"),
    500: ("网站出了故障", "您刚才的操作可能没有完成，请返回核对后再试。若反复出现，请告诉管理员。"),
    503: ("网站正忙", "刚才的操作没有完成，请过几秒钟再试一次。"),
}
EXPIRED = "没有改动任何数据。请返回上一页，填过的先抄下来，刷新那一页，重新登录后再提交一次。"
# True whether or not the vote was counted. Without script the browser's own button leads back to what was filled in.
SAFE = "您的票不受影响：没有计入的还能投，已经计入的不会重复。"
AGAIN = "请过几秒钟再试一次：填好的表，按返回键回去，再点提交。仍不行，请找现场工作人员。"
AFRESH = "请重新扫描纸条上的二维码，再填一次。仍不行，请找现场工作人员。"
VOTER_TEXTS = {
    400: ("这次提交没有收下", f"{SAFE}{AGAIN}"),
    404: ("没有这个页面", "您的票不受影响。请重新扫描纸条上的二维码，或输入票码。"),
    405: ("没有这个页面", "您的票不受影响。请重新扫描纸条上的二维码，或输入票码。"),
    411: ("提交的格式不对", f"{SAFE}{AFRESH}"),
    413: ("提交的内容太大", f"{SAFE}{AFRESH}"),
    415: ("提交的格式不对", f"{SAFE}{AFRESH}"),
    500: ("网站出了故障", f"{SAFE}{AGAIN}"),
    503: ("网站正忙", f"{SAFE}{AGAIN}"),
}


def error_page(status: int, title: str, text: str) -> Response:
    return make_response(render_template("errors/error.html", title=title, text=text), status)


def status_of(error: Refusal) -> int:
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 400)


def refused(error: Refusal) -> Response:
    """Of an act at a poll's desk, with the way back there: somebody has a hall to run."""
    poll_id = None if _for_voter() else (request.view_args or {}).get("poll_id")
    back = None if poll_id is None or isinstance(error, NotFound) else url_for("polls.show", poll_id=poll_id)
    page = render_template(
        "errors/error.html", title="没有完成", text=str(error), back=back, kept=back and request.method == "POST"
    )
    return make_response(page, status_of(error))


def already_done(error: AlreadyDone) -> ResponseReturnValue:
    """To the poll, which is as it was to be."""
    poll_id = (request.view_args or {}).get("poll_id")
    if poll_id is None:
        return refused(error)
    flash(str(error))
    return redirect(url_for("polls.show", poll_id=poll_id))


def http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response())
    title, text = _words(status)
    if status == 413 and not _for_voter():
        text = f"{text}这里一次最多收 {uploads.size(request.max_content_length or 0)}。"
    response = error_page(status, title, text)
    allow = getattr(error, "valid_methods", None)
    if allow:
        response.headers["Allow"] = ", ".join(allow)
    return response


def csrf_failed(_error: CSRFError) -> ResponseReturnValue:
    return kept_forms.answer() or error_page(400, "页面已过期", EXPIRED)


def database_busy(error: Exception) -> Response:
    current_app.logger.error("database: %s", masked(why_busy(error)))
    return error_page(503, *_words(503))


def broken(error: InternalServerError) -> Response:
    return error_page(500, *_words(500))


def _for_voter() -> bool:
    """Also of an address that does not exist, unless one of the staff asks: it may be copied from a slip, wrongly."""
    astray = isinstance(request.routing_exception, NotFoundAddress)
    nobody = current_app.config["SESSION_COOKIE_NAME"] not in request.cookies
    return request.path == "/" or request.path.startswith((*VOTERS, *SCREENS)) or (astray and nobody)


def _words(status: int) -> tuple[str, str]:
    texts = VOTER_TEXTS if _for_voter() and not request.path.startswith(SCREENS) else TEXTS
    return texts.get(status, texts[400 if status < 500 else 500])


def register(app: Flask) -> None:
    app.logger.addFilter(mask_record)
    app.register_error_handler(Refusal, refused)
    app.register_error_handler(AlreadyDone, already_done)
    app.register_error_handler(CSRFError, csrf_failed)
    for kind in DatabaseBusy:
        app.register_error_handler(kind, database_busy)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(500, broken)
    app.context_processor(lambda: {"for_voter": _for_voter()})
