"""Entering marks, events and exemptions: who may, what is refused, and that a correction is a new version."""

from decimal import Decimal

import pytest
import sqlalchemy as sa

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import BadInput, NotAllowed, NotFound, Refusal, WrongState
from surveys.marking import marks
from surveys.marking.ledger import EventEntry
from surveys.marking.marks import MarkEntry
from surveys.storage.tables import Mark
from tests.builders import (
    GROUP,
    LEAD,
    assessor,
    build_unit,
    cancel,
    dump,
    enter,
    event,
    exempt,
    line_for,
    record,
)
from tests.sites import NOW

ORGANIZER = Actor(None, "组织员", Role.ORGANIZER)


def test_a_correction_is_the_next_version_and_the_first_stays(site):
    _, unit_id = build_unit(site)
    for points in ("1.5", "2", "0"):
        enter(site, unit_id, MarkEntry("III-3", GROUP, points, f"改为 {points}"))
    with site.database.reading() as session:
        found = session.execute(sa.select(Mark.version, Mark.points, Mark.remark).order_by(Mark.version)).all()
    assert found == [(1, Decimal("1.5"), "改为 1.5"), (2, Decimal(2), "改为 2"), (3, Decimal(0), "改为 0")]
    assert line_for(site, unit_id, "III-3").value.got == 0


def test_versions_are_counted_for_each_row_department_and_unit(site):
    assessment_id, first = build_unit(site)
    _, second = build_unit(site, "另一局", assessment_id=assessment_id)
    enter(
        site, first, MarkEntry("III-3", GROUP, "1"), MarkEntry("III-4", GROUP, "1"), MarkEntry("III-2", "市纪委", "1")
    )
    enter(site, second, MarkEntry("III-3", GROUP, "1"), MarkEntry("III-2", "市委宣传部", "1"))
    with site.database.reading() as session:
        assert set(session.scalars(sa.select(Mark.version))) == {1}


@pytest.mark.both
def test_several_marks_are_kept_together_or_not_at_all(site):
    _, unit_id = build_unit(site)
    before = dump(site.database)
    good, other = MarkEntry("III-3", GROUP, "1"), MarkEntry("III-6", GROUP, "2")
    cases: list[tuple[list[MarkEntry], type[Refusal]]] = [
        ([good, MarkEntry("III-4", GROUP, "2.01"), other], BadInput),
        ([good, MarkEntry("III-16", GROUP, "1"), other], WrongState),
        ([good, MarkEntry("III-99", GROUP, "1"), other], NotFound),
        ([good, MarkEntry("III-4", LEAD, "1"), other], NotAllowed),
    ]
    for entries, refusal in cases:
        with pytest.raises(refusal):
            enter(site, unit_id, *entries)
        assert dump(site.database) == before
    enter(site, unit_id, good, other)
    assert len(dump(site.database)["marks"]) == 2


def test_nothing_is_kept_even_if_the_session_goes_on(site):
    _, unit_id = build_unit(site)
    entries = [MarkEntry("III-3", GROUP, "1"), MarkEntry("III-4", LEAD, "1")]
    with site.database.writing() as session:
        with pytest.raises(NotAllowed):
            marks.enter_marks(session, NOW, COMMAND_LINE, unit_id, entries)
        session.commit()
    assert dump(site.database)["marks"] == []


def test_every_row_that_is_wrong_is_named(site):
    _, unit_id = build_unit(site)
    entries = [MarkEntry("III-3", GROUP, "2.5"), MarkEntry("III-6", GROUP, "1"), MarkEntry("III-4", GROUP, "一")]
    with pytest.raises(BadInput) as caught:
        enter(site, unit_id, *entries)
    assert "III-3" in str(caught.value)
    assert "III-4" in str(caught.value)
    assert "III-6" not in str(caught.value)


def test_points_that_cannot_be_are_refused(site):
    _, unit_id = build_unit(site)
    for points in ("", " ", "2.01", "-1", "+1", "1.001", "１３", "1e0", "NaN", "0x1", "1,5"):
        with pytest.raises(BadInput):
            enter(site, unit_id, MarkEntry("III-3", GROUP, points))
    for points in ("0", "2", "2.00", " 1.25 "):
        enter(site, unit_id, MarkEntry("III-3", GROUP, points))
        assert line_for(site, unit_id, "III-3").value.got == Decimal(points.strip())


def test_only_the_rows_that_are_marked_take_marks(site):
    _, unit_id = build_unit(site)
    cases: list[tuple[str, str, type[Refusal]]] = [
        ("III-32", GROUP, WrongState),
        ("III-33(1)", LEAD, WrongState),
        ("III-34", GROUP, WrongState),
        ("III-11(2)", LEAD, WrongState),
        ("III-16", GROUP, WrongState),
        ("III-99", GROUP, NotFound),
        ("III-36", GROUP, BadInput),
    ]
    for row_key, department, refusal in cases:
        with pytest.raises(refusal):
            enter(site, unit_id, MarkEntry(row_key, department, "1"))
    with pytest.raises(NotFound):
        enter(site, unit_id + 1, MarkEntry("III-3", GROUP, "1"))
    assert dump(site.database)["marks"] == []


