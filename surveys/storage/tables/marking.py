"""What a unit's score is made of besides the vote: choices and exemptions, evidence, marks, events, replies."""

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
