"""Tickets: issuing, what is kept of a code, voiding, and counts that add up."""

from decimal import Decimal
from functools import partial

import pytest
import sqlalchemy as sa

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.errors import BadInput, NotFound, Refusal, WrongState
from surveys.acts.site import Site
from surveys.polling import codes
from surveys.polling.base32 import ALPHABET, grouped
from surveys.polling.states import Purpose
from surveys.vote import casting, poll_record, polls
from surveys.vote.ticketing import tickets
from tests.builders import (
    box_counts,
    build_poll,
    build_unit,
    cast,
    close,
    close_and_seal,
    dump,
    filled,
    record_of,
    seal,
    sheet_of,
)
from tests.sites import NOW
from tests.vote.casting.test_casting import together

pytestmark = pytest.mark.both


def issue(site: Site, poll_id: int, count: int, class_key: str = "A") -> list[str]:
    with site.database.writing() as session:
        return tickets.issue(session, NOW, COMMAND_LINE, poll_id, class_key, count).codes


def void(site: Site, poll_id: int, typed: str, reason: str = "印坏了") -> None:
    with site.database.writing() as session:
        tickets.void(session, NOW, COMMAND_LINE, poll_id, typed, reason)


def test_codes_carry_the_prefix_and_are_unique(site):
    world = build_poll(site, count=0)
    issued = issue(site, world.poll_id, 100) + issue(site, world.poll_id, 7)
    prefix = record_of(site, world.poll_id).poll
    assert len(set(issued)) == 107
    for code in issued:
        assert code.startswith(prefix)
        assert len(code) == 20
        assert set(code) <= set(ALPHABET)
    assert box_counts(site, world.poll_id) == {"unused": 107}


@pytest.mark.own_database
def test_codes_come_shuffled_and_only_their_hashes_are_kept(site):
    world = build_poll(site, count=0)
    issued = [codes.hash_code(code) for code in issue(site, world.poll_id, 30)]
    with site.database.reading() as session:
        order = "" if site.database.is_sqlite else " ORDER BY ctid"
        kept = [bytes(each) for each in session.scalars(sa.text(f"SELECT code_hash FROM tickets{order}"))]
    assert kept == sorted(issued)
    assert issued != kept


def test_what_cannot_be_issued_is_refused_and_leaves_nothing(site):
    world = build_poll(site, count=0)
    before = dump(site.database)
    cases: list[tuple[int, str, int, type[Refusal]]] = [
        (world.poll_id, "A", 0, BadInput),
        (world.poll_id, "A", -1, BadInput),
        (world.poll_id, "A", tickets.MOST_AT_ONCE + 1, BadInput),
        (world.poll_id, "B", 1, NotFound),
        (world.poll_id, "a", 1, NotFound),
        (world.poll_id, "", 1, NotFound),
        (world.poll_id + 1, "A", 1, NotFound),
    ]
    for poll_id, class_key, count, refusal in cases:
        with pytest.raises(refusal):
            issue(site, poll_id, count, class_key)
        assert dump(site.database) == before


def test_the_most_at_once_can_be_issued(lite_site):
    world = build_poll(lite_site, count=0, reserve=tickets.MOST_AT_ONCE)
    assert len(set(issue(lite_site, world.poll_id, tickets.MOST_AT_ONCE))) == tickets.MOST_AT_ONCE


def test_tickets_are_issued_before_and_while_voting_but_not_after(site):
    world = build_poll(site, count=0, opened=False)
    issue(site, world.poll_id, 1)
    with site.database.writing() as session:
        polls.open_poll(session, NOW, COMMAND_LINE, world.poll_id)
    issue(site, world.poll_id, 1)
    close(site, world.poll_id)
    with pytest.raises(WrongState):
        issue(site, world.poll_id, 1)
    seal(site, world.poll_id)
    with pytest.raises(WrongState):
        issue(site, world.poll_id, 1)
    assert box_counts(site, world.poll_id) == {"unused": 2}


def test_a_ticket_is_voided_by_its_code_however_it_is_typed(site):
    world = build_poll(site, count=3)
    void(site, world.poll_id, grouped(world.codes["A"][0]))
    void(site, world.poll_id, f" {world.codes['A'][1].lower()} ")
    assert box_counts(site, world.poll_id) == {"unused": 1, "void": 2}
    entries = [row for row in dump(site.database)["audit_log"] if "ticket.void" in row]
    assert len(entries) == 2
    assert all("A 票 1 张，印坏了" in entry for entry in entries)


