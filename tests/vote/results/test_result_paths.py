"""Every command that could tell a result says nothing of an open or a closed poll, and fails where it should."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import pytest
import sqlalchemy as sa
from flask import Flask

from surveys.acts.site import Site
from surveys.polling import envelopes
from surveys.polling.disclosure import TURNOUT_STEP
from surveys.storage.tables import Ballot
from surveys.vote import polls
from surveys.vote.polls import ClassEntry
from tests.builders import World, build_poll, build_unit, cast, cast_each, close, fill_marks, filled, seal, sheet_of

CLASSES = (ClassEntry("A", "甲", Decimal(30)), ClassEntry("B", "乙", Decimal(70)))
BALLOTS = {"A": ["ABACADABABBCDABCCDABBCA"] * 7, "B": ["BABCAABACABCABDABBDABCC"] * 6}
SCORE = re.compile(r"(?<![\d.])\d+\.\d{2}(?!\d)")
RESULT_KEYS = {
    "counts",
    "items",
    "aspects",
    "leaders",
    "organization",
    "valid",
    "invalid",
    "seal",
    "answers",
    "receipts",
}

ACTS = {
    "account clear-code",
    "account confirm",
    "account create",
    "account reset",
    "assessment add-unit",
    "assessment copy",
    "assessment advance",
    "assessment approve-rows",
    "assessment certify",
    "assessment create",
    "assessment edit-framework",
    "assessment export-framework",
    "assessment import-roster",
    "assessment materials",
    "assessment export-roster",
    "assessment return",
    "assessment start",
    "assessment verify",
    "alarm check",
    "audit list",
    "audit verify",
    "backup",
    "demo",
    "first-admin",
    "migrate",
    "poll close",
    "poll end-in",
    "poll pause",
    "poll rehearse",
    "poll resume",
    "poll wipe",
    "poll withdraw",
    "poll create",
    "poll issue",
    "poll open",
    "poll paper",
    "poll present",
    "poll reissue",
    "poll scrub",
    "poll slips",
    "poll unseal",
    "poll void",
}
"""They change something and tell nothing of a poll's answers."""

CONTENT = {"catalog check", "catalog export", "catalog import", "catalog show", "routes", "run", "shell"}
"""The official content, and Flask's own."""

PRINTED = {"assessment report", "assessment letters"}
"""They set in type what `assessment results` tells, out of the same `results`: see test_annual_reports."""

FROM_A_FILE = {"bundle tally-sheet"}
"""Tells a result, of a bundle that nobody has before the result may be seen."""

TELLS = {
    "poll tally",
    "poll tally-sheet",
    "poll bundle",
    "poll verify",
    "poll turnout",
    "poll list",
    "assessment list",
    "assessment results",
}


def voted(site: Site, closed: bool) -> World:
    """An open or closed poll of a unit whose democratic row is all that is still to come."""
    assessment_id, unit_id = build_unit(site)
    fill_marks(site, unit_id)
    world = build_poll(site, unit_id=unit_id, classes=CLASSES, entitled=20, present=20)
    cast_each(site, world, BALLOTS)
    if closed:
        close(site, world.poll_id)
    return World(assessment_id, unit_id, world.poll_id, world.codes)


def commands(world: World, folder: Path) -> dict[str, list[object]]:
    return {
        "poll tally": ["poll", "tally", world.poll_id],
        "poll tally --json": ["poll", "tally", world.poll_id, "--json"],
        "poll bundle": ["poll", "bundle", world.poll_id, "--out", folder / "bundle.zip"],
        "poll tally-sheet": ["poll", "tally-sheet", world.poll_id, "--out", folder / "sheet.xlsx"],
        "poll verify": ["poll", "verify", world.poll_id],
        "poll turnout": ["poll", "turnout", world.poll_id],
        "poll turnout --json": ["poll", "turnout", world.poll_id, "--json"],
        "poll list": ["poll", "list"],
        "poll list --json": ["poll", "list", "--json"],
        "assessment list": ["assessment", "list"],
        "assessment list --json": ["assessment", "list", "--json"],
        "assessment results": ["assessment", "results", world.assessment_id],
        "assessment results --json": ["assessment", "results", world.assessment_id, "--json"],
    }


REFUSED = {"poll tally", "poll tally --json", "poll bundle", "poll tally-sheet", "poll verify"}


