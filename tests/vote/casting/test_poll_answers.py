"""What a poll lets people answer besides the grades: 弃权, and blanks or none."""

from pathlib import Path

import pytest

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.errors import BadInput
from surveys.acts.site import Site
from surveys.polling.sheet import ABSTAIN
from surveys.scoring.grades import BlankPolicy
from surveys.vote import bundle_writing, polls, tallies
from surveys.vote.casting import BlankAnswers, RefusedAnswers
from surveys.vote.polls import PollEntry
from tests.builders import (
    ONE_CLASS,
    box_counts,
    build_poll,
    build_unit,
    cast,
    cast_each,
    close_and_seal,
    filled,
    sheet_of,
)
from tests.vote.sealing.test_recount import assert_agrees, recount

pytestmark = pytest.mark.both


def test_abstaining_is_offered_when_the_poll_says_so(site: Site) -> None:
    world = build_poll(site, abstain="不了解")
    sheet = sheet_of(site, world.poll_id)
    assert {allowed for _, allowed in sheet.fields()} == {"ABCD*"}
    assert {form.questionnaire.abstain for form in sheet.forms()} == {"不了解"}
    cast(site, world.codes["A"][0], filled(sheet, ABSTAIN))


@pytest.mark.parametrize("abstain", [None, "", " "])
def test_abstaining_is_not_offered_otherwise(site: Site, abstain: str | None) -> None:
    world = build_poll(site, abstain=abstain)
    sheet = sheet_of(site, world.poll_id)
    assert {allowed for _, allowed in sheet.fields()} == {"ABCD"}
    with pytest.raises(RefusedAnswers):
        cast(site, world.codes["A"][0], filled(sheet, ABSTAIN))


def test_the_name_of_abstaining_fits_a_button(site: Site) -> None:
    _, unit_id = build_unit(site)
    entry = PollEntry(unit_id, "测评", 10, ONE_CLASS, abstain="对这个人的情况不了解")
    with site.database.writing() as session, pytest.raises(BadInput, match="最多 6 个字"):
        polls.create_poll(session, site.now(), COMMAND_LINE, entry)


@pytest.mark.parametrize("blank", BlankPolicy)
def test_abstentions_are_counted_apart_and_recounted_alike(site: Site, tmp_path: Path, blank: BlankPolicy) -> None:
    world = build_poll(site, leaders=1, abstain="弃权", blank=blank)
    cast_each(site, world, {"A": ["A" * 16, "B" * 16, "*" * 16, "A*-" + "A" * 13, "-" * 16, "C" * 16, "D*" * 8]})
    close_and_seal(site, world.poll_id)
    with site.database.reading() as session:
        poll = polls.poll_of(session, world.poll_id)
        found = tallies.tally(session, poll)
        bundle = bundle_writing.write_bundle(session, poll)
    assert found.organization is not None
    spoils = blank is BlankPolicy.SPOIL
    assert found.valid == (5 if spoils else 6)
    second = found.organization.questions[1]
    assert second.counts == {"A": 1, "B": 1, "C": 1, "D": 0, "*": 2 if spoils else 3, "-": 0}
    assert second.score == 80
    assert [choice.name for choice in found.organization.choices] == ["好", "较好", "一般", "差", "弃权"]
    assert_agrees(recount(tmp_path, bundle), found.seal)


def test_a_sheet_without_abstaining_has_no_column_for_it(site: Site) -> None:
    world = build_poll(site, leaders=1)
    cast_each(site, world, {"A": ["A" * 16] * 8})
    close_and_seal(site, world.poll_id)
    with site.database.reading() as session:
        found = tallies.tally(session, polls.poll_of(session, world.poll_id))
    assert found.organization is not None
    assert set(found.organization.questions[0].counts) == {"A", "B", "C", "D", "-"}


@pytest.mark.parametrize("blanks_meant", [True, False])
def test_where_blanks_are_not_allowed_none_is_taken(site: Site, blanks_meant: bool) -> None:
    world = build_poll(site, blanks_allowed=False)
    sheet = sheet_of(site, world.poll_id)
    code = world.codes["A"][0]
    with pytest.raises(BlankAnswers) as refused:
        cast(site, code, filled(sheet, "AB-"), blanks_meant=blanks_meant)
    assert refused.value.answers.count("-") == sheet.length() // 3
    assert "cast" not in box_counts(site, world.poll_id)
    assert cast(site, code, filled(sheet, "AB"), blanks_meant=False)


def test_polls_made_before_these_rules_still_open(site: Site) -> None:
    """Their rules and questionnaires lack the fields."""
    world = build_poll(site, opened=False)
    with site.database.writing() as session:
        poll = polls.poll_of(session, world.poll_id)
        poll.rules = {key: value for key, value in poll.rules.items() if key != "blanks_allowed"}
        poll.questionnaires = {key: value for key, value in poll.questionnaires.items() if key != "abstain"}
        session.commit()
        polls.open_poll(session, site.now(), COMMAND_LINE, world.poll_id)
    cast(site, world.codes["A"][0], filled(sheet_of(site, world.poll_id), "AB-"))
