"""Score sheets, rows and results: what an admin decides, what an assessor sees of it and no more."""

import re
from decimal import Decimal
from fractions import Fraction
from urllib.parse import quote

import pytest
from flask import Flask

from surveys.acts.actors import Role
from surveys.acts.site import Site
from surveys.marking import score_sheets
from surveys.marking.marks import MarkEntry
from surveys.marking.score_sheets import UnitSheet
from surveys.polling.states import PollState
from surveys.scoring.exact import shown
from surveys.scoring.score_sheet import Mode
from surveys.season import assessments
from surveys.vote import polls
from tests.builders import GROUP, LEAD, build_unit, enter, sealed_poll
from tests.seasons import build_season
from tests.strict_client import Page, StrictClient
from tests.vote.desk.test_web_polls import PNG, SVG, assert_in_chinese, download_name
from tests.worlds import UNIT_NAMES, Shown, build_accounts, client_of

pytestmark = pytest.mark.usefixtures("decided_by_one")

TOTALS = ("最后得分", "基础分", "等次", "加分", "扣分")


@pytest.fixture
def admin(lite_app: Flask, lite_site: Site) -> StrictClient:
    ids, _ = build_accounts(lite_site)
    return client_of(lite_app, ids[Role.ADMIN])


def unit_of(shown: Shown, state: PollState) -> int:
    with shown.site.database.reading() as session:
        return polls.poll_of(session, shown.world.polls[state].poll_id).unit_id


def sheet_in(site: Site, unit_id: int) -> UnitSheet:
    with site.database.reading() as session:
        return score_sheets.unit_sheet(session, unit_id)


def test_an_admin_sees_the_whole_sheet(shown: Shown) -> None:
    unit_id = unit_of(shown, PollState.SEALED)
    page = shown.client(Role.ADMIN).page(f"/units/{unit_id}")
    keys = [line.row.standard.key for line in sheet_in(shown.site, unit_id).lines]
    rows = {row.get("id") for row in page.root.iter("tr")} - {None}
    assert rows == set(keys)
    for word in TOTALS:
        assert word in page.text
    for key in keys:
        assert f"/units/{unit_id}/rows/{quote(key, safe='()')}" in [quote(link, safe="/()%") for link in page.links()]


def test_an_assessor_sees_the_own_rows_and_no_total(shown: Shown) -> None:
    unit_id = unit_of(shown, PollState.SEALED)
    page = shown.client(Role.ASSESSOR).page(f"/units/{unit_id}")
    rows = {row.get("id") for row in page.root.iter("tr")} - {None}
    assert rows == {"III-11(2)", "III-13", "III-31", "III-33(1)", "III-33(2)", "III-35"} & rows
    assert {"III-11(2)", "III-13", "III-31", "III-35"} <= rows
    for word in (*TOTALS, "名次", "来自测评会"):
        assert word not in page.text
    assert not [link for link in page.links() if "/rows/" in link or "results" in link]


def test_an_assessor_marks_the_own_row_only(lite_app: Flask, lite_site: Site) -> None:
    _, unit_id = build_unit(lite_site)
    ids, _ = build_accounts(lite_site)
    client = client_of(lite_app, ids[Role.ASSESSOR])
    fields = {"III-31:市委网信办": "1.5", "III-4:考核组": "1"}
    response = client.submit(f"/units/{unit_id}", f"/units/{unit_id}/marks", forged=True, **fields)
    assert response.status_code == 302
    lines = {line.row.standard.key: line for line in sheet_in(lite_site, unit_id).lines}
    assert str(lines["III-31"].marks["市委网信办"].points) == "1.5"
    assert not lines["III-4"].marks
    assert "已保存 1 处改动" in client.page(f"/units/{unit_id}").text


def worked_out(printed: str) -> Decimal:
    """`100 × (1 + 2 ÷ 4) ÷ 3` in plain arithmetic, rounded as it is shown."""
    figures = re.sub(r"[0-9.]+", lambda found: f"Fraction('{found[0]}')", printed.translate({0xD7: "*", 0xF7: "/"}))
    return shown(eval(figures, {"Fraction": Fraction}))


@pytest.mark.parametrize("mode", list(Mode))
def test_the_sum_of_the_base_comes_to_the_base(lite_site: Site, admin: StrictClient, mode: Mode) -> None:
    season = build_season(lite_site)
    enter(lite_site, season.first, MarkEntry("III-4", GROUP, "0.5"), MarkEntry("III-31", LEAD, "0.5"))
    with lite_site.database.writing() as session:
        assessment = assessments.assessment_of(session, season.assessment_id)
        assessment.rules = assessment.rules | {"mode": mode.value}
        session.commit()
    bases = set()
    for unit_id in (season.first, season.second):
        text = admin.page(f"/units/{unit_id}").text
        base = re.search(r"基础分 ?([0-9.]+)", text)
        printed = re.search(r"：(100 × [0-9.×÷+() ]+) [=≈] ([0-9.]+)", text)
        assert base
        assert printed
        assert worked_out(printed[1]) == Decimal(base[1]) == Decimal(printed[2])
        assert ("按权重" in text) is (mode is Mode.BLOCK)
        bases.add(base[1])
    assert len(bases) == 2


