"""After a poll is over the database's files are clean of what it took out of the tables, or the desk says that they
are not, and why, until they are."""

import fcntl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import URL, Engine

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.acts.site import Site
from surveys.polling import codes, receipts
from surveys.settings import database_url_of
from surveys.storage import scrubbing
from surveys.storage.tables import Ballot, Leftover, Receipt, Ticket
from surveys.vote import casting, cleaning, poll_withdrawals, polls, rehearsals
from surveys.vote.casting import PollClosed, PollPaused
from surveys.vote.hall import pause
from surveys.vote.ticketing import tickets
from tests import papers
from tests.builders import (
    World,
    build_poll,
    build_unit,
    cast,
    close,
    close_and_seal,
    filled,
    run_sql,
    seal,
    sheet_of,
)
from tests.raw_files import cleaned, heap, raw, uncleaned
from tests.servers import Server, running
from tests.sites import NOW, postgres_database, settings_for
from tests.worlds import build_accounts, client_of

pytestmark = [pytest.mark.own_database, pytest.mark.both]

VOTES = 40


def voted(site: Site, count: int = VOTES, **options: object) -> World:
    world = build_poll(site, count=count, leaders=0, **options)  # type: ignore[arg-type]
    submitted = filled(sheet_of(site, world.poll_id))
    for code in world.codes["A"]:
        cast(site, code, submitted)
    return world


def secrets_of(site: Site) -> list[bytes]:
    """Envelopes, their ids and the salts, as they lie in files."""
    with site.database.engine.connect() as connection:
        boxes = connection.execute(sa.select(Ballot.id, Ballot.answers)).all()
        salts = connection.scalars(sa.text("SELECT envelope_salt FROM polls WHERE envelope_salt IS NOT NULL")).all()
    return [*(bytes(id_) for id_, _ in boxes), *(str(answers).encode() for _, answers in boxes), *map(bytes, salts)]


def left(found: list[bytes], content: bytes) -> int:
    return sum(each in content for each in found)


def statement(site: Site, *statements: str) -> None:
    with site.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for each in statements:
            connection.exec_driver_sql(each)


@contextmanager
def reading(site: Site, statement: str = "SELECT count(*) FROM polls") -> Iterator[None]:
    """As a backup or a long export does: a transaction that has looked and goes on."""
    with site.database.engine.connect() as connection:
        if not site.database.is_sqlite:
            connection.execution_options(isolation_level="REPEATABLE READ")
        connection.exec_driver_sql(statement)
        yield


# What lies in the files


def test_no_old_envelope_salt_or_row_is_left_in_the_files(site: Site) -> None:
    world = voted(site)
    found = secrets_of(site)
    statement(site, "ANALYZE")  # as the server does by itself: its samples of columns are files too
    assert left(found, raw(site)) == len(found)
    close_and_seal(site, world.poll_id)
    cleaned(site)
    assert left(found, raw(site)) == 0
    assert not uncleaned(site)


def test_each_ticket_and_receipt_lies_there_once(site: Site) -> None:
    """An older version of a row would bear the number of the transaction that also wrote an envelope."""
    if site.database.is_sqlite:
        pytest.skip("SQLite has no versions of rows")
    world = voted(site)
    close_and_seal(site, world.poll_id)
    cleaned(site)
    with site.database.engine.connect() as connection:
        hashes = [bytes(each) for each in connection.scalars(sa.select(Ticket.code_hash))]
        given = [each.encode() for each in connection.scalars(sa.select(Receipt.code))]
    assert {heap(site, "tickets").count(each) for each in hashes} == {1}
    assert {heap(site, "receipts").count(each) for each in given} == {1}
    assert (len(hashes), len(given)) == (VOTES, VOTES)


def test_paper_that_was_keyed_and_removed_is_gone_after_a_withdrawal(site: Site) -> None:
    clerk = papers.person(site, "甲录入")
    world = papers.paper_poll(site, leaders=0)
    papers.key(site, clerk, world.poll_id, 1, 1)
    with site.database.engine.connect() as connection:
        keyed = connection.scalars(sa.text("SELECT answers FROM keyings")).one().encode()
        salt = bytes(connection.scalars(sa.text("SELECT envelope_salt FROM polls")).one())
    papers.remove(site, clerk, world.poll_id, 1)
    withdraw(site, world.poll_id)
    assert uncleaned(site)
    cleaned(site)
    assert left([keyed, salt], raw(site)) == 0


def withdraw(site: Site, poll_id: int) -> None:
    with site.database.writing() as session:
        poll_withdrawals.withdraw(session, NOW, COMMAND_LINE, poll_id, "建错")


# What keeps it from being cleaned


