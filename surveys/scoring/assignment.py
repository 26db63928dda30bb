"""Who marks a row of a unit, and what a joint row comes to."""

from collections.abc import Mapping, Sequence

from surveys.scoring.exact import Score, total


def marking_departments(row_departments: Sequence[str], own: str | None, lead: str, default: str) -> tuple[str, ...]:
    """回避: a department does not mark itself.

    What is left marks; if none is, the lead office; if that is the unit too, the assessment group (`default`).
    """
    others = tuple(department for department in row_departments if department != own)
    if others:
        return others
    return (lead,) if lead != own else (default,)


def joint_mark(departments: Sequence[str], marks: Mapping[str, Score]) -> Score | None:
    """The mean of the departments' marks once all of them have marked; None before."""
    if not departments or any(department not in marks for department in departments):
        return None
    return total(marks[department] for department in departments) / len(departments)
