"""Frozen versions: their digests, what tampering does, differences with their reasons, files."""

import csv
import io
import json
from decimal import Decimal

import pytest
import sqlalchemy as sa

from surveys.acts.actors import COMMAND_LINE, Actor, Role
from surveys.acts.errors import BadInput, Imbalance, NotAllowed, NotFound, WrongState
from surveys.acts.site import Site
from surveys.catalog.model import Framework
from surveys.marking.ledger import EventEntry
from surveys.marking.marks import MarkEntry
from surveys.outcome import rule_changes, version_differences, versions
from surveys.outcome.rule_changes import Effect
from surveys.outcome.score_record import ScoreRecord
from surveys.outcome.version_differences import Difference
from surveys.scoring.score_sheet import ScoringRules
from surveys.season import applicability
from surveys.storage.tables import Approval, Assessment, Document, Mark, RuleVersion, ScoreVersion
from tests.builders import GROUP, dump, enter, event, exempt, record, run_sql
from tests.seasons import Season, build_season, digest_of, unit_in
from tests.sites import NOW


@pytest.fixture
def season(site: Site) -> Season:
    return build_season(site)


def difference(season: Season, old: int, new: int) -> Difference:
    with season.site.database.reading() as session:
        found = [versions.version(session, season.assessment_id, number).body for number in (old, new)]
        return version_differences.report(session, season.assessment_id, *found)


def row_in(body: Document, unit_id: int, key: str) -> Document:
    rows: list[Document] = unit_in(body, unit_id)["rows"]
    return next(row for row in rows if row["key"] == key)


def test_a_version_holds_every_figure_with_what_it_rests_on(site):
    season = build_season(site, voted=True)
    enter(site, season.first, MarkEntry("III-4", GROUP, "0.5", "缺一份材料"))
    record(site, season.first, event("III-33(1)", "2"))
    exempt(site, season.first, "III-7")
    season.close_marking()
    body = season.version(1).body
    assert (body["kind"], body["number"], body["rules_version"]) == ("provisional", 1, 1)
    mark = row_in(body, season.first, "III-4")["marks"][0]
    assert mark == {
        "department": GROUP,
        "version": 2,
        "points": "0.5",
        "remark": "缺一份材料",
        "evidence": "",
        "by": "命令行",
        "at": "2026-03-02T09:30:00+00:00",
    }
    assert row_in(body, season.first, "III-33(1)")["events"][0]["document"] == "示例发〔2026〕1号"
    assert row_in(body, season.first, "III-7")["exemption"]["reason"] == "机构调整"
    vote = row_in(body, season.first, "III-36")["democratic"]
    assert vote["seal"].startswith("sha256:")
    assert vote["items"][0]["counts"] == {"A": 10, "B": 0, "C": 0, "D": 0, "-": 0}
    assert row_in(body, season.second, "III-36")["democratic"] is None
    assert json.loads(json.dumps(body)) == body
    assert "样例1" not in json.dumps(body, ensure_ascii=False), "a leader's name decides no row"


def test_the_same_data_have_the_same_digest_wherever_they_lie(season):
    season.close_marking()
    found = season.version(1)
    assert found.line.digest == digest_of(found.body) == digest_of(json.loads(json.dumps(found.body)))


CHANGES = [
    ("UPDATE score_versions SET body = replace(CAST(body AS TEXT), '缺一份材料', '材料齐全')", "数据有改动"),
    ("UPDATE score_versions SET digest = 'sha256:0'", "数据有改动"),
    ("UPDATE score_versions SET kind = 'certified'", "编号或种类"),
    ("UPDATE score_versions SET number = 2", "编号或种类"),
]


@pytest.mark.parametrize(("statement", "words"), CHANGES)
def test_what_was_altered_is_refused_and_never_shown(lite_site, statement, words):
    season = build_season(lite_site)
    enter(lite_site, season.first, MarkEntry("III-4", GROUP, "0.5", "缺一份材料"))
    season.close_marking()
    with lite_site.database.writing() as session:
        entry = session.get_one(ScoreVersion, (season.assessment_id, 1))
        entry.body = json.loads(json.dumps(entry.body))
        session.commit()
    run_sql(lite_site, statement.replace("缺一份材料", "\\u7f3a\\u4e00\\u4efd\\u6750\\u6599"))
    number = 2 if "number" in statement else 1
    with pytest.raises(Imbalance, match=words):
        season.version(number)
    with lite_site.database.reading() as session, pytest.raises(Imbalance, match=words):
        versions.verify(session, season.assessment_id)


def test_a_certificate_stands_on_two_hands_and_on_the_data(site):
    season = build_season(site).certified()
    with site.database.reading() as session:
        assert [line.number for line in versions.verify(session, season.assessment_id)] == [1, 2]
    with site.database.writing() as session:
        session.execute(sa.update(Mark).where(Mark.row_key == "III-4").values(points=Decimal("0.1")))
        session.commit()
    with site.database.reading() as session, pytest.raises(Imbalance, match=r"核定之后.*被改动"):
        versions.verify(session, season.assessment_id)
    with site.database.writing() as session:
        session.execute(sa.delete(Approval).where(Approval.account_id == season.admins[1].account_id))
        session.commit()
    with pytest.raises(Imbalance, match="没有两个人的核定记录"):
        season.version(2)


