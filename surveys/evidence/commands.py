"""`assessment materials`: what units have handed in, and whether the files are whole."""

from typing import Any

import click

from surveys.acts.actors import COMMAND_LINE
from surveys.cli.common import ID, as_json, emit, reports_refusals, site
from surveys.evidence import stored_files
from surveys.season.commands.assessments import assessment_group


@assessment_group.command("materials")
@click.argument("assessment_id", type=ID)
@as_json
@click.option("--check", "checking", is_flag=True, help="逐个核对材料和照片的文件是否都在、内容有没有变")
@click.option("--clean", "cleaning", is_flag=True, help="删去没有材料引用的文件（包括已撤回的）")
@reports_refusals
def assessment_materials(assessment_id: int, as_json: bool, checking: bool, cleaning: bool) -> None:
    """各单位报送材料的数目；--check 核对文件，--clean 清理存储。"""
    with site().database.reading() as session:
        found = stored_files.counts_to_json(session, assessment_id)
        checked = stored_files.check(site(), session, assessment_id) if checking else None
    if cleaning:
        click.echo(f"删去了 {stored_files.clean(site(), site().now(), COMMAND_LINE)} 个文件。", err=True)
    if checked is not None:
        found = {**found, "files": checked.files, "damaged": [vars(each) for each in checked.damaged]}
    if as_json:
        emit(found)
    else:
        _print_materials(found)
    if checked is not None and checked.damaged:
        for each in checked.damaged:
            click.echo(f"{'不见了' if each.gone else '内容变了'}\t{each.digest}\t{each.refers}", err=True)
        raise click.ClickException(f"{len(checked.damaged)} 个文件有问题，请从备份恢复。")
    if checked is not None:
        click.echo(f"核对了 {checked.files} 个文件，都在，内容没有变。", err=True)


def _print_materials(found: dict[str, Any]) -> None:
    for unit in found["units"]:
        click.echo(
            f"{unit['unit']}\t应交 {unit['required']} 项\t已交 {unit['handed_in']}\t未交 {unit['missing']}\t"
            f"迟交 {unit['late']} 份\t通过 {unit['accepted']}"
        )
