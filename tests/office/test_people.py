"""Who holds an account: told on pages, in the log and on papers; what is kept and digested has the account's name."""

import pytest
import sqlalchemy as sa
from flask import Flask

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.acts.errors import BadInput, WrongState
from surveys.acts.site import Site
from surveys.office import account_admin, accounts
from surveys.office.accounts import NewAccount
from surveys.storage.tables import Account, AuditEntry, shown_name
from tests.builders import account, run_sql
from tests.seasons import build_season
from tests.sites import NOW
from tests.strict_client import StrictClient
from tests.tools import pdf_words
from tests.worlds import client_of


@pytest.fixture
def system(lite_app: Flask, lite_site: Site) -> StrictClient:
    return client_of(lite_app, account(lite_site, "系统", Role.SYSTEM).account_id)


def test_in_sql_as_in_python(lite_site: Site) -> None:
    account(lite_site, "甲")
    run_sql(lite_site, "UPDATE accounts SET person = '张三' WHERE name = '甲'")
    account(lite_site, "乙")
    with lite_site.database.reading() as session:
        shown = {name: shown for name, shown in session.execute(sa.select(Account.name, Account.shown))}
        assert shown == {each.name: each.shown for each in session.scalars(sa.select(Account))}
    assert shown == {"甲": shown_name("张三", "甲"), "乙": "乙"}


def test_given_with_the_account_and_changed_on_its_page(lite_site: Site, system: StrictClient) -> None:
    made = system.submit("/accounts/new", name="zhangsan", person="张 三", phone="0531-8888 (2)", role="organizer")
    assert made.status_code == 200
    with lite_site.database.reading() as session:
        found = session.scalars(sa.select(Account).where(Account.name == "zhangsan")).one()
    assert (found.person, found.phone) == ("张三", "0531-8888 (2)")
    page = f"/accounts/{found.id}"
    assert "张三" in system.page("/accounts?q=张三").text
    refused = system.submit(page, f"{page}/holder", person="张三", phone="电话同上")
    assert (refused.status_code, "只写数字" in refused.text) == (400, True)
    assert system.submit(page, f"{page}/holder", person="张三丰", phone="").location == page
    with lite_site.database.reading() as session:
        entry = session.scalars(sa.select(AuditEntry).where(AuditEntry.act == "account.describe")).one()
    assert (entry.subject, entry.before, entry.after) == ("zhangsan", "张三 0531-8888 (2)", "张三丰")


def test_of_two_who_change_it_the_later_is_told(lite_site: Site) -> None:
    boss, number = account(lite_site, "系统", Role.SYSTEM), account(lite_site, "甲").account_id or 0
    with lite_site.database.writing() as session, pytest.raises(WrongState, match="有人改过"):
        account_admin.describe(session, NOW, boss, number, "张三", "", base="holder of another time")


@pytest.mark.parametrize(
    "entry", [NewAccount("甲", Role.ADMIN, person="长" * 51), NewAccount("甲", Role.ADMIN, phone="x")]
)
def test_what_cannot_be_is_refused(lite_site: Site, entry: NewAccount) -> None:
    with lite_site.database.writing() as session, pytest.raises(BadInput):
        accounts.add_accounts(session, NOW, COMMAND_LINE, [entry])


def test_pages_log_and_papers_tell_it(lite_app: Flask, lite_site: Site) -> None:
    season = build_season(lite_site).appeal()
    run_sql(lite_site, "UPDATE accounts SET person = '刘明' WHERE name = '管理一'")
    season.certified_by_both()
    client = client_of(lite_app, season.admins[1].account_id)
    words = pdf_words(client.get(f"/assessments/{season.assessment_id}/report.pdf").data)
    assert "由刘明（管理一）" in words
    assert "刘明" in client_of(lite_app, season.admins[0].account_id).page("/assessments").text
    auditor = client_of(lite_app, account(lite_site, "审计", Role.AUDITOR).account_id)
    assert "管理一 刘明" in auditor.page("/log?who=刘明").text.replace("　", " ")
    assert "管理二" not in auditor.page("/log?who=刘明").text
    with lite_site.database.reading() as session:
        names = set(session.scalars(sa.select(AuditEntry.actor).where(AuditEntry.act == "assessment.certify")))
    assert names == {"管理一", "管理二"}
