"""Which names an account may have, and which passwords people may choose."""

from datetime import timedelta
from itertools import pairwise

import pytest

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.acts.errors import BadInput
from surveys.acts.site import Site
from surveys.office import accounts, password_rules, sign_ins
from surveys.office.accounts import NewAccount, WrongCredentials
from surveys.office.sign_ins import ONE_TIME_LASTS
from tests.builders import build_poll, build_unit
from tests.office.test_three_powers import known
from tests.sites import NOW

WEAK = [
    "1234567890",
    "aaaaaaaaaa",
    "password12",
    "organizer2",
    "rezinagro99",
    "ceping2026",
    "qwertyuiop1",
    "密码密码密码密码密码",
]
FIT = ["Ein-ganz-eigenes-1", "correct horse battery", "三棵树和河边的旧书店", "x" * 10 + "Tk9-fluss" * 12]


@pytest.mark.parametrize("new", WEAK, ids=range(len(WEAK)))
def test_what_is_guessed_soon_is_refused(new: str) -> None:
    with pytest.raises(BadInput, match="没有改动"):
        password_rules.require_fit(new, ["organizer"])


@pytest.mark.parametrize("new", FIT, ids=range(len(FIT)))
def test_what_people_can_think_of_is_taken(new: str) -> None:
    password_rules.require_fit(new, ["organizer"])


def change(site: Site, old: str, new: str) -> None:
    entered = sign_ins.sign_in(site, NOW, "张三", old, "203.0.113.9")
    sign_ins.change_password(site, NOW, known(site, "张三"), old, new, entered.token)


def test_the_last_ones_are_not_taken_again(lite_site: Site) -> None:
    with lite_site.database.writing() as session:
        first = accounts.create_account(session, NOW, COMMAND_LINE, "张三", Role.ORGANIZER)
    chosen = [first, *(f"fluss-und-berg-{number}-Tk" for number in range(password_rules.REMEMBERED + 1))]
    for old, new in pairwise(chosen):
        change(lite_site, old, new)
    for old in chosen[1:-1]:
        with pytest.raises(BadInput, match="以前用过"):
            change(lite_site, chosen[-1], old)
    change(lite_site, chosen[-1], chosen[0])


def test_a_one_time_password_expires(lite_site: Site) -> None:
    with lite_site.database.writing() as session:
        password = accounts.create_account(session, NOW, COMMAND_LINE, "张三", Role.ORGANIZER, one_time=True)
    with pytest.raises(WrongCredentials, match="过期"):
        sign_ins.sign_in(lite_site, NOW + ONE_TIME_LASTS, "张三", password, "203.0.113.9")
    sign_ins.sign_in(lite_site, NOW + ONE_TIME_LASTS - timedelta(seconds=1), "张三", password, "203.0.113.9")


def test_only_who_has_the_password_hears_that_it_has_expired(lite_site: Site) -> None:
    with lite_site.database.writing() as session:
        accounts.create_account(session, NOW, COMMAND_LINE, "张三", Role.ORGANIZER, one_time=True)
    with pytest.raises(WrongCredentials, match="账号或密码不对"):
        sign_ins.sign_in(lite_site, NOW + ONE_TIME_LASTS, "张三", "wrong wrong", "203.0.113.9")


def make(site: Site, name: str, role: Role = Role.ORGANIZER, unit_id: int | None = None) -> None:
    with site.database.writing() as session:
        accounts.add_accounts(session, NOW, COMMAND_LINE, [NewAccount(name, role, unit_id=unit_id)])
        session.commit()


def test_a_name_is_nobody_elses(lite_site: Site) -> None:
    world = build_poll(lite_site)
    _, unit_id = build_unit(lite_site, "样例档案局", assessment_id=None)
    prefix = world.codes["A"][0][:4]
    refused = {"命令行": "日志", "未登录": "日志", "没有的账号": "日志", prefix: "编号", prefix.lower(): "编号"}
    refused |= {"аdmin": "拉丁字母", "αdmin": "拉丁字母", "admin한글": "两种文字", "样例档案局": "单位的名称"}
    refused |= {"样例 档案局": "单位的名称"}
    for name, why in refused.items():
        with pytest.raises(BadInput, match=why):
            make(lite_site, name)
    for name in ("李四", "admin2", "李四 Müller", "བོད་ཡིག", "K7QF9"):
        make(lite_site, name)
    make(lite_site, "样例档案局", Role.REPORTER, unit_id)
