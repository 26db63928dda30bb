"""A season as large as the real one: 100 municipal units and 15 counties, each wholly marked and voted on."""

import random
from dataclasses import dataclass

import pytest

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.site import Site
from surveys.marking import marking_sheets, marks
from surveys.marking.marks import MarkEntry
from surveys.polling import codes, receipts
from surveys.season import assessments
from surveys.season.assessments import LeaderEntry, UnitEntry
from surveys.vote import casting, cleaning, polls, sealing
from surveys.vote.polls import PollEntry
from surveys.vote.ticketing import tickets
from tests.builders import ONE_CLASS, close_and_seal, start_marking
from tests.sites import NOW

MUNICIPAL, COUNTIES, LEADERS = 100, 15, 8
TAGS = ("教育", "财政", "公安", "组织", "宣传", "")
LEADING = tuple(LeaderEntry(f"样例{number}", f"职务{number}") for number in range(1, LEADERS + 1))


@dataclass(frozen=True)
class LargeSeason:
    """In the state marking. `marks`: how many were given; `units`: their ids in order."""

    assessment_id: int
    units: tuple[int, ...]
    marks: int


def build_large_season(site: Site) -> LargeSeason:
    with site.database.writing() as session:
        assessment_id = assessments.create_assessment(session, NOW, COMMAND_LINE, "样例考核", ["municipal", "county"])
        units = tuple(
            assessments.add_unit(session, NOW, COMMAND_LINE, assessment_id, _unit(number))
            for number in range(MUNICIPAL + COUNTIES)
        )
        start_marking(session, assessment_id)
    given = _mark(site, assessment_id)
    with pytest.MonkeyPatch.context() as patch:
        # A sealing writes the whole file anew: a hundred times in a row that is most of the time this takes.
        patch.setattr(sealing, "clean", lambda *_: None)
        for number, unit_id in enumerate(units):
            _vote(site, unit_id, 40 + number % 21, random.Random(number))
    assert cleaning.clean(site, NOW) is None
    return LargeSeason(assessment_id, units, given)


def _unit(number: int) -> UnitEntry:
    name = f"样例单位{number + 1:03d}"
    if number >= MUNICIPAL:
        return UnitEntry(name, "县（市、区）", "county", (), LEADING)
    tag = TAGS[number % len(TAGS)]
    return UnitEntry(name, "市直单位", "municipal", (tag,) if tag else (), LEADING)


def _mark(site: Site, assessment_id: int) -> int:
    """Every row that a department marks, a little below full."""
    with site.database.writing() as session:
        due = marking_sheets.duties(marking_sheets.ground(session, assessment_id))
        entries = [
            (
                each.unit.id,
                MarkEntry(
                    each.row.standard.key, each.department, str(each.row.standard.points), "依据材料和日常情况打分"
                ),
            )
            for each in due
        ]
        return marks.enter_all(session, NOW, COMMAND_LINE, entries).entered


def _vote(site: Site, unit_id: int, count: int, chance: random.Random) -> None:
    """A poll in which everybody votes, sealed. All ballots in one transaction: to commit each takes a minute."""
    with site.database.writing() as session:
        entry = PollEntry(unit_id, "年度民主测评", count, ONE_CLASS)
        poll_id = polls.create_poll(session, NOW, COMMAND_LINE, entry)
        issued = tickets.issue(session, NOW, COMMAND_LINE, poll_id, "A", count).codes
        polls.open_poll(session, NOW, COMMAND_LINE, poll_id)
    with site.database.casting() as connection:
        for code in issued:
            code = casting.normalized(code)
            found = casting.find(connection, NOW, site.open_polls, code)
            poll = casting.open_poll_of(connection, site.open_polls, found)
            answers = "".join(chance.choices("ABCD", (70, 20, 8, 2), k=poll.sheet.length()))
            receipt = receipts.receipt_of(found.prefix, receipts.new_nonce())
            assert casting.count(connection, poll.key, found, codes.hash_code(code), answers, receipt)
        connection.commit()
    close_and_seal(site, poll_id)
