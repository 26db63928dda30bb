"""What code, pages and docs refer to is in the repository: files, records, tests; and no paper that is elsewhere."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from surveys.storage.tables import Base
from tests.servers import ROOT

HERE = Path(__file__)
FOLDERS = ("surveys", "tests", "templates", "static", "scripts", "docs", "migrations", ".github", ".ci")
AT_THE_TOP = ("app.py", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "pyproject.toml")
SUFFIXES = {".py", ".html", ".js", ".css", ".md", ".yaml", ".toml", ".mako", ""}

ELSEWHERE = re.compile(r"\bdesigns? \d|\bdesign\.md\b|\bthe design(?:'s)?\b|\bissue #?\d", re.IGNORECASE)
RECORD = re.compile(r"\b(?:docs/)?decisions?[ /](\d{4})(?!\d)")
LINKED = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]+)")
FILE = re.compile(r"(?<![\w./*{}-])((?:[\w.-]+/)*[\w-]+\.(?:py|html|js|css|md|yaml|toml|sql\.gz))(?![\w*{}/])")
FOLDER = re.compile(r"(?<![\w./-])((?:surveys|tests|templates|static|migrations)/[\w/]*\w)(?![\w.*{}/<-])")
TEST = re.compile(r"`(test_\w+)`")

CODE = re.compile(r'"""(?s:.*?)"""|(?:^|\s)# .*')
BLOCK = re.compile(r"/\*(?s:.*?)\*/")
COMMENTS = {".py": CODE, ".js": BLOCK, ".css": BLOCK, ".html": re.compile(r"\{#(?s:.*?)#\}")}

STANDS_FOR_ANY = {"FILE.yaml"}


def texts() -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in SUFFIXES and path.is_file() and "__pycache__" not in path.parts:
                yield path
    yield from (ROOT / name for name in AT_THE_TOP)


def prose(path: Path) -> str:
    """All of a text; of code only comments and docstrings, for what it names otherwise it would not run without."""
    text = path.read_text(encoding="utf-8")
    comments = CODE if text.startswith("#!") else COMMENTS.get(path.suffix)
    return text if comments is None else "\n".join(comments.findall(text))


@cache
def names() -> frozenset[str]:
    """Every file, by its path and every end of it: `web/forms.py` and `forms.py` name surveys/web/forms.py."""
    every = [*texts(), *(ROOT / "tests" / "data").iterdir(), *ROOT.glob("*.*")]
    found = set()
    for path in every:
        parts = path.relative_to(ROOT).parts
        found.update("/".join(parts[start:]) for start in range(len(parts)))
    return frozenset(found)


@cache
def known_tests() -> frozenset[str]:
    files = [path for path in texts() if path.name.startswith("test_")]
    return frozenset(path.stem for path in files) | frozenset(
        name for path in files for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
    )


def strays(path: Path, text: str) -> list[str]:
    """What a text refers to that is not there."""
    found = ELSEWHERE.findall(text)
    found += [number for number in RECORD.findall(text) if not list((ROOT / "docs" / "decisions").glob(f"{number}-*"))]
    found += [name for name in FILE.findall(text) if name not in names() | STANDS_FOR_ANY]
    found += [name for name in FOLDER.findall(text) if not list(ROOT.glob(f"{name}*"))]
    found += [name for name in TEST.findall(text) if name not in known_tests()]
    if path.suffix == ".md":
        found += [target for target in LINKED.findall(text) if not (path.parent / target).exists()]
    return found


def test_what_is_referred_to_is_there() -> None:
    found = {path.relative_to(ROOT).as_posix(): strays(path, prose(path)) for path in texts() if path != HERE}
    assert len(found) > 500
    assert {name: missing for name, missing in found.items() if missing} == {}


@pytest.mark.parametrize(
    "text",
    [
        "Codes of 80 bits (design 4).",
        "as the design's section says",
        "see issue 12",
        "[why](docs/decisions/0099-nothing.md)",
        "docs/decisions/0099",
        "([decision 0099](x))",
        "`services/promises.py` says it",
        "the pages in surveys/services",
        "`test_that_is_not_there` holds it",
    ],
)
def test_what_is_not_there_is_found_out(text: str) -> None:
    assert strays(ROOT / "README.md", text)


def test_code_is_read_for_its_words(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('"""Codes (design 4)."""\nDESIGN = "design 5"  # design 6\n')
    assert ELSEWHERE.findall(prose(tmp_path / "a.py")) == ["design 4", "design 6"]


# The glossary.

GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
WORDS = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \| ?(.*?) ?\| ?(.*?) ?\|$", GLOSSARY, re.MULTILINE)


@cache
def classes() -> dict[str, list[str]]:
    """Where each class is defined. The plan of a made-up season shares nothing with the site, nor its words."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "surveys").rglob("*.py")):
        if "worlds" in path.parts:
            continue
        for name in re.findall(r"^class (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            found.setdefault(name, []).append(path.relative_to(ROOT).as_posix())
    return found


def test_a_word_is_explained_once() -> None:
    words = [word for _, word, *_ in WORDS if word != "word"]
    assert len(words) > 80
    assert sorted(words) == sorted(set(words))


def test_what_a_word_is_in_code_is_defined_once() -> None:
    named = [name for *_, code, _ in WORDS for name in re.findall(r"`(\w+)`", code)]
    named += re.findall(r"`(\w+)`", " ".join(meaning for _, word, meaning, *_ in WORDS if word == "row"))
    assert len(named) > 50
    twice = {name: places for name in named if len(places := classes().get(name, [])) != 1}
    assert twice == {}


def test_an_older_word_is_really_stored() -> None:
    stored = " ".join(kept for *_, kept in WORDS)
    columns = {(name, column.name) for name, table in Base.metadata.tables.items() for column in table.columns}
    wanted = {(table, column) for column, table in re.findall(r"column `(\w+)` of `(\w+)`", stored)}
    assert len(wanted) > 3
    assert wanted <= columns
    assert set(re.findall(r"table `(\w+)`", stored)) <= set(Base.metadata.tables)
