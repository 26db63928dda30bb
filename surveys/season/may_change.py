"""What may still change in which state of an assessment: one rule for the acts, and for pages that show their forms."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.acts.errors import WrongState
from surveys.scoring.assessment_states import AssessmentState, ObjectionState, VersionKind
from surveys.season.assessments import held_assessment, unit_of
from surveys.storage.tables import Assessment, Objection, ScoreVersion, Unit

Place = tuple[int, str]
"""Unit id and row key."""


@dataclass(frozen=True)
class Opening:
    """`accepted`: where an objection was accepted in this round of appeal, and is not closed."""

    state: AssessmentState
    accepted: frozenset[Place]

    def why_shut(self, unit_id: int, row_key: str, *, preparing: bool = False) -> str | None:
        """Why what decides this row may not change now, in Chinese with what to do; None where it may: while marking;
        in the appeal only a row on which an objection was accepted; with `preparing`, before marking too."""
        if self.state is AssessmentState.MARKING or (preparing and self.state is AssessmentState.PREPARING):
            return None
        if self.state is AssessmentState.APPEAL and (unit_id, row_key) in self.accepted:
            return None
        return _SHUT[self.state].format(row_key)

    @property
    def why(self) -> str | None:
        """The same of all rows together, for a page that has many; None while marking."""
        return None if self.state is AssessmentState.MARKING else _ALL_SHUT[self.state]

    @property
    def why_own(self) -> str | None:
        """The same for a unit's reporter, of the events in its ledger."""
        return None if self.state is AssessmentState.MARKING else _OWN_SHUT[self.state]

    @property
    def any_open(self) -> bool:
        """Whether any mark may change."""
        return self.state is AssessmentState.MARKING or (self.state is AssessmentState.APPEAL and bool(self.accepted))


_BACK = "请管理员在“流程”页退回打分。"
_SHUT = {
    AssessmentState.PREPARING: "考核还在准备中，{} 不能登记。请管理员在“流程”页开始打分后再登记。",
    AssessmentState.PROVISIONAL: f"已形成初步结果，{{}} 不能再改。确需改动，{_BACK}",
    AssessmentState.APPEAL: f"复核申诉期间，只有申诉被接受的行可以改，{{}} 没有被接受的申诉。确需改动，{_BACK}",
    AssessmentState.CERTIFIED: "考核已核定，{} 不能再改。",
    AssessmentState.ARCHIVED: "考核已归档，{} 不能再改。",
}
_ALL_SHUT = {
    AssessmentState.PREPARING: "考核还在准备中，不能打分，也不能登记事件。请管理员在“流程”页开始打分。",
    AssessmentState.PROVISIONAL: f"已形成初步结果，打分、事件和免考都不能再改。确需改动，{_BACK}",
    AssessmentState.APPEAL: f"复核申诉期间，只有申诉被接受的行可以改。要改别的行，{_BACK}",
    AssessmentState.CERTIFIED: "考核已核定，打分、事件和免考都不能再改。",
    AssessmentState.ARCHIVED: "考核已归档，什么都不能再改。",
}

_OWN_SHUT = {
    AssessmentState.PREPARING: "考核还在准备中，现在不用做什么。",
    AssessmentState.PROVISIONAL: "打分已经结束，现在不能对事件申诉。开始复核申诉后，请在“本单位得分”里对那一行申诉。",
    AssessmentState.APPEAL: "打分已经结束。对事件有不同意见，请在“本单位得分”里点开那一行申诉。",
    AssessmentState.CERTIFIED: "考核已核定，不能再申诉。",
    AssessmentState.ARCHIVED: "考核已归档，不能再申诉。",
}


def opening(session: Session, assessment: Assessment) -> Opening:
    """As it is now; the state may change until somebody acts."""
    state = AssessmentState(assessment.state)
    return Opening(state, _accepted(session, assessment.id) if state is AssessmentState.APPEAL else frozenset())


def require_open(session: Session, unit_id: int, row_key: str, *, preparing: bool = False) -> None:
    """See `Opening.why_shut`. The state then stays as it is until the caller commits. Raises WrongState."""
    assessment = held_assessment(session, unit_of(session, unit_id).assessment_id)
    why = opening(session, assessment).why_shut(unit_id, row_key, preparing=preparing)
    if why is not None:
        raise WrongState(why)


def _accepted(session: Session, assessment_id: int) -> frozenset[Place]:
    """In this round of appeal: an earlier one ended when marking was taken up again."""
    round_began = (
        select(func.max(ScoreVersion.number))
        .where(ScoreVersion.assessment_id == assessment_id, ScoreVersion.kind == VersionKind.PROVISIONAL)
        .scalar_subquery()
    )
    accepted = (
        select(Objection.unit_id, Objection.row_key)
        .join(Unit, Unit.id == Objection.unit_id)
        .where(
            Unit.assessment_id == assessment_id,
            Objection.state == ObjectionState.ACCEPTED,
            Objection.closed_at.is_(None),
            Objection.version >= round_began,
        )
    )
    return frozenset((unit_id, row_key) for unit_id, row_key in session.execute(accepted))
