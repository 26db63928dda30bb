"""Bands and ranks. Both go by the score as shown: whoever reads 90.00 twice sees one band and one rank."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal


@dataclass(frozen=True)
class Band:
    """等次: its name and the lowest shown score that reaches it."""

    name: str
    floor: Decimal


def band_of(final: Decimal, bands: Sequence[Band]) -> str:
    """The best band whose floor `final` reaches; the last band takes the rest. `bands` run from best to worst."""
    return next((band.name for band in bands if final >= band.floor), bands[-1].name)


def capped_band(band: str, cap: str, bands: Sequence[Band]) -> str:
    """The worse of `band` and `cap` (一票否决 caps the band)."""
    order = [entry.name for entry in bands]
    return order[max(order.index(band), order.index(cap))]


def ranks(finals: Sequence[Decimal | None]) -> list[int | None]:
    """Ranks within one category, in the order given: equal scores share a rank (1, 2, 2, 4); no score, no rank."""
    known = [final for final in finals if final is not None]
    return [None if final is None else 1 + sum(other > final for other in known) for final in finals]


def with_quota(
    unit_bands: Sequence[str | None], unit_ranks: Sequence[int | None], bands: Sequence[Band], quota: Decimal
) -> list[str | None]:
    """At most `quota` (a share, 0..1) of the ranked units keep the top band; whoever ranks below falls one band.

    Units that share the last place inside the quota all keep it. One that a veto keeps out of the band takes no place.
    """
    places = int((quota * sum(rank is not None for rank in unit_ranks)).to_integral_value(ROUND_FLOOR))
    top, second = bands[0].name, bands[1].name
    pairs = list(zip(unit_bands, unit_ranks, strict=True))
    ahead = [rank for band, rank in pairs if band == top and rank is not None]
    return [
        second if band == top and rank is not None and sum(other < rank for other in ahead) >= places else band
        for band, rank in pairs
    ]
