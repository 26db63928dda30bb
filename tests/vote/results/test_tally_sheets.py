"""The tally sheet: its figures against a plain count of the ballots, its pages, the same bytes in every process."""

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.acts.errors import BadInput
from surveys.acts.site import Site
from surveys.polling.seal import ClassCount, Record, seal
from surveys.polling.sheet import Choice, Leader, Question, Questionnaire, Sheet
from surveys.scoring.grades import BlankPolicy, FormRules
from surveys.scoring.poll_rules import PollRules
from surveys.vote import tally_sheets
from surveys.vote.tallies import count
from surveys.vote.tally_sheets import tally_sheet_of
from surveys.vote.ticketing import tickets
from tests.builders import build_poll, cast_each, close_and_seal
from tests.servers import ROOT
from tests.sites import NOW
from tests.tools import require_tool
from tests.worlds import build_accounts, client_of

few = settings(deadline=None, derandomize=True, max_examples=6)

WEIGHTS = {"A": 100, "B": 80, "C": 60, "D": 40}
CHOICES = tuple(Choice(letter, name) for letter, name in zip("ABCD", ("好", "较好", "一般", "差"), strict=True))
ASPECTS = ("总体评价", "严守纪律情况", "接受监督情况", "教育培训情况")
ITEMS = ("贯彻落实决策部署", "人员力量充实、经费保障到位", "网上正能量充沛")
ONE = {"A": 1}
FORMULAS = ("=1+1", "https://x.example", "{=A1}")
REHEARSAL = "演练，不作为考核依据"

Ballots = Mapping[str, Sequence[str]]


def form_rules(texts: Sequence[str], weights: Mapping[str, int] = WEIGHTS) -> FormRules:
    grades = {letter: Decimal(weight) for letter, weight in weights.items()}
    return FormRules(grades, {str(number): Decimal(1) for number in range(1, len(texts) + 1)})


def questionnaire(title: str, texts: Sequence[str], choices: tuple[Choice, ...] = CHOICES) -> Questionnaire:
    questions = (Question(str(key), text, text == "总体评价") for key, text in enumerate(texts, start=1))
    return Questionnaire(title, choices, tuple(questions))


def record_of(
    ballots: Ballots,
    weights: Mapping[str, int] = ONE,
    *,
    leaders: int = 0,
    items: Sequence[str] = ITEMS,
    aspects: Sequence[str] = ASPECTS,
    post: str = "副局长",
    blank: BlankPolicy = BlankPolicy.EXCLUDE,
    held_on: date | None = None,
    place: str = "",
    **changes: Any,
) -> Record:
    """Of a poll with these answer sheets by class; each class was issued two tickets more, one of them void."""
    sheet = Sheet(
        "年度民主测评",
        "样例档案局",
        questionnaire("履行责任民主测评表", items) if items else None,
        questionnaire("领导干部民主测评表", aspects) if leaders else None,
        tuple(Leader(f"样例{number}", post) for number in range(1, leaders + 1)),
        held_on,
        place,
    )
    rules = PollRules(form_rules(items) if items else None, form_rules(aspects) if leaders else None, blank)
    cast = [(key, answers) for key, sheets in ballots.items() for answers in sheets]
    record = Record(
        poll="K7QF",
        rehearsal=False,
        entitled=len(cast) + 3,
        present=len(cast) + 1,
        sheet=sheet.to_json(),
        rules=rules.to_json(),
        classes=[
            ClassCount(key, f"票种{key}", str(weights[key]), len(own) + 2, len(own), 1, 1)
            for key, own in ballots.items()
        ],
        ballots=cast,
        receipts=[f"{number:012d}" for number in range(len(cast))],
    )
    return replace(record, **changes)


def text_of(data: bytes, *options: str) -> str:
    """The PDF's text without white space, in the order it was written."""
    tool = require_tool("pdftotext", "poppler-utils")
    found = subprocess.run([tool, *options, "-", "-"], input=data, capture_output=True, check=True).stdout.decode()
    return found if options != ("-raw",) else "".join(found.split())


def pdf_text(record: Record) -> str:
    return text_of(tally_sheet_of(record, "pdf"), "-raw")


