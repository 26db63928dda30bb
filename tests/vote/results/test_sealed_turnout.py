"""What is sealed of the turnout, and told: issued by purpose, the reserve, who counted those present."""

import pytest
from flask import Flask

from surveys.acts import audit_chain
from surveys.acts.actors import COMMAND_LINE, Role
from surveys.acts.errors import Imbalance
from surveys.acts.site import Site
from surveys.polling.states import Purpose
from surveys.vote import polls, public_board, tallies, tally_sheets
from surveys.vote.bundle_reading import read_bundle
from surveys.vote.bundle_writing import write_bundle
from surveys.vote.ticketing import tickets
from tests.builders import build_poll, build_unit, cast_each, close_and_seal, run_sql, sealed_poll
from tests.sites import NOW
from tests.stored import opened_before
from tests.worlds import build_accounts, client_of


def test_issued_by_purpose_reserve_and_who_counted_are_told_also_from_the_bundle(site: Site) -> None:
    world = build_poll(site, count=6, entitled=9, reserve=1, present=6)
    with site.database.writing() as session:
        for purpose, count in ((Purpose.LINKS, 2), (Purpose.PAPER, 1)):
            tickets.issue(session, NOW, COMMAND_LINE, world.poll_id, "A", count, purpose)
    cast_each(site, world, {"A": ["A"] * 6})
    close_and_seal(site, world.poll_id, paper_left=1)
    told = (
        "发出：纸条 6，链接 2，纸质票 1。应到加预留 10，发出的票（不算作废）不能更多。"
        "实到是命令行登记的，没有两人核对。"
    )
    with site.database.reading() as session:
        poll = polls.poll_of(session, world.poll_id)
        tally = tallies.tally(session, poll)
        record = read_bundle(write_bundle(session, poll))
        pdf, xlsx = (tally_sheets.write_tally_sheet(session, poll, kind) for kind in ("pdf", "xlsx"))
        head = audit_chain.head_after(session, "poll.seal", poll.prefix)
        board = public_board.board(session, poll.prefix)
    assert tally_sheets.issuing(tally) == told
    assert [(each.name, each.count) for each in tally_sheets.figures(tally)][:2] == [("应到", 9), ("预留", 1)]
    for kind, made in (("pdf", pdf), ("xlsx", xlsx)):
        assert tally_sheets.tally_sheet_of(record, kind, head) == made
    assert board.figures is not None
    assert (board.figures.issued_for, board.figures.reserve) == ("纸条 6，链接 2，纸质票 1", 1)
    assert board.figures.by_command


def test_a_purpose_that_is_altered_after_sealing_is_found(site: Site) -> None:
    world = build_poll(site, count=6)
    close_and_seal(site, world.poll_id)
    run_sql(site, "UPDATE batches SET purpose = 'door'")
    with site.database.reading() as session, pytest.raises(Imbalance, match="封存后数据有改动"):
        tallies.tally(session, polls.poll_of(session, world.poll_id))


def test_a_seal_from_before_is_over_what_there_was(site: Site) -> None:
    world = build_poll(site, count=6, present=6)
    close_and_seal(site, world.poll_id)
    opened_before(site, world.poll_id)
    with site.database.reading() as session:
        poll = polls.poll_of(session, world.poll_id)
        record = read_bundle(write_bundle(session, poll))
        tally = tallies.tally(session, poll)
    assert (record.issued_for, record.present_by) == (None, None)
    assert tally_sheets.issuing(tally) is None
    assert "预留" not in [each.name for each in tally_sheets.figures(tally)]


def test_the_life_page_and_the_board_show_it_of_every_sealed_poll(app: Flask, site: Site) -> None:
    assessment_id, unit_id = build_unit(site)
    first, second = (sealed_poll(site, unit_id, team=team, present=10, reserve=3) for team in ("甲", "乙"))
    build_poll(site, unit_id=unit_id, team="丙", reserve=7)
    ids, _ = build_accounts(site)
    page = client_of(app, ids[Role.ADMIN]).page(f"/assessments/{assessment_id}/life").text
    with site.database.reading() as session:
        prefixes = [polls.poll_of(session, each.poll_id).prefix for each in (first, second)]
    assert "封存的测评会：应到、实到和发出（2 场）" in page
    assert all(prefix in page for prefix in prefixes)
    assert page.count("实到由命令行登记") == 2
    board = client_of(app).page(f"/board/{prefixes[0]}").text
    for words in ("应到 10 人；实到 10 人（命令行登记）", "预留 3 张", "发出：纸条 10"):
        assert words in board
