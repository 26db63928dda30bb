"""Names, posts, tags and titles as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.intake.cleaning import clean_line, clean_name, header_key, name_key, split_tags, unprintable


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("张 三", "张三"),
        (" 张\u3000三\n", "张三"),
        ("张\u00a0三", "张三"),
        ("\u200b张三\ufeff", "张三"),
        ("阿卜杜拉・买买提", "阿卜杜拉·买买提"),
        ("阿卜杜拉 • 买买提", "阿卜杜拉·买买提"),
        ("阿卜杜拉‧买买提", "阿卜杜拉·买买提"),
        ("阿卜杜拉.买买提", "阿卜杜拉·买买提"),
        ("阿卜杜拉．买买提", "阿卜杜拉·买买提"),
        ("Anna  Maria   Lee", "Anna Maria Lee"),
        ("Ａｎｎａ 李", "Anna 李"),
        ("J.R. Lee", "J.R. Lee"),
        ("李䶮", "李䶮"),
        ("李\ue863", "李䶮"),
        ("样例𬭎", "样例𬭎"),
        ("样例局（本级）", "样例局（本级）"),
        ("样例局第１分局", "样例局第1分局"),
    ],
)
def test_names(typed, name):
    assert clean_name(typed) == name


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text):
    assert clean_name(clean_name(text)) == clean_name(text)
    assert clean_line(clean_line(text)) == clean_line(text)


def test_a_post_keeps_its_single_spaces():
    assert clean_line(" 党组书记\n\u3000局长\t") == "党组书记 局长"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("样例局（本级）", "样例局(本级)", True),
        ("样例 ＩＴ 中心", "样例it中心", True),
        ("阿·买", "阿•买", True),
        ("样例局", "样例厅", False),
    ],
)
def test_what_counts_as_one_name(one, other, same):
    assert (name_key(one) == name_key(other)) is same


@pytest.mark.parametrize(
    "title",
    [
        "职务",
        " 职\u3000务 ",
        "职\n务",
        "职务（现任）",
        "职务(必填)",
        "*职务",
        "职务：",
        "【必填】职务",
        "职务[任免机关]",
    ],
)
def test_titles_are_known_in_any_dress(title):
    assert header_key(title) == "职务"


@pytest.mark.parametrize("text", ["教育、宣传", "教育,宣传", "教育，宣传；", " 教育 宣传\n", "教育/宣传/教育"])
def test_tags(text):
    assert split_tags(text) == ("教育", "宣传")


@pytest.mark.parametrize(
    ("text", "found"),
    [("李䶮", None), ("𬭎𠅤", None), ("李\ue000", "\ue000"), ("李\ufffd", "\ufffd"), ("\U000f0000", "\U000f0000")],
)
def test_what_cannot_be_printed(text, found):
    assert unprintable(text) == found
