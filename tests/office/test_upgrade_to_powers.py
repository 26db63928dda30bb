"""The upgrade of a site of before there were three powers: its log is chained, and what made its accounts is told."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import URL

from surveys.acts import audit_chain, hands, sessions
from surveys.acts.actors import Permission
from surveys.storage.database import Database
from surveys.storage.schema import downgrade, migrate
from surveys.storage.tables import Account, AuditEntry
from tests.sites import NOW

pytestmark = pytest.mark.both


@pytest.fixture
def old(database_url: URL) -> Iterator[Database]:
    """As the commit before wrote it: 命令行 made 甲, who made 乙 and 丙; 命令行 reset 丙."""
    database = Database(database_url)
    migrate(database, "0012")
    at = NOW.replace(microsecond=123456)
    made = [("命令行", "account.create", "甲"), ("甲", "account.create", "乙"), ("甲", "account.create", "丙")]
    made += [("甲", "account.password", "甲"), ("命令行", "account.reset", "丙")]
    metadata = sa.MetaData()
    metadata.reflect(database.engine)
    with database.engine.begin() as connection:
        people = [("甲", "admin"), ("乙", "admin"), ("丙", "organizer"), ("丁", "admin")]
        for number, (name, role) in enumerate(people, 1):
            values = {"id": number, "name": name, "role": role, "password_hash": "-", "one_time": False}
            connection.execute(metadata.tables["accounts"].insert(), values | {"active": True, "created_at": at})
        for number, (actor, act, subject) in enumerate(made, 11):
            values = {"id": number, "at": at + timedelta(seconds=number), "actor": actor, "act": act}
            connection.execute(metadata.tables["audit_log"].insert(), values | {"subject": subject, "detail": "原"})
    yield database
    database.engine.dispose()


def test_what_was_in_the_log_is_chained_as_it_was(old: Database) -> None:
    migrate(old)
    with old.reading() as session:
        assert list(audit_chain.faults(session)) == []
        assert audit_chain.head_of(session).number == 15
        assert [entry.detail for entry in session.scalars(sa.select(AuditEntry))] == ["原"] * 5
    with old.writing() as session:
        session.execute(sa.update(AuditEntry).where(AuditEntry.id == 12).values(actor="丁"))
        assert [fault.number for fault in audit_chain.faults(session)] == [12]


def test_accounts_are_given_by_who_the_log_says(old: Database) -> None:
    migrate(old)
    with old.reading() as session:
        found = {each.name: each for each in session.scalars(sa.select(Account))}
    assert {name: each.given_by for name, each in found.items()} == {"甲": None, "乙": 1, "丙": None, "丁": None}
    confirmed = {name for name, each in found.items() if each.confirmed_at is not None}
    assert confirmed == {"甲", "丙"}, "the command line's; of 丁 the log says nothing"
    assert found["丙"].given_at == NOW.replace(microsecond=123456) + timedelta(seconds=15)


def test_nobody_is_locked_out_and_everything_goes_on(old: Database) -> None:
    migrate(old)
    with old.reading() as session:
        actors = [
            sessions.actor_of(session, NOW, each) for each in session.scalars(sa.select(Account).order_by(Account.id))
        ]
    assert [actor.may(Permission.MANAGE_ACCOUNTS) for actor in actors] == [True, True, False, True]
    first, second, _, other = actors
    assert hands.why_not(other, {1}) is None
    assert "不能同为两人" in str(hands.why_not(second, {first.account_id or 0}))


def test_one_step_back_everything_is_as_it_was(old: Database) -> None:
    def rows() -> dict[str, list[tuple[object, ...]]]:
        with old.engine.connect() as connection:
            found = {name: sa.text(f"SELECT * FROM {name} ORDER BY id") for name in ("accounts", "audit_log")}
            return {name: [tuple(row) for row in connection.execute(query)] for name, query in found.items()}

    before = rows()
    migrate(old)
    downgrade(old, "0012")
    assert rows() == before
