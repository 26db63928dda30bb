"""A unit added in error: renamed or removed, with a reason, while nothing hangs on it."""

import pytest
import sqlalchemy as sa
from flask import Flask

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import BadInput, NotAllowed, NotFound, WrongState
from surveys.acts.site import Site
from surveys.marking.marks import MarkEntry
from surveys.outcome import version_differences, versions
from surveys.season import unit_corrections
from surveys.storage.tables import Account, Base, Poll, Unit
from surveys.vote import poll_withdrawals
from tests.builders import account, build_poll, build_unit, dump, enter, event, exempt, line_for, record, run_sql
from tests.seasons import build_season
from tests.sites import NOW
from tests.strict_client import Page
from tests.worlds import build_accounts, client_of


def rename(
    site: Site, unit_id: int, name: str = "样例教育局", reason: str = "写错了", actor: Actor = COMMAND_LINE
) -> None:
    with site.database.writing() as session:
        unit_corrections.rename(session, NOW, actor, unit_id, name, reason)


def remove(site: Site, unit_id: int, reason: str = "加错了", actor: Actor = COMMAND_LINE) -> str:
    with site.database.writing() as session:
        return unit_corrections.remove(session, NOW, actor, unit_id, reason)


def units(site: Site) -> list[str]:
    with site.database.reading() as session:
        return list(session.scalars(sa.select(Unit.name).order_by(Unit.id)))


def refused(site: Site, words: str, act, *args, error: type[Exception] = WrongState) -> None:
    before = dump(site.database)
    with pytest.raises(error, match=words):
        act(site, *args)
    assert dump(site.database) == before


def logged(site: Site, act: str) -> list[tuple[str, str]]:
    return [(row[4], row[5]) for row in dump(site.database)["audit_log"] if row[3] == act]


def test_a_mistyped_name_is_put_right(site: Site) -> None:
    assessment_id, unit_id = build_unit(site, "样例教育居")
    build_unit(site, "样例统计局", assessment_id=assessment_id)
    refused(site, "已经在这次考核中", rename, unit_id, "样例 统计局", error=BadInput)
    refused(site, "和原来的一样", rename, unit_id, "样例教育居", error=BadInput)
    refused(site, "1 至 200 个字", rename, unit_id, " ", error=BadInput)
    refused(site, "写明原因", rename, unit_id, "样例教育局", " ", error=BadInput)
    rename(site, unit_id, " 样例教育局　")
    assert units(site) == ["样例教育局", "样例统计局"]
    assert logged(site, "unit.rename") == [("样例教育局", "原名“样例教育居”，写错了")]


def test_a_unit_too_many_is_removed_with_what_is_its_own(site: Site) -> None:
    assessment_id, kept = build_unit(site)
    _, unit_id = build_unit(site, "样例教育居", assessment_id=assessment_id, tags=("宣传",))
    before = dump(site.database)
    assert remove(site, unit_id) == "样例教育居"
    assert units(site) == ["样例局"]
    after = dump(site.database)
    assert (len(before["leaders"]), len(after["leaders"])) == (4, 2)
    assert logged(site, "unit.remove") == [("样例教育居", "类别“市直单位”，加错了")]
    refused(site, "没有编号", remove, unit_id, error=NotFound)
    assert line_for(site, kept, "III-4")


def test_a_draft_is_withdrawn_first_and_goes_with_the_unit(site: Site) -> None:
    assessment_id, unit_id = build_unit(site)
    build_unit(site, "样例厅", assessment_id=assessment_id)
    world = build_poll(site, unit_id=unit_id, opened=False)
    refused(site, "没开始的测评会：年度民主测评。请先在“会场”页撤回", remove, unit_id)
    with site.database.writing() as session:
        poll_withdrawals.withdraw(session, NOW, COMMAND_LINE, world.poll_id, "单位错了")
    remove(site, unit_id)
    with site.database.reading() as session:
        assert session.get(Poll, world.poll_id) is None
    assert dump(site.database)["tickets"] == []


@pytest.mark.parametrize("act", [rename, remove])
def test_what_was_entered_for_a_unit_holds_it(site: Site, act) -> None:
    _, unit_id = build_unit(site)
    enter(site, unit_id, MarkEntry("III-4", "考核组", "1", "样例"))
    record(site, unit_id, event("III-32"))
    exempt(site, unit_id, "III-7")
    refused(site, "已有打分、加减分事件、免考", act, unit_id)