def test_what_cannot_be_voided_is_refused_and_changes_nothing(site):
    _, unit_id = build_unit(site)
    world, other = (build_poll(site, unit_id=unit_id, count=3) for _ in range(2))
    unused, used, voided = world.codes["A"]
    cast(site, used, filled(sheet_of(site, world.poll_id)))
    void(site, world.poll_id, voided)
    before = dump(site.database)
    cases: list[tuple[str, str, type[Refusal]]] = [
        (unused, "", BadInput),
        (unused, " \u3000\n", BadInput),
        (unused[:-1], "印坏了", BadInput),
        ("", "印坏了", BadInput),
        (unused[:4] + other.codes["A"][0][4:], "印坏了", NotFound),
        (other.codes["A"][0], "印坏了", NotFound),
        (used, "印坏了", WrongState),
        (voided, "印坏了", WrongState),
    ]
    for typed, reason, refusal in cases:
        with pytest.raises(refusal):
            void(site, world.poll_id, typed, reason)
        assert dump(site.database) == before, (typed, reason)
    with pytest.raises(NotFound):
        void(site, other.poll_id + 1, unused)


def test_a_ticket_can_be_voided_after_closing_but_not_after_sealing(site):
    world = build_poll(site, count=2)
    close(site, world.poll_id)
    void(site, world.poll_id, world.codes["A"][0])
    seal(site, world.poll_id)
    with pytest.raises(WrongState):
        void(site, world.poll_id, world.codes["A"][1])
    assert box_counts(site, world.poll_id) == {"unused": 1, "void": 1}


def test_issued_is_cast_and_void_and_unused_in_each_class(site):
    classes = [polls.ClassEntry("A", "甲", Decimal(1)), polls.ClassEntry("B", "乙", Decimal(2))]
    world = build_poll(site, count=5, classes=classes)
    submitted = filled(sheet_of(site, world.poll_id))
    for code in (*world.codes["A"][:2], *world.codes["B"][:3]):
        cast(site, code, submitted)
    void(site, world.poll_id, world.codes["B"][4])
    counts = {
        entry.key: (entry.issued, entry.cast, entry.void, entry.unused)
        for entry in record_of(site, world.poll_id).classes
    }
    assert counts == {"A": (5, 2, 0, 3), "B": (5, 3, 1, 1)}


def reissue(site: Site, poll_id: int, batch: int = 1, reason: str = "没存好") -> tickets.Issued:
    with site.database.writing() as session:
        return tickets.reissue(session, NOW, COMMAND_LINE, poll_id, batch, reason)


def void_batch(site: Site, poll_id: int, batch: int = 1, reason: str = "丢失") -> int:
    with site.database.writing() as session:
        return tickets.void_batch(session, NOW, COMMAND_LINE, poll_id, batch, reason)


def batches(site: Site, poll_id: int) -> list[tuple[int, str, Purpose, int, int]]:
    with site.database.reading() as session:
        found = tickets.list_batches(session, polls.poll_of(session, poll_id))
        return [(line.number, line.class_key, line.purpose, line.issued, line.void) for line in found]


def add_batch(site: Site, poll_id: int, purpose: Purpose, count: int = 3) -> int:
    with site.database.writing() as session:
        return tickets.issue(session, NOW, COMMAND_LINE, poll_id, "A", count, purpose).batch


def test_batches_are_listed_newest_first_without_what_was_cast(site):
    world = build_poll(site, count=4)
    cast(site, world.codes["A"][0], filled(sheet_of(site, world.poll_id)))
    void(site, world.poll_id, world.codes["A"][1])
    assert add_batch(site, world.poll_id, Purpose.DOOR) == 2
    assert batches(site, world.poll_id) == [(2, "A", Purpose.DOOR, 3, 0), (1, "A", Purpose.SLIPS, 4, 1)]
    assert {field for field in tickets.BatchLine.__dataclass_fields__} == {
        "number",
        "class_key",
        "purpose",
        "made_at",
        "issued",
        "void",
    }


def test_reissuing_voids_what_is_unused_and_issues_as_many(site):
    world = build_poll(site, count=6)
    submitted = filled(sheet_of(site, world.poll_id))
    for code in world.codes["A"][:2]:
        cast(site, code, submitted)
    void(site, world.poll_id, world.codes["A"][2])
    before = len(dump(site.database)["audit_log"])
    anew = reissue(site, world.poll_id)
    assert (anew.batch, len(anew.codes)) == (2, 3)
    assert not set(anew.codes) & set(world.codes["A"])
    assert box_counts(site, world.poll_id) == {"ballots": 2, "receipts": 2, "cast": 2, "void": 4, "unused": 3}
    assert batches(site, world.poll_id) == [(2, "A", Purpose.SLIPS, 3, 0), (1, "A", Purpose.SLIPS, 6, 4)]
    entries = dump(site.database)["audit_log"]
    assert len(entries) == before + 1
    assert ["A 票 3 张，第 1 批换成第 2 批，没存好" in row for row in entries if "ticket.reissue" in row] == [True]
    for code in world.codes["A"][2:]:
        with pytest.raises(casting.TicketVoid):
            cast(site, code, submitted)
    for code in anew.codes:
        cast(site, code, submitted)


