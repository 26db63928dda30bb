"""Whether an event counts, and why not: as a frozen sheet keeps it, its pages say it and the letter prints it."""

from datetime import UTC

from flask import Flask

from surveys.acts.actors import COMMAND_LINE
from surveys.acts.site import Site
from surveys.marking import ledger
from surveys.outcome import version_differences, versions
from surveys.outcome.letter import letter
from surveys.outcome.printed_source import present_record
from surveys.reporting.documents import Document as Letter
from surveys.reporting.documents import Paragraph
from surveys.storage.tables import Document
from tests.builders import account, build_unit, cancel, event, exempt, record
from tests.seasons import unit_in, unit_record_in
from tests.sites import NOW
from tests.worlds import client_of

OVERTAKEN = "不计入：同一事项已按 III-33(2) 示例发〔2026〕2号 的 5 分计"
EXEMPTED = "不计入：这一行经决定免考"


def build_events(site: Site) -> tuple[int, int]:
    """(assessment id, unit id). On III-33(1): an event that is overtaken, one voided, one appealed against in vain and
    one not; on III-11(2), exempted, another."""
    assessment_id, unit_id = build_unit(site)
    record(site, unit_id, event("III-33(1)", "2", reason="小", occasion="某某舆情"))
    record(site, unit_id, event("III-33(2)", "5", "示例发〔2026〕2号", "大", occasion="某某舆情"))
    cancel(site, record(site, unit_id, event("III-33(1)", "1", "示例发〔2026〕3号", "登错")))
    upheld = record(site, unit_id, event("III-33(1)", "1", "示例发〔2026〕4号", "申诉"))
    with site.database.writing() as session:
        ledger.contest(session, NOW, COMMAND_LINE, unit_id, upheld, "与事实不符")
        ledger.answer_contest(session, NOW, COMMAND_LINE, unit_id, upheld, upheld=True, reason="属实")
    record(site, unit_id, event("III-11(2)", "1", "示例发〔2026〕5号", "免考的行"))
    exempt(site, unit_id, "III-11(2)")
    return assessment_id, unit_id


def body_of(site: Site, assessment_id: int) -> Document:
    with site.database.reading() as session:
        return versions.live_body(session, assessment_id)


def words(body: Document, unit_id: int, key: str) -> list[str]:
    row = unit_record_in(body, unit_id).row(key)
    return [row.standing_words(each) for each in row.events]


def letter_of(site: Site, assessment_id: int, unit_id: int) -> Letter:
    with site.database.reading() as session:
        found = present_record(session, assessment_id)
        return letter(found, found.record.unit(unit_id), UTC)


def test_why_an_event_does_not_count_is_kept(site):
    assessment_id, unit_id = build_events(site)
    body = body_of(site, assessment_id)
    assert words(body, unit_id, "III-33(1)") == [OVERTAKEN, "已撤销：登记有误", "申诉成立：属实，已撤销"]
    assert words(body, unit_id, "III-33(2)") == ["计入"]
    assert words(body, unit_id, "III-11(2)") == [EXEMPTED]


def test_a_version_of_before_it_was_kept_says_what_it_can(site):
    assessment_id, unit_id = build_events(site)
    body, old = body_of(site, assessment_id), body_of(site, assessment_id)
    for row in unit_in(old, unit_id)["rows"]:
        for each in row["events"]:
            each.pop("overtaken_by", None)
    assert words(old, unit_id, "III-33(1)")[0] == "不计入：同一事项已按更高的一次计"
    assert words(old, unit_id, "III-11(2)") == [EXEMPTED]
    assert versions.same_scores(old, body)
    assert version_differences.difference(old | {"number": 1}, body | {"number": 2}).is_empty


def test_a_difference_says_that_an_event_counts_no_more(site):
    assessment_id, unit_id = build_unit(site)
    record(site, unit_id, event("III-11(2)", "1"))
    old = body_of(site, assessment_id)
    exempt(site, unit_id, "III-11(2)")
    found = version_differences.difference(old | {"number": 1}, body_of(site, assessment_id) | {"number": 2})
    (row,) = found.units[0].rows
    assert row.reasons[0] == f"事件 示例发〔2026〕1号 {EXEMPTED}"


def test_the_letter_says_why(site):
    assessment_id, unit_id = build_events(site)
    parts = letter_of(site, assessment_id, unit_id).parts
    told = [part.text for part in parts if isinstance(part, Paragraph) and "不计入：" in part.text]
    assert told == [
        f"2026-01-31 示例发〔2026〕5号：{EXEMPTED}。",
        f"2026-01-31 示例发〔2026〕1号：{OVERTAKEN}。",
    ]


def test_the_pages_say_why(lite_app: Flask, lite_site: Site) -> None:
    _, unit_id = build_events(lite_site)
    client = client_of(lite_app, account(lite_site, "管理一").account_id)
    page = client.page(f"/units/{unit_id}/rows/III-33(1)/why")
    assert OVERTAKEN in page.text
    assert "申诉成立：属实，已撤销" in page.text
    assert EXEMPTED in client.page(f"/units/{unit_id}/rows/III-11(2)/why").text
    assert "未计（同一事项已按更高计）" in client.page(f"/units/{unit_id}/rows/III-33(1)").text
