"""The records of proceedings as they may be read: by whom, and which of them stand."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import NotAllowed, NotFound
from surveys.acts.permitted import permitted
from surveys.catalog.model import Framework, Method
from surveys.season.assessments import framework_of, unit_of
from surveys.season.rows import departments_of
from surveys.storage.files import Files
from surveys.storage.tables import Account, Proceeding, Unit

_AMENDS = re.compile(r"(更正|撤回)第 ([0-9]+) 号记录。\n", re.ASCII)


class ProceedingKind(StrEnum):
    REPORT = "report"  # the annual report, read
    HEARING = "hearing"
    INSPECTION = "inspection"
    TALK = "talk"  # for the assessment group alone
    FEEDBACK = "feedback"

    @property
    def label(self) -> str:
        return {
            "report": "审阅年度报告",
            "hearing": "听取汇报",
            "inspection": "检查实物资料",
            "talk": "个别谈话",
            "feedback": "反馈结果",
        }[self.value]


SHARED = (ProceedingKind.HEARING, ProceedingKind.INSPECTION)
"""What an assessor outside the group takes part in."""


@dataclass(frozen=True)
class ProceedingRecord:
    """A record as it is shown. `replaced_by`: the correction or withdrawal that came later; `withdraws`: it is one."""

    id: int
    unit_id: int
    kind: ProceedingKind
    row_key: str
    held_on: date
    people: str
    body: str = field(repr=False)
    has_photo: bool
    recorder: str
    made_at: datetime
    acknowledged_at: datetime | None
    acknowledger: str | None
    amends: int | None
    withdraws: bool
    replaced_by: int | None

    @property
    def text(self) -> str:
        """The body without the line that names an older record."""
        return _AMENDS.sub("", self.body, count=1)

    @property
    def stands(self) -> bool:
        return self.replaced_by is None and not self.withdraws


def in_group(actor: Actor, framework: Framework) -> bool:
    """The assessment group of a framework: who decides, and the assessors of its default department."""
    if actor.may(Permission.DECIDE):
        return True
    return actor.may(Permission.REVIEW) and actor.department == framework.default_department


@permitted(Permission.REVIEW)
def unit_records(session: Session, actor: Actor, unit_id: int) -> list[ProceedingRecord]:
    """What this account may read of a unit's records, by date. Raises NotFound, NotAllowed.

    The group reads everything. Another assessor reads what is about a row of the own department, talks never.
    """
    unit = unit_of(session, unit_id)
    allowed = may_read(actor, unit)
    return [record for record in all_records(session, unit) if allowed(record.kind, record.row_key)]


@permitted(Permission.SEE_OWN_UNIT)
def own_feedback(session: Session, actor: Actor) -> list[ProceedingRecord]:
    """The feedback given to a reporter's own unit, the newest first. Raises NotAllowed."""
    if actor.unit_id is None:
        raise NotAllowed("反馈由被考核单位的报送员查看。")
    records = all_records(session, unit_of(session, actor.unit_id), ProceedingKind.FEEDBACK)
    return records[::-1]


@permitted(Permission.REVIEW)
def kinds_for(session: Session, actor: Actor, unit_id: int) -> tuple[ProceedingKind, ...]:
    """The kinds of record this account may add for a unit. Raises NotFound."""
    unit = unit_of(session, unit_id)
    if in_group(actor, framework_of(unit.assessment, unit.framework)):
        return tuple(ProceedingKind)
    if actor.may(Permission.REVIEW) and rows_for(session, actor, unit_id):
        return SHARED
    return ()


@permitted(Permission.REVIEW)
def rows_for(session: Session, actor: Actor, unit_id: int) -> list[tuple[str, str]]:
    """(key, name) of the unit's rows a record may be about: all for the group, else those of the own department."""
    unit = unit_of(session, unit_id)
    framework = framework_of(unit.assessment, unit.framework)
    tags = [tag.tag for tag in unit.tags]
    everything = in_group(actor, framework)
    return [
        (row.standard.key, row.content.name)
        for row in framework.rows()
        if row.standard.applies(tags)
        and Method.DEMOCRATIC not in row.standard.methods
        and (everything or actor.department in departments_of(framework, row.standard, unit))
    ]


