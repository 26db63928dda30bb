"""What was frozen or signed stays what it is in whatever order a database reads its rows: seasons that an earlier
program certified, on both systems, after they were reorganized, and copied from one to the other."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import Imbalance
from surveys.acts.site import Site
from surveys.evidence import checklists, proceeding_boards
from surveys.marking import completion, ledger_reading, mark_workbooks, results, score_sheets
from surveys.outcome import (
    hindrances,
    letter,
    life,
    printed_source,
    report,
    rule_changes,
    version_differences,
    versions,
)
from surveys.polling.seal import canonical_json
from surveys.polling.seal import seal as seal_of
from surveys.polling.states import PollState
from surveys.scoring.assessment_states import AssessmentState
from surveys.season import applicability, applicability_workbook, assessments, rosters
from surveys.storage.tables import Account, Mark, Poll, UnitTag
from surveys.vote import bundle_writing, poll_record, polls, tallies, tally_sheets
from surveys.vote.polls import ClassEntry
from tests import stored
from tests.builders import build_poll, close_and_seal, fill_marks
from tests.seasons import build_season, unit_in
from tests.servers import ROOT
from tests.sites import NOW, lite_site_in, postgres_database, settings_for
from tests.stored import copy, load

pytestmark = pytest.mark.both

CERTIFIED, APPEAL = "certified-0006", "appeal-0006"
BEFORE_TWO = "certified-0008"
"""By the last program that asked one person: a team with two sealed polls, more returned than present, and than
entitled, and a mark that an admin gave in a department's place."""
LATER = NOW + timedelta(days=3650)
BY_PINYIN = " TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'zh' LOCALE 'C.UTF-8'"
TAGS = ("宣传", "教育")
"""By code point. By sound, jiao comes before xuan."""

RECOUNT = ROOT / "scripts" / "recount"


@contextmanager
def on_postgres(admin: Engine, clause: str, folder: Path, source: Site) -> Iterator[Site]:
    """A copy of a site on PostgreSQL."""
    with postgres_database(admin, clause) as url:
        site = Site.build(settings_for(url, folder))
        if not site.is_current():
            site.migrate()
        copy(source, site)
        yield site
        site.database.engine.dispose()


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "by pinyin", "there and back"])
def places(request: pytest.FixtureRequest, sqlite_template: Path, tmp_path_factory: Any) -> Iterator[dict[str, Site]]:
    """The stored seasons by name: as they lie, copied to PostgreSQL, to one that sorts Chinese by sound, and back."""
    folder = tmp_path_factory.mktemp("stored")
    lite = {name: load(name, folder) for name in (CERTIFIED, APPEAL, BEFORE_TWO)}
    if request.param == "sqlite":
        yield lite
        return
    admin: Engine = request.getfixturevalue("postgres_admin")
    clause = f' TEMPLATE "{request.getfixturevalue("postgres_template")}"'
    if request.param == "by pinyin":
        clause = BY_PINYIN
    with ExitStack() as opened:
        found = {name: opened.enter_context(on_postgres(admin, clause, folder, site)) for name, site in lite.items()}
        if request.param != "there and back":
            yield found
            return
        for name, site in found.items():
            path = folder / f"back-{name}.db"
            shutil.copy(sqlite_template, path)
            back = Site.build(settings_for(lite[name].settings.database_url.set(database=str(path)), folder))
            copy(site, back)
            found[name] = back
        yield found


@pytest.fixture
def certified(places: dict[str, Site]) -> Site:
    return places[CERTIFIED]


@pytest.fixture
def appeal(places: dict[str, Site]) -> Site:
    return places[APPEAL]


@contextmanager
def undone(site: Site) -> Iterator[Session]:
    """A session of which nothing stays, whatever is committed in it."""
    with site.database.engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint") as session:
            yield session
        outer.rollback()


def says(now: Any, then: Any) -> bool:
    """Whether all that was said then is said now; more may be."""
    if isinstance(then, dict):
        return isinstance(now, dict) and all(
            key in now and (set(value) <= set(now[key]) if key == "warnings" else says(now[key], value))
            for key, value in then.items()
        )
    if isinstance(then, list):
        return isinstance(now, list) and len(now) == len(then) and all(map(says, now, then))
    return bool(now == then)


