"""Many accounts at once: from a file, and one for each unit; all or nothing, their passwords in one answer."""

import io

import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import BadInput, NotAllowed, NotFound, WrongState
from surveys.acts.site import Site
from surveys.acts.table_files import tables_in
from surveys.office import account_admin, account_imports, accounts, unit_reporters
from surveys.reporting.workbooks import SheetPlan, workbook
from surveys.season import assessments, copying
from surveys.season.rosters import FaultyFile
from surveys.storage.tables import Account
from tests.builders import account, build_unit, dump
from tests.office.test_account_admin import archive, line, log, make
from tests.sites import NOW
from tests.tools import together

HEAD = "账号名,角色,部门或单位\n"
GOOD = HEAD + "网信　甲,考评员,市委网信办\n样例局,报送员,样例局\n组织１,组织员,\n监票,监票人\n"


@pytest.fixture
def boss(site: Site) -> Actor:
    return account(site, "主任", Role.SYSTEM)


@pytest.fixture
def assessment_id(site: Site) -> int:
    found, _ = build_unit(site)
    build_unit(site, "样例档案局", assessment_id=found)
    return found


def read(site: Site, actor: Actor, assessment_id: int, data: str | bytes, name: str = "账号.csv") -> int:
    data = data.encode("gb18030") if isinstance(data, str) else data
    tables = tables_in(name, data)
    with site.database.writing() as session:
        return account_imports.read_file(session, NOW, actor, assessment_id, name, tables)


def preview(site: Site, actor: Actor, import_id: int) -> account_imports.AccountPreview:
    with site.database.reading() as session:
        return account_imports.preview(session, actor, import_id)


def apply(site: Site, actor: Actor, import_id: int, shown: str | None = None) -> list[accounts.Handout]:
    shown = preview(site, actor, import_id).fingerprint if shown is None else shown
    with site.database.writing() as session:
        return account_imports.apply(session, NOW, actor, import_id, shown)


def test_a_gbk_file_is_seen_and_then_made(site, boss, assessment_id):
    import_id = read(site, boss, assessment_id, GOOD)
    found = preview(site, boss, import_id)
    assert found.new == (
        ("网信甲", "", "考评员", "市委网信办"),
        ("样例局", "", "报送员", "样例局"),
        ("组织1", "", "组织员", ""),
        ("监票", "", "监票人", ""),
    )
    assert len(dump(site.database)["accounts"]) == 1
    handouts = apply(site, boss, import_id)
    assert [each.name for each in handouts] == ["网信甲", "样例局", "组织1", "监票"]
    for each in handouts:
        with site.database.reading() as session:
            actor = accounts.sign_in(session, NOW, each.name, each.password)
        assert actor.must_change
        assert log(site, each.name)[0][:2] == ("account.create", "主任")
        assert each.password not in repr(dump(site.database))
    assert dump(site.database)["imports"] == []
    with pytest.raises(NotFound):
        apply(site, boss, import_id, "x")


def test_a_workbook_is_read_too_and_the_template_as_it_comes(site, boss, assessment_id):
    rows = [("甲", "张三", "组织员", "", "0531-1"), ("乙", "", "管理员", "", "")]
    data = workbook([SheetPlan("账号", account_imports.TITLES, rows)])
    found = preview(site, boss, read(site, boss, assessment_id, data, "账号.xlsx"))
    assert found.new == (("甲", "张三", "组织员", ""), ("乙", "", "业务管理员", ""))
    with site.database.reading() as session:
        template = account_imports.template(session, boss, assessment_id)
    assert CalamineWorkbook.from_filelike(io.BytesIO(template)).sheet_names == ["账号", "填写说明"]
    assert len(preview(site, boss, read(site, boss, assessment_id, template, "账号.xlsx")).new) == 3


