"""What a desk refuses stays in its form with what was typed; elsewhere it says that nothing changed and leads back."""

import pytest
from flask import Flask

from surveys.acts.actors import Role
from surveys.acts.site import Site
from surveys.polling.base32 import grouped
from tests.builders import World, box_counts, build_poll, cast, close, close_and_seal, dump, filled, seal, sheet_of
from tests.papers import key, paper_poll, person
from tests.strict_client import Page, StrictClient
from tests.worlds import build_accounts, client_of


@pytest.fixture
def organizer(lite_app: Flask, lite_site: Site) -> StrictClient:
    ids, _ = build_accounts(lite_site)
    return client_of(lite_app, ids[Role.ORGANIZER])


def faults(page: Page) -> list[str]:
    return ["".join(each.itertext()) for each in page.root.iter("p") if each.get("role") == "alert"]


def voiding(client: StrictClient, world: World, code: str) -> tuple[int, Page]:
    home = f"/polls/{world.poll_id}"
    response = client.submit(f"{home}/tickets", f"{home}/void", code=code, reason="其他", note="改用纸质票")
    return response.status_code, Page(response)


@pytest.mark.parametrize(("which", "status", "words"), [("unknown", 404, "没有这张票"), ("cast", 409, "已经投出或")])
def test_a_code_that_cannot_be_voided(
    lite_site: Site, organizer: StrictClient, which: str, status: int, words: str
) -> None:
    world = build_poll(lite_site, count=2)
    code = "K7QF" + "A" * 16 if which == "unknown" else world.codes["A"][0]
    cast(lite_site, world.codes["A"][0], filled(sheet_of(lite_site, world.poll_id)))
    found, page = voiding(organizer, world, code)
    assert found == status
    (fault,) = faults(page)
    assert words in fault
    form = page.form(f"/polls/{world.poll_id}/void")
    assert (form["code"], form["reason"], form["note"]) == (code, "其他", "改用纸质票")


def test_a_code_is_taken_as_a_scanner_types_it(lite_site: Site, organizer: StrictClient) -> None:
    world = build_poll(lite_site, count=1)
    code = f"https://ceping.a-very-long-name-of-a-city.example.gov.cn:8443/b/{grouped(world.codes['A'][0])}"
    assert organizer.submit(
        f"/polls/{world.poll_id}/tickets", f"/polls/{world.poll_id}/void", code=code, reason="丢失"
    ).location == (f"/polls/{world.poll_id}/tickets")
    assert box_counts(lite_site, world.poll_id) == {"void": 1}


def test_the_poll_ended_while_the_page_was_open(lite_site: Site, organizer: StrictClient) -> None:
    world = build_poll(lite_site, count=1)
    home = f"/polls/{world.poll_id}"
    form = organizer.page(f"{home}/tickets").form(f"{home}/issue") | {"class_key": "A", "count": "3"}
    batch = organizer.page(f"{home}/batches/1").form(f"{home}/batches/1/reissue") | {"reason": "印坏"}
    void = organizer.page(f"{home}/tickets").form(f"{home}/void") | {"code": world.codes["A"][0], "reason": "丢失"}
    close(lite_site, world.poll_id)
    for action, data in ((f"{home}/issue", form), (f"{home}/batches/1/reissue", batch)):
        response = organizer.post(action, data=data)
        assert response.status_code == 409
        assert faults(Page(response)) == ["测评会已结束，不能再发票。"]
        assert f"{home}/tickets" in Page(response).links()
    seal(lite_site, world.poll_id)
    response = organizer.post(f"{home}/void", data=void)
    assert (response.status_code, faults(Page(response))) == (409, ["测评会已封存，不能再作废票。"])


def test_on_the_paper_page(lite_site: Site, organizer: StrictClient) -> None:
    world = paper_poll(lite_site, 3)
    home = f"/polls/{world.poll_id}/paper"
    key(lite_site, person(lite_site, "甲录入"), world.poll_id, 1, 1)
    printed = organizer.submit(home, f"{home}/print", count="501", sides="two")
    assert printed.status_code == 400
    form = Page(printed).form(f"{home}/print")
    assert (form["count"], form["sides"]) == ("501", "two")
    removed = organizer.submit(home, f"{home}/A/remove", number="9", reason="录重了")
    assert removed.status_code == 404
    assert faults(Page(removed)) == ["A 类票没有录过第 9 张，没有可删除的。"]
    form = Page(removed).form(f"{home}/A/remove")
    assert (form["number"], form["reason"]) == ("9", "录重了")
    (details,) = Page(removed).root.iter("details")
    assert details.get("open") is not None


def test_casting_what_somebody_else_cast_already(lite_site: Site, organizer: StrictClient) -> None:
    world = paper_poll(lite_site, 1)
    home = f"/polls/{world.poll_id}/paper"
    token = organizer.page(home).form("/logout")
    response = organizer.post(f"{home}/A/cast", data=token | {"sure": "y"})
    assert response.status_code == 409
    assert faults(Page(response)) == ["A 类票没有录好的纸质票可以计入。"]
    assert Page(response).heading.startswith("样例局")
    close_and_seal(lite_site, world.poll_id, 1)
    response = organizer.post(f"{home}/A/remove", data=token | {"number": "1", "reason": "录重了"})
    assert (response.status_code, len(faults(Page(response)))) == (409, 1)


@pytest.mark.parametrize(
    ("act", "fields"), [("seal", {"sure": "y"}), ("close", {}), ("present", {"present": "x"}), ("resume", {})]
)
def test_another_act_leads_back_to_the_poll(
    lite_site: Site, organizer: StrictClient, act: str, fields: dict[str, str]
) -> None:
    world = build_poll(lite_site, count=1, opened=act != "resume")
    home = f"/polls/{world.poll_id}"
    token = organizer.page(home).form("/logout")
    before = dump(lite_site.database)
    page = Page(organizer.post(f"{home}/{act}", data=token | fields))
    assert "没有改动任何数据" in page.text
    assert home in page.links()
    assert "回到首页" not in page.text
    assert dump(lite_site.database) == before


def test_a_poll_that_is_not_there_leads_nowhere_else(organizer: StrictClient) -> None:
    assert "/polls/99" not in organizer.page("/polls/99", 404).links()
