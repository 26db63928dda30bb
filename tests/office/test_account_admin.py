"""What an admin does with accounts: one-time passwords, resets, moves, switching off; each with who and why."""

import pytest
from argon2 import extract_parameters

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import BadInput, NotAllowed, NotFound, WrongState
from surveys.acts.site import Site
from surveys.office import account_admin, accounts
from surveys.office.account_admin import AccountState
from surveys.office.accounts import NewAccount, WrongCredentials
from surveys.scoring.assessment_states import AssessmentState
from surveys.season import assessments
from tests.builders import account, build_unit, dump, holder, run_sql, session_of
from tests.sites import NOW
from tests.tools import together

DEPARTMENT = "市委网信办"
WHY = "本人要求"


def make(site: Site, name: str, role: Role, place: str | int | None = None, actor: Actor = COMMAND_LINE) -> str:
    department = place if isinstance(place, str) else None
    entry = NewAccount(name, role, department, place if isinstance(place, int) else None)
    with site.database.writing() as session:
        return account_admin.create(session, NOW, actor, entry).password


def sign_in(site: Site, name: str, password: str) -> Actor:
    with site.database.reading() as session:
        return accounts.sign_in(session, NOW, name, password)


def line(site: Site, name: str) -> account_admin.AccountLine:
    with site.database.reading() as session:
        return next(each for each in account_admin.list_accounts(session, COMMAND_LINE) if each.name == name)


def log(site: Site, name: str) -> list[tuple[str, str, str]]:
    with site.database.reading() as session:
        found = account_admin.log(session, COMMAND_LINE, line(site, name).id)
    return [(entry.act, entry.actor, entry.detail) for entry in found]


def archive(site: Site, assessment_id: int) -> None:
    run_sql(site, "UPDATE assessments SET state = :to WHERE id = :id", to=AssessmentState.ARCHIVED, id=assessment_id)


def test_an_account_is_made_with_a_one_time_password(site):
    boss = account(site, "主任", Role.SYSTEM)
    _, unit_id = build_unit(site)
    password = make(site, "样例局", Role.REPORTER, unit_id, boss)
    actor = sign_in(site, "样例局", password)
    assert (actor.role, actor.unit_id, actor.must_change) == (Role.REPORTER, unit_id, True)
    assert line(site, "样例局").state is AccountState.NEW
    assert (line(site, "样例局").place, line(site, "样例局").assessment) == ("样例局", "样例考核")
    # The unit's own entries stand under the same name, and are not the account's.
    assert log(site, "样例局") == [("account.create", "主任", "报送员，样例局")]
    assert password.replace("-", "") not in repr(dump(site.database)).replace("-", "")


def test_one_time_passwords_are_long_and_their_hash_is_quick(site):
    """80 random bits in 16 symbols: a slow hash would add nothing but a minute of waiting (docs/decisions/0018)."""
    password = make(site, "甲", Role.ORGANIZER)
    assert len(password.replace("-", "")) == 16
    (stored,) = [value for row in dump(site.database)["accounts"] for value in row if str(value).startswith("$argon2")]
    found = extract_parameters(stored)
    assert (found.type.name, found.time_cost, found.memory_cost) == ("ID", 1, 8)


def test_what_cannot_be_an_account_is_refused_and_leaves_nothing(site):
    _, unit_id = build_unit(site)
    make(site, "张三", Role.ORGANIZER)
    before = dump(site.database)
    for entry in (
        NewAccount("张 三", Role.ORGANIZER),
        NewAccount("", Role.ORGANIZER),
        NewAccount("李四", Role.ASSESSOR, "没有这个部门"),
        NewAccount("李四", Role.ASSESSOR),
        NewAccount("李四", Role.ORGANIZER, DEPARTMENT),
        NewAccount("李四", Role.REPORTER),
        NewAccount("李四", Role.REPORTER, unit_id=999),
        NewAccount("李四", Role.ADMIN, unit_id=unit_id),
    ):
        with site.database.writing() as session, pytest.raises(BadInput):
            account_admin.create(session, NOW, COMMAND_LINE, entry)
    assert dump(site.database) == before


@pytest.mark.both
def test_two_admins_who_make_one_name_make_one_account(site):
    def one():
        return make(site, "张三", Role.ORGANIZER)

    outcomes = together(one, one)
    assert sorted(isinstance(each, str) for each in outcomes) == [False, True]
    assert any(isinstance(each, BadInput | WrongState) for each in outcomes)


