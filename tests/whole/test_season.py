"""A whole season, from import to archive: every figure equals what plain arithmetic makes of the plan."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.acts.actors import Actor, Role
from surveys.acts.site import Site
from surveys.acts.table_files import tables_in
from surveys.entry.worlds.season import draw
from surveys.entry.worlds.season.drive import drive
from surveys.entry.worlds.season.plan import GROUP, LEAD, Fate, Rules
from surveys.entry.worlds.season.sheets import mark_cells
from surveys.entry.worlds.season.stage import Stage
from surveys.marking import completion, mark_workbooks, results, score_sheets
from surveys.marking.results import UnitResult
from surveys.office import accounts
from surveys.outcome import versions
from surveys.scoring.score_sheet import RowState
from surveys.season import assessments, copying, framework_editing, rosters, rule_editing
from surveys.season.assessments import assessment_of
from surveys.season.rule_editing import RulesEntry
from surveys.settings import database_url_of
from surveys.storage.database import Database
from surveys.storage.tables import Document, Poll
from surveys.vote import tallies
from surveys.vote.tally_values import FormTally
from tests import recomputation
from tests.recomputation import Result, half_up, recomputed
from tests.sites import NOW, lite_site_in

pytestmark = pytest.mark.both

ROOT = Path(__file__).parents[2]
SMALL = Rules(mode="block", bonus_cap="4", deduction_cap="8", top_quota="")
OTHERS = (
    Rules(mode="block", bonus_cap="4", deduction_cap="8", veto_band="不合格", top_quota=""),
    Rules(mode="block", bonus_cap="8", deduction_cap="20", top_quota="12.5"),
    Rules(bonus_cap="2.5", deduction_cap="3", bands=(("好", "95"), ("中", "82.5"), ("差", "0")), veto_band="差"),
)
WHOLE = (100, 15)
"""Units and counties."""


def quiet(words: str) -> None:
    pass


@pytest.fixture(scope="module")
def whole(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Stage]]:
    with lite_site_in(tmp_path_factory.mktemp("season"), sqlite_template) as app:
        yield app, drive(app.extensions["site"], draw.season(*WHOLE), quiet)


@contextmanager
def reading(stage: Stage) -> Iterator[Session]:
    with stage.site.database.reading() as session:
        yield session


# The plan, and what it is worked out by.


def test_the_same_seed_draws_the_same_season():
    assert draw.season(12, 4) == draw.season(12, 4)
    assert draw.season(12, 4) != draw.season(12, 4, seed="other")
    assert draw.season(30, 4).units[:12] == draw.season(12, 4).units[:12]


def test_the_recomputation_shares_nothing_with_the_site():
    for module in (recomputation, __import__("surveys.entry.worlds.season.plan", fromlist=["plan"])):
        tree = ast.parse(Path(module.__file__ or "").read_text(encoding="utf-8"))
        imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        imported -= {"surveys.entry.worlds.season.plan"}  # itself among them
        assert not [name for name in imported if name.split(".")[0] in ("surveys", "app", "sqlalchemy", "tests")]


@pytest.mark.parametrize("size", [(12, 4), (100, 15)])
def test_each_rule_has_units_on_which_it_bites(size: tuple[int, int]):
    season = draw.season(*size)
    worked = recomputed(season)
    before = recomputed(season, corrected=False)
    capped = recomputed(season, SMALL)
    unlimited = recomputed(season, Rules(bonus_cap="100", deduction_cap="100", top_quota=""))
    uncapped = recomputed(season, Rules(veto_band="优秀", top_quota=""))
    cases = {
        "bonus cap": any(capped[name].bonus < unlimited[name].bonus for name in worked),
        "bonus without a cap": any(0 < worked[name].bonus == unlimited[name].bonus for name in worked),
        "row cap": any(
            (result.rows[draw.SPECIAL[unit.framework].bonus][1] or 0) > unlimited[unit.name].bonus == 5
            for unit, result in zip(season.units, worked.values(), strict=True)
        ),
        "deduction cap": any(worked[name].deduction < unlimited[name].deduction for name in worked),
        "a loss below nothing": any(result.rows["III-13"] == ("marked", Fraction(0)) for result in worked.values()),
        "veto": any(worked[name].band != uncapped[name].band for name in worked if worked[name].vetoed),
        "quota": any(worked[name].band == "良好" and unlimited[name].band == "优秀" for name in worked),
        "block without rows": any(
            points == 0 for result in worked.values() for code, (_, points) in result.blocks.items() if code == "I-3"
        ),
        "appeals change scores": any(worked[name].final != before[name].final for name in worked),
        "declined": any(not each.accepted for unit in season.units for each in unit.objections),
        "upheld": any(event.fate is Fate.UPHELD for unit in season.units for event in unit.events),
        "exempted vote": any(
            "exempted" in result.rows[draw.SPECIAL[unit.framework].democratic]
            for unit, result in zip(season.units, worked.values(), strict=True)
        ),
        "below the quorum": any(not result.polls[-1].counts for result in worked.values() if result.polls),
        "voted again": any([poll.counts for poll in result.polls] == [False, True] for result in worked.values()),
        "teams": any(unit.votes and unit.votes[0].team for unit in season.units),
        "spoilt": any(
            result.polls and result.polls[0].valid < sum(len(each.ballots) for each in unit.votes[0].classes)
            for unit, result in zip(season.units, worked.values(), strict=True)
        ),
        "conflict": all(unit.department not in {mark.department for mark in unit.marks} for unit in season.units),
        "the lead's own": any(
            unit.department == LEAD
            and any(mark.row_key == "III-31" and mark.department == GROUP for mark in unit.marks)
            for unit in season.units
        ),
        "hearing": any(unit.heard for unit in season.units),
        "material instead": any("material_review" in unit.chosen.values() for unit in season.units),
        "bands": len({result.band for result in worked.values()}) >= 3,
    }
    assert [case for case, holds in cases.items() if not holds] == []
    assert all(result.final is not None for result in worked.values())


# The site against it.


@pytest.mark.both(thorough=True)
def test_a_small_season_is_as_worked_out_by_hand(site: Site):
    """In mode block, on both databases."""
    stage = drive(site, draw.season(12, 4, rules=SMALL), quiet)
    check_totals(stage)
    check_versions(stage)
    check_polls(stage)
    check_board(stage)
    check_workbooks(stage)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.thorough
def test_a_whole_season_is_as_worked_out_by_hand(whole: tuple[Flask, Stage]):
    """In mode whole with a quota, and by other rules."""
    _, stage = whole
    check_totals(stage)
    for rules in OTHERS:
        check_totals(stage, rules)
    check_versions(stage)
    check_polls(stage)
    check_board(stage)


def check_totals(stage: Stage, rules: Rules | None = None) -> None:
    """`rules`: instead of those the assessment was certified by."""
    with reading(stage) as session:
        assessment = assessment_of(session, stage.assessment_id)
        if rules is None:
            found = results.results(session, stage.assessment_id).units
        else:
            used = rule_editing.parse_rules(RulesEntry(**vars(rules)))
            found = results.ranked(score_sheets.assessment_sheets(session, assessment, None, used), used)
    worked = recomputed(stage.season, rules)
    assert [result.sheet.unit.name for result in found] == list(worked)
    for result in found:
        assert figures_of(result) == expected(worked[result.sheet.unit.name]), result.sheet.unit.name


def figures_of(result: UnitResult) -> dict[str, object]:
    score = result.sheet.score
    return {
        "rows": {line.row.standard.key: (line.value.state.value, line.value.got) for line in result.sheet.lines},
        "votes": result.sheet.teams.score,
        "democratic": result.sheet.teams.score if vote_counts(result) else None,
        "blocks": {block.code: (block.got, block.points) for block in score.blocks},
        "base": score.base,
        "bonus": score.bonus,
        "deduction": score.deduction,
        "exact": score.final,
        "final": result.final,
        "vetoed": score.vetoed,
        "band": result.band,
        "rank": result.rank,
    }


def vote_counts(result: UnitResult) -> bool:
    line = result.sheet.democratic
    return line is not None and line.is_by_vote


def expected(worked: Result) -> dict[str, object]:
    assert worked.final is not None
    return {
        "rows": dict(worked.rows),
        "votes": worked.votes,
        "democratic": worked.democratic,
        "blocks": dict(worked.blocks),
        "base": worked.base,
        "bonus": worked.bonus,
        "deduction": worked.deduction,
        "exact": worked.final,
        "final": half_up(worked.final),
        "vetoed": worked.vetoed,
        "band": worked.band,
        "rank": worked.rank,
    }


def check_versions(stage: Stage) -> None:
    """What was frozen before the objections, and what was certified after them."""
    with reading(stage) as session:
        lines = versions.verify(session, stage.assessment_id)
        bodies = [versions.version(session, stage.assessment_id, line.number).body for line in lines]
    assert [line.kind.value for line in lines] == ["provisional", "after_appeal", "certified"]
    for body, corrected in zip(bodies, (False, True, True), strict=True):
        worked = recomputed(stage.season, corrected=corrected)
        assert {unit["name"]: frozen(unit) for unit in body["units"]} == {
            name: said(result) for name, result in worked.items()
        }


def frozen(unit: Document) -> dict[str, object]:
    """A unit's figures as a version holds them."""
    result = unit["result"]
    return {
        "rows": {row["key"]: (row["state"], exactly(row["got"])) for row in unit["rows"]},
        "blocks": {block["code"]: (exactly(block["got"]), exactly(block["points"])) for block in unit["blocks"]},
        **{key: exactly(result[key]) for key in ("base", "bonus", "deduction", "final")},
        "shown": Fraction(result["final"]["shown"]),
        "band": result["band"],
        "rank": result["rank"],
    }


