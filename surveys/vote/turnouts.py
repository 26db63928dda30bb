"""The figures of a sealed poll that decide whether it counts, from turnout alone: for the board and the life page."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from surveys.polling.states import PollState, purpose_words
from surveys.scoring.poll_rules import PollRules
from surveys.storage.tables import Poll, Unit
from surveys.vote import headcounts, poll_record


@dataclass(frozen=True)
class SealedTurnout:
    """`issued_for`: in Chinese, by purpose. `reserve`: None where no limit was set. `agreed`: see `PollRules.issue_to`.
    `by_command`: the number present was entered on the command line."""

    poll: Poll
    issued: int
    issued_for: str
    void: int
    returned: int
    reserve: int | None
    agreed: int | None
    by_command: bool


def figures(session: Session, polls: Sequence[Poll]) -> list[SealedTurnout]:
    """Of sealed polls: exact."""
    purposes = poll_record.issued_for(session, [poll.id for poll in polls])
    counted, present = poll_record.class_counts_each(session, polls), headcounts.headcount_each(session, polls)
    found = []
    for poll in polls:
        counts, rules = counted[poll.id], PollRules.from_json(poll.rules)
        found.append(
            SealedTurnout(
                poll,
                sum(each.issued for each in counts),
                purpose_words(purposes.get(poll.id, {})),
                sum(each.void for each in counts),
                sum(each.cast for each in counts),
                rules.reserve,
                rules.issue_to,
                present[poll.id].by_command,
            )
        )
    return found


def of_assessment(session: Session, assessment_id: int) -> list[SealedTurnout]:
    """Of every sealed poll, set aside or not, by unit; rehearsals apart."""
    query = (
        select(Poll)
        .join(Unit, Unit.id == Poll.unit_id)
        .where(Unit.assessment_id == assessment_id, Poll.state == PollState.SEALED, ~Poll.rehearsal)
        .order_by(Unit.position, Unit.id, Poll.sealed_at, Poll.id)
    )
    return figures(session, session.scalars(query.options(selectinload(Poll.classes))).all())
