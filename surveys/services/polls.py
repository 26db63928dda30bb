"""A poll's life: draft, open, closed, sealed. Issuing is in `tickets`, voting in `casting`."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from surveys.catalog import loader
from surveys.catalog.model import Questionnaire, QuestionnaireKind
from surveys.intake.cleaning import clean_line
from surveys.polling import codes, envelopes
from surveys.polling import sheet as polling
from surveys.polling.states import PollState
from surveys.scoring.grades import BlankPolicy, FormRules
from surveys.scoring.poll_rules import PollRules
from surveys.services import audit
from surveys.services.actors import Actor
from surveys.services.assessments import unit_of
from surveys.services.errors import BadInput, NotFound, WrongState
from surveys.storage.tables import BallotClass, Poll, Unit


@dataclass(frozen=True)
class ClassEntry:
    """A ballot class as entered."""

    key: str
    name: str
    weight: Decimal


@dataclass(frozen=True)
class PollEntry:
    """A poll as entered. An empty questionnaire key leaves that form off the sheet.

    `team`: which of the unit's 班子 is rated, empty where there is one; results of several combine by `team_weight`.
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
    team: str = ""
    team_weight: Decimal = Decimal(1)


def create_poll(session: Session, now: datetime, actor: Actor, entry: PollEntry) -> int:
    """A draft poll with its ballot classes. Raises BadInput, NotFound."""
    unit = unit_of(session, entry.unit_id)
    _check_entry(entry)
    organization = _questionnaire(entry.organization, QuestionnaireKind.ORGANIZATION)
    leader = _questionnaire(entry.leader, QuestionnaireKind.LEADER)
    if organization is None and leader is None:
        raise BadInput("请至少选一份测评表。")
    rules = _rules(entry, organization, leader)
    poll = Poll(
        unit_id=unit.id,
        prefix=free_prefix(session),
        title=entry.title.strip(),
        place="",
        state=PollState.DRAFT,
        team=clean_line(entry.team),
        team_weight=entry.team_weight,
        rehearsal=entry.rehearsal,
        two_person=entry.two_person,
        entitled=entry.entitled,
        present=entry.present,
        rules=rules.to_json(),
        questionnaires={
            "organization": entry.organization,
            "leader": entry.leader,
            "abstain": None if entry.abstain is None else entry.abstain.strip(),
        },
    )
    poll.classes = [
        BallotClass(key=ballot_class.key, name=ballot_class.name, weight=ballot_class.weight)
        for ballot_class in entry.classes
    ]
    session.add(poll)
    audit.record(session, now, actor, "poll.create", poll.prefix, unit.name)
    session.commit()
    return poll.id


def _check_entry(entry: PollEntry) -> None:
    if not entry.title.strip() or len(entry.title.strip()) > 60:
        raise BadInput("测评会名称须为 1 至 60 个字。")
    if entry.entitled < 1:
        raise BadInput("应到人数须是 1 或更大的整数。")
    _check_present(entry.present)
    _check_abstain(entry.abstain)
    if len(clean_line(entry.team)) > 30:
        raise BadInput("班子的名称太长，最多 30 个字，如“行政班子”。")
    if not _is_weight(entry.team_weight):
        raise BadInput("班子的权重须大于 0，不超过 10000，如 0.6。")
    if not 0 <= entry.quorum <= 1:
        raise BadInput("计分所需的到会比例须在 0 与 1 之间，如 2/3。")
    if not entry.classes:
        raise BadInput("请至少设一个票种。")
    keys = [ballot_class.key for ballot_class in entry.classes]
    if len(set(keys)) != len(keys):
        raise BadInput("票种的代号有重复，请改成不同的代号。")
    for ballot_class in entry.classes:
        if not (ballot_class.key.isascii() and ballot_class.key.isalnum() and len(ballot_class.key) <= 8):
            raise BadInput(f"票种代号“{ballot_class.key}”须是 1 至 8 个字母或数字，如 A。")
        if not 1 <= len(ballot_class.name.strip()) <= 100:
            raise BadInput(f"票种 {ballot_class.key} 的名称须为 1 至 100 个字。")
        if not _is_weight(ballot_class.weight):
            raise BadInput(f"票种 {ballot_class.key} 的权重须大于 0，不超过 10000。")


def _is_weight(weight: Decimal) -> bool:
    return weight.is_finite() and len(str(weight)) <= 40 and 0 < weight <= 10000


def _check_abstain(name: str | None) -> None:
    if name and len(name.strip()) > 6:
        raise BadInput(f"弃权选项的名称“{name.strip()[:20]}”太长，最多 6 个字，如“弃权”“不了解”。")


def parse_classes(text: str) -> list[ClassEntry]:
    """Ballot classes as typed, a line each: key, name, weight. Raises BadInput naming the line."""
    classes = []
    for number, line in enumerate(text.replace("\u3000", " ").splitlines(), start=1):
        words = line.replace("，", " ").replace(",", " ").split()
        if not words:
            continue
        try:
            key, name, weight = words
            classes.append(ClassEntry(unicodedata.normalize("NFKC", key), name, Decimal(weight)))
        except (ValueError, InvalidOperation):
            remedy = "应写成“代号 名称 权重”，如“A 领导班子成员 40”。"
            raise BadInput(f"票种第 {number} 行“{line.strip()}”{remedy}") from None
    return classes


def _check_present(present: int | None) -> None:
    if present is not None and present < 0:
        raise BadInput("实到人数不能小于 0。")


