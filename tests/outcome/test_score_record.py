"""The typed score record tells all that a version holds, in each format that was ever written."""

import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path

import pytest

from surveys.acts.errors import NotFound
from surveys.acts.site import Site
from surveys.catalog.model import Row, plain
from surveys.outcome import versions
from surveys.outcome.score_record import ScoreRecord
from surveys.outcome.unit_record import UnitRecord
from surveys.storage.tables import Document
from tests import stored
from tests.builders import build_unit, cancel, event, exempt, record, sealed_poll
from tests.seasons import build_season

STORED_AS = {"unit": "id"}
"""Keys of the record that are called otherwise here."""

Leaf = tuple[str, str]


def leaves(value: object, name: str = "") -> Iterator[Leaf]:
    """Every value with the key or the field it stands under, as it is written. None is as if it were not there."""
    if value is None:
        return
    if isinstance(value, Row):
        yield "key", value.standard.key
    elif is_dataclass(value):
        for field in fields(value):
            yield from leaves(getattr(value, field.name), field.name)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from leaves(each, STORED_AS.get(key, key))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from leaves(each, name)
    else:
        yield name, written(value)


def written(value: object) -> str:
    match value:
        case Decimal():
            return plain(value)
        case datetime():
            return value.isoformat(timespec="seconds")
        case date():
            return value.isoformat()
        case Enum():
            return str(value.value)
        case _:
            return str(value)


def check(body: Document) -> None:
    found = ScoreRecord.from_json(body)
    assert [unit.id for unit in found.units] == [unit["unit"] for unit in body["units"]]
    for unit in body["units"]:
        told = found.unit(unit["unit"])
        assert Counter(leaves(told)) == Counter(leaves(unit)), unit["name"]
    head = {key: body[key] for key in ("format", "assessment", "title", "number", "kind", "rules_version")}
    assert {key: getattr(found, key) for key in head} == head
    assert found.rules.to_json().items() >= body["rules"].items()
    assert list(found.frameworks) == list(body["frameworks"])
    assert {kind.value: count for kind, count in found.proceedings.items()} == body.get("proceedings", {})


@pytest.mark.parametrize("name", ["appeal-0006", "certified-0006"])
def test_all_that_an_earlier_program_froze_is_read(tmp_path: Path, name: str) -> None:
    site = stored.load(name, tmp_path)
    with site.database.reading() as session:
        found = [versions.version(session, 1, line.number) for line in versions.listing(session, 1)]
    assert found
    for each in found:
        assert each.body["format"] == "ceping-scores/3"
        check(each.body)


def test_all_that_is_frozen_now_is_read(lite_site: Site) -> None:
    season = build_season(lite_site, voted=True)
    record(lite_site, season.first, event("III-33(1)", "2", reason="小", occasion="某某舆情"))
    record(lite_site, season.first, event("III-33(2)", "5", "示例发〔2026〕2号", "大", occasion="某某舆情"))
    cancel(lite_site, record(lite_site, season.second, event("III-33(1)", "1", "示例发〔2026〕3号", "登错")))
    exempt(lite_site, season.second, "III-11(2)")
    _, teams = build_unit(lite_site, "两班子", assessment_id=season.assessment_id)
    for team in ("甲班子", "乙班子"):
        sealed_poll(lite_site, teams, "AB", team=team)
    _, conflict = build_unit(lite_site, "两次", assessment_id=season.assessment_id)
    for answers in ("A", "D"):
        sealed_poll(lite_site, conflict, answers)
    _, doubt = build_unit(lite_site, "多出", assessment_id=season.assessment_id)
    sealed_poll(lite_site, doubt, "B", entitled=9)
    check(season.live())


def first_of(body: Document) -> UnitRecord:
    return ScoreRecord.from_json(body).units[0]


def test_what_an_earlier_format_did_not_tell_is_as_if_it_had_not_been(lite_site: Site) -> None:
    assessment_id, unit_id = build_unit(lite_site)
    record(lite_site, unit_id, event("III-33(1)", "2", reason="小", occasion="某某舆情"))
    record(lite_site, unit_id, event("III-33(2)", "5", "示例发〔2026〕2号", "大", occasion="某某舆情"))
    sealed_poll(lite_site, unit_id, "AB")
    with lite_site.database.reading() as session:
        body = versions.live_body(session, assessment_id)
    old = copy.deepcopy(body) | {"format": "ceping-scores/1"}
    del old["proceedings"]
    for row in old["units"][0]["rows"]:
        for each in row["events"]:
            each.pop("overtaken_by", None)
        if (vote := row["democratic"]) is not None:
            del vote["passed_on"], vote["abstain"]
            for item in vote["items"]:
                item.pop("by_class", None)
                del item["passed_on"]
    check(old)
    assert ScoreRecord.from_json(old).proceedings == {}
    (overtaken,), vote = first_of(old).row("III-33(1)").events, first_of(old).row("III-36").vote
    assert overtaken.overtaken_by is None
    assert vote is not None
    assert (vote.poll.passed_on, vote.poll.abstain, vote.poll.doubt) == ((), None, None)
    assert {(item.by_class, len(item.passed_on)) for item in vote.poll.items} == {(None, 0)}


def test_rows_are_the_same_by_what_is_recorded_of_them(lite_site: Site) -> None:
    body = build_season(lite_site).live()
    other = copy.deepcopy(body)
    (row,) = [row for row in other["units"][0]["rows"] if row["key"] == "III-4"]
    assert first_of(body).row("III-4") == first_of(other).row("III-4")
    row["got"] = {"exact": "1/3", "shown": "0.33"}
    assert first_of(body).row("III-4") != first_of(other).row("III-4")
    assert first_of(other).row("III-4").worth == Fraction(1, 3)


def test_what_is_not_there_is_not_found(lite_site: Site) -> None:
    found = ScoreRecord.from_json(build_season(lite_site).live())
    with pytest.raises(NotFound, match="没有这个单位"):
        found.unit(99)
    with pytest.raises(NotFound, match="没有 III-99 这一行"):
        found.units[0].row("III-99")
