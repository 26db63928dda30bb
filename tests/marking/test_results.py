"""Results of an assessment: ranks within a category, and the stable shape of the JSON."""

from dataclasses import replace
from decimal import Decimal

import pytest

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.errors import NotFound
from surveys.acts.site import Site
from surveys.marking import results
from surveys.marking.marks import MarkEntry
from surveys.marking.results import Results
from surveys.outcome import versions
from surveys.outcome.printed_source import democratic_words, present_record
from surveys.scoring.score_sheet import ScoringRules
from surveys.season import assessments
from tests.builders import (
    GROUP,
    account,
    build_unit,
    confirm,
    enter,
    event,
    exempt,
    fill_marks,
    record,
    sealed_poll,
)
from tests.sites import NOW


def results_of(site: Site, assessment_id: int) -> Results:
    with site.database.reading() as session:
        return results.results(session, assessment_id)


def add(site: Site, assessment_id: int, name: str, lost: str | None, category: str = "市直单位") -> int:
    """A unit that lost these points of 100 by a deduction; None: a unit with a pending row."""
    _, unit_id = build_unit(site, name, category=category, assessment_id=assessment_id, leaders=0)
    fill_marks(site, unit_id)
    if lost is not None:
        sealed_poll(site, unit_id, count=1, entitled=1)
        if lost != "0":
            record(site, unit_id, event("III-33(1)", lost))
    return unit_id


def assessment(site: Site, rules: ScoringRules | None = None) -> int:
    with site.database.writing() as session:
        return assessments.create_assessment(session, NOW, COMMAND_LINE, "样例考核", ["municipal", "county"], rules)


def test_units_are_ranked_within_their_category_only(site):
    assessment_id = assessment(site)
    for name, lost, category in (
        ("甲", "5", "市直单位"),
        ("乙", "2", "市直单位"),
        ("丙", None, "市直单位"),
        ("丁", "0", "群团组织"),
        ("戊", "2", "市直单位"),
        ("己", "9", "市直单位"),
    ):
        add(site, assessment_id, name, lost, category)
    found = results_of(site, assessment_id)
    assert [(each.sheet.unit.name, each.rank) for each in found.units] == [
        ("甲", 3),
        ("乙", 1),
        ("丙", None),
        ("丁", 1),
        ("戊", 1),
        ("己", 4),
    ]
    with site.database.reading() as session:
        record = versions.live_record(session, assessment_id)
    assert record.categories == ["市直单位", "群团组织"]
    ranked = [(unit.name, unit.result.final and unit.result.final.shown) for unit in record.ranked("市直单位")]
    assert ranked == [("乙", "98.00"), ("戊", "98.00"), ("甲", "95.00"), ("己", "91.00"), ("丙", None)]


def test_a_quota_for_the_best_band_goes_by_rank(site):
    assessment_id = assessment(site, replace(ScoringRules(), top_quota=Decimal("0.5")))
    for name, lost in (("甲", "1"), ("乙", "2"), ("丙", "3"), ("丁", None)):
        add(site, assessment_id, name, lost)
    assert [each.band for each in results_of(site, assessment_id).units] == ["优秀", "良好", "良好", None]


def test_the_shape_of_the_json(site):
    assessment_id = assessment(site)
    unit_id = add(site, assessment_id, "甲", "1.5")
    enter(site, unit_id, MarkEntry("III-30", GROUP, "0"))
    found = results.to_json(results_of(site, assessment_id))
    assert {key: found[key] for key in ("assessment", "title", "state")} == {
        "assessment": assessment_id,
        "title": "样例考核",
        "state": "marking",
    }
    assert found["units"] == [
        {
            "unit": "甲",
            "category": "市直单位",
            "framework": "municipal",
            "base": "87.50",
            "bonus": "0.00",
            "deduction": "1.50",
            "final": "86.00",
            "band": "良好",
            "rank": 1,
            "vetoed": False,
            "pending": 0,
            "withheld": 0,
            "blocks": [
                {"code": "I-1", "got": "42.00", "points": "42"},
                {"code": "I-2", "got": "0.00", "points": "0"},
                {"code": "I-3", "got": "6.00", "points": "15"},
                {"code": "I-4", "got": "15.00", "points": "15"},
            ],
            "democratic": {"score": "100.00", "got": "10.00", "points": "10"},
        }
    ]


def test_the_shape_of_a_unit_with_everything_open(site):
    assessment_id = assessment(site)
    build_unit(site, "甲", assessment_id=assessment_id)
    (unit,) = results.to_json(results_of(site, assessment_id))["units"]
    assert {key: unit[key] for key in ("base", "final", "band", "rank", "pending", "withheld")} == {
        "base": None,
        "final": None,
        "band": None,
        "rank": None,
        "pending": 21,
        "withheld": 0,
    }
    assert unit["democratic"] == {"score": None, "got": None, "points": "10"}


def test_an_assessment_without_units_has_results_and_one_that_is_not_there_none(site):
    assessment_id = assessment(site)
    assert results.to_json(results_of(site, assessment_id))["units"] == []
    with pytest.raises(NotFound):
        results_of(site, assessment_id + 1)


def test_units_of_both_frameworks_stand_side_by_side(site):
    assessment_id = assessment(site)
    _, county = build_unit(
        site, "样例县", framework="county", category="县（市、区）", assessment_id=assessment_id, leaders=0
    )
    fill_marks(site, county)
    sealed_poll(site, county)
    add(site, assessment_id, "甲", "0")
    assert [(each.sheet.unit.framework, each.final, each.rank) for each in results_of(site, assessment_id).units] == [
        ("county", 100, 1),
        ("municipal", 100, 1),
    ]


def test_a_vote_that_does_not_count_is_no_score(site):
    """Below its quorum; a confirmed value instead of it; one team of two short; exempted."""
    assessment_id = assessment(site)
    units = {}
    for name, options in (("够", {}), ("不够", {"entitled": 20}), ("另定", {}), ("免考", {}), ("两班子", {})):
        _, unit_id = build_unit(site, name, assessment_id=assessment_id, leaders=0)
        units[name] = unit_id
        sealed_poll(site, unit_id, team="甲班子" if name == "两班子" else "", **options)
    sealed_poll(site, units["两班子"], team="乙班子", count=2)
    admins = account(site, "管理一"), account(site, "管理二")
    confirm(site, units["另定"], MarkEntry("III-36", GROUP, "7", "考核组确认"), admins)
    exempt(site, units["免考"], "III-36")
    found = {unit["unit"]: unit["democratic"] for unit in results.to_json(results_of(site, assessment_id))["units"]}
    assert {name: (each["score"], each["got"]) for name, each in found.items()} == {
        "够": ("100.00", "10.00"),
        "不够": (None, None),
        "另定": (None, "7.00"),
        "免考": (None, None),
        "两班子": (None, None),
    }
    with site.database.reading() as session:
        printed = present_record(session, assessment_id)
    assert {unit.name: democratic_words(unit) for unit in printed.record.units} == {
        "够": "100.00",
        "不够": "不计分",
        "另定": "确认 7.00",
        "免考": "免考",
        "两班子": "不计分",
    }
