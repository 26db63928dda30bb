"""What people open in a spreadsheet runs nothing there."""

import csv
import io

import pytest
from flask import Flask

from surveys.acts.actors import Role
from surveys.polling.states import PollState
from tests import worlds
from tests.worlds import addresses, build_everything, client_of

UNIT = "@SUM(1+1)"
OPERATORS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


@pytest.mark.parametrize("state", [PollState.DRAFT, PollState.SEALED])
def test_no_cell_of_any_csv_page_is_a_formula(
    lite_app: Flask, monkeypatch: pytest.MonkeyPatch, state: PollState
) -> None:
    monkeypatch.setitem(worlds.UNIT_NAMES, state, UNIT)
    world = build_everything(lite_app.extensions["site"])
    admin = client_of(lite_app, world.by_role[Role.ADMIN])
    auditor = client_of(lite_app, world.by_role[Role.AUDITOR])
    named = set()
    rules = [rule for rule in lite_app.url_map.iter_rules() if rule.rule.endswith(".csv")]
    for rule in rules:
        for address in addresses(lite_app, rule, world):
            response = (auditor if address.startswith("/log") else admin).get(address)
            assert response.mimetype == "text/csv", address
            cells = [cell for row in csv.reader(io.StringIO(response.text)) for cell in row]
            assert [cell for cell in cells if cell.startswith(OPERATORS)] == [], address
            if f"'{UNIT}" in cells:
                named.add(rule.endpoint)
    assert len(rules) == 6
    assert named >= {"log.table", "completion.table", "proceedings.board_csv", "versions.as_csv"}
