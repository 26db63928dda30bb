"""`alarm ...`, for a timer of the operating system."""

import click
from flask.cli import AppGroup

from surveys.cli.common import reports_refusals, site
from surveys.entry.alarms import keeping

alarm_group = AppGroup("alarm", help="报警")


@alarm_group.command("check")
@reports_refusals
def alarm_check() -> None:
    """马上查一遍，新的送出去；打印有几项新的。网站开着时每分钟自己查一遍。"""
    click.echo(keeping.watch(site(), site().now()))
