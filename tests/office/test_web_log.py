"""The auditor's pages, and what of a request is in the audit log."""

import re

import pytest
import sqlalchemy as sa
from flask import Flask

from surveys.acts.actors import Role
from surveys.acts.site import Site
from surveys.office.sign_ins import MOST_HERE
from surveys.storage.tables import AuditEntry
from tests.builders import account, build_poll, build_unit
from tests.strict_client import StrictClient
from tests.worlds import Shown, build_accounts, client_of


def entries(site: Site, prefix: str) -> list[AuditEntry]:
    with site.database.reading() as session:
        query = sa.select(AuditEntry).where(AuditEntry.act.startswith(prefix)).order_by(AuditEntry.id)
        return list(session.scalars(query))


@pytest.fixture
def ids(lite_site: Site) -> dict[Role, int]:
    build_unit(lite_site)
    return build_accounts(lite_site)[0]


@pytest.fixture
def auditor(lite_app: Flask, ids: dict[Role, int]) -> StrictClient:
    return client_of(lite_app, ids[Role.AUDITOR])


def test_signing_in_and_out_is_in_the_log(lite_app: Flask, lite_site: Site) -> None:
    build_unit(lite_site)
    _, passwords = build_accounts(lite_site)
    client = client_of(lite_app)
    client.environ_base["REMOTE_ADDR"] = "203.0.113.9"
    client.submit("/login", name="organizer", password="wrong wrong")
    client.submit("/login", name="my secret password", password="x")
    client.submit("/login", name="organizer", password=passwords[Role.ORGANIZER])
    client.submit("/polls", "/logout")
    found = entries(lite_site, "account.sign")
    told = [(each.act, each.actor, each.subject, each.result) for each in found]
    assert told == [
        ("account.sign_in", "未登录", "organizer", "failed"),
        ("account.sign_in", "未登录", "没有的账号", "failed"),
        ("account.sign_in", "organizer", "organizer", "done"),
        ("account.sign_out", "organizer", "organizer", "done"),
    ]
    assert len({each.address for each in found}) == 1
    assert re.fullmatch("[0-9a-f]{16}", str(found[0].address))
    assert len({each.request for each in found}) == 4
    assert "my secret" not in repr([vars(each) for each in entries(lite_site, "")])


def test_whoever_is_kept_out_is_in_the_log_once(lite_app: Flask, lite_site: Site) -> None:
    build_accounts(lite_site)
    client = client_of(lite_app)
    for _ in range(MOST_HERE + 3):
        client.submit("/login", name="admin", password="wrong wrong")
    assert [each.subject for each in entries(lite_site, "account.locked_out")] == ["admin"]
    assert len(entries(lite_site, "account.sign_in")) == MOST_HERE


def test_a_refusal_is_in_the_log_with_who_and_what(lite_app: Flask, lite_site: Site, ids: dict[Role, int]) -> None:
    assert client_of(lite_app, ids[Role.ASSESSOR]).get("/accounts").status_code == 403
    (entry,) = entries(lite_site, "access.")
    assert (entry.actor, entry.account_id, entry.role) == ("assessor", ids[Role.ASSESSOR], "assessor")
    assert (entry.subject, entry.result) == ("/accounts", "refused")


READS = [
    (Role.ADMIN, "/assessments/1/results", "read.results"),
    (Role.ADMIN, "/assessments/1/report.docx", "export.results"),
    (Role.ADMIN, "/units/1", "read.sheet"),
    (Role.AUDITOR, "/log", "read.log"),
    (Role.AUDITOR, "/log.csv", "export.log"),
]


@pytest.mark.parametrize(("role", "address", "act"), READS)
def test_who_reads_what_is_sensitive_is_in_the_log(
    lite_app: Flask, lite_site: Site, ids: dict[Role, int], role: Role, address: str, act: str
) -> None:
    assert client_of(lite_app, ids[role]).get(address).status_code == 200
    (entry,) = entries(lite_site, "read.") + entries(lite_site, "export.")
    assert (entry.act, entry.subject, entry.account_id, entry.result) == (act, address, ids[role], "done")


def test_a_voter_leaves_no_trace(lite_app: Flask, lite_site: Site) -> None:
    world = build_poll(lite_site, count=1)
    before = len(entries(lite_site, ""))
    client = client_of(lite_app)
    for path in ("/", f"/b/{world.codes['A'][0]}", "/b/nothing", f"/board/{world.codes['A'][0][:4]}"):
        client.get(path)
    assert len(entries(lite_site, "")) == before


