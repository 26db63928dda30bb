"""The report and the letters (反馈函) of an assessment as files."""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum

from sqlalchemy.orm import Session

from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import WrongState
from surveys.acts.permitted import permitted
from surveys.outcome.letter import letter
from surveys.outcome.printed_source import PresentRecord, present_record
from surveys.outcome.replies import own_unit
from surveys.outcome.report import report
from surveys.reporting.documents import Document
from surveys.reporting.stepwise import Work
from surveys.scoring.assessment_states import AssessmentState
from surveys.season.assessments import unit_of

_ZIP_TIME = (2000, 1, 1, 0, 0, 0)


class DocumentFormat(StrEnum):
    PDF = "pdf"
    WORD = "docx"

    @property
    def mimetype(self) -> str:
        return {
            "pdf": "application/pdf",
            "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        }[self.value]

    def written(self, documents: Sequence[Document]) -> Iterator[bytes]:
        if self is DocumentFormat.PDF:
            from surveys.reporting.document_pdf import documents_pdf

            return documents_pdf(documents)
        from surveys.reporting.document_word import documents_word

        return documents_word(documents)


def report_file(session: Session, zone: tzinfo, assessment_id: int, form: DocumentFormat = DocumentFormat.PDF) -> bytes:
    """The report on an assessment. Raises NotFound, WrongState when it has no units, Imbalance."""
    (data,) = form.written([report(_results(session, assessment_id), zone)])
    return data


@dataclass(frozen=True)
class Letters:
    """A letter per unit, in the order of the assessment, still to be written."""

    form: DocumentFormat
    names: tuple[str, ...]
    documents: tuple[Document, ...]

    def zipped(self) -> Work:
        files = self.form.written(self.documents)
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as bundle:
            for number, (name, data) in enumerate(zip(self.names, files, strict=True), start=1):
                entry = zipfile.ZipInfo(f"{number:03}-{_file_name(name)}.{self.form}", _ZIP_TIME)
                bundle.writestr(entry, data, zipfile.ZIP_DEFLATED)
                yield number
        return target.getvalue()


def letters(session: Session, zone: tzinfo, assessment_id: int, form: DocumentFormat = DocumentFormat.PDF) -> Letters:
    """Raises as above. What it gives needs the session no longer."""
    found = _results(session, assessment_id)
    names = tuple(unit.name for unit in found.record.units)
    return Letters(form, names, tuple(letter(found, unit, zone) for unit in found.record.units))


def letter_file(session: Session, zone: tzinfo, unit_id: int, form: DocumentFormat = DocumentFormat.PDF) -> bytes:
    """One unit's letter. Raises NotFound, Imbalance."""
    found = present_record(session, unit_of(session, unit_id).assessment_id)
    return _letter(found, zone, unit_id, form)


@permitted(Permission.SEE_OWN_UNIT)
def own_letter(session: Session, actor: Actor, zone: tzinfo, unit_id: int) -> bytes:
    """The own unit's letter as PDF, once it is final. Raises NotFound, WrongState, Imbalance."""
    unit = own_unit(session, actor, unit_id)
    if not AssessmentState(unit.assessment.state).is_final:
        raise WrongState("考核还没有核定，核定以后才有反馈函。现在的结果请看本单位的计分表。")
    return _letter(present_record(session, unit.assessment_id), zone, unit_id, DocumentFormat.PDF)


def _letter(found: PresentRecord, zone: tzinfo, unit_id: int, form: DocumentFormat) -> bytes:
    (data,) = form.written([letter(found, found.record.unit(unit_id), zone)])
    return data


def _results(session: Session, assessment_id: int) -> PresentRecord:
    found = present_record(session, assessment_id)
    if not found.record.units:
        raise WrongState("这次考核还没有单位，没有可写的报告。")
    return found


def _file_name(name: str) -> str:
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", name).strip(". ")[:60] or "单位"
