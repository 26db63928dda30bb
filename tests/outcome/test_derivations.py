"""Why this score: each figure worked out again from the frozen sheet comes to what the sheet says."""

import copy
import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.acts.errors import NotFound
from surveys.acts.site import Site
from surveys.marking.marks import MarkEntry
from surveys.outcome import version_differences, versions
from surveys.outcome.derivation import Derivation, derive_row, derive_total
from surveys.outcome.score_record import ScoreRecord
from surveys.outcome.version_text import content
from surveys.scoring.grades import BlankPolicy
from surveys.scoring.poll_rules import PollRules
from surveys.scoring.score_sheet import Kind, Mode, RowState, ScoringRules
from surveys.storage.tables import Assessment, Document
from surveys.vote import polls
from surveys.vote.polls import ClassEntry
from tests.builders import (
    GROUP,
    build_poll,
    build_unit,
    cast_each,
    close_and_seal,
    enter,
    event,
    exempt,
    fill_marks,
    line_for,
    record,
    sealed_poll,
    sheet_for,
)
from tests.seasons import build_season, unit_in, unit_record_in


def body_of(site: Site, assessment_id: int) -> Document:
    with site.database.reading() as session:
        return versions.live_body(session, assessment_id)


def sums(found: Derivation) -> list[str]:
    return [step.sum for step in found.steps if step.sum]


def row_told(body: Document, unit_id: int, key: str, *, for_unit: bool = False) -> Derivation:
    return derive_row(unit_record_in(body, unit_id), key, for_unit=for_unit)


def total_told(body: Document, unit_id: int) -> Derivation:
    return derive_total(unit_record_in(body, unit_id), ScoringRules.from_json(body["rules"]))


def check(body: Document) -> None:
    """Every row and every total, as the office and as the unit reads them."""
    record = ScoreRecord.from_json(body)
    for unit in record.units:
        for row in unit.rows:
            for for_unit in (True, False):
                found = derive_row(unit, row.key, for_unit=for_unit)
                assert found.agrees, (unit.name, row.key, found)
                assert found.steps
        found = derive_total(unit, record.rules)
        assert found.agrees, (unit.name, found)


def test_a_score_is_told_down_to_the_votes(site):
    season = build_season(site, voted=True)
    record(site, season.first, event("III-32", "2"))
    record(site, season.first, event("III-33(1)", "1"))
    enter(site, season.first, MarkEntry("III-4", GROUP, "0.5", "缺材料"))
    body = season.live()
    check(body)
    total = total_told(body, season.first)
    result = unit_in(body, season.first)["result"]
    text = sums(total)
    assert text[-1].endswith(result["final"]["shown"].rstrip("0").rstrip("."))
    assert any(each.startswith("100 × ") for each in text)
    assert "加分项 III-32：2 分。" in [step.words for step in total.steps]
    row = row_told(body, season.first, "III-36")
    words = [step.words for step in row.steps]
    assert "sha256:" in words[0]
    assert "好 100、较好 80、一般 60、差 40" in words[1]
    assert sums(row)[0] == "(10×100 + 0×80 + 0×60 + 0×40) ÷ 10 = 100"
    assert sums(row)[-1].startswith("10 × ")
    assert row_told(body, season.first, "III-36", for_unit=True) == row


def test_every_state_of_a_row_is_explained(site):
    assessment_id, unit_id = build_unit(site, department="市纪委")
    enter(site, unit_id, MarkEntry("III-2", "市委组织部", "1"))
    exempt(site, unit_id, "III-7")
    record(site, unit_id, event("III-34", ""))
    record(site, unit_id, event("III-11(2)", "1"))
    body = body_of(site, assessment_id)
    check(body)

    def words(key: str) -> str:
        return "".join(step.words + step.sum for step in row_told(body, unit_id, key).steps)

    assert "机构调整（示例函〔2026〕1号）" in words("III-7")
    assert "本单位的标签：没有标签" in words("III-16")
    assert "等市委宣传部打分" in words("III-2")
    assert "还没有封存的测评会" in words("III-36")
    assert "示例发〔2026〕1号" in words("III-34")
    assert "从满分起算" in words("III-11(2)")
    assert "全部定下后才有总分" in "".join(step.words for step in total_told(body, unit_id).steps)
    for missing in ((unit_id, "III-99"), (99, "III-4")):
        with pytest.raises(NotFound):
            row_told(body, *missing)


@pytest.mark.parametrize("blank", list(BlankPolicy))
def test_votes_of_several_classes_and_with_blanks(site, blank):
    assessment_id, unit_id = build_unit(site, leaders=0)
    classes = [ClassEntry("A", "领导", Decimal(3)), ClassEntry("B", "群众", Decimal(1))]
    world = build_poll(site, unit_id=unit_id, classes=classes, count=6, entitled=12, leaders=0, blank=blank)
    cast_each(site, world, {"A": ["AAABBBCC-"] * 2 + ["A" * 9] * 4, "B": ["CDAAAAAAA"] * 6})
    close_and_seal(site, world.poll_id)
    _, alone = build_unit(site, "独票局", assessment_id=assessment_id, leaders=0)
    sealed_poll(site, alone, "AB-C", count=3, entitled=3, blank=blank)
    body = body_of(site, assessment_id)
    check(body)


