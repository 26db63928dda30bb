"""Sealing: conservation, order that tells nothing, and a seal that finds every change."""

from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.errors import Imbalance, NotFound, WrongState
from surveys.acts.site import Site
from surveys.polling.seal import seal as digest_of
from surveys.polling.states import PollState
from surveys.vote import poll_record, polls, tallies
from surveys.vote.polls import ClassEntry
from tests.builders import (
    World,
    box_counts,
    build_poll,
    cast,
    close,
    close_and_seal,
    dump,
    filled,
    run_sql,
    seal,
    sheet_of,
)
from tests.sites import NOW

pytestmark = [pytest.mark.own_database, pytest.mark.both]

VOTES = 12
TWO_CLASSES = (ClassEntry("A", "甲", Decimal(30)), ClassEntry("B", "乙", Decimal(70)))


def state_of(site: Site, poll_id: int) -> PollState:
    with site.database.reading() as session:
        return polls.poll_of(session, poll_id).state


def voted(site: Site) -> tuple[World, list[str], list[str]]:
    """A poll with ballots that can be told apart; their answers and their receipts in the order of the votes."""
    world = build_poll(site, count=VOTES + 1, leaders=0)
    sheet = sheet_of(site, world.poll_id)
    answers = ["ABCD"[number // 4] + "ABCD"[number % 4] + "A" * 7 for number in range(VOTES)]
    codes = world.codes["A"]
    given = [cast(site, code, filled(sheet, letters)) for code, letters in zip(codes, answers, strict=False)]
    return world, answers, given


def stored(site: Site, query: str) -> list[object]:
    with site.database.reading() as session:
        return list(session.scalars(sa.text(query)))


def test_sealing_keeps_what_was_cast_and_says_so(site):
    world, answers, given = voted(site)
    found = close_and_seal(site, world.poll_id)
    assert box_counts(site, world.poll_id) == {"cast": VOTES, "unused": 1, "ballots": VOTES, "receipts": VOTES}
    assert sorted(stored(site, "SELECT answers FROM ballots")) == sorted(answers)
    assert sorted(stored(site, "SELECT code FROM receipts")) == sorted(given)
    with site.database.reading() as session:
        poll = polls.poll_of(session, world.poll_id)
        assert (poll.state, poll.seal, poll.sealed_at) == (PollState.SEALED, found, NOW)
        assert digest_of(poll_record.verified(session, poll)) == found
    assert found.startswith("sha256:")


def test_the_order_in_the_table_is_not_the_order_of_the_votes(site):
    world, answers, given = voted(site)
    before = {bytes(each) for each in stored(site, "SELECT id FROM ballots")}
    close_and_seal(site, world.poll_id)
    order = "" if site.database.is_sqlite else " ORDER BY ctid"
    assert stored(site, f"SELECT answers FROM ballots{order}") != answers
    assert stored(site, f"SELECT code FROM receipts{order}") != given
    assert not before & {bytes(each) for each in stored(site, "SELECT id FROM ballots")}


def test_sealing_writes_every_row_in_one_transaction(site):
    if site.database.is_sqlite:
        pytest.skip("PostgreSQL 才有 xmin")
    world, _, _ = voted(site)
    for box in ("ballots", "receipts"):
        assert len(set(stored(site, f"SELECT xmin::text FROM {box}"))) == VOTES
    close_and_seal(site, world.poll_id)
    for box in ("ballots", "receipts"):
        assert len(set(stored(site, f"SELECT xmin::text FROM {box}"))) == 1


def test_sealing_leaves_no_old_row_in_the_files(site, tmp_path: Path):
    if not site.database.is_sqlite:
        pytest.skip("只有 SQLite 的文件由这里管")
    world, _, _ = voted(site)
    old = [bytes(each) for each in stored(site, "SELECT id FROM ballots")]
    assert any(old[0] in path.read_bytes() for path in tmp_path.glob("test.db*"))
    close_and_seal(site, world.poll_id)
    for path in tmp_path.glob("test.db*"):
        content = path.read_bytes()
        assert not [each for each in old if each in content]


def test_a_poll_nobody_voted_in_can_be_sealed(site):
    world = build_poll(site, count=2)
    assert close_and_seal(site, world.poll_id).startswith("sha256:")
    assert box_counts(site, world.poll_id) == {"unused": 2}


def test_other_polls_are_left_alone(site):
    world, _, _ = voted(site)
    other = build_poll(site, unit_id=world.unit_id, count=3)
    cast(site, other.codes["A"][0], filled(sheet_of(site, other.poll_id)))
    query = f"SELECT id FROM ballots WHERE poll_id = {other.poll_id}"
    before = stored(site, query)
    close_and_seal(site, world.poll_id)
    assert stored(site, query) == before
    assert state_of(site, other.poll_id) is PollState.OPEN


def test_only_a_closed_poll_can_be_sealed_and_only_once(site):
    world = build_poll(site, count=1, opened=False)
    with pytest.raises(NotFound):
        seal(site, world.poll_id + 1)
    with pytest.raises(WrongState):
        seal(site, world.poll_id)
    with site.database.writing() as session:
        polls.open_poll(session, NOW, COMMAND_LINE, world.poll_id)
    with pytest.raises(WrongState):
        seal(site, world.poll_id)
    close(site, world.poll_id)
    seal(site, world.poll_id)
    before = dump(site.database)
    with pytest.raises(WrongState):
        seal(site, world.poll_id)
    assert dump(site.database) == before


def test_no_result_and_nothing_to_verify_before_sealing(site):
    world = build_poll(site, count=1, opened=False)

    def refused() -> None:
        with site.database.reading() as session:
            poll = polls.poll_of(session, world.poll_id)
            with pytest.raises(WrongState):
                tallies.tally(session, poll)
            with pytest.raises(WrongState):
                poll_record.verified(session, poll)

    refused()
    with site.database.writing() as session:
        polls.open_poll(session, NOW, COMMAND_LINE, world.poll_id)
    refused()
    close(site, world.poll_id)
    refused()
    seal(site, world.poll_id)
    with site.database.reading() as session:
        assert tallies.tally(session, polls.poll_of(session, world.poll_id)).turnout.returned == 0


CHANGES = {
    "one changed letter": "UPDATE ballots SET answers = 'D' || substr(answers, 2) WHERE id = :ballot",
    "a changed ballot class": "UPDATE ballots SET class_key = 'B' WHERE id = :ballot",
    "a removed ballot": "DELETE FROM ballots WHERE id = :ballot",
    "an added ballot": "INSERT INTO ballots (poll_id, id, class_key, answers) VALUES (:poll, :new, 'A', 'AAAAAAAAA')",
    "a removed receipt": "DELETE FROM receipts WHERE code = :receipt",
    "an added receipt": "INSERT INTO receipts (poll_id, code) VALUES (:poll, '000000000000')",
    "a changed receipt": "UPDATE receipts SET code = '000000000000' WHERE code = :receipt",
    "a cast ticket given back": "UPDATE tickets SET state = 'issued' WHERE code_hash = :cast",
    "an unused ticket voided": "UPDATE tickets SET state = 'void' WHERE code_hash = :unused",
    "an unused ticket cast": "UPDATE tickets SET state = 'cast' WHERE code_hash = :unused",
    "an unused ticket removed": "DELETE FROM tickets WHERE code_hash = :unused",
    "a ticket moved to the other class": "UPDATE tickets SET class_key = 'B' WHERE code_hash = :unused",
    "a changed weight": "UPDATE ballot_classes SET weight = '31' WHERE key = 'A'",
    "a renamed class": "UPDATE ballot_classes SET name = '丙' WHERE key = 'A'",
    "a changed number present": "UPDATE polls SET present = 9",
    "a forgotten number present": "UPDATE polls SET present = NULL",
    "a changed number entitled": "UPDATE polls SET entitled = 9",
    "a changed rule": "UPDATE polls SET rules = replace(CAST(rules AS TEXT), 'exclude', 'zero'){json}",
    "a changed sheet": "UPDATE polls SET sheet = replace(CAST(sheet AS TEXT), '{old}', '{new}'){json}",
    "another seal": "UPDATE polls SET seal = 'sha256:0'",
}


def test_verifying_finds_every_change_after_sealing(site):
    world = build_poll(site, count=3, classes=TWO_CLASSES, leaders=0, present=8)
    for key in "AB":
        for code in world.codes[key][:2]:
            cast(site, code, filled(sheet_of(site, world.poll_id), "ABC"))
    close_and_seal(site, world.poll_id)
    values = {
        "poll": world.poll_id,
        "new": b"\x00" * 16,
        "ballot": stored(site, "SELECT id FROM ballots WHERE class_key = 'A'")[0],
        "receipt": stored(site, "SELECT code FROM receipts")[0],
        "cast": stored(site, "SELECT code_hash FROM tickets WHERE class_key = 'A' AND state = 'cast'")[0],
        "unused": stored(site, "SELECT code_hash FROM tickets WHERE class_key = 'A' AND state = 'issued'")[0],
    }
    # SQLite keeps JSON as text with escapes, PostgreSQL as it came.
    json = "" if site.database.is_sqlite else "::json"
    unit = sheet_of(site, world.poll_id).unit
    text = stored(site, "SELECT CAST(sheet AS TEXT) FROM polls")[0]
    old = unit if unit in str(text) else unit.encode("unicode_escape").decode()
    with site.database.writing() as session:
        for what, change in CHANGES.items():
            statement = change.replace("{json}", json).replace("{old}", old).replace("{new}", "x")
            used = {name: value for name, value in values.items() if f":{name}" in statement}
            # `::json` is a cast, not a parameter.
            assert session.execute(sa.text(statement.replace("::", r"\:\:")), used).rowcount, what
            session.expire_all()
            poll = polls.poll_of(session, world.poll_id)
            try:
                poll_record.verified(session, poll)
            except Imbalance:
                pass
            else:
                pytest.fail(f"not found: {what}")
            session.rollback()
            poll_record.verified(session, polls.poll_of(session, world.poll_id))


def test_verifying_finds_a_vote_taken_out_of_all_three_boxes(site):
    world, _, _ = voted(site)
    close_and_seal(site, world.poll_id)
    first = "(SELECT {0} FROM {1} ORDER BY {0} LIMIT 1)"
    run_sql(site, f"DELETE FROM ballots WHERE id = {first.format('id', 'ballots')}")
    run_sql(site, f"DELETE FROM receipts WHERE code = {first.format('code', 'receipts')}")
    cast_tickets = "tickets WHERE state = 'cast'"
    run_sql(site, f"UPDATE tickets SET state = 'issued' WHERE code_hash = {first.format('code_hash', cast_tickets)}")
    with site.database.reading() as session, pytest.raises(Imbalance, match="封存后数据有改动"):
        poll_record.verified(session, polls.poll_of(session, world.poll_id))


def test_boxes_that_do_not_agree_are_not_sealed(site):
    world, _, given = voted(site)
    close(site, world.poll_id)
    run_sql(site, "DELETE FROM receipts WHERE code = :code", code=given[0])
    before = dump(site.database)
    with pytest.raises(Imbalance, match="没有封存"):
        seal(site, world.poll_id)
    assert state_of(site, world.poll_id) is PollState.CLOSED
    assert dump(site.database) == before
    run_sql(site, "INSERT INTO receipts (poll_id, code) VALUES (:poll, :code)", poll=world.poll_id, code=given[0])
    assert seal(site, world.poll_id)
