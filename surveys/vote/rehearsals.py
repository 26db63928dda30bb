"""Rehearsals (演练): a poll's double, voted for practice, wiped without a trace before the real one opens."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts import audit
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import AlreadyDone, WrongState
from surveys.acts.permitted import permitted
from surveys.acts.site import Site
from surveys.polling.states import PollState
from surveys.storage.erasing import erase
from surveys.storage.tables import BallotClass, Poll
from surveys.vote.cleaning import clean, mark
from surveys.vote.polls import free_prefix, locked_poll


@permitted(Permission.RUN_POLLS)
def rehearse(session: Session, now: datetime, actor: Actor, poll_id: int) -> int:
    """A double of a draft poll: same sheet, rules and classes, its own prefix and tickets. Raises WrongState."""
    poll = locked_poll(session, poll_id)
    if poll.rehearsal:
        raise WrongState("这本身就是演练，不用再演练一次。")
    if poll.state is not PollState.DRAFT:
        raise WrongState(f"测评会{poll.state.label}，只有未开始的测评会才能演练。")
    if rehearsal_of(session, poll_id) is not None:
        raise AlreadyDone("这次测评会已经有一个演练了。要重新演练，请先清除它。")
    double = Poll(
        unit_id=poll.unit_id,
        prefix=free_prefix(session),
        title=poll.title,
        held_on=poll.held_on,
        place=poll.place,
        team=poll.team,
        team_weight=poll.team_weight,
        state=PollState.DRAFT,
        rehearsal=True,
        rehearsal_of=poll.id,
        two_person=poll.two_person,
        entitled=poll.entitled,
        questionnaires=poll.questionnaires,
        leaders=poll.leaders,
        rules=poll.rules,
    )
    double.classes = [
        BallotClass(key=entry.key, name=entry.name, weight=entry.weight, planned=entry.planned)
        for entry in poll.classes
    ]
    session.add(double)
    session.flush()
    audit.record(session, now, actor, "poll.rehearse", poll.prefix, double.prefix)
    session.commit()
    return double.id


def rehearsal_of(session: Session, poll_id: int) -> int | None:
    """The id of the poll's rehearsal, if there is one."""
    return session.scalar(select(Poll.id).where(Poll.rehearsal_of == poll_id))


@permitted(Permission.RUN_POLLS)
def wipe(site: Site, now: datetime, actor: Actor, poll_id: int) -> str | None:
    """Deletes a rehearsal with all its tickets, ballots and receipts, and cleans the files of them; why it could not,
    in Chinese. Raises WrongState."""
    with site.database.writing() as session:
        poll = locked_poll(session, poll_id, against_casting=True)
        if not poll.rehearsal:
            raise WrongState("这不是演练，不能清除。")
        erase(session, poll_id)
        mark(session, poll.prefix)
        audit.record(session, now, actor, "poll.wipe", poll.prefix)
        session.commit()
    return clean(site, now)
