"""What a reader is shown: what two admins gave of one assessment, and nothing else."""

import pytest
import sqlalchemy as sa
from flask import Flask

from surveys.acts import readings
from surveys.acts.actors import COMMAND_LINE, Actor, ReadingKind, Role
from surveys.acts.errors import AlreadyDone, BadInput, NotAllowed, NotFound, WrongState
from surveys.storage.tables import AuditEntry
from tests.builders import account, build_unit, run_sql, sealed_poll
from tests.sites import NOW
from tests.strict_client import StrictClient
from tests.worlds import client_of

REASON = "分管领导要看"


class Season:
    """An assessment with a sealed poll, another like it, two admins and a reader."""

    def __init__(self, app: Flask) -> None:
        self.app, self.site = app, app.extensions["site"]
        self.assessment_id, self.unit_id = build_unit(self.site, "样例局")
        self.poll_id = sealed_poll(self.site, self.unit_id).poll_id
        self.other_id, self.other_unit = build_unit(self.site, "别的局")
        self.other_poll = sealed_poll(self.site, self.other_unit).poll_id
        self.first, self.second = (account(self.site, name) for name in ("甲", "乙"))
        self.reader = account(self.site, "分管领导", Role.READER).account_id or 0

    def propose(self, kind: ReadingKind, who: Actor | None = None, reason: str = REASON) -> None:
        with self.site.database.writing() as session:
            readings.propose(session, NOW, who or self.first, self.assessment_id, self.reader, kind, reason)

    def agree(self, kind: ReadingKind, who: Actor | None = None) -> None:
        with self.site.database.writing() as session:
            readings.agree(session, NOW, who or self.second, self.assessment_id, self.reader, kind)

    def give(self, kind: ReadingKind) -> None:
        self.propose(kind)
        self.agree(kind)

    @property
    def client(self) -> StrictClient:
        return client_of(self.app, self.reader)

    def results(self, assessment_id: int, unit_id: int) -> list[str]:
        home = f"/assessments/{assessment_id}"
        return [
            *(f"{home}/results", f"{home}/charts/1.svg", f"{home}/report.pdf", f"{home}/report.docx"),
            *(f"/units/{unit_id}/why", f"/units/{unit_id}/rows/III-4/why"),
        ]

    def tallies(self, poll_id: int) -> list[str]:
        return [f"/polls/{poll_id}/tally", f"/polls/{poll_id}/charts/0.svg"]

    def shown(self) -> tuple[set[int], set[int], set[int], set[int]]:
        """The statuses of results and tallies, here and in the other assessment."""
        client = self.client
        lists = (
            self.results(self.assessment_id, self.unit_id),
            self.tallies(self.poll_id),
            self.results(self.other_id, self.other_unit),
            self.tallies(self.other_poll),
        )
        first, second, third, fourth = ({client.get(each).status_code for each in own} for own in lists)
        return first, second, third, fourth


@pytest.fixture
def season(lite_app: Flask) -> Season:
    return Season(lite_app)


def test_each_kind_is_shown_of_the_assessment_it_was_given_of(season: Season) -> None:
    assert season.shown() == ({403}, {403}, {403}, {403})
    season.give(ReadingKind.RESULTS)
    assert season.shown() == ({200}, {403}, {403}, {403})
    season.give(ReadingKind.LEADERS)
    assert season.shown() == ({200}, {200}, {403}, {403})


def test_one_hand_gives_nothing(season: Season) -> None:
    season.propose(ReadingKind.RESULTS)
    assert season.shown()[0] == {403}
    with pytest.raises(AlreadyDone):
        season.propose(ReadingKind.RESULTS)
    with pytest.raises(NotAllowed, match="已经有您的一份"):
        season.agree(ReadingKind.RESULTS, season.first)
    with pytest.raises(NotAllowed, match="命令行"):
        season.agree(ReadingKind.RESULTS, COMMAND_LINE)
    assert season.shown()[0] == {403}


