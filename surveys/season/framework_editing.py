"""An assessment's own copy of a framework, changed from a workbook: read and shown, then taken over, all or nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from surveys.acts import audit
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import WrongState
from surveys.acts.import_desk import ImportDesk, fingerprint, kept_name
from surveys.acts.permitted import permitted
from surveys.acts.table_files import Tables
from surveys.catalog.model import Framework, Method
from surveys.scoring.assessment_states import AssessmentState
from surveys.season import shut
from surveys.season.assessments import assessment_of, framework_of
from surveys.season.framework_changes import Changes, compare
from surveys.season.framework_workbooks import framework_workbook, parse_workbook
from surveys.season.shut import FROZEN, Act
from surveys.storage.tables import (
    Assessment,
    AssessmentFramework,
    Event,
    Exemption,
    Import,
    Mark,
    Material,
    Proceeding,
    RowChoice,
    RuleVersion,
    Unit,
    UnitTag,
)

DESK = ImportDesk(
    "framework",
    gone="没有等待确认的测评体系：可能已经导入，或又上传了新的文件。请重新上传。",
    moved="测评体系在预览之后有了改动，什么都没有导入。请看新的预览，核对后再确认。",
)
_OnARow = type[Mark] | type[Event] | type[Exemption] | type[RowChoice] | type[Material] | type[Proceeding]
_ON_A_ROW: dict[_OnARow, str] = {
    Mark: "打分",
    Event: "事件",
    Exemption: "免考",
    RowChoice: "选定的测评方法",
    Material: "报送的材料",
    Proceeding: "考核记录",
}


@dataclass(frozen=True)
class FrameworkPreview:
    """What taking a file over would change now. `hindrances`: why it cannot be taken over. `fingerprint`: of both
    editions, the one that is there and the one of the file. `frozen`: it is marked by already, so that only
    `framework_revisions` takes it over."""

    assessment_id: int
    title: str
    key: str
    file_name: str
    old: Framework
    new: Framework
    changes: Changes
    notes: tuple[str, ...]
    hindrances: tuple[str, ...]
    fingerprint: str
    frozen: bool

    @property
    def is_empty(self) -> bool:
        return self.changes.is_empty


def may_edit(assessment: Assessment, session: Session) -> bool:
    """Whether frameworks and rules can still change: before marking starts, and nothing is frozen or marked yet."""
    if assessment.state == AssessmentState.PREPARING:
        return True
    if assessment.state != AssessmentState.MARKING:
        return False
    marked = select(Mark.id).join(Unit, Unit.id == Mark.unit_id).where(Unit.assessment_id == assessment.id)
    frozen = select(RuleVersion.number).where(RuleVersion.assessment_id == assessment.id)
    return session.scalar(marked.limit(1)) is None and session.scalar(frozen.limit(1)) is None


@permitted(Permission.DECIDE)
def export_framework(session: Session, actor: Actor, assessment_id: int, key: str) -> bytes:
    """The assessment's copy as .xlsx: imported again it changes nothing. Raises NotFound, NotAllowed, BadInput."""
    return framework_workbook(framework_of(assessment_of(session, assessment_id), key))


@permitted(Permission.DECIDE)
def read_file(
    session: Session, now: datetime, actor: Actor, assessment_id: int, key: str, file_name: str, tables: Tables
) -> int:
    """Keeps what is in a file to be shown, instead of the account's earlier one; the id to ask for it by.

    Raises NotFound, NotAllowed, WrongState, BadInput; FaultyFile with every fault at its cell.
    """
    assessment = assessment_of(session, assessment_id)
    shut.require(assessment, Act.FRAMEWORK)
    found = parse_workbook(tables, framework_of(assessment, key))
    body = {
        "file": kept_name(file_name),
        "framework": found.framework.to_json(),
        "deleted": list(found.deleted),
        "notes": list(found.notes),
    }
    entry = DESK.keep(session, now, actor, assessment_id, body, replaces=lambda other: other["framework"]["key"] == key)
    audit.record(session, now, actor, "framework.read", assessment.title, f"{key} {body['file']}")
    session.commit()
    return entry.id


@permitted(Permission.DECIDE)
def preview(session: Session, actor: Actor, import_id: int) -> FrameworkPreview:
    """Raises NotFound, NotAllowed."""
    entry = DESK.waiting(session, actor, import_id)
    return previewed(session, assessment_of(session, entry.assessment_id), entry)


@permitted(Permission.DECIDE)
def apply(session: Session, now: datetime, actor: Actor, import_id: int, fingerprint: str) -> FrameworkPreview:
    """Takes the file over, and forgets it. `fingerprint`: of the preview that was shown.

    Raises NotFound, NotAllowed; WrongState when it would change other things than were shown, or cannot be.
    """
    entry = DESK.waiting(session, actor, import_id, take=True)
    found = previewed(session, locked(session, entry.assessment_id), entry)
    DESK.check_shown(found.fingerprint, fingerprint)
    session.delete(entry)
    _take_over(session, now, actor, found)
    return found


