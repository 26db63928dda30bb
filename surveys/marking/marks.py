"""Entering marks. On the democratic row a mark proposes another value than the poll's (see `democratic`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts import audit, proposals
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import BadInput, NotAllowed, Refusal, WrongState
from surveys.acts.permitted import permitted
from surveys.acts.proposals import Draft, ProposalKind, Spot
from surveys.catalog.model import Framework, Method, Standard
from surveys.intake.cleaning import clean_line
from surveys.marking.standing_marks import LastMark, Place, history
from surveys.scoring.marks import FINEST, BadPoints, parse_points
from surveys.scoring.score_sheet import ScoringRules
from surveys.season.assessments import held_assessment, is_marking, unit_of
from surveys.season.open_rows import require_open
from surveys.season.rows import UnitRows, departments_of, rows_of_unit
from surveys.storage.tables import Assessment, Mark, Unit

MOST_WORDS = 500
"""In a remark, or a note of what was looked at."""

SHORTEST_BASIS = 10
"""Characters of the reason a comprehensive mark (综合评定) needs."""


@dataclass(frozen=True)
class MarkEntry:
    """One department's points for one row, as typed.

    `seen_version`: of the mark it was typed over, 0 for none: what is as it was seen is left alone, and what somebody
    else marked since is told. None: the next version, whatever there is. `evidence`: what was looked at; None: as it
    was noted before.
    """

    row_key: str
    department: str
    points: str
    remark: str = ""
    evidence: str | None = None
    seen_version: int | None = None


@dataclass(frozen=True)
class Change:
    """An entry that makes a new version. `last`: the mark as it is now; `overtaken`: that is not what was seen.
    `democratic`: another value than the poll's, which has a second hand of its own (see `democratic`)."""

    unit_id: int
    unit: str
    entry: MarkEntry
    points: Decimal
    last: LastMark | None
    overtaken: bool
    democratic: bool = False

    @property
    def place(self) -> Place:
        return self.unit_id, self.entry.row_key, self.entry.department


@dataclass(frozen=True)
class Entered:
    """How many marks count at once, and how many wait for a second hand, by whose department they are for."""

    entered: int
    proposed: int = 0


class FaultyMarks(BadInput):
    """Marks that cannot be taken. `faults`: why, by place."""

    def __init__(self, faults: Mapping[Place, str], lines: Sequence[str]) -> None:
        self.faults = faults
        super().__init__("\n".join([*lines, "全部没有保存，请改好后一起提交。"]))


