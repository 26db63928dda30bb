"""People of one name: told apart by their posts, or not at all."""

import pytest

from surveys.intake.namesakes import Namesakes


@pytest.mark.parametrize(
    ("name", "post", "found"),
    [
        ("张三", "副局长", None),
        ("张三", "局长", 1),
        ("张 三", "局　长", 1),
        ("张三", "", 1),
        ("李四", "局长", None),
        ("王五", "处长", 2),
        ("", "", None),
    ],
)
def test_who_cannot_be_told_from_whom(name: str, post: str, found: int | None) -> None:
    people = Namesakes()
    assert {people.met(*each) for each in (("赵六", "局长"), ("张三", "局长"), ("王五", ""), ("", ""))} == {None}
    assert people.met(name, post) == found