def test_what_did_not_change_makes_no_new_version(lite_site: Site, admin: StrictClient) -> None:
    _, unit_id = build_unit(lite_site)
    for words in ("已保存 1 处改动", "没有改动"):
        admin.submit(f"/units/{unit_id}", f"/units/{unit_id}/marks", **{"III-4:考核组": "0.5"})
        assert words in admin.page(f"/units/{unit_id}").text


@pytest.mark.parametrize("points", ["99", "-1", "两分", "1/2", "NaN", "1e9", "0.001", "\u0660"])
def test_wrong_points_save_nothing_and_say_where(lite_site: Site, admin: StrictClient, points: str) -> None:
    _, unit_id = build_unit(lite_site)
    fields = {"III-4:考核组": points, "III-1(1):考核组": "0.5"}
    response = admin.submit(f"/units/{unit_id}", f"/units/{unit_id}/marks", **fields)
    assert response.status_code == 400
    assert "III-4" in response.text
    assert "没有保存" in response.text
    assert not [line for line in sheet_in(lite_site, unit_id).lines if line.marks]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("III-4", ["现在的打分", "1.5", "样例说明", "免考"]),
        ("III-7", ["已免考", "机构调整"]),
        ("III-11(2)", ["登记事件"]),
        ("III-16", ["不适用"]),
        ("III-32", ["事件", "示例发〔2026〕1号", "撤销"]),
        ("III-33(1)", ["登记事件"]),
        ("III-34", ["登记一票否决", "依据文件"]),
        ("III-35", ["免考"]),
        ("III-36", ["测评会得分", "由考核组另定得分"]),
    ],
)
def test_each_kind_of_row_has_its_page(shown: Shown, row: str, words: list[str]) -> None:
    page = shown.client(Role.ADMIN).page(f"/units/{unit_of(shown, PollState.SEALED)}/rows/{row}")
    assert page.heading.startswith(row)
    for word in words:
        assert word in page.text


def test_every_row_has_its_page(shown: Shown) -> None:
    client = shown.client(Role.ADMIN)
    unit_id = unit_of(shown, PollState.DRAFT)
    for line in sheet_in(shown.site, unit_id).lines:
        key = line.row.standard.key
        assert client.page(f"/units/{unit_id}/rows/{key}").heading.startswith(key)


def test_an_event_is_recorded_and_cancelled(lite_site: Site, admin: StrictClient) -> None:
    _, unit_id = build_unit(lite_site)
    row = f"/units/{unit_id}/rows/III-32"
    fields = {"points": "2", "document": "示例发〔2026〕1号", "reason": "获表彰"}
    assert admin.submit(row, f"/units/{unit_id}/events", **fields).location == row
    page = admin.page(row)
    assert "事件已登记" in page.text
    cancel = next(form.get("action") for form in page.root.iter("form") if "cancel" in (form.get("action") or ""))
    assert "撤销理由" in admin.submit(row, cancel, reason="").text
    assert admin.submit(row, cancel, reason="登错单位").status_code == 302
    assert "已撤销：登错单位" in admin.page(row).text


def test_the_form_of_an_event_helps_to_enter_it_once(lite_site: Site, admin: StrictClient) -> None:
    _, unit_id = build_unit(lite_site)
    row = f"/units/{unit_id}/rows/III-32"
    fields = {"points": "4", "document": "示例发〔2026〕1号", "reason": "获表彰", "level": "省级"}
    record = f"/units/{unit_id}/events"
    assert admin.submit(row, record, occasion="网络安全宣传周", **fields).status_code == 302
    twice = admin.submit(row, record, occasion="网络安全宣传周", **fields)
    assert twice.status_code == 400
    assert "已登记过完全一样的事件" in Page(twice).text
    page = admin.page(row)
    options = [option.get("value") for option in page.root.iterfind(".//datalist[@id='occasions']/option")]
    assert options == ["网络安全宣传周"]
    assert "省级 4 分" in page.text
    assert "写了同一份文件" not in page.text
    assert admin.submit(row, record, **fields).status_code == 302
    for address in (row, f"/units/{unit_id}/ledger"):
        assert "加分里有 2 条写了同一份文件“示例发〔2026〕1号”" in admin.page(address).text
    page = admin.page(row)
    assert "登记合计 8.00，超过本行上限，计 5.00" in page.text
    why = admin.page(f"{row}/why")
    assert "登记合计 8，超过本行上限，计 5" in why.text
    assert "8.00" not in why.text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"happened_on": "2999-01-01"}, "还没有到"),
        ({"points": ""}, "III-32"),
        ({"points": "99"}, "III-32"),
        ({"points": "0"}, "大于 0"),
        ({"document": ""}, "依据文件"),
        ({"reason": " "}, "事由"),
        ({"happened_on": ""}, "日期"),
        ({"happened_on": "昨天"}, "日期"),
        ({"row_key": "III-4"}, "直接打分"),
        ({"row_key": "nothing"}, "没有 nothing 这一行"),
    ],
)
def test_a_faulty_event_is_refused_in_chinese(
    lite_site: Site, admin: StrictClient, fields: dict[str, str], words: str
) -> None:
    _, unit_id = build_unit(lite_site)
    right = {"points": "2", "document": "示例发〔2026〕1号", "reason": "获表彰"}
    row = f"/units/{unit_id}/rows/III-32"
    page = Page(response := admin.submit(row, f"/units/{unit_id}/events", **(right | fields)))
    assert 400 <= response.status_code < 500
    assert words in page.text
    assert_in_chinese(page)
    assert not [line for line in sheet_in(lite_site, unit_id).lines if line.events]