def test_every_page_of_somebody_else_s_result_is_marked_as_read(shown: Shown) -> None:
    """What a page shows of results, tallies, files handed in and talks is a read; a page that is added is to say so."""
    wanted = re.compile(
        r"/(tally|results|versions|report|letters?|bundle|proceedings|log|letter)\b|objection-files|/file$"
    )
    own = (
        "/own-unit/",
        "/materials/",
        "/polls/<id:poll_id>/log",
        "proceedings/new",
        "proceedings/<id:proceeding_id>/withdraw",
    )
    for rule in shown.app.url_map.iter_rules():
        view = shown.app.view_functions[rule.endpoint]
        if "GET" in (rule.methods or ()) and wanted.search(rule.rule) and not any(each in rule.rule for each in own):
            assert hasattr(view, "reads") or rule.rule in ("/log/check", "/materials/report"), rule.rule


def test_the_auditor_sees_who_did_what_and_takes_it_along(auditor: StrictClient) -> None:
    text = auditor.page("/log").text
    assert "建立账号" in text
    assert "系统管理员" in auditor.get("/log?who=命令行&group=account").text
    assert "没有符合的记录" in auditor.get("/log?q=不会有的").text
    for odd in ("since=2026-99-99&until=x&group=nothing&result=nothing", "until=9999-12-31", "since=0001-01-01"):
        assert auditor.get(f"/log?{odd}").status_code == 200, odd
    for below in ("0", "-1", "x", str(10**30)):
        assert auditor.get(f"/log?below={below}").status_code == 200, below
    rows = auditor.get("/log.csv").get_data().decode("utf-8-sig").splitlines()
    assert rows[0].startswith("序号,时间,账号")
    assert len(rows) > 5


def test_the_auditor_checks_the_log(auditor: StrictClient, lite_site: Site) -> None:
    assert "一条不少" in auditor.get("/log/check").text
    with lite_site.database.writing() as session:
        session.execute(sa.update(AuditEntry).where(AuditEntry.id == 2).values(actor="别人"))
        session.commit()
    told = auditor.get("/log/check").text
    assert "第 2 条" in told
    assert "一条不少" not in told


def test_the_auditor_changes_nothing_and_sees_no_business(auditor: StrictClient) -> None:
    for path in ("/polls", "/accounts", "/units/1", "/assessments/1/results", "/assessments/1/life"):
        assert auditor.get(path).status_code == 403, path
    assert auditor.get("/assessments").location == "/home"
    assert auditor.get("/home").location == "/log"


def test_the_system_admin_keeps_accounts_and_sees_no_business(lite_app: Flask, ids: dict[Role, int]) -> None:
    client = client_of(lite_app, ids[Role.SYSTEM])
    assert client.get("/home").location == "/accounts"
    for path in ("/polls", "/log", "/units/1", "/assessments/1/results", "/assessments/1/life"):
        assert client.get(path).status_code == 403, path


def test_the_auditor_confirms_who_has_an_own_password(
    lite_app: Flask, lite_site: Site, ids: dict[Role, int], auditor: StrictClient
) -> None:
    system = client_of(lite_app, ids[Role.SYSTEM])
    made = system.submit("/accounts/new", name="李四", role="organizer", department="", unit_id="")
    password = re.search(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){3}", made.text)
    assert password is not None
    assert "还没有改过一次性密码" in auditor.page("/confirmations").text
    fresh = client_of(lite_app)
    fresh.submit("/login", name="李四", password=password[0])
    fresh.submit("/password", old=password[0], new="Ein-ganz-eigenes-1", again="Ein-ganz-eigenes-1")
    form = auditor.page("/confirmations").form("/confirmations") | {"sure": "y"}
    for wrong in ({"account": str(10**30)}, {"account": "x"}, {"given_at": "x"}):
        assert auditor.post("/confirmations", data=form | wrong).status_code == 400, wrong
    assert auditor.submit("/confirmations", sure="y").status_code == 302
    told = auditor.page("/confirmations").text
    assert "账号已确认" in told
    assert "没有待确认的账号" in told


def test_pages_of_two_hands_say_where_nobody_confirms_accounts(lite_app: Flask, lite_site: Site) -> None:
    build_unit(lite_site)
    admin = account(lite_site, "主任")
    client = client_of(lite_app, admin.account_id)
    pages = (
        "/assessments/1/life",
        "/assessments/1/proposals",
        "/assessments/1/applicability",
        "/units/1/applicability",
    )
    for path in pages:
        assert "尚未设审计员" in client.page(path).text, path
    account(lite_site, "审计", Role.AUDITOR)
    for path in pages:
        assert "尚未设审计员" not in client.page(path).text, path
