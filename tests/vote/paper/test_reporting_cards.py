"""The card of a meeting as it comes out of the printer: one page, whatever the names, and every word on it."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from surveys.vote.papers.cards import CardClass, MeetingCard, card_pdf
from tests.tools import require_tool

CARD = MeetingCard(
    unit="样例教育局",
    title="年度民主测评",
    day="2026年3月2日",
    place="三楼会议室",
    entitled=60,
    classes=[CardClass("A", "领导班子成员", 10), CardClass("B", "职工代表", None)],
    site="https://ceping.example.cn",
    prefix="K7QF",
    two_person=True,
    rehearsal=False,
)
LONGEST = replace(
    CARD,
    unit="样" * 100,
    title="名" * 100,
    place="地" * 100,
    classes=[CardClass(chr(65 + number), "称" * 40, 99999) for number in range(12)],
    site=f"https://{'x' * 60}.example.cn:12345",
    rehearsal=True,
)


def text_of(card: MeetingCard, folder: Path) -> list[str]:
    """The text of each page, without white space."""
    tool = require_tool("pdftotext", "poppler-utils")
    path = folder / "card.pdf"
    path.write_bytes(card_pdf(card))
    told = subprocess.run([tool, "-layout", path, "-"], check=True, capture_output=True, text=True).stdout
    return ["".join(page.split()) for page in told.split("\f") if page.strip()]


def test_it_says_what_the_meeting_is_where_to_go_and_whom_to_call(tmp_path: Path) -> None:
    (page,) = text_of(CARD, tmp_path)
    for words in (
        "样例教育局年度民主测评",
        "2026年3月2日",
        "三楼会议室",
        "60人；A领导班子成员10张，B职工代表",
        "https://ceping.example.cn/login",
        "https://ceping.example.cn/screen/K7QF",
        "https://ceping.example.cn/board/K7QF",
        "https://ceping.example.cn/?kiosk=1",
        *("会前", "会中", "出了情况", "会后"),
        *("【开始投票】", "【暂停投票】", "【结束投票】", "【封存】", "【启封】"),
        *("组织员（姓名、电话）", "监票人（姓名、电话）"),
    ):
        assert words in page, words
    assert "演练）" not in page


@pytest.mark.parametrize("card", [CARD, LONGEST, replace(CARD, day=None, place="")])
def test_it_is_one_page_whatever_the_names(card: MeetingCard, tmp_path: Path) -> None:
    assert len(text_of(card, tmp_path)) == 1


def test_whoever_gets_paper_gives_the_slip_back(tmp_path: Path) -> None:
    """Else one person has two votes."""
    (page,) = text_of(CARD, tmp_path)
    assert "或先收回纸条、按票码作废，再发一份纸质票" in page


def test_one_person_alone_is_not_told_to_unseal(tmp_path: Path) -> None:
    (page,) = text_of(replace(CARD, two_person=False), tmp_path)
    assert "启封" not in page


def test_a_rehearsal_says_so(tmp_path: Path) -> None:
    (page,) = text_of(replace(CARD, rehearsal=True), tmp_path)
    assert "会场操作卡（演练）" in page


def test_the_same_card_gives_the_same_bytes() -> None:
    assert card_pdf(CARD) == card_pdf(CARD)
