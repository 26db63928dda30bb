"""Bundles from anywhere: a sound one gives its record back, anything else one clear sentence and no output."""

import csv
import hashlib
import io
import json
import re
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from surveys.acts.errors import BrokenBundle
from surveys.acts.site import Site
from surveys.polling.seal import Record, seal
from surveys.vote import bundle_reading, bundle_writing, polls
from surveys.vote.bundle_reading import read_bundle
from tests.builders import build_poll, cast_each, close_and_seal, record_of
from tests.sites import lite_site_in

pytestmark = pytest.mark.both

Files = dict[str, str]
Said = dict[str, Any]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
HUGE = 10**4000


@pytest.fixture(scope="module")
def bundle(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    with lite_site_in(tmp_path_factory.mktemp("bundle"), sqlite_template) as app:
        return bundle_of(app.extensions["site"])


def bundle_of(site: Site) -> bytes:
    world = build_poll(site, count=8, leaders=1, present=7)
    cast_each(site, world, {"A": ["ABCD-" * 3 + "A"] * 6})
    close_and_seal(site, world.poll_id)
    with site.database.reading() as session:
        return bundle_writing.write_bundle(session, polls.poll_of(session, world.poll_id))


def unpacked(data: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        return {name: found.read(name).decode() for name in found.namelist()}


def packed(files: Files, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as found:
        for name, text in files.items():
            found.writestr(name, text)
    return target.getvalue()


def sealed_again(data: bytes, change: Callable[[Said], None]) -> bytes:
    """The bundle with its record changed and a seal computed anew, as somebody could who knows how."""
    files = unpacked(data)
    said = json.loads(files["record.json"])
    change(said)
    rows = [list(csv.reader(io.StringIO(files[name])))[1:] for name in ("ballots.csv", "receipts.csv")]
    body = {key: value for key, value in said.items() if key != "seal"}
    body |= {"ballots": sorted(rows[0]), "receipts": sorted(row[0].replace("-", "") for row in rows[1])}
    said["seal"] = _seal(body)
    return packed(files | {"record.json": json.dumps(said)})


def _seal(body: Said) -> str:
    canonical = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode('utf-8', 'surrogatepass')).hexdigest()}"


def refused(data: bytes) -> str:
    """The one sentence or two, in Chinese, without a word of Python."""
    with pytest.raises(BrokenBundle) as found:
        read_bundle(data)
    text = str(found.value)
    assert CHINESE.search(text)
    assert len(text) < 200
    assert "\n" not in text
    assert "Error" not in text
    return text


def test_a_sound_bundle_gives_the_record_back(site: Site) -> None:
    world = build_poll(site, count=8, leaders=2)
    cast_each(site, world, {"A": ["ABCD-" * 4 + "ABC", "D" * 23, "-" * 23]})
    value = close_and_seal(site, world.poll_id)
    with site.database.reading() as session:
        found = read_bundle(bundle_writing.write_bundle(session, polls.poll_of(session, world.poll_id)))
    record = record_of(site, world.poll_id)
    assert seal(found) == value

    def told(record: Record) -> Said:
        return vars(record) | {"ballots": sorted(record.ballots), "receipts": sorted(record.receipts)}

    assert told(found) == told(record)


def test_resealing_unchanged_is_read(bundle: bytes) -> None:
    """What the tests below change is what makes them fail."""
    assert read_bundle(sealed_again(bundle, lambda said: None)).poll


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip", b"PK\x05\x06" + b"\0" * 18, b"\x89PNG" * 1000])
def test_no_zip(data: bytes) -> None:
    assert "选票包" in refused(data)


def test_cut_short_and_turned_bits(bundle: bytes) -> None:
    for length in range(0, len(bundle), 97):
        refused(bundle[:length])
    for place in range(0, len(bundle), 61):
        turned = bytearray(bundle)
        turned[place] ^= 0x41
        try:
            read_bundle(bytes(turned))
        except BrokenBundle:
            continue
        # Not all of a zip matters: README.txt, tally.json and times are not read, or not looked at.
        assert unpacked(bytes(turned))["record.json"] == unpacked(bundle)["record.json"]


@pytest.mark.parametrize("name", bundle_reading.FILES)
def test_a_missing_member(bundle: bytes, name: str) -> None:
    files = unpacked(bundle)
    del files[name]
    assert "应有且只有" in refused(packed(files))


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "C:\\x", "sub/record.json", "more.txt", "record.json "]
)
def test_members_that_do_not_belong(bundle: bytes, name: str) -> None:
    assert "应有且只有" in refused(packed(unpacked(bundle) | {name: "x"}))
    files = unpacked(bundle)
    files[name] = files.pop("record.json")
    assert "应有且只有" in refused(packed(files))


def test_a_member_twice(bundle: bytes) -> None:
    target = io.BytesIO(bundle)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(target, "a") as found:
        found.writestr("record.json", "{}")
    assert "应有且只有" in refused(target.getvalue())


@pytest.mark.parametrize("name", bundle_reading.FILES)
def test_a_zip_bomb_is_not_unpacked(bundle: bytes, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_reading, "MOST_BYTES", 1024 * 1024)
    data = packed(unpacked(bundle) | {name: "0" * (1024 * 1024 + 1)})
    assert len(data) < 20_000
    assert "大得不合理" in refused(data)


def test_a_bomb_that_lies_about_its_size(bundle: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_reading, "MOST_BYTES", 1024 * 1024)
    size = 1024 * 1024 * 8
    data = packed(unpacked(bundle) | {"README.txt": "0" * size})
    lying = data.replace(size.to_bytes(4, "little"), (100).to_bytes(4, "little"))
    assert lying != data
    refused(lying)


