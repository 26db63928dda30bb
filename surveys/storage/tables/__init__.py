"""The tables, a module for each area. This is where they are imported from: whoever needs one table then has all of
them, and foreign keys and relationships find each other by name."""

from surveys.storage.tables.assessments import (
    Approval,
    Assessment,
    AssessmentFramework,
    Leader,
    RuleVersion,
    ScoreVersion,
    Unit,
    UnitTag,
)
from surveys.storage.tables.base import (
    Base,
    Document,
)
from surveys.storage.tables.marking import (
    Agreement,
    Event,
    Exemption,
    Mark,
    Material,
    Objection,
    Proceeding,
    Review,
    RowChoice,
)
from surveys.storage.tables.office import (
    Account,
    AuditEntry,
    Import,
    SignInFailure,
)
from surveys.storage.tables.polls import (
    Ballot,
    BallotClass,
    Batch,
    Door,
    Keying,
    Poll,
    Presence,
    Receipt,
    Ticket,
    Unsealing,
)

__all__ = [
    "Account",
    "Agreement",
    "Approval",
    "Assessment",
    "AssessmentFramework",
    "AuditEntry",
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
    "Mark",
    "Material",
    "Objection",
    "Poll",
    "Presence",
    "Proceeding",
    "Receipt",
    "Review",
    "RowChoice",
    "RuleVersion",
    "ScoreVersion",
    "SignInFailure",
    "Ticket",
    "Unit",
    "UnitTag",
    "Unsealing",
]
