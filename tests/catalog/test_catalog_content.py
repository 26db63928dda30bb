"""The shipped content: counts, points, who marks, whom a row is for. Every number is counted from the loaded data."""

import re
from decimal import Decimal

import pytest

from surveys.catalog.loader import framework, framework_keys, questionnaire, questionnaire_keys
from surveys.catalog.model import Framework, Method, QuestionnaireKind, Standard
from surveys.scoring.grades import BlankPolicy
from surveys.scoring.score_sheet import Kind

GROUP = ("考核组",)
NETWORK_OFFICE = ("市委网信办",)
JOINT = ("市纪委", "市委组织部", "市委宣传部")
EDUCATION = ("市教育局",)


def standards(key: str) -> dict[str, Standard]:
    return {row.standard.key: row.standard for row in framework(key).rows()}


def total(kept: Framework, code: str | None = None) -> Decimal:
    return sum(
        (
            row.standard.points
            for row in kept.rows()
            if row.standard.kind is Kind.STANDARD and code in (None, row.block.code)
        ),
        Decimal(0),
    )


def test_what_is_shipped():
    assert framework_keys() == ("county", "municipal")
    assert questionnaire_keys() == ("leader", "organization")
    assert all(framework(key).key == key for key in framework_keys())
    assert all(questionnaire(key).key == key for key in questionnaire_keys())


@pytest.mark.parametrize(
    ("key", "counts"),
    [("municipal", (4, 15, 36, 41)), ("county", (4, 13, 26, 31))],
)
def test_counts(key, counts):
    rows = list(framework(key).rows())
    codes = (
        {row.block.code for row in rows},
        {row.indicator.code for row in rows},
        {row.content.code for row in rows},
        {row.standard.key for row in rows},
    )
    assert tuple(map(len, codes)) == counts
    assert len(rows) == counts[-1]


@pytest.mark.parametrize(
    ("key", "items", "not_numbered"),
    [("municipal", 65, {"III-16", "III-20", "III-32"}), ("county", 55, {"III-16", "III-20"})],
)
def test_evidence(key, items, not_numbered):
    rows = standards(key)
    assert sum(len(row.evidence) for row in rows.values()) == items
    asks = {name for name, row in rows.items() if "需提供" in row.text}
    assert {name for name in asks if not rows[name].evidence} == not_numbered
    assert all("没有逐项编号" in rows[name].note for name in not_numbered)
    assert {name for name, row in rows.items() if row.evidence} == asks - not_numbered


@pytest.mark.parametrize(
    ("key", "blocks"),
    [
        ("municipal", {"I-1": 50, "I-2": 20, "I-3": 15, "I-4": 15}),
        ("county", {"I-1": 55, "I-2": 20, "I-3": 15, "I-4": 10}),
    ],
)
def test_points_add_up(key, blocks):
    kept = framework(key)
    assert {block.code: block.points for block in kept.blocks} == blocks
    assert {block.code: total(kept, block.code) for block in kept.blocks} == blocks
    assert total(kept) == 100
    assert "原文没有分值" in kept.points_note


@pytest.mark.parametrize(
    ("key", "usual", "others"),
    [
        (
            "municipal",
            2,
            {"III-2": 3, "III-11(2)": 3, "III-12": 3, "III-13": 3, "III-30": 9, "III-31": 6, "III-35": 5, "III-36": 10},
        ),
        (
            "county",
            2,
            {name: 4 for name in ("III-3", "III-11(2)", "III-12", "III-13", "III-22")}
            | {name: 3 for name in ("III-2", "III-4", "III-8", "III-10", "III-11(1)", "III-20", "III-21")}
            | {"III-18": 20, "III-19": 5, "III-26": 10},
        ),
    ],
)
def test_points_of_rows(key, usual, others):
    for name, row in standards(key).items():
        if row.kind is Kind.STANDARD:
            assert row.points == others.get(name, usual), name


