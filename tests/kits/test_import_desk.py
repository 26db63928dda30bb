"""What was read from a file waits for each assessment by itself."""

import io

import pytest
from flask import Flask

from surveys.acts.actors import Role
from surveys.acts.site import Site
from surveys.marking.marks import MarkEntry
from tests.builders import build_unit, enter
from tests.strict_client import StrictClient
from tests.worlds import build_accounts, client_of

ROSTER = "单位,类别,测评体系\n样例局,市直单位,municipal\n样例厅,市直单位,municipal\n"
FILES = {
    "roster": ("/assessments/{}/roster", ROSTER),
    "polls": ("/assessments/{}/polls/import", "单位,应到,日期,票种\n样例局,48,2026-03-02,40/30/30\n"),
    "accounts": ("/assessments/{}/accounts/import", "账号名,角色,部门或单位\n丙,组织员,\n"),
    "marks": ("/assessments/{}/marks", "/assessments/{}/marks.xlsx?department=考核组"),
    "framework": (
        "/assessments/{}/frameworks/municipal/import",
        "/assessments/{}/frameworks/municipal/framework.xlsx",
    ),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_for_one_assessment_leaves_what_waits_for_another(lite_app: Flask, lite_site: Site, kind: str) -> None:
    years = [build_unit(lite_site) for _ in range(2)]
    for _, unit_id in years:
        enter(lite_site, unit_id, MarkEntry("III-3", "考核组", "1"))
    ids, _ = build_accounts(lite_site)
    admin = client_of(lite_app, ids[Role.SYSTEM if kind == "accounts" else Role.ADMIN])
    previews = [uploaded(admin, kind, assessment_id) for assessment_id, _ in years]
    for preview in previews:
        admin.page(preview)
    again = uploaded(admin, kind, years[0][0])
    admin.page(again)
    admin.page(previews[0], 404)  # of one assessment the newest alone
    admin.page(previews[1])


def test_a_framework_leaves_what_waits_for_another_of_the_assessment(lite_app: Flask, lite_site: Site) -> None:
    assessment_id, _ = build_unit(lite_site, marking=False)
    ids, _ = build_accounts(lite_site)
    admin = client_of(lite_app, ids[Role.ADMIN])
    previews = [sent(admin, *framework(assessment_id, key)) for key in ("municipal", "county")]
    assert len(set(previews)) == 2
    for preview in previews:
        admin.page(preview)


def framework(assessment_id: int, key: str) -> tuple[str, str]:
    base = f"/assessments/{assessment_id}/frameworks/{key}"
    return f"{base}/import", f"{base}/framework.xlsx"


def uploaded(admin: StrictClient, kind: str, assessment_id: int) -> str:
    address, content = FILES[kind]
    return sent(admin, address.format(assessment_id), content.format(assessment_id))


def sent(admin: StrictClient, address: str, content: str) -> str:
    """Where the preview is. `content`: a text, or the address it is downloaded from."""
    found = (admin.get(content).get_data(), "表.xlsx") if content.startswith("/") else (content.encode(), "表.csv")
    file = (io.BytesIO(found[0]), found[1])
    response = admin.post(address, data=admin.page(address).form(address) | {"file": file})
    assert response.status_code == 302, response.text
    return str(response.location)
