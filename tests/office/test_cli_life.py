"""The life of an assessment from a terminal."""

import json

import pytest
from click.testing import Result
from flask import Flask

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.acts.site import Site
from surveys.office import accounts
from surveys.outcome import life
from surveys.season import applicability
from tests.builders import build_unit, run_sql
from tests.seasons import Season, build_season
from tests.sites import NOW


def run(app: Flask, *words: object) -> Result:
    return app.test_cli_runner().invoke(args=["assessment", *map(str, words)])


def test_it_starts_and_advances(lite_app: Flask, lite_site: Site) -> None:
    assessment_id, _ = build_unit(lite_site, marking=False)
    assert "适用表还没有核准" in run(lite_app, "start", assessment_id).stderr
    with lite_site.database.writing() as session:
        password = accounts.create_account(session, NOW, COMMAND_LINE, "admin", Role.ADMIN)
        admin = accounts.sign_in(session, NOW, "admin", password)
        for unit, row in applicability.matrix(session, assessment_id).gaps:
            applicability.choose(session, NOW, admin, unit.id, row.standard.key, row.standard.alternatives[0])
    approve = ("approve-rows", assessment_id, "--account", "admin", "--password", password)
    assert run(lite_app, *approve).exit_code == 0
    assert run(lite_app, "start", assessment_id).exit_code == 0
    again = run(lite_app, "start", assessment_id)
    assert (again.exit_code, "打分中" in again.stderr) == (1, True)
    assert "初步结果" in run(lite_app, "advance", assessment_id).stderr
    assert "--objections-due" in run(lite_app, "advance", assessment_id).stderr
    assert "复核申诉" in run(lite_app, "advance", assessment_id, "--objections-due", "2999-01-01").stderr
    refused = run(lite_app, "advance", assessment_id)
    assert (refused.exit_code, "assessment certify" in refused.stderr) == (1, True)
    assert run(lite_app, "return", assessment_id, "--reason", "补打分").exit_code == 0
    assert json.loads(run(lite_app, "list", "--json").stdout)[0]["state"] == "marking"


@pytest.fixture
def season(lite_site: Site) -> Season:
    season = build_season(lite_site)
    season.close_marking()
    with lite_site.database.writing() as session:
        life.open_appeal(session, NOW, COMMAND_LINE, season.assessment_id, NOW.date())
    run_sql(lite_site, "UPDATE assessments SET objections_due_on = '2000-01-01'")
    return season


def test_two_people_certify_with_their_passwords(lite_app: Flask, season: Season) -> None:
    with season.site.database.writing() as session:
        passwords = [accounts.reset_password(session, NOW, COMMAND_LINE, admin.name) for admin in season.admins]
    said = [
        run(lite_app, "certify", season.assessment_id, "--account", admin.name, "--password", password)
        for admin, password in zip(season.admins, passwords, strict=True)
    ]
    assert ["还需另一个人" in said[0].stderr, "已核定" in said[1].stderr] == [True, True]
    assert said[0].stdout == said[1].stdout == f"{season.version(2).line.digest}\n"
    found = json.loads(run(lite_app, "verify", season.assessment_id, "--json").stdout)
    assert [entry["kind"] for entry in found] == ["provisional", "certified"]
    assert "一致 第 2 版 核定" in run(lite_app, "verify", season.assessment_id).stdout
    assert "已归档" in run(lite_app, "advance", season.assessment_id).stderr
    run_sql(season.site, "UPDATE marks SET points = '0' WHERE row_key = 'III-4'")
    broken = run(lite_app, "verify", season.assessment_id)
    assert (broken.exit_code, "被改动过" in broken.stderr) == (1, True)


def test_results_name_the_version_they_are_those_of_or_are_not_told(lite_app: Flask, lite_site: Site) -> None:
    season = build_season(lite_site)
    assert json.loads(run(lite_app, "results", season.assessment_id, "--json").stdout)["version"] is None
    season.certified()
    told = json.loads(run(lite_app, "results", season.assessment_id, "--json").stdout)["version"]
    assert told == {"number": 2, "digest": season.version(2).line.digest}
    run_sql(lite_site, "UPDATE marks SET points = 0 WHERE unit_id = :unit", unit=season.first)
    for words in ((), ("--json",)):
        refused = run(lite_app, "results", season.assessment_id, *words)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert "与核定的版本不一致" in refused.stderr
