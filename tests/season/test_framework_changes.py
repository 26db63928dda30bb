"""What one edition of a framework changes in another."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.catalog import loader
from surveys.catalog.model import Framework
from surveys.season.framework_changes import compare, pieces
from tests.framework_files import frameworks

OLD = loader.framework("municipal")


def edited(**fields: Any) -> Framework:
    """The first row with other fields."""
    data = OLD.to_json()
    data["blocks"][0]["indicators"][0]["contents"][0]["standards"][0] |= fields
    return Framework.from_json(data)


@pytest.mark.parametrize(
    ("fields", "label", "old", "new"),
    [
        ({"points": "3"}, "分值", "2", "3"),
        ({"methods": ["hearing", "material_review"]}, "测评方法", "材料审核", "听取汇报、材料审核"),
        ({"applies_to": ["教育"]}, "适用", "全部单位", "教育"),
        ({"departments": ["甲", "乙"]}, "考核部门", "考核组", "甲、乙"),
        ({"kind": "bonus"}, "类型", "测评项", "加分项"),
        ({"starts_full": True}, "从满分起", "", "是"),
        ({"comprehensive": True}, "综合评定", "", "是"),
        ({"note": "样例"}, "说明", "", "样例"),
    ],
)
def test_a_changed_field(fields: dict[str, Any], label: str, old: str, new: str) -> None:
    changes = compare(OLD, edited(**fields))
    (row,) = changes.changed
    assert row.key == "III-1(1)"
    assert [(field.label, field.old, field.new) for field in row.fields] == [(label, old, new)]
    assert (changes.added, changes.removed, changes.moved, changes.framework, changes.unchanged) == ((), (), (), (), 40)


def test_added_removed_and_a_new_key() -> None:
    changes = compare(OLD, edited(key="III-1(9)"))
    assert [row.key for row in changes.added] == ["III-1(9)"]
    assert [row.key for row in changes.removed] == ["III-1(1)"]
    assert (changes.changed, changes.unchanged) == ((), 40)
    assert {field.label for field in changes.added[0].fields} >= {"测评标准", "分值", "佐证材料"}


def test_moved_rows_are_the_fewest() -> None:
    data = OLD.to_json()
    contents = data["blocks"][0]["indicators"][0]["contents"]
    contents.insert(0, contents.pop())
    changes = compare(OLD, Framework.from_json(data))
    assert [(row.key, row.moved) for row in changes.moved] == [("III-3", "移到最前")]
    assert (changes.changed, changes.unchanged) == ((), 40)


def test_what_is_not_of_one_row() -> None:
    data = OLD.to_json()
    data["lead_department"] = "样例办"
    data["blocks"][0]["name"] = "责任"
    data["blocks"][0]["indicators"][0]["contents"][0]["name"] = "学习"
    changes = compare(OLD, Framework.from_json(data))
    assert [field.label for field in changes.framework] == ["牵头部门", "测评项目 I-1", "测评内容 III-1"]
    assert changes.unchanged == 41


@given(frameworks(), frameworks())
def test_no_change_is_said_exactly_when_there_is_none(old: Framework, new: Framework) -> None:
    assert compare(old, new).is_empty == (old == new)
    assert compare(old, Framework.from_json(old.to_json())).is_empty


@given(st.text(max_size=60), st.text(max_size=60))
def test_pieces_are_both_texts(old: str, new: str) -> None:
    found = pieces(old, new)
    assert "".join(text for kind, text in found if kind != "new") == old
    assert "".join(text for kind, text in found if kind != "old") == new


def test_pieces_of_a_sentence_and_of_a_number() -> None:
    sentence = "学习传达中央、省委、市委关于网络意识形态工作的情况通报"
    assert pieces(sentence, sentence + "。") == [("same", sentence), ("new", "。")]
    assert pieces("12", "13") == [("old", "12"), ("new", "13")]
