"""Who works here, what they did, and the files they have read in but not yet taken over."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from surveys.storage.tables.base import NUMBERED, Base, Document


class Account(Base):
    """Staff. `department`: an assessor's own; `unit_id`: the unit a reporter hands in for.

    `one_time`: the password was made by the site, and must be changed before anything else.
    """

    __tablename__ = "accounts"
    __table_args__ = NUMBERED
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    role: Mapped[str] = mapped_column(String(20))
    department: Mapped[str | None] = mapped_column(String(100))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    password_hash: Mapped[str]
    one_time: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool]
    created_at: Mapped[datetime]


class StaffSession(Base):
    """Somebody signed in on one browser. `key`: the SHA-256 of what the browser holds; `seen_at`: when something was
    last done there, to the minute."""

    __tablename__ = "sessions"
    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    made_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class SignInFailure(Base):
    """A sign-in that failed within the last minutes, or is under way. Names and addresses are keyed digests."""

    __tablename__ = "sign_in_failures"
    __table_args__ = NUMBERED
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    address: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    at: Mapped[datetime]


class AuditEntry(Base):
    """Who did what, when and why. Never who voted: casting writes none."""

    __tablename__ = "audit_log"
    __table_args__ = NUMBERED
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(100))
    act: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str]
    detail: Mapped[str]


class Import(Base):
    """A file read and shown, not yet taken over. `kind`: roster or polls; `body`: what was read."""

    __tablename__ = "imports"
    __table_args__ = NUMBERED
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessments.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    body: Mapped[Document]
    made_at: Mapped[datetime]
