"""Many polls at once: kept, shown with faults, and made all together or not at all."""

from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import BadInput, NotAllowed, NotFound, WrongState
from surveys.acts.site import Site
from surveys.intake.tables import Table, TableRow, read_tables
from surveys.storage.tables import Account, AuditEntry, Import
from surveys.vote import poll_imports, polls
from surveys.vote.poll_imports import ImportPreview
from tests.builders import build_unit, dump
from tests.sites import NOW
from tests.worlds import build_accounts

HEADERS = ("单位", "测评会名称", "日期", "应到", "票种")
GOOD = (("样例局", "民主测评", "2026-03-02", "48", "30/30/40"), ("样例䶮局", "", "", "５", ""))


@pytest.fixture
def actor(site: Site) -> Actor:
    build_accounts(site)
    return actor_of(site, Role.ORGANIZER)


def actor_of(site: Site, role: Role) -> Actor:
    with site.database.reading() as session:
        account = session.scalars(sa.select(Account).where(Account.role == role)).one()
        return Actor(account.id, account.name, role)


@pytest.fixture
def assessment_id(site: Site) -> int:
    found, _ = build_unit(site)
    build_unit(site, "样例䶮局", assessment_id=found)
    return found


def keep(site: Site, actor: Actor, assessment_id: int, rows: Sequence[Sequence[str]]) -> int:
    table = Table("", tuple(TableRow(number, tuple(row)) for number, row in enumerate([HEADERS, *rows], start=1)))
    with site.database.writing() as session:
        return poll_imports.read_file(session, NOW, actor, assessment_id, "计划.csv", (table,))


def preview(site: Site, actor: Actor, import_id: int) -> ImportPreview:
    with site.database.reading() as session:
        return poll_imports.preview(session, actor, import_id)


def apply(site: Site, actor: Actor, import_id: int, shown: str | None = None) -> list[int]:
    with site.database.writing() as session:
        shown = poll_imports.preview(session, actor, import_id).fingerprint if shown is None else shown
        return poll_imports.apply(session, NOW, actor, import_id, shown)


def faults(site: Site, actor: Actor, assessment_id: int, *rows: Sequence[str]) -> list[tuple[int, str, str]]:
    found = preview(site, actor, keep(site, actor, assessment_id, rows))
    return [(fault.row or 0, fault.column, fault.remedy) for fault in found.faults]


def test_a_file_becomes_drafts(site, actor, assessment_id):
    import_id = keep(site, actor, assessment_id, GOOD)
    shown = preview(site, actor, import_id)
    assert (shown.file_name, shown.faults, len(shown.polls)) == ("计划.csv", (), 2)
    made = apply(site, actor, import_id)
    with site.database.reading() as session:
        found = [polls.poll_of(session, poll_id) for poll_id in made]
        assert [(poll.unit.name, poll.title, poll.state.value, poll.entitled) for poll in found] == [
            ("样例局", "民主测评", "draft", 48),
            ("样例䶮局", "年度民主测评", "draft", 5),
        ]
        assert [[each.key for each in poll.classes] for poll in found] == [["A", "B", "C"], ["A"]]
        acts = list(session.scalars(sa.select(AuditEntry.act).where(AuditEntry.actor == actor.name)))
        assert acts == ["poll.create", "poll.create"]
        assert session.scalars(sa.select(Import)).all() == []


def test_one_fault_and_none_is_made(site, actor, assessment_id):
    import_id = keep(site, actor, assessment_id, (*GOOD, ("没有的局", "", "", "5", "")))
    before = dump(site.database)
    with pytest.raises(BadInput, match="1 处要改，一场测评会也没有建"):
        apply(site, actor, import_id)
    assert dump(site.database) == before


def test_a_unit_that_is_not_there_is_guessed_at(site, actor, assessment_id):
    ((row, column, text),) = faults(site, actor, assessment_id, ("市样例局", "", "", "5", ""))
    assert (row, column) == (2, "A 列（单位）")
    assert "是不是：样例局" in text


