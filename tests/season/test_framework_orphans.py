"""A framework changed while marking: what was entered by the old one and would count no more bars it, by name."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.errors import BadInput
from surveys.acts.site import Site
from surveys.catalog.model import Framework
from surveys.marking.marks import MarkEntry
from surveys.outcome import rule_changes
from surveys.season import assessments
from tests.builders import GROUP, assessor, build_unit, cancel, dump, enter, event, record
from tests.sites import NOW

JOINT = "III-2"
Row = dict[str, Any]


def changed(site: Site, assessment_id: int, rows: Mapping[str, Mapping[str, Any]]) -> Framework:
    """The assessment's framework with these fields of these rows."""
    with site.database.reading() as session:
        found = assessments.framework_of(assessments.assessment_of(session, assessment_id), "municipal")
    body = found.to_json()
    for block in body["blocks"]:
        for indicator in block["indicators"]:
            for content in indicator["contents"]:
                for row in content["standards"]:
                    row.update(rows.get(row["key"], {}))
    return Framework.from_json(body)


def hindrances(site: Site, assessment_id: int, **fields: Any) -> tuple[str, ...]:
    """Of a change of one row, which cannot be taken over where there is one."""
    framework = changed(site, assessment_id, {fields.pop("key"): fields})
    with site.database.reading() as session:
        effect = rule_changes.effect_of(session, assessment_id, [framework], None)
    before = dump(site.database)
    with site.database.writing() as session:
        change = [framework], None, "修订", effect.fingerprint
        if effect.hindrances:
            with pytest.raises(BadInput, match="规则没有改动"):
                rule_changes.change_rules(session, NOW, COMMAND_LINE, assessment_id, *change)
            session.rollback()
        else:
            assert rule_changes.change_rules(session, NOW, COMMAND_LINE, assessment_id, *change) == 2
    assert (dump(site.database) == before) == bool(effect.hindrances)
    return effect.hindrances


def by_discipline(site: Site, unit_id: int) -> None:
    enter(site, unit_id, MarkEntry(JOINT, "市纪委", "1"), actor=assessor("市纪委"))


def by_group(site: Site, unit_id: int) -> None:
    enter(site, unit_id, MarkEntry("III-4", GROUP, "1"))


def by_event(site: Site, unit_id: int) -> None:
    record(site, unit_id, event("III-11(2)", "1"))


@pytest.mark.parametrize(
    ("enters", "fields", "sentence"),
    [
        (
            by_group,
            {"key": "III-4", "starts_full": True},
            "样例局的 III-4 考核组已打分，按新的测评体系这一行从满分起，只登记事件，打的分不再计入。",
        ),
        (
            by_event,
            {"key": "III-11(2)", "starts_full": False},
            "样例局的 III-11(2) 已登记事件，按新的测评体系这一行直接打分，事件不再计入。",
        ),
        (
            by_discipline,
            {"key": JOINT, "departments": ["市委组织部", "市委宣传部"]},
            f"样例局的 {JOINT} 市纪委已打分，按新的测评体系不再由它打，打的分不再计入。",
        ),
        (
            by_group,
            {"key": "III-4", "applies_to": ["教育"]},
            "样例局的 III-4 已有打分或事件，按新的测评体系这一行不再适用于它。",
        ),
    ],
)
def test_what_would_count_no_more_is_named(
    site: Site, enters: Callable[[Site, int], None], fields: Row, sentence: str
) -> None:
    assessment_id, unit_id = build_unit(site)
    enters(site, unit_id)
    assert hindrances(site, assessment_id, **fields) == (sentence,)


@pytest.mark.parametrize(
    "fields",
    [
        {"key": "III-4", "starts_full": True},
        {"key": "III-11(2)", "starts_full": False},
        {"key": JOINT, "departments": ["市委组织部", "市委宣传部"]},
    ],
)
def test_where_nothing_was_entered_it_changes(site: Site, fields: Row) -> None:
    assessment_id, _ = build_unit(site)
    assert hindrances(site, assessment_id, **fields) == ()


def test_an_event_taken_back_bars_nothing(site: Site) -> None:
    assessment_id, unit_id = build_unit(site)
    cancel(site, record(site, unit_id, event("III-11(2)", "1")))
    assert hindrances(site, assessment_id, key="III-11(2)", starts_full=False) == ()


def test_a_department_that_stays_and_one_that_never_marked_are_no_hindrance(site: Site) -> None:
    assessment_id, unit_id = build_unit(site)
    by_discipline(site, unit_id)
    assert hindrances(site, assessment_id, key=JOINT, departments=["市纪委", "市委组织部"]) == ()


def test_a_mark_that_did_not_count_before_is_no_hindrance(site: Site) -> None:
    """The unit marked itself and does not any more: 回避."""
    assessment_id, unit_id = build_unit(site)
    by_discipline(site, unit_id)
    with site.database.writing() as session:
        assessments.unit_of(session, unit_id).department = "市纪委"
        session.commit()
    assert hindrances(site, assessment_id, key=JOINT, departments=["市委组织部", "市委宣传部"]) == ()
