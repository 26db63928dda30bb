"""A short version of scripts/faults: real kills in the middle of a burst, and nobody's vote is lost or doubled."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools import missing

pytestmark = pytest.mark.both

ROOT = Path(__file__).resolve().parents[2]
FAULTS = [("sqlite", "server-killed"), ("postgresql", "database-killed")]
MORE = [
    ("sqlite", "worker-killed"),
    ("sqlite", "disk-full"),
    ("sqlite", "sealed-meanwhile"),
    ("sqlite", "silent-phones"),
    ("sqlite", "stalled-uploads"),
    ("postgresql", "sealed-meanwhile"),
]


@pytest.mark.slow
@pytest.mark.timeout(360)  # the script's own limit ends first
@pytest.mark.parametrize(
    ("database", "fault"), [*FAULTS, *(pytest.param(*each, marks=pytest.mark.thorough) for each in MORE)]
)
def test_nobody_is_lost_or_counted_twice(database, fault):
    if database == "postgresql" and not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        missing("没有 PostgreSQL 的程序：apt-get install postgresql")
    command = [sys.executable, "scripts/faults.py", "--posts", "60", "--clients", "10"]
    command += ["--database", database, "--fault", fault]

    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)

    assert told.returncode == 0, told.stdout + told.stderr
    row = told.stdout.splitlines()[-1].split()
    posts, in_flight, interrupted, receipts, ballots, lost, doubled, unserved = (int(figure) for figure in row[2:])
    assert (lost, doubled, unserved) == (0, 0, 0)
    assert receipts == ballots
    if fault != "sealed-meanwhile":
        assert ballots == posts == 60
    if fault in ("server-killed", "disk-full"):
        assert interrupted > 0, "the fault struck nobody"
    assert in_flight <= 10
