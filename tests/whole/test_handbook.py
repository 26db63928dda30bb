"""The handbook and the card name buttons and pages in 【】: each is on a page, word for word. Its links hold."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HANDBOOK = ROOT / "docs" / "handbook.md"
CARD = ROOT / "surveys" / "vote" / "papers" / "cards.py"
NAMED = re.compile("【([^】]+)】")
EXPRESSION = re.compile(r"\{\{.*?\}\}")
MARKUP = re.compile(r"<[^>]*>|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
CHINESE = re.compile("[一-鿿]")
QUOTED = re.compile(r"[\"']([^\"'\n]+)[\"']")


def literals(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


@cache
def on_pages() -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    """(words that stand on pages as they are, patterns of those with something filled in)."""
    fixed: set[str] = set()
    filled: list[re.Pattern[str]] = []
    for template in (ROOT / "templates").rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        fixed.update(QUOTED.findall(text))
        for line in MARKUP.sub("\n", text).splitlines():
            parts = [re.escape(part) for part in EXPRESSION.split(line.strip())]
            if len(parts) == 1:
                fixed.add(line.strip())
            elif len(CHINESE.findall("".join(parts))) > 1:
                filled.append(re.compile(".+".join(parts)))
    for script in (ROOT / "static").glob("*.js"):
        fixed.update(QUOTED.findall(script.read_text(encoding="utf-8")))
    surveys = ROOT / "surveys"
    forms = [*surveys.glob("*/pages/*.py"), *surveys.glob("web/*.py")]
    for module in [*forms, surveys / "polling" / "ballot_classes.py"]:
        fixed |= literals(module)
    return frozenset(fixed - {""}), tuple(filled)


def is_on_a_page(name: str) -> bool:
    fixed, filled = on_pages()
    return name in fixed or any(pattern.fullmatch(name) for pattern in filled)


@pytest.mark.parametrize("path", [HANDBOOK, CARD], ids=["handbook", "card"])
def test_every_name_is_on_a_page(path: Path) -> None:
    names = NAMED.findall(path.read_text(encoding="utf-8"))
    assert len(names) > 10
    assert not sorted({name for name in names if not is_on_a_page(name)})


@pytest.mark.parametrize("name", ["开始表决", "录第三遍", "计入张", "下载统计单 Word", ""])
def test_a_name_of_nothing_is_found_out(name: str) -> None:
    assert not is_on_a_page(name)


@pytest.mark.parametrize("path", [HANDBOOK, ROOT / "README.md"], ids=["handbook", "readme"])
def test_every_picture_and_link_is_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    targets = re.findall(r'src="([^"]+)"', text) + re.findall(r"\]\(([^)#]+)\)", text)
    assert targets
    assert not [target for target in targets if not (path.parent / target).exists()]


def test_every_place_it_sends_to_is_a_heading() -> None:
    text = HANDBOOK.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w-]", "", heading.strip().lower().replace(" ", "-")) for heading in headings}
    assert not set(re.findall(r"\]\(#([^)]+)\)", text)) - anchors
