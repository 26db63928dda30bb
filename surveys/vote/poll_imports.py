"""Many polls at once: a file is read and kept, shown with every fault, and made into drafts, all of them or none."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import BadInput
from surveys.acts.import_desk import ImportDesk, fingerprint, kept_name
from surveys.acts.permitted import permitted
from surveys.acts.table_files import Tables
from surveys.intake import typed
from surveys.intake.headers import Fault, Faults, HeadedRow
from surveys.intake.tables import Table, TableRow
from surveys.season import shut
from surveys.season.assessments import assessment_of
from surveys.season.shut import Act
from surveys.storage.tables import Assessment, Import, Poll, Unit
from surveys.vote.poll_entries import PollEntry, faults_of
from surveys.vote.polls import add_poll
from surveys.vote.uploads.poll_plans import PollPlan, read_plans

DESK = ImportDesk(
    "polls",
    gone="没有这份待导入的表，可能已经导入过了。请看测评会列表，或重新上传。",
    moved="计划表在预览之后换过或有了改动，一场测评会也没有建。请看新的预览，核对后再确认。",
)


@dataclass(frozen=True)
class PlannedPoll:
    """A row as it would be made."""

    sheet: str
    row: int
    unit: str
    entry: PollEntry


@dataclass(frozen=True)
class ImportPreview:
    """What a kept file would make. `skipped`: rows that name a unit and nothing else. `notes`: what was not read, as
    sentences. `left_out`: how many faults there are more. `hindrances`: why nothing is made now. `fingerprint`: of the
    polls."""

    assessment_id: int
    title: str
    file_name: str
    polls: tuple[PlannedPoll, ...]
    faults: tuple[Fault, ...]
    left_out: int
    notes: tuple[str, ...]
    skipped: int
    hindrances: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return not self.polls and not self.faults

    @property
    def fingerprint(self) -> str:
        return fingerprint([asdict(each) for each in self.polls])


@permitted(Permission.RUN_POLLS)
def read_file(session: Session, now: datetime, actor: Actor, assessment_id: int, file_name: str, tables: Tables) -> int:
    """Keeps what was read of a file until it is taken over, instead of the account's earlier one for the assessment.

    Raises NotFound, NotAllowed, WrongState.
    """
    shut.require(assessment_of(session, assessment_id), Act.SET_UP)
    body = {"file": kept_name(file_name), "tables": [_to_json(each) for each in tables]}
    kept = DESK.keep(session, now, actor, assessment_id, body)
    session.commit()
    return kept.id


@permitted(Permission.RUN_POLLS)
def preview(session: Session, actor: Actor, import_id: int) -> ImportPreview:
    """What a kept file would make of the units as they are now. Raises NotFound."""
    return _planned(session, DESK.waiting(session, actor, import_id))


def _planned(session: Session, kept: Import) -> ImportPreview:
    found = read_plans([_from_json(each) for each in kept.body["tables"]])
    assessment = assessment_of(session, kept.assessment_id)
    faults = found.faults
    _check_units(faults, found.units, assessment)
    plans, polls = [], []
    for plan in found.plans:
        unit = _unit(assessment, plan.unit)
        if unit is None:
            continue
        entry = _entry(plan, unit)
        for fault in faults_of(entry):
            faults.add(plan.source.fault(fault.field.split("-")[0], fault.text))
        polls.append(PlannedPoll(plan.source.header.sheet, plan.source.row.number, unit.name, entry))
        plans.append(plan)
    _check_twice(faults, session, plans, polls)
    return ImportPreview(
        kept.assessment_id,
        assessment.title,
        kept.body["file"],
        tuple(polls),
        tuple(faults.found),
        faults.left_out,
        tuple(found.notes),
        found.skipped,
        tuple(filter(None, [shut.why_shut(assessment, Act.SET_UP)])),
    )


@permitted(Permission.RUN_POLLS)
def apply(session: Session, now: datetime, actor: Actor, import_id: int, fingerprint: str) -> list[int]:
    """Makes every poll of a kept file, in one transaction. `fingerprint`: of the preview that was shown.

    Raises NotFound, BadInput when anything is at fault, WrongState when other polls were shown.
    """
    kept = DESK.waiting(session, actor, import_id, take=True)
    planned = _planned(session, kept)
    if planned.faults:
        raise BadInput(
            f"表里有 {len(planned.faults) + planned.left_out} 处要改，一场测评会也没有建。请改好后重新上传。"
        )
    DESK.check_shown(planned.fingerprint, fingerprint)
    made = [add_poll(session, now, actor, each.entry).id for each in planned.polls]
    session.delete(kept)
    session.commit()
    return made


def _to_json(table: Table) -> dict[str, Any]:
    rows = [(row.number, row.texts, list(row.merged.items()), list(row.unread.items())) for row in table.rows]
    return {"name": table.name, "rows": rows, "hidden": table.hidden}


def _from_json(data: Mapping[str, Any]) -> Table:
    """Sheets kept before that do not say whether they are hidden."""
    return Table(data["name"], tuple(_row(*row) for row in data["rows"]), data.get("hidden", False))


def _row(number: int, texts: Sequence[str], merged: Sequence[Any] = (), unread: Sequence[Any] = ()) -> TableRow:
    """Rows kept before merged areas and cells without a value were have only the first two."""
    areas = {column: (top, left) for column, (top, left) in merged}
    return TableRow(number, tuple(texts), areas, {column: why for column, why in unread})


def _unit(assessment: Assessment, name: str) -> Unit | None:
    return next((unit for unit in assessment.units if typed.plain(unit.name) == typed.plain(name)), None)


def _check_units(faults: Faults, sources: Sequence[HeadedRow], assessment: Assessment) -> None:
    for source in sources:
        name = typed.visible(source.text("unit")).strip()
        if _unit(assessment, name) is not None:
            continue
        near = [unit.name for unit in assessment.units if name in unit.name or unit.name in name][:3]
        hint = f"是不是：{'、'.join(near)}？" if near else "请核对名称，或先在考核里添加这个单位。"
        faults.add(source.fault("unit", f"考核“{assessment.title}”里没有这个单位。{hint}"))


def _entry(plan: PollPlan, unit: Unit) -> PollEntry:
    return PollEntry(
        unit_id=unit.id,
        title=plan.title,
        entitled=plan.entitled,
        reserve=plan.reserve,
        classes=plan.classes,
        organization=plan.organization,
        leader=plan.leader,
        blank=plan.blank,
        quorum=plan.quorum,
        rehearsal=plan.rehearsal,
        two_person=plan.two_person,
        held_on=plan.held_on,
        place=plan.place,
    )


Same = tuple[int, str, Any, bool]


def _check_twice(faults: Faults, session: Session, plans: Sequence[PollPlan], polls: Sequence[PlannedPoll]) -> None:
    """Polls of one unit, title and day: in the file, or one that is there already, as after a file is sent twice."""

    def same(entry: PollEntry | Poll) -> Same:
        return entry.unit_id, entry.title.strip(), entry.held_on, entry.rehearsal

    units = {each.entry.unit_id for each in polls}
    there_now = select(Poll).where(Poll.unit_id.in_(units), Poll.set_aside_at.is_(None)).order_by(Poll.id)
    there = {same(poll): poll.id for poll in session.scalars(there_now)}
    seen: dict[Same, HeadedRow] = {}
    for plan, each in zip(plans, polls, strict=True):
        key = same(each.entry)
        first = seen.setdefault(key, plan.source)
        if first is not plan.source:
            before = first.seen_from(plan.source)
            faults.add(plan.source.fault("unit", f"和{before}的单位、名称、日期都相同。请删去一行，或改名称。"))
        elif key in there:
            text = f"这个单位已有名称和日期相同的测评会（编号 {there[key]}）。请从表里删去这一行，或改名称。"
            faults.add(plan.source.fault("unit", text))
