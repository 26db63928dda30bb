"""Every page and paper of a poll, with scales of as few and as many grades as a questionnaire may have."""

import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from string import ascii_uppercase

import pytest
from flask import Flask
from python_calamine import CalamineWorkbook

from surveys.acts.actors import Role
from surveys.catalog.rules import MOST_GRADES
from surveys.polling import keying
from surveys.polling.ballot_classes import ClassEntry
from surveys.reporting.palette import paints
from surveys.vote.papers.tally_sheets import MOST_COUNTS_UPRIGHT
from tests import papers
from tests.builders import World, build_poll, build_unit, cast_each, close, seal, sheet_of
from tests.papers import person
from tests.scales import NAMES, scaled
from tests.servers import ROOT
from tests.sites import lite_site_in
from tests.strict_client import Page, StrictClient
from tests.tools import pdf_words, squeezed
from tests.worlds import client_of

ABSTAIN = "不了解"
ITEMS, ASPECTS = 9, 7
LEADERS = 1
QUESTIONS = ITEMS + ASPECTS * LEADERS
CLASSES = (ClassEntry("A", "干部代表", Decimal(30)), ClassEntry("B", "群众代表", Decimal(70)))
COUNTS = (2, 5, 6, MOST_GRADES)


@dataclass(frozen=True)
class Scaled:
    """A sealed poll whose grades are `names`: on phones and on paper each was chosen, and 弃权, and nothing. `before`:
    pages as they were before sealing, by name."""

    app: Flask
    client: StrictClient
    world: World
    names: tuple[str, ...]
    before: dict[str, bytes]

    @property
    def letters(self) -> str:
        return ascii_uppercase[: len(self.names)]

    def get(self, address: str) -> bytes:
        answer = self.client.get(address)
        assert answer.status_code == 200, address
        return answer.data

    def of_poll(self, address: str) -> bytes:
        return self.get(f"/polls/{self.world.poll_id}/{address}".removesuffix("/"))


@pytest.fixture(scope="module", params=COUNTS)
def scale(
    request: pytest.FixtureRequest, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scaled]:
    count: int = request.param
    with scaled(count), lite_site_in(tmp_path_factory.mktemp(f"grades{count}"), sqlite_template) as app:
        yield held(app, NAMES[:count])


def held(app: Flask, names: tuple[str, ...]) -> Scaled:
    site = app.extensions["site"]
    hands = person(site, "甲", Role.ADMIN), person(site, "乙")
    client = client_of(app, hands[0].account_id)
    assessment_id, unit_id = build_unit(site, leaders=LEADERS)
    returned = 3 * (len(names) + 2)
    world = build_poll(site, unit_id=unit_id, count=len(names) + 3, classes=CLASSES, entitled=returned, abstain=ABSTAIN)
    organization = sheet_of(site, world.poll_id).organization
    assert organization is not None
    signs = [sign for sign, _ in keying.signs(organization)]
    home, letters = f"/polls/{world.poll_id}", ascii_uppercase[: len(names)]
    before = {name: client.get(f"{home}/{name}").data for name in ("preview", "setup")}
    before["ballot"] = client.get(f"/b/{world.codes['A'][-1]}").data
    printed = client.submit(f"{home}/paper", f"{home}/paper/print", count=str(len(signs)))
    assert printed.status_code == 200
    before["paper"] = printed.data
    answers = letters + "*-"
    sheets = [answers[start:] + answers[:start] for start in range(len(answers))]
    cast_each(site, world, {"A": sheets, "B": sheets})
    close(site, world.poll_id, len(signs))
    before["keying"] = client.get(f"{home}/paper/A/1/1").data
    papers.key_twice(site, hands, world.poll_id, dict(enumerate(signs, start=1)))
    papers.cast(site, hands[0], world.poll_id)
    seal(site, world.poll_id)
    return Scaled(app, client, replace(world, assessment_id=assessment_id), names, before)


def radios(html: bytes) -> list[str]:
    return re.findall(r'type="radio" name="[^"]+" value="(.)"', html.decode())


def test_the_ballot_offers_every_grade_of_every_question(scale: Scaled) -> None:
    for page in ("ballot", "preview"):
        assert radios(scale.before[page]) == [*scale.letters, "*"] * QUESTIONS
        text = scale.before[page].decode()
        assert [text.count(f"<span>{name}</span>") for name in scale.names] == [QUESTIONS] * len(scale.names)


def test_the_paper_ballot_has_a_box_for_every_grade(scale: Scaled) -> None:
    words = pdf_words(scale.before["paper"])
    copies = len(scale.names) + 2
    assert "".join([*scale.names, ABSTAIN]) in words
    # Above the organization's items, on each page of them, and beside each of a leader's aspects.
    for name in scale.names:
        assert words.count(name) in (copies * (1 + ASPECTS * LEADERS), copies * (2 + ASPECTS * LEADERS))


