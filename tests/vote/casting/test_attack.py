"""An attacker who reads every table, system column and raw file, twice, links no ticket or receipt to an answer."""

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from surveys.acts.site import Site
from surveys.polling import codes, receipts
from tests.builders import build_poll, cast, close_and_seal, sheet_of
from tests.raw_files import cleaned, heap, raw

pytestmark = [pytest.mark.own_database, pytest.mark.both]

VOTES = 200
MOST_RIGHT = 8  # of 200 by chance: Poisson with mean 1, more than 8 once in a million
MOST_CORRELATION = 0.35  # Spearman over 200 pairs: 5 standard deviations

Order = Sequence[object]
"""Identities of one box in some order the attacker can read off."""


@dataclass
class Truth:
    """Who cast what, known to the test alone: ticket hash -> answers, and receipt -> answers."""

    by_ticket: dict[bytes, str] = field(default_factory=dict)
    by_receipt: dict[str, str] = field(default_factory=dict)


@dataclass
class Copy:
    """All an attacker reads at one moment: orders of tickets, receipts and answers; groups by transaction number."""

    tickets: dict[str, Order] = field(default_factory=dict)
    receipts: dict[str, Order] = field(default_factory=dict)
    answers: dict[str, Order] = field(default_factory=dict)


def vote(site: Site, poll_id: int, issued: Sequence[str]) -> Truth:
    """Every ballot different, so that each answer sheet names its voter to whoever links it."""
    truth = Truth()
    names = [name for name, _ in sheet_of(site, poll_id).fields()]
    # Drawn, not counted up: answers that grow with the order of casting would themselves betray it.
    sheets = random.Random(1).sample(["".join(each) for each in itertools.product("ABCD", repeat=len(names))], VOTES)
    for code, answers in zip(issued, sheets, strict=True):
        nonce = receipts.new_nonce()
        cast(site, code, {name: [letter] for name, letter in zip(names, answers, strict=True)}, nonce)
        truth.by_ticket[codes.hash_code(code)] = answers
        truth.by_receipt[receipts.receipt_of(codes.prefix_of(code), nonce)] = answers
    return truth


def copy(site: Site) -> Copy:
    taken = Copy()
    sides: list[tuple[dict[str, Order], str, str]] = [
        (taken.tickets, "tickets", "code_hash"),
        (taken.receipts, "receipts", "code"),
        (taken.answers, "ballots", "answers"),
    ]
    for side, table, column in sides:
        where = " WHERE state = 'cast'" if table == "tickets" else ""
        orders = {"row": "", "key": f" ORDER BY {'id' if table == 'ballots' else column}"}
        if not site.database.is_sqlite:
            orders |= {"ctid": " ORDER BY ctid", "xmin": " ORDER BY xmin::text::bigint, ctid"}
        with site.database.engine.connect() as connection:
            for name, by in orders.items():
                rows = connection.execute(sa.text(f"SELECT {column} FROM {table}{where}{by}"))
                side[name] = [value for (value,) in rows]
        if site.database.is_sqlite:
            side |= by_position(site, side["row"])
    return taken


def by_position(site: Site, values: Order) -> dict[str, Order]:
    """The orders in which the values first and last stand in the raw files."""
    path = str(site.settings.database_url.database)
    found: dict[str, Order] = {}
    for suffix in ("", "-wal"):
        raw = Path(path + suffix).read_bytes() if Path(path + suffix).exists() else b""
        for name, find in (("first", raw.find), ("last", raw.rfind)):
            places = {value: find(value if isinstance(value, bytes) else str(value).encode()) for value in values}
            if all(place >= 0 for place in places.values()):
                found[f"{suffix or 'file'} {name}"] = sorted(values, key=places.__getitem__)
    return found


def right(one: Order, other: Order, truth: Mapping[object, str]) -> int:
    """How many pairs a linking by rank gets right."""
    return sum(truth.get(left) == answers for left, answers in zip(one, other, strict=True))


