"""Tables -> a roster: layouts, forgiving titles, and each fault at its cell with a remedy."""

import importlib.util
import json
from pathlib import Path

import pytest

from surveys.catalog import loader
from surveys.intake.headers import MOST_FAULTS, Faults
from surveys.intake.tables import read_tables
from surveys.season.uploads.rosters import Known, LeaderRow, Roster, UnitRow, matching_framework, read_roster

DATA = Path(__file__).parents[1] / "data"
MUNICIPAL, COUNTY = loader.framework("municipal"), loader.framework("county")
DEPARTMENTS = ("考核组", "市教育局")
BOTH = Known([MUNICIPAL, COUNTY], {"样例老局": "municipal"}, DEPARTMENTS)
ONE = Known([COUNTY], {}, DEPARTMENTS)
HEAD = "单位,类别,体系,标签,序号,姓名,职务\n"
GOOD = "样例局,市直单位,municipal,教育,1,张三,局长\n"


def read(text: str, known: Known = BOTH) -> tuple[Roster, Faults]:
    return read_roster(read_tables("a.csv", text.encode()), known)


def good(text: str, known: Known = BOTH) -> Roster:
    roster, faults = read(text, known)
    assert [str(fault) for fault in faults.found] == []
    return roster


def faulty(text: str, known: Known = BOTH) -> list[str]:
    return [str(fault) for fault in read(text, known)[1].found]


def test_the_messy_sample():
    roster, faults = read_roster(read_tables("a.csv", (DATA / "roster-messy.csv").read_bytes()), BOTH)
    assert faults.count == 0
    assert roster.units == (
        UnitRow(
            "样例教育局",
            "市直单位",
            "municipal",
            ("宣传", "教育"),
            None,
            (
                LeaderRow("张三", "党组书记、局长"),
                LeaderRow("阿卜杜拉·买买提", "副局长"),
                LeaderRow("李䶮", "党组成员 纪检组长"),
            ),
        ),
        UnitRow("样例县", "县区", "county", (), None, (LeaderRow("Anna Lee", "县长"), LeaderRow("王五", "县委书记"))),
    )
    assert len(roster.notes) == 3


def test_the_merged_sample():
    roster, faults = read_roster(read_tables("a.xlsx", (DATA / "roster-merged.xlsx").read_bytes()), BOTH)
    assert faults.count == 0
    assert roster.units == (
        UnitRow(
            "样例教育局",
            "市直单位",
            "municipal",
            ("教育",),
            None,
            (LeaderRow("样例甲", "局长"), LeaderRow("样例𬭎", "副局长"), LeaderRow("样例丙", "纪检组长")),
        ),
        UnitRow("样例财政局", "市直单位", "municipal", (), None, (LeaderRow("样例丁", "局长"),)),
    )
    assert roster.notes == (
        "工作表“单位”第 3 行“一、市直单位”当作说明，没有读。",
        "工作表“去年”是隐藏的，没有读。",
    )


def test_the_samples_are_what_their_script_makes():
    spec = importlib.util.spec_from_file_location("make_rosters", DATA / "make_rosters.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for name, make in script.SAMPLES.items():
        assert make() == (DATA / name).read_bytes(), name


def test_a_roster_survives_json():
    roster = good(HEAD + GOOD)
    assert Roster.from_json(json.loads(json.dumps(roster.to_json()))) == roster


@pytest.mark.parametrize("title", ["单位", "单位名称", "名 称", "单位\u3000名称", "单位名称（全称）", "*单位："])
@pytest.mark.parametrize("kind", ["类别", "单位类别", "分类"])
def test_titles_are_forgiving(title, kind):
    (unit,) = good(f"{title},{kind},测评体系\n样例局,市直单位,municipal\n").units
    assert unit == UnitRow("样例局", "市直单位", "municipal")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("municipal", "municipal"),
        ("ＣＯＵＮＴＹ", "county"),
        (MUNICIPAL.title, "municipal"),
        ("市直单位", "municipal"),
        ("县（市、区）", "county"),
        ("县(市、区)", "county"),
        ("考核测评体系", None),  # in both
        ("县", "county"),
        ("乡镇", None),
        ("", None),
    ],
)
def test_frameworks_are_known_by_what_no_other_has(text, key):
    assert matching_framework(text, [MUNICIPAL, COUNTY]) == (None if text == "县" else key)


