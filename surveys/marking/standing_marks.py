"""The marks as they are kept: every version, and the one that stands."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from surveys.acts.actors import COMMAND_LINE
from surveys.storage.tables import Account, Mark

Place = tuple[int, str, str]
"""Where a mark stands: unit id, row key, department."""


@dataclass(frozen=True)
class LastMark:
    """A mark as kept, and who made it, with the second hand where there is one."""

    version: int
    points: Decimal
    remark: str
    evidence: str
    made_at: datetime
    author: str


def last_marks(session: Session, unit_ids: Collection[int], row_keys: Collection[str] = ()) -> dict[Place, LastMark]:
    """The mark that stands at each place of these units, in these rows (none given: in all)."""
    return {place: versions[max(versions)] for place, versions in history(session, unit_ids, row_keys).items()}


_MARK_COLUMNS: tuple[InstrumentedAttribute[Any], ...] = (
    Mark.unit_id,
    Mark.row_key,
    Mark.department,
    Mark.version,
    Mark.points,
    Mark.remark,
    Mark.evidence,
    Mark.made_at,
)


_Second = aliased(Account)


def history(session: Session, unit_ids: Collection[int], row_keys: Collection[str]) -> dict[Place, dict[int, LastMark]]:
    # Columns, not entities: a season has thousands of marks, and a board reads them all.
    query = select(*_MARK_COLUMNS, Account.name, _Second.name).outerjoin(Account, Account.id == Mark.account_id)
    query = query.outerjoin(_Second, _Second.id == Mark.confirmed_by)
    query = query.where(Mark.unit_id.in_(unit_ids))
    if row_keys:
        query = query.where(Mark.row_key.in_(row_keys))
    found: dict[Place, dict[int, LastMark]] = {}
    for unit_id, row_key, department, *rest in session.execute(query):
        version, points, remark, evidence, made_at, author, second = rest
        by = (author or COMMAND_LINE.name) + (f"（{second}确认）" if second else "")
        mark = LastMark(version, points, remark, evidence, made_at, by)
        found.setdefault((unit_id, row_key, department), {})[version] = mark
    return found