def said(worked: Result) -> dict[str, object]:
    assert worked.final is not None
    return {
        "rows": dict(worked.rows),
        "blocks": dict(worked.blocks),
        **{key: getattr(worked, key) for key in ("base", "bonus", "deduction", "final")},
        "shown": half_up(worked.final),
        "band": worked.band,
        "rank": worked.rank,
    }


def exactly(figure: dict[str, str] | None) -> Fraction | None:
    return None if figure is None else Fraction(figure["exact"])


def check_polls(stage: Stage) -> None:
    """Each item and each aspect of each poll, with the form's score."""
    worked = recomputed(stage.season)
    for unit, unit_id in stage.units():
        with reading(stage) as session:
            polls = session.scalars(select(Poll).where(Poll.unit_id == unit_id).order_by(Poll.sealed_at, Poll.id)).all()
            found = [tallies.tally(session, poll) for poll in polls]
        assert len(found) == len(unit.votes)
        for tally, poll, vote in zip(found, worked[unit.name].polls, unit.votes, strict=True):
            forms = [form for form in (tally.organization, *tally.leaders) if form is not None]
            assert (tally.valid, tally.shortcoming is None) == (poll.valid, poll.counts)
            assert [form.score for form in forms] == list(poll.scores)
            small = len(vote.classes) > 1 and any(0 < each.valid < 5 for each in tally.classes)
            assert tally.has_hidden_class == small
            questions = [tuple(None if small else score for score in form) for form in poll.forms]
            assert [question_scores(form) for form in forms] == questions


