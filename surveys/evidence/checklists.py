"""What a unit is to hand in, what it has handed in, and where each piece stands."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from surveys.acts.errors import NotFound
from surveys.catalog.model import Framework, Method, Standard
from surveys.scoring.assignment import marking_departments
from surveys.scoring.score_sheet import Kind
from surveys.season.assessments import framework_of
from surveys.season.rows import departments_of
from surveys.storage.tables import Account, Assessment, Exemption, Material, Review, RowChoice, Unit

REPORT = ""
"""The row key of the annual report, which is handed in by itself."""

REPORT_TITLE = "年度报告"
WHOLE_ROW = "证明材料"
IF_ANY = "其他"
"""How an item of an evidence list begins that asks for whatever else there is: nobody can miss it."""


class ItemState(StrEnum):
    """Where an item of a checklist stands."""

    NOTHING = "nothing"  # and nothing is needed
    MISSING = "missing"
    WAITING = "waiting"
    MORE = "more"
    REJECTED = "rejected"
    ACCEPTED = "accepted"
    CLOSED = "closed"  # more was asked for, and is no longer

    @property
    def label(self) -> str:
        return _STATE_LABELS[self]


_STATE_LABELS = {
    ItemState.NOTHING: "如有请交",
    ItemState.MISSING: "未交",
    ItemState.WAITING: "待审核",
    ItemState.MORE: "要求补充",
    ItemState.REJECTED: "已退回",
    ItemState.ACCEPTED: "已通过",
    ItemState.CLOSED: "不再补充",
}


@dataclass(frozen=True)
class Said:
    """A review and who wrote it."""

    review: Review
    reviewer: str


@dataclass(frozen=True)
class Handed:
    """A material that stands, who handed it in, and what reviewers said of it, the oldest first."""

    material: Material
    reporter: str
    said: tuple[Said, ...]

    @property
    def state(self) -> ItemState:
        if not self.said:
            return ItemState.WAITING
        newest = self.said[-1].review
        return ItemState(newest.verdict) if newest.closed_at is None else ItemState.CLOSED

    @property
    def seen(self) -> int:
        """What a reviewer has read: the newest review's id, 0 before the first."""
        return self.said[-1].review.id if self.said else 0


@dataclass(frozen=True)
class Item:
    """An entry of a row's evidence list. `number`: from 1; 0 for a row without a list."""

    number: int
    text: str
    required: bool
    handed: tuple[Handed, ...]

    @property
    def state(self) -> ItemState:
        """What still has to be read comes first, then what was asked for last; one accepted piece is enough."""
        if not self.handed:
            return ItemState.MISSING if self.required else ItemState.NOTHING
        states = {each.state for each in self.handed}
        if self.waits:
            return ItemState.WAITING
        if self.asked is not None:
            return ItemState.MORE
        return ItemState.ACCEPTED if ItemState.ACCEPTED in states else self._newest.state

    @property
    def _newest(self) -> Handed:
        """What a reviewer spoke of last."""
        return max(self.handed, key=lambda each: each.seen)

    @property
    def waits(self) -> bool:
        return any(each.state is ItemState.WAITING for each in self.handed)

    @property
    def asked(self) -> Handed | None:
        """The piece on which more was asked for, until a later verdict on the item, or until that is closed."""
        return self._newest if self.handed and self._newest.state is ItemState.MORE else None


@dataclass(frozen=True)
class RowChecklist:
    """A row with its evidence list. `departments`: who reviews it; `open`: the unit may hand something in for it."""

    key: str
    title: str
    text: str
    note: str
    departments: tuple[str, ...]
    open: bool
    items: tuple[Item, ...]

    @property
    def label(self) -> str:
        return f"{self.key} {self.title}".strip()

    @property
    def handed(self) -> list[Handed]:
        return [each for item in self.items for each in item.handed]

    @property
    def counts(self) -> Counter[ItemState]:
        return Counter(item.state for item in self.items)

    def item(self, number: int) -> Item:
        """Raises NotFound."""
        for item in self.items:
            if item.number == number:
                return item
        raise NotFound(f"{self.label} 没有第 {number} 项。")


@dataclass(frozen=True)
class Totals:
    """Of items, except `files` and `late`, which count materials that stand."""

    required: int
    handed_in: int
    missing: int
    waiting: int
    sent_back: int
    accepted: int
    files: int
    late: int


@dataclass(frozen=True)
class UnitChecklist:
    """The annual report first, then the rows in the order of the framework."""

    unit: Unit
    assessment: Assessment
    framework: Framework
    rows: tuple[RowChecklist, ...]

    def row(self, key: str) -> RowChecklist:
        """Raises NotFound."""
        for row in self.rows:
            if row.key == key:
                return row
        raise NotFound(f"{self.unit.name}没有要报送材料的 {key} 这一行。")

    @property
    def totals(self) -> Totals:
        return totals(self.rows)


def totals(rows: Iterable[RowChecklist]) -> Totals:
    items = [item for row in rows for item in row.items]
    states = Counter(item.state for item in items)
    handed = [each for item in items for each in item.handed]
    return Totals(
        required=sum(item.required for item in items),
        handed_in=sum(bool(item.handed) for item in items),
        missing=states[ItemState.MISSING],
        waiting=states[ItemState.WAITING],
        sent_back=states[ItemState.MORE] + states[ItemState.REJECTED],
        accepted=states[ItemState.ACCEPTED],
        files=len(handed),
        late=sum(each.material.late for each in handed),
    )


