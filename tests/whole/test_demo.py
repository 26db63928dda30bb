"""The demo: filled in through the use cases, found again, with the figures that the README explains."""

from collections import Counter

import pytest

from surveys.acts.actors import Role
from surveys.acts.errors import WrongState
from surveys.acts.site import Site
from surveys.entry.worlds import demo
from surveys.marking import results
from surveys.office import accounts
from surveys.polling.seal import seal as digest_of
from surveys.polling.states import PollState
from surveys.vote import casting, poll_record, polls
from tests.builders import build_unit, cast, dump, filled, sheet_of
from tests.sites import NOW

pytestmark = pytest.mark.both


def code_of(url: str) -> str:
    return casting.normalized(url.rsplit("/", 1)[1])


@pytest.fixture
def links(site: Site) -> demo.DemoLinks:
    return demo.fill_demo(site)


def test_the_demo_is_whole(site, links):
    """One test: filling it in takes a second."""
    with site.database.reading() as session:
        states = Counter(poll.state for poll in polls.list_polls(session))
        for poll in polls.list_polls(session):
            if poll.state is PollState.SEALED:
                assert digest_of(poll_record.verified(session, poll)) == poll.seal
        found = {unit["unit"]: unit for unit in results.to_json(results.results(session, links.assessment_id))["units"]}
    assert set(states) == set(PollState) - {PollState.PAUSED, PollState.WITHDRAWN}
    assert len(found) >= 6
    assert all("示例" in name for name in found)
    assert len({unit["category"] for unit in found.values()}) >= 3
    assert {unit["framework"] for unit in found.values()} == {"municipal", "county"}
    _check_worked_example(found["示例市档案局"])
    assert any(unit["pending"] for unit in found.values())
    assert any(unit["withheld"] for unit in found.values())
    _check_sign_in(site, links)
    _check_ballots(site, links)
    _check_second_call(site, links)


def _check_worked_example(unit: dict) -> None:
    figures = {key: unit[key] for key in ("base", "bonus", "deduction", "final", "band", "pending", "withheld")}
    assert figures == {
        "base": "87.50",
        "bonus": "2.00",
        "deduction": "1.00",
        "final": "88.50",
        "band": "良好",
        "pending": 0,
        "withheld": 0,
    }
    assert unit["democratic"] == {"score": "90.00", "got": "9.00", "points": "10"}


def _check_sign_in(site: Site, links: demo.DemoLinks) -> None:
    assert {role for role, _, _ in links.accounts} == {role.label for role in Role}
    assert [role for role, _, _ in links.accounts].count(Role.ADMIN.label) == 2  # what takes two can be tried
    with site.database.reading() as session:
        for role, name, password in links.accounts:
            actor = accounts.sign_in(session, NOW, name, password)
            assert actor.role.label == role
            assert password in links.text()


def _check_ballots(site: Site, links: demo.DemoLinks) -> None:
    assert len(links.ballots) == 3
    for url in links.ballots:
        assert url in links.text()
        with site.database.looking() as connection:
            found = casting.find(connection, site.now(), site.open_polls, code_of(url))
        assert cast(site, code_of(url), filled(sheet_of(site, found.poll_id), "AB"))
    assert links.slips.read_bytes().startswith(b"%PDF")
    assert links.slips.stat().st_mode & 0o777 == 0o600


def _check_second_call(site: Site, links: demo.DemoLinks) -> None:
    before = dump(site.database)
    again = demo.fill_demo(site)
    after = dump(site.database)
    changed = {table for table in after if after[table] != before[table]}
    assert changed == {"accounts", "batches", "tickets", "audit_log", "audit_head"}
    assert again.assessment_id == links.assessment_id
    assert not set(again.ballots) & set(links.ballots)
    assert len(after["accounts"]) == len(Role) + 1


def test_the_demo_leaves_other_work_alone(site):
    build_unit(site)
    before = dump(site.database)
    with pytest.raises(WrongState):
        demo.fill_demo(site)
    assert dump(site.database) == before
