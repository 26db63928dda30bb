"""The report and the letters of an assessment, as PDF and as Word files."""

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from surveys.acts.actors import Permission
from surveys.outcome import publishing
from surveys.outcome.publishing import DocumentFormat
from surveys.reporting.stepwise import finished
from surveys.season import assessments
from surveys.web.access import actor, needs, site
from surveys.web.downloads import STEPWISE, attachment, stepwise
from surveys.web.request_log import reads

pages = Blueprint("publications", __name__)
_ZIP = "application/zip"


@pages.get("/assessments/<id:assessment_id>/report.<extension>")
@needs(Permission.READ_RESULTS)
@reads("export.results")
def report(assessment_id: int, extension: str) -> ResponseReturnValue:
    form = _form(extension)
    with site().database.reading() as session:
        data = publishing.report_file(session, site().settings.time_zone, assessment_id, form)
    return attachment(data, form.mimetype, f"考核报告.{form}")


@pages.get("/assessments/<id:assessment_id>/letters.zip", defaults={"extension": "pdf"})
@pages.get("/assessments/<id:assessment_id>/letters-<extension>.zip")
@needs(Permission.SEE_RESULTS)
@reads("export.results")
def letters(assessment_id: int, extension: str) -> ResponseReturnValue:
    form = _form(extension)
    with site().database.reading() as session:
        found = publishing.letters(session, site().settings.time_zone, assessment_id, form)
    name = "反馈函.zip" if form is DocumentFormat.PDF else "反馈函（Word）.zip"
    if request.headers.get("Accept") == STEPWISE:
        return stepwise(found.zipped(), len(found.names), {"name": name, "type": _ZIP})
    return attachment(finished(found.zipped()), _ZIP, name)


@pages.get("/units/<id:unit_id>/letter.<extension>")
@needs(Permission.SEE_RESULTS)
@reads("export.results")
def letter(unit_id: int, extension: str) -> ResponseReturnValue:
    form = _form(extension)
    with site().database.reading() as session:
        name = assessments.unit_of(session, unit_id).name
        data = publishing.letter_file(session, site().settings.time_zone, unit_id, form)
    return attachment(data, form.mimetype, f"反馈函-{name}.{form}")


@pages.get("/own-unit/<id:unit_id>/letter.pdf")
@needs(Permission.SEE_OWN_UNIT)
def own_letter(unit_id: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        data = publishing.own_letter(session, actor(), site().settings.time_zone, unit_id)
    return attachment(data, DocumentFormat.PDF.mimetype, "考核结果反馈函.pdf")


def _form(extension: str) -> DocumentFormat:
    try:
        return DocumentFormat(extension)
    except ValueError:
        abort(404)
