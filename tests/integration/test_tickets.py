"""Tickets: issuing, what is kept of a code, voiding, and counts that add up."""

from decimal import Decimal

import pytest
import sqlalchemy as sa

from surveys.polling import codes
from surveys.polling.base32 import ALPHABET, grouped
from surveys.services import polls, tickets
from surveys.services.actors import COMMAND_LINE
from surveys.services.errors import BadInput, NotFound, Refusal, WrongState
from surveys.services.site import Site
from tests.builders import box_counts, build_poll, build_unit, cast, close, dump, filled, record_of, seal, sheet_of
from tests.conftest import NOW


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
    world = build_poll(lite_site, count=0)
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
    assert all("A 印坏了" in entry for entry in entries)


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
