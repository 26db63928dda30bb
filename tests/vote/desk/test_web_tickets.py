"""The organizer's tickets page: batches, reprinting, voiding, files in steps, and what is typed wrong."""

import io
import json
import zipfile
from datetime import date
from decimal import Decimal

import pytest
from flask import Flask

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.acts.site import Site
from surveys.polling.states import PollState, Purpose
from surveys.vote import door_screens, poll_record, polls
from surveys.vote.polls import ClassEntry
from surveys.vote.ticketing import slip_printing, tickets
from tests.builders import World, account, box_counts, build_poll, build_unit, cast, close, dump, filled, sheet_of
from tests.sites import NOW
from tests.strict_client import Page, StrictClient, without_token
from tests.worlds import Shown, build_accounts, client_of

STEPWISE = "application/vnd.ceping.steps"
TWO = (ClassEntry("A", "领导班子成员", Decimal(40)), ClassEntry("B", "职工", Decimal(60)))


@pytest.fixture
def organizer(lite_app: Flask, lite_site: Site) -> StrictClient:
    ids, _ = build_accounts(lite_site)
    return client_of(lite_app, ids[Role.ORGANIZER])


def plan(site: Site, poll_id: int, **planned: int) -> None:
    with site.database.writing() as session:
        for entry in polls.poll_of(session, poll_id).classes:
            entry.planned = planned.get(entry.key)
        session.commit()


def issued(site: Site, poll_id: int) -> int:
    with site.database.reading() as session:
        return sum(entry.issued for entry in poll_record.class_counts(session, polls.poll_of(session, poll_id)))


def paths(world: World, batch: int = 1) -> tuple[str, str]:
    """(tickets page, batch page)."""
    return f"/polls/{world.poll_id}/tickets", f"/polls/{world.poll_id}/batches/{batch}"


def test_the_form_proposes_what_is_missing(lite_site: Site, organizer: StrictClient) -> None:
    world = build_poll(lite_site, count=4, classes=TWO)
    page = f"/polls/{world.poll_id}/tickets"

    def proposed(query: str = "") -> tuple[str, str]:
        form = organizer.page(page + query).form(f"/polls/{world.poll_id}/issue")
        return form["class_key"], form["count"]

    assert proposed() == ("A", "")
    plan(lite_site, world.poll_id, A=4, B=30)
    assert proposed() == ("B", "26")
    assert proposed("?class=A") == ("A", "")
    plan(lite_site, world.poll_id, A=5, B=20000)
    assert proposed() == ("A", "1")
    assert proposed("?class=B") == ("B", "5000")
    assert proposed("?class=Z") == ("A", "1")
    assert f"{page}?class=B#issue" in organizer.page(page).links()


def test_batches_are_listed_and_slips_can_be_reprinted(lite_site: Site, organizer: StrictClient) -> None:
    world = build_poll(lite_site, count=3, classes=TWO)
    with lite_site.database.writing() as session:
        for purpose in (Purpose.DOOR, Purpose.PAPER):
            tickets.issue(session, NOW, COMMAND_LINE, world.poll_id, "A", 2, purpose)
    page = organizer.page(f"/polls/{world.poll_id}/tickets")
    for words in ("第 1 批", "第 4 批", "纸条", "发码屏", "纸质票", "2026-03-02"):
        assert words in page.text
    linked = [link for link in page.links() if "/batches/" in link]
    assert linked == [paths(world, number)[1] for number in (4, 3, 2, 1)]
    for number, acts in ((1, ["reissue", "void"]), (3, ["void"]), (4, ["void"])):
        address = paths(world, number)[1]
        actions = [form.get("action", "") for form in organizer.page(address).root.iter("form")]
        assert [act for act in ("reissue", "void") if f"{address}/{act}" in actions] == acts


def test_the_pages_do_not_tell_how_many_of_a_batch_were_cast(lite_site: Site, organizer: StrictClient) -> None:
    world = build_poll(lite_site, count=4)
    before = [without_token(organizer.page(path).html) for path in paths(world)]
    sheet = sheet_of(lite_site, world.poll_id)
    for code in world.codes["A"]:
        cast(lite_site, code, filled(sheet))
    assert [without_token(organizer.page(path).html) for path in paths(world)] == before