def correlation(one: Order, other: Order, truth: Mapping[object, str]) -> float:
    """Spearman's rank correlation between an order of tickets and the true owners' places in an order of answers."""
    place = {answers: rank for rank, answers in enumerate(other)}
    places = [place[truth[left]] for left in one]
    count = len(places)
    distance = sum((rank - other_rank) ** 2 for rank, other_rank in enumerate(places))
    return 1 - 6 * distance / (count * (count**2 - 1))


def linkings(
    sides: Mapping[str, Order],
    answers: Mapping[str, Order],
    truth: Mapping[object, str],
    readable: Callable[[str], bool],
) -> dict[str, tuple[int, float]]:
    """Every pairing of an order of one box with an order of readable answers: (right of 200, correlation)."""
    results = {}
    for (name, one), (other_name, other) in itertools.product(sides.items(), answers.items()):
        if all(readable(str(entry)) for entry in other):
            for way, ordered in (("", one), (" reversed", list(reversed(one)))):
                pair = right(ordered, other, truth), correlation(ordered, other, truth)
                results[f"{name}{way} ~ {other_name}"] = pair
    return results


@pytest.fixture
def attacked(site: Site) -> tuple[Truth, Copy, Copy]:
    world = build_poll(site, count=VOTES + 50, leaders=0, entitled=VOTES)
    truth = vote(site, world.poll_id, world.codes["A"][:VOTES])
    before = copy(site)
    close_and_seal(site, world.poll_id)
    cleaned(site)
    return truth, before, copy(site)


def test_no_order_links_tickets_or_receipts_to_answers(attacked: tuple[Truth, Copy, Copy]):
    truth, before, after = attacked
    known = set(truth.by_ticket.values())
    sides = {f"{box} {when} {name}": order for when, taken in (("before", before), ("after", after))
             for box, orders in (("tickets", taken.tickets), ("receipts", taken.receipts))
             for name, order in orders.items()}  # fmt: skip
    whole_truth: dict[object, str] = {**truth.by_ticket, **truth.by_receipt}

    results = linkings(sides, after.answers, whole_truth, known.__contains__)

    assert len(results) >= 8
    assert max(count for count, _ in results.values()) <= MOST_RIGHT, results
    assert max(abs(rank) for _, rank in results.values()) <= MOST_CORRELATION, results


def test_before_sealing_no_answer_can_be_read_at_all(attacked: tuple[Truth, Copy, Copy]):
    truth, before, _ = attacked

    for order in before.answers.values():
        assert not set(order) & set(truth.by_ticket.values())
        assert len({len(str(envelope)) for envelope in order}) == 1
        assert len(set(order)) == VOTES


def test_the_same_procedure_links_boxes_that_are_kept_in_order(attacked: tuple[Truth, Copy, Copy]):
    """The control: were answers readable in the order of casting, every one of them would be linked."""
    truth, _, _ = attacked
    in_order = {"row": list(truth.by_ticket)}
    whole_truth: dict[object, str] = dict(truth.by_ticket)

    results = linkings(in_order, {"row": list(truth.by_ticket.values())}, whole_truth, lambda _: True)

    assert results["row ~ row"] == (VOTES, 1.0)


def test_after_sealing_one_transaction_wrote_everything(site: Site, attacked: tuple[Truth, Copy, Copy]):
    if site.database.is_sqlite:
        pytest.skip("SQLite has no transaction numbers")
    with site.database.engine.connect() as connection:
        for table in ("tickets", "ballots", "receipts"):
            assert connection.execute(sa.text(f"SELECT count(DISTINCT xmin::text) FROM {table}")).scalar() == 1


def test_the_files_keep_no_byte_of_the_envelopes(site: Site, attacked: tuple[Truth, Copy, Copy]):
    """Whoever learns the key later finds nothing to open; and no older version of a ticket, with its transaction."""
    truth, before, _ = attacked
    content = raw(site)
    assert not [envelope for envelope in before.answers["row"] if str(envelope).encode() in content]
    if not site.database.is_sqlite:
        tickets = heap(site, "tickets")
        assert {tickets.count(used) for used in truth.by_ticket} == {1}
