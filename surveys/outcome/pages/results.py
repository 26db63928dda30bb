"""The admin's page of results: ranking, bands, charts; the same figures as in the report and the letters."""

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from surveys.acts.actors import Permission
from surveys.outcome.printed_source import PresentRecord, democratic_words, present_record
from surveys.outcome.score_bars import band_floors, unit_bar
from surveys.reporting.charts import unit_bars
from surveys.web.access import needs, site
from surveys.web.downloads import chart_type, image
from surveys.web.request_log import reads

pages = Blueprint("results", __name__)


@pages.get("/assessments/<id:assessment_id>/results")
@needs(Permission.READ_RESULTS)
@reads("read.results")
def show(assessment_id: int) -> ResponseReturnValue:
    found = _results(assessment_id)
    return render_template(
        "outcome/results/show.html",
        results=found,
        record=found.record,
        assessment_id=assessment_id,
        democratic_words=democratic_words,
    )


@pages.get("/assessments/<id:assessment_id>/charts/<int:number>.<extension>")
@needs(Permission.READ_RESULTS)
@reads("read.results")
def chart(assessment_id: int, number: int, extension: str) -> ResponseReturnValue:
    """Units by score in one category; categories are numbered from 1 in the order of the assessment."""
    record = _results(assessment_id).record
    chart_format = chart_type(extension)
    if chart_format is None or not 1 <= number <= len(record.categories):
        abort(404)
    category = record.categories[number - 1]
    bars = [unit_bar(unit) for unit in record.ranked(category)]
    data = unit_bars(category, record.title, bars, chart_format, bands=band_floors(record.rules))
    return image(data, chart_format, f"{record.title}-{category}.{extension}", download="download" in request.args)


def _results(assessment_id: int) -> PresentRecord:
    with site().database.reading() as session:
        return present_record(session, assessment_id)
