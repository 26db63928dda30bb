"""The matrix, a unit's tags and choices, the ledger and the second person, as pages."""

import csv
import io

import pytest
from flask import Flask

from surveys.acts.actors import Role
from surveys.acts.site import Site
from surveys.season import applicability
from tests.builders import account, build_unit, event, exempt, line_for, record, sealed_poll
from tests.strict_client import Page, StrictClient, words
from tests.vote.desk.test_web_polls import assert_in_chinese, download_name
from tests.worlds import build_accounts, client_of

pytestmark = pytest.mark.usefixtures("decided_by_one")


@pytest.fixture
def unit_id(lite_site: Site) -> int:
    return build_unit(lite_site, tags=("公安",))[1]


@pytest.fixture
def ids(lite_site: Site, unit_id: int) -> dict[Role, int]:
    return build_accounts(lite_site)[0]


@pytest.fixture
def admin(lite_app: Flask, ids: dict[Role, int]) -> StrictClient:
    return client_of(lite_app, ids[Role.ADMIN])


@pytest.fixture
def reporter(lite_app: Flask, ids: dict[Role, int]) -> StrictClient:
    return client_of(lite_app, ids[Role.REPORTER])


def second_admin(app: Flask, site: Site) -> StrictClient:
    return client_of(app, account(site, "另一名管理员").account_id)


def matrix_rows(page: Page) -> dict[str, list[str]]:
    """The cells of each unit, by name."""
    (body,) = page.root.iter("tbody")
    return {words(row[0]): [words(cell) for cell in row[1:]] for row in body}


MATRIX = "/assessments/1/applicability"


def test_the_matrix_shows_every_mark_in_its_own_sign(lite_site: Site, unit_id: int, admin: StrictClient) -> None:
    exempt(lite_site, unit_id, "III-7")
    page = admin.page(MATRIX)
    cells = matrix_rows(page)["样例局"]
    assert cells[:2] == ["72", "27"]
    assert len(cells) == 2 + 41
    assert {sign: cells[2:].count(sign) for sign in ("✓", "·", "免", "?")} == {"✓": 26, "·": 13, "免": 1, "?": 1}
    for word in ("适用", "不适用", "免考", "方法待选", "还没有选定测评方法"):
        assert word in page.text
    assert "核准这份适用表" not in page.text


def test_the_matrix_is_narrowed_by_tag_category_and_framework(lite_site: Site, admin: StrictClient) -> None:
    build_unit(lite_site, "样例教育局", tags=("教育",), assessment_id=1)
    build_unit(lite_site, "样例学院", category="市管高校", assessment_id=1)
    build_unit(lite_site, "样例县", framework="county", assessment_id=1)
    for query, names in {
        "": {"样例局", "样例教育局", "样例学院"},
        "?tag=教育": {"样例教育局"},
        "?tag=-": {"样例学院"},
        "?category=市管高校": {"样例学院"},
        "?framework=county": {"样例县"},
        "?framework=nothing": {"样例局", "样例教育局", "样例学院"},
        "?tag=没有的": {"没有符合条件的单位"},
    }.items():
        assert set(matrix_rows(admin.page(MATRIX + query))) == names, query


def test_the_matrix_is_approved_once_nothing_is_left_to_choose(
    lite_site: Site, unit_id: int, admin: StrictClient
) -> None:
    unit = f"/units/{unit_id}/applicability"
    answer = admin.submit(unit, f"/units/{unit_id}/choices", method="hearing")
    assert answer.location == unit
    assert "听" in matrix_rows(admin.page(MATRIX))["样例局"]
    assert admin.submit(MATRIX, f"{MATRIX}/approve").location == MATRIX
    page = admin.page(MATRIX)
    assert "已核准：admin" in page.text
    assert "核准这份适用表" not in page.text
    admin.submit(unit, f"/units/{unit_id}/tags", tags=["公安", "教育"])
    page = admin.page(MATRIX)
    assert "有过改动" in page.text
    assert matrix_rows(page)["样例局"][0] == "78"


def test_a_matrix_that_changed_meanwhile_is_shown_again(lite_site: Site, unit_id: int, admin: StrictClient) -> None:
    admin.submit(f"/units/{unit_id}/applicability", f"/units/{unit_id}/choices", method="hearing")
    form = admin.page(MATRIX).form(f"{MATRIX}/approve")
    exempt(lite_site, unit_id, "III-7")
    response = admin.post(f"{MATRIX}/approve", data=form)
    assert response.status_code == 409
    assert "在您打开之后有改动" in Page(response).text
    assert admin.post(f"{MATRIX}/approve", data=form | {"shown": ""}).status_code == 409
    with lite_site.database.reading() as session:
        assert not applicability.matrix(session, 1).signs


