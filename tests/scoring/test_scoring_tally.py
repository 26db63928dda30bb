"""Counting answer sheets, and a whole poll from its ballots to the score of a form."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.scoring.exact import Score
from surveys.scoring.grades import BlankPolicy, FormRules, form_score, question_score
from surveys.scoring.tally import ClassTally, is_valid, tally_class

EXCLUDE, ZERO, SPOIL = BlankPolicy.EXCLUDE, BlankPolicy.ZERO, BlankPolicy.SPOIL
QUESTIONS = 3
WEIGHTS = {"A": Decimal("0.5"), "B": Decimal("0.3"), "C": Decimal("0.2")}
RULES = FormRules(
    grades={"A": Decimal(100), "B": Decimal(80), "C": Decimal(60), "D": Decimal(-40)},
    questions={"1": Decimal(2), "2": Decimal(1), "3": Decimal("1.5")},
)

answer_sheets = st.lists(st.text("ABCD-", min_size=QUESTIONS, max_size=QUESTIONS), max_size=8)
boxes = st.fixed_dictionaries({key: answer_sheets for key in WEIGHTS})


@pytest.mark.parametrize("blank", BlankPolicy)
def test_abstaining_everywhere_is_a_valid_ballot(blank):
    assert is_valid("***", blank)
    assert tally_class(["***", "A*B"], 3, blank).questions[1] == {"*": 2}


def counted_score(box: Mapping[str, Sequence[str]], blank: BlankPolicy) -> Score | None:
    """A form's score from the ballots of each class, by the code under test."""
    classes = {key: tally_class(ballots, QUESTIONS, blank) for key, ballots in box.items()}
    scores = [
        question_score({key: tally.questions[place] for key, tally in classes.items()}, WEIGHTS, RULES.grades, blank)
        for place in range(QUESTIONS)
    ]
    return form_score(scores, RULES)


def recounted_score(box: Mapping[str, Sequence[str]], blank: BlankPolicy) -> Fraction | None:
    """The same by the letter of the rules, ballot by ballot, with plain fractions."""
    form_got = form_weight = Fraction(0)
    for place, question_weight in enumerate([Fraction(2), Fraction(1), Fraction(3, 2)]):
        question_got = class_weights = Fraction(0)
        for key, class_weight in [("A", Fraction(1, 2)), ("B", Fraction(3, 10)), ("C", Fraction(1, 5))]:
            points = []
            for answers in box[key]:
                if answers == "---" or (blank is SPOIL and "-" in answers):
                    continue
                if answers[place] == "-" and blank is EXCLUDE:
                    continue
                points.append({"A": 100, "B": 80, "C": 60, "D": -40, "-": 0}[answers[place]])
            if points:
                question_got += class_weight * Fraction(sum(points), len(points))
                class_weights += class_weight
        if class_weights:
            form_got += question_weight * question_got / class_weights
            form_weight += question_weight
    return form_got / form_weight if form_weight else None


@pytest.mark.parametrize("blank", BlankPolicy)
def test_a_wholly_blank_ballot_is_invalid_under_each_policy(blank):
    assert not is_valid("----", blank)
    assert is_valid("ABCD", blank)


@pytest.mark.parametrize(("blank", "valid"), [(EXCLUDE, True), (ZERO, True), (SPOIL, False)])
def test_one_blank_voids_a_ballot_only_under_spoil(blank, valid):
    assert is_valid("AB-D", blank) is valid


def test_counts_are_of_the_valid_ballots():
    ballots = ["AA", "AB", "-A", "--", "A-"]

    assert tally_class(ballots, 2, EXCLUDE) == ClassTally(5, 4, ({"A": 3, "-": 1}, {"A": 2, "B": 1, "-": 1}))
    assert tally_class(ballots, 2, ZERO) == tally_class(ballots, 2, EXCLUDE)
    assert tally_class(ballots, 2, SPOIL) == ClassTally(5, 2, ({"A": 2}, {"A": 1, "B": 1}))
    assert tally_class(ballots, 2, SPOIL).invalid == 3


def test_a_class_without_ballots_has_no_counts():
    assert tally_class([], 2, EXCLUDE) == ClassTally(0, 0, ({}, {}))


@pytest.mark.parametrize("answers", ["A", "AAA", ""])
def test_a_ballot_of_another_length_is_refused(answers):
    with pytest.raises(ValueError, match="answers on a sheet of 2"):
        tally_class(["AA", answers], 2, EXCLUDE)


@pytest.mark.parametrize(
    ("blank", "score"),
    [
        # 1: A B; 2: A; 3: A A — the class weighs nothing against itself
        (EXCLUDE, (2 * Fraction(90) + Fraction(100) + Fraction(3, 2) * 100) / Fraction(9, 2)),
        # 1: A B; 2: A -; 3: A A
        (ZERO, (2 * Fraction(90) + Fraction(50) + Fraction(3, 2) * 100) / Fraction(9, 2)),
        # only AAA is valid
        (SPOIL, Fraction(100)),
    ],
)
def test_blanks_of_a_whole_poll(blank, score):
    assert counted_score({"A": ["AAA", "B-A", "---"], "B": [], "C": []}, blank) == score


@pytest.mark.parametrize("blank", BlankPolicy)
@pytest.mark.parametrize("ballots", [[], ["---"], ["---", "---"]])
def test_a_poll_without_valid_ballots_has_no_score(ballots, blank):
    assert counted_score({"A": ballots, "B": [], "C": []}, blank) is None


def test_a_class_that_left_a_question_blank_leaves_that_question_only():
    box = {"A": ["AAA"], "B": ["-BB"], "C": []}

    both = (Fraction("0.5") * 100 + Fraction("0.3") * 80) / Fraction("0.8")
    assert counted_score(box, EXCLUDE) == (2 * 100 + both + Fraction(3, 2) * both) / Fraction(9, 2)


@given(boxes, st.sampled_from(BlankPolicy), st.randoms(use_true_random=False))
def test_the_order_of_ballots_and_classes_is_irrelevant(box, blank, random):
    shuffled = {key: random.sample(ballots, len(ballots)) for key, ballots in reversed(box.items())}

    assert counted_score(shuffled, blank) == counted_score(box, blank)


@given(boxes, st.sampled_from(BlankPolicy))
def test_a_recount_by_hand_agrees(box, blank):
    assert counted_score(box, blank) == recounted_score(box, blank)
