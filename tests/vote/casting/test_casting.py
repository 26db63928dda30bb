"""Casting: one ticket, one ballot, whatever is sent, how often and from how many sides."""

import threading

import pytest
from sqlalchemy.exc import SQLAlchemyError

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.site import Site
from surveys.polling import receipts
from surveys.polling.seal import seal as digest_of
from surveys.vote import casting, poll_record, polls
from surveys.vote.ticketing import tickets
from tests.builders import (
    ONE_CLASS,
    box_counts,
    build_poll,
    build_unit,
    cast,
    close,
    close_and_seal,
    filled,
    record_of,
    run_sql,
    seal,
    sheet_of,
)
from tests.sites import NOW
from tests.tools import together

pytestmark = pytest.mark.both

ROUNDS = 20
NONCE = "0123456789abcdef" * 2


def find(site: Site, code: str) -> casting.Found:
    with site.database.looking() as connection:
        return casting.find(connection, NOW, site.open_polls, code)


@pytest.fixture
def other_site(site: Site):
    """A second process, as far as the database can tell."""
    other = Site.build(site.settings)
    yield other
    other.database.engine.dispose()


def test_a_vote_is_in_each_box_once(site):
    world = build_poll(site, count=3)
    submitted = filled(sheet_of(site, world.poll_id), "ABCD-")
    receipt = cast(site, world.codes["A"][0], submitted, NONCE)
    record = record_of(site, world.poll_id)
    assert box_counts(site, world.poll_id) == {"cast": 1, "unused": 2, "ballots": 1, "receipts": 1}
    assert record.ballots == [("A", "ABCD-ABCD-ABCD-ABCD-ABC")]
    assert record.receipts == [receipt]
    assert receipt == receipts.receipt_of(record.poll, NONCE)


def test_a_ballot_is_counted_in_the_class_of_its_ticket(site):
    classes = [polls.ClassEntry(key, f"票种{key}", ONE_CLASS[0].weight) for key in "ABC"]
    world = build_poll(site, count=2, classes=classes, leaders=0)
    for letter, key in zip("BCD", "ABC", strict=True):
        cast(site, world.codes[key][0], filled(sheet_of(site, world.poll_id), letter))
    assert sorted(record_of(site, world.poll_id).ballots) == [("A", "B" * 9), ("B", "C" * 9), ("C", "D" * 9)]


def test_finding_a_ticket_changes_nothing(site):
    world = build_poll(site, count=2)
    found = find(site, world.codes["A"][0])
    assert (found.poll_id, found.class_key) == (world.poll_id, "A")
    assert box_counts(site, world.poll_id) == {"unused": 2}


def test_a_code_is_found_however_it_is_typed(site):
    world = build_poll(site, count=1)
    code = world.codes["A"][0]
    typed = "-".join(code.lower()[start : start + 4] for start in range(0, 20, 4)).replace("0", "o").replace("1", "l")
    assert find(site, casting.normalized(typed)).poll_id == world.poll_id


def test_the_same_submission_again_gets_the_same_receipt_whatever_became_of_the_poll(site):
    world = build_poll(site, count=2)
    code, submitted = world.codes["A"][0], filled(sheet_of(site, world.poll_id))
    receipt = cast(site, code, submitted, NONCE)
    counted = {"cast": 1, "unused": 1, "ballots": 1, "receipts": 1}
    for step in (lambda: None, lambda: close(site, world.poll_id), lambda: seal(site, world.poll_id)):
        step()
        assert cast(site, code, submitted, NONCE) == receipt
        assert box_counts(site, world.poll_id) == counted


def test_another_submission_of_a_cast_ticket_is_refused_whatever_became_of_the_poll(site):
    world = build_poll(site, count=1)
    code, submitted = world.codes["A"][0], filled(sheet_of(site, world.poll_id))
    cast(site, code, submitted)
    for step in (lambda: None, lambda: close(site, world.poll_id), lambda: seal(site, world.poll_id)):
        step()
        with pytest.raises(casting.TicketUsed):
            cast(site, code, submitted)
        with pytest.raises(casting.TicketUsed):
            find(site, code)
    assert box_counts(site, world.poll_id) == {"cast": 1, "ballots": 1, "receipts": 1}


@pytest.mark.parametrize("typed", ["", "K7QF", "K7QF-0000-0000-0000-000U", "票" * 20, "0" * 21, "0" * 300])
def test_what_cannot_be_a_code_is_unknown(typed):
    with pytest.raises(casting.UnknownTicket):
        casting.normalized(typed)


