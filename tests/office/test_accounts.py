"""Accounts: signing in, passwords, sessions, and the table of who may do what."""

import pytest
from argon2 import extract_parameters

from surveys.acts.actors import COMMAND_LINE, WHO_MAY, Actor, Permission, Role
from surveys.acts.errors import BadInput, NotFound
from surveys.acts.limits import MINIMUM_PASSWORD
from surveys.acts.site import Site
from surveys.office import accounts, sign_ins
from surveys.office.accounts import WrongCredentials
from tests.builders import dump, holder, run_sql, session_of
from tests.sites import NOW

NEW = "一个新的足够长的密码"


def create(site: Site, name: str = "张三", role: Role = Role.ADMIN, department: str | None = None) -> str:
    with site.database.writing() as session:
        return accounts.create_account(session, NOW, COMMAND_LINE, name, role, department)


def sign_in(site: Site, name: str, password: str) -> Actor:
    with site.database.reading() as session:
        return accounts.sign_in(session, NOW, name, password)


def test_an_account_signs_in_with_its_first_password(site):
    password = create(site, "李四", Role.ASSESSOR, "市纪委")
    actor = sign_in(site, " 李四 ", password)
    assert (actor.name, actor.role, actor.department) == ("李四", Role.ASSESSOR, "市纪委")


def test_first_passwords_differ_and_are_kept_as_argon2_only(site):
    first, second = create(site, "甲"), create(site, "乙")
    assert first != second
    hashes = [row[4] for row in dump(site.database)["accounts"]]
    assert {extract_parameters(each).type.name for each in hashes} == {"ID"}
    everything = repr(dump(site.database))
    assert first not in everything
    assert second not in everything


def test_wrong_credentials_are_refused_with_the_same_words(site):
    password = create(site, "张三")
    create(site, "停用")
    run_sql(site, "UPDATE accounts SET active = :no WHERE name = '停用'", no=False)
    texts = set()
    for name, typed in (("张三", "错"), ("张三", ""), ("无此人", password), ("", ""), ("停用", password)):
        with pytest.raises(WrongCredentials) as caught:
            sign_in(site, name, typed)
        texts.add(str(caught.value))
    assert len(texts) == 1


def test_an_account_switched_off_can_neither_sign_in_nor_stay(site):
    password = create(site)
    token = session_of(site, sign_in(site, "张三", password).account_id, NOW)
    run_sql(site, "UPDATE accounts SET active = :no", no=False)
    assert holder(site, token) is None
    with pytest.raises(WrongCredentials):
        sign_in(site, "张三", password)


def test_changing_the_password_ends_the_other_sessions(site):
    password = create(site)
    actor = sign_in(site, "张三", password)
    old = session_of(site, actor.account_id, NOW)
    new = sign_ins.change_password(site, NOW, actor, password, NEW, old).token
    assert (holder(site, old), holder(site, new)) == (None, actor)
    assert sign_in(site, "张三", NEW) == actor
    with pytest.raises(WrongCredentials):
        sign_in(site, "张三", password)


def test_a_password_is_not_changed_without_the_old_one_or_to_a_short_one(site):
    password = create(site)
    actor = sign_in(site, "张三", password)
    token = session_of(site, actor.account_id, NOW)
    for old, new, refusal in (("错", NEW, WrongCredentials), (password, "x" * (MINIMUM_PASSWORD - 1), BadInput)):
        with pytest.raises(refusal):
            sign_ins.change_password(site, NOW, actor, old, new, token)
    assert sign_in(site, "张三", password) == actor == holder(site, token)


def test_resetting_a_password_ends_every_session(site):
    password = create(site)
    token = session_of(site, sign_in(site, "张三", password).account_id, NOW)
    with site.database.writing() as session:
        new = accounts.reset_password(session, NOW, COMMAND_LINE, "张三")
        with pytest.raises(NotFound):
            accounts.reset_password(session, NOW, COMMAND_LINE, "无此人")
    assert holder(site, token) is None
    assert sign_in(site, "张三", new).name == "张三"
    with pytest.raises(WrongCredentials):
        sign_in(site, "张三", password)