@pytest.mark.parametrize("act", [rename, remove])
def test_an_opened_poll_holds_it_even_withdrawn(site: Site, act) -> None:
    _, unit_id = build_unit(site)
    world = build_poll(site, unit_id=unit_id)
    refused(site, "开过的测评会：年度民主测评", act, unit_id)
    with site.database.writing() as session:
        poll_withdrawals.withdraw(session, NOW, COMMAND_LINE, world.poll_id, "单位错了")
    refused(site, "开过的测评会", act, unit_id)


def test_a_rehearsal_and_a_reporter_hold_the_unit_and_not_its_name(site: Site) -> None:
    _, unit_id = build_unit(site)
    build_poll(site, unit_id=unit_id, rehearsal=True)
    account(site, "报送一", Role.REPORTER, unit_id)
    refused(site, "还有演练，请先清除。有报送员账号属于它：报送一", remove, unit_id)
    rename(site, unit_id)


def test_only_an_admin_and_only_while_units_may_change(site: Site) -> None:
    season = build_season(site)
    for role in (Role.ORGANIZER, Role.SCRUTINEER):
        actor = account(site, role.value, role)
        refused(site, "只有业务管理员", rename, season.first, "样例教育局", "写错了", actor, error=NotAllowed)
        refused(site, "只有业务管理员", remove, season.first, "加错了", actor, error=NotAllowed)
    season.appeal()
    refused(site, "不能再改", rename, season.first)
    refused(site, "不能再改", remove, season.first)


def test_whatever_refers_to_units_is_thought_of() -> None:
    """A table added later must say whether it holds a unit or goes with it."""
    referring = {
        table.name
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name == "units"
    }
    known = {*unit_corrections.ENTERED, *unit_corrections.OWN, Poll, Account}
    assert referring == {table.__tablename__ for table in known}


def test_the_difference_between_versions_tells_of_both(site: Site) -> None:
    assessment_id, first = build_unit(site)
    _, second = build_unit(site, "样例教育居", assessment_id=assessment_id)
    with site.database.reading() as session:
        before = versions.live_body(session, assessment_id)
    rename(site, first)
    remove(site, second)
    with site.database.reading() as session:
        after = versions.live_body(session, assessment_id)
    found = version_differences.difference(before, after).units
    assert [(unit.name, [str(figure.label) for figure in unit.figures]) for unit in found] == [
        ("样例教育局", ["单位名称"]),
        ("样例教育居", ["单位"]),
    ]


def test_on_the_page(lite_app: Flask, lite_site: Site) -> None:
    assessment_id, kept = build_unit(lite_site)
    _, unit_id = build_unit(lite_site, "样例教育居", assessment_id=assessment_id)
    ids, _ = build_accounts(lite_site, kept)
    admin = client_of(lite_app, ids[Role.ADMIN])
    page = f"/units/{unit_id}/correct"
    assert page in admin.page("/assessments").links()
    assert page not in client_of(lite_app, ids[Role.ORGANIZER]).page("/assessments").links()
    refusal = admin.submit(page, f"/units/{unit_id}/rename", name="样例局", reason="写错了")
    assert refusal.status_code == 400
    assert Page(refusal).form(f"/units/{unit_id}/rename")["name"] == "样例局"
    assert admin.submit(page, f"/units/{unit_id}/rename", name="样例教育局", reason="写错了").location == "/assessments"
    assert "请先勾选确认" in admin.submit(page, f"/units/{unit_id}/remove", reason="加错了").text
    assert admin.submit(page, f"/units/{unit_id}/remove", reason="加错了", sure="y").location == "/assessments"
    assert "已移除单位“样例教育局”" in admin.page("/assessments").text
    shown = admin.page(f"/units/{kept}/correct")
    assert "有报送员账号属于它" in shown.text
    assert f"/units/{kept}/remove" not in [form.get("action") for form in shown.root.iter("form")]
    run_sql(lite_site, "UPDATE assessments SET state = 'certified'")
    assert "不能再改" in admin.page(f"/units/{kept}/correct").text
