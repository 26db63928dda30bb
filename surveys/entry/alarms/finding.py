"""What is wrong now, read from the log, the polls and the disk."""

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts.site import Site
from surveys.polling.disclosure import desk_turnout
from surveys.polling.states import PollState
from surveys.storage.tables import AuditEntry, Poll
from surveys.vote import cleaning
from surveys.vote.poll_record import class_counts_each

LOCK_OUTS_WITHIN = timedelta(hours=24)
REFUSALS_WITHIN = timedelta(hours=1)
A_SERIES = 10
"""Refusals of one account: somebody tries what is not theirs, page after page."""
LEAST_FREE, LEAST_SHARE = 1 << 30, 0.05
"""Bytes of the disk, and of its size, below which a backup or a large upload may fail."""


class AlarmKind(StrEnum):
    LOCKED_OUT = "locked_out"
    REFUSALS = "refusals"
    ABOVE_PRESENT = "above_present"
    CLEANING = "cleaning"
    DISK = "disk"

    @property
    def label(self) -> str:
        return {
            "locked_out": "登录被限制",
            "refusals": "连续越权访问",
            "above_present": "收回多于实到",
            "cleaning": "没能清理",
            "disk": "磁盘快满",
        }[self.value]

    @property
    def of_polls(self) -> bool:
        """For those who decide, too; the others are the system admin's."""
        return self in (AlarmKind.ABOVE_PRESENT, AlarmKind.CLEANING)


@dataclass(frozen=True)
class Alarm:
    """`subject`: an account, a poll, or nothing. `words`: a sentence in Chinese."""

    kind: AlarmKind
    subject: str
    words: str


def find(site: Site, session: Session, now: datetime) -> list[Alarm]:
    return [*_lock_outs(session, now), *_refusals(session, now), *_polls(session), *_cleaning(session), *_disk(site)]


def _lock_outs(session: Session, now: datetime) -> Iterator[Alarm]:
    """Of accounts that exist and of the names that do not, which are told as one."""
    found = _since(session, "account.locked_out", now - LOCK_OUTS_WITHIN)
    for subject, count in sorted(Counter(entry.subject for entry in found).items()):
        words = (
            f"“{subject}”24 小时里有 {count} 次因为密码输错太多被限制登录。不是本人输错的，请重设密码，查登录的来源。"
        )
        yield Alarm(AlarmKind.LOCKED_OUT, subject, words)


def _refusals(session: Session, now: datetime) -> Iterator[Alarm]:
    found = _since(session, "access.refused", now - REFUSALS_WITHIN)
    for actor, count in sorted(Counter(entry.actor for entry in found).items()):
        if count >= A_SERIES:
            words = f"“{actor}”1 小时里有 {count} 次访问被拒绝。请看操作日志，问本人是不是自己在操作。"
            yield Alarm(AlarmKind.REFUSALS, actor, words)


def _since(session: Session, act: str, since: datetime) -> Sequence[AuditEntry]:
    return session.scalars(select(AuditEntry).where(AuditEntry.act == act, AuditEntry.at > since)).all()


def _polls(session: Session) -> Iterator[Alarm]:
    """Returned as the desk shows it, in whole steps while people vote."""
    under_way = (PollState.OPEN, PollState.PAUSED, PollState.CLOSED)
    query = select(Poll).where(Poll.state.in_(under_way), ~Poll.rehearsal, Poll.present.is_not(None))
    polls = session.scalars(query.order_by(Poll.id)).all()
    counts = class_counts_each(session, polls)
    for poll in polls:
        returned = desk_turnout(sum(entry.cast for entry in counts[poll.id]), poll.state)
        if poll.present is not None and returned > poll.present:
            words = (
                f"{poll.unit.name}“{poll.title}”（{poll.prefix}）收回 {returned} 张，多于实到 {poll.present} 人。"
                "请核对实到人数和发出的票，再结束、封存。"
            )
            yield Alarm(AlarmKind.ABOVE_PRESENT, poll.prefix, words)


def _cleaning(session: Session) -> Iterator[Alarm]:
    """What was tried and did not succeed; what waits for its first try is no fault."""
    for prefix, reason in cleaning.leftovers(session).items():
        if reason is not None:
            words = (
                f"测评会 {prefix} 封存、撤回或清除以后，没能从数据库文件里清理：{reason}。请在测评会页点“现在清理”。"
            )
            yield Alarm(AlarmKind.CLEANING, prefix, words)


def _disk(site: Site) -> Iterator[Alarm]:
    usage = shutil.disk_usage(site.settings.data_dir)
    if usage.free < LEAST_FREE or usage.free < usage.total * LEAST_SHARE:
        left = f"{usage.free >> 20} MB（共 {usage.total >> 20} MB）"
        words = f"数据文件夹所在的磁盘只剩 {left}。满了就收不了票，请马上腾出空间。"
        yield Alarm(AlarmKind.DISK, "", words)
