"""The poll wizard's form: what was typed, kept as typed, and the poll it describes.

Not WTForms: its rows of leaders and classes grow, and a fault is shown at its row's field.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from surveys.catalog.model import QuestionnaireKind
from surveys.catalog.model import plain as plain_number
from surveys.intake import typed
from surveys.polling.ballot_classes import PRESETS, ClassEntry, preset_of
from surveys.scoring.grades import BlankPolicy
from surveys.season.assessments import LeaderEntry
from surveys.vote.poll_entries import EntryFault, PollEntry, faults_of, questionnaire_keys, questionnaire_of

CUSTOM = "custom"
MOST_LINES = 500
FEWEST_CLASS_LINES = 4
MORE_LEADERS = 3

Value = TypeVar("Value")


@dataclass
class LeaderLine:
    """A line of the leaders' table. `listed`: on the unit's roster; `was`: the number shown before it was changed."""

    name: str = ""
    post: str = ""
    order: str = ""
    was: str = ""
    on: bool = False
    listed: bool = False

    @property
    def counts(self) -> bool:
        return self.on if self.listed else bool(self.name.strip() or self.post.strip())


@dataclass
class ClassLine:
    key: str = ""
    name: str = ""
    weight: str = ""
    planned: str = ""

    @property
    def counts(self) -> bool:
        return any(text.strip() for text in (self.key, self.name, self.weight, self.planned))


@dataclass
class PollForm:
    """All fields as text. `preset`: as chosen; `filled`: the one the lines were last filled in by."""

    title: str = "年度民主测评"
    held_on: str = ""
    place: str = ""
    entitled: str = ""
    reserve: str = "0"
    organization: str = "organization"
    leader: str = "leader"
    leaders: list[LeaderLine] = field(default_factory=list)
    preset: str = PRESETS[0].key
    filled: str = PRESETS[0].key
    classes: list[ClassLine] = field(default_factory=list)
    blank: str = BlankPolicy.EXCLUDE.value
    blanks_allowed: bool = True
    abstain: str = ""
    quorum: str = "2/3"
    team: str = ""
    team_weight: str = "1"
    two_person: bool = False
    rehearsal: bool = False

    def fill_classes(self) -> None:
        """The lines of the chosen preset, with the numbers planned kept where the class stays."""
        preset = next((each for each in PRESETS if each.key == self.preset), None)
        if preset is not None:
            planned = {line.key: line.planned for line in self.classes}
            self.classes = [_class_line(entry, planned.get(entry.key, "")) for entry in preset.classes]
        self.filled = self.preset
        self.pad()

    def pad(self, more_classes: int = 0, more_leaders: int = 0) -> None:
        """Empty lines to type into."""
        missing = max(FEWEST_CLASS_LINES - len(self.classes), 0)
        self.classes += [ClassLine() for _ in range(missing + more_classes)]
        spare = any(not line.listed and not line.counts for line in self.leaders)
        self.leaders += [LeaderLine() for _ in range(more_leaders or (0 if spare else MORE_LEADERS))]


def fresh(roster: Sequence[LeaderEntry]) -> PollForm:
    """The form of a new poll: everybody on the roster, in its order."""
    organization, leader = (_default(kind) for kind in (QuestionnaireKind.ORGANIZATION, QuestionnaireKind.LEADER))
    form = PollForm(organization=organization, leader=leader, leaders=_leader_lines(roster, roster))
    first = questionnaire_of(organization or leader)
    if first is not None:
        form.blank, form.blanks_allowed, form.abstain = first.blank.value, first.blanks_allowed, first.abstain or ""
    form.fill_classes()
    return form


def _abstain(entry: PollEntry) -> str:
    """What 弃权 is called on the ballot: of its own, or the questionnaires'."""
    if entry.abstain is not None:
        return entry.abstain
    forms = [questionnaire_of(key) for key in (entry.organization, entry.leader)]
    return next((form.abstain for form in forms if form is not None and form.abstain), "")


def _default(kind: QuestionnaireKind) -> str:
    keys = questionnaire_keys(kind)
    return kind.value if kind.value in keys else next(iter(keys), "")


