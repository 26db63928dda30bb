"""Records of the assessment group: append-only, each kind for who may read it, talks for the group alone."""

import errno
import io
import os
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from PIL import Image

from surveys.acts import audit
from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import BadInput, NotAllowed, NotFound, WrongState
from surveys.acts.site import Site
from surveys.catalog.model import Method
from surveys.evidence import proceeding_boards, proceeding_records, proceedings, stored_files
from surveys.evidence.proceeding_records import ProceedingKind, ProceedingRecord
from surveys.evidence.proceedings import ProceedingEntry, SpeakerNamed
from surveys.marking.marks import SHORTEST_BASIS, MarkEntry
from surveys.office import accounts
from surveys.storage.tables import Account, Assessment, AuditEntry, RowChoice
from tests.builders import GROUP, LEAD, assessor, build_unit, dump, enter, exempt, line_for
from tests.sites import NOW

TODAY = NOW.date()
BASIS = "依据日常工作情况综合评定"


def add(site: Site, unit_id: int, kind: ProceedingKind, actor: Actor = COMMAND_LINE, **fields: Any) -> int:
    values = {"held_on": TODAY, "people": "考核一组", "body": "情况正常"} | fields
    with site.database.writing() as session:
        return proceedings.record_proceeding(session, NOW, actor, site.photos, unit_id, ProceedingEntry(kind, **values))


def records(site: Site, unit_id: int, actor: Actor = COMMAND_LINE) -> list[ProceedingRecord]:
    with site.database.reading() as session:
        return proceeding_records.unit_records(session, actor, unit_id)


def reporter(site: Site, unit_id: int) -> Actor:
    with site.database.writing() as session:
        accounts.create_account(session, NOW, COMMAND_LINE, f"报送员{unit_id}", Role.REPORTER, unit_id=unit_id)
        account = session.query(Account).filter_by(name=f"报送员{unit_id}").one()
        return Actor(account.id, account.name, Role.REPORTER, unit_id=unit_id)


def acknowledge(site: Site, actor: Actor, proceeding_id: int) -> None:
    with site.database.writing() as session:
        proceedings.acknowledge(session, NOW + timedelta(days=1), actor, proceeding_id)


def withdraw(
    site: Site, unit_id: int, proceeding_id: int, actor: Actor = COMMAND_LINE, reason: str = "登错单位"
) -> int:
    with site.database.writing() as session:
        return proceedings.withdraw(session, NOW, actor, unit_id, proceeding_id, reason)


def png() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (8, 6), "teal").save(target, "PNG")
    return target.getvalue()


