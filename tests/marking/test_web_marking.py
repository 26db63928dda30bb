"""The pages of marking: the sheet of a row, the workbook, the completion board."""

import io
from urllib.parse import quote

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from surveys.acts.actors import Role
from surveys.acts.site import Site
from surveys.marking.marks import MarkEntry
from tests.builders import GROUP, LEAD, assessor, build_unit, dump, enter, line_for, run_sql
from tests.marking.test_mark_workbooks import POINTS, account, exported, find, packed
from tests.marking.test_marking_sheets import BAD_POINTS, units
from tests.strict_client import Page, StrictClient
from tests.vote.desk.test_web_polls import assert_in_chinese, download_name
from tests.worlds import DEPARTMENT, Shown, build_accounts, client_of

pytestmark = pytest.mark.usefixtures("decided_by_one")

OWN = quote(GROUP)


@pytest.fixture
def admin(lite_app: Flask, lite_site: Site) -> StrictClient:
    build_unit(lite_site, "别处的局")
    ids, _ = build_accounts(lite_site)
    return client_of(lite_app, ids[Role.ADMIN])


def sheet(assessment_id: int, row_key: str = "III-3", department: str = GROUP) -> str:
    return f"/assessments/{assessment_id}/marking/municipal/{row_key}?department={quote(department)}"


def _action(client: StrictClient, address: str) -> str:
    """Where the sheet's form posts to."""
    actions = [str(form.get("action")) for form in client.page(address).root.iter("form")]
    return next(action for action in actions if "/marking/" in action)


def posted(client: StrictClient, address: str, *, forged: bool = False, **fields: str) -> TestResponse:
    return client.submit(address, _action(client, address), forged=forged, **fields)


def test_a_row_is_marked_down_its_units(lite_site: Site, admin: StrictClient) -> None:
    assessment_id, (first, second) = units(lite_site, 2)
    address = sheet(assessment_id)
    index = admin.page(f"/assessments/{assessment_id}/marking")
    assert address in [quote(link, safe="/?=%") for link in index.links()]
    fields = {f"u{first}": "1.5", f"u{first}:remark": "依据会议纪要", f"u{first}:evidence": "①", f"u{second}": "２"}
    assert posted(admin, address, **fields).status_code == 302
    page = admin.page(address)
    for words in ("已保存 2 处打分", "已打 2/2", "第 1 版"):
        assert words in page.text
    mark = line_for(lite_site, first, "III-3").marks[GROUP]
    assert (mark.remark, mark.evidence) == ("依据会议纪要", "①")
    assert line_for(lite_site, second, "III-3").value.got == 2
    assert f"/units/{first}#III-3" in page.links()
    posted(admin, address)
    assert "没有改动" in admin.page(address).text


def test_a_comprehensive_row_asks_for_its_basis(lite_site: Site, admin: StrictClient) -> None:
    assessment_id, _ = units(lite_site, 1)
    assert "至少 10 个字" in admin.page(sheet(assessment_id, "III-35", LEAD)).html
    assert "至少 10 个字" not in admin.page(sheet(assessment_id)).html


@pytest.mark.parametrize("points", BAD_POINTS)
def test_a_faulty_value_is_told_beside_it_and_the_rest_stays_typed(
    lite_site: Site, admin: StrictClient, points: str
) -> None:
    assessment_id, (first, second) = units(lite_site, 2)
    before = dump(lite_site.database)
    response = posted(admin, sheet(assessment_id), **{f"u{first}": "1", f"u{second}": points})
    page = Page(response)
    assert response.status_code == 400
    assert_in_chinese(page)
    fault = next(each for each in page.root.iter("p") if each.get("id") == f"fault-u{second}")
    assert "".join(fault.itertext())
    values = {each.get("name"): each.get("value") for each in page.root.iter("input")}
    assert (values[f"u{first}"], values[f"u{second}"]) == ("1", points)
    assert dump(lite_site.database) == before


