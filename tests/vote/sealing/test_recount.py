"""`scripts/recount` as a scrutineer runs it: a bare Python, no project, no environment; every change is found."""

import ast
import csv
import hashlib
import io
import json
import random
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from surveys.acts.site import Site
from surveys.polling import codes
from surveys.scoring.grades import BlankPolicy, FormRules
from surveys.scoring.poll_rules import PollRules
from surveys.vote import bundle_writing, polls
from surveys.vote.polls import ClassEntry
from tests.builders import ONE_CLASS, build_poll, cast_each, close_and_seal
from tests.servers import ROOT
from tests.sites import lite_site_in

pytestmark = pytest.mark.both

SCRIPT = ROOT / "scripts" / "recount"
FLIPS = 60
THREE_CLASSES = (
    ClassEntry("A", "领导班子成员", Decimal(40)),
    ClassEntry("B", "中层干部", Decimal("33.5")),
    ClassEntry("C", "职工代表", Decimal("26.5")),
)
ODD_CLASSES = (
    ClassEntry("A", "甲", Decimal("33.333333333333333333")),
    ClassEntry("B", "乙", Decimal("0.000000000000000001")),
    ClassEntry("C", "丙", Decimal("66.666666666666666667")),
)
ODD_RULES = PollRules(
    organization=FormRules(
        grades={
            "A": Decimal("99.99999999999"),
            "B": Decimal("33.3333333333333"),
            "C": Decimal(0),
            "D": Decimal("-7.125"),
        },
        questions={str(number): Decimal(number) / 7 for number in range(1, 10)},
    ),
    leader=FormRules(
        grades={"A": Decimal("0.005"), "B": Decimal("-0.005"), "C": Decimal("-0.004"), "D": Decimal("-100")},
        questions={str(number): Decimal("0.142857142857") * number for number in range(1, 8)},
    ),
)

Files = dict[str, str]
Change = Callable[[Files], None]


def drawn(length: int, count: int, seed: int) -> list[str]:
    """Answer sheets with a good part of blanks, and one wholly blank among them."""
    draw = random.Random(seed)
    sheets = ["".join(draw.choices("ABCD-", (50, 25, 12, 6, 7), k=length)) for _ in range(count)]
    return [*sheets[:-1], "-" * length] if count > 2 else sheets


def sealed_bundle(site: Site, ballots: Mapping[str, list[str]], **options: Any) -> bytes:
    """The bundle of a sealed poll with these answer sheets by class."""
    world = build_poll(site, count=12, entitled=30, present=25, **options)
    cast_each(site, world, ballots)
    close_and_seal(site, world.poll_id)
    with site.database.reading() as session:
        return bundle_writing.write_bundle(session, polls.poll_of(session, world.poll_id))


def recounted(path: object, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), *([] if path is None else [str(path)]), *more],
        env={"PATH": "/usr/bin:/bin"},
        cwd="/",
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def recount(folder: Path, content: bytes) -> subprocess.CompletedProcess[str]:
    path = folder / "选票包.zip"
    path.write_bytes(content)
    return recounted(path)


def assert_agrees(found: subprocess.CompletedProcess[str], seal: str) -> None:
    assert (found.returncode, found.stdout, found.stderr) == (0, f"一致 {seal}\n", "")


def assert_refused(found: subprocess.CompletedProcess[str], *words: str) -> None:
    assert "Traceback" not in found.stderr, found.stderr
    assert found.returncode == 1, found.stdout
    assert found.stdout.startswith("不一致：")
    assert found.stdout.count("\n") == 1
    assert found.stderr == ""
    for word in words:
        assert word in found.stdout


def unpacked(content: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(content)) as bundle:
        return {name: bundle.read(name).decode() for name in bundle.namelist()}


