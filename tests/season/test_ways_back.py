"""What a page says of a shut assessment names the way back to marking as long as there is one, and no longer."""

from collections.abc import Callable

import pytest

from surveys.evidence import materials, reviews
from surveys.scoring.assessment_states import AssessmentState
from surveys.season import applicability, assessments
from surveys.storage.tables import Assessment

AFTER = (AssessmentState.PROVISIONAL, AssessmentState.APPEAL, AssessmentState.CERTIFIED, AssessmentState.ARCHIVED)
WHY: dict[str, Callable[[AssessmentState], str | None]] = {
    "applicability": applicability.why_shut,
    "units": lambda state: assessments.why_unchangeable(Assessment(title="样例考核", state=state)),
    "deadline": lambda state: materials.why_due_shut(Assessment(state=state)),
    "reviews": lambda state: reviews.why_shut(Assessment(state=state)),
}


@pytest.mark.parametrize("what", WHY)
@pytest.mark.parametrize("state", AFTER)
def test_the_way_back_is_named_while_there_is_one(what: str, state: AssessmentState) -> None:
    said = WHY[what](state)
    assert said is not None
    assert state.label in said
    assert ("退回打分" in said) is (state in (AssessmentState.PROVISIONAL, AssessmentState.APPEAL))


@pytest.mark.parametrize("what", WHY)
def test_while_marking_nothing_is_shut(what: str) -> None:
    assert WHY[what](AssessmentState.MARKING) is None
