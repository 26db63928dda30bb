"""The admin's page of results: ranking, bands, charts."""

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from surveys.reporting.charts import UnitBar, unit_bars
from surveys.scoring.exact import shown
from surveys.services import results
from surveys.services.actors import Permission
from surveys.services.printed_results import draft_note
from surveys.services.results import Results
from surveys.web.access import needs, site
from surveys.web.downloads import chart_type, image

pages = Blueprint("results", __name__)


@pages.get("/assessments/<id:assessment_id>/results")
@needs(Permission.SEE_RESULTS)
def show(assessment_id: int) -> ResponseReturnValue:
    found = _results(assessment_id)
    return render_template("results/show.html", results=found, draft=draft_note(found.state), shown=shown)


@pages.get("/assessments/<id:assessment_id>/charts/<int:number>.<extension>")
@needs(Permission.SEE_RESULTS)
def chart(assessment_id: int, number: int, extension: str) -> ResponseReturnValue:
    """Units by score in one category; categories are numbered from 1 in the order of the assessment."""
    found = _results(assessment_id)
    chart_format = chart_type(extension)
    if chart_format is None or not 1 <= number <= len(found.categories):
        abort(404)
    category = found.categories[number - 1]
    data = unit_bars(
        category,
        found.title,
        [UnitBar(result.sheet.unit.name, result.final, result.band) for result in found.ranked(category)],
        chart_format,
        bands=[(band.name, band.floor) for band in found.rules.bands if band.floor > 0],
    )
    return image(data, chart_format, f"{found.title}-{category}.{extension}", download="download" in request.args)


def _results(assessment_id: int) -> Results:
    with site().database.reading() as session:
        return results.results(session, assessment_id)
