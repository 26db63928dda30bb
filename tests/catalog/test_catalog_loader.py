"""The loader: every fault of a file is reported at once, with its line, its field and what to do, in Chinese."""

import re
from pathlib import Path
from string import ascii_uppercase

import pytest

from surveys.catalog import loader
from surveys.catalog.model import Questionnaire
from surveys.catalog.problems import CatalogError, Problem, UnknownCatalogKey, field_name

FRAMEWORK = """\
key: demo
title: 示例体系
lead_department: 牵头办
default_department: 考核组
tags: [教育, 宣传]
blocks:
  - code: I-1
    name: 第一板块
    points: "60"
    indicators:
      - code: II-1
        name: 指标一
        contents:
          - code: III-1
            name: 内容一
            standards:
              - key: III-1(1)
                text: 标准一
                methods: [material_review]
                points: "40"
              - key: III-1(2)
                text: 标准二
                methods: [hearing]
                applies_to: [教育]
                points: "20"
  - code: I-2
    name: 第二板块
    points: "40"
    indicators:
      - code: II-2
        name: 指标二
        contents:
          - code: III-2
            name: 内容二
            standards:
              - key: III-2
                text: 标准三
                methods: [democratic]
                departments: [另一部门]
                points: "40"
      - code: II-3
        name: 指标三
        contents:
          - code: III-3
            name: 内容三
            standards:
              - key: III-3
                text: 标准四
                methods: [material_review]
                kind: veto
                points: "0"
"""

QUESTIONNAIRE = """\
key: demo
kind: organization
title: 示例测评表
grades:
  - {letter: A, name: 好, weight: "100"}
  - {letter: B, name: 差, weight: "-40"}
items:
  - key: "1"
    text: 第一项
  - key: "2"
    text: 第二项
    weight: "0.5"
"""

FIRST = "blocks[0].indicators[0].contents[0].standards[0]"
SECOND = "blocks[0].indicators[0].contents[0].standards[1]"
THIRD = "blocks[1].indicators[0].contents[0].standards[0]"
VETO = "blocks[1].indicators[1].contents[0].standards[0]"


def check(tmp_path: Path, content: str | bytes) -> list[Problem]:
    path = tmp_path / "demo.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return loader.check_file(path)


def edited(text: str, old: str, new: str) -> str:
    assert text.count(old) >= 1, f"nothing to edit: {old}"
    return text.replace(old, new, 1)


def deep(text: str) -> str:
    """`>` begins a field of a standard on a line of its own."""
    return text.replace(">", "\n" + " " * 16)


def assert_one(problems: list[Problem], line: int, field: str, said: str) -> None:
    assert [(problem.line, problem.field) for problem in problems] == [(line, field)], "\n".join(map(str, problems))
    assert said in problems[0].message
    assert problems[0].file == "demo.yaml"


def assert_chinese(problems: list[Problem]) -> None:
    for problem in problems:
        assert re.search("请", problem.message), problem
        assert not re.search("should|must|expected|valid", problem.message), problem


def test_a_good_framework(tmp_path):
    path = tmp_path / "demo.yaml"
    path.write_text(FRAMEWORK, "utf-8")
    kept = loader.load_framework(path)
    assert [row.standard.key for row in kept.rows()] == ["III-1(1)", "III-1(2)", "III-2", "III-3"]
    assert [row.standard.departments for row in kept.rows()] == [("考核组",), ("考核组",), ("另一部门",), ("考核组",)]
    assert loader.check_file(path) == []
    assert loader.read_framework(FRAMEWORK.encode(), "上传.yaml") == kept


def test_a_good_questionnaire(tmp_path):
    path = tmp_path / "demo.yaml"
    path.write_text(QUESTIONNAIRE, "utf-8")
    kept = loader.load_questionnaire(str(path))
    assert [grade.weight for grade in kept.grades] == [100, -40]
    assert [str(item.weight) for item in kept.questions] == ["1", "0.5"]
    assert loader.check_file(str(path)) == []
    assert loader.read_questionnaire(QUESTIONNAIRE.encode(), "上传.yaml") == kept


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path):
    assert check(tmp_path, b"\xef\xbb\xbf" + FRAMEWORK.replace("\n", "\r\n").encode()) == []


