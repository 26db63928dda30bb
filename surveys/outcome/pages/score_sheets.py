"""A unit's score sheet, and entering what decides its rows."""

from decimal import Decimal
from itertools import groupby
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from surveys.acts import proposals
from surveys.acts.actors import Permission
from surveys.acts.errors import BadInput, Refusal
from surveys.acts.proposals import Told
from surveys.acts.two_hands import Proposal
from surveys.catalog.model import Method
from surveys.evidence import reviews
from surveys.evidence.checklists import RowChecklist
from surveys.evidence.proceeding_records import ProceedingKind, Record, unit_records
from surveys.marking import democratic_row, event_counts, ledger, ledger_reading, marks, score_sheets
from surveys.marking.ledger_reading import LedgerLine
from surveys.marking.marks import FaultyMarks, Overtaken
from surveys.marking.pages.forms import CancelForm, ConfirmMarkForm, EventForm, ExemptForm, WithdrawMarkForm
from surveys.marking.pages.mark_fields import MarkField, mark_field, saved_words, typed_entry
from surveys.marking.score_sheets import SheetLine, UnitSheet
from surveys.outcome import derivation
from surveys.outcome.pages.versions import present_sheet
from surveys.scoring.assessment_states import AssessmentState
from surveys.scoring.exact import shown
from surveys.scoring.marks import POINTS_PATTERN, WIDE, step_words
from surveys.scoring.score_sheet import RowState, ScoringRules
from surveys.season import applicability, shut
from surveys.season.assessments import unit_of
from surveys.season.open_rows import OpenRows, open_rows
from surveys.season.shut import Act
from surveys.vote import poll_choices
from surveys.web.access import actor, may, needs, site
from surveys.web.forms import ActForm
from surveys.web.proposals import said

pages = Blueprint("score_sheets", __name__)


@pages.get("/units/<id:unit_id>")
@needs(Permission.SEE_SHEETS)
def show(unit_id: int) -> ResponseReturnValue:
    return _page(unit_id)


def _page(unit_id: int, refusal: Refusal | None = None) -> str:
    sheet, rows_open = _sheet(unit_id)
    return render_template(
        "outcome/score_sheets/show.html",
        sheet=sheet,
        **_standing(unit_id),
        handed_in=_handed_in(unit_id),
        hearings=_hearings(sheet),
        base=derivation.base_of(sheet),
        open_rows=rows_open,
        savable=any(rows_open.why_shut(unit_id, line.row.standard.key) is None for line in _visible(sheet)),
        blocks=[(block, list(lines)) for block, lines in groupby(_visible(sheet), lambda line: line.row.block)],
        form=ActForm(),
        department=actor().department,
        refusal=refusal,
        told=_told(sheet),
        field=lambda line, name: _field(sheet, line, name, refusal),
        pattern=POINTS_PATTERN,
        wide=WIDE,
        step=_step(sheet),
        shortest_basis=marks.SHORTEST_BASIS,
        RowState=RowState,
        shown=shown,
    )


def _standing(unit_id: int) -> dict[str, Any]:
    """The unit's figures, for who may see them: of the certified version once there is one, else ranked among all."""
    if not may(Permission.DECIDE):
        return {}
    found = present_sheet(unit_id)
    unit = found.record.unit(unit_id)
    return {"unit": unit, "moves": unit.result.band_moves(found.record.rules)}


def _step(sheet: UnitSheet) -> Decimal:
    return ScoringRules.from_json(sheet.unit.assessment.rules).mark_step


def _handed_in(unit_id: int) -> dict[str, RowChecklist]:
    """By row, where there is something to look at beside the mark."""
    if not may(Permission.REVIEW):
        return {}
    with site().database.reading() as session:
        rows = reviews.unit_desk(session, actor(), unit_id).rows
    return {row.key: row for row in rows if row.handed}


@pages.post("/units/<id:unit_id>/marks")
@needs(Permission.MARK)
def enter_marks(unit_id: int) -> ResponseReturnValue:
    """All the marks typed on the sheet, together: what did not change makes no new version."""
    ActForm().checked()
    entries = []
    for line in _visible(_sheet(unit_id)[0]):
        for department in line.departments:
            entry = typed_entry(_prefix(line, department), line.row.standard.key, department)
            if entry is not None:
                entries.append(entry)
    try:
        with site().database.writing() as session:
            done = marks.enter_marks(session, site().now(), actor(), unit_id, entries)
    except FaultyMarks as error:
        return _page(unit_id, error), 400
    except Overtaken as error:
        return _page(unit_id, error), 409
    flash(saved_words(done, "改动"))
    return redirect(url_for("score_sheets.show", unit_id=unit_id))


