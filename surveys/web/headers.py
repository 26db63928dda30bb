"""Response headers, strict from the start."""

from flask import Flask, Response, request

from surveys.web.access import site

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # an empty icon: one request less for a voter
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

FILE_POLICY = "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox"
"""For files that people handed in: even opened as a page, nothing in one runs or belongs to this site."""


# Addresses that are secrets, and go nowhere. Staff pages need the referrer: under https Flask-WTF checks it.
SECRET_ADDRESSES = ("/b/", "/d/", "/door/")


def secure(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", POLICY)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    headers["Referrer-Policy"] = "no-referrer" if request.path.startswith(SECRET_ADDRESSES) else "same-origin"
    headers["X-Robots-Tag"] = "noindex"
    if request.endpoint != "static":
        headers["Cache-Control"] = "no-store"
    if site().settings.https:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


def register(app: Flask) -> None:
    app.after_request(secure)
