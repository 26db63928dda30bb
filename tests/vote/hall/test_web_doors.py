"""The door's screen and the organizer's page of doors: who may, what is shown once, what a look changes."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from surveys.acts.actors import Role
from surveys.acts.site import Site
from surveys.polling.base32 import grouped
from surveys.polling.states import PollState
from tests.builders import box_counts, build_poll, close, dump, run_sql
from tests.strict_client import Page, StrictClient
from tests.vote.hall.test_doors import add, door_of, plan, screen, shut
from tests.vote.hall.test_hall import end_in
from tests.worlds import Shown, build_accounts, client_of

CODE = re.compile(r'class="typed code">([0-9A-Z-]{24})<')
PUBLIC = "http://127.0.0.1:8000"


@pytest.fixture
def organizer(lite_app: Flask, lite_site: Site) -> StrictClient:
    ids, _ = build_accounts(lite_site)
    return client_of(lite_app, ids[Role.ORGANIZER])


@pytest.fixture
def tablet(lite_app: Flask) -> StrictClient:
    return client_of(lite_app)


def press(tablet: StrictClient, token: str, **headers: str) -> TestResponse:
    """Opens the door's page and presses its button."""
    address = f"/door/{token}"
    return tablet.post(address, data=tablet.page(address).form(address), headers=headers)


def test_looking_at_a_door_makes_no_ticket(lite_site: Site, tablet: StrictClient) -> None:
    poll_id, token = door_of(lite_site)
    for _ in range(3):
        page = tablet.page(f"/door/{token}")
        assert "开始发码" in page.text
        assert "还可发 5 张" in page.text
    assert tablet.get(f"/door/{token}/state").json == {
        "working": True, "waiting": False, "showing": None, "taken": False, "left": 5,
    }  # fmt: skip
    assert box_counts(lite_site, poll_id) == {}


def test_the_button_shows_a_fresh_ticket_once(lite_site: Site, tablet: StrictClient) -> None:
    poll_id, token = door_of(lite_site)
    response = press(tablet, token)
    assert response.status_code == 200
    (code,) = CODE.findall(response.text)
    page = Page(response)
    assert "127.0.0.1:8000" in page.text
    assert "下一张" in page.text
    assert box_counts(lite_site, poll_id) == {"unused": 1}
    again = tablet.page(f"/door/{token}")
    assert code not in again.html
    assert "继续发码" in again.text
    assert code not in str(dump(lite_site.database))
    assert tablet.page(f"/b/{code}").heading == "年度民主测评"


def test_the_answer_shows_one_code_and_another_one_next_time(lite_site: Site, tablet: StrictClient) -> None:
    _, token = door_of(lite_site)
    first = press(tablet, token)
    second = tablet.post(f"/door/{token}", data=Page(first).form(f"/door/{token}"))
    assert CODE.findall(first.text) != CODE.findall(second.text)
    assert len(CODE.findall(second.text)) == 1


def test_the_same_button_twice_makes_one_ticket(lite_site: Site, tablet: StrictClient) -> None:
    """A double tap without script, a page sent again, a second tab."""
    poll_id, token = door_of(lite_site)
    form = tablet.page(f"/door/{token}").form(f"/door/{token}")
    assert tablet.post(f"/door/{token}", data=form).status_code == 200
    late = tablet.post(f"/door/{token}", data=form)
    assert late.status_code == 409
    assert "另一块屏也在用这个链接" in late.text
    assert not CODE.findall(late.text)
    assert box_counts(lite_site, poll_id) == {"unused": 1}
    assert tablet.post(f"/door/{token}", data=Page(late).form(f"/door/{token}")).status_code == 200


def test_the_fifth_ticket_is_the_last(lite_site: Site, tablet: StrictClient) -> None:
    poll_id, token = door_of(lite_site)
    for left in range(4, -1, -1):
        assert f"还可发 {left} 张" in press(tablet, token).text
    refused = press(tablet, token)
    assert refused.status_code == 409
    assert "票已发完，请找工作人员" in refused.text
    assert "票已发完，请找工作人员" in tablet.page(f"/door/{token}").text
    assert box_counts(lite_site, poll_id) == {"unused": 5}
    plan(lite_site, poll_id, 6)
    assert press(tablet, token).status_code == 200