def test_there_is_nothing_to_verify_before_there_is_a_version(season):
    with season.site.database.reading() as session:
        with pytest.raises(WrongState, match="还没有形成过版本"):
            versions.verify(session, season.assessment_id)
        with pytest.raises(NotFound):
            versions.verify(session, 99)
        with pytest.raises(NotFound, match="第 7 版"):
            versions.version(session, season.assessment_id, 7)


def test_a_new_version_says_what_changed_and_why(season):
    season.appeal()
    for key in ("III-4", "III-33(1)"):
        season.answer(season.object(key, "理由甲"), accepted=True, words="属实")
    enter(season.site, season.first, MarkEntry("III-4", GROUP, "0.5", "复核改正"))
    record(season.site, season.first, event("III-33(1)", "2"))
    assert season.freeze() == 2
    found = difference(season, 1, 2)
    assert not found.rules
    (unit,) = found.units
    assert unit.name == "样例局"
    rows = {row.key: row for row in unit.rows}
    assert set(rows) == {"III-4", "III-33(1)"}
    assert rows["III-4"].new == "0.50"
    assert rows["III-4"].reasons == (
        "申诉：理由甲　答复：属实",
        f"{GROUP}打分 {rows['III-4'].old.rstrip('0').rstrip('.')} → 0.5，复核改正",
    )
    assert rows["III-33(1)"].reasons[1] == "登记事件 2 分：示例发〔2026〕1号 事由"
    assert {change.label for change in unit.figures} >= {"最后得分", "基础分", "扣分"}
    assert json.loads(json.dumps(found.to_json()))["units"][0]["name"] == "样例局"


def test_a_difference_tells_what_else_changed_of_a_unit(site):
    season = build_season(site)
    old = season.live() | {"number": 1}
    with site.database.writing() as session:
        applicability.set_tags(session, NOW, COMMAND_LINE, season.first, ["公安"])
    run_sql(site, "UPDATE units SET department = '市公安局', category = '其他' WHERE id = :id", id=season.first)
    new = season.live() | {"number": 2}
    found = version_differences.difference(old, new)
    unit = found.units[0]
    told = {change.label: (change.old, change.new) for change in unit.figures}
    assert told["标签"] == ("无", "公安")
    assert told["考核部门"] == ("无", "市公安局")
    assert told["类别"] == ("市直单位", "其他")
    with site.database.writing() as session:
        applicability.choose(session, NOW, COMMAND_LINE, season.first, "III-23", "hearing")
    found = version_differences.difference(new, season.live() | {"number": 3})
    (row,) = found.units[0].rows
    assert (row.key, row.reasons) == ("III-23", ("测评方法由没有选定改为听取汇报",))


def test_a_new_version_needs_a_change_a_reason_and_the_appeal(season):
    with pytest.raises(WrongState, match="打分中"):
        season.freeze()
    season.appeal()
    with pytest.raises(BadInput, match="缘由"):
        season.freeze(" ")
    with pytest.raises(WrongState, match="第 1 版之后没有改动"):
        season.freeze()
    with season.site.database.writing() as session, pytest.raises(NotAllowed):
        versions.freeze_after_appeal(session, NOW, season.reporter, season.assessment_id, "我想改")


def test_an_objection_that_changes_nothing_needs_no_version(season):
    season.appeal()
    season.answer(season.object(), accepted=False)
    assert not season.outlook().hindrances


def effect(season: Season, rules: ScoringRules | None, frameworks: list[Framework] | None = None) -> Effect:
    with season.site.database.reading() as session:
        return rule_changes.effect_of(session, season.assessment_id, frameworks, rules)


def change(
    season: Season, rules: ScoringRules | None, shown: str, actor: Actor = COMMAND_LINE, reason: str = "修订"
) -> int:
    with season.site.database.writing() as session:
        return rule_changes.change_rules(session, NOW, actor, season.assessment_id, None, rules, reason, shown)


def test_a_change_of_rules_shows_every_unit_first_and_writes_nothing(season):
    record(season.site, season.first, event("III-33(1)", "4"))
    before = dump(season.site.database)
    rules = ScoringRules(deduction_cap=Decimal(1))
    found = effect(season, rules)
    assert dump(season.site.database) == before
    assert [unit.name for unit in found.units] == ["样例局", "另一局"]
    assert [unit.name for unit in found.changed] == ["样例局"]
    old, new = found.units[0].before, found.units[0].after
    assert Decimal(new.final or 0) - Decimal(old.final or 0) == 3
    assert change(season, rules, found.fingerprint) == 2
    assert season.live()["units"][0]["result"]["final"]["shown"] == str(new.final)
    with season.site.database.reading() as session:
        numbers = session.scalars(sa.select(RuleVersion.number).order_by(RuleVersion.number)).all()
        assert (numbers, versions.newest_rules(session, season.assessment_id)) == ([1, 2], 2)
        assert session.get_one(RuleVersion, (season.assessment_id, 2)).rules == rules.to_json()
        assert [line.reason for line in rule_changes.listing(session, season.assessment_id)] == ["开始打分", "修订"]