@pytest.mark.parametrize("size", ["21", "10", "4"])
def test_a_batch_is_reprinted(lite_site: Site, organizer: StrictClient, size: str) -> None:
    world = build_poll(lite_site, count=5)
    cast(lite_site, world.codes["A"][0], filled(sheet_of(lite_site, world.poll_id)))
    page = paths(world)[1]
    response = organizer.submit(page, f"{page}/reissue", reason="其他", note="纸受潮了", size=size)
    assert (response.status_code, response.mimetype) == (200, "application/pdf")
    assert box_counts(lite_site, world.poll_id) == {"ballots": 1, "receipts": 1, "cast": 1, "void": 4, "unused": 4}
    assert any("其他：纸受潮了" in str(row) for row in dump(lite_site.database)["audit_log"])
    again = organizer.submit(page, f"{page}/void", reason="丢失", sure="y")
    assert again.status_code == 409
    assert "没有未用的票" in again.text


def test_a_batch_is_voided(lite_site: Site, organizer: StrictClient) -> None:
    world = build_poll(lite_site, count=5)
    tickets_page, page = paths(world)
    assert organizer.submit(page, f"{page}/void", reason="丢失", sure="y").location == tickets_page
    assert "没投的 5 张票已作废" in organizer.page(tickets_page).text
    assert box_counts(lite_site, world.poll_id) == {"void": 5}
    assert page not in organizer.page(tickets_page).links()


@pytest.mark.parametrize(("act", "offered"), [(None, True), (close, False)])
def test_a_closed_polls_batch_can_be_voided_only(
    lite_site: Site, organizer: StrictClient, act: object, offered: bool
) -> None:
    world = build_poll(lite_site, count=5)
    if callable(act):
        act(lite_site, world.poll_id)
    page = organizer.page(paths(world)[1])
    actions = {form.get("action", "").rsplit("/", 1)[1] for form in page.root.iter("form")}
    assert ("reissue" in actions, "void" in actions) == (offered, True)


@pytest.mark.parametrize(
    ("path", "act", "fields", "words"),
    [
        (0, "void", {"reason": "", "code": "K7QF"}, "请选择原因"),
        (0, "void", {"reason": "其他", "code": "K7QF"}, "请写明原因"),
        (0, "void", {"reason": "其他", "note": " 　", "code": "K7QF"}, "请写明原因"),
        (0, "void", {"reason": "丢失", "code": "K7QF"}, "票码不完整"),
        (1, "reissue", {"reason": ""}, "请选择原因"),
        (1, "reissue", {"reason": "其他"}, "请写明原因"),
        (1, "reissue", {"reason": "印坏", "size": "7"}, "纸条大小"),
        (1, "void", {"reason": "丢失"}, "请先勾选"),
    ],
)
def test_a_fault_is_shown_in_its_form_with_what_was_typed(
    lite_site: Site, organizer: StrictClient, path: int, act: str, fields: dict[str, str], words: str
) -> None:
    world = build_poll(lite_site, count=2)
    page = paths(world)[path]
    action = f"/polls/{world.poll_id}/void" if path == 0 else f"{page}/{act}"
    response = organizer.submit(page, action, **fields)
    assert response.status_code == 400
    shown = Page(response)
    alerts = [element for element in shown.root.iter("p") if element.get("class") == "fault"]
    assert [words in "".join(alert.itertext()) for alert in alerts] == [True]
    assert shown.form(action).get("code") == fields.get("code")
    assert shown.form(action)["reason"] == fields["reason"]
    assert box_counts(lite_site, world.poll_id) == {"unused": 2}


def test_a_fault_in_issuing_keeps_what_was_typed(lite_site: Site, organizer: StrictClient) -> None:
    world = build_poll(lite_site, count=0, classes=TWO)
    action = f"/polls/{world.poll_id}/issue"
    response = organizer.submit(paths(world)[0], action, class_key="B", count="9999", format="csv", size="4")
    assert response.status_code == 400
    form = Page(response).form(action)
    assert [form[name] for name in ("class_key", "count", "format", "size")] == ["B", "9999", "csv", "4"]


def test_words_that_fit_no_slip_reissue_nothing_but_links_still_can(lite_site: Site, organizer: StrictClient) -> None:
    _, unit_id = build_unit(lite_site, "名称很长的单位" * 20)
    world = build_poll(lite_site, count=2, unit_id=unit_id)
    page = paths(world)[1]
    for size in ("21", "10", "4"):
        response = organizer.submit(page, f"{page}/reissue", reason="印坏", size=size)
        assert response.status_code == 400
        assert "印不下" in response.text
        assert ("改选更大的纸条" in response.text) is (size != "4")
    assert box_counts(lite_site, world.poll_id) == {"unused": 2}
    assert organizer.submit(page, f"{page}/reissue", reason="印坏", format="png").status_code == 200


