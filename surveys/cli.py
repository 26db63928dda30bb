"""The services from a terminal: JSON on stdout with --json, errors on stderr, exit status not 0 on failure."""

import functools
import json
import sys
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, ParamSpec, TextIO, TypeVar

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from surveys.catalog import loader
from surveys.catalog.model import Framework
from surveys.catalog.problems import CatalogError
from surveys.polling.disclosure import shown_turnout
from surveys.polling.states import PollState
from surveys.reporting.slips import slips_csv
from surveys.services import (
    accounts,
    assessments,
    bundles,
    polls,
    printing,
    records,
    results,
    sealing,
    tallies,
    tickets,
)
from surveys.services.actors import COMMAND_LINE, Role
from surveys.services.demo import DemoLinks, fill_demo
from surveys.services.errors import DatabaseBusy, Refusal
from surveys.services.site import Site

ID = click.IntRange(1, 2**31 - 1)

Parameters = ParamSpec("Parameters")
Returned = TypeVar("Returned")

as_json = click.option("--json", "as_json", is_flag=True, help="以 JSON 输出")


def any_site() -> Site:
    found = current_app.extensions["site"]
    assert isinstance(found, Site)
    return found


def site() -> Site:
    """The site on a database of the current structure."""
    try:
        if any_site().is_current():
            return any_site()
    except DatabaseBusy as error:
        raise click.ClickException(f"连不上数据库，请检查 DATABASE_URL：{error.orig}") from None
    raise click.ClickException("数据库的结构不是最新的，请先运行 .venv/bin/flask --app app migrate")


