"""What a unit's score sheet shows to whoever decides its rows or marks them, read at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from sqlalchemy.orm import Session

from surveys.acts import proposals
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import NotFound
from surveys.acts.permitted import permitted
from surveys.acts.proposals import Told
from surveys.acts.two_hands import Proposal
from surveys.catalog.model import Method
from surveys.evidence import reviews
from surveys.evidence.checklists import RowChecklist
from surveys.evidence.proceeding_records import ProceedingKind, ProceedingRecord, unit_records
from surveys.marking import event_counts, ledger_reading, score_sheets
from surveys.marking.ledger_reading import LedgerLine
from surveys.marking.score_sheets import SheetLine, UnitSheet
from surveys.outcome import versions
from surveys.outcome.printed_source import PresentRecord, present_record
from surveys.scoring.score_sheet import RowState
from surveys.season.open_rows import OpenRows, open_rows
from surveys.vote import poll_choices

Hearings = Mapping[str, Sequence[ProceedingRecord]]
"""By row that may be marked after a hearing: the hearings about it, or about the unit's work as a whole."""


@dataclass(frozen=True)
class SheetDesk:
    """`lines`: the rows that the reader decides or marks. `handed`: by row, where there is something to look at beside
    the mark. `told`: what waits for a second hand, by place. `present`: what is said of the unit among all others, for
    who may see it."""

    sheet: UnitSheet
    lines: Sequence[SheetLine]
    open_rows: OpenRows
    handed: Mapping[str, RowChecklist]
    hearings: Hearings
    told: Told
    present: PresentRecord | None


@permitted(Permission.SEE_SHEETS)
def sheet_desk(session: Session, actor: Actor, unit_id: int) -> SheetDesk:
    """Raises NotFound."""
    sheet = score_sheets.unit_sheet(session, unit_id)
    assessment = sheet.unit.assessment
    handed = {row.key: row for row in reviews.unit_desk(session, actor, unit_id).rows if row.handed}
    present = None
    if actor.may(Permission.DECIDE):
        present = present_record(session, assessment.id, lambda: versions.live_sheet(session, unit_id))
    return SheetDesk(
        sheet,
        _decided_by(actor, sheet),
        open_rows(session, assessment),
        handed,
        _hearings(session, actor, sheet),
        proposals.told(session, assessment.id),
        present,
    )


@permitted(Permission.SEE_SHEETS)
def own_lines(session: Session, actor: Actor, unit_id: int) -> list[SheetLine]:
    """The rows of a unit that the account decides or marks. Raises NotFound."""
    return _decided_by(actor, score_sheets.unit_sheet(session, unit_id))


def _decided_by(actor: Actor, sheet: UnitSheet) -> list[SheetLine]:
    """An assessor sees the own department's rows; who decides sees all."""
    if actor.may(Permission.DECIDE):
        return list(sheet.lines)
    own = actor.department
    return [line for line in sheet.lines if own in line.departments and line.value.state is not RowState.NOT_APPLICABLE]


@dataclass(frozen=True)
class RowDesk:
    """One row, with all that is entered for it. `checklist`: its material, if it has any. `ledger`: what is entered of
    the unit. `worth`: what commendations by level were given to all. `choices`: which of its team's polls were proposed
    to count, by poll."""

    sheet: UnitSheet
    line: SheetLine
    open_rows: OpenRows
    checklist: RowChecklist | None
    hearings: Hearings
    told: Told
    ledger: Sequence[LedgerLine]
    worth: Mapping[str, Sequence[str]]
    choices: Mapping[int, Proposal]


@permitted(Permission.DECIDE)
def row_desk(session: Session, actor: Actor, zone: tzinfo, unit_id: int, row_key: str) -> RowDesk:
    """Raises NotFound."""
    sheet = score_sheets.unit_sheet(session, unit_id)
    assessment = sheet.unit.assessment
    line = next((line for line in sheet.lines if line.row.standard.key == row_key), None)
    if line is None:
        raise NotFound(f"“{sheet.unit.name}”的测评体系里没有 {row_key} 这一行。")
    checklists = reviews.unit_desk(session, actor, unit_id).rows
    return RowDesk(
        sheet,
        line,
        open_rows(session, assessment),
        next((row for row in checklists if row.key == row_key), None),
        _hearings(session, actor, sheet),
        proposals.told(session, assessment.id),
        ledger_reading.unit_lines(session, unit_id, zone),
        event_counts.points_by_level(session, assessment.id),
        poll_choices.waiting(session, assessment.id, sheet.teams.conflicts),
    )


def _hearings(session: Session, actor: Actor, sheet: UnitSheet) -> Hearings:
    heard = [
        line.row.standard.key
        for line in sheet.lines
        if Method.HEARING in line.methods and line.value.state not in (RowState.NOT_APPLICABLE, RowState.EXEMPTED)
    ]
    if not heard:
        return {}
    records = unit_records(session, actor, sheet.unit.id)
    standing = [each for each in records if each.kind is ProceedingKind.HEARING and each.stands]
    return {key: [each for each in standing if each.row_key in ("", key)] for key in heard}