def rows_of(data: bytes, name: str = "统计单") -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_name(name).to_python(skip_empty_area=False)


def xlsx_rows(record: Record, name: str = "统计单") -> list[list[Any]]:
    return rows_of(tally_sheet_of(record, "xlsx"), name)


def two_places(value: Fraction | None) -> str:
    if value is None:
        return "—"
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return str(exact.quantize(Decimal("0.01"), ROUND_HALF_UP))


def counted(
    ballots: Ballots, weights: Mapping[str, int], position: int
) -> tuple[list[int], list[str], Fraction | None]:
    """Counts, rates and the score of one question, by hand. Blanks leave the denominator; blank ballots are invalid."""
    valid = {key: [sheet for sheet in own if set(sheet) != {"-"}] for key, own in ballots.items()}
    column = Counter(sheet[position] for own in valid.values() for sheet in own)
    base = sum(map(len, valid.values()))
    rates = [two_places(Fraction(100 * column[letter], base)) if base else "—" for letter in "ABCD"]
    got = total = Fraction(0)
    for key, own in valid.items():
        answered = [WEIGHTS[sheet[position]] for sheet in own if sheet[position] != "-"]
        if answered:
            got += weights[key] * Fraction(sum(answered), len(answered))
            total += weights[key]
    return [column[letter] for letter in "ABCD-"], rates, got / total if total else None


def mean(scores: Sequence[Fraction | None]) -> Fraction | None:
    known = [score for score in scores if score is not None]
    return sum(known, Fraction(0)) / len(known) if known else None


def pdf_item(number: int, counts: Sequence[int], rates: Sequence[str], score: str) -> str:
    """A row of the organization's form; the flag stands before the count."""
    flag = "▲" if 3 * counts[3] > sum(counts) else ""
    cells = [f"{flag if place == 3 else ''}{counts[place]}{rates[place]}%" for place in range(4)]
    return f"{number}{ITEMS[number - 1]}{''.join(cells)}{counts[4]}{score}"


def pdf_aspect(counts: Sequence[int], rates: Sequence[str], score: str) -> str:
    flag = "▲" if 3 * counts[3] > sum(counts) else ""
    names = ("好", "较好", "一般", f"{flag}差")
    cells = [f"{name}{count}{rate}%" for name, count, rate in zip(names, counts, rates, strict=False)]
    return f"{''.join(cells)}未填{counts[4]}得分{score}"


def assert_figures(ballots: Ballots, weights: Mapping[str, int], leaders: int, shown_scores: bool = True) -> None:
    """Every figure of both files equals the plain count."""
    record = record_of(ballots, weights, leaders=leaders)
    pdf = pdf_text(record)
    front = {row[1]: row for row in xlsx_rows(record) if row[1]}
    scores = []
    for number, text in enumerate(ITEMS, start=1):
        counts, rates, score = counted(ballots, weights, number - 1)
        told = two_places(score) if shown_scores else "—"
        assert pdf_item(number, counts, rates, told) in pdf
        assert_cells(front[text][2:12], counts, rates, told)
        scores.append(score)
    whole = two_places(mean(scores))
    assert f"领导班子得分{whole}" in pdf
    assert f"（各项平均）{whole}" in pdf
    for leader in range(1, leaders + 1):
        assert_leader(record, pdf, ballots, weights, leader, shown_scores)


def assert_leader(
    record: Record, pdf: str, ballots: Ballots, weights: Mapping[str, int], leader: int, shown_scores: bool
) -> None:
    start = len(ITEMS) + (leader - 1) * len(ASPECTS)
    rows = {row[3]: row for row in xlsx_rows(record, "领导干部") if row[0] == leader}
    cells, scores = "", []
    for offset, text in enumerate(ASPECTS):
        counts, rates, score = counted(ballots, weights, start + offset)
        told = two_places(score) if shown_scores else "—"
        cells += pdf_aspect(counts, rates, told)
        assert_cells(rows[f"{offset + 1}. {text}"][4:14], counts, rates, told)
        scores.append(score)
    composite = two_places(mean(scores))
    assert f"{leader}样例{leader}副局长{cells}{composite}" in pdf
    assert [row[-1] for row in rows.values()] == [float(composite) if composite != "—" else "—", "", "", ""]