def test_one_framework_needs_no_column():
    assert good("单位,类别\n样例县,县区\n", ONE).units == (UnitRow("样例县", "县区", "county"),)


def test_a_column_that_is_not_there_says_nothing():
    (unit,) = good("单位,姓名,职务\n样例老局,张三,局长\n").units
    assert unit == UnitRow("样例老局", leaders=(LeaderRow("张三", "局长"),))
    (unit,) = good("单位,类别\n样例老局,市直单位\n").units
    assert unit == UnitRow("样例老局", "市直单位")


def test_an_empty_cell_says_nothing_is_there():
    (unit,) = good("单位,类别,体系,标签,考核部门\n样例局,市直单位,municipal,,\n").units
    assert (unit.tags, unit.department) == ((), "")


def test_a_department_is_one_of_those_that_mark():
    """Mistyped, it would mark itself."""
    head = "单位,类别,体系,考核部门\n"
    (unit,) = good(head + "样例教育局,市直单位,municipal,市 教育局\n").units
    assert unit.department == "市教育局"
    (fault,) = faulty(head + "样例教育局,市直单位,municipal,市教育居\n")
    assert "第 2 行" in fault
    assert "没有考核部门“市教育居”。可用的有：考核组、市教育局；" in fault


def test_order_numbers_rule_and_else_the_file():
    rows = [("3", "丙"), ("１", "甲"), ("", "尾"), ("2", "乙")]
    text = HEAD + "".join(f"样例局,市直单位,municipal,,{order},{name},某职\n" for order, name in rows)
    assert [leader.name for leader in good(text).units[0].leaders or ()] == ["甲", "乙", "丙", "尾"]
    text = HEAD + "".join(f"样例局,市直单位,municipal,,,{name},某职\n" for _, name in rows)
    assert [leader.name for leader in good(text).units[0].leaders or ()] == ["丙", "甲", "尾", "乙"]


def test_two_of_one_name_are_two_where_their_posts_differ():
    (unit,) = good(HEAD + GOOD + "样例局,市直单位,municipal,教育,2,张三,副局长\n").units
    assert unit.leaders == (LeaderRow("张三", "局长"), LeaderRow("张三", "副局长"))


def test_a_numbered_form_may_have_rows_to_spare():
    assert len(good(HEAD + GOOD + ",,,,2,,\n,,,,3,,\n").units) == 1


def test_data_that_look_like_formulas_stay_data():
    (unit,) = good(HEAD + "样例局,市直单位,municipal,,,-张三,+副局长@样例\n").units
    assert unit.leaders == (LeaderRow("-张三", "+副局长@样例"),)


