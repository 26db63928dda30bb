"""Whose weight the others take over: of a weighted mean over ballot classes only those with votes are part."""

from collections.abc import Mapping
from decimal import Decimal

from surveys.scoring.exact import Score, exact, total


def passed_on(voted: Mapping[str, bool], weights: Mapping[str, Decimal]) -> dict[str, Score]:
    """By ballot class without votes, its share (0 to 1) of all the weight there is, which those with votes take over.

    `voted`: by class, of a question or of the whole poll. Nothing where nobody voted: there is no score either.
    """
    silent = {key: exact(weights[key]) for key, has_votes in voted.items() if not has_votes}
    whole = total(exact(weight) for weight in weights.values())
    if len(silent) == len(voted) or whole == 0:
        return {}
    return {key: weight / whole for key, weight in silent.items() if weight != 0}
