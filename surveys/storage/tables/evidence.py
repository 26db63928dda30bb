"""What units hand in, its review, and proceedings."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from surveys.storage.tables.base import NUMBERED, Base


class Material(Base):
    """A piece of evidence a unit handed in (材料报送). `item`: of the row's evidence list, 0 for the row as a whole.

    `kind`: file, link or document (a document's number in `reference`). A file is stored by its `digest` (SHA-256).
    `row_key` is empty for the annual report; `objection_id`: handed in with an objection.
    """

    __tablename__ = "materials"
    __table_args__ = NUMBERED
    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), index=True)
    row_key: Mapped[str] = mapped_column(String(40))
    item: Mapped[int]
    objection_id: Mapped[int | None] = mapped_column(ForeignKey("objections.id"))
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str]
    reference: Mapped[str]
    digest: Mapped[str | None] = mapped_column(String(64), index=True)
    size: Mapped[int | None]
    media_type: Mapped[str] = mapped_column(String(100))
    late: Mapped[bool]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    made_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class Review(Base):
    """What a reviewer said of a material: accepted, rejected or more (asked for more). The newest stands. `closed_at`:
    since when more is asked for no longer, and why."""

    __tablename__ = "reviews"
    __table_args__ = NUMBERED
    id: Mapped[int] = mapped_column(primary_key=True)
    material_id: Mapped[int] = mapped_column(ForeignKey("materials.id"), index=True)
    verdict: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    made_at: Mapped[datetime]
    closed_reason: Mapped[str | None]
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    closed_at: Mapped[datetime | None]


class Proceeding(Base):
    """What the assessment group did with a unit: report, hearing, inspection, talk, feedback (document, section 四).

    `people`: who heard, read, went or told; never a speaker's name in a talk. `row_key`: the row it is about, or empty.
    """

    __tablename__ = "proceedings"
    __table_args__ = NUMBERED
    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), index=True)
    row_key: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(20))
    held_on: Mapped[date]
    people: Mapped[str]
    body: Mapped[str]
    digest: Mapped[str | None] = mapped_column(String(64))
    media_type: Mapped[str] = mapped_column(String(100))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    made_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
