"""Two-step sign-in (RFC 6238), recovery codes, roles that must have it, and a code again for an act of two hands."""

from datetime import datetime, timedelta

import pyotp
import pytest
import sqlalchemy as sa
from flask import Flask

from surveys.acts import hands, sessions, site_settings
from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import BadInput, NotAllowed, WrongState
from surveys.acts.site import Site
from surveys.acts.site_settings import OwnSettings
from surveys.office import accounts, codes, second_factor, sign_ins
from surveys.office.accounts import WrongCredentials
from surveys.office.sign_ins import MOST_HERE, CodeWanted, TooManyFailures
from surveys.storage.tables import Account, AuditEntry, RecoveryCode
from tests.builders import build_unit, run_sql, session_of
from tests.sites import NOW
from tests.strict_client import Page
from tests.worlds import client_of, client_with

ADDRESS = "203.0.113.9"
LATER = NOW + timedelta(minutes=1)


class Holder:
    """An account, its password, and the phone with its secret once it is set up."""

    def __init__(self, site: Site, name: str = "甲", role: Role = Role.ADMIN) -> None:
        self.site, self.name = site, name
        with site.database.writing() as session:
            self.password = accounts.create_account(session, NOW, COMMAND_LINE, name, role)
        self.token = session_of(site, self.actor.account_id, NOW)
        self.secret = ""
        self.recovery: list[str] = []

    @property
    def actor(self) -> Actor:
        with self.site.database.reading() as session:
            return sessions.actor_of(session, NOW, self.row)

    @property
    def row(self) -> Account:
        with self.site.database.reading() as session:
            return session.scalars(sa.select(Account).where(Account.name == self.name)).one()

    def acting(self, now: datetime = NOW) -> Actor:
        """In the session that it set up its second factor in."""
        with self.site.database.reading() as session:
            found = sessions.find(session, self.site.settings, now, self.token)
        assert found is not None
        return found.actor

    def code(self, now: datetime = NOW) -> str:
        return pyotp.TOTP(self.secret).at(int(now.timestamp()))

    def enrol(self) -> "Holder":
        offer = second_factor.offer(self.site, self.actor)
        self.secret = offer.secret
        self.recovery = second_factor.turn_on(
            self.site, NOW, self.actor, self.token, offer.token, self.password, self.code()
        )
        return self

    def sign_in(self, typed: str, now: datetime = LATER) -> str:
        """The token of the session."""
        with pytest.raises(CodeWanted) as wanted:
            sign_ins.sign_in(self.site, now, self.name, self.password, ADDRESS)
        return sign_ins.enter_code(self.site, now, wanted.value.ticket, typed, ADDRESS).token


@pytest.fixture
def holder(lite_site: Site) -> Holder:
    return Holder(lite_site).enrol()