def test_shipped_files_have_no_problem():
    folder = Path(loader.__file__).parent
    files = [*folder.glob("frameworks/*.yaml"), *folder.glob("questionnaires/*.yaml")]
    assert len(files) == 4
    assert [problem for file in files for problem in loader.check_file(file)] == []


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "said"),
    [
        pytest.param("title: 示例体系\n", "", 1, "title", "缺少这一项", id="missing"),
        pytest.param("                text: 标准一\n", "", 17, f"{FIRST}.text", "缺少这一项", id="missing-deep"),
        pytest.param("title: 示例体系", "title:", 2, "title", "没有写内容", id="null"),
        pytest.param("title: 示例体系", 'title: " "', 2, "title", "没有写内容", id="blank"),
        pytest.param("title: 示例体系", "title: 2017", 2, "title", '写成 "2017"', id="number-for-text"),
        pytest.param("title: 示例体系", "title: yes", 2, "title", "请加引号", id="yes-for-text"),
        pytest.param("title: 示例体系", "title: [甲]", 2, "title", "不能是列表", id="list-for-text"),
        pytest.param("title: 示例体系", "title: " + "长" * 201, 2, "title", "最多 200 个字", id="too-long"),
        pytest.param("text: 标准二", "text: 标准二>txt: 甲", 23, f"{SECOND}.txt", "“text”", id="unknown"),
        pytest.param("code: I-2", "zzz: 甲\n    code: I-2", 26, "blocks[1].zzz", "indicators", id="unknown2"),
        pytest.param("[material_review]", "[material]", 19, f"{FIRST}.methods[0]", "special_evaluation", id="method"),
        pytest.param("[material_review]", "[]", 19, f"{FIRST}.methods", "至少要有 1 项", id="no-method"),
        pytest.param("[material_review]", "hearing", 19, f"{FIRST}.methods", "要写成列表", id="method-not-list"),
        pytest.param("kind: veto", "kind: vetoed", 50, f"{VETO}.kind", "bonus、deduction、veto", id="kind"),
        pytest.param("标准三", "标准三>starts_full: 是", 38, f"{THIRD}.starts_full", "true 或 false", id="bool"),
        pytest.param("[教育]", "[教育, 体育]", 24, f"{SECOND}.applies_to[1]", "教育、宣传", id="tag"),
        pytest.param("[教育]", "[教育, 教育]", 24, f"{SECOND}.applies_to[1]", "重复", id="tag-twice-in-row"),
        pytest.param("[教育, 宣传]", "[教育, 宣传, 教育]", 5, "tags[2]", "第 5 行", id="tag-twice"),
        pytest.param("key: demo", "key: Demo", 1, "key", "半角小写字母", id="key"),
        pytest.param("key: III-2", "key: III-2（1）", 36, f"{THIRD}.key", "全角括号", id="full-width-key"),
        pytest.param("code: I-2", "code: I-1", 26, "blocks[1].code", "第 7 行已经有了", id="block-twice"),
        pytest.param("code: II-2", "code: II-1", 30, "blocks[1].indicators[0].code", "第 11 行", id="indicator-twice"),
        pytest.param("III-1(2)", "III-1(1)", 21, f"{SECOND}.key", "第 17 行已经有了", id="row-twice"),
        pytest.param("III-1(2)", "III-7(2)", 21, f"{SECOND}.key", "“III-1(1)”的样子", id="row-under-other-content"),
        pytest.param('points: "40"', "points: 40.5", 20, f"{FIRST}.points", '请加上引号，写成 "40.5"', id="float"),
        pytest.param('points: "40"', "points: 四十", 20, f"{FIRST}.points", "不是数字", id="not-a-number"),
        pytest.param('points: "40"', "points: “40”", 20, f"{FIRST}.points", "半角数字", id="full-width-quotes"),
        pytest.param('points: "40"', 'points: "-1"', 20, f"{FIRST}.points", "不能小于 0", id="negative"),
        pytest.param('points: "40"', "points: true", 20, f"{FIRST}.points", "不是数字", id="bool-for-number"),
        pytest.param('points: "0"', 'points: "3"', 51, f"{VETO}.points", '请写成 "0"', id="veto-with-points"),
        pytest.param("kind: veto", "kind: bonus", 51, f"{VETO}.points", "分值要大于 0", id="bonus-without-points"),
        pytest.param("kind: veto", "kind: veto>starts_full: true", 51, f"{VETO}.starts_full", "从满分起", id="full"),
        pytest.param("kind: veto", "kind: veto>comprehensive: true", 51, f"{VETO}.comprehensive", "综合", id="basis"),
        pytest.param("  - code: I-1\n", "  - 甲\n  - code: I-1\n", 7, "blocks[0]", "字段: 内容", id="not-mapping"),
        pytest.param("title: 示例体系", "title: 甲\ntitle: 乙", 3, "title", "第 2 行和第 3 行", id="key-twice"),
        pytest.param("text: 标准二", "text: 甲>text: 乙", 23, f"{SECOND}.text", "第 22 行和第 23 行", id="twice-deep"),
        pytest.param("text: 标准一", "text: &t 标准一", 18, "", "&t", id="anchor"),
        pytest.param("text: 标准一", "text: *t", 18, f"{FIRST}.text", "*t", id="alias"),
        pytest.param("text: 标准一", "text: 标准一><<: {}", 19, f"{FIRST}.<<", "合并写法", id="merge-key"),
        pytest.param("text: 标准一", "text: !!python/name:os.system x", 18, f"{FIRST}.text", "标签", id="python-tag"),
        pytest.param("text: 标准一", "text: !mine x", 18, f"{FIRST}.text", "!mine", id="own-tag"),
        pytest.param("text: 标准一", "text: !!binary eA==", 18, f"{FIRST}.text", "!!binary", id="binary-tag"),
        pytest.param("text: 标准一", 'text: "甲\\0乙"', 18, f"{FIRST}.text", "控制字符", id="escaped-nul"),
        pytest.param("text: 标准一", 'text: "甲\\ud800"', 18, f"{FIRST}.text", "控制字符", id="escaped-surrogate"),
        pytest.param("text: 标准一", "text: 标准一>? [甲]>: 乙", 19, FIRST, "字段名", id="list-as-key"),
    ],
)  # fmt: skip
def test_fault_of_a_framework(tmp_path, old, new, line, field, said):
    problems = check(tmp_path, edited(FRAMEWORK, old, deep(new)))
    assert_one(problems, line, field, said)
    assert_chinese(problems)


