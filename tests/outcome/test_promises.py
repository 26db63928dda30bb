"""What an answer promises stands open until it is carried out, or closed with a reason that the unit sees."""

from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from surveys.acts.actors import COMMAND_LINE, Actor
from surveys.acts.errors import BadInput, NotAllowed, NotFound, WrongState
from surveys.acts.site import Site
from surveys.evidence import materials, requests, reviews
from surveys.evidence.materials import Entry, MaterialKind, Place
from surveys.evidence.reviews import Verdict
from surveys.marking.marks import MarkEntry
from surveys.outcome import promises
from surveys.scoring.assessment_states import AssessmentState
from tests import seasons
from tests.builders import GROUP, assessor, dump, enter, run_sql
from tests.outcome.test_web_life import Walk
from tests.seasons import Season, build_season
from tests.sites import NOW

ROW = "III-4"
OPEN = "样例局 III-4 的申诉已接受，还没有改正"
ASKED = "样例局 III-4 第 1 项要求补充材料"
ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def season(lite_site: Site) -> Season:
    return build_season(lite_site).appeal()


def correct(season: Season, points: str = "0.5") -> None:
    enter(season.site, season.first, MarkEntry(ROW, GROUP, points, "复核后改正"))


def close(season: Season, number: int, reason: str = "核对后分数没有变", actor: Actor = COMMAND_LINE) -> None:
    with season.site.database.writing() as session:
        promises.close_objection(session, NOW, actor, season.first, number, reason)


def hindered(season: Season, words: str) -> bool:
    return any(sentence.startswith(words) for sentence in season.outlook().hindrances)


def test_an_accepted_objection_that_nobody_carried_out_is_not_certified_away(season: Season) -> None:
    """Though the time to reply is over and nobody else has anything to say."""
    season.answer(season.object(ROW), accepted=True)
    assert hindered(season, OPEN)
    for admin in season.admins:
        with pytest.raises(WrongState, match=OPEN):
            season.certify(admin)
    assert season.state == AssessmentState.APPEAL
    correct(season)
    assert not hindered(season, OPEN)
    season.freeze()
    assert [season.certify(admin) for admin in season.admins] == [False, True]


def test_the_unit_does_not_agree_to_the_uncorrected_sheet(season: Season) -> None:
    season.answer(season.object(ROW), accepted=True)
    with pytest.raises(WrongState, match="III-4 的申诉已接受，还没有改正"):
        season.agree(season.reporter)
    correct(season)
    with pytest.raises(WrongState, match="还没有改正"):
        season.agree(season.reporter)  # what the unit sees is still the sheet of before
    season.agree(season.reporter, season.freeze())
    season.agree(season.other, 2)


def test_the_second_hand_is_refused_too(season: Season) -> None:
    assert season.certify(season.admins[0]) is False
    number = season.object(ROW)
    season.answer(number, accepted=True)
    with pytest.raises(WrongState, match=OPEN):
        season.certify(season.admins[1])


def test_closing_without_a_change_takes_a_reason_and_is_logged(season: Season) -> None:
    number = season.object(ROW)
    with pytest.raises(WrongState, match="已接受"):
        close(season, number)
    season.answer(number, accepted=True)
    for reason, refusal in ((" ", BadInput), ("长" * 501, BadInput)):
        with pytest.raises(refusal, match="理由"):
            close(season, number, reason)
    with pytest.raises(NotAllowed):
        close(season, number, actor=assessor("市委网信办"))
    with pytest.raises(NotFound):
        close(season, 99)
    close(season, number, actor=season.admins[0])
    assert any(row[3] == "objection.close" and "没有变" in row[5] for row in dump(season.site.database)["audit_log"])
    assert not hindered(season, OPEN)
    with pytest.raises(WrongState, match="已经了结"):
        close(season, number)
    with pytest.raises(WrongState, match="没有被接受的申诉"):
        correct(season)
    season.agree(season.reporter)
    assert [season.certify(admin) for admin in season.admins] == [False, True]
    with pytest.raises(WrongState, match="已核定"):
        close(season, number)


