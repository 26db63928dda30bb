"""What scripts/serve calls: migrate, first-admin, demo."""

import click
from flask.cli import with_appcontext

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.cli.common import any_site, reports_refusals, site
from surveys.entry.worlds.demo import DemoLinks, fill_demo
from surveys.office import accounts
from surveys.office.accounts import NewAccount


@click.command("migrate")
@with_appcontext
def migrate_command() -> None:
    """把数据库升到当前的结构。"""
    any_site().migrate()


@click.command("first-admin")
@with_appcontext
def first_admin_command() -> None:
    """没有账号时建三个，打印账号和一次性密码；有账号时什么也不做。

    三个各归一人：系统管理员管账号，业务管理员管考核，审计员看日志、确认账号。
    """
    with site().database.writing() as session:
        if accounts.has_accounts(session):
            return
        entries = [NewAccount(role.value, role) for role in (Role.SYSTEM, Role.ADMIN, Role.AUDITOR)]
        handouts = accounts.add_accounts(session, site().now(), COMMAND_LINE, entries)
        session.commit()
    click.echo("三个账号，请分给三个人。密码只显示这一次，登录后先改成自己的：")
    for each in handouts:
        click.echo(f"{each.role}账号 {each.name}  密码 {each.password}")


@click.command("demo")
@with_appcontext
@reports_refusals
def demo_command() -> None:
    """在空数据库里填入一份演示考核；已有演示时只打印入口。"""
    links: DemoLinks = fill_demo(site())
    click.echo(links.text())