def test_the_later_of_two_sees_both_values_and_chooses(lite_site: Site, admin: StrictClient) -> None:
    assessment_id, (first, second) = units(lite_site, 2)
    address = sheet(assessment_id)
    form = admin.page(address).form(action := _action(admin, address)) | {f"u{first}": "2", f"u{second}": "1"}
    enter(lite_site, first, MarkEntry("III-3", GROUP, "0.5", "先打的"), actor=assessor(GROUP))
    for _ in range(2):  # without a choice nothing is saved, however often
        response = admin.post(action, data=form)
        page = Page(response)
        assert response.status_code == 409
        for words in ("您填 2 分", "用我填的 2 分", "保留命令行的 0.5 分（先打的）"):
            assert words in page.text
        form = page.form(action)
        assert form[f"u{first}"] == "2"
        assert not line_for(lite_site, second, "III-3").marks
    assert admin.post(action, data=form | {f"u{first}:settle": "theirs:1"}).status_code == 302
    assert line_for(lite_site, first, "III-3").marks[GROUP].version == 1
    assert line_for(lite_site, second, "III-3").value.got == 1
    again = admin.page(address).form(action) | {f"u{first}": "2", f"u{first}:seen": "0"}
    assert admin.post(action, data=again).status_code == 409
    assert admin.post(action, data=again | {f"u{first}:settle": "mine:1"}).status_code == 302
    assert line_for(lite_site, first, "III-3").value.got == 2


def test_a_page_opened_earlier_takes_nothing_back(lite_site: Site, admin: StrictClient) -> None:
    """Saving a unit's whole sheet leaves the marks others made meanwhile."""
    _, (unit_id,) = units(lite_site, 1)
    enter(lite_site, unit_id, MarkEntry("III-4", GROUP, "0.5"))
    act = f"/units/{unit_id}/marks"
    form = admin.page(f"/units/{unit_id}").form(act) | {f"III-3:{GROUP}": "1", f"III-3:{GROUP}:evidence": "①"}
    enter(lite_site, unit_id, MarkEntry("III-4", GROUP, "1"))
    assert admin.post(act, data=form).status_code == 302
    assert line_for(lite_site, unit_id, "III-4").value.got == 1
    assert line_for(lite_site, unit_id, "III-3").marks[GROUP].evidence == "①"
    late = Page(admin.post(act, data=form | {f"III-4:{GROUP}": "0", f"III-3:{GROUP}": "2"}))
    assert "用我填的 0 分" in late.text
    assert line_for(lite_site, unit_id, "III-4").value.got == 1


@pytest.mark.parametrize("seen", ["", "-1", "x", "９", "9" * 30])
def test_a_page_that_does_not_say_what_it_saw_overwrites_nothing(
    lite_site: Site, admin: StrictClient, seen: str
) -> None:
    assessment_id, (first, _) = units(lite_site, 2)
    enter(lite_site, first, MarkEntry("III-3", GROUP, "1"))
    fields = {f"u{first}": "2", f"u{first}:seen": seen, f"u{first}:settle": f"mine:{seen}"}
    assert posted(admin, sheet(assessment_id), forged=True, **fields).status_code == 409
    assert line_for(lite_site, first, "III-3").value.got == 1


def test_an_assessor_sees_the_own_rows_and_no_others(lite_app: Flask, lite_site: Site) -> None:
    assessment_id, (unit_id, _) = units(lite_site, 2)
    ids, _ = build_accounts(lite_site)
    client = client_of(lite_app, ids[Role.ASSESSOR])
    assert f"/assessments/{assessment_id}/marking" in client.page("/assessments").links()
    index = client.page(f"/assessments/{assessment_id}/marking?department={OWN}")
    assert "III-31" in index.text
    assert "III-3 " not in index.text
    client.page(sheet(assessment_id, "III-3"), 404)
    address = sheet(assessment_id, "III-31", GROUP)
    assert posted(client, address, **{f"u{unit_id}": "2"}).status_code == 302
    assert line_for(lite_site, unit_id, "III-31").marks[DEPARTMENT].points == 2
    assert client.get(f"/assessments/{assessment_id}/completion").status_code == 403


def test_others_points_stay_unseen_until_the_own_are_in(lite_app: Flask, lite_site: Site) -> None:
    _, (unit_id,) = units(lite_site, 1)
    ids, _ = build_accounts(lite_site)
    run_sql(lite_site, "UPDATE accounts SET department = '市纪委' WHERE role = 'assessor'")
    client = client_of(lite_app, ids[Role.ASSESSOR])
    enter(lite_site, unit_id, MarkEntry("III-2", "市委组织部", "2.75"))
    page = client.page(f"/units/{unit_id}")
    assert "市委组织部：已打" in page.text
    assert "2.75" not in page.html
    enter(lite_site, unit_id, MarkEntry("III-2", "市纪委", "1"))
    assert "市委组织部：2.75 分" in client.page(f"/units/{unit_id}").text


