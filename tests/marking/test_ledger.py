"""The ledger: occasions, levels, contests, exemptions taken back, and how all of it is listed."""

import csv
import io
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, timedelta
from fractions import Fraction

import pytest

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import BadInput, NotAllowed, NotFound, Refusal, WrongState
from surveys.acts.site import Site
from surveys.marking import event_counts, ledger, ledger_reading
from surveys.marking.ledger import ContestState
from surveys.marking.ledger_reading import LedgerEffect, LedgerLine
from surveys.scoring.assessment_states import AssessmentState
from surveys.scoring.score_sheet import RowState
from surveys.storage.tables import Exemption
from tests.builders import (
    GROUP,
    account,
    assessor,
    build_unit,
    cancel,
    dump,
    event,
    exempt,
    line_for,
    record,
    run_sql,
    set_state,
    sheet_for,
)
from tests.sites import NOW

REASON = "已核实"


def contest(site: Site, unit_id: int, event_id: int, grounds: str = REASON, actor: Actor = COMMAND_LINE) -> None:
    with site.database.writing() as session:
        ledger.contest(session, NOW, actor, unit_id, event_id, grounds)


def answer(
    site: Site, unit_id: int, event_id: int, upheld: bool, reason: str = REASON, actor: Actor = COMMAND_LINE
) -> None:
    with site.database.writing() as session:
        ledger.answer_contest(session, NOW, actor, unit_id, event_id, upheld=upheld, reason=reason)


def unexempt(site: Site, unit_id: int, exemption_id: int, reason: str = REASON, actor: Actor = COMMAND_LINE) -> None:
    with site.database.writing() as session:
        ledger.cancel_exemption(session, NOW, actor, unit_id, exemption_id, reason)


def lines_of(site: Site, unit_id: int) -> list[LedgerLine]:
    with site.database.reading() as session:
        return ledger_reading.unit_lines(session, unit_id, UTC)


def effects(site: Site, unit_id: int) -> dict[int | None, LedgerEffect]:
    return {line.event_id: line.effect for line in lines_of(site, unit_id)}


def test_one_occasion_counts_once_at_its_highest(site):
    _, unit_id = build_unit(site)
    low = record(site, unit_id, event("III-32", "1", level="市级", occasion="ＡＩ 先进"))
    high = record(site, unit_id, event("III-32", "3", level="省级", occasion="AI先进"))
    other = record(site, unit_id, event("III-32", "0.5"))
    assert line_for(site, unit_id, "III-32").value.got == Fraction(7, 2)
    assert effects(site, unit_id) == {
        low: LedgerEffect.OVERTAKEN,
        high: LedgerEffect.COUNTED,
        other: LedgerEffect.COUNTED,
    }
    cancel(site, high)
    assert line_for(site, unit_id, "III-32").value.got == Fraction(3, 2)
    assert effects(site, unit_id)[low] is LedgerEffect.COUNTED


def test_one_occasion_is_deducted_once_over_the_rows_of_the_negative_list(site):
    _, unit_id = build_unit(site)
    record(site, unit_id, event("III-33(1)", "2", occasion="某某舆情"))
    record(site, unit_id, event("III-33(2)", "5", occasion="某某舆情"))
    record(site, unit_id, event("III-11(2)", "1", occasion="某某舆情"))
    assert sheet_for(site, unit_id).score.deduction == 5
    assert line_for(site, unit_id, "III-11(2)").value.got == 2


def test_an_event_on_a_row_that_does_not_count_overtakes_nothing(site):
    _, unit_id = build_unit(site)
    out = record(site, unit_id, event("III-11(2)", "3", occasion="某某舆情"))
    kept = record(site, unit_id, event("III-13", "1", occasion="某某舆情"))
    assert effects(site, unit_id) == {out: LedgerEffect.COUNTED, kept: LedgerEffect.OVERTAKEN}
    exempt(site, unit_id, "III-11(2)")
    found = effects(site, unit_id)
    assert (found[out], found[kept]) == (LedgerEffect.ROW_OUT, LedgerEffect.COUNTED)
    assert line_for(site, unit_id, "III-13").value.got == 2


