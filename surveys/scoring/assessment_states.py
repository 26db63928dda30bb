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