def reports_refusals(command: Callable[Parameters, Returned]) -> Callable[Parameters, Returned]:
    """A service's refusal becomes its sentence on stderr and exit status 1."""

    @functools.wraps(command)
    def wrapped(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Returned:
        try:
            return command(*args, **kwargs)
        except (Refusal, CatalogError) as error:
            raise click.ClickException(str(error)) from None

    return wrapped


def emit(value: Any) -> None:  # noqa: ANN401
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


catalog_group = AppGroup("catalog", help="测评体系和测评表")


@catalog_group.command("show")
@click.argument("key")
@as_json
@reports_refusals
def catalog_show(key: str, as_json: bool) -> None:
    """显示一个测评体系或一份测评表：municipal、county、organization、leader。"""
    if key not in (*loader.framework_keys(), *loader.questionnaire_keys()):
        known = "、".join((*loader.framework_keys(), *loader.questionnaire_keys()))
        raise click.ClickException(f"没有名为 {key} 的测评体系或测评表，可用的有：{known}。")
    content = loader.framework(key) if key in loader.framework_keys() else loader.questionnaire(key)
    if as_json:
        emit(content.to_json())
        return
    click.echo(content.title)
    if isinstance(content, Framework):
        for row in content.rows():
            click.echo(f"{row.block.code}\t{row.standard.key}\t{row.standard.points}\t{row.standard.text}")
    else:
        for question in content.questions:
            click.echo(f"{question.key}\t{question.text}")


@catalog_group.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def catalog_check(file: Path) -> None:
    """检查一个测评体系或测评表文件，逐条指出错在哪一行、怎么改。"""
    problems = loader.check_file(file)
    for problem in problems:
        click.echo(str(problem), err=True)
    if problems:
        sys.exit(1)
    click.echo("没有发现问题。")


assessment_group = AppGroup("assessment", help="考核")


@assessment_group.command("create")
@click.argument("title")
@click.option("--framework", "frameworks", multiple=True, required=True, help="测评体系，可写多次")
@reports_refusals
def assessment_create(title: str, frameworks: tuple[str, ...]) -> None:
    """新建一次考核，打印其编号。"""
    with site().database.writing() as session:
        click.echo(assessments.create_assessment(session, site().now(), COMMAND_LINE, title, frameworks))


@assessment_group.command("add-unit")
@click.argument("assessment_id", type=ID)
@click.argument("name")
@click.option("--category", required=True, help="类别，排名在同一类别内进行")
@click.option("--framework", required=True)
@click.option("--tag", "tags", multiple=True, help="单位标签，决定哪些行适用，可写多次")
@click.option("--department", help="该单位自己作为考核部门时的名称（回避用）")
@click.option("--leaders", type=click.File(encoding="utf-8-sig"), help="领导名单文件，一行一人：姓名 职务")
@reports_refusals
def assessment_add_unit(
    assessment_id: int,
    name: str,
    category: str,
    framework: str,
    tags: tuple[str, ...],
    department: str | None,
    leaders: TextIO | None,
) -> None:
    """在考核中加一个单位，打印其编号。"""
    roster = assessments.parse_leaders(leaders.read()) if leaders else ()
    entry = assessments.UnitEntry(name, category, framework, tags, roster, department)
    with site().database.writing() as session:
        click.echo(assessments.add_unit(session, site().now(), COMMAND_LINE, assessment_id, entry))


@assessment_group.command("list")
@as_json
def assessment_list(as_json: bool) -> None:
    """列出考核和其中的单位。"""
    with site().database.reading() as session:
        found = assessments.list_assessments(session)
    if as_json:
        emit(
            [
                {
                    "id": line.id,
                    "title": line.title,
                    "state": line.state,
                    "units": [{"id": unit.id, "name": unit.name, "category": unit.category} for unit in line.units],
                }
                for line in found
            ]
        )
        return
    for line in found:
        click.echo(f"{line.id}\t{line.title}\t{len(line.units)} 个单位")


@assessment_group.command("results")
@click.argument("assessment_id", type=ID)
@as_json
@reports_refusals
def assessment_results(assessment_id: int, as_json: bool) -> None:
    """各单位的得分、等次和类别内名次。"""
    with site().database.reading() as session:
        found = results.to_json(results.results(session, assessment_id))
    if as_json:
        emit(found)
        return
    for unit in found["units"]:
        final = unit["final"] or f"待定（{unit['pending']} 行未打分）"
        click.echo(f"{unit['category']}\t{unit['rank'] or '—'}\t{unit['unit']}\t{final}\t{unit['band'] or ''}")


poll_group = AppGroup("poll", help="测评会")


@poll_group.command("list")
@as_json
def poll_list(as_json: bool) -> None:
    """列出测评会。投票中的收回数按 5 张一档显示。"""
    with site().database.reading() as session:
        found = [_poll_to_json(poll, records.class_counts(session, poll)) for poll in polls.list_polls(session)]
    if as_json:
        emit(found)
        return
    for poll in found:
        click.echo(f"{poll['id']}\t{polls.STATE_NAMES[poll['state']]}\t{poll['unit']}\t{poll['title']}")


def _poll_to_json(poll: Any, counts: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "id": poll.id,
        "title": poll.title,
        "unit": poll.unit.name,
        "category": poll.unit.category,
        "framework": poll.unit.framework,
        "state": poll.state.value,
        "rehearsal": poll.rehearsal,
        "two_person": poll.two_person,
        "classes": [
            {
                "key": entry.key,
                "name": entry.name,
                "weight": entry.weight,
                "issued": entry.issued,
                "cast": shown_turnout(entry.cast, poll.state),
                "void": entry.void,
            }
            for entry in counts
        ],
    }


def _ballot_class(text: str) -> polls.ClassEntry:
    parts = text.split(":")
    try:
        key, name, weight = parts[0], parts[1], Decimal(parts[2])
    except (IndexError, InvalidOperation):
        raise click.ClickException(f"票种“{text}”应写成 代号:名称:权重，如 A:领导班子成员:40。") from None
    return polls.ClassEntry(key, name, weight)


@poll_group.command("create")
@click.option("--unit", "unit_id", type=ID, required=True, help="单位编号，见 assessment list --json")
@click.option("--title", default="民主测评", show_default=True)
@click.option("--entitled", type=int, required=True, help="应到人数")
@click.option("--present", type=int, help="实到人数，可以后再填")
@click.option("--class", "classes", multiple=True, default=["A:参评人:1"], show_default=True, help="代号:名称:权重")
@click.option("--rehearsal", is_flag=True, help="演练，不计入考核")
@click.option("--two-person", is_flag=True, help="双人启封：组织员和监票人都启封后才能看结果")
@reports_refusals
def poll_create(
    unit_id: int,
    title: str,
    entitled: int,
    present: int | None,
    classes: tuple[str, ...],
    rehearsal: bool,
    two_person: bool,
) -> None:
    """新建一次测评会，打印其编号。"""
    entry = polls.PollEntry(
        unit_id=unit_id,
        title=title,
        entitled=entitled,
        present=present,
        classes=[_ballot_class(text) for text in classes],
        rehearsal=rehearsal,
        two_person=two_person,
    )
    with site().database.writing() as session:
        click.echo(polls.create_poll(session, site().now(), COMMAND_LINE, entry))


@poll_group.command("issue")
@click.argument("poll_id", type=ID)
@click.option("--class", "class_key", default="A", show_default=True)
@click.option("--count", type=int, required=True)
@click.option("--csv", "target", type=click.File("wb"), required=True, help="写到哪个文件，- 是屏幕")
@reports_refusals
def poll_issue(poll_id: int, class_key: str, count: int, target: Any) -> None:  # noqa: ANN401
    """发票。票码只在这里出现一次。"""
    with site().database.writing() as session:
        issued = tickets.issue(session, site().now(), COMMAND_LINE, poll_id, class_key, count)
    target.write(slips_csv(class_key, printing.slips(site(), issued)))


@poll_group.command("open")
@click.argument("poll_id", type=ID)
@reports_refusals
def poll_open(poll_id: int) -> None:
    """开始投票。"""
    with site().database.writing() as session:
        polls.open_poll(session, site().now(), COMMAND_LINE, poll_id)
    click.echo("投票已开始。", err=True)


@poll_group.command("present")
@click.argument("poll_id", type=ID)
@click.argument("present", type=int)
@reports_refusals
def poll_present(poll_id: int, present: int) -> None:
    """登记实到人数。"""
    with site().database.writing() as session:
        polls.set_present(session, site().now(), COMMAND_LINE, poll_id, present)


@poll_group.command("void")
@click.argument("poll_id", type=ID)
@click.option("--code", prompt="票码", help="不写就会询问，免得留在命令历史里")
@click.option("--reason", required=True)
@reports_refusals
def poll_void(poll_id: int, code: str, reason: str) -> None:
    """作废一张没用过的票。"""
    with site().database.writing() as session:
        tickets.void(session, site().now(), COMMAND_LINE, poll_id, code, reason)


@poll_group.command("close")
@click.argument("poll_id", type=ID)
@reports_refusals
def poll_close(poll_id: int) -> None:
    """结束投票并封存，打印封存码。"""
    with site().database.writing() as session:
        if polls.poll_of(session, poll_id).state is not PollState.CLOSED:
            polls.close_poll(session, site().now(), COMMAND_LINE, poll_id)
    click.echo(sealing.seal_poll(site(), site().now(), COMMAND_LINE, poll_id))


@poll_group.command("unseal")
@click.argument("poll_id", type=ID)
@click.option("--account", required=True, help="组织员或监票人的账号")
@click.password_option("--password", prompt="密码", confirmation_prompt=False)
@reports_refusals
def poll_unseal(poll_id: int, account: str, password: str) -> None:
    """双人启封中的一方，用自己的账号和密码。"""
    with site().database.writing() as session:
        actor = accounts.signed_in(session, accounts.sign_in(session, account, password))
        assert actor is not None
        done = sealing.unseal(session, site().now(), actor, poll_id)
    click.echo("结果已启封。" if done else "已登记，还需另一方启封。", err=True)


@poll_group.command("turnout")
@click.argument("poll_id", type=ID)
@as_json
@reports_refusals
def poll_turnout(poll_id: int, as_json: bool) -> None:
    """发出和收回的票数；封存前收回数按 5 张一档显示。"""
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        found = _poll_to_json(poll, records.class_counts(session, poll))
        found |= {"entitled": poll.entitled, "present": poll.present}
        cast = sum(entry.cast for entry in records.class_counts(session, poll))
    found |= {
        "issued": sum(entry["issued"] for entry in found["classes"]),
        "returned": shown_turnout(cast, poll.state),
    }
    if as_json:
        emit(found)
        return
    click.echo(f"应到 {found['entitled']}，发出 {found['issued']}，收回 {found['returned']}")


@poll_group.command("tally")
@click.argument("poll_id", type=ID)
@as_json
@reports_refusals
def poll_tally(poll_id: int, as_json: bool) -> None:
    """封存后的统计。"""
    with site().database.reading() as session:
        found = tallies.to_json(tallies.tally(session, polls.poll_of(session, poll_id)))
    if as_json:
        emit(found)
        return
    click.echo(f"{found['unit']}  有效 {found['valid']}  无效 {found['invalid']}")
    if found["organization"]:
        for item in found["organization"]["items"]:
            click.echo(f"{item['key']}\t{item['score']}\t{item['text']}")
        click.echo(f"班子得分\t{found['organization']['score']}")
    for leader in found["leaders"]:
        click.echo(f"{leader['name']}\t{leader['score']}\t{leader['post']}")


@poll_group.command("verify")
@click.argument("poll_id", type=ID)
@reports_refusals
def poll_verify(poll_id: int) -> None:
    """核对封存的测评会：票数对得上，数据与封存码一致。"""
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        records.verified(session, poll)
        click.echo(f"一致 {poll.seal}")


@poll_group.command("bundle")
@click.argument("poll_id", type=ID)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@reports_refusals
def poll_bundle(poll_id: int, out: Path) -> None:
    """写出选票包，供监票人不靠服务器重新计票（scripts/recount）。"""
    with site().database.reading() as session:
        out.write_bytes(bundles.write_bundle(session, polls.poll_of(session, poll_id)))


account_group = AppGroup("account", help="工作人员账号")


@account_group.command("create")
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--department", help="考评员所属的考核部门")
@reports_refusals
def account_create(name: str, role: str, department: str | None) -> None:
    """新建账号，打印一次性显示的初始密码。"""
    with site().database.writing() as session:
        click.echo(accounts.create_account(session, site().now(), COMMAND_LINE, name, Role(role), department))


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


def register(app: Flask) -> None:
    for group in (catalog_group, assessment_group, poll_group, account_group):
        app.cli.add_command(group)
    for command in (migrate_command, first_admin_command, demo_command):
        app.cli.add_command(command)
