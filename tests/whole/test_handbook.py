"""The handbook and the card name buttons and pages in 【】: each is on a page, word for word. Its links hold."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from surveys.evidence.uploads.evidence_files import MOST_BYTES
from surveys.polling.disclosure import FEWEST_DIFFERING, FEWEST_SHOWN, TURNOUT_STEP
from surveys.settings import SESSION_HOURS, SESSION_IDLE_MINUTES
from surveys.vote.pages.forms import SIZES
from surveys.vote.papers.slip_layout import Size

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
    fixed.update(SIZES.values())
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


MEGABYTE = 1024 * 1024
TOLD = [
    ("handbook.md", r"每满 (\d+) 张|按 (\d+) 张一档", {TURNOUT_STEP}),
    ("handbook.md", r"不足 (\d+) 张有效|人数不到 (\d+) 人", {FEWEST_SHOWN}),
    ("handbook.md", r"每页 (\d+) 张", set(Size)),
    ("handbook.md", r"离开 (\d+) 分钟没有操作", {SESSION_IDLE_MINUTES}),
    ("handbook.md", r"登录满 (\d+) 小时", {SESSION_HOURS}),
    ("threat-model.md", r"Turnout is public in steps of (\d+)", {TURNOUT_STEP}),
    ("threat-model.md", r"fewer than (\d+) valid ballots", {FEWEST_SHOWN}),
    ("threat-model.md", r"at least (\d+) ballots differ", {FEWEST_DIFFERING}),
    ("../README.md", r"turnout moves in steps of (\d+)", {TURNOUT_STEP}),
    ("../README.md", r"Uploads are up to (\d+) MB", {MOST_BYTES // MEGABYTE}),
]


@pytest.mark.parametrize(("document", "words", "numbers"), TOLD, ids=range(len(TOLD)))
def test_the_numbers_it_tells_are_those_of_the_rules(document: str, words: str, numbers: set[int]) -> None:
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    told = {int(number) for match in re.finditer(words, text) for number in match.groups() if number}
    assert told == numbers


# Of so many there is at least one, whatever the rules are.
ONE = re.compile(r"第 1 张|不到 1 分钟|0 张")
COUNTED = re.compile(r"[0-9]+ ?(?:张|人|个|份|分钟|小时|秒|MB|天|行|位|字)")


def test_no_template_writes_a_number_of_the_rules_itself() -> None:
    found = {
        (template.name, number)
        for template in (ROOT / "templates").rglob("*.html")
        for number in COUNTED.findall(ONE.sub("", EXPRESSION.sub("", template.read_text(encoding="utf-8"))))
    }
    assert not found
