"""The democratic row: what a unit's sealed polls come to, and another value confirmed by two people."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from surveys.acts import audit, two_hands
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import WrongState
from surveys.acts.hands import require_hand
from surveys.acts.permitted import permitted
from surveys.acts.two_hands import Proposal
from surveys.catalog.model import Method, Standard, plain
from surveys.polling.states import PollState
from surveys.scoring.exact import Score, exact, shown
from surveys.scoring.score_sheet import RowState, RowValue, ScoringRules
from surveys.scoring.teams import TeamScore, combined
from surveys.season.assessments import locked_assessment
from surveys.season.open_rows import require_open
from surveys.season.rows import departments_of, row_of
from surveys.storage.tables import Mark, Poll, Unit
from surveys.vote.counting_polls import Conflict, by_seal, candidates, carries_form, conflicts, counting
from surveys.vote.tallies import is_visible, tally_each
from surveys.vote.tally_values import Tally

ACT = "democratic"
WITHDRAW = "democratic.withdraw"
COUNT_ANYWAY = "poll.count_anyway"
"""Two people's act, by poll: it counts though its figures contradict each other."""

ONE_TEAM = "未分班子"
"""What polls without a team are called where there are several."""


@dataclass(frozen=True)
class Vote:
    """A sealed poll and what it came to. `counted`: that it counts in spite of its doubt, proposed or agreed."""

    poll: Poll
    tally: Tally
    counted: Proposal | None = None

    @property
    def decided(self) -> bool:
        return self.counted is not None and not self.counted.waits

    @property
    def fault(self) -> str | None:
        """Why it does not count."""
        if self.tally.doubt is None or self.decided:
            return self.tally.shortcoming
        words = f"{self.tally.doubt}，须由两名管理员决定算不算"
        return words if self.tally.shortcoming is None else f"{self.tally.shortcoming}；{words}"


