"""A poll as entered, and every rule it must keep: said for each field at once, so that a form can show it there."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from surveys.acts.errors import BadInput
from surveys.acts.limits import LONGEST_NAME, LONGEST_POST
from surveys.catalog import loader
from surveys.catalog.model import Questionnaire, QuestionnaireKind, plain
from surveys.intake.cleaning import clean_line
from surveys.intake.namesakes import REMEDY, Namesakes
from surveys.polling.ballot_classes import ClassEntry
from surveys.scoring.grades import BlankPolicy, FormRules
from surveys.scoring.poll_rules import PollRules
from surveys.season.assessments import LeaderEntry
from surveys.storage.tables import Document, Poll, Unit

MOST_PEOPLE = 100_000
LONGEST_TITLE = 60


@dataclass(frozen=True)
class PollEntry:
    """A poll as entered. An empty questionnaire key leaves that form off the sheet.

    `team`: which of the unit's 班子 is rated, empty where there is one; results of several combine by `team_weight`.
    `leaders`: exactly these in this order; None: the unit's leaders as they are when the poll opens.
    `reserve`: tickets that may be issued beyond those entitled.
    `blank`, `blanks_allowed`, `abstain`: None is as the questionnaires say. An empty `abstain` offers no 弃权.
    """

    unit_id: int
    title: str
    entitled: int
    classes: Sequence[ClassEntry]
    present: int | None = None
    organization: str = "organization"
    leader: str = "leader"
    blank: BlankPolicy | None = None
    blanks_allowed: bool | None = None
    abstain: str | None = None
    quorum: Fraction = Fraction(2, 3)
    rehearsal: bool = False
    two_person: bool = False
    held_on: date | None = None
    place: str = ""
    leaders: Sequence[LeaderEntry] | None = None
    team: str = ""
    team_weight: Decimal = Decimal(1)
    reserve: int = 0


@dataclass(frozen=True)
class EntryFault:
    """Why a field cannot be taken, in Chinese. `field`: of PollEntry; of one among several, `classes-1-weight`."""

    field: str
    text: str


class BadEntry(BadInput):
    """An entry with faults; its text is all of theirs, one to a line."""

    def __init__(self, faults: Sequence[EntryFault]) -> None:
        super().__init__("\n".join(fault.text for fault in faults))
        self.faults = tuple(faults)


def check_entry(entry: PollEntry) -> None:
    """Raises BadEntry with every fault."""
    faults = [*faults_of(entry)]
    if faults:
        raise BadEntry(faults)


def faults_of(entry: PollEntry) -> Iterator[EntryFault]:
    if not 1 <= len(entry.title.strip()) <= LONGEST_TITLE:
        yield EntryFault("title", f"测评会名称须为 1 至 {LONGEST_TITLE} 个字。")
    if len(entry.place.strip()) > LONGEST_NAME:
        yield EntryFault("place", f"地点太长，最多 {LONGEST_NAME} 个字。")
    if not 1 <= entry.entitled <= MOST_PEOPLE:
        yield EntryFault("entitled", f"应到人数须是 1 至 {MOST_PEOPLE} 的整数。")
    if not 0 <= entry.reserve <= MOST_PEOPLE:
        yield EntryFault("reserve", f"预留的张数须是 0 至 {MOST_PEOPLE} 的整数。")
    if entry.present is not None and entry.present < 0:
        yield EntryFault("present", "实到人数不能小于 0。")
    if not 0 <= entry.quorum <= 1:
        yield EntryFault("quorum", "计分所需的到会比例须在 0 与 1 之间，如 2/3。")
    if entry.abstain and len(entry.abstain.strip()) > 6:
        yield EntryFault("abstain", "弃权选项的名称太长，最多 6 个字，如“弃权”“不了解”。")
    if len(clean_line(entry.team)) > 30:
        yield EntryFault("team", "班子的名称太长，最多 30 个字，如“行政班子”。")
    if not _is_weight(entry.team_weight):
        yield EntryFault("team_weight", "班子的权重须大于 0，不超过 10000，如 0.6。")
    yield from _questionnaire_faults(entry)
    yield from _class_faults(entry.classes)
    if entry.leader and entry.leaders is not None:
        yield from _leader_faults(entry.leaders)


def _questionnaire_faults(entry: PollEntry) -> Iterator[EntryFault]:
    if not entry.organization and not entry.leader:
        yield EntryFault("organization", "请至少选一份测评表。")
    for field, key, kind, name in (
        ("organization", entry.organization, QuestionnaireKind.ORGANIZATION, "单位"),
        ("leader", entry.leader, QuestionnaireKind.LEADER, "领导"),
    ):
        if key and key not in questionnaire_keys(kind):
            known = "、".join(questionnaire_keys(kind))
            yield EntryFault(field, f"没有名为 {key} 的{name}测评表，可用的有：{known}。")


def _class_faults(classes: Sequence[ClassEntry]) -> Iterator[EntryFault]:
    if not classes:
        yield EntryFault("classes", "请至少设一个票种。")
    seen = Counter[str]()
    for number, entry in enumerate(classes):
        field = f"classes-{number}"
        seen[entry.key.upper()] += 1
        if not (entry.key.isascii() and entry.key.isalnum() and len(entry.key) <= 8):
            yield EntryFault(f"{field}-key", f"票种代号“{entry.key}”须是 1 至 8 个字母或数字，如 A。")
        elif seen[entry.key.upper()] > 1:
            yield EntryFault(f"{field}-key", f"票种的代号“{entry.key}”有重复，请改成不同的代号。")
        if not 1 <= len(entry.name.strip()) <= LONGEST_NAME:
            yield EntryFault(f"{field}-name", f"票种 {entry.key} 的名称须为 1 至 {LONGEST_NAME} 个字。")
        if not _is_weight(entry.weight):
            yield EntryFault(f"{field}-weight", f"票种 {entry.key} 的权重须大于 0，不超过 10000。")
        if entry.planned is not None and not 1 <= entry.planned <= MOST_PEOPLE:
            yield EntryFault(f"{field}-planned", f"票种 {entry.key} 的计划张数须是 1 至 {MOST_PEOPLE}，不定就不填。")


def _is_weight(weight: Decimal) -> bool:
    return weight.is_finite() and len(str(weight)) <= 40 and 0 < weight <= 10000


def _leader_faults(leaders: Sequence[LeaderEntry]) -> Iterator[EntryFault]:
    if not leaders:
        yield EntryFault("leaders", "一位领导也没有上票。请至少勾选一位；不测评领导，就把领导测评表选为“不用”。")
    people = Namesakes()
    for number, leader in enumerate(leaders):
        name, field = leader.name.strip(), f"leaders-{number}"
        if not 1 <= len(name) <= LONGEST_NAME:
            yield EntryFault(f"{field}-name", f"领导名单第 {number + 1} 位的姓名须为 1 至 {LONGEST_NAME} 个字。")
        if len(leader.post.strip()) > LONGEST_POST:
            yield EntryFault(f"{field}-post", f"{name}的职务太长，最多 {LONGEST_POST} 个字。")
        if people.met(name, leader.post) is not None:
            yield EntryFault(f"{field}-name", f"领导名单里“{name}”出现了两次。{REMEDY}")


def questionnaire_keys(kind: QuestionnaireKind) -> tuple[str, ...]:
    """Keys of the catalog's questionnaires of this kind."""
    return tuple(key for key in loader.questionnaire_keys() if loader.questionnaire(key).kind is kind)


