"""No page shows a form that the state of the assessment refuses: it says why instead, and what to do."""

from collections.abc import Iterator
from contextlib import suppress

import lxml.html
import pytest
from lxml.etree import _Element as Element
from werkzeug.exceptions import HTTPException

from surveys.acts.actors import Role
from surveys.scoring.assessment_states import AssessmentState
from tests.builders import set_state
from tests.strict_client import Page, text_of
from tests.tools import THOROUGH
from tests.worlds import Shown, addresses, walker

pytestmark = pytest.mark.both

MARKING = {
    "applicability.approve",
    "applicability.choose",
    "applicability.set_tags",
    "frameworks.rules",
    "framework_imports.upload",
    "ledger.contest",
    "ledger.cancel_exemption",
    "ledger.own_contest",
    "mark_imports.take_over",
    "mark_imports.upload",
    "marking.sheet",
    "materials.refer",
    "materials.upload",
    "materials.withdraw",
    "poll_choices.agree",
    "poll_choices.agree_count",
    "poll_choices.propose",
    "poll_choices.propose_count",
    "poll_imports.take_over",
    "poll_imports.upload",
    "poll_setup.create",
    "poll_withdrawals.agree",
    "poll_withdrawals.propose",
    "polls.open_poll",
    "polls.rehearse",
    "reviews.review",
    "reviews.set_due",
    "rosters.take_over",
    "rosters.upload",
    "score_sheets.agree_to_withdrawal",
    "score_sheets.cancel_event",
    "score_sheets.confirm",
    "score_sheets.enter_marks",
    "score_sheets.exempt",
    "score_sheets.propose_withdrawal",
    "score_sheets.record_event",
    "setup.add_unit",
}
"""Refused once marking has ended, but for a row with an accepted objection."""

REPLYING = {"own_unit.agree", "own_unit.object_to", "own_unit.add_file", "own_unit.add_reference", "own_unit.withdraw"}
REFUSED = {
    AssessmentState.PROVISIONAL: MARKING | REPLYING,
    AssessmentState.ARCHIVED: MARKING | REPLYING | {"ledger.answer", "proceedings.add", "proceedings.withdraw"},
}
FILES = ("/preview", ".xlsx", ".csv", ".pdf", ".zip", ".json", "<extension>", "/photo", "/file")


def pages(shown: Shown, role: Role, *, every: bool) -> Iterator[tuple[str, Element]]:
    """Every page of the staff's that this role may open."""
    client = walker(shown.app, shown.world.by_role[role])
    for rule in shown.app.url_map.iter_rules():
        public = rule.endpoint.split(".")[0] in ("static", "ballot", "board", "doors", "screens")
        if public or "GET" not in (rule.methods or ()) or any(part in rule.rule for part in FILES):
            continue
        for address in addresses(shown.app, rule, shown.world, every=every):
            response = client.get(address)
            if response.status_code == 200 and response.mimetype == "text/html":
                yield address, lxml.html.document_fromstring(text_of(response))


def offered(shown: Shown, role: Role, *, every: bool = THOROUGH) -> dict[str, str]:
    """The endpoints that forms with a button post to, each with a page that has one."""
    adapter = shown.app.url_map.bind("localhost")
    found = {}
    for address, root in pages(shown, role, every=every):
        for form in root.iter("form"):
            if form.get("method", "get").lower() != "post" or not list(form.iter("button")):
                continue
            with suppress(HTTPException):  # a script's pattern of an address
                endpoint, _ = adapter.match((form.get("action") or address).split("?")[0], method="POST")
                found[endpoint] = address
    return found


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SYSTEM, Role.ORGANIZER, Role.ASSESSOR, Role.REPORTER])
def test_no_form_is_shown_that_is_refused(shown: Shown, role: Role) -> None:
    try:
        for state, refused in REFUSED.items():
            set_state(shown.site, shown.world.assessment_id, state)
            found = offered(shown, role)
            assert not {name: page for name, page in found.items() if name in refused}, state
    finally:
        set_state(shown.site, shown.world.assessment_id, AssessmentState.MARKING)


def test_while_marking_they_are_there(shown: Shown) -> None:
    """So that the test above looks for what exists."""
    seen = set()
    for role in (Role.ADMIN, Role.SYSTEM, Role.ORGANIZER, Role.ASSESSOR, Role.REPORTER):
        seen |= set(offered(shown, role, every=True))
    elsewhere = {
        "applicability.approve",
        "applicability.choose",
        "frameworks.rules",
        "framework_imports.upload",
        "mark_imports.take_over",
        "ledger.contest",
        "ledger.own_contest",
        "poll_choices.agree",
        "poll_choices.agree_count",
        "poll_choices.propose",
        "poll_choices.propose_count",
        "poll_imports.take_over",
        "poll_withdrawals.agree",
        "score_sheets.agree_to_withdrawal",
        "score_sheets.confirm",
        "score_sheets.propose_withdrawal",
    }
    assert seen >= MARKING - elsewhere
    assert not seen & REPLYING


@pytest.mark.parametrize(
    ("role", "address", "words"),
    [
        (Role.ADMIN, "/units/{unit}", "退回打分"),
        (Role.ADMIN, "/units/{unit}/rows/III-32", "退回打分"),
        (Role.ADMIN, "/units/{unit}/ledger", "退回打分"),
        (Role.ADMIN, "/units/{unit}/applicability", "退回打分"),
        (Role.ADMIN, "/assessments/{assessment}/roster", "退回打分"),
        (Role.ADMIN, "/assessments/{assessment}/marking", "退回打分"),
        (Role.ASSESSOR, "/units/{unit}", "退回打分"),
        (Role.ORGANIZER, "/assessments", "退回打分"),
        (Role.REPORTER, "/materials", "不再收材料"),
        (Role.REPORTER, "/materials/rows/III-4", "不再收材料"),
    ],
)
def test_the_page_says_why_and_what_to_do(shown: Shown, role: Role, address: str, words: str) -> None:
    world = shown.world
    set_state(shown.site, world.assessment_id, AssessmentState.PROVISIONAL)
    try:
        path = address.format(unit=world.sealed.unit_id, assessment=world.assessment_id)
        assert words in Page(shown.client(role).get(path)).text
    finally:
        set_state(shown.site, world.assessment_id, AssessmentState.MARKING)