def test_content_code_twice(tmp_path):
    text = edited(edited(FRAMEWORK, "code: III-2", "code: III-1"), "key: III-2", "key: III-1")
    assert_one(check(tmp_path, text), 33, "blocks[1].indicators[0].contents[0].code", "第 14 行已经有了")


def test_points_of_a_block_that_do_not_add_up(tmp_path):
    problems = check(tmp_path, edited(FRAMEWORK, 'points: "60"', 'points: "61.5"'))
    assert_one(problems, 9, "blocks[0].points", "写的是 61.5，板块内测评项（kind 是 standard）合计是 60，少 1.5")


def test_points_of_a_framework_that_are_not_100(tmp_path):
    text = edited(edited(FRAMEWORK, 'points: "60"', 'points: "65"'), 'points: "20"', 'points: "25"')
    assert_one(check(tmp_path, text), 6, "blocks", "合计是 105，应是 100，多 5")


def test_sums_are_not_guessed_while_a_number_is_unreadable(tmp_path):
    problems = check(tmp_path, edited(FRAMEWORK, 'points: "20"', 'points: "二十"'))
    assert_one(problems, 25, f"{SECOND}.points", "不是数字")


def test_tags_that_cannot_be_read_say_nothing_about_rows(tmp_path):
    assert_one(check(tmp_path, edited(FRAMEWORK, "tags: [教育, 宣传]", "tags: 教育")), 5, "tags", "要写成列表")


