"""Who may do what is declared on the use case: whoever comes another way than through a page is refused there too."""

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import surveys
from surveys.acts.actors import COMMAND_LINE, WHO_MAY, Actor, Permission, Role
from surveys.acts.errors import NotAllowed
from surveys.acts.permitted import DECLARED
from surveys.acts.site import Site
from surveys.polling.states import PollState
from surveys.storage.tables import Poll
from surveys.vote import casting, polls
from surveys.vote.poll_entries import PollEntry
from tests.builders import ONE_CLASS, build_unit
from tests.servers import ROOT
from tests.sites import NOW
from tests.whole.test_rooms import OFF_THE_FLOOR, ROOMS

for found in pkgutil.walk_packages(surveys.__path__, "surveys."):
    importlib.import_module(found.name)

FOR_ANYBODY_SIGNED_IN = {
    "surveys.office.sign_ins.change_password": "everybody's own, with a one-time password too",
    "surveys.office.sign_ins.sign_out": "everybody's own",
    "surveys.office.sign_ins.own": "everybody's own",
    "surveys.office.sign_ins.end_other": "everybody's own",
    **{
        f"surveys.office.second_factor.{name}": "everybody's own"
        for name in ("own", "offer", "offered", "turn_on", "turn_off", "again")
    },
    "surveys.acts.audit.record": "that somebody was refused, or has read something: no act of theirs",
}
ASKS_FOR_SOMEBODY = {
    "surveys.marking.marking_sheets.department_for": "whose rows are shown",
    "surveys.acts.poll_people.may_enter": "the gate, for every address of a poll",
    "surveys.acts.poll_people.shut_to": "which polls are not listed",
    "surveys.vote.sealing.hand_of": "for which side the button is there",
    "surveys.vote.headcounts.own": "what this account counted itself",
    "surveys.vote.paper_ballots.paper_keying.why_not_settled": "why the button is not there",
    "surveys.vote.tallies.desk_words": "what may be said of it to whom",
    "surveys.vote.ticketing.ticket_requests.beyond": "what waits, and whether this account is the one to agree",
}
"""Take an actor only to answer for one; do nothing and show nothing that is shut."""


def function(name: str) -> Any:
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def roles(permissions: frozenset[Permission]) -> set[Role]:
    return {role for each in permissions for role in WHO_MAY[each]}


@pytest.mark.parametrize("role", list(Role))
def test_each_use_case_refuses_every_other_role_before_anything_else(role: Role) -> None:
    """It has nothing else to look at here: neither a database nor a number."""
    refused = 0
    for name, permissions in DECLARED.items():
        use_case = function(name)
        if role not in roles(permissions):
            given = dict.fromkeys(inspect.signature(use_case).parameters) | {"actor": Actor(7, "某人", role)}
            with pytest.raises(NotAllowed, match="可以做这件事"):
                use_case(**given)
            refused += 1
    assert refused > (10 if role is Role.ADMIN else 80), "the table is read"


def test_a_one_time_password_does_nothing() -> None:
    for name in DECLARED:
        use_case = function(name)
        actor = Actor(7, "某人", Role.ADMIN, must_change=True)
        with pytest.raises(NotAllowed, match="一次性密码"):
            use_case(**(dict.fromkeys(inspect.signature(use_case).parameters) | {"actor": actor}))


def test_a_reporter_creates_and_opens_no_poll(lite_site: Site) -> None:
    """The case it was found by: through the use case, with everything else in order."""
    unit_id, reporter = build_unit(lite_site)[1], Actor(7, "报送员", Role.REPORTER)
    entry = PollEntry(unit_id, "年度民主测评", 10, ONE_CLASS)
    with lite_site.database.writing() as session:
        with pytest.raises(NotAllowed):
            polls.create_poll(session, NOW, reporter, entry)
        poll_id = polls.create_poll(session, NOW, COMMAND_LINE, entry)
        with pytest.raises(NotAllowed):
            polls.open_poll(session, NOW, reporter, poll_id)
        assert [poll.state for poll in session.scalars(select(Poll))] == [PollState.DRAFT]


