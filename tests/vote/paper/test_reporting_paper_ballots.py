"""Paper ballots as they come out of the printer: every word of the sheet, rows whole, all copies alike."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from surveys.catalog import loader
from surveys.polling.sheet import Choice, Leader, Question, Questionnaire, Sheet
from surveys.vote.papers import paper_ballots_pdf as written_ballots
from surveys.vote.papers.paper_ballots import INSTRUCTION, REHEARSAL, PaperBallots, PaperTextTooLong, page_count
from surveys.vote.papers.paper_ballots_pdf import paper_ballots_pdf
from tests.tools import require_tool

NAMES = ("张某某", "阿卜杜拉·买买提", "李某")
POSTS = ("党组书记、局长", "党组成员、副局长，市网络安全和信息化领导小组办公室专职副主任（正处级）", "机关党委书记")
SMALLEST = 10.5
DPI = 50


def form(key: str) -> Questionnaire:
    found = loader.questionnaire(key)
    return Questionnaire(
        found.title,
        tuple(Choice(grade.letter, grade.name) for grade in found.grades),
        tuple(Question(question.key, question.text) for question in found.questions),
    )


def ballots(leaders: int = 8, **changes) -> PaperBallots:
    people = tuple(Leader(f"{NAMES[number % 3]}", POSTS[number % 3]) for number in range(leaders))
    sheet = Sheet("年度民主测评", "样例市文化广电新闻出版和旅游局", form("organization"), form("leader"), people)
    made = PaperBallots(sheet, "A", "领导班子成员", None, rehearsal=False, count=1, two_sided=False)
    return replace(made, **changes)


def run(name: str, *arguments: object) -> str:
    tool = require_tool(name, "poppler-utils")
    return subprocess.run([tool, *map(str, arguments)], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def written(tmp_path: Path):
    def write(made: PaperBallots) -> Path:
        path = tmp_path / "paper.pdf"
        path.write_bytes(paper_ballots_pdf(made))
        return path

    return write


def pages(pdf: Path) -> list[str]:
    """The text of each page without white space, cell after cell as drawn."""
    return ["".join(page.split()) for page in run("pdftotext", "-raw", pdf, "-").split("\f")[:-1]]


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize(("leaders", "expected"), [(0, 1), (1, 2), (8, 2), (9, 3), (20, 4)])
def test_every_word_of_the_sheet_is_printed_once(written, leaders: int, expected: int) -> None:
    made = ballots(leaders)
    assert page_count(made) == expected
    cover, *found = pages(written(made))
    assert len(found) == expected
    text = "".join(found)
    sheet = made.sheet
    assert sheet.organization is not None
    for question in sheet.organization.questions:
        assert text.count(squeezed(question.text)) == 1
    for each in set(sheet.leaders):
        times = sheet.leaders.count(each)
        assert text.count(squeezed(each.name + each.post)) == times
    assert "领导班子成员" in cover
    for number, page in enumerate(found, start=1):
        assert f"第{number}页，共{expected}页" in page
        for words in ("单位：样例市文化广电新闻出版和旅游局", "测评会：年度民主测评", "A票领导班子成员", INSTRUCTION):
            assert squeezed(words) in page


def test_the_header_of_the_table_is_on_every_page(written) -> None:
    made = ballots(20)
    assert made.sheet.leader is not None
    _, organization, *leaders = pages(written(made))
    for words in ("序号", "测评内容", "评价意见", "好较好一般差"):
        assert words in organization
    for page in leaders:
        for words in ("姓名", "职务", *(question.text for question in made.sheet.leader.questions)):
            assert squeezed(words) in page
        assert made.sheet.leader.title in page


def test_a_row_is_never_cut(written) -> None:
    """On each page as many whole rows as leaders: seven columns of four boxes, all inside the page."""
    for page in pages(written(ballots(20)))[2:]:
        rows = sum(page.count(squeezed(name + post)) for name, post in zip(NAMES, POSTS, strict=True))
        assert rows >= 4
        assert page.count("好较好一般差") == 7 * rows


def test_nothing_is_smaller_than_it_may_be() -> None:
    pdf = paper_ballots_pdf_uncompressed(ballots(20, rehearsal=True, when_and_where="时间：2026年3月2日"))
    sizes = [float(size) for size in re.findall(rb"/F\d+ ([\d.]+) Tf", pdf)]
    assert len(sizes) > 50
    assert min(sizes) == SMALLEST


def test_every_cell_is_on_the_page_and_above_its_number() -> None:
    pdf = paper_ballots_pdf_uncompressed(ballots(20))
    cells = [tuple(map(float, cell)) for cell in re.findall(rb"([\d.]+) ([\d.]+) ([\d.]+) (-[\d.]+) re", pdf)]
    assert len(cells) > 20 * 7 * 5
    millimetre = 72 / 25.4
    for x, y, width, height in cells:
        assert x >= 8 * millimetre
        assert x + width <= 202 * millimetre
        assert y + height >= 15 * millimetre


def paper_ballots_pdf_uncompressed(made: PaperBallots) -> bytes:
    with pytest.MonkeyPatch.context() as patch:
        begin = written_ballots._PaperPdf.__init__

        def plain(self, *arguments):
            begin(self, *arguments)
            self.set_compression(False)

        patch.setattr(written_ballots._PaperPdf, "__init__", plain)
        return paper_ballots_pdf(made)


def test_copies_are_alike_and_have_no_number(written) -> None:
    path = written(ballots(9, count=3))
    cover, *found = pages(path)
    assert "份数：3份，每份3页（单面印，每份3张纸，请装订）" in cover
    assert found[:3] == found[3:6] == found[6:]
    pictures = drawn(path)[1:]
    for number in range(3):
        assert pictures[number] == pictures[number + 3] == pictures[number + 6]


def drawn(pdf: Path) -> list[bytes]:
    run("pdftoppm", "-r", DPI, "-gray", pdf, pdf.with_suffix(""))
    return [Image.open(page).tobytes() for page in sorted(pdf.parent.glob(f"{pdf.stem}-*.pgm"))]


def test_nothing_tells_when_it_was_made_or_which_it_is() -> None:
    made = ballots(2, count=2)
    pdf = paper_ballots_pdf(made)
    assert pdf == paper_ballots_pdf(made)
    assert b"20000101" in pdf
    assert b"/ID" not in pdf


def test_printed_on_both_sides_each_ballot_begins_on_a_fresh_leaf(written) -> None:
    found = pages(written(ballots(9, count=2, two_sided=True)))
    assert [bool(page) for page in found] == [True, False, True, True, True, False, True, True, True]
    assert "双面印，每份2张纸，请装订" in found[0]
    assert "第1页，共3页" in found[2]
    assert "第1页，共3页" in found[6]


def test_a_ballot_on_one_leaf_needs_no_staple(written) -> None:
    assert "双面印，每份1张纸）" in pages(written(ballots(8, two_sided=True)))[0]


def test_a_rehearsal_says_so_on_every_page(written) -> None:
    for rehearsal in (True, False):
        found = pages(written(ballots(9, rehearsal=rehearsal)))
        assert [squeezed(REHEARSAL) in page for page in found] == [rehearsal] * len(found)


def test_place_and_time_are_printed_if_set(written) -> None:
    for page in pages(written(ballots(1, when_and_where="时间：2026年3月2日　地点：三楼会议室"))):
        assert "时间：2026年3月2日地点：三楼会议室" in page


def test_the_cover_is_for_handing_over(written) -> None:
    cover = pages(written(ballots(1)))[0]
    for words in ("纸质票交接单", "不发给参评人", "交出人签字", "接收人签字", "会场发出", "会场收回", "剩余未发"):
        assert words in cover


def test_only_one_form(written) -> None:
    made = ballots(2)
    for sheet in (replace(made.sheet, organization=None), replace(made.sheet, leader=None, leaders=())):
        assert page_count(replace(made, sheet=sheet)) == 1


def test_words_as_long_as_the_tables_allow(written) -> None:
    made = ballots(1)
    people = (Leader("长" * 100, "职" * 200),)
    sheet = replace(made.sheet, unit="单" * 100, title="题" * 60, leaders=people)
    found = pages(written(replace(made, sheet=sheet, class_name="票" * 100)))
    for words in ("长" * 100, "职" * 200, "单" * 100, "题" * 60, "票" * 100):
        assert words in "".join(found)


def test_a_character_the_typeface_lacks_is_shown_as_one(written) -> None:
    made = ballots(1)
    people = (Leader("张\U0010fffd", "局长"),)
    assert "张〓" in pages(written(replace(made, sheet=replace(made.sheet, leaders=people))))[2]


@pytest.mark.parametrize("count", [3, 5, 6])
def test_other_grades_than_four(written, count: int) -> None:
    made = ballots(3)
    grades = tuple(Choice("ABCDEFG"[number], f"等{'一二三四五六'[number]}") for number in range(count))
    forms = [replace(each, choices=grades) for each in (form("organization"), form("leader"))]
    sheet = replace(made.sheet, organization=forms[0], leader=forms[1])
    _, first, second = pages(written(replace(made, sheet=sheet)))
    names = "".join(grade.name for grade in grades)
    assert names in first
    assert second.count(names) == 7 * 3


def test_what_does_not_fit_is_refused() -> None:
    made = ballots(1)
    assert made.sheet.leader is not None
    wide = replace(made.sheet.leader, questions=tuple(Question(str(number), "方面") for number in range(13)))
    long = replace(form("organization"), questions=(Question("1", "长" * 2000),))
    for sheet in (replace(made.sheet, leader=wide), replace(made.sheet, organization=long)):
        with pytest.raises(PaperTextTooLong):
            paper_ballots_pdf(replace(made, sheet=sheet))
