"""The ledger: of an assessment, of a unit, and a reporter's own; contests, and what is taken back."""

from collections.abc import Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from surveys.acts.actors import Permission
from surveys.acts.errors import NotFound, Refusal
from surveys.marking import ledger, ledger_reading
from surveys.marking.ledger import ContestState
from surveys.marking.ledger_reading import KINDS, LedgerEffect, LedgerLine
from surveys.marking.pages.forms import CancelForm, ContestForm, EventAnswerForm
from surveys.scoring.assessment_states import AssessmentState
from surveys.season import applicability, assessments
from surveys.season.open_rows import open_rows
from surveys.web.access import actor, needs, site
from surveys.web.downloads import attachment
from surveys.web.proposals import Waits, said, waits_for

pages = Blueprint("ledger", __name__)

FILTERS = ("kind", "standing", "appeal", "category", "unit")


@pages.get("/assessments/<id:assessment_id>/ledger")
@needs(Permission.DECIDE)
def show(assessment_id: int) -> ResponseReturnValue:
    title, lines, waits = _assessment(assessment_id)
    return render_template(
        "marking/ledger/show.html",
        assessment_id=assessment_id,
        title=title,
        waits=waits,
        lines=_matching(lines),
        total=len(lines),
        open_contests=sum(line.contest is ContestState.OPEN for line in lines),
        wanted=_wanted(),
        kinds=KINDS,
        effects=list(LedgerEffect),
        contests=list(ContestState),
        categories=list(dict.fromkeys(line.category for line in lines)),
    )


@pages.get("/assessments/<id:assessment_id>/ledger.csv")
@needs(Permission.DECIDE)
def table(assessment_id: int) -> ResponseReturnValue:
    """What the page shows, by the same filters."""
    title, lines, _ = _assessment(assessment_id)
    return attachment(ledger_reading.ledger_csv(_matching(lines)), "text/csv", f"{title}-台账.csv")


def _assessment(assessment_id: int) -> tuple[str, list[LedgerLine], Waits]:
    with site().database.reading() as session:
        title = assessments.assessment_of(session, assessment_id).title
        lines = ledger_reading.assessment_lines(session, assessment_id, site().settings.time_zone)
        return title, lines, waits_for(session, assessment_id)


def _wanted() -> dict[str, str]:
    return {name: request.args.get(name, "").strip() for name in FILTERS}


def _matching(lines: Sequence[LedgerLine]) -> list[LedgerLine]:
    wanted = _wanted()
    return [
        line
        for line in lines
        if wanted["kind"] in ("", line.kind)
        and wanted["standing"] in ("", line.effect)
        and wanted["appeal"] in ("", line.contest)
        and wanted["category"] in ("", line.category)
        and wanted["unit"] in line.unit
    ]


@pages.get("/units/<id:unit_id>/ledger")
@needs(Permission.DECIDE)
def unit(unit_id: int) -> ResponseReturnValue:
    return _unit_page(unit_id)


@pages.get("/ledger")
@needs(Permission.SEE_OWN_UNIT)
def own() -> ResponseReturnValue:
    return _unit_page(_own_unit())


def _own_unit() -> int:
    unit_id = actor().unit_id
    if unit_id is None:
        raise NotFound("您的账号还没有指定单位，请联系管理员。")
    return unit_id


def _unit_page(unit_id: int, fault: str | None = None, at: tuple[str, int] | None = None) -> str:
    """`fault` is shown in the form `at` (what, id), with what was typed there."""
    with site().database.reading() as session:
        found = assessments.unit_of(session, unit_id)
        lines = ledger_reading.unit_lines(session, unit_id, site().settings.time_zone)
        title = found.assessment.title
        rows_open = open_rows(session, found.assessment)
        waits = waits_for(session, found.assessment_id)
    return render_template(
        "marking/ledger/unit.html",
        waits=waits,
        unit=found,
        title=title,
        lines=lines,
        sharing=ledger_reading.sharing_documents(lines),
        open_rows=rows_open,
        fault=fault,
        at=at,
        typed=request.form,
        ContestState=ContestState,
        LedgerEffect=LedgerEffect,
    )


@pages.post("/units/<id:unit_id>/events/<id:event_id>/appeal")
@needs(Permission.DECIDE)
def contest(unit_id: int, event_id: int) -> ResponseReturnValue:
    """By an admin on the unit's behalf."""
    return _contest(unit_id, event_id, url_for("ledger.unit", unit_id=unit_id))


@pages.post("/ledger/events/<id:event_id>/appeal")
@needs(Permission.SEE_OWN_UNIT)
def own_contest(event_id: int) -> ResponseReturnValue:
    return _contest(_own_unit(), event_id, url_for("ledger.own"))


def _contest(unit_id: int, event_id: int, back: str) -> ResponseReturnValue:
    form = ContestForm()
    try:
        form.checked()
        with site().database.writing() as session:
            ledger.contest(session, site().now(), actor(), unit_id, event_id, form.grounds.data)
    except NotFound:
        raise
    except Refusal as error:
        return _unit_page(unit_id, str(error), ("contest", event_id)), 400
    flash("申诉已提出，答复之前事件照计。")
    return redirect(back)


@pages.post("/units/<id:unit_id>/events/<id:event_id>/answer")
@needs(Permission.DECIDE)
def answer(unit_id: int, event_id: int) -> ResponseReturnValue:
    form = EventAnswerForm()
    try:
        form.checked()
        upheld = form.verdict.data == "upheld"
        with site().database.writing() as session:
            done = ledger.answer_contest(
                session, site().now(), actor(), unit_id, event_id, upheld=upheld, reason=form.answer.data
            )
    except NotFound:
        raise
    except Refusal as error:
        return _unit_page(unit_id, str(error), ("answer", event_id)), 400
    flash(said(done, "申诉成立，事件已撤销，记录仍保留。" if upheld else "申诉不成立，事件照计。"))
    return redirect(url_for("ledger.unit", unit_id=unit_id))


@pages.post("/units/<id:unit_id>/exemptions/<id:exemption_id>/cancel")
@needs(Permission.DECIDE)
def cancel_exemption(unit_id: int, exemption_id: int) -> ResponseReturnValue:
    form = CancelForm()
    try:
        form.checked()
        with site().database.writing() as session:
            done = ledger.cancel_exemption(session, site().now(), actor(), unit_id, exemption_id, form.reason.data)
            state = AssessmentState(assessments.unit_of(session, unit_id).assessment.state)
    except NotFound:
        raise
    except Refusal as error:
        return _unit_page(unit_id, str(error), ("exemption", exemption_id)), 400
    flash(said(done, f"免考已撤销，这一行重新计入基础分。{applicability.after_exemption(state)}"))
    return redirect(url_for("ledger.unit", unit_id=unit_id))
