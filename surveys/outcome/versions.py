"""Frozen versions of all score sheets of an assessment: provisional, after the appeal, certified."""

import csv
import io
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy import Text, cast, func, select
from sqlalchemy.orm import Session

from surveys.acts import audit, two_hands
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import Imbalance, NotFound, WrongState
from surveys.acts.permitted import permitted
from surveys.acts.reasons import written
from surveys.catalog.model import plain
from surveys.evidence.proceeding_records import ProceedingKind, standing_by_unit
from surveys.marking.results import Results, UnitResult, results
from surveys.marking.score_sheets import unit_sheet
from surveys.outcome.figures import Figure
from surveys.outcome.record_writing import unit_record, without_explanations
from surveys.outcome.score_record import ScoreRecord
from surveys.outcome.unit_record import RowRecord, UnitRecord
from surveys.outcome.version_text import Content, content
from surveys.polling.seal import canonical_json, digest
from surveys.reporting.csv_cells import harmless
from surveys.scoring.assessment_states import AssessmentState, VersionKind
from surveys.scoring.exact import shown
from surveys.scoring.score_sheet import Kind
from surveys.season import shut
from surveys.season.assessments import assessment_of, locked_assessment, unit_of
from surveys.season.shut import Act
from surveys.storage.tables import Account, Assessment, Document, RuleVersion, ScoreVersion

FORMAT = "ceping-scores/4"
"""2 tells also of how many units records were made (`proceedings`), which the report says; 3 which event overtook
another, and each item's votes by ballot class, for the derivation; 4 which classes' weight others took over
(`passed_on`), and what 弃权 was called. A version of an earlier format is read without. From 4 on the papers say where
a quota or a veto moved a band: those of an earlier version keep their words."""

CERTIFY = "certify"
"""The act of an approval of a certified version; its subject is the digest."""

_COUNTED = (ProceedingKind.REPORT, ProceedingKind.HEARING, ProceedingKind.INSPECTION)


@dataclass(frozen=True)
class VersionLine:
    """A version in a list. `by`: who froze it."""

    number: int
    kind: VersionKind
    digest: str
    reason: str
    by: str
    made_at: datetime


@dataclass(frozen=True)
class Version:
    """A version whose digest was found to be right."""

    line: VersionLine
    content: Content

    @cached_property
    def body(self) -> Document:
        """See `body_of`."""
        return self.content.parsed()

    @cached_property
    def record(self) -> ScoreRecord:
        return ScoreRecord.from_json(self.body)

    def unit(self, unit_id: int) -> UnitRecord:
        """Raises NotFound."""
        return self.record.unit(unit_id)


def body_of(live: Document, number: int, kind: VersionKind) -> Document:
    """The body of a version of the sheets as they stand (`live_body`)."""
    return live | {"number": number, "kind": kind.value}


def _header(session: Session, assessment: Assessment) -> Document:
    return {
        "format": FORMAT,
        "assessment": assessment.id,
        "title": assessment.title,
        "number": 0,
        "kind": None,
        "rules_version": newest_rules(session, assessment.id),
        "rules": assessment.rules,
        "frameworks": {entry.key: entry.body for entry in assessment.frameworks},
    }


def live_body(session: Session, assessment_id: int, found: Results | None = None) -> Document:
    """Every unit's whole sheet as it stands: frameworks and rules, rows with all that decides them, results.

    `found`: the results, if they are at hand. Raises NotFound.
    """
    assessment = assessment_of(session, assessment_id)
    found = found or results(session, assessment_id)
    return _header(session, assessment) | {
        "units": _units(session, found.units),
        "proceedings": _proceedings(session, [result.sheet.unit.id for result in found.units]),
    }


def live_sheet(session: Session, unit_id: int) -> Document:
    """The same with one unit alone, ranked among all. Raises NotFound."""
    assessment = unit_of(session, unit_id).assessment
    found = results(session, assessment.id).units
    return _header(session, assessment) | {"units": _units(session, found, {unit_id})}


def live_unit(session: Session, unit_id: int) -> Document:
    """The same of one unit's rows alone, without band and rank, which all units together tell. Raises NotFound."""
    sheet = unit_sheet(session, unit_id)
    final = None if sheet.score.final is None else shown(sheet.score.final)
    found = [UnitResult(sheet, final, None, None)]
    return _header(session, sheet.unit.assessment) | {"units": _units(session, found)}


def live_record(session: Session, assessment_id: int) -> ScoreRecord:
    """All sheets as they stand, to be read. Raises NotFound."""
    return ScoreRecord.from_json(live_body(session, assessment_id))


