"""How polls count is frozen when marking starts; polls of one category that count by different rules are told."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from surveys.acts.site import Site
from surveys.catalog import loader
from surveys.outcome import hindrances
from surveys.polling.sheet import Questionnaire
from surveys.scoring.grades import BlankPolicy
from surveys.season.assessments import assessment_of
from surveys.vote import polls
from tests.builders import build_poll, build_unit, run_sql
from tests.seasons import build_season
from tests.sites import NOW


def rescaled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody edits the catalog's file on the server: the lowest grade gives nothing, the first item is reworded."""
    old = loader.questionnaire("organization")
    grades = (*old.grades[:-1], old.grades[-1].model_copy(update={"weight": Decimal(0)}))
    items = (old.items[0].model_copy(update={"text": "改过的第一项"}), *old.items[1:])
    new = old.model_copy(update={"grades": grades, "items": items})
    shipped = loader.questionnaire
    monkeypatch.setattr(loader, "questionnaire", lambda key: new if key == "organization" else shipped(key))


def rules_in(site: Site, poll_id: int) -> dict[str, Any]:
    with site.database.reading() as session:
        return dict(polls.poll_of(session, poll_id).rules["organization"]["grades"])


def asked_in(site: Site, poll_id: int) -> Questionnaire | None:
    with site.database.reading() as session:
        return polls.sheet_of(polls.poll_of(session, poll_id)).organization


def test_once_marking_has_started_the_scale_is_the_frozen_one(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    season = build_season(site, complete=False)
    draft = build_poll(site, unit_id=season.first, count=0, opened=False).poll_id
    before, asked = rules_in(site, draft), asked_in(site, draft)
    rescaled(monkeypatch)
    late = build_poll(site, unit_id=season.first, count=0).poll_id
    assert rules_in(site, late) == before
    assert asked_in(site, late) == asked_in(site, draft) == asked


def test_before_it_starts_the_scale_is_the_catalogs(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    _, unit_id = build_unit(site, marking=False)
    rescaled(monkeypatch)
    poll_id = build_poll(site, unit_id=unit_id, count=0).poll_id
    assert Decimal(rules_in(site, poll_id)["D"]) == 0


def notes(site: Site, assessment_id: int) -> tuple[str, ...]:
    with site.database.reading() as session:
        return hindrances.outlook(session, NOW, assessment_of(session, assessment_id)).notes


def test_polls_that_count_otherwise_than_most_of_their_category_are_told(site: Site) -> None:
    assessment_id, first = build_unit(site, "甲局")
    units = [first, *(build_unit(site, name, assessment_id=assessment_id)[1] for name in ("乙局", "丙局"))]
    _, county = build_unit(site, "丁县", category="县区", framework="county", assessment_id=assessment_id)
    for unit_id in (*units[:2], county):
        build_poll(site, unit_id=unit_id, count=0, blank=BlankPolicy.ZERO if unit_id == county else None)
    assert not [note for note in notes(site, assessment_id) if "不一致" in note]
    other = build_poll(site, unit_id=units[2], count=0, quorum=Fraction(1, 2)).poll_id
    (told,) = [note for note in notes(site, assessment_id) if "不一致" in note]
    assert told.startswith("市直单位的测评会计票规则不一致：多数是 100/80/60/40，未填不计入，实到须满 2/3；丙局（")
    assert "实到须满 1/2）不同" in told
    run_sql(site, "UPDATE polls SET set_aside_at = :now WHERE id = :id", now=NOW, id=other)
    assert not [note for note in notes(site, assessment_id) if "不一致" in note]
