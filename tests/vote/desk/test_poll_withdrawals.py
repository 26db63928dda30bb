"""A poll made by mistake: withdrawn while nobody has voted, or, once sealed, set aside by two people."""

from fractions import Fraction

import pytest

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import BadInput, NotAllowed, NotFound, WrongState
from surveys.acts.site import Site
from surveys.marking import completion
from surveys.outcome import version_differences, versions
from surveys.outcome.derivation import derive_row
from surveys.polling.states import PollState
from surveys.scoring.assessment_states import AssessmentState
from surveys.scoring.score_sheet import RowState
from surveys.storage.tables import Keying, Poll
from surveys.vote import door_screens, poll_record, poll_withdrawals, polls, public_board, rehearsals, sealing, tallies
from surveys.vote.casting import TicketVoid
from surveys.vote.ticketing import tickets
from tests.builders import (
    World,
    account,
    box_counts,
    build_poll,
    build_unit,
    cast,
    close,
    close_and_seal,
    dump,
    filled,
    line_for,
    sealed_poll,
    set_state,
    sheet_of,
)
from tests.seasons import unit_record_in
from tests.sites import NOW

ROW = "III-36"


def withdraw(site: Site, poll_id: int, reason: str = "单位选错") -> None:
    with site.database.writing() as session:
        poll_withdrawals.withdraw(session, NOW, COMMAND_LINE, poll_id, reason)


def poll_of(site: Site, poll_id: int) -> Poll:
    with site.database.reading() as session:
        return polls.poll_of(session, poll_id)


def refused(
    site: Site, poll_id: int, words: str, error: type[Exception] = WrongState, reason: str = "单位选错"
) -> None:
    before = dump(site.database)
    with pytest.raises(error, match=words):
        withdraw(site, poll_id, reason)
    assert dump(site.database) == before


@pytest.mark.parametrize("state", [PollState.DRAFT, PollState.OPEN, PollState.CLOSED])
def test_withdrawn_it_is_off_the_list_and_its_tickets_are_void(site, state):
    world = build_poll(site, opened=state is not PollState.DRAFT)
    kept = build_poll(site, unit_id=world.unit_id)
    if state is PollState.CLOSED:
        close(site, world.poll_id)
    with site.database.reading() as session:
        prefix = polls.poll_of(session, world.poll_id).prefix
    withdraw(site, world.poll_id)
    assert box_counts(site, world.poll_id) == {"void": 10}
    with site.database.reading() as session:
        assert [poll.id for poll in polls.list_polls(session)] == [kept.poll_id]
        assert [poll.id for poll in polls.list_polls(session, PollState.WITHDRAWN)] == [world.poll_id]
        with pytest.raises(NotFound):
            public_board.board(session, prefix)
    if state is not PollState.DRAFT:
        with pytest.raises(TicketVoid):
            cast(site, world.codes["A"][0], filled(sheet_of(site, world.poll_id)))
    (entry,) = [row for row in dump(site.database)["audit_log"] if row[3] == "poll.withdraw"]
    assert entry[4] == prefix
    assert "作废 10 张票，单位选错" in entry[5]


def test_nothing_more_happens_in_a_withdrawn_poll(site):
    world = build_poll(site, count=2)
    with site.database.writing() as session:
        door_screens.set_planned(session, NOW, COMMAND_LINE, world.poll_id, "A", 5)
        door = door_screens.add_door(session, NOW, COMMAND_LINE, world.poll_id, "东门", "A")
    withdraw(site, world.poll_id)
    with site.database.reading() as session:
        assert not door_screens.door_screen(session, NOW, door.token).working
    before = dump(site.database)
    with site.database.writing() as session:
        for act in (
            lambda: polls.open_poll(session, NOW, COMMAND_LINE, world.poll_id),
            lambda: polls.close_poll(session, NOW, COMMAND_LINE, world.poll_id),
            lambda: polls.set_present(session, NOW, COMMAND_LINE, world.poll_id, 3),
            lambda: polls.check_draft(polls.poll_of(session, world.poll_id)),
            lambda: tickets.issue(session, NOW, COMMAND_LINE, world.poll_id, "A", 1),
            lambda: tickets.void_batch(session, NOW, COMMAND_LINE, world.poll_id, 1, "丢失"),
            lambda: rehearsals.rehearse(session, NOW, COMMAND_LINE, world.poll_id),
        ):
            with pytest.raises(WrongState, match=r"已撤回|不能"):
                act()
            session.rollback()
    with pytest.raises(WrongState, match="已撤回"):
        sealing.seal_poll(site, NOW, COMMAND_LINE, world.poll_id)
    refused(site, world.poll_id, "已经撤回了")
    assert dump(site.database) == before