def form_of(entry: PollEntry, roster: Sequence[LeaderEntry]) -> PollForm:
    """The form of a poll as it stands: the leaders on the ballot first, then those left out."""
    preset = preset_of(entry.classes)
    key = CUSTOM if preset is None else preset.key
    form = PollForm(
        title=entry.title,
        held_on="" if entry.held_on is None else entry.held_on.isoformat(),
        place=entry.place,
        entitled=str(entry.entitled),
        reserve=str(entry.reserve),
        organization=entry.organization,
        leader=entry.leader,
        leaders=_leader_lines(roster if entry.leaders is None else entry.leaders, roster),
        preset=key,
        filled=key,
        classes=[_class_line(each, "" if each.planned is None else str(each.planned)) for each in entry.classes],
        blank=(entry.blank or BlankPolicy.EXCLUDE).value,
        blanks_allowed=entry.blanks_allowed is not False,
        abstain=_abstain(entry),
        quorum=f"{entry.quorum.numerator}/{entry.quorum.denominator}",
        team=entry.team,
        team_weight=plain_number(entry.team_weight),
        two_person=entry.two_person,
        rehearsal=entry.rehearsal,
    )
    form.pad()
    return form


def _leader_lines(chosen: Sequence[LeaderEntry], roster: Sequence[LeaderEntry]) -> list[LeaderLine]:
    lines = [
        LeaderLine(each.name, each.post, str(number), str(number), True, each in roster)
        for number, each in enumerate(chosen, start=1)
    ]
    return lines + [LeaderLine(each.name, each.post, listed=True) for each in roster if each not in chosen]


def _class_line(entry: ClassEntry, planned: str) -> ClassLine:
    return ClassLine(entry.key, entry.name, plain_number(entry.weight), planned)


def typed_form(fields: Mapping[str, str]) -> PollForm:
    """The form as it was sent."""

    def text(name: str) -> str:
        return fields.get(name, "")

    def lines(kind: str) -> Iterable[str]:
        prefixes = (f"{kind}-{number}" for number in range(MOST_LINES))
        return (prefix for prefix in prefixes if f"{prefix}-name" in fields)

    simple: dict[str, Any] = {name: text(name) for name in _TEXTS}
    simple |= {name: name in fields for name in _TICKS}
    form = PollForm(
        **simple,
        leaders=[
            LeaderLine(
                text(f"{prefix}-name"),
                text(f"{prefix}-post"),
                text(f"{prefix}-order"),
                text(f"{prefix}-was"),
                f"{prefix}-on" in fields,
                f"{prefix}-listed" in fields,
            )
            for prefix in lines("leaders")
        ],
        classes=[
            ClassLine(*(text(f"{prefix}-{part}") for part in ("key", "name", "weight", "planned")))
            for prefix in lines("classes")
        ],
    )
    form.pad()
    return form


_TEXTS = (
    "title",
    "held_on",
    "place",
    "entitled",
    "reserve",
    "organization",
    "leader",
    "preset",
    "filled",
    "blank",
    "abstain",
    "quorum",
    "team",
    "team_weight",
)
_TICKS = ("blanks_allowed", "two_person", "rehearsal")


