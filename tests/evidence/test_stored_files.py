"""What lies in the store: counted, checked, cleaned, packed for a unit."""

import io
import json
import threading
import zipfile
from datetime import date

import pytest
import sqlalchemy as sa

from surveys.acts.actors import COMMAND_LINE, Actor
from surveys.acts.errors import NotAllowed, NotFound
from surveys.evidence import checklists, materials, stored_files
from surveys.evidence.materials import Entry, Place
from surveys.evidence.reviews import Verdict
from surveys.intake.tables import read_tables
from surveys.outcome import archives
from surveys.storage.tables import Assessment, AuditEntry, Material
from tests import handed_in
from tests.builders import assessor, build_unit, run_sql
from tests.evidence.ground import REPORT, Ground
from tests.sites import NOW


def test_counts_as_json(ground: Ground) -> None:
    ground.set_due(date(2026, 3, 1))
    ground.review(ground.upload())
    ground.hand_in(materials.document("1号", ""), REPORT)
    with ground.site.database.reading() as session:
        found = json.loads(json.dumps(stored_files.counts_to_json(session, ground.assessment_id)))
    assert found["due_on"] == "2026-03-01"
    first, second = found["units"]
    required = second["missing"]
    assert first == {
        "id": ground.unit_id,
        "unit": "样例局",
        "category": "市直单位",
        "required": required,
        "handed_in": 2,
        "missing": required - 2,
        "waiting": 1,
        "sent_back": 0,
        "accepted": 1,
        "files": 2,
        "late": 2,
    }


def test_checking_the_files(ground: Ground) -> None:
    ground.upload()
    ground.upload("b.png", handed_in.PNG, Place("III-4", 2))
    ground.upload("c.jpg", handed_in.JPEG, Place("III-4", 3))

    def check() -> stored_files.Checked:
        with ground.site.database.reading() as session:
            return stored_files.check(ground.site, session, ground.assessment_id)

    assert check() == stored_files.Checked(3, ())
    paths = [
        ground.site.files.path(item.handed[0].material.digest or "") for item in ground.checklist().row("III-4").items
    ]
    paths[0].unlink()
    paths[1].write_bytes(handed_in.PNG + b"x")
    found = check()
    assert [(each.gone, each.refers) for each in found.damaged] == [
        (True, "样例局 III-4 报告.pdf"),
        (False, "样例局 III-4 b.png"),
    ]
    ground.upload("again.pdf", place=REPORT)
    ground.upload("again.png", handed_in.PNG, REPORT)
    assert not check().damaged  # the same content handed in once more mends it


def test_cleaning_takes_what_nothing_refers_to(ground: Ground) -> None:
    ground.upload()
    gone = ground.upload("b.png", handed_in.PNG)
    ground.upload("c.jpg", handed_in.JPEG)
    ground.withdraw(gone)
    with ground.site.files.in_use():
        ground.site.files.keep(io.BytesIO(b"a broken transaction's"))
    (ground.site.files.folder / ".new-killed").write_bytes(b"x")
    run_sql(
        ground.site,
        "INSERT INTO proceedings (unit_id, row_key, kind, held_on, people, body, digest, media_type, made_at)"
        " SELECT unit_id, row_key, 'inspection', '2026-01-01', '', '', digest, media_type, made_at FROM materials"
        " WHERE name = 'c.jpg'",
    )
    run_sql(ground.site, "DELETE FROM materials WHERE name = 'c.jpg'")
    assert len(ground.stored()) == 4
    assert stored_files.clean(ground.site, NOW, COMMAND_LINE) == 2
    assert len(ground.stored()) == 2
    assert not ground.left_behind()
    with ground.site.database.reading() as session:
        assert session.scalars(sa.select(AuditEntry.act).order_by(AuditEntry.id.desc())).first() == "material.clean"
    assert stored_files.clean(ground.site, NOW, COMMAND_LINE) == 0


