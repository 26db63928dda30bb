"""Setting up: assessments and units, with every fault in Chinese; headers and errors that belong to no one page."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from surveys.acts.actors import WHO_MAY, Permission, Role
from surveys.acts.site import Site
from surveys.season import assessments
from surveys.settings import Settings, database_url_of
from surveys.vote import casting
from tests.builders import build_unit
from tests.sites import settings_for
from tests.strict_client import Page, StrictClient
from tests.vote.desk.test_web_polls import assert_in_chinese
from tests.worlds import Shown, build_accounts, client_of


@pytest.fixture
def admin(lite_app: Flask, lite_site: Site) -> StrictClient:
    ids, _ = build_accounts(lite_site)
    return client_of(lite_app, ids[Role.ADMIN])


def test_an_assessment_and_its_unit_are_made(lite_site: Site, admin: StrictClient) -> None:
    assert "还没有考核" in admin.page("/assessments").text
    made = admin.submit("/assessments/new", title="二〇二六年度考核", frameworks=["county", "municipal"])
    assert made.location == "/assessments"
    page = admin.page("/assessments")
    assert "考核已建立" in page.text
    assert "二〇二六年度考核" in page.text
    fields = {
        "name": "样例教育局",
        "category": "市直单位",
        "framework": "municipal",
        "tags": "教育",
        "department": "市教育局",
        "leaders": "样例甲 局长\r\n样例·买买提，副局长\r\n\r\n样例䶮　纪检组长",
    }
    link = next(link for link in page.links() if link.endswith("/units/new"))
    assert admin.submit(link, **fields).location == "/assessments"
    assert "已添加单位“样例教育局”" in admin.page("/assessments").text
    with lite_site.database.reading() as session:
        (line,) = assessments.list_assessments(session)
        unit = assessments.unit_of(session, line.units[0].id)
        assert [(leader.name, leader.post) for leader in unit.leaders] == [
            ("样例甲", "局长"),
            ("样例·买买提", "副局长"),
            ("样例䶮", "纪检组长"),
        ]
        assert [tag.tag for tag in unit.tags] == ["教育"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"title": ""}, "考核名称"),
        ({"title": "长" * 101}, "考核名称"),
        ({"frameworks": []}, "请至少选一个测评体系"),
        ({"frameworks": ["nothing"]}, "测评体系"),
    ],
)
def test_a_faulty_assessment_is_refused_in_chinese(
    lite_site: Site, admin: StrictClient, fields: dict[str, object], words: str
) -> None:
    response = admin.submit("/assessments/new", **({"title": "考核", "frameworks": ["county"]} | fields))
    page = Page(response)
    assert response.status_code == 400
    assert words in page.text
    assert_in_chinese(page)
    with lite_site.database.reading() as session:
        assert not assessments.list_assessments(session)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": ""}, "单位名称"),
        ({"name": " \u3000 "}, "单位名称"),
        ({"name": "长" * 201}, "单位名称"),
        ({"category": ""}, "类别"),
        ({"framework": "nothing"}, "测评体系"),
        ({"tags": "没有的标签"}, "没有标签“没有的标签”"),
        ({"department": "市教育居"}, "没有考核部门“市教育居”"),
        ({"leaders": "只有姓名"}, "第 1 行“只有姓名”"),
        ({"leaders": "张三 局长\n李四 副局长\n张三 局长"}, "领导名单里“张三”出现了两次"),
        ({"name": "样例局"}, "已经在这次考核中"),
    ],
)
def test_a_faulty_unit_is_refused_in_chinese(
    lite_site: Site, admin: StrictClient, fields: dict[str, str], words: str
) -> None:
    assessment_id, _ = build_unit(lite_site)
    right = {"name": "样例财政局", "category": "市直单位", "framework": "municipal"}
    response = admin.submit(f"/assessments/{assessment_id}/units/new", **(right | fields))
    page = Page(response)
    assert response.status_code == 400
    assert words in page.text
    assert_in_chinese(page)
    with lite_site.database.reading() as session:
        (line,) = assessments.list_assessments(session)
        assert [unit.name for unit in line.units] == ["样例局"]


def test_long_names_do_not_break_a_page(app: Flask, site: Site) -> None:
    """As long as the form lets through, with what HTML would take for markup; on both databases."""
    ids, _ = build_accounts(site)
    client = client_of(app, ids[Role.ADMIN])
    assessment_id, _ = build_unit(site)
    name = "<b>\"'&样例" + "局" * 80
    fields = {
        "name": name,
        "category": "类" * 50,
        "framework": "county",
        "leaders": f"{'名' * 100} {'职' * 200}",
    }
    assert client.submit(f"/assessments/{assessment_id}/units/new", **fields).status_code == 302
    assert name in client.page("/assessments").text
    assert name in client.page(f"/assessments/{assessment_id}/results").text


@pytest.mark.parametrize("leaders", [f"{'名' * 101} 局长", f"样例甲 {'职' * 201}"])
def test_a_leader_too_long_for_the_tables_is_refused(app: Flask, site: Site, leaders: str) -> None:
    ids, _ = build_accounts(site)
    client = client_of(app, ids[Role.ADMIN])
    assessment_id, _ = build_unit(site)
    fields = {"name": "样例财政局", "category": "市直单位", "framework": "county", "leaders": leaders}
    assert client.submit(f"/assessments/{assessment_id}/units/new", **fields).status_code == 400


def test_a_reporter_is_led_past_the_list_of_all_units(shown: Shown) -> None:
    assert shown.client(Role.REPORTER).get("/assessments").location == "/home"


@pytest.mark.parametrize(
    "role", [role for role in Role if role in WHO_MAY[Permission.SEE_POLLS] | WHO_MAY[Permission.SEE_SHEETS]]
)
def test_the_list_of_assessments_offers_what_a_role_may(shown: Shown, role: Role) -> None:
    page = shown.client(role).page("/assessments")
    links = page.links()
    assert (f"/assessments/{shown.world.assessment_id}/results" in links) is (role is Role.ADMIN)
    assert any(link.endswith("/polls/new") for link in links) is (role in WHO_MAY[Permission.RUN_POLLS])
    for link in links:
        assert shown.client(role).get(link).status_code in (200, 302), f"{role} is led to {link}"


@pytest.mark.parametrize("role", [None, *Role])
@pytest.mark.parametrize("path", ["/nothing", "/polls/", "/b", "/b/", "/b/x/y", "/static/../app.py", "/favicon.ico"])
def test_an_unknown_address_is_a_page_of_its_own(shown: Shown, role: Role | None, path: str) -> None:
    page = shown.client(role).page(path, 404)
    assert page.heading == "没有这个页面"


def test_whoever_is_no_staff_is_led_to_the_ballot_and_not_to_the_office(shown: Shown) -> None:
    """An address copied from a slip, wrongly."""
    for path in ("/YFZN-NG40", "/b", "/nothing"):
        response = shown.client().get(path)
        assert "您的票不受影响" in response.text
        assert 'href="/"' in response.text
        assert "Set-Cookie" not in response.headers
        assert "您的票" not in shown.client(Role.ADMIN).get(path).text


@pytest.mark.parametrize(
    ("error", "heading"),
    [(RuntimeError(), "网站出了故障"), (sa.exc.OperationalError("", {}, Exception()), "网站正忙")],
    ids=["broken", "busy"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_voter_reads_that_the_ticket_is_safe(
    lite_app: Flask, monkeypatch: pytest.MonkeyPatch, method: str, error: Exception, heading: str
) -> None:
    def fail(*_given: object) -> None:
        raise error

    monkeypatch.setattr(casting, "normalized", fail)
    monkeypatch.setitem(lite_app.config, "PROPAGATE_EXCEPTIONS", False)
    data = {"o-1": "A"} if method == "POST" else None
    page = Page(client_of(lite_app).open(f"/b/{'0' * 20}", method=method, data=data))
    assert page.heading == heading
    assert "您的票不受影响" in page.text
    assert "请找现场工作人员" in page.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_wrong_method_is_a_page_of_its_own(shown: Shown, method: str) -> None:
    """Static files take no POST; no page takes a PUT."""
    for path in ("/static/ceping.css", "/b/x", "/") if method != "POST" else ("/static/ceping.css",):
        response = shown.client().open(path, method=method)
        assert response.status_code in (400, 405)


def test_static_files_are_kept_for_long_and_pages_are_not(shown: Shown) -> None:
    client = shown.client()
    links = [str(link.get("href")) for link in client.page("/").root.iter("link")]
    sheets = [address for address in links if not address.startswith("data:")]
    assert sheets
    for address in sheets:
        response = client.get(str(address))
        assert response.status_code == 200
        assert "max-age=31536000" in response.headers["Cache-Control"]
        assert "Set-Cookie" not in response.headers


def test_static_files_fetch_nothing_from_elsewhere() -> None:
    for path in (Path(__file__).parents[2] / "static").rglob("*.*"):
        if path.suffix in (".css", ".js"):
            text = path.read_text(encoding="utf-8")
            assert "//" not in text.replace("/*", "").replace("*/", ""), f"{path.name} names another host"
            assert "@import" not in text


def test_under_https_the_cookie_and_the_transport_are_strict(sqlite_template: Path, tmp_path: Path) -> None:
    base = settings_for(database_url_of(f"sqlite:///{sqlite_template}"), tmp_path)
    settings = Settings(base.database_url, base.secret_key, "https://ceping.example.cn", tmp_path)
    client = client_of(create_app(settings))
    response = client.get("/login", base_url="https://ceping.example.cn")
    assert "max-age=31536000" in response.headers["Strict-Transport-Security"]
    assert "Secure" in response.headers["Set-Cookie"]
