"""`bundle ...`: what can be had of a bundle alone. Never touches the database."""

from pathlib import Path

import click
from flask.cli import AppGroup

from surveys.acts.audit_chain import Head
from surveys.cli.common import HEAD, extension_of, reports_refusals
from surveys.vote import bundle_reading, tally_sheets

bundle_group = AppGroup("bundle", help="选票包，不用数据库")


@bundle_group.command("tally-sheet")
@click.argument("bundle", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="以 .pdf 或 .xlsx 结尾")
@click.option("--log-head", "head", type=HEAD, help="统计单上印的日志头：序号 sha256:摘要")
@reports_refusals
def bundle_tally_sheet(bundle: Path, out: Path, head: Head | None) -> None:
    """核对选票包的封存码，写出民主测评统计单。给出纸上的日志头，就与 poll tally-sheet 写出的逐字节相同。"""
    with bundle.open("rb") as file:
        data = file.read(bundle_reading.MOST_BYTES + 1)
    out.write_bytes(tally_sheets.tally_sheet_of(bundle_reading.read_bundle(data), extension_of(out), head))
