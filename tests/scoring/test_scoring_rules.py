"""Rules go to JSON and come back the same, whatever order their keys are stored in."""

import json
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from surveys.scoring.grades import BlankPolicy, FormRules
from surveys.scoring.poll_rules import PollRules
from surveys.scoring.ranking import Band
from surveys.scoring.score_sheet import Mode, ScoringRules

ORGANIZATION = FormRules(
    {"A": Decimal(100), "B": Decimal("62.5"), "C": Decimal("-0.10")},
    {key: Decimal(weight) for key, weight in [("9", "1"), ("10", "2.50"), ("1", "1")]},
)
LEADER = FormRules({"A": Decimal(100)}, {"overall": Decimal(1)})


def stored(data):
    """What a database or a bundle gives back: keys in another order."""
    return json.loads(json.dumps(data, sort_keys=True))


@pytest.mark.parametrize(
    "rules",
    [
        PollRules(ORGANIZATION, LEADER),
        PollRules(None, LEADER, BlankPolicy.ZERO, Fraction(1, 2)),
        PollRules(ORGANIZATION, None, BlankPolicy.SPOIL, Fraction(1)),
    ],
)
def test_poll_rules_come_back(rules):
    assert PollRules.from_json(stored(rules.to_json())) == rules


def test_questions_come_back_in_their_order():
    back = PollRules.from_json(stored(PollRules(ORGANIZATION, None).to_json()))

    assert back.organization is not None
    assert list(back.organization.questions) == ["9", "10", "1"]


def test_a_poll_counts_from_two_thirds_and_leaves_blanks_out_unless_told_otherwise():
    assert PollRules(None, None).to_json() == {
        "organization": None,
        "leader": None,
        "blank": "exclude",
        "quorum": "2/3",
        "blanks_allowed": True,
        "two_hands": True,
        "reserve": None,
        "issue_to": None,
    }


@pytest.mark.parametrize(
    "rules",
    [
        ScoringRules(),
        ScoringRules(
            mode=Mode.BLOCK,
            bonus_cap=Decimal("2.5"),
            deduction_cap=Decimal(0),
            bands=(Band("好", Decimal("85.5")), Band("差", Decimal(0))),
            veto_band="差",
            top_quota=Decimal("0.30"),
            mark_step=Decimal("0.25"),
        ),
        ScoringRules(top_quota=Decimal(0)),
    ],
)
def test_scoring_rules_come_back(rules):
    assert ScoringRules.from_json(stored(rules.to_json())) == rules


def test_the_default_scoring_rules_are_the_design():
    assert ScoringRules().to_json() == {
        "mode": "whole",
        "bonus_cap": "5",
        "deduction_cap": "10",
        "bands": [["优秀", "90"], ["良好", "80"], ["合格", "60"], ["不合格", "0"]],
        "veto_band": "不合格",
        "top_quota": None,
        "mark_step": "0.01",
        "only_with_form": True,
        "decided_by_two": False,
    }


def test_rules_from_before_the_form_was_asked_for_take_the_newest_poll():
    old = {name: value for name, value in ScoringRules().to_json().items() if name != "only_with_form"}
    assert ScoringRules.from_json(stored(old)) == replace(ScoringRules(), only_with_form=False)


def test_rules_from_before_two_decided_let_one_admin_decide():
    new = replace(ScoringRules(), decided_by_two=True)
    assert ScoringRules.from_json(stored(new.to_json())) == new
    old = {name: value for name, value in new.to_json().items() if name != "decided_by_two"}
    assert ScoringRules.from_json(stored(old)) == ScoringRules()


def test_rules_from_before_there_were_steps_have_the_finest():
    old = {name: value for name, value in ScoringRules().to_json().items() if name != "mark_step"}
    assert ScoringRules.from_json(stored(old)) == ScoringRules()
