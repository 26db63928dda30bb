"""A unit's material for the archive, with what came with its objections: one zip with an index, written to disk and
never held in memory."""

import shutil
import tempfile
import unicodedata
import zipfile
from collections.abc import Sequence
from datetime import tzinfo
from pathlib import PurePosixPath

from sqlalchemy.orm import Session

from surveys.acts.actors import Actor, Permission
from surveys.acts.permitted import permitted
from surveys.acts.site import Site
from surveys.evidence.checklists import REPORT_TITLE, Handed, UnitChecklist, unit_checklist
from surveys.evidence.materials import Download, MaterialKind
from surveys.outcome import replies
from surveys.outcome.objection_files import put_forward
from surveys.outcome.replies import Reply
from surveys.reporting.workbooks import SheetPlan, workbook
from surveys.season.assessments import unit_of
from surveys.storage.tables import Material

Objections = Sequence[tuple[Reply, Sequence[Handed]]]
"""Each with what came with it."""

INDEX = "目录.xlsx"
MOST_NAME_BYTES = 240
"""A file system takes 255."""

_TITLES = (
    "行", "内容", "项", "要求的材料", "状态", "方式", "名称", "压缩包里的文件名", "链接或文号",
    "报送时间", "迟交", "报送人", "审核意见", "大小（字节）", "SHA-256", "申诉的答复",
)  # fmt: skip
# A fixed time: the same material gives the same archive to the byte.
_ZIP_TIME = (2000, 1, 1, 0, 0, 0)


@permitted(Permission.DECIDE)
def unit_archive(site: Site, session: Session, actor: Actor, unit_id: int) -> Download:
    """The files that stand, each as 行号-项-名称 or 行号-申诉号-名称, and an index of all items and objections. Raises
    NotFound, NotAllowed."""
    checklist = unit_checklist(session, unit_of(session, unit_id))
    objections = _objections(session, unit_id)
    names = _entry_names(checklist, objections)
    target = tempfile.TemporaryFile(dir=site.settings.data_dir)  # noqa: SIM115 - whoever takes the download closes it
    try:
        missing = set()
        with zipfile.ZipFile(target, "w") as archive:
            for material, name in names.items():
                if not _add(site, archive, material, name):
                    missing.add(material.id)
            archive.writestr(_entry(INDEX), _index(checklist, objections, names, missing, site.settings.time_zone))
        size = target.seek(0, 2)
        target.seek(0)
    except BaseException:
        target.close()
        raise
    name = f"{checklist.unit.name}-{checklist.assessment.title}-材料.zip"
    return Download(name, "application/zip", size, target)


def _entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, _ZIP_TIME)


def _add(site: Site, archive: zipfile.ZipFile, material: Material, name: str) -> bool:
    source = None if material.digest is None else site.files.open(material.digest)
    if source is None:
        return False
    with source, archive.open(_entry(name), "w") as entry:
        shutil.copyfileobj(source, entry, 1024 * 1024)
    return True


def _objections(session: Session, unit_id: int) -> Objections:
    found = replies.objections_of(session, unit_id)
    with_each = put_forward(session, [reply.id for reply in found])
    return [(reply, with_each.get(reply.id, [])) for reply in found]


def _entry_names(checklist: UnitChecklist, objections: Objections) -> dict[Material, str]:
    """行号-项-名称 of each file, 行号-申诉号-名称 of one with an objection; a second of the same name is numbered."""
    found = [
        (f"{row.key or REPORT_TITLE}-{item.number}", each)
        for row in checklist.rows
        for item in row.items
        for each in item.handed
    ]
    found += [(f"{reply.row_key}-{_called(reply)}", each) for reply, handed in objections for each in handed]
    names: dict[Material, str] = {}
    taken = {INDEX}
    for start, each in found:
        if each.material.kind == MaterialKind.FILE:
            name = _free_name(start, each.material.name, taken)
            names[each.material] = name
            taken.add(name.casefold())
    return names


def _called(reply: Reply) -> str:
    return f"申诉{reply.id}"


def _free_name(start: str, name: str, taken: set[str]) -> str:
    ending = PurePosixPath(name).suffix
    stem, number = unicodedata.normalize("NFC", name.removesuffix(ending)), 1
    while True:
        last = ending if number == 1 else f"({number}){ending}"
        room = MOST_NAME_BYTES - len(f"{start}-{last}".encode())
        found = f"{start}-{stem.encode()[:room].decode(errors='ignore')}{last}"
        if found.casefold() not in taken:
            return found
        number += 1


def _index(
    checklist: UnitChecklist, objections: Objections, names: dict[Material, str], missing: set[int], zone: tzinfo
) -> bytes:
    rows = []
    for row in checklist.rows:
        for item in row.items:
            start = [row.key or REPORT_TITLE, row.title, str(item.number), item.text]
            if not item.handed:
                rows.append([*start, item.state.label])
            rows += [[*start, each.state.label, *_line(each, names, missing, zone)] for each in item.handed]
    titles = {row.standard.key: row.content.name for row in checklist.framework.rows()}
    for reply, handed in objections:
        start = [reply.row_key, titles.get(reply.row_key, ""), _called(reply), reply.reason, reply.state.label]
        if not handed:
            rows.append([*start, *[""] * (len(_TITLES) - 6), reply.answer])
        rows += [[*start, *_line(each, names, missing, zone), reply.answer] for each in handed]
    return workbook([SheetPlan("目录", _TITLES, [[*row, *[""] * (len(_TITLES) - len(row))] for row in rows])])


def _line(each: Handed, names: dict[Material, str], missing: set[int], zone: tzinfo) -> list[str]:
    material = each.material
    said = "；".join(f"{said.reviewer}：{said.review.reason}" for said in each.said if said.review.reason)
    place = "（文件不在服务器的存储里）" if material.id in missing else names.get(material, "")
    return [
        MaterialKind(material.kind).label,
        material.name,
        place,
        material.reference,
        f"{material.made_at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
        "迟交" if material.late else "",
        each.reporter,
        said,
        "" if material.size is None else str(material.size),
        material.digest or "",
    ]