def sealed_polls(session: Session) -> list[Poll]:
    query = sa.select(Poll).where(Poll.state == PollState.SEALED, ~Poll.rehearsal).order_by(Poll.id)
    return [poll for poll in session.scalars(query) if tallies.is_visible(poll)]


def admins(session: Session) -> list[Actor]:
    found = session.scalars(sa.select(Account).where(Account.role == Role.ADMIN).order_by(Account.id))
    return [Actor(account.id, account.name, Role.ADMIN) for account in found]


def check(site: Site, name: str = CERTIFIED) -> None:
    """The stored season says what it said when it was made, and may be archived."""
    then = stored.said(name)
    with undone(site) as session:
        lines = versions.verify(session, 1)
        assert [[line.number, line.kind.value, line.digest] for line in lines] == then["versions"]
        assert says(results.to_json(results.results(session, 1)), then["results"])
        told = {str(poll.id): tallies.to_json(tallies.tally(session, poll)) for poll in sealed_polls(session)}
        assert says(told, then["tallies"])
        assert len(told) == len(then["tallies"])
        if name == CERTIFIED:
            life.archive(session, LATER, COMMAND_LINE, 1)
            assert assessments.assessment_of(session, 1).state == AssessmentState.ARCHIVED


def test_a_season_certified_by_an_earlier_program_says_the_same(certified: Site):
    check(certified)


def test_what_one_person_did_before_two_were_asked_counts_as_it_did(places: dict[str, Site]):
    site = places[BEFORE_TWO]
    check(site, BEFORE_TWO)
    with undone(site) as session:
        first, second = sealed_polls(session)[:2]
        assert (first.unit_id, first.team) == (second.unit_id, second.team)
        assert tallies.tally(session, second).doubt is None
        sheet = score_sheets.unit_sheet(session, first.unit_id)
        assert [vote.poll.id for vote in sheet.teams.votes] == [second.id], "the newest, without anybody asked"
        assert (sheet.teams.conflicts, sheet.teams.faults) == ((), ())
        (marked,) = (line for line in sheet.lines if line.row.standard.key == "III-4")
        assert [str(mark.points) for mark in marked.marks.values()] == ["1.5"]
        for poll in sealed_polls(session):
            assert poll_record.verified(session, poll)


@pytest.mark.parametrize("name", [CERTIFIED, BEFORE_TWO])
def test_its_bundles_are_recounted(places: dict[str, Site], name: str, tmp_path: Path):
    with places[name].database.reading() as session:
        for poll in sealed_polls(session):
            path = tmp_path / f"{poll.id}.zip"
            path.write_bytes(bundle_writing.write_bundle(session, poll))
            told = subprocess.run([sys.executable, str(RECOUNT), str(path)], capture_output=True, text=True)
            assert told.stdout == f"一致 {poll.seal}\n", told.stdout


def test_a_first_hand_under_an_earlier_programs_certificate_counts(appeal: Site):
    check(appeal, APPEAL)
    with undone(appeal) as session:
        first, second = admins(session)
        outlook = hindrances.outlook(session, LATER, assessments.assessment_of(session, 1))
        assert outlook.certificate == stored.said(APPEAL)["certificate"]
        assert outlook.hands == (first.name,)
        assert life.certify(session, LATER, second, 1, outlook.certificate)
        assert versions.verify(session, 1)[-1].digest == outlook.certificate
        life.archive(session, LATER, COMMAND_LINE, 1)


def test_a_change_after_the_certificate_is_still_found(certified: Site):
    changes: list[Callable[[Mark], None]] = [
        lambda mark: setattr(mark, "points", mark.points / 2),
        lambda mark: setattr(mark, "remark", "改过"),
        lambda mark: setattr(mark, "department", "别的部门"),
    ]
    for change in changes:
        with undone(certified) as session:
            joint = session.scalars(sa.select(Mark).where(Mark.row_key == "III-2").order_by(Mark.id)).first()
            assert joint is not None
            change(joint)
            session.flush()
            with pytest.raises(Imbalance, match="核定之后"):
                versions.verify(session, 1)


