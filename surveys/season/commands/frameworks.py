"""Frameworks as workbooks: `catalog export|import`, `assessment export-framework|edit-framework|copy`."""

from pathlib import Path

import click

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.table_files import tables_in
from surveys.cli.common import ID, reports_refusals, site
from surveys.intake.tables import MOST_BYTES
from surveys.season import copying, framework_editing, framework_workbooks
from surveys.season.commands.assessments import assessment_group, catalog_group
from surveys.season.framework_changes import Changes
from surveys.season.roster_changes import FieldChange

_IN = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUT = click.Path(dir_okay=False, writable=True, path_type=Path)


@catalog_group.command("export")
@click.argument("key")
@click.option("--out", required=True, type=_OUT, help="写到这个 .xlsx 文件")
@reports_refusals
def catalog_export(key: str, out: Path) -> None:
    """把自带的测评体系写成 .xlsx，可以在 Excel 里修改。"""
    _write(out, framework_workbooks.catalog_workbook(key))


@catalog_group.command("import")
@click.argument("file", type=_IN)
@click.option("--out", required=True, type=_OUT, help="写到这个 .yaml 文件")
@reports_refusals
def catalog_import(file: Path, out: Path) -> None:
    """把 .xlsx 的测评体系写成 .yaml；有错时逐格指出，什么都不写。"""
    _write(out, framework_workbooks.workbook_as_yaml(file.name, _read(file)).encode())


@assessment_group.command("export-framework")
@click.argument("assessment_id", type=ID)
@click.argument("key")
@click.option("--out", required=True, type=_OUT, help="写到这个 .xlsx 文件")
@reports_refusals
def assessment_export_framework(assessment_id: int, key: str, out: Path) -> None:
    """把考核所用的测评体系写成 .xlsx，改好后用 edit-framework 导入。"""
    with site().database.reading() as session:
        data = framework_editing.export_framework(session, COMMAND_LINE, assessment_id, key)
    _write(out, data)


@assessment_group.command("edit-framework")
@click.argument("assessment_id", type=ID)
@click.argument("key")
@click.argument("file", type=_IN)
@click.option("--apply", "write", is_flag=True, help="确认更新；不加只预览")
@reports_refusals
def assessment_edit_framework(assessment_id: int, key: str, file: Path, write: bool) -> None:
    """从 .xlsx 更新考核所用的测评体系：先看会改动什么，加 --apply 才更新。"""
    tables = tables_in(file.name, _read(file))
    with site().database.writing() as session:
        found = framework_editing.edit_from_file(
            session, site().now(), COMMAND_LINE, assessment_id, key, file.name, tables, write=write
        )
    _print_changes(found.changes)
    for sentence in (*found.notes, *found.hindrances):
        click.echo(sentence)
    if found.hindrances:
        raise click.ClickException("不能更新，请按上面的提示处理。")
    if not found.changes.is_empty:
        click.echo("已更新。" if write else "以上是预览，什么都没有改动。确认无误后加 --apply 再运行一次。")


@assessment_group.command("copy")
@click.argument("assessment_id", type=ID)
@click.argument("title")
@reports_refusals
def assessment_copy(assessment_id: int, title: str) -> None:
    """以一次考核为底新建一次（体系、规则、单位、领导），打印其编号。"""
    with site().database.writing() as session:
        click.echo(copying.copy_assessment(session, site().now(), COMMAND_LINE, assessment_id, title))


def _print_changes(changes: Changes) -> None:
    click.echo(
        f"修改 {len(changes.changed)} 条，新增 {len(changes.added)} 条，删除 {len(changes.removed)} 条，"
        f"移动 {len(changes.moved)} 条，不变 {changes.unchanged} 条。"
    )
    for field in changes.framework:
        _print_field(field)
    for kind in ("changed", "added", "removed", "moved"):
        for row in getattr(changes, kind):
            words = {"changed": "修改", "added": "新增", "removed": "删除", "moved": "移动"}[kind]
            click.echo("\t".join(part for part in (words, row.key, row.name, row.moved) if part))
            for field in row.fields:
                _print_field(field)


def _print_field(field: FieldChange) -> None:
    click.echo(f"\t{field.label}\t{field.old or '（空）'} → {field.new or '（空）'}")


def _read(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(MOST_BYTES + 1)


def _write(out: Path, data: bytes) -> None:
    try:
        out.write_bytes(data)
    except OSError as error:
        raise click.ClickException(f"写不了 {out}：{error.strerror}") from None
    click.echo(f"已写入 {out}")
