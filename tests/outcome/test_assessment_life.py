"""Each step of an assessment's life: refused with all that is missing, then taken; and what may change when."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import BadInput, NotAllowed, NotFound, Refusal, WrongState
from surveys.acts.site import Site
from surveys.marking import ledger
from surveys.marking.marks import MarkEntry
from surveys.outcome import hindrances, life, replies, versions
from surveys.season import applicability, assessments
from surveys.season.assessments import UnitEntry
from surveys.storage.tables import AssessmentFramework, AuditEntry, RuleVersion
from surveys.vote import polls
from tests.builders import (
    GROUP,
    build_poll,
    build_unit,
    cancel,
    cast,
    close_and_seal,
    close_marking,
    dump,
    enter,
    event,
    exempt,
    filled,
    record,
    sheet_of,
)
from tests.seasons import AFTER, DUE, Season, account, build_season
from tests.sites import NOW

ASSESSOR = Actor(None, "考评员", Role.ASSESSOR, GROUP)


@pytest.fixture
def season(site: Site) -> Season:
    return build_season(site)


def start(site: Site, assessment_id: int, actor: Actor = COMMAND_LINE) -> None:
    with site.database.writing() as session:
        life.start_marking(session, NOW, actor, assessment_id)


def created(site: Site) -> int:
    with site.database.writing() as session:
        return assessments.create_assessment(session, NOW, COMMAND_LINE, "样例考核", ["municipal", "county"])


def unchanged(site: Site, refusal: type[Refusal], words: str, act: Callable[[], object]) -> None:
    before = dump(site.database)
    with pytest.raises(refusal, match=words):
        act()
    assert dump(site.database) == before


def test_marking_needs_a_unit(site):
    assessment_id = created(site)
    unchanged(site, WrongState, "还没有单位", lambda: start(site, assessment_id))


def test_marking_needs_frameworks_that_sum_up(site):
    """Both faults are said at once; a framework that no unit uses does not hinder."""
    assessment_id, _ = build_unit(site, marking=False)
    with site.database.writing() as session:
        for key in ("municipal", "county"):
            entry = session.get_one(AssessmentFramework, (assessment_id, key))
            body = entry.body
            block = body["blocks"][0] | {"points": "1"}
            entry.body = body | {"blocks": [block, *body["blocks"][1:]]}
        session.commit()
    unchanged(site, WrongState, "市.*板块分值写的是 1", lambda: start(site, assessment_id))
    with pytest.raises(WrongState) as caught:
        start(site, assessment_id)
    assert str(caught.value).count("板块分值") == 1


def test_marking_needs_the_approval_of_which_rows_apply(site):
    """As they are now: a tag changed since takes it back."""
    assessment_id, unit_id = build_unit(site, marking=False)
    admin = account(site, "管理", Role.ADMIN)
    unchanged(site, WrongState, "适用表还没有核准", lambda: start(site, assessment_id))
    with site.database.writing() as session:
        for unit, row in applicability.matrix(session, assessment_id).gaps:
            applicability.choose(session, NOW, admin, unit.id, row.standard.key, row.standard.alternatives[0])
        fingerprint = applicability.matrix(session, assessment_id).fingerprint
        applicability.approve(session, NOW, admin, assessment_id, fingerprint)
        applicability.set_tags(session, NOW, admin, unit_id, ["教育"])
    unchanged(site, WrongState, "适用表还没有核准", lambda: start(site, assessment_id))
    with site.database.writing() as session:
        applicability.set_tags(session, NOW, admin, unit_id, [])
    start(site, assessment_id)


def test_starting_freezes_the_first_version_of_the_rules(site):
    assessment_id, _ = build_unit(site)
    with site.database.reading() as session:
        entry = session.scalars(sa.select(RuleVersion)).one()
        found = assessments.assessment_of(session, assessment_id)
        assert (entry.number, entry.rules, found.state) == (1, found.rules, "marking")
        assert entry.frameworks == {each.key: each.body for each in found.frameworks}
        assert "assessment.start" in set(session.scalars(sa.select(AuditEntry.act)))
    unchanged(site, WrongState, "打分中", lambda: start(site, assessment_id))


@pytest.mark.parametrize("actor", [ASSESSOR, replace(ASSESSOR, role=Role.ORGANIZER)])
def test_only_an_admin_moves_it(site, actor):
    assessment_id, _ = build_unit(site, marking=False)
    unchanged(site, NotAllowed, "管理员", lambda: start(site, assessment_id, actor))


def everything(site: Site, unit_id: int, row: str, losing: str) -> list[Callable[[], object]]:
    """All that decides a row."""
    return [
        lambda: enter(site, unit_id, MarkEntry(row, GROUP, "1")),
        lambda: record(site, unit_id, event(losing)),
        lambda: exempt(site, unit_id, row),
    ]


def test_nothing_is_marked_before_marking_starts(site):
    _, unit_id = build_unit(site, marking=False)
    mark, entered, exempted = everything(site, unit_id, "III-4", "III-32")
    for act in (mark, entered):
        unchanged(site, WrongState, "准备中", act)
    exempted()  # a decision on what applies, which is looked at before marking starts


def test_nothing_is_marked_after_marking_has_ended(season):
    event_id = record(season.site, season.first, event("III-32"))
    acts = [*everything(season.site, season.first, "III-4", "III-32"), lambda: cancel(season.site, event_id)]
    season.close_marking()
    for act in acts:
        unchanged(season.site, WrongState, "初步结果.*退回打分", act)
    season.open_appeal()
    for act in acts:
        unchanged(season.site, WrongState, "没有被接受的申诉", act)
    for admin in season.admins:
        season.certify(admin)
    for act in acts:
        unchanged(season.site, WrongState, "已核定", act)
    season.archive()
    for act in acts:
        unchanged(season.site, WrongState, "已归档", act)


def test_an_accepted_objection_opens_its_row_and_no_other(season):
    season.appeal()
    objection_id = season.object("III-4")
    mark = MarkEntry("III-4", GROUP, "0.5", "复核")
    unchanged(season.site, WrongState, "没有被接受", lambda: enter(season.site, season.first, mark))
    season.answer(objection_id, accepted=True)
    for unit_id, entry in ((season.first, MarkEntry("III-3", GROUP, "1")), (season.second, mark)):
        unchanged(
            season.site,
            WrongState,
            "没有被接受",
            lambda unit_id=unit_id, entry=entry: enter(season.site, unit_id, entry),
        )
    enter(season.site, season.first, mark)
    declined = season.object("III-3")
    season.answer(declined, accepted=False)
    unchanged(
        season.site, WrongState, "没有被接受", lambda: enter(season.site, season.first, MarkEntry("III-3", GROUP, "1"))
    )


def test_an_objection_of_an_earlier_round_opens_nothing(season):
    season.appeal()
    season.answer(season.object("III-4"), accepted=True)
    season.back()
    season.appeal()
    mark = MarkEntry("III-4", GROUP, "0.5")
    unchanged(season.site, WrongState, "没有被接受", lambda: enter(season.site, season.first, mark))


def test_an_event_is_corrected_after_its_objection(season):
    event_id = record(season.site, season.first, event("III-33(1)", "2"))
    season.appeal()
    season.answer(season.object("III-33(1)"), accepted=True)
    cancel(season.site, event_id)
    assert season.live()["units"][0]["result"]["deduction"]["exact"] == "0"


def test_units_and_polls_are_not_added_once_there_is_a_result(season):
    season.close_marking()
    unit = UnitEntry("新局", "市直单位", "municipal")
    entry = polls.PollEntry(season.first, "又一次", 10, [polls.ClassEntry("A", "参评人", Decimal(1))])
    with season.site.database.writing() as session:
        with pytest.raises(WrongState, match="不能再改"):
            assessments.add_unit(session, NOW, COMMAND_LINE, season.assessment_id, unit)
        with pytest.raises(WrongState, match="不能再改"):
            polls.create_poll(session, NOW, COMMAND_LINE, entry)


def test_a_draft_poll_is_not_opened_once_there_is_a_result(season):
    world = build_poll(season.site, unit_id=season.first, opened=False)
    season.close_marking()
    with season.site.database.writing() as session, pytest.raises(WrongState, match="不能再改"):
        polls.open_poll(session, NOW, COMMAND_LINE, world.poll_id)


def test_what_is_pending_is_listed_and_hinders_only_the_certificate(site):
    season = build_season(site, complete=False)
    notes = season.outlook().notes
    assert [note for note in notes if "另一局（III-36）" in note and "有 1 行待打分" in note]
    season.appeal()
    outlook = season.outlook()
    assert [sentence for sentence in outlook.hindrances if "待打分" in sentence]
    assert outlook.certificate is None
    unchanged(site, WrongState, "III-36", lambda: season.certify(season.admins[0]))


def test_a_withheld_row_hinders_the_certificate(site):
    season = build_season(site, complete=False)
    world = build_poll(site, unit_id=season.second, entitled=10, present=3, count=3)
    for code in world.codes["A"]:
        cast(site, code, filled(sheet_of(site, world.poll_id), "A"))
    close_and_seal(site, world.poll_id)
    season.appeal()
    unchanged(site, WrongState, "民主测评没有计分：.*不足应到", lambda: season.certify(season.admins[0]))


@pytest.mark.both
def test_all_that_hinders_the_certificate_is_said_at_once(site):
    season = build_season(site, complete=False)
    build_poll(site, unit_id=season.second)
    season.appeal()
    season.object()
    with pytest.raises(WrongState) as caught:
        season.certify(season.admins[0])
    for words in ("1 条申诉没有答复", "1 行待打分", "1 场测评会没有封存"):
        assert words in str(caught.value)


def test_a_poll_sealed_in_the_appeal_needs_a_new_version(site):
    season = build_season(site, complete=False)
    world = build_poll(site, unit_id=season.second)
    for code in world.codes["A"]:
        cast(site, code, filled(sheet_of(site, world.poll_id), "A"))
    season.close_marking()
    close_and_seal(site, world.poll_id)
    unchanged(site, WrongState, "退回打分", season.open_appeal)
    season.back()
    season.appeal()
    assert not season.outlook().hindrances


def test_the_appeal_needs_a_day_that_is_to_come(season):
    season.close_marking()
    unchanged(season.site, BadInput, "已经过去", lambda: season.open_appeal(NOW.date() - timedelta(days=1)))
    season.open_appeal(NOW.date())
    assert (season.state, season.assessment.objections_due_on) == ("appeal", NOW.date())


@pytest.mark.parametrize("reason", ["", " \n"])
def test_returning_needs_a_reason(season, reason):
    season.close_marking()
    unchanged(season.site, BadInput, "理由", lambda: season.back(reason))


def test_returning_is_for_a_result_that_is_not_certified(season):
    unchanged(season.site, WrongState, "不能退回", season.back)
    season.appeal()
    objection_id = season.object()
    unchanged(season.site, WrongState, "还不能退回打分：\n还有 1 条申诉没有答复", season.back)
    season.answer(objection_id, accepted=False)
    season.back()
    assert season.state == "marking"
    season.certified()
    unchanged(season.site, WrongState, "不能退回", season.back)


def test_the_time_to_reply_is_kept_unless_all_agree(season):
    season.appeal()
    with season.site.database.writing() as session:
        found = assessments.assessment_of(session, season.assessment_id)
        early = hindrances.outlook(session, NOW + (DUE - NOW.date()), found).hindrances
        assert early == (f"申诉期到 {DUE} 为止，还有 2 个单位没有表示同意。期满或全部同意后才能核定。",)
        assert hindrances.outlook(session, AFTER, found).hindrances == ()
    season.agree(season.reporter)
    season.agree(season.other)
    with season.site.database.reading() as session:
        assert hindrances.outlook(session, NOW, season.assessment).hindrances == ()


def test_two_people_certify_one_and_the_same(season):
    season.appeal()
    first, second = season.admins
    assert season.certify(first) is False
    assert season.outlook().hands == (first.name,)
    unchanged(season.site, WrongState, "还需另一个人", lambda: season.certify(first))
    assert season.state == "appeal"
    assert season.certify(second) is True
    assert season.state == "certified"
    line = season.version(2).line
    assert line.kind == "certified"
    with season.site.database.reading() as session:
        hands = versions.certifiers(session, season.assessment_id, line.digest)
    assert [name for name, _ in hands] == [first.name, second.name]


def test_the_command_line_has_no_hand(season):
    season.appeal()
    unchanged(season.site, NotAllowed, "命令行没有账号", lambda: season.certify(COMMAND_LINE))
    unchanged(season.site, NotAllowed, "管理员", lambda: season.certify(season.reporter))


def test_a_hand_counts_for_what_it_saw_only(season):
    season.appeal()
    first, second = season.admins
    season.certify(first)
    old = season.outlook().certificate
    season.answer(season.object("III-4"), accepted=True)
    enter(season.site, season.first, MarkEntry("III-4", GROUP, "0.5", "复核"))
    unchanged(season.site, WrongState, "第 1 版之后有改动，请先形成新版本", lambda: season.certify(second))
    season.freeze()
    unchanged(season.site, WrongState, "有了改动", lambda: season.certify(second, old))
    assert season.certify(second) is False
    assert season.certify(first) is True


@pytest.mark.both
def test_of_two_hands_at_once_each_counts_once(season):
    """The same account twice and the other once, all at the same time."""
    season.appeal()
    shown = season.outlook().certificate
    first, second = season.admins
    found: list[object] = []

    def run(admin: Actor) -> None:
        try:
            found.append(season.certify(admin, shown))
        except WrongState as error:
            found.append(str(error)[:6])

    threads = [threading.Thread(target=run, args=(admin,)) for admin in (first, first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (found.count(True), found.count(False), len(found)) == (1, 1, 3)
    assert season.state == "certified"
    with season.site.database.reading() as session:
        lines = versions.listing(session, season.assessment_id)
        assert len(versions.certifiers(session, season.assessment_id, lines[-1].digest)) == 2
    assert [line.kind.value for line in lines] == ["provisional", "certified"]


def test_archiving_is_the_end(season):
    unchanged(season.site, WrongState, "打分中", season.archive)
    season.certified()
    season.archive()
    outlook = season.outlook()
    assert (season.state, outlook.target) == ("archived", None)
    unchanged(season.site, WrongState, "已归档", season.archive)


@pytest.mark.both
def test_a_mark_waits_for_the_step_and_is_refused(season, site):
    """While a step is under way nothing is entered that the version would lack."""
    with site.database.writing() as session:
        assessments.locked_assessment(session, season.assessment_id)
        done = threading.Event()
        refused: list[str] = []

        def mark() -> None:
            try:
                enter(site, season.first, MarkEntry("III-4", GROUP, "0.5"))
            except WrongState as error:
                refused.append(str(error))
            done.set()

        thread = threading.Thread(target=mark)
        thread.start()
        assert not done.wait(0.3)
        close_marking(session, season.assessment_id)
    thread.join(30)
    assert len(refused) == 1
    assert versions.same_scores(season.version(1).body, season.live())


def test_there_must_be_such_an_assessment(site):
    with site.database.writing() as session:
        for step in (life.start_marking, life.close_marking, life.archive):
            with pytest.raises(NotFound):
                step(session, NOW, COMMAND_LINE, 99)
        with pytest.raises(NotFound):
            replies.own_unit(session, Actor(1, "报送员", Role.REPORTER, unit_id=98), 99)
        with pytest.raises(NotFound):
            ledger.exempt(session, NOW, COMMAND_LINE, 99, "III-4", "事由", "文件")