def test_accounts_that_cannot_be_are_refused_and_leave_nothing(site):
    create(site, "张三")
    before = dump(site.database)
    cases = [
        ("", Role.ADMIN, None),
        (" \u3000", Role.ADMIN, None),
        ("长" * 101, Role.ADMIN, None),
        ("张三", Role.ADMIN, None),
        (" 张三 ", Role.ORGANIZER, None),
        ("考评员", Role.ASSESSOR, None),
        ("管理员", Role.ADMIN, "市纪委"),
        ("组织员", Role.ORGANIZER, "市纪委"),
        ("考评员", Role.ASSESSOR, ""),
        ("考评员", Role.ASSESSOR, "长" * 101),
    ]
    accepted = []
    for name, role, department in cases:
        try:
            create(site, name, role, department)
        except BadInput:
            assert dump(site.database) == before
        except Exception as error:
            accepted.append((name, department, type(error).__name__))
        else:
            accepted.append((name, department, "created"))
            run_sql(site, "DELETE FROM accounts WHERE name <> '张三'")
            before = dump(site.database)
    assert accepted == []


def test_whether_there_are_accounts_is_known(site):
    with site.database.reading() as session:
        assert not accounts.has_accounts(session)
    create(site)
    with site.database.reading() as session:
        assert accounts.has_accounts(session)


def test_making_and_resetting_accounts_is_logged_without_the_password(site):
    password = create(site)
    with site.database.writing() as session:
        new = accounts.reset_password(session, NOW, COMMAND_LINE, "张三")
    log = repr(dump(site.database)["audit_log"])
    assert "account.create" in log
    assert "account.reset" in log
    assert password not in log
    assert new not in log


def test_the_table_of_who_may_do_what():
    assert set(WHO_MAY) == set(Permission)
    may = {role: {permission for permission in Permission if Actor(1, "某人", role).may(permission)} for role in Role}
    no_business = {Permission.MANAGE_ACCOUNTS, Permission.SEE_LOG, Permission.CONFIRM_ACCOUNTS}
    of_others = {Permission.WATCH, Permission.UNSEAL, Permission.SEE_OWN_UNIT, Permission.READ_GIVEN}
    assert may[Role.ADMIN] == set(Permission) - of_others - no_business
    assert may[Role.READER] == {Permission.READ_RESULTS, Permission.READ_TALLIES, Permission.READ_GIVEN}
    assert may[Role.SYSTEM] == {Permission.MANAGE_ACCOUNTS, Permission.SEE_ALARMS}
    assert may[Role.AUDITOR] == {Permission.SEE_LOG, Permission.CONFIRM_ACCOUNTS, Permission.SEE_ALARMS}
    assert may[Role.SCRUTINEER] == {
        Permission.SEE_POLLS,
        Permission.SEE_TICKETS,
        Permission.SEE_TALLIES,
        Permission.READ_TALLIES,
        Permission.WITNESS,
        Permission.WATCH,
        Permission.UNSEAL,
        Permission.SETTLE_PAPER,
    }
    assert may[Role.ORGANIZER] == {
        Permission.SEE_POLLS,
        Permission.SEE_TICKETS,
        Permission.RUN_POLLS,
        Permission.SEE_TALLIES,
        Permission.READ_TALLIES,
        Permission.WITNESS,
        Permission.UNSEAL,
        Permission.SETTLE_PAPER,
    }
    assert may[Role.ASSESSOR] == {Permission.SEE_SHEETS, Permission.MARK, Permission.REVIEW}
    assert may[Role.REPORTER] == {Permission.SEE_OWN_UNIT}
    assert COMMAND_LINE.role is Role.ADMIN