def test_after_reissuing_the_boxes_add_up_and_can_be_sealed(site):
    world = build_poll(site, count=5)
    submitted = filled(sheet_of(site, world.poll_id))
    cast(site, world.codes["A"][0], submitted)
    second = reissue(site, world.poll_id)
    cast(site, second.codes[0], submitted)
    third = reissue(site, world.poll_id, second.batch)
    assert len(third.codes) == 3
    assert close_and_seal(site, world.poll_id).startswith("sha256:")
    entry = record_of(site, world.poll_id).classes[0]
    assert (entry.issued, entry.cast, entry.void, entry.unused) == (12, 2, 7, 3)


def test_what_cannot_be_reissued_is_refused_and_changes_nothing(site):
    world = build_poll(site, count=1)
    door, paper = (add_batch(site, world.poll_id, purpose) for purpose in (Purpose.DOOR, Purpose.PAPER))
    cast(site, world.codes["A"][0], filled(sheet_of(site, world.poll_id)))
    unused = add_batch(site, world.poll_id, Purpose.SLIPS)
    before = dump(site.database)
    cases: list[tuple[int, str, type[Refusal]]] = [
        (1, "没存好", WrongState),
        (door, "没存好", WrongState),
        (paper, "没存好", WrongState),
        (9, "没存好", NotFound),
        (unused, " \n", BadInput),
    ]
    for act, refused in ((reissue, cases), (void_batch, [cases[0], *cases[3:]])):
        for batch, reason, refusal in refused:
            with pytest.raises(refusal):
                act(site, world.poll_id, batch, reason)
            assert dump(site.database) == before, (act, batch)
    close(site, world.poll_id, 3)
    with pytest.raises(WrongState):
        reissue(site, world.poll_id, unused)
    assert void_batch(site, world.poll_id, unused) == 3
    seal(site, world.poll_id, 3)
    for act in (reissue, void_batch):
        with pytest.raises(WrongState):
            act(site, world.poll_id, unused)


def test_a_batch_is_voided_whole_but_for_what_was_cast(site):
    world = build_poll(site, count=4)
    other = issue(site, world.poll_id, 2)
    cast(site, world.codes["A"][0], filled(sheet_of(site, world.poll_id)))
    assert void_batch(site, world.poll_id) == 3
    assert box_counts(site, world.poll_id) == {"ballots": 1, "receipts": 1, "cast": 1, "void": 3, "unused": len(other)}
    assert [
        row
        for row in dump(site.database)["audit_log"]
        if "ticket.void_batch" in row and "A 票 3 张，第 1 批，丢失" in row
    ]


@pytest.mark.parametrize("round_", range(3))
def test_of_two_who_reissue_at_once_one_gets_each_unused_ticket(site, round_):
    world = build_poll(site, count=20)
    outcomes = together(*(partial(reissue, site, world.poll_id) for _ in range(4)))
    assert sorted(type(each).__name__ for each in outcomes) == ["Issued", *["WrongState"] * 3]
    assert box_counts(site, world.poll_id) == {"void": 20, "unused": 20}
    assert [line[:1] + line[3:] for line in batches(site, world.poll_id)] == [(2, 20, 0), (1, 20, 20)]


@pytest.mark.parametrize("round_", range(3))
def test_votes_while_a_batch_is_reissued_are_counted_or_refused(site, round_):
    """Never both: as many new tickets as votes that were refused or never tried."""
    world = build_poll(site, count=12)
    submitted = filled(sheet_of(site, world.poll_id))
    voters = [partial(cast, site, code, submitted) for code in world.codes["A"][:8]]
    *votes, anew = together(*voters, partial(reissue, site, world.poll_id))
    counted = sum(isinstance(vote, str) for vote in votes)
    assert all(isinstance(vote, str | casting.TicketVoid) for vote in votes)
    assert len(anew.codes) == 12 - counted
    expected = {"void": 12 - counted, "unused": 12 - counted, "cast": counted, "ballots": counted, "receipts": counted}
    assert box_counts(site, world.poll_id) == {name: count for name, count in expected.items() if count}
    close_and_seal(site, world.poll_id)


def test_missing_are_the_planned_less_the_valid(site):
    classes = [polls.ClassEntry(key, key, Decimal(1)) for key in "ABCD"]
    world = build_poll(site, count=5, classes=classes)
    void(site, world.poll_id, world.codes["B"][0])
    with site.database.writing() as session:
        poll = polls.poll_of(session, world.poll_id)
        for entry, planned in zip(poll.classes, (8, 5, 4, None), strict=True):
            entry.planned = planned
        session.commit()
        counts = poll_record.class_counts(session, poll)
        assert tickets.missing(poll, counts) == {"A": 3, "B": 1, "C": 0}
