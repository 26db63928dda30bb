"""The life of an assessment: preparing > marking > provisional > appeal > certified > archived.

Each step is one function. It asks the same `hindrances` that the page shows, and raises WrongState with all of them.
"""

from dataclasses import replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from surveys.acts import audit, two_hands
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import BadInput, WrongState
from surveys.acts.permitted import permitted
from surveys.acts.reasons import written
from surveys.acts.site_settings import goes_without_auditor
from surveys.outcome import versions
from surveys.outcome.hindrances import NEXT, LiveAssessment, certificate, hindrances, open_objections
from surveys.polling.seal import canonical_json, digest
from surveys.scoring.assessment_states import AssessmentState, VersionKind
from surveys.scoring.score_sheet import ScoringRules
from surveys.season import shut
from surveys.season.assessments import locked_assessment
from surveys.season.shut import Act
from surveys.storage.tables import Assessment, RuleVersion
from surveys.vote.poll_entries import catalog_questionnaires


@permitted(Permission.DECIDE)
def start_marking(session: Session, now: datetime, actor: Actor, assessment_id: int) -> None:
    """preparing > marking: frameworks and rules are frozen as version 1, and the scales of polls still to be made.
    From now on nothing that the program does otherwise later changes them. Raises NotFound, NotAllowed, WrongState."""
    assessment, _ = _ready(session, now, actor, assessment_id, AssessmentState.PREPARING)
    rules = ScoringRules.from_json(assessment.rules)
    unaudited = goes_without_auditor(session)
    assessment.rules = replace(rules, only_with_form=True, decided_by_two=True, unaudited=unaudited).to_json()
    assessment.questionnaires = catalog_questionnaires()
    session.add(
        RuleVersion(
            assessment_id=assessment.id,
            number=1,
            frameworks={entry.key: entry.body for entry in assessment.frameworks},
            rules=assessment.rules,
            reason="开始打分",
            account_id=actor.account_id,
            made_at=now,
        )
    )
    _move(session, now, actor, assessment, AssessmentState.MARKING, "assessment.start")


@permitted(Permission.DECIDE)
def close_marking(session: Session, now: datetime, actor: Actor, assessment_id: int) -> int:
    """marking > provisional: freezes a version, pending rows and all; its number. Raises as above."""
    assessment, _ = _ready(session, now, actor, assessment_id, AssessmentState.MARKING)
    version = versions.freeze(session, now, actor, assessment, VersionKind.PROVISIONAL, "结束打分，形成初步结果")
    assessment.state = AssessmentState.PROVISIONAL
    session.commit()
    return version.number


@permitted(Permission.DECIDE)
def open_appeal(session: Session, now: datetime, actor: Actor, assessment_id: int, due_on: date) -> None:
    """provisional > appeal: each unit sees its own sheet, and may reply up to and with `due_on`. Raises as above,
    BadInput. `now` is in the office's time zone."""
    assessment, _ = _ready(session, now, actor, assessment_id, AssessmentState.PROVISIONAL)
    if due_on < now.date():
        raise BadInput(f"申诉截止日期 {due_on} 已经过去，请填今天或以后的日期。")
    assessment.objections_due_on = due_on
    _move(session, now, actor, assessment, AssessmentState.APPEAL, "assessment.open_appeal", f"截止 {due_on}")


@permitted(Permission.DECIDE)
def return_to_marking(session: Session, now: datetime, actor: Actor, assessment_id: int, reason: str) -> None:
    """Back from provisional or appeal: versions, objections and agreements stay. Raises as above, BadInput."""
    assessment = locked_assessment(session, assessment_id)
    shut.require(assessment, Act.RETURN)
    reason = written(reason, "请写明退回打分的理由。")
    missing = open_objections(session, assessment)
    if missing:
        raise WrongState("\n".join(["还不能退回打分：", *missing]))
    _move(session, now, actor, assessment, AssessmentState.MARKING, "assessment.return", reason)


@permitted(Permission.DECIDE)
def certify(session: Session, now: datetime, actor: Actor, assessment_id: int, shown: str) -> bool:
    """One of two hands under the certificate; whether it is certified now. `shown`: the digest that was shown.

    Raises NotFound, NotAllowed, WrongState.
    """
    assessment, standing = _ready(session, now, actor, assessment_id, AssessmentState.APPEAL)
    body = certificate(session, standing)
    if digest(canonical_json(body)) != shown:
        raise WrongState("您看到的结果之后有了改动，没有核定。请重新打开页面，核对后再核定。")
    twice = "您已经核定过，还需另一个人用自己的账号核定。"
    hands = two_hands.sign(session, now, actor, assessment_id, versions.CERTIFY, shown, twice=twice, other="两个人各自")
    audit.record(session, now, actor, "assessment.certify", assessment.title, shown)
    done = hands >= two_hands.HANDS
    if done:
        versions.freeze(session, now, actor, assessment, VersionKind.CERTIFIED, "两人核定", body)
        assessment.state = AssessmentState.CERTIFIED
    session.commit()
    return done


@permitted(Permission.DECIDE)
def archive(session: Session, now: datetime, actor: Actor, assessment_id: int) -> None:
    """certified > archived. Raises NotFound, NotAllowed, WrongState, Imbalance."""
    assessment, _ = _ready(session, now, actor, assessment_id, AssessmentState.CERTIFIED)
    versions.verify(session, assessment_id)
    _move(session, now, actor, assessment, AssessmentState.ARCHIVED, "assessment.archive")


def certificate_digest(session: Session, assessment: Assessment) -> str:
    """Of the version that would be certified now."""
    return digest(canonical_json(certificate(session, LiveAssessment(session, assessment.id))))


def _ready(
    session: Session, now: datetime, actor: Actor, assessment_id: int, state: AssessmentState
) -> tuple[Assessment, LiveAssessment]:
    """The assessment, locked, in this state, with nothing that hinders the next step."""
    assessment = locked_assessment(session, assessment_id)
    here = AssessmentState(assessment.state)
    if here is not state:
        raise WrongState(f"考核{here.label}，不能进到“{NEXT[state].label}”这一步；只有{state.label}的考核可以。")
    standing = LiveAssessment(session, assessment_id)
    missing = hindrances(session, now, assessment, standing)
    if missing:
        raise WrongState("\n".join(["还不能进到下一步：", *missing]))
    return assessment, standing


def _move(
    session: Session,
    now: datetime,
    actor: Actor,
    assessment: Assessment,
    target: AssessmentState,
    act: str,
    detail: str = "",
) -> None:
    assessment.state = target
    audit.record(session, now, actor, act, assessment.title, detail)
    session.commit()
