"""The audit log proves itself: each entry's digest is of the entry and of the digest before it (docs/decisions/0026).

Entries are written as their transaction commits, the chain's lock taken last: who acts waits for no other's act, only
for its end. Whoever changes, removes or reorders an entry breaks the chain there; whoever cuts entries off at the end,
or makes the chain anew, has another head than the one kept beside it, sent out, and printed on tally sheets and
certificates.
"""

import hashlib
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import event, func, select, text, true
from sqlalchemy.orm import Session, SessionTransaction

from surveys.storage.tables import AuditEntry, AuditHead

START = bytes(32)
"""What stands for the digest before the first entry."""
_WAITING = "audit entries that wait for the commit"
_SENT = "audit entries to be sent once they are committed"
_AT_A_TIME = 1000

sent = logging.getLogger("surveys.audit")
"""Each entry as it is written, its digest last. Goes nowhere without a handler (surveys.acts.audit_syslog)."""
sent.propagate = False
sent.setLevel(logging.INFO)


@dataclass(frozen=True)
class Head:
    """The last entry. `number`: its id, 0 where there is none."""

    number: int
    digest: bytes

    def __str__(self) -> str:
        """As it is printed, and typed to compare with: `57 sha256:9f…`."""
        return f"{self.number} sha256:{self.digest.hex()}"


@dataclass(frozen=True)
class Fault:
    """Where the log is not what was written. `number`: of the entry."""

    number: int
    text: str


def digest_of(before: bytes, entry: AuditEntry) -> bytes:
    """SHA-256 of the digest before it and of the entry as JSON: this list in this order, UTF-8, without spaces."""
    return hashlib.sha256(before + _json(_told(entry)).encode()).digest()


def _json(told: list[object]) -> str:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _told(entry: AuditEntry) -> list[object]:
    return [
        entry.id,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.actor,
        entry.act,
        entry.subject,
        entry.detail,
        entry.account_id,
        entry.role,
        entry.address,
        entry.request,
        entry.result,
        entry.before,
        entry.after,
    ]


def wait_for_commit(session: Session, entry: AuditEntry) -> None:
    """Writes the entry when the session commits, unless what it belongs to is rolled back."""
    belongs_to = session.get_nested_transaction() or session.get_transaction()
    session.info.setdefault(_WAITING, []).append((belongs_to, entry))


@event.listens_for(Session, "before_commit")
def _append(session: Session) -> None:
    if session.in_nested_transaction() or not session.info.get(_WAITING):
        return
    session.flush()
    head = _locked_head(session)
    for _, entry in session.info.pop(_WAITING):
        entry.id = head.number + 1
        entry.digest = digest_of(head.digest, entry)
        session.add(entry)
        head.number, head.digest = entry.id, entry.digest
        session.info.setdefault(_SENT, []).append(entry)
    session.flush()


@event.listens_for(Session, "after_commit")
def _send(session: Session) -> None:
    """To whoever listens outside (AUDIT_SYSLOG), once it is sure: a line of JSON that nobody here can take back."""
    for entry in session.info.pop(_SENT, []):
        if sent.handlers:
            sent.info("%s", _json([*_told(entry), entry.digest.hex()]))


def _locked_head(session: Session) -> AuditHead:
    query = select(AuditHead).with_for_update().execution_options(populate_existing=True)
    found = session.scalars(query).one_or_none()
    if found is None:
        # Of two first entries at once one makes it. Removed from beside a log, it comes back without what it stood for:
        # the next entry does not fit, and shows it.
        last = session.scalar(select(func.max(AuditEntry.id))) or 0
        made = text(
            "INSERT INTO audit_head (log, number, digest) VALUES ('audit', :last, :start) ON CONFLICT DO NOTHING"
        )
        session.execute(made, {"last": last, "start": START})
        found = session.scalars(query).one()
    return found


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, ended: SessionTransaction) -> None:
    """Nothing was done, so nothing is written; of a trial, what was tried."""
    if not ended.nested:
        session.info.pop(_SENT, None)
    waiting = session.info.pop(_WAITING, [])
    kept = [(of, entry) for of, entry in waiting if ended.nested and of is not ended]
    if kept:
        session.info[_WAITING] = kept


def head_of(session: Session) -> Head:
    """Of a log without entries it is the start."""
    found = session.scalars(select(AuditHead)).one_or_none()
    return Head(0, START) if found is None else Head(found.number, found.digest)


def head_after(session: Session, act: str, subject: str, at: datetime | None = None) -> Head | None:
    """The head as it was once this was done, for the last time or at this moment: what the paper about it bears."""
    query = select(AuditEntry).where(AuditEntry.act == act, AuditEntry.subject == subject)
    if at is not None:
        query = query.where(AuditEntry.at == at)
    found = session.scalars(query.order_by(AuditEntry.id.desc()).limit(1)).one_or_none()
    return None if found is None else Head(found.id, found.digest)


def faults(session: Session) -> Iterator[Fault]:
    """Where the log is not what was written; nothing where it is. After a fault it goes on from the entry as it
    stands, so that one change is one fault."""
    before, last, head = START, 0, head_of(session)
    for entry, beside in _in_order(session):
        if digest_of(before, entry) != entry.digest:
            yield Fault(
                entry.id, f"第 {entry.id} 条与前一条（第 {last} 条）接不上：它被改过，或它前面的记录被删去或调换过。"
            )
        before, last, head = entry.digest, entry.id, beside
    if (last, before) != (head.number, head.digest):
        yield Fault(last, f"日志应到第 {head.number} 条，现在止于第 {last} 条：末尾的记录被删去或换过。")


def _in_order(session: Session) -> Iterator[tuple[AuditEntry, Head]]:
    """The head by the same statement: read after the entries it would be that of a log which has grown meanwhile."""
    query = select(AuditEntry, AuditHead.number, AuditHead.digest).outerjoin(AuditHead, true())
    for entry, number, digest in session.execute(query.order_by(AuditEntry.id).execution_options(yield_per=_AT_A_TIME)):
        yield entry, Head(number or 0, digest or START)
        session.expunge(entry)


def stands(session: Session, printed: Head) -> bool:
    """Whether an entry that was the head once, as some paper says, still is in the log as it was then."""
    if printed.number == 0:
        return printed.digest == START
    return session.scalar(select(AuditEntry.digest).where(AuditEntry.id == printed.number)) == printed.digest
