"""What a unit puts forward with an objection: files, links and document numbers, until it is answered."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts import audit
from surveys.acts.actors import Actor, Permission
from surveys.acts.errors import NotFound, WrongState
from surveys.acts.permitted import permitted
from surveys.acts.site import Site
from surveys.evidence.checklists import Handed, handed_of
from surveys.evidence.materials import Download, Entry, download, new_material, own_material, same_as, stored_file
from surveys.outcome import replies
from surveys.storage.tables import Material, Objection, Unit

MOST_PER_OBJECTION = 30


@permitted(Permission.SEE_OWN_UNIT)
def object_with(
    session: Session,
    now: datetime,
    actor: Actor,
    unit_id: int,
    row_key: str,
    reason: str,
    entries: Sequence[Entry],
) -> int:
    """An objection together with what supports it, both or none; the objection's id. Raises like
    `replies.object_to`."""
    objection = replies.add_objection(session, now, actor, unit_id, row_key, reason)
    unit = session.get_one(Unit, unit_id)
    for entry in entries:
        _add(session, now, actor, unit, objection, entry)
    session.commit()
    return objection.id


@permitted(Permission.SEE_OWN_UNIT)
def object_with_file(
    site: Site,
    now: datetime,
    actor: Actor,
    unit_id: int,
    row_key: str,
    reason: str,
    name: str,
    stream: BinaryIO,
    more: Sequence[Entry] = (),
) -> int:
    """The same with a file, which is checked and stored before. Raises BadInput for a file that cannot be taken."""
    with site.database.reading() as session:
        replies.check_objection(session, now, actor, unit_id, row_key, reason)
    with stored_file(site, name, stream) as entry, site.database.writing() as session:
        return object_with(session, now, actor, unit_id, row_key, reason, [entry, *more])


@permitted(Permission.SEE_OWN_UNIT)
def add(session: Session, now: datetime, actor: Actor, unit_id: int, objection_id: int, entry: Entry) -> int:
    """Adds to an objection that has no answer yet and returns the material's id. The same thing again returns the same
    id. Raises NotFound, WrongState."""
    unit, objection = replies.own_waiting(session, now, actor, unit_id, objection_id)
    handed = put_forward(session, [objection_id]).get(objection_id, [])
    there = same_as(entry, handed)
    if there is not None:
        return there
    if len(handed) >= MOST_PER_OBJECTION:
        raise WrongState(f"这条申诉已有 {MOST_PER_OBJECTION} 份依据，不能再加。请把材料合并成少数几个文件。")
    material = _add(session, now, actor, unit, objection, entry)
    session.commit()
    return material.id


@permitted(Permission.SEE_OWN_UNIT)
def add_file(
    site: Site, now: datetime, actor: Actor, unit_id: int, objection_id: int, name: str, stream: BinaryIO
) -> int:
    """The same with a file. Raises BadInput for one that cannot be taken."""
    with site.database.reading() as session:
        replies.own_waiting(session, now, actor, unit_id, objection_id, lock=False)
    with stored_file(site, name, stream) as entry, site.database.writing() as session:
        return add(session, now, actor, unit_id, objection_id, entry)


def _add(session: Session, now: datetime, actor: Actor, unit: Unit, objection: Objection, entry: Entry) -> Material:
    material = new_material(now, actor, unit, objection.row_key, entry)
    material.objection_id = objection.id
    session.add(material)
    session.flush()
    audit.record(session, now, actor, "objection.add", f"{unit.name} {objection.row_key}", entry.words)
    return material


@permitted(Permission.SEE_OWN_UNIT)
def withdraw(session: Session, now: datetime, actor: Actor, unit_id: int, material_id: int) -> Material:
    """Takes back what was put forward, before the answer. Raises NotFound, NotAllowed, WrongState."""
    material = own_material(session, actor, material_id)
    if material.objection_id is None:
        raise NotFound("这份材料不是随申诉交的。")
    unit, objection = replies.own_waiting(session, now, actor, unit_id, material.objection_id)
    session.refresh(material)
    if material.withdrawn_at is not None:
        raise WrongState("这份依据已经撤回。")
    material.withdrawn_at = now
    audit.record(session, now, actor, "objection.take_back", f"{unit.name} {objection.row_key}", material.name)
    session.commit()
    return material


def put_forward(session: Session, objection_ids: Collection[int]) -> dict[int, list[Handed]]:
    """What stands with each of these objections, the oldest first."""
    query = select(Material).where(Material.objection_id.in_(objection_ids), Material.withdrawn_at.is_(None))
    found: dict[int, list[Handed]] = {}
    for each in handed_of(session, session.scalars(query.order_by(Material.id)).all()):
        assert each.material.objection_id is not None
        found.setdefault(each.material.objection_id, []).append(each)
    return found


@permitted(Permission.DECIDE)
def file_for_office(site: Site, actor: Actor, unit_id: int, material_id: int) -> Download:
    """A file that a unit put forward. Raises NotFound, NotAllowed."""
    with site.database.reading() as session:
        material = session.get(Material, material_id)
    if material is None or material.unit_id != unit_id or material.objection_id is None:
        raise NotFound("这个单位没有这份申诉依据。")
    return download(site, material)