@pytest.mark.both
def test_cleaning_waits_for_who_has_stored_and_not_committed(ground: Ground) -> None:
    with ground.site.files.in_use():
        stored = ground.site.files.keep(io.BytesIO(handed_in.PDF))
        thread = threading.Thread(target=stored_files.clean, args=(ground.site, NOW, COMMAND_LINE))
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
        ground.hand_in(Entry(materials.MaterialKind.FILE, "a.pdf", "", stored.digest, stored.size, "application/pdf"))
    thread.join(20)
    assert len(ground.stored()) == 1


def archive(ground: Ground, actor: Actor = COMMAND_LINE) -> tuple[str, bytes]:
    with ground.site.database.reading() as session:
        found = archives.unit_archive(ground.site, session, actor, ground.unit_id)
    with found.stream as stream:
        data = stream.read()
    assert len(data) == found.size
    return found.name, data


def test_the_archive_of_a_unit(ground: Ground) -> None:
    ground.review(ground.upload(), Verdict.MORE, "缺章")
    ground.upload("报告.pdf", handed_in.PDF + b"2")
    ground.upload("长" * 100 + ".pdf", handed_in.PDF + b"3", REPORT)
    ground.withdraw(ground.upload("撤回.png", handed_in.PNG))
    ground.hand_in(materials.document("示例发〔2026〕1号", ""), Place("III-4", 2))
    ground.upload("别人.png", handed_in.PNG, actor=ground.other)
    lost = ground.upload("丢.jpg", handed_in.JPEG, Place("III-7", 1))
    ground.site.files.path(
        next(each.material.digest or "" for each in ground.checklist().row("III-7").handed if each.material.id == lost)
    ).unlink()
    name, data = archive(ground)
    assert name == "样例局-样例考核-材料.zip"
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert found.testzip() is None
        names = found.namelist()
        assert names[1:] == ["III-4-1-报告.pdf", "III-4-1-报告(2).pdf", "目录.xlsx"]
        assert names[0].startswith("年度报告-0-长长")
        assert all(len(each.encode()) <= archives.MOST_NAME_BYTES for each in names)
        assert found.read("III-4-1-报告.pdf") == handed_in.PDF
        (table,) = read_tables("a.xlsx", found.read("目录.xlsx"))
    lines = ["|".join(row.texts) for row in table.rows]
    assert any("III-4|工作保障|1|" in line and "要求补充" in line and "缺章" in line for line in lines)
    assert any("示例发〔2026〕1号" in line and "待审核" in line for line in lines)
    assert any("丢.jpg" in line and "不在服务器的存储里" in line for line in lines)
    assert any(line.startswith("III-3|") and "未交" in line for line in lines)
    assert not any("撤回.png" in line or "别人" in line for line in lines)
    assert archive(ground)[1] == data


def test_who_takes_the_archive(ground: Ground) -> None:
    for actor in (ground.reporter, assessor("考核组")):
        with pytest.raises(NotAllowed):
            archive(ground, actor)


@pytest.mark.both
def test_counts_of_a_season_are_read_in_few_statements(ground: Ground) -> None:
    for number in range(8):
        build_unit(ground.site, f"样例{number}局", assessment_id=ground.assessment_id)
    statements: list[str] = []
    with ground.site.database.reading() as session:
        assessment = session.get_one(Assessment, ground.assessment_id)
        sa.event.listen(session.connection(), "before_cursor_execute", lambda *given: statements.append(given[2]))
        assert len(checklists.assessment_checklists(session, assessment)) == 10
    assert len(statements) < 12


def test_an_objection_s_file_is_no_row_s_material(ground: Ground) -> None:
    material_id = ground.upload()
    run_sql(
        ground.site,
        "INSERT INTO objections (id, unit_id, row_key, version, reason, made_at, state, answer)"
        " SELECT 1, unit_id, row_key, 1, '', made_at, 'open', '' FROM materials",
    )
    with ground.site.database.writing() as session:
        session.get_one(Material, material_id).objection_id = 1
        session.commit()
    assert not ground.item().handed
    with pytest.raises(NotFound):
        ground.review(material_id)
    assert stored_files.clean(ground.site, NOW, COMMAND_LINE) == 0