def test_the_same_event_is_entered_once(site):
    assessment_id, unit_id = build_unit(site)
    _, other = build_unit(site, "另一局", assessment_id=assessment_id)
    first = record(site, unit_id, event("III-32", "2"))
    before = dump(site.database)
    for again in (event("III-32", "2"), event("III-32", "2.00", document=" 示例发〔2026〕1号 ")):
        with pytest.raises(BadInput, match="2026-03-02 09:30 已登记过完全一样的事件（示例发〔2026〕1号 2 分）"):
            record(site, unit_id, again)
    assert dump(site.database) == before
    record(site, other, event("III-32", "2"))
    record(site, unit_id, event("III-32", "1"))
    cancel(site, first)
    record(site, unit_id, event("III-32", "2"))
    assert line_for(site, unit_id, "III-32").value.got == 3
    record(site, unit_id, event("III-34", ""))
    with pytest.raises(BadInput, match="完全一样"):
        record(site, unit_id, event("III-34", ""))


@pytest.mark.both
def test_of_two_clicks_at_once_one_enters_the_event(site):
    _, unit_id = build_unit(site)
    ready = threading.Barrier(2)

    def click(_: int) -> str:
        ready.wait(20)
        try:
            record(site, unit_id, event("III-32", "2"))
        except BadInput as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(2) as pool:
        words = sorted(pool.map(click, range(2)))
    assert words[0] == ""
    assert "完全一样" in words[1]
    assert line_for(site, unit_id, "III-32").value.got == 2


def test_an_event_has_happened(site):
    _, unit_id = build_unit(site)
    record(site, unit_id, replace(event("III-32"), happened_on=NOW.date()))
    with pytest.raises(BadInput, match="2026-03-03 还没有到"):
        record(site, unit_id, replace(event("III-32"), happened_on=NOW.date() + timedelta(days=1)))


def test_events_that_share_a_document_are_pointed_at(site):
    _, unit_id = build_unit(site)

    def shared() -> list[set[int | None]]:
        return [
            {line.event_id for line in group} for group in ledger_reading.sharing_documents(lines_of(site, unit_id))
        ]

    first = record(site, unit_id, event("III-32", "2", "示例发〔2026〕1号", "先进"))
    record(site, unit_id, event("III-33(1)", "2", "示例发〔2026〕1号", "扣分是另一回事"))
    assert shared() == []
    second = record(site, unit_id, event("III-32", "1", "示例发〔2026〕１号", "还是先进"))
    assert shared() == [{first, second}]
    cancel(site, second)
    assert shared() == []
    cancel(site, first)
    for points in ("1", "2"):
        record(site, unit_id, event("III-32", points, occasion="先进"))
    assert shared() == [], "of one occasion only the highest counts"
    assert ledger_reading.occasions_of(lines_of(site, unit_id)) == ["先进"]


def test_what_each_level_was_worth_so_far_is_told(site):
    assessment_id, unit_id = build_unit(site)
    _, other = build_unit(site, "另一局", assessment_id=assessment_id)
    for where, points, level in (
        (unit_id, "1", "市级"),
        (other, "1.0", "市级"),
        (other, "3", "省级"),
        (other, "2", "县级"),
    ):
        record(site, where, event("III-32", points, level=level))
    cancel(site, record(site, other, event("III-32", "5", level="省级")))
    with site.database.reading() as session:
        found = event_counts.points_by_level(session, assessment_id)
    assert list(found.items()) == [("省级", ["3"]), ("市级", ["1"]), ("县级", ["2"])]


def test_occasions_of_other_units_are_others(site):
    assessment_id, first = build_unit(site)
    _, other = build_unit(site, "另一局", assessment_id=assessment_id)
    record(site, first, event("III-32", "3", occasion="先进"))
    record(site, other, event("III-32", "1", occasion="先进"))
    assert line_for(site, other, "III-32").value.got == 1


def test_a_level_is_of_a_commendation(site):
    _, unit_id = build_unit(site)
    with pytest.raises(BadInput, match="不是加分项"):
        record(site, unit_id, event("III-33(1)", level="省级"))
    record(site, unit_id, event("III-32", level=" 省级 "))
    assert [line.level for line in lines_of(site, unit_id)] == ["省级"]


