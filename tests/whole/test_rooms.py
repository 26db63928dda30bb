"""What holds of the house's rooms and cannot be said as a contract of import-linter."""

import ast
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers import ROOT

ROOMS = ("season", "office", "vote", "evidence", "marking", "outcome")
OFF_THE_FLOOR = {"pages", "papers", "uploads", "commands"}
WEB = {"flask", "flask_login", "flask_wtf", "wtforms"}

MOST_LINES = 400
MOST_LINES_OF_A_TEST = 600
MOST_FILES = 25
OF_ONE_KIND = {"migrations/versions", "docs/pictures", "docs/decisions"}
"""Folders in which nobody looks for anything by its subject: they grow with time."""


@dataclass(frozen=True)
class Module:
    """`name`: dotted. `imports`: every dotted name it imports anywhere, inside functions too, and the modules they
    may be of: `from a.b import c` is a.b and a.b.c."""

    name: str
    imports: frozenset[str]

    @property
    def parts(self) -> list[str]:
        return self.name.split(".")[1:]

    def is_seen(self) -> bool:
        return "pages" in self.parts

    def is_typed(self) -> bool:
        return any(part == "commands" or part.endswith(("_command", "_commands")) for part in self.parts)

    def on_the_floor(self) -> bool:
        return self.parts[:1] in [[room] for room in ROOMS] and not OFF_THE_FLOOR & set(self.parts)


def imported(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def module_at(path: Path) -> Module:
    dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    return Module(dotted, frozenset(imported(path.read_text(encoding="utf-8"))))


MODULES = [module_at(path) for path in sorted((ROOT / "surveys").rglob("*.py"))]


def is_in(name: str, folder: str) -> bool:
    return name == folder or name.startswith(folder + ".")


def pages_seen_from_below(module: Module) -> Iterable[str]:
    """Only entry, which registers them, and pages themselves know pages."""
    if module.is_seen() or module.parts[:1] == ["entry"]:
        return ()
    return (name for name in module.imports if name.startswith("surveys.") and "pages" in name.split("."))


def tables_seen_from_above(module: Module) -> Iterable[str]:
    """Pages and commands call use cases; tables are theirs alone."""
    kits = module.parts[:1] in (["web"], ["cli"])
    if not (kits or module.is_seen() or module.is_typed()):
        return ()
    return (name for name in module.imports if is_in(name, "surveys.storage"))


def web_on_the_floor(module: Module) -> Iterable[str]:
    """A use case is the same from a page and from a terminal."""
    if not module.on_the_floor():
        return ()
    return (name for name in module.imports if name.split(".")[0] in WEB or is_in(name, "surveys.web"))


def commands_on_the_floor(module: Module) -> Iterable[str]:
    if not module.on_the_floor():
        return ()
    return (name for name in module.imports if "commands" in name.split(".")[:3] or is_in(name, "surveys.cli"))


Rule = Callable[[Module], Iterable[str]]
RULES: tuple[Rule, ...] = (pages_seen_from_below, tables_seen_from_above, web_on_the_floor, commands_on_the_floor)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_order_within_rooms(rule: Rule) -> None:
    assert [(module.name, name) for module in MODULES for name in rule(module)] == []


@pytest.mark.parametrize(
    ("rule", "name", "text"),
    [
        (pages_seen_from_below, "surveys.vote.polls", "from surveys.vote import pages"),
        (pages_seen_from_below, "surveys.vote.commands", "def f():\n    from surveys.vote.pages.forms import PollForm"),
        (tables_seen_from_above, "surveys.vote.pages.polls", "from surveys.storage.tables import Poll"),
        (tables_seen_from_above, "surveys.entry.backup_command", "import surveys.storage.backup"),
        (tables_seen_from_above, "surveys.web.access", "from surveys import storage"),
        (web_on_the_floor, "surveys.vote.paper_ballots.paper_counts", "import flask.typing"),
        (web_on_the_floor, "surveys.outcome.life", "from surveys.web.access import site"),
        (commands_on_the_floor, "surveys.office.accounts", "from surveys.office.commands import account_group"),
    ],
)
def test_what_breaks_the_order_is_found_out(rule: Rule, name: str, text: str) -> None:
    assert list(rule(Module(name, frozenset(imported(text)))))


def test_every_room_is_there_and_is_entered_through_entry() -> None:
    found = {module.parts[0] for module in MODULES if module.on_the_floor()}
    assert found == set(ROOMS)
    (entry,) = [module for module in MODULES if module.name == "surveys.entry.pages"]
    assert {room for room in ROOMS if any(is_in(name, f"surveys.{room}.pages") for name in entry.imports)} == set(ROOMS)


# Sizes.


def ours(*suffixes: str) -> list[Path]:
    folders = ("surveys", "static", "templates", "tests", "scripts", "docs", "migrations")
    files = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file())
    return [path for path in files if "__pycache__" not in path.parts and (not suffixes or path.suffix in suffixes)]


def most_lines(path: Path) -> int:
    return MOST_LINES_OF_A_TEST if path.is_relative_to(ROOT / "tests") else MOST_LINES


def test_no_file_is_too_long_to_be_read() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in ours(".py", ".js", ".css")}
    assert len(lengths) > 400
    assert {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > most_lines(path)} == {}


def test_no_folder_is_too_full_to_be_searched() -> None:
    folders = Counter(path.parent.relative_to(ROOT).as_posix() for path in ours() if path.name != "__init__.py")
    assert set(folders) > OF_ONE_KIND
    assert {name: n for name, n in folders.items() if n > MOST_FILES and name not in OF_ONE_KIND} == {}


def test_who_has_a_hand_under_what_is_kept_and_asked_in_one_place() -> None:
    """Besides the tables themselves: what two people stand for has one rule."""
    found = {module.name for module in MODULES if "surveys.storage.tables.Approval" in module.imports}
    assert found == {"surveys.acts.two_hands"}
