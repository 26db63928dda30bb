"""The page of alarms."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from surveys.acts.actors import Permission
from surveys.entry.alarms import keeping
from surveys.web.access import actor, needs, site

pages = Blueprint("alarms", __name__)


@pages.get("/alarms")
@needs(Permission.SEE_ALARMS)
def show() -> ResponseReturnValue:
    with site().database.reading() as session:
        return render_template("entry/alarms.html", lines=keeping.lines(session, actor()))
