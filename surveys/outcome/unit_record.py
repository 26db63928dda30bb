"""What a score record says of a unit: its rows with all that decides them, and its result, typed.

Read from what `record_writing` writes, in each format: what an earlier one did not tell is as if it had not been.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Self

from surveys.acts.errors import NotFound
from surveys.catalog.model import Method, Row, plain
from surveys.marking.ledger import ContestState
from surveys.outcome.figures import Figure, figure_in
from surveys.outcome.vote_record import VoteRecord
from surveys.scoring.exact import Score
from surveys.scoring.ranking import band_of, capped_band
from surveys.scoring.score_sheet import RowState, ScoringRules, worth
from surveys.storage.tables import Document


@dataclass(frozen=True)
class MarkRecord:
    """A department's latest mark. `by`: an account's name; `confirmed_by`: the second's, where two decided."""

    department: str
    version: int
    points: Decimal
    remark: str
    evidence: str
    by: str
    at: datetime
    confirmed_by: str | None

    @classmethod
    def from_json(cls, mark: Document) -> Self:
        return cls(
            mark["department"],
            mark["version"],
            Decimal(mark["points"]),
            mark["remark"],
            mark["evidence"],
            mark["by"],
            datetime.fromisoformat(mark["at"]),
            mark.get("confirmed_by"),
        )


@dataclass(frozen=True)
class OvertakingEvent:
    """The event that counts for an occasion in another's place. `row`: its key."""

    row: str
    points: Decimal
    happened_on: date
    document: str

    @classmethod
    def from_json(cls, event: Document) -> Self:
        happened_on = date.fromisoformat(event["happened_on"])
        return cls(event["row"], Decimal(event["points"]), happened_on, event["document"])


@dataclass(frozen=True)
class EventRecord:
    """`overtaken_by`: None also in formats 1 and 2, which did not tell."""

    id: int
    points: Decimal
    counts: bool
    happened_on: date
    document: str
    reason: str
    occasion: str
    level: str
    appeal: ContestState
    appeal_note: str
    by: str
    at: datetime
    cancelled_at: datetime | None
    cancel_reason: str | None
    confirmed_by: str | None
    overtaken_by: OvertakingEvent | None

    @classmethod
    def from_json(cls, event: Document) -> Self:
        cancelled_at, other = event["cancelled_at"], event.get("overtaken_by")
        return cls(
            id=event["id"],
            points=Decimal(event["points"]),
            counts=event["counts"],
            happened_on=date.fromisoformat(event["happened_on"]),
            document=event["document"],
            reason=event["reason"],
            occasion=event["occasion"],
            level=event["level"],
            appeal=ContestState(event["appeal"]),
            appeal_note=event["appeal_note"],
            by=event["by"],
            at=datetime.fromisoformat(event["at"]),
            cancelled_at=None if cancelled_at is None else datetime.fromisoformat(cancelled_at),
            cancel_reason=event["cancel_reason"],
            confirmed_by=event.get("confirmed_by"),
            overtaken_by=None if other is None else OvertakingEvent.from_json(other),
        )

    @property
    def is_cancelled(self) -> bool:
        return self.cancelled_at is not None


@dataclass(frozen=True)
class ExemptionRecord:
    reason: str
    document: str
    by: str
    at: datetime
    confirmed_by: str | None

    @classmethod
    def from_json(cls, exemption: Document) -> Self:
        return cls(
            exemption["reason"],
            exemption["document"],
            exemption["by"],
            datetime.fromisoformat(exemption["at"]),
            exemption.get("confirmed_by"),
        )


@dataclass(frozen=True)
class PollSetAside:
    """A sealed poll that two people set aside."""

    title: str
    team: str
    seal: str
    reason: str
    at: datetime | None

    @classmethod
    def from_json(cls, poll: Document) -> Self:
        at = poll["at"]
        moment = None if at is None else datetime.fromisoformat(at)
        return cls(poll["title"], poll["team"], poll["seal"], poll["reason"], moment)


@dataclass(frozen=True)
class RivalPoll:
    title: str
    seal: str

    @classmethod
    def from_json(cls, poll: Document) -> Self:
        return cls(poll["title"], poll["seal"])


@dataclass(frozen=True)
class ConflictRecord:
    """A team of which it is not decided which poll counts."""

    team: str
    polls: tuple[RivalPoll, ...]

    @classmethod
    def from_json(cls, conflict: Document) -> Self:
        return cls(conflict["team"], tuple(map(RivalPoll.from_json, conflict["polls"])))


