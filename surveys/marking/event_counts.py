"""Which of the ledger's events count, and what commendations were given so far."""

from collections.abc import Collection
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.catalog.model import Framework, plain
from surveys.scoring import occasions
from surveys.storage.tables import Event, Unit

USUAL_LEVELS = ("国家级", "省级", "市级")
"""Offered where a commendation is entered; another may be typed. What each is worth the rules of the year say."""


def counting_events(
    framework: Framework, tags: Collection[str], exempted: Collection[str], events: Collection[Event]
) -> dict[int, int]:
    """Of a unit's events that stand, on rows that count, by id the one that counts: itself, or what is more of the same
    occasion."""
    if not events:
        return {}
    rows = {row.standard.key: row.standard for row in framework.rows()}
    return occasions.counting(
        occasions.Entry(event.id, standard.kind, event.occasion, event.points)
        for event in events
        if event.cancelled_at is None
        and (standard := rows.get(event.row_key)) is not None
        and standard.applies(tags)
        and standard.key not in exempted
    )


def points_by_level(session: Session, assessment_id: int) -> dict[str, list[str]]:
    """What commendations of a level were given so far in this assessment, the most first: what the next is worth
    should agree with it. The usual levels come first."""
    query = (
        select(Event.level, Event.points)
        .join(Unit, Unit.id == Event.unit_id)
        .where(Unit.assessment_id == assessment_id, Event.level != "", Event.cancelled_at.is_(None))
    )
    found: dict[str, set[Decimal]] = {}
    for level, points in session.execute(query):
        found.setdefault(level, set()).add(points)
    ordered = [level for level in USUAL_LEVELS if level in found] + sorted(found.keys() - set(USUAL_LEVELS))
    return {level: [plain(points) for points in sorted(found[level], reverse=True)] for level in ordered}