def test_one_hand_takes_it_back_at_once(season: Season) -> None:
    season.give(ReadingKind.RESULTS)
    client = season.client
    page = f"/assessments/{season.assessment_id}/results"
    assert client.get(page).status_code == 200
    with season.site.database.writing() as session:
        given = (season.assessment_id, season.reader, ReadingKind.RESULTS)
        with pytest.raises(BadInput):
            readings.take_back(session, NOW, season.first, *given, " ")
        readings.take_back(session, NOW, season.second, *given, "已经看过")
        with pytest.raises(WrongState):
            readings.take_back(session, NOW, season.second, *given, "再来一次")
    assert client.get(page).status_code == 403


def test_a_reader_is_given_something_and_nobody_else(season: Season) -> None:
    organizer = account(season.site, "丙", Role.ORGANIZER)
    with season.site.database.writing() as session:
        for number in (organizer.account_id or 0, 999):
            given = (season.assessment_id, number, ReadingKind.RESULTS)
            with pytest.raises(NotFound):
                readings.propose(session, NOW, season.first, *given, REASON)


def test_an_account_reset_since_is_shown_nothing_until_it_is_confirmed(season: Season) -> None:
    """Whoever reset it knows its password."""
    season.give(ReadingKind.RESULTS)
    account(season.site, "丁", Role.AUDITOR)
    assert season.shown()[0] == {200}
    run_sql(season.site, "UPDATE accounts SET confirmed_at = NULL WHERE name = '分管领导'")
    assert season.shown()[0] == {403}
    assert "还没有经审计员确认" in season.client.page("/readings").text


def test_the_list_of_what_was_given_leads_there(season: Season) -> None:
    assert season.client.get("/home").location == "/readings"
    assert "没有给您看的结果" in season.client.page("/readings").text
    season.give(ReadingKind.RESULTS)
    season.give(ReadingKind.LEADERS)
    client = season.client
    todo, seen = ["/readings"], set()
    while todo:
        address = todo.pop()
        seen.add(address)
        if address.endswith((".pdf", ".docx", ".svg", ".png")) or "download" in address:
            assert client.get(address).status_code == 200, address
            continue
        page = client.page(address)
        assert "别的局" not in page.text
        todo += [each for each in page.links() if each.startswith("/") and each not in seen | {*todo, "/password"}]
    assert {f"/polls/{season.poll_id}/tally", f"/units/{season.unit_id}/rows/III-4/why"} < seen


def test_given_and_taken_back_on_the_page(season: Season) -> None:
    page = f"/assessments/{season.assessment_id}/readers"
    first, second = (client_of(season.app, each.account_id) for each in (season.first, season.second))
    assert "看不到" in first.page(page).text
    refused = first.submit(page, f"{page}/propose", reason=" ")
    assert refused.status_code == 400
    assert first.submit(page, f"{page}/propose", kind="results", reason=REASON).status_code == 302
    assert f"{page}/agree" not in first.page(page).html
    assert REASON in second.page(page).text
    assert second.submit(page, f"{page}/agree").status_code == 302
    assert season.shown()[0] == {200}
    assert first.submit(page, f"{page}/take-back", kind="results", reason="已经看过").status_code == 302
    assert season.shown()[0] == {403}
    with season.site.database.reading() as session:
        query = sa.select(AuditEntry).where(AuditEntry.act.startswith("reading.")).order_by(AuditEntry.id)
        found = [(each.act, each.actor, each.subject, each.after) for each in session.scalars(query)]
    assert found == [
        ("reading.propose", "甲", "分管领导", REASON),
        ("reading.give", "乙", "分管领导", f"甲提出：{REASON}"),
        ("reading.take_back", "甲", "分管领导", "已经看过"),
    ]


def test_each_look_is_in_the_log(season: Season) -> None:
    season.give(ReadingKind.RESULTS)
    season.client.page(f"/assessments/{season.assessment_id}/results")
    season.client.get(f"/assessments/{season.assessment_id}/report.pdf")
    with season.site.database.reading() as session:
        query = sa.select(AuditEntry.act).where(AuditEntry.actor == "分管领导").order_by(AuditEntry.id)
        assert [*session.scalars(query)] == ["read.results", "export.results"]
