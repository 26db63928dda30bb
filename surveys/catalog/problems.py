"""What is wrong with a catalog file, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

FieldPath = tuple[str | int, ...]


def field_name(path: FieldPath) -> str:
    """`("blocks", 0, "name")` -> `blocks[0].name`."""
    name = ""
    for part in path:
        if isinstance(part, int):
            name += f"[{part}]"
        else:
            name += f".{part}" if name else part
    return name


@dataclass(frozen=True, order=True)
class Problem:
    """One fault. `line` counts from 1; `field` is empty when the fault is the file's as a whole."""

    file: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}"
        return f"{place} {self.field}：{self.message}" if self.field else f"{place}：{self.message}"


class CatalogError(ValueError):
    """A catalog file was refused; holds every problem found in it, in the file's order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(problems))
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class UnknownCatalogKey(LookupError):
    """No shipped framework or questionnaire has this key."""
