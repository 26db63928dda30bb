"""考核记录 in the browser, and talks looked for on every address, in every role, in every file and log."""

import csv
import io
import logging
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from surveys.acts.actors import COMMAND_LINE, Role
from surveys.acts.site import Site
from surveys.catalog.model import Method
from surveys.evidence.proceeding_records import ProceedingKind
from surveys.office import accounts
from surveys.polling.states import PollState
from surveys.storage.tables import Account
from tests.builders import GROUP, LEAD, build_unit, line_for
from tests.evidence.test_proceedings import add, choose, png, records, reporter
from tests.marking.test_web_score_sheets import unit_of
from tests.sites import NOW
from tests.strict_client import Page, StrictClient, text_of
from tests.vote.desk.test_web_polls import assert_in_chinese
from tests.worlds import TALKED, Shown, addresses, build_accounts, build_everything, client_of, walker

SECRET = "培训偏少，经费没有落实"


@pytest.fixture
def admin(lite_app: Flask, lite_site: Site) -> StrictClient:
    ids, _ = build_accounts(lite_site)
    return client_of(lite_app, ids[Role.ADMIN])


def assessor_client(app: Flask, site: Site, department: str) -> StrictClient:
    with site.database.writing() as session:
        accounts.create_account(session, NOW, COMMAND_LINE, f"考评员-{department}", Role.ASSESSOR, department)
        number = session.query(Account).filter_by(name=f"考评员-{department}").one().id
    return client_of(app, number)


def filled_in(kind: ProceedingKind, **fields: Any) -> dict[str, Any]:
    inspected = {"what": "会议纪要三份", "where": "档案室", "finding": "齐全"}
    body = inspected if kind is ProceedingKind.INSPECTION else {"body": "情况正常"}
    return {"held_on": "2026-03-01", "people": "考核一组", **body, **fields}


@pytest.mark.parametrize("kind", list(ProceedingKind))
def test_a_record_of_each_kind_is_added_and_corrected(
    lite_site: Site, admin: StrictClient, kind: ProceedingKind
) -> None:
    _, unit_id = build_unit(lite_site)
    address = f"/units/{unit_id}/proceedings"
    response = admin.submit(f"{address}/new/{kind.value}", **filled_in(kind))
    assert response.location == address
    (record,) = records(lite_site, unit_id)
    assert kind.label in admin.page(address).text
    assert record.text.splitlines()[-1] in admin.page(address).html
    path = f"{address}/new/{kind.value}?corrects={record.id}"
    form = admin.page(path).form(path)
    assert form["people"] == "考核一组"
    assert admin.post(path, data=form | {"people": "考核二组"}).location == address
    old, new = records(lite_site, unit_id)
    assert (old.replaced_by, new.text, new.people) == (new.id, record.text, "考核二组")
    path = f"{address}/{new.id}/withdraw"
    assert admin.submit(path, reason="重复登记").location == address
    assert not [entry for entry in records(lite_site, unit_id) if entry.stands]


@pytest.mark.parametrize("kind", list(ProceedingKind))
def test_a_form_with_a_fault_comes_back_as_it_was_typed(
    lite_site: Site, admin: StrictClient, kind: ProceedingKind
) -> None:
    _, unit_id = build_unit(lite_site)
    path = f"/units/{unit_id}/proceedings/new/{kind.value}"
    for fields in ({"held_on": "2999-01-01"}, {"held_on": "昨天"}, {"people": " "}):
        response = admin.submit(path, **filled_in(kind, **fields))
        assert response.status_code == 400
        page = text_of(response)
        assert 'role="alert"' in page
        assert ("齐全" if kind is ProceedingKind.INSPECTION else "情况正常") in page
    assert records(lite_site, unit_id) == []


def test_a_talk_warns_and_asks_once_more(lite_site: Site, admin: StrictClient) -> None:
    _, unit_id = build_unit(lite_site)
    path = f"/units/{unit_id}/proceedings/new/talk"
    assert "anonymous" not in admin.page(path).form(path)
    assert "没有写出谈话人是谁" not in admin.page(path).text
    response = admin.submit(path, **filled_in(ProceedingKind.TALK, body="王某某同志说经费少"))
    assert response.status_code == 400
    assert "王某某同志说" in response.text
    assert "没有写出谈话人是谁" in response.text
    assert records(lite_site, unit_id) == []
    response = admin.submit(path, **filled_in(ProceedingKind.TALK, body="样例1负责宣传"))
    form = Page(response).form(path)
    assert form["body"] == "样例1负责宣传"
    assert admin.post(path, data=form | {"anonymous": "y"}).status_code == 302


