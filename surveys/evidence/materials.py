"""Handing in material (材料报送): a unit's reporter gives files, links and document numbers for the own rows."""

import errno
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from enum import StrEnum
from typing import BinaryIO
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts import audit, editions
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import BadInput, NotAllowed, NotFound, WrongState
from surveys.acts.permitted import permitted
from surveys.acts.site import Site
from surveys.evidence.checklists import REPORT_TITLE, Handed, UnitChecklist, handed_of, unit_checklist
from surveys.evidence.uploads.evidence_files import UnfitFile, clean_file_name, kind_of
from surveys.intake.cleaning import clean_line
from surveys.season import shut
from surveys.season.assessments import held_assessment, locked_assessment, unit_of
from surveys.season.shut import Act
from surveys.storage.tables import Material, Review, Unit

MOST_PER_ITEM = 30
MOST_ADDRESS = 500
MOST_NUMBER = 200
MOST_TITLE = 100
_UNFIT_IN_ADDRESS = re.compile(r"[\s\x00-\x1f\x7f<>\"\\^`{|}]")


class MaterialKind(StrEnum):
    FILE = "file"
    LINK = "link"
    DOCUMENT = "document"

    @property
    def label(self) -> str:
        return {"file": "文件", "link": "链接", "document": "文号"}[self.value]


@dataclass(frozen=True)
class Place:
    """Where a material belongs in the own unit's checklist. `row_key` empty: the annual report."""

    row_key: str
    item: int


@dataclass(frozen=True)
class Entry:
    """What is handed in. Made by `link`, `document` or `stored_file`."""

    kind: MaterialKind
    name: str
    reference: str = ""
    digest: str | None = None
    size: int | None = None
    media_type: str = ""

    @property
    def words(self) -> str:
        """For the audit log."""
        return f"{self.name} {self.digest or self.reference}"


@dataclass(frozen=True)
class Download:
    """A file to be sent as an attachment. Whoever takes it closes `stream`."""

    name: str
    media_type: str
    size: int
    stream: BinaryIO


def link(address: str, title: str) -> Entry:
    """Raises BadInput."""
    address = address.strip()
    try:
        parts = urlsplit(address)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
        _ = parts.port
    except ValueError:
        whole = False
    if not whole or _UNFIT_IN_ADDRESS.search(address):
        raise BadInput("链接须以 http:// 或 https:// 开头，中间没有空格。请从浏览器的地址栏整条复制。")
    if len(address) > MOST_ADDRESS:
        raise BadInput(f"链接太长，最多 {MOST_ADDRESS} 个字符。请改为上传文件。")
    return Entry(MaterialKind.LINK, _title(title) or str(parts.hostname), address)


def document(number: str, title: str) -> Entry:
    """Raises BadInput."""
    number = clean_line(number)
    if not number or len(number) > MOST_NUMBER:
        raise BadInput(f"请填写文号，最多 {MOST_NUMBER} 个字。")
    return Entry(MaterialKind.DOCUMENT, _title(title) or number, number)


def _title(text: str) -> str:
    title = clean_line(text)
    if len(title) > MOST_TITLE:
        raise BadInput(f"名称最多 {MOST_TITLE} 个字。")
    return title


@permitted(Permission.SEE_OWN_UNIT)
def hand_in_file(site: Site, now: datetime, actor: Actor, place: Place, name: str, stream: BinaryIO) -> int:
    """Checks what the file is, stores it, hands it in and returns the material's id.

    Raises NotFound, NotAllowed, WrongState, BadInput. Outside a transaction until the file is stored: voters wait for
    nobody's 50 MB.
    """
    with site.database.reading() as session:
        _open_row(session, actor, place)
    with stored_file(site, name, stream) as entry, site.database.writing() as session:
        return hand_in(session, now, actor, site.settings.time_zone, place, entry)


