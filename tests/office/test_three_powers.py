"""Three powers that no account combines, and what a hand is (docs/decisions/0026)."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from surveys.acts import hands, sessions
from surveys.acts.actors import COMMAND_LINE, Actor, Permission, Role
from surveys.acts.errors import NotAllowed, WrongState
from surveys.acts.site import Site
from surveys.office import account_admin, accounts, confirmations, sign_ins
from surveys.office.accounts import NewAccount
from surveys.storage.tables import Account
from tests.sites import NOW

LATER = NOW + timedelta(hours=1)
OWN = "Ein-ganz-eigenes-1"


def make(site: Site, name: str, role: Role, actor: Actor = COMMAND_LINE) -> Actor:
    """Whoever signs in with it."""
    with site.database.writing() as session:
        accounts.add_accounts(session, NOW, actor, [NewAccount(name, role)])
        session.commit()
    return known(site, name)


def known(site: Site, name: str) -> Actor:
    """As its next request knows it."""
    with site.database.reading() as session:
        return sessions.actor_of(session, NOW, session.scalars(sa.select(Account).where(Account.name == name)).one())


def change(site: Site, name: str, actor: Actor = COMMAND_LINE) -> None:
    """A new one-time password, from this person, changed to an own one."""
    with site.database.writing() as session:
        account = session.scalars(sa.select(Account).where(Account.name == name)).one()
        if actor is COMMAND_LINE:
            password = accounts.reset_password(session, NOW, actor, name, one_time=True)
        else:
            password = account_admin.reset(session, NOW, actor, account.id, "忘了密码").password
    own(site, name, password)


def own(site: Site, name: str, password: str) -> None:
    entered = sign_ins.sign_in(site, NOW, name, password, "203.0.113.9")
    sign_ins.change_password(site, NOW, known(site, name), password, OWN, entered.token)


def confirm(site: Site, auditor: Actor, name: str) -> None:
    with site.database.writing() as session:
        account = session.scalars(sa.select(Account).where(Account.name == name)).one()
        confirmations.confirm(session, LATER, auditor, account.id, account.given_at)


@pytest.fixture
def powers(lite_site: Site) -> dict[Role, Actor]:
    """One of each of the three, made on the command line."""
    for role in (Role.SYSTEM, Role.ADMIN, Role.AUDITOR):
        make(lite_site, role.value, role)
    for role in (Role.SYSTEM, Role.ADMIN, Role.AUDITOR):
        change(lite_site, role.value)
    return {role: known(lite_site, role.value) for role in (Role.SYSTEM, Role.ADMIN, Role.AUDITOR)}


def test_no_role_combines_two_of_the_three_powers() -> None:
    powers = (Permission.MANAGE_ACCOUNTS, Permission.DECIDE, Permission.SEE_LOG)
    for role in Role:
        assert sum(Actor(1, "甲", role).may(power) for power in powers) <= 1, role


def test_admins_keep_the_accounts_until_there_is_a_system_admin(lite_site: Site) -> None:
    admin = make(lite_site, "甲", Role.ADMIN)
    assert admin.also == {Permission.MANAGE_ACCOUNTS}
    change(lite_site, "甲")
    assert known(lite_site, "甲").may(Permission.MANAGE_ACCOUNTS)
    make(lite_site, "乙", Role.SYSTEM)
    assert not known(lite_site, "甲").may(Permission.MANAGE_ACCOUNTS)


def test_without_an_auditor_nothing_waits_for_one(lite_site: Site) -> None:
    admin = make(lite_site, "甲", Role.ADMIN)
    other = make(lite_site, "乙", Role.ADMIN, admin_of(lite_site, "甲"))
    assert "尚未设审计员" in other.no_auditor
    assert hands.why_not(other, {99}) is None
    make(lite_site, "丙", Role.AUDITOR)
    assert admin.account_id is not None
    assert "审计员确认" in str(hands.why_not(known(lite_site, "乙"), {99}))


def admin_of(site: Site, name: str) -> Actor:
    change(site, name)
    return known(site, name)


def test_what_the_command_line_made_is_confirmed(powers: dict[Role, Actor]) -> None:
    for actor in powers.values():
        assert hands.why_not(actor, {99}) is None


def test_an_account_that_somebody_made_is_no_hand_until_it_is_confirmed(
    lite_site: Site, powers: dict[Role, Actor]
) -> None:
    """Whoever made two accounts knows the passwords of both."""
    system, auditor = powers[Role.SYSTEM], powers[Role.AUDITOR]
    for name in ("甲", "乙"):
        make(lite_site, name, Role.ADMIN, system)
        change(lite_site, name, system)
    first, second = known(lite_site, "甲"), known(lite_site, "乙")
    for one, other in ((first, second), (second, first)):
        assert "审计员确认" in str(hands.why_not(one, {other.account_id or 0}))
    confirm(lite_site, auditor, "甲")
    confirm(lite_site, auditor, "乙")
    assert hands.why_not(known(lite_site, "乙"), {first.account_id or 0}) is None


def test_who_made_or_reset_an_account_is_no_second_hand_beside_it(lite_site: Site) -> None:
    """Also where nobody confirms: an admin of a site that has neither of the other two."""
    make(lite_site, "甲", Role.ADMIN)
    maker = admin_of(lite_site, "甲")
    made = make(lite_site, "乙", Role.ADMIN, maker)
    other = make(lite_site, "丙", Role.ADMIN)
    maker = known(lite_site, "甲")
    assert "不能同为两人" in str(hands.why_not(made, {maker.account_id or 0}))
    assert "不能同为两人" in str(hands.why_not(maker, {made.account_id or 0}))
    assert hands.why_not(other, {made.account_id or 0}) is None
    change(lite_site, "丙", maker)
    assert "不能同为两人" in str(hands.why_not(known(lite_site, "丙"), {maker.account_id or 0}))


def test_a_reset_takes_the_confirmation_away(lite_site: Site, powers: dict[Role, Actor]) -> None:
    assert not powers[Role.ADMIN].unconfirmed
    change(lite_site, "admin", powers[Role.SYSTEM])
    assert known(lite_site, "admin").unconfirmed
    confirm(lite_site, powers[Role.AUDITOR], "admin")
    assert not known(lite_site, "admin").unconfirmed


def test_who_has_taken_the_auditors_account_confirms_nothing(lite_site: Site, powers: dict[Role, Actor]) -> None:
    """The system admin resets the auditor's password, or makes an auditor of an own, and signs in with that."""
    make(lite_site, "甲", Role.ADMIN, powers[Role.SYSTEM])
    change(lite_site, "甲", powers[Role.SYSTEM])
    change(lite_site, "auditor", powers[Role.SYSTEM])
    make(lite_site, "乙", Role.AUDITOR, powers[Role.SYSTEM])
    change(lite_site, "乙", powers[Role.SYSTEM])
    for name in ("auditor", "乙"):
        with pytest.raises(NotAllowed, match="还没有确认"):
            confirm(lite_site, known(lite_site, name), "甲")
    with pytest.raises(NotAllowed, match="自己"):
        confirm(lite_site, powers[Role.AUDITOR], "auditor")