def question_scores(form: FormTally) -> tuple[Fraction | None, ...]:
    return tuple(question.score for question in form.questions)


def check_board(stage: Stage) -> None:
    """Nobody is behind, and every mark of the plan was asked for."""
    with reading(stage) as session:
        board = completion.board(session, stage.staff.admins[0], stage.assessment_id)
    assert board.total.missing == 0
    votes = sum(
        result.rows[draw.SPECIAL[unit.framework].democratic][0] != RowState.EXEMPTED
        for unit, result in zip(stage.season.units, recomputed(stage.season).values(), strict=True)
    )
    assert board.total.done == sum(len(unit.marks) for unit in stage.season.units) + votes


# Workbooks: out, in, out again.


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.thorough
def test_workbooks_of_a_whole_season_come_back_unchanged(whole: tuple[Flask, Stage]):
    check_workbooks(whole[1])


def check_workbooks(stage: Stage) -> None:
    check_marks(stage)
    check_frameworks(stage)
    check_roster(stage)


def check_marks(stage: Stage) -> None:
    admin = stage.staff.admins[0]
    with stage.site.database.writing() as session:
        data = mark_workbooks.export_workbook(session, admin, stage.assessment_id)
        cells = mark_cells(data)
        tables = tables_in("打分表.xlsx", data)
        import_id = mark_workbooks.read_workbook(session, NOW, admin, stage.assessment_id, "打分表.xlsx", tables)
        preview = mark_workbooks.preview(session, admin, import_id)
        assert (preview.changes, preview.hindrances) == ((), ())
        assert preview.untouched == sum(len(unit.marks) for unit in stage.season.units)
        mark_workbooks.apply(session, NOW, admin, import_id, preview.fingerprint, confirmed=False)
        assert mark_workbooks.export_workbook(session, admin, stage.assessment_id) == data
    assert {place: points for place, (points, _, _) in cells.items()} == {
        (unit_id, mark.row_key, mark.department): Decimal(mark.points)
        for unit, unit_id in stage.units()
        for mark in (*unit.marks, *(mark for each in unit.objections for mark in each.marks))
    }