class Overtaken(WrongState):
    """Somebody else marked in the meantime. `changes`: all that were to be saved, those that were overtaken too."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self.changes = tuple(change for change in changes if change.overtaken)
        super().__init__("\n".join([*map(_told, self.changes), "全部没有保存，请逐处选定用哪个分，再提交。"]))


def _told(change: Change) -> str:
    last = change.last
    assert last is not None
    return (
        f"{change.unit} {change.entry.row_key}：您填 {change.points} 分，"
        f"{last.author}已在您打开之后改为 {last.points} 分（第 {last.version} 版）。"
    )


@permitted(Permission.MARK)
def enter_marks(session: Session, now: datetime, actor: Actor, unit_id: int, entries: Sequence[MarkEntry]) -> Entered:
    """Adds the next version of each mark of a unit, all or none. Raises like `enter_all`."""
    return enter_all(session, now, actor, [(unit_id, entry) for entry in entries])


@permitted(Permission.MARK)
def enter_all(
    session: Session,
    now: datetime,
    actor: Actor,
    entries: Sequence[tuple[int, MarkEntry]],
    second: Actor | None = None,
) -> Entered:
    """Adds the next version of each mark (unit id, entry), all or none; how many there were to add. Raises NotFound,
    NotAllowed, WrongState, AlreadyDone; FaultyMarks names every one that is wrong, Overtaken those somebody else
    changed.

    What is not the actor's own department's is proposed, once marking is decided by two; `second` confirms. On the
    democratic row a mark proposes another value than the poll's, and needs a reason.
    """
    ids = {unit_id for unit_id, _ in entries}
    rounds = select(Unit.assessment_id).where(Unit.id.in_(ids)).distinct().order_by(Unit.assessment_id)
    for assessment_id in session.scalars(rounds).all():
        held_assessment(session, assessment_id)
    # Two who save the same marks go one after the other. FOR NO KEY UPDATE: rows that refer to the unit need not wait.
    session.execute(select(Unit.id).where(Unit.id.in_(ids)).order_by(Unit.id).with_for_update(key_share=True))
    try:
        found = changes(session, actor, entries)
        if any(change.overtaken for change in found):
            raise Overtaken(found)
    except Refusal:
        session.rollback()
        raise
    proposed = [] if second is not None else [change for change in found if _asks_two(session, actor, change)]
    at_once = [change for change in found if change not in proposed]
    if proposed:
        _propose(session, now, actor, proposed)
    for change in at_once:
        _add_mark(session, now, actor, change, second)
    session.commit()
    return Entered(len(at_once), len(proposed))


def _asks_two(session: Session, actor: Actor, change: Change) -> bool:
    if change.democratic or actor.department == change.entry.department:
        return False
    return proposals.asks_two(unit_of(session, change.unit_id).assessment, actor)


def _propose(session: Session, now: datetime, actor: Actor, found: Sequence[Change]) -> None:
    """All of one save, as one; an assessment is marked at a time."""
    departments = sorted({change.entry.department for change in found})
    act = {"marks": [_kept(change) for change in found]}
    draft = Draft(ProposalKind.MARKS, act, list(map(_spot, found)), departments)
    assessment = unit_of(session, found[0].unit_id).assessment
    # Checked by `changes` as it will be again: to add a mark refuses nothing.
    proposals.propose(session, now, actor, assessment, draft, lambda: None)


def _kept(change: Change) -> list[Any]:
    entry = change.entry
    seen = 0 if change.last is None else change.last.version
    return [change.unit_id, entry.row_key, entry.department, str(change.points), entry.remark, entry.evidence, seen]


def kept_entries(act: Mapping[str, Any]) -> list[tuple[int, MarkEntry]]:
    """What was proposed, as `enter_all` takes it: typed over what stood then."""
    return [(unit_id, MarkEntry(*texts)) for unit_id, *texts in act["marks"]]


def _spot(change: Change) -> Spot:
    entry, last = change.entry, change.last
    what = f"打 {change.points} 分" if last is None else f"由 {last.points} 分改为 {change.points} 分"
    said = f"（说明：{entry.remark}）" if entry.remark else ""
    return Spot(what + said, change.unit_id, change.unit, entry.row_key, entry.department)


@permitted(Permission.MARK)
def changes(session: Session, actor: Actor, entries: Sequence[tuple[int, MarkEntry]]) -> list[Change]:
    """What the entries would change, checked, nothing written. Raises like `enter_all`, but for Overtaken."""
    versions = history(session, {unit_id for unit_id, _ in entries}, {entry.row_key for _, entry in entries})
    several = len({unit_id for unit_id, _ in entries}) > 1
    rows = _Rows(session)
    faults: dict[Place, str] = {}
    lines = []
    found = []
    for unit_id, entry in entries:
        place = (unit_id, entry.row_key, entry.department)
        try:
            change = _change(rows, actor, unit_id, entry, versions.get(place, {}))
        except BadInput as error:
            faults[place] = str(error)
            where = f"{unit_of(session, unit_id).name} {entry.row_key}" if several else entry.row_key
            lines.append(f"{where}：{error}")
            continue
        if change is not None:
            found.append(change)
    if faults:
        raise FaultyMarks(faults, lines)
    return found


class _Rows:
    """The rows that the entries of one call are about: a workbook has thousands of a hundred units, and each unit and
    its framework are looked up once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._units: dict[int, UnitRows] = {}
        self._marking: set[int] = set()
        self._steps: dict[int, Decimal] = {}

    def open_row(self, unit_id: int, row_key: str) -> tuple[Unit, Framework, Standard]:
        """Raises like `row_of` and `require_open`."""
        if unit_id not in self._units:
            self._units[unit_id] = rows_of_unit(self._session, unit_id)
        found = self._units[unit_id]
        standard = found.standard(row_key)
        assessment = found.unit.assessment
        if assessment.id not in self._marking:
            require_open(self._session, unit_id, row_key)
            if is_marking(assessment):  # it stays so until the caller commits, and every row is open
                self._marking.add(assessment.id)
        return found.unit, found.framework, standard

    def step(self, assessment: Assessment, standard: Standard) -> Decimal:
        """What points of the row are multiples of: any, where two people confirm another value than a poll's."""
        if Method.DEMOCRATIC in standard.methods:
            return FINEST
        if assessment.id not in self._steps:
            self._steps[assessment.id] = ScoringRules.from_json(assessment.rules).mark_step
        return self._steps[assessment.id]


