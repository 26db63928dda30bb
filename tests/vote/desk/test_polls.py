"""Polls: what a new one must be, freezing the sheet, and the order of its states."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.errors import BadInput, NotFound, WrongState
from surveys.acts.site import Site
from surveys.polling.states import PollState
from surveys.scoring.grades import BlankPolicy
from surveys.scoring.poll_rules import PollRules
from surveys.season.assessments import LeaderEntry
from surveys.storage.tables import Poll
from surveys.vote import polls
from surveys.vote.polls import ClassEntry, PollEntry
from tests.builders import ONE_CLASS, build_poll, build_unit, close, close_and_seal, dump, run_sql, seal, sheet_of
from tests.sites import NOW

pytestmark = pytest.mark.both

ENTRY = PollEntry(0, "年度民主测评", 10, ONE_CLASS)


def create(site: Site, entry: PollEntry) -> int:
    with site.database.writing() as session:
        return polls.create_poll(session, NOW, COMMAND_LINE, entry)


def poll_of(site: Site, poll_id: int) -> Poll:
    with site.database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        assert poll.classes
        return poll


def open_poll(site: Site, poll_id: int) -> None:
    with site.database.writing() as session:
        polls.open_poll(session, NOW, COMMAND_LINE, poll_id)


def set_present(site: Site, poll_id: int, present: int) -> None:
    with site.database.writing() as session:
        polls.set_present(session, NOW, COMMAND_LINE, poll_id, present)


def test_a_new_poll_is_a_draft_as_entered(site):
    _, unit_id = build_unit(site)
    classes = (ClassEntry("B", "职工代表", Decimal("0.5")), ClassEntry("A", "班子成员", Decimal(40)))
    entry = PollEntry(
        unit_id, " 年度测评 ", 12, classes, present=9, blank=BlankPolicy.ZERO, quorum=Fraction(1, 2), rehearsal=True
    )
    poll = poll_of(site, create(site, entry))
    assert (poll.state, poll.title, poll.unit_id) == (PollState.DRAFT, "年度测评", unit_id)
    assert (poll.entitled, poll.present, poll.rehearsal) == (12, 9, True)
    assert (poll.sheet, poll.seal, poll.opened_at) == (None, None, None)
    assert [(each.key, each.name, each.weight) for each in poll.classes] == [
        ("A", "班子成员", Decimal(40)),
        ("B", "职工代表", Decimal("0.5")),
    ]
    rules = PollRules.from_json(poll.rules)
    assert (rules.blank, rules.quorum) == (BlankPolicy.ZERO, Fraction(1, 2))
    assert rules.organization is not None
    assert rules.leader is not None
    assert (len(rules.organization.questions), len(rules.leader.questions)) == (9, 7)


REFUSED: dict[str, dict[str, Any]] = {
    "no title": {"title": " \u3000"},
    "a title too long": {"title": "长" * 61},
    "nobody entitled": {"entitled": 0},
    "less than nobody entitled": {"entitled": -1},
    "less than nobody present": {"present": -1},
    "no class": {"classes": ()},
    "one class twice": {"classes": ONE_CLASS * 2},
    "a class without a key": {"classes": (ClassEntry("", "甲", Decimal(1)),)},
    "a class with a Chinese key": {"classes": (ClassEntry("甲", "甲", Decimal(1)),)},
    "a class with a sign in its key": {"classes": (ClassEntry("A-1", "甲", Decimal(1)),)},
    "a class with a long key": {"classes": (ClassEntry("A" * 9, "甲", Decimal(1)),)},
    "a class without weight": {"classes": (ClassEntry("A", "甲", Decimal(0)),)},
    "a class with a negative weight": {"classes": (ClassEntry("A", "甲", Decimal(-1)),)},
    "a class with an endless weight": {"classes": (ClassEntry("A", "甲", Decimal("Infinity")),)},
    "a class whose weight is no number": {"classes": (ClassEntry("A", "甲", Decimal("NaN")),)},
    "a class without a name": {"classes": (ClassEntry("A", " ", Decimal(1)),)},
    "a class with a name too long": {"classes": (ClassEntry("A", "长" * 101, Decimal(1)),)},
    "a weight that does not fit": {"classes": (ClassEntry("A", "甲", Decimal("1e50")),)},
    "a class with a key in both cases": {"classes": (*ONE_CLASS, ClassEntry("a", "甲", Decimal(1)))},
    "a class of which none is planned": {"classes": (ClassEntry("A", "甲", Decimal(1), 0),)},
    "a class of which too many are planned": {"classes": (ClassEntry("A", "甲", Decimal(1), 100_001),)},
    "more entitled than people": {"entitled": 100_001},
    "a place too long": {"place": "长" * 101},
    "leaders, but nobody": {"leaders": ()},
    "a leader without a name": {"leaders": (LeaderEntry(" ", "局长"),)},
    "a leader with a name too long": {"leaders": (LeaderEntry("长" * 101, "局长"),)},
    "a leader with a post too long": {"leaders": (LeaderEntry("样例甲", "长" * 201),)},
    "one leader twice": {"leaders": (LeaderEntry("样例甲", "局长"), LeaderEntry(" 样例甲", "局长 "))},
    "one leader twice, once without a post": {"leaders": (LeaderEntry("样例甲", "局长"), LeaderEntry("样例甲", ""))},
    "neither form": {"organization": "", "leader": ""},
    "an unknown questionnaire": {"organization": "nobody"},
    "the forms the wrong way round": {"organization": "leader", "leader": "organization"},
    "a negative quorum": {"quorum": Fraction(-1, 3)},
    "a quorum above one": {"quorum": Fraction(4, 3)},
}


def test_what_a_poll_cannot_be_is_refused_and_leaves_nothing(site):
    _, unit_id = build_unit(site)
    before = dump(site.database)
    accepted = {}
    for what, changes in REFUSED.items():
        try:
            create(site, replace(ENTRY, unit_id=unit_id, **changes))
        except BadInput:
            assert dump(site.database) == before, what
            continue
        except Exception as error:
            accepted[what] = repr(error)[:100]
            continue
        accepted[what] = "created"
        before = dump(site.database)
    assert accepted == {}


def test_the_longest_that_fits_is_taken(site):
    _, unit_id = build_unit(site)
    classes = (ClassEntry("A" * 8, "甲", Decimal("0.01")),)
    poll = poll_of(site, create(site, replace(ENTRY, unit_id=unit_id, title="长" * 60, present=0, classes=classes)))
    assert (poll.title, poll.present) == ("长" * 60, 0)


def test_a_poll_needs_a_unit(site):
    with pytest.raises(NotFound):
        create(site, ENTRY)
    with site.database.reading() as session, pytest.raises(NotFound):
        polls.poll_of(session, 1)


def test_a_prefix_that_is_taken_is_drawn_again(site, monkeypatch):
    _, unit_id = build_unit(site)
    drawn = iter(["K7QF", "K7QF", "K7QF", "ZZZZ"])
    monkeypatch.setattr(polls.codes, "new_prefix", lambda: next(drawn))
    prefixes = [poll_of(site, create(site, replace(ENTRY, unit_id=unit_id))).prefix for _ in range(2)]
    assert prefixes == ["K7QF", "ZZZZ"]


def test_opening_freezes_the_sheet(site):
    world = build_poll(site, count=0, leaders=2)
    before = sheet_of(site, world.poll_id)
    assert [leader.name for leader in before.leaders] == ["样例1", "样例2"]
    assert before.length() == 9 + 2 * 7
    run_sql(site, "DELETE FROM leaders WHERE position = 2")
    run_sql(site, "UPDATE leaders SET name = '换人'")
    run_sql(site, "UPDATE units SET name = '改名局'")
    run_sql(site, "UPDATE polls SET held_on = '2026-03-03', place = '别处'")
    assert sheet_of(site, world.poll_id) == before
    assert poll_of(site, world.poll_id).opened_at == NOW
    close_and_seal(site, world.poll_id)
    assert sheet_of(site, world.poll_id) == before


def test_a_draft_follows_the_unit_until_it_opens(site):
    world = build_poll(site, count=0, leaders=2, opened=False)
    run_sql(site, "UPDATE leaders SET name = '换人' WHERE position = 1")
    run_sql(site, "UPDATE polls SET held_on = '2026-03-03', place = '三楼会议室'")
    open_poll(site, world.poll_id)
    sheet = sheet_of(site, world.poll_id)
    assert [leader.name for leader in sheet.leaders] == ["换人", "样例2"]
    assert (sheet.held_on, sheet.place) == (date(2026, 3, 3), "三楼会议室")


def test_a_unit_without_leaders_gets_the_form_of_the_organization_only(site):
    world = build_poll(site, count=0, leaders=0)
    assert [form.leader for form in sheet_of(site, world.poll_id).forms()] == [None]


def test_a_poll_without_the_leaders_form_rates_no_leader(site):
    world = build_poll(site, count=0, leaders=2, leader="")
    assert sheet_of(site, world.poll_id).length() == 9


def test_a_poll_of_leaders_without_leaders_cannot_open(site):
    _, unit_id = build_unit(site, leaders=0)
    poll_id = create(site, replace(ENTRY, unit_id=unit_id, organization=""))
    with pytest.raises(BadInput):
        open_poll(site, poll_id)
    assert poll_of(site, poll_id).state is PollState.DRAFT


def test_the_states_follow_one_another_and_none_comes_twice(site):
    world = build_poll(site, count=0, opened=False)
    poll_id = world.poll_id

    def refused(*acts: Any) -> None:
        before = dump(site.database)
        for act in acts:
            with pytest.raises(WrongState):
                act(site, poll_id)
        assert dump(site.database) == before

    refused(close)
    open_poll(site, poll_id)
    refused(open_poll)
    close(site, poll_id)
    refused(open_poll, close)
    assert poll_of(site, poll_id).closed_at == NOW
    seal(site, poll_id)
    refused(open_poll, close)


def test_the_number_present_is_written_down_until_voting_ends(site):
    world = build_poll(site, count=0, opened=False)
    for present, step in ((5, open_poll), (0, close)):
        set_present(site, world.poll_id, present)
        assert poll_of(site, world.poll_id).present == present
        with pytest.raises(BadInput):
            set_present(site, world.poll_id, -1)
        step(site, world.poll_id)
    for step in (seal, None):
        with pytest.raises(WrongState, match="实到人数不能再改"):
            set_present(site, world.poll_id, 8)
        if step is not None:
            step(site, world.poll_id)
    assert poll_of(site, world.poll_id).present == 0
    with pytest.raises(NotFound):
        set_present(site, world.poll_id + 1, 8)


def test_every_act_but_a_vote_is_in_the_audit_log(site):
    world = build_poll(site, count=1)
    set_present(site, world.poll_id, 3)
    close_and_seal(site, world.poll_id)
    acts = [row[3] for row in sorted(dump(site.database)["audit_log"])]
    expected = ["create", "issue", "open", "present", "close", "seal"]
    assert [act.split(".")[1] for act in acts if act.startswith(("poll.", "ticket."))] == expected


def test_polls_are_listed_the_newest_first(site):
    _, unit_id = build_unit(site)
    ids = [create(site, replace(ENTRY, unit_id=unit_id)) for _ in range(3)]
    with site.database.reading() as session:
        assert [poll.id for poll in polls.list_polls(session)] == ids[::-1]
