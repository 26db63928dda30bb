"""Of one unit's polls those that count, and those of which it is not decided which does."""

from collections.abc import Sequence
from dataclasses import dataclass

from surveys.polling.states import PollState
from surveys.scoring.poll_rules import PollRules
from surveys.scoring.score_sheet import ScoringRules
from surveys.storage.tables import Poll
from surveys.vote.tallies import is_visible


@dataclass(frozen=True)
class Conflict:
    """Sealed polls of one team that measure the same: two people say which of them counts. The oldest seal first."""

    team: str
    polls: tuple[Poll, ...]

    @property
    def fault(self) -> str:
        names = "、".join(f"“{poll.title}”（{poll.prefix}）" for poll in self.polls)
        return f"有 {len(self.polls)} 次封存的测评会：{names}，须由两名管理员定哪一次算"


def carries_form(poll: Poll) -> bool:
    """Whether the poll rates the organization, which is what the democratic row reads."""
    return poll.rules["organization"] is not None


def candidates(polls: Sequence[Poll], rules: ScoringRules) -> list[Poll]:
    """Of one unit's polls those that its democratic row may come from, set aside or not. By rules frozen before this
    was asked, a poll on leaders alone is one too, and takes the place of an earlier one of its team."""
    return [poll for poll in polls if not poll.rehearsal and (carries_form(poll) or not rules.only_with_form)]


def by_seal(polls: Sequence[Poll]) -> list[Poll]:
    """The sealed ones that are not set aside, the oldest seal first."""
    sealed = [poll for poll in polls if poll.state is PollState.SEALED and poll.set_aside_at is None]
    return sorted(sealed, key=lambda poll: (poll.sealed_at, poll.id))


def conflicts(polls: Sequence[Poll]) -> list[Conflict]:
    """Of one unit's candidates, opened to view or not, and whether they would count or not: otherwise whoever runs a
    vote again replaces a result. Where all were opened before two people were asked, the newest counts as it did."""
    found: dict[str, list[Poll]] = {}
    for poll in by_seal(polls):
        if carries_form(poll):
            found.setdefault(poll.team, []).append(poll)
    several = {team: own for team, own in sorted(found.items()) if len(own) > 1}
    return [
        Conflict(team, tuple(own))
        for team, own in several.items()
        if any(PollRules.from_json(poll.rules).two_hands for poll in own)
    ]


def counting(polls: Sequence[Poll]) -> dict[str, Poll]:
    """Of one unit's candidates, in any order, the one that counts by team, the newest last: of teams without a conflict
    the newest sealed one that may be seen and is not set aside."""
    undecided = {each.team for each in conflicts(polls)}
    last = {poll.team: poll for poll in by_seal(polls) if poll.team not in undecided and is_visible(poll)}
    return {poll.team: poll for poll in by_seal([*last.values()])}