def test_every_grade_can_be_keyed(scale: Scaled) -> None:
    """By the sign that stands beside its name, which a cell lets in and is one character wide."""
    page = scale.before["keying"].decode()
    text = squeezed(re.sub("<[^>]+>", "", page))
    signs = [*"123456789J"[: len(scale.names)], *"123456789*"[len(scale.names) : len(scale.names) + 1]]
    if len(scale.names) == MOST_GRADES:
        signs[-1:] = ["J", "*"]
    assert "".join(map("".join, zip(signs, (*scale.names, ABSTAIN), strict=True))) + "0未填" in text
    assert set(signs) <= set(re.findall(r'data-allowed="([^"]+)"', page)[0])


def test_the_result_page_and_its_charts_show_every_grade(scale: Scaled) -> None:
    page = scale.of_poll("tally").decode()
    heads = re.findall(r'<th scope="col" class="number">(<svg.*?</svg>)(.*?)</th>', page)
    assert [name for _, name in heads] == list(scale.names) * (1 + LEADERS)
    for (drawn, _), letter in zip(heads, scale.letters * (1 + LEADERS), strict=True):
        assert paints(scale.letters)[letter].colour in drawn
    assert "、".join([*scale.names, ABSTAIN]) in page
    for number in range(1 + LEADERS):
        assert scale.of_poll(f"charts/{number}.png").startswith(b"\x89PNG")
        drawn = scale.of_poll(f"charts/{number}.svg").decode().upper()
        assert all(paints(scale.letters)[letter].colour in drawn for letter in scale.letters)


def test_the_tally_sheet_counts_every_grade(scale: Scaled) -> None:
    words = pdf_words(scale.of_poll("tally-sheet.pdf"))
    assert all(words.count(name) > ASPECTS * LEADERS for name in scale.names)
    book = CalamineWorkbook.from_filelike(io.BytesIO(scale.of_poll("tally-sheet.xlsx")))
    for name, before in (("统计单", 2), ("领导干部", 4)):
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        head = next(row for row in rows if scale.names[0] in row)
        rates = [f"{grade}率" for grade in scale.names]
        assert head[before : before + 2 * len(scale.names) + 3] == [*scale.names, ABSTAIN, "未填", *rates, "得分"]


def test_the_workbook_lies_across_where_its_columns_ask_for_it(scale: Scaled) -> None:
    with zipfile.ZipFile(io.BytesIO(scale.of_poll("tally-sheet.xlsx"))) as files:
        front = files.read("xl/worksheets/sheet1.xml").decode()
    assert ('orientation="landscape"' in front) == (len(scale.names) + 2 > MOST_COUNTS_UPRIGHT)


def test_what_is_recounted_from_the_bundle_is_the_same(scale: Scaled, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(scale.of_poll("bundle.zip"))
    recount = subprocess.run([sys.executable, ROOT / "scripts" / "recount", bundle], capture_output=True, check=False)
    assert recount.stdout.decode().startswith("一致"), recount.stdout.decode()
    with zipfile.ZipFile(bundle) as files:
        counted = json.loads(files.read("tally.json"))
    forms = [counted["organization"]["items"], *(leader["aspects"] for leader in counted["leaders"])]
    for question in (question for form in forms for question in form):
        assert list(question["counts"]) == [*scale.letters, "*", "-"]
        assert min(question["counts"].values()) > 0


@pytest.mark.parametrize("command", ["tally", "tally-sheet", "verify"])
def test_the_commands_tell_it(scale: Scaled, tmp_path: Path, command: str) -> None:
    options = {"tally": ["--json"], "tally-sheet": ["--out", str(tmp_path / "sheet.pdf")], "verify": []}
    with scale.app.app_context():
        runner = scale.app.test_cli_runner()
        done = runner.invoke(args=["poll", command, str(scale.world.poll_id), *options[command]])
    assert done.exit_code == 0, done.output
    if command == "tally":
        first = json.loads(done.stdout)["organization"]["items"][0]
        assert list(first["counts"]) == [*scale.letters, "*", "-"]


def test_the_score_is_derived_from_every_grade(scale: Scaled) -> None:
    why = Page(scale.client.get(f"/units/{scale.world.unit_id}/rows/III-36/why")).text
    assert all(name in why for name in (*scale.names, ABSTAIN))


@pytest.mark.parametrize("page", ["", "/why", "/rows/III-36", "/letter.pdf", "/letter.docx"], ids=lambda page: page[1:])
def test_pages_and_letters_of_the_unit_are_written(scale: Scaled, page: str) -> None:
    assert scale.get(f"/units/{scale.world.unit_id}{page}")


@pytest.mark.parametrize("page", ["", "setup", "log", "paper", "tickets", "card.pdf"])
def test_pages_of_the_poll_are_written(scale: Scaled, page: str) -> None:
    assert scale.of_poll(page).strip()


def test_the_report_and_the_results_are_written(scale: Scaled) -> None:
    home = f"/assessments/{scale.world.assessment_id}"
    for page in ("results", "report.pdf", "report.docx", "completion"):
        assert scale.get(f"{home}/{page}")
    assert "投出" in scale.client.page(f"/board/{scale.world.codes['A'][0][:4]}").text
