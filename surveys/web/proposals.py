"""What pages on which something is decided say of proposals: that it waits for a second hand."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from surveys.acts import proposals
from surveys.acts.actors import Permission
from surveys.web.access import actor, may

WAITS = "已提出，第二人确认以后才算，现在照旧。在“提议”页可以看到，也可以撤回。"


@dataclass(frozen=True)
class Waits:
    """`here`: those that wait for this account's hand; `own`: those that it made."""

    here: int
    own: int


def said(done: bool, words: str) -> str:
    """What to tell whoever saved something: that it is done, or that it waits."""
    return words if done else WAITS


def waits_for(session: Session, assessment_id: int) -> Waits:
    """For a page on which such things are decided."""
    if not may(Permission.MARK):
        return Waits(0, 0)
    found = proposals.waiting(session, assessment_id)
    own = sum(each.account_id == actor().account_id for each in found)
    return Waits(sum(each.why_not_confirmed(actor()) is None for each in found), own)
