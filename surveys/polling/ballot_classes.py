"""Ballot classes (票种) as entered, and the usual divisions of a meeting into them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class ClassEntry:
    """A ballot class as entered. `planned`: tickets to be issued, None where no number was set."""

    key: str
    name: str
    weight: Decimal
    planned: int | None = None


@dataclass(frozen=True)
class Preset:
    """A usual division, known by its `key`; `label` is what people choose it by."""

    key: str
    label: str
    classes: tuple[ClassEntry, ...]


def _three(*weights: int) -> tuple[ClassEntry, ...]:
    names = ("领导班子成员", "中层干部", "职工代表")
    return tuple(
        ClassEntry(key, name, Decimal(weight)) for key, name, weight in zip("ABC", names, weights, strict=True)
    )


PRESETS = (
    Preset("one", "一种票", (ClassEntry("A", "参评人", Decimal(1)),)),
    Preset("30-30-40", "A/B/C 30/30/40", _three(30, 30, 40)),
    Preset("40-30-30", "A/B/C 40/30/30", _three(40, 30, 30)),
)


def preset_of(classes: Sequence[ClassEntry]) -> Preset | None:
    """The preset with these keys and weights, whatever the names and numbers planned."""
    shape = [(entry.key, entry.weight) for entry in classes]
    return next((each for each in PRESETS if shape == [(entry.key, entry.weight) for entry in each.classes]), None)