@contextmanager
def stored_file(site: Site, name: str, stream: BinaryIO) -> Iterator[Entry]:
    """A file, checked and stored, for as long as it takes to commit what refers to it. Raises BadInput, WrongState."""
    try:
        name = clean_file_name(name)
        kind = kind_of(name, stream)
    except UnfitFile as error:
        raise BadInput(str(error)) from None
    with room_on_disk(), site.files.in_use():
        stored = site.files.keep(stream)
        yield Entry(MaterialKind.FILE, name, "", stored.digest, stored.size, kind.media_type)


@contextmanager
def room_on_disk() -> Iterator[None]:
    """A full disk as a refusal in words. Raises WrongState."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise WrongState("服务器的存储空间不够，文件没有收下。请告诉管理员，腾出空间后再交。") from None


@permitted(Permission.SEE_OWN_UNIT)
def hand_in(session: Session, now: datetime, actor: Actor, zone: tzinfo, place: Place, entry: Entry) -> int:
    """Adds a material to the own unit's checklist and returns its id. The same thing again returns the same id: a
    reporter whose network broke sends twice. Raises NotFound, NotAllowed, WrongState, BadInput.
    """
    checklist = _open_row(session, actor, place, lock=True)
    unit, due_on = checklist.unit, checklist.assessment.material_due_on
    handed = checklist.row(place.row_key).item(place.item).handed
    there = same_as(entry, handed)
    if there is not None:
        return there
    if len(handed) >= MOST_PER_ITEM:
        raise WrongState(f"这一项已有 {MOST_PER_ITEM} 份材料，不能再加。请把材料合并成少数几个文件。")
    material = new_material(now, actor, unit, place.row_key, entry)
    material.item = place.item
    material.late = due_on is not None and now.astimezone(zone).date() > due_on
    session.add(material)
    detail = f"第 {place.item} 项 {entry.words}"
    audit.record(session, now, actor, "material.hand_in", subject(unit, place.row_key), detail)
    session.commit()
    return material.id


def same_as(entry: Entry, handed: Iterable[Handed]) -> int | None:
    """The id of the material among these that is the same thing."""
    wanted = (entry.kind.value, entry.reference, entry.digest)
    found = (each.material for each in handed)
    return next((each.id for each in found if (each.kind, each.reference, each.digest) == wanted), None)


def new_material(now: datetime, actor: Actor, unit: Unit, row_key: str, entry: Entry) -> Material:
    """For the row as a whole, in time."""
    return Material(
        unit_id=unit.id,
        row_key=row_key,
        item=0,
        kind=entry.kind.value,
        name=entry.name,
        reference=entry.reference,
        digest=entry.digest,
        size=entry.size,
        media_type=entry.media_type,
        late=False,
        account_id=actor.account_id,
        made_at=now,
    )


def subject(unit: Unit, row_key: str) -> str:
    """What the audit log calls a row of a unit."""
    return f"{unit.name} {row_key or REPORT_TITLE}"


@permitted(Permission.SEE_OWN_UNIT)
def own_checklist(session: Session, actor: Actor) -> UnitChecklist:
    """Of the reporter's unit. Raises NotAllowed."""
    return unit_checklist(session, _own_unit(session, actor))


@permitted(Permission.SEE_OWN_UNIT)
def receipt(session: Session, actor: Actor, material_id: int) -> tuple[UnitChecklist, Handed]:
    """A material of the own unit, one that was withdrawn or came with an objection too. Raises NotFound, NotAllowed."""
    material = own_material(session, actor, material_id)
    return own_checklist(session, actor), handed_of(session, [material])[0]


@permitted(Permission.SEE_OWN_UNIT)
def own_file(site: Site, actor: Actor, material_id: int) -> Download:
    """Raises NotFound, NotAllowed."""
    with site.database.reading() as session:
        material = own_material(session, actor, material_id)
    return download(site, material)


def download(site: Site, material: Material) -> Download:
    """The file of a material that stands. Raises NotFound."""
    if material.withdrawn_at is not None or material.digest is None:
        raise NotFound("没有这个文件，可能已被撤回。")
    stream = site.files.open(material.digest)
    if stream is None:
        raise NotFound("这个文件不在服务器的存储里。请告诉管理员核对备份。")
    return Download(material.name, material.media_type, material.size or 0, stream)


