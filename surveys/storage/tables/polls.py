"""The vote. `tickets`, `ballots`, `receipts` are three boxes: no column ties one to another (docs/decisions/0007)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, ForeignKeyConstraint, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from surveys.polling.states import PollState, Purpose, TicketState
from surveys.storage.tables.assessments import Unit
from surveys.storage.tables.base import NUMBERED, Base, Document, enum_of


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
    __table_args__ = (CheckConstraint("(state = 'sealed') = (seal IS NOT NULL)", name="seal_when_sealed"), NUMBERED)
    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), index=True)
    prefix: Mapped[str] = mapped_column(String(4), unique=True)
    title: Mapped[str]
    held_on: Mapped[date | None]
    place: Mapped[str]
    team: Mapped[str] = mapped_column(String(100), default="")
    team_weight: Mapped[Decimal] = mapped_column(default=Decimal(1))
    state: Mapped[PollState] = mapped_column(enum_of(PollState))
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


class PollPerson(Base):
    """An organizer or a scrutineer of this poll. Of a role of which nobody is named, everybody is."""

    __tablename__ = "poll_people"
    poll_id: Mapped[int] = mapped_column(ForeignKey("polls.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True, index=True)


class Remark(Base):
    """What the scrutineer wrote down. Kept as it is: another one corrects it."""

    __tablename__ = "remarks"
    __table_args__ = NUMBERED
    id: Mapped[int] = mapped_column(primary_key=True)
    poll_id: Mapped[int] = mapped_column(ForeignKey("polls.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    words: Mapped[str]
    made_at: Mapped[datetime]


class Unsealing(Base):
    """One of the two hands that open a sealed result. `key`: organizer or scrutineer."""

    __tablename__ = "unsealings"
    poll_id: Mapped[int] = mapped_column(ForeignKey("polls.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(20), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    made_at: Mapped[datetime]


class Presence(Base):
    """The number present as one person counted it. `hand`: of the last two people, 1 the earlier and 2 the later.
    `account_id`: None on the command line."""

    __tablename__ = "presences"
    poll_id: Mapped[int] = mapped_column(ForeignKey("polls.id"), primary_key=True)
    hand: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    number: Mapped[int]
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
    purpose: Mapped[Purpose] = mapped_column(enum_of(Purpose))
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
    state: Mapped[TicketState] = mapped_column(enum_of(TicketState))


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


class Leftover(Base):
    """A poll that is over, by its prefix: what its end took out of the tables may still lie in the database's files.

    Also of a rehearsal that was wiped. `reason`: why the files could not be cleaned when it was last tried, in Chinese.
    """

    __tablename__ = "leftovers"
    prefix: Mapped[str] = mapped_column(String(4), primary_key=True)
    reason: Mapped[str | None]