def test_a_file_too_large_to_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_reading, "MOST_BYTES", 1000)
    assert "大得不合理" in refused(b"PK" + b"0" * 1000)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions(bundle: bytes, method: int) -> None:
    assert "压缩方法" in refused(packed(unpacked(bundle), method))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "3",
        '"record"',
        "{}",
        "[" * 100_000,
        '{"seal": NaN}',
        f"{HUGE}",
        "\ufeff{}",
        '{"a":"\\ud800"}',
    ],
)
def test_a_record_that_is_no_record(bundle: bytes, text: str) -> None:
    refused(packed(unpacked(bundle) | {"record.json": text}))


@pytest.mark.parametrize("name", ["record.json", "ballots.csv", "receipts.csv"])
def test_no_text_at_all(bundle: bytes, name: str) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as found:
        for each, text in unpacked(bundle).items():
            found.writestr(each, b"\xff\xfe\x00" if each == name else text)
    assert "读不出来" in refused(target.getvalue())


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("record.json", ('"entitled": 10', '"entitled": 9')),
        ("record.json", ("样例局", "样例所")),
        ("record.json", ('"100"', '"90"')),
        ("ballots.csv", ("A,ABCD", "A,BBCD")),
        ("ballots.csv", ("A,ABCD-ABCD-ABCD-A\n", "")),
    ],
)
def test_an_altered_bundle_is_said_to_be_one(bundle: bytes, name: str, change: tuple[str, str]) -> None:
    files = unpacked(bundle)
    altered = files[name].replace(*change, 1)
    assert altered != files[name]
    assert "与它的封存码不符" in refused(packed(files | {name: altered}))


@pytest.mark.parametrize(
    "text", ["", "class,answers", "answers,class\nA,B\n", "class,answers\nA\n", 'class,answers\n"A,B']
)
def test_ballots_that_are_no_table(bundle: bytes, text: str) -> None:
    refused(packed(unpacked(bundle) | {"ballots.csv": text}))


def put(*path_and_value: Any) -> Callable[[Said], None]:
    *path, last, value = path_and_value

    def change(said: Said) -> None:
        target: Any = said
        for step in path:
            target = target[step]
        target[last] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        put("entitled", HUGE),
        put("entitled", -1),
        put("entitled", "10"),
        put("entitled", 1.5),
        put("entitled", True),
        put("present", 2**31),
        put("format", "ceping-seal/2"),
        put("poll", "&P&P"),
        put("poll", "../x"),
        put("rehearsal", 1),
        put("classes", []),
        put("classes", 0, "weight", "1e999999999"),
        put("classes", 0, "weight", "-1e-999999999"),
        put("classes", 0, "weight", "NaN"),
        put("classes", 0, "weight", "Infinity"),
        put("classes", 0, "weight", "9" * 61),
        put("classes", 0, "weight", 1),
        put("classes", 0, "issued", HUGE),
        put("classes", 0, "key", "B"),
        put("rules", "quorum", "1e999999999"),
        put("rules", "quorum", "2/0"),
        put("rules", "quorum", f"{'9' * 4000}/1"),
        put("rules", "blank", "other"),
        put("rules", "organization", None),
        put("rules", "organization", "grades", {"A": "1"}),
        put("rules", "organization", "grades", "A", "1e999999999"),
        put("rules", "organization", "grades", "长\n" * 1000, "1"),
        put("rules", "organization", "questions", 0, ["1", "1e999999999"]),
        put("rules", "organization", "questions", []),
        put("rules", "organization", "questions", 0, ["nothing", "1"]),
        put("sheet", {}),
        put("sheet", "title", 5),
        put("sheet", "unit", "长" * 201),
        put("sheet", "unit", "\ud800"),
        put("sheet", "held_on", "2026-02-30"),
        put("sheet", "held_on", 20260302),
        put("sheet", "place", "长" * 201),
        put("sheet", "organization", "questions", []),
        put("sheet", "organization", "questions", 0, "text", "长" * 4001),
        put("sheet", "organization", "grades", 0, "letter", "-"),
        put("sheet", "organization", "grades", 0, "letter", "B"),
        put("sheet", "organization", None),
        put("sheet", "organization", "abstain", 5),
        put("sheet", "leader", "abstain", ["弃权"]),
        put("sheet", "leaders", []),
        put("sheet", "leaders", [{"name": "样例", "post": "职务"}] * 501),
    ],
)
def test_a_seal_computed_anew_does_not_make_it_countable(bundle: bytes, change: Callable[[Said], None]) -> None:
    started = time.monotonic()
    refused(sealed_again(bundle, change))
    assert time.monotonic() - started < 5


def test_the_command_says_it_and_writes_nothing(lite_app: Flask, lite_site: Site, tmp_path: Path) -> None:
    data = bundle_of(lite_site)
    files = unpacked(data)
    altered = packed(files | {"ballots.csv": files["ballots.csv"].replace("ABCD", "AACD", 1)})
    for content, words in ((b"", "打不开"), (altered, "封存码不符"), (packed({"a": ""}), "不是选票包")):
        (tmp_path / "bundle.zip").write_bytes(content)
        with lite_app.app_context():
            arguments = ["bundle", "tally-sheet", str(tmp_path / "bundle.zip"), "--out", str(tmp_path / "sheet.pdf")]
            result = lite_app.test_cli_runner().invoke(args=arguments)
        assert (result.exit_code, result.stdout) == (1, "")
        assert words in result.stderr
        assert "Traceback" not in result.stderr
        assert not (tmp_path / "sheet.pdf").exists()