def _change(
    rows: _Rows, actor: Actor, unit_id: int, entry: MarkEntry, versions: Mapping[int, LastMark]
) -> Change | None:
    row_key, department = entry.row_key, entry.department
    may_mark = actor.may(Permission.DECIDE) or actor.department == department
    seen = versions.get(entry.seen_version or 0)
    last = versions[max(versions)] if versions else None
    if may_mark and entry.seen_version is not None and _as_it_was(entry, seen):
        return None
    unit, framework, standard = rows.open_row(unit_id, row_key)
    if not standard.takes_marks:
        raise WrongState(f"{row_key} 不直接打分，请登记事件。")
    if department not in departments_of(framework, standard, unit):
        raise NotAllowed(f"{department}不给 {row_key} 打分。")
    if not may_mark:
        raise NotAllowed(f"这一行由{department}打分，您的账号属于{actor.department or '其他部门'}。")
    kept = None if last is None else last.points
    points = _points_of(entry, seen, standard.points, rows.step(unit.assessment, standard), kept)
    remark, evidence = clean_line(entry.remark), clean_line(entry.evidence or "")
    if Method.DEMOCRATIC in standard.methods and not remark:
        raise BadInput("另定民主测评分须写明理由。")
    if standard.asks_basis and len("".join(remark.split())) < SHORTEST_BASIS:
        raise BadInput(f"综合评定须写明依据的日常情况和理由，至少 {SHORTEST_BASIS} 个字。")
    for label, text in (("说明", remark), ("查看的材料", evidence)):
        if len(text) > MOST_WORDS:
            raise BadInput(f"{label}“{text[:20]}……”太长，最多 {MOST_WORDS} 个字。")
    if entry.evidence is None and last is not None:
        evidence = last.evidence
    typed = replace(entry, remark=remark, evidence=evidence)
    known = entry.seen_version is None or entry.seen_version == (last.version if last else 0)
    if not known and last is not None and (points, remark, evidence) == (last.points, last.remark, last.evidence):
        return None  # both typed the same
    democratic = Method.DEMOCRATIC in standard.methods
    return Change(unit_id, unit.name, typed, points, last, overtaken=not known, democratic=democratic)


def _as_it_was(entry: MarkEntry, seen: LastMark | None) -> bool:
    if seen is None:
        return not (clean_line(entry.points) or clean_line(entry.remark) or clean_line(entry.evidence or ""))
    try:
        points = parse_points(clean_line(entry.points), seen.points)
    except BadPoints:
        return False
    same_evidence = entry.evidence is None or clean_line(entry.evidence) == seen.evidence
    return points == seen.points and clean_line(entry.remark) == seen.remark and same_evidence


def _points_of(entry: MarkEntry, seen: LastMark | None, most: Decimal, step: Decimal, kept: Decimal | None) -> Decimal:
    text = clean_line(entry.points)
    if not text and seen is not None:
        raise BadInput(f"已打 {seen.points} 分，打过的分不能清空。要改请填新的分数。")
    if not text:
        raise BadInput("没有填分数。请填上，或把说明和材料也清空。")
    try:
        return parse_points(text, most, step, kept)
    except BadPoints as error:
        raise BadInput(str(error)) from None


def _add_mark(session: Session, now: datetime, actor: Actor, change: Change, second: Actor | None) -> None:
    entry = change.entry
    session.add(
        Mark(
            unit_id=change.unit_id,
            row_key=entry.row_key,
            department=entry.department,
            version=1 if change.last is None else change.last.version + 1,
            points=change.points,
            remark=entry.remark,
            evidence=entry.evidence or "",
            account_id=actor.account_id,
            confirmed_by=None if second is None else second.account_id,
            made_at=now,
        )
    )
    subject, detail = f"{change.unit} {entry.row_key}", f"{entry.department} {change.points} {entry.remark}"
    before = None if change.last is None else f"{change.last.points} {change.last.remark}".strip()
    after = f"{change.points} {entry.remark}".strip()
    audit.record(session, now, actor, "mark.enter", subject, detail.strip(), before=before, after=after)