def said(app: Flask, world: World, folder: Path) -> dict[str, tuple[int, str, str]]:
    """(exit code, stdout, stderr) of each command."""
    found = {}
    for name, arguments in commands(world, folder).items():
        with app.app_context():
            result = app.test_cli_runner().invoke(args=[str(argument) for argument in arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), name
        found[name] = (result.exit_code, result.stdout, result.stderr)
    return found


def keys_in(value: Any) -> set[str]:
    if isinstance(value, Mapping):
        return set(value).union(*map(keys_in, value.values()))
    return set().union(*map(keys_in, value)) if isinstance(value, list) else set()


def test_no_command_is_forgotten(lite_app: Flask) -> None:
    """A new command must be told here: does it tell a result?"""
    names = set()
    for name, command in lite_app.cli.commands.items():
        inner = command.commands if isinstance(command, click.Group) else None
        names |= {name} if inner is None else {f"{name} {each}" for each in inner}
    assert names - CONTENT == ACTS | FROM_A_FILE | PRINTED | TELLS
    assert {name.removesuffix(" --json") for name in commands(World(1, 1, 1, {}), Path())} == TELLS


@pytest.mark.parametrize("closed", [False, True])
def test_results_are_refused_in_words_and_nothing_is_written(
    lite_app: Flask, lite_site: Site, tmp_path: Path, closed: bool
) -> None:
    found = said(lite_app, voted(lite_site, closed), tmp_path)
    assert {name for name, (code, _, _) in found.items() if code} == REFUSED
    for name in REFUSED:
        code, out, error = found[name]
        assert (code, out) == (1, ""), name
        assert "还没有封存" in error
        assert "Traceback" not in error
    for name in set(found) - REFUSED:
        code, out, error = found[name]
        assert (code, error) == (0, ""), name
        assert out
    assert not (tmp_path / "bundle.zip").exists()
    assert not (tmp_path / "sheet.xlsx").exists()


@pytest.mark.parametrize("closed", [False, True])
def test_no_command_shows_a_count_per_grade_or_a_score(
    lite_app: Flask, lite_site: Site, tmp_path: Path, closed: bool
) -> None:
    world = voted(lite_site, closed)
    found = said(lite_app, world, tmp_path)
    for name, (code, out, error) in found.items():
        for sheet in (sheet for sheets in BALLOTS.values() for sheet in sheets):
            assert sheet not in out + error
        if name.endswith("--json") and not code:
            assert not keys_in(json.loads(out)) & RESULT_KEYS, name
        if not name.startswith("assessment results"):
            assert not SCORE.search(out + error), name
    (unit,) = json.loads(found["assessment results --json"][1])["units"]
    assert (unit["final"], unit["band"], unit["rank"], unit["pending"]) == (None, None, None, 1)
    assert (unit["democratic"]["score"], unit["democratic"]["got"]) == (None, None)
    assert not SCORE.search(found["assessment results"][1])
    assert "待定" in found["assessment results"][1]


@pytest.mark.parametrize("closed", [False, True])
def test_turnout_is_told_in_steps(lite_app: Flask, lite_site: Site, tmp_path: Path, closed: bool) -> None:
    """Seven and six ballots are told as five and five, thirteen as ten."""
    found = said(lite_app, voted(lite_site, closed), tmp_path)
    turnout = json.loads(found["poll turnout --json"][1])
    (listed,) = json.loads(found["poll list --json"][1])
    assert turnout["returned"] == 10
    assert turnout["issued"] == 20
    for entry in (*turnout["classes"], *listed["classes"]):
        assert entry["cast"] == 5
        assert entry["cast"] % TURNOUT_STEP == 0
        assert "unused" not in entry
    assert "收回 10" in found["poll turnout"][1]
    for _, out, error in found.values():
        assert not re.search(r"(?<![\d.])13(?![\d.])", out + error)


def test_one_more_vote_is_not_seen_until_the_step_is_full(lite_app: Flask, lite_site: Site, tmp_path: Path) -> None:
    world = voted(lite_site, closed=False)
    sheet = sheet_of(lite_site, world.poll_id)
    before = said(lite_app, world, tmp_path)
    cast(lite_site, world.codes["A"][7], filled(sheet))
    assert said(lite_app, world, tmp_path) == before
    cast(lite_site, world.codes["A"][8], filled(sheet))
    after = said(lite_app, world, tmp_path)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"poll turnout", "poll turnout --json"}


@pytest.mark.parametrize("closed", [False, True])
def test_what_was_voted_changes_nothing_that_a_command_says(
    lite_app: Flask, lite_site: Site, tmp_path: Path, closed: bool
) -> None:
    """With the opposite in every envelope, each command says the same to the letter."""
    world = voted(lite_site, closed)
    before = said(lite_app, world, tmp_path)
    with lite_site.database.writing() as session:
        poll = polls.poll_of(session, world.poll_id)
        key = envelopes.poll_key(lite_site.settings.secret_key, poll.envelope_salt or b"")
        for ballot in session.scalars(sa.select(Ballot).where(Ballot.poll_id == poll.id)).all():
            place = envelopes.ballot_place(ballot.class_key, ballot.id)
            ballot.answers = envelopes.close(key, poll.prefix, place, "D" * 23)
        session.commit()
    assert said(lite_app, world, tmp_path) == before
    # And sealed, the same votes are seen: the comparison can fail.
    if not closed:
        close(lite_site, world.poll_id)
    seal(lite_site, world.poll_id)
    after = said(lite_app, world, tmp_path)
    assert {code for code, _, _ in after.values()} == {0}
    tally = json.loads(after["poll tally --json"][1])
    assert tally["organization"]["items"][0]["counts"] == {"A": 0, "B": 0, "C": 0, "D": 13, "-": 0}
    assert tally["organization"]["score"] == "40.00"
    assert json.loads(after["poll turnout --json"][1])["returned"] == 13