def by_classes(site: Site, ballots: Mapping[str, list[str]], abstain: str | None = None) -> tuple[Document, int]:
    """A unit's sheets after a poll of leaders, weight 3, and staff, weight 1."""
    assessment_id, unit_id = build_unit(site, leaders=0)
    classes = [ClassEntry("A", "领导", Decimal(3)), ClassEntry("B", "群众", Decimal(1))]
    world = build_poll(
        site, unit_id=unit_id, classes=classes, count=6, entitled=12, present=12, leaders=0, abstain=abstain
    )
    cast_each(site, world, ballots)
    close_and_seal(site, world.poll_id)
    return body_of(site, assessment_id), unit_id


def test_votes_of_several_classes_are_told_down_to_the_counts(site):
    body, unit_id = by_classes(
        site, {"A": ["A-AAAAAAA"] * 4 + ["B-AAAAAAA"] * 2, "B": ["ABAAAAAAA"] * 3 + ["D-AAAAAAA"] * 3}
    )
    check(body)
    found = row_told(body, unit_id, "III-36")
    told = [(step.words, step.sum) for step in found.steps]
    assert told[2:5] == [
        ("第 1 题，领导：好 4，较好 2，一般 0，差 0", "(4×100 + 2×80 + 0×60 + 0×40) ÷ 6 ≈ 93.33"),
        ("第 1 题，群众：好 3，较好 0，一般 0，差 3", "(3×100 + 0×80 + 0×60 + 3×40) ÷ 6 = 70"),
        ("第 1 题，各票种按权重平均", "(93.33 × 3 + 70 × 1) ÷ 4 = 87.5"),
    ]
    assert told[5:8] == [
        ("第 2 题，领导：好 0，较好 0，一般 0，差 0，未填 6。没有人评这一题，权重 75% 由其他票种分摊", ""),
        ("第 2 题，群众：好 0，较好 3，一般 0，差 0，未填 3", "(0×100 + 3×80 + 0×60 + 0×40) ÷ 3 = 80"),
        ("第 2 题，各票种按权重平均", "(80 × 1) ÷ 1 = 80"),
    ]
    assert (found.agrees, told[-1][0]) == (True, "折合成这一行的分数")


def test_of_a_small_class_nothing_is_kept(site):
    body, unit_id = by_classes(site, {"A": ["ABAAAAAAA"] * 3, "B": ["CDAAAAAAA"] * 6})
    check(body)
    assert "by_class" not in str(body)
    for for_unit in (True, False):
        steps = row_told(body, unit_id, "III-36", for_unit=for_unit).steps
        assert not [step for step in steps if "领导：" in step.words or "群众：" in step.words]


def test_a_class_without_valid_ballots_is_told_before_the_items(site):
    body, unit_id = by_classes(site, {"A": [], "B": ["ABAAAAAAA"] * 3 + ["BAAAAAAAA"] * 3})
    check(body)
    for for_unit in (True, False):
        steps = row_told(body, unit_id, "III-36", for_unit=for_unit).steps
        assert steps[1].words == "A 票（领导）没有有效票，它的权重 75% 由其他票种分摊。"
    old = copy.deepcopy(body)
    for row in unit_in(old, unit_id)["rows"]:
        if (vote := row["democratic"]) is not None:
            del vote["passed_on"], vote["abstain"]
            for item in vote["items"]:
                del item["passed_on"]
    check(old)
    text = str(row_told(old, unit_id, "III-36"))
    assert "分摊" not in text
    assert "没有人评这一题，不计入" in text
    assert versions.same_scores(old, body)
    assert version_differences.difference(old | {"number": 1}, body | {"number": 2}).is_empty
    assert content(json.dumps(old)).units == content(json.dumps(body)).units, "who agreed to it still agrees"


def test_the_unit_is_not_told_whose_ballots_were_all_blank_where_a_class_is_hidden(site):
    body, unit_id = by_classes(site, {"A": ["-"] * 6, "B": ["ABAAAAAAA"] * 4})
    told = str(row_told(body, unit_id, "III-36", for_unit=True))
    assert "有的票种没有有效票，它的权重由其他票种分摊。" in told
    assert "领导" not in told.replace("领导班子", "")
    assert "A 票（领导）没有有效票" in str(row_told(body, unit_id, "III-36"))


def test_abstaining_is_called_what_the_ballot_called_it(site):
    assessment_id, unit_id = build_unit(site, leaders=0)
    sealed_poll(site, unit_id, "AB*", abstain="不了解", leaders=0)
    told = str(row_told(body_of(site, assessment_id), unit_id, "III-36"))
    assert "不了解 10" in told
    assert "弃权" not in told


