"""The democratic row: what a unit's sealed polls come to, and another value confirmed by two people."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.catalog.model import Method, Standard, plain
from surveys.polling.states import PollState
from surveys.scoring.exact import Score, exact, shown
from surveys.scoring.score_sheet import RowState, RowValue
from surveys.scoring.teams import TeamScore, combined
from surveys.services import audit
from surveys.services.actors import Actor, Permission
from surveys.services.errors import NotAllowed, WrongState
from surveys.services.marks import departments_of, require_open, row_of
from surveys.services.tallies import Tally, is_visible
from surveys.storage.tables import Approval, Mark, Poll

ACT = "democratic"
ONE_TEAM = "未分班子"
"""What polls without a team are called where there are several."""


@dataclass(frozen=True)
class TeamScores:
    """`teams`: one for each 班子 with a result. `waiting`: teams whose vote is under way and has none yet."""

    teams: tuple[TeamScore, ...]
    waiting: tuple[str, ...]
    newest: Tally | None

    @property
    def score(self) -> Score | None:
        return combined(self.teams)

    @property
    def faults(self) -> tuple[str, ...]:
        """Why the row is withheld: which polls fall short, named where there are several teams."""
        several = len(self.teams) > 1
        return tuple(
            f"{team.team or ONE_TEAM}：{team.fault}" if several else team.fault
            for team in self.teams
            if team.fault is not None
        )

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
        """The row by the polls alone: pending while a team's result is still to come, withheld if one falls short."""
        if self.waiting or not self.teams:
            return RowValue(RowState.PENDING)
        score = self.score
        if self.faults or score is None:
            return RowValue(RowState.WITHHELD)
        points = exact(standard.points)
        # A scale of grades may go below 0 or above 100; a row does not.
        return RowValue(RowState.MARKED, min(max(score * points / 100, Fraction(0)), points))


def counting(polls: Sequence[Poll]) -> dict[str, Poll]:
    """Of one unit's polls, in any order, the one that counts by team, the newest last: within a team it is the newest
    sealed one that may be seen; no rehearsal."""
    visible = sorted(
        (poll for poll in polls if not poll.rehearsal and is_visible(poll)), key=lambda poll: (poll.sealed_at, poll.id)
    )
    last = {poll.team: poll for poll in visible}
    return dict(sorted(last.items(), key=lambda item: (item[1].sealed_at, item[1].id)))


def team_scores(polls: Sequence[Poll], tallies: Mapping[int, Tally]) -> TeamScores:
    """Of one unit's polls. `tallies`: by poll, of those that count."""
    newest = counting(polls)
    # A draft is a plan, perhaps given up: it holds nothing up.
    begun = {poll.team for poll in polls if not poll.rehearsal and poll.state is not PollState.DRAFT}
    return TeamScores(
        tuple(_team_score(newest[team], tallies[newest[team].id]) for team in sorted(newest)),
        tuple(sorted(team or ONE_TEAM for team in begun if team not in newest)) if newest else (),
        tallies[list(newest.values())[-1].id] if newest else None,
    )


def _team_score(poll: Poll, result: Tally) -> TeamScore:
    score = None if result.organization is None else result.organization.score
    return TeamScore(poll.team, poll.team_weight, score, result.shortcoming)


def confirmed(
    unit_id: int, row_key: str, marks: Sequence[Mark], approvals: Mapping[str, Collection[int]]
) -> Mark | None:
    """The newest version that a second account approved. `approvals`: account ids by subject."""
    agreed = [
        mark
        for mark in marks
        if any(account != mark.account_id for account in approvals.get(subject(unit_id, row_key, mark.version), ()))
    ]
    return max(agreed, key=lambda mark: mark.version, default=None)


def subject(unit_id: int, row_key: str, version: int) -> str:
    """What an approval of this version of the democratic row is filed under."""
    return f"{unit_id}:{row_key}:{version}"


def approvals(session: Session, assessment_id: int) -> dict[str, list[int]]:
    """Account ids by what they confirmed."""
    found: dict[str, list[int]] = {}
    query = select(Approval.subject, Approval.account_id).where(
        Approval.assessment_id == assessment_id, Approval.act == ACT
    )
    for name, account_id in session.execute(query):
        found.setdefault(name, []).append(account_id)
    return found


def approve(session: Session, now: datetime, actor: Actor, unit_id: int, row_key: str, version: int) -> None:
    """The second person's hand: from now on the row has this version's value.

    `version`: as the page showed it. Raises NotFound, NotAllowed, WrongState.
    """
    if not actor.may(Permission.DECIDE):
        raise NotAllowed("只有管理员可以确认民主测评分。")
    if actor.account_id is None:
        raise NotAllowed("命令行没有账号，不能作为确认人。请另一名管理员登录后在页面上确认。")
    unit, framework, standard = row_of(session, unit_id, row_key)
    if Method.DEMOCRATIC not in standard.methods:
        raise WrongState(f"{row_key} 不是民主测评的行，不需要第二人确认。")
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
    if mark.account_id == actor.account_id:
        raise NotAllowed("这个分数是您提出的，须由另一名管理员确认。")
    name = subject(unit_id, row_key, version)
    if actor.account_id in approvals(session, unit.assessment_id).get(name, ()):
        raise WrongState("您已经确认过这个分数。")
    session.add(
        Approval(assessment_id=unit.assessment_id, act=ACT, subject=name, account_id=actor.account_id, made_at=now)
    )
    audit.record(session, now, actor, "mark.confirm", f"{unit.name} {row_key}", f"{mark.points} {mark.remark}")
    session.commit()