FAULTS = {
    "two leaders of one name and post": (
        GOOD + "样例局,市直单位,municipal,教育,2,张 三,局 长\n",
        "第 3 行 F 列（姓名） “张 三”：",
        "已有同名的领导（第 2 行）。是同一人就去掉一个；是同名的两人，请写明不同的职务。",
    ),
    "a unit with two categories": (
        GOOD + "样例局,县区,municipal,教育,2,李四,副局长\n",
        "第 3 行 B 列（类别） “县区”：",
        "第 2 行写的是“市直单位”",
    ),
    "a leader without a unit": (GOOD + ",,,,2,李四,副局长\n", "第 3 行 A 列（单位）", "没有写单位"),
    "data without a unit": (GOOD + ",市直单位,municipal,,,,\n", "第 3 行 A 列（单位）", "没有写单位名称"),
    "an unknown tag": ("样例局,市直单位,municipal,教育、航天,1,张三,局长\n", "D 列（标签） “教育、航天”", "群团组织、"),
    "a tag where there are none": ("样例县,县区,county,教育,1,张三,县长\n", "D 列（标签）", "没有标签，请留空"),
    "an unknown framework": ("样例局,市直单位,乡镇,,1,张三,局长\n", "C 列（体系） “乡镇”", "municipal"),
    "no framework": ("样例局,市直单位,,,1,张三,局长\n", "第 2 行 C 列（体系）", "没有写测评体系"),
    "no category": ("样例局, ,municipal,,1,张三,局长\n", "第 2 行 B 列（类别）", "没有写类别"),
    "a name too long": (f"样例局,市直单位,municipal,,1,{'长' * 101},局长\n", "F 列（姓名） “长长", "最多 100 个字"),
    "a post too long": (f"样例局,市直单位,municipal,,1,张三,{'长' * 201}\n", "G 列（职务） “长长", "最多 200 个字"),
    "a unit too long": (f"{'长' * 201},市直单位,municipal,,1,张三,局长\n", "A 列（单位） “长长", "最多 200 个字"),
    "a category too long": (f"样例局,{'长' * 101},municipal,,1,张三,局长\n", "B 列（类别） “长长", "最多 100 个字"),
    "a doubled order": (
        GOOD + "样例局,市直单位,municipal,教育,1,李四,副局长\n",
        "第 3 行 E 列（序号） “1”",
        "和第 2 行重复",
    ),
    "an order that is no number": ("样例局,市直单位,municipal,,甲,张三,局长\n", "E 列（序号） “甲”", "整数"),
    "a name that is a formula": (
        "样例局,市直单位,municipal,,1,=cmd|' /C calc'!A0,局长\n",
        "F 列（姓名） “=cmd",
        "等号",
    ),
    "a post that is a formula": ("样例局,市直单位,municipal,,1,张三,＝1+1\n", "G 列（职务） “＝1+1”", "等号"),
    "a unit that is a formula": ("=1+1,市直单位,municipal,,1,张三,局长\n", "A 列（单位） “=1+1”", "等号"),
    "a post without a name": ("样例局,市直单位,municipal,,1,,局长\n", "F 列（姓名）", "没有姓名"),
    "a name without a post": ("样例局,市直单位,municipal,,1,张三,\n", "G 列（职务）", "没有写“张三”的职务"),
    "a private character": ("样例局,市直单位,municipal,,1,李\ue000,局长\n", "F 列（姓名）", "第 2 个字"),
}


@pytest.mark.parametrize("what", list(FAULTS))
def test_each_fault_names_its_cell_and_the_remedy(what):
    rows, place, remedy = FAULTS[what]
    found = faulty(HEAD + rows)
    assert len(found) == 1, found
    assert place in found[0]
    assert remedy in found[0]


def test_all_faults_are_told_at_once():
    rows = [text for text, _, _ in FAULTS.values()]
    assert read(HEAD + "".join(rows))[1].count >= len(rows)


def test_past_the_cap_faults_are_counted():
    _, faults = read(HEAD + "样例局,市直单位,municipal,,甲,,局长\n" * (MOST_FAULTS + 5))
    assert len(faults.found) == MOST_FAULTS
    assert faults.left_out == faults.count - MOST_FAULTS > 0


def test_a_leader_of_a_unit_that_is_nowhere():
    (fault,) = faulty("单位,姓名,职务\n样例老句,张三,局长\n样例老句,李四,副局长\n")
    assert "不在单位表里" in fault
    assert "是不是“样例老局”" in fault


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("单位,体系\n样例局,municipal\n样例厅,municipal\n", "缺“类别”一列"),
        ("单位,类别\n样例局,市直单位\n样例厅,市直单位\n", "缺“测评体系”一列"),
        ("甲,乙\n1,2\n", "没有认出表头"),
        ("单位,类别\n", "没有单位"),
        ("单位,类别,体系,姓名,姓名,职务\n样例局,市直单位,municipal,张三,李四,局长\n", "重复，请只留一列"),
    ],
)
def test_a_fault_of_the_whole_file_is_told_once(text, words):
    (fault,) = faulty(text)
    assert words in fault