def test_an_assessor_marks_the_rows_of_the_own_department_only(site):
    _, unit_id = build_unit(site)
    enter(site, unit_id, MarkEntry("III-12", "市纪委", "3"), actor=assessor("市纪委"))
    for department in ("市委组织部", LEAD, GROUP):
        with pytest.raises(NotAllowed):
            enter(site, unit_id, MarkEntry("III-12", "市纪委", "3"), actor=assessor(department))
        with pytest.raises(NotAllowed):
            enter(site, unit_id, MarkEntry("III-12", department, "3"))
    for actor in (ORGANIZER, Actor(1, "考评员", Role.ASSESSOR)):
        with pytest.raises(NotAllowed):
            enter(site, unit_id, MarkEntry("III-12", "市纪委", "3"), actor=actor)


def test_an_assessor_marks_the_own_part_of_a_joint_row(site):
    _, unit_id = build_unit(site)
    enter(site, unit_id, MarkEntry("III-2", "市委组织部", "2"), actor=assessor("市委组织部"))
    with pytest.raises(NotAllowed):
        enter(site, unit_id, MarkEntry("III-2", "市委宣传部", "2"), actor=assessor("市委组织部"))


def test_a_department_does_not_mark_itself(site):
    assessment_id, school = build_unit(site, "样例教育局", tags=("教育",), department="市教育局")
    _, other = build_unit(site, "另一局", tags=("教育",), assessment_id=assessment_id)
    with pytest.raises(NotAllowed):
        enter(site, school, MarkEntry("III-19", "市教育局", "2"), actor=assessor("市教育局"))
    enter(site, school, MarkEntry("III-19", LEAD, "1"), actor=assessor(LEAD))
    enter(site, other, MarkEntry("III-19", "市教育局", "2"), actor=assessor("市教育局"))
    assert line_for(site, school, "III-19").departments == (LEAD,)
    assert line_for(site, other, "III-19").departments == ("市教育局",)


def test_the_lead_offices_own_rows_go_to_the_assessment_group(site):
    _, unit_id = build_unit(site, "样例网信办", department=LEAD)
    assert line_for(site, unit_id, "III-31").departments == (GROUP,)
    enter(site, unit_id, MarkEntry("III-31", GROUP, "6"), actor=assessor(GROUP))


def test_only_an_admin_decides(site):
    _, unit_id = build_unit(site)
    event_id = record(site, unit_id, event("III-32"))
    before = dump(site.database)
    for actor in (assessor(GROUP), ORGANIZER):
        with pytest.raises(NotAllowed):
            record(site, unit_id, event("III-32"), actor)
        with pytest.raises(NotAllowed):
            cancel(site, event_id, actor=actor)
        with pytest.raises(NotAllowed):
            exempt(site, unit_id, "III-3", actor=actor)
    assert dump(site.database) == before


def test_events_that_cannot_be_are_refused(site):
    _, unit_id = build_unit(site)
    cases: list[tuple[EventEntry, type[Refusal]]] = [
        (event("III-3"), WrongState),
        (event("III-36"), WrongState),
        (event("III-99"), NotFound),
        (event("III-32", "0"), BadInput),
        (event("III-32", "5.01"), BadInput),
        (event("III-32", "-1"), BadInput),
        (event("III-32", ""), BadInput),
        (event("III-11(2)", "3.01"), BadInput),
        (event("III-32", document=" "), BadInput),
        (event("III-32", reason="\u3000"), BadInput),
        (event("III-34", "", document=""), BadInput),
    ]
    for entry, refusal in cases:
        with pytest.raises(refusal):
            record(site, unit_id, entry)
    assert dump(site.database)["events"] == []


def test_an_event_is_cancelled_once_with_a_reason_and_stays_in_the_ledger(site):
    _, unit_id = build_unit(site)
    event_id = record(site, unit_id, event("III-32"))
    with pytest.raises(BadInput):
        cancel(site, event_id, " ")
    with pytest.raises(NotFound):
        cancel(site, event_id + 1)
    cancel(site, event_id)
    with pytest.raises(WrongState):
        cancel(site, event_id)
    (found,) = line_for(site, unit_id, "III-32").events
    assert (found.cancelled_at, found.cancel_reason) == (NOW, "登记有误")


def test_exemptions_that_cannot_be_are_refused(site):
    _, unit_id = build_unit(site)
    exempt(site, unit_id, "III-3")
    before = dump(site.database)
    cases: list[tuple[str, str, str, type[Refusal]]] = [
        ("III-3", "又一次", "函2号", WrongState),
        ("III-32", "理由", "函2号", WrongState),
        ("III-34", "理由", "函2号", WrongState),
        ("III-16", "理由", "函2号", WrongState),
        ("III-99", "理由", "函2号", NotFound),
        ("III-4", " ", "函2号", BadInput),
        ("III-4", "理由", "", BadInput),
    ]
    for row_key, reason, document, refusal in cases:
        with pytest.raises(refusal):
            exempt(site, unit_id, row_key, reason, document)
    assert dump(site.database) == before


def test_what_is_entered_is_in_the_audit_log_by_the_name_of_the_unit(site):
    _, unit_id = build_unit(site)
    enter(site, unit_id, MarkEntry("III-3", GROUP, "1"), actor=assessor(GROUP))
    cancel(site, record(site, unit_id, event("III-32")))
    exempt(site, unit_id, "III-4")
    log = {row[3]: row for row in dump(site.database)["audit_log"]}
    assert log["mark.enter"][2] == "考评员"
    for act, row_key in (("mark.enter", "III-3"), ("event.record", "III-32"), ("row.exempt", "III-4")):
        assert log[act][4] == f"样例局 {row_key}"
    assert log["event.cancel"][4] == "样例局 III-32"
