"""Units and leaders from a file: what is shown is what happens, all or nothing."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import BadInput, NotAllowed, NotFound, WrongState
from surveys.acts.site import Site
from surveys.acts.table_files import tables_in
from surveys.intake.tables import read_tables
from surveys.polling.states import PollState
from surveys.season import assessments, rosters
from surveys.season.assessments import LeaderEntry, UnitEntry
from surveys.season.roster_changes import FieldChange, LeaderChange, Preview
from surveys.season.rosters import FaultyFile
from surveys.storage.tables import Account, AuditEntry, Import
from surveys.vote import polls
from tests.builders import build_poll, build_unit, close_and_seal, decided_alone, dump, enter, sheet_of
from tests.sites import NOW
from tests.worlds import MarkEntry, build_accounts

HEAD = "单位,类别,体系,标签,考核部门,姓名,职务\n"
OFFICE = "样例局,市直单位,municipal,,,样例1,职务1\n样例局,市直单位,municipal,,,样例2,职务2\n"
"""The unit that `build_unit` makes, as it is."""


@pytest.fixture
def admin(site: Site) -> Actor:
    build_accounts(site)
    with site.database.reading() as session:
        found = session.scalars(sa.select(Account).where(Account.role == Role.ADMIN)).one()
        return Actor(found.id, found.name, Role.ADMIN)


def read(site: Site, actor: Actor, assessment_id: int, text: str | bytes, name: str = "名单.csv") -> int:
    data = text.encode() if isinstance(text, str) else text
    tables = tables_in(name, data)
    with site.database.writing() as session:
        return rosters.read_roster(session, NOW, actor, assessment_id, name, tables)


def preview(site: Site, actor: Actor, import_id: int) -> Preview:
    with site.database.reading() as session:
        return rosters.preview(session, actor, import_id)


def apply(site: Site, actor: Actor, import_id: int, fingerprint: str | None = None) -> Preview:
    shown = fingerprint or preview(site, actor, import_id).fingerprint
    with site.database.writing() as session:
        return rosters.apply(session, NOW, actor, import_id, shown)[0]


def taken(site: Site, actor: Actor, assessment_id: int, text: str | bytes, name: str = "名单.csv") -> Preview:
    return apply(site, actor, read(site, actor, assessment_id, text, name))


def exported(site: Site, assessment_id: int) -> bytes:
    with site.database.reading() as session:
        return rosters.export_roster(session, COMMAND_LINE, assessment_id)


def units(site: Site, assessment_id: int) -> dict[str, tuple[Any, ...]]:
    with site.database.reading() as session:
        found = assessments.assessment_of(session, assessment_id)
        return {
            unit.name: (
                unit.category,
                unit.framework,
                tuple(tag.tag for tag in unit.tags),
                unit.department,
                tuple((leader.position, leader.name, leader.post) for leader in unit.leaders),
            )
            for unit in found.units
        }


def test_units_are_added_in_the_order_of_the_file(site, admin):
    assessment_id, _ = build_unit(site)
    text = HEAD + "样例厅,市直单位,municipal,教育,市教育局,张 三,厅长\n样例县,县区,county,,,,\n"
    shown = preview(site, admin, import_id := read(site, admin, assessment_id, text))
    assert [change.name for change in shown.added] == ["样例厅", "样例县"]
    assert shown.added[0].leaders == (LeaderChange("新增", "张三", "", "厅长"),)
    assert (shown.changed, shown.unchanged, shown.unmentioned) == ((), (), ("样例局",))
    assert list(units(site, assessment_id)) == ["样例局"], "nothing before it is confirmed"
    assert apply(site, admin, import_id) == shown
    found = units(site, assessment_id)
    assert list(found) == ["样例局", "样例厅", "样例县"]
    assert found["样例厅"] == ("市直单位", "municipal", ("教育",), "市教育局", ((1, "张三", "厅长"),))
    assert found["样例县"] == ("县区", "county", (), None, ())
    entries = [row for row in dump(site.database)["audit_log"] if "roster.import" in row]
    assert len(entries) == 1
    assert "新增 2 个单位，修改 0 个单位" in str(entries[0])


def test_a_category_nobody_has_yet_is_pointed_out(site, admin):
    assessment_id, _ = build_unit(site)
    head = "单位,类别,体系\n"
    text = head + "样例甲局,市直单位,municipal\n样例乙局,市直单立,municipal\n样例县,县区,county\n样例区,县区,county\n"
    note = preview(site, admin, read(site, admin, assessment_id, text)).notes[-1]
    assert note.startswith("新的类别：“市直单立”（1 个单位）、“县区”（2 个单位）。")
    assert not preview(site, admin, read(site, admin, assessment_id, head + "天文台,市直单位,municipal\n")).notes


def test_changes_are_told_field_by_field(site, admin):
    assessment_id, _ = build_unit(site, tags=("宣传",), department="市教育局", leaders=4)
    decided_alone(site, assessment_id)
    text = (
        HEAD
        + "样例局,直属单位,municipal,教育,,样例4,职务4\n样例局,直属单位,municipal,教育,,样例1,职务1\n"
        + "样例局,直属单位,municipal,教育,,样例2,新职务\n样例局,直属单位,municipal,教育,,张三,局长\n"
    )
    (change,) = taken(site, admin, assessment_id, text).changed
    assert change.fields == (
        FieldChange("类别", "市直单位", "直属单位"),
        FieldChange("标签", "宣传", "教育"),
        FieldChange("考核部门", "市教育局", ""),
    )
    assert change.leaders == (
        LeaderChange("新增", "张三", "", "局长"),
        LeaderChange("移除", "样例3", "职务3", ""),
        LeaderChange("职务", "样例2", "职务2", "新职务"),
        LeaderChange("顺序", "样例4", "第 4 位", "第 1 位"),
    )
    assert units(site, assessment_id)["样例局"] == (
        *("直属单位", "municipal", ("教育",), None),
        ((1, "样例4", "职务4"), (2, "样例1", "职务1"), (3, "样例2", "新职务"), (4, "张三", "局长")),
    )


def test_what_the_file_does_not_say_stays(site, admin):
    assessment_id, _ = build_unit(site, tags=("宣传",), department="市教育局")
    build_unit(site, "样例厅", assessment_id=assessment_id)
    before = units(site, assessment_id)
    assert taken(site, admin, assessment_id, "单位,类别\n样例局,市直单位\n").is_empty
    assert units(site, assessment_id) == before
    shown = taken(site, admin, assessment_id, HEAD + "样例局,直属单位,municipal,宣传,市教育局,,\n")
    assert [field.label for field in shown.changed[0].fields] == ["类别"]
    assert any("领导名单不变：样例局" in note for note in shown.notes), "a missing row must not empty a ballot"
    assert units(site, assessment_id)["样例局"][4] == before["样例局"][4]
    assert units(site, assessment_id)["样例厅"] == before["样例厅"]


def test_a_list_of_leaders_alone_is_enough(site, admin):
    assessment_id, _ = build_unit(site)
    shown = taken(site, admin, assessment_id, "单位,姓名,职务\n样例 局,样例1,新职务\n")
    assert [change.kind for change in shown.changed[0].leaders] == ["移除", "职务"]
    assert units(site, assessment_id)["样例局"][4] == ((1, "样例1", "新职务"),)


def test_a_faulty_file_changes_nothing_and_tells_all(site, admin):
    assessment_id, _ = build_unit(site)
    before = dump(site.database)
    with pytest.raises(FaultyFile) as caught:
        read(site, admin, assessment_id, HEAD + ",市直单位,municipal,,,张三,局长\n样例厅,,municipal,航天,,李四,厅长\n")
    assert len(caught.value.faults) == 3
    assert "第 2 行 A 列（单位）" in str(caught.value)
    with pytest.raises(BadInput, match="图片"):
        read(site, admin, assessment_id, b"\x89PNG....", "名单.xlsx")
    assert dump(site.database) == before


def test_an_account_has_one_file_waiting(site, admin):
    assessment_id, _ = build_unit(site)
    first = read(site, admin, assessment_id, HEAD + "样例厅,市直单位,municipal,,,张三,厅长\n")
    shown = preview(site, admin, first)
    second = read(site, admin, assessment_id, HEAD + "样例厅,市直单位,municipal,,,李四,厅长\n")
    assert len(dump(site.database)["imports"]) == 1
    # What another tab still shows must not confirm the new file.
    with pytest.raises((NotFound, WrongState)):
        apply(site, admin, first, shown.fingerprint)
    with site.database.writing() as session:
        entry = session.get(Import, second)
        entry.kind = "polls"
        session.commit()
    with pytest.raises(NotFound):
        preview(site, admin, second)
    read(site, admin, assessment_id, HEAD + OFFICE)
    assert len(dump(site.database)["imports"]) == 2, "another kind's file stays"


def test_only_an_admin_may_and_only_with_the_own_file(site, admin):
    assessment_id, _ = build_unit(site)
    import_id = read(site, admin, assessment_id, HEAD + OFFICE)
    before = dump(site.database)
    for role in set(Role) - {Role.ADMIN}:
        other = replace(admin, role=role)
        for attempt in (
            lambda other=other: read(site, other, assessment_id, HEAD + OFFICE),
            lambda other=other: preview(site, other, import_id),
            lambda other=other: apply(site, other, import_id, "x"),
        ):
            with pytest.raises(NotAllowed):
                attempt()
        with site.database.writing() as session:
            for service in (rosters.export_roster, rosters.template_workbook, rosters.template_csv):
                with pytest.raises(NotAllowed):
                    service(session, other, assessment_id)
            with pytest.raises(NotAllowed):
                rosters.import_file(session, NOW, other, assessment_id, "a.csv", (), write=True)
    with pytest.raises(NotFound):
        preview(site, replace(admin, account_id=admin.account_id + 1), import_id)
    with pytest.raises(NotFound):
        read(site, admin, 99, HEAD + OFFICE)
    assert dump(site.database) == before


def test_what_changed_since_the_preview_is_shown_again(site, admin):
    assessment_id, _ = build_unit(site)
    text = HEAD + OFFICE + "样例厅,市直单位,municipal,,,张三,厅长\n"
    import_id = read(site, admin, assessment_id, text)
    shown = preview(site, admin, import_id)
    build_unit(site, "样例厅", assessment_id=assessment_id)
    before = dump(site.database)
    with pytest.raises(WrongState, match="新的预览"):
        apply(site, admin, import_id, shown.fingerprint)
    assert dump(site.database) == before
    again = preview(site, admin, import_id)
    assert [change.name for change in again.changed] == ["样例厅"]
    apply(site, admin, import_id, again.fingerprint)
    assert units(site, assessment_id)["样例厅"][4] == ((1, "张三", "厅长"),)


def test_a_change_elsewhere_does_not_matter(site, admin):
    assessment_id, _ = build_unit(site)
    import_id = read(site, admin, assessment_id, HEAD + "样例厅,市直单位,municipal,,,张三,厅长\n")
    shown = preview(site, admin, import_id)
    build_unit(site, "样例县", framework="county", assessment_id=assessment_id)
    apply(site, admin, import_id, shown.fingerprint)
    assert list(units(site, assessment_id)) == ["样例局", "样例县", "样例厅"]


def test_a_file_is_taken_over_once(site, admin):
    assessment_id, _ = build_unit(site)
    import_id = read(site, admin, assessment_id, HEAD + "样例厅,市直单位,municipal,,,张三,厅长\n")
    shown = apply(site, admin, import_id)
    with pytest.raises(NotFound):
        apply(site, admin, import_id, shown.fingerprint)
    assert dump(site.database)["imports"] == []


def test_a_fault_half_way_leaves_nothing(site, admin, monkeypatch):
    assessment_id, _ = build_unit(site)
    import_id = read(
        site, admin, assessment_id, HEAD + "样例厅,市直单位,municipal,,,张三,厅长\n样例局,新类,municipal,,,,\n"
    )
    before = dump(site.database)

    def broken(*_arguments: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(rosters.audit, "record", broken)
    with pytest.raises(RuntimeError):
        apply(site, admin, import_id)
    assert dump(site.database) == before


@pytest.mark.parametrize("state", [PollState.OPEN, PollState.SEALED])
def test_an_opened_poll_keeps_its_sheet_and_the_preview_says_so(site, admin, state):
    world = build_poll(site)
    if state is PollState.SEALED:
        close_and_seal(site, world.poll_id)
    before = sheet_of(site, world.poll_id)
    text = HEAD + "样例局,市直单位,municipal,,,张三,局长\n"
    (change,) = taken(site, admin, world.assessment_id, text).changed
    assert len(change.notes) == 1
    assert "名单不变" in change.notes[0]
    assert sheet_of(site, world.poll_id) == before


def test_a_draft_takes_the_new_leaders_unless_it_has_its_own(site, admin):
    world = build_poll(site, opened=False)
    text = HEAD + "样例局,市直单位,municipal,,,{},局长\n"
    assert taken(site, admin, world.assessment_id, text.format("张三")).changed[0].notes == ()
    with site.database.reading() as session:
        assert [leader.name for leader in polls.build_sheet(polls.poll_of(session, world.poll_id)).leaders] == ["张三"]
    with site.database.writing() as session:
        polls.poll_of(session, world.poll_id).leaders = [["样例1", "职务1"]]
        session.commit()
    (note,) = taken(site, admin, world.assessment_id, text.format("李四")).changed[0].notes
    assert "自己的测评对象名单" in note


def test_a_unit_with_marks_keeps_its_framework(site, admin):
    """Codes mean different things in two frameworks."""
    assessment_id, unit_id = build_unit(site, tags=("教育",))
    enter(site, unit_id, MarkEntry("III-4", "考核组", "1.5", ""))
    import_id = read(site, admin, assessment_id, "单位,类别,体系\n样例局,市直单位,county\n")
    shown = preview(site, admin, import_id)
    assert ["不能换测评体系" in shown.hindrances[0], "标签" in shown.hindrances[1]] == [True, True]
    before = dump(site.database)
    with pytest.raises(WrongState, match="不能换测评体系"):
        apply(site, admin, import_id)
    assert dump(site.database) == before


def test_names_that_are_written_alike_are_one_unit(site, admin):
    assessment_id, _ = build_unit(site, "样例局（本级）")
    shown = taken(site, admin, assessment_id, HEAD + "样例局(本级),新类,municipal,,,,\n")
    assert [change.name for change in shown.changed] == ["样例局（本级）"]
    assert list(units(site, assessment_id)) == ["样例局（本级）"]


def test_namesakes_added_by_hand_are_exported_imported_and_told_apart(site, admin):
    assessment_id, _ = build_unit(site)
    people = (LeaderEntry("张三", "局长"), LeaderEntry("李四", "副局长"), LeaderEntry("张三", "副局长"))
    entry = UnitEntry("样例厅", "市直单位", "municipal", leaders=people)
    with site.database.writing() as session:
        assessments.add_unit(session, NOW, admin, assessment_id, entry)
    assert taken(site, admin, assessment_id, exported(site, assessment_id), "名单.xlsx").is_empty
    text = "单位,姓名,职务\n样例厅,张三,副局长\n样例厅,李四,副局长\n样例厅,张三,局长\n"
    (change,) = preview(site, admin, read(site, admin, assessment_id, text)).changed
    assert {leader.kind for leader in change.leaders} == {"顺序"}, "the posts tell who is who"


def test_what_is_exported_changes_nothing_when_imported(site, admin):
    assessment_id, _ = build_unit(site, tags=("教育", "宣传"), department="市教育局", leaders=3)
    build_unit(site, "样例县", framework="county", category="县区", leaders=0, assessment_id=assessment_id)
    before = dump(site.database)["units"]
    shown = taken(site, admin, assessment_id, exported(site, assessment_id), "名单.xlsx")
    assert shown.is_empty
    assert shown.unchanged == ("样例局", "样例县")
    assert (shown.notes, shown.unmentioned) == ((), ())
    assert dump(site.database)["units"] == before


WORDS = st.text(
    st.characters(codec="gb18030", categories=("Lu", "Ll", "Lo", "Nd", "Zs"), include_characters="·（）+-@"),
    min_size=1,
    max_size=12,
)
LEADERS = st.lists(st.tuples(WORDS, WORDS), max_size=4)


@given(st.lists(st.tuples(WORDS, WORDS, LEADERS, st.sets(st.sampled_from(["教育", "宣传", "公安"]))), max_size=4))
def test_whatever_was_entered_by_hand_survives_the_way_out_and_in(lite_site: Site, made: Sequence[Any]) -> None:
    with lite_site.database.writing() as session:
        number = assessments.create_assessment(session, NOW, COMMAND_LINE, "样例考核", ["municipal", "county"])
        for name, category, leaders, tags in made:
            people = {rosters.name_key(person): LeaderEntry(person, post) for person, post in leaders}
            entry = UnitEntry(name, category, "municipal", tuple(tags), tuple(people.values()))
            here = {rosters.name_key(unit.name) for unit in assessments.assessment_of(session, number).units}
            try:
                if rosters.name_key(name) not in here and all(post.strip() for _, post in leaders):
                    assessments.add_unit(session, NOW, COMMAND_LINE, number, entry)
            except BadInput:
                continue
            session.expire_all()
    before = units(lite_site, number)
    data = exported(lite_site, number)
    assert data == exported(lite_site, number)
    if not before:
        return
    with lite_site.database.writing() as session:
        shown = rosters.import_file(
            session, NOW, COMMAND_LINE, number, "名单.xlsx", tables_in("a.xlsx", data), write=True
        )
    assert (shown.added, shown.changed, shown.unmentioned) == ((), (), ())
    assert units(lite_site, number) == before


@pytest.mark.parametrize("keys", [["municipal"], ["county"], ["municipal", "county"]])
def test_the_templates_can_be_imported_as_they_are(lite_site, keys):
    with lite_site.database.writing() as session:
        number = assessments.create_assessment(session, NOW, COMMAND_LINE, "样例考核", keys)
        book = rosters.template_workbook(session, COMMAND_LINE, number)
        text = rosters.template_csv(session, COMMAND_LINE, number)
        sheets, table = tables_in("模板.xlsx", book), tables_in("模板.csv", text)
        first = rosters.import_file(session, NOW, COMMAND_LINE, number, "模板.xlsx", sheets, write=True)
        again = rosters.import_file(session, NOW, COMMAND_LINE, number, "模板.csv", table, write=False)
    assert [change.name for change in first.added] == ["样例局", "样例县"]
    assert first.leaders("新增") == 3
    assert [note.split("：")[0] for note in first.notes] == ["新的类别"]
    assert again.is_empty
    assert [table.name for table in read_tables("a.xlsx", book)] == ["单位", "领导", "填写说明"]


def test_nothing_to_change_writes_nothing_but_forgets_the_file(site, admin):
    assessment_id, _ = build_unit(site)
    assert taken(site, admin, assessment_id, HEAD + OFFICE).is_empty
    assert dump(site.database)["imports"] == []
    with site.database.reading() as session:
        acts = list(session.scalars(sa.select(AuditEntry.act)))
    assert "roster.import" not in acts


def test_a_name_like_one_that_is_there_is_pointed_out(site, admin):
    assessment_id, _ = build_unit(site, "样例教育局")
    text = "单位,类别,体系\n样例教育居,市直单位,municipal\n样例 教育局,市直单位,municipal\n样例县,市直单位,municipal\n"
    notes = preview(site, admin, read(site, admin, assessment_id, text)).notes
    assert [note for note in notes if "很像" in note] == [
        "新增的“样例教育居”和已有的“样例教育局”很像。是同一个单位的，请在文件里改好名称，重新上传。"
    ]