def test_the_matrix_as_a_workbook(admin: StrictClient) -> None:
    response = admin.get("/assessments/1/applicability.xlsx")
    assert response.status_code == 200
    assert download_name(response) == "样例考核-适用表.xlsx"
    assert response.data.startswith(b"PK")


@pytest.mark.parametrize(
    ("act", "fields", "status", "said"),
    [
        ("tags", {"tags": ["没有的"]}, 400, "没有标签“没有的”"),
        ("choices", {"method": ""}, 400, "请选定一种测评方法"),
        ("choices", {"method": "democratic"}, 400, "选一个"),
        ("choices", {"method": "hearing", "row_key": "III-4"}, 409, "只有一种"),
        ("choices", {"method": "hearing", "row_key": "nothing"}, 404, "没有 nothing 这一行"),
    ],
)
def test_a_fault_is_shown_on_the_units_page(
    unit_id: int, admin: StrictClient, act: str, fields: dict[str, object], status: int, said: str
) -> None:
    unit = f"/units/{unit_id}/applicability"
    response = admin.submit(unit, f"/units/{unit_id}/{act}", **fields)
    page = Page(response)
    assert response.status_code == status
    assert page.heading.startswith("样例局")
    assert said in page.text
    assert_in_chinese(page)


def test_the_sheet_says_which_method_is_to_be_chosen(unit_id: int, admin: StrictClient) -> None:
    assert "材料审核或听取汇报（待选）" in admin.page(f"/units/{unit_id}").text
    assert "还没有选定" in admin.page(f"/units/{unit_id}/rows/III-23").text
    admin.submit(f"/units/{unit_id}/applicability", f"/units/{unit_id}/choices", method="hearing")
    assert "听取汇报（选定）" in admin.page(f"/units/{unit_id}").text
    assert "测评方法：听取汇报" in admin.page(f"/units/{unit_id}/rows/III-23").text


def test_the_ledger_is_filtered_and_downloaded_alike(lite_site: Site, unit_id: int, admin: StrictClient) -> None:
    _, other = build_unit(lite_site, "另一局", category="党委部门", assessment_id=1)
    record(lite_site, unit_id, event("III-32", "1", "甲号文", level="市级", occasion="先进"))
    record(lite_site, unit_id, event("III-32", "3", "乙号文", level="省级", occasion="先进"))
    record(lite_site, other, event("III-33(1)", "1", "丙号文"))
    exempt(lite_site, other, "III-7", document="丁号文")
    for query, documents in {
        "": "甲乙丙丁",
        "?kind=加分": "甲乙",
        "?kind=免考": "丁",
        "?standing=overtaken": "甲",
        "?category=党委部门": "丙丁",
        "?unit=另一": "丙丁",
        "?appeal=open": "",
    }.items():
        text = admin.page("/assessments/1/ledger" + query).text
        assert [name for name in "甲乙丙丁" if f"{name}号文" in text] == list(documents), query
        response = admin.get("/assessments/1/ledger.csv" + query)
        rows = list(csv.reader(io.StringIO(response.data.decode("utf-8-sig"), newline="")))
        assert [row[7][0] for row in rows[1:]] == list(documents), query
    assert "未计（同一事项已按更高计）" in admin.page("/assessments/1/ledger").text
    assert "未计（同一事项已按更高计）" in admin.page(f"/units/{unit_id}/rows/III-32").text
    assert "按事件，1 条" in admin.page(f"/units/{unit_id}").text


def test_a_reporter_appeals_and_an_admin_answers(
    lite_site: Site, unit_id: int, admin: StrictClient, reporter: StrictClient
) -> None:
    event_id = record(lite_site, unit_id, event("III-33(1)", "2"))
    own, appeal = "/ledger", f"/ledger/events/{event_id}/appeal"
    response = reporter.submit(own, appeal, grounds=" ")
    assert response.status_code == 400
    assert "申诉的理由" in Page(response).text
    assert reporter.submit(own, appeal, grounds="当日已报告").location == own
    page = reporter.page(own)
    assert "申诉中" in page.text
    assert not [form for form in page.root.iter("form") if "logout" not in str(form.get("action"))]
    unit, answer = f"/units/{unit_id}/ledger", f"/units/{unit_id}/events/{event_id}/answer"
    assert "有 1 条申诉等待答复" in admin.page("/assessments/1/ledger").text
    assert "请先答复申诉" in admin.page(f"/units/{unit_id}/rows/III-33(1)").text
    response = admin.submit(unit, answer, answer="查明属实")
    assert response.status_code == 400
    assert 'value="查明属实"' in response.text
    assert "请选择申诉是否成立" in response.text
    assert admin.submit(unit, answer, verdict="upheld", answer="查明属实").location == unit
    assert "申诉成立" in reporter.page(own).text
    assert line_for(lite_site, unit_id, "III-33(1)").value.got == 0


