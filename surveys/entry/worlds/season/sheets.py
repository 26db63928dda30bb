"""Workbooks as an office handles them: a roster typed up, an exported table with some cells written anew."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from surveys.catalog import loader
from surveys.entry.worlds.season.plan import Edit, Season
from surveys.intake.tables import Table, read_tables
from surveys.marking.mark_workbooks import TITLES
from surveys.marking.uploads.marks import MarkKey, parse_key
from surveys.reporting.workbooks import SheetPlan, workbook
from surveys.season.rosters import LEADER_TITLES, UNIT_TITLES


def roster_file(season: Season) -> bytes:
    titles = {key: loader.framework(key).title for key in season.edits}
    units = [
        (unit.name, unit.category, titles[unit.framework], "、".join(unit.file_tags), unit.department or "")
        for unit in season.units
    ]
    leaders = [
        (unit.name, str(place), leader.name, leader.post)
        for unit in season.units
        for place, leader in enumerate(unit.leaders, start=1)
    ]
    return workbook([SheetPlan("单位", UNIT_TITLES, units), SheetPlan("领导", LEADER_TITLES, leaders)])


def edited_framework(data: bytes, edits: Sequence[Edit]) -> bytes:
    """An exported framework with these cells written anew."""
    wanted = {(edit.row_key, edit.title): edit.value for edit in edits}
    done = set()

    def change(titles: Sequence[str], texts: list[str]) -> None:
        for column, title in enumerate(titles):
            if (texts[0], title) in wanted:
                texts[column] = wanted[texts[0], title]
                done.add((texts[0], title))

    written = _rewritten(data, "测评体系.xlsx", change)
    if done != set(wanted):
        raise ValueError(f"not in the workbook: {set(wanted) - done}")
    return written


Filling = Callable[[MarkKey], tuple[str, str] | None]
"""The points and the remark for a line, or None to leave it as it is."""


def filled_marks(data: bytes, filling: Filling) -> bytes:
    """An exported table of marks, filled in."""
    points, remark, mark = TITLES.index("打分"), TITLES.index("说明"), len(TITLES) - 1

    def fill(titles: Sequence[str], texts: list[str]) -> None:
        key = parse_key(texts[mark]) if tuple(titles) == TITLES else None
        found = None if key is None else filling(key)
        if found is not None:
            texts[points], texts[remark] = found

    return _rewritten(data, "打分表.xlsx", fill)


def mark_cells(data: bytes) -> dict[tuple[int, str, str], tuple[Decimal | None, str, str]]:
    """(unit, row, department) -> points, remark, evidence, as an exported table of marks has them."""
    first = TITLES.index("打分")
    found = {}
    for table in read_tables("打分表.xlsx", data):
        for row in table.rows[1:]:
            key = parse_key(row.texts[-1]) if len(row.texts) == len(TITLES) else None
            if key is not None:
                points, remark, evidence = row.texts[first : first + 3]
                place = (key.unit_id, key.row_key, key.department)
                found[place] = (Decimal(points) if points else None, remark, evidence)
    return found


def _rewritten(data: bytes, name: str, change: Callable[[Sequence[str], list[str]], None]) -> bytes:
    return workbook([_plan(table, change) for table in read_tables(name, data)])


def _plan(table: Table, change: Callable[[Sequence[str], list[str]], None]) -> SheetPlan:
    titles, *rows = ([*row.texts] for row in table.rows)
    for texts in rows:
        texts += [""] * (len(titles) - len(texts))
        change(titles, texts)
    return SheetPlan(table.name, titles, rows)
