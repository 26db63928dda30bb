"""What a unit's score is made of besides the vote: choices and exemptions, marks and events."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from surveys.storage.tables.base import NUMBERED, Base


class RowChoice(Base):
    """Which of a row's alternative methods a unit is assessed by (材料审核或听取汇报)."""

    __tablename__ = "row_choices"
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), primary_key=True)
    row_key: Mapped[str] = mapped_column(String(40), primary_key=True)
    method: Mapped[str] = mapped_column(String(40))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    made_at: Mapped[datetime]


class Exemption(Base):
    """A row that does not count for a unit by decision. Cancelled, never deleted. `confirmed_by`: the second hand."""

    __tablename__ = "exemptions"
    __table_args__ = NUMBERED
    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), index=True)
    row_key: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str]
    document: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    made_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None]


class Mark(Base):
    """One department's value for one row of one unit. Never changed: a correction is the next version.

    `confirmed_by`: the second hand on what an admin proposed in the department's place.
    """

    __tablename__ = "marks"
    __table_args__ = (UniqueConstraint("unit_id", "row_key", "department", "version"), NUMBERED)
    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    row_key: Mapped[str] = mapped_column(String(40))
    department: Mapped[str] = mapped_column(String(100))
    version: Mapped[int]
    points: Mapped[Decimal]
    remark: Mapped[str]
    evidence: Mapped[str] = mapped_column(default="")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    made_at: Mapped[datetime]


class Event(Base):
    """An entry of the ledger: bonus, deduction, loss on a row that starts full, veto. Cancelled, never deleted.

    `occasion`: what happened, where it may be entered more than once: of one occasion only the highest counts. `level`:
    of a commendation. `appeal`: none, open, upheld or dismissed; an upheld appeal cancels the event.
    `confirmed_by`: the second hand on its entry.
    """

    __tablename__ = "events"
    __table_args__ = NUMBERED
    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), index=True)
    row_key: Mapped[str] = mapped_column(String(40))
    points: Mapped[Decimal]
    happened_on: Mapped[date]
    document: Mapped[str]
    reason: Mapped[str]
    occasion: Mapped[str] = mapped_column(default="")
    level: Mapped[str] = mapped_column(String(40), default="")
    appeal: Mapped[str] = mapped_column(String(20), default="none")
    appeal_note: Mapped[str] = mapped_column(default="")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    made_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None]
