"""The polls of several teams (班子) of one unit, combined by their stated weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from surveys.scoring.exact import Score, weighted_mean


@dataclass(frozen=True)
class TeamScore:
    """The score of the poll that counts for a team. `shortcoming`: why that poll does not count, or None."""

    team: str
    weight: Decimal
    score: Score | None
    shortcoming: str | None = None

    @property
    def fault(self) -> str | None:
        """Why nothing can be made of it, or None."""
        if self.shortcoming is None and self.score is None:
            return "没有单位测评的有效票"
        return self.shortcoming


def combined(teams: Sequence[TeamScore]) -> Score | None:
    """The weighted mean, renormalized over the teams' weights; None when one of them has no score, or there is none.

    Whether it may count is another question: see `TeamScore.fault`.
    """
    if any(team.score is None for team in teams):
        return None
    return weighted_mean((team.score, team.weight) for team in teams)
