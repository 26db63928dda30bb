"""The life of an assessment: preparing > marking > provisional > appeal > certified > archived."""

from enum import StrEnum


class AssessmentState(StrEnum):
    PREPARING = "preparing"  # units, frameworks, rules, applicability
    MARKING = "marking"  # material is handed in, departments mark; what a score rests on is frozen
    PROVISIONAL = "provisional"  # a version of all sheets, for the office alone
    APPEAL = "appeal"  # each unit sees its own sheet, agrees or objects
    CERTIFIED = "certified"
    ARCHIVED = "archived"

    @property
    def label(self) -> str:
        return {
            "preparing": "准备中",
            "marking": "打分中",
            "provisional": "初步结果",
            "appeal": "复核申诉",
            "certified": "已核定",
            "archived": "已归档",
        }[self.value]

    @property
    def is_final(self) -> bool:
        """There is a certificate, and no way back to marking."""
        return self in (AssessmentState.CERTIFIED, AssessmentState.ARCHIVED)


class VersionKind(StrEnum):
    """Why a version of all score sheets was frozen."""

    PROVISIONAL = "provisional"
    AFTER_APPEAL = "after_appeal"
    CERTIFIED = "certified"

    @property
    def label(self) -> str:
        return {"provisional": "初步结果", "after_appeal": "复核后", "certified": "核定"}[self.value]


class ObjectionState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"

    @property
    def label(self) -> str:
        return {"open": "待答复", "accepted": "接受", "declined": "不接受"}[self.value]