def test_an_unknown_code_is_refused(site):
    world = build_poll(site, count=1)
    code = world.codes["A"][0]
    other = code[:-1] + ("0" if code[-1] != "0" else "1")
    foreign = ("0000" if code[:4] != "0000" else "1111") + code[4:]
    for unknown in (other, foreign):
        with pytest.raises(casting.UnknownTicket):
            cast(site, unknown, filled(sheet_of(site, world.poll_id)))
        with pytest.raises(casting.UnknownTicket):
            find(site, unknown)
    assert box_counts(site, world.poll_id) == {"unused": 1}


def test_a_ticket_of_one_poll_opens_no_other(site):
    _, unit_id = build_unit(site)
    first, second = (build_poll(site, unit_id=unit_id, count=1) for _ in range(2))
    moved = second.codes["A"][0][:4] + first.codes["A"][0][4:]
    with pytest.raises(casting.UnknownTicket):
        cast(site, moved, filled(sheet_of(site, second.poll_id)))


def test_a_void_ticket_is_refused(site):
    world = build_poll(site, count=1)
    with site.database.writing() as session:
        tickets.void(session, NOW, COMMAND_LINE, world.poll_id, world.codes["A"][0], "印坏了")
    with pytest.raises(casting.TicketVoid):
        find(site, world.codes["A"][0])
    with pytest.raises(casting.TicketVoid):
        cast(site, world.codes["A"][0], filled(sheet_of(site, world.poll_id)))
    assert box_counts(site, world.poll_id) == {"void": 1}


def test_a_ticket_of_a_draft_is_refused(site):
    world = build_poll(site, count=1, opened=False)
    with pytest.raises(casting.PollNotOpen):
        find(site, world.codes["A"][0])
    with pytest.raises(casting.PollNotOpen):
        cast(site, world.codes["A"][0], {})
    assert box_counts(site, world.poll_id) == {"unused": 1}


def test_a_ticket_of_a_closed_and_of_a_sealed_poll_is_refused(site):
    world = build_poll(site, count=1)
    submitted = filled(sheet_of(site, world.poll_id))
    for step in (close, seal):
        step(site, world.poll_id)
        with pytest.raises(casting.PollClosed):
            find(site, world.codes["A"][0])
        with pytest.raises(casting.PollClosed):
            cast(site, world.codes["A"][0], submitted)
    assert box_counts(site, world.poll_id) == {"unused": 1}


def test_answers_that_are_not_on_the_sheet_are_refused_and_spend_nothing(site):
    world = build_poll(site, count=1, leaders=1)
    code, good = world.codes["A"][0], filled(sheet_of(site, world.poll_id))
    bad: dict[str, dict[str, list[str]]] = {
        "an unknown item": {"o-10": ["A"]},
        "a leader who is not there": {"l2-1": ["A"]},
        "a field of the page": {"nonce": [NONCE]},
        "a grade that is none": {"o-1": ["E"]},
        "a small letter": {"o-1": ["a"]},
        "a full-width letter": {"o-1": ["Ａ"]},
        "the sign of a blank": {"o-1": ["-"]},
        "no letter": {"o-1": [""]},
        "two letters": {"o-1": ["AB"]},
        "no value": {"o-1": []},
        "one question twice": {"o-1": ["A", "B"]},
        "one answer twice": {"o-1": ["A", "A"]},
    }
    for what, fields in bad.items():
        with pytest.raises(casting.RefusedAnswers):
            cast(site, code, good | fields)
        assert box_counts(site, world.poll_id) == {"unused": 1}, what
    cast(site, code, good)
    assert box_counts(site, world.poll_id) == {"cast": 1, "ballots": 1, "receipts": 1}


def test_blanks_must_be_meant(site):
    world = build_poll(site, count=2, leaders=0)
    sheet = sheet_of(site, world.poll_id)
    for submitted, answers in ((filled(sheet, "AB-"), "AB-AB-AB-"), ({}, "-" * 9)):
        with pytest.raises(casting.BlankAnswers) as caught:
            cast(site, world.codes["A"][0], submitted, blanks_meant=False)
        assert caught.value.answers == answers
        assert caught.value.poll.sheet == sheet
    assert box_counts(site, world.poll_id) == {"unused": 2}
    cast(site, world.codes["A"][0], filled(sheet, "AB-"), blanks_meant=True)
    cast(site, world.codes["A"][1], filled(sheet), blanks_meant=False)
    assert sorted(record_of(site, world.poll_id).ballots) == [("A", "AAAAAAAAA"), ("A", "AB-AB-AB-")]


def test_the_nonce_of_another_ticket_is_refused_and_spends_nothing(site):
    world = build_poll(site, count=2)
    first, second = world.codes["A"]
    submitted = filled(sheet_of(site, world.poll_id))
    cast(site, first, submitted, NONCE)
    with pytest.raises(casting.RefusedAnswers):
        cast(site, second, submitted, NONCE)
    assert box_counts(site, world.poll_id) == {"cast": 1, "unused": 1, "ballots": 1, "receipts": 1}
    cast(site, second, submitted)
    assert box_counts(site, world.poll_id) == {"cast": 2, "ballots": 2, "receipts": 2}


