"""Marks in steps: a rule of the assessment for whatever is marked from now on, and for nothing else."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest
from flask import Flask

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.acts.site import Site
from surveys.intake.tables import read_tables
from surveys.marking import mark_workbooks
from surveys.marking.marks import FaultyMarks, MarkEntry
from surveys.marking.standing_marks import Place
from surveys.outcome import rule_changes
from surveys.scoring.score_sheet import ScoringRules
from surveys.season import assessments
from surveys.storage.tables import Assessment
from tests.builders import GROUP, build_unit, decided_alone, dump, enter, event, line_for, record
from tests.marking.test_mark_workbooks import POINTS, account, exported, faults, find, packed, preview, read
from tests.marking.test_marking_sheets import enter_all, units
from tests.marking.test_web_marking import posted, sheet
from tests.seasons import build_season, digest_of
from tests.sites import NOW
from tests.strict_client import Page
from tests.worlds import build_accounts, client_of

HALF = Decimal("0.5")


def set_step(site: Site, assessment_id: int, step: Decimal = HALF) -> None:
    with site.database.writing() as session:
        assessment = session.get_one(Assessment, assessment_id)
        assessment.rules = replace(ScoringRules.from_json(assessment.rules), mark_step=step).to_json()
        session.commit()


def mark(row_key: str, points: str, seen: int | None = 0, remark: str = "") -> MarkEntry:
    return MarkEntry(row_key, GROUP, points, remark, seen_version=seen)


def told(site: Site, unit_id: int, *entries: MarkEntry) -> Mapping[Place, str]:
    before = dump(site.database)
    with pytest.raises(FaultyMarks) as caught:
        enter_all(site, *((unit_id, entry) for entry in entries))
    assert dump(site.database) == before
    return caught.value.faults


def test_new_marks_are_multiples_of_the_step(site):
    assessment_id, (unit_id,) = units(site, 1)
    set_step(site, assessment_id)
    found = told(site, unit_id, mark("III-3", "1.5"), mark("III-4", "0.25"))
    assert list(found) == [(unit_id, "III-4", GROUP)]
    assert "请按 0.5 分的整数倍填写。" in found[unit_id, "III-4", GROUP]
    assert enter_all(site, (unit_id, mark("III-3", "１．５")), (unit_id, mark("III-4", "0"))) == 2
    assert line_for(site, unit_id, "III-3").value.got == Decimal("1.5")


def test_marks_of_before_stay_and_their_words_may_change(site):
    assessment_id, (unit_id,) = units(site, 1)
    enter(site, unit_id, mark("III-3", "1.37", remark="原来的"))
    set_step(site, assessment_id)
    assert enter_all(site, (unit_id, mark("III-3", "1.37", 1, "原来的"))) == 0
    assert enter_all(site, (unit_id, mark("III-3", "1.37", 1, "补充说明"))) == 1
    assert line_for(site, unit_id, "III-3").value.got == Decimal("1.37")
    assert told(site, unit_id, mark("III-3", "1.38", 2))
    assert enter_all(site, (unit_id, mark("III-3", "1", 2))) == 1
    assert told(site, unit_id, mark("III-3", "1.37", 3))  # it stands no more


def test_events_and_means_know_no_step(site):
    assessment_id, (unit_id,) = units(site, 1)
    set_step(site, assessment_id)
    record(site, unit_id, event("III-33(1)", "0.37"))
    for department, points in (("市委组织部", "1.5"), ("市纪委", "1"), ("市委宣传部", "1")):
        enter(site, unit_id, MarkEntry("III-2", department, points))
    got = line_for(site, unit_id, "III-2").value.got
    assert got is not None
    assert got * 3 == Decimal("3.5")


def test_another_value_than_a_polls_is_of_any_step(site):
    assessment_id, (unit_id,) = units(site, 1)
    set_step(site, assessment_id)
    with site.database.reading() as session:
        framework = assessments.framework_of(assessments.assessment_of(session, assessment_id), "municipal")
    (key,) = (row.standard.key for row in framework.rows() if "democratic" in row.standard.methods)
    assert enter_all(site, (unit_id, mark(key, "8.37", remark="按会议决定"))) == 1


@pytest.mark.usefixtures("decided_by_one")
def test_a_workbook_says_the_step_and_is_checked_by_it(site):
    assessment_id, _ = units(site, 2)
    actor = account(site)
    rows = exported(site, actor, assessment_id)
    find(rows, "III-3", "样例1局")[POINTS] = "1.5"
    good = packed(rows)
    find(rows, "III-3", "样例2局")[POINTS] = "1.3"
    set_step(site, assessment_id)
    (fault,) = faults(site, actor, assessment_id, packed(rows))
    assert "请按 0.5 分的整数倍填写。" in fault
    import_id = read(site, actor, assessment_id, good)
    assert preview(site, actor, import_id).hindrances == ()
    set_step(site, assessment_id, Decimal(1))
    assert "请按 1 分的整数倍填写。" in preview(site, actor, import_id).hindrances[0]
    with site.database.reading() as session:
        found = assessments.assessment_of(session, assessment_id)
        assert found.rules["mark_step"] == "1"
        data = mark_workbooks.export_workbook(session, actor, assessment_id, GROUP)
    assert any("按 1 分的整数倍" in text for text in texts(data))


def texts(data: bytes) -> list[str]:
    tables = read_tables("a.xlsx", data)
    return [text for table in tables for row in table.rows for text in row.texts]


def test_a_coarser_step_while_marking_hinders_nothing(site):
    season = build_season(site)
    rules = replace(ScoringRules(), mark_step=Decimal(1))
    with site.database.reading() as session:
        found = rule_changes.effect_of(session, season.assessment_id, None, rules)
    assert (found.hindrances, found.changed) == ((), [])
    before = dump(site.database)["marks"]
    with site.database.writing() as session:
        args = (season.assessment_id, None, rules, "会议决定", found.fingerprint)
        assert rule_changes.change_rules(session, NOW, COMMAND_LINE, *args) == 2
    assert dump(site.database)["marks"] == before
    assert told(site, season.first, mark("III-3", "0.5", None))


def test_a_version_of_before_there_were_steps_still_reads(site):
    season = build_season(site)
    with site.database.writing() as session:
        assessment = session.get_one(Assessment, season.assessment_id)
        assessment.rules = {name: value for name, value in assessment.rules.items() if name != "mark_step"}
        session.commit()
    season.close_marking()
    frozen = season.version(1)
    assert "mark_step" not in frozen.body["rules"]
    assert frozen.line.digest == digest_of(dict(frozen.body))


def test_the_pages_say_the_step_and_the_fault(lite_site: Site, lite_app: Flask) -> None:
    assessment_id, (unit_id,) = units(lite_site, 1)
    build_unit(lite_site, "别处的局")
    ids, _ = build_accounts(lite_site)
    decided_alone(lite_site, assessment_id)
    admin = client_of(lite_app, ids[Role.ADMIN])
    enter(lite_site, unit_id, mark("III-3", "1.37"))
    change = f"/assessments/{assessment_id}/rules/change"
    seen = Page(admin.submit(change, mark_step="0.5", reason="会议决定"))
    assert "这样改，0 个单位的结果会变" in seen.text
    form = next(form for form in seen.root.iter("form") if any(e.get("name") == "shown" for e in form.iter("input")))
    fields = {field.get("name"): field.get("value") for field in form.iter("input") if field.get("name")}
    assert fields["mark_step"] == "0.5"
    assert admin.post(change, data=fields).status_code == 302
    page = admin.page(f"/assessments/{assessment_id}/frameworks")
    assert "0.5 分" in page.text

    address = sheet(assessment_id)
    page = admin.page(address)
    assert "按 0.5 分的整数倍" in page.text
    assert next(form.get("data-step") for form in page.root.iter("form") if form.get("data-step")) == "0.5"
    response = posted(admin, address, **{f"u{unit_id}": "1.3"})
    assert response.status_code == 400
    assert "请按 0.5 分的整数倍填写。" in Page(response).text
    (field,) = (each for each in Page(response).root.iter("input") if each.get("name") == f"u{unit_id}")
    assert (field.get("value"), field.get("data-kept")) == ("1.3", "1.37")
    assert posted(admin, address, **{f"u{unit_id}": "2"}).status_code == 302


def test_the_step_is_chosen_before_marking(lite_site: Site, lite_app: Flask) -> None:
    assessment_id, _ = build_unit(lite_site, marking=False)
    ids, _ = build_accounts(lite_site)
    admin = client_of(lite_app, ids[Role.ADMIN])
    address = f"/assessments/{assessment_id}/rules"
    assert admin.submit(address, mark_step="0.25").status_code == 302
    assert admin.page(address).form(address)["mark_step"] == "0.25"
    refused = admin.submit(address, mark_step="0.3")
    assert (refused.status_code, "打分的最小单位：请选一种" in Page(refused).text) == (400, True)
