"""`account ...` and `audit ...`."""

from dataclasses import asdict

import click
from flask.cli import AppGroup

from surveys.acts import audit_chain
from surveys.acts.actors import COMMAND_LINE, Role
from surveys.acts.audit_chain import Head
from surveys.cli.common import HEAD, ID, as_json, emit, reports_refusals, site
from surveys.office import accounts, confirmations, log_reading, second_factor
from surveys.office.log_reading import Wanted

account_group = AppGroup("account", help="工作人员账号")
audit_group = AppGroup("audit", help="操作日志")

one_time = click.option("--one-time", is_flag=True, help="登录后要先改密码，才能做别的")


@account_group.command("create")
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--department", help="考评员所属的考核部门")
@click.option("--unit", "unit_id", type=ID, help="报送员所属单位的编号")
@click.option("--person", default="", help="使用人的姓名")
@click.option("--phone", default="", help="使用人的电话")
@one_time
@reports_refusals
def account_create(
    name: str, role: str, department: str | None, unit_id: int | None, one_time: bool, person: str, phone: str
) -> None:
    """新建账号，打印一次性显示的初始密码。"""
    now = site().now()
    with site().database.writing() as session:
        password = accounts.create_account(
            session,
            now,
            COMMAND_LINE,
            name,
            Role(role),
            department,
            unit_id,
            one_time=one_time,
            person=person,
            phone=phone,
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


@account_group.command("confirm")
@click.argument("name")
@reports_refusals
def account_confirm(name: str) -> None:
    """确认别人建立或重设过的账号，它才能作为两人中的一人。平时由审计员在页面上做。"""
    with site().database.writing() as session:
        confirmations.confirm_named(session, site().now(), COMMAND_LINE, name)


@account_group.command("clear-code")
@click.argument("name")
@reports_refusals
def account_clear_code(name: str) -> None:
    """清除一个账号的两步登录（手机和恢复码都丢了）；它的登录马上失效。"""
    with site().database.writing() as session:
        second_factor.clear(session, site().now(), COMMAND_LINE, accounts.id_of(session, name), "命令行清除")


@audit_group.command("verify")
@click.option("--against", "printed", type=HEAD, help="某张纸上印的日志头：序号 sha256:摘要")
@reports_refusals
def audit_verify(printed: Head | None) -> None:
    """核对日志：有没有一条被改、被删、被调换、被截去。不一致时退出码为 1。"""
    with site().database.reading() as session:
        head, faults = log_reading.check(session, COMMAND_LINE)
        stands = printed is None or audit_chain.stands(session, printed)
    for fault in faults:
        click.echo(fault.text, err=True)
    if not stands:
        click.echo("日志里没有这个日志头：那一条或它以前的记录被换过，或这不是同一个站点的日志。", err=True)
    if faults or not stands:
        raise click.exceptions.Exit(1)
    click.echo(f"一致 {head}")


@audit_group.command("list")
@as_json
@reports_refusals
def audit_list(as_json: bool) -> None:
    """列出日志，最旧的在前。"""
    with site().database.reading() as session:
        lines = list(log_reading.every(session, COMMAND_LINE, Wanted()))
    if as_json:
        emit([asdict(line) | {"at": line.at.isoformat()} for line in lines])
        return
    for line in lines:
        click.echo(f"{line.number}\t{line.at.isoformat()}\t{line.who}\t{line.act}\t{line.subject}\t{line.result}")
