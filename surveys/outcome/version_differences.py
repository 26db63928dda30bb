"""What differs between two versions of the score sheets, and why."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy.orm import Session

from surveys.catalog.model import Method, plain
from surveys.outcome import replies
from surveys.outcome.figures import figure_words
from surveys.outcome.record_writing import bare
from surveys.outcome.replies import Reply
from surveys.outcome.score_record import ScoreRecord
from surveys.outcome.unit_record import ResultRecord, RowRecord, UnitRecord
from surveys.outcome.vote_record import VoteRecord
from surveys.scoring.assessment_states import ObjectionState
from surveys.scoring.exact import shown
from surveys.storage.tables import Document


@dataclass(frozen=True)
class Change:
    """A figure before and after, as shown."""

    label: str
    old: str
    new: str


@dataclass(frozen=True)
class RowChange:
    """A row before and after, in words, and what was done to it since."""

    key: str
    content: str
    old: str
    new: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class UnitDifference:
    unit_id: int
    name: str
    figures: tuple[Change, ...]
    rows: tuple[RowChange, ...]


@dataclass(frozen=True)
class Difference:
    """`old` and `new`: numbers of the versions, None for what is in the tables now. `rules`: what changed for all."""

    old: int | None
    new: int | None
    rules: tuple[str, ...]
    units: tuple[UnitDifference, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.rules or self.units)

    def to_json(self) -> Document:
        return asdict(self)


def report(session: Session, assessment_id: int, old: Document, new: Document) -> Difference:
    """Between the bodies of two versions, or of one and of the tables as they are now."""
    before, after = _records(old, new)
    accepted = [
        reply
        for reply in replies.objections_in(session, assessment_id)
        if reply.state is ObjectionState.ACCEPTED
        and reply.version >= before.number
        and (not after.number or reply.version < after.number)
    ]
    return _difference(before, after, accepted)


def difference(old: Document, new: Document) -> Difference:
    """The same without the objections that led to it."""
    return _difference(*_records(old, new), ())


def _records(old: Document, new: Document) -> tuple[ScoreRecord, ScoreRecord]:
    """Without the units of which both say the same by the same frameworks: to read them all takes longer than a page
    may."""
    before, after = bare(old), bare(new)
    if before["frameworks"] == after["frameworks"]:
        told, now = ({unit["unit"]: unit for unit in body["units"]} for body in (before, after))
        same = {key for key, unit in told.items() if now.get(key) == unit}
        before, after = (
            body | {"units": [unit for unit in body["units"] if unit["unit"] not in same]} for body in (before, after)
        )
    return ScoreRecord.from_json(before), ScoreRecord.from_json(after)


def _difference(before: ScoreRecord, after: ScoreRecord, accepted: Sequence[Reply]) -> Difference:
    """Per unit and row what changed and why. `accepted`: objections that led to it."""
    was = {unit.id: unit for unit in before.units}
    left = {unit.id for unit in after.units}
    units = [_unit(was.get(unit.id), unit, accepted) for unit in after.units]
    units += [
        UnitDifference(unit.id, unit.name, (Change("单位", "有", "移除"),), ())
        for unit in before.units
        if unit.id not in left
    ]
    changed = tuple(unit for unit in units if unit.figures or unit.rows)
    return Difference(before.number, after.number or None, tuple(_rules(before, after)), changed)


def _unit(old: UnitRecord | None, new: UnitRecord, accepted: Sequence[Reply]) -> UnitDifference:
    if old is None:
        return UnitDifference(new.id, new.name, (Change("单位", "没有", "新增"),), ())
    own = [reply for reply in accepted if reply.unit_id == new.id]
    figures = (*_about(old, new), *_figures(old.result, new.result))
    return UnitDifference(new.id, new.name, figures, tuple(_rows(old, new, own)))


def _rules(old: ScoreRecord, new: ScoreRecord) -> Iterable[str]:
    if old.rules_version != new.rules_version:
        yield f"规则由第 {old.rules_version} 版改为第 {new.rules_version} 版。"
    if old.rules != new.rules:
        yield "计分规则有改动。"
    if old.frameworks != new.frameworks:
        yield "测评体系有改动。"


def _about(old: UnitRecord, new: UnitRecord) -> Iterable[Change]:
    """What else is said of the unit: it decides which rows apply, who marks them and among whom it is ranked."""
    for label, was, now in (
        ("单位名称", old.name, new.name),
        ("类别", old.category, new.category),
        ("考核部门", old.department, new.department),
        ("标签", "、".join(old.tags), "、".join(new.tags)),
    ):
        if was != now:
            yield Change(label, was or "无", now or "无")


def _figures(old: ResultRecord, new: ResultRecord) -> Iterable[Change]:
    for label, was, now in (
        ("最后得分", old.final, new.final),
        ("基础分", old.base, new.base),
        ("加分", old.bonus, new.bonus),
        ("扣分", old.deduction, new.deduction),
    ):
        if was != now:
            yield Change(label, figure_words(was, "待定"), figure_words(now, "待定"))
    if old.band != new.band:
        yield Change("等次", old.band or "—", new.band or "—")
    if old.rank != new.rank:
        yield Change("名次", str(old.rank or "—"), str(new.rank or "—"))


def _rows(old: UnitRecord, new: UnitRecord, accepted: Sequence[Reply]) -> Iterable[RowChange]:
    before = {row.key: row for row in old.rows}
    after = {row.key: row for row in new.rows}
    for key in dict.fromkeys([*before, *after]):
        was, now = before.get(key), after.get(key)
        most = tuple(row and plain(row.row.standard.points) for row in (was, now))
        if was == now and most[0] == most[1]:
            continue
        reasons = [f"申诉：{reply.reason}　答复：{reply.answer}" for reply in accepted if reply.row_key == key]
        if most[0] != most[1]:
            reasons.append(f"分值由 {most[0] or '无'} 改为 {most[1] or '无'}")
        if was and now:
            reasons += _reasons(was, now)
        yield RowChange(key, now.row.content.name if now else "", _state(was), _state(now), tuple(reasons))


def _state(row: RowRecord | None) -> str:
    if row is None:
        return "没有这一行"
    return row.state.label if row.worth is None else str(shown(row.worth))


def _reasons(old: RowRecord, new: RowRecord) -> Iterable[str]:
    yield from _new_marks(old, new)
    yield from _new_events(old, new)
    if old.exemption != new.exemption:
        exemption = new.exemption
        yield "取消免考" if exemption is None else f"免考：{exemption.document} {exemption.reason}"
    if old.departments != new.departments:
        yield f"打分部门由{'、'.join(old.departments)}改为{'、'.join(new.departments)}"
    if old.chosen != new.chosen:
        yield f"测评方法由{_method(old.chosen)}改为{_method(new.chosen)}"
    told = {poll.seal for poll in old.set_aside}
    apart = [poll for poll in new.set_aside if poll.seal not in told]
    for poll in apart:
        yield f"测评会“{poll.title}”经两人决定不计入得分：{poll.reason}"
    yield from _withdrawn_marks(old, new)
    if new.conflicts != old.conflicts:
        yield "又有封存的测评会，须由两名管理员定哪一次算" if new.conflicts else "几次测评会已定下哪一次算"
    counted = _counted_for(new.vote) - _counted_for(old.vote)
    for title, reason in sorted(counted):
        yield f"测评会“{title}”经两人决定照计：{reason}"
    if old.vote != new.vote and not (apart or counted or old.conflicts or new.conflicts):
        yield "民主测评有新的封存结果"


def _new_marks(old: RowRecord, new: RowRecord) -> Iterable[str]:
    marks = {mark.department: mark for mark in old.marks}
    for mark in new.marks:
        was = marks.get(mark.department)
        if was is None or was.version != mark.version:
            remark = f"，{mark.remark}" if mark.remark else ""
            yield f"{mark.department}打分 {'无' if was is None else plain(was.points)} → {plain(mark.points)}{remark}"


def _withdrawn_marks(old: RowRecord, new: RowRecord) -> Iterable[str]:
    left = {mark.department for mark in new.marks}
    for mark in old.marks:
        if mark.department not in left:
            yield f"撤回{mark.department}的 {plain(mark.points)} 分"


def _new_events(old: RowRecord, new: RowRecord) -> Iterable[str]:
    events = {event.id: event for event in old.events}
    for event in new.events:
        was = events.get(event.id)
        if was is None:
            yield f"登记事件 {plain(event.points)} 分：{event.document} {event.reason}"
        elif was.appeal != event.appeal:
            note = "　".join(event.appeal_note.splitlines())
            yield f"事件 {event.document} {event.appeal.label}。{note}"
        elif was.cancelled_at != event.cancelled_at:
            yield f"撤销事件 {event.document}：{event.cancel_reason}"
        elif was.counts != event.counts:
            yield f"事件 {event.document} {new.standing_words(event)}"
        elif was != event:
            yield f"事件 {event.document} 有改动"


def _counted_for(vote: VoteRecord | None) -> set[tuple[str, str]]:
    """Title and reason of the polls that count in spite of their figures."""
    polls = () if vote is None else vote.polls
    return {(poll.title, poll.counted_for) for poll in polls if poll.counted_for}


def _method(chosen: Method | None) -> str:
    return "没有选定" if chosen is None else chosen.label