def test_place_and_date_are_printed_when_set(lite_site: Site, organizer: StrictClient) -> None:
    world = build_poll(lite_site, count=0)
    action = f"/polls/{world.poll_id}/issue"
    plain = organizer.submit(paths(world)[0], action, count="1").data
    with lite_site.database.writing() as session:
        poll = polls.poll_of(session, world.poll_id)
        poll.place, poll.held_on = "机关三楼会议室", date(2026, 12, 20)
        session.commit()
    dated = organizer.submit(paths(world)[0], action, count="1").data
    assert len(dated) > len(plain)
    with lite_site.database.reading() as session:
        sheet = slip_printing.slip_sheet(lite_site, polls.poll_of(session, world.poll_id), "A", tickets.Issued(1, []))
    assert sheet.place_and_date == "机关三楼会议室　2026年12月20日"


def test_a_file_in_steps(lite_site: Site, organizer: StrictClient) -> None:
    """What static/progress.js reads: about, dots, length, the file."""
    world = build_poll(lite_site, count=0)
    action = f"/polls/{world.poll_id}/issue"
    fields = organizer.page(paths(world)[0]).form(action) | {"count": "50"}
    response = organizer.post(action, data=fields, headers={"Accept": STEPWISE})
    assert (response.status_code, response.mimetype) == (200, STEPWISE)
    about, dots, length, data = response.data.split(b"\n", 3)
    assert json.loads(about) == {"batch": 1, "name": "样例局-A类票-第1批-50张.pdf", "type": "application/pdf"}
    assert dots == b"." * 84
    assert len(data) == int(length)
    assert data.startswith(b"%PDF-")
    assert issued(lite_site, world.poll_id) == 50


def test_the_pictures_are_one_for_each_ticket(lite_site: Site, organizer: StrictClient) -> None:
    world = build_poll(lite_site, count=0)
    action = f"/polls/{world.poll_id}/issue"
    response = organizer.submit(paths(world)[0], action, count="12", format="png")
    with zipfile.ZipFile(io.BytesIO(response.data)) as bundle:
        assert bundle.namelist() == [f"{number:03}.png" for number in range(1, 13)]


def test_a_refusal_is_a_page_also_for_the_script(lite_site: Site, organizer: StrictClient) -> None:
    world = build_poll(lite_site, count=0)
    action = f"/polls/{world.poll_id}/issue"
    fields = organizer.page(paths(world)[0]).form(action) | {"count": "0"}
    response = organizer.post(action, data=fields, headers={"Accept": STEPWISE})
    assert (response.status_code, response.mimetype) == (400, "text/html")
    assert issued(lite_site, world.poll_id) == 0


def test_a_batch_that_is_not_there(shown: Shown) -> None:
    client = shown.client(Role.ORGANIZER)
    poll_id = shown.world.polls[PollState.OPEN].poll_id
    client.page(f"/polls/{poll_id}/batches/9", 404)
    client.page(f"/polls/{poll_id}/batches/99999999999", 404)


def test_the_scrutineer_reads_along_and_finds_no_form(lite_app: Flask, lite_site: Site) -> None:
    """What went out, batch by batch and door by door; no code, no link of a door, nothing to press."""
    world = build_poll(lite_site, count=3)
    with lite_site.database.writing() as session:
        door_screens.set_planned(session, NOW, COMMAND_LINE, world.poll_id, "A", 12)
        door = door_screens.add_door(session, NOW, COMMAND_LINE, world.poll_id, "东门", "A").token
    client = client_of(lite_app, account(lite_site, "监票", Role.SCRUTINEER).account_id)
    tickets, doors = client.page(f"/polls/{world.poll_id}/tickets"), client.page(f"/polls/{world.poll_id}/doors")
    assert "第 1 批" in tickets.text
    assert "东门" in doors.text
    for page in (tickets, doors):
        assert {form.get("action") for form in page.root.iter("form")} == {"/logout"}
        assert door not in page.html
        assert not any(code in page.html for code in world.codes["A"])
    for address in ("issue", "void", "doors", "doors/planned", "batches/1/void"):
        assert client.post(f"/polls/{world.poll_id}/{address}").status_code in (400, 403)