def _questionnaire(key: str, kind: QuestionnaireKind) -> Questionnaire | None:
    if not key:
        return None
    if key not in loader.questionnaire_keys() or loader.questionnaire(key).kind is not kind:
        raise BadInput(f"没有名为 {key} 的{'单位' if kind is QuestionnaireKind.ORGANIZATION else '领导'}测评表。")
    return loader.questionnaire(key)


def _rules(entry: PollEntry, organization: Questionnaire | None, leader: Questionnaire | None) -> PollRules:
    """The poll's own rules where it has any, else the questionnaires'; blanks are allowed if each allows them."""
    forms = [form for form in (organization, leader) if form is not None]
    allowed = all(form.blanks_allowed for form in forms) if entry.blanks_allowed is None else entry.blanks_allowed
    return PollRules(
        _form_rules(organization), _form_rules(leader), entry.blank or forms[0].blank, entry.quorum, allowed
    )


def _form_rules(questionnaire: Questionnaire | None) -> FormRules | None:
    if questionnaire is None:
        return None
    return FormRules(
        grades={grade.letter: grade.weight for grade in questionnaire.grades},
        questions={question.key: question.weight for question in questionnaire.questions},
    )


def free_prefix(session: Session) -> str:
    """A prefix no poll has."""
    while True:
        prefix = codes.new_prefix()
        if session.scalar(select(Poll.id).where(Poll.prefix == prefix)) is None:
            return prefix


def set_present(session: Session, now: datetime, actor: Actor, poll_id: int, present: int) -> None:
    """Writes down the number present (实到). Raises BadInput, WrongState once the poll is sealed."""
    poll = locked_poll(session, poll_id)
    if poll.state is PollState.SEALED:
        raise WrongState("测评会已经封存，实到人数不能再改。")
    _check_present(present)
    poll.present = present
    audit.record(session, now, actor, "poll.present", poll.prefix, str(present))
    session.commit()


def open_poll(session: Session, now: datetime, actor: Actor, poll_id: int) -> None:
    """Freezes the sheet and lets votes in. Raises WrongState, BadInput when there is nobody to rate."""
    poll = locked_poll(session, poll_id)
    if poll.state is not PollState.DRAFT:
        raise WrongState(f"测评会{poll.state.label}，不能再开始一次。")
    if session.scalar(select(Poll.id).where(Poll.rehearsal_of == poll_id)) is not None:
        raise WrongState("演练还没有清除。请先到演练的页面点“清除演练”，再开始正式投票。")
    sheet = build_sheet(poll)
    if sheet.length() == 0:
        raise BadInput(f"单位“{poll.unit.name}”没有可测评的内容：没有单位测评表，也没有领导名单。")
    poll.sheet = sheet.to_json()
    poll.state = PollState.OPEN
    poll.opened_at = now
    poll.envelope_salt = envelopes.new_salt()
    audit.record(session, now, actor, "poll.open", poll.prefix)
    session.commit()


def build_sheet(poll: Poll) -> polling.Sheet:
    """The sheet of a draft poll, from the questionnaires and the unit's leaders as they are now."""
    keys = poll.questionnaires
    abstain = keys.get("abstain")
    return polling.Sheet(
        title=poll.title,
        unit=poll.unit.name,
        organization=_sheet_form(_questionnaire(keys["organization"], QuestionnaireKind.ORGANIZATION), abstain),
        leader=_sheet_form(_questionnaire(keys["leader"], QuestionnaireKind.LEADER), abstain),
        leaders=tuple(polling.Leader(leader.name, leader.post) for leader in poll.unit.leaders),
    )


def _sheet_form(questionnaire: Questionnaire | None, abstain: str | None) -> polling.Questionnaire | None:
    if questionnaire is None:
        return None
    return polling.Questionnaire(
        title=questionnaire.title,
        choices=tuple(polling.Choice(grade.letter, grade.name) for grade in questionnaire.grades),
        questions=tuple(polling.Question(question.key, question.text) for question in questionnaire.questions),
        abstain=(questionnaire.abstain if abstain is None else abstain) or None,
    )


def close_poll(session: Session, now: datetime, actor: Actor, poll_id: int) -> None:
    """Lets no more votes in. Raises WrongState."""
    poll = locked_poll(session, poll_id)
    if poll.state not in (PollState.OPEN, PollState.PAUSED):
        raise WrongState(f"测评会{poll.state.label}，不在投票中，不用结束。")
    poll.state = PollState.CLOSED
    poll.closed_at = now
    audit.record(session, now, actor, "poll.close", poll.prefix)
    session.commit()


def poll_of(session: Session, poll_id: int) -> Poll:
    return _found(session, select(Poll).where(Poll.id == poll_id), poll_id)


def locked_poll(session: Session, poll_id: int, *, against_casting: bool = False) -> Poll:
    """The poll, locked against other changes until the transaction ends.

    `against_casting` waits for the casts under way too. Closing must not: on PostgreSQL a stream of voters would keep
    it waiting, and a cast that began before the close may still land before the seal.
    """
    lock = select(Poll).where(Poll.id == poll_id).with_for_update(of=Poll, key_share=not against_casting)
    return _found(session, lock, poll_id)


def _found(session: Session, query: Select[Poll], poll_id: int) -> Poll:
    poll = session.scalar(query)
    if poll is None:
        raise NotFound(f"没有编号为 {poll_id} 的测评会。")
    return poll


def list_polls(session: Session) -> list[Poll]:
    """All polls, the newest first."""
    return list(session.scalars(select(Poll).join(Unit).order_by(Poll.id.desc())))
