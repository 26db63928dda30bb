"""`backup`: what a machine that is lost can be made again from."""

from pathlib import Path

import click
from flask.cli import with_appcontext

from surveys.cli.common import private_file, reports_refusals, site
from surveys.entry import backups


@click.command("backup")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="以 .zip 结尾")
@with_appcontext
@reports_refusals
def backup_command(out: Path) -> None:
    """备份数据库、各单位交的材料和检查的照片，投票中也可以。密钥不在里面，请另外保管。"""
    if out.exists() and out.is_file():
        raise click.ClickException(f"{out} 已经有了，没有备份。请换一个文件名。")
    found = site()
    with private_file(out, "没有备份") as target:
        made = backups.back_up(found, found.now(), target)
    click.echo(f"已备份：数据库和 {made.files} 个文件，共 {made.size} 字节。SECRET_KEY 不在里面，请另外保管。")
