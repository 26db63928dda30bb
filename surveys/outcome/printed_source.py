"""What the report and the letters of an assessment are made from: from the certificate on the certified version,
checked against its digest, the same whenever they are made; before that what the tables say now, as a draft."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo

from sqlalchemy.orm import Session

from surveys.acts import audit_chain
from surveys.acts.audit_chain import Head
from surveys.acts.hands import NO_AUDITOR
from surveys.catalog.model import plain
from surveys.outcome import versions
from surveys.outcome.score_record import ScoreRecord
from surveys.outcome.unit_record import UnitRecord
from surveys.scoring.assessment_states import AssessmentState, VersionKind
from surveys.scoring.exact import shown
from surveys.scoring.score_sheet import RowState
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
    """The certified version. `hands`: who certified it, and when; `log_head`: of the audit log once the last had."""

    number: int
    kind: VersionKind
    digest: str
    hands: tuple[tuple[str, datetime], ...]
    log_head: Head | None


@dataclass(frozen=True)
class PresentRecord:
    """The record that counts now. `certificate`: None while it is a draft."""

    record: ScoreRecord
    certificate: Certificate | None

    @property
    def draft(self) -> str | None:
        """Why what is printed is not final, or None."""
        return DRAFT if self.certificate is None else None

    def printed_moves(self, unit: UnitRecord) -> list[str]:
        """Why the unit's band is another than its score alone comes to, for paper: one made of a version frozen before
        papers said it keeps its words."""
        return [] if self.record.format in _SILENT_ON_MOVES else unit.result.band_moves(self.record.rules)

    @property
    def band_rule(self) -> str:
        """How bands are given, in words."""
        rules = self.record.rules
        bands = "，".join(f"{plain(band.floor)} 分以上{band.name}" for band in rules.bands[:-1])
        quota = (
            ""
            if rules.top_quota is None
            else f"；{rules.bands[0].name}不超过本类别的 {plain(rules.top_quota * 100)}%，被否决的单位不占名额"
        )
        return f"等次：{bands}，其余{rules.bands[-1].name}{quota}；一票否决的，等次不高于{rules.veto_band}。"


def democratic_words(unit: UnitRecord) -> str:
    """What the polls of a unit come to where that counts, else why not, for a cell of a table."""
    row = unit.democratic
    if row is None:
        return "—"
    if row.is_confirmed and row.worth is not None:
        return f"确认 {shown(row.worth)}"
    score = row.vote.score if row.is_by_vote and row.vote is not None else None
    return _NOT_BY_VOTE.get(row.state, "—") if score is None else str(shown(score))


def present_record(session: Session, assessment_id: int, live: Callable[[], Document] | None = None) -> PresentRecord:
    """`live`: what is enough of the draft, where it need not be all of it. Raises NotFound, Imbalance."""
    assessment = assessment_of(session, assessment_id)
    if not AssessmentState(assessment.state).is_final:
        body = live() if live else versions.live_body(session, assessment_id)
        return PresentRecord(ScoreRecord.from_json(body), None)
    found = versions.certified(session, assessment_id)
    hands = tuple(versions.certifiers(session, assessment_id, found.line.digest))
    last = max((made_at for _, made_at in hands), default=None)
    head = audit_chain.head_after(session, "assessment.certify", found.record.title, last)
    line = found.line
    return PresentRecord(found.record, Certificate(line.number, line.kind, line.digest, hands, head))


def footing(found: PresentRecord) -> str:
    """At the foot of every page: which version the figures are of."""
    certificate = found.certificate
    if certificate is None:
        return ""
    return f"数据出自第 {certificate.number} 版得分（{certificate.kind.label}）　封存码 {certificate.digest}"


def certificate_words(found: PresentRecord, zone: tzinfo) -> Iterator[str]:
    """Which version the figures are of and who certified it; nothing of a draft."""
    certificate = found.certificate
    if certificate is None:
        return
    hands = "、".join(f"{name}（{made_at.astimezone(zone):%Y-%m-%d %H:%M}）" for name, made_at in certificate.hands)
    yield f"数据出自第 {certificate.number} 版得分（{certificate.kind.label}），由{hands}核定。"
    yield f"封存码：{certificate.digest}"
    if found.record.rules.unaudited:
        yield NO_AUDITOR
    if certificate.log_head is not None:
        yield f"核定时的操作日志头：{certificate.log_head}"
