"""The pages of an assessment's life: the whole way by forms, faults in place, and a reporter who sees the own unit."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from surveys.acts.actors import Actor
from surveys.acts.site import Site
from surveys.marking.marks import MarkEntry
from tests import seasons
from tests.builders import GROUP, dump, enter, event, record, run_sql
from tests.seasons import Season, build_season
from tests.strict_client import Page, StrictClient
from tests.worlds import client_of

pytestmark = pytest.mark.usefixtures("decided_by_one")


class Walk:
    """A season and the browsers of those who act in it. The site's clock can be set."""

    def __init__(self, app: Flask, season: Season) -> None:
        self.app, self.season = app, season
        self.site = season.site
        self.life = f"/assessments/{season.assessment_id}/life"
        self.clients: dict[str, StrictClient] = {}

    def client(self, actor: Actor) -> StrictClient:
        if actor.name not in self.clients:
            self.clients[actor.name] = client_of(self.app, actor.account_id)
        return self.clients[actor.name]

    @property
    def admin(self) -> StrictClient:
        return self.client(self.season.admins[0])

    @property
    def reporter(self) -> StrictClient:
        return self.client(self.season.reporter)

    @property
    def own(self) -> str:
        return f"/own-unit/{self.season.first}"

    def step(self, name: str, client: StrictClient | None = None, **fields: str) -> TestResponse:
        return (client or self.admin).submit(self.life, f"{self.life}/{name}", **fields)


@pytest.fixture
def walk(lite_app: Flask, lite_site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Walk]:
    """Today as the season knows it is the day of the pages, too."""
    monkeypatch.setattr(Site, "now", lambda _self: seasons.NOW)
    return Walk(lite_app, build_season(lite_site, voted=True))