def test_a_change_that_moves_no_figure_is_not_undone_unseen(season):
    wider, other = ScoringRules(bonus_cap=Decimal(6)), ScoringRules(deduction_cap=Decimal(1))
    found = effect(season, other)
    assert not found.changed
    assert change(season, wider, effect(season, wider).fingerprint) == 2
    with pytest.raises(WrongState, match="影响之后有了改动"):
        change(season, other, found.fingerprint)
    with season.site.database.reading() as session:
        assert session.get_one(Assessment, season.assessment_id).rules == wider.to_json()


def test_the_effect_is_shown_while_rows_are_pending_too(site):
    season = build_season(site, complete=False)
    record(site, season.second, event("III-33(1)", "4"))
    found = effect(season, ScoringRules(deduction_cap=Decimal(2)))
    (unit,) = found.changed
    assert (unit.name, found.incomplete) == ("另一局", 1)
    assert (unit.before.deduction, unit.after.deduction) == (Decimal("4.00"), Decimal("2.00"))
    assert (unit.after.final, unit.after.pending) == (None, 1)
    assert Decimal(unit.after.got) == Decimal(unit.after.points) > 0, "full marks on every row but the democratic one"


def test_a_change_of_rules_is_of_what_was_shown(season):
    rules = ScoringRules(deduction_cap=Decimal(1))
    found = effect(season, rules)
    record(season.site, season.first, event("III-33(1)", "4"))
    before = dump(season.site.database)
    with pytest.raises(WrongState, match="影响之后有了改动"):
        change(season, rules, found.fingerprint)
    with pytest.raises(BadInput, match="没有要改的"):
        change(season, None, found.fingerprint)
    with pytest.raises(BadInput, match="理由"):
        change(season, rules, effect(season, rules).fingerprint, reason=" ")
    with pytest.raises(NotAllowed):
        change(season, rules, effect(season, rules).fingerprint, Actor(None, "考评员", Role.ASSESSOR, GROUP))
    season.close_marking()
    before = dump(season.site.database)
    with pytest.raises(WrongState, match="只有打分期间"):
        change(season, rules, effect(season, rules).fingerprint)
    assert dump(season.site.database) == before


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"bonus_cap": "-1"}, "不能小于 0"),
        ({"bands": [["好", "90"], ["好", "0"]]}, "两个名称一样"),
        ({"bands": [["好", "60"], ["差", "80"]]}, "从高到低"),
        ({"bands": [["好", "90"], ["差", "60"]]}, "最低分要是 0"),
        ({"veto_band": "没有"}, "不在等次里"),
        ({"top_quota": "1.5"}, "比例"),
    ],
)
def test_rules_that_cannot_be(lite_site, data, words):
    season = build_season(lite_site)
    found = effect(season, ScoringRules.from_json(ScoringRules().to_json() | data))
    assert any(words in sentence for sentence in found.hindrances)
    assert not found.units


def with_points(season: Season, key: str, points: str | None) -> list[Framework]:
    """The municipal framework with other points of a row, taken from or given to another; None: without the row."""
    body = season.live()["frameworks"]["municipal"]
    copy = json.loads(json.dumps(body))
    for block in copy["blocks"]:
        for indicator in block["indicators"]:
            for content in indicator["contents"]:
                if points is None and len(content["standards"]) > 1:
                    content["standards"] = [each for each in content["standards"] if each["key"] != key]
                for standard in content["standards"]:
                    if standard["key"] == key and points is not None:
                        standard["points"] = points
    return [Framework.from_json(copy)]


def test_a_framework_that_would_lose_what_is_entered(season):
    found = effect(season, None, with_points(season, "III-4", "0.1"))
    assert [sentence for sentence in found.hindrances if "III-4" in sentence and "超过新的满分 0.1" in sentence]
    assert [sentence for sentence in found.hindrances if "板块分值" in sentence], "and its points no longer sum up"
    found = effect(season, None, with_points(season, "III-1(1)", None))
    assert [sentence for sentence in found.hindrances if "III-1(1) 已有打分" in sentence and "没有这一行" in sentence]


def test_a_version_as_csv_has_every_row_and_no_formula(season):
    enter(season.site, season.first, MarkEntry("III-4", GROUP, "0.5"))
    record(season.site, season.first, EventEntry("III-33(1)", "2", NOW.date(), "=HYPERLINK(1)", "事由"))
    season.close_marking()
    body = season.version(1).body
    text = versions.to_csv(ScoreRecord.from_json(body)).decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text)))
    assert len(lines) == sum(len(unit["rows"]) for unit in body["units"])
    own = {line["行"]: line for line in lines if line["单位"] == "样例局"}
    assert (own["III-4"]["得分"], own["III-4"]["打分"]) == ("0.50", f"{GROUP} 0.5")
    assert own["III-33(1)"]["事件"].startswith("'=")
    assert {line["最后得分"] for line in own.values()} == {body["units"][0]["result"]["final"]["shown"]}
