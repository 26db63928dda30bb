"""The scrutineer's remarks, and the tick without which a poll that has one is not sealed."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import AlreadyDone, NotAllowed, WrongState
from surveys.acts.site import Site
from surveys.polling.states import PollState
from surveys.storage.tables import AuditEntry
from surveys.vote import polls, sealing
from surveys.vote.scrutiny import people, witnessing
from tests import papers
from tests.builders import account, cast_each, close
from tests.papers import paper_poll
from tests.sites import NOW
from tests.worlds import client_of


class Meeting:
    """A poll that has ended, with a scrutineer by name."""

    def __init__(self, site: Site, *, named: bool = True, **options: Any) -> None:
        self.site = site
        self.world = paper_poll(site, 1, count=6, **options)
        self.poll_id = self.world.poll_id
        self.first, self.second = (account(site, name) for name in ("甲", "乙"))
        self.organizer = account(site, "组织", Role.ORGANIZER)
        self.scrutineer, self.other = (account(site, name, Role.SCRUTINEER) for name in ("监票", "别的监票"))
        if named:
            with site.database.writing() as session:
                people.name_people(session, NOW, self.first, self.poll_id, {self.scrutineer.account_id or 0})
        cast_each(site, self.world, {"A": ["A" * 16] * 3})

    def close(self) -> None:
        close(self.site, self.poll_id, 1)

    def tick(self, who: Actor | None = None) -> None:
        with self.site.database.writing() as session:
            witnessing.tick(session, NOW, who or self.scrutineer, self.poll_id)

    def seal(self, who: Actor | None = None, left: int = 1) -> None:
        sealing.seal_poll(self.site, NOW, who or self.organizer, self.poll_id, left)

    def state(self) -> PollState:
        with self.site.database.reading() as session:
            return polls.poll_of(session, self.poll_id).state

    def logged(self, act: str) -> str:
        with self.site.database.reading() as session:
            return session.scalars(sa.select(AuditEntry.detail).where(AuditEntry.act == act)).one()


@pytest.fixture
def meeting(lite_site: Site) -> Meeting:
    return Meeting(lite_site)


def test_sealing_waits_for_the_tick(meeting: Meeting) -> None:
    with pytest.raises(WrongState, match="投票中"):
        meeting.tick()
    meeting.close()
    with pytest.raises(WrongState, match="还没有在“监票”页"):
        meeting.seal()
    assert meeting.state() is PollState.CLOSED
    meeting.tick()
    with pytest.raises(WrongState, match="已经核对过"):
        meeting.tick()
    meeting.seal()
    assert "监票人监票已核对" in meeting.logged("poll.seal")


def test_paper_cast_after_the_tick_is_to_be_looked_at_again(meeting: Meeting) -> None:
    meeting.close()
    meeting.tick()
    papers.key_twice(meeting.site, (meeting.first, meeting.second), meeting.poll_id, {1: "1"})
    papers.cast(meeting.site, meeting.first, meeting.poll_id)
    with pytest.raises(WrongState, match="还没有在“监票”页"):
        meeting.seal(left=0)
    meeting.tick()
    meeting.seal(left=0)


def test_nobody_else_ticks(meeting: Meeting) -> None:
    meeting.close()
    for who in (meeting.other, meeting.organizer, meeting.first, COMMAND_LINE):
        with pytest.raises(NotAllowed):
            meeting.tick(who)


def test_two_admins_say_why_it_is_sealed_without(meeting: Meeting) -> None:
    meeting.close()
    with meeting.site.database.writing() as session:
        witnessing.propose_waiver(session, NOW, meeting.first, meeting.poll_id, "监票人住院")
    with pytest.raises(WrongState):
        meeting.seal()
    with meeting.site.database.writing() as session, pytest.raises(NotAllowed):
        witnessing.agree_to_waiver(session, NOW, meeting.first, meeting.poll_id)
    with meeting.site.database.writing() as session:
        witnessing.decline_waiver(session, NOW, meeting.second, meeting.poll_id)
    with meeting.site.database.writing() as session:
        witnessing.propose_waiver(session, NOW, meeting.second, meeting.poll_id, "监票人住院")
    with meeting.site.database.writing() as session, pytest.raises(AlreadyDone):
        witnessing.propose_waiver(session, NOW, meeting.second, meeting.poll_id, "监票人住院")
    with meeting.site.database.writing() as session:
        witnessing.agree_to_waiver(session, NOW, meeting.first, meeting.poll_id)
    meeting.seal()
    assert "两名管理员决定封存：监票人住院" in meeting.logged("poll.seal")


def test_the_command_line_seals_and_the_log_says_so(meeting: Meeting) -> None:
    """Whoever holds the server needs none of this."""
    meeting.close()
    meeting.seal(COMMAND_LINE)
    assert "监票人没有核对" in meeting.logged("poll.seal")


def test_where_nobody_is_named_nothing_waits(lite_site: Site) -> None:
    meeting = Meeting(lite_site, named=False)
    meeting.close()
    with lite_site.database.writing() as session, pytest.raises(WrongState, match="没有指定的监票人"):
        witnessing.propose_waiver(session, NOW, meeting.first, meeting.poll_id, "样例")
    meeting.seal()
    assert "监票人" not in meeting.logged("poll.seal")


def test_on_the_pages(lite_app: Flask, lite_site: Site) -> None:
    meeting = Meeting(lite_site, named=False)
    page = f"/polls/{meeting.poll_id}/scrutiny"
    admin, organizer = (client_of(lite_app, each.account_id) for each in (meeting.first, meeting.organizer))
    chosen = str(meeting.scrutineer.account_id)
    assert admin.submit(page, f"{page}/people", account=chosen).location == page
    scrutineer = client_of(lite_app, meeting.scrutineer.account_id)
    assert "请写下" in scrutineer.submit(page, f"{page}/remark", words=" ").text
    assert scrutineer.submit(page, f"{page}/remark", words="9:30 箱子已查验，空").location == page
    meeting.close()
    home = f"/polls/{meeting.poll_id}"
    refused = organizer.submit(home, f"{home}/seal", sure="y", paper_left="1")
    assert (refused.status_code, "还没有在“监票”页" in refused.text) == (409, True)
    assert "去“监票”页" in organizer.page(home).text
    assert scrutineer.submit(page, f"{page}/tick").status_code == 400
    assert scrutineer.submit(page, f"{page}/tick", sure="y").location == page
    assert organizer.submit(home, f"{home}/seal", sure="y", paper_left="1").location == home
    assert "箱子已查验" in organizer.page(page).text
    assert "/remark" not in organizer.page(page).html
    assert scrutineer.submit(page, f"{page}/remark", words="封存码已抄下").location == page