@pages.get("/units/<id:unit_id>/rows/<row_key>")
@needs(Permission.DECIDE)
def row(unit_id: int, row_key: str) -> ResponseReturnValue:
    return _row_page(unit_id, row_key)


def _row_page(
    unit_id: int,
    row_key: str,
    fault: str | None = None,
    event_form: EventForm | None = None,
    exempt_form: ExemptForm | None = None,
) -> str:
    """With a fault in the form that was sent, if any."""
    sheet, rows_open = _sheet(unit_id)
    line = next((line for line in sheet.lines if line.row.standard.key == row_key), None)
    if line is None:
        abort(404)
    lines, levels = _ledger(sheet)
    today = site().now().astimezone(site().settings.time_zone).date()
    return render_template(
        "outcome/score_sheets/row.html",
        sheet=sheet,
        line=line,
        shut=rows_open.why_shut(unit_id, row_key),
        exempt_shut=rows_open.why_shut(unit_id, row_key, preparing=True),
        checklist=_checklist(unit_id, row_key),
        told=_told(sheet),
        hearings=_hearings(sheet),
        field=lambda line, name: _field(sheet, line, name),
        shortest_basis=marks.SHORTEST_BASIS,
        step_words=step_words(_step(sheet)),
        fault=fault,
        faulty="event" if event_form else "exempt" if exempt_form else "",
        event_form=event_form or EventForm(formdata=None, row_key=row_key, happened_on=today),
        exempt_form=exempt_form or ExemptForm(formdata=None, row_key=row_key),
        levels=event_counts.USUAL_LEVELS,
        worth_by_level=levels,
        choices=_choices(sheet),
        poll_shut=shut.why_shut(sheet.unit.assessment, Act.SET_UP),
        event_states={each.event_id: each.state for each in lines},
        occasions=ledger_reading.occasions_of(lines),
        sharing=[
            group for group in ledger_reading.sharing_documents(lines) if any(each.row_key == row_key for each in group)
        ],
        RowState=RowState,
        shown=shown,
    )


@pages.post("/units/<id:unit_id>/events")
@needs(Permission.DECIDE)
def record_event(unit_id: int) -> ResponseReturnValue:
    form = EventForm()
    try:
        form.checked()
        entry = ledger.EventEntry(
            form.row_key.data,
            form.points.data or "",
            form.happened_on.data,
            form.document.data,
            form.reason.data,
            form.level.data or "",
            form.occasion.data or "",
        )
        with site().database.writing() as session:
            done = ledger.record_event(session, site().now(), actor(), unit_id, entry) is not None
    except BadInput as error:
        return _row_page(unit_id, form.row_key.data or "", str(error), event_form=form), 400
    return _back(unit_id, form.row_key.data, said(done, "事件已登记。"))


@pages.post("/units/<id:unit_id>/events/<id:event_id>/cancel")
@needs(Permission.DECIDE)
def cancel_event(unit_id: int, event_id: int) -> ResponseReturnValue:
    form = CancelForm()
    form.checked()
    with site().database.writing() as session:
        done = ledger.cancel_event(session, site().now(), actor(), unit_id, event_id, form.reason.data)
    flash(said(done, "事件已撤销，记录仍保留。"))
    return redirect(url_for("score_sheets.show", unit_id=unit_id))


@pages.post("/units/<id:unit_id>/exemptions")
@needs(Permission.DECIDE)
def exempt(unit_id: int) -> ResponseReturnValue:
    form = ExemptForm()
    try:
        form.checked()
        document, reason = form.document.data, form.reason.data
        with site().database.writing() as session:
            done = ledger.exempt(session, site().now(), actor(), unit_id, form.row_key.data, reason, document)
            state = AssessmentState(unit_of(session, unit_id).assessment.state)
    except BadInput as error:
        return _row_page(unit_id, form.row_key.data or "", str(error), exempt_form=form), 400
    words = f"已登记免考，这一行不计入基础分。{applicability.after_exemption(state)}"
    return _back(unit_id, form.row_key.data, said(done, words))


@pages.post("/units/<id:unit_id>/confirm")
@needs(Permission.DECIDE)
def confirm(unit_id: int) -> ResponseReturnValue:
    """The second person's hand on another value of the democratic row."""
    form = ConfirmMarkForm()
    form.checked()
    with site().database.writing() as session:
        democratic_row.approve(session, site().now(), actor(), unit_id, form.row_key.data, form.version.data)
    return _back(unit_id, form.row_key.data, "已由第二人确认，这个分数现在有效。")