def assert_cells(cells: Sequence[Any], counts: Sequence[int], rates: Sequence[str], score: str) -> None:
    assert cells[:5] == counts
    assert [two_places(Fraction(str(cell)) * 100) for cell in cells[5:9]] == rates
    assert cells[9] == (score if score == "—" else float(score))


WORKED = {"A": [letter * 3 for letter in "A" * 26 + "B" * 12 + "C" * 3 + "D"]}


def test_the_worked_example() -> None:
    record = record_of(WORKED, entitled=48, present=45)
    pdf = pdf_text(record)
    assert "2661.90%1228.57%37.14%12.38%090.00" in pdf
    assert "应到实到发出收回有效无效48454442420" in pdf
    for words in (
        "到会率93.75%（实到÷应到）",
        "（其中作废1）",
        "收回率97.67%（收回÷（发出－作废））",
        "有效率100.00%（有效÷收回）",
    ):
        assert words in pdf
    rows = xlsx_rows(record)
    assert [row[:4] for row in rows if row[0] in ("应到", "实到", "发出", "收回", "有效", "无效")] == [
        ["应到", "", 48.0, ""],
        ["实到", "到会率＝实到÷应到", 45.0, 0.9375],
        ["发出", "其中作废 1", 44.0, ""],
        ["收回", "收回率＝收回÷（发出－作废）", 42.0, 0.9767],
        ["有效", "有效率＝有效÷收回", 42.0, 1.0],
        ["无效", "", 0.0, ""],
    ]
    assert_figures(WORKED, ONE, 0)


def test_a_sheet_is_of_one_of_two_kinds() -> None:
    with pytest.raises(BadInput):
        tally_sheet_of(record_of(WORKED), "")


def test_reprinting_a_batch_does_not_lower_the_rate_returned() -> None:
    """65 slips, all reprinted: 130 issued, of which nobody can return the first 65."""
    ballots = {"A": ["AAA"] * 60}
    record = record_of(ballots, classes=[ClassCount("A", "参评人", "1", 130, 60, 65, 5)])
    once = record_of(ballots, classes=[ClassCount("A", "参评人", "1", 65, 60, 0, 5)])
    assert "（其中作废65）" in pdf_text(record)
    assert "收回率92.31%（收回÷（发出－作废））" in pdf_text(record)
    assert "收回率92.31%（收回÷发出）" in pdf_text(once)
    assert "其中作废" not in pdf_text(once)
    for each, issued, base in ((record, 130.0, "收回÷（发出－作废）"), (once, 65.0, "收回÷发出")):
        found = {row[0]: row[1:4] for row in xlsx_rows(each)}
        assert found["发出"][1] == issued
        assert found["收回"] == [f"收回率＝{base}", 60.0, 0.9231]


def test_the_page_says_how_many_of_those_issued_are_void(lite_app: Flask, lite_site: Site) -> None:
    ids, _ = build_accounts(lite_site)
    world = build_poll(lite_site, count=10)
    with lite_site.database.writing() as session:
        again = tickets.reissue(session, NOW, COMMAND_LINE, world.poll_id, 1, "没存好")
    cast_each(lite_site, replace(world, codes={"A": again.codes}), {"A": ["A"] * 8})
    close_and_seal(lite_site, world.poll_id)
    text = client_of(lite_app, ids[Role.ORGANIZER]).page(f"/polls/{world.poll_id}/tally").text
    assert "发出（其中作废 10）20" in text
    assert "收回率 80.00%（收回÷（发出－作废））" in text


def test_the_text_as_laid_out_reads_like_the_form() -> None:
    """What `pdftotext -layout` gives of the first item: its counts on one line, in the order of the columns."""
    laid_out = text_of(tally_sheet_of(record_of(WORKED), "pdf"), "-layout")
    assert re.search(r"项\s+测评内容\s+好\s+较好\s+一般\s+差\s+未填\s+得分", laid_out)
    assert re.search(r"\s26\s+12\s+3\s+1\n", laid_out)
    assert re.search(r"\s61\.90%\s+28\.57%\s+7\.14%\s+2\.38%\n", laid_out)