def test_every_kind_is_kept_by_date(site: Site) -> None:
    _, unit_id = build_unit(site)
    for number, kind in enumerate(ProceedingKind):
        add(site, unit_id, kind, held_on=TODAY - timedelta(days=number), people=f" 组{number} ", body=f" 情况{number} ")
    found = records(site, unit_id)
    assert [entry.kind for entry in found] == list(ProceedingKind)[::-1]
    assert [(entry.people, entry.body) for entry in found] == [(f"组{n}", f"情况{n}") for n in (4, 3, 2, 1, 0)]
    assert all(entry.stands and entry.made_at == NOW for entry in found)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"held_on": TODAY + timedelta(days=2)}, "今天以后"),
        ({"held_on": date(1926, 1, 1)}, "日期"),
        ({"people": " "}, "参加的人"),
        ({"people": "人" * 201}, "参加的人"),
        ({"body": "\n "}, "内容"),
        ({"body": "字" * 5001}, "内容"),
        ({"body": "更正第 1 号记录。\n混进来"}, "开头"),
        ({"body": " 撤回 第1号"}, "开头"),
        ({"row_key": "III-99"}, "没有 III-99"),
        ({"row_key": "III-23"}, "没有 III-23"),
        ({"photo": b"x"}, "只有检查记录"),
        ({"corrects": 77}, "没有第 77 号"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_kept(site: Site, fields: dict[str, Any], words: str) -> None:
    _, unit_id = build_unit(site)
    before = dump(site.database)
    with pytest.raises((BadInput, NotFound), match=words):
        add(site, unit_id, ProceedingKind.HEARING, **fields)
    assert dump(site.database) == before


def test_a_correction_stands_in_place_of_the_old_record(site: Site) -> None:
    _, unit_id = build_unit(site)
    old = add(site, unit_id, ProceedingKind.REPORT, body="报告齐全")
    new = add(site, unit_id, ProceedingKind.REPORT, body="报告缺一章", corrects=old)
    first, second = records(site, unit_id)
    assert (first.body, first.replaced_by, first.stands) == ("报告齐全", new, False)
    assert second.body == f"更正第 {old} 号记录。\n报告缺一章"
    assert (second.text, second.amends, second.stands) == ("报告缺一章", old, True)
    with pytest.raises(WrongState, match="已经更正"):
        add(site, unit_id, ProceedingKind.REPORT, corrects=old)
    with pytest.raises(NotFound):
        add(site, unit_id, ProceedingKind.HEARING, corrects=new)


def test_a_withdrawn_record_is_kept_with_its_reason(site: Site) -> None:
    _, unit_id = build_unit(site)
    old = add(site, unit_id, ProceedingKind.HEARING)
    with pytest.raises(BadInput, match="理由"):
        withdraw(site, unit_id, old, reason=" ")
    new = withdraw(site, unit_id, old)
    first, second = records(site, unit_id)
    assert (first.id, first.replaced_by) == (old, new)
    assert (second.text, second.withdraws, second.stands) == ("登错单位", True, False)
    for number in (old, new):
        with pytest.raises(WrongState):
            withdraw(site, unit_id, number)


def test_another_units_record_is_not_touched(site: Site) -> None:
    assessment_id, unit_id = build_unit(site)
    _, other = build_unit(site, "样例二局", assessment_id=assessment_id)
    record = add(site, unit_id, ProceedingKind.REPORT)
    with pytest.raises(NotFound):
        withdraw(site, other, record)
    with pytest.raises(NotFound):
        add(site, other, ProceedingKind.REPORT, corrects=record)


def test_an_archived_assessment_takes_no_records(site: Site) -> None:
    assessment_id, unit_id = build_unit(site)
    old = add(site, unit_id, ProceedingKind.REPORT)
    with site.database.writing() as session:
        session.get_one(Assessment, assessment_id).state = "archived"
        session.commit()
    with pytest.raises(WrongState, match="归档"):
        add(site, unit_id, ProceedingKind.REPORT)
    with pytest.raises(WrongState, match="归档"):
        withdraw(site, unit_id, old)


# Talks


@pytest.mark.parametrize("actor", [COMMAND_LINE, assessor(GROUP)])
def test_the_group_alone_records_and_reads_talks(site: Site, actor: Actor) -> None:
    _, unit_id = build_unit(site)
    add(site, unit_id, ProceedingKind.TALK, actor, body="培训偏少")
    assert [entry.body for entry in records(site, unit_id, actor)] == ["培训偏少"]


@pytest.mark.parametrize("department", [LEAD, "市纪委", "宣传部门"])
def test_another_department_neither_records_nor_reads_talks(site: Site, department: str) -> None:
    _, unit_id = build_unit(site)
    talk = add(site, unit_id, ProceedingKind.TALK, body="培训偏少")
    with pytest.raises(NotAllowed, match="考核组"):
        add(site, unit_id, ProceedingKind.TALK, assessor(department))
    assert records(site, unit_id, assessor(department)) == []
    with pytest.raises(NotFound):
        withdraw(site, unit_id, talk, assessor(department))


@pytest.mark.parametrize("role", [Role.ORGANIZER, Role.SCRUTINEER, Role.REPORTER])
def test_nobody_else_reads_anything(site: Site, role: Role) -> None:
    _, unit_id = build_unit(site)
    add(site, unit_id, ProceedingKind.TALK)
    actor = Actor(None, "某人", role, department=GROUP, unit_id=unit_id)
    with pytest.raises(NotAllowed):
        records(site, unit_id, actor)
    for kind in ProceedingKind:
        with pytest.raises(NotAllowed):
            add(site, unit_id, kind, actor)


@pytest.mark.parametrize("text", ["样例1分管宣传", "某某说培训偏少"])
def test_a_talk_that_may_name_the_speaker_is_looked_at_again(site: Site, text: str) -> None:
    _, unit_id = build_unit(site)
    for fields in ({"body": text}, {"people": text}):
        with pytest.raises(SpeakerNamed, match="再看一遍"):
            add(site, unit_id, ProceedingKind.TALK, **fields)
    assert records(site, unit_id) == []
    add(site, unit_id, ProceedingKind.TALK, body=text, anonymous=True)
    add(site, unit_id, ProceedingKind.HEARING, body=text)


def test_the_audit_log_holds_nothing_of_a_talk(site: Site) -> None:
    _, unit_id = build_unit(site)
    talk = add(site, unit_id, ProceedingKind.TALK, body="培训偏少", people="考核二组", held_on=date(2026, 2, 11))
    withdraw(site, unit_id, talk, reason="重复登记")
    with site.database.reading() as session:
        entries = session.query(AuditEntry).filter(AuditEntry.act.like("proceeding.%")).all()
        assert [(entry.subject, entry.detail) for entry in entries] == [("样例局", "个别谈话")] * 2
        assert len(audit.entries(session, "样例局")) == 3


def test_a_talk_is_withdrawn_without_naming_anybody(site: Site) -> None:
    _, unit_id = build_unit(site)
    talk = add(site, unit_id, ProceedingKind.TALK)
    with pytest.raises(BadInput, match="人名"):
        withdraw(site, unit_id, talk, reason="样例2要求撤回")


def test_a_record_says_nothing_of_itself_in_a_log() -> None:
    """What a failing call prints: a traceback's values."""
    assert "培训偏少" not in repr(ProceedingEntry(ProceedingKind.TALK, TODAY, "组", "培训偏少"))


# Other departments


def test_a_department_records_what_is_about_its_own_rows(site: Site) -> None:
    _, unit_id = build_unit(site)
    own = assessor(LEAD)
    seen = add(site, unit_id, ProceedingKind.INSPECTION, own, row_key="III-31")
    for row_key in ("", "III-4"):
        with pytest.raises(NotAllowed, match="本部门"):
            add(site, unit_id, ProceedingKind.INSPECTION, own, row_key=row_key)
    for kind in (ProceedingKind.REPORT, ProceedingKind.FEEDBACK):
        with pytest.raises(NotAllowed):
            add(site, unit_id, kind, own, row_key="III-31")
    add(site, unit_id, ProceedingKind.FEEDBACK)
    add(site, unit_id, ProceedingKind.HEARING)
    assert [entry.id for entry in records(site, unit_id, own)] == [seen]
    assert records(site, unit_id, assessor("市纪委")) == []


# Photographs


def test_a_photograph_is_kept_by_its_digest(site: Site) -> None:
    _, unit_id = build_unit(site)
    folder = site.settings.data_dir
    record = add(site, unit_id, ProceedingKind.INSPECTION, photo=proceedings.cleaned(png()))
    again = add(site, unit_id, ProceedingKind.INSPECTION, photo=proceedings.cleaned(png()))
    (kept,) = (folder / "proceedings").iterdir()
    assert kept.stat().st_mode & 0o077 == 0
    with site.database.reading() as session:
        data = [proceeding_records.photo(session, COMMAND_LINE, site.photos, unit_id, each) for each in (record, again)]
        assert data == [kept.read_bytes()] * 2
        with pytest.raises(NotFound):
            proceeding_records.photo(session, assessor(LEAD), site.photos, unit_id, record)
        kept.write_bytes(b"something else")
        with pytest.raises(NotFound, match="不一致"):
            proceeding_records.photo(session, COMMAND_LINE, site.photos, unit_id, record)
        kept.unlink()
        with pytest.raises(NotFound, match="不在"):
            proceeding_records.photo(session, COMMAND_LINE, site.photos, unit_id, record)


def test_a_photograph_is_checked_and_mended(site: Site) -> None:
    assessment_id, unit_id = build_unit(site)
    record = add(site, unit_id, ProceedingKind.INSPECTION, photo=proceedings.cleaned(png()))
    (kept,) = (site.settings.data_dir / "proceedings").iterdir()

    def check() -> stored_files.Checked:
        with site.database.reading() as session:
            return stored_files.check(site, session, assessment_id)

    assert check() == stored_files.Checked(1, ())
    kept.write_bytes(b"something else")
    about = f"样例局 第 {record} 号记录的照片"
    assert check().damaged == (stored_files.DamagedFile(kept.name, False, about),)
    kept.unlink()
    assert check().damaged == (stored_files.DamagedFile(kept.name, True, about),)
    kept.write_bytes(b"something else")
    add(site, unit_id, ProceedingKind.INSPECTION, photo=proceedings.cleaned(png()))
    assert check() == stored_files.Checked(1, ())


def test_a_photograph_for_which_there_is_no_room_leaves_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    _, unit_id = build_unit(site)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    photo, before = proceedings.cleaned(png()), dump(site.database)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WrongState, match="存储空间不够"):
        add(site, unit_id, ProceedingKind.INSPECTION, photo=photo)
    monkeypatch.undo()
    assert dump(site.database) == before
    assert [path for path in site.settings.data_dir.rglob("proceedings/*") if path.is_file()] == []


