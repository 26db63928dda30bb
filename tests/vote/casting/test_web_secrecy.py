"""No result before sealing, on any address; turnout moves in steps of five."""

import pytest
import sqlalchemy as sa
from flask import Flask

from surveys.acts.actors import Role
from surveys.acts.site import Site
from surveys.polling.states import PollState
from surveys.storage.tables import Ballot
from tests.builders import cast, filled, sheet_of
from tests.strict_client import without_token
from tests.tools import THOROUGH
from tests.worlds import Everything, Shown, addresses, build_everything, client_of, walker

UNSEALED = [PollState.DRAFT, PollState.OPEN, PollState.CLOSED]


NOT_COMPARED = ("static", "results.chart", "sign_in.password", "second_factor.show")
"""Slow to draw; and what lists the account's own sessions, of which each walk begins one; and
a new secret each time it is looked at."""


def everything_seen(app: Flask, world: Everything) -> dict[str, str]:
    """What every address answers to an admin's GET; charts of the sealed poll, which are slow to draw, left out."""
    client = walker(app, world.by_role[Role.ADMIN])
    seen = {}
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint in NOT_COMPARED:
            continue
        # Of a poll everything there is, whatever else is left to scripts/test --thorough.
        for address in addresses(app, rule, world, every=THOROUGH or "poll_id" in rule.arguments):
            if address.startswith(f"/polls/{world.sealed.poll_id}/charts/"):
                continue
            response = client.get(address)
            if response.mimetype == "text/html":
                seen[address] = f"{response.status} {without_token(response.get_data(as_text=True))}"
            else:
                seen[address] = response.status
    return seen


def change_answers(site: Site, poll_id: int, letter: str) -> None:
    length = sheet_of(site, poll_id).length()
    with site.database.engine.begin() as connection:
        changed = sa.update(Ballot).where(Ballot.poll_id == poll_id).values(answers=letter * length)
        assert connection.execute(changed).rowcount == 7


def test_what_was_voted_changes_no_page_before_sealing(lite_app: Flask, lite_site: Site) -> None:
    """The strongest form: with every ballot of the open and the closed poll turned into its opposite, each address
    answers the same to the letter."""
    world = build_everything(lite_site)
    before = everything_seen(lite_app, world)
    for state in (PollState.OPEN, PollState.CLOSED):
        change_answers(lite_site, world.polls[state].poll_id, "D")
    assert everything_seen(lite_app, world) == before


def test_the_comparison_sees_a_result(lite_app: Flask, lite_site: Site) -> None:
    """The same change to the sealed poll is seen: the test above can fail."""
    world = build_everything(lite_site)
    before = everything_seen(lite_app, world)
    change_answers(lite_site, world.sealed.poll_id, "D")
    after = everything_seen(lite_app, world)
    changed = {address for address in before if before[address] != after[address]}
    assert f"/polls/{world.sealed.poll_id}/tally" in changed
    assert f"/assessments/{world.assessment_id}/results" in changed
    assert not [address for address in changed if address.startswith(f"/polls/{world.open.poll_id}")]


@pytest.mark.parametrize("state", UNSEALED)
def test_every_result_of_an_unsealed_poll_is_refused_in_words(shown: Shown, state: PollState) -> None:
    client = shown.client(Role.ADMIN)
    poll = f"/polls/{shown.world.polls[state].poll_id}"
    for path in (
        "/tally",
        "/tally-sheet.pdf",
        "/tally-sheet.xlsx",
        "/charts/0.png",
        "/charts/0.svg",
        "/charts/1.svg",
        "/bundle.zip",
    ):
        page = client.page(poll + path, 409)
        assert "封存" in page.text, path
    assert not [link for link in client.page(poll).links() if "tally" in link or "bundle" in link]


def test_turnout_moves_in_steps_of_five(lite_app: Flask, lite_site: Site) -> None:
    """Seven, eight and nine ballots look the same; the tenth is seen."""
    world = build_everything(lite_site)
    sheet = sheet_of(lite_site, world.open.poll_id)
    client = client_of(lite_app, world.by_role[Role.ORGANIZER])
    address = f"/polls/{world.open.poll_id}"
    pages = ["/polls", address, f"{address}/tickets", f"{address}/batches/1"]

    def seen() -> list[str]:
        return [without_token(client.page(path).html) for path in pages]

    before = seen()
    cast(lite_site, world.open.codes["A"][7], filled(sheet))
    assert seen() == before
    cast(lite_site, world.open.codes["A"][9], filled(sheet))
    assert seen() == before
