"""Which rows apply to which unit: the matrix, the tags and choices behind it, and its approval before marking."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import partial

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, selectinload

from surveys.acts import audit, editions, proposals, two_hands
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import BadInput, WrongState
from surveys.acts.hands import require_hand
from surveys.acts.permitted import permitted
from surveys.acts.proposals import Draft, ProposalKind, Spot
from surveys.acts.two_hands import Sign
from surveys.catalog.model import Framework, Method, Row, Standard
from surveys.scoring.assessment_states import AssessmentState
from surveys.scoring.score_sheet import Kind
from surveys.season import shut
from surveys.season.assessments import (
    assessment_of,
    framework_of,
    frameworks_of,
    held_assessment,
    lock_unit,
    locked_assessment,
    unit_of,
)
from surveys.season.rows import row_of
from surveys.season.shut import Act
from surveys.storage.tables import Assessment, Event, Exemption, Mark, RowChoice, Unit, UnitTag

ACT = "applicability"


class Fit(StrEnum):
    """Whether a row counts for a unit."""

    APPLIES = "applies"
    NOT_APPLICABLE = "not_applicable"
    EXEMPTED = "exempted"
    GAP = "gap"  # applies, but by which of its methods is still to be chosen

    @property
    def label(self) -> str:
        return {"applies": "适用", "not_applicable": "不适用", "exempted": "免考", "gap": "方法待选"}[self.value]


@dataclass(frozen=True)
class Cell:
    """One row for one unit. `chosen`: of the row's alternative methods."""

    fit: Fit
    chosen: Method | None = None

    @property
    def counts(self) -> bool:
        return self.fit in (Fit.APPLIES, Fit.GAP)


@dataclass(frozen=True)
class UnitFit:
    """One unit against the rows of its framework, in their order. `department`: the name under which it marks others,
    and not itself (回避). `most`: the points of the rows that count."""

    id: int
    name: str
    category: str
    framework: str
    department: str | None
    tags: tuple[str, ...]
    cells: tuple[Cell, ...]
    exemptions: tuple[Exemption, ...]
    most: Decimal
    applying: int

    @property
    def gaps(self) -> int:
        return sum(cell.fit is Fit.GAP for cell in self.cells)


@dataclass(frozen=True)
class FrameworkFit:
    """One framework: its rows against the units assessed by it."""

    framework: Framework
    rows: tuple[Row, ...]
    units: tuple[UnitFit, ...]

    def applying(self, place: int) -> int:
        """How many units the row at this place counts for."""
        return sum(unit.cells[place].counts for unit in self.units)


@dataclass(frozen=True)
class Matrix:
    """`fingerprint`: of everything in it; an approval holds for exactly that. `signs`: those that still hold."""

    assessment_id: int
    title: str
    state: AssessmentState
    frameworks: tuple[FrameworkFit, ...]
    fingerprint: str
    signs: tuple[Sign, ...]
    was_approved: bool

    @property
    def gaps(self) -> tuple[tuple[UnitFit, Row], ...]:
        """What is still to be chosen: unit and row."""
        return tuple(
            (unit, row)
            for part in self.frameworks
            for unit in part.units
            for row, cell in zip(part.rows, unit.cells, strict=True)
            if cell.fit is Fit.GAP
        )


def matrix(session: Session, assessment_id: int) -> Matrix:
    """All units against all rows. Raises NotFound."""
    assessment = assessment_of(session, assessment_id)
    units = _units(session, assessment)
    exemptions, choices = _decided(session, units)
    parts = []
    for framework in frameworks_of(assessment):
        rows = tuple(framework.rows())
        own = [unit for unit in units if unit.framework == framework.key]
        fits = tuple(_fit(unit, rows, exemptions.get(unit.id, []), choices.get(unit.id, {})) for unit in own)
        parts.append(FrameworkFit(framework, rows, fits))
    fingerprint = _fingerprint(assessment, parts, sorted)
    standing = (fingerprint, _fingerprint(assessment, parts, tuple))  # as approved in the order the database gives
    signs = two_hands.signs(session, assessment.id, ACT)
    return Matrix(
        assessment.id,
        assessment.title,
        AssessmentState(assessment.state),
        tuple(parts),
        fingerprint,
        tuple(sign for subject in dict.fromkeys(standing) for sign in signs.get(subject, ())),
        bool(signs),
    )


def _units(session: Session, assessment: Assessment) -> list[Unit]:
    query = select(Unit).where(Unit.assessment_id == assessment.id).order_by(Unit.position, Unit.id)
    # As they are now: a caller may have changed tags in this session by statement.
    return list(session.scalars(query.options(selectinload(Unit.tags)).execution_options(populate_existing=True)))