def test_what_is_no_photograph_leaves_nothing(site: Site) -> None:
    _, unit_id = build_unit(site)
    before = dump(site.database)
    with pytest.raises(BadInput, match="JPEG 或 PNG"):
        add(site, unit_id, ProceedingKind.INSPECTION, photo=proceedings.cleaned(b"MZ\x90\0"))
    assert dump(site.database) == before
    assert not (site.settings.data_dir / "proceedings").exists()


# Feedback


def test_the_units_reporter_acknowledges_once(site: Site) -> None:
    assessment_id, unit_id = build_unit(site)
    _, other_id = build_unit(site, "样例二局", assessment_id=assessment_id)
    own, other = reporter(site, unit_id), reporter(site, other_id)
    feedback, report = (add(site, unit_id, kind) for kind in (ProceedingKind.FEEDBACK, ProceedingKind.REPORT))
    for actor, record in ((other, feedback), (own, report), (own, 999)):
        with pytest.raises(NotFound):
            acknowledge(site, actor, record)
    with pytest.raises(NotAllowed):
        acknowledge(site, COMMAND_LINE, feedback)
    acknowledge(site, own, feedback)
    found = next(entry for entry in records(site, unit_id) if entry.id == feedback)
    assert (found.acknowledged_at, found.acknowledger) == (NOW + timedelta(days=1), own.name)
    with pytest.raises(WrongState, match="已经签收"):
        acknowledge(site, own, feedback)


