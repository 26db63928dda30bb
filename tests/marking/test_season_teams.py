"""What a frozen sheet says of a democratic row with several teams, or confirmed by two; teams outlive editing."""

from dataclasses import replace
from decimal import Decimal

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.site import Site
from surveys.marking.marks import MarkEntry
from surveys.outcome import versions
from surveys.outcome.derivation import derive_row
from surveys.vote import polls
from surveys.vote.poll_entries import entry_of
from tests.builders import GROUP, account, build_poll, build_unit, confirm, enter, sealed_poll
from tests.seasons import unit_record_in
from tests.sites import NOW

ROW = "III-36"


def derived(site: Site, assessment_id: int, unit_id: int, *, for_unit: bool = False):
    with site.database.reading() as session:
        body = versions.live_body(session, assessment_id)
    return derive_row(unit_record_in(body, unit_id), ROW, for_unit=for_unit)


def test_the_row_of_several_teams_is_worked_out_again_down_to_each_ones_counts(site):
    assessment_id, unit_id = build_unit(site)
    sealed_poll(site, unit_id, "AB", team="党委班子", team_weight="0.6")
    sealed_poll(site, unit_id, "B", team="行政班子", team_weight="0.4")
    found = derived(site, assessment_id, unit_id)
    assert found.agrees
    assert found.result is not None
    assert derived(site, assessment_id, unit_id, for_unit=True) == found
    words, sums = [step.words for step in found.steps], [step.sum for step in found.steps]
    assert [line.split("，")[0] for line in words if "封存码" in line] == ["党委班子", "行政班子"]
    assert "(0×100 + 10×80 + 0×60 + 0×40) ÷ 10 = 80" in sums
    assert "(10×100 + 0×80 + 0×60 + 0×40) ÷ 10 = 100" in sums
    assert sum("第 1 题" in line for line in words) == 2
    assert "党委班子的测评会：得 91.11，权重 0.6。" in words
    assert sums[-2] == "(91.11 × 0.6 + 80 × 0.4) ÷ 1 ≈ 86.67"


def test_a_small_team_is_not_told_to_the_unit_and_the_large_one_is(site):
    assessment_id, unit_id = build_unit(site)
    sealed_poll(site, unit_id, "A", team="党委班子")
    sealed_poll(site, unit_id, "B", team="行政班子", count=3, entitled=3)
    office, unit = (derived(site, assessment_id, unit_id, for_unit=each) for each in (False, True))
    assert office.agrees
    assert unit.agrees
    assert office.result == unit.result == 9
    assert "÷ 3 = 80" in str(office)
    assert "÷ 3 = 80" not in str(unit)
    assert "÷ 10 = 100" in str(unit)
    assert "行政班子的测评会：得 80，权重 1。" in str(unit)


def test_before_both_have_opened_it_a_teams_vote_is_in_no_derivation(site):
    assessment_id, unit_id = build_unit(site)
    sealed_poll(site, unit_id, "A", team="党委班子")
    sealed_poll(site, unit_id, "C", team="行政班子", two_person=True)
    text = str(derived(site, assessment_id, unit_id))
    assert "÷ 10 = 100" in text
    assert "÷ 10 = 60" not in text
    assert "行政班子的测评会还没有结果" in text


def test_a_team_that_falls_short_or_has_not_voted_leaves_the_row_open(site):
    assessment_id, unit_id = build_unit(site)
    sealed_poll(site, unit_id, "A", team="党委班子", team_weight="0.6")
    build_poll(site, unit_id=unit_id, team="行政班子", team_weight="0.4")
    found = derived(site, assessment_id, unit_id)
    assert (found.agrees, found.result) == (True, None)
    assert "行政班子的测评会还没有结果" in found.steps[-1].words


def test_a_proposal_decides_nothing_until_it_is_confirmed(site):
    assessment_id, unit_id = build_unit(site)
    sealed_poll(site, unit_id, "B")
    before = derived(site, assessment_id, unit_id)
    enter(site, unit_id, MarkEntry(ROW, GROUP, "9", "会议决定"))
    assert derived(site, assessment_id, unit_id) == before
    admins = account(site, "甲"), account(site, "乙")
    confirm(site, unit_id, MarkEntry(ROW, GROUP, "8.5", "会议改定"), admins)
    found = derived(site, assessment_id, unit_id)
    assert (found.agrees, found.result) == (True, Decimal("8.5"))
    assert "会议改定" in found.steps[0].words


def test_a_team_outlives_editing(site):
    _, unit_id = build_unit(site)
    world = build_poll(site, unit_id=unit_id, team="党委班子", team_weight="0.6", opened=False)
    with site.database.writing() as session:
        entry = entry_of(polls.poll_of(session, world.poll_id))
        assert (entry.team, entry.team_weight) == ("党委班子", Decimal("0.6"))
        polls.update_poll(session, NOW, COMMAND_LINE, world.poll_id, replace(entry, place="三楼"))
        polls.update_poll(session, NOW, COMMAND_LINE, world.poll_id, replace(entry, team_weight=Decimal("0.7")))
        kept = polls.poll_of(session, world.poll_id)
        assert (kept.team, kept.team_weight) == ("党委班子", Decimal("0.7"))
