"""What a roster would change in an assessment as it is now."""

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts.import_desk import fingerprint
from surveys.intake.cleaning import name_key
from surveys.polling.states import PollState
from surveys.season import roster_limits, shut
from surveys.season.assessments import departments_in, frameworks_of, is_marking
from surveys.season.shut import Act
from surveys.season.uploads.rosters import LeaderRow, Roster, UnitRow
from surveys.storage.tables import Assessment, Poll, Unit

ALIKE = 0.8
"""One character of five may differ."""
MOST_ALIKE = 10


@dataclass(frozen=True)
class FieldChange:
    """A field's words before and after; empty for nothing."""

    label: str
    old: str
    new: str


@dataclass(frozen=True)
class LeaderChange:
    """`kind`: 新增, 移除, 职务 or 顺序. `old` and `new`: posts, or places in the list."""

    kind: str
    name: str
    old: str
    new: str


@dataclass(frozen=True)
class UnitChange:
    """A unit to be added or changed. `notes`: what stays although the unit changes, and what changes besides."""

    name: str
    fields: tuple[FieldChange, ...]
    leaders: tuple[LeaderChange, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Preview:
    """`unmentioned`: units that the file does not name, which stay. `hindrances`: why it cannot be taken over.

    `fingerprint`: of all that would change, and from what.
    """

    assessment_id: int
    title: str
    file_name: str
    added: tuple[UnitChange, ...]
    changed: tuple[UnitChange, ...]
    unchanged: tuple[str, ...]
    unmentioned: tuple[str, ...]
    notes: tuple[str, ...]
    hindrances: tuple[str, ...]
    fingerprint: str

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.changed)

    def leaders(self, kind: str) -> int:
        """How many leaders are 新增, 移除, and so on, in all units."""
        changes = (*self.added, *self.changed)
        return sum(leader.kind == kind for change in changes for leader in change.leaders)


def compare(session: Session, assessment: Assessment, roster: Roster, file_name: str) -> Preview:
    """What taking the roster over would change."""
    here = units_by_key(assessment)
    frameworks = frameworks_of(assessment)
    titles = {framework.key: framework.title for framework in frameworks}
    added: list[UnitChange] = []
    changed: list[UnitChange] = []
    unchanged: list[str] = []
    why = shut.why_shut(assessment, Act.SET_UP)
    hindrances: list[str] = [] if why is None else [why]
    for row in roster.units:
        unit = here.get(name_key(row.name))
        change = UnitChange(
            unit.name if unit else row.name,
            tuple(_field_changes(unit, row, titles)),
            tuple(_leader_changes(unit, row)),
        )
        if unit is None:
            added.append(change)
        elif change.fields or change.leaders:
            told = (*roster_limits.effects(session, assessment, unit, row), *_kept(session, unit, change))
            changed.append(replace(change, notes=told))
        else:
            unchanged.append(change.name)
        hindrances += roster_limits.hindrances(session, assessment, unit, row)
    mentioned = {name_key(row.name) for row in roster.units}
    would = [asdict(change) for change in (*added, *changed)]
    return Preview(
        assessment.id,
        assessment.title,
        file_name,
        tuple(added),
        tuple(changed),
        tuple(unchanged),
        tuple(unit.name for key, unit in here.items() if key not in mentioned),
        (
            *roster.notes,
            *_look_alikes(roster, here),
            *_new_categories(roster, here),
            *(_other_categories(roster, here) if is_marking(assessment) else ()),
            *_marking_themselves(roster, here, departments_in(frameworks)),
            *_silent(roster, here),
        ),
        tuple(hindrances),
        fingerprint([len(added), would]),
    )


def units_by_key(assessment: Assessment) -> dict[str, Unit]:
    """The units by how their names are compared. Of two that are written alike the first is meant."""
    found: dict[str, Unit] = {}
    for unit in assessment.units:
        found.setdefault(name_key(unit.name), unit)
    return found


def _field_changes(unit: Unit | None, row: UnitRow, titles: Mapping[str, str]) -> Iterator[FieldChange]:
    """Fields the file has a word on and that differ."""
    tags = None if row.tags is None else "、".join(row.tags)
    framework = None if row.framework is None else titles.get(row.framework, row.framework)
    old = ("", "", "", "")
    if unit is not None:
        old_tags = "、".join(sorted(tag.tag for tag in unit.tags))
        old = (unit.category, titles[unit.framework], old_tags, unit.department or "")
    new = (row.category, framework, tags, row.department)
    for label, before, after in zip(("类别", "测评体系", "标签", "考核部门"), old, new, strict=True):
        if after is not None and after != before:
            yield FieldChange(label, before, after)


def _leader_changes(unit: Unit | None, row: UnitRow) -> Iterator[LeaderChange]:
    if row.leaders is None:
        return
    old = [] if unit is None else [LeaderRow(leader.name, leader.post) for leader in unit.leaders]
    pairs, gone, come = _matched(old, row.leaders)
    for index in come:
        yield LeaderChange("新增", row.leaders[index].name, "", row.leaders[index].post)
    for index in gone:
        yield LeaderChange("移除", old[index].name, old[index].post, "")
    for before, after in pairs:
        if old[before].post != row.leaders[after].post:
            yield LeaderChange("职务", old[before].name, old[before].post, row.leaders[after].post)
    for before, after in moved(pairs):
        yield LeaderChange("顺序", old[before].name, f"第 {before + 1} 位", f"第 {after + 1} 位")