def test_what_is_corrected_is_not_closed(season: Season) -> None:
    number = season.object(ROW)
    season.answer(number, accepted=True)
    correct(season)
    with pytest.raises(WrongState, match="已经改正"):
        close(season, number)


def test_a_second_objection_to_the_corrected_row_is_a_promise_of_its_own(season: Season) -> None:
    season.answer(season.object(ROW), accepted=True)
    correct(season)
    season.freeze()
    season.answer(season.object(ROW), accepted=True)
    assert hindered(season, OPEN)
    correct(season, "0.8")
    assert not hindered(season, OPEN)


@pytest.mark.parametrize("corrected", [True, False])
def test_marking_taken_up_again_does_not_make_it_forgotten(season: Season, corrected: bool) -> None:
    number = season.object(ROW)
    season.answer(number, accepted=True)
    season.back()
    assert any(sentence.startswith(OPEN) for sentence in season.outlook().notes)
    if corrected:
        correct(season)
    season.appeal()
    if not corrected:
        with pytest.raises(WrongState, match=OPEN):
            season.certify(season.admins[0])
        close(season, number)
    assert [season.certify(admin) for admin in season.admins] == [False, True]


def test_what_was_certified_before_stays_certified(season: Season) -> None:
    number = season.object(ROW)
    season.answer(number, accepted=False)
    assert [season.certify(admin) for admin in season.admins] == [False, True]
    run_sql(season.site, "UPDATE objections SET state = 'accepted'")
    assert season.outlook().hindrances == ()
    season.archive()
    assert season.state == AssessmentState.ARCHIVED


def hand_in(season: Season, reference: str = "示例〔1〕") -> int:
    with season.site.database.writing() as session:
        entry = Entry(MaterialKind.DOCUMENT, reference, reference)
        return materials.hand_in(session, NOW, season.reporter, ZONE, Place(ROW, 1), entry)


def review(season: Season, material_id: int, verdict: Verdict, seen: int = 0) -> None:
    with season.site.database.writing() as session:
        reviews.review(session, NOW, COMMAND_LINE, material_id, verdict, "缺第二页", seen)


def close_request(season: Season, material_id: int, reason: str = "纸质件已经核对", seen: int = 1) -> None:
    with season.site.database.writing() as session:
        requests.close_request(session, NOW, COMMAND_LINE, material_id, reason, seen)


def test_marking_does_not_end_over_material_that_was_asked_for(lite_site: Site) -> None:
    season = build_season(lite_site)
    review(season, hand_in(season), Verdict.MORE)
    with pytest.raises(WrongState, match=f"{ASKED}，还没有补交"):
        season.close_marking()
    second = hand_in(season, "示例〔2〕")
    with pytest.raises(WrongState, match=f"{ASKED}，补交的还没有审核"):
        season.close_marking()
    review(season, second, Verdict.ACCEPTED)
    season.close_marking()


def test_what_was_asked_for_is_closed_with_a_reason(lite_site: Site) -> None:
    season = build_season(lite_site)
    number = hand_in(season)
    with pytest.raises(WrongState, match="没有了结"):
        close_request(season, number, seen=0)
    review(season, number, Verdict.MORE)
    with pytest.raises(BadInput, match="理由"):
        close_request(season, number, " ")
    with pytest.raises(WrongState, match="没有了结"):
        close_request(season, number, seen=0)
    close_request(season, number)
    assert any(row[3] == "material.close" for row in dump(lite_site.database)["audit_log"])
    with season.site.database.reading() as session:
        item = materials.own_checklist(session, season.reporter).row(ROW).item(1)
    assert (item.state.label, item.handed[0].said[0].review.closed_reason) == ("不再补充", "纸质件已经核对")
    season.close_marking()