def test_a_one_time_password_is_nobodys_own(lite_site: Site, powers: dict[Role, Actor]) -> None:
    make(lite_site, "甲", Role.ADMIN, powers[Role.SYSTEM])
    with pytest.raises(WrongState, match="一次性密码"):
        confirm(lite_site, powers[Role.AUDITOR], "甲")


def test_what_was_reset_meanwhile_is_not_confirmed(lite_site: Site, powers: dict[Role, Actor]) -> None:
    make(lite_site, "甲", Role.ADMIN, powers[Role.SYSTEM])
    change(lite_site, "甲", powers[Role.SYSTEM])
    with lite_site.database.writing() as session:
        account = session.scalars(sa.select(Account).where(Account.name == "甲")).one()
        with pytest.raises(WrongState, match="又重设过"):
            confirmations.confirm(
                session, LATER, powers[Role.AUDITOR], account.id, account.given_at - timedelta(seconds=1)
            )


@pytest.mark.parametrize("role", [Role.SYSTEM, Role.AUDITOR, Role.ADMIN])
def test_the_last_of_each_power_stays(lite_site: Site, powers: dict[Role, Actor], role: Role) -> None:
    with lite_site.database.writing() as session, pytest.raises(WrongState, match="不能停用"):
        account_admin.deactivate(session, NOW, powers[Role.SYSTEM], powers[role].account_id or 0, "调离")


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.AUDITOR])
def test_nobody_else_confirms(lite_site: Site, role: Role) -> None:
    with lite_site.database.writing() as session:
        with pytest.raises(NotAllowed):
            confirmations.unconfirmed(session, Actor(1, "甲", role))
        with pytest.raises(NotAllowed):
            confirmations.confirm_named(session, NOW, Actor(1, "甲", role), "乙")
