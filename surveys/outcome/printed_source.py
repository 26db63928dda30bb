"""What the report and the letters of an assessment are made from: from the certificate on the certified version,
checked against its digest, the same whenever they are made; before that what the tables say now, as a draft."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from functools import cached_property

from sqlalchemy.orm import Session

from surveys.catalog.model import Framework, Method, Row, plain
from surveys.outcome import versions
from surveys.outcome.record_writing import band_moves, score_of, worth_of
from surveys.scoring.assessment_states import AssessmentState, VersionKind
from surveys.scoring.exact import Score, shown
from surveys.scoring.score_sheet import RowState, ScoringRules
from surveys.scoring.teams import TeamScore, combined
from surveys.season.assessments import assessment_of
from surveys.storage.tables import Document

DRAFT = "考核尚未核定，数字可能变动"
_SILENT_ON_MOVES = ("ceping-scores/1", "ceping-scores/2", "ceping-scores/3")
_NOT_BY_VOTE = {
    RowState.NOT_APPLICABLE: "不适用",
    RowState.EXEMPTED: "免考",
    RowState.PENDING: "待定",
    RowState.WITHHELD: "不计分",
}


@dataclass(frozen=True)
class Certificate:
    """The certified version. `hands`: who certified it, and when."""

    number: int
    kind: VersionKind
    digest: str
    hands: tuple[tuple[str, datetime], ...]


@dataclass(frozen=True)
class PrintedRow:
    """A row of a unit's sheet: as the framework has it, and its record."""

    row: Row
    record: Document

    @property
    def state(self) -> RowState:
        return RowState(self.record["state"])

    @property
    def got(self) -> Score | None:
        return score_of(worth_of(self.row.standard, self.record))

    @property
    def is_democratic(self) -> bool:
        return Method.DEMOCRATIC in self.row.standard.methods

    @property
    def is_confirmed(self) -> bool:
        """Whether two people set the democratic row's points."""
        return self.is_democratic and self.state is RowState.MARKED and bool(self.record["marks"])

    @property
    def is_by_vote(self) -> bool:
        """Whether the polls' score is what the row is marked by."""
        return self.is_democratic and self.state is RowState.MARKED and not self.is_confirmed

    @property
    def vote(self) -> Document | None:
        """The poll as the record has it, on the democratic row."""
        found: Document | None = self.record["democratic"]
        return found


@dataclass(frozen=True)
class PrintedResults:
    """`body`: see `versions.body_of`. `certificate`: None while it is a draft."""

    body: Document
    certificate: Certificate | None

    @property
    def draft(self) -> str | None:
        """Why what is printed is not final, or None."""
        return DRAFT if self.certificate is None else None

    @property
    def title(self) -> str:
        return str(self.body["title"])

    @property
    def units(self) -> list[Document]:
        """In the order of the assessment."""
        found: list[Document] = self.body["units"]
        return found

    @cached_property
    def rules(self) -> ScoringRules:
        return ScoringRules.from_json(self.body["rules"])

    @cached_property
    def frameworks(self) -> Mapping[str, Framework]:
        return {key: Framework.from_json(entry) for key, entry in self.body["frameworks"].items()}

    @cached_property
    def _rows(self) -> Mapping[str, Mapping[str, Row]]:
        return {key: {row.standard.key: row for row in framework.rows()} for key, framework in self.frameworks.items()}

    @property
    def categories(self) -> list[str]:
        return list(dict.fromkeys(unit["category"] for unit in self.units))

    def ranked(self, category: str) -> list[Document]:
        """One category, best first, units without a rank last."""
        own = [unit for unit in self.units if unit["category"] == category]
        return sorted(own, key=lambda unit: (unit["result"]["rank"] is None, unit["result"]["rank"]))

    def band_moves(self, unit: Document) -> list[str]:
        """Why the unit's band is another than its score alone comes to."""
        return band_moves(unit["result"], self.rules)

    def printed_moves(self, unit: Document) -> list[str]:
        """The same on paper: one made of a version frozen before papers said it keeps its words."""
        return [] if self.body["format"] in _SILENT_ON_MOVES else self.band_moves(unit)

    @property
    def band_rule(self) -> str:
        """How bands are given, in words."""
        rules = self.rules
        bands = "，".join(f"{plain(band.floor)} 分以上{band.name}" for band in rules.bands[:-1])
        quota = (
            ""
            if rules.top_quota is None
            else f"；{rules.bands[0].name}不超过本类别的 {plain(rules.top_quota * 100)}%，被否决的单位不占名额"
        )
        return f"等次：{bands}，其余{rules.bands[-1].name}{quota}；一票否决的，等次不高于{rules.veto_band}。"

    def democratic_words(self, unit: Document) -> str:
        """What the polls of a unit come to where that counts, else why not, for a cell of a table."""
        row = self.democratic(unit)
        if row is None:
            return "—"
        if row.is_confirmed and row.got is not None:
            return f"确认 {shown(row.got)}"
        score = vote_score(row.vote) if row.is_by_vote and row.vote is not None else None
        return _NOT_BY_VOTE.get(row.state, "—") if score is None else str(shown(score))

    def rows(self, unit: Document) -> list[PrintedRow]:
        rows = self._rows[unit["framework"]]
        return [PrintedRow(rows[record["key"]], record) for record in unit["rows"]]

    def democratic(self, unit: Document) -> PrintedRow | None:
        return next((row for row in self.rows(unit) if row.is_democratic), None)


def printed_results(session: Session, assessment_id: int, live: Callable[[], Document] | None = None) -> PrintedResults:
    """`live`: what is enough of the draft, where it need not be all of it. Raises NotFound, Imbalance."""
    assessment = assessment_of(session, assessment_id)
    if not AssessmentState(assessment.state).is_final:
        return PrintedResults(live() if live else versions.live_body(session, assessment_id), None)
    found = versions.certified(session, assessment_id)
    hands = tuple(versions.certifiers(session, assessment_id, found.line.digest))
    return PrintedResults(found.body, Certificate(found.line.number, found.line.kind, found.line.digest, hands))


def vote_score(vote: Document) -> Score | None:
    """What all polls of the unit come to."""
    return combined(
        [TeamScore(each["team"], Decimal(each["weight"]), score_of(each["score"])) for each in vote["teams"]]
    )


def footing(found: PrintedResults) -> str:
    """At the foot of every page: which version the figures are of."""
    certificate = found.certificate
    if certificate is None:
        return ""
    return f"数据出自第 {certificate.number} 版得分（{certificate.kind.label}）　封存码 {certificate.digest}"


def certificate_words(found: PrintedResults, zone: tzinfo) -> Iterator[str]:
    """Which version the figures are of and who certified it; nothing of a draft."""
    certificate = found.certificate
    if certificate is None:
        return
    hands = "、".join(f"{name}（{made_at.astimezone(zone):%Y-%m-%d %H:%M}）" for name, made_at in certificate.hands)
    yield f"数据出自第 {certificate.number} 版得分（{certificate.kind.label}），由{hands}核定。"
    yield f"封存码：{certificate.digest}"