def test_what_cannot_be_withdrawn(site):
    world = build_poll(site)
    refused(site, world.poll_id, "原因", BadInput, " ")
    refused(site, world.poll_id, "原因", BadInput, "长" * 501)
    sheet = sheet_of(site, world.poll_id)
    cast(site, world.codes["A"][0], filled(sheet))
    refused(site, world.poll_id, "已有人投票")
    close_and_seal(site, world.poll_id)
    refused(site, world.poll_id, "已封存")
    draft = build_poll(site, unit_id=world.unit_id, opened=False)
    with site.database.writing() as session:
        double = rehearsals.rehearse(session, NOW, COMMAND_LINE, draft.poll_id)
    refused(site, double, "清除演练")
    refused(site, draft.poll_id, "还有一个演练")
    rehearsals.wipe(site, NOW, COMMAND_LINE, double)
    withdraw(site, draft.poll_id)


def test_keyed_paper_counts_as_a_vote(site):
    world, clerk = build_poll(site), account(site, "录入")
    with site.database.writing() as session:
        session.add(
            Keying(poll_id=world.poll_id, class_key="A", number=1, hand=1, account_id=clerk.account_id, answers="x")
        )
        session.commit()
    refused(site, world.poll_id, "录了纸质票")


def test_a_withdrawn_poll_holds_nothing_up(site):
    _, unit_id = build_unit(site)
    sealed_poll(site, unit_id, "A", team="甲班子")
    world = build_poll(site, unit_id=unit_id, team="乙班子")
    assert line_for(site, unit_id, ROW).value.state is RowState.PENDING
    withdraw(site, world.poll_id)
    assert line_for(site, unit_id, ROW).value.got == 10