def packed(files: Mapping[str, str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as bundle:
        for name, text in files.items():
            bundle.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def same_content(content: bytes, other: bytes) -> bool:
    try:
        return unpacked(content) == unpacked(other)
    except Exception:  # noqa: BLE001, RUF100 - whatever a damaged zip raises
        return False


def seal_of(files: Files) -> str:
    return str(json.loads(files["record.json"])["seal"])


def rows(files: Files, name: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(files[name])))


def put_rows(files: Files, name: str, found: list[list[str]]) -> None:
    target = io.StringIO()
    csv.writer(target, lineterminator="\n").writerows(found)
    files[name] = target.getvalue()


def edited(name: str, edit: Callable[[Any], object]) -> Change:
    """A change to a JSON file of the bundle."""

    def change(files: Files) -> None:
        value = json.loads(files[name])
        edit(value)
        files[name] = json.dumps(value, ensure_ascii=False)

    return change


def record(edit: Callable[[Any], object]) -> Change:
    return edited("record.json", edit)


def tally(edit: Callable[[Any], object]) -> Change:
    return edited("tally.json", edit)


def ballots(edit: Callable[[list[list[str]]], object]) -> Change:
    """A change to the rows of ballots.csv, the header at 0."""

    def change(files: Files) -> None:
        found = rows(files, "ballots.csv")
        edit(found)
        put_rows(files, "ballots.csv", found)

    return change


def receipts(edit: Callable[[list[list[str]]], object]) -> Change:
    def change(files: Files) -> None:
        found = rows(files, "receipts.csv")
        edit(found)
        put_rows(files, "receipts.csv", found)

    return change


def resealed(files: Files) -> None:
    """The seal worked out again, here and in the tally: what somebody who forges a bundle would do."""
    body = json.loads(files["record.json"])
    del body["seal"]
    canonical = body | {
        "ballots": sorted(rows(files, "ballots.csv")[1:]),
        "receipts": sorted(row[0].replace("-", "") for row in rows(files, "receipts.csv")[1:]),
    }
    text = json.dumps(canonical, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    seal = "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    files["record.json"] = json.dumps(body | {"seal": seal}, ensure_ascii=False)
    files["tally.json"] = json.dumps(json.loads(files["tally.json"]) | {"seal": seal}, ensure_ascii=False)


@pytest.fixture(scope="module")
def bundle(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Three classes, blanks, two leaders; the same to the byte in every run."""
    with (
        pytest.MonkeyPatch.context() as patch,
        lite_site_in(tmp_path_factory.mktemp("recount"), sqlite_template) as app,
    ):
        patch.setattr(codes, "new_prefix", lambda: "K7QF")
        found = {"A": drawn(23, 5, 1), "B": drawn(23, 7, 2), "C": drawn(23, 9, 3)}
        return sealed_bundle(app.extensions["site"], found, classes=THREE_CLASSES)


def test_one_class_with_blanks(lite_site: Site, tmp_path: Path) -> None:
    content = sealed_bundle(lite_site, {"A": drawn(23, 10, 1)})
    assert_agrees(recount(tmp_path, content), seal_of(unpacked(content)))


@pytest.mark.parametrize("blank", list(BlankPolicy))
def test_three_weighted_classes_with_blanks(lite_site: Site, tmp_path: Path, blank: BlankPolicy) -> None:
    found = {"A": drawn(23, 6, 4), "B": drawn(23, 8, 5), "C": drawn(23, 11, 6)}
    # Nobody of class A answers the second item; one of each class answers everything.
    found["A"] = [sheet[0] + "-" + sheet[2:] for sheet in found["A"]]
    for key, sheets in found.items():
        found[key] = ["ABCD" * 5 + "ABC", *sheets]
    content = sealed_bundle(lite_site, found, classes=THREE_CLASSES, blank=blank)
    tally = json.loads(unpacked(content)["tally.json"])
    assert tally["returned"] == 28
    assert tally["invalid"] >= 3
    assert_agrees(recount(tmp_path, content), seal_of(unpacked(content)))


@pytest.mark.parametrize("blank", list(BlankPolicy))
@pytest.mark.parametrize("found", [{}, {"A": ["-" * 23] * 3}])
def test_nobody_voted_or_nobody_filled_anything_in(
    lite_site: Site, tmp_path: Path, blank: BlankPolicy, found: dict[str, list[str]]
) -> None:
    content = sealed_bundle(lite_site, found, classes=THREE_CLASSES, blank=blank)
    assert json.loads(unpacked(content)["tally.json"])["organization"]["score"] is None
    assert_agrees(recount(tmp_path, content), seal_of(unpacked(content)))


@pytest.mark.parametrize(("leaders", "leader", "length"), [(0, "leader", 9), (0, "", 9), (2, "", 9), (3, "leader", 30)])
def test_with_and_without_leaders(lite_site: Site, tmp_path: Path, leaders: int, leader: str, length: int) -> None:
    content = sealed_bundle(lite_site, {"A": drawn(length, 9, 7)}, leaders=leaders, leader=leader)
    assert_agrees(recount(tmp_path, content), seal_of(unpacked(content)))


@pytest.mark.parametrize("blank", list(BlankPolicy))
def test_weights_with_many_decimals_and_negative_ones(lite_site: Site, tmp_path: Path, blank: BlankPolicy) -> None:
    found = {"A": ["A" * 23, *drawn(23, 6, 8)], "B": drawn(23, 8, 9), "C": ["DDDCCCBBB" + "BCBDBCB" * 2] * 3}
    content = sealed_bundle(lite_site, found, classes=ODD_CLASSES, rules=replace(ODD_RULES, blank=blank))
    files = unpacked(content)
    assert "33.333333333333333333" in files["record.json"]
    assert any(leader["score"].startswith("-") for leader in json.loads(files["tally.json"])["leaders"])
    assert_agrees(recount(tmp_path, content), seal_of(files))


def test_a_score_that_rounds_to_nothing_has_no_sign(lite_site: Site, tmp_path: Path) -> None:
    content = sealed_bundle(lite_site, {"A": ["C" * 23] * 5, "B": ["B" * 23] * 5}, classes=ODD_CLASSES, rules=ODD_RULES)
    files = unpacked(content)
    assert {
        aspect["score"] for leader in json.loads(files["tally.json"])["leaders"] for aspect in leader["aspects"]
    } == {"0.00"}
    assert_agrees(recount(tmp_path, content), seal_of(files))


def test_the_same_on_postgresql_and_for_a_rehearsal(site: Site, tmp_path: Path) -> None:
    content = sealed_bundle(site, {"A": drawn(23, 8, 10)}, classes=ONE_CLASS, rehearsal=True)
    assert_agrees(recount(tmp_path, content), seal_of(unpacked(content)))


def test_the_bundle_of_the_tests_below_agrees(bundle: bytes, tmp_path: Path) -> None:
    """Also when another program packed it anew: what follows is refused for its content."""
    for content in (bundle, packed(unpacked(bundle)), packed(dict(sorted(unpacked(bundle).items())))):
        assert_agrees(recount(tmp_path, content), seal_of(unpacked(bundle)))


def first_item(value: Any) -> Any:
    return value["organization"]["items"][0]


def swap_counts(value: Any) -> None:
    counts = first_item(value)["counts"]
    counts["A"], counts["B"] = counts["B"], counts["A"] + 1


CHANGES: dict[str, Change] = {
    "one changed letter": ballots(lambda found: found[1].__setitem__(1, "D" + found[1][1][1:])),
    "one letter left blank": ballots(lambda found: found[2].__setitem__(1, found[2][1][:-1] + "-")),
    "a letter too many": ballots(lambda found: found[2].__setitem__(1, found[2][1] + "A")),
    "a removed ballot": ballots(lambda found: found.pop(3)),
    "an added ballot": ballots(lambda found: found.append(["A", "A" * 23])),
    "a ballot doubled for another": ballots(lambda found: found.__setitem__(1, found[2])),
    "a swapped class": ballots(lambda found: found[1].__setitem__(0, "B")),
    "two ballots with swapped classes": ballots(
        lambda found: (found[1].__setitem__(0, "B"), found[-1].__setitem__(0, "A"))
    ),
    "an unknown class": ballots(lambda found: found[1].__setitem__(0, "Z")),
    "no ballots": ballots(lambda found: found.__delitem__(slice(1, None))),
    "a class's weight": record(lambda value: value["classes"][0].__setitem__("weight", "41")),
    "a class's name": record(lambda value: value["classes"][0].__setitem__("name", "别的")),
    "a removed class": record(lambda value: value["classes"].pop()),
    "a grade's weight": record(lambda value: value["rules"]["organization"]["grades"].__setitem__("B", "81")),
    "a question's weight": record(lambda value: value["rules"]["leader"]["questions"][0].__setitem__(1, "2")),
    "the blank policy": record(lambda value: value["rules"].__setitem__("blank", "zero")),
    "the quorum": record(lambda value: value["rules"].__setitem__("quorum", "1/2")),
    "the entitled": record(lambda value: value.__setitem__("entitled", 29)),
    "the present": record(lambda value: value.__setitem__("present", None)),
    "the rehearsal": record(lambda value: value.__setitem__("rehearsal", True)),
    "the issued": record(lambda value: value["classes"][0].__setitem__("issued", 13)),
    "a voided ticket": record(lambda value: value["classes"][0].update(void=1, unused=6)),
    "another poll": record(lambda value: value.__setitem__("poll", "K7QG")),
    "another unit": record(lambda value: value["sheet"].__setitem__("unit", "别的局")),
    "a question's wording": record(
        lambda value: value["sheet"]["organization"]["questions"][0].__setitem__("text", "别的题目")
    ),
    "a grade's wording": record(lambda value: value["sheet"]["leader"]["grades"][0].__setitem__("name", "极好")),
    "a leader's name": record(lambda value: value["sheet"]["leaders"][0].__setitem__("name", "别人")),
    "the leaders' order": record(lambda value: value["sheet"]["leaders"].reverse()),
    "a key more": record(lambda value: value.__setitem__("note", "")),
    "another format": record(lambda value: value.__setitem__("format", "ceping-seal/2")),
    "another seal": record(lambda value: value.__setitem__("seal", "sha256:" + "0" * 64)),
    "a seal of an unknown hash": record(lambda value: value.__setitem__("seal", "crc32:00000000")),
    "a seal that is none": record(lambda value: value.__setitem__("seal", "")),
    "a seal that is no text": record(lambda value: value.__setitem__("seal", None)),
    "a changed receipt": receipts(lambda found: found[1].__setitem__(0, "0000-0000-0000")),
    "a receipt less": receipts(lambda found: found.pop()),
    "a receipt more": receipts(lambda found: found.append(["0000-0000-0000"])),
    "a duplicate receipt": receipts(lambda found: found.append(found[1])),
    "a duplicate receipt for another": receipts(lambda found: found.__setitem__(2, found[1])),
    "the tally's seal": tally(lambda value: value.__setitem__("seal", "sha256:" + "0" * 64)),
    "a count": tally(lambda value: first_item(value)["counts"].__setitem__("A", 1)),
    "two counts with the same sum": tally(swap_counts),
    "a count left out": tally(lambda value: first_item(value)["counts"].pop("-")),
    "a leader's count": tally(lambda value: value["leaders"][1]["aspects"][6]["counts"].__setitem__("D", 9)),
    "an item's score": tally(lambda value: first_item(value).__setitem__("score", "100.00")),
    "an item's score as a number": tally(
        lambda value: first_item(value).__setitem__("score", float(first_item(value)["score"]))
    ),
    "an item without its score": tally(lambda value: first_item(value).__setitem__("score", None)),
    "the organization's score": tally(lambda value: value["organization"].__setitem__("score", "100.00")),
    "a leader's score": tally(lambda value: value["leaders"][1].__setitem__("score", "100.00")),
    "an aspect's score": tally(lambda value: value["leaders"][0]["aspects"][0].__setitem__("score", "100.00")),
    "the tally's leader": tally(lambda value: value["leaders"][0].__setitem__("name", "别人")),
    "the tally's post": tally(lambda value: value["leaders"][0].__setitem__("post", "别的职务")),
    "the tally's leaders swapped": tally(lambda value: value["leaders"].reverse()),
    "the tally's wording": tally(lambda value: first_item(value).__setitem__("text", "别的题目")),
    "the tally's question key": tally(lambda value: first_item(value).__setitem__("key", "99")),
    "the tally's valid": tally(lambda value: value.__setitem__("valid", value["valid"] + 1)),
    "the tally's invalid": tally(lambda value: value.__setitem__("invalid", 0)),
    "the tally's issued": tally(lambda value: value.__setitem__("issued", 35)),
    "the tally's returned": tally(lambda value: value.__setitem__("returned", 20)),
    "the tally's entitled": tally(lambda value: value.__setitem__("entitled", 29)),
    "the tally's present": tally(lambda value: value.__setitem__("present", 24)),
    "the tally without its organization": tally(lambda value: value.__setitem__("organization", None)),
    "the tally without a leader": tally(lambda value: value["leaders"].pop()),
    "an invented leader in the tally": tally(
        lambda value: value["leaders"].append(value["leaders"][0] | {"name": "别人"})
    ),
    "an invented item in the tally": tally(
        lambda value: value["organization"]["items"].append(first_item(value) | {"key": "10"})
    ),
    "a class's score": tally(lambda value: value["classes"][0].__setitem__("score", "100.00")),
    "a class's valid ballots": tally(lambda value: value["classes"][0].__setitem__("valid", 1)),
    "a class's returned ballots": tally(lambda value: value["classes"][0].__setitem__("returned", 1)),
    "the tally's weight of a class": tally(lambda value: value["classes"][0].__setitem__("weight", "41")),
    "the tally's name of a class": tally(lambda value: value["classes"][0].__setitem__("name", "别的")),
    "the tally's unit": tally(lambda value: value.__setitem__("unit", "别的局")),
    "the tally's title": tally(lambda value: value.__setitem__("title", "别的测评会")),
    "whether the poll counts": tally(lambda value: value.update(qualifies=False, shortcoming="实到不足")),
    "the README's seal": lambda files: files.update(
        {"README.txt": files["README.txt"].replace(seal_of(files), "sha256:" + "0" * 64)}
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_found(bundle: bytes, tmp_path: Path, what: str) -> None:
    files = unpacked(bundle)
    CHANGES[what](files)
    assert files != unpacked(bundle), "nothing was changed"
    assert_refused(recount(tmp_path, packed(files)))


def unbalanced(value: Any) -> None:
    value["classes"][0]["issued"] += 1


FORGED: dict[str, tuple[Change, str]] = {
    "a changed letter": (CHANGES["one changed letter"], ""),
    "a letter that is no grade": (ballots(lambda found: found[1].__setitem__(1, "E" + found[1][1][1:])), ""),
    "an added ballot": (CHANGES["an added ballot"], "A 类票的选票数"),
    "a removed ballot": (CHANGES["a removed ballot"], "A 类票的选票数"),
    "a swapped class": (CHANGES["a swapped class"], "类票的选票数"),
    "an unknown class": (CHANGES["an unknown class"], "类票的选票数"),
    "tickets out of nothing": (record(unbalanced), "A 类票的发出数"),
    "a changed weight": (CHANGES["a grade's weight"], "score"),
    "a class's weight": (record(lambda value: value["classes"][0].__setitem__("weight", "400")), "weight"),
    "a weight that is no number": (record(lambda value: value["classes"][0].__setitem__("weight", "x")), ""),
    "a weight over nothing": (record(lambda value: value["classes"][0].__setitem__("weight", "1/0")), ""),
    "the blank policy": (record(lambda value: value["rules"].__setitem__("blank", "spoil")), "valid"),
    "a changed wording": (CHANGES["a question's wording"], "text"),
    "a leader's name": (CHANGES["a leader's name"], "leaders[1].name"),
    "a duplicate receipt": (CHANGES["a duplicate receipt for another"], "不重复的回执数"),
    "a receipt more": (CHANGES["a receipt more"], "回执数"),
    "the entitled": (CHANGES["the entitled"], "entitled"),
    "a letter too many": (CHANGES["a letter too many"], "24 个答案"),
    "rules without a question": (record(lambda value: value["rules"]["organization"]["questions"].pop()), ""),
    "no rules for the leaders": (record(lambda value: value["rules"].__setitem__("leader", None)), ""),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_change_under_a_seal_of_its_own_is_found(bundle: bytes, tmp_path: Path, what: str) -> None:
    """Who changes the record and seals it anew still has to change everything that follows from it."""
    change, words = FORGED[what]
    files = unpacked(bundle)
    change(files)
    resealed(files)
    assert_refused(recount(tmp_path, packed(files)), words)


def test_a_bundle_forged_throughout_has_another_seal(bundle: bytes, tmp_path: Path) -> None:
    """It agrees with itself; the seal on the public board is what tells it apart, so it is printed."""
    files = unpacked(bundle)
    published = seal_of(files)
    receipts(lambda found: found[1].__setitem__(0, "0000-0000-0000"))(files)
    resealed(files)
    files["README.txt"] = files["README.txt"].replace(published, seal_of(files))
    assert seal_of(files) != published
    assert_agrees(recount(tmp_path, packed(files)), seal_of(files))


@pytest.mark.parametrize("name", ["record.json", "ballots.csv", "receipts.csv", "tally.json"])
def test_a_missing_file(bundle: bytes, tmp_path: Path, name: str) -> None:
    files = unpacked(bundle)
    del files[name]
    assert_refused(recount(tmp_path, packed(files)), name)


BROKEN: dict[str, tuple[str, bytes]] = {
    "no JSON": ("record.json", b"{"),
    "JSON of another kind": ("tally.json", b"[]"),
    "nothing in JSON": ("record.json", b"null"),
    "an empty file": ("ballots.csv", b""),
    "no header": ("receipts.csv", b"0000-0000-0000\n"),
    "a row too short": ("ballots.csv", b"class,answers\nA\n"),
    "no UTF-8": ("ballots.csv", b"class,answers\nA,\xff\xfe\n"),
    "a NUL": ("ballots.csv", b"class,answers\nA,\x00\n"),
    "a field without end": ("ballots.csv", b"class,answers\nA," + b"A" * 200_000),
    "JSON nested without end": ("tally.json", b"[" * 100_000),
    "a number without end": ("tally.json", b'{"seal": ' + b"9" * 10_000 + b"}"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_file_that_cannot_be_read(bundle: bytes, tmp_path: Path, what: str) -> None:
    name, content = BROKEN[what]
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as changed:
        for own, text in unpacked(bundle).items():
            changed.writestr(own, content if own == name else text)
    assert_refused(recount(tmp_path, target.getvalue()))


def test_a_file_that_stands_twice(bundle: bytes, tmp_path: Path) -> None:
    """One program reads the first, another the last: what is counted must be what a spreadsheet shows."""
    files = unpacked(bundle)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as changed:
        changed.writestr("ballots.csv", "class,answers\nA," + "A" * 23 + "\n")
        for name, text in files.items():
            if name != "ballots.csv":
                changed.writestr(name, text)
        with pytest.warns(UserWarning, match="Duplicate name"):
            changed.writestr("ballots.csv", files["ballots.csv"])
    assert_refused(recount(tmp_path, target.getvalue()))


@pytest.mark.parametrize("part", [0, 1, 10, 100, 0.25, 0.5, 0.75, 0.99])
def test_a_truncated_bundle(bundle: bytes, tmp_path: Path, part: float) -> None:
    length = int(part * len(bundle)) if isinstance(part, float) else part
    assert_refused(recount(tmp_path, bundle[:length]))
    assert_refused(recount(tmp_path, bundle[:-1]))


def header_of(content: bytes, name: str) -> tuple[int, int]:
    """Where a file's entry in the zip begins, and its data."""
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        start = found.getinfo(name).header_offset
    return start, start + 30 + len(name)


def central_header_of(content: bytes, name: str) -> int:
    return content.rindex(name.encode(), 0, content.rindex(b"PK\x05\x06")) - 46


@pytest.mark.parametrize("method", [1, 9, 12, 14, 93, 99])
def test_a_file_said_to_be_packed_in_another_way(bundle: bytes, tmp_path: Path, method: int) -> None:
    changed = bytearray(bundle)
    changed[header_of(bundle, "ballots.csv")[0] + 8] = method
    changed[central_header_of(bundle, "ballots.csv") + 10] = method
    assert_refused(recount(tmp_path, bytes(changed)))


def test_a_file_said_to_be_encrypted(bundle: bytes, tmp_path: Path) -> None:
    changed = bytearray(bundle)
    changed[header_of(bundle, "record.json")[0] + 6] |= 1
    changed[central_header_of(bundle, "record.json") + 8] |= 1
    assert_refused(recount(tmp_path, bytes(changed)))


@pytest.mark.parametrize("name", ["README.txt", "record.json", "ballots.csv", "receipts.csv", "tally.json"])
@pytest.mark.parametrize("offset", [0, 1, 5, 40])
def test_packed_data_that_cannot_be_unpacked(bundle: bytes, tmp_path: Path, name: str, offset: int) -> None:
    for content in (bundle, packed(unpacked(bundle))):
        changed = bytearray(content)
        changed[header_of(content, name)[1] + offset] ^= 0xFF
        assert_refused(recount(tmp_path, bytes(changed)))


def test_the_bundle_is_packed(bundle: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(bundle)) as found:
        assert {entry.compress_type for entry in found.infolist()} == {zipfile.ZIP_DEFLATED}


def flips(length: int) -> list[tuple[int, int]]:
    draw = random.Random(20260302)
    return [(draw.randrange(length), draw.randrange(1, 256)) for _ in range(FLIPS)]


@pytest.mark.parametrize("repacked", [False, True])
@pytest.mark.parametrize("number", range(FLIPS))
def test_one_flipped_byte_of_the_zip(bundle: bytes, tmp_path: Path, number: int, repacked: bool) -> None:
    """Refused, unless it changed nothing of what the zip holds."""
    content = packed(unpacked(bundle)) if repacked else bundle
    position, bits = flips(len(content))[number]
    changed = content[:position] + bytes([content[position] ^ bits]) + content[position + 1 :]
    found = recount(tmp_path, changed)
    if found.returncode == 0:
        # Not the two zips: a report of their difference would be long.
        unharmed = same_content(changed, content)
        assert unharmed, f"byte {position} ^ {bits}: not found"
        assert_agrees(found, seal_of(unpacked(bundle)))
    else:
        assert_refused(found)


def test_a_file_that_is_no_bundle(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing.zip", SCRIPT):
        assert_refused(recounted(path))


def test_usage(tmp_path: Path) -> None:
    for found in (recounted(None), recounted(tmp_path / "a.zip", "b.zip")):
        assert (found.returncode, found.stdout) == (2, "")
        assert found.stderr == "用法：scripts/recount 选票包.zip\n"


def test_it_can_be_run_as_it_is_and_says_how() -> None:
    assert SCRIPT.stat().st_mode & 0o111 == 0o111
    assert SCRIPT.read_text(encoding="utf-8").startswith("#!/usr/bin/env python3\n")


def test_it_is_standard_library_of_python_39_alone() -> None:
    source = SCRIPT.read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 9))
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(str(node.module).partition(".")[0])
        assert not (isinstance(node, ast.Name) and node.id in ("__import__", "exec", "eval"))
    assert imported
    assert imported <= sys.stdlib_module_names
    assert not imported & {"importlib", "runpy", "pip", "socket", "urllib", "http", "subprocess"}
    # Names newer than 3.9 that parse all the same.
    assert not re.search(r"zip\([^)]*strict=|\.bit_count\(|\.removeprefix\(.*\bmatch\b", source)
