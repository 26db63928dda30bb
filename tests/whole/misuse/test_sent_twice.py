"""A form sent twice, as by a double press without script: done once, and the second answer says that it is so."""

import pytest
from flask import Flask

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.acts.site import Site
from surveys.polling.states import PollState
from surveys.storage.database import Database
from surveys.vote import polls, rehearsals
from tests.builders import World, build_poll, build_unit, dump
from tests.sites import NOW
from tests.strict_client import StrictClient
from tests.worlds import build_accounts, client_of

pytestmark = pytest.mark.both

ACTS = [
    (PollState.DRAFT, "open", {}, "投票已经开始了"),
    (PollState.OPEN, "close", {"sure": "y"}, "投票已经结束了"),
    (PollState.CLOSED, "seal", {"sure": "y"}, "测评会已经封存了"),
    (PollState.OPEN, "pause", {"reason": "停电"}, "投票已经暂停了"),
    (PollState.PAUSED, "resume", {}, "投票已经在进行了"),
    (PollState.DRAFT, "withdraw", {"reason": "建重了", "sure": "y"}, "测评会已经撤回了"),
]


@pytest.fixture
def organizer(lite_app: Flask, lite_site: Site) -> StrictClient:
    ids, _ = build_accounts(lite_site)
    return client_of(lite_app, ids[Role.ORGANIZER])


def build(site: Site, state: PollState, **options: bool) -> World:
    world = build_poll(site, count=2, present=10, opened=state is not PollState.DRAFT, **options)
    if state in (PollState.CLOSED, PollState.PAUSED):
        with site.database.writing() as session:
            polls.poll_of(session, world.poll_id).state = state
            session.commit()
    return world


def twice(client: StrictClient, database: Database, page: str, action: str, **fields: str) -> str:
    """Where the second of two equal posts leads; it changes nothing."""
    form = client.page(page).form(action) | fields
    assert client.post(action, data=form).status_code == 302
    done = dump(database)
    again = client.post(action, data=form)
    assert again.status_code == 302, again.text
    assert dump(database) == done
    return str(again.location)


@pytest.mark.parametrize(("state", "act", "fields", "said"), ACTS)
def test_an_act_of_the_hall(
    lite_site: Site, organizer: StrictClient, state: PollState, act: str, fields: dict[str, str], said: str
) -> None:
    home = f"/polls/{build(lite_site, state).poll_id}"
    assert twice(organizer, lite_site.database, home, f"{home}/{act}", **fields) == home
    assert said in organizer.page(home).text


def test_a_rehearsal_made_and_wiped(lite_site: Site, organizer: StrictClient) -> None:
    home = f"/polls/{build(lite_site, PollState.DRAFT).poll_id}"
    double = twice(organizer, lite_site.database, home, f"{home}/rehearse")
    assert double != home
    assert "已经有一个演练了" in organizer.page(double).text
    left = twice(organizer, lite_site.database, double, f"{double}/wipe", sure="y")
    assert "可能刚刚已经清除" in organizer.page(left).text


def test_a_key_turned(lite_app: Flask, lite_site: Site) -> None:
    ids, _ = build_accounts(lite_site)
    world = build(lite_site, PollState.CLOSED, two_person=True)
    home = f"/polls/{world.poll_id}"
    client_of(lite_app, ids[Role.ORGANIZER]).submit(home, f"{home}/seal", sure="y")
    for role, said in ((Role.ORGANIZER, "还需另一方"), (Role.SCRUTINEER, "结果可以看了")):
        client = client_of(lite_app, ids[role])
        twice(client, lite_site.database, home, f"{home}/unseal", sure="y")
        assert f"一方已经启封过了，{said}" in client.page(home).text


def test_a_door_shut(lite_site: Site, organizer: StrictClient) -> None:
    home = f"/polls/{build(lite_site, PollState.OPEN).poll_id}/doors"
    organizer.submit(home, f"{home}/planned", class_key="A", planned="5")
    organizer.submit(home, name="东门", class_key="A")
    assert twice(organizer, lite_site.database, home, f"{home}/1/shut", sure="y") == home
    assert "发码屏“东门”已经关闭了" in organizer.page(home).text


def test_a_poll_saved_twice_is_one_draft_and_one_changed_is_another(lite_site: Site, organizer: StrictClient) -> None:
    _, unit_id = build_unit(lite_site)
    page = f"/units/{unit_id}/polls/new"
    first = organizer.submit(page, entitled="20", team="党委班子").location
    before = dump(lite_site.database)
    assert organizer.submit(page, entitled="20", team="党委班子").location == first
    assert dump(lite_site.database) == before
    assert organizer.submit(page, entitled="20", team="行政班子").location != first


def test_the_same_poll_may_be_held_again_once_the_first_has_begun(lite_site: Site, organizer: StrictClient) -> None:
    _, unit_id = build_unit(lite_site)
    page = f"/units/{unit_id}/polls/new"
    first = str(organizer.submit(page, entitled="20").location).removesuffix("/setup")
    organizer.submit(first, f"{first}/open")
    assert organizer.submit(page, entitled="20").location != f"{first}/setup"


def test_what_is_over_is_refused_as_before(lite_site: Site, organizer: StrictClient) -> None:
    """Not the target of the act: somebody's page is old."""
    home = f"/polls/{build(lite_site, PollState.CLOSED).poll_id}"
    token = organizer.page(home).form("/logout")
    assert organizer.post(f"{home}/open", data=token).status_code == 409
    rehearsal = build(lite_site, PollState.DRAFT).poll_id
    with lite_site.database.writing() as session:
        rehearsals.rehearse(session, NOW, COMMAND_LINE, rehearsal)
    assert (
        "还有一个演练" in organizer.post(f"/polls/{rehearsal}/withdraw", data=token | {"reason": "x", "sure": "y"}).text
    )
