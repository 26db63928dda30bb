"""The second hand: what was proposed is done by its own use case, with whoever proposed it as its author."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TypeAlias

from sqlalchemy.orm import Session

from surveys.acts import proposals
from surveys.acts.actors import Actor, Permission, Role
from surveys.acts.errors import BadInput, WrongState
from surveys.acts.permitted import permitted
from surveys.acts.proposals import ProposalKind, Proposed
from surveys.marking import ledger, marks
from surveys.marking.ledger import EventEntry
from surveys.outcome import rule_changes
from surveys.season import applicability, rosters
from surveys.storage.tables import Document

Act: TypeAlias = Callable[[Session, datetime, Actor, int, Document, Actor], object]
"""session, now, who proposed, the assessment's id, the act as kept, the second hand. Commits."""


@permitted(Permission.MARK)
def confirm(session: Session, now: datetime, actor: Actor, assessment_id: int, proposal_id: int) -> Proposed:
    """Does what was proposed, in one transaction with the hand under it. It is checked as when it was proposed: what
    has changed since is refused, and stays to be declined. Raises NotFound, NotAllowed, BadInput, WrongState."""
    found = proposals.taken_up(session, now, actor, assessment_id, proposal_id)
    proposer = Actor(found.account_id, found.by, Role.ADMIN)
    try:
        _ACTS[found.kind](session, now, proposer, assessment_id, found.act, actor)
    except (BadInput, WrongState) as error:
        session.rollback()
        raise WrongState(f"没有确认，现在已经不能这样改：\n{error}\n请写明理由退回，需要时重新提出。") from None
    return found


def _marks(session: Session, now: datetime, by: Actor, _: int, act: Document, second: Actor) -> object:
    return marks.enter_all(session, now, by, marks.kept_entries(act), second)


def _event(session: Session, now: datetime, by: Actor, _: int, act: Document, second: Actor) -> object:
    texts = {name: value for name, value in act.items() if name not in ("unit", "happened_on")}
    entry = EventEntry(happened_on=date.fromisoformat(act["happened_on"]), **texts)
    return ledger.record_event(session, now, by, act["unit"], entry, second)


def _cancel_event(session: Session, now: datetime, by: Actor, _: int, act: Document, second: Actor) -> object:
    return ledger.cancel_event(session, now, by, act["unit"], act["event"], act["reason"], second)


def _uphold(session: Session, now: datetime, by: Actor, _: int, act: Document, second: Actor) -> object:
    place = (act["unit"], act["event"])
    return ledger.answer_contest(session, now, by, *place, upheld=True, reason=act["reason"], second=second)


def _exempt(session: Session, now: datetime, by: Actor, _: int, act: Document, second: Actor) -> object:
    return ledger.exempt(session, now, by, act["unit"], act["row"], act["reason"], act["document"], second)


def _cancel_exemption(session: Session, now: datetime, by: Actor, _: int, act: Document, second: Actor) -> object:
    return ledger.cancel_exemption(session, now, by, act["unit"], act["exemption"], act["reason"], second)


def _tags(session: Session, now: datetime, by: Actor, _: int, act: Document, second: Actor) -> object:
    return applicability.set_tags(session, now, by, act["unit"], act["tags"], act["base"], second)


def _roster(session: Session, now: datetime, by: Actor, assessment_id: int, act: Document, _: Actor) -> None:
    rosters.confirm(session, now, by, assessment_id, act)


_ACTS: Mapping[ProposalKind, Act] = {
    ProposalKind.MARKS: _marks,
    ProposalKind.EVENT: _event,
    ProposalKind.CANCEL_EVENT: _cancel_event,
    ProposalKind.UPHOLD: _uphold,
    ProposalKind.EXEMPT: _exempt,
    ProposalKind.CANCEL_EXEMPTION: _cancel_exemption,
    ProposalKind.TAGS: _tags,
    ProposalKind.RULES: rule_changes.confirm,
    ProposalKind.ROSTER: _roster,
}
