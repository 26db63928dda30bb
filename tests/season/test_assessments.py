"""Setting up an assessment: frameworks, units, tags, leaders."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.errors import BadInput, NotFound
from surveys.acts.site import Site
from surveys.catalog import loader
from surveys.scoring.score_sheet import Mode, ScoringRules
from surveys.season import assessments
from surveys.season.assessments import LeaderEntry, UnitEntry
from tests.builders import build_unit, dump
from tests.sites import NOW

UNIT = UnitEntry("样例局", "市直单位", "municipal")


def create(site: Site, *keys: str, title: str = "年度考核", rules: ScoringRules | None = None) -> int:
    with site.database.writing() as session:
        return assessments.create_assessment(session, NOW, COMMAND_LINE, title, keys, rules)


def add(site: Site, assessment_id: int, entry: UnitEntry) -> int:
    with site.database.writing() as session:
        return assessments.add_unit(session, NOW, COMMAND_LINE, assessment_id, entry)


def test_an_assessment_keeps_its_own_copy_of_its_frameworks(site):
    rules = ScoringRules(mode=Mode.BLOCK, bonus_cap=Decimal(3), top_quota=Decimal("0.3"))
    assessment_id = create(site, "county", "municipal", "county", title=" 年度考核 ", rules=rules)
    with site.database.reading() as session:
        found = assessments.assessment_of(session, assessment_id)
        assert (found.title, found.state, found.created_at) == ("年度考核", "preparing", NOW)
        assert ScoringRules.from_json(found.rules) == rules
        assert assessments.frameworks_of(found) == [loader.framework("county"), loader.framework("municipal")]
        assert assessments.framework_of(found, "county").key == "county"


def test_assessments_that_cannot_be_are_refused_and_leave_nothing(site):
    for title, keys in ((" \u3000", ["municipal"]), ("考核", []), ("考核", ["municipal", "nowhere"])):
        with pytest.raises(BadInput):
            create(site, *keys, title=title)
    assert dump(site.database)["assessments"] == []


def test_a_framework_the_assessment_does_not_use_is_not_found(site):
    assessment_id = create(site, "county")
    with pytest.raises(NotFound):
        add(site, assessment_id, UNIT)
    with site.database.reading() as session, pytest.raises(NotFound):
        assessments.framework_of(assessments.assessment_of(session, assessment_id), "municipal")


def test_units_are_kept_in_order_with_tags_and_leaders(site):
    assessment_id = create(site, "municipal")
    leaders = (LeaderEntry("䶮某", "局长"), LeaderEntry("样例·买买提", "副局长"))
    entry = UnitEntry(" 样例教育局 ", " 市直单位 ", "municipal", ("教育", "宣传", "教育"), leaders, "市教育局")
    first, second = add(site, assessment_id, UNIT), add(site, assessment_id, entry)
    with site.database.reading() as session:
        unit = assessments.unit_of(session, second)
        assert (unit.name, unit.category, unit.department) == ("样例教育局", "市直单位", "市教育局")
        assert sorted(tag.tag for tag in unit.tags) == ["宣传", "教育"]
        assert [(each.position, each.name, each.post) for each in unit.leaders] == [
            (1, "䶮某", "局长"),
            (2, "样例·买买提", "副局长"),
        ]
        (line,) = assessments.list_assessments(session)
        assert [each.id for each in line.units] == [first, second]


REFUSED: dict[str, dict[str, Any]] = {
    "no name": {"name": " "},
    "no category": {"category": "\u3000"},
    "a name that is there": {"name": " 样例局 "},
    "an unknown tag": {"name": "另一局", "tags": ("教育", "没有")},
    "a name too long": {"name": "长" * 201},
    "a category too long": {"name": "另一局", "category": "长" * 101},
    "a department too long": {"name": "另一局", "department": "长" * 101},
    "a leader without a name": {"name": "另一局", "leaders": (LeaderEntry(" ", "局长"),)},
    "a leader's name too long": {"name": "另一局", "leaders": (LeaderEntry("长" * 101, "局长"),)},
    "a leader's post too long": {"name": "另一局", "leaders": (LeaderEntry("某", "长" * 201),)},
}


def test_units_that_cannot_be_are_refused_and_leave_nothing(site):
    assessment_id = create(site, "municipal")
    add(site, assessment_id, UNIT)
    before = dump(site.database)
    accepted = {}
    for what, changes in REFUSED.items():
        try:
            add(site, assessment_id, replace(UNIT, **changes))
        except BadInput:
            assert dump(site.database) == before, what
            continue
        except Exception as error:
            accepted[what] = type(error).__name__
            continue
        accepted[what] = "added"
        assessment_id = create(site, "municipal")
        add(site, assessment_id, UNIT)
        before = dump(site.database)
    assert accepted == {}


def test_one_name_can_be_in_two_assessments(site):
    for _ in range(2):
        add(site, create(site, "municipal"), UNIT)
    assert len(dump(site.database)["units"]) == 2


def test_what_is_not_there_is_not_found(site):
    build_unit(site)
    with site.database.reading() as session:
        with pytest.raises(NotFound):
            assessments.assessment_of(session, 99)
        with pytest.raises(NotFound):
            assessments.unit_of(session, 99)
    with pytest.raises(NotFound):
        add(site, 99, UNIT)


def test_assessments_are_listed_the_newest_first(site):
    ids = [create(site, "municipal", title=f"考核{number}") for number in range(3)]
    with site.database.reading() as session:
        assert [line.id for line in assessments.list_assessments(session)] == ids[::-1]


@pytest.mark.parametrize(
    ("text", "leaders"),
    [
        ("张三 局长\n\n李四，副局长 \n", [("张三", "局长"), ("李四", "副局长")]),
        ("样例·买买提\u3000党组书记 局长", [("样例·买买提", "党组书记 局长")]),
        ("张三,局长", [("张三", "局长")]),
        ("", []),
    ],
)
def test_leaders_are_read_as_typed(text, leaders):
    assert [(each.name, each.post) for each in assessments.parse_leaders(text)] == leaders


def test_a_leader_without_a_post_names_the_line():
    with pytest.raises(BadInput, match="第 2 行"):
        assessments.parse_leaders("张三 局长\n李四")