class Meeting:
    """A unit with a sealed poll, and the people who decide."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.assessment_id, self.unit_id = build_unit(site)
        self.world: World = sealed_poll(site, self.unit_id, "A")
        self.first, self.second = account(site, "甲"), account(site, "乙")

    def propose(self, actor: Actor | None = None, reason: str = "开错了会") -> None:
        with self.site.database.writing() as session:
            poll_withdrawals.propose(session, NOW, actor or self.first, self.world.poll_id, reason)

    def agree(self, actor: Actor | None = None) -> None:
        with self.site.database.writing() as session:
            poll_withdrawals.agree(session, NOW, actor or self.second, self.world.poll_id)

    def decline(self, actor: Actor | None = None) -> None:
        with self.site.database.writing() as session:
            poll_withdrawals.decline(session, NOW, actor or self.second, self.world.poll_id)

    def refused(self, error: type[Exception], words: str, act) -> None:
        before = dump(self.site.database)
        with pytest.raises(error, match=words):
            act()
        assert dump(self.site.database) == before

    @property
    def value(self) -> tuple[RowState, Fraction | None]:
        value = line_for(self.site, self.unit_id, ROW).value
        return value.state, value.got

    def body(self):
        with self.site.database.reading() as session:
            return versions.live_body(session, self.assessment_id)


@pytest.fixture
def meeting(site: Site) -> Meeting:
    return Meeting(site)


def test_two_people_set_a_sealed_poll_aside_and_the_derivation_says_so(meeting):
    before = meeting.body()
    meeting.propose()
    assert meeting.value == (RowState.MARKED, 10)
    assert meeting.body() == before
    meeting.agree()
    assert meeting.value == (RowState.PENDING, None)
    body = meeting.body()
    for for_unit in (False, True):
        found = derive_row(unit_record_in(body, meeting.unit_id), ROW, for_unit=for_unit)
        assert found.agrees
        assert "经两人决定不计入得分。理由：开错了会" in found.steps[0].words
        assert "sha256:" in found.steps[0].words
    with meeting.site.database.reading() as session:
        (unit,) = version_differences.report(session, meeting.assessment_id, before, body).units
        board = completion.board(session, COMMAND_LINE, meeting.assessment_id)
    assert [row.reasons for row in unit.rows if row.key == ROW] == [
        ("测评会“年度民主测评”经两人决定不计入得分：开错了会",)
    ]
    assert board.departments[completion.DEMOCRATIC].missing == 1
    acts = {row[3]: row[5] for row in dump(meeting.site.database)["audit_log"]}
    assert acts["poll.propose_set_aside"] == "开错了会"
    assert acts["poll.set_aside"] == "甲提出：开错了会"
    sealed_poll(meeting.site, meeting.unit_id, "B")
    assert meeting.value == (RowState.MARKED, 8)
    assert derive_row(unit_record_in(meeting.body(), meeting.unit_id), ROW).agrees


def test_set_aside_its_record_stays_and_can_be_checked(meeting):
    meeting.propose()
    meeting.agree()
    with meeting.site.database.reading() as session:
        poll = polls.poll_of(session, meeting.world.poll_id)
        assert tallies.tally(session, poll).valid == 10
        assert poll_record.verified(session, poll)
        assert [each.id for each in polls.list_polls(session)] == [poll.id]


def test_nobody_sets_aside_alone(meeting):
    site = meeting.site
    for actor in (COMMAND_LINE, account(site, "丙", Role.ORGANIZER), account(site, "丁", Role.SCRUTINEER)):
        with pytest.raises(NotAllowed):
            meeting.propose(actor)
    meeting.refused(BadInput, "理由", lambda: meeting.propose(reason=" "))
    meeting.refused(WrongState, "没有等您确认", meeting.agree)
    meeting.propose()
    meeting.refused(NotAllowed, "另一名管理员", lambda: meeting.agree(meeting.first))
    meeting.refused(NotAllowed, "命令行没有账号", lambda: meeting.agree(COMMAND_LINE))
    meeting.refused(WrongState, "已由别人提出", lambda: meeting.propose(meeting.second))
    meeting.agree()
    for act in (meeting.agree, meeting.decline, meeting.propose):
        meeting.refused(WrongState, "已经决定", act)


def test_a_proposal_is_taken_off_the_table_and_may_be_made_again(meeting):
    meeting.propose()
    meeting.decline(meeting.first)
    assert meeting.value == (RowState.MARKED, 10)
    meeting.refused(WrongState, "没有等您确认", meeting.agree)
    meeting.propose(meeting.second, "重复测评")
    meeting.agree(meeting.first)
    assert meeting.value == (RowState.PENDING, None)


def test_after_marking_no_poll_is_set_aside(meeting):
    meeting.propose()
    for state in (AssessmentState.PROVISIONAL, AssessmentState.APPEAL, AssessmentState.CERTIFIED):
        set_state(meeting.site, meeting.assessment_id, state)
        for act in (meeting.agree, meeting.decline):
            meeting.refused(WrongState, "不能再改", act)


def test_a_poll_that_is_not_sealed_is_not_set_aside(meeting):
    meeting.world = build_poll(meeting.site, unit_id=meeting.unit_id)
    meeting.refused(WrongState, "封存之后", meeting.propose)
    meeting.world = sealed_poll(meeting.site, meeting.unit_id, rehearsal=True)
    meeting.refused(WrongState, "演练", meeting.propose)


def test_of_a_result_that_was_never_opened_nothing_is_told(site):
    meeting = Meeting(site)
    meeting.world = sealed_poll(site, meeting.unit_id, "C", two_person=True)
    meeting.propose()
    meeting.agree()
    found = derive_row(unit_record_in(meeting.body(), meeting.unit_id), ROW)
    assert found.agrees
    assert "不计入得分" in found.steps[0].words
    assert "10×60" not in str(found)
