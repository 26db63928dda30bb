"""`assessment approve-rows|start|advance|return|certify|verify`: the life of an assessment."""

from datetime import date

import click
from flask.cli import with_appcontext

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.errors import BadInput, WrongState
from surveys.cli.common import ID, as_json, emit, reports_refusals, second_factor, site
from surveys.office import accounts
from surveys.outcome import life, versions
from surveys.scoring.assessment_states import AssessmentState
from surveys.season import applicability, assessments


@click.command("approve-rows")
@click.argument("assessment_id", type=ID)
@click.option("--account", required=True, help="管理员的账号")
@click.password_option("--password", prompt="密码", confirmation_prompt=False)
@second_factor
@with_appcontext
@reports_refusals
def assessment_approve_rows(assessment_id: int, account: str, password: str, code: str) -> None:
    """核准适用表，用自己的账号和密码；先在网页上核对，再核准，然后才能开始打分。"""
    with site().database.writing() as session:
        actor = accounts.sign_in(session, site().now(), account, password, site(), code)
        fingerprint = applicability.matrix(session, assessment_id).fingerprint
        applicability.approve(session, site().now(), actor, assessment_id, fingerprint)
    click.echo("适用表已核准。", err=True)


@click.command("start")
@click.argument("assessment_id", type=ID)
@with_appcontext
@reports_refusals
def assessment_start(assessment_id: int) -> None:
    """开始打分：冻结测评体系和规则。"""
    with site().database.writing() as session:
        life.start_marking(session, site().now(), COMMAND_LINE, assessment_id)
    click.echo("已开始打分。", err=True)


@click.command("advance")
@click.argument("assessment_id", type=ID)
@click.option("--objections-due", "due", help="申诉截止日期，如 2026-12-20；开始复核申诉时写")
@with_appcontext
@reports_refusals
def assessment_advance(assessment_id: int, due: str | None) -> None:
    """进到下一步：打分中、初步结果、复核申诉、归档。核定要两个人，见 assessment certify。"""
    with site().database.writing() as session:
        now = site().now()
        match AssessmentState(assessments.assessment_of(session, assessment_id).state):
            case AssessmentState.PREPARING:
                life.start_marking(session, now, COMMAND_LINE, assessment_id)
            case AssessmentState.MARKING:
                life.close_marking(session, now, COMMAND_LINE, assessment_id)
            case AssessmentState.PROVISIONAL:
                life.open_appeal(session, now, COMMAND_LINE, assessment_id, _due(due))
            case AssessmentState.APPEAL:
                raise WrongState("核定要两个人各用自己的账号，请运行 assessment certify。")
            case _:
                life.archive(session, now, COMMAND_LINE, assessment_id)
        state = AssessmentState(assessments.assessment_of(session, assessment_id).state)
    click.echo(f"考核现在：{state.label}。", err=True)


def _due(text: str | None) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        raise BadInput("请用 --objections-due 写明申诉截止日期，如 2026-12-20。") from None


@click.command("return")
@click.argument("assessment_id", type=ID)
@click.option("--reason", required=True)
@with_appcontext
@reports_refusals
def assessment_return(assessment_id: int, reason: str) -> None:
    """由初步结果或复核申诉退回打分。"""
    with site().database.writing() as session:
        life.return_to_marking(session, site().now(), COMMAND_LINE, assessment_id, reason)


@click.command("certify")
@click.argument("assessment_id", type=ID)
@click.option("--account", required=True, help="管理员的账号；两个人各运行一次")
@click.password_option("--password", prompt="密码", confirmation_prompt=False)
@second_factor
@with_appcontext
@reports_refusals
def assessment_certify(assessment_id: int, account: str, password: str, code: str) -> None:
    """核定中的一方，用自己的账号和密码；打印所核定结果的封存码。"""
    with site().database.writing() as session:
        actor = accounts.sign_in(session, site().now(), account, password, site(), code)
        shown = life.certificate_digest(session, assessments.assessment_of(session, assessment_id))
        done = life.certify(session, site().now(), actor, assessment_id, shown)
    click.echo(shown)
    click.echo("已核定。" if done else "已登记，还需另一个人核定。", err=True)


@click.command("verify")
@click.argument("assessment_id", type=ID)
@as_json
@with_appcontext
@reports_refusals
def assessment_verify(assessment_id: int, as_json: bool) -> None:
    """核对各版本得分与封存码一致；已核定的，还核对现在的数据没有改动。"""
    with site().database.reading() as session:
        lines = versions.verify(session, assessment_id)
    if as_json:
        emit([{"number": line.number, "kind": line.kind.value, "digest": line.digest} for line in lines])
        return
    for line in lines:
        click.echo(f"一致 第 {line.number} 版 {line.kind.label} {line.digest}")


life_commands = (
    assessment_approve_rows,
    assessment_start,
    assessment_advance,
    assessment_return,
    assessment_certify,
    assessment_verify,
)
