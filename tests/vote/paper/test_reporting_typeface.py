"""Everyday lines are set from the small cut of the typeface, others from the whole one; nobody sees a difference."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from surveys.office.papers.password_strips import Strip, StripFormat, strips_file
from surveys.polling.sheet import Leader
from surveys.reporting.document_pdf import documents_pdf
from surveys.reporting.documents import Document, Paragraph
from surveys.reporting.fonts import EVERYDAY_FONT_FILE, FONT_FILE, font_file_for
from surveys.reporting.stepwise import finished
from surveys.vote.papers.cards import card_pdf
from surveys.vote.papers.paper_ballots_pdf import paper_ballots_pdf
from surveys.vote.papers.slips import slips_pdf
from tests.tools import require_tool
from tests.vote.paper.test_reporting_cards import CARD
from tests.vote.paper.test_reporting_paper_ballots import ballots, drawn
from tests.vote.paper.test_reporting_slips import a_sheet

RARE = "䶮㛃𬭎𠅤龑"
EVERYDAY, WHOLE = b"+NotoSansSC-Everyday", b"+NotoSansSC-Regular"


def ballots_of(name: str) -> bytes:
    made = ballots(2, count=2)
    leaders = (*made.sheet.leaders, Leader(name, "局长"))
    return paper_ballots_pdf(replace(made, sheet=replace(made.sheet, leaders=leaders)))


def letter_to(name: str) -> Document:
    return Document("反馈函", name, "尚未核定", (Paragraph("正文"),), "样例考核")


# The tally sheet is written as the card is.
PAPERS = {
    "card": lambda name: card_pdf(replace(CARD, unit=name)),
    "slips": lambda name: finished(slips_pdf(a_sheet(2, unit=name))),
    "strips": lambda name: strips_file([Strip(name, "考评员", "", "A2B3", "https://x.cn")], StripFormat.PDF),
    "ballots": ballots_of,
    "letter": lambda name: next(documents_pdf([letter_to(name)])),
}


def text_of(data: bytes, folder: Path) -> str:
    path = folder / "paper.pdf"
    path.write_bytes(data)
    tool = require_tool("pdftotext", "poppler-utils")
    told = subprocess.run([tool, path, "-"], check=True, capture_output=True, text=True).stdout
    return "".join(told.split())


@pytest.mark.parametrize("paper", PAPERS)
def test_what_everybody_writes_comes_from_the_small_cut_and_the_rest_is_printed_too(paper: str, tmp_path: Path) -> None:
    made = PAPERS[paper]
    everyday, rare = made("样例教育局"), made(f"样例{RARE}局")
    # Letters, written by the hundred, have a typeface cut for all of them: one name, wherever it was cut from.
    assert (WHOLE in everyday) == (paper == "letter")
    assert f"样例{RARE}局" in text_of(rare, tmp_path)
    # Made in between, the other one changes nothing.
    assert made("样例教育局") == everyday
    assert made(f"样例{RARE}局") == rare


@pytest.mark.parametrize("paper", sorted(set(PAPERS) - {"letter"}))
def test_of_the_whole_typeface_come_only_the_lines_that_need_it(paper: str) -> None:
    rare = PAPERS[paper](f"样例{RARE}局")
    assert EVERYDAY in rare
    assert WHOLE in rare


def test_the_file_is_chosen_by_the_text_alone() -> None:
    assert font_file_for("张某某（正处级）—·“√”①Ⅲ２") == EVERYDAY_FONT_FILE
    for character in RARE:
        assert font_file_for(f"张{character}") == FONT_FILE
    assert font_file_for("张某某") == EVERYDAY_FONT_FILE


def test_a_letter_is_the_same_bytes_whoever_else_gets_one() -> None:
    letter, other = letter_to("样例教育局"), letter_to(RARE)
    assert next(documents_pdf([letter, other])) == next(documents_pdf([letter]))


def test_copies_of_a_ballot_are_alike_when_a_name_is_rare(tmp_path: Path) -> None:
    path = tmp_path / "ballots.pdf"
    path.write_bytes(ballots_of(RARE))
    _, *pages = drawn(path)
    half = len(pages) // 2
    assert half
    assert pages[:half] == pages[half:]
    path.write_bytes(ballots_of("　" * len(RARE)))
    assert drawn(path)[1 + half - 1] != pages[half - 1]


def test_the_small_cut_has_the_same_outlines_of_all_of_gb_2312() -> None:
    with TTFont(FONT_FILE, lazy=True) as whole, TTFont(EVERYDAY_FONT_FILE, lazy=True) as cut:
        names, own = whole.getBestCmap(), cut.getBestCmap()
        pairs = [bytes((high, low)) for high in range(0xA1, 0xF8) for low in range(0xA1, 0xFF)]
        everyday = "".join(pair.decode("gb2312", "ignore") for pair in pairs)
        assert len(everyday) > 7000
        assert not [character for character in everyday if ord(character) not in own]
        for code, name in own.items():
            assert cut["hmtx"][name] == whole["hmtx"][names[code]]
            ours, theirs = cut["glyf"][name], whole["glyf"][names[code]]
            if not theirs.isComposite():
                assert vars(ours) == vars(theirs)
