"""Signing in from a page: what fails is counted per name and address, briefly, and for nobody else's harm."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
from argon2 import PasswordHasher, extract_parameters

from surveys.acts.actors import COMMAND_LINE, Actor, Permission, Role
from surveys.acts.errors import BadInput
from surveys.acts.site import Site
from surveys.office import accounts, passwords, sign_ins
from surveys.office.accounts import WrongCredentials
from surveys.office.sign_ins import MOST_FROM_ADDRESS, MOST_HERE, MOST_OF_NAME, PAUSE, WINDOW, Entered, TooManyFailures
from tests.builders import dump, holder, run_sql
from tests.sites import NOW
from tests.tools import together

pytestmark = pytest.mark.both

HOME, AWAY = "192.0.2.7", "198.51.100.9"
CHOSEN = "一个自己想出来的密码"


def create(site: Site, name: str = "张三", *, one_time: bool = False) -> str:
    with site.database.writing() as session:
        return accounts.create_account(session, NOW, COMMAND_LINE, name, Role.ORGANIZER, one_time=one_time)


def fail(site: Site, times: int, name: str = "张三", address: str = HOME, after: timedelta = timedelta()) -> None:
    for _ in range(times):
        with pytest.raises(WrongCredentials):
            sign_ins.sign_in(site, NOW + after, name, "错", address)


def refused(site: Site, password: str, address: str, after: timedelta = timedelta(), name: str = "张三") -> timedelta:
    with pytest.raises(TooManyFailures) as caught:
        sign_ins.sign_in(site, NOW + after, name, password, address)
    assert "请过" in str(caught.value)
    return caught.value.wait


def signed_in(site: Site, entered: Entered) -> Actor | None:
    return holder(site, entered.token)


def test_failures_from_one_address_stop_there_and_nowhere_else(site):
    password = create(site)
    fail(site, MOST_HERE)
    assert refused(site, password, HOME, timedelta(seconds=60)) == WINDOW - timedelta(seconds=60)
    assert signed_in(site, sign_ins.sign_in(site, NOW, "张三", password, AWAY)) is not None


def test_the_wait_is_told_and_over_after_it(site):
    password = create(site)
    fail(site, MOST_HERE)
    with pytest.raises(TooManyFailures, match="请过 3 分 20 秒再试"):
        sign_ins.sign_in(site, NOW + timedelta(seconds=100), "张三", password, HOME)
    assert signed_in(site, sign_ins.sign_in(site, NOW + WINDOW, "张三", password, HOME)) is not None


def test_trying_while_refused_does_not_lengthen_the_wait(site):
    password = create(site)
    fail(site, MOST_HERE)
    for minute in range(4):
        refused(site, password, HOME, timedelta(minutes=minute))
    sign_ins.sign_in(site, NOW + WINDOW, "张三", password, HOME)


def test_failures_from_everywhere_slow_the_name_for_seconds(site):
    """Twenty addresses, once each: a stranger keeps nobody out."""
    password = create(site)
    for number in range(MOST_OF_NAME):
        fail(site, 1, address=f"203.0.113.{number}")
    assert refused(site, password, AWAY) == PAUSE
    assert refused(site, password, AWAY, timedelta(seconds=2)) == PAUSE - timedelta(seconds=2)
    assert signed_in(site, sign_ins.sign_in(site, NOW + PAUSE, "张三", password, AWAY)) is not None


def made_up_names(site: Site) -> None:
    """From one address, as by a stranger in the hall: of the many the last come after the limit, each in its turn."""
    for number in range(MOST_FROM_ADDRESS + 1):
        fail(site, 1, name=f"某{number}", after=PAUSE * (number - MOST_FROM_ADDRESS))


def test_failures_of_many_names_slow_the_address(site):
    password, other = create(site), create(site, "李四")
    made_up_names(site)
    assert refused(site, password, HOME) == PAUSE
    with pytest.raises(TooManyFailures, match="隔几秒才核对一次，这次没有核对。请过 5 秒再试"):
        sign_ins.sign_in(site, NOW, "无此人", "错", HOME)
    assert signed_in(site, sign_ins.sign_in(site, NOW + PAUSE, "张三", password, HOME)) is not None
    fail(site, 1, after=PAUSE)
    refused(site, other, HOME, PAUSE + timedelta(seconds=4), "李四")
    sign_ins.sign_in(site, NOW, "张三", password, AWAY)


def test_a_browser_that_is_known_waits_for_nobody(site):
    password = create(site)
    proof = sign_ins.sign_in(site, NOW - WINDOW, "张三", password, HOME).proof
    made_up_names(site)
    for number in range(MOST_OF_NAME):
        fail(site, 1, address=f"203.0.113.{number}")
    refused(site, password, HOME)
    entered = sign_ins.sign_in(site, NOW, "张三", password, HOME, ["", "x", "0" * 32 + "." + "0" * 64, proof])
    assert signed_in(site, entered) is not None
    assert entered.proof == proof, "it keeps its number, and what fails in it is counted on"


def test_of_a_known_browser_five_failures_are_checked(site):
    password = create(site)
    first, second = (sign_ins.sign_in(site, NOW, "张三", password, HOME).proof for _ in range(2))
    for _ in range(MOST_HERE):
        with pytest.raises(WrongCredentials):
            sign_ins.sign_in(site, NOW, "张三", "错", HOME, [first])
    for address in (HOME, AWAY):
        with pytest.raises(TooManyFailures) as caught:
            sign_ins.sign_in(site, NOW, "张三", password, address, [first])
        assert caught.value.wait == WINDOW
    for proofs in ([], [second]):
        assert signed_in(site, sign_ins.sign_in(site, NOW, "张三", password, HOME, proofs)) is not None


def test_a_browser_is_known_for_one_account_and_one_password(site):
    password, other = create(site), create(site, "李四")
    proof = sign_ins.sign_in(site, NOW - WINDOW, "张三", password, HOME).proof
    made_up_names(site)
    for name, proofs in (("李四", [proof]), ("张三", [proof[:-1] + ("0" if proof[-1] != "0" else "1")])):
        with pytest.raises(TooManyFailures):
            sign_ins.sign_in(site, NOW, name, other, HOME, proofs)
    with site.database.writing() as session:
        password = accounts.reset_password(session, NOW, COMMAND_LINE, "张三")
    with pytest.raises(TooManyFailures):
        sign_ins.sign_in(site, NOW, "张三", password, HOME, [proof])


def test_of_many_at_once_one_is_checked_where_they_are_slowed(site, monkeypatch):
    checked = []
    made_up_names(site)
    monkeypatch.setattr(passwords, "matches", lambda *_: bool(checked.append(1)))
    jumble = [timedelta(milliseconds=number * 7 % 50) for number in range(16)]
    tries = [partial(sign_ins.sign_in, site, NOW + PAUSE + late, f"另{late}", "错", HOME) for late in jumble]
    assert {type(each) for each in together(*tries)} == {WrongCredentials, TooManyFailures}
    assert len(checked) == 1


def test_as_many_passwords_are_checked_as_the_record_says(lite_site, monkeypatch):
    """docs/decisions/0018: of one name from everywhere, and of all names from one address, in five minutes."""
    checked = []
    monkeypatch.setattr(passwords, "matches", lambda *_: bool(checked.append(1)))
    for most, tried in (
        (MOST_OF_NAME, lambda number: ("张三", f"203.0.113.{number % 256}")),
        (MOST_FROM_ADDRESS, lambda number: (f"某{number}", HOME)),
    ):
        checked.clear()
        for second in range(WINDOW // timedelta(seconds=1)):
            with pytest.raises((WrongCredentials, TooManyFailures)):
                sign_ins.sign_in(lite_site, NOW + timedelta(seconds=second), *tried(second)[:1], "错", tried(second)[1])
        assert len(checked) == most + (WINDOW - timedelta(seconds=most)) // PAUSE


def test_a_host_whose_clock_is_fast_slows_nobody_for_long(site):
    password = create(site)
    for number in range(MOST_FROM_ADDRESS):
        fail(site, 1, name=f"某{number}", after=timedelta(minutes=4))
    assert signed_in(site, sign_ins.sign_in(site, NOW, "张三", password, HOME)) is not None


def test_an_address_nobody_knows_is_not_everybodys(site):
    """Behind a proxy that does not say who calls, one stranger must not stop the whole office."""
    password = create(site)
    for number in range(MOST_FROM_ADDRESS + 1):
        fail(site, 1, name=f"某{number}", address="")
    sign_ins.sign_in(site, NOW, "张三", password, "")


def test_a_name_nobody_has_is_limited_alike(site):
    fail(site, MOST_HERE, name="无此人")
    refused(site, "错", HOME, name=" 无此人 ")


def test_the_right_password_forgets_what_was_mistyped(site):
    password = create(site)
    for _ in range(3):
        fail(site, MOST_HERE - 1)
        sign_ins.sign_in(site, NOW, "张三", password, HOME)
    assert dump(site.database)["sign_in_failures"] == []


def test_old_failures_are_thrown_away(site):
    fail(site, 3)
    fail(site, 1, after=WINDOW + timedelta(seconds=1))
    assert len(dump(site.database)["sign_in_failures"]) == 1


def test_of_many_at_once_as_many_are_checked_as_may_fail(site, monkeypatch):
    checked = []
    monkeypatch.setattr(passwords, "matches", lambda *_: bool(checked.append(1)))
    create(site)
    outcomes = together(*[lambda: sign_ins.sign_in(site, NOW, "张三", "错", HOME)] * 16)
    assert {type(each) for each in outcomes} == {WrongCredentials, TooManyFailures}
    assert len(checked) == MOST_HERE
    assert len(dump(site.database)["sign_in_failures"]) == MOST_HERE


def test_voters_can_write_while_a_password_is_checked(site, monkeypatch):
    password = create(site)
    written = []

    def slow(*_):
        thread = threading.Thread(target=lambda: written.append(create(site, f"别人{len(written)}")))
        thread.start()
        thread.join(10)
        return not thread.is_alive()

    actor = signed_in(site, sign_ins.sign_in(site, NOW, "张三", password, HOME))
    monkeypatch.setattr(passwords, "matches", slow)
    sign_ins.sign_in(site, NOW, "张三", password, HOME)
    sign_ins.change_password(site, NOW, actor, password, CHOSEN, HOME)
    assert len(written) == 2


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The time cost of every hash that a password is checked against; a slow one has 2."""
    costs: list[int] = []

    class Recording(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:
            costs.append(extract_parameters(str(hash)).time_cost)
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "_hasher", Recording(time_cost=2, memory_cost=16, parallelism=1))
    passwords._stand_in_hash.cache_clear()
    yield costs
    passwords._stand_in_hash.cache_clear()