@few
@given(st.data())
def test_every_figure_equals_a_plain_count(data: st.DataObject) -> None:
    """Of classes that are large or empty: nothing is hidden."""
    leaders = data.draw(st.integers(0, 2))
    length = len(ITEMS) + leaders * len(ASPECTS)
    sheets = st.text("ABCD-", min_size=length, max_size=length).filter(lambda sheet: set(sheet) != {"-"})
    ballots = {key: data.draw(st.lists(sheets, min_size=5, max_size=8)) for key in "AB"}
    ballots["A"] += ["-" * length] * data.draw(st.integers(0, 2))
    assert_figures(ballots, {"A": 30, "B": 70}, leaders)


def test_a_small_class_is_hidden_in_both_files_as_on_the_page() -> None:
    ballots = {"A": ["ABCDABC"] * 2, "B": ["BBBDDDA"] * 6, "C": ["CCAAABB"] * 7}
    weights = {"A": 50, "B": 30, "C": 20}
    assert_figures(ballots, weights, 1, shown_scores=False)
    record = record_of(ballots, weights, leaders=1)
    pdf = pdf_text(record)
    assert "A票种A5042" in pdf
    assert pdf.count("不单独显示") == 3  # two classes, and the sentence that says why
    rows = {row[1]: row for row in xlsx_rows(record)}
    assert [rows[f"票种{key}"][9] for key in "AB"] == ["不单独显示"] * 2
    alone = mean([Fraction(60), Fraction(60), Fraction(100)])
    assert rows["票种C"][9] == float(two_places(alone))
    assert any("有票种的有效票不足 5 张" in str(row[0]) for row in xlsx_rows(record))


def test_what_a_small_class_voted_by_itself_is_nowhere() -> None:
    """Two polls in which two small classes of equal weight swapped their ballots: all but the seal is the same."""
    found = []
    for first, second in (("A", "D"), ("D", "A")):
        record = record_of({"A": [first * 3] * 3, "B": [second * 3] * 3, "C": ["ABC"] * 7}, dict.fromkeys("ABC", 1))
        own = seal(record)
        found.append((pdf_text(record).replace(own, ""), str(xlsx_rows(record)).replace(own, "")))
    assert found[0] == found[1]


@pytest.mark.parametrize(("lowest", "flagged"), [(14, False), (15, True)])
def test_more_than_a_third_of_the_lowest_grade_is_flagged(lowest: int, flagged: bool) -> None:
    record = record_of({"A": ["DAA"] * lowest + ["AAA"] * (42 - lowest)})
    sentence = "▲差率（差÷有效）超过1/3：领导班子第1项。"
    assert (sentence in pdf_text(record)) is flagged
    assert (f"▲{lowest}" in pdf_text(record)) is flagged
    assert any("超过 1/3：领导班子第 1 项" in str(row[0]) for row in xlsx_rows(record)) is flagged


def test_flags_name_the_leader_and_the_aspects() -> None:
    record = record_of({"A": ["AAA" + "ADDA" + "AAAA"] * 6}, leaders=2)
    assert "超过1/3：样例1第2、3项。" in pdf_text(record)


def test_what_a_reader_must_know_stands_on_it() -> None:
    record = record_of({"A": ["AAA"] * 3}, entitled=90, rehearsal=True)
    for text in (pdf_text(record), "".join(str(row[0]) for row in xlsx_rows(record)).replace(" ", "")):
        assert "实到4人，不足应到90人的2/3，此次测评不计分" in text
        assert REHEARSAL in text
        assert "有效票只有3张" in text
        assert "全体一致：领导班子第1、2、3项" in text
        for signer in ("计票人", "监票人", "主持人", "日期"):
            assert signer in text
    assert REHEARSAL not in pdf_text(record_of(WORKED))
    assert "不计分" not in pdf_text(record_of(WORKED))


def test_a_number_present_that_nobody_wrote_down_is_no_number() -> None:
    record = record_of(WORKED, present=None)
    assert "到会率—（实到÷应到）" in pdf_text(record)
    assert next(row for row in xlsx_rows(record) if row[0] == "实到")[2:4] == ["—", "—"]