@pytest.mark.own_database
def test_a_receipt_that_cannot_be_written_takes_the_ballot_back(site):
    world = build_poll(site, count=1)
    run_sql(site, "ALTER TABLE receipts RENAME TO receipts_gone")
    with pytest.raises(SQLAlchemyError):
        cast(site, world.codes["A"][0], filled(sheet_of(site, world.poll_id)))
    run_sql(site, "ALTER TABLE receipts_gone RENAME TO receipts")
    assert box_counts(site, world.poll_id) == {"unused": 1}


def test_two_posts_of_one_ticket_at_once_count_once(site, other_site):
    world = build_poll(site, count=ROUNDS, leaders=0)
    submitted = filled(sheet_of(site, world.poll_id))
    for number, code in enumerate(world.codes["A"], start=1):
        outcomes = together(lambda c=code: cast(site, c, submitted), lambda c=code: cast(other_site, c, submitted))
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["TicketUsed", "str"], outcomes
        assert len(record_of(site, world.poll_id).ballots) == number
    assert box_counts(site, world.poll_id) == {"cast": ROUNDS, "ballots": ROUNDS, "receipts": ROUNDS}


def test_one_submission_posted_twice_at_once_gets_one_receipt_twice(site, other_site):
    world = build_poll(site, count=ROUNDS, leaders=0)
    submitted = filled(sheet_of(site, world.poll_id))
    for code in world.codes["A"]:
        nonce = receipts.new_nonce()
        outcomes = together(
            lambda c=code, n=nonce: cast(site, c, submitted, n),
            lambda c=code, n=nonce: cast(other_site, c, submitted, n),
        )
        assert outcomes[0] == outcomes[1]
        assert isinstance(outcomes[0], str)
    assert box_counts(site, world.poll_id) == {"cast": ROUNDS, "ballots": ROUNDS, "receipts": ROUNDS}


def test_one_nonce_on_two_tickets_at_once_counts_once_and_refuses_the_other(site, other_site):
    world = build_poll(site, count=2 * ROUNDS, leaders=0)
    submitted = filled(sheet_of(site, world.poll_id))
    codes = iter(world.codes["A"])
    for first, second in zip(codes, codes, strict=True):
        nonce = receipts.new_nonce()
        outcomes = together(
            lambda c=first, n=nonce: cast(site, c, submitted, n),
            lambda c=second, n=nonce: cast(other_site, c, submitted, n),
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["RefusedAnswers", "str"], outcomes
    counted = {"cast": ROUNDS, "unused": ROUNDS, "ballots": ROUNDS, "receipts": ROUNDS}
    assert box_counts(site, world.poll_id) == counted


def test_casting_and_voiding_one_ticket_at_once_does_one_of_them(site, other_site):
    world = build_poll(site, count=10, leaders=0)
    submitted = filled(sheet_of(site, world.poll_id))

    def void(code: str) -> None:
        with other_site.database.writing() as session:
            tickets.void(session, NOW, COMMAND_LINE, world.poll_id, code, "收回")

    for code in world.codes["A"]:
        outcomes = together(lambda c=code: cast(site, c, submitted), lambda c=code: void(c))
        names = [type(outcome).__name__ for outcome in outcomes]
        assert names in (["str", "WrongState"], ["TicketVoid", "NoneType"])
    counts = box_counts(site, world.poll_id)
    assert counts.get("cast", 0) + counts.get("void", 0) == 10
    assert counts.get("cast", 0) == counts.get("ballots", 0) == counts.get("receipts", 0)


def test_every_receipt_given_while_the_poll_is_sealed_is_on_the_board(site, other_site):
    voters, each = 3, 15
    world = build_poll(site, count=voters * each, leaders=0)
    submitted = filled(sheet_of(site, world.poll_id))
    given: list[str] = []
    some_voted = threading.Event()

    def vote(codes: list[str]) -> None:
        for code in codes:
            try:
                given.append(cast(site, code, submitted))
            except casting.PollClosed:
                return
            if len(given) >= each:
                some_voted.set()

    def end() -> str:
        some_voted.wait(30)
        return close_and_seal(other_site, world.poll_id)

    shares = [list(world.codes["A"][number::voters]) for number in range(voters)]
    outcomes = together(*(lambda share=share: vote(share) for share in shares), end)
    assert outcomes[:voters] == [None] * voters
    record = record_of(site, world.poll_id)
    assert sorted(given) == sorted(record.receipts)
    assert len(record.ballots) == len(given)
    with site.database.reading() as session:
        assert digest_of(poll_record.verified(session, polls.poll_of(session, world.poll_id))) == outcomes[voters]