def test_without_tags_the_file_says_where_to_add_them(tmp_path):
    problems = check(tmp_path, edited(FRAMEWORK, "tags: [教育, 宣传]\n", ""))
    assert_one(problems, 23, f"{SECOND}.applies_to[0]", "tags 是空的")


def test_missing_default_department_is_said_once(tmp_path):
    problems = check(tmp_path, edited(FRAMEWORK, "default_department: 考核组\n", ""))
    assert_one(problems, 1, "default_department", "缺少这一项")


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "said"),
    [
        pytest.param("letter: B", "letter: A", 6, "grades[1].letter", "重复：这一级请写 B", id="letter-twice"),
        pytest.param("letter: B", "letter: C", 6, "grades[1].letter", "第 2 级请写 B", id="letter-out-of-order"),
        pytest.param("letter: B", "letter: 乙", 6, "grades[1].letter", "半角大写字母", id="letter-not-a-letter"),
        pytest.param("name: 差", "name: 好", 6, "grades[1].name", "第 5 行已经有了", id="name-twice"),
        pytest.param('weight: "-40"', "weight: 0.5", 6, "grades[1].weight", "请加上引号", id="float"),
        pytest.param('  - {letter: B, name: 差, weight: "-40"}\n', "", 4, "grades", "至少要有 2 项", id="one-grade"),
        pytest.param('key: "2"', 'key: "1"', 10, "items[1].key", "第 8 行已经有了", id="key-twice"),
        pytest.param('key: "2"', "key: 2", 10, "items[1].key", '写成 "2"', id="key-not-quoted"),
        pytest.param('weight: "0.5"', 'weight: "-1"', 12, "items[1].weight", "不能小于 0", id="weight-negative"),
        pytest.param("kind: organization", "kind: leaders", 2, "kind", "organization、leader", id="kind"),
        pytest.param("title: 示例", "blank: skip\ntitle: 示例", 3, "blank", "exclude、zero、spoil", id="blank"),
        pytest.param("title: 示例测评表\n", "", 1, "title", "缺少这一项", id="missing"),
        pytest.param("title: 示例", "tags: []\ntitle: 示例", 3, "tags", "没有“tags”这个字段", id="unknown"),
    ],
)  # fmt: skip
def test_fault_of_a_questionnaire(tmp_path, old, new, line, field, said):
    problems = check(tmp_path, edited(QUESTIONNAIRE, old, new))
    assert_one(problems, line, field, said)
    assert_chinese(problems)


def scale(count: int) -> str:
    before, after = QUESTIONNAIRE.index("  - {letter"), QUESTIONNAIRE.index("items")
    lines = [f'  - {{letter: {letter}, name: 第{letter}级, weight: "1"}}\n' for letter in ascii_uppercase[:count]]
    return QUESTIONNAIRE[:before] + "".join(lines) + QUESTIONNAIRE[after:]


@pytest.mark.parametrize("count", [2, 10])
def test_a_scale_has_two_to_ten_grades(tmp_path, count):
    assert not check(tmp_path, scale(count))


@pytest.mark.parametrize("count", [11, 26])
def test_a_scale_of_more_is_one_fault(tmp_path, count):
    problems = check(tmp_path, scale(count))
    assert_one(problems, 4, "grades", "最多 10 个等级")
    assert_chinese(problems)


def test_a_form_that_was_frozen_with_more_grades_is_read():
    frozen = loader.questionnaire("organization").to_json()
    frozen["grades"] = [{"letter": letter, "name": f"第{letter}级", "weight": "1"} for letter in ascii_uppercase]
    assert len(Questionnaire.from_json(frozen).grades) == 26


def test_questions_in_the_field_of_the_other_kind(tmp_path):
    problems = check(tmp_path, edited(QUESTIONNAIRE, "kind: organization", "kind: leader"))
    assert [(problem.line, problem.field) for problem in problems] == [(1, "aspects"), (7, "items")]
    assert "写在 aspects 里" in problems[0].message
    assert "请把内容写在 aspects 里" in problems[1].message


