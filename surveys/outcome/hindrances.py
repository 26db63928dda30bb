"""What an assessment's next step rests on, and what still stands in its way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.acts import proposals
from surveys.catalog.rules import framework_faults
from surveys.marking.ledger import ContestState
from surveys.marking.results import Results, results
from surveys.marking.score_sheets import UnitSheet
from surveys.outcome import promises, replies, versions
from surveys.outcome.promises import Promise
from surveys.outcome.score_record import ScoreRecord
from surveys.outcome.versions import Version
from surveys.polling.seal import canonical_json, digest
from surveys.polling.states import PollState
from surveys.scoring.assessment_states import AssessmentState, ObjectionState, VersionKind
from surveys.scoring.score_sheet import RowState
from surveys.season import applicability
from surveys.season.assessments import assessment_of, departments_in, frameworks_of
from surveys.storage.tables import Assessment, Document, Event, Objection, Poll, Unit
from surveys.vote import vote_rules
from surveys.vote.tallies import is_visible

NEXT = dict(zip(list(AssessmentState)[:-1], list(AssessmentState)[1:], strict=True))


class LiveAssessment:
    """What a step rests on, read once and where it is asked for: the `results`, `live`, all sheets as they are, and the
    `newest` version."""

    def __init__(self, session: Session, assessment_id: int) -> None:
        self._session, self._assessment_id = session, assessment_id

    @cached_property
    def results(self) -> Results:
        return results(self._session, self._assessment_id)

    @cached_property
    def live(self) -> Document:
        return versions.live_body(self._session, self._assessment_id, self.results)

    @cached_property
    def record(self) -> ScoreRecord:
        return ScoreRecord.from_json(self.live)

    @cached_property
    def newest(self) -> Version | None:
        return versions.newest(self._session, self._assessment_id)

    @cached_property
    def promises(self) -> list[Promise]:
        """Those that stand open."""
        assessment = assessment_of(self._session, self._assessment_id)
        return promises.open_promises(self._session, assessment, lambda: self.record)

    @cached_property
    def agreed(self) -> set[int]:
        """Units that agree with the newest version."""
        return replies.agreed_units(self._session, self._assessment_id, self.newest)


@dataclass(frozen=True)
class Outlook:
    """What stands between an assessment and its next step. `notes`: what does not hinder it but should be known.

    `target` is None at the end. `certificate`: the digest to certify, where that is next; `hands`: who already did.
    `promised`: the open promises among them, by their sentence.
    """

    target: AssessmentState | None
    hindrances: tuple[str, ...]
    notes: tuple[str, ...]
    standing: LiveAssessment
    certificate: str | None = None
    hands: tuple[str, ...] = ()

    @property
    def promised(self) -> Mapping[str, Promise]:
        if self.target not in (AssessmentState.PROVISIONAL, AssessmentState.CERTIFIED):
            return {}
        return {each.words: each for each in reversed(self.standing.promises)}


def outlook(session: Session, now: datetime, assessment: Assessment) -> Outlook:
    """For the page. `now` is in the office's time zone."""
    state = AssessmentState(assessment.state)
    standing = LiveAssessment(session, assessment.id)
    missing = tuple(hindrances(session, now, assessment, standing))
    if state not in (AssessmentState.MARKING, AssessmentState.PROVISIONAL, AssessmentState.APPEAL):
        return Outlook(NEXT.get(state), missing, (), standing)
    notes = vote_rules.differing(session, assessment.id)
    if state is not AssessmentState.APPEAL:
        notes += unsettled(standing.results)
    if state is AssessmentState.MARKING:
        notes += _promised(standing, objections=True)
        notes += _unsealed_polls(session, assessment) + _unopened_polls(session, assessment)
    if state is not AssessmentState.APPEAL or missing:
        return Outlook(NEXT[state], missing, tuple(notes), standing)
    subject = digest(canonical_json(certificate(session, standing)))
    hands = tuple(name for name, _ in versions.certifiers(session, assessment.id, subject))
    return Outlook(NEXT[state], missing, tuple(notes), standing, subject, hands)