def check_frameworks(stage: Stage) -> None:
    """Next year's copy, in which they may still be edited."""
    admin = stage.staff.admins[0]
    with stage.site.database.writing() as session:
        copy = copying.copy_assessment(session, NOW, admin, stage.assessment_id, "下一年度（样例）")
        for key in stage.season.edits:
            data = framework_editing.export_framework(session, admin, stage.assessment_id, key)
            assert framework_editing.export_framework(session, admin, copy, key) == data
            check_framework(session, admin, copy, key, data)
            assert framework_editing.export_framework(session, admin, copy, key) == data


def check_framework(session: Session, admin: Actor, assessment_id: int, key: str, data: bytes) -> None:
    tables = tables_in("体系.xlsx", data)
    import_id = framework_editing.read_file(session, NOW, admin, assessment_id, key, f"{key}.xlsx", tables)
    preview = framework_editing.preview(session, admin, import_id)
    assert preview.changes.is_empty
    assert preview.new == preview.old
    framework_editing.apply(session, NOW, admin, import_id, preview.fingerprint)


def check_roster(stage: Stage) -> None:
    admin = stage.staff.admins[0]
    with stage.site.database.writing() as session:
        data = rosters.export_roster(session, admin, stage.assessment_id)
        tables = tables_in("名单.xlsx", data)
        found = rosters.import_file(session, NOW, admin, stage.assessment_id, "名单.xlsx", tables, write=False)
        assert found.is_empty


# The script.


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_script_makes_a_season_and_says_how_to_look_at_it(tmp_path: Path):
    named = {"DATABASE_URL": f"sqlite:///{tmp_path / 'a.db'}", "DATA_DIR": str(tmp_path)}

    def run(*options: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "scripts/season.py", *options]
        return subprocess.run(command, cwd=ROOT, env=os.environ | named, capture_output=True, text=True)

    made = run("--units", "2", "--counties", "1", "--until", "marking")
    assert made.returncode == 0, made.stderr
    assert "打分：" in made.stderr
    assert "初步结果" not in made.stderr
    assert f"DATABASE_URL={named['DATABASE_URL']} DATA_DIR={tmp_path} scripts/serve" in made.stdout
    database = Database(database_url_of(named["DATABASE_URL"]))
    told = re.findall(r"  (\S+)  (\S+)  密码 (\S+)", made.stdout)
    with database.reading() as session:
        roles = {accounts.sign_in(session, NOW, name, password).role for _, name, password in told}
        assert roles == set(Role) - {Role.SYSTEM, Role.AUDITOR, Role.READER}
        assert [each.state for each in assessments.list_assessments(session)] == ["marking"]
    database.engine.dispose()
    again = run("--units", "2")
    assert again.returncode != 0
    assert "已有考核" in again.stderr
    assert run("--units", "0", "--counties", "0").returncode == 2
