"""Who stands in for an absent hand: named beforehand by two others, until a day."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from surveys.acts import hands, sessions, stand_ins
from surveys.acts.actors import COMMAND_LINE, Actor, Permission, Role
from surveys.acts.errors import AlreadyDone, BadInput, NotAllowed, NotFound, Refusal, WrongState
from surveys.acts.site import Site
from surveys.storage.tables import Account, AuditEntry
from surveys.vote import sealing
from tests.builders import account, build_poll, cast_each, close_and_seal, run_sql
from tests.sites import NOW
from tests.worlds import client_of

TODAY = date(2026, 3, 2)
REASON = "出差"


class People:
    """Two admins who name, one who will be away, an organizer and a scrutineer."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.first, self.second, self.away = (account(site, name) for name in ("甲", "乙", "丙"))
        self.organizer = account(site, "组织", Role.ORGANIZER)
        self.scrutineer = account(site, "监票", Role.SCRUTINEER)

    def propose(self, who: Actor, stand_in: Actor, absent: Actor, last_day: date = TODAY) -> None:
        with self.site.database.writing() as session:
            zone, pair = self.site.settings.time_zone, (stand_in.account_id or 0, absent.account_id or 0)
            stand_ins.propose(session, NOW, who, zone, *pair, last_day, REASON)

    def agree(self, who: Actor, number: int = 1) -> None:
        with self.site.database.writing() as session:
            stand_ins.agree(session, NOW, who, number)

    def now(self, who: Actor, later: timedelta = timedelta()) -> Actor:
        with self.site.database.reading() as session:
            return sessions.actor_of(session, NOW + later, session.get_one(Account, who.account_id))


@pytest.fixture
def people(lite_site: Site) -> People:
    return People(lite_site)


def test_a_stand_in_may_what_the_absent_one_may_until_the_day_is_over(people: People) -> None:
    assert not people.now(people.organizer).may(Permission.DECIDE)
    people.propose(people.first, people.organizer, people.away, TODAY + timedelta(days=1))
    assert not people.now(people.organizer).may(Permission.DECIDE)
    people.agree(people.second)
    assert people.now(people.organizer).may(Permission.DECIDE)
    assert people.now(people.organizer).may(Permission.RUN_POLLS)
    assert not people.now(people.organizer).may(Permission.MANAGE_ACCOUNTS)
    # 9.30 UTC is 17.30 here: the last day ends 30.5 hours later.
    assert people.now(people.organizer, timedelta(hours=30, minutes=29)).may(Permission.DECIDE)
    assert not people.now(people.organizer, timedelta(hours=30, minutes=30)).may(Permission.DECIDE)


def test_the_two_who_name_are_not_the_two_who_are_named(people: People) -> None:
    for pair in ((people.first, people.away), (people.organizer, people.first)):
        with pytest.raises(NotAllowed):
            people.propose(people.first, *pair)
    people.propose(people.first, people.organizer, people.away)
    for who in (people.first, people.away, COMMAND_LINE):
        with pytest.raises(NotAllowed):
            people.agree(who)
    assert not people.now(people.organizer).stands_for
    people.agree(people.second)
    with pytest.raises(AlreadyDone):
        people.agree(people.second)


@pytest.mark.parametrize(("days", "refusal"), [(-1, BadInput), (0, None), (60, None), (61, BadInput), (9999, BadInput)])
def test_for_how_long(people: People, days: int, refusal: type[Refusal] | None) -> None:
    if refusal is None:
        people.propose(people.first, people.organizer, people.away, TODAY + timedelta(days=days))
        return
    with pytest.raises(refusal):
        people.propose(people.first, people.organizer, people.away, TODAY + timedelta(days=days))


def test_the_other_powers_stand_in_for_nobody(people: People) -> None:
    for role in (Role.SYSTEM, Role.AUDITOR, Role.READER):
        other = account(people.site, role.value, role)
        for pair in ((other, people.away), (people.organizer, other)):
            with pytest.raises(NotFound):
                people.propose(people.first, *pair)


