"""What may be done in which state of an assessment: one table of state and act, for the acts themselves and for pages
that would show their forms."""

from collections.abc import Mapping
from enum import Enum, auto

from surveys.acts.errors import WrongState
from surveys.scoring.assessment_states import AssessmentState
from surveys.storage.tables import Assessment

PREPARING, MARKING, PROVISIONAL, APPEAL, CERTIFIED, ARCHIVED = AssessmentState
Sentences = Mapping[AssessmentState, str]


class Act(Enum):
    """What is done, of what."""

    SET_UP = auto()  # units, leaders, polls
    FIT = auto()  # tags, methods and the approval of the matrix
    TAGS = auto()  # of one unit; while marking, only where no row was touched
    FRAMEWORK = auto()  # read from a file; once it is frozen, as a new version of the rules
    RULES = auto()  # a new version of them
    HAND_IN = auto()
    DUE_DATE = auto()
    REVIEW = auto()
    PROCEEDING = auto()
    DECIDE_ROW = auto()  # a mark, an event, an exemption; in the appeal see `open_rows`
    DECIDE_ROWS = auto()  # the same of all rows together, for a page that has many
    CONTEST = auto()  # an event of the ledger, by the unit's reporter
    REPLY = auto()  # agree or object, until the deadline
    ANSWER = auto()
    FREEZE_AGAIN = auto()
    RETURN = auto()  # to marking
    MAKE_ACCOUNTS = auto()
    MAKE_REPORTERS = auto()


FROZEN = "打分已经开始，测评体系、分值和规则都已定下，这里不能再改。"
_BACK = "确需改动，请管理员在“流程”页退回打分。"


def _after_marking(said: str) -> dict[AssessmentState, str]:
    """With the way back to marking as long as there is one."""
    return {PROVISIONAL: said + _BACK, APPEAL: said + _BACK, CERTIFIED: said, ARCHIVED: said}


def _but_in(open_in: set[AssessmentState], said: str) -> dict[AssessmentState, str]:
    return {state: said for state in AssessmentState if state not in open_in}


SHUT: Mapping[Act, Sentences] = {
    Act.SET_UP: _after_marking("考核“{title}”{state}，单位和测评会不能再改。"),
    Act.FIT: _after_marking("考核{state}，适用表、标签和测评方法不能再改。"),
    Act.TAGS: _but_in({PREPARING, MARKING}, "考核{state}，单位“{unit}”的标签不能再改。"),
    Act.FRAMEWORK: _but_in({PREPARING, MARKING}, FROZEN),
    Act.RULES: _but_in({MARKING}, "考核{state}，只有打分期间可以修改规则。"),
    Act.HAND_IN: {
        PREPARING: "考核还在准备，尚未开始收材料。请等通知。",
        **_but_in({PREPARING, MARKING}, "考核已进入“{state}”，不再收材料，也不能撤回。如有问题请联系考核办公室。"),
    },
    Act.DUE_DATE: _after_marking("考核{state}，报送期限不能再改。"),
    Act.REVIEW: {
        PREPARING: "考核现在是“{state}”，不能审核材料。开始打分后再审。",
        **_after_marking("考核现在是“{state}”，不能审核材料。"),
    },
    Act.PROCEEDING: {ARCHIVED: "这次考核已经归档，不能再登记、更正或撤回记录。"},
    Act.DECIDE_ROW: {
        PREPARING: "考核还在准备中，{row} 不能登记。请管理员在“流程”页开始打分后再登记。",
        PROVISIONAL: f"已形成初步结果，{{row}} 不能再改。{_BACK}",
        APPEAL: f"复核申诉期间，只有申诉被接受的行可以改，{{row}} 没有被接受的申诉。{_BACK}",
        CERTIFIED: "考核已核定，{row} 不能再改。",
        ARCHIVED: "考核已归档，{row} 不能再改。",
    },
    Act.DECIDE_ROWS: {
        PREPARING: "考核还在准备中，不能打分，也不能登记事件。请管理员在“流程”页开始打分。",
        PROVISIONAL: f"已形成初步结果，打分、事件和免考都不能再改。{_BACK}",
        APPEAL: "复核申诉期间，只有申诉被接受的行可以改。要改别的行，请管理员在“流程”页退回打分。",
        CERTIFIED: "考核已核定，打分、事件和免考都不能再改。",
        ARCHIVED: "考核已归档，什么都不能再改。",
    },
    Act.CONTEST: {
        PREPARING: "考核还在准备中，现在不用做什么。",
        PROVISIONAL: "打分已经结束，现在不能对事件申诉。开始复核申诉后，请在“本单位得分”里对那一行申诉。",
        APPEAL: "打分已经结束。对事件有不同意见，请在“本单位得分”里点开那一行申诉。",
        CERTIFIED: "考核已核定，不能再申诉。",
        ARCHIVED: "考核已归档，不能再申诉。",
    },
    Act.REPLY: _but_in({APPEAL}, "考核{state}，现在不能表示同意或申诉。"),
    Act.ANSWER: _but_in({APPEAL}, "考核{state}，现在不能答复申诉。"),
    Act.FREEZE_AGAIN: _but_in({APPEAL}, "考核{state}，复核申诉期间才形成复核后的版本。"),
    Act.RETURN: _but_in({PROVISIONAL, APPEAL}, "考核{state}，不能退回打分。"),
    Act.MAKE_ACCOUNTS: {ARCHIVED: "考核“{title}”已经归档，不用再建账号。"},
    Act.MAKE_REPORTERS: {ARCHIVED: "考核“{title}”已经归档，不用再建报送员账号。"},
}
"""Why it is shut; in states that are not named it is open. `{state}`: its label; `{title}`: the assessment's."""


def why_shut(assessment: Assessment, act: Act, **words: str) -> str | None:
    """In Chinese, with what to do; None where it may be done. `words`: what else it names, `unit` or `row`."""
    return why_shut_in(AssessmentState(assessment.state), act, title=assessment.title, **words)


def why_shut_in(state: AssessmentState, act: Act, **words: str) -> str | None:
    said = SHUT[act].get(state)
    return None if said is None else said.format(state=state.label, **words)


def require(assessment: Assessment, act: Act, **words: str) -> None:
    """Raises WrongState. The caller holds or locks the assessment: else it may be in another state when it commits."""
    why = why_shut(assessment, act, **words)
    if why is not None:
        raise WrongState(why)