def test_whoever_votes_is_nobody() -> None:
    """A ticket is what lets one vote; that no account comes near it keeps the vote apart from people."""
    for name, each in inspect.getmembers(casting, inspect.isfunction):
        if each.__module__ == casting.__name__:
            assert "actor" not in inspect.signature(each).parameters, name


@dataclass(frozen=True)
class View:
    """A page or command. `needs`: the permission it declares. `calls`: what takes an actor on a room's floor and is
    reached from it, through helpers of its own module too."""

    name: str
    needs: Permission | None
    calls: frozenset[str]


def modules(*, on_the_floor: bool) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((ROOT / "surveys").rglob("*.py")):
        parts = path.relative_to(ROOT / "surveys").with_suffix("").parts
        commanded = any(part == "commands" or part.endswith(("_command", "_commands")) for part in parts)
        floor = parts[0] in (*ROOMS, "acts") and not OFF_THE_FLOOR & set(parts) and not commanded
        if floor == on_the_floor and parts[0] not in ("storage", "scoring", "polling", "catalog", "intake"):
            yield ".".join(("surveys", *parts)), ast.parse(path.read_text(encoding="utf-8"))


def functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


@cache
def takes_an_actor() -> frozenset[str]:
    return frozenset(
        f"{module}.{name}"
        for module, tree in modules(on_the_floor=True)
        for name, node in functions(tree).items()
        if any(each.arg == "actor" for each in (*node.args.args, *node.args.kwonlyargs))
    )


def imported_from(tree: ast.Module) -> dict[str, str]:
    """Local name -> dotted name."""
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def calls(node: ast.AST, names: dict[str, str], own: dict[str, ast.FunctionDef], seen: frozenset[str]) -> set[str]:
    found = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name):
            found.add(f"{names.get(each.value.id)}.{each.attr}")
        elif isinstance(each, ast.Name) and each.id in names:
            found.add(names[each.id])
        elif isinstance(each, ast.Name) and each.id in own and each.id not in seen:
            found |= calls(own[each.id], names, own, seen | {each.id})
    return found & takes_an_actor()


def permission_of(node: ast.FunctionDef) -> Permission | None:
    for each in node.decorator_list:
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == "needs":
            declared = each.args[0]
            assert isinstance(declared, ast.Attribute), node.name
            return Permission[declared.attr]
    return None


@cache
def views() -> list[View]:
    return list(_views())


def _views() -> Iterator[View]:
    for module, tree in modules(on_the_floor=False):
        own = functions(tree)
        for name, node in own.items():
            reached = calls(node, imported_from(tree), own, frozenset({name}))
            yield View(f"{module}.{name}", permission_of(node), frozenset(reached))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ImportDesk":
                needed = next(each.value for each in node.keywords if each.arg == "permission")
                assert isinstance(needed, ast.Attribute)
                reached = calls(node, imported_from(tree), own, frozenset())
                yield View(f"{module}.ImportDesk", Permission[needed.attr], frozenset(reached))


def test_what_pages_and_commands_call_says_who_may() -> None:
    called = {name for view in views() for name in view.calls}
    assert len(called) > 120
    assert called - DECLARED.keys() - FOR_ANYBODY_SIGNED_IN.keys() - ASKS_FOR_SOMEBODY.keys() == set()
    assert FOR_ANYBODY_SIGNED_IN.keys() | ASKS_FOR_SOMEBODY.keys() <= called, "no longer called: take it off the list"


def test_a_page_is_open_to_nobody_whom_its_use_case_refuses() -> None:
    """Else they are shown a button that only refuses."""
    checked = 0
    for view in views():
        for name in view.calls & DECLARED.keys():
            if view.needs is not None:
                refused = WHO_MAY[view.needs] - roles(DECLARED[name])
                assert not refused, f"{view.name} lets {refused} in, {name} does not"
                checked += 1
    assert checked > 150


def test_no_use_case_asks_again_what_it_declares() -> None:
    """Where a role decides within a use case, it decides what is done, not whether."""
    again = [
        path.relative_to(ROOT).as_posix()
        for path in Path(ROOT, "surveys").rglob("*.py")
        if re.search(r"if not actor\.may\(.*\):\n +raise", path.read_text(encoding="utf-8"))
    ]
    assert again == []
