"""The audit log proves itself: whoever changes, removes, reorders or cuts off an entry is found out."""

import json
import socket
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from surveys.acts import audit, audit_chain, audit_syslog
from surveys.acts.actors import COMMAND_LINE, Actor, Origin, Role
from surveys.acts.audit_chain import START, Head
from surveys.acts.errors import NotAllowed
from surveys.acts.site import Site
from surveys.office import log_reading
from surveys.office.log_reading import Wanted
from surveys.storage.tables import AuditEntry
from tests.sites import NOW
from tests.tools import together

pytestmark = pytest.mark.both

AUDITOR = Actor(7, "审计", Role.AUDITOR)
ADMIN = Actor(8, "管理", Role.ADMIN, origin=Origin("ab12", "r1"))


def write(site: Site, *details: str, actor: Actor = COMMAND_LINE) -> None:
    """An entry in a transaction each."""
    for number, detail in enumerate(details):
        with site.database.writing() as session:
            audit.record(session, NOW + timedelta(seconds=number), actor, "poll.open", "K7QF", detail)
            session.commit()


def faults(site: Site) -> list[int]:
    with site.database.reading() as session:
        return [fault.number for fault in audit_chain.faults(session)]


def head(site: Site) -> Head:
    with site.database.reading() as session:
        return audit_chain.head_of(session)


def test_an_empty_log_is_whole(site: Site) -> None:
    assert faults(site) == []
    assert head(site) == Head(0, START)


def test_what_was_written_is_whole_and_the_head_is_the_last_entry(site: Site) -> None:
    write(site, "一", "二", "三", actor=ADMIN)
    assert faults(site) == []
    assert head(site).number == 3
    with site.database.reading() as session:
        (first, *_) = log_reading.every(session, AUDITOR, Wanted())
    assert (first.who, first.role, first.address, first.request, first.result) == (
        "管理",
        "业务管理员",
        "ab12",
        "r1",
        "完成",
    )


CHANGES = [("actor", "别人"), ("act", "poll.close"), ("subject", "WH9A"), ("detail", ""), ("role", "auditor")]
CHANGES += [("address", "ff"), ("request", "r9"), ("result", "refused"), ("before", "0"), ("after", "9")]


@pytest.mark.parametrize(("column", "value"), CHANGES)
def test_any_changed_word_is_found(site: Site, column: str, value: str) -> None:
    write(site, "一", "二", "三")
    run(site, sa.update(AuditEntry).where(AuditEntry.id == 2).values({column: value}))
    assert faults(site) == [2]


def test_another_time_or_account_is_found(site: Site) -> None:
    write(site, "一", "二", "三")
    run(site, sa.update(AuditEntry).where(AuditEntry.id == 1).values(at=NOW - timedelta(microseconds=1)))
    run(site, sa.update(AuditEntry).where(AuditEntry.id == 3).values(account_id=1))
    assert faults(site) == [1, 3]


def test_a_removed_entry_is_found(site: Site) -> None:
    write(site, "一", "二", "三")
    run(site, sa.delete(AuditEntry).where(AuditEntry.id == 2))
    assert faults(site) == [3]


def test_two_entries_in_each_others_place_are_found(site: Site) -> None:
    write(site, "一", "二", "三", "四")
    for old, new in ((2, 99), (3, 2), (99, 3)):
        run(site, sa.update(AuditEntry).where(AuditEntry.id == old).values(id=new))
    assert faults(site) != []


def test_entries_cut_off_at_the_end_are_found(site: Site) -> None:
    write(site, "一", "二", "三")
    run(site, sa.delete(AuditEntry).where(AuditEntry.id >= 2))
    assert faults(site) == [1]


def test_what_is_written_while_it_is_checked_is_no_fault(site: Site) -> None:
    """The head read after the entries would be that of a longer log."""
    write(site, "一", "二")
    with site.database.reading() as session:
        found = audit_chain._in_order(session)
        first, seen = next(found)
        write(site, "三")
        rest = list(found)
    assert [first.id, *(entry.id for entry, _ in rest)] == [1, 2]
    assert {seen, *(each for _, each in rest)} == {Head(2, rest[-1][0].digest)}


def test_a_log_made_anew_is_whole_but_has_not_the_printed_head(site: Site) -> None:
    """Whoever writes the database can make another chain; not one with the head that a paper bears."""
    write(site, "一", "二", "三")
    printed = head(site)
    with site.database.writing() as session:
        last = START
        for entry in session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id)):
            entry.detail = "改过"
            entry.digest = last = audit_chain.digest_of(last, entry)
        session.execute(sa.update(audit_chain.AuditHead).values(digest=last))
        session.commit()
    assert faults(site) == []
    with site.database.reading() as session:
        assert not audit_chain.stands(session, printed)


