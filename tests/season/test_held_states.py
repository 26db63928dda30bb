"""A step of the assessment that is under way: who acts meanwhile waits for it, and then hears of the new state."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.acts.errors import WrongState
from surveys.acts.site import Site
from surveys.evidence import materials, proceedings, reviews
from surveys.evidence.materials import Place
from surveys.evidence.proceeding_records import ProceedingKind
from surveys.evidence.proceedings import ProceedingEntry
from surveys.evidence.reviews import Verdict
from surveys.marking import ledger, marks
from surveys.marking.ledger import EventEntry
from surveys.marking.marks import MarkEntry
from surveys.scoring.assessment_states import AssessmentState
from surveys.season.assessments import locked_assessment
from surveys.storage.tables import Event, Exemption, Unit
from tests.builders import GROUP, account, build_unit, exempt
from tests.sites import NOW

ITEM = Place("III-4", 1)
Act = Callable[[Session], Any]


def _material(site: Site, unit_id: int) -> tuple[Act, Act]:
    """Handing one in, and taking it back."""
    reporter = account(site, "报送员", Role.REPORTER, unit_id)
    entry = materials.document("示例发〔2026〕3号", "")
    zone = site.settings.time_zone
    return (
        lambda session: materials.hand_in(session, NOW, reporter, zone, ITEM, entry),
        lambda session: materials.withdraw(session, NOW, reporter, 1),
    )


def handing_in(site: Site, unit_id: int) -> Act:
    return _material(site, unit_id)[0]


def withdrawing(site: Site, unit_id: int) -> Act:
    hand_in, withdraw = _material(site, unit_id)
    with site.database.writing() as session:
        hand_in(session)
    return withdraw


def reviewing(site: Site, unit_id: int) -> Act:
    withdrawing(site, unit_id)
    return lambda session: reviews.review(session, NOW, COMMAND_LINE, 1, Verdict.ACCEPTED, "", 0)


def recording(site: Site, unit_id: int) -> Act:
    entry = ProceedingEntry(ProceedingKind.REPORT, NOW.date(), "考核一组", "情况正常")
    return lambda session: proceedings.record_proceeding(session, NOW, COMMAND_LINE, site.photos, unit_id, entry)


def entering_an_event(site: Site, unit_id: int) -> Act:
    entry = EventEntry("III-32", "2", NOW.date(), "示例发〔2026〕1号", "获表彰")
    return lambda session: ledger.record_event(session, NOW, COMMAND_LINE, unit_id, entry)


def cancelling(site: Site, unit_id: int) -> Act:
    with site.database.writing() as session:
        event_id = entering_an_event(site, unit_id)(session)
    return lambda session: ledger.cancel_event(session, NOW, COMMAND_LINE, unit_id, event_id, "重复登记")


def unexempting(site: Site, unit_id: int) -> Act:
    exempt(site, unit_id, "III-7")
    return lambda session: ledger.cancel_exemption(session, NOW, COMMAND_LINE, unit_id, 1, "已核实")


def marking(site: Site, unit_id: int) -> Act:
    entry = MarkEntry("III-4", GROUP, "1")
    return lambda session: marks.enter_marks(session, NOW, COMMAND_LINE, unit_id, [entry])


def lock_everything(session: Session) -> None:
    """As a change of the roster does, after the assessment: whoever locked one of these first would wait in a ring."""
    for table in (Unit, Event, Exemption):
        session.scalars(sa.select(table).order_by(table.id).with_for_update()).all()


@pytest.mark.both
@pytest.mark.parametrize(
    ("doing", "step"),
    [
        (handing_in, AssessmentState.PROVISIONAL),
        (withdrawing, AssessmentState.PROVISIONAL),
        (reviewing, AssessmentState.PROVISIONAL),
        (recording, AssessmentState.ARCHIVED),
        (entering_an_event, AssessmentState.PROVISIONAL),
        (cancelling, AssessmentState.PROVISIONAL),
        (unexempting, AssessmentState.PROVISIONAL),
        (marking, AssessmentState.PROVISIONAL),
    ],
)
def test_who_acts_during_a_step_hears_of_it(
    site: Site, doing: Callable[[Site, int], Act], step: AssessmentState
) -> None:
    assessment_id, unit_id = build_unit(site)
    act = doing(site, unit_id)
    outcomes: list[BaseException | None] = []

    def attempt() -> None:
        try:
            with site.database.writing() as session:
                act(session)
        except WrongState as error:
            outcomes.append(error)
        else:
            outcomes.append(None)

    with site.database.writing() as session:
        locked_assessment(session, assessment_id).state = step
        session.flush()
        other = threading.Thread(target=attempt)
        other.start()
        other.join(1)
        assert other.is_alive()
        lock_everything(session)
        session.commit()
    other.join(20)
    assert [type(outcome) for outcome in outcomes] == [WrongState]
