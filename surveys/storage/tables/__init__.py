"""The tables, a module for each area. This is where they are imported from: whoever needs one table then has all of
them, and foreign keys and relationships find each other by name."""

from surveys.storage.tables.assessments import (
    Approval,
    Assessment,
    AssessmentFramework,
    Leader,
    ProposedChange,
    RuleVersion,
    ScoreVersion,
    Unit,
    UnitTag,
)
from surveys.storage.tables.base import (
    Base,
    Document,
)
from surveys.storage.tables.evidence import Material, Proceeding, Review
from surveys.storage.tables.marking import Event, Exemption, Mark, RowChoice
from surveys.storage.tables.office import (
    Account,
    AuditEntry,
    AuditHead,
    Import,
    PastPassword,
    SignInFailure,
    SiteSettings,
    StaffSession,
    StandIn,
)
from surveys.storage.tables.polls import (
    Ballot,
    BallotClass,
    Batch,
    Door,
    Keying,
    Leftover,
    Poll,
    Presence,
    Receipt,
    Ticket,
    Unsealing,
)
from surveys.storage.tables.replies import Agreement, Objection

__all__ = [
    "Account",
    "Agreement",
    "Approval",
    "Assessment",
    "AssessmentFramework",
    "AuditEntry",
    "AuditHead",
    "Ballot",
    "BallotClass",
    "Base",
    "Batch",
    "Document",
    "Door",
    "Event",
    "Exemption",
    "Import",
    "Keying",
    "Leader",
    "Leftover",
    "Mark",
    "Material",
    "Objection",
    "PastPassword",
    "Poll",
    "Presence",
    "Proceeding",
    "ProposedChange",
    "Receipt",
    "Review",
    "RowChoice",
    "RuleVersion",
    "ScoreVersion",
    "SignInFailure",
    "SiteSettings",
    "StaffSession",
    "StandIn",
    "Ticket",
    "Unit",
    "UnitTag",
    "Unsealing",
]