@pytest.mark.parametrize(("opened", "words"), [(False, "等主持人宣布开始"), (True, "填完提交")])
def test_before_the_start_people_are_told_to_wait(
    lite_site: Site, tablet: StrictClient, opened: bool, words: str
) -> None:
    _, token = door_of(lite_site, opened=opened)
    response = press(tablet, token)
    assert words in response.text
    (code,) = CODE.findall(response.text)
    assert ("请不要关闭本页" in tablet.get(f"/b/{code}?d={'0' * 32}").text) is not opened


@pytest.mark.parametrize("how", ["shut", "closed"])
def test_a_door_that_has_ended_says_so_and_has_no_button(lite_site: Site, tablet: StrictClient, how: str) -> None:
    poll_id, token = door_of(lite_site)
    if how == "shut":
        shut(lite_site, poll_id, 1)
    else:
        close(lite_site, poll_id)
    page = tablet.page(f"/door/{token}")
    assert "不再发码" in page.text
    assert not list(page.root.iter("form"))
    assert tablet.post(f"/door/{token}", data={"leaving": ""}).status_code == 409
    state = tablet.get(f"/door/{token}/state").json
    assert state is not None
    assert state["working"] is False


def test_a_door_says_that_time_is_up_until_there_is_more(
    lite_site: Site, tablet: StrictClient, organizer: StrictClient
) -> None:
    poll_id, token = door_of(lite_site)
    form = tablet.page(f"/door/{token}").form(f"/door/{token}")
    end_in(lite_site, poll_id, 1, datetime.now(UTC) - timedelta(minutes=2))
    page = tablet.page(f"/door/{token}")
    assert "投票时间已到，不再发码" in page.text
    assert not list(page.root.iter("form"))
    assert "投票时间已到，不再发码" in tablet.post(f"/door/{token}", data=form).text
    assert (tablet.get(f"/door/{token}/state").json or {})["waiting"] is True
    assert "时间到，已停" in organizer.page(f"/polls/{poll_id}/doors").text
    end_in(lite_site, poll_id, 5, datetime.now(UTC))
    assert press(tablet, token).status_code == 200
    assert box_counts(lite_site, poll_id) == {"unused": 1}