def test_a_corrected_feedback_is_acknowledged_anew(site: Site) -> None:
    _, unit_id = build_unit(site)
    own = reporter(site, unit_id)
    old = add(site, unit_id, ProceedingKind.FEEDBACK)
    acknowledge(site, own, old)
    new = add(site, unit_id, ProceedingKind.FEEDBACK, corrects=old, body="改正后的反馈")
    with pytest.raises(WrongState, match="更正或撤回"):
        acknowledge(site, own, old)
    assert progress(site, unit_id).missing[-1] == "单位签收"
    acknowledge(site, own, new)
    assert "单位签收" not in progress(site, unit_id).missing


def test_a_reporter_reads_the_own_units_feedback_alone(site: Site) -> None:
    _, unit_id = build_unit(site)
    own = reporter(site, unit_id)
    for kind in ProceedingKind:
        add(site, unit_id, kind)
    with site.database.reading() as session:
        assert [entry.kind for entry in proceeding_records.own_feedback(session, own)] == [ProceedingKind.FEEDBACK]
        with pytest.raises(NotAllowed):
            proceeding_records.own_feedback(session, COMMAND_LINE)


# The board


def progress(site: Site, unit_id: int, actor: Actor = COMMAND_LINE) -> proceeding_boards.UnitProgress:
    with site.database.reading() as session:
        found = proceeding_boards.board(session, actor, 1)
    return next(unit for unit in found.units if unit.unit_id == unit_id)