def test_every_name_takes_one_slow_check(site, verified):
    """Whether it is of an account, of one switched off, of one with a one-time password, or of nobody."""
    for name in ("张三", "停用"):
        create(site, name)
    one_time = create(site, "新来的", one_time=True)
    run_sql(site, "UPDATE accounts SET active = :no WHERE name = '停用'", no=False)
    for name in ("张三", "停用", "新来的", "无此人"):
        verified.clear()
        fail(site, 1, name=name)
        assert verified.count(2) == 1, name
    verified.clear()
    sign_ins.sign_in(site, NOW, "新来的", one_time, HOME)
    assert sorted(verified) == [1, 2]


def test_no_name_and_no_address_is_kept_as_it_is(site):
    fail(site, 1, name="我的密码误填在这里")
    everything = repr(dump(site.database))
    assert "我的密码误填在这里" not in everything
    assert HOME not in everything


def test_guessing_ones_own_old_password_is_limited_too(site):
    password = create(site)
    actor = signed_in(site, sign_ins.sign_in(site, NOW, "张三", password, HOME))
    for _ in range(MOST_HERE):
        with pytest.raises(WrongCredentials):
            sign_ins.change_password(site, NOW, actor, "错", CHOSEN, HOME)
    with pytest.raises(TooManyFailures):
        sign_ins.change_password(site, NOW, actor, password, CHOSEN, HOME)