def test_accounts_are_found_by_words_role_and_standing(site):
    _, unit_id = build_unit(site, "样例档案局")
    make(site, "档案报送", Role.REPORTER, unit_id)
    make(site, "网信考评", Role.ASSESSOR, DEPARTMENT)
    account(site, "主任", Role.SYSTEM)
    with site.database.reading() as session:

        def names(*wanted):
            return [each.name for each in account_admin.list_accounts(session, COMMAND_LINE, *wanted)]

        assert names() == ["主任", "网信考评", "档案报送"]
        assert names("样例档案局") == ["档案报送"]
        assert names("样例考核") == ["档案报送"]
        assert names("网信办") == ["网信考评"]
        assert names("", Role.SYSTEM) == ["主任"]
        assert names("", None, AccountState.NEW) == ["网信考评", "档案报送"]


def test_a_reset_ends_the_sessions_and_says_why(site):
    boss = account(site, "主任", Role.SYSTEM)
    password = make(site, "甲", Role.ORGANIZER)
    token = session_of(site, sign_in(site, "甲", password).account_id, NOW)
    with site.database.writing() as session:
        handout = account_admin.reset(session, NOW, boss, line(site, "甲").id, "忘了密码")
    assert holder(site, token) is None
    with pytest.raises(WrongCredentials):
        sign_in(site, "甲", password)
    assert sign_in(site, "甲", handout.password).must_change
    assert log(site, "甲")[-1] == ("account.reset", "主任", "忘了密码")


@pytest.mark.both
def test_switched_off_is_out_at_once_and_back_only_by_signing_in(site):
    boss = account(site, "主任", Role.SYSTEM)
    password = make(site, "甲", Role.ORGANIZER)
    token = session_of(site, sign_in(site, "甲", password).account_id, NOW)
    with site.database.writing() as session:
        account_admin.deactivate(session, NOW, boss, line(site, "甲").id, "调离")
    assert line(site, "甲").state is AccountState.INACTIVE
    with pytest.raises(WrongCredentials):
        sign_in(site, "甲", password)
    with site.database.writing() as session, pytest.raises(WrongState, match="先启用"):
        account_admin.reset(session, NOW, boss, line(site, "甲").id, WHY)
    with site.database.writing() as session:
        account_admin.activate(session, NOW, boss, line(site, "甲").id, "调回")
    assert holder(site, token) is None
    assert sign_in(site, "甲", password) is not None
    assert log(site, "甲")[1:] == [("account.deactivate", "主任", "调离"), ("account.activate", "主任", "调回")]


def test_nobody_switches_off_or_resets_oneself(site):
    boss = account(site, "主任", Role.SYSTEM)
    account(site, "副主任", Role.SYSTEM)
    for act in (account_admin.deactivate, account_admin.reset):
        with site.database.writing() as session, pytest.raises(WrongState):
            act(session, NOW, boss, boss.account_id, WHY)


def test_the_last_admin_cannot_be_switched_off(site):
    boss = account(site, "主任", Role.SYSTEM)
    with site.database.writing() as session, pytest.raises(WrongState, match="最后一个"):
        account_admin.deactivate(session, NOW, COMMAND_LINE, boss.account_id, WHY)


@pytest.mark.both
def test_two_admins_who_switch_each_other_off_leave_one(site):
    pair = account(site, "主任", Role.SYSTEM), account(site, "副主任", Role.SYSTEM)

    def by(actor, other):
        def act():
            with site.database.writing() as session:
                account_admin.deactivate(session, NOW, actor, other.account_id, WHY)

        return act

    outcomes = together(by(*pair), by(*reversed(pair)))
    assert sorted(type(each).__name__ for each in outcomes) == ["NoneType", "WrongState"]
    assert sorted(line(site, each.name).state for each in pair) == ["active", "inactive"]


@pytest.mark.both
def test_an_assessor_moves_to_another_department_at_once(site):
    build_unit(site)
    actor = sign_in(site, "甲", make(site, "甲", Role.ASSESSOR, DEPARTMENT))
    assert actor.department == DEPARTMENT
    with site.database.writing() as session:
        account_admin.move(session, NOW, COMMAND_LINE, actor.account_id, WHY, department="市纪委")
    assert line(site, "甲").place == "市纪委"
    assert log(site, "甲")[-1] == ("account.move", "命令行", f"{DEPARTMENT} → 市纪委：{WHY}")


