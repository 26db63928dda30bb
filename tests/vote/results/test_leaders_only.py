"""A poll on leaders alone is no candidate for the democratic row, and takes nothing away."""

from fractions import Fraction

import pytest

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.site import Site
from surveys.marking import completion, results
from surveys.marking.marks import MarkEntry
from surveys.outcome import versions
from surveys.scoring.score_sheet import RowState, ScoringRules
from surveys.season import copying
from surveys.season.assessments import assessment_of
from surveys.vote import poll_withdrawals, vote_rules
from tests.builders import (
    GROUP,
    account,
    build_poll,
    build_unit,
    confirm,
    line_for,
    sealed_poll,
    sheet_for,
    start_marking,
)
from tests.seasons import build_season
from tests.sites import NOW

ROW = "III-36"


def state_of(site: Site, unit_id: int) -> tuple[RowState, Fraction | None]:
    value = line_for(site, unit_id, ROW).value
    return value.state, value.got


def as_frozen_before(site: Site, assessment_id: int) -> None:
    """The rules as an assessment has them in which marking started before the form was asked for."""
    with site.database.writing() as session:
        assessment = assessment_of(session, assessment_id)
        assessment.rules = {key: value for key, value in assessment.rules.items() if key != "only_with_form"}
        session.commit()


def leaders_poll(site: Site, unit_id: int, **options: object) -> int:
    return sealed_poll(site, unit_id, organization="", **options).poll_id


def test_the_score_sealed_before_stands(site: Site) -> None:
    assessment_id, unit_id = build_unit(site)
    sealed_poll(site, unit_id)
    leaders_poll(site, unit_id)
    assert state_of(site, unit_id) == (RowState.MARKED, 10)
    sheet = sheet_for(site, unit_id)
    assert sheet.teams.faults == ()
    assert sheet.tally is not None
    assert sheet.tally.organization is not None
    with site.database.reading() as session:
        (unit,) = results.to_json(results.results(session, assessment_id))["units"]
        board = completion.board(session, COMMAND_LINE, assessment_id)
    assert unit["democratic"] == {"score": "100.00", "got": "10.00", "points": "10"}
    count = board.departments[completion.DEMOCRATIC]
    assert (count.done, count.due) == (1, 1)


def test_alone_it_leaves_the_row_waiting(site: Site) -> None:
    _, unit_id = build_unit(site)
    leaders_poll(site, unit_id)
    assert state_of(site, unit_id) == (RowState.PENDING, None)
    assert sheet_for(site, unit_id).teams.faults == ()


def test_in_a_unit_with_teams_it_takes_no_teams_place_and_holds_nothing_up(site: Site) -> None:
    _, unit_id = build_unit(site)
    sealed_poll(site, unit_id, "A", team="甲班子", team_weight="0.6")
    sealed_poll(site, unit_id, "B", team="乙班子", team_weight="0.4")
    leaders_poll(site, unit_id, team="甲班子")
    leaders_poll(site, unit_id, team="丙班子")
    build_poll(site, unit_id=unit_id, organization="", team="丁班子")
    assert sheet_for(site, unit_id).teams.waiting == ()
    assert state_of(site, unit_id) == (RowState.MARKED, Fraction(92, 10))


def test_rules_that_do_not_differ_are_not_told_as_differing(site: Site) -> None:
    assessment_id, first = build_unit(site, "甲局")
    for name in ("乙局", "丙局"):
        build_poll(site, unit_id=build_unit(site, name, assessment_id=assessment_id)[1], count=0)
    build_poll(site, unit_id=first, count=0)
    build_poll(site, unit_id=first, count=0, organization="")
    with site.database.reading() as session:
        assert vote_rules.differing(session, assessment_id) == []


def test_where_marking_had_started_what_was_done_then_goes_on_and_has_a_way_back(site: Site) -> None:
    assessment_id, unit_id = build_unit(site)
    as_frozen_before(site, assessment_id)
    sealed_poll(site, unit_id)
    poll_id = leaders_poll(site, unit_id)
    assert state_of(site, unit_id) == (RowState.WITHHELD, None)
    assert [poll.id for poll in sheet_for(site, unit_id).teams.formless] == [poll_id]
    admins = account(site, "管理一"), account(site, "管理二")
    with site.database.writing() as session:
        poll_withdrawals.propose(session, NOW, admins[0], poll_id, "只测评领导个人")
        poll_withdrawals.agree(session, NOW, admins[1], poll_id)
    assert state_of(site, unit_id) == (RowState.MARKED, 10)
    assert sheet_for(site, unit_id).teams.formless == ()


@pytest.mark.parametrize("copied", [False, True])
def test_the_rule_begins_with_the_next_assessment_that_starts_marking(site: Site, copied: bool) -> None:
    assessment_id, _ = build_unit(site, marking=False)
    as_frozen_before(site, assessment_id)
    with site.database.writing() as session:
        if copied:
            assessment_id = copying.copy_assessment(session, NOW, COMMAND_LINE, assessment_id, "明年的考核")
        assert not ScoringRules.from_json(assessment_of(session, assessment_id).rules).only_with_form
        start_marking(session, assessment_id)
        assert ScoringRules.from_json(assessment_of(session, assessment_id).rules).only_with_form


def test_what_was_certified_is_still_what_was_certified(site: Site) -> None:
    season = build_season(site, voted=True)
    as_frozen_before(site, season.assessment_id)
    leaders_poll(site, season.first)
    confirm(site, season.first, MarkEntry(ROW, GROUP, "9", "考核组确认"), season.admins)
    season.certified()
    with site.database.reading() as session:
        assert versions.verify(session, season.assessment_id)
    row = season.version(2).unit(season.first).row(ROW)
    assert row.vote is not None
    assert (row.worth, row.vote.poll.score) == (9, None)
    season.archive()