def hindrances(session: Session, now: datetime, assessment: Assessment, standing: LiveAssessment) -> list[str]:
    """All that must still be done before the next step, in Chinese. `now` is in the office's time zone."""
    checks: dict[AssessmentState, Callable[[], list[str]]] = {
        AssessmentState.PREPARING: lambda: _before_marking(session, assessment),
        AssessmentState.MARKING: lambda: _before_closing(session, assessment, standing),
        AssessmentState.PROVISIONAL: lambda: _changes(assessment, standing),
        AssessmentState.APPEAL: lambda: _before_certifying(session, now, assessment, standing),
        AssessmentState.CERTIFIED: lambda: [],
        AssessmentState.ARCHIVED: lambda: ["考核已归档，没有下一步。"],
    }
    return checks[AssessmentState(assessment.state)]()


def _before_marking(session: Session, assessment: Assessment) -> list[str]:
    missing = [] if assessment.units else ["还没有单位，请先添加单位或导入名单。"]
    used = {unit.framework for unit in assessment.units}
    for entry in assessment.frameworks:
        if entry.key in used:
            missing += [f"测评体系“{entry.body['title']}”：{fault.message}。" for fault in framework_faults(entry.body)]
    return missing + _applicability_hindrances(session, assessment)


def _before_closing(session: Session, assessment: Assessment, standing: LiveAssessment) -> list[str]:
    missing = _applicability_hindrances(session, assessment) + _open_event_appeals(session, assessment)
    missing += proposals.hindrances(session, assessment.id)
    # What an earlier round of appeal promised may be carried out now or in the next one: it hinders the certificate.
    return missing + _promised(standing, objections=False)


def _promised(standing: LiveAssessment, *, objections: bool) -> list[str]:
    """Of open promises: `objections` that were accepted, or else all the material that was asked for."""
    found = [each.words for each in standing.promises if (each.objection_id is not None) is objections]
    return list(dict.fromkeys(found))


def _applicability_hindrances(session: Session, assessment: Assessment) -> list[str]:
    """What the matrix of rows and units still lacks."""
    known = departments_in(frameworks_of(assessment))
    missing = [
        f"{unit.name}的考核部门“{unit.department}”在测评体系里没有，它会给自己打分。请改正后用名单重新导入。"
        for unit in assessment.units
        if unit.department and unit.department not in known
    ]
    if assessment.units and not applicability.is_approved(session, assessment):
        missing.append("适用表还没有核准，或核准以后有改动。请管理员在“适用表”页核对后核准。")
    return missing


def _before_certifying(session: Session, now: datetime, assessment: Assessment, standing: LiveAssessment) -> list[str]:
    missing = open_objections(session, assessment) + proposals.hindrances(session, assessment.id)
    missing += _promised(standing, objections=True) + _promised(standing, objections=False)
    missing += _changes(assessment, standing)
    missing += [f"{sentence}全部定下才能核定；要补打分请退回打分。" for sentence in unsettled(standing.results)]
    missing += _unsealed_polls(session, assessment) + _unopened_polls(session, assessment)
    missing += _open_event_appeals(session, assessment)
    due_on = assessment.objections_due_on
    if due_on is not None and now.date() <= due_on:
        waiting = len(standing.results.units) - len(standing.agreed)
        if waiting:
            missing.append(f"申诉期到 {due_on} 为止，还有 {waiting} 个单位没有表示同意。期满或全部同意后才能核定。")
    return missing


def open_objections(session: Session, assessment: Assessment) -> list[str]:
    query = select(func.count()).select_from(Objection).join(Unit, Unit.id == Objection.unit_id)
    count = session.scalar(query.where(Unit.assessment_id == assessment.id, Objection.state == ObjectionState.OPEN))
    return [f"还有 {count} 条申诉没有答复。"] if count else []


def _open_event_appeals(session: Session, assessment: Assessment) -> list[str]:
    query = select(func.count()).select_from(Event).join(Unit, Unit.id == Event.unit_id)
    count = session.scalar(query.where(Unit.assessment_id == assessment.id, Event.appeal == ContestState.OPEN))
    return [f"台账上还有 {count} 条事件的申诉没有答复，请在“台账”页答复。"] if count else []


