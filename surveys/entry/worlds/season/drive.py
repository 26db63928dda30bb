"""The whole season, step by step."""

import time
from collections.abc import Callable

from surveys.acts.site import Site
from surveys.entry.worlds.season import closing, handing_in, marking, setting_up, voting
from surveys.entry.worlds.season.plan import Season
from surveys.entry.worlds.season.stage import Stage
from surveys.scoring.assessment_states import AssessmentState

Tell = Callable[[str], None]


def drive(site: Site, season: Season, tell: Tell, until: AssessmentState = AssessmentState.ARCHIVED) -> Stage:
    """From an empty database to the archive, or to the end of an earlier state: everything marked, or all objections
    answered. `tell` hears of each step when it is done."""
    began = time.perf_counter()

    def done(words: str) -> None:
        tell(f"{time.perf_counter() - began:6.1f} 秒  {words}")

    stage = setting_up.prepare(site, season)
    done(f"名单、测评体系、适用表：{len(season.units)} 个单位，{len(stage.staff.passwords)} 个账号")
    done(f"民主测评：{voting.vote(stage)} 张选票")
    done(f"报送和审核材料：{handing_in.hand_in(stage)} 份")
    done(f"审阅、听取汇报、检查、谈话：{handing_in.visit(stage)} 条记录")
    done(f"打分：{marking.mark(stage)} 处")
    events = marking.keep_ledger(stage)
    done(f"台账：{sum(map(len, events.values()))} 条事件")
    if until is AssessmentState.MARKING:
        return stage
    done(f"初步结果：第 {closing.publish(stage)} 版")
    objections, agreed = closing.hear_objections(stage, events)
    done(f"复核申诉：{objections} 条申诉，{agreed} 个单位同意")
    if until is AssessmentState.APPEAL:
        return stage
    done(f"两人核定：{closing.certify(stage)[:23]}……")
    done(f"反馈：{handing_in.give_feedback(stage)} 个单位签收")
    done(f"核对 {closing.archive(stage)} 个版本，归档")
    return stage
