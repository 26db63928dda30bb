"""The review before submitting: what it says first, what a blank does, and 提交 where the eye is."""

import pytest
from playwright.sync_api import Locator, Page

from surveys.scoring.grades import BlankPolicy
from tests.phones import CAST_ONCE, fill_at_once, receipt, submit, to_review
from tests.phones import ticket as fresh_ticket
from tests.servers import Server

pytestmark = pytest.mark.slow

SPOILS = "有一项不填，整张票就是废票。"
WHOLLY_BLANK = "整张票都没有填，这样提交会成为废票。"
NOT_YET = "还没有提交：没填的项请点上面补填，或勾选“我有意不填”再提交。"
# Wholly on the screen, and nothing lies over its middle.
SEEN = """e => {
    const box = e.getBoundingClientRect();
    const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    return box.height > 0 && box.top >= 0 && box.bottom <= innerHeight && e.contains(top);
}"""


def seen(what: Locator) -> bool:
    return bool(what.evaluate(SEEN))


@pytest.mark.parametrize("large", [False, True], ids=["plain", "large"])
@pytest.mark.parametrize("rehearsal", [False, True], ids=["real", "rehearsal"])
def test_submitting_is_in_sight_on_reaching_the_review(
    server: Server, page: Page, large: bool, rehearsal: bool
) -> None:
    found = fresh_ticket(server, leaders=8, rehearsal=rehearsal)
    page.goto(found.address)
    if large:
        page.get_by_role("button", name="大字").tap()
    fill_at_once(page, found.names)
    to_review(page)
    said = page.locator(".review p").first.inner_text()
    assert said == "还没有提交。全部 65 项都已填，请点“提交”；提交后不能修改。"
    button = page.get_by_role("button", name="提交", exact=True)
    assert seen(page.locator(".review h2"))
    assert seen(button)
    folds = page.locator(".fold").first.bounding_box()
    place = button.bounding_box()
    assert folds is not None
    assert place is not None
    assert place["y"] + place["height"] < folds["y"], "what explains it more closely comes after"
    button.tap()
    receipt(page)


@pytest.mark.parametrize(
    ("blank", "left_out", "warning"),
    [
        (BlankPolicy.SPOIL, 1, SPOILS),
        (BlankPolicy.SPOIL, None, WHOLLY_BLANK),
        (BlankPolicy.EXCLUDE, None, WHOLLY_BLANK),
        (BlankPolicy.ZERO, None, WHOLLY_BLANK),
        (BlankPolicy.EXCLUDE, 1, ""),
        (BlankPolicy.SPOIL, 0, ""),
    ],
)
def test_that_a_blank_voids_the_ballot_is_said_at_the_tick(
    server: Server, page: Page, blank: BlankPolicy, left_out: int | None, warning: str
) -> None:
    found = fresh_ticket(server, leaders=0, blank=blank)
    page.goto(found.address)
    fill_at_once(page, found.names[len(found.names) if left_out is None else left_out :])
    to_review(page)
    assert page.locator(".review .fault:visible").all_inner_texts() == [warning] * bool(warning)
    assert ("废票" in page.locator(".review").inner_text()) is bool(warning)
    if left_out == 1 and warning:
        page.locator(".to-blank").tap()
        fill_at_once(page, found.names)
        to_review(page)
        assert "废票" not in page.locator("form").inner_text()


@pytest.mark.parametrize("large", [False, True], ids=["plain", "large"])
@pytest.mark.parametrize("left_out", [1, 20, 65])
def test_submitting_without_the_tick_says_that_nothing_is_submitted(
    server: Server, page: Page, left_out: int, large: bool
) -> None:
    found = fresh_ticket(server, leaders=8)
    page.goto(found.address)
    if large:
        page.get_by_role("button", name="大字").tap()
    fill_at_once(page, found.names[left_out:])
    for _ in range(2):
        submit(page)
        told = page.get_by_role("alert")
        assert told.inner_text() == NOT_YET + (WHOLLY_BLANK if left_out == 65 else "")
        assert seen(told)
        assert seen(page.locator(".check"))
    assert page.evaluate("() => document.activeElement.name") == "blanks_meant"
    assert found.boxes() == {"unused": 1}
    page.get_by_label("有意不填").check()
    submit(page)
    receipt(page)
    assert found.boxes() == CAST_ONCE