def test_an_event_is_cancelled_under_its_own_unit_only(lite_site: Site, admin: StrictClient) -> None:
    assessment_id, unit_id = build_unit(lite_site)
    _, other_id = build_unit(lite_site, "另一个局", assessment_id=assessment_id)
    row = f"/units/{unit_id}/rows/III-32"
    fields = {"points": "2", "document": "示例发〔2026〕1号", "reason": "获表彰"}
    admin.submit(row, f"/units/{unit_id}/events", **fields)
    page = admin.page(row)
    cancel = next(str(form.get("action")) for form in page.root.iter("form") if "cancel" in (form.get("action") or ""))
    elsewhere = cancel.replace(f"/units/{unit_id}/", f"/units/{other_id}/")
    form = page.form(cancel) | {"reason": "试一下"}
    assert admin.post(elsewhere, data=form).status_code == 409
    assert admin.post(elsewhere, data=form | {"opened_for": admin.opened_for(elsewhere)}).status_code == 404
    assert "已撤销" not in admin.page(row).text


def test_a_row_is_exempted_once(lite_site: Site, admin: StrictClient) -> None:
    _, unit_id = build_unit(lite_site)
    row, act = f"/units/{unit_id}/rows/III-7", f"/units/{unit_id}/exemptions"
    form = admin.page(row).form(act) | {"document": "示例函〔2026〕8号", "reason": "机构调整"}
    assert admin.post(act, data=form).location == row
    assert "已免考" in admin.page(row).text
    assert admin.post(act, data=form).status_code == 409


def test_the_group_confirms_another_value_with_a_reason(lite_site: Site, admin: StrictClient) -> None:
    _, unit_id = build_unit(lite_site)
    row, act = f"/units/{unit_id}/rows/III-36", f"/units/{unit_id}/marks"
    fields = {"III-36:考核组": "8.5", "III-36:考核组:remark": ""}
    assert "写明理由" in admin.submit(row, act, **fields).text
    assert admin.submit(row, act, **(fields | {"III-36:考核组:remark": "会议决定"})).status_code == 302
    assert "8.5" in admin.page(row).text


def test_the_results_page_ranks_and_links(shown: Shown) -> None:
    page = shown.client(Role.ADMIN).page(f"/assessments/{shown.world.assessment_id}/results")
    for name in UNIT_NAMES.values():
        assert name in page.text
    assert "待定" in page.text
    assert page.images() == [f"/assessments/{shown.world.assessment_id}/charts/1.svg"]


def test_the_results_page_shows_a_vote_only_where_it_counts(lite_site: Site, admin: StrictClient) -> None:
    assessment_id, unit_id = build_unit(lite_site, leaders=0)
    sealed_poll(lite_site, unit_id, entitled=20)
    text = admin.page(f"/assessments/{assessment_id}/results").text
    assert "不计分" in text.replace("民主测评不计分", "")
    assert "100.00" not in text


@pytest.mark.parametrize(("extension", "kind", "magic"), [("png", "image/png", PNG), ("svg", "image/svg+xml", SVG)])
def test_charts_of_results(shown: Shown, extension: str, kind: str, magic: bytes) -> None:
    client = shown.client(Role.ADMIN)
    response = client.get(f"/assessments/{shown.world.assessment_id}/charts/1.{extension}?download=1")
    assert (response.status_code, response.mimetype) == (200, kind)
    assert magic in response.data[:500]
    assert download_name(response) == f"样例考核-市直单位.{extension}"
    for number in ("0", "2", "99999999999"):
        client.page(f"/assessments/{shown.world.assessment_id}/charts/{number}.{extension}", 404)
