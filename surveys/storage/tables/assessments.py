"""A year's round: its frameworks, its rules, its units, and the versions of the result."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from surveys.storage.tables.base import NUMBERED, Base, Document


class Assessment(Base):
    """One year's round. `rules`: ScoringRules as JSON. `state`: surveys.scoring.assessment_states.

    `questionnaires`: the catalog's as they were when marking started, scales and all, by key; None before.
    """

    __tablename__ = "assessments"
    __table_args__ = NUMBERED
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    state: Mapped[str] = mapped_column(String(20))
    rules: Mapped[Document]
    questionnaires: Mapped[Document | None]
    material_due_on: Mapped[date | None]
    objections_due_on: Mapped[date | None]
    created_at: Mapped[datetime]
    frameworks: Mapped[list["AssessmentFramework"]] = relationship(order_by="AssessmentFramework.key")
    units: Mapped[list["Unit"]] = relationship(order_by="Unit.position, Unit.id", back_populates="assessment")


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
    __table_args__ = (UniqueConstraint("assessment_id", "act", "subject", "account_id"), NUMBERED)
    id: Mapped[int] = mapped_column(primary_key=True)
    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessments.id"))
    act: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(200))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    reason: Mapped[str | None]
    made_at: Mapped[datetime]


class ProposedChange(Base):
    """What an admin would decide in another's place, all that was saved at once, until a second hand confirms it.

    `body`: see surveys.acts.proposals. `confirmed` is None while it waits; `answer`: why it was declined.
    """

    __tablename__ = "proposed_changes"
    __table_args__ = NUMBERED
    id: Mapped[int] = mapped_column(primary_key=True)
    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessments.id"), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    body: Mapped[Document]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    made_at: Mapped[datetime]
    confirmed: Mapped[bool | None]
    answer: Mapped[str | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    decided_at: Mapped[datetime | None]


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
        NUMBERED,
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
