"""A framework changed from a workbook while marking: shown with the effect on every unit, then the next version of
the rules."""

from datetime import datetime

from sqlalchemy.orm import Session

from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import WrongState
from surveys.acts.permitted import permitted
from surveys.outcome import rule_changes
from surveys.outcome.rule_changes import Effect
from surveys.season.assessments import locked_assessment
from surveys.season.framework_editing import DESK, FrameworkPreview, previewed


def effect(session: Session, found: FrameworkPreview) -> Effect | None:
    """What it does to every unit; None before the framework is frozen, when it is taken over as it is, and where it
    cannot be."""
    if not found.frozen or found.hindrances or found.changes.is_empty:
        return None
    return rule_changes.effect_of(session, found.assessment_id, [found.new], None)


@permitted(Permission.DECIDE)
def revise(session: Session, now: datetime, actor: Actor, import_id: int, reason: str, shown: str) -> int | None:
    """Takes the file over as the next version of the rules, and forgets it; the version's number, None where it waits
    for a second hand. `shown`: the fingerprint of the effect. Raises NotFound, NotAllowed, BadInput, WrongState."""
    entry = DESK.waiting(session, actor, import_id, take=True)
    found = previewed(session, locked_assessment(session, entry.assessment_id), entry)
    if found.hindrances:
        raise WrongState("什么都没有改动。" + "".join(found.hindrances))
    session.delete(entry)
    return rule_changes.change_rules(session, now, actor, found.assessment_id, [found.new], None, reason, shown)