def test_a_one_time_password_lets_do_nothing_but_change_it(site):
    password = create(site, one_time=True)
    actor = signed_in(site, sign_ins.sign_in(site, NOW, "张三", password, HOME))
    assert actor.must_change
    assert not [permission for permission in Permission if actor.may(permission)]
    entered = sign_ins.change_password(site, NOW, actor, password, CHOSEN, HOME)
    assert not signed_in(site, entered).must_change
    with pytest.raises(WrongCredentials):
        sign_ins.sign_in(site, NOW, "张三", password, AWAY)
    assert signed_in(site, sign_ins.sign_in(site, NOW, "张三", CHOSEN, AWAY)).name == "张三"


def test_a_one_time_password_is_typed_as_people_type(site):
    password = create(site, one_time=True)
    for typed in (password.lower(), password.replace("-", " "), f" {password.replace('0', 'O').replace('1', 'l')}"):
        sign_ins.sign_in(site, NOW, "张三", typed, HOME)
    with pytest.raises(WrongCredentials):
        sign_ins.sign_in(site, NOW, "张三", password[:-1], HOME)


def test_the_one_time_password_cannot_become_ones_own(site):
    password = create(site, one_time=True)
    actor = signed_in(site, sign_ins.sign_in(site, NOW, "张三", password, HOME))
    for same in (password, password.lower().replace("-", "")):
        with pytest.raises(BadInput, match="一样"):
            sign_ins.change_password(site, NOW, actor, password, same, HOME)


def test_a_password_reset_meanwhile_is_not_overwritten(site, monkeypatch):
    password = create(site)
    actor = signed_in(site, sign_ins.sign_in(site, NOW, "张三", password, HOME))
    reset = []

    def matches(*_):
        with site.database.writing() as session:
            reset.append(accounts.reset_password(session, NOW, COMMAND_LINE, "张三"))
        return True

    with monkeypatch.context() as patch:
        patch.setattr(passwords, "matches", matches)
        with pytest.raises(WrongCredentials, match="别处改过"):
            sign_ins.change_password(site, NOW, actor, password, CHOSEN, HOME)
    sign_ins.sign_in(site, NOW, "张三", reset[0], HOME)
