"""Small ballot classes in a tally: what is left out, what is kept, what is said, and that the bundle holds it all."""

import json
import subprocess
import sys
import zipfile
from decimal import Decimal
from fractions import Fraction
from io import BytesIO
from typing import Any

import pytest
from flask import Flask

from surveys.acts.actors import Role
from surveys.acts.site import Site
from surveys.scoring.score_sheet import RowState
from surveys.vote import bundle_writing, polls, tallies
from surveys.vote.polls import ClassEntry
from surveys.vote.tally_values import FormTally, Tally
from tests.builders import ONE_CLASS, World, build_poll, build_unit, cast_each, close_and_seal, sheet_for
from tests.servers import ROOT
from tests.strict_client import StrictClient, words
from tests.worlds import build_accounts, client_of

CLASSES = (
    ClassEntry("A", "领导班子成员", Decimal(50)),
    ClassEntry("B", "中层干部", Decimal(30)),
    ClassEntry("C", "职工代表", Decimal(20)),
)
LENGTH = 9 + 2 * 7
# A is small, B the smallest of the others: both hidden. C is shown.
BALLOTS = {"A": ["AD" * 12] * 2, "B": ["BCA" * 8] * 6, "C": ["ABAC" * 6] * 7}
COUNTED = {key: [sheet[:LENGTH] for sheet in sheets] for key, sheets in BALLOTS.items()}
WEIGHTS = {"A": 100, "B": 80, "C": 60, "D": 40}
SMALL_CLASS = (
    "有票种的有效票不足 5 张，各题得分和相关票种的得分不单独显示，总分照常计算。"
    "由总分和各项票数仍可推算出人少的票种的平均分，请控制知悉范围。"
)


def sealed(
    site: Site, ballots: dict[str, list[str]], classes: tuple[ClassEntry, ...] = CLASSES, **options: Any
) -> World:
    world = build_poll(site, count=12, classes=classes, entitled=24, present=24, **options)
    cast_each(site, world, ballots)
    close_and_seal(site, world.poll_id)
    return world


def tally_of(site: Site, world: World) -> Tally:
    with site.database.reading() as session:
        return tallies.tally(session, polls.poll_of(session, world.poll_id))


def forms_of(tally: Tally) -> list[FormTally]:
    assert tally.organization is not None
    return [tally.organization, *tally.leaders]


def worked_out(start: int, end: int, classes: str = "ABC") -> Fraction:
    """A form's score by hand, over these classes."""
    weights = {entry.key: Fraction(entry.weight) for entry in CLASSES}
    scores = [
        sum(
            weights[key] * sum(WEIGHTS[sheet[position]] for sheet in COUNTED[key]) / len(COUNTED[key])
            for key in classes
        )
        / sum(weights[key] for key in classes)
        for position in range(start, end)
    ]
    return sum(scores, Fraction(0)) / len(scores)


def client(app: Flask, site: Site, role: Role = Role.ORGANIZER) -> StrictClient:
    ids, _ = build_accounts(site)
    return client_of(app, ids[role])


def command(app: Flask, *arguments: object) -> str:
    with app.app_context():
        result = app.test_cli_runner().invoke(args=[str(argument) for argument in arguments])
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_a_small_class_and_the_one_that_would_betray_it_have_no_score(site):
    tally = tally_of(site, sealed(site, COUNTED))
    assert [(entry.key, entry.hidden, entry.score) for entry in tally.classes] == [
        ("A", True, None),
        ("B", True, None),
        ("C", False, worked_out(0, 9, "C")),
    ]
    # How many voted says nothing of what they voted, and is on the board too.
    assert [(entry.issued, entry.returned, entry.valid) for entry in tally.classes] == [
        (12, 2, 2),
        (12, 6, 6),
        (12, 7, 7),
    ]
    assert tally.has_hidden_class


def test_questions_have_no_score_then_but_forms_have(site):
    tally = tally_of(site, sealed(site, COUNTED))
    for number, form in enumerate(forms_of(tally)):
        start = 0 if number == 0 else 9 + 7 * (number - 1)
        assert {question.score for question in form.questions} == {None}
        assert form.score == worked_out(start, start + len(form.questions))


@pytest.mark.both
def test_the_counts_of_all_together_are_kept(site):
    tally = tally_of(site, sealed(site, COUNTED))
    together = [sheet for sheets in COUNTED.values() for sheet in sheets]
    position = 0
    for form in forms_of(tally):
        for question in form.questions:
            column = "".join(sheet[position] for sheet in together)
            assert question.counts == {letter: column.count(letter) for letter in "ABCD-"}
            position += 1
    assert position == LENGTH


