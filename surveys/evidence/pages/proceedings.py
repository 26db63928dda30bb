"""A unit's records (考核记录): what the assessment group did with it; what is missing; the unit's own feedback."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms.fields import SelectChoice

from surveys.acts.actors import Permission
from surveys.acts.errors import NotFound, Refusal
from surveys.evidence import proceeding_boards, proceeding_records, proceedings
from surveys.evidence.pages.forms import InspectionForm, ProceedingForm, WithdrawRecordForm
from surveys.evidence.proceeding_records import ProceedingKind, ProceedingRecord
from surveys.evidence.proceedings import ProceedingEntry, SpeakerNamed
from surveys.evidence.uploads.photos import MEDIA_TYPE, MOST_BYTES
from surveys.season import assessments, shut
from surveys.season.shut import Act
from surveys.web.access import actor, needs, site
from surveys.web.downloads import attachment, uploaded
from surveys.web.forms import ActForm
from surveys.web.request_log import reads
from surveys.web.uploads import ROUND_THE_FILE, size, takes_upload

pages = Blueprint("proceedings", __name__)

PEOPLE = {
    ProceedingKind.REPORT: "审阅人",
    ProceedingKind.HEARING: "听取人",
    ProceedingKind.INSPECTION: "检查人",
    ProceedingKind.TALK: "考核组参加人（不写谈话人）",
    ProceedingKind.FEEDBACK: "反馈人",
}
BODY = {
    ProceedingKind.REPORT: "审阅意见",
    ProceedingKind.HEARING: "汇报和提问情况",
    ProceedingKind.TALK: "谈到的情况（不写谁说的）",
    ProceedingKind.FEEDBACK: "反馈内容",
}


@pages.get("/units/<id:unit_id>/proceedings")
@needs(Permission.REVIEW)
@reads("read.proceedings")
def show(unit_id: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        unit = assessments.unit_of(session, unit_id)
        records = proceeding_records.unit_records(session, actor(), unit_id)
        kinds = proceeding_records.kinds_for(session, actor(), unit_id)
        heard = proceeding_boards.heard_rows_of(session, unit)
        sections = [(kind, [record for record in records if record.kind is kind]) for kind in kinds]
        why = shut.why_shut(unit.assessment, Act.PROCEEDING)
    return render_template(
        "evidence/proceedings/show.html", unit=unit, sections=sections, heard=heard, people=PEOPLE, shut=why
    )


@pages.route("/units/<id:unit_id>/proceedings/new/<kind>", methods=["GET", "POST"])
@needs(Permission.REVIEW)
@takes_upload(MOST_BYTES + ROUND_THE_FILE)
def add(unit_id: int, kind: str) -> ResponseReturnValue:
    """A new record, or with `corrects` one that takes the place of an older one."""
    with site().database.reading() as session:
        opened = _opened(session, unit_id, kind)
    chosen, old, form = opened.kind, opened.old, opened.form
    if request.method != "POST":
        return _form_page(opened)
    try:
        form.checked()
        entry = _entry(chosen, form, old)
        with site().database.writing() as session:
            proceedings.record_proceeding(session, site().now(), actor(), site().photos, unit_id, entry)
    except Refusal as error:
        warned = isinstance(error, SpeakerNamed)
        return _form_page(opened, str(error), warned=warned), 400
    flash(f"{chosen.label}已登记。")
    return _back(unit_id)


@pages.route("/units/<id:unit_id>/proceedings/<id:proceeding_id>/withdraw", methods=["GET", "POST"])
@needs(Permission.REVIEW)
def withdraw(unit_id: int, proceeding_id: int) -> ResponseReturnValue:
    form, fault = WithdrawRecordForm(), None
    if request.method == "POST":
        try:
            form.checked()
            with site().database.writing() as session:
                proceedings.withdraw(session, site().now(), actor(), unit_id, proceeding_id, form.reason.data)
        except Refusal as error:
            fault = str(error)
        else:
            flash("已撤回，原来的记录仍保留。")
            return _back(unit_id)
    with site().database.reading() as session:
        record = _record(session, unit_id, proceeding_id)
        why = shut.why_shut(assessments.unit_of(session, unit_id).assessment, Act.PROCEEDING)
    page = render_template("evidence/proceedings/withdraw.html", record=record, form=form, fault=fault, shut=why)
    return page if fault is None else (page, 400)


@pages.get("/units/<id:unit_id>/proceedings/<id:proceeding_id>/photo")
@needs(Permission.REVIEW)
@reads("read.proceedings")
def photo(unit_id: int, proceeding_id: int) -> ResponseReturnValue:
    with site().database.reading() as session:
        data = proceeding_records.photo(session, actor(), site().photos, unit_id, proceeding_id)
    return uploaded(data, MEDIA_TYPE, f"检查照片-{proceeding_id}.jpg")


@pages.get("/assessments/<id:assessment_id>/proceedings")
@needs(Permission.REVIEW)
@reads("read.proceedings")
def board(assessment_id: int) -> ResponseReturnValue:
    return render_template(
        "evidence/proceedings/board.html",
        board=_board(assessment_id),
        assessment_id=assessment_id,
        steps=list(enumerate(proceeding_boards.STEPS)),
    )


@pages.get("/assessments/<id:assessment_id>/proceedings.csv")
@needs(Permission.REVIEW)
@reads("read.proceedings")
def board_csv(assessment_id: int) -> ResponseReturnValue:
    return attachment(proceeding_boards.to_csv(_board(assessment_id)), "text/csv", "考核记录进度.csv")


@pages.get("/mine/feedback")
@needs(Permission.SEE_OWN_UNIT)
def own_feedback() -> ResponseReturnValue:
    with site().database.reading() as session:
        records = proceeding_records.own_feedback(session, actor())
        unit = assessments.unit_of(session, actor().unit_id or 0)
    return render_template("evidence/proceedings/own.html", unit=unit, records=records, form=ActForm())


@pages.post("/mine/feedback/<id:proceeding_id>/acknowledge")
@needs(Permission.SEE_OWN_UNIT)
def acknowledge(proceeding_id: int) -> ResponseReturnValue:
    ActForm().checked()
    with site().database.writing() as session:
        proceedings.acknowledge(session, site().now(), actor(), proceeding_id)
    flash("已签收。")
    return redirect(url_for("proceedings.own_feedback"))


def _board(assessment_id: int) -> proceeding_boards.ProceedingBoard:
    with site().database.reading() as session:
        return proceeding_boards.board(session, actor(), assessment_id)


@dataclass(frozen=True)
class _Opened:
    """A form for a record of a unit as it was read for a page. `old`: what it corrects."""

    unit: Any  # a row of the database: pages know no tables
    kind: ProceedingKind
    old: ProceedingRecord | None
    form: ProceedingForm
    shut: str | None


def _opened(session: Session, unit_id: int, name: str) -> _Opened:
    """To who may not add it, the page of a kind does not exist."""
    kinds = proceeding_records.kinds_for(session, actor(), unit_id)
    kind = next((kind for kind in kinds if kind.value == name), None)
    if kind is None:
        abort(404)
    unit = assessments.unit_of(session, unit_id)
    old = _corrected(session, unit_id, kind)
    rows = proceeding_records.rows_for(session, actor(), unit_id)
    form = _form(kind, old, rows, in_group=len(kinds) == len(ProceedingKind))
    return _Opened(unit, kind, old, form, shut.why_shut(unit.assessment, Act.PROCEEDING))


def _record(session: Session, unit_id: int, proceeding_id: int) -> ProceedingRecord:
    records = proceeding_records.unit_records(session, actor(), unit_id)
    found = next((record for record in records if record.id == proceeding_id), None)
    if found is None:
        raise NotFound("这个单位没有这条记录。")
    return found


def _corrected(session: Session, unit_id: int, kind: ProceedingKind) -> ProceedingRecord | None:
    number = request.args.get("corrects", type=int)
    if number is None:
        return None
    record = _record(session, unit_id, number)
    return record if record.kind is kind else abort(404)


def _form(
    kind: ProceedingKind, old: ProceedingRecord | None, rows: Sequence[tuple[str, str]], *, in_group: bool
) -> ProceedingForm:
    today = site().now().astimezone(site().settings.time_zone).date()
    start: dict[str, Any] = {"held_on": today}
    if old is not None:
        start = {"held_on": old.held_on, "people": old.people, "row_key": old.row_key, **_parts(kind, old)}
    form = InspectionForm(data=start) if kind is ProceedingKind.INSPECTION else ProceedingForm(data=start)
    whole = [SelectChoice("", "整个单位，不限哪一行")] if in_group else []
    form.row_key.choices = whole + [SelectChoice(key, f"{key} {name}") for key, name in rows]
    form.people.label.text = PEOPLE[kind]
    if kind in BODY:
        form.body.label.text = BODY[kind]
    return form


def _parts(kind: ProceedingKind, old: ProceedingRecord) -> dict[str, str]:
    """An older record's text, as the form's fields have it."""
    if kind is not ProceedingKind.INSPECTION:
        return {"body": old.text}
    return dict(zip(("what", "where", "finding"), proceedings.inspection_parts(old.text), strict=True))


def _entry(kind: ProceedingKind, form: Any, old: ProceedingRecord | None) -> ProceedingEntry:  # noqa: ANN401
    inspected = kind is ProceedingKind.INSPECTION
    file = form.photo.data if inspected else None
    return ProceedingEntry(
        kind=kind,
        held_on=form.held_on.data,
        people=form.people.data,
        body=proceedings.inspection_body(form.what.data, form.where.data, form.finding.data)
        if inspected
        else form.body.data,
        row_key=(form.row_key.data or "") if kind in proceeding_records.SHARED else "",
        photo=proceedings.cleaned(file.read()) if file else None,
        corrects=None if old is None else old.id,
        anonymous=form.anonymous.data,
    )


def _form_page(opened: _Opened, fault: str | None = None, *, warned: bool = False) -> str:
    return render_template(
        "evidence/proceedings/add.html",
        unit=opened.unit,
        shut=opened.shut,
        kind=opened.kind,
        form=opened.form,
        old=opened.old,
        fault=fault,
        warned=warned,
        limits={"bytes": MOST_BYTES, "size": size(MOST_BYTES)},
    )


def _back(unit_id: int) -> ResponseReturnValue:
    return redirect(url_for("proceedings.show", unit_id=unit_id))
