"""Setting up an assessment: its frameworks, units, tags and leaders."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import chain

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.acts import audit
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import BadInput, NotFound
from surveys.acts.limits import LONGEST_NAME, LONGEST_POST, LONGEST_UNIT
from surveys.acts.permitted import permitted
from surveys.catalog import loader
from surveys.catalog.model import Framework
from surveys.intake.cleaning import clean_line, clean_name
from surveys.intake.namesakes import REMEDY, Namesakes
from surveys.scoring.assessment_states import AssessmentState
from surveys.scoring.score_sheet import ScoringRules
from surveys.season import shut
from surveys.season.shut import Act
from surveys.season.uploads.rosters import matching_department
from surveys.storage.tables import Assessment, AssessmentFramework, Document, Leader, Unit, UnitTag


@dataclass(frozen=True)
class LeaderEntry:
    name: str
    post: str


@dataclass(frozen=True)
class UnitEntry:
    """A unit as entered. `department`: the name under which the unit itself marks rows, if it does."""

    name: str
    category: str
    framework: str
    tags: tuple[str, ...] = ()
    leaders: tuple[LeaderEntry, ...] = ()
    department: str | None = None


@permitted(Permission.DECIDE)
def create_assessment(
    session: Session,
    now: datetime,
    actor: Actor,
    title: str,
    frameworks: Sequence[str],
    rules: ScoringRules | None = None,
) -> int:
    """A new assessment with copies of the named frameworks. Raises BadInput."""
    title = title.strip()
    if not title:
        raise BadInput("请填写考核的名称。")
    if not frameworks:
        raise BadInput("请至少选一个测评体系。")
    known = loader.framework_keys()
    for key in frameworks:
        if key not in known:
            raise BadInput(f"没有名为 {key} 的测评体系，可用的有：{'、'.join(known)}。")
    assessment = Assessment(
        title=title, state=AssessmentState.PREPARING, rules=(rules or ScoringRules()).to_json(), created_at=now
    )
    assessment.frameworks = [
        AssessmentFramework(key=key, body=loader.framework(key).to_json()) for key in dict.fromkeys(frameworks)
    ]
    session.add(assessment)
    audit.record(session, now, actor, "assessment.create", title)
    session.commit()
    return assessment.id


@permitted(Permission.DECIDE)
def add_unit(session: Session, now: datetime, actor: Actor, assessment_id: int, entry: UnitEntry) -> int:
    """Adds a unit with its tags and leaders. Raises BadInput, NotFound, WrongState."""
    assessment = assessment_of(session, assessment_id)
    shut.require(assessment, Act.SET_UP)
    name, category = clean_name(entry.name), clean_line(entry.category)
    if not name or not category:
        raise BadInput("请填写单位名称和类别。")
    _check_texts(entry)
    framework = framework_of(assessment, entry.framework)
    unknown = [tag for tag in entry.tags if tag not in framework.tags]
    if unknown:
        raise BadInput(f"测评体系“{framework.title}”没有标签“{'、'.join(unknown)}”。")
    department = _department(assessment, entry.department or "")
    if any(unit.name == name for unit in assessment.units):
        raise BadInput(f"单位“{name}”已经在这次考核中。")
    last = session.scalar(select(func.max(Unit.position)).where(Unit.assessment_id == assessment_id))
    unit = Unit(
        assessment_id=assessment_id,
        position=1 if last is None else last + 1,
        name=name,
        category=category,
        framework=entry.framework,
        department=department,
    )
    unit.tags = [UnitTag(tag=tag) for tag in dict.fromkeys(entry.tags)]
    unit.leaders = [
        Leader(position=position, name=clean_name(leader.name), post=clean_line(leader.post))
        for position, leader in enumerate(entry.leaders, start=1)
    ]
    session.add(unit)
    audit.record(session, now, actor, "unit.add", name)
    session.commit()
    return unit.id


def _department(assessment: Assessment, text: str) -> str | None:
    """As the frameworks write it: mistyped, a department would mark itself. Raises BadInput."""
    name = clean_line(text)
    if not name:
        return None
    known = departments_in(frameworks_of(assessment))
    found = matching_department(name, known)
    if found is None:
        raise BadInput(f"测评体系里没有考核部门“{name}”，请照测评体系里的写，可用的有：{'、'.join(known)}。")
    return found


def _check_texts(entry: UnitEntry) -> None:
    texts = [
        ("单位名称", entry.name, LONGEST_UNIT),
        ("类别", entry.category, LONGEST_NAME),
        ("考核部门名称", entry.department or "", LONGEST_NAME),
    ]
    people = Namesakes()
    for leader in entry.leaders:
        if not leader.name.strip():
            raise BadInput(f"领导名单里职务为“{leader.post}”的一人没有姓名。")
        if people.met(leader.name, leader.post) is not None:
            raise BadInput(f"领导名单里“{leader.name}”出现了两次。{REMEDY}")
        texts += [("姓名", leader.name, LONGEST_NAME), ("职务", leader.post, LONGEST_POST)]
    for label, text, most in texts:
        if len(text) > most:
            raise BadInput(f"{label}“{text[:20]}……”太长，最多 {most} 个字。")


def parse_leaders(text: str) -> tuple[LeaderEntry, ...]:
    """Leaders as typed, a line each: name, a space or comma, post. Raises BadInput naming the line."""
    leaders = []
    for number, line in enumerate(text.replace("\u3000", " ").splitlines(), start=1):
        words = line.replace("，", " ").replace(",", " ").split(maxsplit=1)
        if not words:
            continue
        if len(words) == 1:
            raise BadInput(f"领导名单第 {number} 行“{line.strip()}”只有一项，请写成“姓名 职务”。")
        leaders.append(LeaderEntry(clean_name(words[0]), clean_line(words[1])))
    return tuple(leaders)


def assessment_of(session: Session, assessment_id: int) -> Assessment:
    assessment = session.get(Assessment, assessment_id)
    if assessment is None:
        raise NotFound(f"没有编号为 {assessment_id} 的考核。")
    return assessment


def locked_assessment(session: Session, assessment_id: int) -> Assessment:
    """As it is now, and until the caller commits: steps and changes of it go one after the other."""
    query = select(Assessment).where(Assessment.id == assessment_id).with_for_update()
    assessment = session.scalar(query.execution_options(populate_existing=True))
    if assessment is None:
        raise NotFound(f"没有编号为 {assessment_id} 的考核。")
    return assessment


def held_assessment(session: Session, assessment_id: int) -> Assessment:
    """As it is now; its state stays until the caller commits, while others act beside. Lock other rows after it: steps
    and imports lock it first too. Raises NotFound."""
    query = select(Assessment).where(Assessment.id == assessment_id).with_for_update(read=True)
    assessment = session.scalar(query.execution_options(populate_existing=True))
    if assessment is None:
        raise NotFound(f"没有编号为 {assessment_id} 的考核。")
    return assessment


def is_marking(assessment: Assessment) -> bool:
    return assessment.state == AssessmentState.MARKING


def unit_of(session: Session, unit_id: int) -> Unit:
    unit = session.get(Unit, unit_id)
    if unit is None:
        raise NotFound(f"没有编号为 {unit_id} 的单位。")
    return unit


def lock_unit(session: Session, unit_id: int) -> None:
    """Two who act on one unit go one after the other, until the caller commits; votes come in meanwhile."""
    session.execute(select(Unit.id).where(Unit.id == unit_id).with_for_update(key_share=True))


def framework_of(assessment: Assessment, key: str) -> Framework:
    """The assessment's own copy of a framework. Raises NotFound."""
    for entry in assessment.frameworks:
        if entry.key == key:
            return framework_in(entry.body)
    raise NotFound(f"这次考核没有使用测评体系 {key}。")


