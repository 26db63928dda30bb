"""Units and leaders from a file, in two steps: read and shown, then taken over, all or nothing."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from surveys.acts import audit, proposals
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import BadInput, WrongState
from surveys.acts.import_desk import ImportDesk, kept_name
from surveys.acts.permitted import permitted
from surveys.acts.proposals import Draft, ProposalKind, Spot
from surveys.acts.table_files import Tables
from surveys.catalog.model import Framework
from surveys.intake.cleaning import name_key
from surveys.intake.headers import Fault
from surveys.reporting.csv_cells import harmless
from surveys.reporting.workbooks import SheetPlan, workbook
from surveys.season import shut
from surveys.season.assessments import (
    assessment_of,
    departments_in,
    frameworks_of,
    locked_assessment,
)
from surveys.season.roster_changes import Preview, compare, units_by_key
from surveys.season.shut import Act
from surveys.season.uploads.rosters import Known, Roster, UnitRow
from surveys.season.uploads.rosters import read_roster as parse_roster
from surveys.storage.tables import Assessment, Document, Leader, RowChoice, Unit, UnitTag

DESK = ImportDesk(
    "roster",
    gone="没有等待确认的名单：可能已经导入，或又上传了新的文件。请重新上传。",
    moved="名单在预览之后有了改动，什么都没有导入。请看新的预览，核对后再确认。",
)
UNIT_TITLES = ("单位名称", "类别", "测评体系", "标签", "考核部门")
DECIDING = ("测评体系", "标签", "考核部门")
"""Fields of a unit that say which rows count for it, and who marks them."""
LEADER_TITLES = ("单位名称", "序号", "姓名", "职务")


class FaultyFile(BadInput):
    """A file that was read and holds faults. `left_out`: how many more there are than `faults`."""

    def __init__(self, faults: Sequence[Fault], left_out: int) -> None:
        self.faults = tuple(faults)
        self.left_out = left_out
        lines = [str(fault) for fault in faults] + ([f"还有 {left_out} 处。"] if left_out else [])
        super().__init__("\n".join([f"文件里有 {len(faults) + left_out} 处要改，什么都没有导入。", *lines]))


@permitted(Permission.DECIDE)
def read_roster(
    session: Session, now: datetime, actor: Actor, assessment_id: int, file_name: str, tables: Tables
) -> int:
    """Keeps what is in a file to be shown, instead of the account's earlier one; the id to ask for it by.

    Raises NotFound, NotAllowed, BadInput; FaultyFile with every fault at its place.
    """
    assessment = assessment_of(session, assessment_id)
    roster = _parsed(assessment, tables)
    body = {"file": kept_name(file_name), **roster.to_json()}
    entry = DESK.keep(session, now, actor, assessment_id, body)
    audit.record(session, now, actor, "roster.read", assessment.title, body["file"])
    session.commit()
    return entry.id


@permitted(Permission.DECIDE)
def preview(session: Session, actor: Actor, import_id: int) -> Preview:
    """What taking the file over would change now. Raises NotFound, NotAllowed."""
    entry = DESK.waiting(session, actor, import_id)
    return _compared(session, entry.assessment_id, entry.body["file"], Roster.from_json(entry.body))


@permitted(Permission.DECIDE)
def apply(session: Session, now: datetime, actor: Actor, import_id: int, fingerprint: str) -> tuple[Preview, bool]:
    """Takes the file over, and forgets it. `fingerprint`: of the preview that was shown. Whether it is done: a list
    that changes what units are assessed by, while they are marked, waits for a second hand as a whole.

    Raises NotFound, NotAllowed; WrongState when it would change other things than were shown, or cannot be.
    """
    entry = DESK.waiting(session, actor, import_id, take=True)
    assessment = locked_assessment(session, entry.assessment_id)
    roster = Roster.from_json(entry.body)
    found = compare(session, assessment, roster, entry.body["file"])
    DESK.check_shown(found.fingerprint, fingerprint)
    session.delete(entry)
    take = partial(_take_over, session, now, actor, assessment, roster, found)
    spots = _deciding(assessment, found)
    if not spots:
        take()
        session.commit()
        return found, True
    act = {"roster": roster.to_json(), "file": found.file_name, "fingerprint": fingerprint}
    draft = Draft(ProposalKind.ROSTER, act, spots)
    return found, proposals.save(session, now, actor, assessment, draft, take) is not None


def _deciding(assessment: Assessment, found: Preview) -> list[Spot]:
    """What it changes of units that are there and decides which rows count for them, and who marks them."""
    ids = {unit.name: unit.id for unit in assessment.units}
    return [
        Spot(
            f"名单“{found.file_name}”把{each.label}由“{each.old or '无'}”改为“{each.new or '无'}”",
            ids[unit.name],
            unit.name,
        )
        for unit in found.changed
        for each in unit.fields
        if each.label in DECIDING
    ]


@permitted(Permission.DECIDE)
def confirm(session: Session, now: datetime, actor: Actor, assessment_id: int, act: Document) -> None:
    """What was proposed, if it changes the same now. Raises NotFound, WrongState."""
    assessment = locked_assessment(session, assessment_id)
    roster = Roster.from_json(act["roster"])
    found = compare(session, assessment, roster, act["file"])
    if found.fingerprint != act["fingerprint"]:
        raise WrongState("名单在提出以后有了改动。")
    _take_over(session, now, actor, assessment, roster, found)
    session.commit()


@permitted(Permission.DECIDE)
def import_file(
    session: Session, now: datetime, actor: Actor, assessment_id: int, file_name: str, tables: Tables, *, write: bool
) -> Preview:
    """Both steps at once, for the command line. Raises like `read_roster` and `apply`."""
    assessment = locked_assessment(session, assessment_id)
    roster = _parsed(assessment, tables)
    found = compare(session, assessment, roster, kept_name(file_name))
    if write:
        _take_over(session, now, actor, assessment, roster, found)
        session.commit()
    return found


def _parsed(assessment: Assessment, tables: Tables) -> Roster:
    frameworks = frameworks_of(assessment)
    units = {unit.name: unit.framework for unit in assessment.units}
    roster, faults = parse_roster(tables, Known(frameworks, units, departments_in(frameworks)))
    if faults.count:
        raise FaultyFile(faults.found, faults.left_out)
    return roster


def _compared(session: Session, assessment_id: int, file_name: str, roster: Roster) -> Preview:
    return compare(session, assessment_of(session, assessment_id), roster, file_name)


def _take_over(
    session: Session, now: datetime, actor: Actor, assessment: Assessment, roster: Roster, found: Preview
) -> bool:
    """The caller commits."""
    shut.require(assessment, Act.SET_UP)
    if found.hindrances:
        raise WrongState("什么都没有导入。" + "".join(found.hindrances))
    touched = {change.name for change in (*found.added, *found.changed)}
    here = units_by_key(assessment)
    position = max((unit.position for unit in assessment.units), default=0)
    for row in roster.units:
        unit = here.get(name_key(row.name))
        if (unit.name if unit else row.name) not in touched:
            continue
        if unit is None:
            position += 1
            unit = Unit(assessment_id=assessment.id, position=position, name=row.name)
            session.add(unit)
        _write(session, unit, row)
    if not found.is_empty:
        detail = f"{found.file_name}：新增 {len(found.added)} 个单位，修改 {len(found.changed)} 个单位"
        audit.record(session, now, actor, "roster.import", assessment.title, detail)
    try:
        session.flush()
    except IntegrityError:  # a unit of that name added by hand meanwhile
        session.rollback()
        raise WrongState("名单刚刚被别人改动，什么都没有导入。请重新打开预览核对。") from None
    return True


def _write(session: Session, unit: Unit, row: UnitRow) -> None:
    if row.category is not None:
        unit.category = row.category
    if row.framework is not None and row.framework != unit.framework:
        unit.framework = row.framework
        session.execute(delete(RowChoice).where(RowChoice.unit_id == unit.id))
    if row.department is not None:
        unit.department = row.department or None
    session.flush()
    if row.tags is not None:
        session.execute(delete(UnitTag).where(UnitTag.unit_id == unit.id))
        session.add_all(UnitTag(unit_id=unit.id, tag=tag) for tag in row.tags)
    if row.leaders is not None:
        session.execute(delete(Leader).where(Leader.unit_id == unit.id))
        session.add_all(
            Leader(unit_id=unit.id, position=position, name=leader.name, post=leader.post)
            for position, leader in enumerate(row.leaders, start=1)
        )


@permitted(Permission.DECIDE)
def export_roster(session: Session, actor: Actor, assessment_id: int) -> bytes:
    """The units and leaders as they are, as .xlsx: imported again it changes nothing. Raises NotFound, NotAllowed."""
    assessment = assessment_of(session, assessment_id)
    titles = _framework_names(frameworks_of(assessment))
    units = [
        (
            unit.name,
            unit.category,
            titles[unit.framework],
            "、".join(tag.tag for tag in unit.tags),
            unit.department or "",
        )
        for unit in assessment.units
    ]
    leaders = [
        (unit.name, str(leader.position), leader.name, leader.post)
        for unit in assessment.units
        for leader in unit.leaders
    ]
    return workbook([SheetPlan("单位", UNIT_TITLES, units), SheetPlan("领导", LEADER_TITLES, leaders)])


def _framework_names(frameworks: Sequence[Framework]) -> dict[str, str]:
    """Titles where they tell the frameworks apart, else keys."""
    titles = [framework.title for framework in frameworks]
    return {each.key: each.title if titles.count(each.title) == 1 else each.key for each in frameworks}


@permitted(Permission.DECIDE)
def template_workbook(session: Session, actor: Actor, assessment_id: int) -> bytes:
    """An .xlsx to fill in, with an invented example and what goes where. Raises NotFound, NotAllowed."""
    frameworks = _frameworks(session, actor, assessment_id)
    help_rows = [
        ("先删去", "“单位”“领导”两张表里的样例行，再填自己的名单。列的先后可以变，列名不要改。"),
        ("单位名称", "必填。两张表里同一单位写法要一致。"),
        ("类别", "必填，如“市直单位”。排名在同一类别内进行。"),
        ("测评体系", "必填，可写名称里的一段。" + "；".join(f"{each.title}（{each.key}）" for each in frameworks)),
        ("标签", "决定哪些条目适用，几个标签之间用顿号，没有就留空。" + _tag_help(frameworks)),
        (
            "考核部门",
            "本单位自己也给别的单位打分时，照测评体系写它打分用的名称（回避：不给自己打分），没有就留空。"
            f"可用的有：{'、'.join(departments_in(frameworks))}。",
        ),
        ("序号", "领导在选票上的先后，可以留空；留空按表里的先后。"),
        ("姓名、职务", "必填，一人一行。"),
    ]
    units, leaders = _example(frameworks)
    return workbook(
        [
            SheetPlan("单位", UNIT_TITLES, units),
            SheetPlan("领导", LEADER_TITLES, leaders),
            SheetPlan("填写说明", ("列", "怎么填"), help_rows),
        ]
    )


@permitted(Permission.DECIDE)
def template_csv(session: Session, actor: Actor, assessment_id: int) -> bytes:
    """The same on one sheet, as CSV that Excel opens as UTF-8."""
    units, leaders = _example(_frameworks(session, actor, assessment_id))
    about = {unit[0]: unit for unit in units}
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow((*UNIT_TITLES, *LEADER_TITLES[1:]))
    writer.writerows([harmless(cell) for cell in (*about[unit], *rest)] for unit, *rest in leaders)
    return text.getvalue().encode("utf-8-sig")


def _frameworks(session: Session, actor: Actor, assessment_id: int) -> list[Framework]:
    return frameworks_of(assessment_of(session, assessment_id))


def _tag_help(frameworks: Sequence[Framework]) -> str:
    return "".join(f"“{each.title}”的标签：{'、'.join(each.tags)}。" for each in frameworks if each.tags)


def _example(frameworks: Sequence[Framework]) -> tuple[list[Any], list[Any]]:
    """Invented units, each of another framework as far as there are, and their leaders."""
    names = _framework_names(frameworks)
    both = (frameworks[0], frameworks[-1])
    units = [
        (name, category, names[each.key], "、".join(each.tags[:1]), "")
        for name, category, each in zip(("样例局", "样例县"), ("样例类别一", "样例类别二"), both, strict=True)
    ]
    leaders = [
        ("样例局", "1", "样例甲", "党组书记、局长"),
        ("样例局", "2", "样例·买买提", "党组成员、副局长"),
        ("样例县", "1", "样例乙", "县委书记"),
    ]
    return units, leaders
