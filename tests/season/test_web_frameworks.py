"""The pages on which frameworks and rules are shown, edited, copied and tried out."""

import io

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.acts.site import Site
from surveys.catalog import loader
from surveys.intake.tables import read_tables
from surveys.marking.marks import MarkEntry
from surveys.season import assessments, copying
from tests.builders import build_unit, dump, enter, fill_marks, sealed_poll, start_marking
from tests.framework_files import row_number, shipped, tables_of, with_cells, written
from tests.sites import NOW
from tests.strict_client import Page, StrictClient
from tests.vote.desk.test_web_polls import assert_in_chinese
from tests.worlds import Shown, build_accounts, client_of

MUNICIPAL = shipped()
BASE = "/assessments/1"
UPLOAD = f"{BASE}/frameworks/municipal/import"


def cell(key: str, title: str, value: str) -> tuple[str, int, str, str]:
    return "测评体系", row_number(MUNICIPAL, key), title, value


REWORDED = written(with_cells(MUNICIPAL, cell("III-3", "测评标准", "样例<b>标准")))
FAULTY = written(with_cells(MUNICIPAL, cell("III-3", "测评方法", "<b>看材料"), cell("III-4", "分值", "")))


@pytest.fixture
def admin(lite_app: Flask, lite_site: Site) -> StrictClient:
    build_unit(lite_site, marking=False)
    ids, _ = build_accounts(lite_site)
    return client_of(lite_app, ids[Role.ADMIN])


def sent(client: StrictClient, data: bytes, name: str = "体系.xlsx") -> TestResponse:
    form = client.page(UPLOAD).form(UPLOAD)
    return client.post(UPLOAD, data=form | {"file": (io.BytesIO(data), name)}, content_type="multipart/form-data")


def text_of_row(site: Site, key: str) -> str:
    with site.database.reading() as session:
        framework = assessments.framework_of(assessments.assessment_of(session, 1), "municipal")
    return next(row.standard.text for row in framework.rows() if row.standard.key == key)


def test_a_framework_is_read_as_a_table(admin: StrictClient) -> None:
    links = admin.page("/assessments").links()
    assert f"{BASE}/frameworks" in links
    assert f"{BASE}/copy" in links
    index = admin.page(f"{BASE}/frameworks")
    assert f"{BASE}/frameworks/municipal" in index.links()
    for words in ("41", "责任制内容", "整体折算", "优秀 90 分以上", "不限"):
        assert words in index.text, words
    page = admin.page(f"{BASE}/frameworks/municipal")
    for row in loader.framework("municipal").rows():
        assert row.standard.key in page.text
        assert " ".join(row.standard.text.split()) in page.text
    assert_in_chinese(page)


def test_an_export_is_what_the_catalog_has(admin: StrictClient) -> None:
    response = admin.get(f"{BASE}/frameworks/municipal/framework.xlsx")
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert [table.name for table in read_tables("a.xlsx", response.get_data())] == ["测评体系", "基本信息", "填写说明"]
    assert tables_of(response.get_data()) == MUNICIPAL
    assert admin.get(f"{BASE}/frameworks/nothing/framework.xlsx").status_code == 404


def test_uploaded_seen_and_confirmed(lite_site: Site, admin: StrictClient) -> None:
    preview = sent(admin, REWORDED).location
    assert preview is not None
    page = admin.page(preview)
    for words in ("核对改动", "III-3", "样例<b>标准", "利用网站", "还没有改动"):
        assert words in page.text, words
    assert text_of_row(lite_site, "III-3") != "样例<b>标准"
    done = admin.submit(preview)
    assert done.location == f"{BASE}/frameworks/municipal"
    assert "修改 1 条" in admin.page(done.location).text
    assert text_of_row(lite_site, "III-3") == "样例<b>标准"
    assert admin.get(preview).status_code == 404


def test_faults_are_shown_at_their_cells(lite_site: Site, admin: StrictClient) -> None:
    before = dump(lite_site.database)
    response = sent(admin, FAULTY)
    page = Page(response)
    assert response.status_code == 400
    for words in ("有 2 处要改", "第 5 行 F 列（测评方法）", "<b>看材料", "第 6 行 G 列（分值）", "没有填写", "（空）"):
        assert words in page.text, words
    assert "<b>" not in page.html
    assert_in_chinese(page)
    assert dump(lite_site.database) == before


@pytest.mark.parametrize(
    ("data", "name", "words"), [(b"", "体系.xlsx", "空的"), (b"x", "", "请先选"), (b"x", "a.doc", "不认识")]
)
def test_no_workbook_is_refused_in_place(admin: StrictClient, data: bytes, name: str, words: str) -> None:
    response = sent(admin, data, name)
    assert (response.status_code, words in Page(response).text) == (400, True)


def test_a_stale_preview_is_shown_anew(lite_site: Site, admin: StrictClient) -> None:
    preview = str(sent(admin, REWORDED).location)
    form = admin.page(preview).form(preview)
    response = admin.post(preview, data=form | {"shown": "0" * 64})
    assert (response.status_code, "请看新的预览" in Page(response).text) == (409, True)
    assert text_of_row(lite_site, "III-3") != "样例<b>标准"
    assert admin.post(preview, data=Page(response).form(preview)).status_code == 302


