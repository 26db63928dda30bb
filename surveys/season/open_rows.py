"""Which rows may still be decided: all while marking, in the appeal those on which an objection was accepted."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.acts.errors import WrongState
from surveys.scoring.assessment_states import AssessmentState, ObjectionState, VersionKind
from surveys.season.assessments import held_assessment, unit_of
from surveys.season.shut import Act, why_shut_in
from surveys.storage.tables import Assessment, Objection, ScoreVersion, Unit

Place = tuple[int, str]
"""Unit id and row key."""


@dataclass(frozen=True)
class OpenRows:
    """Which rows may still be decided. `accepted`: where an objection was accepted in this round of appeal, and is not
    closed."""

    state: AssessmentState
    accepted: frozenset[Place]

    def why_shut(self, unit_id: int, row_key: str, *, preparing: bool = False) -> str | None:
        """While marking none is; in the appeal all but those on which an objection was accepted; with `preparing`, none
        before marking either."""
        if preparing and self.state is AssessmentState.PREPARING:
            return None
        if self.state is AssessmentState.APPEAL and (unit_id, row_key) in self.accepted:
            return None
        return why_shut_in(self.state, Act.DECIDE_ROW, row=row_key)

    @property
    def why(self) -> str | None:
        """None while marking."""
        return why_shut_in(self.state, Act.DECIDE_ROWS)

    @property
    def why_own(self) -> str | None:
        """For a unit's reporter."""
        return why_shut_in(self.state, Act.CONTEST)

    @property
    def any_open(self) -> bool:
        """Whether any mark may change."""
        return self.why is None or bool(self.accepted)


def open_rows(session: Session, assessment: Assessment) -> OpenRows:
    """As it is now; the state may change until somebody acts."""
    state = AssessmentState(assessment.state)
    return OpenRows(state, _accepted(session, assessment.id) if state is AssessmentState.APPEAL else frozenset())


def require_open(session: Session, unit_id: int, row_key: str, *, preparing: bool = False) -> None:
    """See `OpenRows.why_shut`. The state then stays as it is until the caller commits. Raises WrongState."""
    assessment = held_assessment(session, unit_of(session, unit_id).assessment_id)
    why = open_rows(session, assessment).why_shut(unit_id, row_key, preparing=preparing)
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
