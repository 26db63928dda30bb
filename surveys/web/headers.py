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
UPLOADED_POLICY = f"{POLICY}; sandbox"
"""Of what somebody uploaded: opened by itself it has no origin and runs nothing."""


def secure(response: Response) -> Response:
    headers = response.headers
    headers["Content-Security-Policy"] = UPLOADED_POLICY if getattr(response, "uploaded", False) else POLICY
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    # A ballot's address is a secret and goes nowhere. Staff pages need the referrer: under https Flask-WTF checks it.
    headers["Referrer-Policy"] = "no-referrer" if request.path.startswith("/b/") else "same-origin"
    headers["X-Robots-Tag"] = "noindex"
    if request.endpoint != "static":
        headers["Cache-Control"] = "no-store"
    if site().settings.https:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


def register(app: Flask) -> None:
    app.after_request(secure)
