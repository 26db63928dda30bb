"""Tallies: exact figures, worked out here a second time with fractions."""

import random
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import pytest

from surveys.acts.site import Site
from surveys.polling.sheet import BLANK
from surveys.scoring.grades import BlankPolicy
from surveys.vote import polls, tallies
from surveys.vote.polls import ClassEntry
from surveys.vote.tally_values import Tally
from tests.builders import build_poll, build_unit, cast, close_and_seal, filled, sealed_poll, sheet_of

WEIGHTS = {"A": 100, "B": 80, "C": 60, "D": 40}
CLASSES = (
    ClassEntry("A", "领导班子成员", Decimal(30)),
    ClassEntry("B", "中层干部", Decimal(30)),
    ClassEntry("C", "职工代表", Decimal(40)),
)
ORGANIZATION, LEADER = 9, 7


def tally_of(site: Site, poll_id: int) -> Tally:
    with site.database.reading() as session:
        return tallies.tally(session, polls.poll_of(session, poll_id))


def cast_all(site: Site, ballots: dict[str, list[str]], **options: object) -> Tally:
    """The tally of a sealed poll with these answer sheets by class."""
    world = build_poll(site, count=12, entitled=40, present=36, **options)  # type: ignore[arg-type]
    sheet = sheet_of(site, world.poll_id)
    for key, answers in ballots.items():
        for code, letters in zip(world.codes[key], answers, strict=False):
            cast(site, code, filled(sheet, letters))
    close_and_seal(site, world.poll_id)
    return tally_of(site, world.poll_id)


def drawn(count: int, seed: int) -> list[str]:
    draw = random.Random(seed)
    length = ORGANIZATION + 2 * LEADER
    return ["".join(draw.choices("ABCD-", (50, 25, 12, 6, 7), k=length)) for _ in range(count)]


def worked_out(ballots: dict[str, list[str]], class_weights: dict[str, int], position: int) -> Fraction | None:
    """One question's score by hand: each class's mean of those who answered, then the mean over these classes."""
    got = weight = Fraction(0)
    for key, sheets in ballots.items():
        answers = [WEIGHTS[sheet[position]] for sheet in sheets if sheet[position] != BLANK]
        if answers:
            got += class_weights[key] * Fraction(sum(answers), len(answers))
            weight += class_weights[key]
    return got / weight if weight else None


@pytest.mark.both
def test_three_classes_with_blanks_come_to_the_exact_figures(site):
    ballots = {"A": drawn(6, 1), "B": drawn(9, 2), "C": drawn(12, 3)}
    # Nobody of class A answers the second item: its weight goes to the other two.
    ballots["A"] = [sheet[0] + BLANK + sheet[2:] for sheet in ballots["A"]]
    tally = cast_all(site, ballots, classes=CLASSES)
    weights = {"A": 30, "B": 30, "C": 40}
    scores = [worked_out(ballots, weights, position) for position in range(ORGANIZATION + 2 * LEADER)]
    together = [sheet for sheets in ballots.values() for sheet in sheets]
    forms = [tally.organization, *tally.leaders]
    start = 0
    for form in forms:
        assert form is not None
        own = scores[start : start + len(form.questions)]
        assert [question.score for question in form.questions] == own
        assert form.score == sum(own, Fraction(0)) / len(own)
        for offset, question in enumerate(form.questions):
            counts = Counter(sheet[start + offset] for sheet in together)
            assert question.counts == {letter: counts[letter] for letter in "ABCD-"}
        start += len(form.questions)
    assert start == len(scores)
    assert (tally.turnout.issued, tally.turnout.returned, tally.valid, tally.invalid) == (36, 27, 27, 0)


def test_the_worked_example_of_the_design(site):
    letters = "A" * 26 + "B" * 12 + "C" * 3 + "D"
    world = build_poll(site, count=45, leaders=0, entitled=48, present=45)
    sheet = sheet_of(site, world.poll_id)
    for code, letter in zip(world.codes["A"], letters, strict=False):
        cast(site, code, filled(sheet, letter))
    close_and_seal(site, world.poll_id)
    shown = tallies.to_json(tally_of(site, world.poll_id))
    assert shown["organization"]["score"] == "90.00"
    assert {item["score"] for item in shown["organization"]["items"]} == {"90.00"}
    assert shown["organization"]["items"][0]["counts"] == {"A": 26, "B": 12, "C": 3, "D": 1, "-": 0}
    keys = ("entitled", "present", "issued", "returned", "valid", "invalid", "qualifies")
    figures = {key: shown[key] for key in keys}
    assert figures == {
        "entitled": 48,
        "present": 45,
        "issued": 45,
        "returned": 42,
        "valid": 42,
        "invalid": 0,
        "qualifies": True,
    }
    assert shown["leaders"] == []


