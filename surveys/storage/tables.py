"""The tables. `tickets`, `ballots` and `receipts` are the three boxes: no column ties one to another (design 4)."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Enum,
    ForeignKey,
    ForeignKeyConstraint,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from surveys.polling.states import PollState, Purpose, TicketState
from surveys.storage.types import DecimalText, UtcDateTime

Document = dict[str, Any]


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        datetime: UtcDateTime,
        Decimal: DecimalText,
        Document: JSON(none_as_null=True),
        bytes: LargeBinary,
    }


def _names(states: type[StrEnum]) -> Enum:
    return Enum(
        states, native_enum=False, length=10, values_callable=lambda members: [state.value for state in members]
    )


class Account(Base):
    """Staff. `department`: an assessor's own. Renewing `session_key` ends every session of the account."""

    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    role: Mapped[str] = mapped_column(String(20))
    department: Mapped[str | None] = mapped_column(String(100))
    password_hash: Mapped[str]
    session_key: Mapped[str] = mapped_column(String(32), unique=True)
    active: Mapped[bool]
    created_at: Mapped[datetime]


class Assessment(Base):
    """One year's round. `rules`: ScoringRules as JSON."""

    __tablename__ = "assessments"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    state: Mapped[str] = mapped_column(String(20))
    rules: Mapped[Document]
    created_at: Mapped[datetime]
    frameworks: Mapped[list["AssessmentFramework"]] = relationship(order_by="AssessmentFramework.key")
    units: Mapped[list["Unit"]] = relationship(order_by="Unit.position", back_populates="assessment")


class AssessmentFramework(Base):
    """A framework as this assessment uses it: a copy, so that a later edition of the file changes no past score."""

    __tablename__ = "assessment_frameworks"
    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessments.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    body: Mapped[Document]


