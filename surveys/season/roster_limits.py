"""What a roster may not change in a unit on which work has begun, and what it changes in who marks the unit."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.season.applicability import tags_hindrance
from surveys.season.assessments import framework_of, is_marking
from surveys.season.rows import departments_for
from surveys.season.uploads.rosters import UnitRow
from surveys.storage.tables import Assessment, Event, Exemption, Mark, Material, Proceeding, RowChoice, Unit

_ENTERED = (Mark, Event, Exemption, Material, Proceeding)
"""What belongs to the rows of one framework: the codes of another mean other things."""


def changes_framework(unit: Unit, row: UnitRow) -> bool:
    return row.framework is not None and row.framework != unit.framework


def hindrances(session: Session, assessment: Assessment, unit: Unit | None, row: UnitRow) -> Iterator[str]:
    """Why the row of a roster cannot be taken over."""
    if unit is None:
        if row.category is None or row.framework is None:
            yield f"单位“{row.name}”已不在这次考核中，请重新上传文件。"
        return
    if not changes_framework(unit, row):
        own = framework_of(assessment, unit.framework)
        hindrance = None if row.tags is None else tags_hindrance(session, unit, own, row.tags)
        if hindrance is not None:
            yield hindrance
        _, lost, _ = _markers(session, assessment, unit, row)
        if lost:
            yield (
                f"单位“{unit.name}”的 {'、'.join(lost)}已打分，改了考核部门这些分就不再计入，考核部门不能再改。"
                "请在文件里把它改回来。"
            )
        return
    if any(session.scalar(select(table.unit_id).where(table.unit_id == unit.id).limit(1)) for table in _ENTERED):
        yield f"单位“{unit.name}”已有打分、事件、免考、报送的材料或考核记录，不能换测评体系。"
    known = framework_of(assessment, row.framework or "").tags
    if row.tags is None and any(tag.tag not in known for tag in unit.tags):
        yield f"单位“{unit.name}”换了测评体系，请在文件里加“标签”一列，写明新体系的标签。"


def effects(session: Session, assessment: Assessment, unit: Unit, row: UnitRow) -> Iterator[str]:
    """What the row changes besides what it says."""
    if changes_framework(unit, row):
        chosen = session.scalars(select(RowChoice.row_key).where(RowChoice.unit_id == unit.id)).all()
        if chosen:
            yield f"原来给 {'、'.join(sorted(chosen))} 选定的测评方法作废，换体系以后重新选。"
        return
    passed, _, dropped = _markers(session, assessment, unit, row)
    for departments, keys in passed.items():
        yield f"{'、'.join(keys)} 改由{'、'.join(departments)}打分。"
    if dropped:
        yield f"它给自己打的 {'、'.join(dropped)}不再计入，须由上面写的部门重新打。"


def _markers(
    session: Session, assessment: Assessment, unit: Unit, row: UnitRow
) -> tuple[dict[tuple[str, ...], list[str]], list[str], list[str]]:
    """Of a change of 考核部门 while marking: rows by who marks them then; standing marks of others that would not count
    any more; and those by which the unit has marked itself, which must not count."""
    passed: dict[tuple[str, ...], list[str]] = {}
    lost: list[str] = []
    dropped: list[str] = []
    own = row.department or None
    if row.department is None or own == unit.department or not is_marking(assessment):
        return passed, lost, dropped
    tags = [tag.tag for tag in unit.tags]
    marks = select(Mark.row_key, Mark.department).where(Mark.unit_id == unit.id).distinct()
    marked = {(key, department) for key, department in session.execute(marks)}
    framework = framework_of(assessment, unit.framework)
    for standard in (each.standard for each in framework.rows()):
        if not standard.takes_marks or not standard.applies(tags):
            continue
        before = departments_for(framework, standard, unit.department)
        after = departments_for(framework, standard, own)
        if before == after:
            continue
        passed.setdefault(after, []).append(standard.key)
        for department in before:
            if department not in after and (standard.key, department) in marked:
                (dropped if department == own else lost).append(f"{standard.key}（{department}）")
    return passed, lost, dropped