def test_the_same_file_offers_no_button(admin: StrictClient) -> None:
    page = admin.page(str(sent(admin, written(MUNICIPAL)).location))
    assert "没有要更新的" in page.text
    assert "确认更新" not in page.text


def test_once_marking_has_begun_it_takes_a_reason_and_shows_the_effect(lite_site: Site, admin: StrictClient) -> None:
    with lite_site.database.writing() as session:
        assessments.assessment_of(session, 1).state = "marking"
        session.commit()
    enter(lite_site, 1, MarkEntry("III-4", "考核组", "1"))
    assert UPLOAD in admin.page(f"{BASE}/frameworks").links()
    preview = str(sent(admin, REWORDED).location)
    page, revise = admin.page(preview), f"{preview}/revise"
    for words in ("个单位的结果会变", "样例局", "样例<b>标准"):
        assert words in page.text, words
    assert "确认更新" not in page.text
    for fields, status, words in (({"reason": ""}, 400, "理由"), ({"reason": "修订", "shown": "0"}, 409, "看新的影响")):
        response = admin.submit(preview, revise, **fields)
        assert (response.status_code, words in Page(response).text) == (status, True)
    assert admin.submit(preview, revise, reason="文件修订").location == f"{BASE}/life"
    assert "文件修订" in admin.page(f"{BASE}/life").text
    assert text_of_row(lite_site, "III-3") == "样例<b>标准"


def test_once_marking_has_ended_nothing_is_offered(lite_site: Site, admin: StrictClient) -> None:
    preview = str(sent(admin, REWORDED).location)
    with lite_site.database.writing() as session:
        assessments.assessment_of(session, 1).state = "provisional"
        session.commit()
    for address in (f"{BASE}/frameworks", UPLOAD, f"{BASE}/rules", preview):
        page = admin.page(address)
        assert "打分已经开始" in page.text
        assert not {"保存", "上传并预览", "确认更新", "修改规则"} & {button for button in page.text.split()}


def test_rules_are_saved_or_shown_again_as_typed(lite_site: Site, admin: StrictClient) -> None:
    address = f"{BASE}/rules"
    response = admin.submit(address, bonus_cap="很多", bands="好 60\n差 10")
    page = Page(response)
    assert response.status_code == 400
    assert "加分上限：“很多”不对" in page.text
    assert "最低分要是 0" in page.text
    assert page.form(address)["bonus_cap"] == "很多"
    saved = admin.submit(address, mode="block", bonus_cap="3", bands="好 60\n差 0", veto_band="差", top_quota="30")
    assert saved.location == f"{BASE}/frameworks"
    page = admin.page(str(saved.location))
    for words in ("计分规则已保存", "按板块折算", "好 60 分以上", "30% 以内"):
        assert words in page.text, words
    admin.submit(address)
    assert "没有变化" in admin.page(f"{BASE}/frameworks").text


def test_a_new_year_from_the_last(lite_site: Site, admin: StrictClient) -> None:
    refused = admin.submit(f"{BASE}/copy", title="样例考核")
    assert (refused.status_code, "和原来的一样" in Page(refused).text) == (400, True)
    done = admin.submit(f"{BASE}/copy", title="样例考核二")
    assert done.location == "/assessments/2/frameworks"
    assert "新考核已建立" in admin.page(str(done.location)).text


def test_last_years_marks_are_tried(lite_site: Site, admin: StrictClient) -> None:
    with lite_site.database.writing() as session:
        start_marking(session, 1)
    sealed_poll(lite_site, 1)
    fill_marks(lite_site, 1)
    with lite_site.database.writing() as session:
        copying.copy_assessment(session, NOW, COMMAND_LINE, 1, "样例考核二")
    admin.submit("/assessments/2/rules", bands="顶好 90\n差 0", veto_band="差")
    before = dump(lite_site.database)
    assert "试算" in admin.page("/assessments/2/dry-run").text
    page = admin.page("/assessments/2/dry-run?on=1")
    assert "优秀 → 顶好" in page.text
    assert "100.00" in page.text
    assert dump(lite_site.database) == before
    for wrong in ("99", "0", "99999999999"):
        assert admin.get(f"/assessments/2/dry-run?on={wrong}").status_code == 404
    assert admin.get("/assessments/2/dry-run?on=x").status_code == 200


@pytest.mark.parametrize("role", [None, *Role])
def test_only_an_admin_finds_the_way(shown: Shown, role: Role | None) -> None:
    if role in (Role.REPORTER, Role.SYSTEM, Role.AUDITOR, Role.READER):
        assert shown.client(role).get("/assessments").status_code == 302, "it lists every unit"
    elif role is not None:
        found = any(link.endswith("/frameworks") for link in shown.client(role).page("/assessments").links())
        assert found is (role is Role.ADMIN)
