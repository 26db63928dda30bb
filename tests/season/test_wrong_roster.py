"""The roster of a meeting was wrong: what the handbook says leads to a certified result of the new meeting alone."""

from datetime import timedelta

import pytest

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.acts.errors import WrongState
from surveys.acts.site import Site
from surveys.scoring.score_sheet import RowState
from surveys.vote import poll_withdrawals, sealing
from tests.builders import build_poll, build_unit, cast, close, close_and_seal, filled, line_for, sealed_poll, sheet_of
from tests.seasons import Season, build_season
from tests.sites import NOW
from tests.worlds import build_accounts, client_of

ROW = "III-36"


@pytest.fixture
def season(site: Site) -> Season:
    """Nothing is pending but the second unit's democratic row."""
    return build_season(site, complete=False)


def wrong_meeting(season: Season, votes: int) -> int:
    world = build_poll(season.site, unit_id=season.second)
    for code in world.codes["A"][:votes]:
        cast(season.site, code, filled(sheet_of(season.site, world.poll_id), "D"))
    return world.poll_id


def withdraw(season: Season, poll_id: int) -> None:
    with season.site.database.writing() as session:
        poll_withdrawals.withdraw(session, NOW, COMMAND_LINE, poll_id, "名单错了")


def set_aside(season: Season, poll_id: int) -> None:
    first, second = season.admins
    with season.site.database.writing() as session:
        poll_withdrawals.propose(session, NOW, first, poll_id, "名单错了")
    with season.site.database.writing() as session:
        poll_withdrawals.agree(session, NOW, second, poll_id)


def is_the_new_ones(season: Season) -> bool:
    value = line_for(season.site, season.second, ROW).value
    return (value.state, value.got) == (RowState.MARKED, 8)


@pytest.mark.both
@pytest.mark.parametrize("before", [True, False])
def test_with_votes_it_is_sealed_at_once_and_set_aside_before_or_after_the_new_meeting(
    season: Season, before: bool
) -> None:
    wrong = wrong_meeting(season, votes=7)
    with pytest.raises(WrongState, match="结束投票并封存，再由两名管理员决定不计入得分"):
        withdraw(season, wrong)
    close_and_seal(season.site, wrong)
    if before:
        set_aside(season, wrong)
    sealed_poll(season.site, season.second, "B")
    if not before:
        set_aside(season, wrong)
    assert is_the_new_ones(season)
    assert season.certified().state == "certified"
    assert is_the_new_ones(season)


def test_without_votes_it_is_withdrawn(season: Season) -> None:
    withdraw(season, wrong_meeting(season, votes=0))
    sealed_poll(season.site, season.second, "B")
    assert season.certified().state == "certified"
    assert is_the_new_ones(season)


def test_left_unsealed_it_bars_certification_and_sealed_late_it_would_count(season: Season) -> None:
    """Why the handbook says: seal it at once."""
    wrong = wrong_meeting(season, votes=7)
    close(season.site, wrong)
    sealed_poll(season.site, season.second, "B")
    season.appeal()
    assert "还有 1 场测评会没有封存" in "".join(season.outlook().hindrances)
    sealing.seal_poll(season.site, NOW + timedelta(hours=1), COMMAND_LINE, wrong)
    assert not is_the_new_ones(season)


def test_it_is_said_beside_the_button_that_seals(lite_app, lite_site) -> None:
    ids, _ = build_accounts(lite_site)
    _, unit_id = build_unit(lite_site)
    for rehearsal in (False, True):
        world = build_poll(lite_site, unit_id=unit_id, rehearsal=rehearsal)
        close(lite_site, world.poll_id)
        page = client_of(lite_app, ids[Role.ORGANIZER]).page(f"/polls/{world.poll_id}")
        assert ("放着不封存，整个考核不能核定" in page.text) is not rehearsal
