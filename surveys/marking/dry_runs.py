"""What other frameworks and rules would have made of an assessment's marks. Nothing is written."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from surveys.catalog.model import Framework, Method, Row
from surveys.marking.score_sheets import SheetLine, UnitSheet, assessment_sheets, score_of
from surveys.marking.what_if import UnitEffect, effects
from surveys.scoring.exact import exact
from surveys.scoring.score_sheet import Kind, RowState, RowValue, ScoringRules
from surveys.season.assessments import assessment_of, frameworks_of


@dataclass(frozen=True)
class Unmatched:
    """Rows of one framework that have no counterpart: `new` ones are left out, `gone` ones no longer count."""

    framework: str
    title: str
    new: tuple[str, ...]
    gone: tuple[str, ...]


@dataclass(frozen=True)
class DryRun:
    """`units` in the order of the assessment. `without`: by unit, rows that would apply and have nothing to go by: they
    did not apply to it before. `unmatched`: only frameworks that have such rows."""

    assessment_id: int
    title: str
    units: tuple[UnitEffect, ...]
    without: Mapping[int, tuple[str, ...]]
    unmatched: tuple[Unmatched, ...]

    @property
    def categories(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(unit.category for unit in self.units))


def dry_run(
    session: Session,
    assessment_id: int,
    frameworks: Mapping[str, Framework] | None = None,
    rules: ScoringRules | None = None,
) -> DryRun:
    """The assessment's results with these `frameworks` (by key; others stay) and `rules`. Raises NotFound.

    A row is the same as one of the same key, framework, kind and method of counting. A mark keeps its share of the
    row's points; what a ledger counts stays in absolute points.
    """
    assessment = assessment_of(session, assessment_id)
    old_rules = ScoringRules.from_json(assessment.rules)
    sheets = assessment_sheets(session, assessment)
    editions = dict(frameworks or {})
    carried = [_carried(sheet, editions.get(sheet.framework.key, sheet.framework)) for sheet in sheets]
    after = [
        replace(sheet, score=score_of(editions.get(sheet.framework.key, sheet.framework), values, rules or old_rules))
        for sheet, (values, _) in zip(sheets, carried, strict=True)
    ]
    without = {sheet.unit.id: rows for sheet, (_, rows) in zip(sheets, carried, strict=True) if rows}
    used = {sheet.framework.key: sheet.framework for sheet in sheets}
    unmatched = [_unmatched(old, editions[key]) for key, old in used.items() if key in editions]
    return DryRun(
        assessment.id,
        assessment.title,
        effects(sheets, old_rules, after, rules or old_rules),
        without,
        tuple(each for each in unmatched if each.new or each.gone),
    )


def try_on(session: Session, assessment_id: int, earlier_id: int) -> DryRun:
    """The marks of the `earlier_id` assessment by the frameworks and rules of this one. Raises NotFound."""
    assessment = assessment_of(session, assessment_id)
    editions = {framework.key: framework for framework in frameworks_of(assessment)}
    return dry_run(session, earlier_id, editions, ScoringRules.from_json(assessment.rules))


def _carried(sheet: UnitSheet, framework: Framework) -> tuple[dict[str, RowValue], tuple[str, ...]]:
    """What each row of the other edition is worth, by key; and the rows that have nothing to go by."""
    lines = {line.row.standard.key: line for line in sheet.lines}
    tags = [tag.tag for tag in sheet.unit.tags]
    values: dict[str, RowValue] = {}
    without = []
    for row in framework.rows():
        key = row.standard.key
        line = lines.get(key)
        if line is None or not _is_same_row(line.row, row):
            continue
        if not row.standard.applies(tags):
            values[key] = RowValue(RowState.NOT_APPLICABLE)
        elif line.value.state is RowState.NOT_APPLICABLE:
            without.append(key)
        else:
            values[key] = _worth(line, row)
    return values, tuple(without)


def _worth(line: SheetLine, row: Row) -> RowValue:
    got = line.value.got
    if got is None or row.standard.kind is not Kind.STANDARD:
        return line.value
    old, new = exact(line.row.standard.points), exact(row.standard.points)
    if row.standard.starts_full:
        return RowValue(RowState.MARKED, max(new - (old - got), exact(0)))
    return RowValue(RowState.MARKED, got * new / old)


def _is_same_row(old: Row, new: Row) -> bool:
    return _counting(old) == _counting(new)


def _counting(row: Row) -> tuple[Kind, bool, bool]:
    """A mark, a poll and a ledger do not stand for one another."""
    standard = row.standard
    return standard.kind, standard.starts_full, Method.DEMOCRATIC in standard.methods


def _unmatched(old: Framework, new: Framework) -> Unmatched:
    before = {row.standard.key: row for row in old.rows()}
    after = {row.standard.key: row for row in new.rows()}
    same = {key for key in before.keys() & after.keys() if _is_same_row(before[key], after[key])}
    return Unmatched(
        new.key,
        new.title,
        tuple(key for key in after if key not in same),
        tuple(key for key in before if key not in same),
    )