@pytest.mark.parametrize(
    ("key", "kinds"),
    [
        (
            "municipal",
            {
                "III-32": (Kind.BONUS, 5),
                "III-33(1)": (Kind.DEDUCTION, 10),
                "III-33(2)": (Kind.DEDUCTION, 10),
                "III-34": (Kind.VETO, 0),
            },
        ),
        (
            "county",
            {
                "III-23": (Kind.BONUS, 5),
                "III-24(1)": (Kind.DEDUCTION, 10),
                "III-24(2)": (Kind.DEDUCTION, 10),
                "III-25": (Kind.VETO, 0),
            },
        ),
    ],
)
def test_bonus_deduction_and_veto_rows(key, kinds):
    rows = standards(key)
    found = {name: (row.kind, row.points) for name, row in rows.items() if row.kind is not Kind.STANDARD}
    assert found == kinds
    assert all(rows[name].note for name in kinds)
    assert "弄虚作假" in next(row.text for row in rows.values() if row.kind is Kind.VETO)


@pytest.mark.parametrize("key", ["municipal", "county"])
def test_rows_that_start_full_are_those_worded_so(key):
    rows = standards(key)
    worded = {name for name, row in rows.items() if re.search("不发生|未发生", row.text)}
    assert {name for name, row in rows.items() if row.starts_full} == worded == {"III-11(2)", "III-13"}
    assert all(rows[name].note for name in worded)


def test_the_municipal_row_named_so_is_comprehensive_whatever_method_is_printed():
    assert {name for name, row in standards("municipal").items() if row.asks_basis} == {"III-35"}
    assert {name for name, row in standards("county").items() if row.asks_basis} == {"III-18"}


@pytest.mark.parametrize(
    ("key", "special"),
    [
        (
            "municipal",
            {"III-2": JOINT, "III-12": ("市纪委",), "III-15": ("市宗教局",)}
            | dict.fromkeys(("III-11(2)", "III-13", "III-31", "III-33(1)", "III-33(2)", "III-35"), NETWORK_OFFICE)
            | dict.fromkeys(("III-17", "III-18", "III-19"), EDUCATION),
        ),
        (
            "county",
            {"III-3": JOINT, "III-12": ("市纪委",), "III-15": ("市宗教局",), "III-17": EDUCATION}
            | dict.fromkeys(("III-11(2)", "III-13", "III-18", "III-24(1)", "III-24(2)"), NETWORK_OFFICE),
        ),
    ],
)
def test_who_marks_which_row(key, special):
    kept = framework(key)
    assert {row.standard.key: row.standard.departments for row in kept.rows()} == {
        row.standard.key: special.get(row.standard.key, GROUP) for row in kept.rows()
    }
    assert kept.default_department == "考核组"
    assert kept.lead_department == "市委网信办"


@pytest.mark.parametrize("key", ["municipal", "county"])
def test_departments_named_in_a_text_are_those_that_mark(key):
    for row in framework(key).rows():
        named = re.search(r"由(市\w+?)(?:负责)?考核", row.standard.text)
        if named:
            assert row.standard.departments == (named[1],), row.standard.key


APPLIES = {
    "III-16": {"群团组织"},
    "III-17": {"市管高校"},
    "III-18": {"市管高校"},
    "III-19": {"教育"},
    "III-20": {"宣传"},
    "III-21": {"政法"},
    "III-22": {"教育", "文广新", "通信管理"},
    "III-23": {"公安", "国安", "外事侨务", "金融"},
    "III-24": {"发改", "工信", "科技", "通信管理"},
    "III-25": {"党政办公室", "财政"},
    "III-26": {"纪检"},
    "III-27": {"组织"},
    "III-28": {"统战"},
    "III-29": {"巡察"},
}


def test_rows_for_some_units_only():
    assert {name: set(row.applies_to) for name, row in standards("municipal").items() if row.applies_to} == APPLIES
    assert not any(row.applies_to for row in standards("county").values())


def test_a_unit_without_a_tag_has_27_rows():
    assert sum(row.applies(()) for row in standards("municipal").values()) == 27
    assert sum(row.applies(()) for row in standards("county").values()) == 31