def test_nobody_voted() -> None:
    record = record_of({"A": []}, leaders=1, present=3)
    assert "领导班子得分—" in pdf_text(record)
    assert next(row for row in xlsx_rows(record) if row[1] == ITEMS[0])[2:12] == [0.0] * 5 + ["—"] * 5


@pytest.mark.parametrize(
    ("known", "day", "place"),
    [
        ({}, "时间：年月日", "地点："),
        ({"held_on": date(2026, 3, 2)}, "时间：2026年3月2日", "地点："),
        ({"place": "三楼会议室"}, "时间：年月日", "地点：三楼会议室"),
        ({"held_on": date(2026, 3, 2), "place": "三楼会议室"}, "时间：2026年3月2日", "地点：三楼会议室"),
    ],
)
def test_day_and_place_are_printed_or_left_to_be_written(known: Mapping[str, Any], day: str, place: str) -> None:
    record = record_of(WORKED, **known)
    text = pdf_text(record)
    assert day in text
    assert place in text
    (line,) = ["".join(str(row[0]).split()).replace("＿", "") for row in xlsx_rows(record) if "地点" in str(row[0])]
    assert line == day + place


@pytest.mark.parametrize("leaders", [1, 9, 20])
def test_leaders_flow_over_pages_and_nobody_is_cut(leaders: int) -> None:
    post = "党组成员、副局长，二级调研员，分管政策法规、安全生产、教育培训和网络安全工作"
    record = record_of({"A": ["A" * (3 + 7 * leaders)] * 6}, leaders=leaders, post=post, aspects=[*ASPECTS, *ITEMS])
    pages = text_of(tally_sheet_of(record, "pdf"), "-layout").split("\f")[:-1]
    for number, page in enumerate(pages, start=1):
        assert f"第 {number} 页，共 {len(pages)} 页" in page
        assert seal(record) in page
    with_leaders = [page for page in pages if re.search(r"样例\d+\s", page)]
    assert len(with_leaders) == {1: 1, 9: 2, 20: 4}[leaders]
    assert all("序号" in page and "综合得分" in page for page in with_leaders)
    for number in range(1, leaders + 1):
        (own,) = [page for page in with_leaders if re.search(rf"样例{number}\s", page)]
        assert "".join(own.split()).count("得分100.00") >= 7
    assert pdf_text(record).count(post) == leaders


def test_a_long_form_repeats_its_header_and_cuts_no_row() -> None:
    items = [f"第{number}项内容" + "很长的测评内容，" * 60 for number in range(1, 13)]
    record = record_of({"A": ["A" * 12] * 6}, items=items)
    laid_out = text_of(tally_sheet_of(record, "pdf"), "-layout").split("\f")[:-1]
    assert len(laid_out) > 2
    assert sum("测评内容" in page and "较好" in page for page in laid_out) == len(laid_out)
    pdf = pdf_text(record)
    for number, text in enumerate(items, start=1):
        assert f"{number}{text}6100.00%" in pdf


def test_an_item_as_long_as_any_may_be_stays_on_one_page() -> None:
    record = record_of({"A": ["AA"] * 6}, items=["长" * 4000, "短"])
    pages = text_of(tally_sheet_of(record, "pdf"), "-layout").split("\f")[:-1]
    assert max(page.count("长") for page in pages) == 4000


def test_a_scale_of_many_grades_and_many_aspects_is_all_there() -> None:
    letters = "ABCDEFGHIJ"
    choices = tuple(Choice(letter, f"{letter}等") for letter in letters)
    grades = {letter: 100 - 10 * place for place, letter in enumerate(letters)}
    aspects = [f"方面{number}" for number in range(1, 13)]
    record = record_of({"A": ["A" * 15] * 5}, leaders=1, aspects=aspects)
    sheet = Sheet.from_json(record.sheet)
    sheet = replace(
        sheet, organization=questionnaire("表", ITEMS, choices), leader=questionnaire("表", aspects, choices)
    )
    rules = PollRules(form_rules(ITEMS, grades), form_rules(aspects, grades))
    record = replace(record, sheet=sheet.to_json(), rules=rules.to_json())
    pdf = pdf_text(record)
    for text in (*aspects, *(choice.name for choice in choices), "5100.00%" + "00.00%" * 9 + "0100.00"):
        assert text in pdf