def test_the_workbook_goes_out_and_comes_in(lite_site: Site, admin: StrictClient) -> None:
    assessment_id, (first, second) = units(lite_site, 2)
    address = f"/assessments/{assessment_id}/marks"
    assert address in admin.page(f"/assessments/{assessment_id}/marking").links()
    response = admin.get(f"{address}.xlsx?department={OWN}")
    assert download_name(response) == "打分表-考核组.xlsx"
    rows = exported(lite_site, account(lite_site), assessment_id)
    find(rows, "III-3", "样例1局")[POINTS] = "1.5"
    find(rows, "III-3", "样例2局")[POINTS] = "2"
    enter(lite_site, second, MarkEntry("III-3", GROUP, "1"))
    preview = _sent(admin, address, packed(rows)).location
    page = admin.page(str(preview))
    for words in ("要改动的打分", "导出之后别人打过分的", "样例2局", "1.5 分"):
        assert words in page.text
    form = page.form(str(preview))
    refused = admin.post(str(preview), data=form)
    assert refused.status_code == 409
    assert "已核对" in Page(refused).text
    assert admin.post(str(preview), data=form | {"over": "y"}).location == f"/assessments/{assessment_id}/marking"
    assert line_for(lite_site, first, "III-3").value.got == 1.5
    assert line_for(lite_site, second, "III-3").marks[GROUP].version == 2


def test_a_faulty_workbook_is_told_cell_by_cell(lite_site: Site, admin: StrictClient) -> None:
    assessment_id, _ = units(lite_site, 2)
    address = f"/assessments/{assessment_id}/marks"
    rows = exported(lite_site, account(lite_site), assessment_id)
    find(rows, "III-3", "样例1局")[POINTS] = "<b>9</b>"
    find(rows, "III-4", "样例2局")[POINTS] = "-0"
    before = dump(lite_site.database)
    response = _sent(admin, address, packed(rows))
    page = Page(response)
    assert response.status_code == 400
    assert_in_chinese(page)
    for words in ("有 2 处要改", "F 列（打分）", "什么都没有导入", "-0"):
        assert words in page.text
    assert "<b>9" not in page.html
    assert _sent(admin, address, b"").status_code == 400
    assert dump(lite_site.database) == before


def _sent(client: StrictClient, address: str, data: bytes) -> TestResponse:
    token = client.page(address).form(address)["csrf_token"]
    return client.post(
        address,
        data={"csrf_token": token, "file": (io.BytesIO(data), "打分表.xlsx")},
        content_type="multipart/form-data",
    )


def test_the_board_filters_and_downloads(lite_site: Site, admin: StrictClient) -> None:
    assessment_id, ids = units(lite_site, 6)
    for unit_id in ids:
        enter(lite_site, unit_id, MarkEntry("III-12", "市纪委", "1"))
    address = f"/assessments/{assessment_id}/completion"
    page = admin.page(address)
    assert address in admin.page("/assessments").links()
    for words in ("还差", "6 个单位都是 1 分", "市宗教局：共 6 项", "全部 6 个单位"):
        assert words in page.text, words
    own = admin.page(f"{address}?department={quote('市纪委')}&behind=1")
    assert "市宗教局：共" not in own.text
    assert "6/12" in own.text
    response = admin.get(f"{address}.csv?department={quote('市纪委')}")
    assert (response.mimetype, download_name(response)) == ("text/csv", "样例考核-进度.csv")
    assert "样例1局,市直单位,市纪委,1,2,1,III-2" in response.get_data().decode("utf-8-sig")
    assert "6 个单位都是 1 分" in admin.page(sheet(assessment_id, "III-12", "市纪委")).text


def test_full_marks_for_everybody_are_told_of_mildly(lite_site: Site, admin: StrictClient) -> None:
    assessment_id, ids = units(lite_site, 6)
    for unit_id in ids:
        enter(lite_site, unit_id, MarkEntry("III-4", GROUP, "2"))
    page = admin.page(f"/assessments/{assessment_id}/completion")
    assert "都是满分的 1 条" in page.text
    assert "顺手填的" not in page.text
    assert "6 个单位都是满分" in admin.page(sheet(assessment_id, "III-4", GROUP)).text
    assert "6 个单位都是满分" in admin.page(f"/assessments/{assessment_id}/marking").text


def test_the_pages_of_a_filled_site(shown: Shown) -> None:
    client = shown.client(Role.ADMIN)
    assessment_id = shown.world.assessment_id
    assert "1 分" in client.page(f"/mark-imports/{shown.world.mark_import_id}").text
    assert client.page(f"/assessments/{assessment_id}/completion").heading == "打分进度"
    client.page(f"/assessments/{assessment_id}/marking/county/III-4", 404)
