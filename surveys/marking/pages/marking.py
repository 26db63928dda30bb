"""Marking (打分): a department's rows, and one row across all units as a sheet."""

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

pages = Blueprint("marking", __name__)


@pages.get("/assessments/<id:assessment_id>/marking")
@needs(Permission.MARK)
def index(assessment_id: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        assessment = assessment_of(session, assessment_id)
        rows_open = open_rows(session, assessment)
        rows = marking_sheets.rows_of(session, actor(), assessment_id)
    wanted = request.args.get("department", "") if may(Permission.DECIDE) else ""
    departments = list(dict.fromkeys(row.department for row in rows))
    return render_template(
        "marking/marking/index.html",
        assessment=assessment,
        open_rows=rows_open,
        rows=[row for row in rows if wanted in ("", row.department)],
        departments=departments,
        wanted=wanted,
    )


@pages.route("/assessments/<id:assessment_id>/marking/<framework>/<row_key>", methods=["GET", "POST"])
@needs(Permission.MARK)
def sheet(assessment_id: int, framework: str, row_key: str) -> ResponseReturnValue:
    asked = request.args.get("department")
    found = _sheet(assessment_id, framework, row_key, asked)
    if request.method != "POST":
        return _page(found)
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
        return _page(found, error), 400
    except Overtaken as error:
        return _page(_sheet(assessment_id, framework, row_key, asked), error), 409
    flash(saved_words(done))
    return redirect(_address(found))


def _sheet(assessment_id: int, framework: str, row_key: str, department: str | None) -> RowSheet:
    with site().database.reading() as session:
        return marking_sheets.row_sheet(session, actor(), assessment_id, framework, row_key, department)


def _told(assessment_id: int) -> Told:
    with site().database.reading() as session:
        return proposals.told(session, assessment_id)


def _address(found: RowSheet) -> str:
    return url_for(
        "marking.sheet",
        assessment_id=found.assessment.id,
        framework=found.framework.key,
        row_key=found.row.standard.key,
        department=found.department,
    )


def _page(found: RowSheet, refusal: Refusal | None = None) -> str:
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
        told=_told(found.assessment.id),
        shortest_basis=marks.SHORTEST_BASIS,
        pattern=POINTS_PATTERN,
        wide=WIDE,
        step=step,
        step_words=step_words(step),
    )
