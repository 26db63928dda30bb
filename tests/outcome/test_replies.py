"""The right of reply: of the own unit only, in time, once; and the office's answer."""

import pytest

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.errors import BadInput, NotAllowed, NotFound, WrongState
from surveys.acts.site import Site
from surveys.marking.marks import MarkEntry
from surveys.outcome import replies
from surveys.scoring.assessment_states import ObjectionState
from tests.builders import GROUP, dump, enter
from tests.seasons import AFTER, Season, build_season
from tests.sites import NOW


@pytest.fixture
def season(site: Site) -> Season:
    return build_season(site)


def test_a_reporter_sees_the_own_unit_from_the_appeal_on_and_no_other(season):
    with season.site.database.reading() as session:
        assert replies.own_version(session, season.reporter, season.first) is None
    season.close_marking()
    with season.site.database.reading() as session:
        assert replies.own_version(session, season.reporter, season.first) is None
    season.open_appeal()
    with season.site.database.reading() as session:
        found = replies.own_version(session, season.reporter, season.first)
        assert found is not None
        assert found.unit(season.first).name == "样例局"
        with pytest.raises(NotFound):
            replies.own_version(session, season.other, season.first)
        for actor in (*season.admins, COMMAND_LINE):
            with pytest.raises(NotAllowed):
                replies.own_version(session, actor, season.first)


def test_only_the_own_unit_is_spoken_for(season):
    season.appeal()
    before = dump(season.site.database)
    with season.site.database.writing() as session:
        for act in (
            lambda: replies.agree(session, NOW, season.other, season.first, 1),
            lambda: replies.object_to(session, NOW, season.other, season.first, "III-4", "理由"),
        ):
            with pytest.raises(NotFound):
                act()
        with pytest.raises(NotAllowed):
            replies.object_to(session, NOW, season.admins[0], season.first, "III-4", "理由")
    assert dump(season.site.database) == before


@pytest.mark.parametrize(
    ("row", "reason", "refusal", "words"),
    [
        ("III-4", " \n", BadInput, "理由"),
        ("III-4", "很" * 2001, BadInput, "2001 个字"),
        ("III-99", "理由", NotFound, "III-99"),
        ("", "理由", NotFound, "这一行"),
    ],
)
def test_an_objection_names_a_row_and_a_reason(season, row, reason, refusal, words):
    season.appeal()
    before = dump(season.site.database)
    with pytest.raises(refusal, match=words):
        season.object(row, reason)
    assert dump(season.site.database) == before


def test_one_objection_to_a_row_waits_at_a_time(season):
    season.appeal()
    first = season.object()
    with pytest.raises(WrongState, match="等答复"):
        season.object()
    season.object("III-3")
    season.answer(first, accepted=False, words="材料确实缺")
    second = season.object()
    with season.site.database.reading() as session:
        found = replies.objections_of(session, season.first)
        assert replies.objections_of(session, season.second) == []
    assert [(each.id, each.state) for each in found if each.row_key == "III-4"] == [
        (first, ObjectionState.DECLINED),
        (second, ObjectionState.OPEN),
    ]
    assert (found[0].by, found[0].answer, found[0].answered_by) == ("报送一", "材料确实缺", None)


def test_replies_end_with_the_day(season):
    season.appeal()
    with season.site.database.writing() as session:
        for act in (
            lambda: replies.agree(session, AFTER, season.reporter, season.first, 1),
            lambda: replies.object_to(session, AFTER, season.reporter, season.first, "III-4", "理由"),
        ):
            with pytest.raises(WrongState, match="已经过了"):
                act()


def test_replies_belong_to_the_appeal(season):
    for words in ("打分中", "初步结果"):
        with pytest.raises(WrongState, match=words):
            season.object()
        with pytest.raises(WrongState, match=words):
            season.agree(season.reporter)
        if words == "打分中":
            season.close_marking()


def test_agreeing_is_of_the_newest_version_once_and_ends_objecting(season):
    season.appeal()
    objection_id = season.object()
    with pytest.raises(WrongState, match="申诉没有答复"):
        season.agree(season.reporter)
    season.answer(objection_id, accepted=True)
    enter(season.site, season.first, MarkEntry("III-4", GROUP, "0.5", "复核"))
    season.freeze()
    with pytest.raises(WrongState, match="新的第 2 版"):
        season.agree(season.reporter, 1)
    season.agree(season.reporter, 2)
    for act, words in (
        (lambda: season.agree(season.reporter, 2), "已经表示同意"),
        (season.object, "表示同意，不能再申诉"),
    ):
        with pytest.raises(WrongState, match=words):
            act()


def test_an_agreement_stands_while_the_own_sheet_stays(season):
    """Another unit's correction moves ranks, and takes nobody's word back; one's own does."""
    season.appeal()
    season.agree(season.other)
    objection_id = season.object()
    season.answer(objection_id, accepted=True)
    enter(season.site, season.first, MarkEntry("III-4", GROUP, "0.5", "复核"))
    season.freeze()
    with season.site.database.reading() as session:
        assert replies.agreed_units(session, season.assessment_id) == {season.second}
    for act, words in (
        (lambda: season.agree(season.other, 2), "第 1 版.*不用再提交"),
        (lambda: season.object("III-3", actor=season.other), "对第 1 版的同意仍然有效.*不能再申诉"),
    ):
        with pytest.raises(WrongState, match=words):
            act()
    season.agree(season.reporter, 2)
    season.back()
    enter(season.site, season.second, MarkEntry("III-3", GROUP, "0.5", "复核"))
    season.appeal()
    with season.site.database.reading() as session:
        assert replies.agreed_units(session, season.assessment_id) == {season.first}
    season.object("III-3", actor=season.other)


def test_the_office_answers_once_in_words(season):
    season.appeal()
    objection_id = season.object()
    with season.site.database.writing() as session:

        def answer(unit_id=season.first, number=objection_id, words="属实", actor=COMMAND_LINE):
            replies.answer(session, NOW, actor, unit_id, number, accepted=True, words=words)

        for act, refusal in (
            (lambda: answer(actor=season.reporter), NotAllowed),
            (lambda: answer(unit_id=season.second), NotFound),
            (lambda: answer(number=99), NotFound),
            (lambda: answer(words=" "), BadInput),
            (lambda: answer(words="长" * 2001), BadInput),
        ):
            with pytest.raises(refusal):
                act()
        answer()
        with pytest.raises(WrongState, match="已经答复过"):
            answer()
    season.back()
    with pytest.raises(WrongState, match="打分中"):
        season.answer(objection_id, accepted=True)