def test_the_vectors_of_the_standard() -> None:
    """RFC 6238, appendix B, SHA-1, the last six digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037")):
        assert codes.is_right(secret, datetime.fromtimestamp(seconds, NOW.tzinfo), code)


@pytest.mark.parametrize(("seconds", "taken"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_phone_that_is_a_little_off(seconds: int, taken: bool) -> None:
    secret = codes.new_secret()
    shown = pyotp.TOTP(secret).at(int(NOW.timestamp()) + seconds)
    assert codes.is_right(secret, NOW, shown) is taken


def test_the_password_alone_is_not_enough_any_more(holder: Holder) -> None:
    token = holder.sign_in(holder.code(LATER))
    with holder.site.database.reading() as session:
        found = sessions.find(session, holder.site.settings, LATER, token)
        entries = session.scalars(sa.select(AuditEntry.detail).where(AuditEntry.act == "account.sign_in"))
        assert list(entries) == ["两步登录"]
    assert found is not None
    assert found.actor.name == "甲"


def test_a_code_is_taken_once(holder: Holder) -> None:
    """Whoever looked over a shoulder has nothing."""
    code = holder.code(LATER)
    holder.sign_in(code)
    with pytest.raises(WrongCredentials):
        holder.sign_in(code)
    later = LATER + timedelta(seconds=30)
    holder.sign_in(holder.code(later), later)


def test_a_recovery_code_is_taken_once_however_it_is_typed(holder: Holder) -> None:
    holder.sign_in(holder.recovery[0].lower().replace("-", " "))
    with pytest.raises(WrongCredentials):
        holder.sign_in(holder.recovery[0])
    holder.sign_in(holder.recovery[1])
    with holder.site.database.reading() as session:
        assert codes.left(session, holder.actor.account_id or 0) == codes.RECOVERY_CODES - 2


def test_guessing_is_limited_and_the_right_password_does_not_begin_it_anew(holder: Holder) -> None:
    for _ in range(MOST_HERE // 2):
        with pytest.raises(WrongCredentials):
            holder.sign_in("000000")
    with pytest.raises(CodeWanted) as wanted:
        sign_ins.sign_in(holder.site, LATER, "甲", holder.password, ADDRESS)
    with pytest.raises(TooManyFailures):
        sign_ins.enter_code(holder.site, LATER, wanted.value.ticket, holder.code(LATER), ADDRESS)


def test_a_ticket_ends_with_time_and_with_another_password(holder: Holder, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CodeWanted) as wanted:
        sign_ins.sign_in(holder.site, LATER, "甲", holder.password, ADDRESS)
    with holder.site.database.writing() as session:
        accounts.reset_password(session, NOW, COMMAND_LINE, "甲")
    with pytest.raises(WrongCredentials, match="停留得太久"):
        sign_ins.enter_code(holder.site, LATER, wanted.value.ticket, holder.code(LATER), ADDRESS)
    offered = second_factor.offer(holder.site, holder.actor).token  # sealed by the same site, for something else
    for forged in ("", "x", codes.sealed(holder.site, "ticket", {"account": 1, "password": "x"}), offered):
        with pytest.raises(WrongCredentials, match="停留得太久"):
            sign_ins.enter_code(holder.site, LATER, forged, holder.code(LATER), ADDRESS)
    monkeypatch.setattr(sign_ins, "TICKET_SECONDS", -1)
    ticket = codes.sealed(holder.site, "ticket", {"account": holder.row.id, "password": codes.fingerprint(holder.row)})
    with pytest.raises(WrongCredentials, match="停留得太久"):
        sign_ins.enter_code(holder.site, LATER, ticket, holder.code(LATER), ADDRESS)


def test_who_reset_the_password_still_has_no_code(holder: Holder) -> None:
    """A system admin who takes an account over has its password and not its phone."""
    with holder.site.database.writing() as session:
        password = accounts.reset_password(session, NOW, COMMAND_LINE, "甲")
    with pytest.raises(CodeWanted):
        sign_ins.sign_in(holder.site, LATER, "甲", password, ADDRESS)


def test_the_database_has_no_secret_and_no_recovery_code(holder: Holder) -> None:
    assert holder.secret.encode() not in (holder.row.code_secret or b"")
    with holder.site.database.reading() as session:
        kept = b"".join(session.scalars(sa.select(RecoveryCode.digest)))
    assert not any(code.replace("-", "").encode() in kept for code in holder.recovery)


def test_setting_it_up_takes_the_password_and_a_code(lite_site: Site) -> None:
    holder, other = Holder(lite_site), Holder(lite_site, "乙")
    offer = second_factor.offer(lite_site, holder.actor)
    right = pyotp.TOTP(offer.secret).at(int(NOW.timestamp()))

    def turn_on(who: Holder, password: str, code: str) -> None:
        second_factor.turn_on(lite_site, NOW, who.actor, who.token, offer.token, password, code)

    with pytest.raises(WrongCredentials):
        turn_on(holder, "wrong", right)
    with pytest.raises(BadInput, match="不对"):
        turn_on(holder, holder.password, "000000")
    with pytest.raises(BadInput, match="太久"):  # another's
        turn_on(other, other.password, right)
    assert not codes.has(holder.row)
    turn_on(holder, holder.password, right)
    assert codes.has(holder.row)


def test_another_phone_takes_a_code_of_the_one_before(holder: Holder) -> None:
    """Whoever finds a session open and knows the password has none."""
    offer = second_factor.offer(holder.site, holder.actor)
    shown = pyotp.TOTP(offer.secret).at(int(LATER.timestamp()))
    given = (holder.site, LATER, holder.actor, holder.token, offer.token, holder.password, shown)
    before = holder.row.code_secret
    for present in ("", "000000", shown):
        with pytest.raises(WrongCredentials):
            second_factor.turn_on(*given, present)
    assert holder.row.code_secret == before
    assert len(second_factor.turn_on(*given, holder.recovery[0])) == codes.RECOVERY_CODES
    assert holder.row.code_secret != before


def test_turned_off_by_its_holder_and_not_where_the_role_must(holder: Holder) -> None:
    set_to(holder.site, OwnSettings(code_roles=("admin",)))
    with pytest.raises(WrongState, match="不能关闭"):
        second_factor.turn_off(holder.site, LATER, holder.actor, holder.token, holder.password, holder.code(LATER))
    set_to(holder.site, OwnSettings())
    with pytest.raises(WrongCredentials):
        second_factor.turn_off(holder.site, LATER, holder.actor, holder.token, holder.password, "000000")
    second_factor.turn_off(holder.site, LATER, holder.actor, holder.token, holder.password, holder.code(LATER))
    assert sign_ins.sign_in(holder.site, LATER, "甲", holder.password, ADDRESS).account_id == holder.actor.account_id


def set_to(site: Site, new: OwnSettings) -> None:
    with site.database.writing() as session:
        site_settings.change(session, NOW, COMMAND_LINE, new)


def test_cleared_by_a_system_admin_it_is_no_hand_until_it_is_confirmed(holder: Holder) -> None:
    system = Holder(holder.site, "系统", Role.SYSTEM)
    Holder(holder.site, "审计", Role.AUDITOR)
    with holder.site.database.writing() as session:
        second_factor.clear(session, LATER, system.actor, holder.actor.account_id or 0, "手机丢了")
    assert not codes.has(holder.row)
    assert holder.actor.unconfirmed
    assert "审计员确认" in str(hands.why_not(holder.actor, set()))
    with holder.site.database.writing() as session, pytest.raises(WrongState, match="没有开"):
        second_factor.clear(session, LATER, system.actor, holder.actor.account_id or 0, "手机丢了")
    with holder.site.database.writing() as session, pytest.raises(NotAllowed):
        second_factor.clear(session, LATER, holder.actor, system.actor.account_id or 0, "样例")


def test_an_act_of_two_hands_asks_for_a_code_again(holder: Holder) -> None:
    without = Holder(holder.site, "乙")
    set_to(holder.site, OwnSettings(code_for_hands=True))
    assert hands.why_not(without.acting(), set()) == hands.ENROL_FIRST
    assert hands.why_not(holder.acting(NOW + timedelta(minutes=9)), set()) is None
    late = NOW + timedelta(minutes=11)
    assert hands.why_not(holder.acting(late), set()) == hands.CODE_AGAIN
    with pytest.raises(WrongCredentials):
        second_factor.again(holder.site, late, holder.acting(late), holder.token, "000000")
    second_factor.again(holder.site, late, holder.acting(late), holder.token, holder.code(late))
    assert hands.why_not(holder.acting(late), set()) is None
    set_to(holder.site, OwnSettings())
    assert hands.why_not(without.acting(), set()) is None


def test_on_a_terminal_it_takes_a_code_too(holder: Holder) -> None:
    with holder.site.database.writing() as session:
        for given in ((), (holder.site, ""), (holder.site, "000000")):
            with pytest.raises(WrongCredentials, match="--code"):
                accounts.sign_in(session, LATER, "甲", holder.password, *given)
        assert accounts.sign_in(session, LATER, "甲", holder.password, holder.site, holder.code(LATER)).name == "甲"


def phone_of(page: str) -> pyotp.TOTP:
    return pyotp.TOTP(page.split('密钥 <span class="code">')[1].split("<")[0])


def test_through_the_pages(lite_app: Flask, lite_site: Site) -> None:
    build_unit(lite_site)
    holder = Holder(lite_site)
    set_to(lite_site, OwnSettings(code_roles=("admin",)))
    client = client_of(lite_app)
    assert client.submit("/login", name="甲", password=holder.password).location == "/home"
    for address in ("/assessments", "/polls", "/home"):
        assert client.get(address).location == "/second-factor", address
    page = client.page("/second-factor")
    assert "本站要求业务管理员用两步登录" in page.text
    phone = phone_of(page.html)
    refused = client.submit("/second-factor", "/second-factor/on", code="000000", password=holder.password)
    assert (refused.status_code, "没有开通" in refused.text) == (400, True)
    form = page.form("/second-factor/on") | {"code": phone.now(), "password": holder.password}
    shown = client.post("/second-factor/on", data=form)
    assert shown.text.count('class="code"') == codes.RECOVERY_CODES
    assert client.get("/assessments").status_code == 200
    client.submit("/assessments", "/logout")
    recovery = shown.text.split('<li class="code">')[1].split("<")[0]
    step = client.submit("/login", name="甲", password=holder.password)
    assert (step.status_code, "请输入动态码" in step.text) == (200, True)
    assert client.get("/assessments").status_code == 302
    fields = Page(step).form("/login/code") | {"code": "000000"}
    wrong = client.post("/login/code", data=fields)
    assert (wrong.status_code, "动态码不对" in wrong.text) == (400, True)
    assert client.post("/login/code", data=fields | {"code": recovery}).location == "/home"
    assert client.get("/assessments").status_code == 200


def test_what_was_typed_when_a_session_ended_goes_through_both_steps(lite_app: Flask, holder: Holder) -> None:
    client = client_with(lite_app, session_of(holder.site, holder.actor.account_id))
    form = client.page("/assessments/new").form("/assessments/new") | {"title": "明年的考核"}
    run_sql(holder.site, "DELETE FROM sessions")
    page = Page(client.post("/assessments/new", data=form))
    assert "您填的还在" in page.text
    step = Page(client.post("/login", data=page.form("/login") | {"name": "甲", "password": holder.password}))
    assert "刚才填的还在这一页里" in step.text
    code = {"code": pyotp.TOTP(holder.secret).now()}
    shown = client.post("/login/code", data=step.form("/login/code") | code)
    assert "明年的考核" in shown.text


def test_the_system_admin_clears_it_on_the_accounts_page(lite_app: Flask, holder: Holder) -> None:
    system = client_of(lite_app, Holder(holder.site, "系统", Role.SYSTEM).actor.account_id)
    page = f"/accounts/{holder.actor.account_id}"
    assert "已开通" in system.page(page).text
    assert system.submit(page, f"{page}/clear-code", reason="手机丢了").location == page
    assert "没开通" in system.page(page).text
    assert client_with(lite_app, holder.token).get("/assessments").status_code == 302
