"""A plan of any size, drawn from a seed: each rule of the scoring has units on which it bites.

Which case a unit is follows from its place (`number`), so that twelve units have nearly all of them; the figures are
drawn.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from surveys.catalog import loader
from surveys.entry.worlds.season import names
from surveys.entry.worlds.season.names import Named
from surveys.entry.worlds.season.plan import (
    EDITS,
    GROUP,
    LEAD,
    Confirmed,
    Edit,
    Event,
    Exemption,
    Fate,
    Leader,
    Mark,
    Objection,
    Rules,
    Season,
    Unit,
    Vote,
    VoteClass,
)

ITEMS, ASPECTS = 9, 7
LETTERS = "ABCD-"
STEPS = 4  # marks are given in quarters of a point


@dataclass(frozen=True)
class Special:
    """The keys of a framework's rows that a case needs: `calm` are those that start full (不发生)."""

    bonus: str
    deductions: tuple[str, str]
    veto: str
    calm: tuple[str, str]
    democratic: str
    block: tuple[str, ...]
    joint: str


SPECIAL = {
    "municipal": Special(
        "III-32",
        ("III-33(1)", "III-33(2)"),
        "III-34",
        ("III-11(2)", "III-13"),
        "III-36",
        ("III-30", "III-31"),
        "III-2",
    ),
    "county": Special(
        "III-23",
        ("III-24(1)", "III-24(2)"),
        "III-25",
        ("III-11(2)", "III-13"),
        "III-26",
        ("III-19", "III-20", "III-21", "III-22"),
        "III-3",
    ),
}
"""`block`: all the rows of block I-3; `joint`: the row that three departments mark."""


@dataclass(frozen=True)
class _Row:
    key: str
    points: Decimal
    departments: tuple[str, ...]
    applies_to: tuple[str, ...]
    methods: tuple[str, ...]
    is_marked: bool


def season(municipal: int, counties: int, *, seed: str = "2025", rules: Rules | None = None) -> Season:
    """The same for the same seed; a unit does not depend on how many there are after it."""
    rows = {key: _rows(key, EDITS[key]) for key in SPECIAL}
    named = [("municipal", "市直单位", each) for each in names.municipal(municipal)]
    named += [("county", "县（市、区）", each) for each in names.counties(counties)]
    units = [
        _unit(random.Random(f"{seed} {each.name}"), number, framework, category, each, rows[framework])  # noqa: S311
        for number, (framework, category, each) in enumerate(named)
    ]
    return Season("示例市网络意识形态工作责任制考核（样例数据）", rules or Rules(), tuple(units), EDITS)


def _rows(key: str, edits: Sequence[Edit]) -> list[_Row]:
    changed = {(edit.row_key, edit.title): edit.value for edit in edits}
    found = []
    for row in loader.framework(key).rows():
        standard = row.standard
        methods = tuple(method.value for method in standard.methods)
        found.append(
            _Row(
                standard.key,
                Decimal(changed.get((standard.key, "分值"), str(standard.points))),
                tuple(changed.get((standard.key, "考核部门"), "、".join(standard.departments)).split("、")),
                standard.applies_to,
                methods,
                standard.kind == "standard" and not standard.starts_full and methods != ("democratic",),
            )
        )
    return found


def _unit(draw: random.Random, number: int, framework: str, category: str, named: Named, rows: Sequence[_Row]) -> Unit:
    special = SPECIAL[framework]
    quality = draw.choice((0.98, 0.94, 0.9, 0.85, 0.78, 0.68))
    leaders = tuple(
        Leader(f"样例{name}", post) for name, post in zip("甲乙丙", ("书记", "副书记", "委员"), strict=True)
    )
    applying = [row for row in rows if not row.applies_to or set(row.applies_to) & set(named.tags)]
    exemptions = _exemptions(number, special)
    exempted = {each.row_key for each in exemptions if not each.taken_back}
    marks = tuple(
        mark for row in applying if row.key not in exempted for mark in _marks(draw, row, named.department, quality)
    )
    events = _events(number, special, named.name)
    objections = _objections(number, special, rows, marks, events)
    return Unit(
        name=named.name,
        category=category,
        framework=framework,
        tags=named.tags,
        file_tags=() if number % 20 == 7 else named.tags,
        department=named.department,
        leaders=leaders[: 2 + number % 2],
        exemptions=exemptions,
        chosen={
            row.key: ("hearing", "material_review")[number % 2]
            for row in applying
            if row.methods == ("material_review", "hearing")
        },
        votes=() if special.democratic in exempted else _votes(draw, number, quality, len(leaders[: 2 + number % 2])),
        confirmed=_confirmed(number, special),
        marks=marks,
        events=events,
        objections=objections,
        has_reporter=number % 20 == 0 or bool(objections),
        agrees=number % 20 == 0 or number % 30 == 4,
    )