def test_each_tag_brings_its_rows_and_no_others():
    kept = framework("municipal")
    assert set(kept.tags) == set().union(*APPLIES.values())
    assert len(kept.tags) == 20
    for tag in kept.tags:
        gained = {
            row.standard.key for row in kept.rows() if row.standard.applies({tag}) and not row.standard.applies(())
        }
        assert gained == {name for name, tags in APPLIES.items() if tag in tags}, tag


def test_a_unit_with_several_tags_has_the_rows_of_each_once():
    rows = standards("municipal").values()
    assert sum(row.applies({"教育", "宣传"}) for row in rows) == 27 + 3
    assert sum(row.applies(framework("municipal").tags) for row in rows) == 41
    assert sum(row.applies({"不在册的标签"}) for row in rows) == 27


@pytest.mark.parametrize(
    ("key", "name", "said"),
    [
        ("county", "III-8", "没有写测评方法"),
        ("municipal", "III-35", "综合评定"),
        ("county", "III-17", "专项考评"),
        ("municipal", "III-23", "材料审核或听取汇报"),
        ("municipal", "III-34", "一票否决"),
        ("county", "III-25", "一票否决"),
        ("municipal", "III-19", "原文没有写明"),
        ("municipal", "III-2", "“纪检、组织、宣传部门”的理解"),
        ("county", "III-3", "“纪检、组织、宣传部门”的理解"),
    ],
)
def test_what_was_kept_as_printed_has_a_note(key, name, said):
    assert said in standards(key)[name].note


@pytest.mark.parametrize("key", ["municipal", "county"])
def test_the_mixed_block_has_a_note(key):
    noted = [block.code for block in framework(key).blocks if block.note]
    assert noted == ["I-4"]


def test_methods_that_are_not_as_expected():
    municipal, county = standards("municipal"), standards("county")
    assert municipal["III-35"].methods == (Method.SPECIAL_EVALUATION,)
    assert municipal["III-23"].methods == (Method.MATERIAL_REVIEW, Method.HEARING)
    assert county["III-8"].methods == (Method.MATERIAL_REVIEW,)
    assert county["III-18"].methods == (Method.COMPREHENSIVE,)
    assert county["III-17"].methods == (Method.SPECIAL_EVALUATION,)
    assert len(county["III-17"].evidence) == 3


@pytest.mark.parametrize(("key", "name"), [("municipal", "III-36"), ("county", "III-26")])
def test_one_row_is_democratic(key, name):
    democratic = [row for row in standards(key).values() if Method.DEMOCRATIC in row.methods]
    assert [row.key for row in democratic] == [name]
    assert democratic[0].points == 10


@pytest.mark.parametrize(
    ("key", "kind", "count"),
    [("organization", QuestionnaireKind.ORGANIZATION, 9), ("leader", QuestionnaireKind.LEADER, 7)],
)
def test_questionnaires(key, kind, count):
    kept = questionnaire(key)
    assert kept.kind is kind
    assert kept.blank is BlankPolicy.EXCLUDE
    assert [question.key for question in kept.questions] == [str(number + 1) for number in range(count)]
    assert {question.weight for question in kept.questions} == {1}
    assert [(grade.letter, grade.name, grade.weight) for grade in kept.grades] == [
        ("A", "好", 100),
        ("B", "较好", 80),
        ("C", "一般", 60),
        ("D", "差", 40),
    ]


def test_the_overall_aspect_is_the_first():
    kept = questionnaire("leader")
    assert [aspect.text for aspect in kept.aspects if aspect.overall] == ["总体评价"]
    assert kept.aspects[0].overall
    assert not any(item.overall for item in questionnaire("organization").items)
    assert len([aspect for aspect in kept.aspects if not aspect.overall]) == 6


def test_the_item_with_two_variants_is_whole_and_noted():
    item = questionnaire("organization").items[1]
    assert "；其他单位有领导主管" in item.text
    assert "两种情形" in item.note