@pytest.mark.parametrize(
    ("blank", "valid", "first", "third"),
    [
        (BlankPolicy.EXCLUDE, 3, Fraction(100 + 80 + 60, 3), Fraction(100 + 80, 2)),
        (BlankPolicy.ZERO, 3, Fraction(100 + 80 + 60, 3), Fraction(100 + 80, 3)),
        (BlankPolicy.SPOIL, 2, Fraction(100 + 80, 2), Fraction(100 + 80, 2)),
    ],
)
def test_blanks_count_by_the_policy_and_a_blank_ballot_never(site, blank, valid, first, third):
    tally = cast_all(site, {"A": ["A" * 9, "B" * 9, "CC" + BLANK * 7, BLANK * 9]}, leaders=0, blank=blank)
    assert (tally.turnout.returned, tally.valid, tally.invalid) == (4, valid, 4 - valid)
    assert tally.organization is not None
    assert tally.organization.questions[0].score == first
    assert tally.organization.questions[2].score == third


def test_a_poll_without_valid_ballots_has_no_score(site):
    tally = cast_all(site, {"A": [BLANK * 9]}, leaders=0)
    assert tally.organization is not None
    assert tally.organization.score is None
    assert {question.score for question in tally.organization.questions} == {None}
    assert tallies.to_json(tally)["organization"]["score"] is None


@pytest.mark.parametrize(
    ("entitled", "present", "counts"),
    [(15, 10, True), (16, 10, False), (15, None, False), (3, None, True), (10, 0, False)],
)
def test_a_poll_counts_from_two_thirds_present(site, entitled, present, counts):
    _, unit_id = build_unit(site, leaders=0)
    world = sealed_poll(site, unit_id, count=2, entitled=entitled, present=present)
    tally = tally_of(site, world.poll_id)
    assert (tally.shortcoming is None) is counts
    assert tallies.to_json(tally)["qualifies"] is counts


def test_the_quorum_is_the_one_of_the_poll(site):
    _, unit_id = build_unit(site, leaders=0)
    world = sealed_poll(site, unit_id, count=2, entitled=10, present=5, quorum=Fraction(1, 2))
    assert tally_of(site, world.poll_id).shortcoming is None


def test_the_shape_of_the_leaders_part(site):
    _, unit_id = build_unit(site, leaders=2)
    world = sealed_poll(site, unit_id, "AB", count=2)
    first, second = tallies.to_json(tally_of(site, world.poll_id))["leaders"]
    assert (first["name"], first["post"], second["name"]) == ("样例1", "职务1", "样例2")
    assert set(first) == {"name", "post", "score", "aspects"}
    assert set(first["aspects"][0]) == {"key", "text", "counts", "score"}
    # The ninth item is an A, so the first leader starts with a B: three A and four B, the second the other way.
    assert (first["score"], second["score"]) == ("88.57", "91.43")


@pytest.mark.parametrize(
    ("ballots", "told"),
    [
        ({"A": ["AB"] * 6, "B": ["B"] * 6, "C": ["C"] * 6}, []),
        (
            {"A": [], "B": ["B"] * 6, "C": ["C"] * 6},
            ["A 票（领导班子成员）没有有效票，它的权重 30% 由其他票种分摊。"],
        ),
        (
            {"A": [], "B": ["-"] * 6, "C": ["C"] * 6},
            ["A 票（领导班子成员）、B 票（中层干部）没有有效票，它们的权重共 60% 由其他票种分摊。"],
        ),
        ({"A": [], "B": [], "C": []}, []),
        (
            {"A": ["AB"] * 6, "B": [], "C": ["A--" + "B" * 6 + "A-BBBBB" * 2] * 6},
            [
                "B 票（中层干部）没有有效票，它的权重 30% 由其他票种分摊。",
                "领导班子第 2、3 项、样例1第 2 项、样例2第 2 项没有 C 票（职工代表）的评价，"
                "它的权重 40% 在这里由其他票种分摊。",
            ],
        ),
        ({"A": ["AB"] * 6, "B": ["AB"] * 4, "C": ["A--" + "B" * 20] * 6}, []),
    ],
)
def test_whose_weight_others_took_over_is_told_unless_it_tells_of_a_hidden_class(
    lite_site: Site, ballots: dict[str, list[str]], told: list[str]
) -> None:
    found = cast_all(lite_site, ballots, classes=CLASSES)
    assert tallies.weight_words(found) == told
    assert tallies.warnings(found)[: len(told)] == told
