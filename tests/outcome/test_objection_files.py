"""Files with an objection: of the own unit, while it waits for its answer and in time; seen by the office, archived."""

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta

import pytest

from surveys.acts.actors import COMMAND_LINE, Actor
from surveys.acts.errors import BadInput, NotAllowed, NotFound, WrongState
from surveys.acts.site import Site
from surveys.evidence import materials, reviews, stored_files
from surveys.intake.tables import read_tables
from surveys.outcome import archives, objection_files
from tests import handed_in
from tests.builders import dump
from tests.seasons import AFTER, Season, build_season
from tests.sites import NOW

LINK = materials.link("https://www.example.cn/a", "报道")
NUMBER = materials.document("示例发〔2026〕3号", "")


@pytest.fixture
def season(site: Site) -> Season:
    return build_season(site).appeal()


def object_with_file(season: Season, actor: Actor | None = None, *, data: bytes = handed_in.PDF, row: str = "III-4"):
    who, stream = actor or season.reporter, io.BytesIO(data)
    return objection_files.object_with_file(
        season.site, NOW, who, season.first, row, "材料已按时报送", "依据.pdf", stream, [NUMBER]
    )


def add_file(season: Season, objection_id: int, *, actor: Actor | None = None, data: bytes = handed_in.PNG, now=NOW):
    who = actor or season.reporter
    return objection_files.add_file(season.site, now, who, who.unit_id or 0, objection_id, "补充.png", io.BytesIO(data))


def add(season: Season, objection_id: int, entry=LINK, *, actor: Actor | None = None, now=NOW) -> int:
    who = actor or season.reporter
    with season.site.database.writing() as session:
        return objection_files.add(session, now, who, who.unit_id or 0, objection_id, entry)


def withdraw(season: Season, material_id: int, *, actor: Actor | None = None, now=NOW) -> None:
    who = actor or season.reporter
    with season.site.database.writing() as session:
        objection_files.withdraw(session, now, who, who.unit_id or 0, material_id)


def standing(season: Season, objection_id: int) -> list[str]:
    with season.site.database.reading() as session:
        found = objection_files.put_forward(session, [objection_id]).get(objection_id, [])
        return [each.material.name for each in found]


def refused(season: Season, kind: type[Exception], words: str, act: Callable[[], object]) -> None:
    before = dump(season.site.database)
    with pytest.raises(kind, match=words):
        act()
    assert dump(season.site.database) == before


def test_an_objection_is_made_with_a_file_and_more_is_added_and_taken_back(season):
    objection_id = object_with_file(season)
    assert standing(season, objection_id) == ["依据.pdf", "示例发〔2026〕3号"]
    again = add(season, objection_id)
    assert add(season, objection_id) == again, "the network broke, and it was sent twice"
    picture = add_file(season, objection_id)
    withdraw(season, again)
    assert standing(season, objection_id) == ["依据.pdf", "示例发〔2026〕3号", "补充.png"]
    acts = [row[3] for row in dump(season.site.database)["audit_log"]]
    assert acts.count("objection.add") == 4
    assert acts.count("objection.take_back") == 1
    with objection_files.file_for_office(season.site, season.admins[0], season.first, picture).stream as stream:
        assert stream.read() == handed_in.PNG


def test_an_objection_and_its_file_are_made_both_or_none(season):
    for data, words in ((handed_in.EXE, "Windows 程序"), (b"", "0 字节")):
        refused(season, BadInput, words, lambda data=data: object_with_file(season, data=data))
    refused(season, NotFound, "III-99", lambda: object_with_file(season, row="III-99"))
    object_with_file(season)
    refused(season, WrongState, "等答复", lambda: object_with_file(season))
    assert len(list(season.site.files.digests())) == 1, "what is refused is not even stored"


def test_nothing_is_added_or_taken_back_after_the_answer_or_the_deadline(season):
    objection_id = object_with_file(season)
    kept = add(season, objection_id)
    refused(season, WrongState, "已经过了", lambda: add(season, objection_id, NUMBER, now=AFTER))
    refused(season, WrongState, "已经过了", lambda: add_file(season, objection_id, now=AFTER))
    refused(season, WrongState, "已经过了", lambda: withdraw(season, kept, now=AFTER))
    season.answer(objection_id, accepted=False)
    refused(season, WrongState, "已经答复", lambda: add(season, objection_id, NUMBER))
    refused(season, WrongState, "已经答复", lambda: add_file(season, objection_id))
    refused(season, WrongState, "已经答复", lambda: withdraw(season, kept))
    season.back()
    refused(season, WrongState, "打分中", lambda: withdraw(season, kept))


