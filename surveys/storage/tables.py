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
    """Staff. `department`: an assessor's own; `unit_id`: the unit a reporter hands in for.

    Renewing `session_key` ends every session of the account.
    """

    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    role: Mapped[str] = mapped_column(String(20))
    department: Mapped[str | None] = mapped_column(String(100))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    password_hash: Mapped[str]
    session_key: Mapped[str] = mapped_column(String(32), unique=True)
    active: Mapped[bool]
    created_at: Mapped[datetime]


class Assessment(Base):
    """One year's round. `rules`: ScoringRules as JSON. `state`: surveys.scoring.assessment_states."""

    __tablename__ = "assessments"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    state: Mapped[str] = mapped_column(String(20))
    rules: Mapped[Document]
    material_due_on: Mapped[date | None]
    objections_due_on: Mapped[date | None]
    created_at: Mapped[datetime]
    frameworks: Mapped[list["AssessmentFramework"]] = relationship(order_by="AssessmentFramework.key")
    units: Mapped[list["Unit"]] = relationship(order_by="Unit.position", back_populates="assessment")


class AssessmentFramework(Base):
    """A framework as this assessment uses it: a copy, so that a later edition of the file changes no past score."""

    __tablename__ = "assessment_frameworks"
    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessments.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    body: Mapped[Document]


class RuleVersion(Base):
    """What an assessment was scored by, and from when: kept when marking starts, and at every change after that."""

    __tablename__ = "rule_versions"
    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessments.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    frameworks: Mapped[Document]
    rules: Mapped[Document]
    reason: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    made_at: Mapped[datetime]


class Approval(Base):
    """One of two hands, or one hand over something exact. `subject`: what was approved, as a digest or key. `reason`:
    of who proposed what another must agree to."""

    __tablename__ = "approvals"
    __table_args__ = (UniqueConstraint("assessment_id", "act", "subject", "account_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessments.id"))
    act: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(200))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    reason: Mapped[str | None]
    made_at: Mapped[datetime]


class ScoreVersion(Base):
    """Every unit's sheet as it stood: provisional, after_appeal or certified. `digest`: over `body`, as a seal."""

    __tablename__ = "score_versions"
    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessments.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    body: Mapped[Document]
    digest: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    made_at: Mapped[datetime]


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


class RowChoice(Base):
    """Which of a row's alternative methods a unit is assessed by (材料审核或听取汇报)."""

    __tablename__ = "row_choices"
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), primary_key=True)
    row_key: Mapped[str] = mapped_column(String(40), primary_key=True)
    method: Mapped[str] = mapped_column(String(40))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    made_at: Mapped[datetime]


class Poll(Base):
    """`sheet`: Sheet as JSON, frozen when the poll opens. `rules`: PollRules as JSON. `seal`: once it is sealed.

    `envelope_salt`: from opening to sealing. `two_person`: an organizer and a scrutineer must both open the result.
    `leaders`: who is on the ballot, in order, as [name, post]; None: the unit's leaders as they are when it opens.
    `closes_at`: when voting ends by itself. `rehearsal_of`: the poll this one rehearses.
    `team`: which of the unit's 班子 was rated; within one the newest sealed poll counts; several combine by
    `team_weight`. `set_aside_at`: since when it does not count: withdrawn before anybody voted, or set aside once it
    was sealed.
    """

    __tablename__ = "polls"
    __table_args__ = (CheckConstraint("(state = 'sealed') = (seal IS NOT NULL)", name="seal_when_sealed"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), index=True)
    prefix: Mapped[str] = mapped_column(String(4), unique=True)
    title: Mapped[str]
    held_on: Mapped[date | None]
    place: Mapped[str]
    team: Mapped[str] = mapped_column(String(100), default="")
    team_weight: Mapped[Decimal] = mapped_column(default=Decimal(1))
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
    set_aside_at: Mapped[datetime | None]
    set_aside_reason: Mapped[str | None]
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
    evidence: Mapped[str] = mapped_column(default="")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    made_at: Mapped[datetime]


class Event(Base):
    """An entry of the ledger: bonus, deduction, loss on a row that starts full, veto. Cancelled, never deleted.

    `occasion`: what happened, where it may be entered more than once: of one occasion only the highest counts. `level`:
    of a commendation. `appeal`: none, open, upheld or dismissed; an upheld appeal cancels the event.
    """

    __tablename__ = "events"
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
    made_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None]


class Exemption(Base):
    """A row that does not count for a unit by decision. Cancelled, never deleted."""

    __tablename__ = "exemptions"
    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), index=True)
    row_key: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str]
    document: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    made_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None]


class Objection(Base):
    """A unit's objection to one row of its sheet in a score version, and the office's answer. `state`: open, accepted,
    declined."""

    __tablename__ = "objections"
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


class Agreement(Base):
    """A unit has seen its sheet in a score version and agrees."""

    __tablename__ = "agreements"
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    made_at: Mapped[datetime]


class Material(Base):
    """A piece of evidence a unit handed in (材料报送). `item`: of the row's evidence list, 0 for the row as a whole.

    `kind`: file, link or document (a document's number in `reference`). A file is stored by its `digest` (SHA-256).
    `row_key` is empty for the annual report; `objection_id`: handed in with an objection.
    """

    __tablename__ = "materials"
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
    """What a reviewer said of a material: accepted, rejected or more (asked for more). The newest stands."""

    __tablename__ = "reviews"
    id: Mapped[int] = mapped_column(primary_key=True)
    material_id: Mapped[int] = mapped_column(ForeignKey("materials.id"), index=True)
    verdict: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    made_at: Mapped[datetime]


class Proceeding(Base):
    """What the assessment group did with a unit: report, hearing, inspection, talk, feedback (document, section 四).

    `people`: who heard, read, went or told; never a speaker's name in a talk. `row_key`: the row it is about, or empty.
    """

    __tablename__ = "proceedings"
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


class AuditEntry(Base):
    """Who did what, when and why. Never who voted: casting writes none."""

    __tablename__ = "audit_log"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(100))
    act: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str]
    detail: Mapped[str]
