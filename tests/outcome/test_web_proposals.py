"""Proposals on pages: beside what stands, in the list, confirmed and declined; who sees what."""

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.acts.site import Site
from surveys.marking.marks import MarkEntry
from surveys.office import accounts
from surveys.storage.tables import Account
from tests.builders import account, build_unit, enter, line_for
from tests.sites import NOW
from tests.strict_client import StrictClient
from tests.worlds import DEPARTMENT, build_accounts, client_of

KEY = "III-35"
WORDS = "核对平时的记录以后改判（样例）"
FIELD = f"{KEY}:{DEPARTMENT}"


def browser_of(app: Flask, site: Site, name: str) -> StrictClient:
    with site.database.reading() as session:
        return client_of(app, session.scalar(sa.select(Account.id).where(Account.name == name)))


class Office:
    """One unit whose assessor gave a mark; who acts on it."""

    def __init__(self, app: Flask, site: Site) -> None:
        self.site = site
        self.assessment_id, self.unit_id = build_unit(site)
        keys, _ = build_accounts(site, self.unit_id)
        enter(site, self.unit_id, MarkEntry(KEY, DEPARTMENT, "2", WORDS))
        self.admin, self.assessor = (client_of(app, keys[role]) for role in (Role.ADMIN, Role.ASSESSOR))
        account(site, "管理二")
        self.second = browser_of(app, site, "管理二")
        self.sheet, self.list = f"/units/{self.unit_id}", f"/assessments/{self.assessment_id}/proposals"

    def propose(self, points: str = "0") -> None:
        fields = {FIELD: points, f"{FIELD}:remark": WORDS}
        response = self.admin.submit(self.sheet, f"{self.sheet}/marks", **fields)
        assert response.status_code == 302
        assert "1 处已提出，第二人确认以后才算" in self.admin.page(self.sheet).text

    def points(self) -> str:
        return str(line_for(self.site, self.unit_id, KEY).marks[DEPARTMENT].points)

    def act(self, client: StrictClient, name: str, number: int = 1, **fields: str) -> TestResponse:
        return client.submit(self.list, f"{self.list}/{number}/{name}", **fields)


@pytest.fixture
def office(lite_app: Flask, lite_site: Site) -> Office:
    return Office(lite_app, lite_site)


def test_what_waits_is_told_beside_what_stands(office: Office) -> None:
    office.propose()
    told = f"admin提出由 2 分改为 0 分（说明：{WORDS}），等{DEPARTMENT}或另一名管理员确认。"
    row, marking = f"{office.sheet}/rows/{KEY}", f"/assessments/{office.assessment_id}/marking/municipal/{KEY}"
    for client, path in ((office.admin, office.sheet), (office.admin, row), (office.assessor, office.sheet)):
        assert told in client.page(path).text
    assert told in office.assessor.page(marking).text
    for path in ("marking", "ledger", "life"):
        assert "有 1 项提议等您确认" in office.second.page(f"/assessments/{office.assessment_id}/{path}").text
        assert "您提出的 1 项还没有确认" in office.admin.page(f"/assessments/{office.assessment_id}/{path}").text
    assert office.list in office.assessor.page(office.sheet).links()
    assert office.points() == "2"


def test_the_department_confirms_on_the_list(office: Office) -> None:
    office.propose()
    assert "/confirm" not in office.admin.get(office.list).text
    assert office.act(office.assessor, "confirm").location == office.list
    assert "第 1 号提议已确认" in office.assessor.page(office.list).text
    assert office.points() == "0"
    why = office.admin.page(f"{office.sheet}/rows/{KEY}/why").text
    assert "admin，assessor确认" in why
    assert f"{DEPARTMENT} 0 分：admin提出，assessor确认。" in why


def test_declined_with_a_reason_that_its_maker_sees(office: Office) -> None:
    office.propose()
    assert office.act(office.second, "decline", reason="").status_code == 400
    assert office.act(office.second, "decline", reason="依据不足").location == office.list
    assert "退回：依据不足" in office.admin.page(office.list).text
    assert office.points() == "2"


def test_the_second_of_two_is_told(office: Office) -> None:
    office.propose()
    form = office.second.page(office.list).form(f"{office.list}/1/confirm")
    office.act(office.assessor, "confirm")
    response = office.second.post(f"{office.list}/1/confirm", data=form)
    assert response.status_code == 409
    assert "第 1 号提议已由assessor确认" in response.text


def test_another_department_sees_nothing_of_it(office: Office, lite_app: Flask) -> None:
    office.propose()
    with office.site.database.writing() as session:
        accounts.create_account(session, NOW, COMMAND_LINE, "考评二", Role.ASSESSOR, "市纪委")
    assert WORDS not in browser_of(lite_app, office.site, "考评二").page(office.list).text
