"""One decision taken twice at the same moment: it stands once, and the second is told."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa

from surveys.acts import audit
from surveys.acts.actors import COMMAND_LINE
from surveys.acts.errors import WrongState
from surveys.acts.site import Site
from surveys.marking import democratic_row, ledger
from surveys.marking.marks import MarkEntry
from surveys.season import applicability
from surveys.storage.tables import AuditEntry
from tests.builders import GROUP, account, build_unit, enter, exempt
from tests.sites import NOW
from tests.tools import together

pytestmark = pytest.mark.both

ROW = "III-36"


@pytest.fixture
def side_by_side(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From now on whoever has checked and is about to commit waits a moment for another who does the same."""

    def start() -> None:
        both, recorded = threading.Barrier(2), audit.record

        def record(*arguments: Any) -> None:
            with suppress(threading.BrokenBarrierError):
                both.wait(1)
            recorded(*arguments)

        monkeypatch.setattr(audit, "record", record)

    return start


def exempting(site: Site, _: int, unit_id: int) -> Callable[[Any], None]:
    return lambda session: ledger.exempt(session, NOW, COMMAND_LINE, unit_id, "III-7", "机构调整", "示例函〔2026〕8号")


def unexempting(site: Site, _: int, unit_id: int) -> Callable[[Any], None]:
    exempt(site, unit_id, "III-7")
    return lambda session: ledger.cancel_exemption(session, NOW, COMMAND_LINE, unit_id, 1, "已核实")


def confirming(site: Site, _: int, unit_id: int) -> Callable[[Any], None]:
    enter(site, unit_id, MarkEntry(ROW, GROUP, "7.5", "补测结果"))
    admin = account(site, "甲")
    return lambda session: democratic_row.approve(session, NOW, admin, unit_id, ROW, 1)


def approving(site: Site, assessment_id: int, _: int) -> Callable[[Any], None]:
    admin = account(site, "甲")
    with site.database.reading() as session:
        shown = applicability.matrix(session, assessment_id).fingerprint
    return lambda session: applicability.approve(session, NOW, admin, assessment_id, shown)


@pytest.mark.parametrize("act", [exempting, unexempting, confirming, approving])
def test_of_two_at_once_the_second_is_told(
    site: Site, side_by_side: Callable[[], None], act: Callable[[Site, int, int], Callable[[Any], None]]
) -> None:
    decide = act(site, *build_unit(site))
    with site.database.reading() as session:
        before = session.scalar(sa.select(sa.func.count()).select_from(AuditEntry)) or 0

    def once() -> None:
        with site.database.writing() as session:
            decide(session)

    side_by_side()
    outcomes = together(once, once)
    assert sorted(map(type, outcomes), key=str) == [type(None), WrongState]
    with site.database.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(AuditEntry)) == before + 1
