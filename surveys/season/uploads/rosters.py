"""Tables -> a roster: the units of an assessment with their leaders, and every fault at its cell."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from typing import Any

from surveys.acts.limits import LONGEST_NAME, LONGEST_POST, LONGEST_UNIT
from surveys.catalog.model import Framework
from surveys.intake.cleaning import clean_line, clean_name, folded, name_key, split_tags, unfit
from surveys.intake.headers import Fault, Faults, HeadedRow, Header, read_rows
from surveys.intake.namesakes import REMEDY, Namesakes
from surveys.intake.sheets import headed, passed_over, unread_columns
from surveys.intake.tables import Table

TITLES: Mapping[str, Sequence[str]] = {
    "unit": ("单位名称", "单位", "名称", "所属单位", "所在单位", "工作单位", "被考核单位", "被测评单位", "考核单位"),
    "category": ("类别", "单位类别", "分类", "类型", "单位类型", "单位分类", "考核类别"),
    "framework": ("测评体系", "体系", "框架", "考核体系", "指标体系", "适用体系"),
    "tags": ("单位标签", "标签"),
    "department": ("考核部门", "打分部门", "考核部门名称", "打分部门名称"),
    "order": ("序号", "排序", "次序", "顺序", "领导序号", "领导排序"),
    "name": ("姓名", "领导姓名", "领导", "领导干部"),
    "post": ("职务", "现任职务", "职务名称", "领导职务", "现职", "职位"),
}
UNIT_FIELDS = ("category", "framework", "tags", "department")
LEADER_FIELDS = ("order", "name", "post")
LENGTHS = {
    **{"unit": LONGEST_UNIT, "post": LONGEST_POST},
    **dict.fromkeys(("category", "department", "name"), LONGEST_NAME),
}
MOST_ORDER = 999_999


@dataclass(frozen=True)
class LeaderRow:
    name: str
    post: str


@dataclass(frozen=True)
class UnitRow:
    """A unit as the file has it. None: the file says nothing of it, and what is there stays."""

    name: str
    category: str | None = None
    framework: str | None = None
    tags: tuple[str, ...] | None = None
    department: str | None = None
    leaders: tuple[LeaderRow, ...] | None = None


@dataclass(frozen=True)
class Roster:
    """`notes`: what was not read, as sentences."""

    units: tuple[UnitRow, ...]
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Roster":
        return cls(tuple(_unit_from(unit) for unit in data["units"]), tuple(data["notes"]))


def _unit_from(data: Mapping[str, Any]) -> UnitRow:
    tags, leaders = data["tags"], data["leaders"]
    return UnitRow(
        data["name"],
        data["category"],
        data["framework"],
        None if tags is None else tuple(tags),
        data["department"],
        None if leaders is None else tuple(LeaderRow(leader["name"], leader["post"]) for leader in leaders),
    )


@dataclass(frozen=True)
class Known:
    """What the assessment has: its frameworks; its units as name -> framework key; who marks by the frameworks."""

    frameworks: Sequence[Framework]
    units: Mapping[str, str]
    departments: Sequence[str]


def read_roster(tables: Sequence[Table], known: Known) -> tuple[Roster, Faults]:
    """The roster, which is of use only when there is no fault."""
    reading = _Reading(known)
    read = headed(tables, TITLES, ["unit"])
    for table, header in read:
        reading.take(table, header)
    reading.notes += passed_over(tables, read)
    return reading.finish(), reading.faults


@dataclass
class _Draft:
    """A unit while its rows are gathered. `declared`: the first row that is not only a leader's. `unread`: fields that
    a cell without a value keeps unknown."""

    name: str
    first: HeadedRow
    declared: HeadedRow | None = None
    said: dict[str, tuple[str, HeadedRow]] = field(default_factory=dict)
    blank: dict[str, HeadedRow] = field(default_factory=dict)
    leaders: list[HeadedRow] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)


class _Reading:
    def __init__(self, known: Known) -> None:
        self.known = known
        self.existing = {name_key(name): framework for name, framework in known.units.items()}
        self.faults = Faults()
        self.notes: list[str] = []
        self.drafts: dict[str, _Draft] = {}
        self.headers: list[Header] = []

    def take(self, table: Table, header: Header) -> None:
        self.headers.append(header)
        self.notes += unread_columns(header, TITLES)
        for fault in header.doubled:
            self.faults.add(fault)
        sources, skipped = read_rows(table, header)
        self.notes += [row.words for row in skipped]
        for source in sources:
            self._take_source(source)

    def _take_source(self, source: HeadedRow) -> None:
        unread = self.faults.add_unread(source)
        if "unit" in unread:
            return
        name = self._name(source, "unit")
        is_leader = bool(clean_name(source.text("name")) or clean_line(source.text("post")))
        if not name:
            if is_leader:
                self._fault(
                    source, "unit", "这位领导没有写单位。请在这一行写上单位名称，或把单位一格合并到各位领导的行。"
                )
            elif any(clean_line(source.text(each)) for each in UNIT_FIELDS):
                self._fault(source, "unit", "没有写单位名称，请补上；多余的行请整行删去。")
            return
        draft = self.drafts.setdefault(name_key(name), _Draft(name, source))
        if not source.has("name") or any(source.has(each) for each in UNIT_FIELDS):
            draft.declared = draft.declared or source
        for each in UNIT_FIELDS:
            if each in unread:
                draft.unread.add(each)
            elif source.has(each):
                self._say(draft, each, source)
        if is_leader and unread.isdisjoint(LEADER_FIELDS):
            draft.leaders.append(source)

    def _say(self, draft: _Draft, each: str, source: HeadedRow) -> None:
        value = self._line(source, each)
        if not value:
            draft.blank.setdefault(each, source)
            return
        before, where = draft.said.setdefault(each, (value, source))
        if before != value:
            there = f"{where.seen_from(source)}写的是“{before[:40]}”"
            self._fault(source, each, f"同一单位“{draft.name}”在{there}，请改成一样的，或删去重复的一行。")

    def finish(self) -> Roster:
        if not self.headers:
            remedy = "没有认出表头。表里要有一行列名：“单位名称”，以及“类别”“姓名”“职务”等。可以下载模板照着填。"
            self.faults.add(Fault("", None, "", "", remedy))
        elif not self.drafts and not self.faults.count:
            self.faults.add(Fault("", None, "", "", "表头下面没有单位，请填好后再导入。"))
        missing: set[str] = set()
        units = tuple(self._unit(key, draft, missing) for key, draft in self.drafts.items())
        return Roster(units, tuple(self.notes))

    def _unit(self, key: str, draft: _Draft, missing: set[str]) -> UnitRow:
        here = key in self.existing
        if draft.declared is None and not here:
            self._fault(
                draft.first, "unit", f"这个单位不在单位表里，也不在这次考核中{self._guess(key)}。请核对单位名称。"
            )
        elif draft.declared is not None:
            self._require("category", draft, here, missing)
            if len(self.known.frameworks) > 1:
                self._require("framework", draft, here, missing)
        framework = self._framework(draft)
        tags = self._tags(draft, framework or self.existing.get(key))
        return UnitRow(
            draft.name,
            self._said(draft, "category"),
            framework,
            tags,
            self._department(draft),
            self._leaders(draft) if draft.leaders else None,
        )

    def _require(self, each: str, draft: _Draft, here: bool, missing: set[str]) -> None:
        """A column that is nowhere is told of once, and only when a new unit needs it."""
        if each in draft.said or each in draft.unread:
            return
        remedy = {
            "category": "没有写类别。请填写，如“市直单位”；排名在同一类别内进行。",
            "framework": f"没有写测评体系。请写{self._frameworks()}。",
        }[each]
        if each in draft.blank:
            self._fault(draft.blank[each], each, remedy)
        elif not here and each not in missing:
            missing.add(each)
            source = draft.declared or draft.first
            title = TITLES[each][0]
            self.faults.add(Fault(source.header.sheet, source.header.row.number, "", "", f"缺“{title}”一列。{remedy}"))

    def _framework(self, draft: _Draft) -> str | None:
        frameworks = self.known.frameworks
        if "framework" not in draft.said:
            return frameworks[0].key if len(frameworks) == 1 else None
        text, source = draft.said["framework"]
        found = matching_framework(text, frameworks)
        if found is None:
            self._fault(source, "framework", f"认不出是哪个测评体系。请写{self._frameworks()}。")
        return found

    def _frameworks(self) -> str:
        return "或".join(f"“{framework.title}”（{framework.key}）" for framework in self.known.frameworks)

    def _tags(self, draft: _Draft, framework: str | None) -> tuple[str, ...] | None:
        if "tags" not in draft.said:
            return () if "tags" in draft.blank else None
        text, source = draft.said["tags"]
        titles = {each.key: each for each in self.known.frameworks}
        tags = split_tags(text)
        if framework not in titles:
            return tags
        known = {folded(tag): tag for tag in titles[framework].tags}
        unknown = [tag for tag in tags if tag not in known]
        if unknown:
            which = f"可用的有：{'、'.join(known.values())}" if known else "这个测评体系没有标签，请留空"
            self._fault(source, "tags", f"测评体系“{titles[framework].title}”没有标签“{'、'.join(unknown)}”。{which}。")
        return tuple(sorted(known.get(tag, tag) for tag in tags))

    def _department(self, draft: _Draft) -> str | None:
        """As the frameworks write it: mistyped, a department would mark itself."""
        said = self._said(draft, "department")
        if not said:
            return said
        found = matching_department(said, self.known.departments)
        if found is None:
            known = "、".join(self.known.departments)
            remedy = f"测评体系里没有考核部门“{said}”。可用的有：{known}；不给别的单位打分的留空。"
            self._fault(draft.said["department"][1], "department", remedy)
        return found

    def _said(self, draft: _Draft, each: str) -> str | None:
        """The value; empty: the cell was left empty; None: there is no such column."""
        if each in draft.said:
            return draft.said[each][0]
        return "" if each in draft.blank else None

    def _leaders(self, draft: _Draft) -> tuple[LeaderRow, ...]:
        people = Namesakes()
        rows: list[tuple[int, LeaderRow]] = []
        orders = self._orders(draft)
        for source, order in zip(draft.leaders, orders, strict=True):
            leader = LeaderRow(self._name(source, "name"), self._line(source, "post"))
            if not leader.name:
                self._fault(source, "name", "这一行有职务没有姓名，请补上姓名。")
            elif not leader.post:
                self._fault(source, "post" if source.has("post") else "name", f"没有写“{leader.name}”的职务，请补上。")
            before = people.met(leader.name, leader.post)
            if before is not None:
                there = f"单位“{draft.name}”里已有同名的领导（{draft.leaders[before].seen_from(source)}）"
                self._fault(source, "name", f"{there}。{REMEDY}")
            rows.append((order, leader))
        return tuple(leader for _, leader in sorted(rows, key=lambda row: row[0]))

    def _orders(self, draft: _Draft) -> list[int]:
        """A leader's place by number; those without one come after, as they stand in the file."""
        numbered = [source for source in draft.leaders if folded(source.text("order"))]
        origins = {source.origin("order") for source in numbered}
        if len(origins) < len(numbered) or not numbered:
            return [0] * len(draft.leaders)  # a number merged over the leaders' rows is the unit's
        places: dict[int, HeadedRow] = {}
        orders = []
        for source in draft.leaders:
            order = self._order(source)
            orders.append(order)
            if order <= MOST_ORDER and places.setdefault(order, source) is not source:
                there = f"和{places[order].seen_from(source)}重复"
                self._fault(
                    source, "order", f"单位“{draft.name}”里的序号{there}，排不出先后。请改成不同的数，或全部留空。"
                )
        return orders

    def _order(self, source: HeadedRow) -> int:
        text = folded(source.text("order"))
        if text.isascii() and text.isdigit() and len(text) <= len(str(MOST_ORDER)):
            return int(text)
        if text:
            self._fault(source, "order", f"序号须是 0 至 {MOST_ORDER} 的整数，请改正或留空。")
        return MOST_ORDER + 1

    def _name(self, source: HeadedRow, each: str) -> str:
        return self._checked(source, each, clean_name)

    def _line(self, source: HeadedRow, each: str) -> str:
        return self._checked(source, each, clean_line)

    def _checked(self, source: HeadedRow, each: str, clean: Callable[[str], str]) -> str:
        value = clean(source.text(each))
        remedy = unfit(value, LENGTHS.get(each, 4000))
        if remedy is not None:
            self._fault(source, each, remedy)
        return value

    def _guess(self, key: str) -> str:
        declared = {name_key(draft.name): draft.name for draft in self.drafts.values() if draft.declared}
        names = declared | {name_key(name): name for name in self.known.units}
        close = get_close_matches(key, list(names), n=1, cutoff=0.6)
        return f"（是不是“{names[close[0]]}”？）" if close else ""

    def _fault(self, source: HeadedRow, each: str, remedy: str) -> None:
        self.faults.add(source.fault(each, remedy))


def matching_framework(text: str, frameworks: Collection[Framework]) -> str | None:
    """The key of the framework that is meant: by its key, its title or a part of the title that no other has."""
    wanted = folded(text).replace(" ", "").casefold()
    titles = {framework.key: folded(framework.title).replace(" ", "").casefold() for framework in frameworks}
    exact = [key for key, title in titles.items() if wanted in (key, title)]
    parts = [key for key, title in titles.items() if len(wanted) > 1 and wanted in title]
    found = exact or parts
    return found[0] if len(found) == 1 else None


def matching_department(text: str, departments: Collection[str]) -> str | None:
    """The department that is meant, as `departments` write it; None: there is no such."""
    wanted = name_key(text)
    return next((name for name in departments if name_key(name) == wanted), None)
