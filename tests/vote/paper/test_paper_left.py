"""Closing and sealing tell what of paper would be cut off, and ask for the exact number of it."""

import pytest
from flask import Flask

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.site import Site
from surveys.polling.states import PollState
from surveys.vote import hall, polls, sealing
from surveys.vote.paper_ballots import paper_counts
from surveys.vote.paper_ballots.paper_counts import PaperLeft
from surveys.vote.ticketing import tickets
from tests import papers
from tests.builders import (
    World,
    box_counts,
    build_poll,
    cast,
    close,
    close_and_seal,
    count_present,
    filled,
    seal,
    sheet_of,
)
from tests.papers import paper_poll, person
from tests.sites import NOW
from tests.strict_client import StrictClient
from tests.worlds import build_accounts, client_of


@pytest.fixture
def people(site: Site) -> list[Actor]:
    return [person(site, "甲录入"), person(site, "乙录入")]


def counted(site: Site, people: list[Actor], world: World, count: int) -> None:
    """As many paper ballots keyed by two and in the box."""
    papers.key_twice(site, people, world.poll_id, dict.fromkeys(range(1, count + 1), "1"))
    papers.cast(site, people[0], world.poll_id)


def state_of(site: Site, world: World) -> PollState:
    with site.database.reading() as session:
        return polls.poll_of(session, world.poll_id).state


@pytest.mark.parametrize("named", [0, 2, 4])
def test_only_the_exact_number_closes_and_seals(site: Site, people: list[Actor], named: int) -> None:
    world = paper_poll(site, 4)
    counted(site, people, world, 1)
    with pytest.raises(PaperLeft, match=r"发出 4 份，录入 1 份，计入 1 份，还有 3 份没有计入.*没有结束投票") as error:
        close(site, world.poll_id, named)
    assert error.value.left == 3
    assert ("数字变了" in str(error.value)) is bool(named)
    assert state_of(site, world) is PollState.OPEN
    close(site, world.poll_id, 3)
    with pytest.raises(PaperLeft, match="没有封存"):
        seal(site, world.poll_id, named)
    assert state_of(site, world) is PollState.CLOSED
    assert seal(site, world.poll_id, 3).startswith("sha256:")
    assert [detail.partition("；")[2] for _, detail in papers.log_of(site, "poll.seal")] == ["纸质票 3 份没有收回"]


def test_what_was_counted_or_voided_since_is_said(site: Site, people: list[Actor]) -> None:
    world = paper_poll(site, 2)
    close(site, world.poll_id, 2)
    counted(site, people, world, 2)
    with pytest.raises(PaperLeft, match=r"都已计入；您确认的是 2 份，数字变了。没有封存。"):
        seal(site, world.poll_id, 2)
    assert seal(site, world.poll_id)


def test_void_paper_is_not_waited_for(site: Site) -> None:
    world = paper_poll(site, 3)
    with site.database.writing() as session:
        tickets.void_batch(session, NOW, COMMAND_LINE, world.poll_id, 1, "印坏")
    with site.database.reading() as session:
        counts = paper_counts.paper_counts(session, polls.poll_of(session, world.poll_id))
    assert (counts.left, counts.words) == (0, "纸质票：发出 3 份（作废 3 份），录入 0 份，计入 0 份")
    assert close_and_seal(site, world.poll_id)


def test_paper_of_another_poll_and_votes_from_phones_change_nothing(site: Site) -> None:
    world = build_poll(site, count=4, leaders=0)
    paper_poll(site, 5, unit_id=world.unit_id)
    for code in world.codes["A"][:3]:
        cast(site, code, filled(sheet_of(site, world.poll_id)))
        with site.database.reading() as session:
            checks = hall.closing_checks(session, polls.poll_of(session, world.poll_id))
        assert not [each.text for each in checks if "纸质票" in each.text]
    assert close_and_seal(site, world.poll_id)


# Pages


@pytest.fixture
def organizer(lite_app: Flask, lite_site: Site) -> StrictClient:
    build_poll(lite_site, count=1)
    return client_of(lite_app, build_accounts(lite_site)[0][Role.ORGANIZER])


@pytest.fixture
def lite_people(lite_site: Site) -> list[Actor]:
    return [person(lite_site, "甲录入"), person(lite_site, "乙录入")]


