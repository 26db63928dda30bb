"""The audit log as the auditor reads it: part by part, what is looked for, all of it as a file."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from surveys.acts import audit_chain
from surveys.acts.actors import Actor, Permission, Role
from surveys.acts.audit import ACTS, Outcome
from surveys.acts.audit_chain import Fault, Head
from surveys.acts.permitted import permitted
from surveys.reporting.csv_cells import harmless
from surveys.storage.tables import Account, AuditEntry

A_PAGE = 100
TITLES = (
    "序号",
    "时间",
    "账号",
    "姓名",
    "角色",
    "操作",
    "对象",
    "说明",
    "改前",
    "改后",
    "结果",
    "来源",
    "请求",
    "摘要",
)
GROUPS = {
    "account": "账号和登录",
    "poll": "测评会",
    "ticket": "发票",
    "paper": "纸质票",
    "mark": "打分",
    "assessment": "考核",
    "proposal": "两人确认的改动",
    "reading": "给查阅人看",
    "standin": "代行",
    "site": "系统设置",
    "read": "查看",
    "export": "导出",
    "access": "越权访问",
}
"""Of acts, by what stands before the dot: those that the auditor may choose among."""


@dataclass(frozen=True)
class Wanted:
    """What is looked for, empty for everything. `who`, `words`: parts of texts; `since`, `until`: moments, the second
    not included; `group`: a key of GROUPS."""

    who: str = ""
    words: str = ""
    group: str = ""
    result: Outcome | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class LogLine:
    """An entry in words. `address`: a digest, the same for the same network; `digest`: in hexadecimal digits."""

    number: int
    at: datetime
    who: str
    person: str
    role: str
    act: str
    subject: str
    detail: str
    before: str
    after: str
    result: str
    address: str
    request: str
    digest: str


@dataclass(frozen=True)
class LogPage:
    """The newest first. `older`: where the next page begins, or none."""

    lines: tuple[LogLine, ...]
    older: int | None


@permitted(Permission.SEE_LOG)
def page(session: Session, actor: Actor, wanted: Wanted, below: int | None = None) -> LogPage:
    """Of the entries wanted those before number `below`, or the last ones. Raises NotAllowed."""
    query = _wanted(wanted)
    if below is not None:
        query = query.where(AuditEntry.id < below)
    found = session.execute(query.order_by(AuditEntry.id.desc()).limit(A_PAGE + 1)).all()
    lines = tuple(_line(entry, person) for entry, person in found[:A_PAGE])
    return LogPage(lines, lines[-1].number if len(found) > A_PAGE else None)


@permitted(Permission.SEE_LOG)
def every(session: Session, actor: Actor, wanted: Wanted) -> Iterator[LogLine]:
    """All entries wanted, the oldest first. Raises NotAllowed."""
    query = _wanted(wanted).order_by(AuditEntry.id).execution_options(yield_per=1000)
    return (_line(entry, person) for entry, person in session.execute(query))


@permitted(Permission.SEE_LOG)
def check(session: Session, actor: Actor) -> tuple[Head, list[Fault]]:
    """The log's head, and where the log is not what was written. Raises NotAllowed."""
    return audit_chain.head_of(session), list(audit_chain.faults(session))


def _wanted(wanted: Wanted) -> Select[AuditEntry, str | None]:
    """With the names of the accounts' holders, as they are now."""
    query = select(AuditEntry, Account.person).outerjoin(Account, Account.id == AuditEntry.account_id)
    if wanted.who:
        texts_of = (AuditEntry.actor, Account.person)
        query = query.where(or_(*(each.contains(wanted.who, autoescape=True) for each in texts_of)))
    if wanted.words:
        texts = (AuditEntry.subject, AuditEntry.detail, AuditEntry.before, AuditEntry.after)
        query = query.where(or_(*(text.contains(wanted.words, autoescape=True) for text in texts)))
    if wanted.group:
        query = query.where(AuditEntry.act.startswith(f"{wanted.group}.", autoescape=True))
    if wanted.result is Outcome.DONE:
        query = query.where(or_(AuditEntry.result == Outcome.DONE, AuditEntry.result.is_(None)))
    elif wanted.result is not None:
        query = query.where(AuditEntry.result == wanted.result)
    if wanted.since is not None:
        query = query.where(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditEntry.at < wanted.until)
    return query


def _line(entry: AuditEntry, person: str | None) -> LogLine:
    return LogLine(
        entry.id,
        entry.at,
        entry.actor,
        person or "",
        Role(entry.role).label if entry.role and entry.account_id is not None else "",
        ACTS.get(entry.act, entry.act),
        entry.subject,
        entry.detail,
        entry.before or "",
        entry.after or "",
        Outcome(entry.result or Outcome.DONE).label,
        entry.address or "",
        entry.request or "",
        entry.digest.hex(),
    )


def table(lines: Iterator[LogLine]) -> bytes:
    """As CSV that Excel opens as UTF-8. Times with their zone, as they were digested."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(TITLES)
    for line in lines:
        at = line.at.isoformat(timespec="microseconds")
        texts = (
            line.who,
            line.person,
            line.role,
            line.act,
            line.subject,
            line.detail,
            line.before,
            line.after,
            line.result,
        )
        writer.writerow((line.number, at, *map(harmless, texts), line.address, line.request, line.digest))
    return text.getvalue().encode("utf-8-sig")
