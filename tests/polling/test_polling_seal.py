"""The seal: what changes it, what does not, and what must balance before."""

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.polling.seal import ClassCount, Record, canonical, imbalance, seal

LEADERS = ClassCount("A", "班子成员", "0.6", issued=4, cast=2, void=1, unused=1)
STAFF = ClassCount("B", "职工", "0.4", issued=3, cast=1, void=0, unused=2)
RECORD = Record(
    poll="K7QF",
    rehearsal=False,
    entitled=7,
    present=None,
    sheet={"title": "年度民主测评", "leaders": []},
    rules={"blank": "exclude"},
    classes=[LEADERS, STAFF],
    ballots=[("B", "AB-"), ("A", "CDA"), ("A", "AAA")],
    receipts=["ZZZZZZZZZZZZ", "000000000000", "K7QFK7QFK7QF"],
)
CANONICAL = (
    '{"ballots":[["A","AAA"],["A","CDA"],["B","AB-"]],'
    '"classes":[{"cast":2,"issued":4,"key":"A","name":"班子成员","unused":1,"void":1,"weight":"0.6"},'
    '{"cast":1,"issued":3,"key":"B","name":"职工","unused":2,"void":0,"weight":"0.4"}],'
    '"entitled":7,"format":"ceping-seal/1","poll":"K7QF","present":null,'
    '"receipts":["000000000000","K7QFK7QFK7QF","ZZZZZZZZZZZZ"],"rehearsal":false,'
    '"rules":{"blank":"exclude"},"sheet":{"leaders":[],"title":"年度民主测评"}}'
)


def test_the_canonical_form_is_as_written_down():
    assert canonical(RECORD).decode() == CANONICAL


def test_the_seal_is_the_digest_of_the_canonical_form():
    again = json.dumps(json.loads(CANONICAL), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    assert seal(RECORD) == "sha256:" + hashlib.sha256(again.encode("utf-8")).hexdigest()


@given(st.permutations(RECORD.ballots), st.permutations(RECORD.receipts))
def test_the_order_of_ballots_and_receipts_leaves_no_trace(ballots, receipts):
    shuffled = replace(RECORD, ballots=ballots, receipts=receipts)

    assert canonical(shuffled) == canonical(RECORD)


def test_the_order_of_keys_leaves_no_trace():
    turned = replace(RECORD, sheet={"leaders": [], "title": "年度民主测评"})

    assert list(turned.sheet) != list(RECORD.sheet)
    assert seal(turned) == seal(RECORD)


@pytest.mark.parametrize(
    "change",
    [
        {"poll": "K7QG"},
        {"entitled": 8},
        {"present": 0},
        {"present": 7},
        {"sheet": {"title": "年度民主测评。", "leaders": []}},
        {"sheet": {"title": "年度民主测评", "leaders": ["样例"]}},
        {"rules": {"blank": "zero"}},
        {"rules": {}},
        {"ballots": [("B", "AB-"), ("A", "CDA"), ("A", "AAB")]},
        {"ballots": [("B", "AB-"), ("A", "CDA"), ("B", "AAA")]},
        {"ballots": RECORD.ballots[1:]},
        {"ballots": [*RECORD.ballots, ("A", "AAA")]},
        {"receipts": [*RECORD.receipts[1:], "ZZZZZZZZZZZ0"]},
        {"receipts": RECORD.receipts[1:]},
        {"receipts": [*RECORD.receipts, "K7QFK7QFK7QF"]},
        {"classes": [replace(LEADERS, weight="0.5"), STAFF]},
        {"classes": [replace(LEADERS, name="领导班子"), STAFF]},
        {"classes": [replace(LEADERS, issued=5), STAFF]},
        {"classes": [replace(LEADERS, void=0), STAFF]},
        {"classes": [replace(LEADERS, unused=0), STAFF]},
        {"classes": [replace(LEADERS, cast=1), STAFF]},
        {"classes": [LEADERS]},
    ],
)
def test_any_change_of_what_was_counted_changes_the_seal(change):
    assert seal(replace(RECORD, **change)) != seal(RECORD)


def test_a_record_that_balances_has_nothing_to_say():
    assert imbalance(RECORD) is None
    assert imbalance(replace(RECORD, classes=[], ballots=[], receipts=[])) is None


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"classes": [replace(LEADERS, issued=5), STAFF]}, "A 类票：发出 5 ≠ 已投 2 + 作废 1 + 未用 1"),
        ({"classes": [LEADERS, replace(STAFF, issued=2)]}, "B 类票：发出 2 ≠ 已投 1 + 作废 0 + 未用 2"),
        ({"classes": [replace(LEADERS, void=0), STAFF]}, "A 类票：发出 4 ≠ 已投 2 + 作废 0 + 未用 1"),
        ({"classes": [LEADERS, replace(STAFF, unused=1)]}, "B 类票：发出 3 ≠ 已投 1 + 作废 0 + 未用 1"),
        (
            {"classes": [replace(LEADERS, cast=3, unused=0), STAFF]},
            "A 类票：已投 3 张，票箱中有选票 2 张",
        ),
        (
            {"ballots": [*RECORD.ballots, ("B", "AAA")], "receipts": [*RECORD.receipts, "111111111111"]},
            "B 类票：已投 1 张，票箱中有选票 2 张",
        ),
        ({"ballots": RECORD.ballots[:-1]}, "A 类票：已投 2 张，票箱中有选票 1 张"),
        ({"ballots": [("B", "AB-"), ("A", "CDA"), ("B", "AAA")]}, "A 类票：已投 2 张，票箱中有选票 1 张"),
        (
            {"ballots": [*RECORD.ballots, ("C", "AAA")], "receipts": [*RECORD.receipts, "111111111111"]},
            "票箱中有不属于任何票种的选票",
        ),
        ({"receipts": RECORD.receipts[1:]}, "选票 3 张，回执 2 张，两数不等"),
        ({"receipts": [*RECORD.receipts, "111111111111"]}, "选票 3 张，回执 4 张，两数不等"),
    ],
)
def test_what_does_not_balance_is_named(change, text):
    assert imbalance(replace(RECORD, **change)) == text