def test_one_of_them_at_a_time(people: People) -> None:
    people.propose(people.first, people.organizer, people.away)
    for pair in ((people.organizer, people.scrutineer), (people.scrutineer, people.away)):
        with pytest.raises(AlreadyDone):
            people.propose(people.first, *pair)
    with pytest.raises(BadInput):
        people.propose(people.first, people.scrutineer, people.scrutineer)


def test_ended_by_one_at_once(people: People) -> None:
    people.propose(people.first, people.organizer, people.away)
    people.agree(people.second)
    with people.site.database.writing() as session:
        stand_ins.end(session, NOW, people.away, 1)
    assert not people.now(people.organizer).stands_for
    with people.site.database.writing() as session, pytest.raises(WrongState):
        stand_ins.end(session, NOW, people.away, 1)


def test_an_admin_in_the_scrutineer_s_place_is_one_hand_all_the_same(people: People) -> None:
    world = build_poll(people.site, two_person=True)
    cast_each(people.site, world, {"A": ["A"] * 6})
    close_and_seal(people.site, world.poll_id)
    people.propose(people.first, people.organizer, people.scrutineer)
    people.agree(people.second)
    actor = people.now(people.organizer)
    with people.site.database.writing() as session:
        assert not sealing.unseal(session, NOW, actor, world.poll_id)
    with people.site.database.writing() as session, pytest.raises(NotAllowed, match="已经有您的一份"):
        sealing.unseal(session, NOW, actor, world.poll_id)
    other = account(people.site, "组织二", Role.ORGANIZER)
    with people.site.database.writing() as session, pytest.raises(AlreadyDone):
        sealing.unseal(session, NOW, other, world.poll_id)  # that side was taken; the stand-in holds the scrutineer's


def test_the_absent_one_and_who_stands_in_are_one_hand(people: People) -> None:
    """Whoever came first."""
    people.propose(people.first, people.organizer, people.away)
    people.agree(people.second)
    for one, other in ((people.organizer, people.away), (people.away, people.organizer)):
        assert "算一人" in str(hands.why_not(people.now(one), {other.account_id or 0}))
        assert hands.why_not(people.now(one), {people.first.account_id or 0}) is None
    run_sql(people.site, "UPDATE accounts SET active = false WHERE name = '丙'")
    assert not people.now(people.organizer).stands_for


def test_the_log_says_for_whom(people: People) -> None:
    people.propose(people.first, people.organizer, people.away)
    people.agree(people.second)
    people.propose(people.now(people.organizer), people.scrutineer, people.second)
    with people.site.database.reading() as session:
        query = sa.select(AuditEntry).where(AuditEntry.act.startswith("standin.")).order_by(AuditEntry.id)
        found = [(each.actor, each.act, each.subject, each.detail) for each in session.scalars(query)]
    assert found == [
        ("甲", "standin.propose", "组织", "代丙至 2026-03-02：出差"),
        ("乙", "standin.agree", "组织", "代丙：出差"),
        ("组织", "standin.propose", "监票", "代乙至 2026-03-02：出差（代丙）"),
    ]
    assert hands.why_not(people.now(people.organizer), {people.organizer.account_id or 0}) is not None


def test_on_the_page(lite_app: Flask, lite_site: Site) -> None:
    people = People(lite_site)
    first, second = (client_of(lite_app, each.account_id) for each in (people.first, people.second))
    named = {"account": people.organizer.account_id, "absent": people.away.account_id, "reason": REASON}
    today = lite_site.now().astimezone(lite_site.settings.time_zone).date().isoformat()
    assert "请填" in first.submit("/stand-ins", "/stand-ins", **named).text
    assert first.submit("/stand-ins", "/stand-ins", **named, last_day=today).status_code == 302
    assert "/stand-ins/agree" not in first.page("/stand-ins").html
    assert second.submit("/stand-ins", "/stand-ins/agree").status_code == 302
    assert "甲提出，乙同意" in first.page("/stand-ins").text
    assert client_of(lite_app, people.organizer.account_id).get("/assessments/new").status_code == 200
    assert first.submit("/stand-ins", "/stand-ins/end").status_code == 302
    assert client_of(lite_app, people.organizer.account_id).get("/assessments/new").status_code == 403