# Reorganized.


def test_sqlite_that_knows_its_tables_better_reads_the_same(tmp_path: Path):
    for name in (CERTIFIED, APPEAL):
        site = load(name, tmp_path)
        with site.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
        site.database.engine.dispose()
        check(site, name)


SWITCHES = ("seqscan", "indexscan", "bitmapscan", "hashjoin", "mergejoin", "nestloop", "sort", "hashagg", "material")
TURNED = [
    *((name,) for name in SWITCHES),
    ("seqscan", "bitmapscan"),
    ("seqscan", "indexscan"),
    ("hashjoin", "mergejoin"),
]


@pytest.fixture(scope="module")
def reorganized(
    postgres_admin: Engine, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("reorganized")
    with on_postgres(postgres_admin, f' TEMPLATE "{postgres_template}"', folder, load(CERTIFIED, folder)) as site:
        yield site


@pytest.mark.parametrize("turned", TURNED, ids="+".join)
def test_postgresql_reads_the_same_by_another_plan(reorganized: Site, turned: tuple[str, ...]):
    options = " ".join(f"-c enable_{name}=off" for name in turned)
    url = reorganized.settings.database_url.update_query_dict({"options": options})
    site = Site.build(settings_for(url, reorganized.settings.data_dir))
    try:
        with site.database.reading() as session:
            assert session.scalar(sa.text(f"SHOW enable_{turned[0]}")) == "off"
        check(site)
    finally:
        site.database.engine.dispose()


def test_postgresql_reads_the_same_once_its_rows_lie_elsewhere(reorganized: Site):
    with reorganized.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for order in ("made_at, points DESC", "department DESC, row_key", "id DESC"):
            connection.exec_driver_sql(f"CREATE INDEX other_order ON marks ({order})")
            connection.exec_driver_sql("CLUSTER marks USING other_order")
            connection.exec_driver_sql("DROP INDEX other_order")
            check(reorganized)


# Whatever a statement leaves open comes in any order.


def shaken(site: Site) -> Site:
    """The same SQLite file, on which rows come in a random order as far as the statement leaves their order open."""
    other = Site.build(site.settings)

    def shake(_connection: Any, statement: Any, *parameters: Any) -> Any:
        if isinstance(statement, sa.Select) and not statement._distinct:
            statement = statement.order_by(sa.func.random())
        return statement, *parameters[:2]

    sa.event.listen(other.database.engine, "before_execute", shake, retval=True)
    return other


def everything(site: Site) -> dict[str, Any]:
    """What is frozen, signed, digested or handed out as a file, by name."""
    zone = site.settings.time_zone
    found: dict[str, Any] = {}
    with site.database.reading() as session:
        admin = admins(session)[0]
        assessment = assessments.assessment_of(session, 1)
        found["body"] = canonical_json(versions.live_body(session, 1))
        found["certificate"] = life.certificate_digest(session, assessment)
        found["matrix"] = applicability.matrix(session, 1).fingerprint
        found["matrix file"] = applicability_workbook.matrix_workbook(applicability.matrix(session, 1))
        found["results"] = json.dumps(results.to_json(results.results(session, 1)))
        frozen = [versions.version(session, 1, line.number) for line in versions.listing(session, 1)]
        found["versions"] = [versions.to_csv(each.record) for each in frozen]
        live = versions.live_body(session, 1)
        found["changes"] = json.dumps(version_differences.report(session, 1, frozen[0].body, live).to_json())
        printed = printed_source.present_record(session, 1)
        found["letters"] = [repr(letter.letter(printed, unit, zone)) for unit in printed.record.units]
        found["report"] = repr(report.report(printed, zone))
        for poll in sealed_polls(session):
            found[f"poll {poll.id}"] = (
                json.dumps(tallies.to_json(tallies.tally(session, poll))),
                bundle_writing.write_bundle(session, poll),
                tally_sheets.write_tally_sheet(session, poll, "xlsx"),
            )
        found["marks"] = mark_workbooks.export_workbook(session, admin, 1)
        found["ledger"] = ledger_reading.ledger_csv(ledger_reading.assessment_lines(session, 1, zone))
        found["roster"] = rosters.export_roster(session, admin, 1)
        found["completion"] = completion.table(completion.board(session, admin, 1))
        found["proceedings"] = proceeding_boards.to_csv(proceeding_boards.board(session, admin, 1))
        found["checklists"] = [
            [repr(checklists.totals([row])) for row in each.rows]
            for each in checklists.assessment_checklists(session, assessment)
        ]
        rules = results.results(session, 1).rules
        found["effect"] = rule_changes.effect_of(session, 1, None, rules).fingerprint
        found["polls"] = [poll.id for poll in polls.list_polls(session)]
    return found


def test_nothing_that_is_kept_or_handed_out_hangs_on_an_order_nobody_asked_for(tmp_path: Path):
    site = load(APPEAL, tmp_path)
    straight = everything(site)
    for _ in range(2):
        other = everything(shaken(site))
        assert [key for key, value in straight.items() if other[key] != value] == []


def test_a_certificate_holds_where_tags_are_sorted_by_their_sound(
    postgres_admin: Engine, sqlite_template: Path, tmp_path: Path
):
    with lite_site_in(tmp_path, sqlite_template) as app:
        season = build_season(app.extensions["site"])
        with season.site.database.writing() as session:
            session.add_all(UnitTag(unit_id=season.second, tag=tag) for tag in TAGS)
            session.commit()
        fill_marks(season.site, season.second)
        season.certified()
        approved = applicability_of(season.site)
        with on_postgres(postgres_admin, BY_PINYIN, tmp_path, season.site) as copied:
            assert applicability_of(copied) == approved
            with copied.database.reading() as session:
                assert [tag.tag for tag in assessments.unit_of(session, season.second).tags] == [*reversed(TAGS)]
                certified = versions.verify(session, season.assessment_id)[-1]
                body = versions.version(session, season.assessment_id, certified.number).body
                there = unit_in(body, season.second)
                assert there["tags"] == [*TAGS]
                there["tags"] = [*reversed(TAGS)]  # as a program before this one froze them there
                assert versions.same_scores(body, versions.live_body(session, season.assessment_id))
                there["tags"] = [TAGS[0]]
                assert not versions.same_scores(body, versions.live_body(session, season.assessment_id))


def applicability_of(site: Site) -> str:
    with site.database.reading() as session:
        return applicability.matrix(session, 1).fingerprint


def test_a_seal_holds_whichever_class_the_database_puts_first(
    postgres_admin: Engine, sqlite_template: Path, tmp_path: Path
):
    """B before a, or a before B: seals were made over both."""
    classes = [ClassEntry(key, key, Decimal(1)) for key in ("B", "a", "C1")]
    with lite_site_in(tmp_path, sqlite_template) as app:
        site: Site = app.extensions["site"]
        world = build_poll(site, classes=classes, count=2)
        seal = close_and_seal(site, world.poll_id)
        with on_postgres(postgres_admin, BY_PINYIN, tmp_path, site) as copied, copied.database.writing() as session:
            poll = polls.poll_of(session, world.poll_id)
            assert [each.key for each in poll.classes] == ["a", "B", "C1"]
            record = poll_record.verified(session, poll)
            assert [entry.key for entry in record.classes] == ["B", "C1", "a"]
            assert poll.seal == seal
            by_letter = replace(record, classes=sorted(record.classes, key=lambda entry: entry.key.lower()))
            poll.seal = seal_of(by_letter)
            assert poll.seal != seal
            assert [entry.key for entry in poll_record.verified(session, poll).classes] == ["a", "B", "C1"]
            poll.entitled += 1
            with pytest.raises(Imbalance, match="封存后数据有改动"):
                poll_record.verified(session, poll)