def test_a_photograph_is_shown_to_be_downloaded(lite_site: Site, admin: StrictClient) -> None:
    _, unit_id = build_unit(lite_site)
    address = f"/units/{unit_id}/proceedings"
    fields = filled_in(ProceedingKind.INSPECTION, photo=(io.BytesIO(png()), "../../a.html"))
    assert admin.submit(f"{address}/new/inspection", **fields).status_code == 302
    (image,) = admin.page(address).images()
    response = admin.get(image)
    assert response.mimetype == "image/jpeg"
    assert response.data.startswith(b"\xff\xd8\xff")
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "; sandbox" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["photo.jpg", "photo.png"])
def test_a_renamed_program_is_refused(lite_site: Site, admin: StrictClient, name: str) -> None:
    _, unit_id = build_unit(lite_site)
    path = f"/units/{unit_id}/proceedings/new/inspection"
    fields = filled_in(ProceedingKind.INSPECTION, photo=(io.BytesIO(b"MZ\x90\0" * 99), name, "image/jpeg"))
    response = admin.submit(path, **fields)
    assert response.status_code == 400
    assert "按内容判断" in response.text
    assert "会议纪要三份" in response.text
    assert records(lite_site, unit_id) == []


def test_an_unknown_kind_is_no_page(lite_site: Site, admin: StrictClient) -> None:
    _, unit_id = build_unit(lite_site)
    admin.page(f"/units/{unit_id}/proceedings/new/nothing", 404)
    admin.page("/units/999/proceedings/new/talk", 404)
    record = add(lite_site, unit_id, ProceedingKind.HEARING)
    admin.page(f"/units/{unit_id}/proceedings/new/report?corrects={record}", 404)
    admin.page(f"/units/{unit_id}/proceedings/new/report?corrects=99", 404)


def test_a_department_is_offered_its_own(lite_app: Flask, lite_site: Site) -> None:
    _, unit_id = build_unit(lite_site)
    lead = assessor_client(lite_app, lite_site, LEAD)
    address = f"/units/{unit_id}/proceedings"
    page = lead.page(address)
    assert "听取汇报" in page.text
    assert "个别谈话" not in page.text
    for kind in ("talk", "report", "feedback"):
        lead.page(f"{address}/new/{kind}", 404)
    assert lead.submit(f"{address}/new/inspection", **filled_in(ProceedingKind.INSPECTION)).status_code == 302
    assert "会议纪要三份" in lead.page(address).text
    nobody = assessor_client(lite_app, lite_site, "市教育局")
    assert "没有可看的记录" in nobody.page(address).text


def test_a_unit_acknowledges_its_feedback(lite_app: Flask, lite_site: Site) -> None:
    assessment_id, unit_id = build_unit(lite_site)
    _, other_id = build_unit(lite_site, "样例二局", assessment_id=assessment_id)
    own, other = (reporter(lite_site, each) for each in (unit_id, other_id))
    feedback = add(lite_site, unit_id, ProceedingKind.FEEDBACK, body="总体良好，注意培训")
    with lite_site.database.reading() as session:
        ids = {account.unit_id: account.id for account in session.query(Account)}
    client, stranger = (client_of(lite_app, ids[actor.unit_id]) for actor in (own, other))
    assert "总体良好" in client.page("/mine/feedback").text
    assert "总体良好" not in stranger.page("/mine/feedback").text
    path = f"/mine/feedback/{feedback}/acknowledge"
    token = {"csrf_token": client.page("/mine/feedback").form(path)["csrf_token"]}
    assert stranger.post(path, data={"csrf_token": stranger.page("/mine/feedback").form("/logout")["csrf_token"]})
    assert records(lite_site, unit_id)[0].acknowledged_at is None
    assert client.post(path, data=token).location == "/mine/feedback"
    assert "已签收" in client.page("/mine/feedback").text
    assert client.post(path, data=token).status_code == 409


