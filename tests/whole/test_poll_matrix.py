"""Every page and paper of a poll, over the options a poll can have: each two values of different options meet in one.

A row of the covering array is a poll from its wizard to the unit's letter. Its figures are worked out anew here.
"""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import chain, combinations, cycle, islice, product
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from python_calamine import CalamineWorkbook

from surveys.acts.actors import Actor, Role
from surveys.acts.site import Site
from surveys.polling.ballot_classes import ClassEntry
from surveys.scoring.grades import BlankPolicy
from surveys.storage.tables import Account
from tests import papers
from tests.builders import World, build_poll, build_unit, cast_each, sealed_head, sealed_poll
from tests.papers import person
from tests.servers import ROOT
from tests.sites import lite_site_in
from tests.strict_client import Page, StrictClient
from tests.tools import pdf_words, squeezed
from tests.worlds import client_of

OPTIONS: Mapping[str, Sequence[Any]] = {
    "classes": ("one", "several", "one of them returned nothing", "one of them skipped an item"),
    "blank": tuple(BlankPolicy),
    "leaders": (0, 1, 3),
    "abstain": ("", "不了解"),
    "team": ("", "甲班子"),
    "present": (30, 10),  # of 30 entitled
}
Values = tuple[Any, ...]
Pair = tuple[tuple[str, Any], tuple[str, Any]]


def pairs_of(row: Values) -> set[Pair]:
    return set(combinations(zip(OPTIONS, row, strict=True), 2))


EVERY_PAIR = set(chain.from_iterable(pairs_of(row) for row in product(*OPTIONS.values())))


def covering_rows() -> list[Values]:
    """Few rows in which all pairs occur: each time the one with the most pairs that are still missing."""
    missing, rows = set(EVERY_PAIR), list[Values]()
    while missing:
        rows.append(max(product(*OPTIONS.values()), key=lambda row: len(pairs_of(row) & missing)))
        missing -= pairs_of(rows[-1])
    return rows


ROWS = covering_rows()
NAMES = {"A": "干部代表", "B": "群众代表"}
WEIGHTS = {"A": 30, "B": 70}
GRADES = {"A": 100, "B": 80, "C": 60, "D": 40}
PATTERNS = ("A", "AB", "ABC", "BA*", "DCBA", "*A", "BA-", "AAB-")
ITEMS, ASPECTS = 9, 7
SILENT = "B 票（群众代表）没有有效票，它的权重 70% 由其他票种分摊。"
SKIPPED = "领导班子第 1 项没有 B 票（群众代表）的评价，它的权重 70% 在这里由其他票种分摊。"
SHORT = "实到 10 人，不足应到 30 人的 2/3，此次测评不计分。"


def test_every_pair_of_values_is_in_a_row() -> None:
    assert set(chain.from_iterable(map(pairs_of, ROWS))) == EVERY_PAIR
    assert len(EVERY_PAIR) == sum(len(one) * len(other) for one, other in combinations(OPTIONS.values(), 2))
    assert len(ROWS) < len(list(product(*OPTIONS.values()))) / 10


@dataclass(frozen=True)
class Case:
    """A row, and the site it is played on. `hands`: two persons, of whom `client` is the first."""

    site: Site
    app: Flask
    client: StrictClient
    hands: tuple[Actor, Actor]
    classes: str
    blank: BlankPolicy
    leaders: int
    abstain: str
    team: str
    present: int

    @property
    def counts(self) -> bool:
        return self.present == 30

    @property
    def entries(self) -> list[ClassEntry]:
        keys = "A" if self.classes == "one" else "AB"
        return [ClassEntry(key, NAMES[key], Decimal(WEIGHTS[key])) for key in keys]

    def ballots(self) -> dict[str, list[str]]:
        """Answer sheets by class, cast on phones."""
        found = {entry.key: [self._answers(pattern) for pattern in PATTERNS] for entry in self.entries}
        if self.classes == "one of them returned nothing":
            found["B"] = []
        if self.classes == "one of them skipped an item":
            found["B"] = [("*" if self.abstain else "-") + answers[1:] for answers in found["B"]]
        return found

    def _answers(self, pattern: str) -> str:
        letters = pattern if self.abstain else pattern.replace("*", "B")
        return "".join(islice(cycle(letters), ITEMS + ASPECTS * self.leaders))

    @property
    def paper(self) -> str:
        """The digit on a paper ballot: the last choice there is, and what it means."""
        return "5" if self.abstain else "4"


