"""A site that goes without an auditor, and says so on its papers."""

import pytest
import sqlalchemy as sa
from flask import Flask

from surveys.acts import hands, site_settings
from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import NotAllowed, WrongState
from surveys.acts.site import Site
from surveys.acts.site_settings import OwnSettings
from surveys.scoring.poll_rules import PollRules
from surveys.scoring.score_sheet import ScoringRules
from surveys.storage.tables import Assessment, AuditEntry, Poll
from tests.builders import account, build_unit, sealed_poll, start_marking
from tests.seasons import build_season
from tests.sites import NOW
from tests.tools import pdf_words, squeezed
from tests.worlds import client_of

WITHOUT = OwnSettings(without_auditor=True)


def set_to(site: Site, new: OwnSettings, actor: Actor = COMMAND_LINE) -> None:
    with site.database.writing() as session:
        site_settings.change(session, NOW, actor, new)


def test_only_the_system_admin_sets_it_and_the_log_has_both_values(lite_site: Site) -> None:
    system, admin = account(lite_site, "系统", Role.SYSTEM), account(lite_site, "甲")
    with pytest.raises(NotAllowed):
        set_to(lite_site, WITHOUT, admin)
    set_to(lite_site, WITHOUT, system)
    set_to(lite_site, WITHOUT, system)
    with lite_site.database.reading() as session:
        assert site_settings.read(session) == WITHOUT
        query = sa.select(AuditEntry).where(AuditEntry.act == "site.set")
        assert [(each.actor, each.before, each.after) for each in session.scalars(query)] == [
            ("系统", "要设审计员", "不设审计员")
        ]


def test_not_while_there_is_an_auditor(lite_site: Site) -> None:
    account(lite_site, "审计", Role.AUDITOR)
    with pytest.raises(WrongState, match="审计员账号在用"):
        set_to(lite_site, WITHOUT)


def rules_of(site: Site, poll_id: int) -> PollRules:
    with site.database.reading() as session:
        return PollRules.from_json(session.get_one(Poll, poll_id).rules)


def test_the_tally_sheet_says_so_of_polls_that_open_from_then_on(lite_app: Flask, lite_site: Site) -> None:
    admin = account(lite_site, "甲")
    _, unit_id = build_unit(lite_site)
    before = sealed_poll(lite_site, unit_id).poll_id
    set_to(lite_site, WITHOUT)
    after = sealed_poll(lite_site, unit_id).poll_id
    client = client_of(lite_app, admin.account_id)
    for poll_id, told in ((before, False), (after, True)):
        assert rules_of(lite_site, poll_id).unaudited is told
        assert ("unaudited" in rules_of(lite_site, poll_id).to_json()) is told
        words = pdf_words(client.get(f"/polls/{poll_id}/tally-sheet.pdf").data)
        assert (squeezed(hands.NO_AUDITOR) in words) is told
    account(lite_site, "审计", Role.AUDITOR)
    assert not rules_of(lite_site, sealed_poll(lite_site, unit_id).poll_id).unaudited


def test_report_and_letter_say_so_of_what_starts_from_then_on(lite_app: Flask, lite_site: Site) -> None:
    """The rules are frozen as marking starts."""
    set_to(lite_site, WITHOUT)
    season = build_season(lite_site).certified()
    client = client_of(lite_app, season.admins[0].account_id)
    for address in (f"/assessments/{season.assessment_id}/report.pdf", f"/units/{season.first}/letter.pdf"):
        assert squeezed(hands.NO_AUDITOR) in pdf_words(client.get(address).data), address


def test_what_started_before_does_not(lite_site: Site) -> None:
    assessment_id, _ = build_unit(lite_site)
    with lite_site.database.writing() as session:
        start_marking(session, assessment_id)
    set_to(lite_site, WITHOUT)
    with lite_site.database.reading() as session:
        rules = session.get_one(Assessment, assessment_id).rules
    assert "unaudited" not in rules
    assert not ScoringRules.from_json(rules).unaudited


def test_pages_where_two_act_say_which_it_is(lite_app: Flask, lite_site: Site) -> None:
    admin = account(lite_site, "甲")
    client = client_of(lite_app, admin.account_id)
    assert hands.NOT_YET in client.page("/stand-ins").text
    assert client.submit("/settings", without_auditor="y").location == "/settings"
    assert hands.NO_AUDITOR in client.page("/stand-ins").text
    account(lite_site, "审计", Role.AUDITOR)
    page = client.page("/stand-ins").text
    assert hands.NO_AUDITOR not in page
    assert hands.NOT_YET not in page