def test_a_printed_head_stands_while_the_log_grows(site: Site) -> None:
    write(site, "一")
    printed = head(site)
    write(site, "二")
    with site.database.reading() as session:
        assert audit_chain.stands(session, printed)
        assert audit_chain.stands(session, Head(0, START))
        assert not audit_chain.stands(session, Head(2, printed.digest))


def test_what_is_rolled_back_is_not_written(site: Site) -> None:
    with site.database.writing() as session:
        audit.record(session, NOW, COMMAND_LINE, "poll.open", "K7QF")
        session.execute(sa.select(1))
        session.rollback()
        audit.record(session, NOW, COMMAND_LINE, "poll.close", "K7QF")
        session.commit()
    assert acts(site) == ["poll.close"]


def test_what_a_trial_did_is_not_written(site: Site) -> None:
    with site.database.writing() as session:
        audit.record(session, NOW, COMMAND_LINE, "poll.open", "K7QF")
        with session.begin_nested() as trial:
            audit.record(session, NOW, COMMAND_LINE, "poll.seal", "K7QF")
            trial.rollback()
        session.commit()
    assert acts(site) == ["poll.open"]
    assert faults(site) == []


def test_many_at_once_make_one_chain(site: Site) -> None:
    outcomes = together(*(lambda number=number: write(site, *f"{number}abc") for number in range(6)))
    assert not any(isinstance(each, Exception) for each in outcomes)
    assert head(site).number == 24
    assert faults(site) == []


def test_only_the_auditor_reads_it(site: Site) -> None:
    for role in Role:
        reader = Actor(1, "甲", role)
        with site.database.reading() as session:
            for read in (log_reading.page, log_reading.every):
                if role is Role.AUDITOR:
                    assert list(log_reading.every(session, reader, Wanted())) == []
                else:
                    with pytest.raises(NotAllowed):
                        read(session, reader, Wanted())


FILTERS: list[tuple[Wanted, list[int]]] = [
    (Wanted(), [3, 2, 1]),
    (Wanted(who="管"), [2]),
    (Wanted(words="三"), [3]),
    (Wanted(words="%"), []),
    (Wanted(group="poll"), [3, 2, 1]),
    (Wanted(group="mark"), []),
    (Wanted(since=NOW + timedelta(seconds=1)), [3]),
    (Wanted(until=NOW + timedelta(seconds=1)), [2, 1]),
    (Wanted(result=audit.Outcome.DONE), [3, 2, 1]),
    (Wanted(result=audit.Outcome.REFUSED), []),
]


@pytest.mark.parametrize(("wanted", "numbers"), FILTERS)
def test_the_auditor_finds_what_is_looked_for(site: Site, wanted: Wanted, numbers: list[int]) -> None:
    write(site, "一")
    write(site, "二", actor=ADMIN)
    with site.database.writing() as session:
        audit.record(session, NOW + timedelta(seconds=2), COMMAND_LINE, "poll.open", "K7QF", "三")
        session.commit()
    with site.database.reading() as session:
        assert [line.number for line in log_reading.page(session, AUDITOR, wanted).lines] == numbers


def test_a_page_has_a_hundred_and_leads_to_the_older(site: Site) -> None:
    with site.database.writing() as session:
        for _ in range(log_reading.A_PAGE + 1):
            audit.record(session, NOW, COMMAND_LINE, "poll.open", "K7QF")
        session.commit()
    with site.database.reading() as session:
        first = log_reading.page(session, AUDITOR, Wanted())
        assert (len(first.lines), first.older) == (100, 2)
        rest = log_reading.page(session, AUDITOR, Wanted(), first.older)
        assert [line.number for line in rest.lines] == [1]
        assert rest.older is None


def run(site: Site, statement: sa.Executable) -> None:
    with site.database.writing() as session:
        session.execute(statement)
        session.commit()


def acts(site: Site) -> list[str]:
    with site.database.reading() as session:
        return list(session.scalars(sa.select(AuditEntry.act).order_by(AuditEntry.id)))


@pytest.fixture
def collector() -> Iterator[socket.socket]:
    """A syslog outside, and the site sending to it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        found.settimeout(5)
        audit_syslog.send_to(f"127.0.0.1:{found.getsockname()[1]}")
        yield found
    for handler in list(audit_chain.sent.handlers):
        audit_chain.sent.removeHandler(handler)
        handler.close()


def test_what_is_committed_is_sent_out_and_nothing_else(site: Site, collector: socket.socket) -> None:
    with site.database.writing() as session:
        audit.record(session, NOW, COMMAND_LINE, "poll.open", "K7QF", "没有做成")
        session.rollback()
    write(site, "做成了")
    line = collector.recv(4096).decode()
    assert line.startswith("<38>ceping-audit: ")
    told = json.loads(line.partition(": ")[2])
    assert (told[0], told[2], told[3], told[5]) == (1, "命令行", "poll.open", "做成了")
    assert told[-1] == head(site).digest.hex()
    collector.setblocking(False)
    with pytest.raises(BlockingIOError):
        collector.recv(4096)
