"""What differs between two versions of the score sheets, and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy.orm import Session

from surveys.catalog.model import Method, Standard, plain
from surveys.marking.ledger import AppealState
from surveys.outcome import replies
from surveys.outcome.replies import Reply
from surveys.outcome.record_writing import standing_words, without_explanations, worth_of
from surveys.outcome.versions import STATE_NAMES
from surveys.scoring.assessment_states import ObjectionState
from surveys.scoring.score_sheet import RowState
from surveys.season.assessments import framework_in
from surveys.storage.tables import Document

FIGURES = {"final": "最后得分", "base": "基础分", "bonus": "加分", "deduction": "扣分"}
WORDS = {"band": "等次", "rank": "名次"}
ABOUT = {"category": "类别", "department": "考核部门", "tags": "标签"}


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
    accepted = [
        reply
        for reply in replies.objections_in(session, assessment_id)
        if reply.state is ObjectionState.ACCEPTED
        and reply.version >= old["number"]
        and (not new["number"] or reply.version < new["number"])
    ]
    return difference(old, new, accepted)


def difference(old: Document, new: Document, accepted: Sequence[Reply] = ()) -> Difference:
    """Per unit and row what changed and why. `accepted`: objections that led to it."""
    before = {unit["unit"]: without_explanations(unit) for unit in old["units"]}
    contents = {key: _contents(body) for key, body in (old["frameworks"] | new["frameworks"]).items()}
    standards = [{key: _standards(body) for key, body in version["frameworks"].items()} for version in (old, new)]
    units = []
    for unit in map(without_explanations, new["units"]):
        key = unit["framework"]
        was = before.get(unit["unit"])
        if was is None:
            units.append(UnitDifference(unit["unit"], unit["name"], (Change("单位", "没有", "新增"),), ()))
            continue
        renamed = [] if was["name"] == unit["name"] else [Change("单位名称", was["name"], unit["name"])]
        own = [reply for reply in accepted if reply.unit_id == unit["unit"]]
        both = standards[0].get(was["framework"], {}), standards[1][key]
        rows = tuple(_rows(was, unit, contents[key], both, own))
        figures = (*renamed, *_about(was, unit), *_figures(was["result"], unit["result"]))
        if rows or figures:
            units.append(UnitDifference(unit["unit"], unit["name"], figures, rows))
    left = {unit["unit"] for unit in new["units"]}
    units += [
        UnitDifference(key, unit["name"], (Change("单位", "有", "移除"),), ())
        for key, unit in before.items()
        if key not in left
    ]
    return Difference(old["number"], new["number"] or None, tuple(_rules(old, new)), tuple(units))


def _contents(framework: Document) -> dict[str, str]:
    return {row.standard.key: row.content.name for row in framework_in(framework).rows()}


def _standards(framework: Document) -> dict[str, Standard]:
    return {row.standard.key: row.standard for row in framework_in(framework).rows()}


def _rules(old: Document, new: Document) -> Iterable[str]:
    if old["rules_version"] != new["rules_version"]:
        yield f"规则由第 {old['rules_version']} 版改为第 {new['rules_version']} 版。"
    if old["rules"] != new["rules"]:
        yield "计分规则有改动。"
    if old["frameworks"] != new["frameworks"]:
        yield "测评体系有改动。"


def _about(old: Document, new: Document) -> Iterable[Change]:
    """What else is said of the unit: it decides which rows apply, who marks them and among whom it is ranked."""
    for key, label in ABOUT.items():
        if old[key] != new[key]:
            yield Change(label, _words(old[key]), _words(new[key]))


def _words(value: str | Sequence[str] | None) -> str:
    return (value if isinstance(value, str) else "、".join(value or ())) or "无"


def _figures(old: Document, new: Document) -> Iterable[Change]:
    for key, label in FIGURES.items():
        if old[key] != new[key]:
            yield Change(label, _shown(old[key]), _shown(new[key]))
    for key, label in WORDS.items():
        if old[key] != new[key]:
            yield Change(label, str(old[key] or "—"), str(new[key] or "—"))


def _rows(
    old: Document,
    new: Document,
    contents: Mapping[str, str],
    standards: tuple[Mapping[str, Standard], Mapping[str, Standard]],
    accepted: Sequence[Reply],
) -> Iterable[RowChange]:
    before = {row["key"]: row for row in old["rows"]}
    after = {row["key"]: row for row in new["rows"]}
    for key in dict.fromkeys([*before, *after]):
        was, now = before.get(key), after.get(key)
        here = standards[0].get(key), standards[1].get(key)
        most = tuple(standard and plain(standard.points) for standard in here)
        if was == now and most[0] == most[1]:
            continue
        reasons = [f"申诉：{reply.reason}　答复：{reply.answer}" for reply in accepted if reply.row_key == key]
        if most[0] != most[1]:
            reasons.append(f"分值由 {most[0] or '无'} 改为 {most[1] or '无'}")
        if was and now:
            reasons += _reasons(was, now)
        yield RowChange(key, contents.get(key, ""), _state(here[0], was), _state(here[1], now), tuple(reasons))


def _state(standard: Standard | None, row: Document | None) -> str:
    if standard is None or row is None:
        return "没有这一行"
    found = worth_of(standard, row)
    return STATE_NAMES[RowState(row["state"])] if found is None else _shown(found)


def _reasons(old: Document, new: Document) -> Iterable[str]:
    marks = {mark["department"]: mark for mark in old["marks"]}
    for mark in new["marks"]:
        was = marks.get(mark["department"])
        if was is None or was["version"] != mark["version"]:
            remark = f"，{mark['remark']}" if mark["remark"] else ""
            yield f"{mark['department']}打分 {'无' if was is None else was['points']} → {mark['points']}{remark}"
    events = {event["id"]: event for event in old["events"]}
    for event in new["events"]:
        was = events.get(event["id"])
        if was is None:
            yield f"登记事件 {event['points']} 分：{event['document']} {event['reason']}"
        elif was["appeal"] != event["appeal"]:
            note = "　".join(event["appeal_note"].splitlines())
            yield f"事件 {event['document']} {AppealState(event['appeal']).label}。{note}"
        elif was["cancelled_at"] != event["cancelled_at"]:
            yield f"撤销事件 {event['document']}：{event['cancel_reason']}"
        elif was["counts"] != event["counts"]:
            yield f"事件 {event['document']} {standing_words(new, event)}"
        elif was != event:
            yield f"事件 {event['document']} 有改动"
    if old["exemption"] != new["exemption"]:
        exemption = new["exemption"]
        yield "取消免考" if exemption is None else f"免考：{exemption['document']} {exemption['reason']}"
    if old["departments"] != new["departments"]:
        yield f"打分部门由{'、'.join(old['departments'])}改为{'、'.join(new['departments'])}"
    if old["chosen"] != new["chosen"]:
        yield f"测评方法由{_method(old['chosen'])}改为{_method(new['chosen'])}"
    told = {poll["seal"] for poll in old.get("set_aside", ())}
    apart = [poll for poll in new.get("set_aside", ()) if poll["seal"] not in told]
    for poll in apart:
        yield f"测评会“{poll['title']}”经两人决定不计入得分：{poll['reason']}"
    for department, mark in marks.items():
        if department not in {each["department"] for each in new["marks"]}:
            yield f"撤回{department}的 {mark['points']} 分"
    if new.get("conflicts", []) != old.get("conflicts", []):
        yield "又有封存的测评会，须由两名管理员定哪一次算" if "conflicts" in new else "几次测评会已定下哪一次算"
    counted = _counted_for(new["democratic"]) - _counted_for(old["democratic"])
    for title, reason in sorted(counted):
        yield f"测评会“{title}”经两人决定照计：{reason}"
    if old["democratic"] != new["democratic"] and not (apart or counted or "conflicts" in {*old, *new}):
        yield "民主测评有新的封存结果"


def _counted_for(vote: Document | None) -> set[tuple[str, str]]:
    """Title and reason of the polls that count in spite of their figures."""
    own = [] if vote is None else [vote, *(team.get("vote") or {} for team in vote.get("teams", ()))]
    return {(each["title"], each["counted_for"]) for each in own if each.get("counted_for")}


def _method(chosen: str | None) -> str:
    return "没有选定" if chosen is None else Method(chosen).label


def _shown(figure: Mapping[str, str] | None) -> str:
    return "待定" if figure is None else figure["shown"]
