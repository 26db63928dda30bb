"""Which ballot classes are hidden: the small ones, and whichever would let somebody work these out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.polling.disclosure import FEWEST_SHOWN, classes_differ, hidden_classes

repeatable = settings(deadline=None, derandomize=True, max_examples=400)

# Mostly around the threshold, where the rule decides.
counts = st.one_of(st.integers(0, 7), st.integers(0, 7), st.integers(0, 500))
polls = st.dictionaries(st.text("ABCDEFG12", min_size=1, max_size=2), counts, max_size=7)
large_polls = st.dictionaries(
    st.sampled_from("ABCDEFG"), st.one_of(st.just(0), st.integers(FEWEST_SHOWN, 500)), max_size=7
)


@pytest.mark.parametrize(
    ("valid", "hidden"),
    [
        ({}, ""),
        ({"A": 0}, ""),
        ({"A": 1}, "A"),
        ({"A": 4}, "A"),
        ({"A": 5}, ""),
        ({"A": 5, "B": 5, "C": 5}, ""),
        # One small class: the smallest other goes with it, or it is the total less the others.
        ({"A": 4, "B": 5, "C": 6}, "AB"),
        ({"A": 1, "B": 40, "C": 6, "D": 7}, "AC"),
        ({"A": 40, "B": 4}, "AB"),
        # Of equal ones the first by key.
        ({"C": 8, "B": 8, "A": 2}, "AB"),
        # Small ones hide each other when together they are enough.
        ({"A": 2, "B": 3, "C": 20}, "AB"),
        ({"A": 4, "B": 4, "C": 20, "D": 5}, "AB"),
        # And when they are not, another goes with them.
        ({"A": 2, "B": 2, "C": 20, "D": 9}, "ABD"),
        ({"A": 1, "B": 1, "C": 1, "D": 1, "E": 6}, "ABCDE"),
        ({"A": 1, "B": 1}, "AB"),
        ({"A": 1, "B": 1, "C": 30}, "ABC"),
        # A class nobody voted in has nothing to hide and hides nobody.
        ({"A": 0, "B": 30}, ""),
        ({"A": 0, "B": 3}, "B"),
        ({"A": 0, "B": 3, "C": 9}, "BC"),
        ({"A": 0, "B": 3, "C": 9, "D": 10}, "BC"),
    ],
)
def test_examples(valid, hidden):
    assert hidden_classes(valid) == frozenset(hidden)


@repeatable
@given(polls)
def test_every_small_class_is_hidden(valid):
    hidden = hidden_classes(valid)
    assert {key for key, count in valid.items() if 0 < count < FEWEST_SHOWN} <= hidden
    assert hidden <= set(valid)


@repeatable
@given(polls)
def test_a_class_without_ballots_is_never_hidden(valid):
    assert not [key for key in hidden_classes(valid) if valid[key] == 0]


@repeatable
@given(polls)
def test_never_one_alone_when_another_has_ballots(valid):
    voted = [key for key, count in valid.items() if count > 0]
    assert len(hidden_classes(valid)) != 1 or len(voted) == 1


@repeatable
@given(polls)
def test_the_hidden_together_are_enough_unless_all_are_hidden(valid):
    hidden = hidden_classes(valid)
    voted = {key for key, count in valid.items() if count > 0}
    assert not hidden or hidden == voted or sum(valid[key] for key in hidden) >= FEWEST_SHOWN


@repeatable
@given(large_polls)
def test_nothing_is_hidden_where_all_are_large_or_empty(valid):
    assert hidden_classes(valid) == frozenset()


@repeatable
@given(polls, st.randoms(use_true_random=False))
def test_the_order_of_the_classes_does_not_matter(valid, random):
    entries = list(valid.items())
    random.shuffle(entries)
    assert hidden_classes(dict(entries)) == hidden_classes(valid)


@repeatable
@given(polls)
def test_no_more_than_needed_is_hidden(valid):
    """Without the largest of the others that were hidden too, the small ones could be worked out."""
    hidden = hidden_classes(valid)
    others = [key for key in hidden if valid[key] >= FEWEST_SHOWN]
    if others:
        rest = hidden - {max(others, key=lambda key: (valid[key], key))}
        assert len(rest) <= 1 or sum(valid[key] for key in rest) < FEWEST_SHOWN
    shown = [count for key, count in valid.items() if count >= FEWEST_SHOWN and key not in hidden]
    assert not shown or not others or max(valid[key] for key in others) <= min(shown)


# How a class answered.

answers = st.dictionaries(st.sampled_from("ABCD-*"), st.integers(0, 9), max_size=6)
questions = st.lists(st.dictionaries(st.sampled_from("ABC"), answers, max_size=3), max_size=4)


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({"D": 5}, False),
        ({"A": 40, "B": 2}, False),
        ({"A": 40, "B": 3}, True),
        ({"A": 2, "B": 1, "C": 1}, False),
        ({"A": 2, "B": 2, "C": 1}, True),
        ({"A": 5, "-": 2}, False),
        ({"A": 5, "-": 3}, True),
        ({"-": 6}, False),
        ({"*": 4, "A": 1, "B": 1, "-": 1}, True),
        ({}, True),
        ({"A": 0, "B": 0}, True),
    ],
)
def test_a_class_is_told_of_where_three_differ_from_the_commonest_answer(counts, told):
    assert classes_differ([{"A": counts}]) is told
    different = {"A": 3, "B": 3}
    assert classes_differ([{"A": different, "B": counts}, {"A": different, "B": different}]) is told
    assert classes_differ([{"A": different, "B": different}, {"A": counts, "B": different}]) is told


@repeatable
@given(questions)
def test_no_answer_is_that_of_all_but_two_where_classes_are_told_of(questions):
    told = classes_differ(questions)
    voted = [counts for by_class in questions for counts in by_class.values() if sum(counts.values())]
    near = [counts for counts in voted if any(sum(counts.values()) - count < 3 for count in counts.values())]
    assert told is not bool(near)


@repeatable
@given(questions, questions)
def test_a_question_more_never_tells_of_classes_that_were_not(one, more):
    assert classes_differ([*one, *more]) is (classes_differ(one) and classes_differ(more))