def test_the_whole_way_by_forms(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    season, admin = walk.season, walk.admin
    page = admin.page(walk.life).text
    assert "打分中" in page
    assert "适用表还没有核准" in page
    season.approve()
    assert walk.step("close-marking").status_code == 302
    response = walk.step("appeal", due_on="2020-01-01")
    assert response.status_code == 400
    assert "已经过去" in Page(response).text
    assert walk.step("appeal", due_on=str(seasons.DUE)).status_code == 302

    row = f"{walk.own}/rows/III-4"
    assert walk.reporter.submit(row, reason=" ").status_code == 400
    assert walk.reporter.submit(row, reason="材料已按时报送").location == row
    assert "申诉：待答复" in walk.reporter.page(walk.own).text
    assert "材料已按时报送" in walk.reporter.page(row).text

    link = next(link for link in admin.page(walk.life).links() if "/objections/" in link)
    response = admin.submit(link, verdict="yes", words="")
    assert response.status_code == 400
    assert "请写明答复" in Page(response).text
    assert admin.submit(link, verdict="yes", words="经查属实").location == link
    assert (
        admin.submit(f"/units/{season.first}", f"/units/{season.first}/marks", **{"III-4:考核组": "0.5"}).status_code
        == 302
    )
    page = admin.page(walk.life)
    assert "第 1 版之后的改动" in page.text
    assert "经查属实" in page.text
    versions = f"/assessments/{season.assessment_id}/versions"
    assert admin.submit(walk.life, versions, reason="答复申诉").location == walk.life
    assert "经查属实" in admin.page(f"{versions}/2/difference").text
    assert admin.get(f"{versions}/2/difference.json").json["units"][0]["rows"][0]["key"] == "III-4"
    assert admin.get(f"{versions}/2.json").json["digest"] == season.version(2).line.digest
    assert "0.50" in admin.get(f"{versions}/2.csv").get_data(as_text=True)

    for actor, unit_id in ((season.reporter, season.first), (season.other, season.second)):
        own = f"/own-unit/{unit_id}"
        assert walk.client(actor).submit(own, f"{own}/agree", sure="y").location == own
    assert "表示同意" in walk.reporter.page(walk.own).text
    assert walk.step("certify").status_code == 400, "the box was not ticked"
    for actor in season.admins:
        assert walk.step("certify", walk.client(actor), sure="y").status_code == 302
    assert season.state == "certified"
    assert season.version(3).line.digest in walk.reporter.page(walk.own).text
    assert walk.step("archive").status_code == 302
    assert "什么都不能再改" in admin.page(walk.life).text


def test_a_step_out_of_turn_is_said_on_the_page(walk: Walk) -> None:
    walk.season.approve()
    form = walk.admin.page(walk.life).form(f"{walk.life}/close-marking")
    assert walk.admin.post(f"{walk.life}/close-marking", data=form).status_code == 302
    before = dump(walk.site.database)
    for step in ("start", "close-marking", "archive"):
        response = walk.admin.post(f"{walk.life}/{step}", data=form)
        assert response.status_code == 409, step
        assert "初步结果" in Page(response).text
    response = walk.step("return", reason="")
    assert response.status_code == 400
    assert dump(walk.site.database) == before
    assert walk.step("return", reason="补打分").status_code == 302
    assert walk.season.state == "marking"


def test_rules_are_changed_after_their_effect_was_seen(walk: Walk) -> None:
    record(walk.site, walk.season.first, event("III-33(1)", "4"))
    address = f"/assessments/{walk.season.assessment_id}/rules/change"
    before = dump(walk.site.database)
    for fields, words in (
        ({"top_quota": "NaN"}, "比例"),
        ({"bands": "优秀九十"}, "第 1 行"),
        ({"veto_band": "没有"}, "不在等次里"),
        ({"reason": ""}, "理由"),
        ({}, "没有要改的"),
    ):
        response = walk.admin.submit(address, **({"reason": "会议纪要"} | fields))
        assert response.status_code == 400, fields
        assert words in Page(response).text
    page = Page(walk.admin.submit(address, deduction_cap="1", reason="会议纪要"))
    assert "1 个单位的结果会变" in page.text
    assert dump(walk.site.database) == before
    forms = [form for form in page.root.iter("form") if form.get("action") is None]
    data = {field.get("name"): field.get("value", "") for field in forms[0].iter("input")}
    record(walk.site, walk.season.first, event("III-33(1)", "1"))
    stale = walk.admin.post(address, data=data)
    assert stale.status_code == 409
    assert "有了改动" in Page(stale).text
    fresh = next(form for form in Page(stale).root.iter("form") if form.get("action") is None)
    data = {field.get("name"): field.get("value", "") for field in fresh.iter("input")}
    assert walk.admin.post(address, data=data).location == walk.life
    assert "会议纪要" in walk.admin.page(walk.life).text


def test_a_form_of_older_rules_changes_nothing(walk: Walk) -> None:
    address = f"/assessments/{walk.season.assessment_id}/rules/change"
    older = walk.admin.page(address).form(address)
    effect = Page(walk.admin.submit(address, bonus_cap="6", reason="会议纪要"))
    form = next(form for form in effect.root.iter("form") if form.get("action") is None)
    data = {field.get("name"): field.get("value", "") for field in form.iter("input")}
    assert walk.admin.post(address, data=data).location == walk.life
    response = walk.admin.post(address, data=older | {"deduction_cap": "1", "reason": "另一处修订"})
    assert response.status_code == 409
    assert "请在它上面重新修改" in Page(response).text
    form = Page(response).form(address)
    assert (form["bonus_cap"], form["deduction_cap"], form["reason"]) == ("6", "10", "另一处修订")
    assert "这样改" in Page(walk.admin.post(address, data=form | {"deduction_cap": "1"})).text


def test_an_effect_is_seen_before_there_are_totals(lite_app: Flask, lite_site: Site) -> None:
    walk = Walk(lite_app, build_season(lite_site, complete=False))
    record(lite_site, walk.season.second, event("III-33(1)", "4"))
    record(lite_site, walk.season.second, event("III-34", ""))
    address = f"/assessments/{walk.season.assessment_id}/rules/change"
    text = Page(walk.admin.submit(address, deduction_cap="2", reason="会议纪要")).text
    assert "1 个单位的结果会变" in text
    assert "1 个单位还有没定的行，没有基础分、最后得分" in text
    assert "4.00 → 2.00" in text
    assert "（一票否决）" in text


def test_a_reporter_sees_nothing_but_the_own_unit(walk: Walk) -> None:
    reporter, season = walk.reporter, walk.season
    assert reporter.get("/home").location == "/materials"
    assert "不用做什么" in reporter.page(walk.own).text
    reporter.page(f"{walk.own}/rows/III-4", 404)
    season.close_marking()
    assert "最后得分" not in reporter.page(walk.own).text
    season.open_appeal()
    page = reporter.page(walk.own)
    assert "最后得分" in page.text
    assert "另一局" not in page.html
    for path in ("", "/rows/III-4"):
        reporter.page(f"/own-unit/{season.second}{path}", 404)
    form = page.form(f"{walk.own}/agree")
    before = dump(walk.site.database)
    for path in ("/agree", "/rows/III-4"):
        response = reporter.post(f"/own-unit/{season.second}{path}", data=form | {"sure": "y", "reason": "改分"})
        assert response.status_code == 404
    assert dump(walk.site.database) == before
    versions = f"/assessments/{season.assessment_id}/versions/1"
    for path in (walk.life, versions, f"{versions}.json", f"/units/{season.first}/why", f"/units/{season.first}"):
        assert reporter.get(path).status_code == 403, path


def test_an_exemption_in_the_appeal_asks_for_a_new_version(walk: Walk) -> None:
    """The matrix is shut then: nothing could be approved."""
    season, admin = walk.season.appeal(), walk.admin
    season.answer(season.object(), accepted=True)
    unit = f"/units/{season.first}"
    row = f"{unit}/rows/III-4"
    admin.submit(row, f"{unit}/exemptions", reason="机构调整", document="示例函〔2026〕1号")
    for words in ("已登记免考", "免考已撤销"):
        text = admin.page(row).text
        assert words in text
        assert "形成新版本" in text
        assert "重新核准" not in text
        if words == "已登记免考":
            admin.submit(f"{unit}/ledger", f"{unit}/exemptions/1/cancel", reason="登记有误")


def test_an_agreement_that_stands_is_not_asked_for_again(walk: Walk) -> None:
    season = walk.season.appeal()
    other, own = walk.client(season.other), f"/own-unit/{season.second}"
    row = f"{own}/rows/III-4"
    form = other.page(row).form(row)
    assert other.submit(own, f"{own}/agree", sure="y").location == own
    assert "对这一版表示同意" in other.page(own).text
    season.answer(season.object(), accepted=True)
    enter(walk.site, season.first, MarkEntry("III-4", GROUP, "0.5", "复核"))
    season.freeze()
    assert "同意的单位 1 个" in walk.admin.page(walk.life).text
    for path in (own, row):
        page = other.page(path)
        assert "对第 1 版的同意仍然有效（本单位得分没有变）" in page.text
        assert "不能再申诉" in page.text
        assert not [each for each in page.root.iter("form") if each.get("action", row) in (row, f"{own}/agree")]
    assert other.post(row, data=form | {"reason": "材料已报送"}).status_code == 409
    assert walk.reporter.submit(walk.own, f"{walk.own}/agree", sure="y").location == walk.own
    assert "同意的单位 2 个" in walk.admin.page(walk.life).text


def test_every_row_is_explained_to_the_unit_without_the_names_of_who_marked(walk: Walk) -> None:
    enter(walk.site, walk.season.first, MarkEntry("III-4", GROUP, "0.5", "缺材料"), actor=walk.season.admins[0])
    walk.season.appeal()
    links = [link for link in walk.reporter.page(walk.own).links() if "/rows/" in link]
    assert len(links) == len(walk.season.version(1).unit(walk.season.first).rows)
    for link in links:
        page = walk.reporter.page(link)
        assert "怎么来的" in page.text
        assert "不一致" not in page.text
        assert "管理一" not in page.text
    assert "缺材料" in walk.reporter.page(f"{walk.own}/rows/III-4").text


def test_the_office_reads_why_live_and_frozen(walk: Walk) -> None:
    season, admin = walk.season, walk.admin
    season.close_marking()
    frozen = f"/assessments/{season.assessment_id}/versions/1/units/{season.first}"
    for page in (f"/units/{season.first}/why", frozen):
        assert "100 × " in admin.page(page).text
    for page in (f"/units/{season.first}/rows/III-36/why", f"{frozen}/rows/III-36"):
        assert "÷ 10 = 100" in admin.page(page).text
    admin.page(f"/units/{season.first}/rows/III-99/why", 404)
    admin.page(frozen.replace("versions/1", "versions/9"), 404)
    admin.page(f"/assessments/{season.assessment_id}/versions/1/difference", 404)


def test_from_the_certificate_on_results_and_why_are_those_of_the_certified_version(walk: Walk) -> None:
    """Whatever happens to the tables afterwards."""
    season, admin = walk.season, walk.admin
    base = f"/assessments/{season.assessment_id}"
    results, why = f"{base}/results", f"/units/{season.first}/why"
    row = f"/units/{season.first}/rows/III-36/why"
    assert "已核定" not in admin.page(results).text
    assert "现在的数据，还会变" in admin.page(why).text
    season.certified()
    pages = {path: admin.page(path) for path in (results, why)}
    for path, page in pages.items():
        assert "第 2 版（核定）" in page.text, path
        assert "还会变" not in page.text, path
    assert f"{base}/versions/2" in pages[results].links()
    assert f"{base}/versions/2/units/{season.first}" in admin.page(row).links()
    chart = admin.get(f"{base}/charts/1.svg").data
    run_sql(walk.site, "UPDATE marks SET points = 0")
    assert admin.page(results).text == pages[results].text
    assert admin.page(why).text == pages[why].text
    assert admin.get(f"{base}/charts/1.svg").data == chart


def test_a_version_that_was_altered_is_shown_to_nobody(walk: Walk) -> None:
    walk.season.certified()
    run_sql(walk.site, "UPDATE score_versions SET digest = 'sha256:0' WHERE number = 2")
    for client, path in (
        (walk.reporter, walk.own),
        (walk.admin, f"/assessments/{walk.season.assessment_id}/versions/2"),
        (walk.admin, f"/assessments/{walk.season.assessment_id}/versions/2.csv"),
        (walk.admin, f"/assessments/{walk.season.assessment_id}/results"),
        (walk.admin, f"/units/{walk.season.first}/why"),
    ):
        page = client.page(path, 500)
        assert "数据有改动" in page.text
        assert not re.search(r"\d\d\.\d\d", page.text)


def test_the_offices_day_ends_at_its_own_midnight(lite_site: Site) -> None:
    """Half past four in the afternoon in UTC is half past midnight in Shanghai."""
    assert lite_site.now().utcoffset() == timedelta(hours=8)
    moment = datetime(2026, 3, 9, 16, 30, tzinfo=UTC).astimezone(lite_site.settings.time_zone)
    assert moment.date() > seasons.DUE