@pages.post("/units/<id:unit_id>/confirmed/withdraw")
@needs(Permission.DECIDE)
def propose_withdrawal(unit_id: int) -> ResponseReturnValue:
    """The first hand on taking back a confirmed value of the democratic row."""
    form = WithdrawMarkForm()
    form.checked()
    key, version, reason = form.row_key.data, form.version.data, form.reason.data
    with site().database.writing() as session:
        democratic_row.propose_withdrawal(session, site().now(), actor(), unit_id, key, version, reason)
    return _back(unit_id, key, "已提出撤回，另一名管理员在这里确认以后才撤回，现在照计。")


@pages.post("/units/<id:unit_id>/confirmed/withdraw/agree")
@needs(Permission.DECIDE)
def agree_to_withdrawal(unit_id: int) -> ResponseReturnValue:
    form = ConfirmMarkForm()
    form.checked()
    with site().database.writing() as session:
        democratic_row.agree_to_withdrawal(
            session, site().now(), actor(), unit_id, form.row_key.data, form.version.data
        )
    return _back(unit_id, form.row_key.data, "确认的得分已撤回，这一行又按测评会计分。")


@pages.post("/units/<id:unit_id>/confirmed/withdraw/decline")
@needs(Permission.DECIDE)
def decline_withdrawal(unit_id: int) -> ResponseReturnValue:
    form = ConfirmMarkForm()
    form.checked()
    with site().database.writing() as session:
        democratic_row.decline_withdrawal(session, site().now(), actor(), unit_id, form.row_key.data, form.version.data)
    return _back(unit_id, form.row_key.data, "撤回的提议已撤下，确认的得分照计。")


def _sheet(unit_id: int) -> tuple[UnitSheet, OpenRows]:
    with site().database.reading() as session:
        sheet = score_sheets.unit_sheet(session, unit_id)
        return sheet, open_rows(session, sheet.unit.assessment)


def _choices(sheet: UnitSheet) -> dict[int, Proposal]:
    with site().database.reading() as session:
        return poll_choices.waiting(session, sheet.unit.assessment_id, sheet.teams.conflicts)


def _told(sheet: UnitSheet) -> Told:
    with site().database.reading() as session:
        return proposals.told(session, sheet.unit.assessment_id)


def _checklist(unit_id: int, row_key: str) -> RowChecklist | None:
    """The row's material, if it has any and the reader reviews it."""
    with site().database.reading() as session:
        found = reviews.unit_desk(session, actor(), unit_id).rows
    return next((row for row in found if row.key == row_key), None)


def _ledger(sheet: UnitSheet) -> tuple[list[LedgerLine], dict[str, list[str]]]:
    """What is entered of the unit, and what commendations were given to all."""
    with site().database.reading() as session:
        lines = ledger_reading.unit_lines(session, sheet.unit.id, site().settings.time_zone)
        return lines, event_counts.points_by_level(session, sheet.unit.assessment_id)


def _hearings(sheet: UnitSheet) -> dict[str, list[Record]]:
    """By row that may be marked after a hearing: the hearings about it, or about the unit's work as a whole."""
    heard = [
        line.row.standard.key
        for line in sheet.lines
        if Method.HEARING in line.methods and line.value.state not in (RowState.NOT_APPLICABLE, RowState.EXEMPTED)
    ]
    if not heard or not may(Permission.REVIEW):
        return {}
    with site().database.reading() as session:
        records = unit_records(session, actor(), sheet.unit.id)
    standing = [each for each in records if each.kind is ProceedingKind.HEARING and each.stands]
    return {key: [each for each in standing if each.row_key in ("", key)] for key in heard}


def _visible(sheet: UnitSheet) -> list[SheetLine]:
    """An assessor sees the own department's rows; who decides sees all."""
    if may(Permission.DECIDE):
        return list(sheet.lines)
    own = actor().department
    return [line for line in sheet.lines if own in line.departments and line.value.state is not RowState.NOT_APPLICABLE]


def _field(sheet: UnitSheet, line: SheetLine, department: str, refusal: Refusal | None = None) -> MarkField:
    place = (sheet.unit.id, line.row.standard.key, department)
    return mark_field(_prefix(line, department), line.marks.get(department), place, refusal)


def _prefix(line: SheetLine, department: str) -> str:
    return f"{line.row.standard.key}:{department}"


def _back(unit_id: int, row_key: str, message: str) -> ResponseReturnValue:
    flash(message)
    return redirect(url_for("score_sheets.row", unit_id=unit_id, row_key=row_key))