def test_nothing_is_left_out_where_every_class_is_large_or_empty(site):
    found = {"A": COUNTED["A"][:1] * 5, "C": COUNTED["C"]}
    tally = tally_of(site, sealed(site, found))
    assert [(entry.key, entry.hidden, entry.score is None) for entry in tally.classes] == [
        ("A", False, False),
        ("B", False, True),  # nobody voted: no score, and nothing to hide
        ("C", False, False),
    ]
    assert all(question.score is not None for form in forms_of(tally) for question in form.questions)
    assert SMALL_CLASS not in tallies.warnings(tally)


def test_valid_ballots_count_not_returned_ones(site):
    """Six came back, two of them wholly blank: four are too few."""
    found = COUNTED | {"B": [*COUNTED["B"][:4], "-" * LENGTH, "-" * LENGTH]}
    tally = tally_of(site, sealed(site, found))
    assert [(entry.key, entry.returned, entry.valid, entry.hidden) for entry in tally.classes] == [
        ("A", 2, 2, True),
        ("B", 6, 4, True),
        ("C", 7, 7, False),
    ]


def test_the_shape_in_json(site):
    tally = tally_of(site, sealed(site, COUNTED))
    shown = tallies.to_json(tally)
    assert json.loads(json.dumps(shown)) == shown
    assert shown["classes"][0] == {
        "key": "A",
        "name": "领导班子成员",
        "weight": "50",
        "issued": 12,
        "returned": 2,
        "valid": 2,
        "hidden": True,
        "score": None,
    }
    assert [(entry["hidden"], entry["score"] is None) for entry in shown["classes"]] == [
        (True, True),
        (True, True),
        (False, False),
    ]
    assert shown["warnings"] == tallies.warnings(tally)
    assert shown["warnings"][0] == SMALL_CLASS
    assert shown["organization"]["score"] is not None
    assert {item["score"] for item in shown["organization"]["items"]} == {None}
    for leader in shown["leaders"]:
        assert leader["score"] is not None
        assert {aspect["score"] for aspect in leader["aspects"]} == {None}
    assert shown["organization"]["items"][0]["counts"] == {"A": 9, "B": 6, "C": 0, "D": 0, "-": 0}


def test_what_is_shown_of_a_small_class_does_not_depend_on_its_grades_by_themselves(site):
    """Two polls in which A and B swapped some grades at equal weights: everything shown is the same to the letter."""
    classes = tuple(ClassEntry(entry.key, entry.name, Decimal(10)) for entry in CLASSES)
    shown = []
    for first, second in (("A", "D"), ("D", "A")):
        found = {
            "A": [first * LENGTH] * 3,
            "B": [second * LENGTH] * 3,
            "C": COUNTED["C"],
        }
        json_of = tallies.to_json(tally_of(site, sealed(site, found, classes)))
        shown.append({key: value for key, value in json_of.items() if key not in ("poll", "seal")})
    assert shown[0] == shown[1]


@pytest.mark.parametrize(("count", "warned"), [(1, True), (4, True), (5, False)])
def test_a_small_poll_of_one_class_is_shown_with_a_warning(site, count, warned):
    """There is nothing to work out: the total is what everybody came for."""
    world = sealed(site, {"A": ["ABCD" * 6] * count}, ONE_CLASS)
    tally = tally_of(site, world)
    assert tally.few is warned
    (own,) = tally.classes
    assert not own.hidden
    assert own.score == forms_of(tally)[0].score == Fraction(100 * 3 + 80 * 2 + 60 * 2 + 40 * 2, 9)
    assert all(question.score is not None for form in forms_of(tally) for question in form.questions)
    said = f"有效票只有 {count} 张，结果近于公开每个人的选择，请控制知悉范围。"
    assert (said in tallies.warnings(tally)) is warned


def test_unanimity_is_said_of_each_question_by_name(site):
    ballots = ["A" + "B" * 8 + "C" + "A" * 13, "A" + "C" * 8 + "C" + "B" * 13]
    tally = tally_of(site, sealed(site, {"A": ballots * 3}, ONE_CLASS))
    first = forms_of(tally)[1].questions[0].key
    assert tally.unanimous == ("领导班子第 1 项", f"样例1第 {first} 项")
    (said,) = tallies.warnings(tally)
    assert said.startswith(f"全体一致：领导班子第 1 项、样例1第 {first} 项。")


def test_a_blank_is_not_unanimity(site):
    ballots = ["-" + "A" * (LENGTH - 1), "AB" + "A" * (LENGTH - 2)] * 3
    tally = tally_of(site, sealed(site, {"A": ballots}, ONE_CLASS, leaders=2))
    assert tally.unanimous[0] == "领导班子第 3、4、5、6、7、8、9 项"