def _matched(old: Sequence[LeaderRow], new: Sequence[LeaderRow]) -> tuple[list[tuple[int, int]], list[int], list[int]]:
    """(pairs of the same name as indexes, in the new order; what is only in the old; what is only in the new).

    Of namesakes those with the same post are the same person.
    """
    before: dict[int, int] = {}
    keys: tuple[Callable[[LeaderRow], object], ...] = (lambda leader: leader, lambda leader: leader.name)
    for told_by in keys:
        waiting: dict[object, deque[int]] = {}
        for index in sorted(set(range(len(old))) - set(before.values())):
            waiting.setdefault(told_by(old[index]), deque()).append(index)
        for index, leader in enumerate(new):
            if index not in before and waiting.get(told_by(leader)):
                before[index] = waiting[told_by(leader)].popleft()
    gone = sorted(set(range(len(old))) - set(before.values()))
    come = [index for index in range(len(new)) if index not in before]
    return [(before[index], index) for index in sorted(before)], gone, come


def moved(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The fewest whose moving explains the new order: all but a longest run that keeps its order."""
    tails: list[int] = []
    lengths = []
    for before, _ in pairs:
        place = bisect_left(tails, before)
        tails[place : place + 1] = [before]
        lengths.append(place + 1)
    staying = set()
    length = len(tails)
    for index in range(len(pairs) - 1, -1, -1):
        if lengths[index] == length:
            staying.add(index)
            length -= 1
    return [pair for index, pair in enumerate(pairs) if index not in staying]


def _kept(session: Session, unit: Unit, change: UnitChange) -> Iterator[str]:
    """Polls whose ballots stay as they are."""
    if not change.leaders:
        return
    standing = select(Poll).where(Poll.unit_id == unit.id, Poll.set_aside_at.is_(None))
    for poll in session.scalars(standing.order_by(Poll.id)):
        if poll.state is not PollState.DRAFT:
            yield f"测评会“{poll.title}”（{poll.prefix}，{poll.state.label}）的选票已经定下，名单不变。"
        elif poll.leaders is not None:
            yield f"测评会“{poll.title}”（{poll.prefix}）有自己的测评对象名单，不变。"


def _new_categories(roster: Roster, here: Mapping[str, Unit]) -> Iterator[str]:
    """Categories are anybody's words: one mistyped would rank its unit alone, first of one."""
    known = {unit.category for unit in here.values()}
    new = Counter(row.category for row in roster.units if row.category and row.category not in known)
    if new:
        counted = "、".join(f"“{name}”（{count} 个单位）" for name, count in new.items())
        yield f"新的类别：{counted}。名次只在同一类别内排；写错了的，请在文件里改好，重新上传。"


def _other_categories(roster: Roster, here: Mapping[str, Unit]) -> Iterator[str]:
    moving = []
    for row in roster.units:
        unit = here.get(name_key(row.name))
        if unit is not None and row.category is not None and row.category != unit.category:
            moving.append(f"{unit.name}（{unit.category} → {row.category}）")
    if moving:
        yield f"换了类别的单位：{'、'.join(moving)}。名次只在同一类别内排，前后两个类别的名次都会变。"


def _marking_themselves(roster: Roster, here: Mapping[str, Unit], departments: Sequence[str]) -> Iterator[str]:
    """Units that look like a marking department and are not said to be one: it would mark itself."""
    alike = []
    for row in roster.units:
        unit = here.get(name_key(row.name))
        own = row.department if row.department is not None or unit is None else unit.department
        meant = [name for name in departments if name_key(name) in name_key(row.name)]
        if meant and not own:
            alike.append(f"{row.name}（{'、'.join(meant)}）")
    if alike:
        yield (
            f"名称像考核部门、“考核部门”一栏却空着的单位：{'、'.join(alike)}。是同一个的，请填上，否则它会给自己打分；"
            "不是的不用管。"
        )


def _look_alikes(roster: Roster, here: Mapping[str, Unit]) -> Iterator[str]:
    """A unit mistyped would be added beside the one that is meant, and wait for marks that never come."""
    alike = []
    for row in roster.units:
        key = name_key(row.name)
        close = [] if key in here else get_close_matches(key, list(here), n=1, cutoff=ALIKE)
        alike += [f"“{row.name}”和已有的“{here[each].name}”很像" for each in close]
    if alike:
        more = f"等 {len(alike)} 个" if len(alike) > MOST_ALIKE else ""
        yield f"新增的{'，'.join(alike[:MOST_ALIKE])}{more}。是同一个单位的，请在文件里改好名称，重新上传。"


def _silent(roster: Roster, here: Mapping[str, Unit]) -> Iterator[str]:
    """A unit without leaders in the file keeps those it has: a missing row must not empty a ballot."""
    keeping = []
    for row in roster.units:
        unit = here.get(name_key(row.name))
        if row.leaders is None and unit is not None and unit.leaders:
            keeping.append(unit.name)
    if keeping:
        yield f"文件里没有写领导的单位，领导名单不变：{'、'.join(keeping)}。"