def _units(session: Session, every: Sequence[UnitResult], only: Collection[int] | None = None) -> list[Document]:
    """The records of all these units, or of some of them."""
    found = [result for result in every if only is None or result.sheet.unit.id in only]
    names: dict[int | None, str] = {None: "命令行"}
    names |= {number: name for number, name in session.execute(select(Account.id, Account.name))}
    ranked = Counter(result.sheet.unit.category for result in every if result.rank is not None)
    return [unit_record(result, ranked[result.sheet.unit.category], names) for result in found]


def _proceedings(session: Session, unit_ids: Sequence[int]) -> dict[str, int]:
    """How many units were read, heard and inspected. Talks leave the assessment group not even as a number; the
    feedback is given once the version stands."""
    standing = standing_by_unit(session, unit_ids).values()
    return {kind.value: sum(any(entry.kind == kind for entry in own) for own in standing) for kind in _COUNTED}


def newest_rules(session: Session, assessment_id: int) -> int:
    """The number of the rules in force; 0 before marking starts."""
    query = select(func.max(RuleVersion.number)).where(RuleVersion.assessment_id == assessment_id)
    number = session.scalar(query)
    return 0 if number is None else number


def same_scores(one: Document, other: Document) -> bool:
    """Whether two bodies say the same of every unit, in whatever order the database read them."""
    if any(one[key] != other[key] for key in ("rules_version", "rules", "frameworks")):
        return False
    return _by_unit(one) == _by_unit(other)


def _by_unit(body: Document) -> dict[int, Document]:
    return {unit["unit"]: without_explanations(unit) for unit in body["units"]}


@permitted(Permission.DECIDE)
def freeze(
    session: Session,
    now: datetime,
    actor: Actor,
    assessment: Assessment,
    kind: VersionKind,
    reason: str,
    live: Document | None = None,
) -> ScoreVersion:
    """Adds the next version, without committing. The assessment is locked. `live`: all sheets as they are, if they are
    at hand."""
    number = next_number(session, assessment.id)
    body = body_of(live or live_body(session, assessment.id), number, kind)
    version = ScoreVersion(
        assessment_id=assessment.id,
        number=number,
        kind=kind.value,
        body=body,
        digest=digest(canonical_json(body)),
        reason=reason,
        account_id=actor.account_id,
        made_at=now,
    )
    session.add(version)
    audit.record(session, now, actor, "version.freeze", assessment.title, f"第 {number} 版 {version.digest}")
    return version


def next_number(session: Session, assessment_id: int) -> int:
    query = select(func.max(ScoreVersion.number)).where(ScoreVersion.assessment_id == assessment_id)
    number = session.scalar(query)
    return 1 if number is None else number + 1


@permitted(Permission.DECIDE)
def freeze_after_appeal(session: Session, now: datetime, actor: Actor, assessment_id: int, reason: str) -> int:
    """The next version, once something changed in the appeal; its number. Raises NotFound, NotAllowed, BadInput,
    WrongState."""
    assessment = locked_assessment(session, assessment_id)
    shut.require(assessment, Act.FREEZE_AGAIN)
    reason = written(reason, "请写明改动的缘由，各单位会看到。", name="缘由")
    last, live = newest(session, assessment_id), live_body(session, assessment_id)
    if last is not None and same_scores(last.body, live):
        raise WrongState(f"第 {last.line.number} 版之后没有改动，不用形成新版本。")
    version = freeze(session, now, actor, assessment, VersionKind.AFTER_APPEAL, reason, live)
    session.commit()
    return version.number


_LINE = (
    *(ScoreVersion.number, ScoreVersion.kind, ScoreVersion.digest, ScoreVersion.reason),
    *(Account.name, ScoreVersion.made_at),
)


def _line(number: int, kind: str, value: str, reason: str, name: str | None, made_at: datetime) -> VersionLine:
    return VersionLine(number, VersionKind(kind), value, reason, name or "命令行", made_at)


def listing(session: Session, assessment_id: int) -> list[VersionLine]:
    """The oldest first, without their bodies."""
    query = select(*_LINE).outerjoin(Account, Account.id == ScoreVersion.account_id)
    found = session.execute(query.where(ScoreVersion.assessment_id == assessment_id).order_by(ScoreVersion.number))
    return [_line(*row) for row in found]


def version(session: Session, assessment_id: int, number: int) -> Version:
    """A version, checked against its digest: what was altered is refused, never shown. Raises NotFound, Imbalance."""
    query = select(*_LINE, cast(ScoreVersion.body, Text)).outerjoin(Account, Account.id == ScoreVersion.account_id)
    row = session.execute(
        query.where(ScoreVersion.assessment_id == assessment_id, ScoreVersion.number == number)
    ).first()
    if row is None:
        raise NotFound(f"这次考核没有第 {number} 版得分。")
    told, kind, value, reason, name, made_at, text = row
    found = Version(_line(told, kind, value, reason, name, made_at), content(text))
    _check(session, assessment_id, found)
    return found


