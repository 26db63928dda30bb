"""Organizers and scrutineers by name: others are kept out of the poll, on every address of it."""

import pytest
import sqlalchemy as sa
from flask import Flask

from surveys.acts import poll_people
from surveys.acts.actors import COMMAND_LINE, Actor, Role, StandsFor
from surveys.acts.errors import BadInput, NotAllowed, WrongState
from surveys.acts.site import Site
from surveys.storage.tables import AuditEntry
from surveys.vote import polls, rehearsals, sealing
from surveys.vote.scrutiny import people
from surveys.web.access import PUBLIC, declared
from tests.builders import account, build_poll, cast_each, close_and_seal
from tests.sites import NOW
from tests.worlds import client_of


class Named:
    """A poll, two organizers, two scrutineers and an admin; nobody is named yet."""

    def __init__(self, site: Site, **options: object) -> None:
        self.site = site
        self.world = build_poll(site, **options)  # type: ignore[arg-type]
        self.poll_id = self.world.poll_id
        self.admin = account(site, "管理")
        self.organizers = [account(site, name, Role.ORGANIZER) for name in ("组一", "组二")]
        self.scrutineers = [account(site, name, Role.SCRUTINEER) for name in ("监一", "监二")]

    def name(self, *who: Actor, by: Actor | None = None) -> None:
        with self.site.database.writing() as session:
            ids = {each.account_id or 0 for each in who}
            people.name_people(session, NOW, by or self.admin, self.poll_id, ids)

    def may(self, actor: Actor, poll_id: int | None = None) -> bool:
        with self.site.database.reading() as session:
            return poll_people.may_enter(session, actor, poll_id or self.poll_id)


@pytest.fixture
def named(lite_site: Site) -> Named:
    return Named(lite_site, opened=False)


def test_where_nobody_is_named_everybody_may(named: Named) -> None:
    assert all(named.may(each) for each in (*named.organizers, *named.scrutineers, named.admin))


def test_each_role_is_named_by_itself(named: Named) -> None:
    named.name(named.organizers[0])
    assert [named.may(each) for each in named.organizers] == [True, False]
    assert all(named.may(each) for each in (*named.scrutineers, named.admin, COMMAND_LINE))
    named.name(named.scrutineers[1])
    assert [named.may(each) for each in (*named.organizers, *named.scrutineers)] == [True, True, False, True]


def test_a_stand_in_for_one_who_is_named_may(named: Named) -> None:
    named.name(named.organizers[0])
    away = StandsFor(named.organizers[0].account_id or 0, "组一", Role.ORGANIZER)
    stand_in = Actor(named.scrutineers[0].account_id, "监一", Role.SCRUTINEER, stands_for=(away,))
    assert named.may(stand_in)
    named.name(named.scrutineers[1], named.organizers[1])
    assert not named.may(stand_in)


def test_a_rehearsal_is_entered_by_the_same(named: Named) -> None:
    named.name(named.organizers[0])
    with named.site.database.writing() as session:
        double = rehearsals.rehearse(session, NOW, COMMAND_LINE, named.poll_id)
    assert [named.may(each, double) for each in named.organizers] == [True, False]
    with named.site.database.writing() as session, pytest.raises(WrongState, match="演练"):
        people.name_people(session, NOW, named.admin, double, set())
    assert rehearsals.wipe(named.site, NOW, COMMAND_LINE, double) is None


def test_once_it_has_begun_a_scrutineer_stays(lite_site: Site) -> None:
    named = Named(lite_site)
    named.name(named.scrutineers[0], named.organizers[0])
    with pytest.raises(WrongState, match="监一不能再去掉"):
        named.name(named.organizers[0])
    named.name(*named.scrutineers)
    close_and_seal(lite_site, named.poll_id)
    with pytest.raises(WrongState, match="人员不能再改"):
        named.name(*named.scrutineers)


def test_only_an_admin_names_and_only_organizers_and_scrutineers(named: Named) -> None:
    with pytest.raises(NotAllowed):
        named.name(named.organizers[0], by=named.organizers[0])
    with pytest.raises(BadInput):
        named.name(named.admin)
    named.name(named.organizers[0], named.scrutineers[0])
    with named.site.database.reading() as session:
        entry = session.scalars(sa.select(AuditEntry).where(AuditEntry.act == "poll.people")).one()
    assert (entry.before, entry.after) == ("没有指定", "组织员：组一；监票人：监一")


def test_others_are_refused_on_every_address_of_the_poll(lite_app: Flask, lite_site: Site) -> None:
    named = Named(lite_site)
    named.name(named.organizers[0], named.scrutineers[0])
    urls, tried = lite_app.url_map.bind("localhost"), 0
    strangers = [client_of(lite_app, each.account_id) for each in (named.organizers[1], named.scrutineers[1])]
    for rule in lite_app.url_map.iter_rules():
        access = declared(lite_app.view_functions[rule.endpoint])
        if access == PUBLIC or "poll_id" not in rule.arguments or "GET" not in (rule.methods or ()):
            continue
        values = dict.fromkeys(rule.arguments, 1) | {"poll_id": named.poll_id}
        for client in strangers:
            address = urls.build(rule.endpoint, values)
            assert client.get(address).status_code == 403, address
            tried += 1
    assert tried > 30
    for client, seen in ((strangers[0], False), (client_of(lite_app, named.organizers[0].account_id), True)):
        assert (f"/polls/{named.poll_id}" in client.page("/polls").links()) is seen


def test_nor_do_they_unseal_it_from_a_terminal(lite_site: Site) -> None:
    """Where no page stands before the act."""
    named = Named(lite_site, two_person=True)
    named.name(named.organizers[0])
    cast_each(lite_site, named.world, {"A": ["A"] * 6})
    close_and_seal(lite_site, named.poll_id)
    with lite_site.database.writing() as session, pytest.raises(NotAllowed, match="别的组织员"):
        sealing.unseal(session, NOW, named.organizers[1], named.poll_id)
    with lite_site.database.writing() as session:
        sealing.unseal(session, NOW, named.organizers[0], named.poll_id)
    with lite_site.database.reading() as session:
        assert len(polls.poll_of(session, named.poll_id).unsealings) == 1
