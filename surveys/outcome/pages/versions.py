"""Frozen versions of the score sheets, their differences, and why each score is what it is."""

import json
from collections.abc import Callable
from itertools import groupby
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from surveys.acts.actors import Permission
from surveys.acts.errors import NotFound
from surveys.outcome import derivation, version_differences, versions
from surveys.outcome.printed_source import PresentRecord, present_record
from surveys.outcome.score_record import ScoreRecord
from surveys.outcome.unit_record import UnitRecord
from surveys.outcome.version_differences import Difference
from surveys.outcome.versions import Version
from surveys.scoring.exact import shown
from surveys.season import assessments
from surveys.web.access import needs, site
from surveys.web.downloads import attachment
from surveys.web.request_log import reads

pages = Blueprint("versions", __name__)


@pages.get("/assessments/<id:assessment_id>/versions/<id:version>")
@needs(Permission.SEE_RESULTS)
@reads("read.results")
def show(assessment_id: int, version: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        found = versions.version(session, assessment_id, version)
        hands = versions.certifiers(session, assessment_id, found.line.digest)
    return render_template(
        "outcome/life/version.html",
        assessment_id=assessment_id,
        version=found.line,
        record=found.record,
        hands=hands,
    )


@pages.get("/assessments/<id:assessment_id>/versions/<id:version>.json")
@needs(Permission.SEE_RESULTS)
@reads("export.results")
def as_json(assessment_id: int, version: int) -> ResponseReturnValue:
    found = _version(assessment_id, version)
    data = {"digest": found.line.digest, "body": found.body}
    return attachment(_json(data), "application/json", f"得分第{version}版.json")


@pages.get("/assessments/<id:assessment_id>/versions/<id:version>.csv")
@needs(Permission.SEE_RESULTS)
@reads("export.results")
def as_csv(assessment_id: int, version: int) -> ResponseReturnValue:
    found = _version(assessment_id, version)
    return attachment(versions.to_csv(found.record), "text/csv", f"得分第{version}版.csv")


@pages.get("/assessments/<id:assessment_id>/versions/<id:version>/difference")
@needs(Permission.SEE_RESULTS)
@reads("read.results")
def difference(assessment_id: int, version: int) -> ResponseReturnValue:
    """From the version before."""
    return render_template(
        "outcome/life/difference.html", assessment_id=assessment_id, difference=_difference(assessment_id, version)
    )


@pages.get("/assessments/<id:assessment_id>/versions/<id:version>/difference.json")
@needs(Permission.SEE_RESULTS)
@reads("export.results")
def difference_as_json(assessment_id: int, version: int) -> ResponseReturnValue:
    found = _difference(assessment_id, version)
    return attachment(_json(found.to_json()), "application/json", f"得分第{version}版的改动.json")


@pages.get("/assessments/<id:assessment_id>/versions/<id:version>/units/<id:unit_id>")
@needs(Permission.SEE_RESULTS)
@reads("read.results")
def unit(assessment_id: int, version: int, unit_id: int) -> ResponseReturnValue:
    """A unit's sheet as it was frozen."""
    found = _version(assessment_id, version)
    return render_template(
        "outcome/life/unit.html", assessment_id=assessment_id, version=found.line, **sheet(found.record, unit_id)
    )


@pages.get("/assessments/<id:assessment_id>/versions/<id:version>/units/<id:unit_id>/rows/<row_key>")
@needs(Permission.SEE_RESULTS)
@reads("read.results")
def row(assessment_id: int, version: int, unit_id: int, row_key: str) -> ResponseReturnValue:
    """Why a row of a frozen sheet has its score."""
    found = _version(assessment_id, version)
    return render_template(
        "outcome/life/row.html",
        assessment_id=assessment_id,
        version=found.line,
        **explained(found.unit(unit_id), row_key),
    )


@pages.get("/units/<id:unit_id>/why")
@needs(Permission.READ_RESULTS)
@reads("read.results")
def why(unit_id: int) -> ResponseReturnValue:
    """A unit's sheet explained."""
    found = _present(unit_id, versions.live_sheet)
    return render_template(
        "outcome/life/unit.html",
        assessment_id=found.record.assessment,
        version=found.certificate,
        **sheet(found.record, unit_id),
    )


@pages.get("/units/<id:unit_id>/rows/<row_key>/why")
@needs(Permission.READ_RESULTS)
@reads("read.results")
def why_row(unit_id: int, row_key: str) -> ResponseReturnValue:
    found = _present(unit_id, versions.live_unit)
    return render_template(
        "outcome/life/row.html",
        assessment_id=found.record.assessment,
        version=found.certificate,
        **explained(found.record.unit(unit_id), row_key),
    )


def _present(unit_id: int, live: Callable[[Any, int], dict[str, Any]]) -> PresentRecord:
    """What is said of a unit: `live` while nothing is certified, then the certified version."""
    with site().database.reading() as session:
        assessment_id = assessments.unit_of(session, unit_id).assessment_id
        return present_record(session, assessment_id, lambda: live(session, unit_id))


def sheet(record: ScoreRecord, unit_id: int) -> dict[str, Any]:
    """What the template of a sheet needs: of one unit and nothing of the others."""
    unit = record.unit(unit_id)
    return {
        "unit": unit,
        "title": record.title,
        "blocks": [(block, list(own)) for block, own in groupby(unit.rows, lambda row: row.row.block)],
        "moves": unit.result.band_moves(record.rules),
        "derivation": derivation.derive_total(unit, record.rules),
        "shown": shown,
    }


def explained(unit: UnitRecord, row_key: str, *, for_unit: bool = False) -> dict[str, Any]:
    """What the template of a row needs. `for_unit`: the reader is the unit that was rated."""
    return {
        "unit": unit,
        "row": unit.row(row_key),
        "derivation": derivation.derive_row(unit, row_key, for_unit=for_unit),
        "shown": shown,
    }


def _version(assessment_id: int, number: int) -> Version:
    with site().database.reading() as session:
        return versions.version(session, assessment_id, number)


def _difference(assessment_id: int, number: int) -> Difference:
    with site().database.reading() as session:
        if number == 1:
            raise NotFound("第 1 版之前没有别的版本，没有可以比较的。")
        old, new = (versions.version(session, assessment_id, each) for each in (number - 1, number))
        return version_differences.report(session, assessment_id, old.body, new.body)


def _json(data: object) -> bytes:
    return json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True).encode()
