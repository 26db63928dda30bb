"""Who marks a row (回避), and joint marks."""

from fractions import Fraction

import pytest

from surveys.scoring.assignment import joint_mark, marking_departments

JOINT = ("市纪委", "市委组织部", "市委宣传部")


@pytest.mark.parametrize(
    ("row_departments", "own", "marking"),
    [
        (JOINT, None, JOINT),
        (JOINT, "市教育局", JOINT),
        (JOINT, "市委组织部", ("市纪委", "市委宣传部")),
        (("市教育局",), "市教育局", ("牵头办公室",)),
        (("牵头办公室",), "牵头办公室", ("考核组",)),
        (("牵头办公室", "市纪委"), "牵头办公室", ("市纪委",)),
        (("考核组",), None, ("考核组",)),
    ],
)
def test_a_department_does_not_mark_itself(row_departments, own, marking):
    assert marking_departments(row_departments, own, lead="牵头办公室", default="考核组") == marking


def test_a_joint_mark_is_the_mean_of_the_departments():
    marks = {"市纪委": Fraction(1), "市委组织部": Fraction(2), "市委宣传部": Fraction(2)}

    assert joint_mark(JOINT, marks) == Fraction(5, 3)


def test_a_joint_mark_waits_for_all_and_counts_zeros():
    assert joint_mark(JOINT, {"市纪委": Fraction(1), "市委组织部": Fraction(2)}) is None
    assert joint_mark(JOINT, {department: Fraction(0) for department in JOINT}) == 0


def test_marks_of_others_do_not_count():
    marks = {"市纪委": Fraction(2), "市教育局": Fraction(100)}

    assert joint_mark(("市纪委",), marks) == 2
    assert joint_mark((), marks) is None
