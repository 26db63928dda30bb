"""What scripts/serve calls: migrate, first-admin, demo."""

import click
from flask.cli import with_appcontext

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.cli.common import any_site, reports_refusals, site
from surveys.entry.worlds.demo import DemoLinks, fill_demo
from surveys.office import accounts


@click.command("migrate")
@with_appcontext
def migrate_command() -> None:
    """把数据库升到当前的结构。"""
    any_site().migrate()


@click.command("first-admin")
@with_appcontext
def first_admin_command() -> None:
    """没有账号时建一个管理员，打印账号和密码；有账号时什么也不做。"""
    with site().database.writing() as session:
        if not accounts.has_accounts(session):
            password = accounts.create_account(session, site().now(), COMMAND_LINE, "admin", Role.ADMIN)
            click.echo(f"管理员账号 admin  密码 {password}（只显示这一次，请记下并在登录后修改）")


@click.command("demo")
@with_appcontext
@reports_refusals
def demo_command() -> None:
    """在空数据库里填入一份演示考核；已有演示时只打印入口。"""
    links: DemoLinks = fill_demo(site())
    click.echo(links.text())