@permitted(Permission.DECIDE)
def edit_from_file(
    session: Session,
    now: datetime,
    actor: Actor,
    assessment_id: int,
    key: str,
    file_name: str,
    tables: Tables,
    *,
    write: bool,
) -> FrameworkPreview:
    """Both steps at once, for the command line. Raises like `read_file` and `apply`."""
    assessment = locked(session, assessment_id)
    found = parse_workbook(tables, framework_of(assessment, key))
    shown = _compared(session, assessment, found.framework, found.deleted, kept_name(file_name), found.notes)
    if write:
        _take_over(session, now, actor, shown)
    return shown


def check_editable(assessment: Assessment, session: Session) -> None:
    """Raises WrongState."""
    if not may_edit(assessment, session):
        raise WrongState(FROZEN)


def locked(session: Session, assessment_id: int) -> Assessment:
    """Two changes of one assessment go one after the other."""
    session.execute(select(Assessment.id).where(Assessment.id == assessment_id).with_for_update())
    return assessment_of(session, assessment_id)


def previewed(session: Session, assessment: Assessment, entry: Import) -> FrameworkPreview:
    body = entry.body
    new = Framework.from_json(body["framework"])
    return _compared(session, assessment, new, body["deleted"], body["file"], body["notes"])


def _compared(
    session: Session,
    assessment: Assessment,
    new: Framework,
    deleted: Sequence[str],
    file_name: str,
    notes: Sequence[str],
) -> FrameworkPreview:
    old = framework_of(assessment, new.key)
    changes = compare(old, new)
    return FrameworkPreview(
        assessment.id,
        assessment.title,
        new.key,
        file_name,
        old,
        new,
        changes,
        tuple(notes),
        tuple(_hindrances(session, assessment, old, new, changes, deleted)),
        fingerprint([old.to_json(), new.to_json()]),
        not may_edit(assessment, session),
    )


def _hindrances(
    session: Session,
    assessment: Assessment,
    old: Framework,
    new: Framework,
    changes: Changes,
    deleted: Sequence[str],
) -> Iterator[str]:
    if (why := shut.why_shut(assessment, Act.FRAMEWORK)) is not None:
        yield why
    removed = [change.key for change in changes.removed]
    unmarked = [key for key in removed if key not in deleted]
    if unmarked:
        yield f"上传之后这里新加了 {'、'.join(unmarked)}，文件里没有。请重新导出，在新的表上修改。"
    units = select(Unit.id).where(Unit.assessment_id == assessment.id, Unit.framework == new.key)
    for table, what in _ON_A_ROW.items():
        used = session.scalars(
            select(table.row_key).where(table.unit_id.in_(units), table.row_key.in_(removed)).distinct()
        )
        keys = sorted(used)
        if keys:
            yield f"{'、'.join(keys)} 已有{what}，不能删除。"
    yield from _choices_without_method(session, units, new)
    gone = [tag for tag in old.tags if tag not in new.tags]
    for tag in gone:
        names = list(
            session.scalars(
                select(Unit.name)
                .join(UnitTag, UnitTag.unit_id == Unit.id)
                .where(Unit.id.in_(units), UnitTag.tag == tag)
                .order_by(Unit.position, Unit.id)
            )
        )
        if names:
            more = f"等 {len(names)} 个单位" if len(names) > 3 else ""
            yield f"标签“{tag}”还有单位在用（{'、'.join(names[:3])}{more}），不能删除。请先改单位的标签。"


def _choices_without_method(session: Session, units: Select[int], new: Framework) -> Iterator[str]:
    methods = {row.standard.key: row.standard.methods for row in new.rows()}
    chosen = session.execute(select(RowChoice.row_key, RowChoice.method).where(RowChoice.unit_id.in_(units)).distinct())
    for key, method in sorted((key, method) for key, method in chosen):
        if key in methods and method not in methods[key]:
            yield f"{key} 已有单位选定用“{Method(method).label}”，不能去掉这种测评方法。"


def _take_over(session: Session, now: datetime, actor: Actor, found: FrameworkPreview) -> None:
    hindrances = found.hindrances or ((FROZEN,) if found.frozen else ())
    if hindrances:
        raise WrongState("什么都没有导入。" + "".join(hindrances))
    changes = found.changes
    if not changes.is_empty:
        entry = session.get_one(AssessmentFramework, (found.assessment_id, found.key))
        entry.body = found.new.to_json()
        detail = (
            f"{found.key} {found.file_name}：新增 {len(changes.added)} 条，删除 {len(changes.removed)} 条，"
            f"修改 {len(changes.changed)} 条，移动 {len(changes.moved)} 条，体系信息 {len(changes.framework)} 处"
        )
        audit.record(session, now, actor, "framework.edit", found.title, detail)
    session.commit()
