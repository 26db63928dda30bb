"""One occasion counts once, at its highest."""

import unicodedata
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from surveys.scoring.score_sheet import Kind


@dataclass(frozen=True)
class Entry:
    """A standing entry of one unit's ledger. `occasion` is empty where nothing else is entered of it."""

    id: int
    kind: Kind
    occasion: str
    points: Decimal


def counting(entries: Iterable[Entry]) -> dict[int, int]:
    """By id the one that counts, itself or another: of one kind and occasion the highest, of equal ones the first
    entered."""
    best: dict[Hashable, Entry] = {}
    keys: dict[int, Hashable] = {}
    for entry in sorted(entries, key=lambda entry: entry.id):
        occasion = occasion_key(entry.occasion)
        key: Hashable = (entry.kind, occasion) if occasion else entry.id
        keys[entry.id] = key
        if key not in best or entry.points > best[key].points:
            best[key] = entry
    return {number: best[key].id for number, key in keys.items()}


def counted(entries: Iterable[Entry]) -> frozenset[int]:
    """The ids of those that count."""
    return frozenset(counting(entries).values())


def occasion_key(text: str) -> str:
    """The same for two ways to write one occasion: width, case and spaces do not tell occasions apart."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
