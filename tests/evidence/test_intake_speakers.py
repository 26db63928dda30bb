"""What may give away who spoke."""

import pytest

from surveys.evidence.uploads.speakers import speaker_hints

LEADERS = ["样例甲", "欧阳 样例"]


@pytest.mark.parametrize(
    "text",
    [
        "网评队伍人手偏紧，建议增加培训。",
        "各方面反映制度落实较好，干部群众认为宣传有力。",
        "多数人认为学习安排及时，周边单位反映良好。",
        "单位高度重视，曾经介绍过经验。",
        "",
    ],
)
def test_what_names_nobody_is_let_through(text: str) -> None:
    assert speaker_hints(text, LEADERS) == []


@pytest.mark.parametrize(
    "text",
    [
        "样例甲分管这项工作",
        "样 例 甲分管",
        "欧阳样例说培训不够",
        "欧阳　样例",
    ],
)
def test_the_name_of_a_leader_is_seen(text: str) -> None:
    assert "领导的姓名" in speaker_hints(text, LEADERS)[0]


@pytest.mark.parametrize(
    "text",
    [
        "某某说培训不够",
        "王某反映人手不足",
        "李某某同志认为",
        "张小明表示支持",
        "老陈说",
        "小刘同志讲",
        "办公室主任反映经费不足",
        "一位科长认为制度多",
        "××提出意见",
        "谈话人：第三科一名干部",
        "谈话对象:某人",
        "赵 小 明 说",
    ],
)
def test_who_said_it_is_seen(text: str) -> None:
    assert "谁说的话" in speaker_hints(text, [])[0]