@pytest.fixture(scope="module")
def stage(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with lite_site_in(tmp_path_factory.mktemp("matrix"), sqlite_template) as app:
        database = app.extensions["site"].database
        # Nobody pulls the plug here, and every vote would wait for the disk.
        sa.event.listen(
            database.engine, "checkout", lambda connection, *_: connection.execute("PRAGMA synchronous=OFF")
        )
        yield app


@pytest.fixture(scope="module")
def hands(stage: Flask) -> tuple[Actor, Actor]:
    site = stage.extensions["site"]
    return person(site, "甲", Role.ADMIN), person(site, "乙")


# The whole table of pairs is a long proof; the first row and every third stand for it.
CASES = [
    pytest.param(row, id=f"row-{number}", marks=[pytest.mark.thorough] if number % 3 else [])
    for number, row in enumerate(ROWS)
]


@pytest.mark.parametrize("row", CASES)
def test_every_page_and_paper_of_a_poll(stage: Flask, hands: tuple[Actor, Actor], row: Values) -> None:
    site = stage.extensions["site"]
    with site.database.reading() as session:
        number = session.scalar(sa.select(Account.id).where(Account.name == "甲"))
    case = Case(site, stage, client_of(stage, number), hands, *row)
    _, unit_id = build_unit(site, leaders=case.leaders)
    world = before_the_meeting(case, unit_id)
    ballots = in_the_meeting(case, world)
    told = after_the_meeting(case, world, expected(case, ballots))
    for_the_unit(case, unit_id, told)


# The acts, in their order.


def before_the_meeting(case: Case, unit_id: int) -> World:
    case.client.page(f"/units/{unit_id}/polls/new")
    world = build_poll(
        case.site,
        unit_id=unit_id,
        count=len(PATTERNS),
        classes=case.entries,
        entitled=30,
        present=case.present,
        blank=case.blank,
        abstain=case.abstain,
        team=case.team,
        opened=False,
    )
    home = f"/polls/{world.poll_id}"
    form = case.client.page(f"{home}/edit").form(f"{home}/edit")
    assert (form["blank"], form["abstain"], form["team"]) == (case.blank.value, case.abstain, case.team)
    assert case.client.submit(f"{home}/edit").status_code == 302
    assert (case.abstain or "弃权") in case.client.page(f"{home}/edit").html
    for page in ("setup", "preview", "tickets", "doors", "paper", "log"):
        case.client.page(f"{home}/{page}")
    assert pdf_words(case.client.submit(f"{home}/tickets", f"{home}/issue", count="1").data)
    printed = pdf_words(case.client.submit(f"{home}/paper", f"{home}/paper/print", count="1").data)
    assert printed.count("不了解") == (1 + ASPECTS * case.leaders if case.abstain else 0)
    assert "样例局" in pdf_words(case.client.get(f"{home}/card.pdf").data)
    return world


def in_the_meeting(case: Case, world: World) -> dict[str, list[str]]:
    """Every ballot in the box, by class."""
    home, client = f"/polls/{world.poll_id}", case.client
    assert client.submit(home, f"{home}/open").status_code == 302
    ballots = case.ballots()
    address = f"/b/{world.codes['A'][0]}"
    questions = ITEMS + ASPECTS * case.leaders
    assert client.page(address).html.count('value="*"') == (questions if case.abstain else 0)
    cast_each(case.site, world, ballots)
    for page in (home, f"{home}/tickets", f"/screen/{world.codes['A'][0][:4]}"):
        assert "94." not in client.page(page).text
    assert client.submit(home, f"{home}/close", sure="y", paper_left="1").status_code == 302
    key_paper(case, world)
    return ballots | {"A": [*ballots["A"], ("*" if case.abstain else "D") * questions]}


def key_paper(case: Case, world: World) -> None:
    keying = case.client.page(f"/polls/{world.poll_id}/paper/A/1/1")
    assert ("5 不了解" in keying.text) == bool(case.abstain)
    papers.key_twice(case.site, case.hands, world.poll_id, {1: case.paper})
    papers.cast(case.site, case.hands[0], world.poll_id)


def after_the_meeting(case: Case, world: World, expected: "Expected") -> list[str]:
    """What is said of the classes' weights."""
    home, client = f"/polls/{world.poll_id}", case.client
    exact = sum(expected.returned.values())
    assert figures(client.page(home))["收回"] == str(exact)
    assert client.submit(home, f"{home}/seal", sure="y").status_code == 302
    desk, tally = client.page(home), client.page(f"{home}/tally")
    listed = next(row for row in client.page("/polls").root.iter("tr") if f"'{home}'" in str(links(row)))
    assert ("已封存，结果已生成。" in desk.text) == case.counts
    for text in (desk.text, tally.text, "".join(listed.itertext())):
        assert ("人数不足，不计分" in text) != case.counts
    assert figures(tally).get("领导班子得分") == (expected.shown(0) if case.counts else None)
    told = [words for words, holds in ((SILENT, expected.silent), (SKIPPED, expected.skipped)) if holds]
    for text in (desk.text, tally.text):
        assert [words for words in (SILENT, SKIPPED) if words in text] == told
    for number, extension in product(range(min(case.leaders, 1) + 1), ("svg", "png")):
        assert client.get(f"{home}/charts/{number}.{extension}").status_code == 200
    assert ("不了解" in tally.html.split('alt="')[1].split('"')[0]) == bool(case.abstain)
    on_paper(case, world, expected, told)
    assert "投出" in client.page(f"/board/{world.codes['A'][0][:4]}").text
    return told


def on_paper(case: Case, world: World, expected: "Expected", told: Sequence[str]) -> None:
    """The bundle, the tally sheets of the site and of the bundle, and what the commands say."""
    home, folder = f"/polls/{world.poll_id}", case.site.settings.data_dir
    bundle = folder / f"{world.poll_id}.zip"
    bundle.write_bytes(case.client.get(f"{home}/bundle.zip").data)
    recount = subprocess.run([sys.executable, ROOT / "scripts" / "recount", bundle], capture_output=True, check=False)
    assert recount.stdout.decode().startswith("一致"), recount.stdout.decode()
    with zipfile.ZipFile(bundle) as files:
        counted = json.loads(files.read("tally.json"))
    shown = json.loads(command(case, "poll", "tally", world.poll_id, "--json"))
    assert (shown["organization"], shown["leaders"]) == (counted["organization"], counted["leaders"])
    assert shown["passed_on"] == ({"B": "70.00"} if expected.silent else {})
    assert [entry["valid"] for entry in shown["classes"]] == [*expected.valid.values()]
    forms = [counted["organization"]["items"], *(leader["aspects"] for leader in counted["leaders"])]
    assert [question["score"] for form in forms for question in form] == expected.questions
    for extension in ("pdf", "xlsx"):
        sheet = case.client.get(f"{home}/tally-sheet.{extension}")
        assert sheet.status_code == 200
        by_bundle = ["bundle", "tally-sheet", bundle, "--log-head", sealed_head(case.site, world.poll_id)]
        for number, arguments in enumerate((["poll", "tally-sheet", world.poll_id], by_bundle)):
            out = folder / f"{world.poll_id}-{number}.{extension}"
            command(case, *arguments, "--out", out)
            assert out.read_bytes() == sheet.data
    check_workbook(case, (folder / f"{world.poll_id}-0.xlsx").read_bytes(), counted, told)
    words = pdf_words((folder / f"{world.poll_id}-0.pdf").read_bytes())
    for text in (*told, *((SHORT[:-1],) if not case.counts else ()), "不了解不计分" if case.abstain else "差 40。"):
        assert squeezed(text) in words
    assert ("（按收回的票算" in words) != case.counts


def check_workbook(case: Case, data: bytes, counted: Mapping[str, Any], told: Sequence[str]) -> None:
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    front = book.get_sheet_by_name("统计单").to_python(skip_empty_area=False)
    texts = "".join(str(cell) for row in front for cell in row)
    assert [words for words in (SILENT, SKIPPED) if words in texts] == told
    assert ("；不了解不计分" in texts) == bool(case.abstain)
    items = counted["organization"]["items"]
    start = next(place for place, row in enumerate(front) if row[:2] == ["项", "测评内容"]) + 1
    check_rows(front[start : start + ITEMS], 2, items)
    if not case.leaders:
        return
    rows = book.get_sheet_by_name("领导干部").to_python(skip_empty_area=False)
    for leader in counted["leaders"]:
        own = {row[3].split(".")[0]: row for row in rows if row[1] == leader["name"]}
        check_rows([own[aspect["key"]] for aspect in leader["aspects"]], 4, leader["aspects"])


def check_rows(rows: Sequence[Sequence[Any]], start: int, questions: Sequence[Mapping[str, Any]]) -> None:
    """`start`: the first column of counts; after them a rate for each grade, then the score."""
    for row, question in zip(rows, questions, strict=True):
        counts = [*question["counts"].values()]
        assert row[start : start + len(counts)] == counts
        assert f"{row[start + len(counts) + len(GRADES)]:.2f}" == question["score"]


def for_the_unit(case: Case, unit_id: int, told: Sequence[str]) -> None:
    """The row, its derivation and the letter, with a second team's poll where there are teams."""
    if case.team:
        sealed_poll(case.site, unit_id, "AB", team="乙班子", leaders=case.leaders)
    for page in (f"/units/{unit_id}", f"/units/{unit_id}/rows/III-36", f"/units/{unit_id}/why"):
        case.client.page(page)
    why = case.client.page(f"/units/{unit_id}/rows/III-36/why")
    letter = pdf_words(case.client.get(f"/units/{unit_id}/letter.pdf").data)
    for text in (squeezed(why.text), letter):
        assert (squeezed(SILENT) in text) == (case.counts and SILENT in told)
        assert (squeezed(SHORT[:-1]) in text) != case.counts
    assert ("权重 70% 由其他票种分摊" in why.text) == (case.counts and bool(told))
    assert squeezed(SKIPPED[:-1]) not in letter
    if case.counts and SKIPPED in told:  # all of the class said the same there: nothing
        assert "各项得分不单独列出" in letter
    assert ("不了解 " in why.text) == (case.counts and bool(case.abstain))
    assert "弃权" not in why.text


# Every figure anew.


@dataclass(frozen=True)
class Expected:
    """`questions`: scores as shown, of all forms. `silent`: class B has no valid ballot. `skipped`: nor, having some,
    a vote on the first item."""

    returned: Mapping[str, int]
    valid: Mapping[str, int]
    scores: Sequence[Fraction | None]
    silent: bool
    skipped: bool

    @property
    def questions(self) -> list[str | None]:
        return [two_places(score) for score in self.scores]

    def shown(self, form: int) -> str | None:
        own = self.scores[:ITEMS] if form == 0 else self.scores[ITEMS + ASPECTS * (form - 1) :][:ASPECTS]
        known = [score for score in own if score is not None]
        return two_places(sum(known, Fraction(0)) / len(known))


def expected(case: Case, ballots: Mapping[str, Sequence[str]]) -> Expected:
    spoilt = case.blank is BlankPolicy.SPOIL
    valid = {key: [each for each in own if not (spoilt and "-" in each)] for key, own in ballots.items()}
    means = {
        key: [mean(case, [each[place] for each in own]) for place in range(length(case))] for key, own in valid.items()
    }
    return Expected(
        {key: len(own) for key, own in ballots.items()},
        {key: len(own) for key, own in valid.items()},
        [weighted({key: own[place] for key, own in means.items()}) for place in range(length(case))],
        silent="B" in valid and not valid["B"],
        skipped=bool(valid.get("B")) and means["B"][0] is None,
    )


def length(case: Case) -> int:
    return ITEMS + ASPECTS * case.leaders


def mean(case: Case, letters: Sequence[str]) -> Fraction | None:
    values = [GRADES[letter] for letter in letters if letter in GRADES]
    values += [0] * letters.count("-") if case.blank is BlankPolicy.ZERO else []
    return Fraction(sum(values), len(values)) if values else None


def weighted(by_class: Mapping[str, Fraction | None]) -> Fraction | None:
    known = [(score, WEIGHTS[key]) for key, score in by_class.items() if score is not None]
    whole = sum(weight for _, weight in known)
    return sum((score * weight for score, weight in known), Fraction(0)) / whole if known else None


def two_places(value: Fraction | None) -> str | None:
    if value is None:
        return None
    return str((Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("0.01"), ROUND_HALF_UP))


# Reading what came.


def command(case: Case, *arguments: object) -> str:
    with case.app.app_context():
        done = case.app.test_cli_runner().invoke(args=[str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def figures(page: Page) -> dict[str, str]:
    return {
        "".join(each.find("dt").itertext()): "".join(each.find("dd").itertext())  # type: ignore[union-attr]
        for group in page.root.iter("dl")
        for each in group.iter("div")
    }


def links(row: Any) -> list[str | None]:
    return [each.get("href") for each in row.iter("a")]
