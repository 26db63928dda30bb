"""The sheet: the order of its fields, and reading a submitted form into an answer sheet."""

import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.polling.sheet import BadAnswers, Choice, Leader, Question, Questionnaire, Sheet

ORGANIZATION = Questionnaire(
    "民主测评表（一）",
    (Choice("A", "好"), Choice("B", "较好"), Choice("C", "一般"), Choice("D", "差")),
    tuple(Question(str(number), f"第 {number} 项") for number in range(1, 10)),
)
LEADER = Questionnaire(
    "民主测评表（二）",
    (Choice("A", "优秀"), Choice("B", "称职"), Choice("E", "不称职")),
    (Question("overall", "总体评价"), Question("virtue", "德")),
)


def sheet_for(leaders: int) -> Sheet:
    people = tuple(Leader(f"样例{number}", f"职务{number}") for number in range(1, leaders + 1))
    return Sheet("年度民主测评", "样例局", ORGANIZATION, LEADER, people, date(2026, 3, 2), "三楼会议室")


SHEET = sheet_for(2)


def submitted(sheet: Sheet, answers: str) -> dict[str, list[str]]:
    """The form that a page sends for an answer sheet: a blank question sends nothing."""
    return {name: [letter] for (name, _), letter in zip(sheet.fields(), answers, strict=True) if letter != "-"}


def test_fields_are_the_organizations_items_and_then_each_leaders_aspects():
    assert list(SHEET.fields()) == [
        *((f"o-{number}", "ABCD") for number in range(1, 10)),
        ("l1-overall", "ABE"),
        ("l1-virtue", "ABE"),
        ("l2-overall", "ABE"),
        ("l2-virtue", "ABE"),
    ]


def test_forms_say_where_their_letters_are():
    assert [(form.leader, form.start, form.end) for form in SHEET.forms()] == [
        (None, 0, 9),
        (Leader("样例1", "职务1"), 9, 11),
        (Leader("样例2", "职务2"), 11, 13),
    ]


@pytest.mark.parametrize("leaders", range(11))
def test_a_sheet_is_as_long_as_its_questions(leaders):
    sheet = sheet_for(leaders)

    assert sheet.length() == 9 + 2 * leaders
    assert len({name for name, _ in sheet.fields()}) == sheet.length()
    assert sheet.read({}) == "-" * sheet.length()


def test_a_sheet_may_have_one_of_the_forms_only():
    leaders_only = replace(SHEET, organization=None)

    assert [(form.start, form.end) for form in leaders_only.forms()] == [(0, 2), (2, 4)]
    assert leaders_only.read({"l2-overall": ["E"]}) == "--E-"
    assert replace(SHEET, leader=None).length() == 9


def test_a_complete_form_is_read():
    assert SHEET.read(submitted(SHEET, "ABCDABCDAABEA")) == "ABCDABCDAABEA"


def test_what_is_not_answered_is_blank():
    assert SHEET.read({"o-2": ["B"], "l2-virtue": ["E"]}) == "-B----------E"


@pytest.mark.parametrize(
    "change",
    [
        {"o-10": ["A"]},
        {"l3-overall": ["A"]},
        {"l0-overall": ["A"]},
        {"nonce": ["A"]},
        {"": ["A"]},
        {"o-1": ["F"]},
        {"o-1": ["a"]},
        {"o-1": ["E"]},  # a letter of the leaders' form
        {"l1-overall": ["D"]},  # a letter of the organization's form
        {"o-1": ["-"]},
        {"o-1": ["AB"]},
        {"o-1": [" A"]},
        {"o-1": ["好"]},
        {"o-1": [""]},
        {"o-1": []},
        {"o-1": ["A", "A"]},
        {"o-1": ["A", "B"]},
        {"o-1": ["A", ""]},
    ],
)
@pytest.mark.parametrize("rest", ["-" * 13, "ABCDABCDAABEA"])
def test_a_form_with_anything_else_is_refused_whole(change, rest):
    with pytest.raises(BadAnswers):
        SHEET.read(submitted(SHEET, rest) | change)


def test_a_sheet_frozen_before_day_and_place_were_kept_is_read():
    kept = SHEET.to_json()
    assert Sheet.from_json({key: kept[key] for key in kept if key not in ("held_on", "place")}).place == ""


def test_a_sheet_comes_back_from_json():
    for sheet in (SHEET, replace(SHEET, organization=None), replace(SHEET, leader=None, leaders=())):
        assert Sheet.from_json(json.loads(json.dumps(sheet.to_json(), sort_keys=True))) == sheet


@given(st.integers(0, 10), st.data())
def test_what_was_answered_is_what_is_read(leaders, data):
    sheet = sheet_for(leaders)
    answers = "".join(data.draw(st.sampled_from("-" + letters)) for _, letters in sheet.fields())

    form = submitted(sheet, answers)

    assert sheet.read(form) == answers
    assert sheet.read(dict(reversed(form.items()))) == answers