def test_a_reporter_moves_to_the_next_years_unit(site):
    last, old = build_unit(site)
    password = make(site, "甲", Role.REPORTER, old)
    with site.database.writing() as session:
        year = assessments.create_assessment(session, NOW, COMMAND_LINE, "下年考核", ["municipal"])
        entry = assessments.UnitEntry("样例局", "市直单位", "municipal")
        new = assessments.add_unit(session, NOW, COMMAND_LINE, year, entry)
    archive(site, last)
    with site.database.writing() as session:
        account_admin.move(session, NOW, COMMAND_LINE, line(site, "甲").id, "新的一年", unit_id=new)
    assert sign_in(site, "甲", password).unit_id == new
    assert log(site, "甲")[-1][2] == "样例局（样例考核） → 样例局（下年考核）：新的一年"
    with site.database.writing() as session, pytest.raises(BadInput):
        account_admin.move(session, NOW, COMMAND_LINE, line(site, "甲").id, WHY, unit_id=old)


def test_moves_that_make_no_sense_are_refused(site):
    _, unit_id = build_unit(site)
    make(site, "考评", Role.ASSESSOR, DEPARTMENT)
    make(site, "报送", Role.REPORTER, unit_id)
    make(site, "组织", Role.ORGANIZER)
    before = dump(site.database)
    for name, where, refusal in (
        ("考评", {"department": DEPARTMENT}, WrongState),
        ("报送", {"unit_id": unit_id}, WrongState),
        ("考评", {"department": "没有这个部门"}, BadInput),
        ("考评", {"unit_id": unit_id}, BadInput),
        ("报送", {"department": DEPARTMENT}, BadInput),
        ("组织", {"department": DEPARTMENT}, BadInput),
        ("组织", {}, BadInput),
    ):
        with site.database.writing() as session, pytest.raises(refusal):
            account_admin.move(session, NOW, COMMAND_LINE, line(site, name).id, WHY, **where)
    assert dump(site.database) == before


def test_a_lost_sheet_is_issued_again_all_or_none(site):
    first = [make(site, name, Role.ORGANIZER) for name in ("甲", "乙", "丙")]
    ids = [line(site, name).id for name in ("甲", "乙", "丙")]
    with site.database.writing() as session:
        handouts = account_admin.reissue(session, NOW, COMMAND_LINE, ids[:2], "文件没存好")
    assert [each.name for each in handouts] == ["甲", "乙"]
    for name, old, handout in zip(("甲", "乙"), first, handouts, strict=False):
        with pytest.raises(WrongCredentials):
            sign_in(site, name, old)
        assert sign_in(site, name, handout.password).must_change
    assert sign_in(site, "丙", first[2]) is not None
    run_sql(site, "UPDATE accounts SET one_time = :no WHERE name = '丙'", no=False)
    before = dump(site.database)
    for chosen, refusal in ((ids, WrongState), ([], BadInput), ([*ids[:2], 999], NotFound)):
        with site.database.writing() as session, pytest.raises(refusal):
            account_admin.reissue(session, NOW, COMMAND_LINE, chosen, WHY)
    assert dump(site.database) == before


def test_each_act_wants_a_reason(site):
    make(site, "甲", Role.ORGANIZER)
    found = line(site, "甲").id
    for act in (account_admin.reset, account_admin.deactivate, account_admin.activate, account_admin.move):
        for reason in ("", " \u3000", "长" * 501):
            with site.database.writing() as session, pytest.raises(BadInput, match="原因"):
                act(session, NOW, COMMAND_LINE, found, reason)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SYSTEM])
def test_nobody_but_an_admin_does_any_of_it(site, role):
    make(site, "甲", Role.ORGANIZER)
    found, other = line(site, "甲").id, Actor(None, "别人", role)
    entry = NewAccount("乙", Role.ADMIN)
    before = dump(site.database)
    for call in (
        lambda session: account_admin.list_accounts(session, other),
        lambda session: account_admin.account_line(session, other, found),
        lambda session: account_admin.log(session, other, found),
        lambda session: account_admin.create(session, NOW, other, entry),
        lambda session: account_admin.reset(session, NOW, other, found, WHY),
        lambda session: account_admin.reissue(session, NOW, other, [found], WHY),
        lambda session: account_admin.deactivate(session, NOW, other, found, WHY),
        lambda session: account_admin.activate(session, NOW, other, found, WHY),
        lambda session: account_admin.move(session, NOW, other, found, WHY),
    ):
        with site.database.writing() as session, pytest.raises(NotAllowed):
            call(session)
    assert dump(site.database) == before
