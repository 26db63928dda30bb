"""The tally sheet as a file: the same bytes from the site and from a bundle, and where the pages offer it."""

from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from surveys.acts.actors import Role
from surveys.acts.errors import Imbalance
from surveys.acts.site import Site
from surveys.settings import database_url_of
from surveys.vote import bundle_writing, polls, tally_sheets
from surveys.vote.polls import ClassEntry
from tests.builders import build_poll, cast_each, close_and_seal, run_sql, sealed_head
from tests.sites import settings_for
from tests.worlds import Shown, build_accounts, client_of


def sealed(site: Site) -> int:
    classes = (ClassEntry("A", "甲", Decimal(30)), ClassEntry("B", "乙", Decimal("69.5")))
    world = build_poll(site, count=12, classes=classes, entitled=24, present=20, rehearsal=True)
    cast_each(site, world, {"A": ["ABCD-" * 4 + "AAA"] * 6, "B": ["BDA" * 7 + "-D"] * 3})
    close_and_seal(site, world.poll_id)
    return world.poll_id


def run(app: Flask, *arguments: object) -> tuple[int, str, str]:
    with app.app_context():
        result = app.test_cli_runner().invoke(args=[str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def test_a_bundle_gives_the_same_bytes_without_the_database(app: Flask, site: Site, tmp_path: Path) -> None:
    """With the head of the log that the paper bears, which is no part of the record."""
    poll_id = sealed(site)
    bundle = tmp_path / "选票包.zip"
    assert run(app, "poll", "bundle", poll_id, "--out", bundle)[0] == 0
    nowhere = create_app(settings_for(database_url_of(f"sqlite:///{tmp_path}/no/such/folder/none.db"), tmp_path))
    for extension in ("pdf", "XLSX"):
        here, there = tmp_path / f"here.{extension}", tmp_path / f"there.{extension}"
        assert run(app, "poll", "tally-sheet", poll_id, "--out", here) == (0, "", "")
        head = sealed_head(site, poll_id)
        assert run(nowhere, "bundle", "tally-sheet", bundle, "--log-head", head, "--out", there) == (0, "", "")
        assert here.read_bytes() == there.read_bytes()
        assert len(here.read_bytes()) > 5000
    assert not (tmp_path / "no").exists()


def test_another_kind_of_file_is_refused_in_words(lite_app: Flask, lite_site: Site, tmp_path: Path) -> None:
    poll_id = sealed(lite_site)
    bundle = tmp_path / "bundle.zip"
    run(lite_app, "poll", "bundle", poll_id, "--out", bundle)
    for arguments in (["poll", "tally-sheet", poll_id], ["bundle", "tally-sheet", bundle]):
        code, out, error = run(lite_app, *arguments, "--out", tmp_path / "sheet.docx")
        assert (code, out) == (1, "")
        assert ".pdf 或 .xlsx" in error
    assert not (tmp_path / "sheet.docx").exists()


def test_a_poll_that_was_changed_has_no_tally_sheet(site: Site) -> None:
    poll_id = sealed(site)
    run_sql(site, "UPDATE polls SET entitled = 25")
    with site.database.reading() as session, pytest.raises(Imbalance):
        tally_sheets.write_tally_sheet(session, polls.poll_of(session, poll_id), "pdf")


# Pages.


@pytest.mark.parametrize(("extension", "magic"), [("pdf", b"%PDF-"), ("xlsx", b"PK\x03\x04")])
def test_the_sheet_can_be_downloaded(shown: Shown, extension: str, magic: bytes) -> None:
    poll_id = shown.world.sealed.poll_id
    client = shown.client(Role.SCRUTINEER)
    address = f"/polls/{poll_id}/tally-sheet.{extension}"
    links = client.page(f"/polls/{poll_id}/tally").links()
    assert address in links
    response = client.get(address)
    assert response.data.startswith(magic)
    assert response.mimetype == tally_sheets.MEDIA_TYPES[extension]
    assert response.headers["Content-Disposition"].startswith("attachment")
    with shown.site.database.reading() as session:
        poll = polls.poll_of(session, poll_id)
        assert response.data == tally_sheets.write_tally_sheet(session, poll, extension)
        assert bundle_writing.write_bundle(session, poll)


def test_other_kinds_are_not_there(shown: Shown) -> None:
    shown.client(Role.ADMIN).page(f"/polls/{shown.world.sealed.poll_id}/tally-sheet.docx", 404)


def test_the_sheets_come_first_on_the_tally_page(shown: Shown) -> None:
    html = shown.client(Role.ORGANIZER).page(f"/polls/{shown.world.sealed.poll_id}/tally").html
    places = [html.index(words) for words in ("下载统计单 PDF", "下载统计单 Excel", "应到", "charts/0.svg")]
    assert all(one < other for one, other in pairwise(places))


def test_the_tab_of_results_is_there_exactly_when_they_may_be_seen(shown: Shown) -> None:
    client = shown.client(Role.ORGANIZER)
    for state, world in shown.world.polls.items():
        for path in ("", "/tickets"):
            links = client.page(f"/polls/{world.poll_id}{path}").links()
            assert (f"/polls/{world.poll_id}/tally" in links) is (state.value == "sealed")


def test_the_page_flags_what_the_sheet_flags(lite_app: Flask, lite_site: Site) -> None:
    world = build_poll(lite_site, count=6, leaders=0)
    cast_each(lite_site, world, {"A": ["D" + "A" * 8] * 3 + ["A" * 9] * 3})
    close_and_seal(lite_site, world.poll_id)
    ids, _ = build_accounts(lite_site)
    text = client_of(lite_app, ids[Role.ORGANIZER]).page(f"/polls/{world.poll_id}/tally").text
    assert "▲ 差率（差÷有效）超过 1/3：领导班子第 1 项。" in text
    assert "▲3" in text