@dataclass(frozen=True)
class RowRecord:
    """`row`: as the record's framework has it. `got`: all that was entered; what it comes to is its `worth`.

    `marks`: on the democratic row what two people confirmed. `chosen`: of alternative methods the unit's.
    """

    row: Row = field(compare=False)
    state: RowState
    got: Figure | None
    departments: tuple[str, ...]
    chosen: Method | None
    marks: tuple[MarkRecord, ...]
    events: tuple[EventRecord, ...]
    exemption: ExemptionRecord | None
    vote: VoteRecord | None
    set_aside: tuple[PollSetAside, ...]
    conflicts: tuple[ConflictRecord, ...]

    @classmethod
    def from_json(cls, record: Document, rows: Mapping[str, Row]) -> Self:
        """`rows`: of the unit's framework, by key."""
        chosen, exemption, vote = record["chosen"], record["exemption"], record["democratic"]
        return cls(
            row=rows[record["key"]],
            state=RowState(record["state"]),
            got=figure_in(record["got"]),
            departments=tuple(record["departments"]),
            chosen=None if chosen is None else Method(chosen),
            marks=tuple(map(MarkRecord.from_json, record["marks"])),
            events=tuple(map(EventRecord.from_json, record["events"])),
            exemption=None if exemption is None else ExemptionRecord.from_json(exemption),
            vote=None if vote is None else VoteRecord.from_json(vote),
            set_aside=tuple(map(PollSetAside.from_json, record.get("set_aside", ()))),
            conflicts=tuple(map(ConflictRecord.from_json, record.get("conflicts", ()))),
        )

    @property
    def key(self) -> str:
        return self.row.standard.key

    @property
    def worth(self) -> Score | None:
        """What the row's value comes to."""
        standard = self.row.standard
        return None if self.got is None else worth(standard.kind, standard.points, self.got.exact)

    @property
    def is_democratic(self) -> bool:
        return Method.DEMOCRATIC in self.row.standard.methods

    @property
    def is_confirmed(self) -> bool:
        """Whether two people set the democratic row's points."""
        return self.is_democratic and self.state is RowState.MARKED and bool(self.marks)

    @property
    def is_by_vote(self) -> bool:
        """Whether the polls' score is what the row is marked by."""
        return self.is_democratic and self.state is RowState.MARKED and not self.is_confirmed

    def standing_words(self, event: EventRecord) -> str:
        """Whether an event of this row counts, and why not."""
        if event.is_cancelled:
            reason = event.cancel_reason or ""
            return f"{reason}，已撤销" if event.appeal is ContestState.UPHELD else f"已撤销：{reason}"
        if event.counts:
            return "计入"
        if self.state is RowState.EXEMPTED:
            return "不计入：这一行经决定免考"
        if self.state is RowState.NOT_APPLICABLE:
            return "不计入：这一行不适用于本单位"
        other = event.overtaken_by
        if other is None:
            return "不计入：同一事项已按更高的一次计"
        return f"不计入：同一事项已按 {other.row} {other.document} 的 {plain(other.points)} 分计"


@dataclass(frozen=True)
class BlockRecord:
    """A block's sums over the rows that apply."""

    code: str
    got: Figure
    points: Figure

    @classmethod
    def from_json(cls, block: Document) -> Self:
        return cls(block["code"], Figure.from_json(block["got"]), Figure.from_json(block["points"]))


@dataclass(frozen=True)
class ResultRecord:
    """`pending`, `withheld`: how many rows. `ranked`: units of the category that have a rank."""

    base: Figure | None
    bonus: Figure
    deduction: Figure
    final: Figure | None
    vetoed: bool
    pending: int
    withheld: int
    band: str | None
    rank: int | None
    ranked: int

    @classmethod
    def from_json(cls, result: Document) -> Self:
        return cls(
            base=figure_in(result["base"]),
            bonus=Figure.from_json(result["bonus"]),
            deduction=Figure.from_json(result["deduction"]),
            final=figure_in(result["final"]),
            vetoed=result["vetoed"],
            pending=result["pending"],
            withheld=result["withheld"],
            band=result["band"],
            rank=result["rank"],
            ranked=result["ranked"],
        )

    def band_moves(self, rules: ScoringRules) -> list[str]:
        """Why the band is another than the score alone comes to, in words, a line for each step."""
        if self.final is None:
            return []
        by_score = band_of(Decimal(self.final.shown), rules.bands)
        after_veto = capped_band(by_score, rules.veto_band, rules.bands) if self.vetoed else by_score
        steps = (("一票否决", by_score, after_veto), ("比例限制", after_veto, self.band))
        return [f"因{why}由{old}改为{new}" for why, old, new in steps if old != new]


@dataclass(frozen=True)
class UnitRecord:
    """`framework`: its key. `department`: the name under which the unit itself marks rows."""

    id: int
    name: str
    category: str
    framework: str
    department: str | None
    tags: tuple[str, ...]
    rows: tuple[RowRecord, ...]
    blocks: tuple[BlockRecord, ...]
    result: ResultRecord

    @classmethod
    def from_json(cls, unit: Document, rows: Mapping[str, Row]) -> Self:
        """`rows`: of its framework, by key."""
        return cls(
            id=unit["unit"],
            name=unit["name"],
            category=unit["category"],
            framework=unit["framework"],
            department=unit["department"],
            tags=tuple(unit["tags"]),
            rows=tuple(RowRecord.from_json(row, rows) for row in unit["rows"]),
            blocks=tuple(map(BlockRecord.from_json, unit["blocks"])),
            result=ResultRecord.from_json(unit["result"]),
        )

    @property
    def democratic(self) -> RowRecord | None:
        return next((row for row in self.rows if row.is_democratic), None)

    def row(self, key: str) -> RowRecord:
        """Raises NotFound."""
        found = next((row for row in self.rows if row.key == key), None)
        if found is None:
            raise NotFound(f"测评体系中没有 {key} 这一行。")
        return found
