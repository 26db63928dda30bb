"""A rehearsal is the same poll in everything but its votes, which are gone before the real one opens."""

from decimal import Decimal

import pytest
import sqlalchemy as sa

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.errors import WrongState
from surveys.acts.site import Site
from surveys.marking import score_sheets
from surveys.storage.tables import Ticket
from surveys.vote import polls, rehearsals
from surveys.vote.casting import UnknownTicket
from surveys.vote.polls import ClassEntry
from surveys.vote.ticketing import tickets
from tests.builders import (
    World,
    box_counts,
    build_poll,
    build_unit,
    cast,
    close_and_seal,
    dump,
    filled,
    sheet_of,
)
from tests.raw_files import cleaned
from tests.sites import NOW

pytestmark = pytest.mark.both

TWO_CLASSES = (ClassEntry("A", "甲", Decimal(1)), ClassEntry("B", "乙", Decimal(2)))


def rehearse(site: Site, poll_id: int) -> int:
    with site.database.writing() as session:
        return rehearsals.rehearse(session, NOW, COMMAND_LINE, poll_id)


def voted(site: Site, poll_id: int, count: int = 6) -> list[str]:
    """Opens a rehearsal and votes in it; returns its codes."""
    with site.database.writing() as session:
        codes = tickets.issue(session, NOW, COMMAND_LINE, poll_id, "A", count).codes
        polls.open_poll(session, NOW, COMMAND_LINE, poll_id)
    for code in codes[:-1]:
        cast(site, code, filled(sheet_of(site, poll_id)))
    return codes


def open_poll(site: Site, poll_id: int) -> None:
    with site.database.writing() as session:
        polls.open_poll(session, NOW, COMMAND_LINE, poll_id)


@pytest.fixture
def draft(site: Site) -> World:
    return build_poll(site, count=3, classes=TWO_CLASSES, opened=False, abstain="弃权", blanks_allowed=False)


def test_a_rehearsal_is_the_same_poll(site: Site, draft: World) -> None:
    double_id = rehearse(site, draft.poll_id)
    with site.database.reading() as session:
        poll, double = polls.poll_of(session, draft.poll_id), polls.poll_of(session, double_id)
        assert polls.build_sheet(double) == polls.build_sheet(poll)
        assert double.rules == poll.rules
        classes = [[(each.key, each.weight) for each in one.classes] for one in (double, poll)]
        assert classes[0] == classes[1]
        assert (double.rehearsal, double.rehearsal_of, poll.rehearsal) == (True, poll.id, False)
        assert double.prefix != poll.prefix


def test_the_real_poll_does_not_open_before_the_rehearsal_is_gone(site: Site, draft: World) -> None:
    double_id = rehearse(site, draft.poll_id)
    with pytest.raises(WrongState, match="演练还没有清除"):
        open_poll(site, draft.poll_id)
    rehearsals.wipe(site, NOW, COMMAND_LINE, double_id)
    open_poll(site, draft.poll_id)
    assert cast(site, draft.codes["A"][0], filled(sheet_of(site, draft.poll_id)))


@pytest.mark.parametrize("sealed", [False, True])
def test_wiping_leaves_the_tables_as_they_were(site: Site, draft: World, sealed: bool) -> None:
    before = dump(site.database)
    double_id = rehearse(site, draft.poll_id)
    codes = voted(site, double_id)
    if sealed:
        close_and_seal(site, double_id)
    assert box_counts(site, double_id)["ballots"] == 5
    rehearsals.wipe(site, NOW, COMMAND_LINE, double_id)
    cleaned(site)
    after = dump(site.database)
    assert {table for table in after if after[table] != before[table]} == {"audit_log", "audit_head"}
    with pytest.raises(UnknownTicket):
        cast(site, codes[-1], {})


def test_wiping_leaves_nothing_in_the_files(site: Site, draft: World) -> None:
    double_id = rehearse(site, draft.poll_id)
    voted(site, double_id)
    with site.database.reading() as session:
        hashes = session.scalars(sa.select(Ticket.code_hash).where(Ticket.poll_id == double_id)).all()
    rehearsals.wipe(site, NOW, COMMAND_LINE, double_id)
    for path in site.settings.data_dir.glob("test.db*"):
        content = path.read_bytes()
        assert not [each for each in hashes if each in content], path.name


def test_the_votes_of_a_rehearsal_never_count(site: Site) -> None:
    _, unit_id = build_unit(site)
    world = build_poll(site, unit_id=unit_id, opened=False)
    double_id = rehearse(site, world.poll_id)
    voted(site, double_id, 10)
    close_and_seal(site, double_id)
    with site.database.reading() as session:
        assert score_sheets.unit_sheet(session, unit_id).tally is None


def test_one_rehearsal_of_a_draft_and_none_of_a_rehearsal(site: Site, draft: World) -> None:
    double_id = rehearse(site, draft.poll_id)
    for poll_id in (draft.poll_id, double_id):
        with pytest.raises(WrongState):
            rehearse(site, poll_id)
    opened = build_poll(site, unit_id=draft.unit_id)
    with pytest.raises(WrongState):
        rehearse(site, opened.poll_id)


def test_only_a_rehearsal_is_wiped(site: Site, draft: World) -> None:
    before = dump(site.database)
    with pytest.raises(WrongState):
        rehearsals.wipe(site, NOW, COMMAND_LINE, draft.poll_id)
    assert dump(site.database) == before