def test_a_reporter_sees_and_reaches_the_own_unit_alone(lite_site: Site, reporter: StrictClient) -> None:
    _, other = build_unit(lite_site, "另一局", assessment_id=1)
    event_id = record(lite_site, other, event("III-33(1)", "2", "丙号文"))
    own = reporter.page("/ledger")
    assert "样例局" in own.heading
    assert "丙号文" not in own.text
    token = own.form("/logout")
    assert reporter.post(f"/ledger/events/{event_id}/appeal", data=token | {"grounds": "理由"}).status_code == 404
    for path in (f"/units/{other}/ledger", "/assessments/1/ledger", "/assessments/1/ledger.csv", MATRIX):
        assert reporter.get(path).status_code == 403
    appeal = f"/units/{other}/events/{event_id}/appeal"
    assert reporter.post(appeal, data=token | {"grounds": "理由"}).status_code == 403
    assert line_for(lite_site, other, "III-33(1)").events[0].appeal == "none"


def test_an_admin_appeals_on_the_units_behalf(lite_site: Site, unit_id: int, admin: StrictClient) -> None:
    event_id = record(lite_site, unit_id, event("III-33(1)", "2"))
    unit = f"/units/{unit_id}/ledger"
    appeal = f"/units/{unit_id}/events/{event_id}/appeal"
    assert admin.submit(unit, appeal, grounds="来函申诉").location == unit
    assert "申诉：来函申诉" in admin.page(unit).text


def test_an_exemption_is_taken_back_on_the_ledger(lite_site: Site, unit_id: int, admin: StrictClient) -> None:
    exempt(lite_site, unit_id, "III-7")
    unit = f"/units/{unit_id}/ledger"
    cancel = next(
        str(form.get("action")) for form in admin.page(unit).root.iter("form") if "cancel" in str(form.get("action"))
    )
    assert admin.submit(unit, cancel, reason="").status_code == 400
    assert admin.submit(unit, cancel, reason="决定撤回").location == unit
    assert "撤销理由：决定撤回" in admin.page(unit).text
    assert "已免考" not in admin.page(f"/units/{unit_id}/rows/III-7").text


def test_a_faulty_event_is_shown_with_what_was_typed(unit_id: int, admin: StrictClient) -> None:
    row = f"/units/{unit_id}/rows/III-32"
    response = admin.submit(row, f"/units/{unit_id}/events", points="99", document="甲号文", reason="", level="省级")
    page = Page(response)
    assert response.status_code == 400
    assert page.heading.startswith("III-32")
    for typed in ("99", "甲号文", "省级"):
        assert f'value="{typed}"' in page.html


def test_another_value_of_the_democratic_row_takes_two(
    lite_app: Flask, lite_site: Site, unit_id: int, admin: StrictClient
) -> None:
    sealed_poll(lite_site, unit_id, "B")
    row, act = f"/units/{unit_id}/rows/III-36", f"/units/{unit_id}/confirm"
    fields = {"III-36:考核组": "8.5", "III-36:考核组:remark": "会议决定"}
    admin.submit(row, f"/units/{unit_id}/marks", **fields)
    page = admin.page(row)
    assert "待第二人确认：8.5 分" in page.text
    assert "这是您提出的" in page.text
    assert "待第二人确认：8.5" in admin.page(f"/units/{unit_id}").text
    form = page.form(act)
    assert admin.post(act, data=form).status_code == 403
    assert line_for(lite_site, unit_id, "III-36").value.got == 8
    other = second_admin(lite_app, lite_site)
    assert other.submit(row, act).location == row
    assert "两人确认：8.5 分" in admin.page(row).text
    assert line_for(lite_site, unit_id, "III-36").value.got == 8.5
    assert (
        other.post(act, data=other.page(row).form("/logout") | {"row_key": "III-36", "version": "1"}).status_code == 409
    )


def test_the_sheet_shows_how_teams_combine(lite_site: Site, unit_id: int, admin: StrictClient) -> None:
    sealed_poll(lite_site, unit_id, "A", team="甲班子", team_weight="0.6")
    sealed_poll(lite_site, unit_id, "B", team="乙班子", team_weight="0.4")
    formula = "乙班子 80.00 × 0.4 + 甲班子 100.00 × 0.6 = 92.00"
    assert formula in admin.page(f"/units/{unit_id}").text
    assert formula in admin.page(f"/units/{unit_id}/rows/III-36").text
    assert "92.00" in admin.page("/assessments/1/results").text
    sealed_poll(lite_site, unit_id, "A", team="丙班子", entitled=10, present=5)
    assert "丙班子：实到 5 人" in admin.page(f"/units/{unit_id}").text
    assert "丙班子：实到 5 人" in admin.page(f"/units/{unit_id}/rows/III-36").text
