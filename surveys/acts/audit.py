"""The audit log: who did what, when, from where and why. How it proves itself: surveys.acts.audit_chain."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts import audit_chain
from surveys.acts.actors import Actor, Origin
from surveys.storage.tables import AuditEntry

STRANGER = "未登录"
UNKNOWN = "没有的账号"
"""Who did what without having signed in, and whom they named where no account has that name."""


class Outcome(StrEnum):
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"

    @property
    def label(self) -> str:
        return {"done": "完成", "refused": "拒绝", "failed": "失败"}[self.value]


ACTS = {
    "account.activate": "启用账号",
    "account.code": "输入动态码",
    "account.code_clear": "清除两步登录",
    "account.code_off": "关闭两步登录",
    "account.code_on": "开通两步登录",
    "account.confirm": "确认账号",
    "account.create": "建立账号",
    "account.deactivate": "停用账号",
    "account.move": "调整部门或单位",
    "account.password": "修改密码",
    "account.read": "上传账号表",
    "account.reset": "重设密码",
    "account.sign_in": "登录",
    "account.sign_out": "退出",
    "account.describe": "更正姓名、电话",
    "account.end_session": "结束别处的登录",
    "account.locked_out": "登录被限制",
    "access.refused": "越权访问",
    "read.file": "查看报送的文件",
    "read.log": "查看操作日志",
    "read.proceedings": "查看考核记录",
    "read.results": "查看成绩",
    "read.sheet": "查看得分表",
    "read.tally": "查看统计结果",
    "export.log": "导出操作日志",
    "export.results": "导出成绩",
    "export.tally": "导出统计结果",
    "assessment.archive": "归档",
    "assessment.certify": "核定",
    "assessment.copy": "以上次考核为底新建",
    "assessment.create": "建立考核",
    "door.add": "添加发码屏",
    "door.shut": "关闭发码屏",
    "applicability.approve": "核准适用表",
    "event.answer": "答复申诉",
    "event.appeal": "提出申诉",
    "event.cancel": "撤销事件",
    "event.record": "登记事件",
    "framework.edit": "修改测评体系",
    "framework.read": "上传测评体系",
    "feedback.acknowledge": "签收反馈",
    "mark.confirm": "第二人确认",
    "mark.enter": "打分",
    "mark.keep": "不同意撤回确认值",
    "mark.propose_withdrawal": "提出撤回确认值",
    "mark.withdraw": "撤回确认值",
    "paper.cast": "计入纸质票",
    "paper.correct": "改正录入",
    "paper.remove": "删除录入",
    "paper.send_back": "退回重录",
    "paper.settle": "核定录入",
    "marks.import": "导入打分表",
    "marks.read": "上传打分表",
    "assessment.open_appeal": "开始复核申诉",
    "assessment.return": "退回打分",
    "assessment.start": "开始打分",
    "objection.add": "补充申诉依据",
    "objection.answer": "答复申诉",
    "objection.close": "了结申诉",
    "objection.make": "提出申诉",
    "objection.take_back": "撤回申诉依据",
    "material.clean": "清理材料存储",
    "material.due": "设报送期限",
    "material.hand_in": "报送材料",
    "material.close": "了结补充要求",
    "material.review": "审核材料",
    "material.withdraw": "撤回材料",
    "proposal.confirm": "确认提议",
    "proposal.decline": "退回提议",
    "proposal.make": "提出改动",
    "poll.close": "结束投票",
    "poll.create": "建立测评会",
    "poll.end_in": "设结束时间",
    "poll.open": "开始投票",
    "poll.pause": "暂停投票",
    "poll.keep": "不同意不计入",
    "poll.keep_witness": "撤下不等监票人的提议",
    "poll.people": "指定人员",
    "poll.present": "登记实到",
    "poll.propose_unwitnessed": "提出不等监票人封存",
    "poll.remark": "监票记录",
    "poll.unwitnessed": "决定不等监票人封存",
    "poll.witness": "监票人核对",
    "poll.propose_set_aside": "提出不计入得分",
    "poll.propose_choice": "提出以哪次测评会为准",
    "poll.propose_count": "提出照计",
    "poll.count_anyway": "决定照计",
    "poll.leave_doubt": "撤下照计的提议",
    "poll.choose": "决定以哪次测评会为准",
    "poll.leave_open": "撤下以哪次为准的提议",
    "poll.rehearse": "建立演练",
    "poll.resume": "恢复投票",
    "poll.seal": "封存",
    "poll.set_aside": "决定不计入得分",
    "poll.update": "修改设置",
    "poll.unseal": "启封",
    "poll.wipe": "清除演练",
    "poll.withdraw": "撤回测评会",
    "proceeding.add": "登记考核记录",
    "proceeding.withdraw": "撤回考核记录",
    "reading.give": "同意给查阅人看",
    "reading.propose": "提出给查阅人看",
    "reading.take_back": "收回给查阅人看的",
    "roster.import": "导入名单",
    "roster.read": "上传名单",
    "row.choose": "选定方法",
    "row.exempt": "免考",
    "rules.change": "修改规则",
    "site.set": "修改系统设置",
    "standin.agree": "同意代行",
    "standin.end": "结束代行",
    "standin.propose": "提出代行",
    "sheet.agree": "同意结果",
    "rules.edit": "修改计分规则",
    "row.unexempt": "撤销免考",
    "ticket.ask_over": "提出多发票",
    "ticket.keep_limit": "撤下多发票的提议",
    "ticket.over": "同意多发票",
    "ticket.issue": "发票",
    "ticket.planned": "定计划张数",
    "ticket.reissue": "重印一批",
    "ticket.void_batch": "整批作废",
    "ticket.void": "作废票",
    "unit.add": "添加单位",
    "unit.remove": "移除单位",
    "unit.rename": "更正单位名称",
    "version.freeze": "形成版本",
    "unit.tags": "修改标签",
}
"""What each act is called. An act that is not here cannot be recorded."""


def record(
    session: Session,
    now: datetime,
    actor: Actor,
    act: str,
    subject: str,
    detail: str = "",
    *,
    result: Outcome = Outcome.DONE,
    before: str | None = None,
    after: str | None = None,
) -> None:
    """Joins the caller's transaction: an act and its entry are kept or lost together. Raises KeyError."""
    who = AuditEntry(actor=actor.name, account_id=actor.account_id, role=actor.role.value)
    if actor.stands_for:
        detail = f"{detail}（代{'、'.join(each.name for each in actor.stands_for)}）"
    _write(session, now, who, actor.origin, act, subject, detail, result, before, after)


def record_stranger(
    session: Session, now: datetime, origin: Origin | None, act: str, subject: str, result: Outcome
) -> None:
    """As `record`, of somebody who has not signed in: not who was named, who may not have been there."""
    _write(session, now, AuditEntry(actor=STRANGER), origin, act, subject, "", result, None, None)


def _write(
    session: Session,
    now: datetime,
    entry: AuditEntry,
    origin: Origin | None,
    act: str,
    subject: str,
    detail: str,
    result: Outcome,
    before: str | None,
    after: str | None,
) -> None:
    ACTS[act]
    entry.at, entry.act, entry.subject, entry.detail = now, act, subject, detail
    entry.result, entry.before, entry.after = result.value, before, after
    if origin is not None:
        entry.address, entry.request = origin.address, origin.request
    audit_chain.wait_for_commit(session, entry)


def entries(session: Session, subject: str) -> Sequence[AuditEntry]:
    """All that was done to one thing, the oldest first."""
    return session.scalars(select(AuditEntry).where(AuditEntry.subject == subject).order_by(AuditEntry.id)).all()