def test_nothing_in_the_workbook_is_a_formula_or_a_link() -> None:
    record = record_of(
        {"A": ["AAA" + "A" * 4] * 6}, leaders=1, items=("=1+1", "https://x.example", "{=A1}"), post="@SUM(1)"
    )
    sheet = record.sheet | {"unit": "=HYPERLINK(1)", "title": "+1\n-2"}
    data = tally_sheet_of(replace(record, sheet=sheet), "xlsx")
    rows = rows_of(data)
    assert [row[1] for row in rows if row[0] in ("1", "2", "3")] == list(FORMULAS)
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        sheets = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        assert not [name for name in book.namelist() if "rels" in name and "worksheets" in name]
        assert 'quotePrefix="1"' in book.read("xl/styles.xml").decode()
    assert len(sheets) == 2
    for text in sheets:
        assert "<f>" not in text
        assert "<hyperlink" not in text
        assert 'paperSize="9"' in text
        assert "fitToPage" in text


def test_abstentions_have_a_column_of_their_own_where_they_were_offered() -> None:
    record = record_of(WORKED)
    tally = count(0, seal(record), record)
    assert tally.organization is not None
    assert [column.name for _, column in tally_sheets.columns(tally.organization)][4:] == ["未填"]
    sheet = {**record.sheet, "organization": {**record.sheet["organization"], "abstain": "不了解"}}
    offered = count(0, "", replace(record, sheet=sheet)).organization
    assert offered is not None
    columns = tally_sheets.columns(offered)
    assert [(letter, column.name, column.has_rate) for letter, column in columns][4:] == [
        ("*", "不了解", False),
        ("-", "未填", False),
    ]


@pytest.mark.parametrize("form", ["organization", "leader"])
def test_an_abstention_is_said_not_to_score(form: str) -> None:
    record = record_of({"A": ["*" * 7, "ABCDAB-", *["A*BACAD"] * 4]}, leaders=1)
    record = replace(record, sheet={**record.sheet, form: {**record.sheet[form], "abstain": "不了解"}})
    said = "分值：好100，较好80，一般60，差40；不了解不计分。各项权重相等。"
    assert pdf_text(record).count(said) == 1
    page = "统计单" if form == "organization" else "领导干部"
    texts = ["".join(str(row[0]).split()) for row in xlsx_rows(record, page)]
    assert texts.count(said) == 1


def test_a_poll_that_does_not_count_heads_no_form_with_its_score() -> None:
    record = record_of({"A": ["ABCDABC"] * 6}, leaders=1, entitled=90)
    text = pdf_text(record)
    assert "领导班子不计分（按收回的票算80.00）" in text
    assert "领导干部不计分" in text
    assert [row[0] for row in xlsx_rows(record) if "各项平均" in str(row[0])] == ["领导班子得分（各项平均，不计分）"]


# The same bytes, always.

SAME = """
import hashlib, json, sys
from surveys.polling.seal import ClassCount, Record
from surveys.vote.tallies import count
from surveys.vote.tally_sheets import tally_sheet_of
said = json.load(sys.stdin)
record = Record(**said | {"classes": [ClassCount(**each) for each in said["classes"]]})
print([hashlib.sha256(tally_sheet_of(record, kind)).hexdigest() for kind in ("pdf", "xlsx")])
"""


def test_the_same_record_gives_the_same_bytes_in_every_process() -> None:
    record = record_of({"A": ["ABCDAB-"] * 6, "B": ["DDDABC-"] * 7}, {"A": 3, "B": 4}, leaders=1, rehearsal=True)
    said = json.dumps(vars(record) | {"classes": [vars(entry) for entry in record.classes]})
    found = {
        subprocess.run(
            [sys.executable, "-c", SAME],
            input=said,
            env={"PATH": os.environ["PATH"], "PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Shanghai"))
    }
    assert len(found) == 1
