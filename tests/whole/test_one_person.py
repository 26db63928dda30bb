"""One person with two accounts tries every act that takes two people, through its page: refused, and nothing is done.

Of a person's accounts the first is confirmed; of the two it made, one was confirmed by the auditor and one was not.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa

from surveys.acts import editions, two_hands
from surveys.acts.actors import Actor, ReadingKind, Role
from surveys.acts.site import Site
from surveys.marking import democratic_row
from surveys.marking.marks import MarkEntry
from surveys.outcome import life
from surveys.scoring.assessment_states import AssessmentState
from surveys.storage.tables import Approval, Assessment, Keying, Poll, ProposedChange, StandIn, Unsealing
from surveys.vote.scrutiny import people, witnessing
from tests.builders import (
    account,
    build_poll,
    build_unit,
    cast_each,
    close,
    close_and_seal,
    enter,
    sealed_poll,
    start_marking,
)
from tests.papers import paper_poll, typed
from tests.seasons import build_season
from tests.sites import NOW, unguarded
from tests.worlds import client_of, required

REASON = "样例理由"
Post = tuple[str, Mapping[str, Any]]


@dataclass
class Stage:
    """A site with an auditor. `made`: by the person, in each role; `fresh`: made too, and not confirmed yet. `other`:
    somebody else, made on the command line."""

    site: Site
    roles: tuple[Role, Role] = (Role.ADMIN, Role.ADMIN)
    own: Actor = field(init=False)
    made: Actor = field(init=False)
    fresh: Actor = field(init=False)
    other: Actor = field(init=False)

    def __post_init__(self) -> None:
        account(self.site, "审计", Role.AUDITOR)
        first, second = self.roles
        self.own = account(self.site, "甲", first)
        self.made, self.fresh, self.other = (account(self.site, name, second) for name in ("甲二", "甲三", "乙"))
        self.app = unguarded(self.site)
        with self.site.database.writing() as session:
            given = "UPDATE accounts SET given_by = :by, confirmed_at = :at WHERE name = :name"
            for name, at in (("甲二", NOW), ("甲三", None)):
                values = {"by": self.own.account_id, "at": at and at.isoformat(" "), "name": name}
                session.execute(sa.text(given), values)
            session.commit()

    def post(self, who: Actor, post: Post) -> int:
        address, fields = post
        client = client_of(self.app, who.account_id)
        about = " ".join(f"{kind}:{name}" for kind, name in required(client, address).items())
        return client.post(address, data={"opened_for": about, **fields}).status_code

    def count(self, table: type[Any], **values: object) -> int:
        with self.site.database.reading() as session:
            query = sa.select(sa.func.count()).select_from(table).filter_by(**values)
            return session.scalar(query) or 0


@dataclass(frozen=True)
class Case:
    """`first`: what the first hand sends, if anything; `second`: what finishes it. `done`: whether it is finished."""

    first: Post | None
    second: Post
    done: Callable[[], bool]


def agreed(stage: Stage, act: str) -> Callable[[], bool]:
    return lambda: stage.count(Approval, act=act) >= two_hands.HANDS


def set_aside(stage: Stage) -> Case:
    _, unit_id = build_unit(stage.site)
    home = f"/polls/{sealed_poll(stage.site, unit_id).poll_id}/set-aside"
    return Case((home, {"reason": REASON}), (f"{home}/agree", {"sure": "y"}), agreed(stage, "poll.set_aside"))


def choose(stage: Stage) -> Case:
    _, unit_id = build_unit(stage.site)
    poll_id = sealed_poll(stage.site, unit_id).poll_id
    sealed_poll(stage.site, unit_id, "B")
    home = f"/units/{unit_id}/polls/{poll_id}/choose"
    return Case((home, {"reason": REASON}), (f"{home}/agree", {}), agreed(stage, "poll.choose"))


def count_anyway(stage: Stage) -> Case:
    _, unit_id = build_unit(stage.site)
    home = f"/units/{unit_id}/polls/{sealed_poll(stage.site, unit_id, entitled=9).poll_id}/count"
    return Case((home, {"reason": REASON}), (f"{home}/agree", {}), agreed(stage, "poll.count_anyway"))


def confirm_value(stage: Stage) -> Case:
    """The first hand is under the value."""
    _, unit_id = build_unit(stage.site)
    sealed_poll(stage.site, unit_id)
    enter(stage.site, unit_id, MarkEntry("III-36", "考核组", "7.5", REASON), actor=stage.own)
    post = (f"/units/{unit_id}/confirm", {"row_key": "III-36", "version": "1"})
    return Case(None, post, lambda: stage.count(Approval, act=democratic_row.ACT) > 0)


def withdraw_value(stage: Stage) -> Case:
    _, unit_id = build_unit(stage.site)
    sealed_poll(stage.site, unit_id)
    enter(stage.site, unit_id, MarkEntry("III-36", "考核组", "7.5", REASON))
    value = {"row_key": "III-36", "version": "1"}
    assert stage.post(stage.other, (f"/units/{unit_id}/confirm", value)) == 302
    home = f"/units/{unit_id}/confirmed/withdraw"
    return Case((home, value | {"reason": REASON}), (f"{home}/agree", value), agreed(stage, democratic_row.WITHDRAW))


def certify(stage: Stage) -> Case:
    season = build_season(stage.site).appeal()
    with stage.site.database.reading() as session:
        shown = life.certificate_digest(session, session.get_one(Assessment, season.assessment_id))
    post = (f"/assessments/{season.assessment_id}/life/certify", {"sure": "y", "shown": shown})
    return Case(post, post, lambda: stage.count(Assessment, state=AssessmentState.CERTIFIED) > 0)


def unseal(stage: Stage) -> Case:
    world = build_poll(stage.site, two_person=True)
    cast_each(stage.site, world, {"A": ["A"] * 6})
    close_and_seal(stage.site, world.poll_id)
    post = (f"/polls/{world.poll_id}/unseal", {"sure": "y"})
    return Case(post, post, lambda: stage.count(Unsealing) >= two_hands.HANDS)


def present(stage: Stage) -> Case:
    world = build_poll(stage.site, present=None)
    post = (f"/polls/{world.poll_id}/present", {"present": "8", "base": editions.edition("present", None)})
    return Case(post, post, lambda: stage.count(Poll, present=8) > 0)


def tickets_beyond(stage: Stage) -> Case:
    world = build_poll(stage.site)
    home, number = f"/polls/{world.poll_id}/over", {"number": "2000"}
    return Case((home, number | {"reason": REASON}), (f"{home}/agree", number), agreed(stage, "ticket.over"))


def key_paper(stage: Stage) -> Case:
    world = paper_poll(stage.site, 1)
    home, digits = f"/polls/{world.poll_id}/paper/A", typed(stage.site, world.poll_id, "1")
    return Case((f"{home}/1/1", digits), (f"{home}/2/1", digits), lambda: stage.count(Keying) >= two_hands.HANDS)


def confirm_proposal(stage: Stage) -> Case:
    assessment_id, unit_id = build_unit(stage.site)
    with stage.site.database.writing() as session:
        start_marking(session, assessment_id)
    enter(stage.site, unit_id, MarkEntry("III-4", "考核组", "1.5", REASON), actor=stage.own)
    post = (f"/assessments/{assessment_id}/proposals/1/confirm", {})
    return Case(None, post, lambda: stage.count(ProposedChange, confirmed=True) > 0)


def give_to_read(stage: Stage) -> Case:
    assessment_id, _ = build_unit(stage.site)
    reader = account(stage.site, "分管领导", Role.READER)
    home = f"/assessments/{assessment_id}/readers"
    given = {"account": str(reader.account_id), "kind": ReadingKind.RESULTS}
    return Case(
        (f"{home}/propose", given | {"reason": REASON}), (f"{home}/agree", given), agreed(stage, "reading.give")
    )


def stand_in(stage: Stage) -> Case:
    away, standing = (account(stage.site, name, Role.ADMIN) for name in ("丙", "丁"))
    named = {"account": standing.account_id, "absent": away.account_id, "last_day": "2099-01-01", "reason": REASON}
    named["last_day"] = stage.site.now().date().isoformat()
    return Case(
        ("/stand-ins", named), ("/stand-ins/agree", {"number": "1"}), lambda: not stage.count(StandIn, agreed_by=None)
    )


def seal_unwatched(stage: Stage) -> Case:
    world = build_poll(stage.site)
    watcher = account(stage.site, "监票", Role.SCRUTINEER)
    with stage.site.database.writing() as session:
        people.name_people(session, NOW, stage.other, world.poll_id, {watcher.account_id or 0})
    close(stage.site, world.poll_id)
    home = f"/polls/{world.poll_id}/scrutiny/waive"
    return Case((home, {"reason": REASON}), (f"{home}/agree", {}), agreed(stage, witnessing.WAIVE))


ACTS = (
    *(set_aside, choose, count_anyway, confirm_value, withdraw_value, certify, unseal, present, tickets_beyond),
    *(seal_unwatched, key_paper, confirm_proposal, give_to_read, stand_in),
)
ROLES = {unseal: (Role.ORGANIZER, Role.SCRUTINEER), key_paper: (Role.ORGANIZER, Role.ORGANIZER)}


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_two_accounts_of_one_person_are_no_two_people(lite_site: Site, act: Callable[[Stage], Case]) -> None:
    stage = Stage(lite_site, ROLES.get(act, (Role.ADMIN, Role.ADMIN)))
    case = act(stage)
    if case.first is not None:
        assert stage.post(stage.fresh, case.first) >= 400
        assert stage.post(stage.own, case.first) == 302
    for who in (stage.own, stage.made, stage.fresh):
        assert stage.post(who, case.second) >= 400 or not case.done()
        assert not case.done(), who.name
    assert stage.post(stage.other, case.second) == 302
    assert case.done()
