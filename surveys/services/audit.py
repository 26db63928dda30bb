"""The audit log: who did what, when and why."""

from datetime import datetime

from sqlalchemy.orm import Session

from surveys.services.actors import Actor
from surveys.storage.tables import AuditEntry


def record(session: Session, now: datetime, actor: Actor, act: str, subject: str, detail: str = "") -> None:
    """Joins the caller's transaction: an act and its entry are kept or lost together."""
    session.add(AuditEntry(at=now, actor=actor.name, act=act, subject=subject, detail=detail))