def test_the_board_says_what_each_unit_lacks(site: Site) -> None:
    assessment_id, unit_id = build_unit(site)
    _, police = build_unit(site, "样例公安局", tags=("公安",), assessment_id=assessment_id)
    steps = [step for step in proceeding_boards.STEPS if step != "听取汇报"]
    assert list(progress(site, unit_id).missing) == steps
    for kind, step in zip(ProceedingKind, proceeding_boards.STEPS, strict=False):
        record = add(site, unit_id, kind)
        assert step not in progress(site, unit_id).missing
    withdraw(site, unit_id, record)
    assert progress(site, unit_id).missing == ("反馈结果", "单位签收")
    assert progress(site, police).done[1] is None


def choose(site: Site, unit_id: int, row_key: str, method: Method) -> None:
    choice = RowChoice(unit_id=unit_id, row_key=row_key, method=method, account_id=None, made_at=NOW)
    with site.database.writing() as session:
        session.add(choice)
        session.commit()


def test_a_hearing_is_asked_for_where_a_row_is_chosen_so(site: Site) -> None:
    _, unit_id = build_unit(site, tags=("公安",))
    choose(site, unit_id, "III-23", Method.HEARING)
    assert "听取汇报" in progress(site, unit_id).missing
    other = add(site, unit_id, ProceedingKind.HEARING, row_key="III-4")
    assert "听取汇报" in progress(site, unit_id).missing
    add(site, unit_id, ProceedingKind.HEARING, row_key="III-23", corrects=other)
    assert "听取汇报" not in progress(site, unit_id).missing


def test_no_hearing_is_asked_for_on_an_exempted_row(site: Site) -> None:
    _, unit_id = build_unit(site, tags=("公安",))
    choose(site, unit_id, "III-23", Method.HEARING)
    exempt(site, unit_id, "III-23")
    assert progress(site, unit_id).done[proceeding_boards.STEPS.index("听取汇报")] is None


def test_the_board_is_the_groups(site: Site) -> None:
    assessment_id, unit_id = build_unit(site)
    assert progress(site, unit_id, assessor(GROUP)) == progress(site, unit_id)
    with site.database.reading() as session:
        assert proceeding_boards.board(session, assessor(LEAD), assessment_id).units == ()
        with pytest.raises(NotAllowed):
            proceeding_boards.board(session, Actor(None, "组织员", Role.ORGANIZER), assessment_id)


def test_the_csv_says_the_same(site: Site) -> None:
    assessment_id, unit_id = build_unit(site, "=样例局")
    add(site, unit_id, ProceedingKind.TALK, body="培训偏少")
    with site.database.reading() as session:
        data = proceeding_boards.to_csv(proceeding_boards.board(session, COMMAND_LINE, assessment_id))
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.decode("utf-8-sig").splitlines() == [
        "单位,类别,审阅年度报告,听取汇报,检查实物资料,个别谈话,反馈结果,单位签收",
        "'=样例局,市直单位,未做,不需要,未做,已做,未做,未做",
    ]


# Comprehensive rows


@pytest.mark.parametrize(("framework", "row"), [("county", "III-18"), ("municipal", "III-35")])
@pytest.mark.parametrize("remark", ["", "还行", "日 常 工 作 还 可 以", "　" * 20])
def test_a_comprehensive_mark_needs_its_basis(site: Site, framework: str, row: str, remark: str) -> None:
    _, unit_id = build_unit(site, framework=framework, category="县区")
    with pytest.raises(BadInput, match=f"至少 {SHORTEST_BASIS} 个字"):
        enter(site, unit_id, MarkEntry(row, LEAD, "5", remark), actor=assessor(LEAD))
    assert line_for(site, unit_id, row).marks == {}
    enter(site, unit_id, MarkEntry(row, LEAD, "5", BASIS), actor=assessor(LEAD))
    assert line_for(site, unit_id, row).marks[LEAD].points == Decimal(5)
    enter(site, unit_id, MarkEntry("III-1(1)", GROUP, "1"))
