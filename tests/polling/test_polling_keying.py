"""Keying a paper ballot: digits and letters of any width, blanks keyed too, and where two hands differ."""

from string import ascii_uppercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.polling import keying
from surveys.polling.sheet import Choice, Leader, Question, Questionnaire, Sheet

GRADES = tuple(Choice(letter, name) for letter, name in zip("ABCD", ("好", "较好", "一般", "差"), strict=True))
FORM = Questionnaire("测评表", GRADES, (Question("1", "甲"), Question("2", "乙")))
SHEET = Sheet("年度民主测评", "样例局", FORM, FORM, (Leader("张某某", "局长"),))
FIELDS = [name for name, _ in SHEET.fields()]


@pytest.mark.parametrize(
    ("typed", "letter"),
    [
        *zip("1234", "ABCD", strict=True),
        *zip("ABCD", "ABCD", strict=True),
        *zip("abcd", "ABCD", strict=True),
        *zip("１２３４", "ABCD", strict=True),
        *zip("ＡｂＣｄ", "ABCD", strict=True),
        ("0", "-"),
        ("０", "-"),
        ("-", "-"),
        ("－", "-"),
        (" 2 ", "B"),
    ],
)
def test_what_a_cell_takes(typed: str, letter: str) -> None:
    assert keying.letter_of(FORM, typed) == letter


@pytest.mark.parametrize("typed", ["", " ", "5", "9", "E", "11", "AB", "好", "*", "一", "²x"])
def test_what_a_cell_does_not_take(typed: str) -> None:
    assert keying.letter_of(FORM, typed) is None


def test_every_sign_a_page_lets_in_is_taken_and_no_other() -> None:
    taken = {chr(code) for code in range(128) if keying.letter_of(FORM, chr(code)) is not None}
    assert {sign.upper() for sign in taken} == set(keying.allowed(FORM))
    assert keying.signs(FORM) == [("1", "好"), ("2", "较好"), ("3", "一般"), ("4", "差"), ("0", "未填")]


def scale(count: int, abstain: str | None = None) -> Questionnaire:
    choices = tuple(Choice(letter, f"第{letter}级") for letter in ascii_uppercase[:count])
    return Questionnaire("测评表", choices, (Question("1", "甲"),), abstain)


@pytest.mark.parametrize(
    ("form", "signs"),
    [
        (scale(2), "120"),
        (scale(9), "1234567890"),
        (scale(10), "123456789J0"),
        (scale(8, "弃权"), "1234567890"),
        (scale(9, "弃权"), "123456789*0"),
        (scale(10, "弃权"), "123456789J*0"),
        (scale(26), "123456789JKLMNOPQRSTUVWXYZ0"),
    ],
    ids=["2", "9", "10", "8-abstain", "9-abstain", "10-abstain", "26"],
)
def test_a_cell_is_one_stroke_however_many_grades_there_are(form: Questionnaire, signs: str) -> None:
    assert "".join(sign for sign, _ in keying.signs(form)) == signs
    letters = form.letters + "-"
    assert [keying.letter_of(form, sign) for sign in signs] == list(letters)
    assert [keying.letter_of(form, letter) for letter in letters] == list(letters)
    assert "".join(keying.sign_of(form, letter) for letter in letters) == signs
    assert set(keying.allowed(form)) == {*signs, *letters}
    assert len(keying.allowed(form)) == len(set(keying.allowed(form)))
    assert keying.letter_of(form, "10") is None


def test_every_fault_is_named_at_its_cell() -> None:
    with pytest.raises(keying.BadCells) as caught:
        keying.read(SHEET, {"o-1": "1", "o-2": "7", "l1-1": " ", "else": "1"})
    assert caught.value.faults == {"o-2": "7", "l1-1": "", "l1-2": ""}


@given(st.text("ABCD-", min_size=4, max_size=4))
def test_what_is_shown_reads_the_same(answers: str) -> None:
    assert keying.read(SHEET, keying.shown(SHEET, answers)) == answers


@given(st.text("ABCD-", min_size=4, max_size=4), st.text("ABCD-", min_size=4, max_size=4))
def test_two_hands_differ_where_their_letters_do(one: str, other: str) -> None:
    places = keying.differing(one, other)
    assert (places == ()) is (one == other)
    mended = "".join(other[place] if place in places else letter for place, letter in enumerate(one))
    assert mended == other


def test_letters_have_names() -> None:
    assert [keying.name_of(FORM, letter) for letter in "ABCD-"] == ["好", "较好", "一般", "差", "未填"]