def test_nobody_voted_and_nobody_is_warned_of_unanimity(site):
    tally = tally_of(site, sealed(site, {}))
    assert tally.unanimous == ()
    assert not tally.has_hidden_class


def test_the_score_sheet_still_takes_the_forms_score(site):
    _, unit_id = build_unit(site)
    world = sealed(site, COUNTED, unit_id=unit_id)
    score = worked_out(0, 9)
    sheet = sheet_for(site, unit_id)
    assert sheet.democratic is not None
    assert sheet.democratic.value.state is RowState.MARKED
    assert sheet.democratic.value.got == score * Fraction(sheet.democratic.row.standard.points) / 100
    assert sheet.tally == tally_of(site, world)


def test_the_page_says_what_it_leaves_out(lite_app: Flask, lite_site: Site) -> None:
    world = sealed(lite_site, COUNTED)
    page = client(lite_app, lite_site).page(f"/polls/{world.poll_id}/tally")
    assert SMALL_CLASS in page.text
    by_name = {words(cells[0]): [words(cell) for cell in cells[1:]] for cells in map(list, page.root.iter("tr"))}
    assert by_name["A 领导班子成员"][-1] == by_name["B 中层干部"][-1] == "不单独显示"
    assert by_name["C 职工代表"][-1] == "86.67"
    tally = tallies.to_json(tally_of(lite_site, world))
    assert f"领导班子得分{tally['organization']['score']}" in page.text.replace(" ", "")
    for leader in tally["leaders"]:
        assert f"综合得分 {leader['score']}" in page.text
    rows = [cells for name, cells in by_name.items() if name[:1].isdigit()]
    assert len(rows) >= 9
    assert {cells[-1] for cells in rows} == {"—"}
    first = by_name[next(name for name in by_name if name.startswith("1."))]
    assert first[:5] == ["9 60.00%", "6 40.00%", "0 0.00%", "0 0.00%", "0"]


@pytest.mark.parametrize("extension", ["svg", "png"])
def test_the_charts_of_such_a_poll_are_drawn(lite_app: Flask, lite_site: Site, extension: str) -> None:
    world = sealed(lite_site, COUNTED)
    browser = client(lite_app, lite_site, Role.SCRUTINEER)
    for number in range(3):
        response = browser.get(f"/polls/{world.poll_id}/charts/{number}.{extension}")
        assert response.status_code == 200
        assert len(response.data) > 1000


def test_the_results_of_the_assessment_are_drawn_too(lite_app: Flask, lite_site: Site) -> None:
    world = sealed(lite_site, COUNTED)
    browser = client(lite_app, lite_site, Role.ADMIN)
    page = browser.page(f"/assessments/{world.assessment_id}/results")
    assert str(tallies.to_json(tally_of(lite_site, world))["organization"]["score"]) in page.text
    browser.page(f"/units/{world.unit_id}")


def test_the_command_leaves_out_the_same_and_says_so(lite_app: Flask, lite_site: Site) -> None:
    world = sealed(lite_site, COUNTED)
    assert json.loads(command(lite_app, "poll", "tally", world.poll_id, "--json")) == tallies.to_json(
        tally_of(lite_site, world)
    )
    text = command(lite_app, "poll", "tally", world.poll_id)
    assert "班子得分" in text
    assert "None" not in text, "what has no score is said in words"
    assert SMALL_CLASS in text


def test_the_command_says_the_warnings_of_a_small_poll(lite_app: Flask, lite_site: Site) -> None:
    world = sealed(lite_site, {"A": ["A" * LENGTH] * 2}, ONE_CLASS)
    text = command(lite_app, "poll", "tally", world.poll_id)
    for warning in tallies.warnings(tally_of(lite_site, world)):
        assert warning in text


def test_the_bundle_holds_everything_and_recounts(site, tmp_path):
    world = sealed(site, COUNTED)
    with site.database.reading() as session:
        poll = polls.poll_of(session, world.poll_id)
        content, seal = bundle_writing.write_bundle(session, poll), poll.seal
    with zipfile.ZipFile(BytesIO(content)) as bundle:
        tally = json.loads(bundle.read("tally.json"))
        ballots = bundle.read("ballots.csv").decode().splitlines()
    assert sorted(ballots[1:]) == sorted(f"{key},{sheet}" for key, sheets in COUNTED.items() for sheet in sheets)
    assert all(entry["score"] is not None for entry in tally["classes"])
    assert all(item["score"] is not None for item in tally["organization"]["items"])
    path = tmp_path / "bundle.zip"
    path.write_bytes(content)
    found = subprocess.run(
        [sys.executable, "-I", "-S", str(ROOT / "scripts" / "recount"), str(path)],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (found.returncode, found.stdout, found.stderr) == (0, f"一致 {seal}\n", "")