@permitted(Permission.SEE_OWN_UNIT)
def withdraw(session: Session, now: datetime, actor: Actor, material_id: int) -> Material:
    """Takes a material back before anybody has reviewed it. Raises NotFound, NotAllowed, WrongState."""
    material = own_material(session, actor, material_id, lock=True)
    if material.objection_id is not None:
        raise NotFound("这份材料是随申诉交的，请到那条申诉下面撤回。")
    if material.withdrawn_at is not None:
        raise WrongState("这份材料已经撤回。")
    if session.scalar(select(Review.id).where(Review.material_id == material_id).limit(1)) is not None:
        raise WrongState("这份材料已经审核，不能撤回。需要更正时请另交一份。")
    unit = unit_of(session, material.unit_id)
    _require_marking(unit)
    material.withdrawn_at = now
    audit.record(session, now, actor, "material.withdraw", subject(unit, material.row_key), material.name)
    session.commit()
    return material


@permitted(Permission.DECIDE)
def set_due(
    session: Session,
    now: datetime,
    actor: Actor,
    zone: tzinfo,
    assessment_id: int,
    due_on: date | None,
    base: str | None = None,
) -> None:
    """Sets the deadline, a whole day included. What a later deadline covers is no longer late; an earlier one makes
    nothing late that came in time; after marking what came late stays late. Raises NotFound, NotAllowed, WrongState,
    BadInput.
    """
    assessment = locked_assessment(session, assessment_id)
    shut.require(assessment, Act.DUE_DATE)
    if due_on is not None and not 2000 <= due_on.year <= 2100:
        raise BadInput("截止日期的年份不对，请重新选日期。")
    saved, typed = (None if day is None else day.isoformat() for day in (assessment.material_due_on, due_on))
    editions.check_value(base, "due", saved, typed, "截止日期")
    assessment.material_due_on = due_on
    late = select(Material).join(Unit, Unit.id == Material.unit_id).where(Unit.assessment_id == assessment_id)
    for material in session.scalars(late.where(Material.late)):
        material.late = due_on is not None and material.made_at.astimezone(zone).date() > due_on
    detail = "不设期限" if due_on is None else str(due_on)
    audit.record(session, now, actor, "material.due", assessment.title, detail, before=saved, after=typed)
    session.commit()


def _own_unit(session: Session, actor: Actor, *, lock: bool = False) -> Unit:
    if actor.unit_id is None:
        raise NotAllowed("只有报送员可以报送材料，而且只报送本单位的。")
    if lock:
        held_assessment(session, unit_of(session, actor.unit_id).assessment_id)
        # Two at once: one after the other, so that the same file is not taken twice.
        session.execute(select(Unit.id).where(Unit.id == actor.unit_id).with_for_update())
    return unit_of(session, actor.unit_id)


def own_material(session: Session, actor: Actor, material_id: int, *, lock: bool = False) -> Material:
    """Of the reporter's unit, whatever became of it. Raises NotFound, NotAllowed."""
    unit = _own_unit(session, actor)
    if lock:
        held_assessment(session, unit.assessment_id)
    material = session.get(Material, material_id, with_for_update=True if lock else None)
    if material is None or material.unit_id != unit.id:
        raise NotFound("本单位没有这份材料。")
    return material


def _open_row(session: Session, actor: Actor, place: Place, *, lock: bool = False) -> UnitChecklist:
    """The own checklist, when something may be handed in at this place."""
    unit = _own_unit(session, actor, lock=lock)
    checklist = unit_checklist(session, unit)
    row = checklist.row(place.row_key)
    row.item(place.item)
    if not row.open:
        raise WrongState(f"{row.label} 现在不用本单位报送材料。")
    _require_marking(unit)
    return checklist


def _require_marking(unit: Unit) -> None:
    shut.require(unit.assessment, Act.HAND_IN)