@dataclass(frozen=True)
class TeamScores:
    """`teams`: one for each 班子 with a result, from the one of `votes` in the same place. `waiting`: teams whose vote
    is under way and has none yet. `conflicts`: teams of which it is not decided which poll counts. `set_aside`: sealed
    polls that do not count by decision; `overtaken`: those that gave way to a newer one, as was done when they were
    opened. `formless`: polls on leaders alone that stand for their team all the same, by rules frozen before only those
    with the form were candidates."""

    teams: tuple[TeamScore, ...]
    votes: tuple[Vote, ...]
    waiting: tuple[str, ...]
    newest: Vote | None
    set_aside: tuple[Poll, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    overtaken: tuple[Poll, ...] = ()

    @property
    def formless(self) -> tuple[Poll, ...]:
        return tuple(vote.poll for vote in self.votes if not carries_form(vote.poll))

    @property
    def doubtful(self) -> tuple[Vote, ...]:
        """Those on which two people decide, or have decided."""
        return tuple(vote for vote in self.votes if vote.tally.doubt is not None)

    @property
    def score(self) -> Score | None:
        return combined(self.teams)

    @property
    def faults(self) -> tuple[str, ...]:
        """Why the row is withheld: which polls fall short, or are one too many, named where there are several teams."""
        found = [(each.team, each.fault) for each in self.conflicts]
        found += [(each.team, each.fault) for each in self.teams if each.fault is not None]
        several = len(self.teams) + len(self.conflicts) > 1
        return tuple(f"{team or ONE_TEAM}：{fault}" if several else fault for team, fault in found)

    @property
    def formula(self) -> str:
        """How several teams make one score, in words: 甲班子 90.00 × 0.6 + 乙班子 80.00 × 0.4 = 86.00."""
        parts = [
            f"{team.team or ONE_TEAM} {'—' if team.score is None else shown(team.score)} × {plain(team.weight)}"
            for team in self.teams
        ]
        total = sum((team.weight for team in self.teams), Decimal(0))
        sums = " + ".join(parts)
        whole = sums if total == 1 else f"（{sums}）÷ {plain(total)}"
        return f"{whole} = {'—' if self.score is None else shown(self.score)}"

    def value(self, standard: Standard) -> RowValue:
        """The row by the polls alone: pending while a team's result is still to come, withheld if one falls short, or
        is not decided on."""
        if self.conflicts:
            return RowValue(RowState.WITHHELD)
        if self.waiting or not self.teams:
            return RowValue(RowState.PENDING)
        score = self.score
        if self.faults or score is None:
            return RowValue(RowState.WITHHELD)
        points = exact(standard.points)
        # A scale of grades may go below 0 or above 100; a row does not.
        return RowValue(RowState.MARKED, min(max(score * points / 100, Fraction(0)), points))


def team_scores(
    polls: Sequence[Poll], tallies: Mapping[int, Tally], counted: Mapping[str, Proposal] | None = None
) -> TeamScores:
    """Of one unit's candidates. `tallies`: by poll, of those that count. `counted`: what was proposed and agreed of
    polls in doubt, by subject."""
    newest, undecided = counting(polls), conflicts(polls)
    known = {*newest, *(each.team for each in undecided)}
    # A draft is a plan, perhaps given up: it holds nothing up.
    begun = {poll.team for poll in polls if poll.set_aside_at is None and poll.state is not PollState.DRAFT}
    votes = {
        team: Vote(newest[team], tallies[newest[team].id], (counted or {}).get(str(newest[team].id)))
        for team in sorted(newest)
    }
    return TeamScores(
        tuple(_team_score(vote) for vote in votes.values()),
        tuple(votes.values()),
        tuple(sorted(team or ONE_TEAM for team in begun - known)) if known else (),
        votes[list(newest)[-1]] if newest else None,
        tuple(poll for poll in polls if poll.state is PollState.SEALED and poll.set_aside_at is not None),
        tuple(undecided),
        tuple(
            poll
            for poll in by_seal(polls)
            if poll.team in newest and is_visible(poll) and poll is not newest[poll.team]
        ),
    )


def scores_of_units(session: Session, unit_ids: Collection[int], rules: ScoringRules) -> dict[int, TeamScores]:
    """What the polls of each of these units come to by the rules of their assessment. Raises Imbalance."""
    query = select(Poll).where(Poll.unit_id.in_(unit_ids), ~Poll.rehearsal).order_by(Poll.id)
    polls: dict[int, list[Poll]] = {unit_id: [] for unit_id in unit_ids}
    for poll in session.scalars(query.options(selectinload(Poll.classes), selectinload(Poll.unsealings))):
        polls[poll.unit_id].append(poll)
    found = {unit_id: candidates(own, rules) for unit_id, own in polls.items()}
    tallies = tally_each(session, [poll for own in found.values() for poll in counting(own).values()])
    counted = _counted(session, found, tallies)
    return {unit_id: team_scores(own, tallies, counted) for unit_id, own in found.items()}


def _counted(
    session: Session, candidates: Mapping[int, Sequence[Poll]], tallies: Mapping[int, Tally]
) -> dict[str, Proposal]:
    """All units are of one assessment."""
    in_doubt = [
        poll for own in candidates.values() for poll in own if poll.id in tallies and tallies[poll.id].doubt is not None
    ]
    return two_hands.proposals(session, in_doubt[0].unit.assessment_id, COUNT_ANYWAY) if in_doubt else {}


def _team_score(vote: Vote) -> TeamScore:
    poll, result = vote.poll, vote.tally
    score = None if result.organization is None else result.organization.score
    return TeamScore(poll.team, poll.team_weight, score, vote.fault)


@dataclass(frozen=True)
class Decided:
    """The newest value that two people confirmed. `withdrawal`: that it be taken back, proposed or done."""

    mark: Mark
    withdrawal: Proposal | None

    @property
    def stands(self) -> bool:
        return self.withdrawal is None or self.withdrawal.waits


@dataclass(frozen=True)
class Decisions:
    """What people agreed to, of all units: `approvals`, account ids by subject, and `withdrawals` by subject."""

    approvals: Mapping[str, Collection[int]]
    withdrawals: Mapping[str, Proposal]

    def decided(self, unit_id: int, row_key: str, marks: Sequence[Mark]) -> Decided | None:
        """The newest version that a second account approved: one that was withdrawn brings no earlier one back."""
        for mark in sorted(marks, key=lambda mark: mark.version, reverse=True):
            name = subject(unit_id, row_key, mark.version)
            if any(account != mark.account_id for account in self.approvals.get(name, ())):
                return Decided(mark, self.withdrawals.get(name))
        return None

    def confirmed(self) -> set[tuple[int, str]]:
        """Unit ids and row keys where a confirmed value stands. Nobody approves what is their own."""
        newest: dict[tuple[int, str], int] = {}
        for name in self.approvals:
            unit_id, row_key, version = name.split(":")
            place = (int(unit_id), row_key)
            newest[place] = max(int(version), newest.get(place, 0))
        withdrawn = {name for name, found in self.withdrawals.items() if not found.waits}
        return {place for place, version in newest.items() if subject(*place, version) not in withdrawn}


def subject(unit_id: int, row_key: str, version: int) -> str:
    """What an approval of this version of the democratic row is filed under."""
    return f"{unit_id}:{row_key}:{version}"


def decisions(session: Session, assessment_id: int) -> Decisions:
    confirmed = two_hands.signs(session, assessment_id, ACT)
    hands = {name: [sign.account_id for sign in signs] for name, signs in confirmed.items()}
    return Decisions(hands, two_hands.proposals(session, assessment_id, WITHDRAW))


@permitted(Permission.DECIDE)
def approve(session: Session, now: datetime, actor: Actor, unit_id: int, row_key: str, version: int) -> None:
    """The second person's hand: from now on the row has this version's value.

    `version`: as the page showed it. Raises NotFound, NotAllowed, WrongState.
    """
    require_hand(actor)
    unit, framework, standard = row_of(session, unit_id, row_key)
    if Method.DEMOCRATIC not in standard.methods:
        raise WrongState(f"{row_key} 不是民主测评的行，不需要第二人确认。")
    locked_assessment(session, unit.assessment_id)
    require_open(session, unit_id, row_key)
    department = departments_of(framework, standard, unit)[0]
    mark = session.scalar(
        select(Mark)
        .where(Mark.unit_id == unit_id, Mark.row_key == row_key, Mark.department == department)
        .order_by(Mark.version.desc())
        .limit(1)
    )
    if mark is None or mark.version != version:
        raise WrongState("要确认的分数刚刚有改动，请刷新页面核对后再确认。")
    require_hand(actor, () if mark.account_id is None else {mark.account_id})
    name = subject(unit_id, row_key, version)
    found = decisions(session, unit.assessment_id)
    if name in found.withdrawals and not found.withdrawals[name].waits:
        raise WrongState("这个分数已经撤回。要另定得分，请重新提出。")
    two_hands.sign(session, now, actor, unit.assessment_id, ACT, name, twice="您已经确认过这个分数。")
    audit.record(session, now, actor, "mark.confirm", f"{unit.name} {row_key}", f"{mark.points} {mark.remark}")
    session.commit()


@permitted(Permission.DECIDE)
def propose_withdrawal(
    session: Session, now: datetime, actor: Actor, unit_id: int, row_key: str, version: int, reason: str
) -> None:
    """Proposes that the confirmed value be taken back, so that the polls' score counts again. `version`: as the page
    showed it. Raises NotFound, NotAllowed, BadInput, WrongState."""
    unit, name = _confirmed(session, unit_id, row_key, version)
    reason = two_hands.propose(session, now, actor, unit.assessment_id, WITHDRAW, name, reason)
    audit.record(session, now, actor, "mark.propose_withdrawal", f"{unit.name} {row_key}", reason)
    session.commit()


@permitted(Permission.DECIDE)
def agree_to_withdrawal(
    session: Session, now: datetime, actor: Actor, unit_id: int, row_key: str, version: int
) -> None:
    """The second person's hand: the value counts no more. Raises NotFound, NotAllowed, WrongState."""
    unit, name = _confirmed(session, unit_id, row_key, version)
    found = two_hands.agree(session, now, actor, unit.assessment_id, WITHDRAW, name)
    audit.record(session, now, actor, "mark.withdraw", f"{unit.name} {row_key}", f"{found.by}提出：{found.reason}")
    session.commit()


@permitted(Permission.DECIDE)
def decline_withdrawal(session: Session, now: datetime, actor: Actor, unit_id: int, row_key: str, version: int) -> None:
    """Raises NotFound, NotAllowed, WrongState."""
    unit, name = _confirmed(session, unit_id, row_key, version)
    found = two_hands.decline(session, actor, unit.assessment_id, WITHDRAW, name)
    audit.record(session, now, actor, "mark.keep", f"{unit.name} {row_key}", f"{found.by}提出：{found.reason}")
    session.commit()


def _confirmed(session: Session, unit_id: int, row_key: str, version: int) -> tuple[Unit, str]:
    """The unit, and the subject of the value that is confirmed there, when it may change now."""
    unit, _, standard = row_of(session, unit_id, row_key)
    locked_assessment(session, unit.assessment_id)
    require_open(session, unit_id, row_key)
    marks = session.scalars(select(Mark).where(Mark.unit_id == unit_id, Mark.row_key == row_key)).all()
    found = decisions(session, unit.assessment_id).decided(unit_id, row_key, marks)
    if Method.DEMOCRATIC not in standard.methods or found is None or not found.stands:
        raise WrongState(f"{row_key} 没有两人确认的得分，不用撤回。")
    if found.mark.version != version:
        raise WrongState("确认的分数刚刚有改动，请刷新页面核对后再操作。")
    return unit, subject(unit_id, row_key, version)