def _exemptions(number: int, special: Special) -> tuple[Exemption, ...]:
    def exempt(key: str, **more: bool) -> Exemption:
        return Exemption(key, "机构改革，职责已划出（样例）", f"示例编〔2025〕{number + 1}号", **more)

    cases: dict[int, tuple[Exemption, ...]] = {
        3: (exempt("III-7"),),
        6: (exempt("III-6", taken_back=True), exempt("III-8")),
        9: tuple(exempt(key) for key in special.block),
        10: (exempt(special.calm[0], late=True),),
        13: (exempt("III-14"), exempt("III-15")),
        14: (exempt(special.democratic),),
    }
    return cases.get(number % 24, ())


def _marks(draw: random.Random, row: _Row, own: str | None, quality: float) -> Iterable[Mark]:
    """回避: what a unit would mark of itself goes to the lead office, or to the group where that is the unit."""
    if not row.is_marked:
        return
    others = [each for each in row.departments if each != own]
    for department in others or [LEAD if own != LEAD else GROUP]:
        points = _points(draw, row.points, quality)
        first = None if draw.random() > 0.05 else _points(draw, row.points, quality)
        yield Mark(row.key, department, points, None if first == points else first)


def _points(draw: random.Random, most: Decimal, quality: float) -> str:
    if draw.random() < 0.01:
        return "0"
    share = min(1.0, max(0.0, draw.gauss(quality, 0.08)))
    if draw.random() < 0.1:
        return f"{float(most) * share:.2f}"
    return str(Decimal(round(float(most) * share * STEPS)) / STEPS)


def _votes(draw: random.Random, number: int, quality: float, leaders: int) -> tuple[Vote, ...]:
    def ballots(count: int, *, letters: str = LETTERS, empty: int = 0) -> tuple[str, ...]:
        length = ITEMS + ASPECTS * leaders
        weights = (quality**2, 1.15 - quality, 0.12, 0.04, 0.02, 0.03)[: len(letters)]
        return ("-" * length,) * empty + tuple(
            "".join(draw.choices(letters, weights, k=length)) for _ in range(count - empty)
        )

    def one(count: int, empty: int = 0) -> tuple[VoteClass, ...]:
        return (VoteClass("A", "参评人", "1", ballots(count, empty=empty), unused=2, void=1),)

    def three(*counts: int) -> tuple[VoteClass, ...]:
        kinds = (("A", "领导班子成员", "30"), ("B", "中层干部", "30"), ("C", "职工代表", "40"))
        return tuple(VoteClass(*kind, ballots(count)) for kind, count in zip(kinds, counts, strict=True))

    some = draw.randint(8, 14)
    cases: dict[int, Callable[[], tuple[Vote, ...]]] = {
        0: lambda: (Vote(some + 2, some, one(some)),),
        1: lambda: (Vote(24, 21, three(6, 7, 8), two_person=number % 16 == 1),),
        2: lambda: (Vote(20, 9, one(8)),),  # below the quorum: the group confirms a value
        3: lambda: (Vote(some, None, one(some, 1), blank="zero"),),
        4: lambda: (
            Vote(12, 10, one(10), team="党委班子", weight="0.6"),
            Vote(10, 9, one(9), team="行政班子", weight="0.4"),
        ),
        5: lambda: (Vote(20, 18, three(3, 6, 8)),),  # a small class: its items are not shown
        6: lambda: (Vote(18, 7, one(7)), Vote(18, 15, one(15))),  # voted again
        7: lambda: (
            Vote(
                14,
                13,
                (VoteClass("A", "参评人", "1", ballots(13, letters=LETTERS + "*")),),
                blank="spoil",
                abstain="弃权",
            ),
        ),
    }
    return cases[number % 8]()