def _check(session: Session, assessment_id: int, version: Version) -> None:
    line, found = version.line, version.content.digest
    whose = f"第 {line.number} 版（{line.kind.label}）得分"
    if found != line.digest:
        raise Imbalance(
            f"{whose}形成之后数据有改动：现在的数据算出 {found}，形成时是 {line.digest}。请保留现场并联系管理员。"
        )
    if version.content.label != (assessment_id, line.number, line.kind.value):
        raise Imbalance(f"{whose}的编号或种类被改动过。请保留现场并联系管理员。")
    if line.kind is VersionKind.CERTIFIED and len(certifiers(session, assessment_id, line.digest)) < two_hands.HANDS:
        raise Imbalance(f"{whose}的封存码没有两个人的核定记录，可能被改动过。请保留现场并联系管理员。")


def newest(session: Session, assessment_id: int) -> Version | None:
    """Raises Imbalance."""
    number = next_number(session, assessment_id) - 1
    return version(session, assessment_id, number) if number else None


def certified(session: Session, assessment_id: int) -> Version:
    """The certified version of a certified assessment. Raises Imbalance."""
    found = newest(session, assessment_id)
    if found is None or found.line.kind is not VersionKind.CERTIFIED:
        raise Imbalance("考核已核定，却没有核定的版本。请保留现场并联系管理员。")
    return found


def certificates(session: Session, assessment_id: int) -> set[str]:
    """The digests under which there is a hand."""
    return set(two_hands.signs(session, assessment_id, CERTIFY))


def certifiers(session: Session, assessment_id: int, subject: str) -> list[tuple[str, datetime]]:
    """Who approved a version of this digest, and when."""
    return [(each.name, each.made_at) for each in two_hands.signs(session, assessment_id, CERTIFY).get(subject, ())]


def verify(session: Session, assessment_id: int) -> list[VersionLine]:
    """Checks every version, and that a certified assessment still has the scores that were certified.

    Raises NotFound, WrongState when there is no version, Imbalance.
    """
    assessment = assessment_of(session, assessment_id)
    lines = listing(session, assessment_id)
    if not lines:
        raise WrongState("这次考核还没有形成过版本，没有可以核对的。")
    for line in lines:
        version(session, assessment_id, line.number)
    unaltered(session, assessment)
    return lines


def unaltered(session: Session, assessment: Assessment) -> VersionLine | None:
    """The version that a certified assessment's scores are still those of; None before the certificate.

    Raises Imbalance.
    """
    if not AssessmentState(assessment.state).is_final:
        return None
    found = certified(session, assessment.id)
    if not same_scores(found.body, live_body(session, assessment.id)):
        raise Imbalance("核定之后打分、事件或规则被改动过，与核定的版本不一致。请保留现场并联系管理员。")
    return found.line


CSV_TITLES = (
    *("单位", "类别", "名次", "最后得分", "等次", "基础分", "加分", "扣分"),
    *("行", "测评内容", "种类", "满分", "状态", "得分", "打分", "事件", "免考"),
)


def to_csv(record: ScoreRecord) -> bytes:
    """A line for each row of each unit, for Excel."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(CSV_TITLES)
    for unit in record.units:
        head = _head(unit)
        for row in unit.rows:
            writer.writerow([harmless(value) for value in (*head, *_cells(row), *_sources(row))])
    return text.getvalue().encode("utf-8-sig")


def _head(unit: UnitRecord) -> list[str | int | None]:
    result = unit.result
    figures = (_shown(each) for each in (result.base, result.bonus, result.deduction))
    return [unit.name, unit.category, result.rank, _shown(result.final), result.band, *figures]


def _cells(row: RowRecord) -> list[str]:
    standard = row.row.standard
    points = "" if standard.kind is Kind.VETO else str(standard.points)
    got = "" if row.worth is None else str(shown(row.worth))
    return [row.key, row.row.content.name, standard.kind.label, points, row.state.label, got]


def _sources(row: RowRecord) -> list[str]:
    exemption = row.exemption
    return [
        "；".join(f"{mark.department} {plain(mark.points)}" for mark in row.marks),
        "；".join(f"{event.document} {plain(event.points)}" for event in row.events if event.counts),
        "" if exemption is None else f"{exemption.document} {exemption.reason}",
    ]


def _shown(figure: Figure | None) -> str:
    return "" if figure is None else figure.shown