def test_the_board_counts_and_links(shown: Shown) -> None:
    page = shown.client(Role.ADMIN).page(f"/assessments/{shown.world.assessment_id}/proceedings")
    unit_id = unit_of(shown, PollState.DRAFT)
    assert f"/units/{unit_id}/proceedings" in page.links()
    response = shown.client(Role.ADMIN).get(f"/assessments/{shown.world.assessment_id}/proceedings.csv")
    rows = list(csv.reader(io.StringIO(response.data.decode("utf-8-sig"))))
    assert len(rows) == 6
    assert next(row for row in rows if row[0] == "样例林业局")[2:] == ["已做", "不需要", "已做", "已做", "已做", "未做"]


def test_the_pages_speak_chinese(lite_site: Site, admin: StrictClient) -> None:
    _, unit_id = build_unit(lite_site)
    for kind in ProceedingKind:
        path = f"/units/{unit_id}/proceedings/new/{kind.value}"
        response = admin.post(path, data={"csrf_token": admin.page(path).form(path)["csrf_token"], "row_key": "III-4"})
        assert response.status_code == 400
        assert "请填写" in response.text
        assert_in_chinese(admin.page(path))


# Talks: nowhere but where the group reads them


def seen_by(app: Flask, client: FlaskClient, world: Any) -> set[str]:
    """Every address whose answer holds the talk, whatever its kind."""
    found = set()
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or "extension" in rule.arguments:
            continue
        for address in addresses(app, rule, world, every=True):
            response = client.get(address)
            if TALKED.encode() in response.data or TALKED.encode("gb18030") in response.data:
                found.add(address)
    return found


def test_talks_are_on_no_address_of_anybody_else(lite_app: Flask, lite_site: Site) -> None:
    world = build_everything(lite_site)
    with lite_site.database.reading() as session:
        unit_id = session.query(Account).filter_by(role="reporter").one().unit_id
    pages = {f"/units/{unit_id}/proceedings"}
    pages.add(f"/units/{unit_id}/proceedings/{world.proceedings[ProceedingKind.TALK]}/withdraw")
    for role in Role:
        seen = seen_by(lite_app, walker(lite_app, world.by_role[role]), world)
        assert seen == (pages if role is Role.ADMIN else set()), role
    assert seen_by(lite_app, walker(lite_app), world) == set()
    assert seen_by(lite_app, assessor_client(lite_app, lite_site, GROUP), world) == pages
    correcting = f"/units/{unit_id}/proceedings/new/talk?corrects={world.proceedings[ProceedingKind.TALK]}"
    for role in (Role.ASSESSOR, Role.REPORTER, Role.ORGANIZER, Role.SCRUTINEER):
        assert TALKED not in text_of(client_of(lite_app, world.by_role[role]).get(correcting))
    assert TALKED in text_of(client_of(lite_app, world.by_role[Role.ADMIN]).get(correcting))


def test_talks_are_in_no_log(lite_site: Site, admin: StrictClient, caplog: pytest.LogCaptureFixture) -> None:
    """Neither when they are kept, nor when they are refused, nor when the database breaks."""
    caplog.set_level(logging.DEBUG)
    _, unit_id = build_unit(lite_site)
    path = f"/units/{unit_id}/proceedings/new/talk"
    assert admin.submit(path, **filled_in(ProceedingKind.TALK, body=SECRET)).status_code == 302
    assert admin.submit(path, **filled_in(ProceedingKind.TALK, body=f"王某说{SECRET}")).status_code == 400
    form = admin.page(path).form(path) | filled_in(ProceedingKind.TALK, body=SECRET)
    with lite_site.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE proceedings RENAME TO gone")
    assert admin.post(path, data=form).status_code in (500, 503)
    assert SECRET not in caplog.text
    with lite_site.database.engine.begin() as connection:
        log = connection.exec_driver_sql("SELECT actor, act, subject, detail FROM audit_log").all()
    assert ("admin", "proceeding.add", "样例局", "个别谈话") in [tuple(row) for row in log]
    assert SECRET not in repr(log)


# Rows that are heard or assessed as a whole


@pytest.mark.usefixtures("decided_by_one")
@pytest.mark.parametrize(("framework", "row"), [("county", "III-18"), ("municipal", "III-35")])
def test_a_comprehensive_row_has_its_own_form(lite_site: Site, admin: StrictClient, framework: str, row: str) -> None:
    _, unit_id = build_unit(lite_site, framework=framework, category="县区")
    path, action = f"/units/{unit_id}/rows/{row}", f"/units/{unit_id}/marks"
    field = f"{row}:{LEAD}"
    response = admin.submit(path, action, **{field: "5", f"{field}:remark": "太短"})
    assert response.status_code == 400
    assert Page(response).form(action)[f"{field}:remark"] == "太短"
    reason = "日常报送及时，季度督查无问题"
    assert admin.submit(path, action, **{field: "5", f"{field}:remark": reason}).status_code == 302
    assert admin.submit(path, action, **{field: "4", f"{field}:evidence": "督查通报"}).status_code == 302
    mark = line_for(lite_site, unit_id, row).marks[LEAD]
    assert (mark.version, mark.points, mark.remark, mark.evidence) == (2, 4, reason, "督查通报")
    assert "综合评定" in admin.page(path).text


