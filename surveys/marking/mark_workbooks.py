"""Marks in a workbook: taken home, filled in, read again cell by cell, shown, then taken over, all or nothing."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from surveys.acts import audit
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import BadInput, NotFound, Refusal, WrongState
from surveys.acts.import_desk import ImportDesk, fingerprint, kept_name
from surveys.acts.permitted import permitted
from surveys.acts.table_files import Tables
from surveys.catalog.model import Framework, plain
from surveys.intake.headers import Faults
from surveys.marking.marking_sheets import Duty, Ground, department_for, duties, ground
from surveys.marking.marks import MOST_WORDS, Change, Entered, FaultyMarks, MarkEntry, changes, enter_all
from surveys.marking.uploads.marks import STANDARDS_SHEET, Expected, MarkKey, MarkLine, read_marks
from surveys.reporting.workbooks import SheetPlan, workbook
from surveys.scoring.marks import step_words
from surveys.scoring.score_sheet import ScoringRules
from surveys.season.assessments import assessment_of
from surveys.season.rosters import FaultyFile
from surveys.storage.tables import Import

DESK = ImportDesk(
    "marks",
    gone="没有等待确认的打分表：可能已经导入，或又上传了新的文件。请重新上传。",
    moved="打分在预览之后有了改动，什么都没有导入。请看新的预览，核对后再确认。",
)
TITLES = ("条目", "测评内容", "单位", "考核部门", "满分", "打分", "说明", "查看的材料", "标识（勿改）")
_NOT_IN_A_NAME = str.maketrans(dict.fromkeys("[]:*?/\\'"))


@dataclass(frozen=True)
class MarkPreview:
    """`changes`: what makes a new version; of these `overtaken` were marked by somebody else since the export.

    `untouched`: lines that say what was exported. `notes`: what was not read, as sentences. `hindrances`: why it cannot
    be taken over any more.
    """

    assessment_id: int
    title: str
    file_name: str
    changes: tuple[Change, ...]
    untouched: int
    notes: tuple[str, ...]
    hindrances: tuple[str, ...]
    fingerprint: str

    @property
    def is_empty(self) -> bool:
        return not self.changes

    @property
    def overtaken(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.overtaken)


@permitted(Permission.MARK)
def export_workbook(session: Session, actor: Actor, assessment_id: int, department: str | None = None) -> bytes:
    """Every mark a department is to give, with what it gave so far: imported again it changes nothing.

    Raises NotFound, NotAllowed.
    """
    wanted = department_for(actor, department)
    found = ground(session, assessment_id)
    own = [duty for duty in duties(found) if wanted in (None, duty.department)]
    if not own:
        raise NotFound(f"{wanted or '各部门'}在这次考核中没有要打分的条目。")
    plans = [_plan(found, each, own, number) for number, each in enumerate(found.frameworks.values(), start=1)]
    rows = [
        (each.title, row.standard.key, row.content.name, row.standard.text, plain(row.standard.points))
        for each in found.frameworks.values()
        for row in each.rows()
        if any((duty.unit.framework, duty.row) == (each.key, row) for duty in own)
    ]
    return workbook(
        [
            *(plan for plan in plans if plan.rows),
            SheetPlan(STANDARDS_SHEET, ("测评体系", "条目", "测评内容", "测评标准", "满分"), rows),
            SheetPlan("填写说明", ("列", "怎么填"), [_points_help(found), *_HELP]),
        ]
    )


def _points_help(found: Ground) -> tuple[str, str]:
    step = ScoringRules.from_json(found.assessment.rules).mark_step
    return "打分", f"0 到满分，{step_words(step)}。没有填的不改动。"


_HELP = (
    ("说明、查看的材料", f"可以不填，各最多 {MOST_WORDS} 个字。"),
    ("标识", "用来认出每一行，请不要改、不要删，不要合并单元格。"),
    ("行", "可以整行移动、排序、删去；删去的行不改动。请不要增加行。"),
)


def _plan(found: Ground, framework: Framework, own: Sequence[Duty], number: int) -> SheetPlan:
    """Row by row, the units under each, as one marks: all units on one thing."""
    edition = edition_of(framework)
    order = {row.standard.key: number for number, row in enumerate(framework.rows())}
    here = [duty for duty in own if duty.unit.framework == framework.key]
    lines = [
        (
            duty.row.standard.key,
            duty.row.content.name,
            duty.unit.name,
            duty.department,
            plain(duty.row.standard.points),
            str(duty.mark.points) if duty.mark else "",
            duty.mark.remark if duty.mark else "",
            duty.mark.evidence if duty.mark else "",
            MarkKey(
                found.assessment.id,
                framework.key,
                edition,
                duty.row.standard.key,
                duty.department,
                duty.unit.id,
                duty.mark.version if duty.mark else 0,
            ).text,
        )
        for duty in sorted(here, key=lambda duty: order[duty.row.standard.key])
    ]
    # Excel's own limits: 31 characters, some of them not.
    return SheetPlan(f"{number} {framework.title.translate(_NOT_IN_A_NAME)}"[:31], TITLES, lines)


def edition_of(framework: Framework) -> str:
    """Changes with the framework's content."""
    text = json.dumps(framework.to_json(), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


@permitted(Permission.MARK)
def read_workbook(
    session: Session, now: datetime, actor: Actor, assessment_id: int, file_name: str, tables: Tables
) -> int:
    """Keeps what is in a workbook to be shown, instead of the account's earlier one; the id to ask for it by.

    Raises NotFound, NotAllowed, BadInput; FaultyFile with every fault at its place.
    """
    wanted = department_for(actor, None)
    found = ground(session, assessment_id)
    expected = Expected(
        assessment_id,
        found.assessment.title,
        {key: edition_of(framework) for key, framework in found.frameworks.items()},
        {unit.id: unit.name for unit in found.units},
        wanted,
    )
    lines, notes, faults = read_marks(tables, expected, MOST_WORDS)
    if not faults.count and not lines:
        raise BadInput("表里没有打分的行。请用本站导出的打分表填写。")
    entries = _checked(session, actor, found, lines, faults)
    if faults.count:
        raise FaultyFile(faults.found, faults.left_out)
    name = kept_name(file_name)
    body = {"file": name, "marks": entries, "notes": notes}
    entry = DESK.keep(session, now, actor, assessment_id, body)
    audit.record(session, now, actor, "marks.read", found.assessment.title, name)
    session.commit()
    return entry.id


def _checked(
    session: Session, actor: Actor, found: Ground, lines: Sequence[MarkLine], faults: Faults
) -> list[list[Any]]:
    """The lines as kept; what the same rules as on the page say against them goes to `faults`."""
    due = {(duty.unit.id, duty.row.standard.key, duty.department) for duty in duties(found)}
    places = {(line.key.unit_id, line.key.row_key, line.key.department): line for line in lines}
    kept = []
    for place, line in places.items():
        if place in due:
            kept.append([place[0], place[1], place[2], line.points, line.remark, line.evidence, line.key.version])
        elif (reason := _not_due(session, actor, line)) is not None:
            faults.add(line.source.fault("points", f"{reason}请删去这一行。"))
    try:
        changes(session, actor, _entries(kept))
    except FaultyMarks as error:
        for place, text in error.faults.items():
            faults.add(places[place].source.fault("points", text))
    return kept


def _not_due(session: Session, actor: Actor, line: MarkLine) -> str | None:
    """Why a changed line's mark is not to be given any more; None for a line as it was exported."""
    key = line.key
    entry = MarkEntry(key.row_key, key.department, line.points, line.remark, line.evidence, key.version)
    try:
        found = changes(session, actor, [(key.unit_id, entry)])
    except Refusal as error:
        return str(error)
    return "这一条已经免考，不用打分。" if found else None


def _entries(kept: Sequence[Sequence[Any]]) -> list[tuple[int, MarkEntry]]:
    return [(unit_id, MarkEntry(*texts)) for unit_id, *texts in kept]


@permitted(Permission.MARK)
def preview(session: Session, actor: Actor, import_id: int) -> MarkPreview:
    """What taking the workbook over would change now. Raises NotFound, NotAllowed."""
    return _compared(session, actor, DESK.waiting(session, actor, import_id))


@permitted(Permission.MARK)
def apply(
    session: Session, now: datetime, actor: Actor, import_id: int, shown: str, *, confirmed: bool
) -> tuple[MarkPreview, Entered]:
    """Takes the workbook over, and forgets it. `shown`: the preview's fingerprint; `confirmed`: also where
    somebody else marked since the export. Raises NotFound, NotAllowed; WrongState with nothing changed.
    """
    entry = DESK.waiting(session, actor, import_id, take=True)
    found = _compared(session, actor, entry)
    if found.hindrances:
        raise WrongState(f"什么都没有导入。{''.join(found.hindrances)}")
    DESK.check_shown(found.fingerprint, shown)
    if found.overtaken and not confirmed:
        raise WrongState("有别人后来打的分，什么都没有导入。请核对后勾选“已核对，用表里的分”。")
    assessment = assessment_of(session, entry.assessment_id)
    session.delete(entry)
    audit.record(
        session, now, actor, "marks.import", assessment.title, f"{found.file_name}：{len(found.changes)} 处打分"
    )
    seen = [
        (change.unit_id, replace(change.entry, seen_version=change.last.version if change.last else 0))
        for change in found.changes
    ]
    return found, enter_all(session, now, actor, seen)


def _compared(session: Session, actor: Actor, entry: Import) -> MarkPreview:
    entries = _entries(entry.body["marks"])
    found: list[Change] = []
    hindrances: tuple[str, ...] = ()
    try:
        found = changes(session, actor, entries)
    except Refusal as error:
        hindrances = (f"现在不能导入：{error}请重新导出打分表。",)
    would = [[change.place, str(change.points), change.entry.remark, change.entry.evidence] for change in found]
    versions = [change.last.version if change.last else 0 for change in found]
    return MarkPreview(
        entry.assessment_id,
        assessment_of(session, entry.assessment_id).title,
        entry.body["file"],
        tuple(found),
        len(entries) - len(found),
        tuple(entry.body.get("notes", ())),  # none in one kept before they were
        hindrances,
        fingerprint([would, versions]),
    )
