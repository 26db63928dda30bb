"""`poll slips` and `poll reissue`: tickets issued and printed in one go."""

from pathlib import Path
from typing import BinaryIO

import click

from surveys.acts.actors import COMMAND_LINE
from surveys.cli.common import ID, private_file, reports_refusals, site
from surveys.reporting.stepwise import finished
from surveys.vote import polls
from surveys.vote.commands.polls import poll_group
from surveys.vote.papers.slip_layout import Size
from surveys.vote.papers.slips import slips_pdf
from surveys.vote.ticketing import slip_printing, tickets
from surveys.vote.ticketing.tickets import Issued

_SIZES = click.Choice([str(size.value) for size in Size])
_size = click.option("--size", type=_SIZES, default="21", show_default=True, help="每页几张，张数越少字越大")
_out = click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="写到哪个 PDF 文件")


def _print(poll_id: int, class_key: str, issued: Issued, size: Size, target: BinaryIO) -> None:
    with site().database.reading() as session:
        sheet = slip_printing.slip_sheet(site(), polls.poll_of(session, poll_id), class_key, issued, size)
    target.write(finished(slips_pdf(sheet)))
    click.echo(f"第 {issued.batch} 批，{len(issued.codes)} 张。", err=True)


@poll_group.command("slips")
@click.argument("poll_id", type=ID)
@click.option("--class", "class_key", default="A", show_default=True)
@click.option("--count", type=int, required=True)
@_size
@_out
@reports_refusals
def poll_slips(poll_id: int, class_key: str, count: int, size: str, out: Path) -> None:
    """发票并印成纸条。票码只在这个文件里出现。"""
    with site().database.reading() as session:
        slip_printing.check_printable(site(), polls.poll_of(session, poll_id), class_key, Size(int(size)))
    with private_file(out) as target:
        with site().database.writing() as session:
            issued = tickets.issue(session, site().now(), COMMAND_LINE, poll_id, class_key, count)
        _print(poll_id, class_key, issued, Size(int(size)), target)


@poll_group.command("reissue")
@click.argument("poll_id", type=ID)
@click.option("--batch", type=ID, required=True, help="批次号，印在纸条和交接单上")
@click.option("--reason", required=True)
@_size
@_out
@reports_refusals
def poll_reissue(poll_id: int, batch: int, reason: str, size: str, out: Path) -> None:
    """作废一批中没投的票，重发同样张数的一批并印成纸条。"""
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        class_key = tickets.batch_of(session, poll, batch).class_key
        slip_printing.check_printable(site(), poll, class_key, Size(int(size)))
    with private_file(out) as target:
        with site().database.writing() as session:
            issued = tickets.reissue(session, site().now(), COMMAND_LINE, poll_id, batch, reason)
        _print(poll_id, class_key, issued, Size(int(size)), target)