def _decided(
    session: Session, units: Sequence[Unit]
) -> tuple[dict[int, list[Exemption]], dict[int, dict[str, Method]]]:
    ids = [unit.id for unit in units]
    exemptions: dict[int, list[Exemption]] = {}
    standing = select(Exemption).where(Exemption.unit_id.in_(ids), Exemption.cancelled_at.is_(None))
    for exemption in session.scalars(standing.order_by(Exemption.id)):
        exemptions.setdefault(exemption.unit_id, []).append(exemption)
    choices: dict[int, dict[str, Method]] = {}
    for choice in session.scalars(select(RowChoice).where(RowChoice.unit_id.in_(ids))):
        choices.setdefault(choice.unit_id, {})[choice.row_key] = Method(choice.method)
    return exemptions, choices


def _fit(unit: Unit, rows: Sequence[Row], exemptions: Sequence[Exemption], choices: dict[str, Method]) -> UnitFit:
    tags = tuple(tag.tag for tag in unit.tags)
    exempted = {exemption.row_key for exemption in exemptions}
    cells = tuple(_cell(row.standard, tags, exempted, choices.get(row.standard.key)) for row in rows)
    counting = [row.standard for row, cell in zip(rows, cells, strict=True) if cell.counts]
    most = sum((standard.points for standard in counting if standard.kind is Kind.STANDARD), Decimal(0))
    return UnitFit(
        unit.id,
        unit.name,
        unit.category,
        unit.framework,
        unit.department,
        tags,
        cells,
        tuple(exemptions),
        most,
        len(counting),
    )


def _cell(standard: Standard, tags: Collection[str], exempted: Collection[str], chosen: Method | None) -> Cell:
    if not standard.applies(tags):
        return Cell(Fit.NOT_APPLICABLE)
    if standard.key in exempted:
        return Cell(Fit.EXEMPTED)
    if standard.alternatives:
        return Cell(Fit.APPLIES, chosen) if chosen in standard.alternatives else Cell(Fit.GAP)
    return Cell(Fit.APPLIES)


