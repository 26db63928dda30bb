"""What an admin decides in another's place once marking has started: it waits until a second hand confirms it.

What one person saves at once is one proposal, kept as its use case takes it. It is tried when it is made, and done by
that same use case when it is confirmed (`confirmations`), so whatever is refused is refused both times.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from surveys.acts import audit, hands
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import AlreadyDone, NotAllowed, NotFound
from surveys.acts.permitted import permitted
from surveys.acts.reasons import written
from surveys.scoring.assessment_states import AssessmentState
from surveys.scoring.score_sheet import ScoringRules
from surveys.storage.tables import Account, Assessment, Document, ProposedChange

Done = TypeVar("Done")
FEW = 5


class ProposalKind(StrEnum):
    """Which use case does it."""

    MARKS = "marks"
    EVENT = "event"
    CANCEL_EVENT = "cancel_event"
    UPHOLD = "uphold"
    EXEMPT = "exempt"
    CANCEL_EXEMPTION = "cancel_exemption"
    TAGS = "tags"
    RULES = "rules"
    ROSTER = "roster"


@dataclass(frozen=True)
class Spot:
    """Something that a proposal changes, in words. `unit_id`: None for all units; `department`: whose mark it is."""

    words: str
    unit_id: int | None = None
    unit: str = ""
    row_key: str = ""
    department: str = ""

    @property
    def line(self) -> str:
        where = " ".join(part for part in (self.unit, self.row_key, self.department) if part)
        return f"{where}：{self.words}" if where else self.words


@dataclass(frozen=True)
class Draft:
    """`act`: as the use case takes it. `departments`: whose rows it is about; where that is one, it may confirm."""

    kind: ProposalKind
    act: Document
    spots: Sequence[Spot]
    departments: Collection[str] = ()


@dataclass(frozen=True)
class Proposed:
    """A proposal as kept. `by`: who made it. `confirmed`: None while it waits; `decider`: who confirmed or declined."""

    id: int
    kind: ProposalKind
    act: Document
    spots: tuple[Spot, ...]
    departments: tuple[str, ...]
    account_id: int
    by: str
    made_at: datetime
    confirmed: bool | None
    decider: str
    decided_at: datetime | None
    answer: str

    @property
    def others(self) -> str:
        """Who is to confirm it."""
        return f"{self.departments[0]}或{hands.ADMIN}" if len(self.departments) == 1 else hands.ADMIN

    @property
    def few(self) -> str:
        """What it is about, in a line."""
        return _few(self.spots)

    def told(self, spot: Spot) -> str:
        """For the place that it would change."""
        return f"{self.by}提出{spot.words}，等{self.others}确认。"

    def why_not_confirmed(self, actor: Actor) -> str | None:
        """Why this account is not the second hand, in Chinese; None where it is."""
        own = actor.may(Permission.MARK) and actor.department is not None and {actor.department} == {*self.departments}
        if not own and not actor.may(Permission.DECIDE):
            return f"这项提议由{self.others}确认。"
        return hands.why_not(actor, {self.account_id}, self.others)

    def is_for(self, actor: Actor) -> bool:
        """Whether the account may see it: it made it, or may confirm it."""
        return actor.may(Permission.DECIDE) or self.why_not_confirmed(actor) is None


def asks_two(assessment: Assessment, actor: Actor) -> bool:
    """Whether this account's decisions wait for a second hand. The command line has no account to wait for: whoever
    holds the server needs none of this."""
    if actor.account_id is None or assessment.state == AssessmentState.PREPARING:
        return False
    return ScoringRules.from_json(assessment.rules).decided_by_two


def save(
    session: Session,
    now: datetime,
    actor: Actor,
    assessment: Assessment,
    draft: Draft,
    do: Callable[[], Done],
    second: Actor | None = None,
) -> Done | None:
    """Does it and commits; what asks for a second hand is kept as a proposal instead: None. `assessment`: locked or
    held. `second`: the hand, where it confirms. `do` commits nothing. Raises what `do` raises, AlreadyDone."""
    if second is None and asks_two(assessment, actor):
        propose(session, now, actor, assessment, draft, do)
        session.commit()
        return None
    done = do()
    session.commit()
    return done


def propose(
    session: Session, now: datetime, actor: Actor, assessment: Assessment, draft: Draft, do: Callable[[], object]
) -> None:
    """As `save`; the caller commits. Raises NotAllowed where the account is no hand."""
    account_id = hands.require_hand(actor)
    with session.begin_nested() as trial:
        do()
        session.flush()
        trial.rollback()
    for each in waiting(session, assessment.id):
        if (each.kind, each.act, each.account_id) == (draft.kind, draft.act, account_id):
            raise AlreadyDone(f"您已经提出过同样的改动，等{each.others}确认，没有再提出一次。")
    body = {
        "act": draft.act,
        "spots": [asdict(spot) for spot in draft.spots],
        "departments": list(draft.departments),
    }
    entry = ProposedChange(
        assessment_id=assessment.id, kind=draft.kind.value, body=body, account_id=account_id, made_at=now
    )
    session.add(entry)
    session.flush()
    audit.record(session, now, actor, "proposal.make", assessment.title, f"第 {entry.id} 号 {_few(draft.spots)}")


def _few(spots: Sequence[Spot]) -> str:
    more = f"等 {len(spots)} 处" if len(spots) > FEW else ""
    return "；".join(spot.line for spot in spots[:FEW]) + more


def waiting(session: Session, assessment_id: int) -> list[Proposed]:
    """Those that wait for a second hand, the oldest first."""
    return _listed(session, _of(assessment_id).where(ProposedChange.confirmed.is_(None)).order_by(ProposedChange.id))


def decided(session: Session, assessment_id: int) -> list[Proposed]:
    """The newest first."""
    query = _of(assessment_id).where(ProposedChange.confirmed.is_not(None))
    return _listed(session, query.order_by(ProposedChange.decided_at.desc(), ProposedChange.id.desc()))


_Decider = aliased(Account)
Query = Select[ProposedChange, str, str | None]


def _of(assessment_id: int) -> Query:
    query = select(ProposedChange, Account.shown, _Decider.shown).join(Account, Account.id == ProposedChange.account_id)
    query = query.outerjoin(_Decider, _Decider.id == ProposedChange.decided_by)
    return query.where(ProposedChange.assessment_id == assessment_id)


def _listed(session: Session, query: Query) -> list[Proposed]:
    return [_proposed(*row) for row in session.execute(query)]


def _proposed(entry: ProposedChange, by: str, decider: str | None) -> Proposed:
    return Proposed(
        entry.id,
        ProposalKind(entry.kind),
        entry.body["act"],
        tuple(Spot(**spot) for spot in entry.body["spots"]),
        tuple(entry.body["departments"]),
        entry.account_id,
        by,
        entry.made_at,
        entry.confirmed,
        decider or "",
        entry.decided_at,
        entry.answer or "",
    )


Told = Mapping[tuple[int | None, str, str], Sequence[str]]
"""What waits at a place, in sentences, by unit id, row key and department (empty for what is no mark)."""


def told(session: Session, assessment_id: int) -> Told:
    found: dict[tuple[int | None, str, str], list[str]] = {}
    for each in waiting(session, assessment_id):
        for spot in each.spots:
            found.setdefault((spot.unit_id, spot.row_key, spot.department), []).append(each.told(spot))
    return found


def hindrances(session: Session, assessment_id: int) -> list[str]:
    """Whether something still waits: what is frozen would not have it."""
    found = waiting(session, assessment_id)
    if not found:
        return []
    first = found[0]
    return [f"还有 {len(found)} 项提议没有确认，如{first.by}提出的 {first.few}。请在“提议”页确认，或写明理由退回。"]


def taken_up(session: Session, now: datetime, actor: Actor, assessment_id: int, proposal_id: int) -> Proposed:
    """A waiting proposal with the second hand under it; the caller does it and commits. Raises NotFound, NotAllowed,
    WrongState."""
    entry, found = _locked(session, assessment_id, proposal_id)
    why = found.why_not_confirmed(actor)
    if why is not None:
        raise NotAllowed(why)
    _decide(session, now, actor, entry, found, "proposal.confirm", "")
    entry.confirmed = True
    return found


@permitted(Permission.MARK)
def decline(session: Session, now: datetime, actor: Actor, assessment_id: int, proposal_id: int, reason: str) -> None:
    """Takes a proposal off, with a reason that its maker sees; the maker may, too. Raises NotFound, NotAllowed,
    BadInput, WrongState."""
    entry, found = _locked(session, assessment_id, proposal_id)
    why = found.why_not_confirmed(actor)
    if why is not None and actor.account_id != found.account_id:
        raise NotAllowed(why)
    reason = written(reason, "请写明退回的理由，提出的人会看到。")
    _decide(session, now, actor, entry, found, "proposal.decline", f" 理由：{reason}")
    entry.confirmed, entry.answer = False, reason
    session.commit()


def _locked(session: Session, assessment_id: int, proposal_id: int) -> tuple[ProposedChange, Proposed]:
    query = _of(assessment_id).where(ProposedChange.id == proposal_id).with_for_update(of=ProposedChange)
    row = session.execute(query.execution_options(populate_existing=True)).first()
    if row is None:
        raise NotFound(f"这次考核没有第 {proposal_id} 号提议。")
    entry, by, decider = row
    if entry.confirmed is not None:
        done = "确认" if entry.confirmed else "退回"
        raise AlreadyDone(f"第 {proposal_id} 号提议已由{decider}{done}。")
    return entry, _proposed(entry, by, decider)


def _decide(
    session: Session, now: datetime, actor: Actor, entry: ProposedChange, found: Proposed, act: str, more: str
) -> None:
    entry.decided_by, entry.decided_at = actor.account_id, now
    title = session.get_one(Assessment, entry.assessment_id).title
    audit.record(session, now, actor, act, title, f"第 {found.id} 号 {found.by}提出：{found.few}{more}")


def names_unit(session: Session, assessment_id: int, unit_id: int) -> bool:
    """Whether something waits that is about this unit."""
    return any(spot.unit_id == unit_id for each in waiting(session, assessment_id) for spot in each.spots)


def gone_by(second: Actor | None, actor: Actor, reason: str) -> str:
    """Why something was taken back, with who proposed and who confirmed that, which is kept nowhere else."""
    return reason if second is None else f"{reason}（{actor.shown}提出，{second.shown}确认）"
