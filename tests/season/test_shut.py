"""What may be done in which state: one table; what is shut says why, and names the way back as long as there is one."""

import pytest

from surveys.acts.errors import WrongState
from surveys.scoring.assessment_states import AssessmentState
from surveys.season import shut
from surveys.season.shut import SHUT, Act
from surveys.storage.tables import Assessment

AFTER = (AssessmentState.PROVISIONAL, AssessmentState.APPEAL, AssessmentState.CERTIFIED, AssessmentState.ARCHIVED)
IN_THE_APPEAL = {Act.CONTEST, Act.REPLY, Act.ANSWER, Act.FREEZE_AGAIN, Act.RETURN}
FOR_GOOD = {Act.TAGS, Act.FRAMEWORK, Act.RULES, Act.HAND_IN, Act.PROCEEDING, Act.MAKE_ACCOUNTS, Act.MAKE_REPORTERS}
"""Whoever reads the sentence cannot take marking up again, or it is about what does not change after marking."""
WORDS = {"unit": "样例局", "row": "III-4"}

OPEN = {
    AssessmentState.PREPARING: {
        *(Act.SET_UP, Act.FIT, Act.TAGS, Act.FRAMEWORK, Act.DUE_DATE),
        *(Act.PROCEEDING, Act.MAKE_ACCOUNTS, Act.MAKE_REPORTERS),
    },
    AssessmentState.MARKING: set(Act) - {Act.REPLY, Act.ANSWER, Act.FREEZE_AGAIN, Act.RETURN},
    AssessmentState.PROVISIONAL: {Act.PROCEEDING, Act.RETURN, Act.MAKE_ACCOUNTS, Act.MAKE_REPORTERS},
    AssessmentState.APPEAL: {
        *(Act.PROCEEDING, Act.REPLY, Act.ANSWER, Act.FREEZE_AGAIN),
        *(Act.RETURN, Act.MAKE_ACCOUNTS, Act.MAKE_REPORTERS),
    },
    AssessmentState.CERTIFIED: {Act.PROCEEDING, Act.MAKE_ACCOUNTS, Act.MAKE_REPORTERS},
    AssessmentState.ARCHIVED: set(),
}
"""As the rules of the life of an assessment say."""


def said(state: AssessmentState, act: Act) -> str | None:
    return shut.why_shut(Assessment(title="样例考核", state=state), act, **WORDS)


@pytest.mark.parametrize("state", AssessmentState)
def test_what_is_open(state: AssessmentState) -> None:
    assert {act for act in Act if said(state, act) is None} == OPEN[state]


@pytest.mark.parametrize("act", Act)
def test_it_is_said_in_full(act: Act) -> None:
    assert act in SHUT
    for state in AssessmentState:
        words = said(state, act)
        if words is not None:
            assert "{" not in words
            assert words.endswith("。")
            with pytest.raises(WrongState, match=words.partition("，")[0]):
                shut.require(Assessment(title="样例考核", state=state), act, **WORDS)


@pytest.mark.parametrize("act", sorted(set(Act) - IN_THE_APPEAL - FOR_GOOD, key=lambda act: act.name))
@pytest.mark.parametrize("state", AFTER)
def test_the_way_back_is_named_while_there_is_one(act: Act, state: AssessmentState) -> None:
    words = said(state, act)
    assert words is not None
    assert ("退回打分" in words) is (state in (AssessmentState.PROVISIONAL, AssessmentState.APPEAL))