@pytest.mark.parametrize(
    "options", [{"document": "长" * 201}, {"reason": "长" * 501}, {"level": "长" * 41}, {"occasion": "长" * 201}]
)
def test_texts_too_long_are_refused(site, options):
    _, unit_id = build_unit(site)
    with pytest.raises(BadInput, match="太长"):
        record(site, unit_id, event("III-32", **options))
    assert dump(site.database)["events"] == []


def test_an_upheld_contest_cancels_the_event(site):
    _, unit_id = build_unit(site)
    event_id = record(site, unit_id, event("III-33(1)", "3"))
    contest(site, unit_id, event_id, "报告及时", account(site, "报送员", Role.REPORTER, unit_id))
    assert sheet_for(site, unit_id).score.deduction == 3
    answer(site, unit_id, event_id, upheld=True, reason="查明属实")
    assert sheet_for(site, unit_id).score.deduction == 0
    (line,) = lines_of(site, unit_id)
    assert (line.effect, line.contest) == (LedgerEffect.CANCELLED, ContestState.UPHELD)
    assert line.cancel_reason == "申诉成立：查明属实"
    assert line.contest_note.splitlines() == ["申诉：报告及时", "答复：查明属实"]
    acts = [row[3] for row in dump(site.database)["audit_log"]]
    assert {"event.appeal", "event.answer"} <= set(acts)


def test_a_dismissed_contest_leaves_the_event_and_is_the_last(site):
    _, unit_id = build_unit(site)
    event_id = record(site, unit_id, event("III-33(1)", "3"))
    contest(site, unit_id, event_id)
    answer(site, unit_id, event_id, upheld=False)
    assert sheet_for(site, unit_id).score.deduction == 3
    with pytest.raises(WrongState, match="申诉不成立"):
        contest(site, unit_id, event_id)
    with pytest.raises(WrongState, match="没有等待答复"):
        answer(site, unit_id, event_id, upheld=True)


def test_only_the_units_own_reporter_or_an_admin_contests(site):
    assessment_id, unit_id = build_unit(site)
    _, other = build_unit(site, "另一局", assessment_id=assessment_id)
    event_id = record(site, unit_id, event("III-33(1)"))
    before = dump(site.database)["events"]
    strangers = [
        account(site, "别的报送员", Role.REPORTER, other),
        Actor(None, "组织员", Role.ORGANIZER),
        assessor(GROUP),
        Actor(None, "没有单位", Role.REPORTER),
    ]
    for actor in strangers:
        with pytest.raises(NotAllowed):
            contest(site, unit_id, event_id, actor=actor)
    with pytest.raises(NotFound):
        contest(site, other, event_id, actor=strangers[0])
    own = account(site, "报送员", Role.REPORTER, unit_id)
    contest(site, unit_id, event_id, actor=own)
    after = dump(site.database)["events"]
    assert after != before
    for actor in (own, *strangers):
        with pytest.raises(NotAllowed):
            answer(site, unit_id, event_id, upheld=True, actor=actor)
    assert dump(site.database)["events"] == after


def test_contests_that_cannot_be_are_refused(site):
    _, unit_id = build_unit(site)
    event_id = record(site, unit_id, event("III-33(1)"))
    cases: list[tuple[type[Refusal], int, str]] = [
        (BadInput, event_id, " \u3000"),
        (BadInput, event_id, "长" * 501),
        (NotFound, event_id + 1, REASON),
    ]
    for refusal, which, grounds in cases:
        with pytest.raises(refusal):
            contest(site, unit_id, which, grounds)
    with pytest.raises(WrongState):
        answer(site, unit_id, event_id, upheld=True)
    contest(site, unit_id, event_id)
    with pytest.raises(WrongState, match="申诉中"):
        contest(site, unit_id, event_id)
    with pytest.raises(WrongState, match="正在申诉"):
        cancel(site, event_id)
    with pytest.raises(BadInput):
        answer(site, unit_id, event_id, upheld=True, reason="")
    answer(site, unit_id, event_id, upheld=False)
    cancel(site, event_id)


def exemption_in(site: Site, unit_id: int) -> int:
    (line,) = (line for line in lines_of(site, unit_id) if line.exemption_id and line.effect is LedgerEffect.COUNTED)
    assert line.exemption_id is not None
    return line.exemption_id


