"""What the scrutineers of a poll write down, and their tick, without which a poll that has one is not sealed: or two
admins say why."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts import audit, poll_people, two_hands
from surveys.acts.actors import Actor, Permission, Role
from surveys.acts.errors import NotAllowed, WrongState
from surveys.acts.permitted import permitted
from surveys.acts.reasons import written
from surveys.acts.two_hands import Proposal, Sign
from surveys.polling.states import PollState
from surveys.storage.tables import Account, Poll, Remark
from surveys.vote.poll_record import class_counts
from surveys.vote.polls import locked_poll, poll_of

TICK = "poll.witness"
WAIVE = "poll.unwitnessed"
OTHER = "监票人"


@dataclass(frozen=True)
class Witnessed:
    """`asked`: the poll has a scrutineer by name. `ticked`: under the number of returned ballots as it is now.
    `waiver`: that it be sealed all the same, waiting or decided."""

    asked: bool
    ticked: tuple[Sign, ...]
    waiver: Proposal | None

    @property
    def missing(self) -> str | None:
        """Why it cannot be sealed yet, in Chinese."""
        if not self.asked or self.ticked or (self.waiver is not None and not self.waiver.waits):
            return None
        return (
            "这次测评会有指定的监票人，还没有在“监票”页勾选“已核对”，不能封存。"
            "监票人不能来的，由两名管理员在那里写明理由决定。"
        )

    @property
    def words(self) -> str:
        """For the log."""
        if not self.asked:
            return ""
        if self.ticked:
            return f"监票人{'、'.join(each.name for each in self.ticked)}已核对"
        if self.waiver is not None and not self.waiver.waits:
            return f"监票人没有核对，两名管理员决定封存：{self.waiver.reason}"
        return "监票人没有核对"


@dataclass(frozen=True)
class Line:
    by: str
    made_at: datetime
    words: str


def standing(session: Session, poll: Poll) -> Witnessed:
    if poll.rehearsal or not poll_people.named(session, [poll.id]).get(poll.id, {}).get(Role.SCRUTINEER):
        return Witnessed(asked=False, ticked=(), waiver=None)
    ticked = two_hands.signs(session, poll.unit.assessment_id, TICK).get(_subject(session, poll), [])
    waiver = two_hands.proposals(session, poll.unit.assessment_id, WAIVE).get(str(poll.id))
    return Witnessed(asked=True, ticked=tuple(ticked), waiver=waiver)


def require(session: Session, actor: Actor, poll: Poll) -> str:
    """What the log says of it. The command line seals all the same, and the log says that. Raises WrongState."""
    found = standing(session, poll)
    if found.missing is not None and actor.account_id is not None:
        raise WrongState(found.missing)
    return found.words


def _subject(session: Session, poll: Poll) -> str:
    """Paper that is cast after the tick makes it another number, which nobody has looked at."""
    return f"{poll.id}:{sum(entry.cast for entry in class_counts(session, poll))}"


def remarks(session: Session, poll_id: int) -> list[Line]:
    """The oldest first."""
    query = select(Remark, Account.shown).join(Account, Account.id == Remark.account_id)
    found = session.execute(query.where(Remark.poll_id == poll_id).order_by(Remark.id))
    return [Line(by, each.made_at, each.words) for each, by in found]


@permitted(Permission.WATCH)
def remark(session: Session, now: datetime, actor: Actor, poll_id: int, words: str) -> None:
    """Kept as it is, also once the poll is sealed. Raises NotAllowed, NotFound, BadInput."""
    poll = locked_poll(session, poll_id)
    _require_own(session, actor, poll)
    words = written(words, "请写下要记的事。", name="记录")
    assert actor.account_id is not None
    session.add(Remark(poll_id=poll_id, account_id=actor.account_id, words=words, made_at=now))
    audit.record(session, now, actor, "poll.remark", poll.prefix, words)
    session.commit()


@permitted(Permission.WATCH)
def tick(session: Session, now: datetime, actor: Actor, poll_id: int) -> None:
    """That the figures after the vote are right. Raises NotAllowed, NotFound, WrongState."""
    poll = locked_poll(session, poll_id)
    _require_own(session, actor, poll)
    if poll.state is not PollState.CLOSED:
        raise WrongState(f"测评会{poll.state.label}，结束投票以后、封存以前才核对。")
    subject, twice = _subject(session, poll), "您已经核对过现在的收回数。"
    two_hands.sign(session, now, actor, poll.unit.assessment_id, TICK, subject, twice=twice, other=OTHER)
    audit.record(session, now, actor, TICK, poll.prefix, f"收回 {subject.partition(':')[2]} 张")
    session.commit()


def _require_own(session: Session, actor: Actor, poll: Poll) -> None:
    if actor.account_id is None or Role.SCRUTINEER not in actor.roles:
        raise NotAllowed("由这次测评会的监票人用自己的账号来做。")
    if not poll_people.may_enter(session, actor, poll.id):
        raise NotAllowed("这次测评会指定了别的监票人。")


@permitted(Permission.DECIDE)
def propose_waiver(session: Session, now: datetime, actor: Actor, poll_id: int, reason: str) -> None:
    """That it be sealed without the tick. Raises NotAllowed, NotFound, BadInput, WrongState."""
    poll = _waiting(session, poll_id)
    reason = two_hands.propose(session, now, actor, poll.unit.assessment_id, WAIVE, str(poll_id), reason)
    audit.record(session, now, actor, "poll.propose_unwitnessed", poll.prefix, reason)
    session.commit()


@permitted(Permission.DECIDE)
def agree_to_waiver(session: Session, now: datetime, actor: Actor, poll_id: int) -> None:
    """The second hand: it may be sealed. Raises NotAllowed, NotFound, WrongState."""
    poll = _waiting(session, poll_id)
    found = two_hands.agree(session, now, actor, poll.unit.assessment_id, WAIVE, str(poll_id))
    audit.record(session, now, actor, WAIVE, poll.prefix, f"{found.by}提出：{found.reason}")
    session.commit()


@permitted(Permission.DECIDE)
def decline_waiver(session: Session, now: datetime, actor: Actor, poll_id: int) -> None:
    """Raises NotAllowed, NotFound, WrongState."""
    poll = _waiting(session, poll_id)
    found = two_hands.decline(session, actor, poll.unit.assessment_id, WAIVE, str(poll_id))
    audit.record(session, now, actor, "poll.keep_witness", poll.prefix, f"{found.by}提出：{found.reason}")
    session.commit()


def _waiting(session: Session, poll_id: int) -> Poll:
    poll = locked_poll(session, poll_id)
    if poll.state is not PollState.CLOSED:
        raise WrongState(f"测评会{poll.state.label}，结束投票以后、封存以前才能这样决定。")
    if not standing(session, poll).asked:
        raise WrongState("这次测评会没有指定的监票人，可以直接封存。")
    return poll


def of_poll(session: Session, poll_id: int) -> tuple[Poll, Witnessed, list[Line]]:
    """For the page."""
    poll = poll_of(session, poll_id)
    return poll, standing(session, poll), remarks(session, poll_id)
