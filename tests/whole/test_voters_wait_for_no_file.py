"""While somebody's file is read or somebody's photograph drawn afresh, ballots are cast: SQLite has one writer."""

import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from surveys.acts.actors import Role
from surveys.acts.site import Site
from surveys.evidence import proceedings
from surveys.evidence.proceeding_records import ProceedingKind
from surveys.intake import tables
from tests.builders import build_poll, build_unit, cast, filled, sheet_of
from tests.evidence.test_proceedings import png
from tests.evidence.test_web_proceedings import filled_in
from tests.strict_client import StrictClient
from tests.whole.test_cli import run
from tests.worlds import build_accounts, client_of

SECONDS = 5
TEXT = "单位,类别,体系,姓名,职务\n样例厅,市直单位,municipal,张三,厅长\n".encode()
TABLES = {
    "rosters.upload": "/assessments/{}/roster",
    "mark_imports.upload": "/assessments/{}/marks",
    "framework_imports.upload": "/assessments/{}/frameworks/municipal/import",
    "account_batches.upload": "/assessments/{}/accounts/import",
    "poll_imports.upload": "/assessments/{}/polls/import",
}
OTHERS = {"materials.upload", "materials.add_piece", "own_unit.object_to", "own_unit.add_file", "proceedings.add"}


@pytest.fixture
def meanwhile(lite_site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """Of each reading of a file: whether a ballot was cast before it went on."""
    _, unit_id = build_unit(lite_site)
    world = build_poll(lite_site, unit_id=unit_id)
    code, ballot = world.codes["A"][0], filled(sheet_of(lite_site, world.poll_id), "A")
    counted: list[bool] = []
    voters: list[threading.Thread] = []

    def reading(read: Callable[..., Any]) -> Callable[..., Any]:
        def slow(*arguments: Any) -> Any:
            voter = threading.Thread(target=cast, args=(lite_site, code, ballot))
            voters.append(voter)
            voter.start()
            voter.join(SECONDS)
            counted.append(not voter.is_alive())
            return read(*arguments)

        return slow

    monkeypatch.setattr(tables, "_check", reading(tables._check))
    monkeypatch.setattr(proceedings, "clean_photo", reading(proceedings.clean_photo))
    yield counted
    for voter in voters:
        voter.join()


@pytest.fixture
def admin(lite_app: Flask, lite_site: Site, meanwhile: list[bool]) -> StrictClient:
    ids, _ = build_accounts(lite_site)
    return client_of(lite_app, ids[Role.ADMIN])


def test_every_page_that_takes_a_file_is_known_here(lite_app: Flask) -> None:
    taking = {endpoint for endpoint, view in lite_app.view_functions.items() if hasattr(view, "most_bytes")}
    assert taking == set(TABLES) | OTHERS


@pytest.mark.parametrize("endpoint", list(TABLES))
def test_a_ballot_is_cast_while_tables_are_read(
    lite_app: Flask, lite_site: Site, meanwhile: list[bool], endpoint: str
) -> None:
    ids, _ = build_accounts(lite_site)
    client = client_of(lite_app, ids[Role.SYSTEM if endpoint.startswith("account") else Role.ADMIN])
    client.submit(TABLES[endpoint].format(1), file=(io.BytesIO(TEXT), "名单.csv"))
    assert meanwhile == [True]


def test_a_ballot_is_cast_while_a_photograph_is_drawn(
    lite_site: Site, admin: StrictClient, meanwhile: list[bool]
) -> None:
    fields = filled_in(ProceedingKind.INSPECTION, photo=(io.BytesIO(png()), "a.png"))
    assert admin.submit("/units/1/proceedings/new/inspection", **fields).status_code == 302
    assert meanwhile == [True]


@pytest.mark.parametrize(
    "command", [("import-roster", 1), ("edit-framework", 1, "municipal")], ids=lambda words: words[0]
)
def test_a_ballot_is_cast_while_a_command_reads_tables(
    lite_app: Flask, meanwhile: list[bool], tmp_path: Path, command: tuple[object, ...]
) -> None:
    file = tmp_path / "名单.csv"
    file.write_bytes(TEXT)
    run(lite_app, "assessment", *command, file)
    assert meanwhile == [True]