def _fingerprint(
    assessment: Assessment, parts: Sequence[FrameworkFit], ordered: Callable[[Sequence[str]], Sequence[str]]
) -> str:
    """Over the frameworks and whatever decides what applies to whom and who marks it. `ordered`: the tags, which a
    database sorts by its own language."""
    said = [
        [
            part.framework.to_json(),
            [
                [
                    unit.id,
                    unit.name,
                    unit.department,
                    ordered(unit.tags),
                    sorted([each.row_key, each.document, each.reason] for each in unit.exemptions),
                    [cell.chosen for cell in unit.cells],
                ]
                for unit in part.units
            ],
        ]
        for part in parts
    ]
    text = json.dumps([assessment.id, said], ensure_ascii=False, sort_keys=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def is_approved(session: Session, assessment: Assessment) -> bool:
    """Whether the matrix as it is now has been approved. A later change of what it rests on takes that back."""
    return bool(matrix(session, assessment.id).signs)


@permitted(Permission.DECIDE)
def approve(session: Session, now: datetime, actor: Actor, assessment_id: int, fingerprint: str) -> None:
    """Approves the matrix that the page showed. Raises NotFound, NotAllowed, WrongState."""
    require_hand(actor, other="管理员")
    locked_assessment(session, assessment_id)
    found = matrix(session, assessment_id)
    why = shut.why_shut_in(found.state, Act.FIT)
    if why is not None:
        raise WrongState(why)
    if not any(part.units for part in found.frameworks):
        raise WrongState("这次考核还没有单位，没有可核准的适用表。")
    if found.fingerprint != fingerprint:
        raise WrongState("适用表在您打开之后有改动。请核对现在的表，再核准。")
    if found.gaps:
        first, row = found.gaps[0]
        raise WrongState(
            f"还有 {len(found.gaps)} 处没有选定测评方法，如{first.name}的 {row.standard.key}。请先逐个选定，再核准。"
        )
    twice = "您已经核准过这份适用表。"
    if any(sign.account_id == actor.account_id for sign in found.signs):
        raise WrongState(twice)  # also under it as it was written before
    two_hands.sign(session, now, actor, assessment_id, ACT, fingerprint, twice=twice, other="管理员")
    audit.record(session, now, actor, "applicability.approve", found.title, fingerprint)
    session.commit()


@permitted(Permission.DECIDE)
def set_tags(
    session: Session,
    now: datetime,
    actor: Actor,
    unit_id: int,
    tags: Sequence[str],
    base: str | None = None,
    second: Actor | None = None,
) -> bool:
    """Gives a unit these tags and no others. Whether it is done, or waits for a second hand, and `second` is that hand.
    Raises NotFound, NotAllowed, BadInput, WrongState."""
    held_assessment(session, unit_of(session, unit_id).assessment_id)
    unit = _locked(session, unit_id)
    old, new = sorted(tag.tag for tag in unit.tags), sorted(set(tags))
    words = f"标签：现在是“{'、'.join(old) or '无'}”，您选的是“{'、'.join(new) or '无'}”。"
    editions.check(base, "tags", old, new, words)
    framework = framework_of(unit.assessment, unit.framework)
    unknown = [tag for tag in tags if tag not in framework.tags]
    if unknown:
        raise BadInput(f"测评体系“{framework.title}”没有标签“{'、'.join(unknown)}”。")
    hindrance = tags_hindrance(session, unit, framework, tags)
    if hindrance is not None:
        raise WrongState(hindrance)
    if old == new:
        return True
    told = f"{'、'.join(old) or '无'} → {'、'.join(new) or '无'}"
    draft = Draft(
        ProposalKind.TAGS,
        {"unit": unit_id, "tags": new, "base": editions.edition("tags", old)},
        [Spot(f"标签改为 {told}", unit_id, unit.name)],
    )
    change = partial(_set_tags, session, now, actor, unit, new, told)
    return proposals.save(session, now, actor, unit.assessment, draft, change, second) is not None


def _set_tags(session: Session, now: datetime, actor: Actor, unit: Unit, new: Sequence[str], told: str) -> bool:
    session.execute(delete(UnitTag).where(UnitTag.unit_id == unit.id))
    session.add_all(UnitTag(unit_id=unit.id, tag=tag) for tag in new)
    session.expire(unit, ["tags"])
    before, _, after = told.partition(" → ")
    audit.record(session, now, actor, "unit.tags", unit.name, told, before=before, after=after)
    return True


def tags_hindrance(session: Session, unit: Unit, framework: Framework, tags: Collection[str]) -> str | None:
    """Why the unit cannot have these tags now, or None: after marking none change; while it lasts, those alone whose
    rows nobody has marked and that have no standing event."""
    old = {tag.tag for tag in unit.tags}
    state = AssessmentState(unit.assessment.state)
    if set(tags) == old or state is AssessmentState.PREPARING:
        return None
    if state is not AssessmentState.MARKING:
        return shut.why_shut(unit.assessment, Act.TAGS, unit=unit.name)
    changing = [row.standard.key for row in framework.rows() if row.standard.applies(old) != row.standard.applies(tags)]
    entered = set(_entered(session, unit.id))
    touched = [key for key in changing if key in entered]
    if touched:
        return f"单位“{unit.name}”的 {'、'.join(touched)} 已有打分或事件，不能改动使它适用或不适用的标签。"
    return None


def _entered(session: Session, unit_id: int) -> Iterator[str]:
    """Keys of the unit's rows that were marked or have a standing event."""
    yield from session.scalars(select(Mark.row_key).where(Mark.unit_id == unit_id).distinct())
    yield from session.scalars(
        select(Event.row_key).where(Event.unit_id == unit_id, Event.cancelled_at.is_(None)).distinct()
    )


@permitted(Permission.DECIDE)
def choose(
    session: Session, now: datetime, actor: Actor, unit_id: int, row_key: str, method: str, base: str | None = None
) -> None:
    """Says by which of a row's alternative methods the unit is assessed. Raises NotFound, NotAllowed, BadInput,
    WrongState; a choice is not changed once the row is marked."""
    _locked(session, unit_id)
    unit, _, standard = row_of(session, unit_id, row_key)
    shut.require(unit.assessment, Act.FIT)
    if not standard.alternatives:
        raise WrongState(f"{row_key} 只有一种测评方法，不用选。")
    if method not in standard.alternatives:
        names = "、".join(each.label for each in standard.alternatives)
        raise BadInput(f"{row_key} 的测评方法请从{names}中选一个。")
    choice = session.get(RowChoice, (unit_id, row_key))
    was = None if choice is None else Method(choice.method).label
    editions.check_value(base, f"method-{row_key}", was, Method(method).label, f"{row_key} 的测评方法")
    if choice is not None and choice.method == method:
        return
    if choice is not None and row_key in set(_entered(session, unit_id)):
        raise WrongState(f"{row_key} 已按{Method(choice.method).label}打分，不能改选测评方法。")
    if choice is None:
        choice = RowChoice(unit_id=unit_id, row_key=row_key)
        session.add(choice)
    choice.method, choice.account_id, choice.made_at = method, actor.account_id, now
    audit.record(session, now, actor, "row.choose", f"{unit.name} {row_key}", Method(method).label)
    session.commit()


def _locked(session: Session, unit_id: int) -> Unit:
    """Two changes of one unit go one after the other."""
    lock_unit(session, unit_id)
    return unit_of(session, unit_id)


def after_exemption(state: AssessmentState) -> str:
    """What is left to do once a row was exempted, or counts again, in Chinese."""
    if state is AssessmentState.APPEAL:
        return "请到“流程”页形成新版本，在那以前单位看到的还是原来的结果。"
    return "适用表须重新核准。"


def unit_fit(session: Session, unit_id: int) -> tuple[Framework, UnitFit]:
    """One unit against the rows of its framework. Raises NotFound."""
    unit = unit_of(session, unit_id)
    framework = framework_of(unit.assessment, unit.framework)
    exemptions, choices = _decided(session, [unit])
    rows = tuple(framework.rows())
    return framework, _fit(unit, rows, exemptions.get(unit.id, []), choices.get(unit.id, {}))
