"""`poll ...`."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any

import click
from flask.cli import AppGroup

from surveys.acts.actors import COMMAND_LINE
from surveys.catalog.model import plain
from surveys.cli.common import ID, as_json, emit, extension_of, private_file, reports_refusals, second_factor, site
from surveys.intake import typed
from surveys.office import accounts
from surveys.polling.disclosure import TURNOUT_STEP, shown_turnout
from surveys.polling.states import PollState, Purpose
from surveys.scoring.grades import BlankPolicy
from surveys.season import assessments
from surveys.vote import (
    bundle_writing,
    cleaning,
    hall,
    poll_entries,
    poll_record,
    poll_withdrawals,
    polls,
    rehearsals,
    sealing,
    tallies,
    tally_sheets,
)
from surveys.vote.paper_ballots import paper_printing
from surveys.vote.paper_ballots.paper_counts import PaperLeft
from surveys.vote.papers.slip_files import slips_csv
from surveys.vote.ticketing import slip_printing, tickets

poll_group = AppGroup("poll", help="测评会")


@poll_group.command("list", help=f"列出测评会。投票中的收回数按 {TURNOUT_STEP} 张一档显示。")
@as_json
def poll_list(as_json: bool) -> None:
    with site().database.reading() as session:
        uncleaned = cleaning.leftovers(session)
        found = [
            _poll_to_json(poll, poll_record.class_counts(session, poll)) | {"uncleaned": poll.prefix in uncleaned}
            for poll in polls.list_polls(session)
        ]
    if as_json:
        emit(found)
        return
    for poll in found:
        click.echo(f"{poll['id']}\t{PollState(poll['state']).label}\t{poll['unit']}\t{poll['title']}")


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
        "held_on": None if poll.held_on is None else poll.held_on.isoformat(),
        "place": poll.place,
        "set_aside": poll.set_aside_reason,
        "team": poll.team,
        "team_weight": plain(poll.team_weight),
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


class Typed(click.ParamType):  # type: ignore[type-arg]
    """A value as `surveys.intake.typed` reads it."""

    def __init__(self, name: str, read: Callable[[str], object]) -> None:
        self.name = name
        self._read = read

    def convert(self, value: object, _param: click.Parameter | None, _ctx: click.Context | None) -> object:
        try:
            return self._read(value) if isinstance(value, str) else value
        except typed.Unreadable as error:
            raise click.ClickException(f"{self.name}“{value}”{error}。") from None


DAY = Typed("日期", typed.day)
SHARE = Typed("到会比例", typed.share)
BALLOT_CLASS = Typed("票种", typed.ballot_class)
WEIGHT = Typed("权重", typed.decimal)


@poll_group.command("create")
@click.option("--unit", "unit_id", type=ID, required=True, help="单位编号，见 assessment list --json")
@click.option("--title", default="民主测评", show_default=True)
@click.option("--held-on", type=DAY, help="日期，如 2026-03-02")
@click.option("--place", default="", help="地点")
@click.option("--entitled", type=int, required=True, help="应到人数")
@click.option("--reserve", type=int, default=0, show_default=True, help="应到以外可以多发几张票")
@click.option("--present", type=int, help="实到人数，可以后再填")
@click.option(
    "--class",
    "classes",
    type=BALLOT_CLASS,
    multiple=True,
    default=["A:参评人:1"],
    show_default=True,
    help="代号:名称:权重[:计划张数]",
)
@click.option("--organization", default="organization", show_default=True, help="单位测评表，空的是不用")
@click.option("--leader", default="leader", show_default=True, help="领导测评表，空的是不用")
@click.option("--leader-out", "left_out", multiple=True, metavar="NAME", help="不上票的领导的姓名，可写几次")
@click.option("--blank", type=click.Choice([policy.value for policy in BlankPolicy]), help="未填怎样算，不写按测评表")
@click.option("--quorum", type=SHARE, default="2/3", show_default=True, help="计分所需的到会比例")
@click.option("--rehearsal", is_flag=True, help="演练，不计入考核")
@click.option("--two-person", is_flag=True, help="双人启封：组织员和监票人都启封后才能看结果")
@click.option("--team", default="", help="测评哪个班子；一个单位只有一个班子就不写")
@click.option("--team-weight", type=WEIGHT, default="1", show_default=True, help="几个班子的得分按这个权重合并")
@reports_refusals
def poll_create(left_out: tuple[str, ...], blank: str | None, **options: Any) -> None:  # noqa: ANN401
    """新建一次测评会，打印其编号。"""
    with site().database.writing() as session:
        leaders = None
        if left_out:
            leaders = poll_entries.roster_without(assessments.unit_of(session, options["unit_id"]), left_out)
        entry = polls.PollEntry(**options, blank=None if blank is None else BlankPolicy(blank), leaders=leaders)
        click.echo(polls.create_poll(session, site().now(), COMMAND_LINE, entry))


@poll_group.command("issue")
@click.argument("poll_id", type=ID)
@click.option("--class", "class_key", default="A", show_default=True)
@click.option("--count", type=int, required=True)
@click.option(
    "--csv", "path", type=click.Path(dir_okay=False, allow_dash=True), required=True, help="写到哪个文件，- 是屏幕"
)
@reports_refusals
def poll_issue(poll_id: int, class_key: str, count: int, path: str) -> None:
    """发票。票码只在这里出现一次。"""
    with _codes_file(path) as target:
        with site().database.writing() as session:
            issued = tickets.issue(session, site().now(), COMMAND_LINE, poll_id, class_key, count, Purpose.LINKS).codes
        target.write(slips_csv(class_key, slip_printing.slips(site(), issued)))


def _codes_file(path: str) -> AbstractContextManager[IO[bytes]]:
    return click.open_file("-", "wb") if path == "-" else private_file(Path(path))


@poll_group.command("paper")
@click.argument("poll_id", type=ID)
@click.option("--class", "class_key", default="A", show_default=True)
@click.option("--count", type=int, required=True, help="份数，每份占一张票")
@click.option("--two-sided", is_flag=True, help="双面印：每份从新的一张纸开始")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@reports_refusals
def poll_paper(poll_id: int, class_key: str, count: int, two_sided: bool, out: Path) -> None:
    """打印纸质票，首页是交接单。"""
    with private_file(out) as target:
        target.write(
            paper_printing.printed(site(), site().now(), COMMAND_LINE, poll_id, class_key, count, two_sided=two_sided)
        )


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


@poll_group.command("pause")
@click.argument("poll_id", type=ID)
@click.option("--reason", required=True)
@reports_refusals
def poll_pause(poll_id: int, reason: str) -> None:
    """暂停投票。"""
    with site().database.writing() as session:
        hall.pause(session, site().now(), COMMAND_LINE, poll_id, reason)


@poll_group.command("resume")
@click.argument("poll_id", type=ID)
@reports_refusals
def poll_resume(poll_id: int) -> None:
    """恢复投票。"""
    with site().database.writing() as session:
        hall.resume(session, site().now(), COMMAND_LINE, poll_id)


@poll_group.command("end-in")
@click.argument("poll_id", type=ID)
@click.argument("minutes", type=int)
@reports_refusals
def poll_end_in(poll_id: int, minutes: int) -> None:
    """几分钟后自动停止收票；0 是取消。"""
    with site().database.writing() as session:
        hall.end_in(session, site().now(), COMMAND_LINE, poll_id, minutes or None)


@poll_group.command("rehearse")
@click.argument("poll_id", type=ID)
@reports_refusals
def poll_rehearse(poll_id: int) -> None:
    """为未开始的测评会建立演练，打印演练的编号。"""
    with site().database.writing() as session:
        click.echo(rehearsals.rehearse(session, site().now(), COMMAND_LINE, poll_id))


@poll_group.command("wipe")
@click.argument("poll_id", type=ID)
@reports_refusals
def poll_wipe(poll_id: int) -> None:
    """清除一次演练，不能恢复。"""
    _tell(rehearsals.wipe(site(), site().now(), COMMAND_LINE, poll_id))


def _tell(uncleaned: str | None) -> None:
    if uncleaned is not None:
        click.echo(f"注意：数据库的文件尚未清理：{uncleaned}。poll scrub 再清理。", err=True)


@poll_group.command("scrub")
@reports_refusals
def poll_scrub() -> None:
    """清理数据库的文件：去掉已封存、已清除、已撤回的测评会投票时留下的密文。"""
    why = cleaning.clean(site(), site().now(), always=True)
    if why is not None:
        raise click.ClickException(f"尚未清理：{why}。")
    click.echo("已清理。", err=True)


@poll_group.command("withdraw")
@click.argument("poll_id", type=ID)
@click.option("--reason", required=True, help="原因，会记入日志")
@reports_refusals
def poll_withdraw(poll_id: int, reason: str) -> None:
    """撤回建错的测评会：还没有人投票时才行，发出的票全部作废。"""
    with site().database.writing() as session:
        poll_withdrawals.withdraw(session, site().now(), COMMAND_LINE, poll_id, reason)
    _tell(cleaning.clean(site(), site().now()))


@poll_group.command("close")
@click.argument("poll_id", type=ID)
@click.option("--uncounted", type=click.IntRange(0), default=0, help="有几份纸质票没有收回、不计入；须一份不差")
@reports_refusals
def poll_close(poll_id: int, uncounted: int) -> None:
    """结束投票并封存，打印封存码。纸质票还有没计入的，须用 --uncounted 写明几份。"""
    try:
        click.echo(sealing.close_and_seal(site(), site().now(), COMMAND_LINE, poll_id, uncounted))
    except PaperLeft as error:
        raise click.ClickException(f"{error}（--uncounted {error.left}）") from None
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        counts = poll_record.class_counts(session, poll)
        told = (hall.shortcoming_of(poll, counts), hall.doubt_of(poll, counts))
        uncleaned = cleaning.leftovers(session)
    for words in filter(None, told):
        click.echo(f"注意：{words}。", err=True)
    if poll.prefix in uncleaned:
        _tell(uncleaned[poll.prefix] or "正在清理")


@poll_group.command("unseal")
@click.argument("poll_id", type=ID)
@click.option("--account", required=True, help="组织员或监票人的账号")
@click.password_option("--password", prompt="密码", confirmation_prompt=False)
@second_factor
@reports_refusals
def poll_unseal(poll_id: int, account: str, password: str, code: str) -> None:
    """双人启封中的一方，用自己的账号和密码。"""
    with site().database.writing() as session:
        actor = accounts.sign_in(session, site().now(), account, password, site(), code)
        done = sealing.unseal(session, site().now(), actor, poll_id)
    click.echo("结果已启封。" if done else "已登记，还需另一方启封。", err=True)


@poll_group.command("turnout", help=f"发出和收回的票数；封存前收回数按 {TURNOUT_STEP} 张一档显示。")
@click.argument("poll_id", type=ID)
@as_json
@reports_refusals
def poll_turnout(poll_id: int, as_json: bool) -> None:
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        found = _poll_to_json(poll, poll_record.class_counts(session, poll))
        found |= {"entitled": poll.entitled, "present": poll.present}
        cast = sum(entry.cast for entry in poll_record.class_counts(session, poll))
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
    for warning in (found["shortcoming"], *found["warnings"]):
        if warning:
            click.echo(f"注意：{warning}")
    if found["organization"]:
        for item in found["organization"]["items"]:
            click.echo(f"{item['key']}\t{item['score'] or '—'}\t{item['text']}")
        click.echo(f"班子得分\t{found['organization']['score'] or '—'}")
    for leader in found["leaders"]:
        click.echo(f"{leader['name']}\t{leader['score'] or '—'}\t{leader['post']}")


@poll_group.command("verify")
@click.argument("poll_id", type=ID)
@reports_refusals
def poll_verify(poll_id: int) -> None:
    """核对封存的测评会：票数对得上，数据与封存码一致。"""
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        poll_record.verified(session, poll)
        click.echo(f"一致 {poll.seal}")


@poll_group.command("bundle")
@click.argument("poll_id", type=ID)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@reports_refusals
def poll_bundle(poll_id: int, out: Path) -> None:
    """写出选票包，供监票人不靠服务器重新计票（scripts/recount）。"""
    with site().database.reading() as session:
        out.write_bytes(bundle_writing.write_bundle(session, polls.poll_of(session, poll_id)))


@poll_group.command("tally-sheet")
@click.argument("poll_id", type=ID)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="以 .pdf 或 .xlsx 结尾")
@reports_refusals
def poll_tally_sheet(poll_id: int, out: Path) -> None:
    """写出民主测评统计单。"""
    with site().database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        out.write_bytes(tally_sheets.write_tally_sheet(session, poll, extension_of(out)))