def test_the_desk_asks_for_a_tick_that_names_the_number(
    lite_site: Site, organizer: StrictClient, lite_people: list[Actor]
) -> None:
    world = paper_poll(lite_site, 2, count=6)
    for code in world.codes["A"][:3]:
        cast(lite_site, code, filled(sheet_of(lite_site, world.poll_id)))
    desk = f"/polls/{world.poll_id}"
    page = organizer.page(desk)
    assert "纸质票：发出 2 份，录入 0 份，计入 0 份" in page.text
    assert "还有 2 份纸质票没有计入，收回的在封存以前录入" in page.text
    count_present(lite_site, world.poll_id, 9)
    refused = organizer.submit(desk, f"{desk}/close", sure="y")
    assert refused.status_code == 409
    assert "还有 2 份没有计入" in refused.text
    assert organizer.submit(desk, f"{desk}/close", sure="y", paper_left="2").status_code == 302
    page = organizer.page(desk)
    assert "投票已结束。先录纸质票：发出 2 份，还有 2 份没有计入。" in page.text
    assert "这 2 份没有收回，不计入" in page.text
    papers.key_twice(lite_site, lite_people, world.poll_id, {1: "1"})
    page = organizer.page(desk)
    assert "录入 1 份，计入 0 份" in page.text
    assert "录入了还没有计入的纸质票有 1 份" in page.text
    papers.cast(lite_site, lite_people[0], world.poll_id)
    # A page from before: its tick says two.
    stale = organizer.submit(desk, f"{desk}/seal", sure="y", paper_left="2")
    assert stale.status_code == 409
    assert "还有 1 份没有计入；您确认的是 2 份，数字变了" in stale.text
    assert organizer.submit(desk, f"{desk}/seal", sure="y").status_code == 409
    assert "这 1 份没有收回" in organizer.page(desk).text
    assert organizer.submit(desk, f"{desk}/seal", sure="y", paper_left="1").status_code == 302
    assert box_counts(lite_site, world.poll_id)["ballots"] == 4


@pytest.mark.parametrize("sent", ["x", "-1", "99999999999999999999", "1.5"])
def test_what_is_no_number_seals_nothing(lite_site: Site, organizer: StrictClient, sent: str) -> None:
    world = paper_poll(lite_site, 2)
    desk = f"/polls/{world.poll_id}"
    assert organizer.submit(desk, f"{desk}/close", sure="y", paper_left=sent).status_code in (400, 409)
    assert state_of(lite_site, world) is PollState.OPEN


def test_nothing_is_asked_where_no_paper_is_left(
    lite_site: Site, organizer: StrictClient, lite_people: list[Actor]
) -> None:
    world = paper_poll(lite_site, 1)
    counted(lite_site, lite_people, world, 1)
    count_present(lite_site, world.poll_id, 9)
    desk = f"/polls/{world.poll_id}"
    assert "纸质票：发出 1 份，录入 1 份，计入 1 份" in organizer.page(desk).text
    for act in ("close", "seal"):
        assert "paper_left" not in organizer.page(desk).fields(f"{desk}/{act}")
        assert organizer.submit(desk, f"{desk}/{act}", sure="y").status_code == 302
        if act == "close":
            assert "先录纸质票" not in organizer.page(desk).text


def test_what_wiping_and_withdrawing_cut_off_is_listed(
    lite_site: Site, organizer: StrictClient, lite_people: list[Actor]
) -> None:
    rehearsal = paper_poll(lite_site, 2, rehearsal=True)
    papers.key(lite_site, lite_people[0], rehearsal.poll_id, 1, 1)
    text = organizer.page(f"/polls/{rehearsal.poll_id}").text
    assert "演练还没有结束，没投的票会打不开。删去这次演练的 2 张票和全部选票" in text
    assert "录入了还没有计入的 1 份纸质票也一起删去" in text
    world = paper_poll(lite_site, 2, count=3)
    assert (
        "撤回后发出的 5 张票（其中纸质票 2 份，收回的也不再录入）全部作废"
        in organizer.page(f"/polls/{world.poll_id}").text
    )


# The command line


def run(app: Flask, *arguments: object) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["poll", "close", *map(str, arguments)])
    return result.exit_code, result.output


def test_the_command_line_asks_for_the_exact_number(lite_app: Flask, lite_site: Site) -> None:
    world = paper_poll(lite_site, 2, count=1)
    for wrong in ((), ("--uncounted", 1), ("--uncounted", 3)):
        code, said = run(lite_app, world.poll_id, *wrong)
        assert code == 1
        assert "发出 2 份，录入 0 份，计入 0 份，还有 2 份没有计入" in said
        assert "没有结束投票，也没有封存" in said
        assert "--uncounted 2" in said
        assert state_of(lite_site, world) is PollState.OPEN
    code, said = run(lite_app, world.poll_id, "--uncounted", 2)
    assert code == 0
    assert said.startswith("sha256:")
    assert state_of(lite_site, world) is PollState.SEALED


def test_the_command_line_does_not_close_what_it_could_not_seal(
    lite_app: Flask, lite_site: Site, lite_people: list[Actor]
) -> None:
    world = paper_poll(lite_site, 1)
    papers.key(lite_site, lite_people[0], world.poll_id, 1, 1)
    code, said = run(lite_app, world.poll_id, "--uncounted", 1)
    assert code == 1
    assert "有 1 张纸质票录入了还没有计入" in said
    assert state_of(lite_site, world) is PollState.OPEN


def test_the_command_line_seals_what_is_closed(lite_app: Flask, lite_site: Site) -> None:
    world = paper_poll(lite_site, 1)
    close(lite_site, world.poll_id, 1)
    assert run(lite_app, world.poll_id)[0] == 1
    assert run(lite_app, world.poll_id, "--uncounted", 1)[0] == 0
    with pytest.raises(Exception, match="已封存"):
        sealing.close_and_seal(lite_site, NOW, COMMAND_LINE, world.poll_id)
