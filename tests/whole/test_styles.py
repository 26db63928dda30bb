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


def classes_named(text: str) -> set[str]:
    selectors = re.findall(r"([^{}]+)\{", COMMENT.sub("", text))
    return {name for selector in selectors for name in re.findall(r"\.([a-zA-Z][\w-]*)", selector)}


def strays(style: str, pages: str) -> set[str]:
    """The classes of a style sheet that no page has, in full or as a beginning to be filled in."""
    words = set(re.findall(r"[\w-]+", pages))
    begun = tuple(set(re.findall(r"([\w-]+-)\{\{", pages)))
    return {name for name in classes_named(style) if name not in words and not name.startswith(begun)}


@pytest.mark.parametrize("name", ["ceping.css", "staff.css", "hall.css", "preview.css"])
def test_every_class_is_on_a_page(name: str) -> None:
    sources = [*(STATIC.parent / "templates").rglob("*.html"), *STATIC.glob("*.js")]
    pages = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    assert strays((STATIC / name).read_text(encoding="utf-8"), pages) == set()


def test_a_class_of_no_page_is_found_out() -> None:
    style = ".a .b, .c-d { top: .5em } @media print { .e { top: 0 } } .c-f { top: 0 }"
    assert strays(style, '<p class="a c-{{ x }}">') == {"b", "e"}


def test_a_second_rule_is_found_out() -> None:
    assert classes_styled(".lines { color: red } @media print { .lines { width: 1px } } .a, .lines { top: 0 }") == {
        ".lines": 2,
        ".a": 1,
    }
