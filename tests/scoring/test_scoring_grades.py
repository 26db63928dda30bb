"""From counted grades to item, question and form scores."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.scoring.exact import shown
from surveys.scoring.grades import ABSTAIN, BLANK, BlankPolicy, FormRules, form_score, item_score, question_score


def scale(*weights: str) -> dict[str, Decimal]:
    return {letter: Decimal(weight) for letter, weight in zip("ABCD", weights, strict=False)}


GRADES = scale("100", "80", "60", "40")
WORKED = {"A": 26, "B": 12, "C": 3, "D": 1}
EXCLUDE = BlankPolicy.EXCLUDE


@pytest.mark.parametrize(("last", "score"), [("40", "90.00"), ("0", "89.05")])
def test_the_worked_example(last, score):
    got = item_score(WORKED, scale("100", "80", "60", last), EXCLUDE)

    assert got is not None
    assert str(shown(got)) == score


@pytest.mark.parametrize(
    ("blank", "score"),
    [(BlankPolicy.EXCLUDE, Fraction(80)), (BlankPolicy.ZERO, Fraction(60)), (BlankPolicy.SPOIL, Fraction(80))],
)
def test_blanks_of_one_question(blank, score):
    assert item_score({"A": 1, "B": 1, "C": 1, BLANK: 1}, GRADES, blank) == score


@pytest.mark.parametrize("blank", BlankPolicy)
def test_abstaining_is_no_grade_and_leaves_every_denominator(blank):
    assert item_score({"A": 1, "B": 1, ABSTAIN: 7}, GRADES, blank) == 90
    assert item_score({ABSTAIN: 7}, GRADES, blank) is None


def test_only_blanks_are_nothing_or_zero_by_policy():
    assert item_score({BLANK: 4}, GRADES, EXCLUDE) is None
    assert item_score({BLANK: 4}, GRADES, BlankPolicy.SPOIL) is None
    assert item_score({BLANK: 4}, GRADES, BlankPolicy.ZERO) == 0


@pytest.mark.parametrize("blank", BlankPolicy)
@pytest.mark.parametrize("counts", [{}, {"A": 0, "B": 0, BLANK: 0}])
def test_no_votes_is_none_and_never_zero(counts, blank):
    assert item_score(counts, GRADES, blank) is None
    assert question_score({"A": counts}, {"A": Decimal(1)}, GRADES, blank) is None


def test_votes_worth_nothing_are_a_score_of_zero():
    assert item_score({"D": 3}, scale("100", "80", "60", "0"), EXCLUDE) == 0


def test_weights_may_be_negative_or_any_decimal():
    grades = scale("100", "62.5", "0", "-50")

    assert item_score({"A": 1, "D": 3}, grades, EXCLUDE) == Fraction(-50, 4)
    assert item_score({"B": 2, "C": 1}, grades, EXCLUDE) == Fraction(125, 3)


def test_a_letter_that_is_no_grade_is_refused():
    with pytest.raises(KeyError):
        item_score({"A": 1, "E": 1}, GRADES, EXCLUDE)


def test_classes_count_by_weight_and_not_by_heads():
    by_class = {"A": {"A": 1}, "B": {"B": 30}, "C": {"D": 5}}
    weights = {"A": Decimal("0.5"), "B": Decimal("0.3"), "C": Decimal("0.2")}

    assert question_score(by_class, weights, GRADES, EXCLUDE) == 50 + 24 + 8


def test_a_class_without_votes_leaves_and_the_others_keep_their_ratio():
    by_class = {"A": {"A": 1}, "B": {"B": 30}, "C": {BLANK: 5}}
    weights = {"A": Decimal("0.5"), "B": Decimal("0.3"), "C": Decimal("0.2")}

    assert question_score(by_class, weights, GRADES, EXCLUDE) == Fraction(50 + 24) / Fraction("0.8")
    assert question_score(by_class, weights, GRADES, BlankPolicy.ZERO) == 50 + 24


def test_a_form_is_the_weighted_mean_of_its_questions():
    rules = FormRules(GRADES, {"1": Decimal(2), "2": Decimal(1), "3": Decimal(1)})

    assert form_score([Fraction(100), Fraction(80), Fraction(40)], rules) == 80
    assert form_score([Fraction(100), None, Fraction(40)], rules) == 80
    assert form_score([None, Fraction(80), Fraction(40)], rules) == 60
    assert form_score([None, None, None], rules) is None


def test_a_form_has_a_score_for_each_of_its_questions():
    with pytest.raises(ValueError):
        form_score([Fraction(100)], FormRules(GRADES, {"1": Decimal(1), "2": Decimal(1)}))


@given(st.dictionaries(st.sampled_from("ABCD"), st.integers(0, 500)))
def test_an_item_is_the_mean_of_its_votes(counts):
    votes = [Fraction(GRADES[letter]) for letter, count in counts.items() for _ in range(count)]

    assert item_score(counts, GRADES, EXCLUDE) == (sum(votes) / len(votes) if votes else None)
