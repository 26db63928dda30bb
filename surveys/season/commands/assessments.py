"""`catalog ...` and `assessment ...`."""

import sys
from pathlib import Path
from typing import TextIO

import click
from flask.cli import AppGroup

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.table_files import tables_in
from surveys.catalog import loader
from surveys.catalog.model import Framework
from surveys.cli.common import ID, as_json, emit, reports_refusals, site
from surveys.intake.tables import MOST_BYTES
from surveys.season import assessments, rosters
from surveys.season.roster_changes import Preview, UnitChange

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


@assessment_group.command("import-roster")
@click.argument("assessment_id", type=ID)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--apply", "write", is_flag=True, help="确认导入；不加只预览")
@reports_refusals
def assessment_import_roster(assessment_id: int, file: Path, write: bool) -> None:
    """从 .xlsx、.xls 或 .csv 导入单位和领导名单：先看会改动什么，加 --apply 才导入。"""
    with file.open("rb") as stream:
        tables = tables_in(file.name, stream.read(MOST_BYTES + 1))
    with site().database.writing() as session:
        found = rosters.import_file(session, site().now(), COMMAND_LINE, assessment_id, file.name, tables, write=write)
    _print_preview(found)
    if found.hindrances:
        raise click.ClickException("不能导入，请按上面的提示改好文件。")
    if not found.is_empty:
        click.echo("已导入。" if write else "以上是预览，什么都没有改动。确认无误后加 --apply 再运行一次。")


def _print_preview(found: Preview) -> None:
    click.echo(
        f"新增 {len(found.added)} 个单位，修改 {len(found.changed)} 个，不变 {len(found.unchanged)} 个，"
        f"文件没有提到 {len(found.unmentioned)} 个（原样保留）。"
    )
    for kind, changes in (("新增", found.added), ("修改", found.changed)):
        for change in changes:
            _print_change(kind, change)
    for sentence in (*found.notes, *found.hindrances):
        click.echo(sentence)


def _print_change(kind: str, change: UnitChange) -> None:
    click.echo(f"{kind}\t{change.name}")
    for entry in change.fields:
        if entry.old or entry.new:
            click.echo(f"\t{entry.label}\t{entry.old or '（空）'} → {entry.new or '（空）'}")
    for leader in change.leaders:
        words = " → ".join(part for part in (leader.old, leader.new) if part)
        click.echo(f"\t{leader.kind}\t{leader.name}\t{words}")
    for note in change.notes:
        click.echo(f"\t{note}")


@assessment_group.command("export-roster")
@click.argument("assessment_id", type=ID)
@click.option("--out", required=True, type=click.Path(dir_okay=False, writable=True, path_type=Path))
@reports_refusals
def assessment_export_roster(assessment_id: int, out: Path) -> None:
    """把单位和领导名单写成 .xlsx，改好后可以再导入。"""
    with site().database.reading() as session:
        data = rosters.export_roster(session, COMMAND_LINE, assessment_id)
    out.write_bytes(data)
    click.echo(f"已写入 {out}")