def days_left(due_on: date | None, today: date) -> int | None:
    """Below 0 once the deadline has passed; on the day itself 0."""
    return None if due_on is None else (due_on - today).days


def unit_checklist(session: Session, unit: Unit) -> UnitChecklist:
    return checklists_of(session, unit.assessment, [unit])[0]


def assessment_checklists(session: Session, assessment: Assessment) -> list[UnitChecklist]:
    """Of all units, in order."""
    units = session.scalars(
        select(Unit)
        .where(Unit.assessment_id == assessment.id)
        .order_by(Unit.position, Unit.id)
        .options(selectinload(Unit.tags))
    )
    return checklists_of(session, assessment, list(units))


def handed_of(session: Session, materials: Sequence[Material]) -> list[Handed]:
    """Materials with what was said of each."""
    units = {material.unit_id for material in materials}  # not their ids: a season has tens of thousands
    query = select(Review).join(Material, Material.id == Review.material_id).where(Material.unit_id.in_(units))
    reviews: dict[int, list[Review]] = {}
    for review in session.scalars(query.order_by(Review.id)):
        reviews.setdefault(review.material_id, []).append(review)
    names = _names(session, materials, reviews)
    return [
        Handed(
            material,
            names[material.account_id],
            tuple(Said(review, names[review.account_id]) for review in reviews.get(material.id, ())),
        )
        for material in materials
    ]


def _names(
    session: Session, materials: Sequence[Material], reviews: Mapping[int, Sequence[Review]]
) -> dict[int | None, str]:
    ids = {material.account_id for material in materials}
    ids |= {review.account_id for each in reviews.values() for review in each}
    found = session.execute(select(Account.id, Account.name).where(Account.id.in_(ids - {None})))
    return {None: "命令行", **{number: name for number, name in found}}


def checklists_of(session: Session, assessment: Assessment, units: Sequence[Unit]) -> list[UnitChecklist]:
    """Of these units of the assessment, in their order."""
    ids = [unit.id for unit in units]
    standing = select(Material).where(
        Material.unit_id.in_(ids), Material.withdrawn_at.is_(None), Material.objection_id.is_(None)
    )
    handed: dict[tuple[int, str, int], list[Handed]] = {}
    for each in handed_of(session, session.scalars(standing.order_by(Material.id)).all()):
        handed.setdefault((each.material.unit_id, each.material.row_key, each.material.item), []).append(each)
    exemptions = select(Exemption.unit_id, Exemption.row_key).where(
        Exemption.unit_id.in_(ids), Exemption.cancelled_at.is_(None)
    )
    exempted = {(unit_id, row_key) for unit_id, row_key in session.execute(exemptions)}
    choices = {
        (choice.unit_id, choice.row_key): choice.method
        for choice in session.scalars(select(RowChoice).where(RowChoice.unit_id.in_(ids)))
    }
    frameworks = {key: framework_of(assessment, key) for key in {unit.framework for unit in units}}
    return [_checklist(unit, assessment, frameworks[unit.framework], handed, exempted, choices) for unit in units]


def _checklist(
    unit: Unit,
    assessment: Assessment,
    framework: Framework,
    handed: Mapping[tuple[int, str, int], Sequence[Handed]],
    exempted: set[tuple[int, str]],
    choices: Mapping[tuple[int, str], str],
) -> UnitChecklist:
    tags = [tag.tag for tag in unit.tags]

    def items(key: str, texts: Sequence[str], required: bool) -> tuple[Item, ...]:
        numbered = enumerate(texts, start=1) if texts else ((0, WHOLE_ROW if key else REPORT_TITLE),)
        return tuple(
            Item(
                number,
                text,
                required and not (number and text.startswith(IF_ANY)),
                tuple(handed.get((unit.id, key, number), ())),
            )
            for number, text in numbered
        )

    rows = [_report(unit, framework, items(REPORT, (), True))]
    for row in framework.rows():
        standard, key = row.standard, row.standard.key
        chosen = choices.get((unit.id, key), Method.MATERIAL_REVIEW.value)
        wanted = (
            standard.applies(tags)
            and _takes_material(standard)
            and (unit.id, key) not in exempted
            and chosen == Method.MATERIAL_REVIEW
        )
        own = items(key, standard.evidence, wanted and standard.kind is Kind.STANDARD)
        if wanted or any(item.handed for item in own):
            rows.append(
                RowChecklist(
                    key,
                    row.content.name,
                    standard.text,
                    standard.note,
                    departments_of(framework, standard, unit),
                    wanted,
                    own,
                )
            )
    return UnitChecklist(unit, assessment, framework, tuple(rows))


def _takes_material(standard: Standard) -> bool:
    listed = bool(standard.evidence) or Method.MATERIAL_REVIEW in standard.methods
    return listed and standard.kind is not Kind.VETO


def _report(unit: Unit, framework: Framework, items: tuple[Item, ...]) -> RowChecklist:
    departments = marking_departments(
        (framework.default_department,), unit.department, framework.lead_department, framework.default_department
    )
    text = "本单位的年度工作报告，由考核组审阅。"
    return RowChecklist(REPORT, REPORT_TITLE, text, "", departments, True, items)
