"""create_app(): the only file that sees everything."""

import os

from flask import Flask

from surveys.acts.audit_syslog import send_to
from surveys.acts.site import Site
from surveys.entry import commands, pages
from surveys.settings import Settings, SettingsError


def create_app(settings: Settings | None = None) -> Flask:
    """The site. Without settings they come from the environment; a fault there ends the process with what to do."""
    if settings is None:
        try:
            settings = Settings.from_environment(os.environ)
        except SettingsError as error:
            raise SystemExit(str(error)) from None
    if settings.audit_syslog:
        try:
            send_to(settings.audit_syslog)
        except OSError as error:
            raise SystemExit(
                f"AUDIT_SYSLOG 连不上：{settings.audit_syslog}（{error.strerror}）。请改正，或不设。"
            ) from None
    app = Flask(__name__)
    app.extensions["site"] = Site.build(settings)
    pages.register(app)
    commands.register(app)
    return app
