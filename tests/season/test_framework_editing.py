"""An assessment's frameworks and rules, edited, copied and tried out, on both databases."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import BadInput, NotAllowed, NotFound, WrongState
from surveys.acts.site import Site
from surveys.acts.table_files import tables_in
from surveys.catalog import loader
from surveys.catalog.model import Framework
from surveys.marking import dry_runs, results
from surveys.marking.marks import MarkEntry
from surveys.office import accounts
from surveys.scoring.assessment_states import AssessmentState
from surveys.scoring.ranking import Band
from surveys.scoring.score_sheet import Mode, ScoringRules
from surveys.season import assessments, copying, framework_editing, rule_editing
from surveys.season.rosters import FaultyFile
from surveys.season.rule_editing import RulesEntry
from surveys.storage.tables import (
    Assessment,
    AuditEntry,
    RowChoice,
    RuleVersion,
)
from tests.builders import assessor, build_unit, dump, enter, event, exempt, fill_marks, record, sealed_poll
from tests.framework_files import row_number, shipped, tables_of, with_cells, without_row, written
from tests.sites import NOW
from tests.worlds import admin_of

MUNICIPAL = shipped()
ROWS = "测评体系"
NAME = "体系.xlsx"


@pytest.fixture
def unit(site: Site) -> tuple[int, int]:
    """(assessment id, unit id)."""
    found = build_unit(site, tags=("教育",), marking=False)
    with site.database.writing() as session:
        accounts.create_account(session, NOW, COMMAND_LINE, "admin", Role.ADMIN)
    return found


def cell(key: str, title: str, value: str) -> tuple[str, int, str, str]:
    return ROWS, row_number(MUNICIPAL, key), title, value


REWORDED = written(with_cells(MUNICIPAL, cell("III-3", "测评标准", "样例标准")))
WITHOUT = written(with_cells(MUNICIPAL, cell("III-3", "操作", "删除"), cell("III-2", "分值", "5")))


def read(site: Site, assessment_id: int, data: bytes, key: str = "municipal") -> int:
    tables = tables_in(NAME, data)
    with site.database.writing() as session:
        return framework_editing.read_file(session, NOW, admin_of(session), assessment_id, key, NAME, tables)


def previewed(site: Site, import_id: int) -> framework_editing.FrameworkPreview:
    with site.database.reading() as session:
        return framework_editing.preview(session, admin_of(session), import_id)


def applied(site: Site, import_id: int, fingerprint: str | None = None) -> framework_editing.FrameworkPreview:
    shown = fingerprint or previewed(site, import_id).fingerprint
    with site.database.writing() as session:
        return framework_editing.apply(session, NOW, admin_of(session), import_id, shown)


def framework(site: Site, assessment_id: int, key: str = "municipal") -> Framework:
    with site.database.reading() as session:
        return assessments.framework_of(assessments.assessment_of(session, assessment_id), key)


def audited(site: Site) -> list[str]:
    with site.database.reading() as session:
        return list(session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))


def set_state(site: Site, assessment_id: int, state: AssessmentState) -> None:
    with site.database.writing() as session:
        session.get_one(Assessment, assessment_id).state = state.value
        session.commit()


def test_read_shown_and_taken_over(site: Site, unit: tuple[int, int]) -> None:
    import_id = read(site, unit[0], REWORDED)
    assert framework(site, unit[0]) == loader.framework("municipal")
    found = previewed(site, import_id)
    assert [row.key for row in found.changes.changed] == ["III-3"]
    assert (found.hindrances, found.file_name) == ((), NAME)
    applied(site, import_id)
    rows = {row.standard.key: row.standard.text for row in framework(site, unit[0]).rows()}
    assert rows["III-3"] == "样例标准"
    assert framework(site, unit[0], "county") == loader.framework("county")
    assert audited(site)[-2:] == ["framework.read", "framework.edit"]
    with pytest.raises(NotFound):
        previewed(site, import_id)


def test_export_import_export_changes_nothing(site: Site, unit: tuple[int, int]) -> None:
    applied(site, read(site, unit[0], WITHOUT))
    with site.database.reading() as session:
        first = framework_editing.export_framework(session, COMMAND_LINE, unit[0], "municipal")
    found = applied(site, read(site, unit[0], first))
    assert found.changes.is_empty
    with site.database.reading() as session:
        assert framework_editing.export_framework(session, COMMAND_LINE, unit[0], "municipal") == first
    assert audited(site).count("framework.edit") == 1


def test_a_faulty_file_changes_nothing(site: Site, unit: tuple[int, int]) -> None:
    before = dump(site.database)
    for data in (
        written(without_row(MUNICIPAL, 5)),
        written(with_cells(MUNICIPAL, cell("III-3", "分值", "3"))),
    ):
        with pytest.raises(FaultyFile):
            read(site, unit[0], data)
    with pytest.raises(BadInput, match="PDF"):
        read(site, unit[0], b"%PDF-1.7")
    with pytest.raises(NotFound, match="没有使用测评体系"):
        read(site, unit[0], REWORDED, "nothing")
    assert dump(site.database) == before


def test_another_edition_since_the_preview_is_not_overwritten(site: Site, unit: tuple[int, int]) -> None:
    import_id = read(site, unit[0], REWORDED)
    shown = previewed(site, import_id).fingerprint
    with site.database.writing() as session:
        framework_editing.edit_from_file(
            session, NOW, COMMAND_LINE, unit[0], "municipal", NAME, tables_in(NAME, WITHOUT), write=True
        )
    with pytest.raises(WrongState, match="预览之后有了改动"):
        applied(site, import_id, shown)
    assert "III-3" not in [row.standard.key for row in framework(site, unit[0]).rows()]
    assert previewed(site, import_id).fingerprint != shown


def test_a_row_added_since_the_upload_is_not_lost(site: Site, unit: tuple[int, int]) -> None:
    applied(site, read(site, unit[0], WITHOUT))
    without = written(
        with_cells(MUNICIPAL, cell("III-3", "操作", "删除"), cell("III-2", "分值", "5"), cell("III-4", "说明", "样例"))
    )
    data = written(without_row(tables_of(without), row_number(MUNICIPAL, "III-3")))
    import_id = read(site, unit[0], data)
    with site.database.writing() as session:
        framework_editing.edit_from_file(
            session, NOW, COMMAND_LINE, unit[0], "municipal", NAME, tables_in(NAME, written(MUNICIPAL)), write=True
        )
    assert any("新加了 III-3" in sentence for sentence in previewed(site, import_id).hindrances)
    with pytest.raises(WrongState, match="什么都没有导入"):
        applied(site, import_id)
    assert "III-3" in [row.standard.key for row in framework(site, unit[0]).rows()]


def may_edit(site: Site, assessment_id: int) -> bool:
    with site.database.reading() as session:
        return framework_editing.may_edit(assessments.assessment_of(session, assessment_id), session)


@pytest.mark.parametrize("state", list(AssessmentState))
def test_only_an_assessment_in_preparation_is_edited(site: Site, unit: tuple[int, int], state: AssessmentState) -> None:
    import_id = read(site, unit[0], REWORDED)
    set_state(site, unit[0], state)
    early = state in (AssessmentState.PREPARING, AssessmentState.MARKING)
    assert may_edit(site, unit[0]) is early
    if early:
        return
    with pytest.raises(WrongState, match="打分已经开始"):
        applied(site, import_id)
    with pytest.raises(WrongState, match="打分已经开始"):
        read(site, unit[0], REWORDED)
    with pytest.raises(WrongState, match="打分已经开始"):
        save(site, unit[0], entry(bonus_cap="6"))
    assert framework(site, unit[0]) == loader.framework("municipal")


def test_marks_and_frozen_rules_end_the_editing(site: Site, unit: tuple[int, int]) -> None:
    set_state(site, unit[0], AssessmentState.MARKING)
    other, _ = build_unit(site, marking=False)
    set_state(site, other, AssessmentState.MARKING)
    enter(site, unit[1], MarkEntry("III-4", "考核组", "1"))
    with site.database.writing() as session:
        session.add(
            RuleVersion(assessment_id=other, number=1, frameworks={}, rules={}, reason="", account_id=None, made_at=NOW)
        )
        session.commit()
    assert (may_edit(site, unit[0]), may_edit(site, other)) == (False, False)


def test_what_rests_on_a_row_keeps_it(site: Site, unit: tuple[int, int]) -> None:
    exempt(site, unit[1], "III-3")
    with site.database.writing() as session:
        choice = RowChoice(unit_id=unit[1], row_key="III-23", method="hearing", account_id=None, made_at=NOW)
        session.add(choice)
        session.commit()
    cells = (
        cell("III-3", "操作", "删除"),
        cell("III-2", "分值", "5"),
        cell("III-23", "测评方法", "材料审核"),
        cell("III-19", "适用", "宣传"),
        cell("III-22", "适用", "宣传"),
    )
    tables = with_cells(MUNICIPAL, *cells)
    import_id = read(site, unit[0], written(without_row(tables, 13, "基本信息")))  # the tag 教育
    hindrances = previewed(site, import_id).hindrances
    assert [
        words for words in ("III-3 已有免考", "“听取汇报”", "“教育”还有单位在用（样例局）") if words in str(hindrances)
    ] == [
        "III-3 已有免考",
        "“听取汇报”",
        "“教育”还有单位在用（样例局）",
    ]
    with pytest.raises(WrongState):
        applied(site, import_id)
    assert framework(site, unit[0]) == loader.framework("municipal")


def test_who_may(site: Site, unit: tuple[int, int]) -> None:
    import_id = read(site, unit[0], REWORDED)
    organizer = Actor(77, "组织员", Role.ORGANIZER)
    with site.database.writing() as session:
        for call in (
            lambda: framework_editing.preview(session, organizer, import_id),
            lambda: framework_editing.export_framework(session, organizer, unit[0], "municipal"),
            lambda: framework_editing.read_file(session, NOW, organizer, unit[0], "municipal", NAME, ()),
            lambda: rule_editing.save_rules(session, NOW, organizer, unit[0], entry()),
            lambda: copying.copy_assessment(session, NOW, assessor("考核组"), unit[0], "新"),
        ):
            with pytest.raises(NotAllowed):
                call()
        other = Actor(78, "另一管理员", Role.ADMIN)
        with pytest.raises(NotFound):
            framework_editing.preview(session, other, import_id)


def entry(**changed: Any) -> RulesEntry:
    return RulesEntry(**(vars(rule_editing.entry_of(ScoringRules())) | changed))


def save(site: Site, assessment_id: int, typed: RulesEntry) -> bool:
    with site.database.writing() as session:
        return rule_editing.save_rules(session, NOW, COMMAND_LINE, assessment_id, typed)


def test_rules_as_typed(site: Site, unit: tuple[int, int]) -> None:
    bands = rule_editing.parse_bands("好　85\n\n 合 格，６０\n差 0")
    assert save(site, unit[0], RulesEntry("block", "３", "7.50", bands, "合 格", "30", "0.5"))
    with site.database.reading() as session:
        found = ScoringRules.from_json(assessments.assessment_of(session, unit[0]).rules)
    assert found == ScoringRules(
        Mode.BLOCK,
        Decimal(3),
        Decimal("7.5"),
        (Band("好", Decimal(85)), Band("合 格", Decimal(60)), Band("差", Decimal(0))),
        "合 格",
        Decimal("0.3"),
        Decimal("0.5"),
    )
    assert rule_editing.parse_rules(rule_editing.entry_of(found)) == found
    assert not save(site, unit[0], rule_editing.entry_of(found))
    assert audited(site).count("rules.edit") == 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"mode": "other"}, "折算方式"),
        ({"bonus_cap": ""}, "加分上限：没有填写"),
        ({"bonus_cap": "1e1"}, "加分上限：“1e1”不对"),
        ({"deduction_cap": "-1"}, "扣分上限：“-1”不对"),
        ({"deduction_cap": "101"}, "扣分上限"),
        ({"deduction_cap": "1.234"}, "最多两位小数"),
        ({"top_quota": "0"}, "留空"),
        ({"top_quota": "NaN"}, "优秀比例"),
        ({"mark_step": ""}, "打分的最小单位：请选一种"),
        ({"mark_step": "0.3"}, "打分的最小单位：请选一种"),
        ({"veto_band": "很差"}, "“很差”不在等次里"),
        ({"bands": []}, "2 至 8 个"),
        ({"bands": [("好", "0")]}, "2 至 8 个"),
        ({"bands": [("好", "90"), ("差", "")]}, "等次第 2 行最低分：没有填写"),
        ({"bands": [("", "90"), ("差", "0")]}, "等次第 1 行：没有写名称"),
        ({"bands": [("好", "90"), ("好", "0")]}, "名称一样"),
        ({"bands": [("好", "60"), ("差", "90")]}, "从高到低"),
        ({"bands": [("好", "60"), ("中", "60"), ("差", "0")]}, "从高到低"),
        ({"bands": [("好", "60"), ("不合格", "10")]}, "最低分要是 0"),
    ],
)
def test_rules_that_cannot_be(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput) as refusal:
        rule_editing.parse_rules(entry(**changed))
    assert words in str(refusal.value)


def test_a_copy_has_the_set_up_and_nothing_that_was_entered(site: Site) -> None:
    _, unit_id = build_unit(site, tags=("教育", "财政"), department="考核组")
    sealed_poll(site, unit_id)
    build_unit(site, "样例县", framework="county", category="县", assessment_id=1, leaders=1)
    enter(site, unit_id, MarkEntry("III-4", "市委网信办", "1"))
    record(site, unit_id, event("III-32"))
    exempt(site, unit_id, "III-7")
    save_before = dump(site.database)
    with site.database.writing() as session:
        copy_id = copying.copy_assessment(session, NOW, COMMAND_LINE, 1, " 样例考核二 ")
    after = dump(site.database)
    for table in ("marks", "events", "exemptions", "polls", "tickets", "ballots", "receipts", "row_choices", "imports"):
        assert after[table] == save_before[table], table
    with site.database.reading() as session:
        old, new = session.get_one(Assessment, 1), session.get_one(Assessment, copy_id)
        assert (new.title, new.state, new.rules) == ("样例考核二", "preparing", old.rules)
        assert [(each.key, each.body) for each in new.frameworks] == [(each.key, each.body) for each in old.frameworks]
        assert [set_up(unit) for unit in new.units] == [set_up(unit) for unit in old.units]
        assert len({unit.id for unit in (*old.units, *new.units)}) == 4
        assert framework_editing.may_edit(new, session)
    assert audited(site)[-1] == "assessment.copy"


def set_up(unit: Any) -> tuple[Any, ...]:
    return (
        unit.position,
        unit.name,
        unit.category,
        unit.framework,
        unit.department,
        [tag.tag for tag in unit.tags],
        [(leader.position, leader.name, leader.post) for leader in unit.leaders],
    )


def test_the_copys_framework_is_its_own(site: Site, unit: tuple[int, int]) -> None:
    with site.database.writing() as session:
        copy_id = copying.copy_assessment(session, NOW, COMMAND_LINE, unit[0], "二")
    applied(site, read(site, copy_id, REWORDED))
    assert framework(site, unit[0]) == loader.framework("municipal")
    assert framework(site, copy_id) != loader.framework("municipal")


@pytest.mark.parametrize("title", ["", "  ", "样例考核", "字" * 101])
def test_a_copy_needs_a_title_of_its_own(site: Site, unit: tuple[int, int], title: str) -> None:
    before = dump(site.database)
    with site.database.writing() as session, pytest.raises(BadInput):
        copying.copy_assessment(session, NOW, COMMAND_LINE, unit[0], title)
    assert dump(site.database) == before


def marked(site: Site) -> int:
    """An assessment of two units with a full and a nearly full sheet; its id."""
    assessment_id, first = build_unit(site, "样例甲局")
    _, second = build_unit(site, "样例乙局", assessment_id=assessment_id)
    for unit_id in (first, second):
        sealed_poll(site, unit_id)
        fill_marks(site, unit_id)
    enter(site, second, MarkEntry("III-4", "考核组", "1"))  # of 2
    record(site, second, event("III-32", "2"))
    record(site, second, event("III-11(2)", "1"))
    return assessment_id


def changed_framework(rows: dict[str, dict[str, Any]]) -> Framework:
    """The municipal framework with other fields in some rows, by key."""
    data = loader.framework("municipal").to_json()
    for block in data["blocks"]:
        for indicator in block["indicators"]:
            for content in indicator["contents"]:
                content["standards"] = [row | rows.get(row["key"], {}) for row in content["standards"]]
    return Framework.from_json(data)


def run(site: Site, assessment_id: int, edition: Framework | None = None, rules: ScoringRules | None = None) -> Any:
    editions = {} if edition is None else {edition.key: edition}
    before = dump(site.database)
    with site.database.reading() as session:
        found = dry_runs.dry_run(session, assessment_id, editions, rules)
    assert dump(site.database) == before
    return found


def test_a_dry_run_of_the_same_is_the_same(site: Site) -> None:
    assessment_id = marked(site)
    found = run(site, assessment_id, loader.framework("municipal"), ScoringRules())
    with site.database.reading() as session:
        official = results.results(session, assessment_id)
    assert all(not unit.changed for unit in found.units)
    assert [(unit.after.final, unit.after.band, unit.after.rank) for unit in found.units] == [
        (result.final, result.band, result.rank) for result in official.units
    ]
    assert found.unmatched == ()
    assert None not in [unit.after.final for unit in found.units]


def test_a_dry_run_by_plain_arithmetic(site: Site) -> None:
    """A unit without a tag has 72 points: 70 of them got, a bonus of 2."""
    assessment_id = marked(site)
    lost = Decimal(1) + Decimal(1)  # III-4 is marked 1 of 2; III-11(2) starts full and lost 1
    (_, second) = run(site, assessment_id).units
    assert second.before.base == round(100 * (72 - lost) / 72, 2) == second.after.base
    found = run(site, assessment_id, changed_framework({"III-4": {"points": "6"}, "III-11(2)": {"points": "5"}}))
    old = {row.standard.key: row.standard.points for row in loader.framework("municipal").rows()}
    total = 72 + (6 - old["III-4"]) + (5 - old["III-11(2)"])
    (first, second) = found.units
    assert first.after.base == 100
    assert second.after.base == round(100 * (total - 3 - 1) / total, 2)
    assert second.after.final == second.after.base + 2


def test_a_dry_run_of_other_rules(site: Site) -> None:
    assessment_id = marked(site)
    bands = (Band("甲", Decimal(99)), Band("乙", Decimal(0)))
    found = run(site, assessment_id, rules=ScoringRules(bonus_cap=Decimal(1), bands=bands, veto_band="乙"))
    (first, second) = found.units
    assert (first.after.band, second.after.band) == ("甲", "乙")
    assert second.before.final - second.after.final == 1
    quota = run(site, assessment_id, rules=ScoringRules(top_quota=Decimal("0.5")))
    assert [unit.after.band for unit in quota.units] == ["优秀", "良好"]
    assert [unit.before.band for unit in quota.units] == ["优秀", "优秀"]


def test_rows_without_counterpart_are_left_out_and_said(site: Site) -> None:
    assessment_id = marked(site)
    found = run(site, assessment_id, changed_framework({"III-4": {"key": "III-4(1)"}, "III-6": {"kind": "bonus"}}))
    (unmatched,) = found.unmatched
    assert (unmatched.new, unmatched.gone) == (("III-4(1)", "III-6"), ("III-4", "III-6"))
    old = {row.standard.key: row.standard.points for row in loader.framework("municipal").rows()}
    total = 72 - old["III-4"] - old["III-6"]
    assert found.units[1].after.base == round(100 * (total - 1) / total, 2)


def test_a_row_that_did_not_apply_to_a_unit_has_nothing_to_go_by(site: Site) -> None:
    assessment_id = marked(site)
    found = run(site, assessment_id, changed_framework({"III-19": {"applies_to": []}}))
    assert found.without == {unit.unit_id: ("III-19",) for unit in found.units}
    assert not found.units[0].changed
    narrowed = run(site, assessment_id, changed_framework({"III-4": {"applies_to": ["教育"]}}))
    assert narrowed.units[1].after.base == round(Decimal(100) * 69 / 70, 2)


def test_a_dry_run_on_another_assessment(site: Site) -> None:
    assessment_id = marked(site)
    with site.database.writing() as session:
        copy_id = copying.copy_assessment(session, NOW, COMMAND_LINE, assessment_id, "二")
    save(site, copy_id, entry(bonus_cap="0"))
    with site.database.reading() as session:
        found = dry_runs.try_on(session, copy_id, assessment_id)
        assert found.assessment_id == assessment_id
        assert found.units[1].before.final - found.units[1].after.final == 2
        with pytest.raises(NotFound):
            dry_runs.try_on(session, copy_id, 99)


def test_pending_rows_stay_pending(site: Site, unit: tuple[int, int]) -> None:
    (found,) = run(site, unit[0], loader.framework("municipal")).units
    assert (found.before.final, found.after.final, found.after.rank) == (None, None, None)
