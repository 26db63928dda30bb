"""Looking after the files on the disk: whether each is there and unchanged, and which nothing refers to any more."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts import audit
from surveys.acts.actors import Actor, Permission
from surveys.acts.permitted import permitted
from surveys.acts.site import Site
from surveys.evidence.checklists import assessment_checklists
from surveys.season.assessments import assessment_of
from surveys.storage.tables import Assessment, Material, Proceeding, Unit


@dataclass(frozen=True)
class DamagedFile:
    """A file that is gone or not what was kept. `refers`: the unit, row and name of what refers to it."""

    digest: str
    gone: bool
    refers: str


@dataclass(frozen=True)
class Checked:
    files: int
    damaged: tuple[DamagedFile, ...]


def check(site: Site, session: Session, assessment_id: int) -> Checked:
    """Reads every file that a material or a record of the assessment refers to. Raises NotFound."""
    assessment = assessment_of(session, assessment_id)
    materials, photos = _check_materials(site, session, assessment), _check_photos(site, session, assessment)
    return Checked(materials.files + photos.files, materials.damaged + photos.damaged)


def _check_materials(site: Site, session: Session, assessment: Assessment) -> Checked:
    query = (
        select(Material, Unit)
        .join(Unit, Unit.id == Material.unit_id)
        .where(Unit.assessment_id == assessment.id, Material.digest.is_not(None), Material.withdrawn_at.is_(None))
        .order_by(Unit.position, Material.id)
    )
    refers: dict[str, list[str]] = {}
    for material, unit in session.execute(query):
        refers.setdefault(material.digest or "", []).append(f"{unit.name} {material.row_key} {material.name}")
    damaged = [
        DamagedFile(digest, not site.files.path(digest).exists(), "；".join(names))
        for digest, names in refers.items()
        if not site.files.is_whole(digest)
    ]
    return Checked(len(refers), tuple(damaged))


def _check_photos(site: Site, session: Session, assessment: Assessment) -> Checked:
    query = (
        select(Proceeding, Unit)
        .join(Unit, Unit.id == Proceeding.unit_id)
        .where(Unit.assessment_id == assessment.id, Proceeding.digest.is_not(None))
        .order_by(Unit.position, Proceeding.id)
    )
    refers: dict[str, list[str]] = {}
    for record, unit in session.execute(query):
        refers.setdefault(record.digest or "", []).append(f"{unit.name} 第 {record.id} 号记录的照片")
    damaged = [
        DamagedFile(digest, not site.photos.path(digest).exists(), "；".join(names))
        for digest, names in refers.items()
        if not site.photos.is_whole(digest)
    ]
    return Checked(len(refers), tuple(damaged))


@permitted(Permission.DECIDE)
def clean(site: Site, now: datetime, actor: Actor) -> int:
    """Takes away the files that nothing refers to, those of withdrawn materials too, and what uploads left behind.

    Returns how many files went.
    """
    with site.files.alone(), site.database.writing() as session:
        needed = set(session.scalars(select(Material.digest).where(Material.withdrawn_at.is_(None))))
        needed |= set(session.scalars(select(Proceeding.digest)))
        unneeded = [digest for digest in site.files.digests() if digest not in needed]
        for digest in unneeded:
            site.files.remove(digest)
        site.files.remove_unfinished()
        site.unfinished.remove_old()
        if unneeded:
            audit.record(session, now, actor, "material.clean", "材料存储", f"{len(unneeded)} 个文件")
            session.commit()
    return len(unneeded)


def counts_to_json(session: Session, assessment_id: int) -> dict[str, Any]:
    """The shape of `assessment materials --json`. Raises NotFound."""
    assessment = assessment_of(session, assessment_id)
    due_on = assessment.material_due_on
    return {
        "assessment": assessment.id,
        "title": assessment.title,
        "due_on": None if due_on is None else due_on.isoformat(),
        "units": [
            {"id": each.unit.id, "unit": each.unit.name, "category": each.unit.category, **vars(each.totals)}
            for each in assessment_checklists(session, assessment)
        ],
    }