def test_the_last_day_counts_whole(season):
    objection_id = object_with_file(season)
    evening = NOW + timedelta(days=7, hours=5)
    add(season, objection_id, now=evening)
    assert standing(season, objection_id)[-1] == "报道"


def test_nobody_reaches_another_units(season):
    own = object_with_file(season)
    material_id = add_file(season, own)
    theirs = season.object("III-3", actor=season.other)
    refused(season, NotFound, "没有", lambda: add(season, own, actor=season.other))
    for admin in season.admins:
        refused(season, NotAllowed, "只有报送员", lambda admin=admin: add(season, own, actor=admin))
    refused(season, NotFound, "没有这条申诉", lambda: add(season, theirs))
    refused(season, NotFound, "没有这条申诉", lambda: add_file(season, 99))
    with pytest.raises(NotFound):
        withdraw(season, material_id, actor=season.other)
    with pytest.raises(NotFound):
        materials.own_file(season.site, season.other, material_id)
    with pytest.raises(NotAllowed):
        objection_files.file_for_office(season.site, season.reporter, season.first, material_id)
    for unit_id, number in ((season.second, material_id), (season.first, 99)):
        with pytest.raises(NotFound):
            objection_files.file_for_office(season.site, season.admins[0], unit_id, number)


def test_it_is_no_material_of_the_row(season):
    """Not counted, not reviewed, not taken back as such: also once marking was taken up again."""
    objection_id = object_with_file(season)
    material_id = add_file(season, objection_id)
    season.answer(objection_id, accepted=False)
    season.back()
    with season.site.database.writing() as session:
        own = materials.own_checklist(session, season.reporter)
        assert own.totals.files == 0
        with pytest.raises(NotFound, match="随申诉交的"):
            materials.withdraw(session, NOW, season.reporter, material_id)
        with pytest.raises(NotFound):
            reviews.place_of(session, season.admins[0], material_id)


def test_withdrawn_it_is_gone_for_everybody(season):
    objection_id = object_with_file(season)
    picture = add_file(season, objection_id)
    withdraw(season, picture)
    refused(season, WrongState, "已经撤回", lambda: withdraw(season, picture))
    with pytest.raises(NotFound, match="撤回"):
        objection_files.file_for_office(season.site, season.admins[0], season.first, picture)
    assert stored_files.clean(season.site, NOW, COMMAND_LINE) == 1
    with season.site.database.reading() as session:
        checked = stored_files.check(season.site, session, season.assessment_id)
    assert (checked.files, checked.damaged) == (1, ())


def test_an_objection_takes_so_much_and_no_more(season, monkeypatch):
    monkeypatch.setattr(objection_files, "MOST_PER_OBJECTION", 3)
    objection_id = object_with_file(season)
    add(season, objection_id)
    refused(season, WrongState, "已有 3 份", lambda: add_file(season, objection_id))


def test_the_archive_has_objections_with_their_files_and_answers(season):
    objection_id = object_with_file(season)
    bare = season.object("III-3", "少算了一项")
    season.answer(objection_id, accepted=True)
    with season.site.database.reading() as session:
        found = archives.unit_archive(season.site, session, COMMAND_LINE, season.first)
    with found.stream as stream, zipfile.ZipFile(stream) as archive:
        name = f"III-4-申诉{objection_id}-依据.pdf"
        assert archive.namelist() == [name, archives.INDEX]
        assert archive.read(name) == handed_in.PDF
        (table,) = read_tables("a.xlsx", archive.read(archives.INDEX))
    lines = [row.texts for row in table.rows]
    wanted = [line for line in lines if line[2].startswith("申诉")]
    assert [(line[0], line[2], line[4], line[6], line[7]) for line in wanted] == [
        ("III-4", f"申诉{objection_id}", "接受", "依据.pdf", name),
        ("III-4", f"申诉{objection_id}", "接受", "示例发〔2026〕3号", ""),
        ("III-3", f"申诉{bare}", "待答复", "", ""),
    ]
    assert wanted[0][15] == "经复核属实"
    assert "少算了一项" in wanted[2]