class FormFaults(Exception):
    """`faults`: what is wrong, by the name of the form's field."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__()
        self.faults = dict(faults)


class _Reading:
    """Values read from fields, with the faults met on the way."""

    def __init__(self) -> None:
        self.faults: dict[str, str] = {}

    def value(self, name: str, label: str, text: str, read: Callable[[str], Value], instead: Value) -> Value:
        """`instead` stands in for what cannot be read, so that the other fields can still be checked."""
        if not text.strip():
            self.faults[name] = f"请填写{label}。"
            return instead
        try:
            return read(text)
        except typed.Unreadable as error:
            self.faults[name] = f"{label}“{text.strip()[:20]}”{error}。"
            return instead

    def optional(self, name: str, label: str, text: str, read: Callable[[str], Value]) -> Value | None:
        return self.value(name, label, text, read, None) if text.strip() else None


@dataclass(frozen=True)
class Read:
    """A form's poll. `leader_lines`, `class_lines`: which line each of the entry's leaders and classes stands on."""

    entry: PollEntry
    leader_lines: Sequence[int]
    class_lines: Sequence[int]

    def faults(self, faults: Iterable[EntryFault]) -> dict[str, str]:
        """A service's faults by the form's own fields."""
        found: dict[str, str] = {}
        for fault in faults:
            kind, _, rest = fault.field.partition("-")
            name = fault.field
            if rest:
                number, _, part = rest.partition("-")
                lines = self.leader_lines if kind == "leaders" else self.class_lines
                name = f"{kind}-{lines[int(number)]}-{part}"
            found.setdefault(name, fault.text)
        return found


def read(form: PollForm, unit_id: int, roster: Sequence[LeaderEntry]) -> Read:
    """The poll a form describes. Raises FormFaults with every fault of every field."""
    reading = _Reading()
    classes = [(number, line) for number, line in enumerate(form.classes) if line.counts]
    leaders = _ordered(reading, form.leaders)
    chosen = [LeaderEntry(line.name.strip(), line.post.strip()) for _, line in leaders]
    entry = PollEntry(
        unit_id=unit_id,
        title=form.title,
        entitled=reading.value("entitled", "应到人数", form.entitled, typed.whole, 1),
        reserve=reading.optional("reserve", "预留的张数", form.reserve, typed.whole) or 0,
        classes=[_read_class(reading, number, line) for number, line in classes],
        organization=form.organization,
        leader=form.leader,
        blank=_blank(reading, form.blank),
        quorum=reading.value("quorum", "到会比例", form.quorum, typed.share, typed.share("2/3")),
        rehearsal=form.rehearsal,
        two_person=form.two_person,
        held_on=reading.optional("held_on", "日期", form.held_on, typed.day),
        place=form.place,
        leaders=None if chosen == list(roster) else chosen,
        blanks_allowed=form.blanks_allowed,
        abstain=form.abstain.strip(),
        team=form.team,
        team_weight=reading.value("team_weight", "班子的权重", form.team_weight, typed.decimal, typed.decimal("1")),
    )
    found = Read(entry, [number for number, _ in leaders], [number for number, _ in classes])
    _check_preset(reading, form, entry)
    faults = found.faults(faults_of(entry)) | reading.faults
    if faults:
        raise FormFaults(dict(sorted(faults.items(), key=_place_on_page)))
    return found


_PAGE = (
    "title",
    "held_on",
    "place",
    "organization",
    "leader",
    "leaders",
    "preset",
    "classes",
    "entitled",
    "reserve",
    "quorum",
    "abstain",
    "team",
    "team_weight",
)


def _place_on_page(fault: tuple[str, str]) -> tuple[int, int]:
    field, *rest = fault[0].split("-")
    return _PAGE.index(field) if field in _PAGE else len(_PAGE), int(rest[0]) if rest else -1


def _read_class(reading: _Reading, number: int, line: ClassLine) -> ClassEntry:
    prefix, which = f"classes-{number}", f"票种第 {number + 1} 行的"
    key = typed.plain(line.key).upper()
    if not key:
        reading.faults[f"{prefix}-key"] = f"请填写{which}代号，如 A。"
    if not line.name.strip():
        reading.faults[f"{prefix}-name"] = f"请填写{which}名称，如 职工代表。"
    return ClassEntry(
        key,
        line.name.strip(),
        reading.value(f"{prefix}-weight", f"{which}权重", line.weight, typed.decimal, typed.decimal("1")),
        reading.optional(f"{prefix}-planned", f"{which}计划张数", line.planned, typed.whole),
    )


def _blank(reading: _Reading, text: str) -> BlankPolicy:
    if text not in {policy.value for policy in BlankPolicy}:
        reading.faults["blank"] = "请选漏填怎样算。"
        return BlankPolicy.EXCLUDE
    return BlankPolicy(text)


def _check_preset(reading: _Reading, form: PollForm, entry: PollEntry) -> None:
    preset = next((each for each in PRESETS if each.key == form.preset), None)
    if preset is None or form.preset == form.filled or preset_of(entry.classes) is preset:
        return
    reading.faults["preset"] = (
        f"选了“{preset.label}”，下面的票种还不是。请按“按所选填好”；要用下面现有的票种，就选“自定义”。"
    )


def _ordered(reading: _Reading, lines: Sequence[LeaderLine]) -> list[tuple[int, LeaderLine]]:
    """The lines that count, in their order on the ballot. A number already taken is moved up or down to: who comes
    from below stands before the one who had it, who comes from above after. Without a number: at the end."""
    keys: dict[int, tuple[int, int]] = {}
    for number, line in enumerate(lines):
        if not line.counts:
            continue
        name = f"leaders-{number}-order"
        order = reading.optional(name, f"{line.name.strip()}的顺序", line.order, typed.whole)
        if order is None:
            keys[number] = (10**9, 0)
            continue
        was = int(line.was) if line.was.isascii() and line.was.isdigit() else 10**9
        keys[number] = (order, (order > was) - (order < was))
        same = [other for other in keys if other != number and keys[other] == keys[number]]
        if same:
            whose = lines[same[0]].name.strip() or "另一位"
            reading.faults[name] = f"顺序 {order} 与“{whose}”的相同，请改一个。"
    return [(number, lines[number]) for number in sorted(keys, key=lambda number: (*keys[number], number))]
