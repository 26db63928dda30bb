"""What may be known of a poll, and whether it counts (docs/decisions/0008)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from surveys.polling.states import PollState

TURNOUT_STEP = 5
FEWEST_SHOWN = 5
"""A ballot class with fewer valid ballots is not shown by itself."""
FEWEST_DIFFERING = 3
"""Fewer ballots than these beside the commonest answer, and a class's counts tell what each of its people said."""


class Key(StrEnum):
    """The two hands that open a result when the poll asks for two persons (双人启封)."""

    ORGANIZER = "organizer"
    SCRUTINEER = "scrutineer"


def results_visible(state: PollState, two_person: bool, opened_by: Collection[Key]) -> bool:
    """No result before sealing, on any path; and where two persons must open it, not before both have."""
    return state is PollState.SEALED and (not two_person or set(opened_by) >= set(Key))


def shown_turnout(cast: int, state: PollState) -> int:
    """Ballots returned as anybody may see them: in whole steps until the poll is sealed, so that watching one person
    vote and the figure move says nothing."""
    return cast if state is PollState.SEALED else cast - cast % TURNOUT_STEP


def desk_turnout(cast: int, state: PollState) -> int:
    """The same on the organizer's desk alone: the total of all classes is exact as soon as voting is over, for whoever
    counts the papers."""
    return cast if state is PollState.CLOSED else shown_turnout(cast, state)


def hidden_classes(valid: Mapping[str, int]) -> frozenset[str]:
    """The ballot classes whose results are not shown by themselves: each with fewer than `FEWEST_SHOWN` valid
    ballots, and as many others, the smallest first, as it takes that subtracting from the total yields no such group.

    A class without valid ballots has nothing to hide.
    """
    sizes = {key: count for key, count in valid.items() if count > 0}
    hidden = {key for key, count in sizes.items() if count < FEWEST_SHOWN}
    others = sorted((key for key in sizes if key not in hidden), key=lambda key: (sizes[key], key))
    while hidden and others and (len(hidden) == 1 or sum(sizes[key] for key in hidden) < FEWEST_SHOWN):
        hidden.add(others.pop(0))
    return frozenset(hidden)


def classes_differ(questions: Iterable[Mapping[str, Mapping[str, int]]]) -> bool:
    """Whether whoever was rated may be told how each ballot class answered: in every class and on every question at
    least `FEWEST_DIFFERING` ballots differ from the commonest answer there. A blank is an answer too, and so is 弃权.

    `questions`: of each, the valid ballots by class and answer. A class without valid ballots has nothing to tell.
    """
    return all(
        sum(counts.values()) - max(counts.values()) >= FEWEST_DIFFERING
        for by_class in questions
        for counts in by_class.values()
        if any(counts.values())
    )


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


def doubt(turnout: Turnout) -> str | None:
    """What cannot be in these figures, in Chinese, or None."""
    entitled, present, returned = turnout.entitled, turnout.present, turnout.returned
    found = []
    if present is not None and present > entitled:
        found.append(f"实到 {present} 人，多于应到 {entitled} 人")
    if returned > entitled:
        found.append(f"收回 {returned} 张，多于应到 {entitled} 人")
    if present is not None and returned > present:
        found.append(f"收回 {returned} 张，多于实到 {present} 人")
    return "；".join(found) or None