def _confirmed(number: int, special: Special) -> Confirmed | None:
    if number % 8 == 2 and number % 24 != 14:
        return Confirmed(special.democratic, f"{7 + number % 3}.5", "到会人数不足，考核组据座谈和资料核定（样例）")
    if number % 24 == 12:
        return Confirmed(special.democratic, "8.25", "一个票种的人员范围有误，考核组核定（样例）")
    return None


def _events(number: int, special: Special, unit: str) -> tuple[Event, ...]:
    def event(key: str, points: str, what: str, level: str = "", occasion: str = "", fate: Fate = Fate.STANDS) -> Event:
        document = f"示例发〔2025〕{number + 1}号"
        return Event(key, points, document, f"{what}（样例）", level, occasion, fate)

    bonus, (slow, blamed), (calm, quiet) = special.bonus, special.deductions, special.calm
    cases: dict[int, tuple[Event, ...]] = {
        1: (
            event(bonus, "3", "获国家级表彰", level="国家级", occasion="网络安全宣传周"),
            event(bonus, "2", "获省级表彰", level="省级", occasion="网络安全宣传周"),
        ),
        2: tuple(
            event(bonus, points, f"获{level}表彰", level=level)
            for level, points in (("国家级", "3"), ("省级", "2"), ("市级", "1"))
        ),
        3: (event(slow, "6", "报告不及时"), event(blamed, "7", "被通报批评"), event(slow, "4.5", "处置不当")),
        4: (event(calm, "1", "发生舆情风暴"), event(quiet, "2", "出现错误言论"), event(quiet, "2", "再次出现")),
        5: (event(special.veto, "", "报送的材料系伪造"), event(bonus, "1", "获市级表彰", level="市级")),
        6: (
            event(bonus, "2", "重复登记", level="省级", fate=Fate.CANCELLED),
            event(slow, "1.5", "报告迟了半天", fate=Fate.DISMISSED),
            event(blamed, "0.5", "领导批示批评"),
        ),
        7: (
            event(blamed, "3", "被通报批评", fate=Fate.UPHELD),
            event(calm, "1", "一起舆情事件", occasion="七月舆情"),
            event(quiet, "2", "同一事件中的错误言论", occasion="七月 舆情"),
        ),
        8: (
            event(bonus, "2", "获省级表彰", level="省级", occasion="Ａ级网站 评选"),
            event(bonus, "2", "再次登记", level="省级", occasion="a级网站评选"),
            event(slow, "1", "报告不及时", occasion="A级网站评选"),
        ),
    }
    exempted_too = (event(calm, "2", "一起舆情事件"),) if number % 24 == 10 else ()
    return cases.get(number % 9, ()) + exempted_too


def _objections(
    number: int, special: Special, rows: Sequence[_Row], marks: Sequence[Mark], events: Sequence[Event]
) -> tuple[Objection, ...]:
    def higher(key: str) -> tuple[Mark, ...]:
        """The first of the row's marks that is short of full, made full."""
        most = {row.key: row.points for row in rows}[key]
        own = [mark for mark in marks if mark.row_key == key and Decimal(mark.points) < most]
        return tuple(Mark(key, mark.department, str(most)) for mark in own[:1])

    found: list[Objection] = []
    for place, key, reason in ((1, "III-4", "材料已按时报送（样例）"), (8, special.joint, "一家打分有误（样例）")):
        if number % 30 == place and higher(key):
            found.append(Objection(key, reason, "经复核属实，重新打分（样例）", True, higher(key)))
    standing = [place for place, event in enumerate(events) if event.fate in (Fate.STANDS, Fate.DISMISSED)]
    if number % 30 == 6 and standing:
        key = events[standing[-1]].row_key
        found.append(Objection(key, "批示并非批评（样例）", "经核实，撤销登记（样例）", True, (), (standing[-1],)))
    if number % 30 in (4, 6):
        found.append(Objection("III-10", "分数偏低（样例）", "材料不足，维持原分（样例）"))
    return tuple(found)