def test_whoever_reads_sqlites_file_delays_the_cleaning_and_nobody_else(lite_site: Site) -> None:
    world = voted(lite_site)
    found = secrets_of(lite_site)
    other = build_poll(lite_site, unit_id=world.unit_id, count=1, team="另一班子")
    close(lite_site, world.poll_id)
    with reading(lite_site):
        began = time.monotonic()
        seal(lite_site, world.poll_id)
        cast(lite_site, other.codes["A"][0], filled(sheet_of(lite_site, other.poll_id)))
        assert time.monotonic() - began < 8  # it was 40 s, with the writer's lock held
        assert left(found, raw(lite_site)) > 0
        (why,) = uncleaned(lite_site).values()
        assert "正在读数据库文件" in (why or "")
    assert cleaning.clean(lite_site, NOW) is None
    assert left(found, raw(lite_site)) == 0
    assert not uncleaned(lite_site)


@pytest.fixture
def postgres_site(postgres_admin: Engine, postgres_template: str, tmp_path: Path) -> Iterator[Site]:
    with postgres_database(postgres_admin, f' TEMPLATE "{postgres_template}"') as url:
        found = Site.build(settings_for(url, tmp_path))
        yield found
        found.database.engine.dispose()


@pytest.mark.parametrize("looked_at", ["polls", "accounts"])
def test_an_old_transaction_delays_the_cleaning_on_postgresql(
    postgres_site: Site, looked_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that has no lock of the boxes: the server keeps removed rows for it when it writes a table anew."""
    monkeypatch.setattr(scrubbing, "OLDER_SECONDS", 1)
    world = voted(postgres_site)
    found = secrets_of(postgres_site)
    with reading(postgres_site, f"SELECT count(*) FROM {looked_at}"):
        close_and_seal(postgres_site, world.poll_id)
        (why,) = uncleaned(postgres_site).values()
        assert "占着" in (why or "")
        assert left(found, raw(postgres_site)) > 0
    cleaned(postgres_site)
    assert left(found, raw(postgres_site)) == 0


def test_a_role_that_owns_no_table_is_told_so(postgres_site: Site, postgres_admin: Engine, tmp_path: Path) -> None:
    url: URL = postgres_site.settings.database_url
    role = f"ceping_rows_{url.database}"
    rights = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO"
    statement(
        postgres_site,
        f"CREATE ROLE {role} LOGIN PASSWORD 'x'",
        f"{rights} {role}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
    )
    site = Site.build(settings_for(url.set(username=role, password="x"), tmp_path))
    try:
        world = voted(site, 3)
        found = secrets_of(site)
        close_and_seal(site, world.poll_id)
        (why,) = uncleaned(site).values()
        assert "不是数据表的所有者" in (why or "") or "占着" in (why or "")
        assert left(found, raw(postgres_site)) > 0
        cleaned(postgres_site)  # by whoever owns them
        assert left(found, raw(postgres_site)) == 0
        assert not uncleaned(site)
    finally:
        site.database.engine.dispose()
        statement(postgres_site, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_one_cleans_at_a_time(site: Site) -> None:
    mark(site, "ABCD")
    with another_cleaning(site):
        assert cleaning.clean(site, NOW) == "正在清理"
        assert uncleaned(site) == {"ABCD": None}
    cleaned(site)
    assert not uncleaned(site)


@contextmanager
def another_cleaning(site: Site) -> Iterator[None]:
    if site.database.is_sqlite:
        with Path(f"{site.settings.database_url.database}-scrub").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        return
    with site.database.engine.connect() as connection:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": scrubbing._LOCK})
        yield


def mark(site: Site, prefix: str) -> None:
    with site.database.writing() as session:
        cleaning.mark(session, prefix)
        session.commit()


def test_what_takes_long_waits_until_nobody_votes(app: Flask, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """And comes by itself when the last poll is closed. A poll whose time is up is over."""
    monkeypatch.setattr(scrubbing, "AT_ONCE", 0)
    monkeypatch.setattr(scrubbing, "OLDER_SECONDS", 60)
    world = voted(site, 3)
    other = build_poll(site, unit_id=world.unit_id, count=1, team="另一班子", present=1)
    close_and_seal(site, world.poll_id)
    (why,) = uncleaned(site).values()
    assert "没有测评会在投票时再清理" in (why or "")
    desk = client_of(app, build_accounts(site)[0][Role.ORGANIZER])
    assert "没有测评会在投票时再清理" in desk.page(f"/polls/{world.poll_id}").text
    desk.submit(f"/polls/{other.poll_id}", f"/polls/{other.poll_id}/close", sure="y")
    assert not uncleaned(site)
    assert "尚未清理" not in desk.page(f"/polls/{world.poll_id}").text


@pytest.mark.parametrize("ended", [False, True])
def test_a_poll_whose_time_is_up_takes_no_votes(lite_site: Site, ended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrubbing, "AT_ONCE", 0)
    build_poll(lite_site)
    if ended:
        run_sql(lite_site, "UPDATE polls SET closes_at = opened_at")
    mark(lite_site, "ABCD")
    assert (cleaning.clean(lite_site, NOW) is None) is ended


# Where it is told, and tried again


@pytest.fixture
def held(lite_site: Site) -> World:
    """A sealed poll, its cleaning held up once."""
    world = voted(lite_site, 6)
    with reading(lite_site):
        close_and_seal(lite_site, world.poll_id)
    return world


def test_the_desk_says_so_and_its_button_cleans(lite_app: Flask, lite_site: Site, held: World) -> None:
    desk = client_of(lite_app, build_accounts(lite_site)[0][Role.ORGANIZER])
    page = desk.page(f"/polls/{held.poll_id}")
    assert "尚未清理" in page.text
    assert "没能清理：有程序正在读数据库文件" in page.text
    assert "尚未清理" in desk.page("/polls").text
    with reading(lite_site):
        answer = desk.submit(f"/polls/{held.poll_id}", f"/polls/{held.poll_id}/scrub")
        assert "尚未清理：有程序正在读数据库文件" in desk.page(answer.location).text
    answer = desk.submit(f"/polls/{held.poll_id}", f"/polls/{held.poll_id}/scrub")
    page = desk.page(answer.location)
    assert "已清理，数据库的文件里没有投票时的密文了。" in page.text
    assert "尚未清理" not in page.text
    assert "尚未清理" not in desk.page("/polls").text


def test_of_a_wiped_rehearsal_the_list_says_so(lite_app: Flask, lite_site: Site) -> None:
    _, unit_id = build_unit(lite_site)
    draft = build_poll(lite_site, unit_id=unit_id, opened=False)
    with lite_site.database.writing() as session:
        double = rehearsals.rehearse(session, NOW, COMMAND_LINE, draft.poll_id)
        tickets.issue(session, NOW, COMMAND_LINE, double, "A", 2)
        polls.open_poll(session, NOW, COMMAND_LINE, double)
    desk = client_of(lite_app, build_accounts(lite_site)[0][Role.ORGANIZER])
    with reading(lite_site):
        answer = desk.submit(f"/polls/{double}", f"/polls/{double}/wipe", sure="y")
        assert "数据库的文件里尚未清理：有程序正在读数据库文件" in desk.page(answer.location).text
    assert "有 1 场测评会（其中清除了的演练 1 场）" in desk.page("/polls").text
    desk.submit("/polls", "/polls/scrub")
    assert "尚未清理" not in desk.page("/polls").text
    assert not uncleaned(lite_site)


def test_a_sealing_cleans_what_was_left_before(lite_site: Site, held: World) -> None:
    assert len(uncleaned(lite_site)) == 1
    other = build_poll(lite_site, unit_id=held.unit_id, count=1, team="另一班子")
    close_and_seal(lite_site, other.poll_id)
    assert not uncleaned(lite_site)


def test_the_command_cleans_and_says_why_not(lite_app: Flask, lite_site: Site, held: World) -> None:
    runner = lite_app.test_cli_runner()
    assert '"uncleaned": true' in runner.invoke(args=["poll", "list", "--json"]).output
    with reading(lite_site):
        refused = runner.invoke(args=["poll", "scrub"])
    assert (refused.exit_code, "尚未清理：有程序正在读数据库文件" in refused.stderr) == (1, True)
    for _ in range(2):  # also where nothing is known to be left
        assert runner.invoke(args=["poll", "scrub"]).exit_code == 0
    assert '"uncleaned": false' in runner.invoke(args=["poll", "list", "--json"]).output


def test_a_worker_cleans_after_its_start(lite_site: Site, held: World, tmp_path: Path) -> None:
    folder = tmp_path / "server"
    folder.mkdir()
    with running(lite_site.settings.database_url, folder):
        end = time.monotonic() + 20
        while uncleaned(lite_site) and time.monotonic() < end:
            time.sleep(0.1)
        assert not uncleaned(lite_site)


def test_a_fault_of_the_cleaning_spoils_no_sealing(lite_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrubbing.sqlite3, "connect", no_room)
    world = voted(lite_site, 3)
    assert close_and_seal(lite_site, world.poll_id).startswith("sha256:")
    assert list(uncleaned(lite_site).values()) == ["数据库报告：database or disk is full"]


def no_room(*_: object, **__: object) -> None:
    error = scrubbing.sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = scrubbing.sqlite3.SQLITE_FULL
    raise error


def test_a_mark_made_meanwhile_is_kept_until_it_is_cleaned_too(
    lite_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark(lite_site, "ABCD")
    seen = []

    def scrubbed(*_: object, **__: object) -> None:
        seen.append(dict(uncleaned(lite_site)))
        if len(seen) == 1:
            mark(lite_site, "EFGH")

    monkeypatch.setattr(cleaning, "scrub", scrubbed)
    assert cleaning.clean(lite_site, NOW) is None
    assert seen == [{"ABCD": None}, {"EFGH": None}]


# The key


def test_a_key_is_forgotten_when_a_look_up_finds_the_poll_not_open(site: Site, tmp_path: Path) -> None:
    """In the worker that sealed at once; in another when it next looks."""
    world = voted(site, 2)
    late = build_poll(site, unit_id=world.unit_id, count=2, team="另一班子")
    other = Site.build(site.settings)
    try:
        prefix = codes.prefix_of(world.codes["A"][0])
        assert (prefix in site.open_polls.prefixes(), prefix in other.open_polls.prefixes()) == (True, False)
        cast(other, late.codes["A"][0], filled(sheet_of(site, late.poll_id)))
        assert list(other.open_polls.prefixes()) == [codes.prefix_of(late.codes["A"][0])]
        for poll in (world, late):
            close_and_seal(site, poll.poll_id)
        assert not site.open_polls.prefixes()
        with pytest.raises(PollClosed):
            cast(other, late.codes["A"][1], {})
        assert not other.open_polls.prefixes()
    finally:
        other.database.engine.dispose()


def test_a_paused_polls_key_is_forgotten_and_known_again(app: Flask, site: Site) -> None:
    world = build_poll(site, count=2)
    client, code = client_of(app), world.codes["A"][0]
    assert client.get(f"/b/{code}").status_code == 200
    assert site.open_polls.prefixes()
    with site.database.writing() as session:
        pause(session, NOW, COMMAND_LINE, world.poll_id, "停电")
    client.get(f"/screen/{code[:4]}/live")
    assert not site.open_polls.prefixes()
    with pytest.raises(PollPaused):
        cast(site, code, filled(sheet_of(site, world.poll_id)))
    assert not site.open_polls.prefixes()
    run_sql(site, "UPDATE polls SET state = 'open'")
    assert cast(site, code, filled(sheet_of(site, world.poll_id)))


def test_a_wiped_rehearsals_key_is_forgotten(lite_site: Site) -> None:
    world = voted(lite_site, 2, rehearsal=True)
    assert lite_site.open_polls.prefixes()
    rehearsals.wipe(lite_site, NOW, COMMAND_LINE, world.poll_id)
    assert not lite_site.open_polls.prefixes()


def test_marks_say_nothing_but_that_a_poll_is_over() -> None:
    """A poll is named, as on its board; no time, no number, nothing of a box."""
    assert [column.name for column in Leftover.__table__.columns] == ["prefix", "reason"]


# While others vote

MANY = 2_000


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    if request.param == "sqlite":
        with running(database_url_of(f"sqlite:///{tmp_path / 'test.db'}"), tmp_path) as found:
            yield found
        return
    with postgres_database(request.getfixturevalue("postgres_admin")) as url, running(url, tmp_path) as found:
        yield found


@pytest.mark.slow
def test_who_votes_elsewhere_waits_for_no_sealing_and_no_cleaning(server: Server) -> None:
    site = server.site
    world = build_poll(site, count=MANY, entitled=MANY, leaders=8)
    vote_at_once(site, world)
    other = build_poll(site, unit_id=world.unit_id, count=1_000, entitled=1_000, team="另一班子")
    close(site, world.poll_id)
    codes_left, over, took = iter(other.codes["A"]), threading.Event(), list[tuple[int, float]]()
    submitted = filled(sheet_of(site, other.poll_id))

    def phone(_: int) -> None:
        while not over.is_set() and (code := next(codes_left, None)) is not None:
            began = time.monotonic()
            answer = server.post(f"/b/{code}", submitted | {"nonce": receipts.new_nonce()})
            took.append((answer.status, time.monotonic() - began))
            time.sleep(0.05)

    with ThreadPoolExecutor(6) as phones:
        asked = phones.map(phone, range(6))
        try:
            seal(site, world.poll_id)
        finally:
            over.set()
        list(asked)
    assert len(took) >= 6
    assert {status for status, _ in took} == {200}
    assert max(seconds for _, seconds in took) < 2
    cleaned(site)


def vote_at_once(site: Site, world: World) -> None:
    """All of them, in one transaction."""
    answers = "A" * len(list(sheet_of(site, world.poll_id).fields()))
    with site.database.casting() as connection:
        found = casting.find(connection, NOW, site.open_polls, world.codes["A"][0])
        key = casting.open_poll_of(connection, site.open_polls, found).key
        for code in world.codes["A"]:
            receipt = receipts.receipt_of(found.prefix, receipts.new_nonce())
            assert casting.count(connection, key, found, codes.hash_code(code), answers, receipt)
        connection.commit()
