"""A sealed poll that nobody has opened yet: it hinders the certificate, and is not opened behind it."""

import pytest
from flask import Flask

from surveys.acts.actors import Actor, Role
from surveys.acts.errors import WrongState
from surveys.acts.site import Site
from surveys.outcome import versions
from surveys.scoring.assessment_states import AssessmentState
from surveys.vote import poll_withdrawals, sealing
from tests.builders import World, dump, sealed_poll, set_state
from tests.seasons import Season, account, build_season
from tests.sites import NOW
from tests.worlds import build_accounts, client_of


@pytest.fixture
def season(site: Site) -> Season:
    return build_season(site)


def hidden_poll(season: Season, **options: object) -> World:
    """Of the first unit, whose row two people have confirmed: the poll is all that may still come."""
    return sealed_poll(season.site, season.first, "C", two_person=True, **options)


def hands(site: Site) -> tuple[Actor, Actor]:
    return account(site, "组织一", Role.ORGANIZER), account(site, "监票一", Role.SCRUTINEER)


def unseal(site: Site, actor: Actor, world: World) -> bool:
    with site.database.writing() as session:
        return sealing.unseal(session, NOW, actor, world.poll_id)


def refused(season: Season, words: str, actor: Actor, world: World) -> None:
    before = dump(season.site.database)
    with pytest.raises(WrongState, match=words):
        unseal(season.site, actor, world)
    assert dump(season.site.database) == before


def test_it_is_a_note_while_marking_and_hinders_the_certificate(season):
    world = hidden_poll(season)
    (note,) = [note for note in season.outlook().notes if "没有启封" in note]
    assert "1 场测评会封存了没有启封：样例局" in note
    assert "不计入得分" in note
    assert "退回打分" not in note
    season.appeal()
    with pytest.raises(WrongState, match=r"没有启封.*样例局.*启封；.*退回打分，由两名管理员在会场页决定不计入得分"):
        season.certify(season.admins[0])
    organizer, scrutineer = hands(season.site)
    assert [unseal(season.site, each, world) for each in (organizer, scrutineer)] == [False, True]
    season.freeze("测评会启封")
    assert [season.certify(admin) for admin in season.admins] == [False, True]
    with season.site.database.reading() as session:
        versions.verify(session, season.assessment_id)
    season.archive()
    assert season.state == "archived"


def test_set_aside_or_a_rehearsal_it_hinders_nothing(season):
    hidden_poll(season, rehearsal=True)
    world = hidden_poll(season)
    first, second = season.admins
    with season.site.database.writing() as session:
        poll_withdrawals.propose(session, NOW, first, world.poll_id, "重复测评")
        poll_withdrawals.agree(session, NOW, second, world.poll_id)
    assert not [note for note in season.outlook().notes if "没有启封" in note]
    season.certified()
    season.archive()


def test_after_the_certificate_it_stays_shut(season):
    """Whatever brought it there: opened, it would change what two people have signed."""
    organizer, scrutineer = hands(season.site)
    season.certified()
    set_state(season.site, season.assessment_id, AssessmentState.MARKING)
    world = hidden_poll(season)
    unseal(season.site, organizer, world)
    for state in (AssessmentState.CERTIFIED, AssessmentState.ARCHIVED):
        set_state(season.site, season.assessment_id, state)
        refused(season, f"考核{state.label}.*不能再启封", scrutineer, world)
    set_state(season.site, season.assessment_id, AssessmentState.CERTIFIED)
    with season.site.database.reading() as session:
        versions.verify(session, season.assessment_id)
    season.archive()


def test_a_rehearsal_is_opened_at_any_time(season):
    world = hidden_poll(season, rehearsal=True)
    season.certified()
    assert [unseal(season.site, each, world) for each in hands(season.site)] == [False, True]


def test_its_page_says_so_and_offers_nothing(lite_app: Flask, lite_site: Site) -> None:
    season = build_season(lite_site)
    world = hidden_poll(season)
    ids, _ = build_accounts(lite_site)
    client = client_of(lite_app, ids[Role.ORGANIZER])
    address = f"/polls/{world.poll_id}"
    assert f"{address}/unseal" in client.page(address).html
    set_state(lite_site, season.assessment_id, AssessmentState.CERTIFIED)
    page = client.page(address).html
    assert "不能再启封" in page
    assert f"{address}/unseal" not in page
