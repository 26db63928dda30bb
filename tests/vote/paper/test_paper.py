"""Printing paper ballots: a ticket behind each, no code anywhere, nothing issued where nothing can be printed."""

from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.errors import BadInput, NotFound, WrongState
from surveys.acts.site import Site
from surveys.polling.states import PollState, Purpose
from surveys.storage.tables import Batch
from surveys.vote import polls
from surveys.vote.paper_ballots import paper_printing
from surveys.vote.papers import paper_ballots_pdf
from surveys.vote.papers.paper_ballots import PaperTextTooLong
from tests.builders import box_counts, build_poll, build_unit, close, close_and_seal, dump, run_sql
from tests.papers import log_of
from tests.sites import NOW
from tests.tools import require_tool
from tests.vote.paper.test_reporting_paper_ballots import pages
from tests.whole.test_cli import done, refused


def printed(site: Site, poll_id: int, count: int = 3, class_key: str = "A") -> bytes:
    return paper_printing.printed(site, NOW, COMMAND_LINE, poll_id, class_key, count, two_sided=False)


def test_each_paper_ballot_has_a_ticket_of_a_paper_batch(site):
    world = build_poll(site, count=4)
    assert printed(site, world.poll_id).startswith(b"%PDF-")
    assert box_counts(site, world.poll_id) == {"unused": 7}
    with site.database.reading() as session:
        batches = session.execute(sa.select(Batch.purpose, Batch.class_key).order_by(Batch.number)).all()
    assert batches == [(Purpose.SLIPS, "A"), (Purpose.PAPER, "A")]
    assert log_of(site, "ticket.issue")[-1] == ("命令行", "A 票 3 张，第 2 批（纸质票）")


def test_the_paper_says_what_the_poll_is_and_no_code(site, tmp_path: Path):
    require_tool("pdftotext", "poppler-utils")
    world = build_poll(site, count=0, rehearsal=True)
    run_sql(site, "UPDATE polls SET held_on = :day, place = '三楼会议室'", day=str(date(2026, 3, 2)))
    path = tmp_path / "paper.pdf"
    path.write_bytes(printed(site, world.poll_id, 1))
    cover, *found = pages(path)
    with site.database.reading() as session:
        prefix = polls.poll_of(session, world.poll_id).prefix
    for page in (cover, *found):
        for words in ("样例局", "年度民主测评", "时间：2026年3月2日地点：三楼会议室", "演练", "A票参评人"):
            assert words in page
        assert prefix not in page
    assert "样例1职务1" in found[1]


@pytest.mark.parametrize("count", [0, -1, 501])
def test_a_wrong_count_issues_nothing(site, count: int):
    world = build_poll(site, count=0)
    with pytest.raises(BadInput, match="1 至 500"):
        printed(site, world.poll_id, count)
    assert box_counts(site, world.poll_id) == {}


def test_what_cannot_be_printed_issues_nothing(site, monkeypatch):
    _, empty = build_unit(site, "空单位", leaders=0)
    nobody = build_poll(site, count=0, unit_id=empty, opened=False, leaders=0)
    run_sql(site, "UPDATE polls SET questionnaires = :only", only='{"organization": "", "leader": "leader"}')
    with pytest.raises(BadInput, match="没有可测评的内容"):
        printed(site, nobody.poll_id)
    world = build_poll(site, count=0, leaders=1, opened=False)
    with pytest.raises(NotFound):
        printed(site, world.poll_id, class_key="Z")

    def too_long(_ballots):
        raise PaperTextTooLong

    monkeypatch.setattr(paper_ballots_pdf, "paper_ballots_pdf", too_long)
    with pytest.raises(BadInput, match="印不下"):
        printed(site, world.poll_id)
    assert box_counts(site, world.poll_id) == {}


@pytest.mark.parametrize("state", [PollState.CLOSED, PollState.SEALED])
def test_nothing_is_printed_when_voting_is_over(site, state: PollState):
    world = build_poll(site, count=1)
    (close if state is PollState.CLOSED else close_and_seal)(site, world.poll_id)
    before = dump(site.database)
    with pytest.raises(WrongState, match="不能再发票"):
        printed(site, world.poll_id)
    assert dump(site.database) == before


def test_from_the_terminal(lite_app: Flask, lite_site: Site, tmp_path: Path) -> None:
    world = build_poll(lite_site, count=0)
    out = tmp_path / "paper.pdf"
    assert done(lite_app, "poll", "paper", world.poll_id, "--class", "A", "--count", 4, "--out", out) == ""
    assert out.read_bytes().startswith(b"%PDF-")
    assert out.stat().st_mode & 0o777 == 0o600
    assert box_counts(lite_site, world.poll_id) == {"unused": 4}
    other = tmp_path / "other.pdf"
    assert "1 至 500" in refused(lite_app, "poll", "paper", world.poll_id, "--count", 0, "--out", other)
    assert not other.exists()