def test_a_phone_says_that_it_has_opened_the_code(lite_site: Site, tablet: StrictClient) -> None:
    _, token = door_of(lite_site)
    press(tablet, token)
    before = tablet.get(f"/door/{token}/state")
    assert before.json is not None
    unchanged = tablet.get(f"/door/{token}/state", headers={"If-None-Match": before.headers["ETag"]})
    assert unchanged.status_code == 304
    showing = before.json["showing"]
    phone = client_of(tablet.application)
    for path in (f"/d/{showing}", "/d/x", f"/d/{'0' * 32}"):
        assert phone.get(path).status_code == 405, "a preview"
        assert phone.head(path).status_code == 405
    assert not screen(lite_site, token).taken
    answers = {(phone.post(path).status_code, phone.post(path).data) for path in ("/d/x", f"/d/{'0' * 32}")}
    assert not screen(lite_site, token).taken
    answers.add((phone.post(f"/d/{showing}").status_code, phone.post(f"/d/{showing}").data))
    assert answers == {(204, b"")}
    assert screen(lite_site, token).taken
    after = tablet.get(f"/door/{token}/state", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200


def test_a_preview_of_the_ballot_does_not_move_the_door_on(lite_site: Site, tablet: StrictClient) -> None:
    _, token = door_of(lite_site)
    (code,) = CODE.findall(press(tablet, token).text)
    before = dump(lite_site.database)
    phone = client_of(tablet.application)
    for _ in range(3):
        assert phone.get(f"/b/{code}?d={screen(lite_site, token).showing}").status_code == 200
    assert dump(lite_site.database) == before


def test_a_ballot_with_a_number_in_its_address_is_cast_without_script(lite_site: Site, tablet: StrictClient) -> None:
    poll_id, token = door_of(lite_site)
    (code,) = CODE.findall(press(tablet, token).text)
    address = f"/b/{code}?d={screen(lite_site, token).showing}"
    phone = client_of(tablet.application)
    names = re.findall(r'type="radio" name="([^"]+)"', phone.page(address).html)
    assert "您的票已计入" in phone.post(address, data=dict.fromkeys(names, "A")).text
    assert box_counts(lite_site, poll_id) == {"cast": 1, "ballots": 1, "receipts": 1}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": PUBLIC}, 200),
        ({"Origin": "http://localhost"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
def test_no_other_site_presses_the_button(
    lite_site: Site, tablet: StrictClient, headers: dict[str, str], status: int
) -> None:
    poll_id, token = door_of(lite_site)
    assert press(tablet, token, **headers).status_code == status
    assert box_counts(lite_site, poll_id) == ({"unused": 1} if status == 200 else {})


@pytest.mark.parametrize("token", ["0" * 32, "x", "票"])
def test_an_unknown_door_is_a_page_for_anybody(tablet: StrictClient, token: str) -> None:
    for response in (tablet.get(f"/door/{token}"), tablet.post(f"/door/{token}"), tablet.get(f"/door/{token}/state")):
        assert response.status_code == 404
        assert "没有这块发码屏" in response.text
        assert "测评管理" not in response.text


def test_a_rehearsal_says_so(lite_site: Site, tablet: StrictClient) -> None:
    _, token = door_of(lite_site, rehearsal=True)
    assert "演练" in tablet.page(f"/door/{token}").text
    assert "演练" in press(tablet, token).text


def test_the_organizer_adds_a_door_and_sees_its_link_once(
    lite_site: Site, organizer: StrictClient, tablet: StrictClient
) -> None:
    world = build_poll(lite_site, count=3)
    address = f"/polls/{world.poll_id}/doors"
    page = organizer.page(address)
    assert "未定" in page.text
    response = organizer.submit(address, f"{address}/planned", planned="8")
    assert (response.status_code, response.location) == (302, address)
    assert "计划张数已登记为 8 张" in organizer.page(address).text
    added = organizer.submit(address, name="东门", class_key="A")
    assert added.status_code == 200
    (link,) = re.findall(rf">({PUBLIC}/door/[0-9a-f]{{32}})<", added.text)
    path = urlsplit(link).path
    assert Page(added).links().count(path) == 2
    assert "自动锁定设为“永不”，插上电源" in Page(added).text, "no browser of ours keeps an old tablet awake"
    assert "还可发 5 张" in tablet.page(path).text
    page = organizer.page(address)
    assert path not in page.html
    assert "东门" in page.text
    assert "在用" in page.text


def test_the_form_sent_again_adds_no_second_door(lite_site: Site, organizer: StrictClient) -> None:
    poll_id, _ = door_of(lite_site)
    address = f"/polls/{poll_id}/doors"
    response = organizer.submit(address, name="东门", class_key="A")
    assert response.status_code == 400
    assert "已经有一块叫“东门”的发码屏" in response.text
    assert Page(response).form(address)["name"] == "东门"


@pytest.mark.parametrize(
    ("action", "fields", "status", "words"),
    [
        ("", {"name": "东门", "class_key": "A"}, 400, "还没有定计划张数"),
        ("", {"name": "", "class_key": "A"}, 400, "请填写此项"),
        ("", {"name": "门" * 21, "class_key": "A"}, 400, "最多 20 个字"),
        ("", {"name": "东门", "class_key": "B"}, 400, "发哪种票"),
        ("/planned", {"planned": "0"}, 400, "1 至 100000"),
        ("/planned", {"planned": "一百"}, 400, "计划张数"),
        ("/planned", {"planned": "5", "class_key": "Z"}, 404, "没有代号为“Z”的票种"),
    ],
)
def test_a_form_with_a_fault_is_shown_again(
    lite_site: Site, organizer: StrictClient, action: str, fields: dict[str, str], status: int, words: str
) -> None:
    address = f"/polls/{build_poll(lite_site, count=0).poll_id}/doors"
    before = dump(lite_site.database)
    response = organizer.submit(address, address + action, **fields)
    assert response.status_code == status
    assert words in Page(response).text
    if "planned" in fields and "class_key" not in fields:
        assert Page(response).form(f"{address}/planned")["planned"] == fields["planned"]
    assert dump(lite_site.database) == before


def test_the_shared_tablet_is_found_from_the_page_of_doors(lite_site: Site, organizer: StrictClient) -> None:
    page = organizer.page(f"/polls/{door_of(lite_site)[0]}/doors")
    assert {"/?kiosk=1", "/?kiosk=0"} <= set(page.links())
    assert f"{PUBLIC}/?kiosk=1" in page.text
    assert "我要用公用平板投票" in organizer.page("/help").text


def test_a_door_is_shut_with_a_confirmation(lite_site: Site, organizer: StrictClient, tablet: StrictClient) -> None:
    poll_id, token = door_of(lite_site)
    address = f"/polls/{poll_id}/doors"
    refused = organizer.submit(address, f"{address}/1/shut")
    assert refused.status_code == 400
    assert "请先勾选" in refused.text
    assert screen(lite_site, token).working
    assert organizer.submit(address, f"{address}/1/shut", sure="y").status_code == 302
    assert not screen(lite_site, token).working
    assert "已关闭" in organizer.page(address).text
    assert "不再发码" in tablet.page(f"/door/{token}").text


def test_after_closing_nothing_is_offered(lite_site: Site, organizer: StrictClient) -> None:
    poll_id, _ = door_of(lite_site)
    close(lite_site, poll_id)
    page = organizer.page(f"/polls/{poll_id}/doors")
    assert PollState.CLOSED.label in page.text
    assert [form.get("action") for form in page.root.iter("form")] == ["/logout"]


def test_the_class_of_the_second_door(lite_site: Site, organizer: StrictClient, tablet: StrictClient) -> None:
    """A ticket is of its door's class."""
    poll_id, _ = door_of(lite_site)
    run_sql(
        lite_site,
        "INSERT INTO ballot_classes (poll_id, key, name, weight, planned) VALUES (:id, 'B', '职工', '1', 3)",
        id=poll_id,
    )
    token = add(lite_site, poll_id, "西门", "B").token
    assert "职工票" in press(tablet, token).text
    (ticket,) = dump(lite_site.database)["tickets"]
    assert "B" in ticket


def test_the_scrutineer_sees_the_tab_too_and_presses_nothing(shown: Shown) -> None:
    address = f"/polls/{shown.world.open.poll_id}"
    for role in (Role.ORGANIZER, Role.SCRUTINEER):
        client = shown.client(role)
        assert f"{address}/doors" in client.page(address).links()
        forms = {form.get("action") for form in client.page(f"{address}/doors").root.iter("form")}
        assert (forms == {"/logout"}) is (role is Role.SCRUTINEER)


def test_the_token_is_on_no_page_of_the_staff(shown: Shown) -> None:
    for path in (f"/polls/{shown.world.open.poll_id}/doors", f"/polls/{shown.world.open.poll_id}"):
        assert shown.world.door not in shown.client(Role.ADMIN).page(path).html


def test_a_code_is_grouped_as_people_type_it(lite_site: Site, tablet: StrictClient) -> None:
    _, token = door_of(lite_site)
    (code,) = CODE.findall(press(tablet, token).text)
    assert grouped(code.replace("-", "")) == code
    assert tablet.post("/", data={"code": code}).location == f"/b/{code}"