def test_no_questions(tmp_path):
    text = QUESTIONNAIRE[: QUESTIONNAIRE.index("items:")] + "items: []\n"
    assert_one(check(tmp_path, text), 7, "items", "至少要有 1 项")


def test_two_overall_questions(tmp_path):
    text = QUESTIONNAIRE.replace("    text: ", "    overall: true\n    text: ")
    assert_one(check(tmp_path, text), 12, "items[1].overall", "第 9 行已经有了")


def test_weights_that_are_all_zero(tmp_path):
    text = QUESTIONNAIRE.replace('    weight: "0.5"\n', "").replace("    text: ", '    weight: "0"\n    text: ')
    assert_one(check(tmp_path, text), 7, "items", "不能都是 0")


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        pytest.param("", 1, "文件是空的", id="empty"),
        pytest.param("# 只有说明\n", 1, "文件是空的", id="comments-only"),
        pytest.param("\n- 甲\n- 乙\n", 2, "不能是列表", id="list"),
        pytest.param("key：demo\n", 1, "半角冒号", id="full-width-colon"),
        pytest.param("key: demo\ntitle: 别的\n", 1, "看不出是测评体系还是民主测评表", id="neither"),
        pytest.param("key: demo\ntitle: 示例".encode("gb18030"), 2, "UTF-8", id="gb18030"),
        pytest.param("key: demo".encode("utf-16"), 1, "UTF-8", id="utf-16"),
        pytest.param("key: demo\ntitle: a\0b\n", 2, "NUL", id="nul"),
        pytest.param("key: demo\ntitle: a\x07b\n", 2, "控制字符", id="control"),
        pytest.param("# " + "长" * 800_000, 1, "2 MB", id="too-big"),
        pytest.param("key: demo\nblocks:\n\t- code: 甲\n", 3, "Tab", id="tab"),
        pytest.param("key: demo\ntitle: a: b\n", 2, "冒号", id="two-colons"),
        pytest.param('key: demo\ntitle: "甲\n', 3, "引号没有成对", id="open-quote"),
        pytest.param("key: demo\ntags: [甲, 乙\n", 3, "方括号", id="open-bracket"),
        pytest.param('key: demo\ntitle: "甲"乙"\n', 2, "半角双引号", id="quote-in-quotes"),
        pytest.param('key: demo\ntitle: "C:\\工作"\n', 2, "反斜杠", id="backslash"),
        pytest.param("key: demo\ntitle\nkind: x\n", 3, "少了半角冒号", id="no-colon"),
        pytest.param("key: demo\ntitle: @甲\n", 2, "不能以这个符号开头", id="reserved-sign"),
        pytest.param("!mine\nkey: demo\n", 1, "标签 !mine", id="tagged-whole"),
        pytest.param("key: demo\n---\nkey: other\n", 2, "只能有一份内容", id="two-documents"),
        pytest.param("%甲 乙\n---\nkey: demo\n", 1, "YAML 写法有误", id="other-syntax"),
        pytest.param("key: " + "[" * 500, 1, "层次太深", id="deep"),
        pytest.param("key: [" + "1," * 20_000 + "]", 1, "内容太多", id="many"),
    ],
)  # fmt: skip
def test_file_that_cannot_be_read(tmp_path, content, line, said):
    problems = check(tmp_path, content)
    assert_one(problems, line, "", said)
    assert_chinese(problems)


def test_aliases_are_not_expanded(tmp_path):
    laughs = "a: &a [哈, 哈]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
        for before, name in zip("abcdefghij", "bcdefghijk", strict=True)
    )
    problems = check(tmp_path, laughs + "blocks: *k\n")
    assert any("*k" in problem.message and problem.field == "blocks" for problem in problems)
    assert len(problems) < 200