def test_nor_is_an_assessment_certified_over_it(lite_site: Site) -> None:
    """One that ended marking before this was asked for: it is closed where it stands."""
    season = build_season(lite_site)
    number = hand_in(season)
    review(season, number, Verdict.ACCEPTED)
    season.appeal()
    run_sql(lite_site, "UPDATE reviews SET verdict = 'more'")
    with pytest.raises(WrongState, match=ASKED):
        season.certify(season.admins[0])
    close_request(season, number)
    assert [season.certify(admin) for admin in season.admins] == [False, True]


@pytest.fixture
def walk(lite_app: Flask, lite_site: Site, monkeypatch: pytest.MonkeyPatch) -> Walk:
    monkeypatch.setattr(Site, "now", lambda _self: seasons.NOW)
    return Walk(lite_app, build_season(lite_site).appeal())


def test_the_pages_of_an_accepted_objection(walk: Walk) -> None:
    season = walk.season
    number = season.object(ROW)
    season.answer(number, accepted=True)
    address = f"/units/{season.first}/objections/{number}"
    life = walk.admin.page(walk.life)
    assert OPEN in life.text
    assert address in life.links()
    assert "核定这份结果" not in life.text
    own = walk.reporter.page(walk.own)
    assert "接受，还没有改正" in own.text
    assert "同意这份结果" not in own.text
    assert "III-4 的申诉已接受，还没有改正。改正后会形成新版本" in own.text
    page = walk.admin.submit(address, f"{address}/close", reason=" ")
    assert (page.status_code, "请写明理由" in page.text) == (400, True)
    assert walk.admin.submit(address, f"{address}/close", reason="核对后分数没有变").status_code == 302
    for client, path in (
        (walk.admin, address),
        (walk.reporter, walk.own),
        (walk.reporter, f"{walk.own}/rows/{ROW}"),
    ):
        page_of = client.page(path)
        assert "接受，已了结" in page_of.text
        assert "了结，不再改正：核对后分数没有变" in page_of.text
    assert "同意这份结果" in walk.reporter.page(walk.own).text
    assert OPEN not in walk.admin.page(walk.life).text


def test_the_pages_of_a_corrected_objection(walk: Walk) -> None:
    season = walk.season
    number = season.object(ROW)
    season.answer(number, accepted=True)
    correct(season)
    address = f"/units/{season.first}/objections/{number}"
    assert "接受，已改正" in walk.admin.page(address).text
    assert f"{address}/close" not in walk.admin.get(address).text
    assert "接受，还没有改正" in walk.reporter.page(walk.own).text
    season.freeze()
    assert "接受，已改正" in walk.reporter.page(walk.own).text


def test_the_pages_of_material_that_was_asked_for(
    lite_app: Flask, lite_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Site, "now", lambda _self: seasons.NOW)
    walk = Walk(lite_app, build_season(lite_site))
    review(walk.season, hand_in(walk.season), Verdict.MORE)
    walk.season.approve()
    row = f"/units/{walk.season.first}/materials/rows/{ROW}"
    life = walk.admin.page(walk.life)
    assert ASKED in life.text
    assert row in life.links()
    assert "结束打分，形成初步结果" not in life.text
    refused = walk.admin.submit(row, "/reviews/1/close", reason=" ")
    assert (refused.status_code, "请写明理由" in refused.text) == (400, True)
    assert walk.admin.submit(row, "/reviews/1/close", reason="纸质件已经核对").status_code == 302
    stale = walk.admin.post("/reviews/1/close", data=walk.admin.page(row).form("/reviews/1") | {"reason": "再来"})
    assert (stale.status_code, "没有了结" in stale.text) == (409, True)
    assert ASKED not in walk.admin.page(walk.life).text
    assert "不再要求补充：纸质件已经核对" in walk.reporter.page(f"/materials/rows/{ROW}").text