def test_a_version_of_before_the_classes_were_kept_still_reads(site):
    body, unit_id = by_classes(site, {"A": ["ABAAAAAAA"] * 6, "B": ["CDAAAAAAA"] * 6})
    old = copy.deepcopy(body)
    for row in unit_in(old, unit_id)["rows"]:
        for item in (row["democratic"] or {"items": []})["items"]:
            del item["by_class"]
    check(old)
    assert "各票种先分别平均" in str(row_told(old, unit_id, "III-36"))
    assert versions.same_scores(old, body)
    assert version_differences.difference(old | {"number": 1}, body | {"number": 2}).is_empty
    assert content(json.dumps(old)).units == content(json.dumps(body)).units, "who agreed to it still agrees"


def test_few_ballots_are_not_told_to_the_unit(site):
    assessment_id, unit_id = build_unit(site, leaders=0)
    sealed_poll(site, unit_id, "AB", count=3, entitled=3)
    body = body_of(site, assessment_id)
    assert "÷ 3" in str(row_told(body, unit_id, "III-36"))
    text = str(row_told(body, unit_id, "III-36", for_unit=True))
    assert "÷ 3" not in text
    assert "逐题的票数不列出" in text


def test_a_row_of_events_comes_to_no_more_than_its_points(site):
    assessment_id, unit_id = build_unit(site)
    for number in (1, 2):
        record(site, unit_id, event("III-32", "4", document=f"示例发〔2026〕{number}号"))
    line = line_for(site, unit_id, "III-32")
    assert (line.value.got, line.worth, sheet_for(site, unit_id).score.bonus) == (8, 5, 5)
    body = body_of(site, assessment_id)
    check(body)
    found = row_told(body, unit_id, "III-32")
    assert [step.words + step.sum for step in found.steps] == [
        "登记的事件合计4 + 4 = 8",
        "登记合计 8，超过本行上限，计 5。",
    ]
    assert found.result == 5
    assert ",III-32,表彰奖励,加分项,5,已定,5.00," in versions.to_csv(ScoreRecord.from_json(body)).decode()


@pytest.mark.parametrize(
    ("weight", "points", "words"), [("120", "10", "超过满分，计 10。"), ("-20", "0", "低于 0 分，计 0。")]
)
def test_a_scale_beyond_a_hundred_stays_within_the_row(site, weight, points, words):
    assessment_id, unit_id = build_unit(site, leaders=0)
    with site.database.reading() as session:
        usual = PollRules.from_json(polls.poll_of(session, build_poll(site, unit_id=unit_id, leaders=0).poll_id).rules)
    assert usual.organization is not None
    grades = usual.organization.grades | {"A": Decimal(weight)}
    rules = replace(usual, organization=replace(usual.organization, grades=grades))
    _, other = build_unit(site, "另一局", assessment_id=assessment_id, leaders=0)
    sealed_poll(site, other, "A", leaders=0, rules=rules)
    body = body_of(site, assessment_id)
    check(body)
    found = row_told(body, other, "III-36")
    assert (str(found.result), found.steps[-1].words) == (points, words)


def test_what_does_not_agree_is_seen(site):
    season = build_season(site)
    body = season.live()
    unit = unit_in(body, season.first)
    row = next(row for row in unit["rows"] if row["key"] == "III-4")
    row["got"] = {"exact": "1/3", "shown": "0.33"}
    assert not row_told(body, season.first, "III-4").agrees
    assert not total_told(body, season.first).agrees


shares = st.integers(0, 20)


@pytest.mark.slow
@settings(max_examples=6, deadline=None, derandomize=True)
@given(
    data=st.data(),
    mode=st.sampled_from(Mode),
    cap=st.sampled_from(["0", "1.5", "10"]),
    quota=st.sampled_from([None, "0.5"]),
)
def test_a_derivation_comes_to_the_sheets_figures(sqlite_template, tmp_path_factory, data, mode, cap, quota):
    from tests.sites import lite_site_in

    with lite_site_in(tmp_path_factory.mktemp("derive"), sqlite_template) as app:
        site: Site = app.extensions["site"]
        assessment_id, unit_id = build_unit(site, tags=("教育",) if data.draw(st.booleans()) else ())
        fill_marks(site, unit_id)
        enter(site, unit_id, MarkEntry("III-36", GROUP, "7.3", "确认"))
        rules = ScoringRules(
            mode=mode, deduction_cap=Decimal(cap), bonus_cap=Decimal(cap), top_quota=quota and Decimal(quota)
        )
        with site.database.writing() as session:
            session.get_one(Assessment, assessment_id).rules = rules.to_json()
            session.commit()
        body = body_of(site, assessment_id)
        for row in unit_record_in(body, unit_id).rows:
            key, standard = row.key, row.row.standard
            points = str(Decimal(int(standard.points * 100) * data.draw(shares, label=key) // 20) / 100)
            if row.state is not RowState.MARKED or (Decimal(points) == 0 and standard.kind is not Kind.STANDARD):
                continue
            if standard.takes_marks:
                enter(site, unit_id, MarkEntry(key, row.departments[0], points, "依据日常工作情况综合评定"))
            elif standard.kind is not Kind.VETO and Decimal(points) > 0:
                record(site, unit_id, event(key, points))
                record(site, unit_id, event(key, points, "示例发〔2026〕2号"))
        check(body_of(site, assessment_id))
