"""The cookie by which a browser is known in which an account has signed in: sent to the sign-in page alone."""

from flask import Response, request

from surveys.office.sign_ins import Entered
from surveys.web.access import site

PREFIX = "ceping-known-"
KEPT_FOR = 180 * 24 * 3600
MOST = 20
"""Accounts of one browser that are looked at."""


def proofs() -> list[str]:
    return [value for name, value in request.cookies.items() if name.startswith(PREFIX)][:MOST]


def remember(response: Response, entered: Entered) -> Response:
    response.set_cookie(
        f"{PREFIX}{entered.account_id}",
        entered.proof,
        max_age=KEPT_FOR,
        path="/login",
        secure=site().settings.https,
        httponly=True,
        samesite="Lax",
    )
    return response
