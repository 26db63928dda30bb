"""A unit's score sheet, and entering what decides its rows."""

from decimal import Decimal
from itertools import groupby
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from surveys.acts.actors import Permission
from surveys.acts.errors import BadInput, Refusal
from surveys.marking import democratic_row, event_counts, ledger, ledger_reading, marks
from surveys.marking.marks import FaultyMarks, Overtaken
from surveys.marking.pages.forms import CancelForm, ConfirmMarkForm, EventForm, ExemptForm, WithdrawMarkForm
from surveys.marking.pages.mark_fields import MarkField, mark_field, saved_words, typed_entry
from surveys.marking.score_sheets import SheetLine, UnitSheet
from surveys.outcome import derivation, sheet_desk
from surveys.outcome.sheet_desk import SheetDesk
from surveys.scoring.assessment_states import AssessmentState
from surveys.scoring.exact import shown
from surveys.scoring.marks import POINTS_PATTERN, WIDE, step_words
from surveys.scoring.score_sheet import RowState, ScoringRules
from surveys.season import applicability, shut
from surveys.season.assessments import unit_of
from surveys.season.shut import Act
from surveys.web.access import actor, needs, site
from surveys.web.forms import ActForm
from surveys.web.proposals import said, waits_for
from surveys.web.request_log import reads

pages = Blueprint("score_sheets", __name__)


@pages.get("/units/<id:unit_id>")
@needs(Permission.SEE_SHEETS)
@reads("read.sheet")
def show(unit_id: int) -> ResponseReturnValue:
    return _page(unit_id)


def _page(unit_id: int, refusal: Refusal | None = None) -> str:
    with site().database.reading() as session:
        desk = sheet_desk.sheet_desk(session, actor(), unit_id)
        waits = waits_for(session, desk.sheet.unit.assessment_id)
    sheet = desk.sheet
    return render_template(
        "outcome/score_sheets/show.html",
        sheet=sheet,
        **_standing(desk),
        handed_in=desk.handed,
        hearings=desk.hearings,
        base=derivation.base_of(sheet),
        open_rows=desk.open_rows,
        savable=any(desk.open_rows.why_shut(unit_id, line.row.standard.key) is None for line in desk.lines),
        blocks=[(block, list(lines)) for block, lines in groupby(desk.lines, lambda line: line.row.block)],
        form=ActForm(),
        department=actor().department,
        refusal=refusal,
        told=desk.told,
        waits=waits,
        field=lambda line, name: _field(sheet, line, name, refusal),
        pattern=POINTS_PATTERN,
        wide=WIDE,
        step=_step(sheet),
        shortest_basis=marks.SHORTEST_BASIS,
        RowState=RowState,
        shown=shown,
    )


def _standing(desk: SheetDesk) -> dict[str, Any]:
    """The unit's figures, for who may see them: of the certified version once there is one, else ranked among all."""
    if desk.present is None:
        return {}
    unit = desk.present.record.unit(desk.sheet.unit.id)
    return {"unit": unit, "moves": unit.result.band_moves(desk.present.record.rules)}


def _step(sheet: UnitSheet) -> Decimal:
    return ScoringRules.from_json(sheet.unit.assessment.rules).mark_step


@pages.post("/units/<id:unit_id>/marks")
@needs(Permission.MARK)
def enter_marks(unit_id: int) -> ResponseReturnValue:
    """All the marks typed on the sheet, together: what did not change makes no new version."""
    ActForm().checked()
    with site().database.reading() as session:
        lines = sheet_desk.own_lines(session, actor(), unit_id)
    entries = []
    for line in lines:
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
@reads("read.sheet")
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
    zone = site().settings.time_zone
    with site().database.reading() as session:
        desk = sheet_desk.row_desk(session, actor(), zone, unit_id, row_key)
        waits = waits_for(session, desk.sheet.unit.assessment_id)
    sheet, lines = desk.sheet, desk.ledger
    today = site().now().astimezone(zone).date()
    return render_template(
        "outcome/score_sheets/row.html",
        sheet=sheet,
        line=desk.line,
        shut=desk.open_rows.why_shut(unit_id, row_key),
        exempt_shut=desk.open_rows.why_shut(unit_id, row_key, preparing=True),
        checklist=desk.checklist,
        told=desk.told,
        waits=waits,
        hearings=desk.hearings,
        field=lambda line, name: _field(sheet, line, name),
        shortest_basis=marks.SHORTEST_BASIS,
        step_words=step_words(_step(sheet)),
        fault=fault,
        faulty="event" if event_form else "exempt" if exempt_form else "",
        event_form=event_form or EventForm(formdata=None, row_key=row_key, happened_on=today),
        exempt_form=exempt_form or ExemptForm(formdata=None, row_key=row_key),
        levels=event_counts.USUAL_LEVELS,
        worth_by_level=desk.worth,
        choices=desk.choices,
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


def _field(sheet: UnitSheet, line: SheetLine, department: str, refusal: Refusal | None = None) -> MarkField:
    place = (sheet.unit.id, line.row.standard.key, department)
    return mark_field(_prefix(line, department), line.marks.get(department), place, refusal)


def _prefix(line: SheetLine, department: str) -> str:
    return f"{line.row.standard.key}:{department}"


def _back(unit_id: int, row_key: str, message: str) -> ResponseReturnValue:
    flash(message)
    return redirect(url_for("score_sheets.row", unit_id=unit_id, row_key=row_key))
