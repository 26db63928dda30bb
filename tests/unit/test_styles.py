"""The styles of staff and hall: one rule for each class, or one page's words change another page's look."""

import re
from collections import Counter
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "static"
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
AT_RULE = re.compile(r"@[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
RULE = re.compile(r"([^{}]+)\{[^{}]*\}")
ONE_CLASS = re.compile(r"\.[\w-]+")


def classes_styled(text: str) -> Counter[str]:
    """How many rules outside of `@media` style a class by its name alone."""
    rules = RULE.findall(AT_RULE.sub("", COMMENT.sub("", text)))
    named = [selector.strip() for rule in rules for selector in rule.split(",")]
    return Counter(selector for selector in named if ONE_CLASS.fullmatch(selector))


@pytest.mark.parametrize("name", ["staff.css", "hall.css"])
def test_a_class_has_one_rule(name: str) -> None:
    counted = classes_styled((STATIC / name).read_text(encoding="utf-8"))
    assert counted
    assert not [selector for selector, count in counted.items() if count > 1]


def test_a_second_rule_is_found_out() -> None:
    assert classes_styled(".lines { color: red } @media print { .lines { width: 1px } } .a, .lines { top: 0 }") == {
        ".lines": 2,
        ".a": 1,
    }
