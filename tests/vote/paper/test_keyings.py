"""Returned paper ballots: two hands, what is settled, and one cast of what is agreed."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.acts.errors import BadInput, Imbalance, NotAllowed, NotFound, WrongState
from surveys.acts.site import Site
from surveys.polling import envelopes, keying
from surveys.polling.states import PollState
from surveys.vote import poll_record, polls
from surveys.vote.paper_ballots import paper_keying
from surveys.vote.paper_ballots.paper_returned import FIRST, SECOND
from surveys.vote.polls import ClassEntry
from tests import papers
from tests.builders import (
    box_counts,
    cast,
    close,
    close_and_seal,
    dump,
    filled,
    record_of,
    run_sql,
    seal,
    sheet_of,
)
from tests.papers import keyings_left, log_of, paper_poll, person, status
from tests.vote.casting.test_casting import together

pytestmark = pytest.mark.both

TWO_CLASSES = (ClassEntry("A", "甲", Decimal(30)), ClassEntry("B", "乙", Decimal(70)))


@pytest.fixture
def people(site: Site):
    return [person(site, name) for name in ("甲录入", "乙录入", "丙核定")]


@pytest.fixture
def other_site(site: Site):
    other = Site.build(site.settings)
    yield other
    other.database.engine.dispose()


def test_two_hands_agree_and_are_cast(site, people):
    world = paper_poll(site, 3)
    assert papers.key(site, people[0], world.poll_id, 1, FIRST, "1234") == paper_keying.Saved(None, 2)
    assert papers.key(site, people[1], world.poll_id, 1, SECOND, "1234") == paper_keying.Saved(0, None)
    assert papers.cast(site, people[2], world.poll_id) == 1
    assert box_counts(site, world.poll_id) == {"cast": 1, "unused": 2, "ballots": 1, "receipts": 1}
    assert record_of(site, world.poll_id).ballots == [("A", papers.letters(site, world.poll_id, "1234"))]
    assert keyings_left(site) == 0


def test_one_account_is_not_both_hands(site, people):
    world = paper_poll(site)
    papers.key(site, people[0], world.poll_id, 1, FIRST)
    with pytest.raises(NotAllowed, match="由另一个人来做"):
        papers.key(site, people[0], world.poll_id, 1, SECOND)
    with site.database.reading() as session, pytest.raises(NotAllowed):
        paper_keying.opened(session, site.settings.secret_key, people[0], world.poll_id, "A", SECOND, 1)
    assert status(site, people[0], world.poll_id).following[SECOND] is None
    papers.key(site, people[1], world.poll_id, 1, SECOND, "2")
    with pytest.raises(NotAllowed):
        papers.key(site, people[1], world.poll_id, 1, FIRST)
    with pytest.raises(NotAllowed, match="命令行没有账号"):
        papers.key(site, COMMAND_LINE, world.poll_id, 2, FIRST)


def test_a_keyed_number_is_nobody_elses(site, people):
    world = paper_poll(site)
    papers.key(site, people[0], world.poll_id, 1, FIRST, "1")
    with pytest.raises(WrongState, match="已由“甲录入”录过"):
        papers.key(site, people[1], world.poll_id, 1, FIRST, "2")
    with pytest.raises(WrongState, match="还没有录第一遍"):
        papers.key(site, people[1], world.poll_id, 2, SECOND)


def test_the_second_hand_sees_nothing_of_the_first(site, people):
    world = paper_poll(site)
    papers.key(site, people[0], world.poll_id, 1, FIRST, "1234")

    def opened(who, hand):
        with site.database.reading() as session:
            return paper_keying.opened(session, site.settings.secret_key, who, world.poll_id, "A", hand, 1)

    assert opened(people[0], FIRST) == papers.typed(site, world.poll_id, "1234")
    assert opened(people[1], SECOND) == {}
    papers.key(site, people[1], world.poll_id, 1, SECOND, "4")
    assert opened(people[1], SECOND) == papers.typed(site, world.poll_id, "4")


def test_a_difference_is_settled_by_what_the_paper_says(site, people):
    world = paper_poll(site, leaders=0)
    first = papers.typed(site, world.poll_id, "1")
    papers.key(site, people[0], world.poll_id, 1, FIRST, first)
    saved = papers.key(site, people[1], world.poll_id, 1, SECOND, first | {"o-3": "2", "o-9": "0"})
    assert saved.differing == 2
    with pytest.raises(WrongState, match="没有录完两遍或没有核定"):
        papers.cast(site, people[2], world.poll_id)
    with site.database.reading() as session:
        found = paper_keying.differences(session, site.settings.secret_key, people[2], world.poll_id, "A", 1)
    assert [(each.question.key, each.first, each.second) for each in found] == [
        ("3", "好", "较好"),
        ("9", "好", "未填"),
    ]
    # Only the cells that differ are asked: what is sent for another one changes nothing.
    papers.settle(site, people[2], world.poll_id, 1, {"o-3": "b", "o-9": "０", "o-1": "4"})
    assert papers.cast(site, people[2], world.poll_id) == 1
    assert record_of(site, world.poll_id).ballots == [("A", "AABAAAAA-")]
    assert log_of(site, "paper.settle") == [("丙核定", "A 1 张 2 处")]


def test_settling_needs_every_differing_cell(site, people):
    world = paper_poll(site, leaders=0)
    first = papers.typed(site, world.poll_id, "1")
    papers.key(site, people[0], world.poll_id, 1, FIRST, first)
    papers.key(site, people[1], world.poll_id, 1, SECOND, first | {"o-3": "2", "o-9": "0"})
    with pytest.raises(keying.BadCells) as caught:
        papers.settle(site, people[2], world.poll_id, 1, {"o-3": "7"})
    assert caught.value.faults == {"o-3": "7", "o-9": ""}
    with pytest.raises(NotAllowed):
        papers.settle(site, COMMAND_LINE, world.poll_id, 1, {"o-3": "1", "o-9": "1"})
    assert status(site, people[0], world.poll_id).agreed == 0


def differing(site, people, world) -> None:
    """Ballot 1, as two hands keyed it: 差 and 好 in every cell."""
    papers.key(site, people[0], world.poll_id, 1, FIRST, "4")
    papers.key(site, people[1], world.poll_id, 1, SECOND, "1")


def test_neither_hand_settles_what_it_keyed(site, people):
    world = paper_poll(site, leaders=0)
    differing(site, people, world)
    before = dump(site.database)
    for keyer in people[:2]:
        with pytest.raises(NotAllowed, match="第三个人"):
            papers.settle(site, keyer, world.poll_id, 1, papers.typed(site, world.poll_id, "1"))
        with pytest.raises(NotAllowed, match="第三个人"):
            papers.send_back(site, keyer, world.poll_id, 1)
        with site.database.reading() as session, pytest.raises(NotAllowed, match="第三个人"):
            paper_keying.differences(session, site.settings.secret_key, keyer, world.poll_id, "A", 1)
    assert dump(site.database) == before


@pytest.mark.parametrize("role", list(Role))
def test_who_runs_polls_or_watches_them_settles(site, people, role):
    world = paper_poll(site, leaders=0)
    differing(site, people, world)
    who = replace(people[2], role=role)
    if role in (Role.ADMIN, Role.ORGANIZER, Role.SCRUTINEER):
        papers.settle(site, who, world.poll_id, 1, papers.typed(site, world.poll_id, "14"))
        assert papers.cast(site, people[0], world.poll_id) == 1
        assert record_of(site, world.poll_id).ballots == [("A", "ADADADADA")]
    else:
        with pytest.raises(NotAllowed):
            papers.settle(site, who, world.poll_id, 1, papers.typed(site, world.poll_id, "1"))


def test_what_neither_hand_keyed_is_not_settled(site, people):
    world = paper_poll(site, leaders=0)
    differing(site, people, world)
    with pytest.raises(keying.BadCells) as caught:
        papers.settle(site, people[2], world.poll_id, 1, papers.typed(site, world.poll_id, "1") | {"o-2": "2"})
    assert caught.value.faults == {"o-2": "2"}
    assert status(site, people[2], world.poll_id).agreed == 0


def test_what_neither_hand_read_right_is_keyed_anew(site, people):
    world = paper_poll(site, leaders=0)
    differing(site, people, world)
    with pytest.raises(BadInput):
        papers.send_back(site, people[2], world.poll_id, 1, " ")
    papers.send_back(site, people[2], world.poll_id, 1)
    assert keyings_left(site) == 0
    assert log_of(site, "paper.send_back") == [("丙核定", "A 1 张（第一遍 甲录入，第二遍 乙录入）两遍都不对")]
    papers.key_twice(site, people, world.poll_id, {1: "2"})
    with pytest.raises(WrongState, match="没有要核定的"):
        papers.send_back(site, people[2], world.poll_id, 1)
    assert papers.cast(site, people[2], world.poll_id) == 1
    assert record_of(site, world.poll_id).ballots == [("A", "B" * 9)]


def test_only_what_differs_is_settled(site, people):
    world = paper_poll(site)
    with pytest.raises(NotFound):
        papers.settle(site, people[2], world.poll_id, 1, {})
    papers.key(site, people[0], world.poll_id, 1, FIRST)
    with pytest.raises(WrongState):
        papers.settle(site, people[2], world.poll_id, 1, {})
    papers.key(site, people[1], world.poll_id, 1, SECOND)
    with pytest.raises(WrongState):
        papers.settle(site, people[2], world.poll_id, 1, {})


def test_a_keyer_corrects_the_own_hand_until_it_is_agreed(site, people):
    world = paper_poll(site, leaders=0)
    papers.key(site, people[0], world.poll_id, 1, FIRST, "1")
    papers.key(site, people[1], world.poll_id, 1, SECOND, "2")
    papers.key(site, people[1], world.poll_id, 1, SECOND, "2")
    assert log_of(site, "paper.correct") == []
    assert papers.key(site, people[1], world.poll_id, 1, SECOND, "1").differing == 0
    assert log_of(site, "paper.correct") == [("乙录入", "A 第二遍 1 张")]
    for who, hand in zip(people, (FIRST, SECOND), strict=False):
        with pytest.raises(WrongState, match="不能再改"):
            papers.key(site, who, world.poll_id, 1, hand, "3")
    assert papers.cast(site, people[0], world.poll_id) == 1


def test_a_settled_ballot_is_not_keyed_again(site, people):
    world = paper_poll(site, leaders=0)
    papers.key(site, people[0], world.poll_id, 1, FIRST, "1")
    papers.key(site, people[1], world.poll_id, 1, SECOND, "2")
    papers.settle(site, people[2], world.poll_id, 1, papers.typed(site, world.poll_id, "2"))
    with pytest.raises(WrongState, match="不能再改"):
        papers.key(site, people[0], world.poll_id, 1, FIRST, "2")
    with pytest.raises(WrongState, match="没有要核定的"):
        papers.settle(site, people[2], world.poll_id, 1, {})


def test_a_ballot_keyed_twice_by_mistake_is_removed_with_a_reason(site, people):
    world = paper_poll(site, 2)
    papers.key_twice(site, people, world.poll_id, {1: "1", 2: "1"})
    with pytest.raises(BadInput):
        papers.remove(site, people[2], world.poll_id, 2, "  ")
    with pytest.raises(NotFound):
        papers.remove(site, people[2], world.poll_id, 3)
    papers.remove(site, people[2], world.poll_id, 2, "与第 1 张是同一张纸")
    assert log_of(site, "paper.remove") == [("丙核定", "A 1 张（第一遍 甲录入，第二遍 乙录入）与第 1 张是同一张纸")]
    assert papers.cast(site, people[2], world.poll_id) == 1
    assert box_counts(site, world.poll_id) == {"cast": 1, "unused": 1, "ballots": 1, "receipts": 1}


def test_no_more_is_keyed_than_paper_ballots_are_out(site, people):
    world = paper_poll(site, 2, count=3)
    papers.key_twice(site, people, world.poll_id, {1: "1", 2: "1"})
    with pytest.raises(WrongState, match="只有 2 张，已经录了 2 张"):
        papers.key(site, people[0], world.poll_id, 3, FIRST)
    papers.cast(site, people[0], world.poll_id)
    with pytest.raises(WrongState, match="只有 0 张"):
        papers.key(site, people[0], world.poll_id, 3, FIRST)
    papers.issue(site, world.poll_id, 1)
    papers.key(site, people[0], world.poll_id, 3, FIRST)
    assert box_counts(site, world.poll_id) == {"cast": 2, "unused": 4, "ballots": 2, "receipts": 2}


def test_slips_are_not_spent_on_paper(site, people):
    """However many slips are out: a slip that somebody holds in the hall stays good."""
    world = paper_poll(site, 1, count=20)
    papers.key_twice(site, people, world.poll_id, {1: "1"})
    papers.cast(site, people[0], world.poll_id)
    submitted = filled(sheet_of(site, world.poll_id))
    for code in world.codes["A"]:
        cast(site, code, submitted)
    assert box_counts(site, world.poll_id) == {"cast": 21, "ballots": 21, "receipts": 21}


def test_a_paper_ballot_spends_a_ticket_of_its_own_class(site, people):
    world = paper_poll(site, 2, classes=TWO_CLASSES)
    papers.key_twice(site, people, world.poll_id, {1: "1", 2: "2"}, "B")
    papers.key_twice(site, people, world.poll_id, {1: "3"}, "A")
    assert papers.cast(site, people[0], world.poll_id, "B") == 2
    with site.database.reading() as session:
        counts = poll_record.class_counts(session, polls.poll_of(session, world.poll_id))
    assert [(entry.key, entry.cast, entry.unused) for entry in counts] == [("A", 0, 2), ("B", 2, 0)]
    assert keyings_left(site) == 2


def test_nothing_is_cast_while_one_is_not_agreed(site, people):
    """Numbers begin at 1 again: what is left of the pile would be keyed, and counted, twice."""
    world = paper_poll(site, 5, leaders=0)
    papers.key_twice(site, people, world.poll_id, {1: "1", 4: "4"})
    papers.key(site, people[0], world.poll_id, 2, FIRST, "2")
    papers.key(site, people[0], world.poll_id, 3, FIRST, "3")
    papers.key(site, people[1], world.poll_id, 3, SECOND, "1")
    with pytest.raises(WrongState, match=r"A 类票有 2 张没有录完两遍或没有核定（第 2、3 张），一张都没有计入"):
        papers.cast(site, people[0], world.poll_id)
    found = status(site, people[0], world.poll_id)
    assert (found.issued, found.cast, found.agreed) == (5, 0, 2)
    papers.key(site, people[1], world.poll_id, 2, SECOND, "2")
    papers.key(site, people[0], world.poll_id, 3, FIRST, "1")
    assert papers.cast(site, people[0], world.poll_id) == 4
    assert status(site, people[0], world.poll_id).papers == ()
    assert status(site, people[0], world.poll_id).following[FIRST] == 1, "a new pile"
    assert sorted(record_of(site, world.poll_id).ballots) == [("A", letter * 9) for letter in "AABD"]


@pytest.mark.parametrize("acts", [[], ["pause"], ["close"]])
def test_paper_is_keyed_while_the_poll_is_open_paused_or_closed(site, people, acts):
    world = paper_poll(site)
    for act in acts:
        if act == "close":
            close(site, world.poll_id, 5)
        else:
            run_sql(site, "UPDATE polls SET state = 'paused'")
    papers.key_twice(site, people, world.poll_id, {1: "1"})
    assert papers.cast(site, people[0], world.poll_id) == 1


@pytest.mark.parametrize("state", [PollState.DRAFT, PollState.SEALED])
def test_paper_is_not_keyed_before_and_after(site, people, state):
    world = paper_poll(site, opened=state is not PollState.DRAFT)
    if state is PollState.SEALED:
        close_and_seal(site, world.poll_id, 5)
    before = dump(site.database)
    for act in (
        lambda: papers.key(site, people[0], world.poll_id, 1, FIRST, {}),
        lambda: papers.settle(site, people[0], world.poll_id, 1, {}),
        lambda: papers.remove(site, people[0], world.poll_id, 1),
        lambda: papers.cast(site, people[0], world.poll_id),
    ):
        with pytest.raises(WrongState, match=state.label):
            act()
    assert dump(site.database) == before


@pytest.mark.parametrize(("hand", "number", "class_key"), [(1, 0, "A"), (1, 10000, "A"), (3, 1, "A"), (1, 1, "Z")])
def test_what_does_not_exist_is_not_keyed(site, people, hand, number, class_key):
    world = paper_poll(site)
    with pytest.raises(NotFound):
        papers.key(site, people[0], world.poll_id, number, hand, "1", class_key)


def test_a_cell_that_cannot_be_taken_keeps_nothing(site, people):
    world = paper_poll(site, leaders=0)
    cells = papers.typed(site, world.poll_id, "1") | {"o-2": "7", "o-4": ""}
    with pytest.raises(keying.BadCells) as caught:
        papers.key(site, people[0], world.poll_id, 1, FIRST, cells)
    assert caught.value.faults == {"o-2": "7", "o-4": ""}
    assert keyings_left(site) == 0


def test_sealing_waits_for_what_is_keyed(site, people):
    world = paper_poll(site, 3, classes=TWO_CLASSES)
    papers.key_twice(site, people, world.poll_id, {1: "1", 2: "1"})
    papers.key(site, people[0], world.poll_id, 7, FIRST, "1", "B")
    close(site, world.poll_id, 6)
    with pytest.raises(WrongState, match=r"有 3 张纸质票.*A 类 2 张，B 类 1 张"):
        seal(site, world.poll_id)
    papers.cast(site, people[0], world.poll_id)
    with pytest.raises(WrongState, match=r"有 1 张纸质票.*B 类 1 张"):
        seal(site, world.poll_id)
    papers.remove(site, people[0], world.poll_id, 7, class_key="B")
    assert seal(site, world.poll_id, 4).startswith("sha256:")


def test_paper_and_phones_together_are_sealed(site, people):
    world = paper_poll(site, 4, count=4)
    submitted = filled(sheet_of(site, world.poll_id), "B")
    for code in world.codes["A"][:3]:
        cast(site, code, submitted)
    papers.key_twice(site, people, world.poll_id, {1: "1", 2: "0"})
    papers.cast(site, people[0], world.poll_id)
    close_and_seal(site, world.poll_id, 2)
    with site.database.reading() as session:
        found = poll_record.verified(session, polls.poll_of(session, world.poll_id))
    length = sheet_of(site, world.poll_id).length()
    assert sorted(found.ballots) == sorted([("A", "B" * length)] * 3 + [("A", "A" * length), ("A", "-" * length)])
    (entry,) = found.classes
    assert (entry.issued, entry.cast, entry.unused) == (8, 5, 3)
    assert len(set(found.receipts)) == 5


def test_another_polls_keyings_do_not_hold_up_sealing(site, people):
    world = paper_poll(site)
    other = paper_poll(site, unit_id=world.unit_id)
    papers.key(site, people[0], other.poll_id, 1, FIRST)
    close_and_seal(site, world.poll_id, 5)


def test_keyings_lie_in_envelopes(site, people, tmp_path: Path):
    world = paper_poll(site, leaders=0)
    papers.key_twice(site, people, world.poll_id, {1: "1234"})
    letters = papers.letters(site, world.poll_id, "1234")
    rows = dump(site.database)["keyings"]
    assert len(rows) == 2
    for secret in (letters, "123412341"):
        assert secret not in repr(dump(site.database))
        for path in tmp_path.glob("test.db*"):
            assert secret.encode() not in path.read_bytes()
    shut = [row[-1] for row in rows]
    assert len(set(shut)) == 2  # alike, they would say that the hands agree
    with site.database.reading() as session:
        poll = polls.poll_of(session, world.poll_id)
        key = envelopes.poll_key(site.settings.secret_key, poll.envelope_salt or b"")
    with pytest.raises(envelopes.BrokenEnvelope):
        envelopes.open_envelope(key, poll.prefix, "A", shut[0])


def test_a_keying_put_in_another_place_is_found(site, people):
    world = paper_poll(site)
    papers.key(site, people[0], world.poll_id, 1, FIRST)
    run_sql(site, "UPDATE keyings SET number = 2")
    with pytest.raises(Imbalance, match="打不开"):
        papers.key(site, people[1], world.poll_id, 2, SECOND)


def test_ballots_of_paper_and_phone_are_alike(site, people):
    world = paper_poll(site, 3, count=3)
    submitted = filled(sheet_of(site, world.poll_id), "AB")
    for code in world.codes["A"]:
        cast(site, code, submitted)
    before = {bytes(row[1]) for row in dump(site.database)["ballots"]}
    papers.key_twice(site, people, world.poll_id, {1: "12", 2: "12", 3: "12"})
    papers.cast(site, people[0], world.poll_id)
    rows = dump(site.database)["ballots"]
    shapes = {bytes(row[1]) in before: set() for row in rows}
    for row in rows:
        shapes[bytes(row[1]) in before].add((row[0], len(bytes(row[1])), row[2], len(row[3])))
    assert shapes[True] == shapes[False]
    close_and_seal(site, world.poll_id)
    assert len({row[2:] for row in dump(site.database)["ballots"]}) == 1


def test_ballots_are_cast_in_random_order(site, people, monkeypatch):
    world = paper_poll(site, 12, leaders=0)
    sheets = {number: f"{'1234'[number % 4]}{'1234'[number // 4]}1" for number in range(1, 13)}
    papers.key_twice(site, people, world.poll_id, sheets)
    cast_in: list[tuple[bytes, str]] = []
    count = paper_keying.casting.count

    def watched(connection, key, found, code_hash, answers, receipt):
        cast_in.append((bytes(code_hash), answers))
        return count(connection, key, found, code_hash, answers, receipt)

    monkeypatch.setattr(paper_keying.casting, "count", watched)
    papers.cast(site, people[0], world.poll_id)
    keyed = [papers.letters(site, world.poll_id, digits) for digits in sheets.values()]
    answers, hashes = [each for _, each in cast_in], [each for each, _ in cast_in]
    assert sorted(answers) == sorted(keyed)
    # One of 12! orders each.
    assert answers not in (keyed, keyed[::-1])
    assert hashes not in (sorted(hashes), sorted(hashes, reverse=True))


def test_a_ticket_that_is_gone_takes_everything_back(site, people, monkeypatch):
    world = paper_poll(site, 3, leaders=0)
    papers.key_twice(site, people, world.poll_id, {1: "1", 2: "2", 3: "3"})
    before = dump(site.database)
    count, calls = paper_keying.casting.count, []

    def fails_at_last(*arguments):
        calls.append(arguments)
        return len(calls) < 3 and count(*arguments)

    monkeypatch.setattr(paper_keying.casting, "count", fails_at_last)
    with pytest.raises(WrongState):
        papers.cast(site, people[0], world.poll_id)
    assert dump(site.database) == before


def test_the_log_says_who_keyed_how_many_and_nothing_of_what(site, people):
    world = paper_poll(site, 4, leaders=0)
    papers.key_twice(site, people, world.poll_id, {1: "3", 2: "3"})
    papers.key(site, people[1], world.poll_id, 3, FIRST, "3")
    papers.key(site, people[0], world.poll_id, 3, SECOND, "4")
    papers.settle(site, people[2], world.poll_id, 3, papers.typed(site, world.poll_id, "4"))
    papers.cast(site, people[2], world.poll_id)
    detail = "A 3 张；第一遍 甲录入 2 张、乙录入 1 张；第二遍 甲录入 1 张、乙录入 2 张；核定 丙核定 1 张"
    assert log_of(site, "paper.cast") == [("丙核定", detail)]
    with site.database.reading() as session:
        said = list(session.scalars(sa.text("SELECT detail FROM audit_log WHERE act LIKE 'paper.%'")))
    assert not [each for each in said for secret in ("CCC", "DDD", "333", "444", "一般", "差") if secret in each]


def test_the_status_shows_nothing_of_the_answers(site, people):
    world = paper_poll(site, 4, leaders=0)
    papers.key_twice(site, people, world.poll_id, {1: "3"})
    papers.key(site, people[0], world.poll_id, 2, FIRST, "3")
    found = status(site, people[0], world.poll_id)
    assert (found.issued, found.cast, found.agreed, found.keyed(FIRST), found.keyed(SECOND)) == (4, 0, 1, 2, 1)
    assert "CCC" not in repr(found)
    assert "333" not in repr(found)


def test_the_next_number(site, people):
    world = paper_poll(site, 6, leaders=0)
    first, second, third = people

    def following(who, hand):
        return status(site, who, world.poll_id).following[hand]

    assert (following(first, FIRST), following(second, SECOND)) == (1, None)
    assert papers.key(site, first, world.poll_id, 1, FIRST).following == 2
    assert papers.key(site, third, world.poll_id, 2, FIRST).following == 3
    assert following(first, FIRST) == 3
    assert papers.key(site, first, world.poll_id, 3, FIRST).following == 4
    assert following(third, FIRST) == 4
    assert [following(who, SECOND) for who in people] == [2, 1, 1]
    assert papers.key(site, second, world.poll_id, 3, SECOND).following == 1
    assert papers.key(site, second, world.poll_id, 1, SECOND).following == 2
    assert papers.key(site, second, world.poll_id, 2, SECOND).following is None


def test_two_people_cast_at_once(site, other_site, people):
    """Each ballot is counted once, whoever is first."""
    for _ in range(4):
        world = paper_poll(site, 8, leaders=0)
        papers.key_twice(site, people, world.poll_id, dict.fromkeys(range(1, 7), "12"))
        outcomes = together(
            lambda w=world: papers.cast(site, people[0], w.poll_id),
            lambda w=world: papers.cast(other_site, people[1], w.poll_id),
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["WrongState", "int"], outcomes
        assert box_counts(site, world.poll_id) == {"cast": 6, "unused": 2, "ballots": 6, "receipts": 6}
        assert keyings_left(site) == 0


def test_two_people_key_one_number_at_once(site, other_site, people):
    world = paper_poll(site, 8, leaders=0)
    for number in range(1, 6):
        outcomes = together(
            lambda n=number: papers.key(site, people[0], world.poll_id, n, FIRST, "1"),
            lambda n=number: papers.key(other_site, people[1], world.poll_id, n, FIRST, "2"),
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Saved", "WrongState"], outcomes
    assert keyings_left(site) == 5


def test_the_last_ticket_is_keyed_once(site, other_site, people):
    for _ in range(4):
        world = paper_poll(site, 1, leaders=0)
        outcomes = together(
            lambda w=world: papers.key(site, people[0], w.poll_id, 1, FIRST),
            lambda w=world: papers.key(other_site, people[1], w.poll_id, 2, FIRST),
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Saved", "WrongState"], outcomes


def test_keying_and_sealing_at_once_loses_nothing(site, other_site, people):
    for _ in range(4):
        world = paper_poll(site, 1, leaders=0)
        close(site, world.poll_id, 1)
        outcomes = together(
            lambda w=world: papers.key(site, people[0], w.poll_id, 1, FIRST),
            lambda w=world: seal(other_site, w.poll_id, 1),
        )
        names = [type(outcome).__name__ for outcome in outcomes]
        assert names in (["Saved", "WrongState"], ["WrongState", "str"]), outcomes
        if names[0] == "Saved":
            papers.remove(site, people[0], world.poll_id, 1)


def test_counting_and_sealing_at_once_drops_no_paper(site, other_site, people):
    for _ in range(4):
        world = paper_poll(site, 1, leaders=0)
        close(site, world.poll_id, 1)
        papers.key_twice(site, people, world.poll_id, {1: "1"})
        outcomes = together(
            lambda w=world: papers.cast(site, people[0], w.poll_id),
            lambda w=world: seal(other_site, w.poll_id, 1),
        )
        assert outcomes[0] == 1
        assert isinstance(outcomes[1], WrongState), "one paper ballot was keyed, or counted"
        assert box_counts(site, world.poll_id)["ballots"] == 1


def test_phones_vote_while_paper_is_cast(site, other_site, people):
    world = paper_poll(site, 10, count=10, leaders=0)
    papers.key_twice(site, people, world.poll_id, dict.fromkeys(range(1, 11), "1"))
    submitted = filled(sheet_of(site, world.poll_id))

    def vote() -> None:
        for code in world.codes["A"]:
            cast(other_site, code, submitted)

    assert together(lambda: papers.cast(site, people[0], world.poll_id), vote) == [10, None]
    assert box_counts(site, world.poll_id) == {"cast": 20, "ballots": 20, "receipts": 20}
