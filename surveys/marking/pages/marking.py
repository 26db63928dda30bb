"""Marking (打分): a department's rows, and one row across all units as a sheet."""

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from surveys.acts import proposals
from surveys.acts.actors import Permission
from surveys.acts.errors import Refusal
from surveys.acts.proposals import Told
from surveys.marking import marking_sheets, marks
from surveys.marking.marking_sheets import RowSheet
from surveys.marking.marks import FaultyMarks, Overtaken
from surveys.marking.pages.mark_fields import mark_field, saved_words, typed_entry
from surveys.scoring.marks import POINTS_PATTERN, WIDE, step_words
from surveys.scoring.score_sheet import ScoringRules
from surveys.season.assessments import assessment_of
from surveys.season.open_rows import open_rows
from surveys.web.access import actor, may, needs, site
from surveys.web.forms import ActForm
from surveys.web.proposals import Waits, waits_for

pages = Blueprint("marking", __name__)


@pages.get("/assessments/<id:assessment_id>/marking")
@needs(Permission.MARK)
def index(assessment_id: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        assessment = assessment_of(session, assessment_id)
        rows_open = open_rows(session, assessment)
        rows = marking_sheets.rows_of(session, actor(), assessment_id)
        waits = waits_for(session, assessment_id)
    wanted = request.args.get("department", "") if may(Permission.DECIDE) else ""
    departments = list(dict.fromkeys(row.department for row in rows))
    return render_template(
        "marking/marking/index.html",
        assessment=assessment,
        open_rows=rows_open,
        waits=waits,
        rows=[row for row in rows if wanted in ("", row.department)],
        departments=departments,
        wanted=wanted,
    )


@pages.route("/assessments/<id:assessment_id>/marking/<framework>/<row_key>", methods=["GET", "POST"])
@needs(Permission.MARK)
def sheet(assessment_id: int, framework: str, row_key: str) -> ResponseReturnValue:
    asked = request.args.get("department")
    shown = _shown(assessment_id, framework, row_key, asked)
    if request.method != "POST":
        return _page(shown)
    found = shown.sheet
    ActForm().checked()
    entries = []
    for line in found.lines:
        entry = typed_entry(f"u{line.unit.id}", row_key, found.department) if line.is_open else None
        if entry is not None:
            entries.append((line.unit.id, entry))
    try:
        with site().database.writing() as session:
            done = marks.enter_all(session, site().now(), actor(), entries)
    except FaultyMarks as error:
        return _page(shown, error), 400
    except Overtaken as error:
        return _page(_shown(assessment_id, framework, row_key, asked), error), 409
    flash(saved_words(done))
    return redirect(_address(found))


@dataclass(frozen=True)
class _Shown:
    """A row's sheet as it was read for a page."""

    sheet: RowSheet
    told: Told
    waits: Waits


def _shown(assessment_id: int, framework: str, row_key: str, department: str | None) -> _Shown:
    with site().database.reading() as session:
        found = marking_sheets.row_sheet(session, actor(), assessment_id, framework, row_key, department)
        return _Shown(found, proposals.told(session, assessment_id), waits_for(session, assessment_id))


def _address(found: RowSheet) -> str:
    return url_for(
        "marking.sheet",
        assessment_id=found.assessment.id,
        framework=found.framework.key,
        row_key=found.row.standard.key,
        department=found.department,
    )


def _page(shown: _Shown, refusal: Refusal | None = None) -> str:
    found = shown.sheet
    key = found.row.standard.key
    step = ScoringRules.from_json(found.assessment.rules).mark_step
    return render_template(
        "marking/marking/sheet.html",
        sheet=found,
        open_rows=found.open_rows,
        savable=any(line.is_open and not line.shut for line in found.lines),
        address=_address(found),
        lines=[
            (line, mark_field(f"u{line.unit.id}", line.mark, (line.unit.id, key, found.department), refusal))
            for line in found.lines
        ],
        refusal=refusal,
        told=shown.told,
        waits=shown.waits,
        shortest_basis=marks.SHORTEST_BASIS,
        pattern=POINTS_PATTERN,
        wide=WIDE,
        step=step,
        step_words=step_words(step),
    )
