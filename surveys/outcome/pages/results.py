"""The admin's page of results: ranking, bands, charts; the same figures as in the report and the letters."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from surveys.acts.actors import Permission
from surveys.outcome.printed_source import PrintedResults, printed_results
from surveys.reporting.charts import UnitBar, unit_bars
from surveys.web.access import needs, site
from surveys.web.downloads import chart_type, image

pages = Blueprint("results", __name__)

Document = Mapping[str, Any]


@pages.get("/assessments/<id:assessment_id>/results")
@needs(Permission.SEE_RESULTS)
def show(assessment_id: int) -> ResponseReturnValue:
    found = _results(assessment_id)
    return render_template("outcome/results/show.html", results=found, assessment_id=assessment_id)


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
        [_bar(unit) for unit in found.ranked(category)],
        chart_format,
        bands=[(band.name, band.floor) for band in found.rules.bands if band.floor > 0],
    )
    return image(data, chart_format, f"{found.title}-{category}.{extension}", download="download" in request.args)


def _bar(unit: Document) -> UnitBar:
    result = unit["result"]
    final = None if result["final"] is None else Decimal(result["final"]["shown"])
    return UnitBar(unit["name"], final, result["band"])


def _results(assessment_id: int) -> PrintedResults:
    with site().database.reading() as session:
        return printed_results(session, assessment_id)
