"""`catalog ...` and `assessment ...`."""

import sys
from pathlib import Path
from typing import TextIO

import click
from flask.cli import AppGroup

from surveys.catalog import loader
from surveys.catalog.model import Framework
from surveys.cli.common import ID, as_json, emit, reports_refusals, site
from surveys.services import (
    assessments,
    results,
)
from surveys.services.actors import COMMAND_LINE

catalog_group = AppGroup("catalog", help="测评体系和测评表")


@catalog_group.command("show")
@click.argument("key")
@as_json
@reports_refusals
def catalog_show(key: str, as_json: bool) -> None:
    """显示一个测评体系或一份测评表：municipal、county、organization、leader。"""
    if key not in (*loader.framework_keys(), *loader.questionnaire_keys()):
        known = "、".join((*loader.framework_keys(), *loader.questionnaire_keys()))
        raise click.ClickException(f"没有名为 {key} 的测评体系或测评表，可用的有：{known}。")
    content = loader.framework(key) if key in loader.framework_keys() else loader.questionnaire(key)
    if as_json:
        emit(content.to_json())
        return
    click.echo(content.title)
    if isinstance(content, Framework):
        for row in content.rows():
            click.echo(f"{row.block.code}\t{row.standard.key}\t{row.standard.points}\t{row.standard.text}")
    else:
        for question in content.questions:
            click.echo(f"{question.key}\t{question.text}")


@catalog_group.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def catalog_check(file: Path) -> None:
    """检查一个测评体系或测评表文件，逐条指出错在哪一行、怎么改。"""
    problems = loader.check_file(file)
    for problem in problems:
        click.echo(str(problem), err=True)
    if problems:
        sys.exit(1)
    click.echo("没有发现问题。")


assessment_group = AppGroup("assessment", help="考核")


@assessment_group.command("create")
@click.argument("title")
@click.option("--framework", "frameworks", multiple=True, required=True, help="测评体系，可写多次")
@reports_refusals
def assessment_create(title: str, frameworks: tuple[str, ...]) -> None:
    """新建一次考核，打印其编号。"""
    with site().database.writing() as session:
        click.echo(assessments.create_assessment(session, site().now(), COMMAND_LINE, title, frameworks))


@assessment_group.command("add-unit")
@click.argument("assessment_id", type=ID)
@click.argument("name")
@click.option("--category", required=True, help="类别，排名在同一类别内进行")
@click.option("--framework", required=True)
@click.option("--tag", "tags", multiple=True, help="单位标签，决定哪些行适用，可写多次")
@click.option("--department", help="该单位自己作为考核部门时的名称（回避用）")
@click.option("--leaders", type=click.File(encoding="utf-8-sig"), help="领导名单文件，一行一人：姓名 职务")
@reports_refusals
def assessment_add_unit(
    assessment_id: int,
    name: str,
    category: str,
    framework: str,
    tags: tuple[str, ...],
    department: str | None,
    leaders: TextIO | None,
) -> None:
    """在考核中加一个单位，打印其编号。"""
    roster = assessments.parse_leaders(leaders.read()) if leaders else ()
    entry = assessments.UnitEntry(name, category, framework, tags, roster, department)
    with site().database.writing() as session:
        click.echo(assessments.add_unit(session, site().now(), COMMAND_LINE, assessment_id, entry))


@assessment_group.command("list")
@as_json
def assessment_list(as_json: bool) -> None:
    """列出考核和其中的单位。"""
    with site().database.reading() as session:
        found = assessments.list_assessments(session)
    if as_json:
        emit(
            [
                {
                    "id": line.id,
                    "title": line.title,
                    "state": line.state,
                    "units": [{"id": unit.id, "name": unit.name, "category": unit.category} for unit in line.units],
                }
                for line in found
            ]
        )
        return
    for line in found:
        click.echo(f"{line.id}\t{line.title}\t{len(line.units)} 个单位")


@assessment_group.command("results")
@click.argument("assessment_id", type=ID)
@as_json
@reports_refusals
def assessment_results(assessment_id: int, as_json: bool) -> None:
    """各单位的得分、等次和类别内名次。"""
    with site().database.reading() as session:
        found = results.to_json(results.results(session, assessment_id))
    if as_json:
        emit(found)
        return
    for unit in found["units"]:
        final = unit["final"] or f"待定（{unit['pending']} 行未打分）"
        click.echo(f"{unit['category']}\t{unit['rank'] or '—'}\t{unit['unit']}\t{final}\t{unit['band'] or ''}")
