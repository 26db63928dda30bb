"""The ledger as people read it: every event and exemption with what became of it, and as a table for Excel."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from surveys.catalog.model import Framework, plain
from surveys.marking.event_counts import counting_events
from surveys.marking.ledger import ContestState
from surveys.reporting.csv_cells import harmless
from surveys.scoring.occasions import occasion_key
from surveys.scoring.score_sheet import Kind
from surveys.season.assessments import assessment_of, framework_of, unit_of
from surveys.storage.tables import Assessment, Event, Exemption, Unit

EXEMPTION = "免考"
KINDS = ("加分", "扣分", "失分", "一票否决", EXEMPTION)
_KIND_NAMES = {Kind.BONUS: "加分", Kind.DEDUCTION: "扣分", Kind.STANDARD: "失分", Kind.VETO: "一票否决"}


class LedgerEffect(StrEnum):
    """What an entry does to the score."""

    COUNTED = "counted"
    OVERTAKEN = "overtaken"
    ROW_OUT = "row_out"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        return {
            "counted": "计入",
            "overtaken": "未计（同一事项已按更高计）",
            "row_out": "未计（这一行不适用或已免考）",
            "cancelled": "已撤销",
        }[self.value]


@dataclass(frozen=True)
class LedgerLine:
    """An event or an exemption: one of the two ids is there. `points` is empty for a veto and an exemption."""

    unit_id: int
    unit: str
    category: str
    row_key: str
    row_name: str
    kind: str
    points: str
    on: date
    document: str
    reason: str
    level: str
    occasion: str
    effect: LedgerEffect
    cancel_reason: str
    contest: ContestState
    contest_note: str
    event_id: int | None = None
    exemption_id: int | None = None

    @property
    def state(self) -> str:
        """In words."""
        in_force = self.exemption_id is not None and self.effect is LedgerEffect.COUNTED
        return "有效" if in_force else self.effect.label


def assessment_lines(session: Session, assessment_id: int, zone: tzinfo) -> list[LedgerLine]:
    """Of all units, in their order; within one the oldest entry first. Raises NotFound."""
    assessment = assessment_of(session, assessment_id)
    units = session.scalars(
        select(Unit)
        .where(Unit.assessment_id == assessment_id)
        .order_by(Unit.position, Unit.id)
        .options(selectinload(Unit.tags))
    )
    return _lines(session, assessment, list(units), zone)


def unit_lines(session: Session, unit_id: int, zone: tzinfo) -> list[LedgerLine]:
    """Of one unit. Raises NotFound."""
    unit = unit_of(session, unit_id)
    return _lines(session, unit.assessment, [unit], zone)


def _lines(session: Session, assessment: Assessment, units: Sequence[Unit], zone: tzinfo) -> list[LedgerLine]:
    ids = [unit.id for unit in units]
    events: dict[int, list[Event]] = {}
    for event in session.scalars(select(Event).where(Event.unit_id.in_(ids)).order_by(Event.happened_on, Event.id)):
        events.setdefault(event.unit_id, []).append(event)
    exemptions: dict[int, list[Exemption]] = {}
    for exemption in session.scalars(select(Exemption).where(Exemption.unit_id.in_(ids)).order_by(Exemption.id)):
        exemptions.setdefault(exemption.unit_id, []).append(exemption)
    frameworks = {key: framework_of(assessment, key) for key in {unit.framework for unit in units}}
    found: list[LedgerLine] = []
    for unit in units:
        own = events.get(unit.id, []), exemptions.get(unit.id, [])
        found += _unit_lines(unit, frameworks[unit.framework], *own, zone)
    return found


def _unit_lines(
    unit: Unit, framework: Framework, events: Sequence[Event], exemptions: Sequence[Exemption], zone: tzinfo
) -> Iterator[LedgerLine]:
    rows = {row.standard.key: row for row in framework.rows()}
    tags = [tag.tag for tag in unit.tags]
    exempted = {exemption.row_key for exemption in exemptions if exemption.cancelled_at is None}
    counted = frozenset(counting_events(framework, tags, exempted, events).values())
    for event in events:
        row = rows.get(event.row_key)
        in_base = row is not None and row.standard.applies(tags) and event.row_key not in exempted
        veto = row is not None and row.standard.kind is Kind.VETO
        yield LedgerLine(
            unit.id,
            unit.name,
            unit.category,
            event.row_key,
            row.content.name if row else "",
            _KIND_NAMES[row.standard.kind] if row else "",
            "" if veto else plain(event.points),
            event.happened_on,
            event.document,
            event.reason,
            event.level,
            event.occasion,
            _effect(event, in_base, event.id in counted),
            event.cancel_reason or "",
            ContestState(event.appeal),
            event.appeal_note,
            event_id=event.id,
        )
    for exemption in exemptions:
        yield LedgerLine(
            unit.id,
            unit.name,
            unit.category,
            exemption.row_key,
            rows[exemption.row_key].content.name if exemption.row_key in rows else "",
            EXEMPTION,
            "",
            exemption.made_at.astimezone(zone).date(),
            exemption.document,
            exemption.reason,
            "",
            "",
            LedgerEffect.COUNTED if exemption.cancelled_at is None else LedgerEffect.CANCELLED,
            exemption.cancel_reason or "",
            ContestState.NONE,
            "",
            exemption_id=exemption.id,
        )


def sharing_documents(lines: Iterable[LedgerLine]) -> list[tuple[LedgerLine, ...]]:
    """Events of one unit and kind that all count though they name one document: perhaps one occasion, entered twice."""
    groups: dict[tuple[int, str, str], list[LedgerLine]] = {}
    for line in lines:
        if line.event_id and line.effect is LedgerEffect.COUNTED:
            groups.setdefault((line.unit_id, line.kind, occasion_key(line.document)), []).append(line)
    return [tuple(own) for own in groups.values() if len(own) > 1]


def occasions_of(lines: Iterable[LedgerLine]) -> list[str]:
    """As they were written, each once, to write the next entry of one the same way."""
    return list(dict.fromkeys(line.occasion for line in lines if line.occasion))


def _effect(event: Event, in_base: bool, counted: bool) -> LedgerEffect:
    if event.cancelled_at is not None:
        return LedgerEffect.CANCELLED
    if not in_base:
        return LedgerEffect.ROW_OUT
    return LedgerEffect.COUNTED if counted else LedgerEffect.OVERTAKEN


TITLES = (
    "单位",
    "类别",
    "行",
    "内容",
    "类型",
    "分数",
    "日期",
    "依据文件",
    "事由",
    "级别",
    "事项",
    "状态",
    "撤销理由",
    "申诉",
    "申诉和答复",
)


def ledger_csv(lines: Iterable[LedgerLine]) -> bytes:
    """UTF-8 with a mark, as Excel wants it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(TITLES)
    for line in lines:
        cells = (
            line.unit,
            line.category,
            line.row_key,
            line.row_name,
            line.kind,
            line.points,
            line.on.isoformat(),
            line.document,
            line.reason,
            line.level,
            line.occasion,
            line.state,
            line.cancel_reason,
            line.contest.label if line.event_id else "",
            line.contest_note.replace("\n", "；"),
        )
        writer.writerow([harmless(cell) for cell in cells])
    return text.getvalue().encode("utf-8-sig")
