"""The bundle of a sealed poll: what is in it, when it is refused, and that it is always the same."""

import csv
import hashlib
import io
import json
import zipfile

import pytest

from surveys.acts.errors import Imbalance, WrongState
from surveys.acts.site import Site
from surveys.polling.base32 import grouped
from surveys.vote import bundle_writing, polls
from tests.builders import build_poll, cast, close, close_and_seal, filled, record_of, run_sql, seal, sheet_of

pytestmark = pytest.mark.both


def bundle_of(site: Site, poll_id: int) -> bytes:
    with site.database.reading() as session:
        return bundle_writing.write_bundle(session, polls.poll_of(session, poll_id))


def voted(site: Site) -> tuple[int, list[str], list[str]]:
    """A poll with three ballots; their receipts, and the codes of its tickets."""
    world = build_poll(site, count=4, leaders=1)
    sheet = sheet_of(site, world.poll_id)
    codes = list(world.codes["A"])
    return world.poll_id, [cast(site, code, filled(sheet, "DCBA-")) for code in codes[:3]], codes


def files_of(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as bundle:
        assert bundle.testzip() is None
        return {name: bundle.read(name).decode() for name in bundle.namelist()}


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_the_bundle_holds_all_that_a_recount_needs_and_no_code(site):
    poll_id, receipts, codes = voted(site)
    found = close_and_seal(site, poll_id)
    files = files_of(bundle_of(site, poll_id))
    assert set(files) == {"README.txt", "record.json", "ballots.csv", "receipts.csv", "tally.json"}
    assert found in files["README.txt"]
    assert rows_of(files["ballots.csv"]) == [["class", "answers"], *[["A", "DCBA-DCBA-DCBA-D"]] * 3]
    assert rows_of(files["receipts.csv"]) == [["receipt"], *[[grouped(each)] for each in sorted(receipts)]]
    tally = json.loads(files["tally.json"])
    assert (tally["seal"], tally["issued"], tally["returned"], tally["valid"]) == (found, 4, 3, 3)
    for text in files.values():
        assert not [code for code in codes if code in text or grouped(code) in text]


def test_the_seal_can_be_worked_out_from_the_bundle_alone(site):
    poll_id, _, _ = voted(site)
    close_and_seal(site, poll_id)
    files = files_of(bundle_of(site, poll_id))
    record = json.loads(files["record.json"])
    written = record.pop("seal")
    record["ballots"] = sorted(rows_of(files["ballots.csv"])[1:])
    record["receipts"] = sorted(row[0].replace("-", "") for row in rows_of(files["receipts.csv"])[1:])
    canonical = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert written == f"sha256:{hashlib.sha256(canonical).hexdigest()}"


def test_the_bundle_is_the_same_to_the_byte_each_time(site):
    poll_id, _, _ = voted(site)
    close_and_seal(site, poll_id)
    assert bundle_of(site, poll_id) == bundle_of(site, poll_id)


def test_there_is_no_bundle_before_sealing(site):
    poll_id, _, _ = voted(site)
    with pytest.raises(WrongState):
        bundle_of(site, poll_id)
    close(site, poll_id)
    with pytest.raises(WrongState):
        bundle_of(site, poll_id)
    seal(site, poll_id)
    assert bundle_of(site, poll_id)


def test_there_is_no_bundle_of_a_poll_that_was_changed(site):
    poll_id, _, _ = voted(site)
    close_and_seal(site, poll_id)
    run_sql(site, "UPDATE polls SET entitled = 9")
    with pytest.raises(Imbalance):
        bundle_of(site, poll_id)


def test_a_bundle_of_a_poll_nobody_voted_in(site):
    world = build_poll(site, count=1)
    close_and_seal(site, world.poll_id)
    files = files_of(bundle_of(site, world.poll_id))
    assert (len(rows_of(files["ballots.csv"])), len(rows_of(files["receipts.csv"]))) == (1, 1)
    assert record_of(site, world.poll_id).ballots == []
