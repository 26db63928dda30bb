"""Pages: one module per audience; access, headers, errors and forms beside them. Never touches the tables."""

from flask import Flask

from surveys.web import access, assets, ballot, board, errors, headers, polls, results, score_sheets, setup, sign_in
from surveys.web.prepared import PreparedPages


def register(app: Flask) -> None:
    settings = access.site(app).settings
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=256 * 1024,
        MAX_FORM_MEMORY_SIZE=256 * 1024,
        SESSION_COOKIE_NAME="ceping",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=8 * 3600,
        SEND_FILE_MAX_AGE_DEFAULT=365 * 24 * 3600,
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.extensions["prepared"] = PreparedPages()
    headers.register(app)
    errors.register(app)
    assets.register(app)
    access.register(app)
    for module in (ballot, board, sign_in, polls, score_sheets, results, setup):
        app.register_blueprint(module.pages)