def test_every_problem_is_reported_in_the_order_of_the_file(tmp_path):
    text = edited(FRAMEWORK, "title: 示例体系", "title: 甲\ntitle: 乙")
    text = edited(text, "[material_review]", "[materials]")
    text = edited(text, "[教育]", "[体育]")
    text = edited(text, "code: II-2", "code: II-1")
    text = edited(text, 'points: "60"', 'points: "59"')
    text = edited(text, "text: 标准四\n", "txt: &a 标准四\n")
    problems = check(tmp_path, text)
    assert [(problem.line, problem.field) for problem in problems] == [
        (3, "title"),
        (10, "blocks[0].points"),
        (20, f"{FIRST}.methods[0]"),
        (25, f"{SECOND}.applies_to[0]"),
        (31, "blocks[1].indicators[0].code"),
        (48, f"{VETO}.text"),
        (49, ""),
        (49, f"{VETO}.txt"),
    ]
    assert_chinese(problems)


def test_the_error_lists_one_problem_a_line(tmp_path):
    path = tmp_path / "city.yaml"
    path.write_text(edited(edited(FRAMEWORK, "key: demo", "key: 市"), 'points: "60"', "points: 六十"), "utf-8")
    with pytest.raises(CatalogError) as caught:
        loader.load_framework(path)
    lines = str(caught.value).splitlines()
    assert len(lines) == len(caught.value.problems) == 2
    assert lines[0].startswith("city.yaml:1 key：“市”不对")
    assert lines[1].startswith("city.yaml:9 blocks[0].points：“六十”不是数字")


def test_the_file_itself_cannot_be_opened(tmp_path):
    assert "找不到" in loader.check_file(tmp_path / "demo.yaml")[0].message
    assert "文件夹" in loader.check_file(tmp_path)[0].message
    with pytest.raises(CatalogError, match="找不到"):
        loader.load_questionnaire(tmp_path / "demo.yaml")


def test_numbers_are_not_read_the_yaml_way(tmp_path):
    text = edited(edited(FRAMEWORK, 'points: "40"', "points: 040"), 'points: "20"', "points: 20")
    assert check(tmp_path, text) == []
    assert "不是数字" in check(tmp_path, edited(FRAMEWORK, 'points: "40"', "points: 0:40"))[0].message


def test_a_date_is_a_text(tmp_path):
    path = tmp_path / "demo.yaml"
    path.write_text(edited(FRAMEWORK, "title: 示例体系", "title: 2017-12-13"), "utf-8")
    assert loader.load_framework(path).title == "2017-12-13"


VALUES = [
    "[]",
    "{}",
    "~",
    "-1",
    "1.5",
    ".nan",
    "yes",
    "{a: b}",
    "[~]",
    "[{}]",
    "&a b",
    "*a",
    "!!set {a}",
    "|",
    "? b",
    "<<",
]


@pytest.mark.parametrize("text", [FRAMEWORK, QUESTIONNAIRE], ids=["framework", "questionnaire"])
def test_no_edit_of_a_file_breaks_the_loader(tmp_path, text):
    """Odd values on every line, and every line left out: problems or none, but never another error."""
    lines = text.splitlines()
    for index, line in enumerate(lines):
        before, after = lines[:index], lines[index + 1 :]
        for new in [[], *([line.split(":")[0] + ": " + value] for value in VALUES[index % 4 :: 4])]:
            assert_chinese(check(tmp_path, "\n".join([*before, *new, *after])))


def test_braces_in_a_value_do_not_disturb_the_message(tmp_path):
    problems = check(tmp_path, edited(FRAMEWORK, "tags: [教育, 宣传]", 'tags: [教育, "{x}", "{x}"]'))
    assert_one(problems, 5, "tags[2]", "“{x}”重复")


def test_shipped_content_is_read_once():
    assert loader.framework("municipal") is loader.framework("municipal")
    assert loader.questionnaire("leader") is loader.questionnaire("leader")


@pytest.mark.parametrize("key", ["", "municipality", "../frameworks/municipal", "organization"])
def test_unknown_framework(key):
    with pytest.raises(UnknownCatalogKey, match="county、municipal"):
        loader.framework(key)


def test_unknown_questionnaire():
    with pytest.raises(UnknownCatalogKey, match="leader、organization"):
        loader.questionnaire("municipal")


def test_field_names():
    assert field_name(("blocks", 0, "indicators", 12, "code")) == "blocks[0].indicators[12].code"
    assert field_name(()) == ""
