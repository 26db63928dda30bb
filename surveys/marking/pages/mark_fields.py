"""The fields of one mark on a page: what is in them, and what they say when they come back."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from flask import request

from surveys.acts.errors import Refusal
from surveys.marking.marks import Change, Entered, FaultyMarks, MarkEntry, Overtaken
from surveys.marking.standing_marks import Place
from surveys.web.proposals import WAITS


class Kept(Protocol):
    """A mark as it stands."""

    @property
    def version(self) -> int: ...
    @property
    def points(self) -> Decimal: ...
    @property
    def remark(self) -> str: ...
    @property
    def evidence(self) -> str: ...


@dataclass(frozen=True)
class MarkField:
    """`prefix`: of the fields' names. `overtaken`: what somebody else marked since the page was opened. `kept`: the
    points that stand, whatever the step is now."""

    prefix: str
    points: str
    remark: str
    evidence: str
    seen: int
    fault: str
    overtaken: Change | None
    kept: str


def mark_field(prefix: str, mark: Kept | None, place: Place, refusal: Refusal | None = None) -> MarkField:
    """With the mark as it stands; on a page that is shown again, with what was typed and what is wrong with it."""
    kept = "" if mark is None else str(mark.points)
    if refusal is None:
        if mark is None:
            return MarkField(prefix, "", "", "", 0, "", None, kept)
        return MarkField(prefix, kept, mark.remark, mark.evidence, mark.version, "", None, kept)
    overtaken = None
    if isinstance(refusal, Overtaken):
        overtaken = next((change for change in refusal.changes if change.place == place), None)
    return MarkField(
        prefix,
        request.form.get(prefix, ""),
        request.form.get(f"{prefix}:remark", ""),
        request.form.get(f"{prefix}:evidence", ""),
        _number(f"{prefix}:seen"),
        refusal.faults.get(place, "") if isinstance(refusal, FaultyMarks) else "",
        overtaken,
        kept,
    )


def typed_entry(prefix: str, row_key: str, department: str) -> MarkEntry | None:
    """What the fields say; None where there are none, or the other's mark was chosen to stand."""
    if prefix not in request.form:
        return None
    # `mine:3`: typed over version 3, knowing of it.
    choice, _, version = request.form.get(f"{prefix}:settle", "").partition(":")
    if choice == "theirs":
        return None
    known = choice == "mine" and version.isascii() and version.isdigit() and len(version) < 10
    seen = int(version) if known else _number(f"{prefix}:seen")
    return MarkEntry(
        row_key,
        department,
        request.form[prefix],
        request.form.get(f"{prefix}:remark", ""),
        request.form.get(f"{prefix}:evidence"),
        seen,
    )


def saved_words(done: Entered, what: str = "打分") -> str:
    saved = f"已保存 {done.entered} 处{what}。" if done.entered else ""
    return saved + (f"{done.proposed} 处{WAITS}" if done.proposed else "") or "没有改动。"


def _number(name: str) -> int:
    """A page that does not say what it saw has seen nothing."""
    text = request.form.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