def questionnaire_of(key: str, frozen: Document | None = None) -> Questionnaire | None:
    """The questionnaire as the assessment froze it, else the catalog's; None for the empty key. Raises BadInput for one
    that is there no more."""
    if key in (frozen or {}):
        return Questionnaire.from_json((frozen or {})[key])
    if key and key not in loader.questionnaire_keys():
        raise BadInput(f"没有名为 {key} 的测评表，请在测评会的设置里另选一份。")
    return loader.questionnaire(key) if key else None


def catalog_questionnaires() -> Document:
    """All of the catalog's, by key, to be frozen."""
    return {key: loader.questionnaire(key).to_json() for key in loader.questionnaire_keys()}


def rules_of(entry: PollEntry, frozen: Document | None = None) -> PollRules:
    """How the answers of a checked entry count: its own rules where it has any, else the questionnaires'.

    `frozen`: the assessment's. Blanks are allowed if each questionnaire allows them.
    """
    organization, leader = (questionnaire_of(key, frozen) for key in (entry.organization, entry.leader))
    forms = [form for form in (organization, leader) if form is not None]
    allowed = all(form.blanks_allowed for form in forms) if entry.blanks_allowed is None else entry.blanks_allowed
    return PollRules(
        _form_rules(organization),
        _form_rules(leader),
        entry.blank or forms[0].blank,
        entry.quorum,
        allowed,
        reserve=entry.reserve,
    )