class Unit(Base):
    """`department`: the name under which the unit itself marks rows, for 回避."""

    __tablename__ = "units"
    __table_args__ = (
        UniqueConstraint("assessment_id", "name"),
        ForeignKeyConstraint(
            ["assessment_id", "framework"], ["assessment_frameworks.assessment_id", "assessment_frameworks.key"]
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessments.id"), index=True)
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    category: Mapped[str] = mapped_column(String(100))
    framework: Mapped[str] = mapped_column(String(100))
    department: Mapped[str | None] = mapped_column(String(100))
    assessment: Mapped[Assessment] = relationship(back_populates="units")
    tags: Mapped[list["UnitTag"]] = relationship(order_by="UnitTag.tag")
    leaders: Mapped[list["Leader"]] = relationship(order_by="Leader.position")


class UnitTag(Base):
    __tablename__ = "unit_tags"
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(100), primary_key=True)


class Leader(Base):
    __tablename__ = "leaders"
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    post: Mapped[str] = mapped_column(String(200))


class Poll(Base):
    """`sheet`: Sheet as JSON, frozen when the poll opens. `rules`: PollRules as JSON. `seal`: once it is sealed.

    `envelope_salt`: from opening to sealing. `two_person`: an organizer and a scrutineer must both open the result.
    `leaders`: who is on the ballot, in order, as [name, post]; None: the unit's leaders as they are when it opens.
    `closes_at`: when voting ends by itself. `rehearsal_of`: the poll this one rehearses.
    """

    __tablename__ = "polls"
    __table_args__ = (CheckConstraint("(state = 'sealed') = (seal IS NOT NULL)", name="seal_when_sealed"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), index=True)
    prefix: Mapped[str] = mapped_column(String(4), unique=True)
    title: Mapped[str]
    held_on: Mapped[date | None]
    place: Mapped[str]
    state: Mapped[PollState] = mapped_column(_names(PollState))
    rehearsal: Mapped[bool]
    rehearsal_of: Mapped[int | None] = mapped_column(ForeignKey("polls.id"), index=True)
    two_person: Mapped[bool]
    entitled: Mapped[int]
    present: Mapped[int | None]
    questionnaires: Mapped[Document]
    leaders: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    rules: Mapped[Document]
    sheet: Mapped[Document | None]
    opened_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    sealed_at: Mapped[datetime | None]
    seal: Mapped[str | None]
    envelope_salt: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    unit: Mapped[Unit] = relationship()
    classes: Mapped[list["BallotClass"]] = relationship(order_by="BallotClass.key")
    unsealings: Mapped[list["Unsealing"]] = relationship(order_by="Unsealing.key", lazy="selectin")


class Unsealing(Base):
    """One of the two hands that open a sealed result. `key`: organizer or scrutineer."""

    __tablename__ = "unsealings"
    poll_id: Mapped[int] = mapped_column(ForeignKey("polls.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(20), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    made_at: Mapped[datetime]


class BallotClass(Base):
    """`planned`: tickets to be issued; the dispenser stops there. None: no number was set."""

    __tablename__ = "ballot_classes"
    poll_id: Mapped[int] = mapped_column(ForeignKey("polls.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(8), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    weight: Mapped[Decimal]
    planned: Mapped[int | None]


def _of_a_class() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["poll_id", "class_key"], ["ballot_classes.poll_id", "ballot_classes.key"])


class Batch(Base):
    """Tickets issued together. `purpose`: what became of their codes (surveys.polling.states.Purpose)."""

    __tablename__ = "batches"
    __table_args__ = (_of_a_class(),)
    poll_id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    class_key: Mapped[str] = mapped_column(String(8))
    purpose: Mapped[Purpose] = mapped_column(_names(Purpose))
    made_at: Mapped[datetime]


class Ticket(Base):
    """Box one: who may vote. No time, and nothing that leads to the ballot."""

    __tablename__ = "tickets"
    __table_args__ = (
        _of_a_class(),
        ForeignKeyConstraint(["poll_id", "batch"], ["batches.poll_id", "batches.number"]),
        {"sqlite_with_rowid": False},
    )
    poll_id: Mapped[int] = mapped_column(primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    class_key: Mapped[str] = mapped_column(String(8))
    batch: Mapped[int]
    state: Mapped[TicketState] = mapped_column(_names(TicketState))


class Ballot(Base):
    """Box two: what was said. A random id, the class, one letter per question; no time, no sequence, no ticket.

    Until the poll is sealed `answers` is an envelope (surveys.polling.envelopes).
    """

    __tablename__ = "ballots"
    __table_args__ = (_of_a_class(), {"sqlite_with_rowid": False})
    poll_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    class_key: Mapped[str] = mapped_column(String(8))
    answers: Mapped[str]


class Receipt(Base):
    """Box three: that it was counted."""

    __tablename__ = "receipts"
    __table_args__: Any = ({"sqlite_with_rowid": False},)
    poll_id: Mapped[int] = mapped_column(ForeignKey("polls.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(12), primary_key=True)


class Door(Base):
    """A screen at a door that shows one fresh ticket at a time. Known by its token, of which only the hash is kept.

    `showing`: a random number for the ticket on the screen, which leads to no ticket; `taken`: it was opened.
    """

    __tablename__ = "doors"
    __table_args__ = (_of_a_class(), ForeignKeyConstraint(["poll_id", "batch"], ["batches.poll_id", "batches.number"]))
    poll_id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    class_key: Mapped[str] = mapped_column(String(8))
    batch: Mapped[int]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    showing: Mapped[bytes | None] = mapped_column(LargeBinary(16), unique=True)
    taken: Mapped[bool]
    shut: Mapped[bool]


class Keying(Base):
    """A returned paper ballot as one person keyed it, until it is cast. `number`: the clerk's, within its class.

    `hand`: 1 and 2 are the two persons, 3 is what was settled. `answers` is an envelope, like a ballot's.
    """

    __tablename__ = "keyings"
    __table_args__ = (_of_a_class(), {"sqlite_with_rowid": False})
    poll_id: Mapped[int] = mapped_column(primary_key=True)
    class_key: Mapped[str] = mapped_column(String(8), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    hand: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    answers: Mapped[str]


class Import(Base):
    """A file read and shown, not yet taken over. `kind`: roster or polls; `body`: what was read."""

    __tablename__ = "imports"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessments.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    body: Mapped[Document]
    made_at: Mapped[datetime]


class Mark(Base):
    """One department's value for one row of one unit. Never changed: a correction is the next version."""

    __tablename__ = "marks"
    __table_args__ = (UniqueConstraint("unit_id", "row_key", "department", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    row_key: Mapped[str] = mapped_column(String(40))
    department: Mapped[str] = mapped_column(String(100))
    version: Mapped[int]
    points: Mapped[Decimal]
    remark: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    made_at: Mapped[datetime]


class Event(Base):
    """An entry of the ledger: bonus, deduction, loss on a row that starts full, veto. Cancelled, never deleted."""

    __tablename__ = "events"
    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), index=True)
    row_key: Mapped[str] = mapped_column(String(40))
    points: Mapped[Decimal]
    happened_on: Mapped[date]
    document: Mapped[str]
    reason: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    made_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None]


class Exemption(Base):
    """A row that does not count for a unit by decision."""

    __tablename__ = "exemptions"
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), primary_key=True)
    row_key: Mapped[str] = mapped_column(String(40), primary_key=True)
    reason: Mapped[str]
    document: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    made_at: Mapped[datetime]


class AuditEntry(Base):
    """Who did what, when and why. Never who voted: casting writes none."""

    __tablename__ = "audit_log"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(100))
    act: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str]
    detail: Mapped[str]
