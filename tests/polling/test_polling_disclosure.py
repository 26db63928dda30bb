"""What may be known of a poll before it is sealed, and whether it counts."""

from fractions import Fraction

import pytest

from surveys.polling.disclosure import Key, Turnout, results_visible, shortcoming, shown_turnout
from surveys.polling.states import PollState

QUORUM = Fraction(2, 3)
NOT_SEALED = [PollState.DRAFT, PollState.OPEN, PollState.CLOSED]


def test_results_are_visible_only_when_sealed():
    assert [state for state in PollState if results_visible(state, False, ())] == [PollState.SEALED]


@pytest.mark.parametrize("opened_by", [set(), {Key.ORGANIZER}, {Key.SCRUTINEER}])
def test_two_persons_must_open_a_result_where_that_is_asked(opened_by):
    assert not results_visible(PollState.SEALED, True, opened_by)
    assert results_visible(PollState.SEALED, True, set(Key))
    assert not results_visible(PollState.CLOSED, True, set(Key))


@pytest.mark.parametrize("state", NOT_SEALED)
@pytest.mark.parametrize(("cast", "shown"), [(0, 0), (1, 0), (4, 0), (5, 5), (6, 5), (9, 5), (10, 10), (44, 40)])
def test_turnout_moves_in_steps_of_5(state, cast, shown):
    assert shown_turnout(cast, state) == shown


@pytest.mark.parametrize("cast", [0, 1, 4, 5, 44])
def test_turnout_is_exact_when_sealed(cast):
    assert shown_turnout(cast, PollState.SEALED) == cast


@pytest.mark.parametrize(("entitled", "present"), [(30, 20), (31, 21), (32, 22), (3, 2), (1, 1), (0, 0), (30, 40)])
def test_a_poll_counts_from_two_thirds_of_the_entitled(entitled, present):
    assert shortcoming(Turnout(entitled, present, issued=50, returned=1), QUORUM) is None


@pytest.mark.parametrize(("entitled", "present"), [(30, 19), (31, 20), (32, 21), (3, 1), (1, 0), (30, 0)])
def test_a_poll_below_two_thirds_does_not_count(entitled, present):
    assert (
        shortcoming(Turnout(entitled, present, issued=50, returned=30), QUORUM)
        == f"实到 {present} 人，不足应到 {entitled} 人的 2/3，此次测评不计分"
    )


def test_the_quorum_is_a_setting():
    turnout = Turnout(entitled=30, present=20, issued=30, returned=20)

    assert shortcoming(turnout, Fraction(1, 2)) is None
    assert shortcoming(turnout, Fraction(3, 4)) == "实到 20 人，不足应到 30 人的 3/4，此次测评不计分"


def test_present_that_nobody_wrote_down_is_the_ballots_returned():
    assert shortcoming(Turnout(30, None, issued=30, returned=20), QUORUM) is None
    assert (
        shortcoming(Turnout(30, None, issued=30, returned=19), QUORUM)
        == "实到 19 人，不足应到 30 人的 2/3，此次测评不计分"
    )


@pytest.mark.parametrize("present", [None, 0, 30])
def test_more_returned_than_issued_voids_the_poll(present):
    assert (
        shortcoming(Turnout(30, present, issued=25, returned=26), QUORUM)
        == "收回 26 张，多于发出的 25 张，此次测评无效"
    )


def test_as_many_returned_as_issued_is_fine():
    assert shortcoming(Turnout(30, 30, issued=25, returned=25), QUORUM) is None
