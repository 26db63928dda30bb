"""What units say to their sheets."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from surveys.storage.tables.base import NUMBERED, Base


class Objection(Base):
    """A unit's objection to one row of its sheet in a score version, and the office's answer. `state`: open, accepted,
    declined. `closed_at`: since when an accepted one is closed without a correction, and why."""

    __tablename__ = "objections"
    __table_args__ = NUMBERED
    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), index=True)
    row_key: Mapped[str] = mapped_column(String(40))
    version: Mapped[int]
    reason: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    made_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(20))
    answer: Mapped[str]
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    answered_at: Mapped[datetime | None]
    closed_reason: Mapped[str | None]
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    closed_at: Mapped[datetime | None]


class Agreement(Base):
    """A unit has seen its sheet in a score version and agrees."""

    __tablename__ = "agreements"
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    made_at: Mapped[datetime]