def test_every_fault_is_told_at_its_cell_and_nothing_is_made(site, boss, assessment_id):
    make(site, "张三", Role.ORGANIZER)
    before = dump(site.database)
    text = (
        HEAD + "甲,考评员,市委网信处\n乙,,\n甲,组织员,样例局\n,报送员,样例厅\n=1+1,监票人,\n张 三,监票人,\n丙,报送员,\n"
    )
    with pytest.raises(FaultyFile) as caught:
        read(site, boss, assessment_id, text)
    told = str(caught.value)
    for words in (
        "第 2 行 C 列（部门或单位） “市委网信处”：测评体系里没有这个考核部门。是不是“市委网信办”？",
        "第 3 行 B 列（角色） ：没有写角色，须是系统管理员、业务管理员、审计员、组织员、考评员、监票人、"
        "报送员、查阅人之一",
        "第 4 行 A 列（账号名） “甲”：和第 2 行重复",
        "第 4 行 C 列（部门或单位） “样例局”：组织员不分部门和单位",
        "第 5 行 A 列（账号名） ：没有写账号名",
        "第 5 行 C 列（部门或单位） “样例厅”：这次考核里没有这个单位。是不是“样例局”？",
        "第 6 行 A 列（账号名） “=1+1”：以等号开头",
        "第 7 行 A 列（账号名） “张 三”：账号“张三”已经有了（组织员）",
        "第 8 行 C 列（部门或单位） ：没有写。报送员须写所属单位，如样例局、样例档案局",
    ):
        assert words in told, words
    assert len(caught.value.faults) == 9
    assert dump(site.database) == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("单位,姓名\n样例局,张三\n", "没有认出表头"),
        ("账号名,备注\n甲,组织员\n", "没有认出表头"),
        ("账号名,单位\n甲,样例局\n", "缺“角色”一列"),
        (HEAD, "表头下面没有账号"),
    ],
)
def test_a_file_that_is_no_list_of_accounts_is_refused(site, boss, assessment_id, text, words):
    with pytest.raises(FaultyFile, match=words):
        read(site, boss, assessment_id, text)
    with pytest.raises(BadInput):
        read(site, boss, assessment_id, b"%PDF-1.7", "账号.xlsx")


def test_accounts_that_are_there_stay_as_they_are(site, boss, assessment_id):
    apply(site, boss, read(site, boss, assessment_id, GOOD))
    found = preview(site, boss, read(site, boss, assessment_id, GOOD + "新人,组织员,\n"))
    assert found.new == (("新人", "", "组织员", ""),)
    assert found.there == ("网信甲", "样例局", "组织1", "监票")
    with site.database.writing() as session:
        account_admin.deactivate(session, NOW, boss, line(site, "监票").id, "调离")
    with pytest.raises(FaultyFile, match="已停用"):
        read(site, boss, assessment_id, GOOD)


def test_what_changed_since_the_preview_is_not_made(site, boss, assessment_id):
    import_id = read(site, boss, assessment_id, GOOD)
    shown = preview(site, boss, import_id).fingerprint
    make(site, "监 票", Role.ORGANIZER)
    before = dump(site.database)
    with pytest.raises(WrongState, match="“监票”刚刚已经建了"):
        apply(site, boss, import_id, shown)
    with pytest.raises(WrongState):
        apply(site, boss, read(site, boss, assessment_id, HEAD + "甲,组织员,\n"), shown)
    assert dump(site.database)["accounts"] == before["accounts"]


@pytest.mark.both
def test_a_file_confirmed_twice_at_once_is_made_once(site, boss, assessment_id):
    import_id = read(site, boss, assessment_id, GOOD)
    shown = preview(site, boss, import_id).fingerprint
    outcomes = together(*[lambda: apply(site, boss, import_id, shown)] * 2)
    assert sorted(type(each).__name__ for each in outcomes) == ["NotFound", "list"]
    assert len(dump(site.database)["accounts"]) == 5


def test_a_file_is_its_readers_own_and_admins_alone(site, boss, assessment_id):
    import_id = read(site, boss, assessment_id, GOOD)
    with pytest.raises(NotFound):
        preview(site, account(site, "副主任", Role.SYSTEM), import_id)
    other = account(site, "组织", Role.ORGANIZER)
    with pytest.raises(NotAllowed):
        read(site, other, assessment_id, GOOD)
    with site.database.reading() as session:
        for call in (account_imports.template, unit_reporters.plan):
            with pytest.raises(NotAllowed):
                call(session, other, assessment_id)