def test_an_assessor_gives_the_basis_on_the_sheet(lite_app: Flask, lite_site: Site) -> None:
    _, unit_id = build_unit(lite_site, framework="county", category="县区")
    client = assessor_client(lite_app, lite_site, LEAD)
    path, action = f"/units/{unit_id}", f"/units/{unit_id}/marks"
    fields = {f"III-18:{LEAD}": "18.5", f"III-18:{LEAD}:remark": "日常报送及时，季度督查无问题"}
    assert client.submit(path, action, **fields).status_code == 302
    assert client.page(path).form(action)[f"III-18:{LEAD}:remark"] == fields[f"III-18:{LEAD}:remark"]


def test_a_row_that_may_be_heard_shows_the_hearings(lite_site: Site, admin: StrictClient) -> None:
    _, unit_id = build_unit(lite_site, tags=("公安",))
    add(lite_site, unit_id, ProceedingKind.HEARING, row_key="III-23", body="汇报了处置机制")
    add(lite_site, unit_id, ProceedingKind.HEARING, body="汇报了全年工作")
    add(lite_site, unit_id, ProceedingKind.HEARING, row_key="III-4", body="汇报了经费保障")
    page = admin.page(f"/units/{unit_id}/rows/III-23")
    assert "汇报了处置机制" in page.text
    assert "汇报了全年工作" in page.text
    assert "汇报了经费保障" not in page.text
    sheet = admin.page(f"/units/{unit_id}").text
    assert "听取汇报的记录（2）" in sheet
    assert "汇报了处置机制" in sheet
    assert "汇报了经费保障" not in sheet


@pytest.mark.usefixtures("decided_by_one")
def test_a_heard_row_is_marked_by_its_own_form(lite_site: Site, admin: StrictClient) -> None:
    _, unit_id = build_unit(lite_site, tags=("公安",))
    choose(lite_site, unit_id, "III-23", Method.HEARING)
    path, action, field = f"/units/{unit_id}/rows/III-23", f"/units/{unit_id}/marks", f"III-23:{GROUP}"
    assert "听取汇报后打分" in admin.page(path).text
    assert admin.submit(path, action, **{field: "1.5", f"{field}:remark": "汇报清楚"}).status_code == 302
    assert admin.submit(path, action, **{field: "1"}).status_code == 302
    mark = line_for(lite_site, unit_id, "III-23").marks[GROUP]
    assert (mark.version, mark.points, mark.remark) == (2, 1, "汇报清楚")


def test_a_row_chosen_to_be_reviewed_speaks_of_no_hearing(lite_site: Site, admin: StrictClient) -> None:
    _, unit_id = build_unit(lite_site, tags=("公安",))
    choose(lite_site, unit_id, "III-23", Method.MATERIAL_REVIEW)
    add(lite_site, unit_id, ProceedingKind.HEARING, row_key="III-23", body="汇报了处置机制")
    for path in (f"/units/{unit_id}/rows/III-23", f"/units/{unit_id}"):
        assert "听取汇报" not in admin.page(path).text.replace("材料审核或听取汇报", "")
        assert "汇报了处置机制" not in admin.page(path).text


def test_an_assessor_has_the_hearings_beside_the_mark(lite_app: Flask, lite_site: Site) -> None:
    _, unit_id = build_unit(lite_site, tags=("公安",))
    client = assessor_client(lite_app, lite_site, GROUP)
    path = f"/units/{unit_id}"
    assert "还没有听取汇报的记录" in client.page(path).text
    assert f"/units/{unit_id}/proceedings/new/hearing" in client.page(path).links()
    add(lite_site, unit_id, ProceedingKind.HEARING, row_key="III-23", body="汇报了处置机制")
    assert "汇报了处置机制" in client.page(path).text
    other = assessor_client(lite_app, lite_site, LEAD)
    assert "听取汇报" not in other.page(path).text
