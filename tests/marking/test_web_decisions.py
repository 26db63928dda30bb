"""The pages of what takes two people: a poll set aside, a value taken back; and of a poll withdrawn by one."""

import pytest
from flask import Flask

from surveys.acts.actors import Role
from surveys.acts.site import Site
from surveys.marking.marks import MarkEntry
from tests.builders import GROUP, account, build_poll, build_unit, confirm, line_for, sealed_poll
from tests.strict_client import StrictClient
from tests.worlds import client_of


class Two:
    """Two admins and an organizer, each in a browser, and a unit."""

    def __init__(self, app: Flask, site: Site) -> None:
        self.site = site
        self.actors = account(site, "甲"), account(site, "乙")
        self.first, self.second = (self.browser(app, actor.account_id) for actor in self.actors)
        self.organizer = self.browser(app, account(site, "组织", Role.ORGANIZER).account_id)
        _, self.unit_id = build_unit(site)

    def browser(self, app: Flask, account_id: int | None) -> StrictClient:
        return client_of(app, account_id)


@pytest.fixture
def two(lite_app: Flask, lite_site: Site) -> Two:
    return Two(lite_app, lite_site)


def test_an_organizer_takes_a_wrong_poll_off_the_list(two: Two) -> None:
    world = build_poll(two.site, unit_id=two.unit_id)
    page = f"/polls/{world.poll_id}"
    assert two.organizer.submit(page, f"{page}/withdraw", reason="单位选错").status_code == 400, (
        "the box was not ticked"
    )
    assert two.organizer.submit(page, f"{page}/withdraw", reason="单位选错", sure="y").location == page
    shown = two.organizer.page(page)
    for words in ("已撤回", "单位选错", "另建一次"):
        assert words in shown.text
    assert not [link for link in shown.links() if link.endswith(("/tickets", "/doors", "/paper"))]
    assert page not in two.organizer.page("/polls").links()
    assert page in two.organizer.page("/polls?state=withdrawn").links()


def test_two_admins_set_a_sealed_poll_aside(two: Two) -> None:
    world = sealed_poll(two.site, two.unit_id, "A")
    page = f"/polls/{world.poll_id}"
    aside = f"{page}/set-aside"
    assert "不计入得分" not in two.organizer.page(page).text
    assert two.first.submit(page, aside, reason="重复测评").location == page
    assert "请另一名管理员登录" in two.first.page(page).text
    assert two.second.submit(page, f"{aside}/decline").location == page
    assert two.second.submit(page, aside, reason="重复测评").location == page
    assert two.first.submit(page, f"{aside}/agree", sure="y").location == page
    shown = two.first.page(page)
    assert "不计入得分" in shown.text
    assert "重复测评" in shown.text
    assert f"{page}/tally" in shown.links()
    assert "不计入" in two.first.page("/polls").text
    row = two.first.page(f"/units/{two.unit_id}/rows/III-36")
    assert "经两人决定不计入得分。理由：重复测评" in row.text
    assert "经两人决定不计入得分" in two.first.page(f"/units/{two.unit_id}/rows/III-36/why").text


def test_two_admins_take_a_confirmed_value_back(two: Two) -> None:
    sealed_poll(two.site, two.unit_id, "B")
    confirm(two.site, two.unit_id, MarkEntry("III-36", GROUP, "7.5", "补测结果"), two.actors)
    page = f"/units/{two.unit_id}/rows/III-36"
    withdraw = f"/units/{two.unit_id}/confirmed/withdraw"
    assert two.first.submit(page, withdraw, reason="已重新测评").location == page
    assert "请另一名管理员登录" in two.first.page(page).text
    assert two.second.submit(page, f"{withdraw}/decline").location == page
    assert two.first.submit(page, withdraw, reason="已重新测评").location == page
    assert two.second.submit(page, f"{withdraw}/agree").location == page
    shown = two.second.page(page)
    assert "7.5 分已撤回" in shown.text
    assert "已重新测评" in shown.text
    assert line_for(two.site, two.unit_id, "III-36").value.got == 8
