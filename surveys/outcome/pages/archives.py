"""All that a unit handed in, with its proceedings and sheet, as one file."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from surveys.acts.actors import Permission
from surveys.evidence.pages.downloads import handed_in
from surveys.outcome import archives
from surveys.web.access import actor, needs, site
from surveys.web.request_log import reads

pages = Blueprint("archives", __name__)


@pages.get("/units/<id:unit_id>/materials.zip")
@needs(Permission.DECIDE)
@reads("read.file")
def unit(unit_id: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        found = archives.unit_archive(site(), session, actor(), unit_id)
    return handed_in(found)
