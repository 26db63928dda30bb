"""The public board of a poll, and how the ballot is kept secret. For anybody; no session."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from surveys.vote import public_board
from surveys.vote.public_board import Board
from surveys.web.access import csrf, public, site

pages = Blueprint("board", __name__)
# Looking a receipt up changes nothing: there is nothing to forge.
csrf.exempt(pages)


@pages.get("/board/<prefix>")
@public
def show(prefix: str) -> ResponseReturnValue:
    return render_template("vote/board/board.html", board=_board(prefix), typed="", found=None, looked=False)


@pages.post("/board/<prefix>")
@public
def look_up(prefix: str) -> ResponseReturnValue:
    """In the body, not the address: a log must not tie a receipt to whoever asked for it."""
    board = _board(prefix)
    typed = request.form.get("receipt", "")[:60]
    return render_template("vote/board/board.html", board=board, typed=typed, found=board.has(typed), looked=True)


@pages.get("/secrecy")
@public
def secrecy() -> ResponseReturnValue:
    return render_template("vote/board/secrecy.html")


def _board(prefix: str) -> Board:
    with site().database.reading() as session:
        return public_board.board(session, prefix)
