"""What the unit that was rated can find out of a ballot class: attacks on all that it is given to read."""

import copy
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.acts.site import Site
from surveys.marking.derivation_steps import Step
from surveys.outcome import derivation, life, version_differences, versions
from surveys.outcome import letter as unit_letters
from surveys.outcome.printed_source import present_record
from surveys.storage.tables import Document, Poll, Unit
from surveys.vote import tallies
from surveys.vote.polls import poll_of
from tests.builders import close_marking
from tests.outcome.test_derivations import by_classes, check
from tests.seasons import unit_in, unit_record_in
from tests.sites import NOW
from tests.worlds import build_accounts, client_of

ROW = "III-36"
ONE_VOICE = {"A": ["D" * 9] * 5, "B": ["ABCABCABC"] * 2 + ["BCABCABCA"] * 2 + ["CABCABCAB"] * 2}
"""Five leaders of one mind, and staff of three."""
MANY_VOICES = {key: ["ABCABCABC"] * 2 + ["BCABCABCA"] * 2 + ["CABCABCAB"] * 2 for key in "AB"}


def steps(body: Document, unit_id: int, *, for_unit: bool = True) -> tuple[Step, ...]:
    return derivation.derive_row(unit_record_in(body, unit_id), ROW, for_unit=for_unit).steps


def letter(site: Site, unit_id: int) -> str:
    with site.database.reading() as session:
        assessment_id = session.get_one(Unit, unit_id).assessment_id
        found = present_record(session, assessment_id, lambda: versions.live_body(session, assessment_id))
        return str(unit_letters.letter(found, found.record.unit(unit_id), ZoneInfo("UTC")))


def test_of_a_class_of_one_mind_the_unit_reads_no_counts(site: Site) -> None:
    body, unit_id = by_classes(site, ONE_VOICE)
    check(body)
    told = steps(body, unit_id)
    assert not [step for step in told if "领导：" in step.words or "群众：" in step.words]
    assert told[2].words == "第 1 题，各票种合计：好 2，较好 2，一般 2，差 5"
    # Counts of all and an item's weighted score would be two equations over the means of two classes.
    assert [step.sum for step in told[:-3]] == [""] * 11
    assert told[-2] == Step("各题先按票种分别平均，再按权重合成，各题平均，得测评分", "50")
    assert "第 1 题，领导：好 0，较好 0，一般 0，差 5" in str(steps(body, unit_id, for_unit=False))
    assert "各项得分不单独列出" in letter(site, unit_id)


def test_of_classes_that_differ_the_unit_reads_all(site: Site) -> None:
    body, unit_id = by_classes(site, MANY_VOICES)
    assert steps(body, unit_id) == steps(body, unit_id, for_unit=False)
    assert "第 1 题，领导：好 2，较好 2，一般 2，差 0" in str(steps(body, unit_id))
    assert "各项得分不单独列出" not in letter(site, unit_id)


def test_an_item_without_votes_of_a_class_is_said_where_its_people_differ(lite_site: Site) -> None:
    ballots = MANY_VOICES | {"B": [each + rest[1:] for each, rest in zip("---***", MANY_VOICES["B"], strict=True)]}
    _, unit_id = by_classes(lite_site, ballots, abstain="不了解")
    said = "第 1 项不是每个票种都有评价，没有评价的票种的权重由其他票种分摊。"
    assert said in letter(lite_site, unit_id)


@pytest.mark.parametrize(
    "answers", ["A" * 4 + "BC", "-" * 4 + "AB", "*" * 4 + "AB"], ids=["a-grade", "blank", "abstaining"]
)
def test_one_item_of_one_class_is_enough(lite_site: Site, answers: str) -> None:
    ballots = MANY_VOICES | {
        "B": [each + rest[1:] for each, rest in zip(answers, MANY_VOICES["B"], strict=True)],
    }
    body, unit_id = by_classes(lite_site, ballots, abstain="不了解")
    assert "领导：" not in str(steps(body, unit_id))
    assert "各项得分不单独列出" in letter(lite_site, unit_id)


def test_a_version_frozen_before_tells_no_more(lite_site: Site) -> None:
    """Neither one with the counts by class in it, nor one of before they were kept, which has the items' scores."""
    body, unit_id = by_classes(lite_site, ONE_VOICE)
    older = copy.deepcopy(body)
    for row in unit_in(older, unit_id)["rows"]:
        for item in (row["democratic"] or {"items": []})["items"]:
            del item["by_class"]
    for each in (body, older):
        check(each)
        assert steps(each, unit_id) == steps(body, unit_id)
    assert version_differences.difference(older | {"number": 1}, body | {"number": 2}).is_empty


def test_a_class_whose_ballots_were_all_invalid_is_not_named(lite_site: Site) -> None:
    body, unit_id = by_classes(lite_site, {"A": ["-" * 9] * 6, "B": ["A" * 9] * 6})
    assert "有的票种没有有效票，它的权重由其他票种分摊。" in [step.words for step in steps(body, unit_id)]
    assert "A 票" not in letter(lite_site, unit_id)


def test_the_units_own_page(lite_app: Flask, lite_site: Site) -> None:
    _, unit_id = by_classes(lite_site, ONE_VOICE)
    ids, _ = build_accounts(lite_site, unit_id)
    with lite_site.database.writing() as session:
        assessment_id = session.get_one(Unit, unit_id).assessment_id
        close_marking(session, assessment_id)
        life.open_appeal(session, NOW, COMMAND_LINE, assessment_id, NOW.date())
    reporter = client_of(lite_app, ids[Role.REPORTER])
    page = reporter.page(f"/own-unit/{unit_id}/rows/{ROW}").text
    assert "领导：" not in page
    assert "第 1 题，各票种合计：好 2，较好 2，一般 2，差 5" in page
    office = client_of(lite_app, ids[Role.ADMIN])
    assert "第 1 题，领导：好 0，较好 0，一般 0，差 5" in office.page(f"/units/{unit_id}/rows/{ROW}/why").text


def test_a_class_of_one_mind_is_named_to_who_sees_the_result(lite_site: Site) -> None:
    by_classes(lite_site, ONE_VOICE | {"B": [*ONE_VOICE["B"][:5], "DBCABCABC"]})
    with lite_site.database.reading() as session:
        poll = poll_of(session, session.query(Poll.id).order_by(Poll.id.desc()).limit(1).scalar())
        found = tallies.warnings(tallies.tally(session, poll))
    places = "领导班子第 1、2、3、4、5、6、7、8、9 项"
    assert found == [f"A 票（领导）内部全体一致：{places}。等于知道他们每个人填了什么，请控制知悉范围。"]
