"""Whoever writes the database, without a key: what they put into the box is found when it is sealed."""

import pytest
import sqlalchemy as sa

from surveys.acts.errors import Imbalance
from surveys.acts.site import Site
from surveys.polling import envelopes
from surveys.polling.states import PollState
from surveys.storage.tables import Ballot
from surveys.vote import polls
from tests.builders import build_poll, cast, close, close_and_seal, filled, seal, sheet_of

pytestmark = pytest.mark.both

VOTES = 12


def voted(site: Site) -> tuple[int, str]:
    """A closed poll: all 好, and the attacker's own ballot, cast last, all 差: its envelope."""
    world = build_poll(site, count=VOTES, leaders=0)
    sheet = sheet_of(site, world.poll_id)
    for code in world.codes["A"][1:]:
        cast(site, code, filled(sheet, "A"))
    before = set(envelopes_of(site))
    cast(site, world.codes["A"][0], filled(sheet, "D"))
    close(site, world.poll_id)
    (own,) = set(envelopes_of(site)) - before
    return world.poll_id, own


def envelopes_of(site: Site) -> list[str]:
    with site.database.reading() as session:
        return list(session.scalars(sa.select(Ballot.answers)))


def refused(site: Site, poll_id: int, match: str) -> None:
    with pytest.raises(Imbalance, match=match):
        seal(site, poll_id)
    with site.database.reading() as session:
        assert polls.poll_of(session, poll_id).state is PollState.CLOSED


def test_an_envelope_copied_over_all_others_is_found(site: Site) -> None:
    poll_id, own = voted(site)
    with site.database.writing() as session:
        session.execute(sa.update(Ballot).values(answers=own))
        session.commit()
    refused(site, poll_id, "复制品")


def test_an_envelope_in_another_row_is_found_though_no_two_are_alike(site: Site) -> None:
    poll_id, _ = voted(site)
    with site.database.writing() as session:
        first, second, *_ = session.scalars(sa.select(Ballot))
        first.answers, second.answers = second.answers, first.answers
        session.commit()
    refused(site, poll_id, "打不开")


@pytest.mark.parametrize("copied", [False, True])
def test_a_poll_that_was_open_when_rows_were_bound_is_sealed_as_before(site: Site, copied: bool) -> None:
    """Its first ballots are bound to their class only; a copy of one of them is found by its nonce."""
    world = build_poll(site, count=4, leaders=0)
    for code in world.codes["A"]:
        cast(site, code, filled(sheet_of(site, world.poll_id), "A"))
    with site.database.writing() as session:
        poll = polls.poll_of(session, world.poll_id)
        key = envelopes.poll_key(site.settings.secret_key, poll.envelope_salt or b"")
        first, second, *_ = session.scalars(sa.select(Ballot))
        for ballot in (first, second):
            ballot.answers = envelopes.close(key, poll.prefix, ballot.class_key, "D" * 9)
        if copied:
            second.answers = first.answers
        session.commit()
    if copied:
        close(site, world.poll_id)
        refused(site, world.poll_id, "复制品")
        return
    close_and_seal(site, world.poll_id)
    assert sorted(envelopes_of(site)) == ["A" * 9] * 2 + ["D" * 9] * 2
