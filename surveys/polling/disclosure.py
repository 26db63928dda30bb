"""What may be known of a poll, and whether it counts (design 4, 5)."""

from dataclasses import dataclass
from fractions import Fraction

from surveys.polling.states import PollState

TURNOUT_STEP = 5


def results_visible(state: PollState) -> bool:
    """No result before sealing, on any path."""
    return state is PollState.SEALED


def shown_turnout(cast: int, state: PollState) -> int:
    """Ballots returned as anybody may see them: in whole steps until the poll is sealed, so that watching one person
    vote and the figure move says nothing."""
    return cast if results_visible(state) else cast - cast % TURNOUT_STEP


@dataclass(frozen=True)
class Turnout:
    """The base of every rate: entitled (应到), present (实到), issued (发出), returned (收回)."""

    entitled: int
    present: int | None
    issued: int
    returned: int


def shortcoming(turnout: Turnout, quorum: Fraction) -> str | None:
    """Why the poll does not count, in Chinese, or None: too few present, or more returned than issued.

    A number present that nobody wrote down is taken as the ballots returned: at least these were there.
    """
    if turnout.returned > turnout.issued:
        return f"收回 {turnout.returned} 张，多于发出的 {turnout.issued} 张，此次测评无效"
    present = turnout.returned if turnout.present is None else turnout.present
    if present < quorum * turnout.entitled:
        share = f"{quorum.numerator}/{quorum.denominator}"
        return f"实到 {present} 人，不足应到 {turnout.entitled} 人的 {share}，此次测评不计分"
    return None
