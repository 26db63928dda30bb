"""A season of a hundred units and fifteen counties, wholly marked: its pages answer at once."""

import time

import pytest
from flask import Flask

from surveys.services import marking_sheets, marks
from surveys.services.actors import COMMAND_LINE, Role
from surveys.services.marks import MarkEntry
from surveys.services.site import Site
from tests.builders import GROUP, build_unit, sealed_poll
from tests.conftest import NOW
from tests.worlds import build_accounts

pytestmark = pytest.mark.slow

SECONDS = 0.3
GENEROUS = 4
"""The bound is for a machine with nothing else to do; where tests run there is."""

TAGS = ("教育", "财政", "公安", "组织", "宣传", "")


def build_season(site: Site) -> tuple[int, int]:
    """(assessment id, marks given)."""
    assessment_id: int | None = None
    for number in range(115):
        framework, category = ("municipal", "市直单位") if number < 100 else ("county", "县（市、区）")
        tag = TAGS[number % len(TAGS)] if number < 100 else ""
        assessment_id, unit_id = build_unit(
            site,
            f"样例单位{number + 1:03d}",
            framework=framework,
            category=category,
            tags=(tag,) if tag else (),
            leaders=0,
            assessment_id=assessment_id,
        )
        if number < 3:
            sealed_poll(site, unit_id, count=6, entitled=6)
    assert assessment_id is not None
    with site.database.writing() as session:
        due = marking_sheets.duties(marking_sheets.ground(session, assessment_id))
        entries = [
            (
                each.unit.id,
                MarkEntry(
                    each.row.standard.key, each.department, str(each.row.standard.points), "依据材料和日常情况打分"
                ),
            )
            for each in due
        ]
        return assessment_id, marks.enter_all(session, NOW, COMMAND_LINE, entries)


def test_the_pages_of_a_whole_season_answer_at_once(lite_app: Flask, lite_site: Site) -> None:
    assessment_id, given = build_season(lite_site)
    assert given > 2500
    keys, _ = build_accounts(lite_site)
    client = lite_app.test_client()  # not the strict one: that takes longer to parse a page than the site to make it
    with client.session_transaction() as session:
        session["_user_id"] = keys[Role.ADMIN]
    slow = {}
    for address in (
        f"/assessments/{assessment_id}/completion",
        f"/assessments/{assessment_id}/completion.csv",
        f"/assessments/{assessment_id}/marking",
        f"/assessments/{assessment_id}/marking/municipal/III-4?department={GROUP}",
        "/units/7",
    ):
        took = []
        for _ in range(4):
            start = time.perf_counter()
            response = client.get(address)
            took.append(time.perf_counter() - start)
            assert response.status_code == 200
        slow[address] = min(took)
    assert all(seconds < SECONDS * GENEROUS for seconds in slow.values()), slow