def frameworks_of(assessment: Assessment) -> list[Framework]:
    """The assessment's own copies of its frameworks."""
    return [framework_in(entry.body) for entry in assessment.frameworks]


def departments_in(frameworks: Iterable[Framework]) -> list[str]:
    """Everybody who marks by these: for each the default, those its rows name as they come, and the lead."""
    found: dict[str, None] = {}
    for framework in frameworks:
        rows = (row.standard.departments for row in framework.rows())
        found |= dict.fromkeys((framework.default_department, *chain.from_iterable(rows), framework.lead_department))
    return list(found)


def framework_in(body: Document) -> Framework:
    """The framework that an assessment, or a version of its scores, holds a copy of."""
    return _framework(json.dumps(body))


@lru_cache(maxsize=32)
def _framework(body: str) -> Framework:
    """By content: a changed framework is another one. Checking its fields takes longer than a page may."""
    return Framework.from_json(json.loads(body))


@dataclass(frozen=True)
class UnitLine:
    id: int
    name: str
    category: str


@dataclass(frozen=True)
class AssessmentLine:
    """`shut`: why units and polls may not be set up any more."""

    id: int
    title: str
    state: str
    units: tuple[UnitLine, ...]
    shut: str | None


def list_assessments(session: Session) -> list[AssessmentLine]:
    """The newest first, with their units in order."""
    found = session.scalars(select(Assessment).order_by(Assessment.id.desc()))
    return [
        AssessmentLine(
            assessment.id,
            assessment.title,
            assessment.state,
            tuple(UnitLine(unit.id, unit.name, unit.category) for unit in assessment.units),
            shut.why_shut(assessment, Act.SET_UP),
        )
        for assessment in found
    ]
