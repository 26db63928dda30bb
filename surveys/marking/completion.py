"""The completion board (进度): how much of the marking is done, by unit and department, and who is to be reminded."""

import csv
import io
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.orm import Session

from surveys.acts.actors import Actor, Permission
from surveys.acts.permitted import permitted
from surveys.catalog.model import Framework, Method, Row
from surveys.marking import democratic_row
from surveys.marking.democratic_row import TeamScores
from surveys.marking.marking_sheets import Ground, RowProgress, duties, ground, progress
from surveys.reporting.csv_cells import harmless
from surveys.scoring.score_sheet import RowState, ScoringRules
from surveys.storage.tables import Assessment, Unit

DEMOCRATIC = "民主测评"
"""The column of the rows that fill from sealed polls."""

FEWEST_AS_ALL = 5
"""Where more units than these are all missing, a reminder does not name each."""

Key = TypeVar("Key", int, str)


@dataclass(frozen=True)
class Task:
    """One mark that is to be given, or one democratic row that is to have its points. `department`: a column of the
    board. `withheld`: why the unit's polls give the row none, though they are sealed."""

    unit: Unit
    row: Row
    department: str
    done: bool
    withheld: str = ""


@dataclass(frozen=True)
class Count:
    """`done` of `due`."""

    done: int
    due: int

    @property
    def missing(self) -> int:
        return self.due - self.done

    @property
    def share(self) -> int:
        """Percent, rounded down: 100 only when nothing is missing."""
        return 100 * self.done // self.due if self.due else 100


@dataclass(frozen=True)
class BoardLine:
    """`counts`: by department; one that does not mark the unit is not there. `missing`: (row key, department)."""

    unit: Unit
    counts: dict[str, Count]
    total: Count
    missing: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Reminder:
    """What one department still owes, as text to send."""

    department: str
    count: Count
    text: str


@dataclass(frozen=True)
class Board:
    """`all_departments`: to choose from. `departments`: who is furthest behind first.

    `alike`: rows on which a department gave everybody the same.
    """

    assessment: Assessment
    categories: tuple[str, ...]
    all_departments: tuple[str, ...]
    departments: dict[str, Count]
    lines: tuple[BoardLine, ...]
    total: Count
    reminders: tuple[Reminder, ...]
    alike: tuple[RowProgress, ...]


@dataclass(frozen=True)
class Filter:
    """Empty: all. `behind`: only units of which something is missing."""

    category: str = ""
    department: str = ""
    behind: bool = False


ALL = Filter()


@permitted(Permission.SEE_RESULTS)
def board(session: Session, actor: Actor, assessment_id: int, wanted: Filter = ALL) -> Board:
    """Raises NotFound, NotAllowed, Imbalance. Of a poll it tells whether it counts, and nothing of what is in it."""
    found = ground(session, assessment_id)
    due = duties(found)
    tasks = [Task(each.unit, each.row, each.department, each.mark is not None) for each in due] + _polls(session, found)
    chosen = [
        task
        for task in tasks
        if wanted.category in ("", task.unit.category) and wanted.department in ("", task.department)
    ]
    owed = _grouped(chosen, lambda task: task.department)
    counts = {name: _count(own) for name, own in owed.items()}
    ordered = dict(sorted(counts.items(), key=lambda item: (-item[1].missing, -item[1].due, item[0])))
    lines = [_line(own) for own in _grouped(chosen, lambda task: task.unit.id).values()]
    return Board(
        found.assessment,
        tuple(dict.fromkeys(unit.category for unit in found.units)),
        tuple(sorted({task.department for task in tasks})),
        ordered,
        tuple(line for line in lines if line.total.missing or not wanted.behind),
        _count(chosen),
        tuple(
            Reminder(name, each, _reminder(name, owed[name], found.frameworks))
            for name, each in ordered.items()
            if each.missing
        ),
        tuple(
            each
            for each in progress(found.frameworks, due)
            if each.alike is not None and wanted.department in ("", each.department)
        ),
    )


def _polls(session: Session, found: Ground) -> list[Task]:
    """The democratic rows: done once the polls give them their points, or the group confirmed a value."""
    rules = ScoringRules.from_json(found.assessment.rules)
    voted = democratic_row.scores_of_units(session, [unit.id for unit in found.units], rules)
    confirmed = democratic_row.decisions(session, found.assessment.id).confirmed()
    rows = {
        key: [row for row in framework.rows() if Method.DEMOCRATIC in row.standard.methods]
        for key, framework in found.frameworks.items()
    }
    return [
        _poll(unit, row, voted[unit.id], confirmed=(unit.id, row.standard.key) in confirmed)
        for unit in found.units
        for row in rows[unit.framework]
        if found.applies(unit, row)
    ]


def _poll(unit: Unit, row: Row, voted: TeamScores, *, confirmed: bool) -> Task:
    state = voted.value(row.standard).state
    if confirmed or state is not RowState.WITHHELD:
        return Task(unit, row, DEMOCRATIC, confirmed or state is RowState.MARKED)
    return Task(unit, row, DEMOCRATIC, False, "；".join(voted.faults))


def _grouped(tasks: Iterable[Task], key: Callable[[Task], Key]) -> dict[Key, list[Task]]:
    groups: dict[Key, list[Task]] = {}
    for task in tasks:
        groups.setdefault(key(task), []).append(task)
    return groups


def _count(tasks: Collection[Task]) -> Count:
    return Count(sum(task.done for task in tasks), len(tasks))


def _line(own: Sequence[Task]) -> BoardLine:
    counts = {name: _count(tasks) for name, tasks in _grouped(own, lambda task: task.department).items()}
    missing = tuple((task.row.standard.key, task.department) for task in own if not task.done)
    return BoardLine(own[0].unit, counts, _count(own), missing)


def _reminder(department: str, own: Sequence[Task], frameworks: Mapping[str, Framework]) -> str:
    """Row by row, of which units; where it is all of many, how many. A row's key says nothing without its framework."""
    count = _count(own)
    lines = [f"{department}：共 {count.due} 项，已完成 {count.done} 项，还差 {count.missing} 项。"]
    for key, here in _grouped(own, lambda task: task.unit.framework).items():
        if all(task.done for task in here):
            continue
        lines.append(f"《{frameworks[key].title}》")
        for tasks in _grouped(here, lambda task: task.row.standard.key).values():
            row = tasks[0].row
            missing = [task.unit.name for task in tasks if not task.done]
            if missing:
                lines.append(f"  {row.standard.key} {row.content.name}：{_named(missing, len(tasks))}")
            lines += [f"    {task.unit.name}：{task.withheld}，须重测或由考核组确认" for task in tasks if task.withheld]
    return "\n".join(lines)


def _named(missing: Sequence[str], due: int) -> str:
    if len(missing) == due and due > FEWEST_AS_ALL:
        return f"全部 {due} 个单位"
    return f"{len(missing)} 个单位，{'、'.join(missing)}"


def table(found: Board) -> bytes:
    """The board as CSV that Excel opens as UTF-8: a line for each unit and department."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("单位", "类别", "部门", "已完成", "应完成", "还差", "缺哪些条目"))
    for line in found.lines:
        for department, count in line.counts.items():
            missing = [key for key, name in line.missing if name == department]
            row = (line.unit.name, line.unit.category, department, count.done, count.due, count.missing)
            writer.writerow([harmless(cell) for cell in (*row, "、".join(missing))])
    return text.getvalue().encode("utf-8-sig")