def test_an_exemption_is_taken_back_and_kept(site):
    _, unit_id = build_unit(site)
    exempt(site, unit_id, "III-7")
    first = exemption_in(site, unit_id)
    assert line_for(site, unit_id, "III-7").value.state is RowState.EXEMPTED
    for reason in ("", "\u3000"):
        with pytest.raises(BadInput):
            unexempt(site, unit_id, first, reason)
    unexempt(site, unit_id, first)
    assert line_for(site, unit_id, "III-7").value.state is RowState.PENDING
    with pytest.raises(WrongState, match="已经撤销"):
        unexempt(site, unit_id, first)
    exempt(site, unit_id, "III-7", "再次决定")
    assert line_for(site, unit_id, "III-7").value.state is RowState.EXEMPTED
    found = [(line.reason, line.state, line.cancel_reason) for line in lines_of(site, unit_id)]
    assert found == [("机构调整", "已撤销", REASON), ("再次决定", "有效", "")]
    with site.database.reading() as session:
        assert session.get_one(Exemption, first).cancelled_at == NOW


def test_an_assessed_unit_decides_no_exemption(site):
    assessment_id, unit_id = build_unit(site)
    _, other = build_unit(site, "另一局", assessment_id=assessment_id)
    exempt(site, unit_id, "III-7")
    exemption_id = exemption_in(site, unit_id)
    reporter = account(site, "报送员", Role.REPORTER, unit_id)
    for actor in (reporter, assessor(GROUP)):
        with pytest.raises(NotAllowed):
            exempt(site, unit_id, "III-4", actor=actor)
        with pytest.raises(NotAllowed):
            unexempt(site, unit_id, exemption_id, actor=actor)
    with pytest.raises(NotFound):
        unexempt(site, other, exemption_id)
    assert line_for(site, unit_id, "III-7").value.state is RowState.EXEMPTED


@pytest.mark.parametrize("state", [AssessmentState.CERTIFIED, AssessmentState.ARCHIVED])
def test_nothing_changes_once_the_scores_are_certified(site, state):
    assessment_id, unit_id = build_unit(site)
    event_id = record(site, unit_id, event("III-33(1)"))
    exempt(site, unit_id, "III-7")
    exemption_id = exemption_in(site, unit_id)
    set_state(site, assessment_id, state)
    before = dump(site.database)
    with pytest.raises(WrongState, match=state.label):
        record(site, unit_id, event("III-32"))
    with pytest.raises(WrongState, match=state.label):
        cancel(site, event_id)
    with pytest.raises(WrongState, match=state.label):
        contest(site, unit_id, event_id)
    with pytest.raises(WrongState, match=state.label):
        exempt(site, unit_id, "III-4")
    with pytest.raises(WrongState, match=state.label):
        unexempt(site, unit_id, exemption_id)
    assert dump(site.database) == before


def test_the_ledger_lists_all_units_and_is_written_as_csv(site):
    assessment_id, first = build_unit(site)
    _, other = build_unit(site, "另一局", assessment_id=assessment_id)
    record(site, other, event("III-34", ""))
    record(site, first, event("III-32", "2.50", document="=1+1", reason='引"号,逗\n号'))
    exempt(site, first, "III-7")
    with site.database.reading() as session:
        lines = ledger_reading.assessment_lines(session, assessment_id, UTC)
    assert [(line.unit, line.kind, line.points) for line in lines] == [
        ("样例局", "加分", "2.5"),
        ("样例局", "免考", ""),
        ("另一局", "一票否决", ""),
    ]
    data = ledger_reading.ledger_csv(lines)
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert rows[0] == list(ledger_reading.TITLES)
    assert len(rows) == 4
    assert rows[1][7:9] == ["'=1+1", '引"号,逗 号']
    with site.database.reading() as session, pytest.raises(NotFound):
        ledger_reading.assessment_lines(session, assessment_id + 1, UTC)


def test_a_row_that_left_with_its_tag_takes_its_events_along(site):
    _, unit_id = build_unit(site)
    event_id = record(site, unit_id, event("III-11(2)", "1"))
    run_sql(
        site,
        "UPDATE events SET row_key = 'III-16' WHERE id = :id",
        id=event_id,
    )
    assert effects(site, unit_id) == {event_id: LedgerEffect.ROW_OUT}
