"""Marks by the departments, each in its own way, and the ledger with its contests."""

from collections.abc import Iterable, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.acts.table_files import tables_in
from surveys.entry.worlds.season.plan import GROUP, Event, Fate, Mark, Unit
from surveys.entry.worlds.season.sheets import filled_marks
from surveys.entry.worlds.season.stage import Stage, confirm_all, moment
from surveys.marking import ledger, mark_workbooks, marking_sheets, marks
from surveys.marking.ledger import EventEntry
from surveys.marking.marks import MarkEntry
from surveys.marking.uploads.marks import MarkKey
from surveys.storage.tables import Event as Entered

IN_A_WORKBOOK = (GROUP,)
UNIT_BY_UNIT = ("市教育局", "市宗教局")
"""The other departments mark row by row."""

REMARK = "依据报送的材料和日常工作情况打分（样例）"

Marks = dict[tuple[int, str, str], str]
"""Points by unit, row and department."""


def mark(stage: Stage) -> int:
    """All marks as they were first given, then those that were thought over; how many."""
    first: Marks = {}
    second: list[tuple[int, Mark]] = []
    for unit, unit_id in stage.units():
        for each in unit.marks:
            first[unit_id, each.row_key, each.department] = each.first or each.points
            if each.first is not None:
                second.append((unit_id, each))
    for department in stage.staff.assessors:
        if department in IN_A_WORKBOOK:
            _by_workbook(stage, department, first)
        elif department in UNIT_BY_UNIT:
            _by_unit(stage, department, first)
        else:
            _by_row(stage, department, first)
    for unit_id, each in second:
        _again(stage, unit_id, each)
    return len(first) + len(second)


def _by_workbook(stage: Stage, department: str, given: Marks) -> None:
    """Taken home, filled in, read, looked at, taken over."""
    now, assessor = moment(stage.site, 52), stage.staff.assessors[department]

    def filling(key: MarkKey) -> tuple[str, str] | None:
        points = given.get((key.unit_id, key.row_key, key.department))
        return None if points is None else (points, REMARK)

    with stage.site.database.writing() as session:
        data = filled_marks(mark_workbooks.export_workbook(session, assessor, stage.assessment_id), filling)
        import_id = mark_workbooks.read_workbook(
            session, now, assessor, stage.assessment_id, "打分表.xlsx", tables_in("打分表.xlsx", data)
        )
        shown = mark_workbooks.preview(session, assessor, import_id)
        mark_workbooks.apply(session, now, assessor, import_id, shown.fingerprint, confirmed=False)


def _by_row(stage: Stage, department: str, given: Marks) -> None:
    """Each row's sheet over all units, filled and saved."""
    now, assessor = moment(stage.site, 53), stage.staff.assessors[department]
    with stage.site.database.writing() as session:
        rows = marking_sheets.rows_of(session, assessor, stage.assessment_id)
        for framework, row_key in dict.fromkeys((each.framework.key, each.row.standard.key) for each in rows):
            sheet = marking_sheets.row_sheet(session, assessor, stage.assessment_id, framework, row_key)
            entries = [
                (line.unit.id, MarkEntry(row_key, department, given[line.unit.id, row_key, department], REMARK, "", 0))
                for line in sheet.lines
                if line.is_open
            ]
            marks.enter_all(session, now, assessor, entries)


def _by_unit(stage: Stage, department: str, given: Marks) -> None:
    now, assessor = moment(stage.site, 54), stage.staff.assessors[department]
    for unit_id in stage.unit_ids.values():
        own = [
            MarkEntry(row_key, department, points, REMARK, "", 0)
            for (unit, row_key, who), points in given.items()
            if (unit, who) == (unit_id, department)
        ]
        with stage.site.database.writing() as session:
            marks.enter_marks(session, now, assessor, unit_id, own)


def _again(stage: Stage, unit_id: int, each: Mark) -> None:
    """Typed over the first version, knowing of it."""
    assessor = stage.staff.assessors[each.department]
    entry = MarkEntry(each.row_key, each.department, each.points, f"{REMARK}，复看后改", None, 1)
    with stage.site.database.writing() as session:
        marks.enter_marks(session, moment(stage.site, 55), assessor, unit_id, [entry])


def keep_ledger(stage: Stage) -> dict[str, list[int]]:
    """Events, what becomes of them, and late exemptions; the events' ids by unit, in the plan's order."""
    now, (admin, second) = moment(stage.site, 56), stage.staff.admins
    ids: dict[str, list[int]] = {}
    for unit, unit_id in stage.units():
        with stage.site.database.writing() as session:
            ids[unit.name] = [_record(stage, session, unit_id, event) for event in unit.events]
            _settle(stage, session, unit, unit_id, list(zip(unit.events, ids[unit.name], strict=True)))
            for each in _late(unit):
                ledger.exempt(session, now, admin, unit_id, *each)
            confirm_all(stage, session, now, second)
    return ids


def _record(stage: Stage, session: Session, unit_id: int, event: Event) -> int:
    """By one admin, and confirmed by the other: only then it has a number."""
    now, (admin, second) = moment(stage.site, 56), stage.staff.admins
    ledger.record_event(session, now, admin, unit_id, _entry(stage, event))
    confirm_all(stage, session, now, second)
    return session.scalar(select(func.max(Entered.id))) or 0


def _late(unit: Unit) -> Iterable[tuple[str, str, str]]:
    return [(each.row_key, each.reason, each.document) for each in unit.exemptions if each.late]


def _entry(stage: Stage, event: Event) -> EventEntry:
    happened_on = moment(stage.site, 20).date()
    return EventEntry(
        event.row_key, event.points, happened_on, event.document, event.reason, event.level, event.occasion
    )


def _settle(stage: Stage, session: Session, unit: Unit, unit_id: int, events: Sequence[tuple[Event, int]]) -> None:
    (admin, second), reporter = stage.staff.admins, stage.staff.reporters.get(unit.name)
    for event, event_id in events:
        if event.fate is Fate.CANCELLED:
            ledger.cancel_event(session, moment(stage.site, 57), admin, unit_id, event_id, "登记有误（样例）")
        elif event.fate is not Fate.STANDS:
            ledger.contest(session, moment(stage.site, 57), reporter or admin, unit_id, event_id, "与事实不符（样例）")
            ledger.answer_contest(
                session,
                moment(stage.site, 58),
                admin,
                unit_id,
                event_id,
                upheld=event.fate is Fate.UPHELD,
                reason="已核对原件（样例）",
            )
        confirm_all(stage, session, moment(stage.site, 58), second)
