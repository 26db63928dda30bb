"""How many voters a second the site takes: real gunicorn, real HTTP, one GET and one POST each.

scripts/bench [--votes 1000] [--clients 20] [--leaders 8]; DATABASE_URL picks another database than a new SQLite file.
"""

import argparse
import http.client
import os
import resource
import statistics
import sys
import tempfile
import threading
import time
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

from local_server import free_port, running

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from surveys.acts.actors import COMMAND_LINE  # noqa: E402
from surveys.acts.site import Site  # noqa: E402
from surveys.season import assessments  # noqa: E402
from surveys.settings import Settings  # noqa: E402
from surveys.vote import polls  # noqa: E402
from surveys.vote.ticketing import tickets  # noqa: E402


def build(site: Site, votes: int, leaders: int) -> list[str]:
    now = site.now()
    people = tuple(assessments.LeaderEntry(f"样例{number}", "职务") for number in range(leaders))
    with site.database.writing() as session:
        assessment = assessments.create_assessment(session, now, COMMAND_LINE, "压测", ["municipal"])
        unit = assessments.add_unit(
            session, now, COMMAND_LINE, assessment, assessments.UnitEntry("压测", "压测", "municipal", leaders=people)
        )
        entry = polls.PollEntry(unit, "压测", votes, [polls.ClassEntry("A", "压测", Decimal(1))])
        poll = polls.create_poll(session, now, COMMAND_LINE, entry)
        codes: list[str] = []
        while len(codes) < votes:
            size = min(tickets.MOST_AT_ONCE, votes - len(codes))
            codes += tickets.issue(session, now, COMMAND_LINE, poll, "A", size).codes
        polls.open_poll(session, now, COMMAND_LINE, poll)
    return codes


def vote(port: int, codes: list[str], body: str, waits: list[float], failures: list[int]) -> None:
    """Like phones: each voter opens a connection of its own."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept-Encoding": "gzip"}
    while codes:
        code = codes.pop()
        begun = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", f"/b/{code}", headers={"Accept-Encoding": "gzip"})
        connection.getresponse().read()
        connection.request("POST", f"/b/{code}", body, headers)
        response = connection.getresponse()
        response.read()
        connection.close()
        waits.append(time.perf_counter() - begun)
        if response.status != 200:
            failures.append(response.status)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--votes", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--leaders", type=int, default=8)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        environment = {
            "DATABASE_URL": os.environ.get("DATABASE_URL", f"sqlite:///{folder}/bench.db"),
            "SECRET_KEY": "bench-" * 8,
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "DATA_DIR": folder,
        }
        site = Site.build(Settings.from_environment(environment))
        site.migrate()
        codes = build(site, wanted.votes, wanted.leaders)
        site.database.engine.dispose()
        fields = [f"o-{number}" for number in range(1, 10)]
        fields += [f"l{leader}-{number}" for leader in range(1, wanted.leaders + 1) for number in range(1, 8)]
        body = urlencode({name: "A" for name in fields})
        with running(port, environment):
            waits: list[float] = []
            failures: list[int] = []
            threads = [
                threading.Thread(target=vote, args=(port, codes, body, waits, failures)) for _ in range(wanted.clients)
            ]
            begun = time.perf_counter()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            took = time.perf_counter() - begun
    report(waits, failures, took)


def report(waits: list[float], failures: list[int], took: float) -> None:
    cuts = statistics.quantiles(waits, n=100)
    server = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = server.ru_utime + server.ru_stime
    print(f"votes {len(waits)}  failures {len(failures)}  seconds {took:.1f}  votes/s {len(waits) / took:.0f}")
    print(f"GET+POST ms: p50 {cuts[49] * 1000:.0f}  p95 {cuts[94] * 1000:.0f}  p99 {cuts[98] * 1000:.0f}")
    print(f"server CPU ms per vote (start included): {1000 * cpu / len(waits):.1f}")


main()
