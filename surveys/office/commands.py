"""`account ...`, and what scripts/serve calls: migrate, first-admin, demo."""

import click
from flask.cli import AppGroup

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.cli.common import ID, reports_refusals, site
from surveys.office import accounts

account_group = AppGroup("account", help="工作人员账号")

one_time = click.option("--one-time", is_flag=True, help="登录后要先改密码，才能做别的")


@account_group.command("create")
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--department", help="考评员所属的考核部门")
@click.option("--unit", "unit_id", type=ID, help="报送员所属单位的编号")
@one_time
@reports_refusals
def account_create(name: str, role: str, department: str | None, unit_id: int | None, one_time: bool) -> None:
    """新建账号，打印一次性显示的初始密码。"""
    now = site().now()
    with site().database.writing() as session:
        password = accounts.create_account(
            session, now, COMMAND_LINE, name, Role(role), department, unit_id, one_time=one_time
        )
    click.echo(password)


@account_group.command("reset")
@click.argument("name")
@one_time
@reports_refusals
def account_reset(name: str, one_time: bool) -> None:
    """给忘了密码的账号一个新密码，只显示这一次。"""
    with site().database.writing() as session:
        password = accounts.reset_password(session, site().now(), COMMAND_LINE, name, one_time=one_time)
    click.echo(password)
