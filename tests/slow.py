"""Which tests are slow: what the quick lane leaves out, as measured and listed in slow.txt.

A test is listed without its cases. `scripts/test --record-slow` writes the list anew. A test that is to be left out for
another reason says so itself, by the mark `slow`.
"""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

LIST = Path(__file__).with_suffix(".txt")
LONGEST = 0.25
"""Seconds of a case, on two processors that run three tests."""
ALTOGETHER = 1.5
"""Seconds of all cases of a test."""


def listed() -> frozenset[str]:
    return frozenset(LIST.read_text(encoding="utf-8").split())


def of(node_id: str) -> str:
    return node_id.partition("[")[0]


def write(took: Iterable[tuple[str, float]]) -> None:
    """`took`: node id and seconds, of each phase of each test."""
    cases: dict[str, float] = defaultdict(float)
    for node_id, seconds in took:
        cases[node_id] += seconds
    tests: dict[str, list[float]] = defaultdict(list)
    for node_id, seconds in cases.items():
        tests[of(node_id)].append(seconds)
    found = sorted(name for name, each in tests.items() if max(each) > LONGEST or sum(each) > ALTOGETHER)
    LIST.write_text("".join(f"{name}\n" for name in found), encoding="utf-8")