def test_a_unit_that_is_not_there_is_told_with_the_rows_other_faults(site, actor, assessment_id):
    found = faults(site, actor, assessment_id, ("没有的局", "", "明天", "x", ""))
    assert [column for _, column, _ in found] == ["C 列（日期）", "D 列（应到）", "A 列（单位）"]


def test_a_unit_is_known_however_wide_its_letters(site, actor, assessment_id):
    build_unit(site, "Ａ局（示例）", assessment_id=assessment_id)
    assert faults(site, actor, assessment_id, ("A局(示例)", "", "", "5", "")) == []


def test_the_rules_of_a_poll_hold_with_their_column(site, actor, assessment_id):
    row = ("样例局", "长" * 61, "", "0", "A:甲:40; A:乙:60")
    found = faults(site, actor, assessment_id, row)
    assert [column for _, column, _ in found] == ["B 列（测评会名称）", "D 列（应到）", "E 列（票种）"]
    assert "重复" in found[2][2]


def test_a_poll_twice_in_the_file_or_there_already_is_refused(site, actor, assessment_id):
    ((row, _, text),) = faults(site, actor, assessment_id, *GOOD, GOOD[0])
    assert row == 4
    assert "和第 2 行的单位" in text
    (made, _) = apply(site, actor, keep(site, actor, assessment_id, GOOD))
    found = faults(site, actor, assessment_id, GOOD[0])
    assert f"编号 {made}" in found[0][2]
    assert faults(site, actor, assessment_id, ("样例局", "民主测评", "2026-03-03", "48", "")) == []


def test_pressed_twice_it_is_made_once(site, actor, assessment_id):
    import_id = keep(site, actor, assessment_id, GOOD)
    apply(site, actor, import_id)
    before = dump(site.database)
    with pytest.raises(NotFound, match="可能已经导入过"):
        apply(site, actor, import_id)
    assert dump(site.database) == before


def test_another_file_than_was_shown_makes_nothing(site, actor, assessment_id):
    first = preview(site, actor, keep(site, actor, assessment_id, GOOD))
    second = keep(site, actor, assessment_id, [GOOD[0], ("样例䶮局", "", "", "6", "")])  # on SQLite with the same id
    before = dump(site.database)
    with pytest.raises(WrongState, match="一场测评会也没有建"):
        apply(site, actor, second, first.fingerprint)
    assert dump(site.database) == before
    assert len(apply(site, actor, second)) == 2


def test_a_file_is_its_owners_and_the_latest_one_counts(site, actor, assessment_id):
    first = keep(site, actor, assessment_id, GOOD)
    with pytest.raises(NotFound):
        preview(site, actor_of(site, Role.ADMIN), first)
    with pytest.raises(NotFound):
        apply(site, actor_of(site, Role.ADMIN), first)
    other = keep(site, actor_of(site, Role.ADMIN), assessment_id, GOOD)
    second = keep(site, actor, assessment_id, GOOD[:1])
    assert len(preview(site, actor, second).polls) == 1
    assert preview(site, actor_of(site, Role.ADMIN), other).polls
    with site.database.reading() as session:
        assert len(session.scalars(sa.select(Import)).all()) == 2


def test_it_needs_an_assessment_and_an_account(site, actor, assessment_id):
    with pytest.raises(NotFound):
        keep(site, actor, assessment_id + 1, GOOD)
    with pytest.raises(NotAllowed):
        keep(site, COMMAND_LINE, assessment_id, GOOD)


def test_a_cell_without_a_value_stays_a_fault_of_the_kept_file(site, actor, assessment_id):
    tables = read_tables("计划.csv", "单位,应到,地点\n样例局,#REF!,\n样例䶮局,5,#N/A\n".encode())
    with site.database.writing() as session:
        import_id = poll_imports.read_file(session, NOW, actor, assessment_id, "计划.csv", tables)
    found = preview(site, actor, import_id).faults
    assert [(fault.row, fault.column, fault.value) for fault in found] == [
        (2, "B 列（应到）", "#REF!"),
        (3, "C 列（地点）", "#N/A"),
    ]
    assert all(f"{fault.value} 是公式出的错" in fault.remedy for fault in found)
    with pytest.raises(BadInput, match="2 处要改"):
        apply(site, actor, import_id)
