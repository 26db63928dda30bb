"""A page is read in one session: what it shows is of one moment, and it asks the pool for one connection."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask, g, has_request_context

from surveys.acts.actors import Role
from surveys.storage.database import Database
from surveys.web import access
from tests.worlds import Shown, addresses, walker

OPENING = ("reading", "writing", "looking", "casting")


def counted(connect: Callable[[Database], Any]) -> Callable[[Database], Any]:
    @contextmanager
    def connected(database: Database) -> Iterator[Any]:
        if has_request_context():
            g.opened = g.get("opened", 0) + 1
        with connect(database) as found:
            yield found

    return connected


@pytest.fixture
def opened(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> dict[str, set[int]]:
    """By endpoint, how many sessions its pages open. The gate has opened its own before the view: who is signed in, and
    what the address is about; whether somebody is at work is written after it."""
    for name in OPENING:
        monkeypatch.setattr(Database, name, counted(getattr(Database, name)))
    dispatch = Flask.dispatch_request

    def from_here(app: Flask) -> Any:
        g.opened = 0
        return dispatch(app)

    monkeypatch.setattr(Flask, "dispatch_request", from_here)
    monkeypatch.setattr(access, "_is_activity", lambda: False)
    found: dict[str, set[int]] = defaultdict(set)
    for role in (None, *Role):
        client = walker(shown.app, None if role is None else shown.world.by_role[role])
        for rule in looked_at(shown.app):
            for address in addresses(shown.app, rule, shown.world):
                with client:
                    response = client.get(address)
                    if response.status_code == 200 and response.mimetype == "text/html":
                        found[rule.endpoint].add(g.get("opened", 0))
    return found


def looked_at(app: Flask) -> Iterator[Any]:
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and rule.endpoint != "static" and "extension" not in rule.arguments:
            yield rule


def test_every_page_is_read_in_one_session(opened: dict[str, set[int]]) -> None:
    assert len(opened) > 60
    assert {endpoint: counts for endpoint, counts in opened.items() if max(counts) > 1} == {}
    assert sum(1 in counts for counts in opened.values()) > 50, "the count sees them"
