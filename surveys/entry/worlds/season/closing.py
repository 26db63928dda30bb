"""From the end of marking to the archive: provisional results, objections, the certificate under two hands."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from surveys.entry.worlds.season.marking import REMARK
from surveys.entry.worlds.season.plan import Objection, Unit
from surveys.entry.worlds.season.stage import Stage, confirm_all, moment
from surveys.marking import ledger, marks
from surveys.marking.marks import MarkEntry
from surveys.outcome import hindrances, life, replies, versions
from surveys.season import applicability
from surveys.season.assessments import assessment_of

ENDS, DUE = 60, 75
"""Days of the calendar: when marking ends, and the last day to reply."""


def publish(stage: Stage) -> int:
    """The matrix approved anew after late exemptions, marking ends, every unit sees its sheet; the version's number."""
    admin, now = stage.staff.admins[0], moment(stage.site, ENDS)
    with stage.site.database.writing() as session:
        matrix = applicability.matrix(session, stage.assessment_id)
        if not matrix.signs:
            applicability.approve(session, now, admin, stage.assessment_id, matrix.fingerprint)
        number = life.close_marking(session, now, admin, stage.assessment_id)
        due_on = (now + timedelta(days=DUE - ENDS)).date()
        life.open_appeal(session, now, admin, stage.assessment_id, due_on)
    return number


def hear_objections(stage: Stage, events: Mapping[str, Sequence[int]]) -> tuple[int, int]:
    """Objections made, answered, what was accepted corrected, and a new version; then who agrees does so.

    (objections, units that agreed). `events`: ids by unit, in the plan's order.
    """
    made = 0
    for unit, unit_id in stage.units():
        for each in unit.objections:
            _object(stage, unit, unit_id, each, events[unit.name])
            made += 1
    admin = stage.staff.admins[0]
    if any(each.accepted for unit in stage.season.units for each in unit.objections):
        with stage.site.database.writing() as session:
            versions.freeze_after_appeal(
                session, moment(stage.site, 72), admin, stage.assessment_id, "答复申诉后改动（样例）"
            )
    agreed = [(unit, unit_id) for unit, unit_id in stage.units() if unit.agrees and unit.has_reporter]
    for unit, unit_id in agreed:
        with stage.site.database.writing() as session:
            number = versions.next_number(session, stage.assessment_id) - 1
            reporter = stage.staff.reporters[unit.name]
            replies.agree(session, moment(stage.site, 73), reporter, unit_id, number)
    return made, len(agreed)


def _object(stage: Stage, unit: Unit, unit_id: int, plan: Objection, events: Sequence[int]) -> None:
    reporter, admin = stage.staff.reporters[unit.name], stage.staff.admins[1]
    with stage.site.database.writing() as session:
        objection_id = replies.object_to(session, moment(stage.site, 63), reporter, unit_id, plan.row_key, plan.reason)
        now = moment(stage.site, 68)
        replies.answer(session, now, admin, unit_id, objection_id, accepted=plan.accepted, words=plan.answer)
        for mark in plan.marks:
            entry = MarkEntry(mark.row_key, mark.department, mark.points, f"{REMARK}，申诉后改")
            marks.enter_marks(session, now, stage.staff.assessors[mark.department], unit_id, [entry])
        for place in plan.cancelled:
            ledger.cancel_event(session, now, admin, unit_id, events[place], "申诉成立（样例）")
        confirm_all(stage, session, now, stage.staff.admins[0])


def certify(stage: Stage) -> str:
    """Two admins, each under the digest that the page shows; the digest."""
    subject = ""
    for hour, admin in enumerate(stage.staff.admins, start=9):
        now = moment(stage.site, DUE + 5, hour)
        with stage.site.database.writing() as session:
            assessment = assessment_of(session, stage.assessment_id)
            shown = hindrances.outlook(session, now, assessment)
            if shown.certificate is None:
                raise ValueError("\n".join(shown.hindrances))
            subject = shown.certificate
            life.certify(session, now, admin, stage.assessment_id, subject)
    return subject


def archive(stage: Stage) -> int:
    """Verified, then archived; how many versions there are."""
    with stage.site.database.writing() as session:
        checked = versions.verify(session, stage.assessment_id)
        life.archive(session, moment(stage.site, 90), stage.staff.admins[0], stage.assessment_id)
    return len(checked)