def plan(site: Site, assessment_id: int) -> unit_reporters.ReporterPlan:
    with site.database.reading() as session:
        return unit_reporters.plan(session, COMMAND_LINE, assessment_id)


def make_all(site: Site, assessment_id: int, shown: str | None = None) -> list[accounts.Handout]:
    shown = plan(site, assessment_id).fingerprint if shown is None else shown
    with site.database.writing() as session:
        return unit_reporters.apply(session, NOW, COMMAND_LINE, assessment_id, shown)


def test_every_unit_without_a_reporter_gets_one(site, assessment_id):
    (first, second) = [each.id for each in units_of(site, assessment_id)]
    make(site, "老张", Role.REPORTER, first)
    make(site, "甲", Role.ORGANIZER)
    with site.database.writing() as session:  # as it could be made before 0026
        session.execute(sa.update(Account).where(Account.name == "甲").values(name="样例档案局"))
        session.commit()
    assert [(name, unit) for name, _, unit in plan(site, assessment_id).new] == [("样例档案局2", "样例档案局")]
    (handout,) = make_all(site, assessment_id)
    assert (handout.name, handout.place) == ("样例档案局2", "样例档案局")
    with site.database.reading() as session:
        found = accounts.sign_in(session, NOW, handout.name, handout.password)
    assert found.unit_id == second
    with pytest.raises(WrongState, match="都已经有"):
        make_all(site, assessment_id)


def units_of(site: Site, assessment_id: int) -> list[assessments.UnitLine]:
    with site.database.reading() as session:
        return next(list(each.units) for each in assessments.list_assessments(session) if each.id == assessment_id)


def test_a_reporter_switched_off_serves_no_unit(site, boss, assessment_id):
    make_all(site, assessment_id)
    with site.database.writing() as session:
        account_admin.deactivate(session, NOW, boss, line(site, "样例局").id, "调离")
    assert [name for name, _, _ in plan(site, assessment_id).new] == ["样例局2"]


@pytest.mark.both
def test_pressed_twice_at_once_each_unit_has_one(site, assessment_id):
    shown = plan(site, assessment_id).fingerprint
    outcomes = together(*[lambda: make_all(site, assessment_id, shown)] * 2)
    assert sorted(type(each).__name__ for each in outcomes) == ["WrongState", "list"]
    assert len(dump(site.database)["accounts"]) == 2


def test_a_unit_added_since_the_preview_is_shown_first(site, assessment_id):
    shown = plan(site, assessment_id).fingerprint
    build_unit(site, "样例新局", assessment_id=assessment_id)
    before = dump(site.database)
    with pytest.raises(WrongState, match="新的预览"):
        make_all(site, assessment_id, shown)
    assert dump(site.database) == before


def test_last_years_reporters_come_along_once_it_is_archived(site, boss, assessment_id):
    passwords = {each.name: each.password for each in make_all(site, assessment_id)}
    with site.database.writing() as session:
        year = copying.copy_assessment(session, NOW, COMMAND_LINE, assessment_id, "下年考核")
    # Last year still runs: its reporters stay, and the new units get accounts of their own.
    assert [name for name, _, _ in plan(site, year).new] == ["样例局2", "样例档案局2"]
    archive(site, assessment_id)
    found = plan(site, year)
    assert found.new == ()
    assert [(each.account, each.before, each.unit) for each in found.coming] == [
        ("样例局", "样例局（样例考核）", "样例局"),
        ("样例档案局", "样例档案局（样例考核）", "样例档案局"),
    ]
    assert make_all(site, year) == []
    own = {each.name: each.id for each in units_of(site, year)}
    for name, password in passwords.items():
        with site.database.reading() as session:
            actor = accounts.sign_in(session, NOW, name, password)
        assert actor.unit_id == own[name]
        assert log(site, name)[-1][2] == f"{name}（样例考核） → {name}（下年考核）：新的考核"
    with pytest.raises(WrongState, match="已经归档"):
        plan(site, assessment_id)