def _changes(assessment: Assessment, standing: LiveAssessment) -> list[str]:
    """Whether something changed since the newest version: by an accepted objection, or a poll sealed meanwhile."""
    newest = standing.newest
    if newest is None or versions.same_scores(newest.body, standing.live):
        return []
    advice = "请先形成新版本" if assessment.state == AssessmentState.APPEAL else "请退回打分，重新形成初步结果"
    return [f"第 {newest.line.number} 版之后有改动，{advice}。"]


def unsettled(found: Results) -> list[str]:
    """Which units have rows without points yet, a sentence for each reason."""
    sentences = []
    for state, words in ((RowState.PENDING, "待打分"), (RowState.WITHHELD, "的民主测评没有计分")):
        waiting = [(each.sheet, keys) for each in found.units if (keys := _rows_in(each.sheet, state))]
        if not waiting:
            continue
        named = [f"{sheet.unit.name}（{_why(sheet, state) or '、'.join(_few(keys))}）" for sheet, keys in waiting[:5]]
        more = f"等 {len(waiting)} 个单位" if len(waiting) > len(named) else ""
        rows = sum(len(keys) for _, keys in waiting)
        sentences.append(f"有 {rows} 行{words}：{'、'.join(named)}{more}。")
    return sentences


def _rows_in(sheet: UnitSheet, state: RowState) -> list[str]:
    return [line.row.standard.key for line in sheet.lines if line.value.state is state]


def _why(sheet: UnitSheet, state: RowState) -> str:
    return "；".join(sheet.teams.faults) if state is RowState.WITHHELD else ""


def _few(keys: list[str]) -> list[str]:
    return keys if len(keys) <= 4 else [*keys[:3], f"等 {len(keys)} 行"]


def _unsealed_polls(session: Session, assessment: Assessment) -> list[str]:
    under_way = (PollState.OPEN, PollState.PAUSED, PollState.CLOSED)
    names = session.scalars(
        select(Unit.name)
        .join(Poll, Poll.unit_id == Unit.id)
        .where(Unit.assessment_id == assessment.id, Poll.state.in_(under_way), ~Poll.rehearsal)
        .order_by(Unit.position, Poll.id)
    ).all()
    return [f"还有 {len(names)} 场测评会没有封存：{'、'.join(names[:5])}。"] if names else []


def _unopened_polls(session: Session, assessment: Assessment) -> list[str]:
    """Sealed, but not opened by both: opened later they would change what was certified."""
    sealed = session.scalars(
        select(Poll)
        .join(Unit, Poll.unit_id == Unit.id)
        .where(
            Unit.assessment_id == assessment.id,
            Poll.state == PollState.SEALED,
            ~Poll.rehearsal,
            Poll.set_aside_at.is_(None),
        )
        .order_by(Unit.position, Poll.id)
    )
    names = [poll.unit.name for poll in sealed if not is_visible(poll)]
    if not names:
        return []
    marking = assessment.state == AssessmentState.MARKING
    return [
        f"还有 {len(names)} 场测评会封存了没有启封：{'、'.join(names[:5])}。请组织员和监票人启封；"
        f"不要计分的，{'' if marking else '退回打分，'}由两名管理员在会场页决定不计入得分。"
    ]


def certificate(session: Session, standing: "LiveAssessment") -> Document:
    """The body that would be certified now, when nothing changed since the newest version. Where a first hand, by an
    earlier program or as the database read rows then, certified that version word for word, it is that."""
    live, newest, assessment_id = standing.live, standing.newest, standing.record.assessment
    number = versions.next_number(session, assessment_id)
    body = versions.body_of(live, number, VersionKind.CERTIFIED)
    signed = versions.certificates(session, assessment_id)
    if newest is None or not signed or digest(canonical_json(body)) in signed:
        return body
    told = {key: live[key] for key in ("title", "proceedings") if key in newest.body}
    frozen = versions.body_of(newest.body | told, number, VersionKind.CERTIFIED)
    return frozen if digest(canonical_json(frozen)) in signed else body
