"""The seal (封存): a digest of what was counted, over a canonical form anybody can write again (docs/seal.md).

Canonical form: JSON in UTF-8, keys sorted, no spaces, characters not escaped; ballots and receipts as sorted lists.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DIGEST = "sha256"
"""The hash, chosen here alone; `sm3` where the platform's OpenSSL has it."""

FORMAT = "ceping-seal/1"


@dataclass(frozen=True)
class ClassCount:
    """A ballot class with its weight (a decimal string) and its tickets: issued = cast + void + unused."""

    key: str
    name: str
    weight: str
    issued: int
    cast: int
    void: int
    unused: int


@dataclass(frozen=True)
class Record:
    """All that a sealed poll's result rests on. `ballots`: (class key, answers). `issued_for`: tickets by purpose, and
    `present_by`: how the number present was entered; None where it was sealed without."""

    poll: str
    rehearsal: bool
    entitled: int
    present: int | None
    sheet: dict[str, Any]
    rules: dict[str, Any]
    classes: Sequence[ClassCount]
    ballots: Sequence[tuple[str, str]]
    receipts: Sequence[str]
    issued_for: Mapping[str, int] | None = None
    present_by: str | None = None


def header(record: Record) -> dict[str, Any]:
    """The canonical form without the two boxes."""
    since = {"issued_for": record.issued_for, "present_by": record.present_by}
    return {key: value for key, value in since.items() if value is not None} | {
        "format": FORMAT,
        "poll": record.poll,
        "rehearsal": record.rehearsal,
        "entitled": record.entitled,
        "present": record.present,
        "sheet": record.sheet,
        "rules": record.rules,
        "classes": [vars(entry) for entry in record.classes],
    }


def canonical(record: Record) -> bytes:
    boxes = {
        "ballots": sorted(list(ballot) for ballot in record.ballots),
        "receipts": sorted(record.receipts),
    }
    return canonical_json(header(record) | boxes)


def canonical_json(value: Any) -> bytes:  # noqa: ANN401
    """Whatever JSON can say, in the canonical form."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest(data: bytes) -> str:
    """`sha256:<hex>`."""
    return f"{DIGEST}:{hashlib.new(DIGEST, data).hexdigest()}"


def seal(record: Record) -> str:
    """The digest of the canonical form."""
    return digest(canonical(record))


def imbalance(record: Record) -> str | None:
    """Conservation: issued = cast + void + unused in each class, cast = ballots = receipts. What fails, in Chinese."""
    for entry in record.classes:
        if entry.issued != entry.cast + entry.void + entry.unused:
            return (
                f"{entry.key} 类票：发出 {entry.issued} ≠ 已投 {entry.cast} + 作废 {entry.void} + 未用 {entry.unused}"
            )
        ballots = sum(key == entry.key for key, _ in record.ballots)
        if entry.cast != ballots:
            return f"{entry.key} 类票：已投 {entry.cast} 张，票箱中有选票 {ballots} 张"
    issued = sum(entry.issued for entry in record.classes)
    if record.issued_for is not None and sum(record.issued_for.values()) != issued:
        return f"各票种共发出 {issued} 张，按发法合计 {sum(record.issued_for.values())} 张"
    known = {entry.key for entry in record.classes}
    if any(key not in known for key, _ in record.ballots):
        return "票箱中有不属于任何票种的选票"
    if len(record.ballots) != len(record.receipts):
        return f"选票 {len(record.ballots)} 张，回执 {len(record.receipts)} 张，两数不等"
    if len(set(record.receipts)) != len(record.receipts):
        return "有重复的回执"
    return None