@permitted(Permission.REVIEW)
def photo(session: Session, actor: Actor, photos: Files, unit_id: int, proceeding_id: int) -> bytes:
    """Raises NotFound, NotAllowed."""
    proceeding = readable(session, actor, unit_of(session, unit_id), proceeding_id)
    if proceeding.digest is None:
        raise NotFound("这条记录没有照片。")
    data = photos.read(proceeding.digest)
    if data is None:
        raise NotFound("照片的文件不在了，或与保存时不一致，请联系管理员。")
    return data


def standing_by_unit(session: Session, unit_ids: Sequence[int]) -> dict[int, list[Proceeding]]:
    """The records that stand, by unit: neither corrected nor withdrawn nor a withdrawal."""
    found = session.scalars(select(Proceeding).where(Proceeding.unit_id.in_(unit_ids)).order_by(Proceeding.id)).all()
    replaced = replacements(found)
    standing: dict[int, list[Proceeding]] = {unit_id: [] for unit_id in unit_ids}
    for entry in found:
        amends = amendment(entry)
        if entry.id not in replaced and (amends is None or amends[0] != "撤回"):
            standing[entry.unit_id].append(entry)
    return standing


def replacements(entries: Iterable[Proceeding]) -> dict[int, int]:
    """Which record was replaced by which."""
    found = ((entry.id, amendment(entry)) for entry in entries)
    return {amends[1]: entry_id for entry_id, amends in found if amends is not None}


def amendment(entry: Proceeding) -> tuple[str, int] | None:
    """(更正 or 撤回, the record it takes the place of), or None for a record of its own."""
    match = _AMENDS.match(entry.body)
    return None if match is None else (match[1], int(match[2]))


def may_read(actor: Actor, unit: Unit) -> Callable[[str, str], bool]:
    """Whether this account may read a record of a kind about a row: the group everything; another assessor hearings
    and inspections about a row of the own department; nobody else anything.
    """
    framework = framework_of(unit.assessment, unit.framework)
    if in_group(actor, framework):
        return lambda kind, row_key: True
    if not actor.may(Permission.REVIEW):
        return lambda kind, row_key: False
    own = rows_marked_by(actor, framework, unit)
    return lambda kind, row_key: kind in SHARED and row_key in own


def rows_marked_by(actor: Actor, framework: Framework, unit: Unit) -> frozenset[str]:
    """Keys of the rows that the account's department marks for this unit."""
    return frozenset(
        row.standard.key
        for row in framework.rows()
        if actor.department in departments_of(framework, row.standard, unit)
    )


def readable(session: Session, actor: Actor, unit: Unit, proceeding_id: int) -> Proceeding:
    """To who may not read it, it does not exist: nobody learns the number of a talk by asking. Raises NotFound."""
    found = session.get(Proceeding, proceeding_id)
    if found is None or found.unit_id != unit.id or not may_read(actor, unit)(found.kind, found.row_key):
        raise NotFound("这个单位没有这条记录。")
    return found


def all_records(session: Session, unit: Unit, kind: ProceedingKind | None = None) -> list[ProceedingRecord]:
    """Everything, by date; for who may read it."""
    query = (
        select(Proceeding)
        .where(Proceeding.unit_id == unit.id, *([] if kind is None else [Proceeding.kind == kind.value]))
        .order_by(Proceeding.held_on, Proceeding.id)
    )
    found = session.scalars(query).all()
    people = {entry.account_id for entry in found} | {entry.acknowledged_by for entry in found}
    accounts = session.execute(select(Account.id, Account.name).where(Account.id.in_(people - {None})))
    names: dict[int | None, str] = {account_id: name for account_id, name in accounts}
    replaced = replacements(found)
    return [_record(entry, names, replaced) for entry in found]


def _record(entry: Proceeding, names: dict[int | None, str], replaced: dict[int, int]) -> ProceedingRecord:
    amends = amendment(entry)
    return ProceedingRecord(
        id=entry.id,
        unit_id=entry.unit_id,
        kind=ProceedingKind(entry.kind),
        row_key=entry.row_key,
        held_on=entry.held_on,
        people=entry.people,
        body=entry.body,
        has_photo=entry.digest is not None,
        recorder=names.get(entry.account_id, "命令行"),
        made_at=entry.made_at,
        acknowledged_at=entry.acknowledged_at,
        acknowledger=names.get(entry.acknowledged_by),
        amends=None if amends is None else amends[1],
        withdraws=amends is not None and amends[0] == "撤回",
        replaced_by=replaced.get(entry.id),
    )