def _form_rules(questionnaire: Questionnaire | None) -> FormRules | None:
    if questionnaire is None:
        return None
    return FormRules(
        grades={grade.letter: grade.weight for grade in questionnaire.grades},
        questions={question.key: question.weight for question in questionnaire.questions},
    )


def entry_of(poll: Poll) -> PollEntry:
    """A poll as it would be entered now."""
    rules = PollRules.from_json(poll.rules)
    return PollEntry(
        unit_id=poll.unit_id,
        title=poll.title,
        entitled=poll.entitled,
        classes=[ClassEntry(each.key, each.name, each.weight, each.planned) for each in poll.classes],
        present=poll.present,
        organization=poll.questionnaires["organization"],
        leader=poll.questionnaires["leader"],
        blank=rules.blank,
        blanks_allowed=rules.blanks_allowed,
        abstain=poll.questionnaires.get("abstain"),
        quorum=rules.quorum,
        rehearsal=poll.rehearsal,
        two_person=poll.two_person,
        held_on=poll.held_on,
        place=poll.place,
        leaders=None if poll.leaders is None else [LeaderEntry(name, post) for name, post in poll.leaders],
        team=poll.team,
        team_weight=poll.team_weight,
        reserve=rules.reserve or 0,
    )


def state_of(entry: PollEntry) -> dict[str, str]:
    """What the form of a poll shows, in words: the number present has a form of its own."""
    return {label: _shown(field, getattr(entry, field)) for field, label in _LABELS.items()}


def changes(before: PollEntry, after: PollEntry) -> str:
    """What differs, for the audit log: `应到 10→12；地点 无→三楼会议室`. Empty when nothing does."""
    old, new = state_of(before), state_of(after)
    return "；".join(f"{label} {old[label]}→{new[label]}" for label in old if old[label] != new[label])


_LABELS = {
    "title": "名称",
    "held_on": "日期",
    "place": "地点",
    "entitled": "应到",
    "reserve": "预留",
    "organization": "单位测评表",
    "leader": "领导测评表",
    "leaders": "领导名单",
    "classes": "票种",
    "blank": "未填",
    "blanks_allowed": "允许漏填",
    "abstain": "弃权选项",
    "quorum": "到会比例",
    "team": "班子",
    "team_weight": "班子权重",
    "two_person": "双人启封",
    "rehearsal": "演练",
}


def _shown(field: str, value: Any) -> str:  # noqa: ANN401
    if field == "classes":
        return "、".join(
            f"{each.key} {each.name.strip()} {plain(each.weight)}" + (f" {each.planned}张" if each.planned else "")
            for each in sorted(value, key=lambda each: str(each.key))
        )
    if field == "leaders":
        return (
            "按单位名单" if value is None else "、".join(f"{each.name.strip()} {each.post}".strip() for each in value)
        )
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, bool):
        return "是" if value else "否"
    return "无" if value is None else str(value).strip() or "无"


def roster_of(unit: Unit) -> list[LeaderEntry]:
    """The unit's leaders as they are now, in order."""
    return [LeaderEntry(leader.name, leader.post) for leader in unit.leaders]


def roster_without(unit: Unit, names: Sequence[str]) -> list[LeaderEntry]:
    """The unit's leaders less those of these names. Raises BadInput for a name nobody or more than one has."""
    roster = roster_of(unit)
    for name in names:
        found = sum(leader.name == name.strip() for leader in roster)
        if found == 0:
            listed = "、".join(leader.name for leader in roster) or "空的"
            raise BadInput(f"单位“{unit.name}”的领导名单里没有“{name}”。名单是：{listed}。")
        if found > 1:
            raise BadInput(f"单位“{unit.name}”的领导名单里有 {found} 位“{name}”，请在网页上勾选。")
    left_out = {name.strip() for name in names}
    return [leader for leader in roster if leader.name not in left_out]
